//! Why workloads were down, in plain English: found by walking the causes of facts.

use std::collections::BTreeSet;

use crate::ids::Id;
use crate::model::Component;
use crate::trace::WorkloadInfo;

use super::blame::{Loss, Why, Words};
use super::chain::Anchor;
use super::churn::{Churn, PATIENCE};
use super::control_plane::ControlPlane;
use super::missing::Down;
use super::outcome::list;
use super::pods::Pods;
use super::report::{Cause, LossReport};
use super::seconds;

/// A replacement that is created later than so many microseconds after the loss was late.
const LATE: u64 = 2_000_000;

/// Pods that were lost for the same reason.
struct Group {
    why: Why,
    count: usize,
    first: u64,
    last: Loss,
}

/// What is needed to explain the downtime of one workload.
pub(super) struct Explainer<'a> {
    pub(super) words: Words<'a>,
    pub(super) workload: &'a WorkloadInfo,
    pub(super) churn: &'a Churn,
    pub(super) pods: &'a Pods,
    pub(super) control_plane: &'a ControlPlane,
}

impl Explainer<'_> {
    /// A cause for each interval of downtime.
    pub(super) fn causes(&self, downs: &[Down]) -> Vec<Cause> {
        downs.iter().map(|down| self.cause(down)).collect()
    }

    fn cause(&self, down: &Down) -> Cause {
        // What was so from the start is no loss.
        let losses: Vec<Loss> = down.losses.iter().filter(|l| l.fact.is_some()).copied().collect();
        let lost = down.missing - (down.losses.len() - losses.len());
        let groups = self.groups(&losses);
        Cause {
            interval: [seconds(down.start), seconds(down.end)],
            why: format!(
                "{}; {}",
                self.beginning(lost, &losses, &groups),
                self.ending(&losses, down)
            ),
            losses: self.groups(&down.losses).iter().map(|g| self.loss(g)).collect(),
            fix: self.fix(&losses, &groups),
        }
    }

    fn loss(&self, group: &Group) -> LossReport {
        let who = quantity(group.count, self.workload.desired as usize);
        LossReport {
            replicas: group.count as u64,
            interval: [seconds(group.first), seconds(group.last.at)],
            why: self.words.clause(group.why, &who, group.count == 1),
            root: self.words.root(group.last.blame.way),
            fact: group.last.fact.map(|fact| fact.index() as u64),
        }
    }

    fn groups(&self, losses: &[Loss]) -> Vec<Group> {
        let mut groups: Vec<Group> = Vec::new();
        for loss in losses {
            let why = loss.blame.why(self.words.chain);
            match groups.iter_mut().find(|g| g.why == why) {
                Some(group) => {
                    group.count += 1;
                    group.last = *loss;
                }
                None => groups.push(Group {
                    why,
                    count: 1,
                    first: loss.at,
                    last: *loss,
                }),
            }
        }
        groups
    }

    /// How it came that nothing was left.
    fn beginning(&self, lost: usize, losses: &[Loss], groups: &[Group]) -> String {
        let desired = self.workload.desired as usize;
        if losses.is_empty() {
            return match desired {
                1 => "its only replica was not ready before".into(),
                _ => "no replica was ready before".into(),
            };
        }
        let mut text = match groups {
            [only]
                if lost == desired
                    && let Why::Anchor(Anchor::Drained(node)) = only.why =>
            {
                format!(
                    "{} {} on {}{}: draining it evicted {} {}",
                    quantity(lost, desired),
                    if desired == 1 { "was" } else { "were" },
                    self.words.node(node),
                    self.unprotected(),
                    if desired == 1 { "it" } else { "them" },
                    when(only.first, only.last.at),
                )
            }
            _ if groups.len() > 3 || lost > losses.len() => {
                let nodes = losses.iter().filter_map(|l| l.node);
                let nodes: BTreeSet<&str> = nodes.map(|n| self.words.node(n)).collect();
                let nodes: Vec<&str> = nodes.into_iter().collect();
                let (first, last) = (losses.first(), losses.last());
                format!(
                    "{} on {} {} lost {}",
                    quantity(lost, desired),
                    list(&nodes),
                    if lost == 1 { "was" } else { "were" },
                    when(first.map_or(0, |l| l.at), last.map_or(0, |l| l.at)),
                )
            }
            _ => {
                let clauses: Vec<String> = groups.iter().map(|g| self.clause(g)).collect();
                clauses.join(", then ")
            }
        };
        match desired.saturating_sub(lost) {
            0 => {}
            1 => text.push_str("; the other one was not ready at that time"),
            n => text.push_str(&format!("; the other {n} were not ready at that time")),
        }
        text
    }

    /// In brackets: what could have kept the replicas apart and on their node, and does not.
    fn unprotected(&self) -> &'static str {
        let w = self.workload;
        match (w.kept_apart, w.budgets.is_empty()) {
            _ if w.desired < 2 => "",
            (false, true) => " (no spread constraint, no budget)",
            (false, false) => " (no spread constraint)",
            (true, true) => " (no budget)",
            (true, false) => "",
        }
    }

    fn clause(&self, group: &Group) -> String {
        let who = quantity(group.count, self.workload.desired as usize);
        let what = self.words.clause(group.why, &who, group.count == 1);
        format!("{what} {}", when(group.first, group.last.at))
    }

    /// How it came back.
    fn ending(&self, losses: &[Loss], down: &Down) -> String {
        let many = losses.len() > 1;
        let (at, Some(id)) = (down.end, down.back) else {
            return self.no_return(losses);
        };
        let pod = self.pods.get(id);
        let new = pod.is_some_and(|p| p.new && losses.iter().all(|l| l.pod != Some(id)));
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
        let lost = losses.first().map_or(pod.created, |l| l.at);
        let created = if pod.created > lost.saturating_add(LATE) {
            let idle = self.idle(Component::ControllerManager, lost, pod.created);
            format!("was created only at {}{idle}", clock(pod.created))
        } else {
            format!("was created at {}", clock(pod.created))
        };
        let bound = pod.bound.unwrap_or(at);
        let node = pod.node.map_or("a node", |node| self.words.node(node));
        let start_up = clock(at.saturating_sub(bound));
        let (bound, verb) = if bound > pod.created.saturating_add(PATIENCE) {
            let idle = self.idle(Component::Scheduler, pod.created, bound);
            (
                format!("waited {} for {node}{idle}", clock(bound - pod.created)),
                "was ",
            )
        } else {
            (format!("scheduled to {node}"), "")
        };
        format!(
            "{who} {created}, {bound} and {verb}ready at {} (start-up {start_up})",
            clock(at)
        )
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
        let next = losses.iter().filter_map(|l| self.churn.slots.get(&l.slot)?.pod);
        let homeless = next.filter_map(|id| self.pods.get(id));
        if homeless.filter(|p| p.new && p.bound.is_none()).count() > 0 {
            return "no node had been found for a replacement when the run ended".into();
        }
        "none was ready when the run ended".into()
    }

    /// The smallest change that helps.
    fn fix(&self, losses: &[Loss], groups: &[Group]) -> Option<String> {
        let w = self.workload;
        if groups.is_empty() || groups.iter().any(|g| g.why == Why::Anchor(Anchor::RolledOut)) {
            return None;
        }
        if w.kind == "Pod" {
            return Some("let a Deployment with at least 2 replicas run it".into());
        }
        if w.desired == 1 {
            return Some("run at least 2 replicas".into());
        }
        let drained = |g: &Group| matches!(g.why, Why::Anchor(Anchor::Drained(_)));
        if groups.iter().any(drained) && w.budgets.is_empty() {
            return Some("add a PodDisruptionBudget with minAvailable 1".into());
        }
        let node = losses.first().and_then(|l| l.node);
        let crashed = |g: &Group| matches!(g.why, Why::Anchor(Anchor::NodeCrashed(_) | Anchor::NodeNotReady(_)));
        if node.is_some() && losses.iter().all(|l| l.node == node) && groups.iter().all(crashed) {
            return Some("spread the replicas over several nodes".into());
        }
        None
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
