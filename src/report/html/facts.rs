//! Facts as the page has them: a kind with a sentence, and the things that are put into the sentence.
//!
//! Every fact has its words here and nowhere in the page's scripts; a test holds that none is without.

use std::borrow::Cow;

use crate::ids::{BudgetId, Id, InstanceId, NodeId, PodId, WorkloadId};
use crate::metrics::{Kubelets, check_words, deed, misfit, refusal_words};
use crate::report::narrate::words;
use crate::trace::{
    DeletedBy, Fact, LifecycleTaint, NotDrainable, Phase, Preamble, RefusalReason, StopReason, VersionId,
};
use crate::versions::skew::Part;

use Arg::{Budget, Instance, Node, None as No, Number, Pod, Version, Workload};

/// What is put into a sentence. The page tells them apart by the letter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Arg {
    #[default]
    None,
    Pod(PodId),
    Node(NodeId),
    Workload(WorkloadId),
    Instance(InstanceId),
    Version(VersionId),
    Budget(BudgetId),
    Number(u32),
    Words(Cow<'static, str>),
}

impl Arg {
    /// The letter by which the page knows it; `None` where there is nothing.
    pub(super) const fn letter(&self) -> Option<char> {
        match self {
            Self::None => None,
            Self::Pod(_) => Some('p'),
            Self::Node(_) => Some('n'),
            Self::Workload(_) => Some('w'),
            Self::Instance(_) => Some('i'),
            Self::Version(_) => Some('v'),
            Self::Budget(_) => Some('b'),
            Self::Number(_) => Some('d'),
            Self::Words(_) => Some('s'),
        }
    }
}

/// A fact for the page.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Said {
    /// The name of the fact, as in a trace.
    pub(super) kind: &'static str,
    /// The sentence, with `{0}` for the first thing; empty: not worth telling.
    pub(super) words: &'static str,
    /// The things.
    pub(super) args: [Arg; 3],
}

const fn say(kind: &'static str, words: &'static str, args: [Arg; 3]) -> Said {
    Said { kind, words, args }
}

const fn alone(kind: &'static str, words: &'static str) -> Said {
    say(kind, words, [No, No, No])
}

const fn of(kind: &'static str, words: &'static str, thing: Arg) -> Said {
    say(kind, words, [thing, No, No])
}

const fn fixed(words: &'static str) -> Arg {
    Arg::Words(Cow::Borrowed(words))
}

/// A fact for the page. `kubelets` has seen the facts until here.
pub(super) fn say_fact(preamble: &Preamble, kubelets: &Kubelets, fact: &Fact) -> Said {
    match *fact {
        Fact::RunStarted => alone("RunStarted", "the run starts"),
        Fact::RunEnded => alone("RunEnded", "the run ends"),
        Fact::PlanStarted => alone("PlanStarted", "the plan starts"),
        Fact::PlanEnded { status } => of("PlanEnded", "the plan {0}", fixed(words::plan_status(status))),
        Fact::HopStarted { version, workers: true } => of("HopStarted", "workers go to {0}", Version(version)),
        Fact::HopStarted { version, .. } => of("HopStarted", "the control plane goes to {0}", Version(version)),
        Fact::StepStarted { step } => {
            let text = preamble.steps.get(step as usize).cloned().unwrap_or_default();
            say(
                "StepStarted",
                "step {0}: {1}",
                [Number(step + 1), Arg::Words(text.into()), No],
            )
        }
        Fact::StepEnded { step, ok: true } => of("StepEnded", "step {0} is done", Number(step + 1)),
        Fact::StepEnded { step, .. } => of("StepEnded", "step {0} did not end as expected", Number(step + 1)),
        Fact::FaultInjected { fault } => of("FaultInjected", "fault: {0}", fault_words(preamble, fault)),
        Fact::FaultMissed { fault } => of("FaultMissed", "a fault hits nothing: {0}", fault_words(preamble, fault)),
        Fact::ApiUnavailable => alone(
            "ApiUnavailable",
            "the API is away: nothing can be created, bound or evicted",
        ),
        Fact::ApiAvailable => alone("ApiAvailable", "the API answers again"),
        Fact::QuorumLost => alone("QuorumLost", "etcd has lost its quorum"),
        Fact::QuorumRegained => alone("QuorumRegained", "etcd has its quorum again"),
        Fact::RolloutStarted { workload } => of("RolloutStarted", "a rollout of {0} starts", Workload(workload)),
        Fact::RolloutEnded { workload } => of("RolloutEnded", "the rollout of {0} is done", Workload(workload)),
        Fact::SkewBegan { .. } | Fact::SkewEnded { .. } | Fact::VersionsChecked { .. } => {
            of_versions(preamble, kubelets, fact)
        }
        Fact::BalancerJoined { balancer, node } => {
            let name = Arg::Words(preamble.balancer_name(balancer).into());
            say("BalancerJoined", "{0} joins {1}", [Node(node), name, No])
        }
        Fact::BalancerLeft { balancer, node, why } => {
            let name = Arg::Words(preamble.balancer_name(balancer).into());
            say(
                "BalancerLeft",
                "{0} leaves {1}: {2}",
                [Node(node), name, fixed(words::left_out(why))],
            )
        }
        _ => of_drain(fact)
            .or_else(|| of_deadlock(fact))
            .or_else(|| of_node(fact))
            .or_else(|| of_kubeadm(fact))
            .or_else(|| of_process(fact))
            .or_else(|| of_taint(fact))
            .unwrap_or_else(|| of_pod(preamble, fact)),
    }
}

