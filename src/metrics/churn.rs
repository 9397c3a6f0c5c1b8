//! How much is moved: evictions, refusals, new pods, moves of replicas, waiting for a node (M-11).

use std::collections::{BTreeMap, VecDeque};

use crate::ids::{Id, PodId};
use crate::trace::{Preamble, WorkloadInfo};

use super::pods::{Pod, Pods};
use super::report::Moves;

/// A replica of a workload: a place that one pod after another takes.
#[derive(Clone, Copy, Default)]
pub(super) struct Slot {
    /// Pods created in it after the start.
    pub(super) moves: u32,
    /// The pod that has it, until it is deleted.
    pub(super) pod: Option<PodId>,
    /// Of what is created during the run: in which truths it has begun to count, and whether its work is done.
    pub(super) begun: Begun,
    /// The outage of the control plane in which it was vacated.
    pub(super) lost_in: Option<u32>,
}

/// How far a replica is that is created during the run: it is missed between its first time and the end of its work.
#[derive(Clone, Copy, Default)]
pub(super) struct Begun {
    pub(super) endpoint: bool,
    pub(super) serving: bool,
    pub(super) route: bool,
    pub(super) done: bool,
}

/// What happened to the pods of a workload.
#[derive(Clone, Default)]
pub(super) struct Churn {
    pub(super) evictions: u64,
    pub(super) refusals: u64,
    /// Pods created to replace others.
    pub(super) created: u64,
    /// Pods that are the first in their slots, where they are created during the run.
    pub(super) arrived: u64,
    pub(super) slots: BTreeMap<u32, Slot>,
}

impl Churn {
    /// Moves per replica. Replicas beyond the desired ones (a surge) do not thin out the mean.
    pub(super) fn moves(&self, desired: u32) -> Moves {
        Moves {
            mean: mean(self.created, u64::from(desired)),
            max: self.slots.values().map(|s| s.moves).max().unwrap_or(0),
        }
    }

    /// Replicas that moved twice or more.
    pub(super) fn moved_twice(&self) -> u64 {
        self.slots.values().filter(|s| s.moves >= 2).count() as u64
    }

    /// Replicas that nobody has replaced: vacant slots, as many as are missing from the desired number.
    pub(super) fn vacant(&self, desired: u32) -> u64 {
        let vacant = self.slots.values().filter(|s| s.pod.is_none()).count();
        let living = self.slots.len() - vacant;
        vacant.min((desired as usize).saturating_sub(living)) as u64
    }
}

/// Whether replicas of this workload come back elsewhere, so that it makes sense to say where they are: not those of
/// DaemonSets, which stay with their nodes, and not pods that nobody owns or that come from a file on a node.
pub(super) fn wanders(workload: &WorkloadInfo) -> bool {
    workload.owned && workload.kind != "DaemonSet" && workload.kind != "Pod"
}

/// Whether a controller, with the API at hand, recreates pods of this workload.
pub(super) fn has_controller(workload: &WorkloadInfo) -> bool {
    workload.owned && workload.kind != "Pod"
}

/// A quotient rounded to three decimals; zero where there is nothing to divide by.
#[expect(clippy::cast_precision_loss, reason = "counts of pods are far below 2^53")]
pub(super) fn mean(sum: u64, by: u64) -> f64 {
    if by == 0 {
        return 0.0;
    }
    ((sum * 2000 + by) / (by * 2)) as f64 / 1000.0
}

/// Pods of workloads that nobody recreates, by workload: those that are gone, and those whose machine is down.
pub(super) fn gone(preamble: &Preamble, pods: &Pods, machine_down: &[bool]) -> Vec<u64> {
    let mut gone = vec![0; preamble.workloads.len()];
    let down = |pod: &Pod| {
        let node = pod.node.map(Id::index);
        node.is_some_and(|n| machine_down.get(n).copied().unwrap_or(false))
    };
    for pod in pods.iter() {
        let owner = pod.workload.index();
        let owned = preamble.workloads.get(owner).is_none_or(|w| w.owned);
        if !owned
            && !pod.finished
            && (!pod.lives() || down(pod))
            && let Some(count) = gone.get_mut(owner)
        {
            *count += 1;
        }
    }
    gone
}

/// A pod that has no node after so long is waiting, whatever the scheduler says.
pub(super) const PATIENCE: u64 = 1_000_000;

/// Pods without a node.
#[derive(Clone, Default)]
pub(super) struct Pending {
    /// Pods that have been created less than [`PATIENCE`] ago, the oldest first.
    young: VecDeque<(u64, PodId)>,
    now: u64,
    since: u64,
    pub(super) max: u64,
    pub(super) micros: u64,
}

impl Pending {
    /// The clock starts.
    pub(super) const fn start(&mut self, at: u64) {
        self.since = at;
    }

    /// A pod was created.
    pub(super) fn created(&mut self, at: u64, id: PodId) {
        self.young.push_back((at, id));
    }

    /// Time has come to `at`: pods lose their patience.
    pub(super) fn advance(&mut self, at: u64, pods: &mut Pods) {
        while let Some(&(created, id)) = self.young.front()
            && created.saturating_add(PATIENCE) <= at
        {
            self.young.pop_front();
            if let Some(pod) = pods.get_mut(id) {
                self.waits(pod);
            }
        }
    }

    /// A pod turns out to be waiting.
    pub(super) fn waits(&mut self, pod: &mut Pod) {
        if !pod.pending && pod.bound.is_none() && pod.lives() {
            pod.pending = true;
            self.now += 1;
            self.max = self.max.max(self.now);
        }
    }

    /// A pod waits no longer: it has a node, or is gone, or the run has ended.
    pub(super) fn ends(&mut self, at: u64, pod: &mut Pod) {
        if pod.pending {
            pod.pending = false;
            self.now = self.now.saturating_sub(1);
            self.micros += at.saturating_sub(pod.created.max(self.since));
        }
    }
}
