//! What a comparison showed: a row for each strategy.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::advice::Advice;
use super::super::distribution::{Distribution, Share, Spread, units};
use super::super::measures::MoveNumbers;
use super::super::trials::TrialsError;
use super::measure::{Contender, Contest, Entry, Measured, Progress};
use super::naive::naive;
use super::paired::Difference;
use super::pareto::front;
use crate::cluster::RunOptions;
use crate::metrics::{Report, Seconds, Versions, seconds};
use crate::model::Model;
use crate::trace::PlanStatus;

/// Strategies compared on one cluster.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Comparison {
    /// `seatrial.dev/v1alpha1`
    pub api_version: String,
    /// `Comparison`
    pub kind: String,
    /// The version of seatrial that ran it.
    pub engine_version: String,
    /// The seed of all trials.
    pub seed: u64,
    /// How many trials of each strategy the numbers stand for; the same ones of all.
    pub trials: u64,
    /// How many trials were asked for, where it was stopped before; null otherwise.
    pub stopped_of: Option<u64>,
    /// Versions of the control plane, of the first strategy that was rehearsed.
    pub versions: Option<Versions>,
    /// What the Pareto-best rows are best in; less is better in each.
    pub objectives: Vec<String>,
    /// The row that the others are held against; null where none was rehearsed.
    pub against: Option<String>,
    /// The strategies, in the order in which they were given.
    pub rows: Vec<Row>,
    /// What would help the first plan of the input, or where there is none the one that the others are held against; null
    /// where that was not asked for.
    pub advice: Option<Advice>,
    /// Defaults that filled gaps of the input.
    pub assumptions: Vec<String>,
}

/// Where a strategy comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Origin {
    /// A plan of the input.
    Plan,
    /// A preset.
    Preset,
}

/// A strategy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    /// Its name.
    pub name: String,
    /// Where it comes from.
    pub origin: Origin,
    /// Why it could not be rehearsed on this cluster; null where it was.
    pub problem: Option<String>,
    /// What the trials showed; null where there are none.
    pub showing: Option<Showing>,
}

/// What the trials of a strategy showed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Showing {
    /// Whether no other row beats it: see the comparison's `objectives`.
    pub pareto: bool,
    /// Trials in which the plan completed, with or without nodes that were left out as it says.
    pub completes: Share,
    /// Trials by how the plan ended.
    #[schemars(with = "BTreeMap<String, Share>")]
    pub statuses: BTreeMap<PlanStatus, Share>,
    /// Why it did not complete, or with what left out: the reason of most trials; null where it always completed.
    pub reason: Option<String>,
    /// When it gave up, since the start of the plan, over the trials in which it did.
    pub gave_up_seconds: Option<Spread>,
    /// From the start of the plan to its end, over the trials that completed; null where none did.
    pub makespan_seconds: Option<Spread>,
    /// The estimate on the back of an envelope: ⌈nodes / batch⌉ × (rebuild + soak); null for explicit steps.
    pub naive_seconds: Option<Seconds>,
    /// How long applications were down, summed over workloads.
    pub downtime_seconds: Spread,
    /// The workload that was down longest on average; null where none was.
    pub worst_workload: Option<WorstWorkload>,
    /// The share of requests that failed, integrated over time, summed over workloads.
    pub error_seconds: Spread,
    /// How often replicas were created anew.
    pub moves_per_replica: MoveNumbers<Spread>,
    /// Evictions that were accepted.
    pub evictions: Spread,
    /// Evictions that were refused with 429.
    pub refusals: Spread,
    /// Time that pods spent without a node, summed over pods.
    pub pending_pod_seconds: Spread,
    /// Nodes beyond those of the start.
    pub extra_nodes: ExtraNodes,
    /// While some part of the control plane was away: the API, the quorum of etcd, every controller manager or every
    /// scheduler.
    pub blackout_seconds: Spread,
    /// While no request to the API could succeed.
    pub api_down_seconds: Spread,
    /// How it differs from the row that the others are held against; null for that row itself.
    pub against: Option<Differences>,
}

/// A workload that was down.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WorstWorkload {
    /// `namespace/name`
    pub name: String,
    /// How long it was down on average, by its endpoints or by its processes, whichever is longer.
    pub downtime_seconds: Seconds,
}

