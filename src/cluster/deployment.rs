//! The Deployment controller: rollouts (W-9 … W-12). A drain does not concern it.

use super::event::Event as World;
use super::hall::Hall;
use super::replica_set;
use super::store::{ReplicaSet, rollout_bounds};
use crate::ids::{ReplicaSetId, WorkloadId};
use crate::model::{RolloutStrategy, WorkloadKind};
use crate::trace::Fact;

/// Makes a new revision: a new ReplicaSet without pods, which the controller then fills. Whether there is one to make.
pub(crate) fn start_rollout(workload: WorkloadId, hall: &mut Hall<'_>) -> bool {
    let kind = hall.model.workloads[workload].kind;
    let state = &mut hall.store.workloads[workload];
    match kind {
        WorkloadKind::Deployment => {
            state.revision += 1;
            state.rolling = true;
            let rs = hall.store.replica_sets.push(ReplicaSet {
                workload,
                desired: 0,
                revision: state.revision,
                pods: Vec::new(),
                active: 0,
                ready: 0,
            });
            state.replica_sets.push(rs);
            hall.emit_cause(Fact::RolloutStarted { workload });
            hall.after_reaction(World::Deployment(workload));
            true
        }
        WorkloadKind::DaemonSet => {
            state.revision += 1;
            state.rolling = true;
            hall.emit_cause(Fact::RolloutStarted { workload });
            hall.after_reaction(World::DaemonSet(super::daemon_set::Event::Sync(workload)));
            true
        }
        _ => false,
    }
}

/// One sync of a Deployment in a rollout.
pub(crate) fn sync(workload: WorkloadId, hall: &mut Hall<'_>) {
    if !hall.store.workloads[workload].rolling || hall.store.gate.admit_controllers().is_err() {
        return;
    }
    let Some((&new, old)) = hall.store.workloads[workload].replica_sets.split_last() else {
        return;
    };
    let old = old.to_vec();
    let desired = hall.store.workloads[workload].desired;
    match hall.model.workloads[workload].rollout {
        RolloutStrategy::Recreate => recreate(desired, new, &old, hall),
        strategy => rolling(rollout_bounds(strategy, desired), desired, new, &old, hall),
    }
    let sets = &hall.store.replica_sets;
    let done = sets[new].ready == desired && old.iter().all(|&rs| sets[rs].active == 0);
    if done {
        hall.store.workloads[workload].rolling = false;
        hall.emit(Fact::RolloutEnded { workload });
    }
}

/// Up by what the surge leaves; down by what the new pods that are ready leave, broken old ones first (W-10).
fn rolling(bounds: (u32, u32), desired: u32, new: ReplicaSetId, old: &[ReplicaSetId], hall: &mut Hall<'_>) {
    let (surge, unavailable) = bounds;
    let sets = &hall.store.replica_sets;
    let total: u32 = sets[new].desired + old.iter().map(|&rs| sets[rs].desired).sum::<u32>();
    let room = (desired + surge).saturating_sub(total);
    let grow = room.min(desired.saturating_sub(sets[new].desired));
    if grow > 0 {
        let target = sets[new].desired + grow;
        return scale(new, target, hall);
    }
    let new_unavailable = sets[new].desired.saturating_sub(sets[new].ready);
    let floor = desired.saturating_sub(unavailable) + new_unavailable;
    let mut budget = total.saturating_sub(floor);
    for broken_first in [true, false] {
        for &rs in old {
            let set = &hall.store.replica_sets[rs];
            let available = if broken_first { set.desired.saturating_sub(set.ready) } else { set.desired };
            let shrink = available.min(budget);
            if shrink > 0 {
                budget -= shrink;
                let target = set.desired - shrink;
                scale(rs, target, hall);
            }
        }
    }
}

/// Everything old goes first, and must be gone (W-12).
fn recreate(desired: u32, new: ReplicaSetId, old: &[ReplicaSetId], hall: &mut Hall<'_>) {
    for &rs in old {
        scale(rs, 0, hall);
    }
    if old.iter().all(|&rs| hall.store.replica_sets[rs].pods.is_empty()) {
        scale(new, desired, hall);
    }
}

fn scale(rs: ReplicaSetId, desired: u32, hall: &mut Hall<'_>) {
    if hall.store.replica_sets[rs].desired != desired {
        hall.store.replica_sets[rs].desired = desired;
        hall.after_reaction(World::ReplicaSet(replica_set::Event::Sync(rs)));
        let workload = hall.store.replica_sets[rs].workload;
        hall.after_reaction(World::Deployment(workload));
    }
}
