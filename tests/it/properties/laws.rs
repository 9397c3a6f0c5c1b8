//! What holds at every fact, whatever happens.

use seatrial::ids::{FactId, Id, NodeId, PodId};
use seatrial::model::{RestartPolicy, WorkloadKind};
use seatrial::trace::{DeletedBy, Fact, LifecycleTaint, Record};
use seatrial::units::Span;

use super::mirror::{Mirror, name};

/// A broken law, in words.
pub(crate) type Broken = Result<(), String>;

/// A pod that was placed before a cordon or taint was written may be bound so long after it (O-64 is about the
/// scheduler's snapshot).
const BINDING: Span = Span::from_millis(500);

macro_rules! law {
    ($holds:expr, $($text:tt)+) => {
        if !$holds {
            return Err(format!($($text)+));
        }
    };
}
pub(super) use law;

/// All laws, for one fact; the mirror does not know it yet.
pub(crate) fn check(mirror: &Mirror<'_>, id: FactId, record: &Record) -> Broken {
    chronicle(mirror, id, record)?;
    gate(mirror, &record.fact)?;
    api_objects(mirror, &record.fact)?;
    containers(mirror, &record.fact)?;
    machines(mirror, &record.fact)?;
    if let Fact::PodBound { pod, node } = record.fact
        && (mirror.started || pod.index() >= mirror.model.pods.len())
    {
        binding(mirror, pod, node)?;
    }
    Ok(())
}

/// Time does not run backwards; what causes comes before what it causes (O-80).
fn chronicle(mirror: &Mirror<'_>, id: FactId, record: &Record) -> Broken {
    law!(record.at >= mirror.now, "time: {:?} after {:?}", record.at, mirror.now);
    law!(
        record.cause.is_none_or(|c| c.index() < id.index()),
        "cause: {:?} of {id:?}",
        record.cause
    );
    let start = record.fact == Fact::RunStarted;
    law!(!(start && mirror.started), "start: a second RunStarted");
    law!(
        mirror.started || record.at.as_micros() == 0,
        "start: time before RunStarted"
    );
    Ok(())
}

/// Whether a fact is a change of the API's state.
fn writes(fact: &Fact) -> bool {
    matches!(
        fact,
        Fact::PodCreated { .. }
            | Fact::PodBound { .. }
            | Fact::PodReady { .. }
            | Fact::PodUnready { .. }
            | Fact::PodDeleted { .. }
            | Fact::PodFinished { .. }
            | Fact::PodFailed { .. }
            | Fact::PodRemoved { .. }
            | Fact::EvictionAccepted { .. }
            | Fact::EvictionRefused { .. }
            | Fact::NodeDeleted { .. }
            | Fact::NodeCordoned { .. }
            | Fact::NodeUncordoned { .. }
            | Fact::NodeReady { .. }
            | Fact::NodeNotReady { .. }
            | Fact::NodeTainted { .. }
            | Fact::NodeUntainted { .. }
            | Fact::EndpointReady { .. }
            | Fact::EndpointUnready { .. }
            | Fact::RolloutStarted { .. }
            | Fact::RolloutEnded { .. }
    )
}

/// Whether only the controller manager writes this.
fn by_controllers(fact: &Fact) -> bool {
    use DeletedBy::{Controller, GarbageCollector, TaintManager};
    // The mark of an upgrade to come is the plan's.
    if let Fact::NodeTainted { taint, .. } | Fact::NodeUntainted { taint, .. } = *fact {
        return taint != LifecycleTaint::UpgradePending;
    }
    matches!(
        fact,
        Fact::PodCreated { .. }
            | Fact::EndpointReady { .. }
            | Fact::EndpointUnready { .. }
            | Fact::RolloutEnded { .. }
            | Fact::PodDeleted {
                by: Controller | GarbageCollector | TaintManager,
                ..
            }
    )
}

/// Nothing is written while no API server answers (O-22), nothing by controllers or scheduler while none leads (C-5).
fn gate(mirror: &Mirror<'_>, fact: &Fact) -> Broken {
    if !mirror.started {
        return Ok(());
    }
    law!(mirror.api || !writes(fact), "O-22: {fact:?} without an API");
    // A kubelet that has just started may call its own node not ready (L-17).
    let given_up = matches!(fact, Fact::NodeNotReady { node } if !mirror.nodes[*node].kubelet);
    law!(
        mirror.leaders[0].is_some() || !by_controllers(fact) && !given_up,
        "C-5: {fact:?} without a controller manager"
    );
    law!(
        mirror.leaders[1].is_some() || !matches!(fact, Fact::PodBound { .. }),
        "C-5: {fact:?} without a scheduler"
    );
    Ok(())
}