/// Nodes beyond those of the start.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExtraNodes {
    /// The most at the same time.
    pub peak: Spread,
    /// Their time, summed over nodes.
    pub seconds: Spread,
}

/// How a strategy differs from another one, trial by trial on the same luck.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Differences {
    /// Of the makespan, over the trials that both completed; null where there are none.
    pub makespan_seconds: Option<Difference>,
    /// Of the downtime of all applications.
    pub downtime_seconds: Difference,
    /// Of the moves per replica.
    pub moves_per_replica: Difference,
}

/// A strategy to be compared: its name, where it is from, and its model or why there is none.
pub type Given<'m> = (String, Origin, Result<&'m Model, String>);

impl Comparison {
    /// The `kind` of comparisons.
    pub const KIND: &str = "Comparison";

    /// What rows are Pareto-best in.
    pub const OBJECTIVES: [&str; 3] = ["makespan", "downtime", "churn"];

    /// The row of a name.
    #[must_use]
    pub fn row(&self, name: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.name == name)
    }
}

/// Makes `trials` trials of each strategy on the same luck, and holds the strategies against one of them: `against`, or the
/// first plan of the input that completes in some trial, or the best row. Tells of each run when it is done; after a
/// `Break` no other one counts.
///
/// # Errors
/// When there are no threads to be had.
pub fn compare<W>(
    given: &[Given<'_>],
    (options, trials, threads): (&RunOptions, u64, usize),
    against: Option<&str>,
    watch: W,
) -> Result<Comparison, TrialsError>
where
    W: FnMut(Progress) -> ControlFlow<()> + Send,
{
    let runnable = given.iter().filter_map(|(name, _, model)| {
        let model = *model.as_ref().ok()?;
        Some(Contender { name, model })
    });
    let contest = Contest {
        contenders: runnable.collect(),
        options: options.clone(),
        trials,
        threads,
    };
    let measured = contest.measure(watch)?;
    let mut rest = contest.contenders.iter().zip(&measured);
    let rows = given.iter().map(|(name, origin, model)| Row {
        name: name.clone(),
        origin: *origin,
        problem: model.as_ref().err().cloned(),
        showing: model
            .is_ok()
            .then(|| rest.next())
            .flatten()
            .and_then(|(c, m)| showing(c.model, m)),
    });
    let rows: Vec<Row> = rows.collect();
    let made = measured.first().map_or(0, |m| m.study.trials());
    let about = measured.first().and_then(|m| m.study.report());
    let mut comparison = Comparison {
        api_version: Report::API_VERSION.into(),
        kind: Comparison::KIND.into(),
        engine_version: env!("CARGO_PKG_VERSION").into(),
        seed: options.seed,
        trials: made,
        stopped_of: (made < trials && !measured.is_empty()).then_some(trials),
        versions: about.as_ref().map(|a| a.versions.clone()),
        objectives: Comparison::OBJECTIVES.map(str::to_owned).to_vec(),
        against: None,
        rows,
        advice: None,
        assumptions: about.map(|a| a.assumptions).unwrap_or_default(),
    };
    mark(&mut comparison.rows);
    comparison.against = against.map(str::to_owned).or_else(|| baseline(&comparison.rows));
    hold_against(&mut comparison, &contest, &measured);
    Ok(comparison)
}

fn showing(model: &Model, measured: &Measured) -> Option<Showing> {
    let report = measured.study.report()?;
    let most = measured
        .reasons
        .iter()
        .max_by_key(|(reason, count)| (**count, std::cmp::Reverse(*reason)));
    let spread = |of: &Distribution| of.spread().unwrap_or_default();
    Some(Showing {
        pareto: false,
        completes: report.outcome.completes,
        statuses: report.outcome.statuses,
        reason: most.map(|(reason, _)| reason.clone()),
        gave_up_seconds: measured.gave_up.spread(),
        makespan_seconds: report.makespan_seconds,
        naive_seconds: naive(model).map(|span| seconds(span.as_micros())),
        downtime_seconds: report.applications.numbers.downtime_seconds,
        worst_workload: worst(model, measured),
        error_seconds: report.applications.numbers.error_seconds,
        moves_per_replica: report.cluster.moves_per_replica,
        evictions: report.cluster.numbers.evictions,
        refusals: report.cluster.numbers.refusals,
        pending_pod_seconds: report.cluster.numbers.pending_pod_seconds,
        extra_nodes: ExtraNodes {
            peak: spread(&measured.peak_extra),
            seconds: report.cluster.numbers.surge_node_seconds,
        },
        blackout_seconds: spread(&measured.blackout),
        api_down_seconds: report.control_plane.numbers.api_down_seconds,
        against: None,
    })
}

fn worst(model: &Model, measured: &Measured) -> Option<WorstWorkload> {
    let most = *measured.downs.iter().max()?;
    let first = measured.downs.iter().position(|down| *down == most && *down > 0)?;
    let workload = model.workloads.iter().nth(first)?;
    let trials = measured.study.trials().max(1);
    Some(WorstWorkload {
        name: format!("{}/{}", workload.namespace, workload.name),
        downtime_seconds: units(most.saturating_add(trials / 2) / trials),
    })
}

/// Trials in which everything was upgraded, and those in which the plan at least came to its end.
fn reach(showing: &Showing) -> (u64, u64) {
    let whole = showing.statuses.get(&PlanStatus::Completed).map_or(0, |s| s.count);
    (whole, showing.completes.count)
}

/// What a row costs, as far as it came to its end.
fn costs(showing: &Showing) -> Option<[f64; 3]> {
    let makespan = showing.makespan_seconds.as_ref()?;
    Some([
        makespan.mean,
        showing.downtime_seconds.mean,
        showing.moves_per_replica.mean.mean,
    ])
}

/// Marks the rows that no other one beats, among those that complete most often.
fn mark(rows: &mut [Row]) {
    let best = rows.iter().filter_map(|r| r.showing.as_ref()).map(reach).max();
    let Some(best) = best.filter(|(_, completed)| *completed > 0) else {
        return;
    };
    let able: Vec<&mut Showing> = rows
        .iter_mut()
        .filter_map(|row| row.showing.as_mut())
        .filter(|s| reach(s) == best)
        .collect();
    let points: Vec<[f64; 3]> = able.iter().filter_map(|s| costs(s)).collect();
    for (showing, pareto) in able.into_iter().zip(front(&points)) {
        showing.pareto = pareto;
    }
}

/// The row that the others are held against: a plan of the input that completes in some trial, otherwise the Pareto-best row
/// with the least downtime, then the shortest, then the one with the least churn.
fn baseline(rows: &[Row]) -> Option<String> {
    let completes = |row: &&Row| row.showing.as_ref().is_some_and(|s| s.completes.count > 0);
    let own = rows.iter().filter(|row| row.origin == Origin::Plan).find(completes);
    let best = || {
        let marked = rows.iter().filter_map(|row| {
            let showing = row.showing.as_ref().filter(|s| s.pareto)?;
            let [makespan, downtime, moves] = costs(showing)?;
            Some(([downtime, makespan, moves], row))
        });
        let least = |a: &[f64; 3], b: &[f64; 3]| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal);
        marked.min_by(|a, b| least(&a.0, &b.0)).map(|(_, row)| row)
    };
    let any = || rows.iter().find(|row| row.showing.is_some());
    own.or_else(best).or_else(any).map(|row| row.name.clone())
}

