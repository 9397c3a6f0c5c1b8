//! What differs between two sets of numbers: of a run, or of many trials on the same luck.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::metrics::{Report, WorkloadReport};
use crate::study::student;

/// Numbers that are compared. The order is that of tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Metric {
    /// 1 where the upgrade completes, 0 where not.
    Completes,
    /// From the start of the plan to its end.
    Makespan,
    /// Evictions that were accepted.
    Evictions,
    /// The most pods that had no node at the same time.
    MaxPending,
    /// Time that pods spent without a node, summed over pods.
    PendingTime,
    /// While no request to the API could succeed.
    ApiDown,
    /// Pods that are gone at the end and that nobody has replaced.
    PodsLost,
    /// How long a workload was down.
    Downtime,
    /// The share of requests that failed, integrated over time.
    Errors,
    /// While some replicas were there, and fewer than desired.
    Degraded,
    /// How often the replica that moved most was created anew.
    MostMoves,
}

impl Metric {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Completes,
        Self::Makespan,
        Self::Evictions,
        Self::MaxPending,
        Self::PendingTime,
        Self::ApiDown,
        Self::PodsLost,
        Self::Downtime,
        Self::Errors,
        Self::Degraded,
        Self::MostMoves,
    ];

    /// Its name, as reports have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Completes => "completes",
            Self::Makespan => "makespanSeconds",
            Self::Evictions => "evictions",
            Self::MaxPending => "maxPending",
            Self::PendingTime => "pendingPodSeconds",
            Self::ApiDown => "apiDownSeconds",
            Self::PodsLost => "podsLost",
            Self::Downtime => "downtimeSeconds",
            Self::Errors => "errorSeconds",
            Self::Degraded => "degradedSeconds",
            Self::MostMoves => "maxMovesPerReplica",
        }
    }

    /// The one of a name.
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|metric| metric.name() == name)
    }

    /// Whether more of it is worse.
    #[must_use]
    pub const fn more_is_worse(self) -> bool {
        !matches!(self, Self::Completes)
    }

    /// By how much it may usually be worse: a share of what it was, or an amount.
    pub(super) const fn tolerance(self) -> (f64, f64) {
        match self {
            Self::Makespan | Self::ApiDown => (0.05, 0.0),
            Self::PendingTime | Self::Degraded => (0.1, 0.0),
            Self::Downtime | Self::Errors => (0.0, 0.1),
            Self::Completes | Self::Evictions | Self::MaxPending | Self::PodsLost | Self::MostMoves => (0.0, 0.0),
        }
    }
}

/// The numbers of a run: of the whole of it (`run`), or of a workload (`namespace/name`).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Numbers(pub(super) BTreeMap<(String, Metric), Option<f64>>);

impl Numbers {
    /// The numbers of a report. Of workloads, numbers that are zero are left out.
    #[must_use]
    pub fn of(report: &Report) -> Self {
        let mut numbers = Self::default();
        let completes = report.outcome.status.completes();
        #[expect(clippy::cast_precision_loss, reason = "counts of a cluster")]
        let count = |n: u64| Some(n as f64);
        numbers.put("run", Metric::Completes, Some(if completes { 1.0 } else { 0.0 }));
        numbers.put("run", Metric::Makespan, report.makespan_seconds.filter(|_| completes));
        numbers.put("run", Metric::Evictions, count(report.cluster.evictions));
        numbers.put("run", Metric::MaxPending, count(report.cluster.max_pending));
        numbers.put("run", Metric::PendingTime, Some(report.cluster.pending_pod_seconds));
        numbers.put("run", Metric::ApiDown, Some(report.control_plane.api_down_seconds));
        numbers.put("run", Metric::PodsLost, count(report.cluster.pods_lost));
        for workload in report.applications() {
            numbers.workload(workload);
        }
        numbers
    }

    fn workload(&mut self, workload: &WorkloadReport) {
        let name = workload.full_name();
        for (metric, value) in [
            (Metric::Downtime, workload.down()),
            (Metric::Errors, workload.errors()),
            (Metric::Degraded, workload.availability().degraded_seconds),
            (Metric::MostMoves, f64::from(workload.moves_per_replica.max)),
        ] {
            if value > 0.0 {
                self.put(&name, metric, Some(value));
            }
        }
    }

