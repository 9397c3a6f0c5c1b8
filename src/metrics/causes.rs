//! Why workloads were down, in plain English: found by walking the causes of facts.

use std::collections::BTreeSet;

use crate::ids::{Id, NodeId};
use crate::model::Component;
use crate::trace::{DeletedBy, Fact, Preamble, StopReason, WorkloadInfo};

use super::chain::Chain;
use super::churn::{Churn, PATIENCE};
use super::control_plane::ControlPlane;
use super::downs::{Down, Downs, EXPLAINED, Loss, REMEMBERED};
use super::outcome::{deed, list};
use super::pods::Pods;
use super::report::Cause;
use super::seconds;

/// A replacement that is created later than so many microseconds after the loss was late.
const LATE: u64 = 2_000_000;

/// Why pods were lost, as far as it can be told in a clause.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Why {
    Drained(NodeId),
    NodeCrashed(NodeId),
    Fault(u32),
    Step(u32),
    RolledOut,
    NodeNotReady(NodeId),
    KubeletStopped(NodeId),
    Deleted(DeletedBy),
    Stopped(StopReason),
    Unready,
}

/// Pods that were lost for the same reason.
struct Group {
    why: Why,
    count: usize,
    first: u64,
    last: u64,
}

/// What is needed to explain the downtime of one workload.
pub(super) struct Explainer<'a> {
    pub(super) preamble: &'a Preamble,
    pub(super) workload: &'a WorkloadInfo,
    pub(super) churn: &'a Churn,
    pub(super) pods: &'a Pods,
    pub(super) chain: &'a Chain,
    pub(super) control_plane: &'a ControlPlane,
}

