//! What labels of nodes mean to pods: domains of topologies, node affinity. Labels never change, so each is worked out once.

use crate::cluster::hall::Hall;
use crate::ids::{ClassId, Id, IdVec, NodeId, PodId, TopologyId};
use crate::model::{Model, PodClass};

/// The domain of a node that lacks the label.
pub(super) const NONE: u32 = u32::MAX;

/// Whom a scheduling cycle is about.
#[derive(Clone, Copy)]
pub(super) struct Asking<'a> {
    pub(super) pod: PodId,
    pub(super) id: ClassId,
    pub(super) class: &'a PodClass,
    pub(super) minor: u32,
}

impl<'a> Asking<'a> {
    pub(super) fn new(pod: PodId, hall: &Hall<'a>) -> Self {
        let id = hall.store.pods[pod].class;
        Self {
            pod,
            id,
            class: hall.template(id),
            minor: hall.store.gate.minors.scheduler,
        }
    }
}

/// Nodes by their domain.
#[derive(Debug, Default)]
pub(super) struct Domains {
    pub(super) of: Vec<u32>,
    pub(super) count: usize,
}

impl Domains {
    fn new(of: Vec<u32>, count: usize) -> Self {
        Self { of, count }
    }

    pub(super) fn at(&self, node: NodeId) -> Option<usize> {
        let domain = self.of[node.index()];
        (domain != NONE).then_some(domain as usize)
    }
}

/// What labels mean.
#[derive(Debug)]
pub(super) struct Labels {
    topologies: IdVec<TopologyId, Domains>,
    /// Each node by itself, and by zone: the topologies of the system's default constraints.
    pub(super) hosts: Domains,
    pub(super) zones: Domains,
    /// Per class: whether it asks for each node; empty where it takes any, or was never asked.
    selected: IdVec<ClassId, Vec<bool>>,
    /// Per class: how much it prefers each node; empty where it does not care, or was never asked.
    preferred: IdVec<ClassId, Vec<i64>>,
}

impl Labels {
    pub(super) fn new(model: &Model) -> Self {
        let nodes = model.nodes.len();
        let zone = |n: &crate::model::Node| n.zone.unwrap_or(NONE);
        Self {
            topologies: model.topologies.iter().map(|key| domains(model, key)).collect(),
            hosts: Domains::new(model.nodes.ids().map(|n| n.index() as u32).collect(), nodes),
            zones: Domains::new(model.nodes.iter().map(zone).collect(), model.zones.len()),
            selected: model.classes.iter().map(|_| Vec::new()).collect(),
            preferred: model.classes.iter().map(|_| Vec::new()).collect(),
        }
    }

    /// Works out what a class asks for, the first time that it asks.
    pub(super) fn prepare(&mut self, ask: Asking<'_>, model: &Model) {
        if self.selected[ask.id].is_empty() && !ask.class.selects_all() {
            self.selected[ask.id] = model.nodes.iter().map(|n| ask.class.selects(n)).collect();
        }
        let Some(placement) = &ask.class.placement else {
            return;
        };
        if self.preferred[ask.id].is_empty() && !placement.preferred_nodes.is_empty() {
            let wish = |node| {
                let terms = placement.preferred_nodes.iter();
                terms.filter(|(term, _)| term.matches(node)).map(|(_, w)| w).sum()
            };
            self.preferred[ask.id] = model.nodes.iter().map(wish).collect();
        }
    }

    pub(super) fn domains(&self, topology: TopologyId) -> &Domains {
        &self.topologies[topology]
    }

    /// Whether node selector and required node affinity match.
    pub(super) fn selects(&self, class: ClassId, node: NodeId) -> bool {
        let selected = &self.selected[class];
        selected.is_empty() || selected[node.index()]
    }

    /// Whether they match every node; known once the class has asked.
    pub(super) fn selects_every(&self, class: ClassId) -> bool {
        self.selected[class].iter().all(|&selected| selected)
    }

    /// Adds the score of preferred node affinity: 100·s/max (S-16).
    pub(super) fn add_preferred(&self, class: ClassId, nodes: &[NodeId], modern: bool, totals: &mut [i64]) {
        let preferred = &self.preferred[class];
        if preferred.is_empty() {
            return;
        }
        let max = nodes.iter().map(|n| preferred[n.index()]).max().unwrap_or(0);
        if max == 0 {
            return;
        }
        let weight = if modern { 2 } else { 1 };
        for (total, node) in totals.iter_mut().zip(nodes) {
            *total += weight * (100 * preferred[node.index()] / max);
        }
    }
}

/// Numbers the values of a label.
fn domains(model: &Model, key: &str) -> Domains {
    let mut values: Vec<&str> = model.nodes.iter().filter_map(|n| n.label(key)).collect();
    values.sort_unstable();
    values.dedup();
    let number = |n: &crate::model::Node| {
        let at = n.label(key).and_then(|v| values.binary_search(&v).ok());
        at.and_then(|at| u32::try_from(at).ok()).unwrap_or(NONE)
    };
    Domains::new(model.nodes.iter().map(number).collect(), values.len())
}
