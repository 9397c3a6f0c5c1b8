//! Words for facts that stand for themselves.

use crate::ids::{Id, InstanceId, NodeId};
use crate::metrics::check_words;
use crate::report::Style;
use crate::trace::{
    ApiError, DrainOutcome, Fact, LeftOut, NodeResult, Phase, PlanStatus, Preamble, StopReason, Unfit, VersionId,
};
use crate::versions::skew::Part;

pub(super) fn count(n: usize, noun: &str) -> String {
    if n == 1 {
        format!("1 {noun}")
    } else {
        format!("{n} {noun}s")
    }
}

/// A long time (microseconds) in whole seconds.
pub(super) fn pause(micros: u64) -> String {
    let seconds = (micros + 500_000) / 1_000_000;
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, s) => format!("{s}s"),
        (0, m, s) => format!("{m}m{s}s"),
        (h, m, s) => format!("{h}h{m}m{s}s"),
    }
}

/// How long something lasts (microseconds): tenths of seconds below two minutes.
pub(super) fn lasting(micros: u64) -> String {
    if micros < 120_000_000 {
        format!("{:.1}s", crate::metrics::seconds(micros))
    } else {
        pause(micros)
    }
}

pub(in crate::report) fn node(preamble: &Preamble, id: NodeId) -> &str {
    let node = preamble.nodes.get(id.index());
    node.map_or("a node", |node| node.name.as_str())
}

pub(in crate::report) fn process(preamble: &Preamble, id: InstanceId) -> String {
    let Some(info) = preamble.instances.get(id.index()) else {
        return "a process".into();
    };
    let component = info.component.as_str();
    match info.node {
        Some(at) => format!("{component} on {}", node(preamble, at)),
        None => component.into(),
    }
}

pub(in crate::report) const fn plan_status(status: PlanStatus) -> &'static str {
    match status {
        PlanStatus::Completed => "is completed",
        PlanStatus::CompletedWithSkips => "is completed, with nodes left out",
        PlanStatus::Aborted => "is aborted",
        PlanStatus::Blocked => "is blocked: it makes no more progress",
        PlanStatus::Refused => "is refused by kubeadm",
        PlanStatus::Inconclusive => "has not ended",
    }
}

pub(in crate::report) const fn node_result(result: NodeResult) -> &'static str {
    match result {
        NodeResult::Upgraded => "is upgraded",
        NodeResult::Replaced => "is replaced",
        NodeResult::Skipped => "is skipped: uncordoned and not upgraded",
        NodeResult::Quarantined => "is left cordoned and not upgraded",
        NodeResult::Failed => "could not be upgraded",
    }
}

pub(in crate::report) const fn drain_outcome(outcome: DrainOutcome) -> &'static str {
    match outcome {
        DrainOutcome::Completed => "is done",
        DrainOutcome::Refused => "refuses to touch these pods",
        DrainOutcome::TimedOut => "times out",
        DrainOutcome::Failed => "fails",
        DrainOutcome::Unfinished => "has not ended",
    }
}

pub(in crate::report) const fn api_error(error: ApiError) -> &'static str {
    match error {
        ApiError::Unavailable => "the API is away",
        ApiError::ManyBudgets => "more than one budget matches the pod",
        ApiError::Timeout => "the drain's time is up",
    }
}

/// How many nodes do not fit, and why, as the scheduler says it.
pub(in crate::report) fn unfit(why: Unfit) -> String {
    let parts = [
        (why.unschedulable, "cordoned"),
        (why.tainted, "with a taint that it does not tolerate"),
        (why.affinity, "not matching its selector"),
        (why.ports, "with its host port taken"),
        (why.resources, "too full"),
        (why.volumes, "out of reach of its volumes"),
        (why.spread, "against its spread constraints"),
        (why.pod_affinity, "without the pods that it must be near"),
        (why.pod_anti_affinity, "with pods that it must keep away from"),
    ];
    let parts: Vec<String> = parts
        .iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, what)| format!("{n} {what}"))
        .collect();
    if parts.is_empty() {
        "there is none".into()
    } else {
        parts.join(", ")
    }
}

