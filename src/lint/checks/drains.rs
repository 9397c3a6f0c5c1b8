//! P: drains, and what they meet.

use super::Check;
use crate::ids::{NodeId, WorkloadId};
use crate::lint::desk::{Desk, count, some};
use crate::lint::found::{Found, says};
use crate::model::{DrainOptions, DrainVia, OnFailure, PodClass, Prediction, WorkloadKind};

pub(super) const CHECKS: &[(&str, Check)] = &[
    ("P04", endless),
    ("P05", short_timeout),
    ("P06", short_grace),
    ("P07", rough),
    ("P08", unmanaged),
    ("P09", empty_dir),
];

/// Workloads with pods on these nodes that a drain touches, and their classes.
fn met<'a>(desk: &Desk<'a>, nodes: &[NodeId]) -> Vec<(WorkloadId, &'a PodClass)> {
    let stays = |kind| matches!(kind, WorkloadKind::DaemonSet | WorkloadKind::StaticPod);
    let placed = nodes.iter().flat_map(|&node| desk.pods_on(node));
    let mut met: Vec<WorkloadId> = placed.map(|&pod| desk.model.pods[pod].workload).collect();
    // Workloads whose pods have no node yet may stand anywhere.
    let floating = desk
        .drainable()
        .filter(|(id, _)| desk.pods_of(*id).is_empty() && desk.is_moved(*id));
    met.extend(floating.map(|(id, _)| id));
    met.sort_unstable();
    met.dedup();
    met.retain(|&id| !stays(desk.model.workloads[id].kind));
    met.into_iter()
        .map(|id| (id, desk.class(&desk.model.workloads[id])))
        .collect()
}

fn names(desk: &Desk<'_>, hit: impl Iterator<Item = WorkloadId>) -> Vec<String> {
    hit.map(|id| desk.name(id)).collect()
}

/// Drains that really evict or delete.
fn drains<'a>(desk: &Desk<'a>) -> Vec<(&'a DrainOptions, Vec<NodeId>)> {
    let mut drains = desk.drains();
    drains.retain(|(options, nodes)| options.via != DrainVia::None && !nodes.is_empty());
    drains
}

fn endless(desk: &Desk<'_>, found: &mut Found<'_>) {
    let endless = |o: &DrainOptions| o.via == DrainVia::Eviction && o.timeout.is_none();
    for (_, nodes) in drains(desk).iter().filter(|(options, _)| endless(options)) {
        let blocked = |class: &PodClass| class.budgets.iter().any(|&b| desk.allowed(b).1 == 0);
        let hit = names(
            desk,
            met(desk, nodes)
                .into_iter()
                .filter(|(_, c)| blocked(c))
                .map(|(id, _)| id),
        );
        if !hit.is_empty() {
            let evidence = format!("no time-out, and no disruption is ever allowed for {}", some(&hit));
            let patch = "drain:\n  timeout: 15m\n  onFailure: UncordonAndAbort\n";
            let said = says(found.plan(), evidence).patch(patch);
            return found.add(said.predicting(Prediction::Incomplete, hit));
        }
    }
}

fn short_timeout(desk: &Desk<'_>, found: &mut Found<'_>) {
    for (options, nodes) in drains(desk) {
        let Some(timeout) = options.timeout else { continue };
        let grace = |class: &PodClass| options.grace_period.unwrap_or(class.grace);
        let longest = met(desk, &nodes).into_iter().max_by_key(|(_, class)| grace(class));
        let Some((id, class)) = longest.filter(|(_, class)| grace(class) > timeout) else {
            continue;
        };
        let evidence = format!(
            "time-out {:.0} s, and {} has a grace period of {:.0} s",
            timeout.as_secs_f64(),
            desk.name(id),
            grace(class).as_secs_f64()
        );
        return found.add(says(found.plan(), evidence));
    }
}

fn short_grace(desk: &Desk<'_>, found: &mut Found<'_>) {
    for (options, nodes) in drains(desk) {
        let Some(grace) = options.grace_period else { continue };
        let shortened = |class: &PodClass| class.grace > grace;
        let hit = names(
            desk,
            met(desk, &nodes)
                .into_iter()
                .filter(|(_, c)| shortened(c))
                .map(|(id, _)| id),
        );
        if !hit.is_empty() {
            let evidence = format!(
                "{:.0} s for every pod; {} would have more: {}",
                grace.as_secs_f64(),
                count(hit.len(), "workload"),
                some(&hit)
            );
            return found.add(says(found.plan(), evidence));
        }
    }
}

fn rough(desk: &Desk<'_>, found: &mut Found<'_>) {
    for (options, nodes) in drains(desk) {
        let how = match (options.via, options.on_failure) {
            (DrainVia::Delete, _) => "via: Delete does not ask budgets at all",
            (_, OnFailure::ForceDelete) => "onFailure: ForceDelete deletes what budgets kept",
            (_, OnFailure::TerminateAnyway) => "onFailure: TerminateAnyway ends the node with its pods",
            (_, OnFailure::WarnAndContinue) => "onFailure: WarnAndContinue goes on with pods on the node",
            _ => continue,
        };
        let guarded = met(desk, &nodes)
            .into_iter()
            .filter(|(_, class)| !class.budgets.is_empty());
        let hit = names(desk, guarded.map(|(id, _)| id));
        if !hit.is_empty() {
            return found.add(says(found.plan(), format!("{how}: {} have budgets", some(&hit))));
        }
    }
}

/// Nodes of all drains that are like this.
fn nodes_where(desk: &Desk<'_>, like: impl Fn(&DrainOptions) -> bool) -> Vec<NodeId> {
    let drains = drains(desk).into_iter().filter(|(options, _)| like(options));
    drains.flat_map(|(_, nodes)| nodes).collect()
}

fn unmanaged(desk: &Desk<'_>, found: &mut Found<'_>) {
    for (id, _) in met(desk, &nodes_where(desk, |options| !options.force)) {
        if desk.model.workloads[id].kind == WorkloadKind::Pod {
            let said = says(
                found.workload(id),
                "nobody owns it, and the drains of the plan have no force",
            );
            found.add(said.predicting(Prediction::Incomplete, vec![desk.name(id)]));
        }
    }
}

fn empty_dir(desk: &Desk<'_>, found: &mut Found<'_>) {
    for (id, class) in met(desk, &nodes_where(desk, |options| !options.delete_empty_dir_data)) {
        if class.empty_dir {
            let evidence = "it has an emptyDir volume, and the drains of the plan may not delete one";
            let said = says(found.workload(id), evidence).patch("drain:\n  deleteEmptyDirData: true\n");
            found.add(said.predicting(Prediction::Incomplete, vec![desk.name(id)]));
        }
    }
}
