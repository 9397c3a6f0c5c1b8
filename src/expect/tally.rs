//! Runs are taken in, one by one and in any order.

use super::amount::Amount;
use super::condition::{Condition, Scope};
use super::judge::{Judgement, judge};
use super::measure::{Measure, Observation};
use super::{Claim, Ending, Expectation, Subject};
use crate::metrics::Report;
use crate::trace::{PlanStatus, Preamble};

/// What runs have shown of expectations so far.
#[derive(Debug)]
pub struct Tally<'e> {
    expectations: Vec<&'e Expectation>,
    /// For each expectation: what each trial showed.
    seen: Vec<Vec<Seen>>,
}

/// What a trial showed of an expectation.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) trial: u64,
    /// The amount that matters most: of several workloads that of the worst; `None` where it is unknown.
    pub(super) amount: Option<Amount>,
    /// The workload that has it.
    pub(super) who: Option<usize>,
    /// How many workloads are not as they should be.
    pub(super) bad: usize,
    /// Whether the condition holds, or what is counted has happened.
    pub(super) hit: bool,
    /// Whether time or events ran out before the plan ended.
    pub(super) cut_off: bool,
    /// How the plan ended, where that matters.
    pub(super) ending: Option<String>,
}

impl<'e> Tally<'e> {
    /// Nothing has been seen.
    pub fn new(expectations: impl IntoIterator<Item = &'e Expectation>) -> Self {
        let expectations: Vec<&Expectation> = expectations.into_iter().collect();
        Self {
            seen: vec![Vec::new(); expectations.len()],
            expectations,
        }
    }

    /// One more run.
    pub fn add(&mut self, run: &Observation<'_>) {
        for (expectation, seen) in self.expectations.iter().zip(&mut self.seen) {
            seen.push(look(expectation, run));
        }
    }

    /// What is to be said, in the order of the expectations; the order in which runs came leaves no trace.
    #[must_use]
    pub fn judge(mut self, preamble: &Preamble) -> Vec<Judgement> {
        let names = preamble.workloads.iter();
        let names: Vec<String> = names.map(|w| format!("{}/{}", w.namespace, w.name)).collect();
        let both = self.expectations.iter().zip(&mut self.seen);
        both.map(|(expectation, seen)| {
            seen.sort_by_key(|s| s.trial);
            judge(expectation, seen, &names)
        })
        .collect()
    }
}

/// What a run shows of an expectation.
fn look(expectation: &Expectation, run: &Observation<'_>) -> Seen {
    let report = run.report;
    let status = report.outcome.status;
    let mut seen = Seen {
        trial: report.trial,
        amount: None,
        who: None,
        bad: 0,
        hit: false,
        cut_off: status == PlanStatus::Inconclusive,
        ending: None,
    };
    match &expectation.claim {
        Claim::Completes(wanted) => {
            seen.hit = status.completes() == *wanted;
            seen.ending = Some(ending(report));
        }
        Claim::Ends(ways) => {
            seen.hit = ways.contains(&Ending::from(status));
            seen.ending = Some(ending(report));
        }
        Claim::Reason(text) => {
            let reason = report.outcome.reason.as_deref();
            seen.hit = reason.is_some_and(|reason| reason.contains(text.as_str()));
            seen.ending = Some(ending(report));
        }
        Claim::Within(limit) => {
            seen.amount = Measure::Makespan.of_run(run);
            seen.hit = seen.amount.is_some_and(|makespan| makespan <= *limit);
            seen.ending = seen.amount.is_none().then(|| ending(report));
        }
        Claim::Measured(measure, condition) => measured(*measure, condition, &expectation.subject, run, &mut seen),
    }
    seen
}

fn measured(measure: Measure, condition: &Condition, subject: &Subject, run: &Observation<'_>, seen: &mut Seen) {
    let Subject::Workloads { which, .. } = subject else {
        seen.amount = measure.of_run(run);
        seen.hit = match seen.amount {
            Some(amount) => condition.bound.holds(amount),
            None => condition.counts_the_bad(),
        };
        return;
    };
    let workloads = which.iter().filter_map(|i| Some((*i, run.report.workloads.get(*i)?)));
    let amounts = workloads.map(|(i, w)| (i, measure.of_workload(run, w)));
    let mut worst: Option<(u64, usize, Option<Amount>)> = None;
    for (who, amount) in amounts {
        let as_wanted = amount.is_some_and(|a| condition.bound.holds(a) != condition.counts_the_bad());
        seen.bad += usize::from(!as_wanted);
        let rank = amount.map_or(u64::MAX, |a| condition.rank(a));
        if worst.is_none_or(|(most, ..)| rank > most) {
            worst = Some((rank, who, amount));
        }
    }
    if let Some((_, who, amount)) = worst {
        (seen.who, seen.amount) = (Some(who), amount);
    }
    seen.hit = (seen.bad == 0) != condition.counts_the_bad();
}

impl Condition {
    /// Whether the bound tells what must be rare.
    pub(super) const fn counts_the_bad(&self) -> bool {
        matches!(self.scope, Scope::Share { below: true, .. })
    }

    /// How bad an amount is: greater is worse.
    pub(super) fn rank(&self, amount: Amount) -> u64 {
        let from_zero = amount.distance(Amount::ZERO);
        match self.bound.wants_small() {
            Some(small) if small != self.counts_the_bad() => from_zero,
            Some(_) => u64::MAX - 1 - from_zero,
            None => amount.distance(self.bound.amount),
        }
    }
}

/// `Blocked: the drain of worker-1 …`
fn ending(report: &Report) -> String {
    match &report.outcome.reason {
        Some(reason) => format!("{:?}: {reason}", report.outcome.status),
        None => format!("{:?}", report.outcome.status),
    }
}
