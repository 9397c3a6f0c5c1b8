//! Whether a run bears out what the linter found.

use super::{FindingReport, Rehearsed, Report, WorkloadReport};
use crate::ids::{Id, WorkloadId};
use crate::model::{Foreseen, Predicts};
use crate::trace::{PlanStatus, Preamble};

/// Findings, each with what the run says to it.
pub(super) fn rehearsed(preamble: &Preamble, report: &Report) -> Vec<FindingReport> {
    let held = |foreseen: &Foreseen| FindingReport {
        rule: foreseen.rule.clone(),
        severity: foreseen.severity.clone(),
        object: foreseen.object.clone(),
        says: foreseen.says.clone(),
        rehearsal: match shown(foreseen.predicts, preamble, report) {
            None => Rehearsed::CannotTell,
            Some(true) => Rehearsed::Confirmed,
            Some(false) => Rehearsed::NotConfirmed,
        },
    };
    preamble.findings.iter().map(held).collect()
}

/// Whether the run shows it; `None`: nothing that a run measures.
fn shown(predicts: Predicts, preamble: &Preamble, report: &Report) -> Option<bool> {
    let of = |id: WorkloadId, shows: fn(&WorkloadReport) -> bool| {
        let info = preamble.workloads.get(id.index())?;
        let same = |w: &&WorkloadReport| w.name == info.name && w.namespace == info.namespace && w.kind == info.kind;
        report.workloads.iter().find(same).map(shows)
    };
    let (cluster, control_plane) = (&report.cluster, &report.control_plane);
    match predicts {
        Predicts::Nothing => None,
        Predicts::Downtime(id) => of(id, is_down),
        Predicts::Degraded(id) => of(id, |w| is_down(w) || is_degraded(w)),
        Predicts::Errors(id) => of(id, |w| w.errors() > 0.0),
        Predicts::Refused(id) => of(id, |w| w.refusals > 0),
        Predicts::Lost(id) => of(id, |w| w.pods_lost > 0),
        Predicts::Stuck => Some(!matches!(
            report.outcome.status,
            PlanStatus::Completed | PlanStatus::CompletedWithSkips
        )),
        Predicts::Pending => Some(cluster.max_pending > 0),
        Predicts::Moves => Some(cluster.replicas_moved_twice > 0),
        Predicts::ApiDown => Some(control_plane.api_down_seconds > 0.0),
        Predicts::NoQuorum => Some(control_plane.etcd_no_quorum_seconds > 0.0),
        Predicts::Skew => Some(!report.versions.skew.is_empty()),
        Predicts::LongerThan(micros) => report.makespan_seconds.map(|took| took > super::seconds(micros)),
    }
}

fn is_down(workload: &WorkloadReport) -> bool {
    workload.down() > 0.0
}

fn is_degraded(workload: &WorkloadReport) -> bool {
    let endpoints = workload.endpoints.as_ref().map_or(0.0, |e| e.degraded_seconds);
    endpoints > 0.0 || workload.serving.degraded_seconds > 0.0
}
