//! Pod topology spread: explicit constraints and the system's default ones (S-15, S-17 … S-19). Terminating pods do not
//! count.

use super::labels::{Asking, Domains, Labels};
use crate::cluster::hall::Hall;
use crate::ids::{ClassId, NodeId, PodId, ReplicaSetId};
use crate::model::behaviour::scheduler as behaviour;
use crate::model::{SpreadConstraint, TaintEffect};
use crate::trace::LifecycleTaint;

/// A domain without an eligible node.
const ABSENT: i64 = -1;

/// Which pods a constraint counts.
#[derive(Clone, Copy)]
enum Counted<'a> {
    ReplicaSet(ReplicaSetId),
    Classes(&'a [ClassId], Option<ReplicaSetId>),
}

impl<'a> Counted<'a> {
    fn of(constraint: &'a SpreadConstraint, ask: Asking<'_>, hall: &Hall<'_>) -> Self {
        if !behaviour::match_label_keys(ask.minor) {
            return Self::Classes(&constraint.all_classes, None);
        }
        let own = hall.store.pods[ask.pod].replica_set;
        Self::Classes(&constraint.classes, own.filter(|_| constraint.same_replica_set))
    }

    fn each(self, pod: PodId, hall: &Hall<'_>, mut f: impl FnMut(NodeId)) {
        let mut one = |other: PodId, node: NodeId| {
            if other != pod && !hall.store.pods[other].terminating && hall.store.nodes[node].exists {
                f(node);
            }
        };
        match self {
            Self::ReplicaSet(rs) => {
                for &other in &hall.store.replica_sets[rs].pods {
                    if let Some(node) = hall.store.pods[other].placed {
                        one(other, node);
                    }
                }
            }
            Self::Classes(classes, set) => {
                for &(other, node) in classes.iter().flat_map(|&class| &hall.store.placed[class]) {
                    if set.is_none_or(|set| hall.store.pods[other].replica_set == Some(set)) {
                        one(other, node);
                    }
                }
            }
        }
    }
}

/// Whether a node of the right labels counts for a constraint: node affinity and taints as its policies say.
fn eligible(
    constraint: Option<&SpreadConstraint>,
    ask: Asking<'_>,
    node: NodeId,
    labels: &Labels,
    hall: &Hall<'_>,
) -> bool {
    let policies = constraint.filter(|_| behaviour::node_inclusion_policies(ask.minor));
    if !policies.is_some_and(|c| c.ignores_affinity) && !labels.selects(ask.id, node) {
        return false;
    }
    !policies.is_some_and(|c| c.honors_taints) || tolerated(ask, node, hall)
}

fn tolerated(ask: Asking<'_>, node: NodeId, hall: &Hall<'_>) -> bool {
    let own = &hall.model.nodes[node].taints;
    let mut own = own.iter().filter(|t| t.effect != TaintEffect::PreferNoSchedule);
    let state = &hall.store.nodes[node];
    let mut lifecycle = super::fit::LIFECYCLE
        .iter()
        .filter(|&&(taint, ..)| state.taints.has(taint));
    own.all(|t| ask.class.tolerates(t)) && lifecycle.all(|&(taint, ..)| tolerates_lifecycle(ask, taint))
}

fn tolerates_lifecycle(ask: Asking<'_>, taint: LifecycleTaint) -> bool {
    super::fit::tolerated_lifecycle(ask.class) & (1 << taint as u8) != 0
}

/// A constraint while the filter runs.
#[derive(Debug, Default)]
struct Hard {
    by_domain: Vec<i64>,
    min: i64,
    own: i64,
}

/// The filter (DoNotSchedule).
#[derive(Debug, Default)]
pub(super) struct SpreadFilter {
    hard: Vec<Hard>,
}

/// The constraints that the filter looks at.
fn hard_of(constraints: &[SpreadConstraint]) -> impl Iterator<Item = &SpreadConstraint> {
    constraints.iter().filter(|c| c.hard)
}

impl SpreadFilter {
    /// Counts what the filter needs for a pod.
    pub(super) fn prepare(
        &mut self,
        ask: Asking<'_>,
        constraints: &[SpreadConstraint],
        labels: &Labels,
        hall: &Hall<'_>,
    ) {
        for (i, constraint) in hard_of(constraints).enumerate() {
            if self.hard.len() == i {
                self.hard.push(Hard::default());
            }
            let hard = &mut self.hard[i];
            let domains = labels.domains(constraint.topology);
            let counts = |node: NodeId| {
                hall.store.nodes[node].exists
                    && hard_of(constraints).all(|c| labels.domains(c.topology).at(node).is_some())
                    && eligible(Some(constraint), ask, node, labels, hall)
            };
            hard.by_domain.clear();
            hard.by_domain.resize(domains.count, ABSENT);
            for node in hall.model.nodes.ids().filter(|&n| counts(n)) {
                if let Some(domain) = domains.at(node) {
                    hard.by_domain[domain] = 0;
                }
            }
            let counted = Counted::of(constraint, ask, hall);
            counted.each(ask.pod, hall, |node| {
                if let Some(domain) = domains.at(node)
                    && counts(node)
                {
                    hard.by_domain[domain] += 1;
                }
            });
            let present = hard.by_domain.iter().filter(|&&n| n != ABSENT);
            let few = (present.clone().count() as u64) < u64::from(constraint.min_domains);
            hard.min = if few && behaviour::min_domains(ask.minor) {
                0
            } else {
                present.copied().min().unwrap_or(i64::from(i32::MAX))
            };
            let own = match counted {
                Counted::Classes(classes, _) => classes.binary_search(&ask.id).is_ok(),
                Counted::ReplicaSet(_) => true,
            };
            hard.own = i64::from(own);
        }
    }

