//! Endpoint slices (M-1, M-2) and the data plane that follows them (M-3, M-4).

use super::event::Event as World;
use super::hall::Hall;
use crate::ids::{IdVec, PodId};
use crate::model::behaviour;
use crate::trace::Fact;
use crate::units::KubeVersion;

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
            Event::Sync(pod) => sync(pod, hall),
            Event::Program(pod) => self.program(pod, hall),
        }
    }

    /// All pods, for a new controller manager.
    pub(crate) fn start(hall: &mut Hall<'_>) {
        let ids: Vec<PodId> = hall
            .store
            .pods
            .iter_ids()
            .filter(|(_, p)| p.exists || p.listed)
            .map(|(id, _)| id)
            .collect();
        for pod in ids {
            sync(pod, hall);
        }
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
        while self.routes.len() <= crate::ids::Id::index(pod) {
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
        Some(node) => &hall.store.nodes[node].version,
        None => &hall.model.version,
    }
}

/// The slices list a pod as ready while it is ready and not being deleted (M-1).
fn sync(pod: PodId, hall: &mut Hall<'_>) {
    let Ok(permit) = hall.store.gate.admit_controllers() else {
        return;
    };
    let class = &hall.model.classes[hall.store.pods[pod].class];
    if class.services.is_empty() {
        return;
    }
    let publishes = class.services.iter().any(|&s| hall.model.services[s].publish_not_ready);
    let state = &hall.store.pods[pod];
    let present = state.exists && state.node.is_some() && (publishes && state.running || state.ready);
    let listed = present && (publishes || !state.terminating);
    hall.write_endpoint(&permit, pod, listed);
    let delay = hall.draw(&hall.model.timings.watch_delivery) + hall.draw(&hall.model.timings.proxy_sync);
    hall.after(delay, World::Endpoints(Event::Program(pod)));
}
