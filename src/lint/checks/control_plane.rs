//! C: control plane and etcd.

use super::Check;
use crate::lint::desk::{Desk, count, some};
use crate::lint::found::{Found, cluster_wide, says};
use crate::model::{Etcd, HealthCheck, Prediction, Step, WorkloadKind};
use crate::study::comparison::naive;
use crate::units::Span;

pub(super) const CHECKS: &[(&str, Check)] = &[
    ("C01", alone),
    ("C02", no_quorum),
    ("C03", even),
    ("C05", slow_balancer),
    ("C07", certificates),
    ("C08", long_step),
    ("C09", applications),
];

/// How long an API server is away when kubeadm swaps it, at least (stop, and start until it serves).
const RESTART: Span = Span::from_secs(10);
/// How long a node may be silent before the controllers give it up (node-monitor-grace-period, 40 s before 1.32).
const GRACE: Span = Span::from_secs(40);

/// Whether the plan upgrades control-plane nodes.
fn is_upgraded(desk: &Desk<'_>) -> bool {
    let Some(plan) = desk.plan else { return false };
    let steps = plan
        .steps
        .iter()
        .any(|step| matches!(step, Step::UpgradeControlPlane { .. }));
    steps || plan.steps.is_empty() && plan.control_plane.upgrade && plan.hops().next().is_some()
}

fn nodes(desk: &Desk<'_>) -> Vec<String> {
    let nodes = desk.model.control_plane.nodes.iter();
    nodes.map(|&node| desk.model.nodes[node].name.clone()).collect()
}

fn alone(desk: &Desk<'_>, found: &mut Found<'_>) {
    if let [node] = desk.model.control_plane.nodes[..]
        && is_upgraded(desk)
    {
        let said = says(
            found.node(node),
            "the only control-plane node, and the plan upgrades it",
        );
        found.add(said.predicting(Prediction::Blackout, Vec::new()));
    }
}

fn no_quorum(desk: &Desk<'_>, found: &mut Found<'_>) {
    let members = desk.model.control_plane.nodes.len();
    let steps = desk.plan.map_or(&[][..], |plan| &plan.steps);
    for step in steps {
        let Step::UpgradeControlPlane { nodes, .. } = step else {
            continue;
        };
        let left = members.saturating_sub(nodes.len());
        let quorum = members / 2 + 1;
        if members > 1 && desk.model.control_plane.etcd == Etcd::Stacked && left < quorum {
            let evidence = format!(
                "{} of {members} at once: {left} left, and {quorum} are a quorum",
                count(nodes.len(), "control-plane node")
            );
            let said = says(found.plan(), evidence);
            found.add(said.predicting(Prediction::Blackout, Vec::new()));
        }
    }
}

fn even(desk: &Desk<'_>, found: &mut Found<'_>) {
    let members = desk.model.control_plane.nodes.len();
    if members > 0 && members.is_multiple_of(2) && desk.model.control_plane.etcd == Etcd::Stacked && is_upgraded(desk) {
        let evidence = format!(
            "{members} members: {} may be lost, as with {}",
            (members - 1) / 2,
            members - 1
        );
        found.add(says(cluster_wide("Cluster", &some(&nodes(desk))), evidence));
    }
}

fn slow_balancer(desk: &Desk<'_>, found: &mut Found<'_>) {
    let control_plane = &desk.model.control_plane;
    if control_plane.nodes.len() < 2 || !is_upgraded(desk) {
        return;
    }
    let balancer = &control_plane.load_balancer;
    let notices = Span::from_micros(
        balancer
            .interval
            .as_micros()
            .saturating_mul(u64::from(balancer.threshold)),
    );
    let evidence = match balancer.check {
        HealthCheck::Tcp => "it checks a TCP connection: a server whose etcd is away stays in".to_owned(),
        HealthCheck::Readyz if notices > RESTART => format!(
            "it notices after {} × {:.0} s, and a restart takes about {:.0} s",
            balancer.threshold,
            balancer.interval.as_secs_f64(),
            RESTART.as_secs_f64()
        ),
        HealthCheck::Readyz => return,
    };
    let patch = "spec:\n  controlPlane:\n    loadBalancer: {check: Readyz, interval: 3s, threshold: 2}\n";
    found.add(says(cluster_wide("Cluster", &some(&nodes(desk))), evidence).patch(patch));
}

fn certificates(desk: &Desk<'_>, found: &mut Found<'_>) {
    let Some(expire) = desk.model.control_plane.certificates_expire else {
        return;
    };
    let takes = naive(desk.model).unwrap_or_default();
    if expire <= takes || expire < Span::from_secs(3600) {
        let evidence = format!(
            "they expire after {:.0} s, and the plan takes {:.0} s at least",
            expire.as_secs_f64(),
            takes.as_secs_f64()
        );
        let said = says(cluster_wide("Cluster", &some(&nodes(desk))), evidence);
        found.add(said.predicting(Prediction::Blackout, Vec::new()));
    }
}

fn long_step(desk: &Desk<'_>, found: &mut Found<'_>) {
    let timings = &desk.model.timings;
    let stop = timings
        .api_server
        .stop
        .as_ref()
        .map_or(Span::ZERO, crate::units::Dist::median);
    let down = timings
        .api_server
        .down
        .as_ref()
        .map_or(Span::ZERO, crate::units::Dist::median);
    let start = timings
        .api_server
        .start
        .as_ref()
        .map_or(Span::ZERO, crate::units::Dist::median);
    let away = stop + down + start;
    if desk.model.control_plane.nodes.len() == 1 && is_upgraded(desk) && away > GRACE {
        let evidence = format!(
            "the API server is away for {:.0} s, and nodes may be silent for {:.0} s",
            away.as_secs_f64(),
            GRACE.as_secs_f64()
        );
        let said = says(found.node(desk.model.control_plane.nodes[0]), evidence);
        found.add(said.predicting(Prediction::Blackout, Vec::new()));
    }
}

fn applications(desk: &Desk<'_>, found: &mut Found<'_>) {
    for &node in &desk.model.control_plane.nodes {
        let own = |kind| matches!(kind, WorkloadKind::DaemonSet | WorkloadKind::StaticPod);
        let mut names: Vec<String> = desk
            .pods_on(node)
            .iter()
            .map(|&pod| desk.model.pods[pod].workload)
            .filter(|&id| !own(desk.model.workloads[id].kind) && desk.model.workloads[id].namespace != "kube-system")
            .map(|id| desk.name(id))
            .collect();
        names.sort();
        names.dedup();
        if !names.is_empty() && desk.is_drained(node) {
            let evidence = format!("pods of {} run here: {}", count(names.len(), "workload"), some(&names));
            let said = says(found.node(node), evidence);
            found.add(said.predicting(Prediction::Degraded, names));
        }
    }
}
