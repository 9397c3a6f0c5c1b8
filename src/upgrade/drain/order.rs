//! Whose turn it is, where a tool does not evict all pods at once: pods with volumes one after another, critical ones last;
//! and how long volumes are waited for.

use super::{Drain, Drains, Event, State};
use crate::cluster::event::Event as World;
use crate::cluster::hall::Hall;
use crate::cluster::volumes;
use crate::ids::{DrainId, PodId};
use crate::units::Span;

/// The priority of `system-cluster-critical`, the least of those that Kubernetes itself calls critical.
const CRITICAL: i32 = 2_000_000_000;
/// How often it is looked whether volumes are detached (machine-controller-manager).
const LOOK: Span = Span::from_secs(5);

/// Whether a pod has to wait for its turn when the drain begins.
pub(super) fn waits(drain: &Drain, pod: PodId, hall: &Hall<'_>) -> bool {
    drain.options.critical_last && is_critical(pod, hall)
        || drain.options.volumes_one_by_one && volumes::has_own(hall, pod)
}

fn is_critical(pod: PodId, hall: &Hall<'_>) -> bool {
    hall.template_of(pod).priority >= CRITICAL
}

impl State {
    const fn is_settled(self) -> bool {
        matches!(self, Self::Gone | Self::Failed)
    }

    /// Whether something is being done about the pod.
    const fn is_active(self) -> bool {
        !matches!(self, Self::Held | Self::Gone | Self::Failed)
    }
}

impl Drains {
    /// Pods whose turn has come are asked to go.
    pub(super) fn release(&mut self, id: DrainId, hall: &mut Hall<'_>) {
        let drain = &mut self.drains[id];
        let (serial, tiers) = (drain.options.volumes_one_by_one, drain.options.critical_last);
        if !(serial || tiers) || !drain.pods.iter().any(|p| p.state == State::Held) {
            return;
        }
        let others = drain.pods.iter().filter(|p| !p.state.is_settled());
        let others_left = tiers && others.into_iter().any(|p| !is_critical(p.pod, hall));
        let busy = |p: &super::Evictee| p.state.is_active() && volumes::has_own(hall, p.pod);
        let mut one_is_going = serial && drain.pods.iter().any(busy);
        for index in 0..drain.pods.len() {
            let evictee = &mut drain.pods[index];
            if evictee.state != State::Held || others_left && is_critical(evictee.pod, hall) {
                continue;
            }
            if serial && volumes::has_own(hall, evictee.pod) && std::mem::replace(&mut one_is_going, true) {
                continue;
            }
            evictee.state = State::Evicting;
            let half = hall.half_call();
            let number = u32::try_from(index).unwrap_or(u32::MAX);
            hall.after(half, World::Drain(Event::Read(id, number)));
        }
    }

    /// Whether a pod that is gone is not done with, for its volumes are still on the node.
    pub(super) fn awaits_volumes(&mut self, id: DrainId, index: u32, hall: &mut Hall<'_>) -> bool {
        let drain = &mut self.drains[id];
        let evictee = &mut drain.pods[index as usize];
        let waited = match evictee.state {
            State::Waiting(_) => Span::ZERO,
            State::Detaching(since) => hall.now.since(since),
            _ => return false,
        };
        let in_time = drain.options.volume_detach_timeout.is_none_or(|limit| waited < limit);
        if !drain.options.volumes_one_by_one || !in_time || !volumes::are_on(hall, evictee.pod, drain.node) {
            return false;
        }
        if let State::Waiting(_) = evictee.state {
            evictee.state = State::Detaching(hall.now);
        }
        hall.after(LOOK, World::Drain(Event::Detach(id, index)));
        true
    }

    pub(super) fn detach(&mut self, id: DrainId, index: u32, hall: &mut Hall<'_>) {
        if let State::Detaching(_) = self.drains[id].pods[index as usize].state {
            self.settle(id, index, State::Gone, hall);
        }
    }

    /// Whether a drain that has done its work waits for volumes.
    pub(super) fn ends_later(&mut self, id: DrainId, hall: &mut Hall<'_>) -> bool {
        let drain = &mut self.drains[id];
        if drain.ended || !drain.options.wait_for_volumes || drain.outcome != crate::trace::DrainOutcome::Completed {
            return false;
        }
        let since = *drain.emptied.get_or_insert(hall.now);
        let limit = drain.options.volume_detach_timeout;
        let in_time = limit.is_none_or(|limit| hall.now.since(since) < limit);
        let waits = in_time && drain.pods.iter().any(|p| volumes::are_on(hall, p.pod, drain.node));
        if waits {
            hall.after(LOOK, World::Drain(Event::End(id)));
        }
        waits
    }
}
