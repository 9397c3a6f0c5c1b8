//! R and S: room for the pods that move, and their volumes.

use std::collections::{BTreeMap, BTreeSet};

use super::Check;
use crate::ids::{NodeId, VolumeId, WorkloadId};
use crate::lint::desk::{Desk, count, minus, some};
use crate::lint::found::{Found, says};
use crate::model::{Mode, Pool, Prediction, TaintEffect, Workload};
use crate::units::Resources;

pub(super) const CHECKS: &[(&str, Check)] = &[
    ("R01", no_room),
    ("R02", fragmented),
    ("R03", over_quota),
    ("R04", autoscaler),
    ("R06", slots),
    ("S01", local),
    ("S02", full_zone),
];

/// What has to move when the fullest nodes of a pool go together, and where it can go.
struct Move {
    pool: String,
    gone: usize,
    /// Requests of the pods that move.
    pods: Vec<Resources>,
    /// What is free on nodes that stay.
    free: Vec<Resources>,
    /// Free pod slots on nodes that stay.
    slots: usize,
    /// Free pod slots on the node that has the fewest.
    pods_before: usize,
}

/// Whether pods are scheduled to a node: no taint keeps them away.
fn is_open(desk: &Desk<'_>, node: NodeId) -> bool {
    let node = &desk.model.nodes[node];
    let soft = |effect| effect == TaintEffect::PreferNoSchedule;
    !node.planned && !node.unschedulable && node.taints.iter().all(|taint| soft(taint.effect))
}

fn asked(desk: &Desk<'_>, node: NodeId) -> Resources {
    desk.moving(node).fold(Resources::default(), |sum, class| Resources {
        cpu: sum.cpu + class.requests.cpu,
        memory: sum.memory + class.requests.memory,
        storage: sum.storage + class.requests.storage,
    })
}

/// The moves of pools whose nodes are missing while they are worked on.
fn moves(desk: &Desk<'_>) -> Vec<Move> {
    let mut moves = Vec::new();
    for (pool, pace) in desk.pools() {
        let (_, unavailable) = pace.slots(usize::MAX);
        let gone = unavailable.min(pool.nodes.len());
        let extra = pool.spares.first().map_or(0, Vec::len);
        if gone == 0 || pool.strategy.mode == Mode::BlueGreen || extra >= gone {
            continue;
        }
        moves.push(of_pool(desk, pool, gone));
    }
    moves
}

fn of_pool(desk: &Desk<'_>, pool: &Pool, gone: usize) -> Move {
    let mut nodes: Vec<NodeId> = pool.nodes.iter().copied().filter(|&n| desk.is_drained(n)).collect();
    nodes.sort_by_cached_key(|&node| {
        let asked = asked(desk, node);
        std::cmp::Reverse((asked.cpu, asked.memory))
    });
    let leaving: BTreeSet<NodeId> = nodes.into_iter().take(gone).collect();
    let stay: Vec<NodeId> = desk
        .model
        .nodes
        .ids()
        .filter(|&n| !leaving.contains(&n) && is_open(desk, n))
        .collect();
    let slots_of =
        |&node: &NodeId| (desk.model.nodes[node].pod_slots as usize).saturating_sub(desk.pods_on(node).len());
    let moving = |node: &NodeId| desk.moving(*node).map(|class| class.requests).collect::<Vec<_>>();
    let mut pods: Vec<Resources> = leaving.iter().flat_map(moving).collect();
    pods.extend(unplaced(desk));
    Move {
        pool: pool.name.clone(),
        gone,
        pods,
        free: stay.iter().map(|&node| desk.free(node)).collect(),
        slots: stay.iter().map(slots_of).sum(),
        pods_before: stay.len(),
    }
}

/// Pods that have no node yet: the nodes that stay must have room for them, too.
fn unplaced(desk: &Desk<'_>) -> Vec<Resources> {
    let missing = |(id, workload): (WorkloadId, &Workload)| {
        let placed = desk
            .pods_of(id)
            .iter()
            .filter(|&&pod| desk.model.pods[pod].node.is_some());
        let missing = (workload.desired as usize).saturating_sub(placed.count());
        std::iter::repeat_n(desk.class(workload).requests, missing)
    };
    desk.drainable().flat_map(missing).collect()
}

fn sum(all: &[Resources]) -> Resources {
    all.iter().fold(Resources::default(), |sum, r| Resources {
        cpu: sum.cpu.saturating_add(r.cpu),
        memory: sum.memory.saturating_add(r.memory),
        storage: sum.storage.saturating_add(r.storage),
    })
}

/// What is missing, in words; `None`: nothing.
fn lacks(asked: Resources, free: Resources) -> Option<String> {
    let gib = |bytes: u64| bytes / (1 << 30);
    if asked.cpu > free.cpu {
        Some(format!("{} m CPU asked for and {} m free", asked.cpu, free.cpu))
    } else if asked.memory > free.memory {
        Some(format!(
            "{} GiB of memory asked for and {} GiB free",
            gib(asked.memory),
            gib(free.memory)
        ))
    } else {
        None
    }
}

fn no_room(desk: &Desk<'_>, found: &mut Found<'_>) {
    for m in moves(desk) {
        if let Some(lacks) = lacks(sum(&m.pods), sum(&m.free)) {
            let evidence = format!("pool {}: {} away, {lacks} on the others", m.pool, count(m.gone, "node"));
            let patch = "strategy:\n  mode: Replace\n  maxSurge: 1\n  maxUnavailable: 0\n";
            let said = says(found.plan(), evidence).patch(patch);
            found.add(said.predicting(Prediction::Pending, Vec::new()));
        }
    }
}

