//! Which node of a pool goes first.

use crate::ids::{Id, NodeId};
use crate::model::{Model, NodeOrder, Pool};
use crate::rng::{Purpose, Streams};

/// The nodes of the control plane in the order of the plan.
pub(crate) fn control_plane_order(model: &Model) -> &[NodeId] {
    let order = model.plan.as_ref().map(|p| p.control_plane.order.as_slice());
    order.filter(|o| !o.is_empty()).unwrap_or(&model.control_plane.nodes)
}

/// The nodes of a pool in the order of its strategy, each with the one that takes its place in this round of the workers.
/// Where nodes are replaced, those of a later round are the new ones of the round before.
pub(crate) fn ordered(
    pool: &Pool,
    number: usize,
    round: usize,
    model: &Model,
    streams: &Streams,
) -> Vec<(NodeId, Option<NodeId>)> {
    let before = round.checked_sub(1).and_then(|r| pool.successors.get(r));
    let current = before.unwrap_or(&pool.nodes);
    let mut nodes = current.clone();
    let name = |n: &NodeId| model.nodes[*n].name.as_str();
    match pool.strategy.order {
        // How many pods there are is known when the pool is begun.
        NodeOrder::Listed | NodeOrder::FewestPods => {}
        NodeOrder::ByName => nodes.sort_by(|a, b| name(a).cmp(name(b))),
        NodeOrder::OldestFirst => nodes.sort_by_key(|&n| (model.nodes[n].created, n.index())),
        NodeOrder::ByZone => {
            let zone = |n: NodeId| model.nodes[n].zone.map(|z| model.zones[z as usize].as_str());
            nodes.sort_by(|&a, &b| (zone(a), name(&a)).cmp(&(zone(b), name(&b))));
        }
        NodeOrder::ByZoneThenAge => {
            let zone = |n: NodeId| model.nodes[n].zone.map(|z| model.zones[z as usize].as_str());
            nodes.sort_by_key(|&n| (zone(n).is_none(), zone(n), model.nodes[n].created, n.index()));
        }
        NodeOrder::Random => {
            let pool_and_round = number as u64 | (round as u64) << 32;
            streams.stream(Purpose::NodeOrder, pool_and_round).shuffle(&mut nodes);
        }
    }
    let successor = |node: NodeId| {
        let place = current.iter().position(|&n| n == node);
        place.and_then(|p| pool.successors.get(round)?.get(p).copied())
    };
    nodes.into_iter().map(|n| (n, successor(n))).collect()
}
