//! Which node of a pool goes first.

use crate::ids::{Id, NodeId};
use crate::model::{Model, NodeOrder, Pool};
use crate::rng::{Purpose, Streams};

/// The nodes of a pool in the order of its strategy, each with the one that takes its place.
pub(crate) fn ordered(pool: &Pool, number: usize, model: &Model, streams: &Streams) -> Vec<(NodeId, Option<NodeId>)> {
    let mut nodes = pool.nodes.clone();
    let name = |n: &NodeId| model.nodes[*n].name.as_str();
    match pool.strategy.order {
        NodeOrder::Listed => {}
        NodeOrder::ByName => nodes.sort_by(|a, b| name(a).cmp(name(b))),
        NodeOrder::OldestFirst => nodes.sort_by_key(|&n| (model.nodes[n].created, n.index())),
        NodeOrder::ByZone => {
            let zone = |n: NodeId| model.nodes[n].zone.map(|z| model.zones[z as usize].as_str());
            nodes.sort_by(|&a, &b| (zone(a), name(&a)).cmp(&(zone(b), name(&b))));
        }
        NodeOrder::Random => streams.stream(Purpose::NodeOrder, number as u64).shuffle(&mut nodes),
    }
    let successor = |node: NodeId| {
        let place = pool.nodes.iter().position(|&n| n == node);
        place.and_then(|p| pool.successors.get(p).copied())
    };
    nodes.into_iter().map(|n| (n, successor(n))).collect()
}