/// The same for a table.
pub(in crate::report) const fn node_deed(result: NodeResult) -> &'static str {
    match result {
        NodeResult::Upgraded => "upgraded",
        NodeResult::Replaced => "replaced",
        NodeResult::Skipped => "skipped",
        NodeResult::Quarantined => "left cordoned",
        NodeResult::Failed => "failed",
    }
}

/// What kubeadm does in a phase.
pub(in crate::report) const fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::Preflight => "reads the configuration",
        Phase::HealthCheck => "checks the health of the cluster",
        Phase::Prepull => "pulls images",
        Phase::EtcdBackup => "copies the data of etcd",
        Phase::Etcd => "swaps etcd",
        Phase::ApiServer => "swaps kube-apiserver",
        Phase::ControllerManager => "swaps kube-controller-manager",
        Phase::Scheduler => "swaps kube-scheduler",
        Phase::PostUpgrade => "updates add-ons",
        Phase::UpgradeNode => "writes the kubelet's configuration",
    }
}

/// How a process stopped.
pub(in crate::report) const fn stopped(why: StopReason) -> &'static str {
    match why {
        StopReason::Terminated => "has stopped",
        StopReason::Killed => "is killed",
        StopReason::Crashed => "crashes",
        StopReason::Completed => "has done its work",
        StopReason::NodeDown => "is gone with its machine",
        StopReason::LostLease => "has lost its lease and exits",
    }
}

/// Why a node is not in a load balancer.
pub(in crate::report) const fn left_out(why: LeftOut) -> &'static str {
    match why {
        LeftOut::Cordoned => "it is cordoned",
        LeftOut::Excluded => "it is labelled to be left out",
        LeftOut::NotReady => "it is not ready",
        LeftOut::Deleted => "its Node object is gone",
        LeftOut::MachineDown => "it fails health checks, its machine is down",
        LeftOut::NoLocalPod => "it fails health checks, it has no ready pod of the Service",
    }
}

/// What happens to nodes.
pub(super) fn of_node(preamble: &Preamble, fact: &Fact) -> Option<String> {
    let name = |id| node(preamble, id);
    Some(match *fact {
        Fact::NodeCordoned { node } => format!("{}: cordoned", name(node)),
        Fact::DrainOverdue { node } => format!("{}: an alert, it is not drained yet", name(node)),
        Fact::GateTimedOut { node } => {
            format!("{}: what the plan waits for does not come", name(node))
        }
        Fact::CreationRefused { node } => {
            format!("{}: no new machine, the pool has as many as it can have", name(node))
        }
        Fact::ScaleDownStarted { node } => {
            format!("{}: the cluster autoscaler removes it, nobody needs it", name(node))
        }
        Fact::SuccessorLost { node } => {
            format!("{}: the new machine is gone, the plan asks for another one", name(node))
        }
        Fact::CreationFailed { node } => format!("{}: the new machine does not come", name(node)),
        Fact::RollbackStarted => "the old nodes are wanted back: rollback".into(),
        Fact::NodeExcluded { node } => format!("{}: labelled, load balancers leave it out", name(node)),
        Fact::NodeIncluded { node } => format!("{}: load balancers may send to it again", name(node)),
        Fact::BalancerJoined { balancer, node } => {
            format!("{} joins {}", name(node), preamble.balancer_name(balancer))
        }
        Fact::BalancerLeft { balancer, node, why } => {
            format!(
                "{} leaves {}: {}",
                name(node),
                preamble.balancer_name(balancer),
                left_out(why)
            )
        }
        Fact::NodeUncordoned { node } => format!("{}: uncordoned, takes pods again", name(node)),
        Fact::KubeletStopped { node } => format!("{}: the kubelet stops", name(node)),
        Fact::KubeletStarted { node, version } => {
            let version = preamble.versions.get(usize::from(version.0));
            let version = version.map_or("", String::as_str);
            format!("{}: the kubelet runs, {version}", name(node))
        }
        Fact::NodeCrashed { node } => format!("{}: the machine goes down", name(node)),
        Fact::NodeCreated { node } => format!("{}, a new node, is up", name(node)),
        Fact::NodeDeleted { node } => format!("{}: the Node object is deleted", name(node)),
        Fact::NodeBooted { node } => format!("{}: the machine is back", name(node)),
        Fact::NodeNotReady { node } => format!("{} is not ready any more", name(node)),
        Fact::NodeReady { node } => format!("{} is ready again", name(node)),
        Fact::PhaseStarted { node, phase } => {
            let what = self::phase(phase);
            format!("{}: kubeadm {what}", name(node))
        }
        _ => return None,
    })
}

