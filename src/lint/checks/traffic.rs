//! T: what clients notice.

use super::Check;
use crate::lint::desk::{Desk, count};
use crate::lint::found::{Found, says};
use crate::model::Prediction;
use crate::units::Span;

pub(super) const CHECKS: &[(&str, Check)] = &[("T01", no_pre_stop), ("T03", killed), ("T04", platform)];

fn no_pre_stop(desk: &Desk<'_>, found: &mut Found<'_>) {
    let spreads = desk.model.timings.proxy_sync.median();
    for (id, workload) in desk.replicated() {
        let stops = desk.class(workload).pre_stop + desk.shutdown(workload);
        let quick = desk.class(workload).pre_stop == Span::ZERO && stops < spreads;
        if quick && desk.served(workload) && desk.is_moved(id) {
            let evidence = format!(
                "no preStop hook and stopped after {:.1} s; nodes hear of it after {:.1} s in the middle",
                stops.as_secs_f64(),
                spreads.as_secs_f64()
            );
            let patch = "lifecycle:\n  preStop:\n    sleep: {seconds: 5}\n";
            let said = says(found.workload(id), evidence).patch(patch);
            found.add(said.predicting(Prediction::ClientErrors, vec![desk.name(id)]));
        }
    }
}

fn killed(desk: &Desk<'_>, found: &mut Found<'_>) {
    for (id, workload) in desk.replicated() {
        let class = desk.class(workload);
        let takes = class.pre_stop + desk.shutdown(workload);
        if takes > class.grace && desk.is_moved(id) {
            let evidence = format!(
                "preStop and shutdown take {:.0} s, and the grace period is {:.0} s",
                takes.as_secs_f64(),
                class.grace.as_secs_f64()
            );
            found.add(says(found.workload(id), evidence));
        }
    }
}

/// What everybody in the cluster uses, by the names that its makers give it.
const PLATFORM: [&str; 6] = [
    "coredns",
    "kube-dns",
    "ingress-nginx-controller",
    "traefik",
    "metrics-server",
    "cert-manager-webhook",
];

fn platform(desk: &Desk<'_>, found: &mut Found<'_>) {
    for (id, workload) in desk.replicated() {
        let known = PLATFORM.contains(&workload.name.as_str());
        let nodes = desk.nodes_of(id).len();
        let together = workload.desired == 1 || nodes == 1;
        if known && together && desk.is_moved(id) {
            let evidence = format!(
                "{} on {}",
                count(workload.desired as usize, "replica"),
                count(nodes.max(1), "node")
            );
            let said = says(found.workload(id), evidence);
            found.add(said.predicting(Prediction::Downtime, vec![desk.name(id)]));
        }
    }
}