fn fault_words(preamble: &Preamble, fault: u32) -> Arg {
    let words = preamble.faults.get(fault as usize);
    Arg::Words(words.map_or("", |f| deed(f)).to_owned().into())
}

/// Why nothing can change.
fn of_deadlock(fact: &Fact) -> Option<Said> {
    Some(match *fact {
        Fact::NothingCanChange { until: None } => alone(
            "NothingCanChange",
            "nothing can change any more: whatever is tried is refused again",
        ),
        Fact::NothingCanChange { .. } => alone("NothingCanChange", "nothing can change before a drain's time is up"),
        Fact::BudgetExhausted {
            budget,
            healthy,
            desired,
        } => say(
            "BudgetExhausted",
            "budget {0} lets nobody go: {1} healthy, {2} must be",
            [Budget(budget), Number(healthy), Number(desired)],
        ),
        Fact::BudgetLacks { budget, pod } => say(
            "BudgetLacks",
            "budget {0} waits for {1}",
            [Budget(budget), Pod(pod), No],
        ),
        Fact::NodeUnfit { pod, node, why } => {
            let why = fixed(misfit(why).0);
            say(
                "NodeUnfit",
                "{0} does not fit {1}, which {2}",
                [Pod(pod), Node(node), why],
            )
        }
        _ => return None,
    })
}

fn of_versions(preamble: &Preamble, kubelets: &Kubelets, fact: &Fact) -> Said {
    let name = |id| words::node(preamble, id).to_owned();
    match *fact {
        Fact::SkewBegan { skew } => {
            let violation = skew.violation();
            let text = format!("{} ({})", violation.words(name), skew.rule.id());
            // What kubeadm's own order brings about harms nobody, and is not told.
            let words = if violation.is_kubeadms_way() {
                ""
            } else {
                "version skew: {0}"
            };
            of("SkewBegan", words, Arg::Words(text.into()))
        }
        Fact::SkewEnded { rule, part, node } => {
            let place = node.map_or_else(String::new, |n| format!(" on {}", name(n)));
            let text = format!(
                "{}{place} is within the skew policy again ({})",
                part.as_str(),
                rule.id()
            );
            let words = if part == Part::Proxy { "" } else { "{0}" };
            of("SkewEnded", words, Arg::Words(text.into()))
        }
        Fact::VersionsChecked {
            node,
            target,
            cluster,
            kubeadm,
            flags,
        } => {
            let (found, verdict) = kubelets.judge(preamble, [target, cluster, kubeadm], flags);
            let (words, why) = match refusal_words(&found, verdict) {
                Some(why) => ("{0}: kubeadm refuses: {1}", why),
                None => {
                    let forced: Vec<&str> = found.iter().map(|r| r.words.as_str()).collect();
                    ("{0}: kubeadm goes on, forced: {1}", forced.join("; "))
                }
            };
            say("VersionsChecked", words, [Node(node), Arg::Words(why.into()), No])
        }
        _ => alone("", ""),
    }
}

