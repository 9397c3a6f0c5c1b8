//! Decisions, and what they rest on.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::amount::{Amount, Unit};
use super::certainty::{Certainty, at_least, least_trials as trials_for, surely};
use super::condition::{Condition, Percent, Scope};
use super::tally::Seen;
use super::{Claim, Expectation, Origin, Subject};
use crate::metrics::Report;
use crate::study::student;

/// Fewer trials than this do not decide a mean: Student's interval wants means that are spread like a bell.
const FEW: u64 = 20;

/// Whether something is as it was expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum Verdict {
    /// It is.
    Holds,
    /// It is not.
    Violated,
    /// Too few trials to tell.
    Open,
}

/// A decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Judgement {
    /// What was expected, in words.
    pub expectation: String,
    /// Whether it is so.
    pub verdict: Verdict,
    /// What that rests on, as a sentence without its end.
    pub evidence: String,
    /// The trial to look at: the first of those that are worst; null where none was made.
    pub trial: Option<u64>,
    /// The workload to look at (`namespace/name`); null where it is not about one.
    pub workload: Option<String>,
    /// Where it is written; null where nobody wrote it.
    pub origin: Option<Origin>,
    /// Why it is not so, in the trial to look at: sentences without their ends.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<String>,
    /// The smallest changes that help, where any are known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fixes: Vec<String>,
}

impl Judgement {
    /// Adds why it is not so, from the report of the trial to look at.
    pub fn explain(&mut self, report: &Report) {
        let workload = self.workload.as_ref();
        if let Some(workload) = workload.and_then(|name| report.workloads.iter().find(|w| w.full_name() == *name)) {
            for cause in &workload.causes {
                let [from, to] = cause.interval;
                self.causes.push(format!("{from:.1} s - {to:.1} s: {}", cause.why));
                let new = cause.fix.iter().filter(|fix| !self.fixes.contains(fix));
                self.fixes.extend(new.cloned().collect::<Vec<_>>());
            }
        } else if let Some(proof) = &report.outcome.proof {
            let links = proof.chain.iter().map(|link| link.words.clone());
            self.causes.extend(links);
        }
    }
}

/// Decides what trials, in the order of their numbers, say of an expectation.
pub(super) fn judge(expectation: &Expectation, seen: &[Seen], names: &[String]) -> Judgement {
    let worst = worst(expectation, seen);
    let several = matches!(&expectation.subject, Subject::Workloads { which, .. } if which.len() > 1);
    let bench = Bench {
        seen,
        names: if several { names } else { &[] },
        worst,
    };
    let (verdict, evidence) = match &expectation.claim {
        _ if seen.is_empty() => (Verdict::Open, "no trial was made".to_owned()),
        Claim::Measured(measure, condition) => match condition.scope {
            Scope::Every => bench.every(measure.unit(), true),
            Scope::Quantile(q) => bench.quantile(q, condition, measure.unit()),
            Scope::Mean => bench.mean(condition, measure.unit()),
            Scope::Share { below, of, .. } => bench.share(below, of),
        },
        Claim::Within(_) => bench.every(Unit::Seconds, true),
        Claim::Completes(_) | Claim::Ends(_) | Claim::Reason(_) => bench.every(Unit::Seconds, false),
    };
    let (verdict, evidence) = match worst {
        // Had it gone on, it might have come to what is expected.
        Some(seen) if verdict == Verdict::Violated && seen.cut_off && expectation.may_still_come() => {
            (Verdict::Open, format!("{evidence}, when it was cut off"))
        }
        _ => (verdict, evidence),
    };
    Judgement {
        expectation: expectation.words(),
        verdict,
        evidence,
        trial: worst.map(|seen| seen.trial),
        workload: worst.and_then(|seen| names.get(seen.who?).cloned()),
        origin: expectation.origin.clone(),
        causes: Vec::new(),
        fixes: Vec::new(),
    }
}

