//! The Deployment controller: rollouts (W-9 … W-12). A drain does not concern it.

use super::event::Event as World;
use super::gate::Permit;
use super::hall::Hall;
use super::replica_set;
use super::store::{ReplicaSet, rollout_bounds};
use crate::ids::{PodId, ReplicaSetId, WorkloadId};
use crate::model::{RolloutStrategy, WorkloadKind};
use crate::trace::Fact;
use crate::units::Span;

/// Makes a new revision: a new ReplicaSet without pods, which the controller then fills. Whether there is one to make.
pub(crate) fn start_rollout(_: &Permit, workload: WorkloadId, hall: &mut Hall<'_>) -> bool {
    let kind = hall.model.workloads[workload].kind;
    let state = &mut hall.store.workloads[workload];
    match kind {
        WorkloadKind::Deployment => {
            state.revision += 1;
            let rs = hall.store.replica_sets.push(ReplicaSet {
                workload,
                desired: 0,
                revision: state.revision,
                pods: Vec::new(),
                active: 0,
                unseen: 0,
                ready: 0,
            });
            state.replica_sets.push(rs);
            hall.store.set_rolling(workload, true);
            hall.emit_cause(Fact::RolloutStarted { workload });
            hall.after_reaction(World::Deployment(workload));
            true
        }
        WorkloadKind::DaemonSet => {
            state.revision += 1;
            hall.store.set_rolling(workload, true);
            hall.emit_cause(Fact::RolloutStarted { workload });
            hall.after_reaction(World::DaemonSet(super::daemon_set::Event::Sync(workload)));
            true
        }
        WorkloadKind::StatefulSet if super::stateful_set::rolls_out(workload, hall) => {
            hall.store.workloads[workload].revision += 1;
            hall.store.set_rolling(workload, true);
            hall.emit_cause(Fact::RolloutStarted { workload });
            hall.after_reaction(World::StatefulSet(super::stateful_set::Event::Sync(workload)));
            true
        }
        _ => false,
    }
}

/// One sync of a Deployment in a rollout.
pub(crate) fn sync(workload: WorkloadId, hall: &mut Hall<'_>) {
    let Ok(permit) = hall.store.gate.admit_controllers() else {
        return;
    };
    if !hall.store.workloads[workload].rolling {
        return;
    }
    let Some((&new, old)) = hall.store.workloads[workload].replica_sets.split_last() else {
        return;
    };
    let old = old.to_vec();
    let desired = hall.store.workloads[workload].desired;
    match hall.model.workloads[workload].rollout {
        RolloutStrategy::Recreate => recreate(&permit, desired, new, &old, hall),
        strategy => rolling(&permit, rollout_bounds(strategy, desired), new, &old, hall),
    }
    let sets = &hall.store.replica_sets;
    let done = available(new, hall) == desired && old.iter().all(|&rs| sets[rs].active == 0);
    if done {
        hall.store.set_rolling(workload, false);
        hall.emit(Fact::RolloutEnded { workload });
    }
}

/// Up by what the surge leaves; down by what the new pods that are ready leave, broken old ones first (W-10).
fn rolling(permit: &Permit, bounds: (u32, u32), new: ReplicaSetId, old: &[ReplicaSetId], hall: &mut Hall<'_>) {
    let (surge, unavailable) = bounds;
    let sets = &hall.store.replica_sets;
    let desired = hall.store.workloads[sets[new].workload].desired;
    let total: u32 = sets[new].desired + old.iter().map(|&rs| sets[rs].desired).sum::<u32>();
    let room = (desired + surge).saturating_sub(total);
    let grow = room.min(desired.saturating_sub(sets[new].desired));
    if grow > 0 {
        let target = sets[new].desired + grow;
        return scale(permit, new, target, hall);
    }
    let new_unavailable = sets[new].desired.saturating_sub(available(new, hall));
    let floor = desired.saturating_sub(unavailable) + new_unavailable;
    let mut budget = total.saturating_sub(floor);
    for broken_first in [true, false] {
        if !broken_first {
            // What is ready must not fall below the floor, whoever took away the rest (a drain, say).
            let ready: u32 = old.iter().chain([&new]).map(|&rs| available(rs, hall)).sum();
            budget = budget.min(ready.saturating_sub(desired.saturating_sub(unavailable)));
        }
        for &rs in old {
            let desired = hall.store.replica_sets[rs].desired;
            let candidates = if broken_first {
                desired.saturating_sub(available(rs, hall))
            } else {
                desired
            };
            let shrink = candidates.min(budget);
            if shrink > 0 {
                budget -= shrink;
                let target = desired - shrink;
                scale(permit, rs, target, hall);
            }
        }
    }
}

/// Pods of a ReplicaSet that have been ready for `minReadySeconds` (W-6).
fn available(rs: ReplicaSetId, hall: &Hall<'_>) -> u32 {
    let set = &hall.store.replica_sets[rs];
    let min_ready = hall.model.workloads[set.workload].min_ready;
    if min_ready == Span::ZERO {
        return set.ready;
    }
    let long_enough =
        |&&pod: &&PodId| hall.store.counts(pod) && hall.now.since(hall.store.pods[pod].ready_since) >= min_ready;
    u32::try_from(set.pods.iter().filter(long_enough).count()).unwrap_or(u32::MAX)
}

/// Everything old goes first, and must be gone (W-12).
fn recreate(permit: &Permit, desired: u32, new: ReplicaSetId, old: &[ReplicaSetId], hall: &mut Hall<'_>) {
    for &rs in old {
        scale(permit, rs, 0, hall);
    }
    if old.iter().all(|&rs| hall.store.replica_sets[rs].pods.is_empty()) {
        scale(permit, new, desired, hall);
    }
}

fn scale(_: &Permit, rs: ReplicaSetId, desired: u32, hall: &mut Hall<'_>) {
    if hall.store.replica_sets[rs].desired != desired {
        hall.store.replica_sets[rs].desired = desired;
        let seen = hall.draw(&hall.model.timings.watch_delivery);
        hall.after(seen, World::ReplicaSet(replica_set::Event::Sync(rs)));
        let workload = hall.store.replica_sets[rs].workload;
        hall.after_reaction(World::Deployment(workload));
    }
}