fn of_drain(fact: &Fact) -> Option<Said> {
    Some(match *fact {
        Fact::DrainStarted { node, .. } => of("DrainStarted", "the drain of {0} starts", Node(node)),
        Fact::DrainEnded { node, outcome, .. } => {
            let outcome = fixed(words::drain_outcome(outcome));
            say("DrainEnded", "the drain of {0} {1}", [Node(node), outcome, No])
        }
        Fact::PodNotDrainable { pod, reason, .. } => {
            let why = fixed(match reason {
                NotDrainable::DaemonSet => "a DaemonSet owns it, and --ignore-daemonsets is not given",
                NotDrainable::LocalStorage => "it has an emptyDir volume, and --delete-emptydir-data is not given",
                NotDrainable::Unmanaged => "nobody owns it, and --force is not given",
            });
            let words = "kubectl drain will not touch {0}: {1}";
            say("PodNotDrainable", words, [Pod(pod), why, No])
        }
        Fact::EvictionAccepted { pod, .. } => of("EvictionAccepted", "{0} is evicted", Pod(pod)),
        Fact::EvictionRefused {
            pod, budget, reason, ..
        } => {
            let why = fixed(match reason {
                RefusalReason::BudgetExhausted => "allows no disruption",
                RefusalReason::StillProcessed => "is still being processed",
            });
            let words = "{0} must stay: budget {1} {2}; the drain tries again";
            say("EvictionRefused", words, [Pod(pod), Budget(budget), why])
        }
        Fact::EvictionFailed { pod, error, .. } => {
            let why = fixed(words::api_error(error));
            say("EvictionFailed", "evicting {0} fails: {1}", [Pod(pod), why, No])
        }
        _ => return None,
    })
}

fn of_node(fact: &Fact) -> Option<Said> {
    Some(match *fact {
        Fact::NodeUpgradeStarted { node } => of("NodeUpgradeStarted", "work on {0} starts", Node(node)),
        Fact::NodeUpgradeEnded { node, result } => {
            let result = fixed(words::node_result(result));
            say("NodeUpgradeEnded", "{0} {1}", [Node(node), result, No])
        }
        Fact::NodeCordoned { node } => of("NodeCordoned", "{0} is cordoned", Node(node)),
        Fact::NodeUncordoned { node } => of("NodeUncordoned", "{0} is uncordoned and takes pods again", Node(node)),
        Fact::NodeExcluded { node } => of(
            "NodeExcluded",
            "{0} is labelled, load balancers leave it out",
            Node(node),
        ),
        Fact::NodeIncluded { node } => of("NodeIncluded", "load balancers may send to {0} again", Node(node)),
        Fact::NodeCreated { node } => of("NodeCreated", "{0}, a new node, is up", Node(node)),
        Fact::NodeDeleted { node } => of("NodeDeleted", "the Node object of {0} is deleted", Node(node)),
        Fact::KubeletStopped { node } => of("KubeletStopped", "the kubelet of {0} stops", Node(node)),
        Fact::KubeletStarted { node, version } => {
            let words = "the kubelet of {0} runs, {1}";
            say("KubeletStarted", words, [Node(node), Version(version), No])
        }
        Fact::NodeCrashed { node } => of("NodeCrashed", "the machine {0} goes down", Node(node)),
        Fact::NodeBooted { node } => of("NodeBooted", "the machine {0} is back", Node(node)),
        Fact::NodeNotReady { node } => of("NodeNotReady", "{0} is not ready any more", Node(node)),
        Fact::NodeReady { node } => of("NodeReady", "{0} is ready again", Node(node)),
        Fact::ServicesUnread { node } => {
            let words = "the kubelet of {0} starts no pods: the API server that it reaches is too old for it";
            of("ServicesUnread", words, Node(node))
        }
        Fact::DrainOverdue { node } => of("DrainOverdue", "an alert: {0} is not drained yet", Node(node)),
        Fact::GateTimedOut { node } => of("GateTimedOut", "{0}: what the plan waits for does not come", Node(node)),
        Fact::CreationRefused { node } => {
            let words = "{0}: no new machine, the pool has as many as it can have";
            of("CreationRefused", words, Node(node))
        }
        Fact::ScaleDownStarted { node } => {
            let words = "the cluster autoscaler removes {0}, which nobody needs";
            of("ScaleDownStarted", words, Node(node))
        }
        Fact::SuccessorLost { node } => {
            let words = "{0}: the new machine is gone, and another one is asked for";
            of("SuccessorLost", words, Node(node))
        }
        Fact::CreationFailed { node } => of("CreationFailed", "{0}: the new machine does not come", Node(node)),
        Fact::RollbackStarted => say(
            "RollbackStarted",
            "the old nodes are wanted back: rollback",
            [No, No, No],
        ),
        Fact::ServicesRead { node } => of("ServicesRead", "the kubelet of {0} starts pods again", Node(node)),
        _ => return None,
    })
}

