//! Whether a run bears out what the linter found.

use super::{FindingReport, Report, WorkloadReport};
use crate::model::{Finding, Prediction, Rehearsed};
use crate::trace::{PlanStatus, Preamble};

/// Findings, each with what the run says to it.
pub(super) fn rehearsed(preamble: &Preamble, report: &Report) -> Vec<FindingReport> {
    let all = preamble.findings.iter().cloned();
    all.map(|finding| FindingReport {
        rehearsal: verdict(&finding, report),
        finding,
    })
    .collect()
}

fn verdict(finding: &Finding, report: &Report) -> Rehearsed {
    let named = |w: &&WorkloadReport| {
        finding.workloads.is_empty() || finding.workloads.iter().any(|name| *name == w.full_name())
    };
    let any = |shows: fn(&WorkloadReport) -> bool| Some(report.workloads.iter().filter(named).any(shows));
    let shown = match finding.predicts {
        Prediction::Downtime => any(is_down),
        Prediction::Degraded => any(|w| is_down(w) || w.endpoints.as_ref().is_some_and(|e| e.degraded_seconds > 0.0)),
        Prediction::ClientErrors => any(|w| w.client.as_ref().is_some_and(|c| c.error_seconds > 0.0)),
        Prediction::Refusals => any(|w| w.refusals > 0),
        Prediction::Incomplete => Some(!matches!(
            report.outcome.status,
            PlanStatus::Completed | PlanStatus::CompletedWithSkips
        )),
        Prediction::Pending => Some(report.cluster.max_pending > 0),
        Prediction::Losses => any(|w| w.pods_lost > 0),
        Prediction::Churn if finding.workloads.is_empty() => Some(report.cluster.replicas_moved_twice > 0),
        Prediction::Churn => any(|w| w.moves_per_replica.max > 1),
        Prediction::Blackout => Some(report.control_plane.api_down_seconds > 0.0),
        Prediction::Skew => Some(!report.versions.skew.is_empty()),
        Prediction::Nothing => None,
    };
    match shown {
        None => Rehearsed::CannotTell,
        Some(true) => Rehearsed::Confirmed,
        Some(false) => Rehearsed::NotConfirmed,
    }
}

fn is_down(workload: &WorkloadReport) -> bool {
    let down = workload.endpoints.as_ref().map_or(0.0, |e| e.downtime_seconds);
    let serving = workload.serving.downtime_seconds;
    down > 0.0 || serving > 0.0
}
