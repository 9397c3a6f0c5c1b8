//! Filters: which nodes a pod fits on (S-9 … S-12, S-15).

use crate::cluster::hall::Hall;
use crate::ids::{ClassId, IdVec, NodeId, PodId};
use crate::model::{Model, PodClass, Taint, TaintEffect};
use crate::trace::{LifecycleTaint, Unfit};

/// The filters, with what can be known beforehand.
#[derive(Debug)]
pub(super) struct Fit {
    /// Nodes in the scheduler's order: zones take turns (S-10).
    order: Vec<NodeId>,
    /// Which taints of the node lifecycle controller a class tolerates.
    tolerated: IdVec<ClassId, u8>,
    feasible: Vec<NodeId>,
}

/// The first filter that a node fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Misfit {
    Unschedulable,
    Tainted,
    Affinity,
    Ports,
    Resources,
}

const LIFECYCLE: [(LifecycleTaint, &str, TaintEffect); 5] = [
    (
        LifecycleTaint::Unschedulable,
        "node.kubernetes.io/unschedulable",
        TaintEffect::NoSchedule,
    ),
    (
        LifecycleTaint::UnreachableNoSchedule,
        "node.kubernetes.io/unreachable",
        TaintEffect::NoSchedule,
    ),
    (
        LifecycleTaint::UnreachableNoExecute,
        "node.kubernetes.io/unreachable",
        TaintEffect::NoExecute,
    ),
    (
        LifecycleTaint::NotReadyNoSchedule,
        "node.kubernetes.io/not-ready",
        TaintEffect::NoSchedule,
    ),
    (
        LifecycleTaint::NotReadyNoExecute,
        "node.kubernetes.io/not-ready",
        TaintEffect::NoExecute,
    ),
];

impl Fit {
    pub(super) fn new(model: &Model) -> Self {
        Self {
            order: interleaved(model),
            tolerated: model.classes.iter().map(tolerated_lifecycle).collect(),
            feasible: Vec::new(),
        }
    }

    /// Whether a pod fits on the one node that it is meant for.
    pub(super) fn only(&self, pod: PodId, node: NodeId, hall: &Hall<'_>) -> Result<NodeId, Unfit> {
        let mut unfit = Unfit {
            affinity: u16::try_from(hall.model.nodes.len() - 1).unwrap_or(u16::MAX),
            ..Unfit::default()
        };
        match self.check(pod, node, hall) {
            None => Ok(node),
            Some(misfit) => {
                count(&mut unfit, misfit);
                Err(unfit)
            }
        }
    }

    /// Feasible nodes, as many as the scheduler looks for, and how many nodes it examined.
    pub(super) fn search(&mut self, pod: PodId, start: usize, hall: &Hall<'_>) -> Result<(&[NodeId], usize), Unfit> {
        let nodes = self.order.len();
        let wanted = wanted(hall.store.present);
        let mut unfit = Unfit::default();
        let mut found = std::mem::take(&mut self.feasible);
        found.clear();
        let mut examined = 0;
        while examined < nodes && found.len() < wanted {
            let node = self.order[(start + examined) % nodes];
            match self.check(pod, node, hall) {
                None => found.push(node),
                Some(misfit) => count(&mut unfit, misfit),
            }
            examined += 1;
        }
        self.feasible = found;
        if self.feasible.is_empty() {
            Err(unfit)
        } else {
            Ok((&self.feasible, examined))
        }
    }

    fn check(&self, pod: PodId, node: NodeId, hall: &Hall<'_>) -> Option<Misfit> {
        let class_id = hall.store.pods[pod].class;
        let class = &hall.model.classes[class_id];
        let (spec, state) = (&hall.model.nodes[node], &hall.store.nodes[node]);
        if !state.exists {
            return Some(Misfit::Affinity);
        }
        let tolerates = |taint: LifecycleTaint| self.tolerated[class_id] & (1 << taint as u8) != 0;
        if state.unschedulable && !tolerates(LifecycleTaint::Unschedulable) {
            return Some(Misfit::Unschedulable);
        }
        if !state.taints.is_empty() && LIFECYCLE.iter().any(|&(t, ..)| state.taints.has(t) && !tolerates(t)) {
            return Some(Misfit::Tainted);
        }
        let repels = |t: &Taint| t.effect != TaintEffect::PreferNoSchedule && !class.tolerates(t);
        if spec.taints.iter().any(repels) {
            return Some(Misfit::Tainted);
        }
        if !class.node_selector.iter().all(|(k, v)| spec.label(k) == Some(v)) {
            return Some(Misfit::Affinity);
        }
        if class.host_ports.iter().any(|p| state.ports.contains(p)) {
            return Some(Misfit::Ports);
        }
        fits(class, spec, state)
            .then_some(())
            .map_or(Some(Misfit::Resources), |()| None)
    }
}

/// Raw requests, terminating pods included; a pod without requests needs its slot only (S-15).
fn fits(class: &PodClass, spec: &crate::model::Node, state: &crate::cluster::store::Node) -> bool {
    let (need, have, used) = (class.requests, spec.allocatable, state.used);
    state.taken < spec.pod_slots
        && (need.cpu == 0 || used.cpu + need.cpu <= have.cpu)
        && (need.memory == 0 || used.memory + need.memory <= have.memory)
        && (need.storage == 0 || used.storage + need.storage <= have.storage)
}

/// How many feasible nodes are enough (S-11).
pub(super) fn wanted(nodes: usize) -> usize {
    if nodes < 100 {
        return nodes;
    }
    let percent = 50_usize.saturating_sub(nodes / 125).max(5);
    (nodes * percent / 100).max(100)
}

/// Zones take turns, nodes in their order within a zone.
fn interleaved(model: &Model) -> Vec<NodeId> {
    let mut zones: Vec<Vec<NodeId>> = vec![Vec::new(); model.zones.len() + 1];
    for (id, node) in model.nodes.iter_ids() {
        zones[node.zone.map_or(model.zones.len(), |z| z as usize)].push(id);
    }
    let longest = zones.iter().map(Vec::len).max().unwrap_or(0);
    (0..longest)
        .flat_map(|i| zones.iter().filter_map(move |zone| zone.get(i).copied()))
        .collect()
}

fn tolerated_lifecycle(class: &PodClass) -> u8 {
    LIFECYCLE.iter().fold(0, |mask, &(taint, key, effect)| {
        let as_taint = Taint {
            key: key.to_owned(),
            value: String::new(),
            effect,
        };
        mask | (u8::from(class.tolerates(&as_taint)) << taint as u8)
    })
}

fn count(unfit: &mut Unfit, misfit: Misfit) {
    let counter = match misfit {
        Misfit::Unschedulable => &mut unfit.unschedulable,
        Misfit::Tainted => &mut unfit.tainted,
        Misfit::Affinity => &mut unfit.affinity,
        Misfit::Ports => &mut unfit.ports,
        Misfit::Resources => &mut unfit.resources,
    };
    *counter = counter.saturating_add(1);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn o68_s11_how_many_nodes_are_enough() {
        for (nodes, enough) in [(99, 99), (100, 100), (1000, 420), (5000, 500), (10_000, 500)] {
            assert_eq!(wanted(nodes), enough, "{nodes}");
        }
    }
}
