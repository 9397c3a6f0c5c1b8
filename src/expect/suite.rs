//! What became of a suite of scenarios.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::baseline::Comparison;
use super::judge::{Judgement, Verdict};
use crate::metrics::Report;

/// What became of scenarios that were tested.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TestReport {
    /// `seatrial.dev/v1alpha1`
    pub api_version: String,
    /// `TestReport`
    pub kind: String,
    /// The version of seatrial that ran it.
    pub engine_version: String,
    /// The seed of all trials.
    pub seed: u64,
    /// How many of what there were.
    pub counts: Counts,
    /// Every scenario, in the order of their names.
    pub scenarios: Vec<Tested>,
    /// How many scenarios were not looked at, for one had failed.
    pub not_run: usize,
}

/// How many of what there were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Counts {
    /// Scenarios that were looked at.
    pub scenarios: usize,
    /// Expectations that hold.
    pub passed: usize,
    /// Expectations that are violated, and baselines that got worse.
    pub failed: usize,
    /// Expectations that too few trials were made for.
    pub open: usize,
    /// Scenarios that could not be read, or that expect nothing.
    pub invalid: usize,
}

/// What became of a scenario.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Tested {
    /// Its file or folder.
    pub scenario: String,
    /// How many trials decided.
    pub trials: u64,
    /// Why it could not be tested; null where it was.
    pub problem: Option<Problem>,
    /// What became of its expectations.
    pub expectations: Vec<Judgement>,
    /// How it compares with its baseline; null where it has none.
    pub baseline: Option<Comparison>,
    /// The command that plays a trial of it, up to the number of the trial.
    pub replay: String,
    /// The command that looks at the baseline again.
    pub again: String,
}

/// Why a scenario could not be tested.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Problem {
    /// What is wrong, in lines.
    pub text: String,
    /// Where; null where the scenario as a whole is meant.
    pub place: Option<super::Origin>,
}

/// What is told of a scenario, one by one.
#[derive(Clone, Debug)]
pub struct Case<'a> {
    /// What it is called within its scenario.
    pub name: &'a str,
    /// How it went.
    pub outcome: Outcome,
    /// What that rests on.
    pub evidence: String,
    /// Why, and what would help: lines.
    pub causes: Vec<String>,
    /// The command that shows it again.
    pub replay: Option<String>,
    /// File and line, where they are known.
    pub place: Option<(&'a str, usize)>,
}

/// How a case went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// As it should.
    Pass,
    /// Not as it should.
    Fail,
    /// Too few trials to tell.
    Open,
    /// It could not be tested.
    Invalid,
}

impl TestReport {
    /// The `kind` of such reports.
    pub const KIND: &str = "TestReport";

    /// A report of scenarios.
    #[must_use]
    pub fn new(seed: u64, scenarios: Vec<Tested>, not_run: usize) -> Self {
        let mut counts = Counts::default();
        for case in scenarios.iter().flat_map(Tested::cases) {
            *match case.outcome {
                Outcome::Pass => &mut counts.passed,
                Outcome::Fail => &mut counts.failed,
                Outcome::Open => &mut counts.open,
                Outcome::Invalid => &mut counts.invalid,
            } += 1;
        }
        counts.scenarios = scenarios.len();
        Self {
            api_version: Report::API_VERSION.into(),
            kind: Self::KIND.into(),
            engine_version: env!("CARGO_PKG_VERSION").into(),
            seed,
            counts,
            scenarios,
            not_run,
        }
    }
}

impl Tested {
    /// Everything that is told of it.
    #[must_use]
    pub fn cases(&self) -> Vec<Case<'_>> {
        if let Some(problem) = &self.problem {
            let place = problem.place.as_ref().map(|o| (o.file.as_str(), o.line));
            return vec![Case {
                name: "scenario",
                outcome: Outcome::Invalid,
                evidence: problem.text.trim_end().to_owned(),
                causes: Vec::new(),
                replay: None,
                place: place.or(Some((self.scenario.as_str(), 1))),
            }];
        }
        let mut cases: Vec<Case<'_>> = self.expectations.iter().map(|j| self.case(j)).collect();
        if let Some(baseline) = &self.baseline {
            cases.push(Case {
                name: "baseline",
                outcome: if baseline.is_worse() {
                    Outcome::Fail
                } else {
                    Outcome::Pass
                },
                evidence: baseline.evidence(),
                causes: baseline.lines(),
                replay: baseline.is_worse().then(|| self.again.clone()),
                place: Some((self.scenario.as_str(), 1)),
            });
        }
        cases
    }

    fn case<'s>(&'s self, judgement: &'s Judgement) -> Case<'s> {
        let fixes = judgement.fixes.iter().map(|fix| format!("fix: {fix}"));
        let failed = judgement.verdict != Verdict::Holds;
        let replay = judgement.trial.filter(|_| failed).map(|trial| match trial {
            0 => self.replay.clone(),
            _ => format!("{} --trial {trial}", self.replay),
        });
        let place = judgement.origin.as_ref().map(|o| (o.file.as_str(), o.line));
        Case {
            name: &judgement.expectation,
            outcome: match judgement.verdict {
                Verdict::Holds => Outcome::Pass,
                Verdict::Violated => Outcome::Fail,
                Verdict::Open => Outcome::Open,
            },
            evidence: judgement.evidence.clone(),
            causes: judgement.causes.iter().cloned().chain(fixes).collect(),
            replay,
            place: place.or(Some((self.scenario.as_str(), 1))),
        }
    }
}
