//! What the scheduler can still do, if nothing changes.

use super::labels::Asking;
use super::{Event, Scheduler, priority};
use crate::cluster::hall::Hall;
use crate::ids::{Id, NodeId, PodId};
use crate::model::WorkloadKind;
use crate::trace::Misfit;
use crate::units::Time;

impl Event {
    /// Whether it only makes the scheduler try again what does not fit.
    pub(crate) const fn looks_again(self) -> bool {
        matches!(self, Self::Tick(_) | Self::Flush(_))
    }
}

impl Scheduler {
    /// Whether none of the pods that wait could be placed, nor make room for itself, in a cluster that has not changed
    /// since `since`: no node fits, and it has been tried since then or has nobody below it.
    pub(crate) fn is_hopeless(&mut self, since: Time, hall: &mut Hall<'_>) -> bool {
        if self.busy {
            return false;
        }
        let Some(waiting) = self.queue.waiting() else {
            return false;
        };
        waiting.into_iter().all(|(pod, tried)| {
            let powerless = tried >= since || priority(pod, hall) <= self.lowest_priority;
            powerless && self.fits_nowhere(pod, hall)
        })
    }

    fn fits_nowhere(&mut self, pod: PodId, hall: &mut Hall<'_>) -> bool {
        let state = &hall.store.pods[pod];
        if !state.exists || state.terminating || state.node.is_some() {
            return true;
        }
        let nodes: Vec<NodeId> = hall.model.nodes.ids().collect();
        nodes.into_iter().all(|node| self.why_not(pod, node, hall).is_some())
    }

    /// The first filter that a node fails for a pod; `None`: it fits.
    pub(crate) fn why_not(&mut self, pod: PodId, node: NodeId, hall: &mut Hall<'_>) -> Option<Misfit> {
        let state = &hall.store.pods[pod];
        let of_daemon_set = hall.model.workloads[state.workload].kind == WorkloadKind::DaemonSet;
        if of_daemon_set && state.slot as usize != node.index() {
            return Some(Misfit::Affinity);
        }
        let ask = Asking::new(pod, hall);
        self.fit.prepare(ask, hall);
        self.fit.examine(ask, node, hall)
    }
}
