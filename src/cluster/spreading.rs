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
    /// The same in a byte each, right as long as there are fewer than 256 zones: once more after the last, and [`PADDING`].
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
                .chain(&nodes)
                .map(|&n| u8::try_from(zone(n)).unwrap_or(u8::MAX))
                .chain([0; PADDING])
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

    /// The same in bytes, right as long as there are fewer than 256 zones: twice, so that a search that goes on at the
    /// beginning finds them in a row, and [`PADDING`].
    pub(crate) fn zone_bytes(&self) -> &[u8] {
        &self.zone_bytes
    }

    /// Writes the byte of a place where it stands, and where it stands once more.
    fn set(&self, bytes: &mut [u8], place: u32, byte: u8) {
        bytes[place as usize] = byte;
        bytes[place as usize + self.nodes.len()] = byte;
    }

    /// How many zones there are.
    pub(crate) const fn zone_count(&self) -> usize {
        self.zone_count
    }

    /// By how much pairs of pods and zone differ where one has a pod more.
    pub(crate) const fn pair_step(&self) -> usize {
        self.zone_count + 1
    }
}

/// Bytes by place go on for so many, so that a block can be taken from any place on.
pub(crate) const PADDING: usize = 64;

/// A ReplicaSet with pods on more than one of so many nodes has a byte for each node …
const MANY: usize = 8;
/// … until it has pods on fewer than one of so many.
const FEW: usize = 16;

/// So many pods of a ReplicaSet are on the node at this place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Host {
    pub(crate) place: u32,
    pub(crate) pods: u32,
}

/// Where the pods of a ReplicaSet are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Hosts {
    /// The nodes that have some, by place.
    Few(Vec<Host>),
    /// For each place: the pair of pods and zone, which is pods · (zones + 1) + zone, laid out as [`Order::zone_bytes`].
    /// And how many nodes have pods.
    Many(Vec<u8>, usize),
}

impl Default for Hosts {
    fn default() -> Self {
        Self::Few(Vec::new())
    }
}

impl Hosts {
    /// A pod begins to count on the node at a place.
    fn add(&mut self, place: u32, order: &Order) {
        match self {
            Self::Few(hosts) => match hosts.binary_search_by_key(&place, |h| h.place) {
                Ok(at) => hosts[at].pods += 1,
                Err(at) => {
                    hosts.insert(at, Host { place, pods: 1 });
                    if hosts.len() * MANY > order.nodes.len() {
                        self.spread_out(order);
                    }
                }
            },
            Self::Many(pairs, nodes) => {
                let pair = usize::from(pairs[place as usize]);
                let Some(more) = u8::try_from(pair + order.pair_step()).ok() else {
                    self.draw_in(order);
                    return self.add(place, order);
                };
                order.set(pairs, place, more);
                *nodes += usize::from(pair < order.pair_step());
            }
        }
    }

    /// A pod ceases to count on the node at a place; whether one did count.
    fn remove(&mut self, place: u32, order: &Order) -> bool {
        match self {
            Self::Few(hosts) => {
                let Ok(at) = hosts.binary_search_by_key(&place, |h| h.place) else {
                    return false;
                };
                hosts[at].pods -= 1;
                if hosts[at].pods == 0 {
                    hosts.remove(at);
                }
            }
            Self::Many(pairs, nodes) => {
                let pair = usize::from(pairs[place as usize]);
                let Some(fewer) = pair.checked_sub(order.pair_step()) else {
                    return false;
                };
                order.set(pairs, place, fewer as u8);
                *nodes -= usize::from(fewer < order.pair_step());
                if *nodes * FEW < order.nodes.len() {
                    self.draw_in(order);
                }
            }
        }
        true
    }

    /// From few to many, where pairs fit a byte.
    fn spread_out(&mut self, order: &Order) {
        let Self::Few(hosts) = self else { return };
        let step = order.pair_step();
        let fits = |host: &Host| (host.pods as usize + 1) * step <= usize::from(u8::MAX) + 1;
        if !hosts.iter().all(fits) {
            return;
        }
        let mut pairs = order.zone_bytes.clone();
        for host in &*hosts {
            let pair = pairs[host.place as usize] + (host.pods as usize * step) as u8;
            order.set(&mut pairs, host.place, pair);
        }
        *self = Self::Many(pairs, hosts.len());
    }

    /// From many to few.
    fn draw_in(&mut self, order: &Order) {
        *self = Self::Few(self.each(order).collect());
    }

    /// The nodes that have pods, in order.
    pub(crate) fn each(&self, order: &Order) -> impl Iterator<Item = Host> {
        let (few, many) = match self {
            Self::Few(hosts) => (hosts.as_slice(), &[][..]),
            Self::Many(pairs, _) => (&[][..], &pairs[..order.nodes.len()]),
        };
        let step = order.pair_step();
        let pods = move |&pair: &u8| u32::from(pair) / step as u32;
        let host = move |(place, pair)| Host {
            place,
            pods: pods(pair),
        };
        let many = (0..).zip(many).map(host).filter(|host| host.pods > 0);
        few.iter().copied().chain(many)
    }
}

/// Where the pods of each ReplicaSet are: those bound or assumed that are not being deleted (S-18).
#[derive(Clone, Debug)]
pub(crate) struct Spreading {
    pub(crate) order: Order,
    hosts: IdVec<ReplicaSetId, Hosts>,
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
            hosts: model.replica_sets.iter().map(|_| Hosts::default()).collect(),
            by_zone: vec![0; model.replica_sets.len() * order.zone_count],
            places: order.nodes.iter().map(|&n| (0, !model.nodes[n].planned)).collect(),
            order,
            stranded: 0,
            changes: Changes::new(model.nodes.len()),
        }
    }

    /// Where the pods of a ReplicaSet are; `None`: it has never had any.
    pub(crate) fn hosts(&self, rs: ReplicaSetId) -> Option<&Hosts> {
        self.hosts.get(rs)
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
            self.hosts.push(Hosts::default());
            self.by_zone.resize(self.by_zone.len() + self.order.zone_count, 0);
        }
        let place = self.order.places[node];
        self.hosts[rs].add(place, &self.order);
        if let Some(zone) = self.zone_of(rs, place) {
            self.by_zone[zone] += 1;
        }
        let (pods, exists) = &mut self.places[place as usize];
        *pods += 1;
        self.stranded += u32::from(!*exists);
    }

    /// What a pod that ceases to count will change, for whoever reads ahead.
    pub(crate) fn glance(&self, rs: ReplicaSetId, node: NodeId) -> (usize, u32) {
        let place = self.order.places[node];
        let here = match self.hosts(rs) {
            // Once in each line of a cache: a search would wait for one after the other.
            Some(Hosts::Few(hosts)) => hosts.iter().step_by(8).map(|h| h.pods as usize).sum(),
            Some(Hosts::Many(pairs, _)) => usize::from(pairs[place as usize]),
            None => 0,
        };
        let zone = self.zone_of(rs, place).and_then(|zone| self.by_zone.get(zone));
        (here, zone.copied().unwrap_or_default())
    }

    /// A pod ceases to count on a node.
    pub(crate) fn remove(&mut self, rs: ReplicaSetId, node: NodeId) {
        let place = self.order.places[node];
        if !self.hosts[rs].remove(place, &self.order) {
            return debug_assert!(false, "a pod ceased to count where none did");
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