fn of_taint(fact: &Fact) -> Option<Said> {
    let (kind, words, node, taint) = match *fact {
        Fact::NodeTainted { node, taint } => ("NodeTainted", "{0} gets the taint {1}", node, taint),
        Fact::NodeUntainted { node, taint } => ("NodeUntainted", "{0} loses the taint {1}", node, taint),
        _ => return None,
    };
    let taint = match taint {
        LifecycleTaint::Unschedulable => "node.kubernetes.io/unschedulable:NoSchedule",
        LifecycleTaint::UnreachableNoSchedule => "node.kubernetes.io/unreachable:NoSchedule",
        LifecycleTaint::UnreachableNoExecute => "node.kubernetes.io/unreachable:NoExecute",
        LifecycleTaint::NotReadyNoSchedule => "node.kubernetes.io/not-ready:NoSchedule",
        LifecycleTaint::NotReadyNoExecute => "node.kubernetes.io/not-ready:NoExecute",
        LifecycleTaint::UpgradePending => "seatrial.dev/upgrade-pending:PreferNoSchedule",
        LifecycleTaint::DeletionCandidate => "DeletionCandidateOfClusterAutoscaler:PreferNoSchedule",
        LifecycleTaint::ToBeDeleted => "ToBeDeletedByClusterAutoscaler:NoSchedule",
    };
    Some(say(kind, words, [Node(node), fixed(taint), No]))
}

fn of_kubeadm(fact: &Fact) -> Option<Said> {
    Some(match *fact {
        Fact::PhaseStarted { node, phase } => {
            let phase = fixed(words::phase(phase));
            say("PhaseStarted", "{0}: kubeadm {1}", [Node(node), phase, No])
        }
        Fact::PhaseEnded { node, phase } => {
            let phase = fixed(phase_name(phase));
            say("PhaseEnded", "{0}: kubeadm has finished {1}", [Node(node), phase, No])
        }
        Fact::PhaseFailed { node, phase } => {
            let phase = fixed(phase_name(phase));
            let words = "{0}: kubeadm has waited for 5 minutes for {1} and gives up";
            say("PhaseFailed", words, [Node(node), phase, No])
        }
        Fact::CheckFailed { node, check } => {
            let check = fixed(check_words(check));
            say("CheckFailed", "{0}: kubeadm refuses: {1}", [Node(node), check, No])
        }
        Fact::ManifestRestored { node, component } => {
            let words = "{0}: the old manifest of {1} is put back";
            say("ManifestRestored", words, [Node(node), fixed(component.as_str()), No])
        }
        Fact::CertificatesRenewed { node, component } => {
            let words = "{0}: the certificates of {1} are renewed";
            say(
                "CertificatesRenewed",
                words,
                [Node(node), fixed(component.as_str()), No],
            )
        }
        Fact::AdminConfRenewed { node } => {
            let words = "{0}: the certificate in admin.conf is renewed";
            of("AdminConfRenewed", words, Node(node))
        }
        Fact::CertificateExpired { node, component } => {
            let words = "{0}: the certificates of {1} expire";
            say("CertificateExpired", words, [Node(node), fixed(component.as_str()), No])
        }
        _ => return None,
    })
}

const fn phase_name(phase: Phase) -> &'static str {
    match phase {
        Phase::Preflight => "preflight",
        Phase::HealthCheck => "the health checks",
        Phase::Prepull => "pulling images",
        Phase::EtcdBackup => "the copy of etcd's data",
        Phase::Etcd => "etcd",
        Phase::ApiServer => "kube-apiserver",
        Phase::ControllerManager => "kube-controller-manager",
        Phase::Scheduler => "kube-scheduler",
        Phase::PostUpgrade => "the add-ons",
        Phase::UpgradeNode => "the node's configuration",
    }
}

