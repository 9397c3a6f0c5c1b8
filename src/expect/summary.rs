//! Two reports side by side: of one run each, or of many trials each.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::difference::{Change, Metric, Numbers};
use crate::metrics::Report;
use crate::study::{Spread, TrialsReport};

/// What differs between two reports.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReportDiff {
    /// `seatrial.dev/v1alpha1`
    pub api_version: String,
    /// `ReportDiff`
    pub kind: String,
    /// The plans, old and new; null where only faults were played.
    pub plans: [Option<String>; 2],
    /// Numbers that are not what they were, in the order of names.
    pub changes: Vec<Change>,
}

/// The numbers of a report, each with how far its confidence interval reaches to each side.
#[derive(Clone, Debug)]
pub struct Summary {
    plan: Option<String>,
    numbers: BTreeMap<(String, Metric), (Option<f64>, f64)>,
}

/// Why a text is no report.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SummaryError {
    /// It is not JSON, or not whole.
    #[error("not a report: {0}")]
    Json(#[from] serde_json::Error),
    /// It is a document of another kind.
    #[error(
        "not a report: its kind is `{0}`, not UpgradeReport or TrialsReport, as `seatrial run -o json` prints them"
    )]
    Kind(String),
}

impl ReportDiff {
    /// The `kind` of differences.
    pub const KIND: &str = "ReportDiff";

    /// What differs in the second of two reports.
    #[must_use]
    pub fn between(old: &Summary, new: &Summary) -> Self {
        let mut keys: Vec<&(String, Metric)> = old.numbers.keys().chain(new.numbers.keys()).collect();
        keys.sort();
        keys.dedup();
        let known = |of: &Summary, key| of.numbers.get(key).copied().unwrap_or((Some(0.0), 0.0));
        let changes = keys
            .into_iter()
            .filter_map(|key| Change::apart(key, known(old, key), known(new, key)));
        Self {
            api_version: Report::API_VERSION.into(),
            kind: Self::KIND.into(),
            plans: [old.plan.clone(), new.plan.clone()],
            changes: changes.collect(),
        }
    }

    /// Whether something is worse.
    #[must_use]
    pub fn is_worse(&self) -> bool {
        self.changes.iter().any(Change::is_worse)
    }
}

impl Summary {
    /// Reads a report that was saved as JSON.
    ///
    /// # Errors
    /// Why the text is none.
    pub fn parse(text: &str) -> Result<Self, SummaryError> {
        let value: serde_json::Value = serde_json::from_str(text)?;
        match value.get("kind").and_then(|kind| kind.as_str()) {
            Some(Report::KIND) => Ok(Self::of(&serde_json::from_value(value)?)),
            Some(TrialsReport::KIND) => Ok(Self::of_trials(&serde_json::from_value(value)?)),
            kind => Err(SummaryError::Kind(kind.unwrap_or("none").chars().take(80).collect())),
        }
    }

    /// The numbers of one run.
    #[must_use]
    pub fn of(report: &Report) -> Self {
        let numbers = Numbers::of(report).0.into_iter();
        Self {
            plan: report.plan.clone(),
            numbers: numbers.map(|(key, value)| (key, (value, 0.0))).collect(),
        }
    }

    /// The numbers of many trials: means.
    #[must_use]
    pub fn of_trials(report: &TrialsReport) -> Self {
        let mut summary = Self {
            plan: report.plan.clone(),
            numbers: BTreeMap::new(),
        };
        let completes = report.outcome.completes;
        let half = (completes.ci95[1] - completes.ci95[0]) / 2.0;
        summary.put("run", Metric::Completes, (Some(completes.share), half));
        let makespan = report.makespan_seconds.map_or((None, 0.0), known);
        summary.put("run", Metric::Makespan, makespan);
        let (cluster, control) = (&report.cluster.numbers, &report.control_plane.numbers);
        for (metric, spread) in [
            (Metric::Evictions, cluster.evictions),
            (Metric::MaxPending, cluster.max_pending),
            (Metric::PendingTime, cluster.pending_pod_seconds),
            (Metric::PodsLost, cluster.pods_lost),
            (Metric::ApiDown, control.api_down_seconds),
        ] {
            summary.put("run", metric, known(spread));
        }
        for workload in &report.workloads {
            let counted = workload.availability();
            let errors = workload.client.as_ref().map(|client| client.error_seconds);
            for (metric, spread) in [
                (Metric::Downtime, Some(counted.downtime_seconds)),
                (Metric::Errors, errors),
                (Metric::Degraded, Some(counted.degraded_seconds)),
                (Metric::MostMoves, Some(workload.moves_per_replica.max)),
            ] {
                if let Some(spread) = spread.filter(|s| s.max > 0.0) {
                    summary.put(&workload.full_name(), metric, known(spread));
                }
            }
        }
        summary
    }

    fn put(&mut self, of: &str, metric: Metric, known: (Option<f64>, f64)) {
        self.numbers.insert((of.to_owned(), metric), known);
    }
}

fn known(spread: Spread) -> (Option<f64>, f64) {
    (Some(spread.mean), spread.margin().unwrap_or(0.0))
}
