//! How the plan ended, in words.

use crate::ids::{DrainId, Id, PodId};
use crate::model::Component;
use crate::trace::{ApiError, DrainOutcome, NodeResult, NotDrainable, Phase, PlanStatus, Preamble, RefusalReason};

use super::nodes::{Drain, Nodes};
use super::pods::Pods;
use super::report::Outcome;
use super::versions::{Failure, check_words};

/// How many names a sentence bears.
const NAMES: usize = 3;

/// What is needed to put the end of a plan into words.
pub(super) struct Ending<'a> {
    pub(super) preamble: &'a Preamble,
    pub(super) pods: &'a Pods,
    pub(super) nodes: &'a Nodes,
    /// How kubeadm failed last.
    pub(super) failure: Option<&'a Failure>,
    /// The status; `None`: the plan had not ended when the run did.
    pub(super) status: Option<PlanStatus>,
    /// The last step that did not end as its author expected.
    pub(super) failed_step: Option<u32>,
    /// The end of the run in seconds.
    pub(super) end: f64,
}

impl Ending<'_> {
    pub(super) fn outcome(&self) -> Outcome {
        let no_plan = if self.preamble.plan.is_none() {
            PlanStatus::Completed
        } else {
            PlanStatus::Inconclusive
        };
        let status = self.status.unwrap_or(no_plan);
        let reason = match status {
            PlanStatus::Completed => None,
            PlanStatus::CompletedWithSkips => Some(self.left_out()),
            PlanStatus::Aborted => Some(self.aborted()),
            PlanStatus::Blocked => Some(self.blocked()),
            PlanStatus::Refused => Some(self.refused()),
            PlanStatus::Inconclusive => Some(self.inconclusive()),
        };
        Outcome {
            status,
            reason,
            proof: None,
        }
    }

    fn node(&self, index: usize) -> &str {
        let node = self.preamble.nodes.get(index);
        node.map_or("a node", |node| node.name.as_str())
    }

    fn left_out(&self) -> String {
        let skipped: Vec<&str> = self.names(NodeResult::Skipped);
        let quarantined: Vec<&str> = self.names(NodeResult::Quarantined);
        let mut parts = Vec::new();
        if !skipped.is_empty() {
            parts.push(format!("left out: {}", list(&skipped)));
        }
        if !quarantined.is_empty() {
            parts.push(format!("left cordoned: {}", list(&quarantined)));
        }
        if parts.is_empty() {
            return "some nodes were left out".into();
        }
        if let Some(id) = self.nodes.failed {
            parts.push(self.failure(id));
        }
        parts.join("; ")
    }

    fn names(&self, result: NodeResult) -> Vec<&str> {
        let nodes = self.nodes.with_result(result);
        nodes.map(|i| self.node(i)).collect()
    }

    fn aborted(&self) -> String {
        if self.nodes.rolled_back {
            return "rolled back: the old nodes take pods again, the new ones are gone".into();
        }
        if let Some(node) = self.nodes.gate_closed {
            return format!(
                "after {} what the plan waits for did not come in time",
                self.node(node.index())
            );
        }
        if let Some(reason) = self.no_machine() {
            return reason;
        }
        if let Some(id) = self.nodes.failed {
            return self.failure(id);
        }
        if let Some(Failure::Phase(node, phase, restored)) = self.failure {
            return self.rolled_back(node.index(), *phase, restored);
        }
        if let Some(step) = self.failed_step {
            let words = self.preamble.steps.get(step as usize);
            let words = words.map_or("", String::as_str);
            return format!("step {} ({words}) did not end as the plan expects", u64::from(step) + 1);
        }
        match self.nodes.with_result(NodeResult::Failed).last() {
            Some(node) => format!("the upgrade of {} failed", self.node(node)),
            None => "the plan gave up".into(),
        }
    }

    /// What stood in the way of a new node, where no drain did.
    fn no_machine(&self) -> Option<String> {
        if self.nodes.failed.is_some() {
            return None;
        }
        if let Some((node, times)) = self.nodes.not_created {
            let times = match times {
                1 => "once".into(),
                n => format!("{n} times"),
            };
            let node = self.node(node.index());
            return Some(format!("the new node {node} did not come: it was asked for {times}"));
        }
        let node = self.node(self.nodes.refused?.index());
        Some(format!(
            "a new node in the place of {node} was refused: the pool has as many as it can have"
        ))
    }

    /// kubeadm's words for a component that did not come up, and what it put back (K-17).
    fn rolled_back(&self, node: usize, phase: Phase, restored: &[Component]) -> String {
        let component = match phase {
            Phase::Etcd => "etcd",
            Phase::ApiServer => "kube-apiserver",
            Phase::ControllerManager => "kube-controller-manager",
            _ => "kube-scheduler",
        };
        let names: Vec<&str> = restored.iter().map(|c| c.as_str()).collect();
        format!(
            "kubeadm failed on {}: the new {component} did not come up within 5 minutes; it put back the old manifests of {}",
            self.node(node),
            list(&names)
        )
    }

    fn refused(&self) -> String {
        match self.failure {
            Some(Failure::Versions(node, words)) => {
                return format!("kubeadm refused to upgrade {}: {words}", self.node(node.index()));
            }
            Some(Failure::Check(node, check)) => {
                let words = check_words(*check);
                return format!("kubeadm refused to upgrade {}: {words}", self.node(node.index()));
            }
            _ => {}
        }
        let last = self.nodes.with_result(NodeResult::Failed).last();
        match last.or_else(|| self.nodes.working().next()) {
            Some(node) => format!("kubeadm refused to upgrade {}", self.node(node)),
            None => "kubeadm refused the upgrade".into(),
        }
    }

    fn inconclusive(&self) -> String {
        let at = self.end;
        let mut reason = format!("the run ended at {at:.1} s, before the plan did");
        let working: Vec<&str> = self.nodes.working().map(|i| self.node(i)).collect();
        if !working.is_empty() {
            reason.push_str(&format!(", at work on {}", list(&working)));
        }
        reason
    }

    /// Why a drain failed, in kubectl's words.
    fn failure(&self, id: DrainId) -> String {
        let Some(drain) = self.nodes.drain(id) else {
            return "a drain failed".into();
        };
        let node = self.node(drain.node.index());
        match drain.outcome {
            DrainOutcome::Refused => {
                format!("drain of {node} failed: {}", self.objections(drain))
            }
            DrainOutcome::TimedOut => match drain.refused {
                Some(_) => format!("drain of {node} timed out: {}", self.refusal(drain)),
                None => format!("drain of {node} timed out"),
            },
            _ => match drain.failure {
                Some((pod, error)) => {
                    let pod = self.pods.name(self.preamble, pod);
                    let error = match error {
                        ApiError::Unavailable => "the API was away",
                        ApiError::ManyBudgets => {
                            "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
                        }
                        ApiError::Timeout => "global timeout reached",
                    };
                    format!("drain of {node} failed: error when evicting pod {pod}: {error}")
                }
                None => format!("drain of {node} failed: the API did not answer"),
            },
        }
    }

    fn objections(&self, drain: &Drain) -> String {
        let parts = [
            NotDrainable::DaemonSet,
            NotDrainable::LocalStorage,
            NotDrainable::Unmanaged,
        ]
        .into_iter()
        .filter_map(|reason| {
            let pods = drain.objections.iter().filter(|o| o.1 == reason);
            let pods: Vec<PodId> = pods.map(|o| o.0).collect();
            let first = pods.iter().take(NAMES);
            let mut names: Vec<String> = first.map(|&p| self.pods.name(self.preamble, p)).collect();
            if pods.len() > NAMES {
                names.push(format!("and {} more", pods.len() - NAMES));
            }
            let words = not_drainable(reason);
            (!names.is_empty()).then(|| format!("{words}: {}", names.join(", ")))
        });
        parts.collect::<Vec<_>>().join("; ")
    }

    fn blocked(&self) -> String {
        let waiting: Vec<&Drain> = self.nodes.unfinished().collect();
        let first = waiting.iter().find(|d| d.refused.is_some());
        if let Some(&drain) = first.or(waiting.first()) {
            let node = self.node(drain.node.index());
            let mut reason = match drain.refused {
                Some(_) => format!("drain of {node} waits for {}", self.refusal(drain)),
                None => format!("drain of {node} does not end"),
            };
            if waiting.len() > 1 {
                let others = waiting.len() - 1;
                reason.push_str(&format!(
                    "; so {} {others} more",
                    if others == 1 { "does" } else { "do" }
                ));
            }
            let alert = self.nodes.overdue.iter().find(|(overdue, _)| *overdue == drain.node);
            if let Some((_, at)) = alert {
                let at = std::time::Duration::from_micros(*at).as_secs_f64();
                reason.push_str(&format!("; an alert was raised at {at:.1} s"));
            }
            return reason;
        }
        if let Some(reason) = self.no_machine() {
            return reason;
        }
        if self.nodes.failed.is_some() {
            return self.aborted();
        }
        match self.nodes.working().next() {
            Some(node) => format!("{} does not become what the plan waits for", self.node(node)),
            None => "the plan makes no more progress".into(),
        }
    }

    /// Which pod is refused, by which budget, how often.
    fn refusal(&self, drain: &Drain) -> String {
        let Some((pod, budget, reason)) = drain.refused else {
            return String::new();
        };
        let name = self.pods.name(self.preamble, pod);
        let state = self.pods.get(pod);
        let owner = state.and_then(|p| self.preamble.workloads.get(p.workload.index()));
        let owner = owner.map_or(String::new(), |w| {
            if w.kind == "Pod" {
                String::new()
            } else {
                format!(" ({} {})", w.kind, w.name)
            }
        });
        let budget = self.preamble.budgets.get(budget.index());
        let budget = budget.map_or_else(
            || "a budget".into(),
            |b| format!("budget {}/{} ({})", b.namespace, b.name, b.limit),
        );
        let says = match reason {
            RefusalReason::BudgetExhausted => "allows 0 disruptions",
            RefusalReason::StillProcessed => "is still being processed",
        };
        let times = state.map_or(0, |p| p.refusals);
        let times = match times {
            1 => "refused once".into(),
            n => format!("refused {n} times"),
        };
        format!("pod {name}{owner}: {budget} {says}; {times}")
    }
}

/// kubectl's words for a pod that it does not touch.
pub(crate) const fn not_drainable(reason: NotDrainable) -> &'static str {
    match reason {
        NotDrainable::DaemonSet => "cannot delete DaemonSet-managed Pods (use --ignore-daemonsets to ignore)",
        NotDrainable::LocalStorage => "cannot delete Pods with local storage (use --delete-emptydir-data to override)",
        NotDrainable::Unmanaged => "cannot delete Pods that declare no controller (use --force to override)",
    }
}

/// What a fault does, without the time that stands before it in its description (`at 5.0s: worker-2 crashes`).
pub(crate) fn deed(fault: &str) -> &str {
    fault.split_once(": ").map_or(fault, |(_, deed)| deed)
}

/// A list in prose: `a`, `a and b`, `a, b and c`; long lists are cut short.
pub(crate) fn list<T: AsRef<str>>(items: &[T]) -> String {
    let shown: Vec<&str> = items.iter().take(NAMES + 2).map(AsRef::as_ref).collect();
    let more = items.len() - shown.len();
    match shown.split_last() {
        None => String::new(),
        Some(_) if more > 0 => format!("{} and {more} more", shown.join(", ")),
        Some((last, [])) => (*last).into(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
    }
}