fn of_process(fact: &Fact) -> Option<Said> {
    Some(match *fact {
        Fact::ComponentStopping { instance } => of("ComponentStopping", "{0} is asked to stop", Instance(instance)),
        Fact::ComponentStopped { instance, why } => {
            let why = fixed(words::stopped(why));
            say("ComponentStopped", "{0} {1}", [Instance(instance), why, No])
        }
        Fact::ComponentStarted { instance, version } => {
            let args = [Instance(instance), Version(version), No];
            say("ComponentStarted", "{0} starts, {1}", args)
        }
        Fact::ComponentServing { instance } => of("ComponentServing", "{0} answers requests", Instance(instance)),
        Fact::ComponentUnavailable { instance } => of(
            "ComponentUnavailable",
            "{0} does not answer any more",
            Instance(instance),
        ),
        Fact::LeaderLost { component } => of("LeaderLost", "no {0} leads", fixed(component.as_str())),
        Fact::LeaderElected { instance, component } => {
            let args = [Instance(instance), fixed(component.as_str()), No];
            say("LeaderElected", "{0} leads", args)
        }
        _ => return None,
    })
}

fn of_pod(preamble: &Preamble, fact: &Fact) -> Said {
    match *fact {
        Fact::PodCreated {
            pod, workload, slot, ..
        } => say(
            "PodCreated",
            "{0} is created",
            [Pod(pod), Workload(workload), Number(slot)],
        ),
        Fact::PodNotAdmitted { workload, webhook } => {
            let name = preamble.webhooks.get(webhook.index()).cloned().unwrap_or_default();
            let words = "no new pod for {0}: the webhook {1} has nobody to answer";
            say(
                "PodNotAdmitted",
                words,
                [Workload(workload), Arg::Words(name.into()), No],
            )
        }
        Fact::PodUnschedulable { pod, why } => {
            let why = Arg::Words(words::unfit(why).into());
            say("PodUnschedulable", "no node for {0}: {1}", [Pod(pod), why, No])
        }
        Fact::PodBound { pod, node } => say("PodBound", "{0} goes to {1}", [Pod(pod), Node(node), No]),
        Fact::PodReady { pod } => of("PodReady", "{0} is ready", Pod(pod)),
        Fact::PodUnready { pod } => of("PodUnready", "{0} is not ready", Pod(pod)),
        Fact::PodDeleted { pod, by } => {
            let who = fixed(match by {
                DeletedBy::Drain => "the drain",
                DeletedBy::User => "a user",
                DeletedBy::Controller => "its controller",
                DeletedBy::TaintManager => "the taint manager",
                DeletedBy::GarbageCollector => "the garbage collector",
                DeletedBy::Preemption => "the scheduler, for a pod of higher priority,",
            });
            say("PodDeleted", "{1} deletes {0}", [Pod(pod), who, No])
        }
        Fact::PodFinished { pod } => of("PodFinished", "{0} has done its work", Pod(pod)),
        Fact::PodFailed { pod } => of("PodFailed", "{0} has failed for good", Pod(pod)),
        Fact::PodRemoved { pod } => of("PodRemoved", "the object of {0} is gone", Pod(pod)),
        Fact::ContainersStarted { pod } => of("ContainersStarted", "the containers of {0} run", Pod(pod)),
        Fact::ContainersServing { pod } => of("ContainersServing", "{0} answers requests", Pod(pod)),
        Fact::ContainersStopped { pod, why } => of("ContainersStopped", stopped(why), Pod(pod)),
        Fact::EndpointReady { pod } => of("EndpointReady", "the endpoints list {0}", Pod(pod)),
        Fact::EndpointUnready { pod } => of("EndpointUnready", "the endpoints list {0} no longer", Pod(pod)),
        Fact::RouteReady { pod } => of("RouteReady", "requests are sent to {0}", Pod(pod)),
        Fact::RouteTerminating { pod } => {
            let words = "requests are sent to {0} only where nobody else is left";
            of("RouteTerminating", words, Pod(pod))
        }
        Fact::RouteRemoved { pod } => of("RouteRemoved", "no more requests are sent to {0}", Pod(pod)),
        _ => alone("", ""),
    }
}

const fn stopped(why: StopReason) -> &'static str {
    match why {
        StopReason::Terminated => "the containers of {0} have stopped",
        StopReason::Killed => "the containers of {0} are killed",
        StopReason::Crashed => "the containers of {0} crash",
        StopReason::Completed => "the containers of {0} have done their work",
        StopReason::NodeDown | StopReason::LostLease => "the containers of {0} are gone with their machine",
    }
}
