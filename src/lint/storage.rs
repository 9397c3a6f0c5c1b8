//! S: volumes.

use std::collections::BTreeSet;

use super::case::{Case, replicated};
use super::{Finding, Found, Rule, Severity};
use crate::ids::{NodeId, VolumeId, WorkloadId};
use crate::model::{DrainVia, Mode, OnFailure, Predicts};

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "S01",
        severity: Severity::Error,
        title: "A volume lies on a node that is drained",
        why: "No other node can reach a local volume: the pod waits until the node is back, and for ever if it is replaced.",
        fix: "Move the data as its operator says, or leave the node out of the plan.",
        needs: "PersistentVolumes with node affinity, claims, an UpgradePlan",
        source: "https://kubernetes.io/docs/concepts/storage/volumes/#local",
        check: local_volume,
    },
    Rule {
        id: "S02",
        severity: Severity::Warning,
        title: "A zone has no second node for a volume",
        why: "A zonal volume cannot leave its zone: the pod waits until a node of that zone is back.",
        fix: "Bring a node in that zone first (`bufferPerZone: 1`).",
        needs: "PersistentVolumes with node affinity or zone labels, claims, an UpgradePlan",
        source: "https://kubernetes.io/docs/setup/best-practices/multiple-zones/#storage-access-for-zones",
        check: zonal_volume,
    },
    Rule {
        id: "S03",
        severity: Severity::Warning,
        title: "Nodes may go with volumes attached",
        why: "A volume that is not detached in order is held for six minutes before another node may have it.",
        fix: "Drain until it ends: `onFailure: Abort` or `Quarantine`.",
        needs: "PersistentVolumes of one node at a time, an UpgradePlan",
        source: "https://kubernetes.io/docs/concepts/cluster-administration/node-shutdown/#storage-force-detach-on-timeout",
        check: forced_detach,
    },
];

/// Volumes of a workload's pods.
fn volumes<'a>(case: &Case<'a>, id: WorkloadId) -> BTreeSet<VolumeId> {
    let slots = case.model.workloads[id].slot_volumes.len().max(1);
    let class = case.model.workloads[id].class;
    let slots = 0..u32::try_from(slots).unwrap_or(1);
    slots.flat_map(|slot| case.model.volumes_of(class, slot)).collect()
}

/// Nodes that can reach a volume, where not all of them can.
fn reach(case: &Case<'_>, volume: VolumeId) -> Option<Vec<NodeId>> {
    case.model.volumes[volume].reach?;
    let nodes = case.model.nodes.iter_ids().filter(|(_, n)| !n.planned);
    Some(
        nodes
            .map(|(id, _)| id)
            .filter(|&n| case.model.reaches(volume, n))
            .collect(),
    )
}

fn local_volume(case: &Case<'_>, found: &mut Found) {
    if case.model.plan.is_none() {
        return;
    }
    for (id, _) in case.moved() {
        for volume in volumes(case, id) {
            let Some(&[node]) = reach(case, volume).as_deref() else {
                continue;
            };
            if !case.drained[node] || is_zonal(case, node, volume) {
                continue;
            }
            let goes = case
                .pools
                .iter()
                .any(|p| p.pool.strategy.mode != Mode::InPlace && p.pool.nodes.contains(&node));
            let (volume, name) = (&case.model.volumes[volume].name, case.node_name(node));
            let says = format!(
                "its volume {volume} lies on {name}, which the plan {}",
                if goes { "replaces" } else { "drains" }
            );
            let finding = Finding::new(case.workload_object(id), says)
                .figure("volume", volume)
                .figure("node", name);
            let finding = finding.predicts(Predicts::Pending);
            found.push(if goes {
                finding.why("The node goes, and its volume with it: the pod can never start again.")
            } else {
                let why = "The pod waits until its node is back.";
                finding.why(why).milder(Severity::Warning)
            });
        }
    }
}

/// Whether a volume's only node is the only one of its zone: the zone, not the node, is what binds it.
fn is_zonal(case: &Case<'_>, node: NodeId, volume: VolumeId) -> bool {
    let zone = case.model.nodes[node].zone;
    let alone = case.model.nodes.iter().filter(|n| !n.planned && n.zone == zone).count() == 1;
    zone.is_some() && alone && case.model.volumes[volume].single_attach
}

fn zonal_volume(case: &Case<'_>, found: &mut Found) {
    for pool in &case.pools {
        if pool.surge > 0 || pool.pool.strategy.buffer_per_zone > 0 {
            continue;
        }
        for (id, workload) in case.moved().filter(|(_, w)| replicated(w.kind)) {
            let class = &case.model.classes[workload.class];
            for volume in volumes(case, id) {
                let Some(nodes) = reach(case, volume) else { continue };
                let hosts: Vec<NodeId> = nodes
                    .into_iter()
                    .filter(|&n| super::case::takes(class, &case.model.nodes[n]))
                    .collect();
                let Some(&first) = hosts.first() else { continue };
                let one_zone = hosts
                    .iter()
                    .all(|&n| case.model.nodes[n].zone == case.model.nodes[first].zone);
                let all = hosts.iter().all(|n| pool.pool.nodes.contains(n));
                let local = hosts.len() == 1 && !is_zonal(case, first, volume);
                if !one_zone || !all || local || hosts.len() > pool.at_once {
                    continue;
                }
                let zone = case.model.nodes[first]
                    .zone
                    .and_then(|z| case.model.zones.get(z as usize));
                let (name, zone) = (&case.model.volumes[volume].name, zone.map_or("", String::as_str));
                let says = format!("its volume {name} is in the zone {zone}, whose nodes are all drained together");
                let finding = Finding::new(case.workload_object(id), says).figure("volume", name);
                let finding = finding
                    .figure("nodesOfZone", hosts.len())
                    .figure("atOnce", pool.at_once);
                let patch = super::plan::strategy_patch("bufferPerZone: 1");
                found.push(finding.patch(patch).predicts(Predicts::Pending));
                break;
            }
        }
    }
}

fn forced_detach(case: &Case<'_>, found: &mut Found) {
    let Some(plan) = &case.model.plan else { return };
    let goes = case
        .pools
        .iter()
        .any(|p| p.pool.strategy.mode != Mode::InPlace || p.pool.strategy.reboot);
    let careless = match (plan.drain.via, plan.drain.on_failure) {
        (DrainVia::None, _) => "nodes are not drained",
        (_, OnFailure::TerminateAnyway) => "a drain that fails does not stop them",
        (_, OnFailure::WarnAndContinue) => "a drain that fails is passed over",
        _ => return,
    };
    if !goes {
        return;
    }
    let single = |id: WorkloadId| {
        volumes(case, id)
            .into_iter()
            .any(|v| case.model.volumes[v].single_attach)
    };
    let all = case
        .model
        .workloads
        .iter_ids()
        .filter(|(id, w)| replicated(w.kind) && w.desired > 0 && single(*id));
    let hit: Vec<WorkloadId> = all.map(|(id, _)| id).collect();
    if let Some(&first) = hit.first() {
        let says = format!(
            "machines go down and {careless}, while {} has volumes attached",
            case.names(&hit)
        );
        let finding = Finding::new(case.plan_object(), says)
            .field("spec.drain")
            .figure("workloads", hit.len());
        found.push(finding.predicts(Predicts::Degraded(first)));
    }
}