    fn put(&mut self, of: &str, metric: Metric, value: Option<f64>) {
        self.0.insert((of.to_owned(), metric), value);
    }
}

/// What a change comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum Verdict {
    /// Worse by more than the tolerance.
    Worse,
    /// Worse, and within the tolerance, or perhaps by luck.
    Tolerated,
    /// Better.
    Better,
}

/// A number that is not what it was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// `run`, or the workload (`namespace/name`).
    pub of: String,
    /// Which number, as reports name it.
    pub metric: String,
    /// What it was, the mean over trials; null where it was unknown.
    pub old: Option<f64>,
    /// What it is; null where it is unknown.
    pub new: Option<f64>,
    /// How far the 95 % confidence interval of the difference reaches to each side; null where there is one trial.
    pub margin: Option<f64>,
    /// By how much it may be worse.
    pub tolerance: f64,
    /// What it comes to.
    pub verdict: Verdict,
}

impl Change {
    /// The change from pairs of numbers, in the same trials; `None` where there is none.
    pub(super) fn paired(
        (of, metric): &(String, Metric),
        old: &[Option<f64>],
        new: &[Option<f64>],
        tolerance: impl Fn(f64) -> f64,
    ) -> Option<Self> {
        if old == new {
            return None;
        }
        let pairs: Vec<(f64, f64)> = old.iter().zip(new).filter_map(|(a, b)| Some(((*a)?, (*b)?))).collect();
        let change = |old, new, margin, tolerance, verdict| Self {
            of: of.clone(),
            metric: metric.name().to_owned(),
            old,
            new,
            margin,
            tolerance,
            verdict,
        };
        // What became unknown has no number to be compared: that it did not complete is told by itself.
        if pairs.is_empty() {
            let (known, knows) = (old.iter().flatten().next(), new.iter().flatten().next());
            let verdict = if knows.is_some() {
                Verdict::Better
            } else {
                Verdict::Tolerated
            };
            return Some(change(known.copied(), knows.copied(), None, 0.0, verdict));
        }
        #[expect(clippy::cast_precision_loss, reason = "a number of trials")]
        let n = pairs.len() as f64;
        let mean = |of: &dyn Fn(&(f64, f64)) -> f64| pairs.iter().map(of).sum::<f64>() / n;
        let (before, after) = (mean(&|p| p.0), mean(&|p| p.1));
        let difference = mean(&|p| p.1 - p.0);
        let squares: f64 = pairs.iter().map(|p| p.1 - p.0 - difference).map(|d| d * d).sum();
        let margin = (pairs.len() > 1).then(|| student(pairs.len() as u64 - 1) * libm::sqrt(squares / (n - 1.0) / n));
        let tolerance = tolerance(before);
        let worse = if metric.more_is_worse() {
            difference
        } else {
            -difference
        };
        let verdict = if worse - margin.unwrap_or(0.0) > tolerance + 1e-9 {
            Verdict::Worse
        } else if worse > 0.0 {
            Verdict::Tolerated
        } else {
            Verdict::Better
        };
        Some(change(
            Some(three(before)),
            Some(three(after)),
            margin.map(three),
            three(tolerance),
            verdict,
        ))
    }

    /// The change between numbers that are known to some margin and that were not made on the same luck; `None` where there
    /// is none.
    pub(super) fn apart(
        (of, metric): &(String, Metric),
        (old, old_margin): (Option<f64>, f64),
        (new, new_margin): (Option<f64>, f64),
    ) -> Option<Self> {
        if old == new {
            return None;
        }
        let margin = libm::sqrt(old_margin * old_margin + new_margin * new_margin);
        let verdict = match (old, new) {
            (Some(old), Some(new)) => {
                let worse = if metric.more_is_worse() { new - old } else { old - new };
                if libm::fabs(worse) <= margin {
                    Verdict::Tolerated
                } else if worse > 0.0 {
                    Verdict::Worse
                } else {
                    Verdict::Better
                }
            }
            (None, _) => Verdict::Better,
            // That it does not complete any more is told by itself.
            (_, None) => Verdict::Tolerated,
        };
        Some(Self {
            of: of.clone(),
            metric: metric.name().to_owned(),
            old: old.map(three),
            new: new.map(three),
            margin: Some(three(margin)).filter(|m| *m > 0.0),
            tolerance: 0.0,
            verdict,
        })
    }

