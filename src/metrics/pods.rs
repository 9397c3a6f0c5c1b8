//! What is known of each pod.

use crate::ids::{FactId, Id, NodeId, PodId, ReplicaSetId, WorkloadId};
use crate::trace::{DeletedBy, Preamble, StopReason};

use super::availability::Route;

/// A pod. Times are microseconds.
#[derive(Clone, Copy)]
pub(super) struct Pod {
    pub(super) workload: WorkloadId,
    pub(super) replica_set: Option<ReplicaSetId>,
    pub(super) slot: u32,
    pub(super) node: Option<NodeId>,
    /// Created after the start of the run.
    pub(super) new: bool,
    pub(super) created: u64,
    pub(super) bound: Option<u64>,
    pub(super) deleted: Option<(FactId, DeletedBy)>,
    /// The fact that took its containers away, while they are away.
    pub(super) stopped: Option<StopReason>,
    pub(super) removed: bool,
    /// It has succeeded.
    pub(super) finished: bool,
    pub(super) running: bool,
    pub(super) serving: bool,
    pub(super) ready: bool,
    pub(super) endpoint: bool,
    pub(super) route: Route,
    /// The scheduler found no node, or it has waited for a second.
    pub(super) pending: bool,
    /// Refused evictions.
    pub(super) refusals: u32,
    /// An eviction was accepted.
    pub(super) evicted: bool,
    /// The outage of the control plane in which its containers died with their machine.
    pub(super) died_in: Option<u32>,
    /// The outage of the control plane in which its containers crashed.
    pub(super) crashed_in: Option<u32>,
}

impl Pod {
    pub(super) const fn new(workload: WorkloadId, slot: u32, created: u64) -> Self {
        Self {
            workload,
            replica_set: None,
            slot,
            node: None,
            new: false,
            created,
            bound: None,
            deleted: None,
            stopped: None,
            removed: false,
            finished: false,
            running: false,
            serving: false,
            ready: false,
            endpoint: false,
            route: Route::None,
            pending: false,
            refusals: 0,
            evicted: false,
            died_in: None,
            crashed_in: None,
        }
    }

    /// Whether its object is there, not about to go, and its work not done.
    pub(super) const fn lives(&self) -> bool {
        self.deleted.is_none() && !self.removed && !self.finished
    }

    /// What a client meets at its address.
    pub(super) const fn at_the_door(&self) -> (Route, bool) {
        (self.route, self.serving)
    }
}

/// All pods, by id.
#[derive(Clone, Default)]
pub(super) struct Pods {
    all: Vec<Option<Pod>>,
}

impl Pods {
    pub(super) fn insert(&mut self, id: PodId, pod: Pod) {
        let index = id.index();
        if index >= self.all.len() {
            self.all.resize(index + 1, None);
        }
        if let Some(place) = self.all.get_mut(index) {
            *place = Some(pod);
        }
    }

    pub(super) fn get(&self, id: PodId) -> Option<&Pod> {
        self.all.get(id.index())?.as_ref()
    }

    pub(super) fn get_mut(&mut self, id: PodId) -> Option<&mut Pod> {
        self.all.get_mut(id.index())?.as_mut()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Pod> {
        self.all.iter().flatten()
    }

    /// `namespace/name` of a pod.
    pub(super) fn name(&self, preamble: &Preamble, id: PodId) -> String {
        let Some((pod, owner)) = self
            .get(id)
            .and_then(|pod| Some((pod, preamble.workloads.get(pod.workload.index())?)))
        else {
            return format!("pod {}", id.index());
        };
        let name = preamble.pod_name(id, pod.workload, pod.slot, pod.replica_set);
        format!("{}/{name}", owner.namespace)
    }
}