    /// Whether a node passes; otherwise, whether removing pods from it could help.
    pub(super) fn check(&self, constraints: &[SpreadConstraint], node: NodeId, labels: &Labels) -> Option<bool> {
        for (constraint, hard) in hard_of(constraints).zip(&self.hard) {
            let Some(domain) = labels.domains(constraint.topology).at(node) else {
                return Some(false);
            };
            let matching = hard.by_domain[domain].max(0);
            if matching + hard.own - hard.min > i64::from(constraint.max_skew) {
                return Some(true);
            }
        }
        None
    }
}

/// A constraint while nodes are scored.
struct Soft<'a> {
    domains: &'a Domains,
    hostname: bool,
    skew: u32,
    counted: Counted<'a>,
    constraint: Option<&'a SpreadConstraint>,
}

/// The scorer (ScheduleAnyway).
#[derive(Debug, Default)]
pub(super) struct SpreadScore {
    by_domain: Vec<u32>,
    seen: Vec<bool>,
    sums: Vec<f64>,
}

impl SpreadScore {
    /// Adds the score (S-18).
    pub(super) fn add(
        &mut self,
        ask: Asking<'_>,
        nodes: &[NodeId],
        totals: &mut [i64],
        labels: &Labels,
        hall: &Hall<'_>,
    ) {
        let placement = ask.class.placement.as_deref();
        let own = placement.map_or(&[][..], |p| &p.spread);
        let modern = behaviour::modern_scores(ask.minor);
        if own.is_empty() {
            let default = placement.map_or(&[][..], |p| &p.default_spread);
            let counted = match hall.store.pods[ask.pod].replica_set {
                Some(rs) => Counted::ReplicaSet(rs),
                None if default.is_empty() => return,
                None => Counted::Classes(default, None),
            };
            let soft = |domains, hostname, skew| Soft {
                domains,
                hostname,
                skew,
                counted,
                constraint: None,
            };
            let both = [soft(&labels.hosts, true, 3), soft(&labels.zones, false, 5)];
            return self.score(ask, &both, !modern, (nodes, totals), (labels, hall));
        }
        let soft: Vec<Soft<'_>> = own
            .iter()
            .filter(|c| !c.hard)
            .map(|c| Soft {
                domains: labels.domains(c.topology),
                hostname: c.hostname,
                skew: c.max_skew,
                counted: Counted::of(c, ask, hall),
                constraint: Some(c),
            })
            .collect();
        if !soft.is_empty() {
            self.score(ask, &soft, true, (nodes, totals), (labels, hall));
        }
    }

    /// `all`: nodes that lack one of the labels are ignored; they get nothing.
    fn score(
        &mut self,
        ask: Asking<'_>,
        constraints: &[Soft<'_>],
        all: bool,
        (nodes, totals): (&[NodeId], &mut [i64]),
        (labels, hall): (&Labels, &Hall<'_>),
    ) {
        let complete = |node: NodeId| constraints.iter().all(|c| c.domains.at(node).is_some());
        let ignored = |node: NodeId| all && !complete(node);
        self.sums.clear();
        self.sums.resize(nodes.len(), 0.0);
        for soft in constraints {
            let domains = soft.domains;
            self.seen.clear();
            self.seen.resize(domains.count, false);
            for domain in nodes.iter().filter(|&&n| !ignored(n)).filter_map(|&n| domains.at(n)) {
                self.seen[domain] = true;
            }
            let size = if soft.hostname {
                nodes.iter().filter(|&&n| !ignored(n)).count()
            } else {
                self.seen.iter().filter(|&&seen| seen).count()
            };
            self.by_domain.clear();
            self.by_domain.resize(domains.count, 0);
            soft.counted.each(ask.pod, hall, |node| {
                let Some(domain) = domains.at(node) else { return };
                // Pods on the node itself count for the host name, others where their node is eligible.
                if soft.hostname || !ignored(node) && eligible(soft.constraint, ask, node, labels, hall) {
                    self.by_domain[domain] += 1;
                }
            });
            let weight = weight(size);
            for (sum, &node) in self.sums.iter_mut().zip(nodes) {
                if let Some(domain) = domains.at(node) {
                    *sum += f64::from(self.by_domain[domain]) * weight + f64::from(soft.skew - 1);
                }
            }
        }
        let modern = behaviour::modern_scores(ask.minor);
        let score = |sum: f64| whole(if modern { libm::round(sum) } else { sum });
        let (mut min, mut max) = (i64::MAX, 0);
        for (&node, &sum) in nodes.iter().zip(&self.sums) {
            if !ignored(node) {
                (min, max) = (min.min(score(sum)), max.max(score(sum)));
            }
        }
        for ((total, &node), &sum) in totals.iter_mut().zip(nodes).zip(&self.sums) {
            if !ignored(node) {
                *total += 2 * if max == 0 {
                    100
                } else {
                    100 * (max + min - score(sum)) / max
                };
            }
        }
    }
}

/// The weight of a constraint with so many domains (S-18).
pub(super) fn weight(domains: usize) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "far below 2^53 domains")]
    libm::log(domains as f64 + 2.0)
}

#[expect(clippy::cast_possible_truncation, reason = "Kubernetes truncates here")]
fn whole(score: f64) -> i64 {
    score as i64
}