impl Explainer<'_> {
    /// A line for each interval of downtime (microseconds), as far as lines are not too many.
    pub(super) fn causes(&self, outages: &[(u64, u64)], downs: &Downs) -> Vec<Cause> {
        let mut causes: Vec<Cause> = outages
            .iter()
            .take(EXPLAINED)
            .map(|&(start, end)| {
                let down = downs.downs.iter().find(|d| d.start == start);
                self.cause(start, end, down)
            })
            .collect();
        if let (Some(&(start, _)), Some(&(_, end))) = (outages.get(EXPLAINED), outages.last()) {
            let more = outages.len() - EXPLAINED;
            let times = if more == 1 { "time" } else { "times" };
            causes.push(Cause {
                interval: [seconds(start), seconds(end)],
                why: format!("it was down {more} more {times}"),
                fix: None,
            });
        }
        causes
    }

    fn cause(&self, start: u64, end: u64, down: Option<&Down>) -> Cause {
        let mut losses: Vec<Loss> = Vec::new();
        for loss in down.map_or(&[][..], |d| &d.losses).iter().rev() {
            if losses.iter().all(|known| known.pod != loss.pod) {
                losses.push(*loss);
            }
        }
        losses.reverse();
        losses.sort_by_key(|loss| loss.at);
        let desired = self.workload.desired as usize;
        if losses.len() > desired {
            losses.drain(..losses.len() - desired);
        }
        let groups = self.groups(&losses);
        let why = format!("{}; {}", self.beginning(&losses, &groups), self.ending(&losses, down));
        Cause {
            interval: [seconds(start), seconds(end)],
            why,
            fix: self.fix(&losses, &groups),
        }
    }

    fn why(&self, loss: &Loss) -> Why {
        let from = loss.deleted.map_or(loss.fact, |(fact, _)| fact);
        let mut best = match (loss.deleted, loss.stopped) {
            (Some((_, by)), _) => (8, Why::Deleted(by)),
            (None, Some(why)) => (8, Why::Stopped(why)),
            (None, None) => (9, Why::Unready),
        };
        for record in self.chain.roots(from) {
            let found = match record.fact {
                Fact::DrainStarted { node, .. } => (0, Why::Drained(node)),
                Fact::NodeCrashed { node } => (1, Why::NodeCrashed(node)),
                Fact::FaultInjected { fault } => (2, Why::Fault(fault)),
                Fact::StepStarted { step } => (3, Why::Step(step)),
                Fact::RolloutStarted { .. } => (4, Why::RolledOut),
                Fact::NodeNotReady { node } => (5, Why::NodeNotReady(node)),
                Fact::KubeletStopped { node } => (6, Why::KubeletStopped(node)),
                _ => continue,
            };
            if found.0 < best.0 {
                best = found;
            }
        }
        best.1
    }

    fn groups(&self, losses: &[Loss]) -> Vec<Group> {
        let mut groups: Vec<Group> = Vec::new();
        for loss in losses {
            let why = self.why(loss);
            match groups.iter_mut().find(|g| g.why == why) {
                Some(group) => {
                    group.count += 1;
                    group.last = group.last.max(loss.at);
                }
                None => groups.push(Group {
                    why,
                    count: 1,
                    first: loss.at,
                    last: loss.at,
                }),
            }
        }
        groups
    }

    /// How it came that nothing was left.
    fn beginning(&self, losses: &[Loss], groups: &[Group]) -> String {
        let desired = self.workload.desired as usize;
        if losses.is_empty() {
            return match desired {
                1 => "its only replica was not ready before".into(),
                _ => "no replica was ready before".into(),
            };
        }
        let all = losses.len() == desired;
        let mut text = match groups {
            [only] if all && let Why::Drained(node) = only.why => format!(
                "{} {} on {}: draining it evicted {} {}",
                quantity(losses.len(), desired),
                if desired == 1 { "was" } else { "were" },
                self.node(node),
                if desired == 1 { "it" } else { "them" },
                when(only.first, only.last),
            ),
            _ if groups.len() > 3 => {
                let nodes: BTreeSet<&str> = losses.iter().filter_map(|l| l.node).map(|n| self.node(n)).collect();
                let nodes: Vec<&str> = nodes.into_iter().collect();
                let (first, last) = (losses.first(), losses.last());
                format!(
                    "{} on {} {} lost {}",
                    quantity(losses.len(), desired),
                    list(&nodes),
                    if losses.len() == 1 { "was" } else { "were" },
                    when(first.map_or(0, |l| l.at), last.map_or(0, |l| l.at)),
                )
            }
            _ => {
                let clauses: Vec<String> = groups.iter().map(|g| self.clause(g)).collect();
                clauses.join(", then ")
            }
        };
        let others = desired.saturating_sub(losses.len());
        if others > 0 && losses.len() < REMEMBERED / 2 {
            text.push_str(&match others {
                1 => "; the other one was not ready at that time".into(),
                n => format!("; the other {n} were not ready at that time"),
            });
        }
        text
    }

    fn clause(&self, group: &Group) -> String {
        let who = quantity(group.count, self.workload.desired as usize);
        let was = if group.count == 1 { "was" } else { "were" };
        let at = when(group.first, group.last);
        match group.why {
            Why::Drained(node) => format!("draining {} evicted {who} {at}", self.node(node)),
            Why::NodeCrashed(node) => {
                format!("{} crashed, and {who} with it {at}", self.node(node))
            }
            Why::Fault(fault) => {
                let words = self.preamble.faults.get(fault as usize);
                let words = words.map_or("", |fault| deed(fault));
                format!("a fault ({words}) hit {who} {at}")
            }
            Why::Step(step) => {
                let words = self.preamble.steps.get(step as usize);
                let words = words.map_or("", String::as_str);
                format!("step {} ({words}) hit {who} {at}", u64::from(step) + 1)
            }
            Why::RolledOut => format!("a rollout replaced {who} {at}"),
            Why::NodeNotReady(node) => {
                format!("{} was not ready, and {who} with it {at}", self.node(node))
            }
            Why::KubeletStopped(node) => {
                format!(
                    "the kubelet of {} stopped, and {who} {was} unready {at}",
                    self.node(node)
                )
            }
            Why::Deleted(by) => {
                let by = match by {
                    DeletedBy::Drain => "a drain",
                    DeletedBy::User => "a user",
                    DeletedBy::Controller => "a controller",
                    DeletedBy::TaintManager => "the taint manager",
                    DeletedBy::GarbageCollector => "the pod garbage collector",
                    DeletedBy::Preemption => "the scheduler, for a pod of higher priority,",
                };
                format!("{by} deleted {who} {at}")
            }
            Why::Stopped(StopReason::Crashed) => format!("the containers of {who} crashed {at}"),
            Why::Stopped(_) => format!("the containers of {who} stopped {at}"),
            Why::Unready => format!("{who} became unready {at}"),
        }
    }

    /// How it came back.
    fn ending(&self, losses: &[Loss], down: Option<&Down>) -> String {
        let back = down.and_then(|d| Some((d.end?, d.back?)));
        let many = losses.len() > 1;
        let Some((at, id)) = back else {
            return self.no_return(losses);
        };
        let pod = self.pods.get(id);
        let new = pod.is_some_and(|p| p.new && losses.iter().all(|l| l.pod != id));
        let Some(pod) = pod.filter(|_| new) else {
            return match (losses.is_empty(), many) {
                (true, _) if self.workload.desired == 1 => format!("it was ready at {}", clock(at)),
                (true, _) => format!("the first one was ready at {}", clock(at)),
                (_, true) => format!("the first of them was ready again at {}", clock(at)),
                _ => format!("it was ready again at {}", clock(at)),
            };
        };
        let who = if many {
            "the first replacement"
        } else {
            "the replacement"
        };
        let mut deeds = Vec::new();
        let lost = losses.first().map_or(pod.created, |l| l.at);
        if pod.created > lost.saturating_add(LATE) {
            let idle = self.idle(Component::ControllerManager, lost, pod.created);
            deeds.push(format!("was created only at {}{idle}", clock(pod.created)));
        }
        let bound = pod.bound.unwrap_or(at);
        if bound > pod.created.saturating_add(PATIENCE) {
            let idle = self.idle(Component::Scheduler, pod.created, bound);
            deeds.push(format!("waited {} for a node{idle}", clock(bound - pod.created)));
        }
        deeds.push(format!("was ready at {}", clock(at)));
        format!("{who} {}", list(&deeds))
    }

    /// In brackets: what kept a component from acting.
    fn idle(&self, component: Component, from: u64, to: u64) -> String {
        match self.control_plane.idle_between(component, from, to) {
            Some((what, until)) => format!(" ({what} until {})", clock(until)),
            None => String::new(),
        }
    }

    /// Why it did not come back.
    fn no_return(&self, losses: &[Loss]) -> String {
        if !self.workload.owned {
            return "nobody recreates it".into();
        }
        let places = losses.iter().filter_map(|l| self.pods.get(l.pod));
        let next = places.filter_map(|p| self.churn.slots.get(&p.slot)?.pod);
        let homeless = next.filter_map(|id| self.pods.get(id));
        if homeless.filter(|p| p.new && p.bound.is_none()).count() > 0 {
            return "no node had been found for a replacement when the run ended".into();
        }
        "none was ready when the run ended".into()
    }

    /// The smallest change that helps.
    fn fix(&self, losses: &[Loss], groups: &[Group]) -> Option<String> {
        let w = self.workload;
        if groups.is_empty() || groups.iter().any(|g| g.why == Why::RolledOut) {
            return None;
        }
        if w.kind == "Pod" {
            return Some("let a Deployment with at least 2 replicas run it".into());
        }
        if w.desired == 1 {
            return Some("run at least 2 replicas".into());
        }
        let drained = |g: &Group| matches!(g.why, Why::Drained(_));
        if groups.iter().any(drained) && w.budgets.is_empty() {
            return Some("add a PodDisruptionBudget with minAvailable 1".into());
        }
        let node = losses.first().and_then(|l| l.node);
        let crashed = |g: &Group| matches!(g.why, Why::NodeCrashed(_) | Why::NodeNotReady(_));
        if node.is_some() && losses.iter().all(|l| l.node == node) && groups.iter().all(crashed) {
            return Some("spread the replicas over several nodes".into());
        }
        None
    }

    fn node(&self, id: NodeId) -> &str {
        let node = self.preamble.nodes.get(id.index());
        node.map_or("a node", |node| node.name.as_str())
    }
}

/// How many of how many, as people say it.
fn quantity(count: usize, desired: usize) -> String {
    match (count, desired) {
        (1, 1) => "its only replica".into(),
        (2, 2) => "both replicas".into(),
        (n, d) if n == d => format!("all {n} replicas"),
        (n, d) => format!("{n} of {d} replicas"),
    }
}

/// A time in seconds with one decimal.
fn clock(micros: u64) -> String {
    format!("{:.1} s", seconds(micros))
}

/// One time, or two where they differ by a second or more.
fn when(first: u64, last: u64) -> String {
    if last < first.saturating_add(1_000_000) {
        format!("at {}", clock(first))
    } else {
        format!("between {} and {}", clock(first), clock(last))
    }
}
