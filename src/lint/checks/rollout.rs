//! P: the strategy, as far as drains are not concerned.

use std::collections::BTreeSet;

use super::Check;
use crate::lint::desk::{Desk, count, some};
use crate::lint::found::{Found, says};
use crate::model::{Gate, Mode, NodeOrder, Pool, Prediction, Premark, WorkloadKind};
use crate::study::comparison::naive;

pub(super) const CHECKS: &[(&str, Check)] = &[
    ("P02", all_at_once),
    ("P03", zones),
    ("P10", window),
    ("P11", no_gate),
    ("P12", no_canary),
    ("P13", no_premark),
    ("P16", other_disruptors),
];

/// The most nodes of a pool that are away at the same time: those whose successor comes first are not.
fn together(pool: &Pool, pace: &crate::model::Pace) -> usize {
    let (_, unavailable) = pace.slots(usize::MAX);
    match pool.strategy.mode {
        Mode::BlueGreen => 0,
        _ => unavailable.min(pool.nodes.len()),
    }
}

fn all_at_once(desk: &Desk<'_>, found: &mut Found<'_>) {
    for (pool, pace) in desk.pools() {
        let together = together(pool, &pace);
        if together < 2 {
            continue;
        }
        let inside: BTreeSet<_> = pool.nodes.iter().copied().collect();
        let mut hit = Vec::new();
        for (id, workload) in desk.replicated() {
            let nodes = desk.nodes_of(id);
            // Pods that have no node yet may get any that they can have.
            let nodes = if nodes.is_empty() {
                desk.usable(desk.class(workload)).collect()
            } else {
                nodes
            };
            let guarded = desk
                .class(workload)
                .budgets
                .iter()
                .any(|&b| desk.allowed(b).1 < workload.desired);
            if !guarded && !nodes.is_empty() && nodes.len() <= together && nodes.is_subset(&inside) {
                hit.push(desk.name(id));
            }
        }
        if !hit.is_empty() {
            let evidence = format!(
                "pool {}: {together} of its {} nodes together, where all replicas of {} are",
                pool.name,
                pool.nodes.len(),
                some(&hit)
            );
            found.add(says(found.plan(), evidence).predicting(Prediction::Downtime, hit));
        }
    }
}

fn zones(desk: &Desk<'_>, found: &mut Found<'_>) {
    for (pool, pace) in desk.pools() {
        let zones: BTreeSet<u32> = pool.nodes.iter().filter_map(|&n| desk.model.nodes[n].zone).collect();
        let together = together(pool, &pace);
        if together > 1 && zones.len() > 1 && pool.strategy.order != NodeOrder::ByZone {
            let evidence = format!(
                "pool {}: {together} nodes together, in an order that mixes {}",
                pool.name,
                count(zones.len(), "zone")
            );
            let patch = "strategy:\n  order: ByZone\n";
            found.add(says(found.plan(), evidence).patch(patch));
        }
    }
}

fn window(desk: &Desk<'_>, found: &mut Found<'_>) {
    let Some(takes) = naive(desk.model) else { return };
    let open = desk
        .pools()
        .filter_map(|(pool, _)| pool.strategy.window)
        .map(|w| w.open)
        .min();
    if let Some(open) = open.filter(|&open| takes > open) {
        let evidence = format!(
            "the plan takes {:.0} min at least, and the window is open for {:.0} min",
            takes.as_secs_f64() / 60.0,
            open.as_secs_f64() / 60.0
        );
        found.add(says(found.plan(), evidence));
    }
}

fn no_gate(desk: &Desk<'_>, found: &mut Found<'_>) {
    for (pool, _) in desk.pools() {
        if pool.strategy.gate == Gate::None && pool.nodes.len() > 1 {
            let evidence = format!("pool {}: gate None, {}", pool.name, count(pool.nodes.len(), "node"));
            found.add(says(found.plan(), evidence).patch("strategy:\n  gate: Ready\n"));
        }
    }
}

fn no_canary(desk: &Desk<'_>, found: &mut Found<'_>) {
    for (pool, pace) in desk.pools() {
        let sizes = pace.batches(pool.nodes.len());
        let first = sizes.first().copied().unwrap_or(0);
        if first > 1 && sizes.len() > 1 && !pool.strategy.first_alone {
            let evidence = format!(
                "pool {}: the first batch has {first} of {} nodes",
                pool.name,
                pool.nodes.len()
            );
            found.add(says(found.plan(), evidence).patch("strategy:\n  firstAlone: true\n"));
        }
    }
}

/// How often a pod moves in the mean when N nodes go one after another and pods land anywhere (the churn law).
fn moves(nodes: usize) -> f64 {
    let n = f64::from(u32::try_from(nodes).unwrap_or(u32::MAX));
    (n - 1.0) / n * ((n / (n - 1.0)).powf(n) - 1.0)
}

fn no_premark(desk: &Desk<'_>, found: &mut Found<'_>) {
    for (pool, pace) in desk.pools() {
        let steps = pace.batches(pool.nodes.len()).len();
        let marked = pool.strategy.premark != Premark::None || pool.strategy.mode == Mode::BlueGreen;
        if !marked && pool.nodes.len() > 3 && steps > 3 {
            let evidence = format!(
                "pool {}: {steps} batches and no mark on the nodes that wait: up to {:.2} moves for each pod in the mean",
                pool.name,
                moves(steps)
            );
            let patch = "strategy:\n  premark: PreferNoSchedule\n";
            found.add(
                says(found.plan(), evidence)
                    .patch(patch)
                    .predicting(Prediction::Churn, Vec::new()),
            );
        }
    }
}

fn other_disruptors(desk: &Desk<'_>, found: &mut Found<'_>) {
    const OTHERS: [&str; 3] = ["kured", "descheduler", "node-problem-detector-remediation"];
    for (id, workload) in desk.model.workloads.iter_ids() {
        let other = OTHERS.iter().find(|name| workload.name.contains(**name));
        let runs = matches!(workload.kind, WorkloadKind::DaemonSet | WorkloadKind::Deployment);
        if let Some(name) = other.filter(|_| runs && desk.plan.is_some()) {
            found.add(says(found.workload(id), format!("{name} is at work in the cluster")));
        }
    }
}
