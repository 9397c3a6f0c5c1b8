//! From SIGTERM to the end of the object (L-10 … L-13).

use super::super::arrival;
use super::super::event::Event as World;
use super::super::hall::Hall;
use super::{Event, Kubelets, State, entity};
use crate::ids::{Id, NodeId, PodId};
use crate::model::behaviour::kubelet as behaviour;
use crate::rng::Purpose;
use crate::trace::{Fact, StopReason};
use crate::units::Span;

/// What containers have left for themselves at least, after a preStop hook that used up the grace period (L-10).
const LEAST_GRACE: Span = Span::from_secs(2);
/// Time between two collections of dead sandboxes by an old kubelet.
const COLLECTION: Span = Span::from_secs(60);

impl Kubelets {
    /// Containers that serve and have work to do end when it is done.
    pub(super) fn works(&mut self, pod: PodId, hall: &mut Hall<'_>) {
        let generation = self.of(pod).generation;
        let state = &hall.store.pods[pod];
        let (id, workload) = (state.workload, hall.manner(state.workload));
        let own = arrival::of(workload, state.slot).and_then(|a| a.run_for);
        let length = match (own, &workload.run_for) {
            (Some(length), _) => length,
            (None, Some(dist)) => hall.sample(Purpose::RunFor, entity(pod, hall), dist),
            (None, None) => return,
        };
        hall.expected += u32::from(arrival::awaited(id, hall));
        hall.after(length, World::Kubelet(Event::Finished(pod, generation)));
    }

    /// The containers of a pod that has work to do, and does it once, have done it.
    pub(super) fn finished(&mut self, pod: PodId, generation: u16, hall: &mut Hall<'_>) {
        hall.expected -= u32::from(arrival::awaited(hall.store.pods[pod].workload, hall));
        let containers = self.of(pod);
        if containers.generation != generation || !containers.serving() {
            return;
        }
        containers.state = State::Stopped;
        containers.ready = false;
        let why = StopReason::Completed;
        hall.emit_cause(Fact::ContainersStopped { pod, why });
        self.report_end(pod, hall);
    }

    /// Writes that containers have ended for good, which a pod that is being deleted has no use for.
    pub(super) fn report_end(&mut self, pod: PodId, hall: &mut Hall<'_>) {
        if self.acting(pod, hall).is_none() {
            return;
        }
        match hall.admit() {
            Ok(permit) => hall.finish_pod(&permit, pod, !self.of(pod).failed),
            Err(_) => self.write_later(Event::ReportEnd(pod), hall),
        }
    }

    /// The preStop hook, then SIGTERM; the containers serve until they exit, and are killed at the end of the grace period
    /// at the latest (L-10, L-11).
    pub(super) fn stop(&mut self, pod: PodId, serving: bool, hall: &mut Hall<'_>) {
        let state = &hall.store.pods[pod];
        let class = hall.template(state.class);
        let grace = state.grace.at_most(class.grace);
        let hook = class.pre_stop.at_most(grace);
        let left = if hook == Span::ZERO {
            grace
        } else {
            (grace - hook).max(LEAST_GRACE)
        };
        let dist = hall.manner(state.workload).shutdown.as_ref();
        let dist = dist.unwrap_or(&hall.model.timings.pod_shutdown);
        let shutdown = hall.sample(Purpose::Shutdown, entity(pod, hall), dist);
        let containers = self.of(pod);
        containers.state = State::Stopping(serving);
        containers.killed = shutdown > left;
        let generation = containers.renew();
        let end = hook + shutdown.at_most(left);
        hall.after(end, World::Kubelet(Event::Stopped(pod, generation)));
    }

    pub(super) fn stopped(&mut self, pod: PodId, generation: u16, hall: &mut Hall<'_>) {
        let containers = self.of(pod);
        if containers.generation != generation || !matches!(containers.state, State::Stopping(_)) {
            return;
        }
        containers.state = State::Stopped;
        let why = if containers.killed {
            StopReason::Killed
        } else {
            StopReason::Terminated
        };
        hall.emit_cause(Fact::ContainersStopped { pod, why });
        self.finish(pod, hall);
    }

    /// The containers are gone; the object follows (L-12).
    pub(super) fn finish(&mut self, pod: PodId, hall: &mut Hall<'_>) {
        self.turn(pod, State::Stopped, hall);
        self.of(pod).renew();
        let Some(node) = self.acting(pod, hall) else {
            return;
        };
        let delay = match &hall.model.timings.pod_removal {
            Some(dist) => hall.draw(dist),
            None => removal(pod, node, hall),
        };
        hall.after(delay, World::Kubelet(Event::Remove(pod)));
    }

    pub(super) fn remove(&mut self, pod: PodId, hall: &mut Hall<'_>) {
        if self.acting(pod, hall).is_none() {
            return;
        }
        match hall.admit() {
            Ok(permit) => hall.remove_pod(&permit, pod),
            Err(_) => self.write_later(Event::Remove(pod), hall),
        }
    }
}

/// How long a kubelet takes to let the object go: longer where it stops several pods at once.
fn removal(pod: PodId, node: NodeId, hall: &mut Hall<'_>) -> Span {
    let minor = hall.minor(hall.store.nodes[node].version);
    let alone = hall.draw(&behaviour::pod_removal(minor));
    let state = &hall.store.pods[pod];
    let itself = state.exists && state.terminating;
    let others = u64::from(hall.store.nodes[node].terminating - u32::from(itself));
    if others == 0 {
        alone
    } else if behaviour::collects_sandboxes_late(minor) {
        alone.max(collection(pod, node, hall).unwrap_or_default())
    } else {
        let (each, most) = behaviour::removal_beside_another(minor);
        alone + (each * others).at_most(most)
    }
}

/// A kubelet of 1.20 that stops several pods at once may leave dead sandboxes to the collector that runs once a minute,
/// and the objects wait for it. Recorded: in one burst six of twelve and in another both of two, in others (8, 14) none;
/// so in one minute of three, half of the pods.
fn collection(pod: PodId, node: NodeId, hall: &Hall<'_>) -> Option<Span> {
    let place = node.index() as u64;
    let period = COLLECTION.as_micros();
    let phase = hall
        .streams
        .stream(Purpose::Collection, place)
        .between(Span::ZERO, COLLECTION);
    let since = hall.now.as_micros() + period - phase.as_micros();
    let round = since / period;
    let mut minute = hall.streams.stream(Purpose::Collection, (round + 1) << 24 | place);
    let mut own = hall.streams.stream(Purpose::Collection, 1 << 47 | entity(pod, hall));
    let late = minute.unit() < 1.0 / 3.0 && own.unit() < 0.5;
    late.then(|| Span::from_micros(period - since % period) + Span::from_millis(100))
}
