//! What the scheduler counts, kept in step with every change: the nodes in its order, where the pods of each ReplicaSet
//! are, and which nodes have changed.

use std::collections::VecDeque;

use crate::ids::{Id, IdVec, NodeId, ReplicaSetId};
use crate::model::Model;

/// Nodes in the scheduler's order: zones take turns, nodes in their own order within a zone (S-10).
#[derive(Clone, Debug)]
pub(crate) struct Order {
    nodes: Vec<NodeId>,
    places: IdVec<NodeId, u32>,
    /// The zone of the node at each place; one above the last zone where it has none.
    zones: Vec<u32>,
    /// The same in a byte each, right as long as there are fewer than 256 zones.
    zone_bytes: Vec<u8>,
    zone_count: usize,
}

impl Order {
    fn new(model: &Model) -> Self {
        let mut by_zone: Vec<Vec<NodeId>> = vec![Vec::new(); model.zones.len() + 1];
        let zone = |node: NodeId| model.nodes[node].zone.map_or(model.zones.len(), |z| z as usize);
        for node in model.nodes.ids() {
            by_zone[zone(node)].push(node);
        }
        let longest = by_zone.iter().map(Vec::len).max().unwrap_or(0);
        let nodes: Vec<NodeId> = (0..longest)
            .flat_map(|i| by_zone.iter().filter_map(move |zone| zone.get(i).copied()))
            .collect();
        let mut places: IdVec<NodeId, u32> = model.nodes.iter().map(|_| 0).collect();
        for (place, &node) in nodes.iter().enumerate() {
            places[node] = place as u32;
        }
        Self {
            zones: nodes.iter().map(|&n| zone(n) as u32).collect(),
            zone_bytes: nodes
                .iter()
                .map(|&n| u8::try_from(zone(n)).unwrap_or(u8::MAX))
                .collect(),
            zone_count: model.zones.len(),
            nodes,
            places,
        }
    }

    /// All nodes.
    pub(crate) fn nodes(&self) -> &[NodeId] {
        &self.nodes
    }

    /// Where a node stands.
    pub(crate) fn place(&self, node: NodeId) -> usize {
        self.places[node] as usize
    }

    /// The zones of the nodes, in order; [`Order::zone_count`] where a node has none.
    pub(crate) fn zones(&self) -> &[u32] {
        &self.zones
    }

    /// The same, right as long as there are fewer than 256 zones.
    pub(crate) fn zone_bytes(&self) -> &[u8] {
        &self.zone_bytes
    }

    /// How many zones there are.
    pub(crate) const fn zone_count(&self) -> usize {
        self.zone_count
    }
}

/// So many pods of a ReplicaSet are on the node at this place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Host {
    pub(crate) place: u32,
    pub(crate) pods: u32,
}

/// Where the pods of each ReplicaSet are: those bound or assumed that are not being deleted (S-18).
#[derive(Clone, Debug)]
pub(crate) struct Spreading {
    pub(crate) order: Order,
    /// By place.
    hosts: IdVec<ReplicaSetId, Vec<Host>>,
    /// Pods of each ReplicaSet in each zone.
    by_zone: Vec<u32>,
    /// How many of these pods there are at each place, and whether there is a Node object.
    places: Vec<(u32, bool)>,
    stranded: u32,
    pub(crate) changes: Changes,
}

impl Spreading {
    pub(crate) fn new(model: &Model) -> Self {
        let order = Order::new(model);
        Self {
            hosts: model.replica_sets.iter().map(|_| Vec::new()).collect(),
            by_zone: vec![0; model.replica_sets.len() * order.zone_count],
            places: order.nodes.iter().map(|&n| (0, !model.nodes[n].planned)).collect(),
            order,
            stranded: 0,
            changes: Changes::new(model.nodes.len()),
        }
    }

    /// The nodes that have pods of a ReplicaSet, in order.
    pub(crate) fn hosts(&self, rs: ReplicaSetId) -> &[Host] {
        self.hosts.get(rs).map_or(&[], Vec::as_slice)
    }

    /// How many pods of a ReplicaSet there are in each zone.
    pub(crate) fn by_zone(&self, rs: ReplicaSetId) -> &[u32] {
        let first = rs.index() * self.order.zone_count;
        self.by_zone.get(first..first + self.order.zone_count).unwrap_or(&[])
    }