/// The heading of a hop, or of a round of the workers.
pub(super) fn hop(preamble: &Preamble, at: usize, of: usize, version: VersionId, workers: bool) -> String {
    let version = preamble.versions.get(usize::from(version.0));
    let version = version.map_or("", String::as_str);
    if workers {
        format!("=== workers go to {version}")
    } else {
        format!("=== hop {at} of {of}: the control plane goes to {version}")
    }
}

/// What has to do with versions, kubeadm's failures and certificates.
pub(super) fn of_versions(preamble: &Preamble, style: Style, fact: &Fact) -> Option<String> {
    let name = |id| node(preamble, id);
    Some(match *fact {
        Fact::CheckFailed { node, check } => {
            style.bad(&format!("{}: kubeadm refuses: {}", name(node), check_words(check)))
        }
        Fact::PhaseFailed { node, .. } => style.bad(&format!(
            "{}: kubeadm has waited for 5 minutes and gives up",
            name(node)
        )),
        Fact::ManifestRestored { node, component } => {
            format!("{}: the old manifest of {} is put back", name(node), component.as_str())
        }
        Fact::CertificateExpired { node, component } => {
            let component = component.as_str();
            style.bad(&format!("the certificates of {component} on {} expire", name(node)))
        }
        Fact::ServicesUnread { node } => style.warning(&format!(
            "{}: the kubelet starts no pods: the API server that it reaches is too old for it",
            name(node)
        )),
        Fact::ServicesRead { node } => format!("{}: the kubelet starts pods again", name(node)),
        Fact::SkewBegan { skew } => {
            let violation = skew.violation();
            if violation.is_kubeadms_way() {
                return None;
            }
            let words = violation.words(|id| name(id).to_owned());
            style.warning(&format!("version skew: {words} ({})", skew.rule.id()))
        }
        Fact::SkewEnded { rule, part, node } => {
            let place = node.map_or_else(String::new, |n| format!(" on {}", name(n)));
            if part == Part::Proxy {
                return None;
            }
            format!(
                "{}{place} is within the skew policy again ({})",
                part.as_str(),
                rule.id()
            )
        }
        _ => return None,
    })
}

/// What happens to the control plane.
pub(super) fn of_control_plane(preamble: &Preamble, style: Style, fact: &Fact) -> Option<String> {
    Some(match *fact {
        Fact::ComponentStopped { instance, why } => {
            let what = stopped(why);
            format!("{} {what}", process(preamble, instance))
        }
        Fact::ComponentStarted { instance, version } => {
            let version = preamble.versions.get(usize::from(version.0));
            let version = version.map_or("", String::as_str);
            format!("{} starts, {version}", process(preamble, instance))
        }
        Fact::ApiUnavailable => style.bad("the API is away: nothing can be created, bound or evicted"),
        Fact::ApiAvailable => style.good("the API answers again"),
        Fact::QuorumLost => style.bad("etcd has lost its quorum"),
        Fact::QuorumRegained => style.good("etcd has its quorum again"),
        Fact::LeaderLost { component } => format!("no {} leads", component.as_str()),
        Fact::LeaderElected { component, instance } => {
            let place = preamble.instances.get(instance.index()).and_then(|i| i.node);
            let place = place.map_or_else(String::new, |n| format!(" on {}", node(preamble, n)));
            format!("{}{place} leads", component.as_str())
        }
        _ => return None,
    })
}
