//! What must have come about when a run has ended by itself, some time after the last disturbance.

use seatrial::ids::{NodeId, PodId, WorkloadId};
use seatrial::model::{FaultAction, Gate, Model, NeverReady, PodManagement, RolloutStrategy, WorkloadKind};
use seatrial::trace::{DeletedBy, LifecycleTaint, PlanStatus};
use seatrial::units::Span;

use super::laws::{Broken, law};
use super::mirror::{Mirror, Pod, name};

/// Whether some fault of a model takes a process of the control plane away for good.
pub(crate) fn lasting(model: &Model) -> bool {
    let gone = |action: &FaultAction| matches!(action, FaultAction::ComponentDown { duration: None, .. });
    model.faults.iter().any(|fault| gone(&fault.action))
}

/// Whether some fault of a model takes a machine away for good.
pub(crate) fn may_lose_machines(model: &Model) -> bool {
    let forever = |action: &FaultAction| matches!(action, FaultAction::NodeCrash { duration: None, .. });
    model.faults.iter().any(|f| forever(&f.action))
}

/// Machines that are dead for good.
fn dead(mirror: &Mirror<'_>) -> Vec<NodeId> {
    let lost = may_lose_machines(mirror.model);
    let nodes = mirror.nodes.iter_ids().filter(|(_, n)| lost && !n.machine && n.present);
    nodes.map(|(id, _)| id).collect()
}

/// The cluster is whole again, as far as its machines let it.
pub(crate) fn check(mirror: &Mirror<'_>, status: Option<PlanStatus>) -> Broken {
    let dead = dead(mirror);
    let masters = &mirror.model.control_plane.nodes;
    if masters.iter().any(|n| dead.contains(n)) {
        return Ok(());
    }
    control_plane(mirror)?;
    nodes(mirror, &dead)?;
    law!(
        status != Some(PlanStatus::Inconclusive) || !dead.is_empty(),
        "rest: the plan hangs"
    );
    for (pod, state) in mirror.pods.iter_ids() {
        if let Some(node) = state.node.filter(|n| dead.contains(n)) {
            abandoned(mirror, pod, node, dead.len())?;
        } else if !state.removed {
            at_rest(mirror, pod)?;
        }
    }
    let workloads = mirror.model.workloads.ids();
    workloads.into_iter().try_for_each(|id| complete(mirror, id, &dead))
}

/// A run that was cut off in silence: nothing had happened for long, and the plan was not at its end. Only a gate
/// that asks for the health of workloads may wait for ever.
pub(crate) fn silence(mirror: &Mirror<'_>) -> Broken {
    let plan = mirror.model.plan.as_ref();
    let waits = plan.is_some_and(|p| {
        let mut gates = p.pools.iter().map(|pool| pool.strategy.gate);
        gates.any(|gate| gate == Gate::WorkloadsHealthy)
    });
    let healthy = mirror
        .model
        .workloads
        .ids()
        .all(|id| !mirror.owned(id) || mirror.healthy(id) >= mirror.desired(id));
    law!(waits && !healthy, "rest: the plan waits for nothing");
    Ok(())
}

/// C-8: somebody answers, and somebody leads.
fn control_plane(mirror: &Mirror<'_>) -> Broken {
    law!(mirror.api && mirror.quorum, "rest: no API");
    law!(
        mirror.leaders.iter().all(Option::is_some),
        "rest: leaders {:?}",
        mirror.leaders
    );
    Ok(())
}

/// N-14: every node is up, ready and free of the taints that its absence brought; a cordon's taint follows it (N-4).
fn nodes(mirror: &Mirror<'_>, dead: &[NodeId]) -> Broken {
    for (id, node) in mirror.nodes.iter_ids().filter(|(_, n)| n.present) {
        if dead.contains(&id) {
            law!(!node.ready, "N-1: nobody noticed that {id:?} is dead");
            continue;
        }
        law!(node.kubelet && node.machine, "rest: {id:?} is down");
        law!(node.ready, "N-14: {id:?} is not ready");
        // The mark of a node that the plan did not get to stays; `plans` looks at those that it did.
        let lasting = node
            .hard_taints()
            .find(|t| t.0 != LifecycleTaint::Unschedulable || node.cordoned.is_none());
        law!(lasting.is_none(), "N-14: {id:?} keeps {lasting:?}");
        let tainted = node.hard_taints().next().is_some();
        law!(
            tainted == node.cordoned.is_some() || mirror.model.nodes[id].unschedulable,
            "N-4: {id:?} has {:?}",
            node.taints
        );
    }
    Ok(())
}

/// N-6: a pod leaves a dead machine when its toleration has passed, unless so many died that the fault is more likely
/// elsewhere (N-8, N-9).
fn abandoned(mirror: &Mirror<'_>, pod: PodId, node: NodeId, dead: usize) -> Broken {
    let many = dead > 2 || dead == mirror.nodes.iter().filter(|n| n.present).count();
    let class = mirror.class(pod);
    // Who tolerates everything may be bound to a dead machine again.
    let everywhere = class.tolerations.iter().any(|t| t.key.is_none());
    let leaves = class.unreachable_seconds.is_some() && !everywhere;
    law!(
        many || !leaves || !mirror.pods[pod].lives(),
        "N-6: {} stays on {node:?}",
        name(mirror, pod)
    );
    Ok(())
}