    /// Pods on nodes whose objects are gone. They count for nobody, and are not told apart here.
    pub(crate) const fn stranded(&self) -> u32 {
        self.stranded
    }

    /// A Node object comes or goes.
    pub(crate) fn node_exists(&mut self, node: NodeId, exists: bool) {
        self.changes.push(node);
        let (pods, existed) = &mut self.places[self.order.places[node] as usize];
        match (std::mem::replace(existed, exists), exists) {
            (true, false) => self.stranded += *pods,
            (false, true) => self.stranded -= *pods,
            _ => {}
        }
    }

    /// A pod begins to count on a node.
    pub(crate) fn add(&mut self, rs: ReplicaSetId, node: NodeId) {
        while self.hosts.len() <= rs.index() {
            self.hosts.push(Vec::new());
            self.by_zone.resize(self.by_zone.len() + self.order.zone_count, 0);
        }
        let place = self.order.places[node];
        let hosts = &mut self.hosts[rs];
        match hosts.binary_search_by_key(&place, |h| h.place) {
            Ok(at) => hosts[at].pods += 1,
            Err(at) => hosts.insert(at, Host { place, pods: 1 }),
        }
        if let Some(zone) = self.zone_of(rs, place) {
            self.by_zone[zone] += 1;
        }
        let (pods, exists) = &mut self.places[place as usize];
        *pods += 1;
        self.stranded += u32::from(!*exists);
    }

    /// A pod ceases to count on a node.
    pub(crate) fn remove(&mut self, rs: ReplicaSetId, node: NodeId) {
        let place = self.order.places[node];
        let hosts = &mut self.hosts[rs];
        let Ok(at) = hosts.binary_search_by_key(&place, |h| h.place) else {
            return debug_assert!(false, "a pod ceased to count where none did");
        };
        hosts[at].pods -= 1;
        if hosts[at].pods == 0 {
            hosts.remove(at);
        }
        if let Some(zone) = self.zone_of(rs, place) {
            self.by_zone[zone] -= 1;
        }
        let (pods, exists) = &mut self.places[place as usize];
        *pods -= 1;
        self.stranded -= u32::from(!*exists);
    }

    /// Where the count of a ReplicaSet in the zone of a place stands.
    fn zone_of(&self, rs: ReplicaSetId, place: u32) -> Option<usize> {
        let zone = self.order.zones[place as usize] as usize;
        (zone < self.order.zone_count).then_some(rs.index() * self.order.zone_count + zone)
    }
}

/// Which nodes have changed lately, for those that keep something worked out from a node. Only as many changes are
/// remembered as there are nodes: whoever missed more has to look at all of them anyway.
#[derive(Clone, Debug)]
pub(crate) struct Changes {
    nodes: VecDeque<NodeId>,
    most: usize,
    forgotten: u64,
}

impl Changes {
    fn new(nodes: usize) -> Self {
        Self {
            nodes: VecDeque::with_capacity(nodes),
            most: nodes,
            forgotten: 0,
        }
    }

    /// A node has changed.
    pub(crate) fn push(&mut self, node: NodeId) {
        if self.nodes.len() == self.most {
            self.nodes.pop_front();
            self.forgotten += 1;
        }
        self.nodes.push_back(node);
    }

    /// How many changes there have been.
    pub(crate) fn count(&self) -> u64 {
        self.forgotten + self.nodes.len() as u64
    }

    /// The changes after the first `seen`; `None` where they are not all remembered.
    pub(crate) fn since(&self, seen: u64) -> Option<impl ExactSizeIterator<Item = NodeId> + '_> {
        let first = seen.checked_sub(self.forgotten)?;
        let first = usize::try_from(first).ok()?.min(self.nodes.len());
        Some(self.nodes.range(first..).copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_told_while_they_are_remembered() {
        let node = NodeId::from_index;
        let mut changes = Changes::new(3);
        for n in 0..5 {
            changes.push(node(n));
        }
        assert_eq!(changes.count(), 5);
        let told = |seen| changes.since(seen).map(Iterator::collect::<Vec<_>>);
        assert_eq!(told(5), Some(vec![]));
        assert_eq!(told(3), Some(vec![node(3), node(4)]));
        assert_eq!(told(2), Some(vec![node(2), node(3), node(4)]));
        assert_eq!(told(1), None);
    }
}
