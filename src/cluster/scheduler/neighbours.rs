//! Inter-pod affinity and anti-affinity (S-15, S-16). Terminating pods count until their objects are gone.

use super::labels::{Asking, Labels};
use crate::cluster::hall::Hall;
use crate::ids::{NodeId, TopologyId};
use crate::model::{Placement, PodTerm};

/// How many pods of a term's classes there are in each domain.
#[derive(Debug)]
struct Tally {
    topology: TopologyId,
    by_domain: Vec<u32>,
}

/// Tallies whose memory is used again.
#[derive(Debug, Default)]
struct Tallies {
    list: Vec<Tally>,
    used: usize,
}

impl Tallies {
    fn count(&mut self, terms: &[PodTerm], labels: &Labels, hall: &Hall<'_>) {
        for term in terms {
            if self.used == self.list.len() {
                self.list.push(Tally {
                    topology: term.topology,
                    by_domain: Vec::new(),
                });
            }
            let tally = &mut self.list[self.used];
            self.used += 1;
            tally.topology = term.topology;
            count(term, labels, hall, &mut tally.by_domain);
        }
    }

    fn in_use(&self) -> &[Tally] {
        &self.list[..self.used]
    }
}

/// Counts pods, assumed ones too, by domain.
fn count(term: &PodTerm, labels: &Labels, hall: &Hall<'_>, by_domain: &mut Vec<u32>) {
    let domains = labels.domains(term.topology);
    by_domain.clear();
    by_domain.resize(domains.count, 0);
    let placed = term.classes.iter().flat_map(|&class| &hall.store.placed[class]);
    for &(_, node) in placed {
        if let Some(domain) = domains.at(node)
            && hall.store.nodes[node].exists
        {
            by_domain[domain] += 1;
        }
    }
}

/// What a node fails on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unneighbourly {
    /// The pods that this one must be near are not there.
    Affinity,
    /// Pods that keep this one away are there.
    AntiAffinity,
}

/// The filter's and the scorer's scratch space.
#[derive(Debug, Default)]
pub(super) struct Neighbours {
    near: Tallies,
    apart: Tallies,
    /// The first of a group that wants to be near itself may go anywhere.
    first: bool,
    by_domain: Vec<u32>,
    raw: Vec<i64>,
}

impl Neighbours {
    /// Counts what the filter needs for a pod.
    pub(super) fn prepare(&mut self, ask: Asking<'_>, placement: &Placement, labels: &Labels, hall: &Hall<'_>) {
        (self.near.used, self.apart.used) = (0, 0);
        self.near.count(&placement.affinity, labels, hall);
        self.apart.count(&placement.anti_affinity, labels, hall);
        self.apart.count(&placement.repelled_by, labels, hall);
        let nobody = |t: &Tally| t.by_domain.iter().all(|&n| n == 0);
        let own = |t: &PodTerm| t.classes.binary_search(&ask.id).is_ok();
        self.first = placement.affinity.first().is_some_and(own) && self.near.in_use().iter().all(nobody);
    }

    /// Whether a node passes.
    pub(super) fn check(&self, node: NodeId, labels: &Labels) -> Option<Unneighbourly> {
        let mut there = true;
        for tally in self.near.in_use() {
            match labels.domains(tally.topology).at(node) {
                // Not even the first of a group goes where a label is missing.
                None => return Some(Unneighbourly::Affinity),
                Some(domain) => there &= tally.by_domain[domain] > 0,
            }
        }
        if !there && !self.first {
            return Some(Unneighbourly::Affinity);
        }
        let hostile = |tally: &Tally| {
            let domain = labels.domains(tally.topology).at(node);
            domain.is_some_and(|domain| tally.by_domain[domain] > 0)
        };
        let any = self.apart.in_use().iter().any(hostile);
        any.then_some(Unneighbourly::AntiAffinity)
    }

    /// Adds the score: signed weights, spread over 0 … 100. In 1.20 the smallest and the largest start at 0 (S-16).
    pub(super) fn score(
        &mut self,
        placement: &Placement,
        nodes: &[NodeId],
        modern: bool,
        totals: &mut [i64],
        (labels, hall): (&Labels, &Hall<'_>),
    ) {
        if placement.attraction.is_empty() {
            return;
        }
        self.raw.clear();
        self.raw.resize(nodes.len(), 0);
        for (term, weight) in &placement.attraction {
            count(term, labels, hall, &mut self.by_domain);
            let domains = labels.domains(term.topology);
            for (raw, &node) in self.raw.iter_mut().zip(nodes) {
                if let Some(domain) = domains.at(node) {
                    *raw += weight * i64::from(self.by_domain[domain]);
                }
            }
        }
        let (mut min, mut max) = if modern { (i64::MAX, i64::MIN) } else { (0, 0) };
        for &raw in &self.raw {
            (min, max) = (min.min(raw), max.max(raw));
        }
        let weight = if modern { 2 } else { 1 };
        for (total, &raw) in totals.iter_mut().zip(&self.raw) {
            *total += weight * share(raw - min, max - min);
        }
    }
}

/// In floating point, as Kubernetes has it, because the rounding decides ties.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "sums of small weights; Kubernetes truncates"
)]
fn share(part: i64, whole: i64) -> i64 {
    if whole <= 0 {
        return 0;
    }
    (100.0 * (part as f64 / whole as f64)) as i64
}
