//! The DaemonSet controller (W-21 … W-25): a pod on every node that it may run on, cordoned or not.

use super::event::Event as World;
use super::hall::Hall;
use super::write::{Identity, NewPod};
use crate::ids::{Id, NodeId, PodId, WorkloadId};
use crate::model::{RolloutStrategy, TaintEffect, WorkloadKind};
use crate::trace::{DeletedBy, Fact};

/// What the DaemonSet controller waits for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Event {
    /// A DaemonSet is taken from the work queue.
    Sync(WorkloadId),
    /// A request to create the pod for one node reaches the API.
    Create(WorkloadId, NodeId),
    /// A request to delete one pod reaches the API.
    Delete(PodId),
}

pub(crate) fn handle(event: Event, hall: &mut Hall<'_>) {
    match event {
        Event::Sync(workload) => sync(workload, hall),
        Event::Create(workload, node) => create(workload, node, hall),
        Event::Delete(pod) => {
            if let Ok(permit) = hall.store.gate.admit_controllers() {
                hall.delete_and_remove_if_idle(&permit, pod, DeletedBy::Controller);
            }
        }
    }
}

/// Whether a DaemonSet's pods run on a node: its selector matches and its taints are tolerated. Taints of the node
/// lifecycle controller are, all of them, by the built-in tolerations.
pub(crate) fn should_run(hall: &Hall<'_>, workload: WorkloadId, node: NodeId) -> bool {
    hall.store.nodes[node].exists && may_run(hall, workload, node)
}

/// The same for a node that may not be there.
pub(crate) fn may_run(hall: &Hall<'_>, workload: WorkloadId, node: NodeId) -> bool {
    let class = &hall.model.classes[hall.model.workloads[workload].class];
    let node = &hall.model.nodes[node];
    let tolerated =
        |taint: &crate::model::Taint| taint.effect == TaintEffect::PreferNoSchedule || class.tolerates(taint);
    class.selects(node) && node.taints.iter().all(tolerated)
}

/// All DaemonSets, for a new leader.
pub(crate) fn start(hall: &mut Hall<'_>) {
    let ids: Vec<WorkloadId> = hall.model.workloads.ids().collect();
    for id in ids {
        if hall.model.workloads[id].kind == WorkloadKind::DaemonSet {
            sync(id, hall);
        }
    }
}

fn sync(workload: WorkloadId, hall: &mut Hall<'_>) {
    if hall.store.gate.admit_controllers().is_err() {
        return;
    }
    let nodes: Vec<NodeId> = hall.model.nodes.ids().collect();
    for node in nodes {
        let vacant = hall.store.workloads[workload].members[node.index()].is_none();
        if vacant && should_run(hall, workload, node) {
            let delay = hall.half_call();
            hall.after(delay, World::DaemonSet(Event::Create(workload, node)));
        }
        if let Some(pod) = stranded(workload, node, hall) {
            let delay = hall.half_call();
            hall.after(delay, World::DaemonSet(Event::Delete(pod)));
        }
    }
    if hall.store.workloads[workload].rolling {
        roll(workload, hall);
    }
}

/// A pod that waits for a node that is gone: it is not on it, so the garbage collector leaves it, and the controller
/// deletes it (`getUnscheduledPodsWithoutNode`).
fn stranded(workload: WorkloadId, node: NodeId, hall: &Hall<'_>) -> Option<PodId> {
    let pod = hall.store.workloads[workload].members[node.index()]?;
    let state = &hall.store.pods[pod];
    let waits = state.node.is_none() && !state.terminating;
    (waits && !hall.store.nodes[node].exists).then_some(pod)
}

fn create(workload: WorkloadId, node: NodeId, hall: &mut Hall<'_>) {
    if hall.store.workloads[workload].members[node.index()].is_some() {
        return;
    }
    let Ok(permit) = hall.admit_creation(workload) else {
        return;
    };
    let new = NewPod {
        workload,
        replica_set: None,
        identity: Identity::OnNode(node),
    };
    let pod = hall.create_pod(&permit, new);
    hall.announce_pod(pod);
}

/// Deletes old pods, unready ones first, so that at most `maxUnavailable` nodes lack one (W-24).
fn roll(workload: WorkloadId, hall: &mut Hall<'_>) {
    let state = &hall.store.workloads[workload];
    let RolloutStrategy::RollingUpdate { max_unavailable, .. } = hall.model.workloads[workload].rollout else {
        return;
    };
    let allowed = max_unavailable.round_up(state.desired).max(1);
    let mut unavailable = state.desired.saturating_sub(state.ready);
    let mut old: Vec<PodId> = state
        .members
        .iter()
        .flatten()
        .copied()
        .filter(|&p| hall.store.pods[p].revision < state.revision && !hall.store.pods[p].terminating)
        .collect();
    if old.is_empty() && unavailable == 0 {
        hall.store.set_rolling(workload, false);
        hall.emit(Fact::RolloutEnded { workload });
        return;
    }
    old.sort_by_key(|&p| hall.store.pods[p].ready);
    for pod in old {
        let ready = hall.store.pods[pod].ready;
        if ready && unavailable >= allowed {
            break;
        }
        unavailable += u32::from(ready);
        let delay = hall.half_call();
        hall.after(delay, World::DaemonSet(Event::Delete(pod)));
    }
}