/// The fewest trials that can decide a condition; `None` where each trial decides for itself.
pub(super) fn least_trials(condition: &Condition) -> Option<u64> {
    match condition.scope {
        Scope::Every => None,
        Scope::Mean => Some(FEW),
        Scope::Quantile(q) => Some(trials_for(wanted(q, condition))),
        Scope::Share { below, of, .. } => Some(trials_for(if below { 1.0 - of } else { of })),
    }
}

/// The share of trials that must be as a condition on a quantile says.
fn wanted(q: f64, condition: &Condition) -> f64 {
    if condition.bound.wants_small() == Some(false) {
        1.0 - q
    } else {
        q
    }
}

/// The trial to look at: what is against the expectation, and of that the worst, and of that the first.
fn worst<'s>(expectation: &Expectation, seen: &'s [Seen]) -> Option<&'s Seen> {
    let rank = |seen: &Seen| {
        let condition = match &expectation.claim {
            Claim::Measured(_, condition) => Some(condition),
            _ => None,
        };
        let against = seen.hit == condition.is_some_and(Condition::counts_the_bad);
        let amount = seen.amount.map_or(u64::MAX, |amount| match condition {
            Some(condition) => condition.rank(amount),
            None => amount.distance(Amount::ZERO),
        });
        (against, amount)
    };
    seen.iter().reduce(|a, b| if rank(b) > rank(a) { b } else { a })
}

/// What decisions are made from.
struct Bench<'a> {
    seen: &'a [Seen],
    /// Names of workloads, where an amount is of one among several.
    names: &'a [String],
    worst: Option<&'a Seen>,
}