fn hold_against(comparison: &mut Comparison, contest: &Contest<'_>, measured: &[Measured]) {
    let Some(name) = comparison.against.clone() else { return };
    let of = |name: &str| {
        let at = contest.contenders.iter().position(|c| c.name == name)?;
        measured.get(at)
    };
    let Some(base) = of(&name) else {
        comparison.against = None;
        return;
    };
    for row in comparison.rows.iter_mut().filter(|row| row.name != name) {
        let own = of(&row.name);
        if let Some((showing, own)) = row.showing.as_mut().zip(own) {
            showing.against = differences(own, base);
        }
    }
}

/// The differences of each trial; `None` where there is no trial.
pub(in super::super) fn differences(own: &Measured, base: &Measured) -> Option<Differences> {
    let pairs = || {
        let own = own.entries.iter();
        own.filter_map(|(trial, entry)| Some((entry, base.entries.get(trial)?)))
    };
    let of = |value: fn(&Entry) -> u64| Difference::of(pairs().map(|(a, b)| (value(a), value(b))));
    Some(Differences {
        makespan_seconds: Difference::of(pairs().filter_map(|(a, b)| a.makespan.zip(b.makespan))),
        downtime_seconds: of(|e| e.downtime)?,
        moves_per_replica: of(|e| e.moves)?,
    })
}
