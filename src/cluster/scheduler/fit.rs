//! Filters: which nodes a pod fits on (S-9 … S-12, S-15).

use super::labels::{Asking, Labels};
use super::neighbours::{Neighbours, Unneighbourly};
use super::spread::SpreadFilter;
use crate::cluster::hall::Hall;
use crate::ids::{ClassId, IdVec, NodeId};
use crate::model::{Model, PodClass, Taint, TaintEffect};
use crate::trace::{LifecycleTaint, Misfit, Unfit};

/// The filters, with what can be known beforehand.
#[derive(Debug)]
pub(super) struct Fit {
    /// Which taints of the node lifecycle controller a class tolerates.
    tolerated: IdVec<ClassId, u8>,
    pub(super) feasible: Vec<NodeId>,
    pub(super) labels: Labels,
    pub(super) neighbours: Neighbours,
    spread: SpreadFilter,
}

pub(super) const LIFECYCLE: [(LifecycleTaint, &str, TaintEffect); 6] = [
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
    (
        LifecycleTaint::ToBeDeleted,
        "ToBeDeletedByClusterAutoscaler",
        TaintEffect::NoSchedule,
    ),
];

impl Fit {
    pub(super) fn new(model: &Model) -> Self {
        Self {
            tolerated: model.classes.iter().map(tolerated_lifecycle).collect(),
            feasible: Vec::new(),
            labels: Labels::new(model),
            neighbours: Neighbours::default(),
            spread: SpreadFilter::default(),
        }
    }

    /// Counts what the filters need for a pod.
    pub(super) fn prepare(&mut self, ask: Asking<'_>, hall: &Hall<'_>) {
        self.labels.prepare(ask, hall.model);
        if let Some(placement) = &ask.class.placement {
            self.neighbours.prepare(ask, placement, &self.labels, hall);
            self.spread.prepare(ask, &placement.spread, &self.labels, hall);
        }
    }

    /// Whether a pod fits on the one node that it is meant for.
    pub(super) fn only(&mut self, ask: Asking<'_>, node: NodeId, hall: &mut Hall<'_>) -> Result<NodeId, Unfit> {
        let mut unfit = Unfit {
            affinity: u16::try_from(hall.store.present.saturating_sub(1)).unwrap_or(u16::MAX),
            ..Unfit::default()
        };
        self.prepare(ask, hall);
        match self.examine(ask, node, hall) {
            None => Ok(node),
            Some(misfit) => {
                count(&mut unfit, misfit);
                Err(unfit)
            }
        }
    }

    /// Feasible nodes (in `feasible`), as many as the scheduler looks for; how many nodes it examined.
    pub(super) fn search(&mut self, ask: Asking<'_>, start: usize, hall: &mut Hall<'_>) -> Result<usize, Unfit> {
        let nodes = hall.model.nodes.len();
        let wanted = wanted(hall.store.present);
        let mut unfit = Unfit::default();
        self.prepare(ask, hall);
        self.feasible.clear();
        let mut examined = 0;
        while examined < nodes && self.feasible.len() < wanted {
            let node = hall.store.spreading.order.nodes()[(start + examined) % nodes];
            match self.examine(ask, node, hall) {
                None => self.feasible.push(node),
                // A machine that has not come yet, or is gone, is no reason.
                Some(_) if !hall.store.nodes[node].exists => {}
                Some(misfit) => count(&mut unfit, misfit),
            }
            examined += 1;
        }
        if self.feasible.is_empty() {
            Err(unfit)
        } else {
            Ok(examined)
        }
    }

    /// All filters, with and without the pods of no lower priority that wait for room on this node (S-21).
    pub(super) fn examine(&mut self, ask: Asking<'_>, node: NodeId, hall: &mut Hall<'_>) -> Option<Misfit> {
        let misfit = self.check(ask, node, hall);
        if misfit.is_some() || hall.store.nominated.is_empty() {
            return misfit;
        }
        let classes = &hall.model.classes;
        let above = |pod| classes[hall.store.pods[pod].class].priority >= ask.class.priority;
        let nominated = hall.store.nominated.iter();
        let waiting: Vec<_> = nominated
            .filter(|&&(pod, at)| at == node && pod != ask.pod && above(pod))
            .map(|&(pod, _)| pod)
            .collect();
        if waiting.is_empty() {
            return None;
        }
        for &pod in &waiting {
            hall.occupy(pod, node);
        }
        self.prepare(ask, hall);
        let misfit = self.check(ask, node, hall);
        for &pod in &waiting {
            hall.unreserve(pod, node);
        }
        self.prepare(ask, hall);
        misfit
    }

    /// The filters without a thought for pods that wait for room.
    pub(super) fn check(&self, ask: Asking<'_>, node: NodeId, hall: &Hall<'_>) -> Option<Misfit> {
        let (class_id, class) = (ask.id, ask.class);
        let (spec, state) = (hall.spec(node), &hall.store.nodes[node]);
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
        if !self.labels.selects(class_id, node) {
            return Some(Misfit::Affinity);
        }
        if class.host_ports.iter().any(|p| state.ports.contains(p)) {
            return Some(Misfit::Ports);
        }
        if !fits(class, spec, state) {
            return Some(Misfit::Resources);
        }
        if !hall.model.volumes.is_empty() && !reaches_volumes(ask, node, hall) {
            return Some(Misfit::Volumes);
        }
        self.company(ask, node)
    }

    /// The filters that look at other pods.
    fn company(&self, ask: Asking<'_>, node: NodeId) -> Option<Misfit> {
        let placement = ask.class.placement.as_ref()?;
        if let Some(helps) = self.spread.check(&placement.spread, node, &self.labels) {
            return Some(if helps { Misfit::Spread } else { Misfit::NoDomain });
        }
        self.neighbours.check(node, &self.labels).map(|why| match why {
            Unneighbourly::Affinity => Misfit::PodAffinity,
            Unneighbourly::AntiAffinity => Misfit::PodAntiAffinity,
        })
    }
}

/// Volumes stay where they are: in their zone or on their node.
fn reaches_volumes(ask: Asking<'_>, node: NodeId, hall: &Hall<'_>) -> bool {
    let slot = hall.store.pods[ask.pod].slot;
    hall.model.volumes_of(ask.id, slot).all(|volume| {
        let zone = hall.store.volumes[volume].zone;
        hall.model.reaches(volume, node) && zone.is_none_or(|zone| hall.model.nodes[node].zone == Some(zone))
    })
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

pub(super) fn tolerated_lifecycle(class: &PodClass) -> u8 {
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
        Misfit::Volumes => &mut unfit.volumes,
        Misfit::Spread | Misfit::NoDomain => &mut unfit.spread,
        Misfit::PodAffinity => &mut unfit.pod_affinity,
        Misfit::PodAntiAffinity => &mut unfit.pod_anti_affinity,
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