/// Objects are created, bound, deleted and removed once, in this order; slots and pods without owner (W-1, W-29).
fn api_objects(mirror: &Mirror<'_>, fact: &Fact) -> Broken {
    match *fact {
        Fact::PodCreated {
            pod, workload, slot, ..
        } => {
            law!(pod.index() == mirror.pods.len(), "ids: {pod:?} is not next");
            let owned = mirror.owned(workload) || !mirror.started;
            law!(owned, "W-29: {pod:?} of nobody came back");
            let twin = mirror.living[workload].get(&slot);
            law!(twin.is_none(), "slots: {pod:?} takes {slot}, which {twin:?} has");
            let same = |p: &&super::mirror::Pod| p.workload == workload && p.slot == slot && !p.removed;
            let twin = mirror.pods.iter().find(same);
            let stateful = mirror.model.workloads[workload].kind == WorkloadKind::StatefulSet;
            law!(!stateful || twin.is_none(), "O-58: {pod:?} is a second {slot}");
        }
        Fact::PodBound { pod, .. } => {
            let state = &mirror.pods[pod];
            law!(
                state.node.is_none() && state.lives(),
                "binding: {} again or too late",
                name(mirror, pod)
            );
        }
        Fact::PodReady { pod } | Fact::PodUnready { pod } => {
            let (state, ready) = (&mirror.pods[pod], matches!(fact, Fact::PodReady { .. }));
            let changes = state.ready != ready && !state.removed && state.node.is_some();
            law!(changes, "status: {} is {ready} already", name(mirror, pod));
        }
        Fact::PodFinished { pod } | Fact::PodFailed { pod } => {
            let state = &mirror.pods[pod];
            let once = state.lives() && !state.finished && !state.running;
            law!(once, "W-26: {} ends out of turn", name(mirror, pod));
            let never = mirror.class(pod).restart == RestartPolicy::Never;
            let failed = matches!(fact, Fact::PodFailed { .. });
            law!(
                never || !failed,
                "L-21: {} fails and is not restarted",
                name(mirror, pod)
            );
        }
        Fact::PodDeleted { pod, .. } => law!(mirror.pods[pod].lives(), "delete: {} twice", name(mirror, pod)),
        Fact::PodRemoved { pod } => {
            let state = &mirror.pods[pod];
            let (once, asked) = (!state.removed, state.deleted.is_some());
            law!(once && asked, "remove: {} out of turn", name(mirror, pod));
            law!(!state.running, "L-12: {} is removed while it runs", name(mirror, pod));
        }
        Fact::EndpointReady { pod } => {
            let state = &mirror.pods[pod];
            law!(state.healthy() && !state.listed, "M-1: {} is listed", name(mirror, pod));
        }
        Fact::EndpointUnready { pod } => {
            law!(mirror.pods[pod].listed, "M-1: {} was not listed", name(mirror, pod));
        }
        _ => {}
    }
    Ok(())
}

/// L-22: a machine that a plan deletes, its Node object after it, never boots again. (A runbook deletes objects only.)
fn machines(mirror: &Mirror<'_>, fact: &Fact) -> Broken {
    let Fact::NodeBooted { node } = *fact else {
        return Ok(());
    };
    let replaces = mirror.model.plan.as_ref().is_some_and(|p| p.steps.is_empty());
    let gone = replaces && mirror.nodes[node].deleted.is_some();
    law!(!gone, "L-22: {node:?} was deleted and boots");
    Ok(())
}

/// Containers run where their pod is bound, started by a kubelet that is there, on a machine that is up.
fn containers(mirror: &Mirror<'_>, fact: &Fact) -> Broken {
    match *fact {
        Fact::ContainersStarted { pod } => {
            let state = &mirror.pods[pod];
            let Some(node) = state.node else {
                return Err(format!("L-1: {} runs nowhere", name(mirror, pod)));
            };
            law!(!state.running, "L-1: {} starts twice", name(mirror, pod));
            law!(!state.removed, "L-1: {} starts when gone", name(mirror, pod));
            law!(
                mirror.nodes[node].kubelet && mirror.nodes[node].machine,
                "C-3: {} starts on {node:?} without a kubelet",
                name(mirror, pod)
            );
        }
        Fact::ContainersServing { pod } => {
            let state = &mirror.pods[pod];
            let up = state.node.is_some_and(|n| mirror.nodes[n].machine);
            law!(
                up && state.running && !state.serving,
                "L-11: {} serves out of turn",
                name(mirror, pod)
            );
        }
        Fact::ContainersStopped { pod, .. } => law!(
            mirror.pods[pod].running,
            "L-10: {} stops out of turn",
            name(mirror, pod)
        ),
        _ => {}
    }
    Ok(())
}

/// The scheduler's filters held when it decided (S-9, S-15, O-64).
fn binding(mirror: &Mirror<'_>, pod: PodId, id: NodeId) -> Broken {
    let node = &mirror.nodes[id];
    law!(
        mirror.has_room(pod, id),
        "S-9: {} on {id:?}, with {:?} and {} pods there",
        name(mirror, pod),
        node.used,
        node.pods
    );
    let Some(why) = mirror.repelled(pod, id) else {
        return Ok(());
    };
    let taints = node.hard_taints().map(|t| t.1);
    let news = taints.chain(node.cordoned).chain(node.deleted).min();
    law!(
        news.is_some_and(|since| mirror.now.since(since) <= BINDING),
        "O-64: {} on {id:?} despite {why}",
        name(mirror, pod)
    );
    let daemon = mirror.kind(pod) == WorkloadKind::DaemonSet;
    law!(
        !daemon || id.index() == mirror.pods[pod].slot as usize,
        "W-23: {} on {id:?}",
        name(mirror, pod)
    );
    Ok(())
}
