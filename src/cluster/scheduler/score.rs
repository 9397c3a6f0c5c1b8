//! Scores: which of the feasible nodes is best (S-13, S-16 … S-19). Integers, as in Kubernetes, because ties matter.

use super::labels::{Asking, Labels};
use super::neighbours::Neighbours;
use super::spread::SpreadScore;
use crate::cluster::hall::Hall;
use crate::ids::{ClassId, IdVec, NodeId};
use crate::model::behaviour::scheduler as behaviour;
use crate::model::{Model, Premark, TaintEffect};
use crate::rng::Ties;
use crate::trace::LifecycleTaint;
use crate::units::Resources;

/// The scorers, with their scratch space.
#[derive(Debug)]
pub(super) struct Scorer {
    spread: SpreadScore,
    totals: Vec<i64>,
    /// Whether any node has, or gets, a PreferNoSchedule taint.
    pub(super) soft_taints: bool,
    /// Classes that tolerate the taint of nodes whose upgrade is pending.
    premark_ignored: IdVec<ClassId, bool>,
    /// Classes that tolerate the taint of nodes that the autoscaler does not need.
    candidates_ignored: IdVec<ClassId, bool>,
}

impl Scorer {
    pub(super) fn new(model: &Model) -> Self {
        let soft = |t: &crate::model::Taint| t.effect == TaintEffect::PreferNoSchedule;
        let pools = model.plan.iter().flat_map(|p| &p.pools);
        let premarks = pools
            .into_iter()
            .any(|p| p.strategy.premark == Premark::PreferNoSchedule);
        let ignored = |key: &str| {
            let taint = crate::model::Taint {
                key: key.into(),
                value: String::new(),
                effect: TaintEffect::PreferNoSchedule,
            };
            model.classes.iter().map(|c| c.tolerates(&taint)).collect()
        };
        Self {
            spread: SpreadScore::default(),
            totals: Vec::new(),
            soft_taints: model.nodes.iter().any(|n| n.taints.iter().any(soft))
                || premarks
                || model.autoscaler.is_some(),
            premark_ignored: ignored("seatrial.dev/upgrade-pending"),
            candidates_ignored: ignored("DeletionCandidateOfClusterAutoscaler"),
        }
    }

    /// The best node; ties are broken at random (S-13).
    pub(super) fn best(
        &mut self,
        ask: Asking<'_>,
        nodes: &[NodeId],
        ties: &mut Ties,
        judges: (&Labels, &mut Neighbours),
        hall: &Hall<'_>,
    ) -> NodeId {
        self.rate(ask, nodes, judges, hall);
        let (mut best, mut score, mut equals) = (nodes[0], i64::MIN, 0);
        for (&node, &total) in nodes.iter().zip(&self.totals) {
            if total > score {
                (best, score, equals) = (node, total, 1);
            } else if total == score {
                equals += 1;
                if ties.below(equals) == 0 {
                    best = node;
                }
            }
        }
        best
    }

    /// The total score of each node.
    pub(super) fn rate(
        &mut self,
        ask: Asking<'_>,
        nodes: &[NodeId],
        (labels, neighbours): (&Labels, &mut Neighbours),
        hall: &Hall<'_>,
    ) -> &[i64] {
        let modern = behaviour::modern_scores(ask.minor);
        self.totals.clear();
        for &node in nodes {
            self.totals.push(resources(ask.class, node, modern, hall));
        }
        self.spread.add(ask, nodes, &mut self.totals, labels, hall);
        if self.soft_taints {
            self.add_soft_taints(ask.id, nodes, modern, hall);
        }
        if let Some(placement) = &ask.class.placement {
            labels.add_preferred(ask.id, nodes, modern, &mut self.totals);
            neighbours.score(placement, nodes, modern, &mut self.totals, (labels, hall));
        }
        &self.totals
    }

    fn add_soft_taints(&mut self, id: ClassId, nodes: &[NodeId], modern: bool, hall: &Hall<'_>) {
        let class = &hall.model.classes[id];
        let repels = |node: NodeId| {
            let has = hall.store.nodes[node].taints;
            let marked = has.has(LifecycleTaint::UpgradePending) && !self.premark_ignored[id];
            let candidate = has.has(LifecycleTaint::DeletionCandidate) && !self.candidates_ignored[id];
            let taints = hall.model.nodes[node].taints.iter();
            let soft = taints.filter(|t| t.effect == TaintEffect::PreferNoSchedule && !class.tolerates(t));
            i64::try_from(soft.count()).unwrap_or(0) + i64::from(marked) + i64::from(candidate)
        };
        let max = nodes.iter().map(|&n| repels(n)).max().unwrap_or(0);
        if max == 0 {
            return;
        }
        let weight = if modern { 3 } else { 1 };
        for (total, &node) in self.totals.iter_mut().zip(nodes) {
            *total += weight * (100 - 100 * repels(node) / max);
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "Kubernetes truncates here")]
fn whole(score: f64) -> i64 {
    score as i64
}

/// LeastAllocated plus BalancedAllocation (S-16).
pub(super) fn resources(class: &crate::model::PodClass, node: NodeId, modern: bool, hall: &Hall<'_>) -> i64 {
    let (have, state) = (hall.spec(node).allocatable, &hall.store.nodes[node]);
    let nonzero = plus(state.nonzero, class.nonzero);
    let least = (least(nonzero.cpu, have.cpu) + least(nonzero.memory, have.memory)) / 2;
    let balanced = if !modern {
        balance_old(nonzero, have)
    } else if class.requests.cpu == 0 && class.requests.memory == 0 {
        0
    } else {
        let with = balance(plus(state.used, class.requests), have);
        let without = balance(state.used, have);
        50 + (50 + with - without) / 2
    };
    least + balanced
}

fn plus(a: Resources, b: Resources) -> Resources {
    Resources {
        cpu: a.cpu + b.cpu,
        memory: a.memory + b.memory,
        storage: a.storage + b.storage,
    }
}

fn least(requested: u64, capacity: u64) -> i64 {
    if capacity == 0 || requested > capacity {
        return 0;
    }
    let left = capacity - requested;
    // Division of 128 bits is slow, and hardly ever needed.
    let percent = left.checked_mul(100).map_or_else(
        || u128::from(left) * 100 / u128::from(capacity),
        |hundredfold| u128::from(hundredfold / capacity),
    );
    i64::try_from(percent).unwrap_or(0)
}

#[expect(clippy::cast_precision_loss, reason = "Kubernetes divides in floating point here")]
fn share(requested: u64, capacity: u64) -> f64 {
    if capacity == 0 {
        1.0
    } else {
        requested as f64 / capacity as f64
    }
}

fn balance_old(requested: Resources, have: Resources) -> i64 {
    let (cpu, memory) = (share(requested.cpu, have.cpu), share(requested.memory, have.memory));
    if cpu >= 1.0 || memory >= 1.0 {
        return 0;
    }
    whole((1.0 - libm::fabs(cpu - memory)) * 100.0)
}

fn balance(requested: Resources, have: Resources) -> i64 {
    let cpu = share(requested.cpu, have.cpu).min(1.0);
    let memory = share(requested.memory, have.memory).min(1.0);
    whole((1.0 - libm::fabs(cpu - memory) / 2.0) * 100.0)
}