/// Puts the largest pods first, each on the first node that has room; what found none.
fn first_fit(pods: &[Resources], free: &[Resources]) -> Option<Resources> {
    let mut pods = pods.to_vec();
    pods.sort_by_key(|pod| std::cmp::Reverse((pod.cpu, pod.memory)));
    let mut free = free.to_vec();
    for pod in pods {
        let fits =
            |have: &&mut Resources| have.cpu >= pod.cpu && have.memory >= pod.memory && have.storage >= pod.storage;
        match free.iter_mut().find(fits) {
            Some(have) => *have = minus(*have, pod),
            None => return Some(pod),
        }
    }
    None
}

fn fragmented(desk: &Desk<'_>, found: &mut Found<'_>) {
    for m in moves(desk) {
        if lacks(sum(&m.pods), sum(&m.free)).is_some() {
            continue;
        }
        if let Some(pod) = first_fit(&m.pods, &m.free) {
            let evidence = format!(
                "pool {}: a pod that asks for {} m CPU and {} MiB finds no node, though there is room in all",
                m.pool,
                pod.cpu,
                pod.memory >> 20
            );
            let said = says(found.plan(), evidence);
            found.add(said.predicting(Prediction::Pending, Vec::new()));
        }
    }
}

fn slots(desk: &Desk<'_>, found: &mut Found<'_>) {
    for m in moves(desk) {
        if m.pods.len() > m.slots {
            let evidence = format!(
                "pool {}: {} have to move, and {} left have {} between them",
                m.pool,
                count(m.pods.len(), "pod"),
                count(m.pods_before, "node"),
                count(m.slots, "free slot")
            );
            let said = says(found.plan(), evidence);
            found.add(said.predicting(Prediction::Pending, Vec::new()));
        }
    }
}

fn over_quota(desk: &Desk<'_>, found: &mut Found<'_>) {
    for (pool, pace) in desk.pools() {
        let Some(most) = pool.strategy.max_nodes else { continue };
        let surge = match pool.strategy.mode {
            Mode::InPlace => 0,
            Mode::Replace => pace.slots(0).0,
            Mode::BlueGreen => pool.nodes.len(),
        };
        let extra = pool.spares.first().map_or(0, Vec::len);
        let wanted = pool.nodes.len() + surge + extra;
        if wanted > most as usize && surge + extra > 0 {
            let evidence = format!("pool {}: {wanted} nodes at a time, and the quota is {most}", pool.name);
            let said = says(found.plan(), evidence);
            found.add(said.predicting(Prediction::Nothing, Vec::new()));
        }
    }
}

fn autoscaler(desk: &Desk<'_>, found: &mut Found<'_>) {
    let surges = desk
        .pools()
        .any(|(pool, pace)| pool.strategy.mode != Mode::InPlace && pace.slots(0).0 > 0);
    for (id, workload) in desk.model.workloads.iter_ids() {
        let scaler = ["cluster-autoscaler", "karpenter"]
            .iter()
            .find(|n| workload.name.contains(**n));
        if let Some(name) = scaler.filter(|_| surges && workload.desired > 0) {
            found.add(says(
                found.workload(id),
                format!("{name} runs while the plan brings new, empty nodes"),
            ));
        }
    }
}

/// Volumes of a workload's pods.
fn volumes(desk: &Desk<'_>, id: WorkloadId) -> BTreeSet<VolumeId> {
    let pods = desk.pods_of(id).iter().map(|&pod| &desk.model.pods[pod]);
    let slots = pods.map(|pod| pod.ordinal.unwrap_or(0));
    slots
        .flat_map(|slot| desk.model.volumes_of(desk.model.workloads[id].class, slot))
        .collect()
}

/// Nodes that can reach a volume; `None`: all.
fn reach(desk: &Desk<'_>, volume: VolumeId) -> Option<BTreeSet<NodeId>> {
    desk.model.volumes[volume].reach?;
    let all = desk.model.nodes.ids().filter(|&n| !desk.model.nodes[n].planned);
    Some(all.filter(|&node| desk.model.reaches(volume, node)).collect())
}

fn local(desk: &Desk<'_>, found: &mut Found<'_>) {
    for (id, _) in desk.drainable() {
        for volume in volumes(desk, id) {
            let Some(nodes) = reach(desk, volume) else { continue };
            if let (Some(&node), 1) = (nodes.first(), nodes.len())
                && desk.is_drained(node)
            {
                let (name, host) = (&desk.model.volumes[volume].name, &desk.model.nodes[node].name);
                let evidence = format!("its volume {name} is on {host} alone, which the plan drains");
                let said = says(found.workload(id), evidence);
                found.add(said.predicting(Prediction::Pending, vec![desk.name(id)]));
            }
        }
    }
}

fn full_zone(desk: &Desk<'_>, found: &mut Found<'_>) {
    let mut tight: BTreeMap<String, (WorkloadId, usize)> = BTreeMap::new();
    for (id, workload) in desk.drainable() {
        for volume in volumes(desk, id) {
            let Some(nodes) = reach(desk, volume).filter(|nodes| nodes.len() > 1) else {
                continue;
            };
            let asks = desk.class(workload).requests;
            let fits = |node: &NodeId| {
                let free = desk.free(*node);
                is_open(desk, *node) && free.cpu >= asks.cpu && free.memory >= asks.memory
            };
            let here = desk.nodes_of(id);
            let others = nodes.iter().filter(|node| !here.contains(node));
            if desk.is_moved(id) && !others.clone().any(fits) {
                tight.insert(desk.name(id), (id, nodes.len()));
            }
        }
    }
    for (name, (id, nodes)) in tight {
        let evidence = format!(
            "its volume can be reached from {}, and no other of them has room for {}",
            count(nodes, "node"),
            some(&[&name])
        );
        let said = says(found.workload(id), evidence);
        found.add(said.predicting(Prediction::Pending, vec![name]));
    }
}
