//! Endpoint slices (M-1, M-2) and the data plane that follows them (M-3, M-4).

use super::event::Event as World;
use super::hall::Hall;
use crate::ids::{FactId, Id, IdVec, PodId};
use crate::model::behaviour;
use crate::trace::Fact;
use crate::units::{KubeVersion, Span, Time};

/// What endpoint slices and data plane wait for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Event {
    /// The endpoint slice controller looks at a pod.
    Sync(PodId),
    /// The data plane programs what the slices said of a pod.
    Program(PodId),
}

/// How requests reach a pod.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Route {
    #[default]
    None,
    Ready,
    Terminating,
}

/// The data plane of the nodes where clients run. One delay stands for all of them, so shares of clients are not told
/// apart: the mean error is that of many proxies, its spread is not.
#[derive(Debug, Default)]
pub(crate) struct DataPlane {
    routes: IdVec<PodId, Route>,
}

impl DataPlane {
    pub(crate) fn handle(&mut self, event: Event, hall: &mut Hall<'_>) {
        match event {
            Event::Sync(pod) => self.sync(pod, hall),
            Event::Program(pod) => self.program(pod, hall),
        }
    }

    /// All pods, for a new controller manager.
    pub(crate) fn start(&mut self, hall: &mut Hall<'_>) {
        hall.raise_echoes();
        for pod in hall.store.pods.ids() {
            let state = &hall.store.pods[pod];
            if state.exists || state.listed {
                self.sync(pod, hall);
            }
        }
    }

    /// Brings the slices up to date, and the data plane follows.
    fn sync(&mut self, pod: PodId, hall: &mut Hall<'_>) {
        let Some(delay) = sync(pod, hall) else { return };
        let (state, at) = (&hall.store.pods[pod], hall.now + delay);
        // What is listed and routed to stays so until it is not listed any more.
        let steady = state.listed && self.route(pod) == Route::Ready;
        if !(steady && hall.echoes.note(pod, at, hall.now, hall.cause)) {
            hall.at(at, World::Endpoints(Event::Program(pod)));
        }
    }

    /// Something of a pod, for whoever reads ahead.
    pub(super) fn glance(&self, pod: PodId) -> u8 {
        self.route(pod) as u8
    }

    fn route(&self, pod: PodId) -> Route {
        self.routes.get(pod).copied().unwrap_or_default()
    }

    /// A pod that is routed to before time starts.
    pub(crate) fn routed_at_start(&mut self, pod: PodId, hall: &mut Hall<'_>) {
        self.set(pod, Route::Ready, hall);
    }

    fn program(&mut self, pod: PodId, hall: &mut Hall<'_>) {
        let state = &hall.store.pods[pod];
        let fallback = behaviour::proxy::terminating_fallback(proxy_version(hall, pod).minor());
        let route = if state.listed {
            Route::Ready
        } else if fallback && state.exists && state.terminating && state.ready {
            Route::Terminating
        } else {
            Route::None
        };
        self.set(pod, route, hall);
    }

    fn set(&mut self, pod: PodId, route: Route, hall: &mut Hall<'_>) {
        while self.routes.len() <= pod.index() {
            self.routes.push(Route::None);
        }
        if self.routes[pod] == route {
            return;
        }
        let was = std::mem::replace(&mut self.routes[pod], route);
        hall.emit(match route {
            Route::Ready => Fact::RouteReady { pod },
            Route::Terminating => Fact::RouteTerminating { pod },
            Route::None => Fact::RouteRemoved { pod },
        });
        if (was == Route::Ready) != (route == Route::Ready) {
            super::balancer::pod_changed(pod, route == Route::Ready, hall);
        }
    }
}

/// kube-proxy is of the version of the node's kubelet, as far as anybody can tell from a dump.
fn proxy_version<'h>(hall: &'h Hall<'_>, pod: PodId) -> &'h KubeVersion {
    match hall.store.pods[pod].node {
        Some(node) => hall.version(hall.store.nodes[node].version),
        None => &hall.model.version,
    }
}

