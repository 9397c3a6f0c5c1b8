//! W: workloads.

use super::Check;
use crate::ids::WorkloadId;
use crate::lint::desk::{Desk, count, some};
use crate::lint::found::{Found, says};
use crate::model::{PodClass, Prediction, RolloutStrategy, Toleration, Workload, WorkloadKind};
use crate::units::Dist;

pub(super) const CHECKS: &[(&str, Check)] = &[
    ("W01", single),
    ("W02", one_node),
    ("W03", no_spare_node),
    ("W04", rollout_deadlock),
    ("W05", no_probe),
    ("W06", tolerates_all),
    ("W07", long_jobs),
    ("W08", vanishing_label),
];

fn single(desk: &Desk<'_>, found: &mut Found<'_>) {
    for (id, workload) in desk.replicated() {
        if workload.desired == 1 && desk.served(workload) && desk.is_moved(id) {
            let start = workload.startup.as_ref().or(desk.model.timings.pod_startup.as_ref());
            let gap = start.map_or_else(String::new, |dist| {
                format!(", {:.0} s in the middle", dist.median().as_secs_f64())
            });
            let evidence = format!("1 replica: each move is a downtime of its start-up{gap}");
            let said = says(found.workload(id), evidence);
            found.add(said.predicting(Prediction::Downtime, vec![desk.name(id)]));
        }
    }
}

fn one_node(desk: &Desk<'_>, found: &mut Found<'_>) {
    for (id, workload) in desk.replicated().filter(|(_, w)| w.desired > 1) {
        let nodes = desk.nodes_of(id);
        let (Some(&node), 1) = (nodes.first(), nodes.len()) else {
            continue;
        };
        if desk.is_drained(node) {
            let evidence = format!(
                "all {} on {}",
                count(workload.desired as usize, "replica"),
                desk.model.nodes[node].name
            );
            let said = says(found.workload(id), evidence);
            found.add(said.predicting(Prediction::Downtime, vec![desk.name(id)]));
        }
    }
}

/// Whether at most one pod of a class may be on a node: by its own required anti-affinity, or a hard spread over hosts.
fn one_for_each_node(desk: &Desk<'_>, workload: &Workload) -> bool {
    let Some(placement) = &desk.class(workload).placement else {
        return false;
    };
    let host = |topology| desk.model.topologies[topology] == "kubernetes.io/hostname";
    placement
        .anti_affinity
        .iter()
        .any(|term| host(term.topology) && term.classes.contains(&workload.class))
}

fn no_spare_node(desk: &Desk<'_>, found: &mut Found<'_>) {
    let surges = desk.pools().all(|(_, pace)| pace.slots(0).0 > 0);
    for (id, workload) in desk.replicated() {
        let nodes = desk.usable(desk.class(workload)).count();
        let tight = nodes > 0 && workload.desired as usize >= nodes;
        if tight && one_for_each_node(desk, workload) && desk.is_moved(id) && !surges {
            let evidence = format!(
                "{} that must keep apart, on {} that may have them",
                count(workload.desired as usize, "replica"),
                count(nodes, "node")
            );
            let said = says(found.workload(id), evidence);
            found.add(said.predicting(Prediction::Pending, vec![desk.name(id)]));
        }
    }
}

fn rollout_deadlock(desk: &Desk<'_>, found: &mut Found<'_>) {
    for (id, workload) in desk.replicated() {
        let RolloutStrategy::RollingUpdate { max_unavailable, .. } = workload.rollout else {
            continue;
        };
        let nodes = desk.usable(desk.class(workload)).count();
        let none = max_unavailable.round_down(workload.desired) == 0;
        let tight = nodes > 0 && workload.desired as usize >= nodes;
        if workload.kind == WorkloadKind::Deployment && none && tight && one_for_each_node(desk, workload) {
            let evidence = format!(
                "maxUnavailable {max_unavailable} of {} comes to 0, and each of {} has one already",
                count(workload.desired as usize, "replica"),
                count(nodes, "node")
            );
            let patch = "spec:\n  strategy:\n    rollingUpdate: {maxUnavailable: 1, maxSurge: 0}\n";
            found.add(says(found.workload(id), evidence).patch(patch));
        }
    }
}

fn no_probe(desk: &Desk<'_>, found: &mut Found<'_>) {
    for (id, workload) in desk.replicated() {
        let blind = desk.class(workload).readiness.is_none();
        if blind && desk.served(workload) && desk.is_moved(id) {
            let evidence = "no readinessProbe, and a Service that sends clients to its pods";
            let said = says(found.workload(id), evidence);
            found.add(said.predicting(Prediction::Nothing, vec![desk.name(id)]));
        }
    }
}

/// Tolerates every taint there is.
fn tolerates_all(desk: &Desk<'_>, found: &mut Found<'_>) {
    let all = |t: &Toleration| t.key.is_none() && t.value.is_none() && t.effect.is_none();
    let cordon = |t: &Toleration| t.key.as_deref() == Some("node.kubernetes.io/unschedulable");
    for (id, workload) in desk.replicated() {
        let class: &PodClass = desk.class(workload);
        let Some(wide) = class.tolerations.iter().find(|t| all(t) || cordon(t)) else {
            continue;
        };
        if desk.is_moved(id) {
            let what = if all(wide) {
                "every taint"
            } else {
                "node.kubernetes.io/unschedulable"
            };
            let evidence = format!("tolerates {what}: a cordoned node is as good as any other for it");
            let said = says(found.workload(id), evidence);
            found.add(said.predicting(Prediction::Churn, vec![desk.name(id)]));
        }
    }
}

fn long_jobs(desk: &Desk<'_>, found: &mut Found<'_>) {
    let waits = desk
        .drains()
        .iter()
        .filter_map(|(options, _)| options.timeout)
        .max()
        .unwrap_or_default();
    for (id, workload) in desk.drainable().filter(|(_, w)| w.kind == WorkloadKind::Job) {
        let Some(run_for) = workload.run_for.as_ref().map(Dist::median) else {
            continue;
        };
        if run_for > waits && desk.is_moved(id) {
            let evidence = format!(
                "its pods run for {:.0} s; an evicted one begins anew, whatever it has done",
                run_for.as_secs_f64()
            );
            let said = says(found.workload(id), evidence);
            found.add(said.predicting(Prediction::Nothing, vec![desk.name(id)]));
        }
    }
}

/// kubeadm takes this label away at 1.24.
const MASTER: &str = "node-role.kubernetes.io/master";

fn vanishing_label(desk: &Desk<'_>, found: &mut Found<'_>) {
    let target = desk.plan.and_then(|plan| plan.target.as_ref());
    let crosses = target.is_some_and(|to| to.minor() >= 24) && desk.model.version.minor() < 24;
    if !crosses {
        return;
    }
    let needs = |workload: &Workload| desk.class(workload).node_selector.iter().any(|(key, _)| key == MASTER);
    let all: Vec<(WorkloadId, &Workload)> = desk.model.workloads.iter_ids().filter(|(_, w)| needs(w)).collect();
    for (id, _) in all {
        let evidence = format!("nodeSelector {}, which kubeadm takes away at 1.24", some(&[MASTER]));
        let said = says(found.workload(id), evidence);
        found.add(said.predicting(Prediction::Nothing, vec![desk.name(id)]));
    }
}