    /// Whether it is worse by more than the tolerance.
    #[must_use]
    pub fn is_worse(&self) -> bool {
        self.verdict == Verdict::Worse
    }

    /// Old, new and difference as they are shown.
    #[must_use]
    pub fn cells(&self) -> [String; 3] {
        let shown = |number: Option<f64>| number.map_or_else(|| "?".to_owned(), number_of);
        let difference = self.old.zip(self.new).map(|(old, new)| {
            let by = new - old;
            let sign = if by > 0.0 { "+" } else { "" };
            let margin = self.margin.filter(|m| *m > 0.0).map(|m| format!(" ± {}", number_of(m)));
            format!("{sign}{}{}", number_of(by), margin.unwrap_or_default())
        });
        [shown(self.old), shown(self.new), difference.unwrap_or_default()]
    }

    /// By how much it may be worse, as it is shown.
    #[must_use]
    pub fn tolerated(&self) -> String {
        number_of(self.tolerance)
    }
}

/// A number to three decimals.
fn three(number: f64) -> f64 {
    libm::round(number * 1000.0) / 1000.0
}

/// A number with three decimals at most.
fn number_of(number: f64) -> String {
    let text = format!("{number:.3}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paired(metric: Metric, old: &[f64], new: &[f64], tolerance: f64) -> Option<Change> {
        let some = |numbers: &[f64]| numbers.iter().copied().map(Some).collect::<Vec<_>>();
        Change::paired(&("run".into(), metric), &some(old), &some(new), |_| tolerance)
    }

    /// Half a second more in each of four trials is certain; four seconds more in one of four may be luck: the mean
    /// difference is 1, its margin 3.182446 × √(4/4) = 3.18.
    #[test]
    fn pairs_tell_luck_from_a_difference() {
        let sure = paired(Metric::Downtime, &[1.0, 2.0, 3.0, 4.0], &[1.5, 2.5, 3.5, 4.5], 0.1).unwrap();
        assert_eq!((sure.verdict, sure.margin), (Verdict::Worse, Some(0.0)));
        let luck = paired(Metric::Downtime, &[0.0; 4], &[4.0, 0.0, 0.0, 0.0], 0.1).unwrap();
        assert_eq!((luck.verdict, luck.margin), (Verdict::Tolerated, Some(3.182)));
        let small = paired(Metric::Downtime, &[1.0; 4], &[1.05; 4], 0.1).unwrap();
        assert_eq!(small.verdict, Verdict::Tolerated);
        let better = paired(Metric::Downtime, &[1.0; 4], &[0.5; 4], 0.1).unwrap();
        assert_eq!(better.verdict, Verdict::Better);
        assert_eq!(paired(Metric::Downtime, &[1.0; 4], &[1.0; 4], 0.1), None);
    }

    #[test]
    fn of_completions_less_is_worse() {
        let fewer = paired(Metric::Completes, &[1.0; 3], &[0.0; 3], 0.0).unwrap();
        assert_eq!(fewer.verdict, Verdict::Worse);
        assert_eq!(fewer.cells(), ["1", "0", "-1"].map(str::to_owned));
    }

    /// A makespan that is no more known is no number; that it did not complete is told by itself.
    #[test]
    fn what_is_unknown_is_not_compared() {
        let key = ("run".to_owned(), Metric::Makespan);
        let gone = Change::paired(&key, &[Some(5.0)], &[None], |_| 0.0).unwrap();
        assert_eq!(
            (gone.verdict, gone.old, gone.new),
            (Verdict::Tolerated, Some(5.0), None)
        );
        let some = Change::paired(&key, &[Some(5.0), Some(6.0)], &[Some(9.0), None], |_| 0.0).unwrap();
        assert_eq!(
            (some.old, some.new, some.verdict),
            (Some(5.0), Some(9.0), Verdict::Worse)
        );
    }

    #[test]
    fn every_metric_is_found_by_its_name() {
        for metric in Metric::ALL {
            assert_eq!(Metric::named(metric.name()), Some(metric));
        }
        assert_eq!(Metric::named("boats"), None);
    }
}