/// The slices list a pod as ready while it is ready and not being deleted (M-1). How long until the data plane programs
/// what they say.
fn sync(pod: PodId, hall: &mut Hall<'_>) -> Option<Span> {
    let Ok(permit) = hall.store.gate.admit_controllers() else {
        return None;
    };
    let state = &hall.store.pods[pod];
    // Whatever its Services publish, a ready pod stays listed.
    if !(state.listed && state.ready && state.exists && !state.terminating) {
        let services = hall.selectors.services(state.class);
        if services.is_empty() {
            return None;
        }
        let publishes = services.iter().any(|&s| hall.model.services[s].publish_not_ready);
        let present = state.exists && state.node.is_some() && (publishes && state.running || state.ready);
        let listed = present && (publishes || !state.terminating);
        hall.write_endpoint(&permit, pod, listed);
    }
    Some(hall.draw(&hall.model.timings.watch_delivery) + hall.draw(&hall.model.timings.proxy_sync))
}

/// What the data plane will program again though nothing has changed, above all because a new controller manager has listed
/// every pod: kept aside, for it comes to nothing, unless the pod ceases to be listed before. A cluster has pods by the
/// hundred thousand, and hardly any of them changes in the second that this takes.
#[derive(Debug, Default)]
pub(super) struct Echoes {
    /// When all pods were listed.
    since: Time,
    /// When the last echo is due.
    until: Time,
    /// When the latest echo of each pod is or was due, in microseconds since the list, and what brought it about.
    due: IdVec<PodId, (u32, Option<FactId>)>,
    /// None is kept.
    #[cfg(test)]
    pub(super) plain: bool,
    /// How many became events.
    #[cfg(test)]
    pub(super) raised: usize,
}

impl Echoes {
    /// Keeps an echo, unless there is one of this pod already or it is due too late.
    fn note(&mut self, pod: PodId, at: Time, now: Time, cause: Option<FactId>) -> bool {
        #[cfg(test)]
        if self.plain {
            return false;
        }
        let Ok(after) = u32::try_from(at.since(self.since).as_micros()) else {
            return false;
        };
        while self.due.len() <= pod.index() {
            self.due.push((0, None));
        }
        if self.since + Span::from_micros(self.due[pod].0.into()) > now {
            return false;
        }
        self.due[pod] = (after, cause);
        self.until = self.until.max(at);
        true
    }

    /// Takes a pod's echo, if it is still to come: when it is due, and its cause.
    fn take(&mut self, pod: PodId, now: Time) -> Option<(Time, Option<FactId>)> {
        let (after, cause) = *self.due.get(pod)?;
        let at = self.since + Span::from_micros(after.into());
        if at <= now {
            return None;
        }
        self.due[pod] = (0, None);
        Some((at, cause))
    }
}

impl Hall<'_> {
    /// Whether echoes are still to come.
    pub(super) fn awaits_echoes(&self) -> bool {
        self.now < self.echoes.until
    }

    /// A pod is listed or not any more: what would have been an echo may now be news.
    #[inline]
    pub(super) fn raise_echo(&mut self, pod: PodId) {
        if self.awaits_echoes() {
            self.raise(pod);
        }
    }

    fn raise(&mut self, pod: PodId) {
        if let Some((at, cause)) = self.echoes.take(pod, self.now) {
            #[cfg(test)]
            {
                self.echoes.raised += 1;
            }
            let now = std::mem::replace(&mut self.cause, cause);
            self.at(at, World::Endpoints(Event::Program(pod)));
            self.cause = now;
        }
    }

    /// All pods are listed anew: what is left of the last time becomes events.
    fn raise_echoes(&mut self) {
        if self.awaits_echoes() {
            for pod in self.echoes.due.ids() {
                self.raise(pod);
            }
        }
        let echoes = &mut self.echoes;
        (echoes.since, echoes.until) = (self.now, self.now);
        echoes.due.iter_mut().for_each(|echo| *echo = (0, None));
    }
}
