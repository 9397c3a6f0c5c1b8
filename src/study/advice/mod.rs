//! What would help a plan that blocks or hurts: the smallest single change, found by rehearsing candidates on the same luck.

mod candidates;
mod rehearsed;

use std::cmp::Reverse;
use std::ops::ControlFlow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::comparison::{Contender, Contest, Differences, Measured, Progress, differences};
use super::distribution::{Share, Spread};
use super::report::TrialsReport;
use super::trials::TrialsError;
use crate::cluster::RunOptions;
use crate::model::{Change, Model};
use crate::trace::PlanStatus;
pub use candidates::{Candidate, candidates};
pub use rehearsed::{Rehearsed, rehearse};

/// Less than this, in seconds of downtime, is not worth a change.
const WORTH: f64 = 0.05;

/// What would help a plan.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Advice {
    /// The plan; null where only faults were played.
    pub plan: Option<String>,
    /// How often the plan and each change of it were rehearsed.
    pub trials: u64,
    /// Trials in which the plan completes as it is.
    pub completes: Share,
    /// How long applications are down as it is, summed over workloads.
    pub downtime_seconds: Spread,
    /// How long it takes as it is; null where it never completes.
    pub makespan_seconds: Option<Spread>,
    /// Changes that help, each by itself, the best first.
    pub helps: Vec<Tried>,
    /// Changes that were tried and do not help.
    pub does_not_help: Vec<Tried>,
    /// Whether it was stopped before everything was tried.
    pub stopped: bool,
}

/// A change that was tried.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Tried {
    /// The change in a few words.
    pub change: String,
    /// What has to be written.
    pub yaml: String,
    /// Trials in which the plan completes with it, with or without nodes that are left out as it says.
    pub completes: Share,
    /// Trials in which every node is upgraded.
    pub upgrades_all: Share,
    /// How long applications are down with it, summed over workloads.
    pub downtime_seconds: Spread,
    /// How long it takes with it; null where it never completes.
    pub makespan_seconds: Option<Spread>,
    /// How that differs from the plan as it is, trial by trial on the same luck.
    pub against: Differences,
}

impl Advice {
    /// Whether the plan always completes and nothing is down, so that there is nothing to be tried.
    #[must_use]
    pub fn is_needless(&self) -> bool {
        self.completes.share >= 1.0 && self.downtime_seconds.mean < WORTH
    }
}

/// Rehearses a plan and every candidate, `trials` times each, on the same luck.
///
/// `make` makes the model with some changes and says how they are written; `None` where they cannot be made here. After a
/// `Break` of `watch` no other run counts; the advice says so then. `None` where no trial was made.
///
/// # Errors
/// When there are no threads to be had.
pub fn advise<M, W>(
    model: &Model,
    (options, trials, threads): (&RunOptions, u64, usize),
    mut make: M,
    mut watch: W,
) -> Result<Option<Advice>, TrialsError>
where
    M: FnMut(&[Change]) -> Option<(Model, String)>,
    W: FnMut(Progress) -> ControlFlow<()> + Send,
{
    let mut measure = |model: &Model, before: u64, of: u64| -> Result<Option<Measured>, TrialsError> {
        let contest = Contest {
            contenders: vec![Contender { name: "", model }],
            options: options.clone(),
            trials,
            threads,
        };
        let watch = |p: Progress| {
            watch(Progress {
                runs: before + p.runs,
                of,
            })
        };
        let measured = contest.measure(watch)?.pop();
        Ok(measured.filter(|m| m.study.trials() == trials))
    };
    let Some(base) = measure(model, 0, trials)? else {
        return Ok(None);
    };
    let Some(report) = base.study.report() else {
        return Ok(None);
    };
    let mut advice = about(&report);
    if advice.is_needless() {
        return Ok(Some(advice));
    }
    let list = candidates(model, &report);
    let of = trials * (list.len() as u64 + 1);
    let mut found: Vec<(bool, Tried)> = Vec::new();
    for (done, candidate) in (1..).zip(&list) {
        let Some((changed, yaml)) = make(&candidate.changes) else {
            continue;
        };
        let Some(measured) = measure(&changed, done * trials, of)? else {
            advice.stopped = true;
            break;
        };
        if let Some(tried) = tried(candidate, yaml, &measured, &base) {
            found.push((helps(&tried, &advice), tried));
        }
    }
    sort(found, &mut advice);
    Ok(Some(advice))
}

fn about(report: &TrialsReport) -> Advice {
    Advice {
        plan: report.plan.clone(),
        trials: report.trials,
        completes: report.outcome.completes,
        downtime_seconds: report.applications.numbers.downtime_seconds,
        makespan_seconds: report.makespan_seconds,
        ..Advice::default()
    }
}

fn tried(candidate: &Candidate, yaml: String, own: &Measured, base: &Measured) -> Option<Tried> {
    let report = own.study.report()?;
    Some(Tried {
        change: candidate.title.clone(),
        yaml,
        completes: report.outcome.completes,
        upgrades_all: report
            .outcome
            .statuses
            .get(&PlanStatus::Completed)
            .copied()
            .unwrap_or_default(),
        downtime_seconds: report.applications.numbers.downtime_seconds,
        makespan_seconds: report.makespan_seconds,
        against: differences(own, base)?,
    })
}

/// Whether more trials complete, or as many and something is down for a shorter time for certain.
fn helps(tried: &Tried, before: &Advice) -> bool {
    let down = tried.against.downtime_seconds;
    let shorter = down.is_less() && down.mean <= -WORTH;
    tried.completes.count > before.completes.count || tried.completes.count == before.completes.count && shorter
}

/// The best first: more trials upgrade all nodes, more complete, less is down, it is over sooner; among equals the smaller change, which stands first
/// among the candidates.
fn sort(found: Vec<(bool, Tried)>, advice: &mut Advice) {
    let (mut good, rest): (Vec<_>, Vec<_>) = found.into_iter().partition(|(helps, _)| *helps);
    let tenths = |seconds: f64| libm::round(seconds * 10.0);
    good.sort_by(|(_, a), (_, b)| {
        let makespan = |t: &Tried| t.makespan_seconds.map_or(f64::INFINITY, |s| tenths(s.mean));
        let reach = |t: &Tried| Reverse((t.upgrades_all.count, t.completes.count));
        reach(a)
            .cmp(&reach(b))
            .then(tenths(a.downtime_seconds.mean).total_cmp(&tenths(b.downtime_seconds.mean)))
            .then(makespan(a).total_cmp(&makespan(b)))
    });
    advice.helps = good.into_iter().map(|(_, tried)| tried).collect();
    advice.does_not_help = rest.into_iter().map(|(_, tried)| tried).collect();
}