impl Bench<'_> {
    fn trials(&self) -> u64 {
        self.seen.len() as u64
    }

    fn hits(&self) -> u64 {
        self.seen.iter().filter(|s| s.hit).count() as u64
    }

    /// What a trial showed, in words.
    fn shown(&self, seen: &Seen, unit: Unit) -> String {
        if let Some(ending) = &seen.ending {
            return ending.clone();
        }
        let amount = seen.amount.map_or_else(|| "unknown".to_owned(), |a| a.show(unit));
        let name = seen.who.and_then(|who| self.names.get(who));
        match (name, seen.bad) {
            (Some(name), 2..) => format!("{amount} ({name}, and {} more)", seen.bad - 1),
            (Some(name), 1) => format!("{amount} ({name})"),
            _ => amount,
        }
    }

    fn every(&self, unit: Unit, measured: bool) -> (Verdict, String) {
        let (hits, trials) = (self.hits(), self.trials());
        let verdict = if hits == trials {
            Verdict::Holds
        } else {
            Verdict::Violated
        };
        let worst = self.worst.map(|seen| self.shown(seen, unit)).unwrap_or_default();
        let evidence = if trials == 1 {
            worst
        } else if verdict == Verdict::Violated {
            let trial = self.worst.map_or(0, |seen| seen.trial);
            format!("not so in {} of {trials} trials; trial {trial}: {worst}", trials - hits)
        } else {
            let mut amounts: Vec<Amount> = self.seen.iter().filter_map(|s| s.amount).collect();
            amounts.sort_unstable();
            match (amounts.first(), amounts.last()) {
                (Some(least), Some(most)) if measured && least != most => {
                    format!("{} to {} in {trials} trials", least.show(unit), most.show(unit))
                }
                _ => format!("{worst} in all {trials} trials"),
            }
        };
        (verdict, evidence)
    }

    fn quantile(&self, q: f64, condition: &Condition, unit: Unit) -> (Verdict, String) {
        let (hits, trials) = (self.hits(), self.trials());
        let verdict = verdict(at_least(hits, trials, wanted(q, condition)));
        let mut amounts: Vec<Option<Amount>> = self.seen.iter().map(|s| s.amount).collect();
        // What is unknown is worst.
        let small = condition.bound.wants_small() != Some(false);
        amounts.sort_by_key(|a| a.map_or(if small { u64::MAX } else { 0 }, |a| a.distance(Amount::ZERO)));
        let value = amounts.get(rank(q, amounts.len())).copied().flatten();
        let value = value.map_or_else(|| "unknown".to_owned(), |a| a.show(unit));
        let bound = condition.bound.words(unit);
        let evidence = match verdict {
            Verdict::Holds => format!(
                "{value} in {trials} trials; {bound} in {}% of all or more (95% confidence)",
                floor(surely(hits, trials))
            ),
            Verdict::Violated => format!("{value}; {bound} in {hits} of {trials} trials only"),
            Verdict::Open => self.open(&format!("{value}; {bound} in {hits} of {trials} trials"), condition),
        };
        (verdict, evidence)
    }

    fn share(&self, below: bool, of: f64) -> (Verdict, String) {
        let (hits, trials) = (self.hits(), self.trials());
        let (good, wanted) = if below { (trials - hits, 1.0 - of) } else { (hits, of) };
        let verdict = verdict(at_least(good, trials, wanted));
        let sure = surely(good, trials);
        let mut evidence = format!("{hits} of {trials} trials");
        match verdict {
            Verdict::Holds if below => {
                evidence += &format!("; at most {}% of all (95% confidence)", ceil(1.0 - sure));
            }
            Verdict::Holds => evidence += &format!("; at least {}% of all (95% confidence)", floor(sure)),
            Verdict::Violated => {}
            Verdict::Open => evidence += &too_few(trials, trials_for(wanted)),
        }
        (verdict, evidence)
    }

    fn mean(&self, condition: &Condition, unit: Unit) -> (Verdict, String) {
        let amounts: Vec<f64> = self.seen.iter().filter_map(|s| s.amount.map(Amount::as_f64)).collect();
        let unknown = self.seen.len() - amounts.len();
        if unknown > 0 {
            return (
                Verdict::Violated,
                format!("unknown in {unknown} of {} trials", self.trials()),
            );
        }
        #[expect(clippy::cast_precision_loss, reason = "a number of trials")]
        let n = amounts.len() as f64;
        let mean = amounts.iter().sum::<f64>() / n;
        let shown = |number: f64| Amount::of(libm::round(number * 1000.0) / 1000.0).show(unit);
        if self.trials() < FEW {
            let evidence = format!("{} over {} trials", shown(mean), amounts.len());
            return (Verdict::Open, self.open(&evidence, condition));
        }
        let squares: f64 = amounts.iter().map(|a| (a - mean) * (a - mean)).sum();
        let margin = student(amounts.len() as u64 - 1) * libm::sqrt(squares / (n - 1.0) / n);
        let (low, high) = (Amount::of(mean - margin), Amount::of(mean + margin));
        let verdict = match (condition.bound.holds(low), condition.bound.holds(high)) {
            (true, true) => Verdict::Holds,
            (false, false) => Verdict::Violated,
            _ => Verdict::Open,
        };
        let evidence = format!("{} ± {} over {} trials", shown(mean), shown(margin), amounts.len());
        if verdict == Verdict::Open {
            (verdict, self.open(&evidence, condition))
        } else {
            (verdict, evidence)
        }
    }

    fn open(&self, evidence: &str, condition: &Condition) -> String {
        format!(
            "{evidence}{}",
            too_few(self.trials(), least_trials(condition).unwrap_or(1))
        )
    }
}

fn too_few(trials: u64, least: u64) -> String {
    if trials < least {
        format!(": too few to tell, {least} are needed at least")
    } else {
        ": too close to tell".to_owned()
    }
}

const fn verdict(certainty: Certainty) -> Verdict {
    match certainty {
        Certainty::Sure => Verdict::Holds,
        Certainty::Refuted => Verdict::Violated,
        Certainty::Open => Verdict::Open,
    }
}

/// The place of a quantile among so many sorted values (nearest rank).
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a share of a number of trials"
)]
fn rank(q: f64, count: usize) -> usize {
    let rank = libm::ceil(q * count as f64 - 1e-9) as usize;
    rank.clamp(1, count.max(1)) - 1
}

/// A share as a percentage with one decimal, never more than it is.
fn floor(share: f64) -> Percent {
    Percent(libm::floor(share * 1000.0) / 1000.0)
}

/// The same, never less than it is.
fn ceil(share: f64) -> Percent {
    Percent(libm::ceil(share * 1000.0) / 1000.0)
}