/// A pod is gone if it was deleted, runs if it has a node, and waits only where it fits nowhere.
fn at_rest(mirror: &Mirror<'_>, pod: PodId) -> Broken {
    let state = &mirror.pods[pod];
    let who = name(mirror, pod);
    law!(state.deleted.is_none(), "L-12: {who} terminates for ever");
    let Some(node) = state.node else {
        let home = candidates(mirror, pod).find(|&n| mirror.repelled(pod, n).is_none() && mirror.has_room(pod, n));
        // Nobody waits for a pod without an owner: the run may end before its next turn.
        let fits = home.is_some() && mirror.owned(state.workload);
        law!(!fits, "S-5: {who} is pending and fits on {home:?}");
        return Ok(());
    };
    // Endpoint slices follow within moments, but the run need not last that long; nor does it wait for all of a Job.
    let settled = mirror.now.since(state.ready_changed) > Span::from_secs(60);
    let working = mirror.kind(pod) == WorkloadKind::Job && !settled;
    if mirror.owned(state.workload) && !state.finished && !working && expected_ready(mirror, pod) {
        law!(state.running && state.serving, "L-14: {who} does not run");
        law!(state.ready, "L-18: {who} on {node:?} is not ready");
    }
    let listed = state.ready && !mirror.class(pod).services.is_empty();
    law!(
        state.listed == listed || !settled,
        "M-1: {who}: listed {}",
        state.listed
    );
    Ok(())
}

fn candidates(mirror: &Mirror<'_>, pod: PodId) -> impl Iterator<Item = NodeId> {
    let pinned = (mirror.kind(pod) == WorkloadKind::DaemonSet).then_some(mirror.pods[pod].slot);
    let ids = mirror.model.nodes.ids();
    ids.filter(move |n| pinned.is_none_or(|slot| seatrial::ids::Id::index(*n) == slot as usize))
}

fn expected_ready(mirror: &Mirror<'_>, pod: PodId) -> bool {
    let state = &mirror.pods[pod];
    let never = match mirror.model.workloads[state.workload].never_ready {
        NeverReady::Count(count) => state.first.is_some_and(|first| first < count),
        NeverReady::All => true,
    };
    !never
}

/// W-1, W-10, W-21: as many pods as should be, or as a rollout that lacks room has got to.
fn complete(mirror: &Mirror<'_>, id: WorkloadId, dead: &[NodeId]) -> Broken {
    let workload = &mirror.model.workloads[id];
    if !mirror.owned(id) {
        return Ok(());
    }
    let (living, desired) = (mirror.count(id), mirror.desired(id));
    match workload.kind {
        WorkloadKind::Job => return job(mirror, id),
        WorkloadKind::StatefulSet => return members(mirror, id),
        _ => {}
    }
    let (surge, missing) = match workload.rollout {
        // A pod of a DaemonSet that was deleted on a dead machine is not gone, so it is not replaced (N-7).
        _ if workload.kind == WorkloadKind::DaemonSet && !dead.is_empty() => (0, desired),
        _ if !mirror.rolled.contains(&id) => (0, 0),
        RolloutStrategy::RollingUpdate {
            max_surge,
            max_unavailable,
        } => {
            let less = max_unavailable.round_up(desired);
            (max_surge.round_up(desired), less.max(1))
        }
        _ => (0, desired),
    };
    let range = desired.saturating_sub(missing)..=desired + surge;
    law!(
        range.contains(&living),
        "W-1: {} has {living} pods, not {}",
        workload.name,
        desired
    );
    // A rollout has an end, unless some pod of it finds no room or never becomes ready.
    let all = mirror.healthy(id) == living && living >= desired;
    let stuck = mirror.rolling.contains(&id) && all;
    law!(!stuck, "W-10: the rollout of {} never ends", workload.name);
    Ok(())
}

/// W-26, W-27: a Job has as many pods as it still wants, or has been given up after too many failures, and then has none.
fn job(mirror: &Mirror<'_>, id: WorkloadId) -> Broken {
    let workload = &mirror.model.workloads[id];
    let Some(spec) = workload.job else { return Ok(()) };
    let own = || mirror.pods.iter().filter(|p| p.workload == id);
    let count = |wanted: fn(&&Pod) -> bool| u32::try_from(own().filter(wanted).count()).unwrap();
    let succeeded = count(|p| p.finished && !p.failed);
    let wanted = spec
        .completions
        .map_or(0, |all| all.saturating_sub(succeeded))
        .min(spec.parallelism);
    // Which deletions count as failures depends on the version and on who deletes.
    let failures = count(|p| p.failed || !p.finished && p.deleted.is_some_and(|by| by != DeletedBy::Controller));
    let living = mirror.count(id);
    law!(
        living == wanted || living == 0 && failures > spec.backoff_limit,
        "W-26: {} has {living} pods, not {wanted}; {succeeded} succeeded, {failures} failed",
        workload.name
    );
    Ok(())
}

/// W-15 … W-17, W-19: a member is missing only while an old object has its name, or, where the order matters, while one
/// before it is not ready.
fn members(mirror: &Mirror<'_>, id: WorkloadId) -> Broken {
    let workload = &mirror.model.workloads[id];
    let (living, desired) = (&mirror.living[id], mirror.desired(id));
    law!(
        living.keys().all(|&ordinal| ordinal < desired),
        "W-15: {} has too many members",
        workload.name
    );
    let ready = |ordinal: u32| living.get(&ordinal).is_some_and(|&p| mirror.pods[p].ready);
    let named = |ordinal: u32| {
        mirror
            .pods
            .iter()
            .any(|p| p.workload == id && p.slot == ordinal && !p.removed)
    };
    for missing in (0..desired).filter(|o| !living.contains_key(o)) {
        let held_up = workload.management == PodManagement::OrderedReady && !(0..missing).all(ready);
        law!(named(missing) || held_up, "W-16: {} lacks {missing}", workload.name);
    }
    let stuck = mirror.rolling.contains(&id) && (0..desired).all(ready);
    law!(!stuck, "W-20: the rollout of {} never ends", workload.name);
    Ok(())
}
