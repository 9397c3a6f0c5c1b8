//! Baselines: what trials showed once, kept beside a scenario, so that a later change for the worse is seen.
//!
//! A baseline keeps the value of each trial. It is held against the trials of the same seed and numbers, so that both had the
//! same luck, and what differs from trial to trial is the change alone: worse is only what is worse by more than its
//! tolerance, with a confidence of 95 % over the pairs.

use std::collections::BTreeMap;
use std::fmt::Write;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::difference::{Change, Metric, Numbers};
use crate::metrics::Report;

/// What trials showed once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Baseline {
    /// `seatrial.dev/v1alpha1`
    api_version: String,
    /// `Baseline`
    kind: String,
    /// The seed of the trials.
    pub seed: u64,
    /// How many there are, from number 0.
    pub trials: u64,
    /// By how much each number may be worse.
    tolerance: BTreeMap<String, Tolerance>,
    /// What the trials showed: of whom, and which number.
    metrics: BTreeMap<String, BTreeMap<String, Values>>,
}

/// By how much a number may be worse: an amount, or a percentage of what it was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Tolerance {
    Amount(f64),
    Percentage(String),
}

/// A number of each trial, in the order of their numbers; one number where all trials had the same.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Values {
    Same(Option<f64>),
    Each(Vec<Option<f64>>),
}

/// How trials compare with a baseline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Comparison {
    /// The file of the baseline.
    pub file: String,
    /// How many trials were held against those of the baseline.
    pub trials: u64,
    /// Numbers that are not what they were, the worst first.
    pub changes: Vec<Change>,
}

/// Why a file is no baseline.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BaselineError {
    /// It is not JSON, or has other fields.
    #[error("not a baseline: {0}")]
    Json(#[from] serde_json::Error),
    /// It is a document of another kind.
    #[error("not a baseline: its kind is `{0}`")]
    Kind(String),
    /// A tolerance is none.
    #[error("the tolerance {0:?} is neither a number nor a percentage such as \"5%\"")]
    Tolerance(String),
    /// There are not as many values as trials.
    #[error("`{0}` does not have as many values as there are trials")]
    Count(String),
}

/// Trials that are gathered for a baseline, or to be held against one.
#[derive(Debug, Default)]
pub struct Gathered(BTreeMap<u64, BTreeMap<(String, Metric), Option<f64>>>);

impl Gathered {
    /// One more trial.
    pub fn add(&mut self, report: &Report) {
        self.0.insert(report.trial, Numbers::of(report).0);
    }

    /// Of whom there is which number.
    fn keys(&self) -> Vec<(String, Metric)> {
        let mut keys: Vec<_> = self.0.values().flat_map(|trial| trial.keys().cloned()).collect();
        keys.sort();
        keys.dedup();
        keys
    }

    /// A number of each trial; where it was not told it is nothing.
    fn values(&self, key: &(String, Metric)) -> Vec<Option<f64>> {
        self.0
            .values()
            .map(|trial| trial.get(key).copied().unwrap_or(Some(0.0)))
            .collect()
    }
}

impl Baseline {
    /// The `kind` of baselines.
    const KIND: &str = "Baseline";

    /// What trials of a seed showed; tolerances are those of an earlier baseline, or the usual ones.
    #[must_use]
    pub fn new(seed: u64, gathered: &Gathered, before: Option<&Self>) -> Self {
        let usual = Metric::ALL.iter().map(|m| (m.name().to_owned(), Tolerance::usual(*m)));
        let mut tolerance: BTreeMap<String, Tolerance> = usual.collect();
        tolerance.extend(before.iter().flat_map(|b| b.tolerance.clone()));
        let mut metrics: BTreeMap<String, BTreeMap<String, Values>> = BTreeMap::new();
        for key in gathered.keys() {
            let values = gathered.values(&key);
            let values = match values.first() {
                Some(first) if values.iter().all(|v| v == first) => Values::Same(*first),
                _ => Values::Each(values),
            };
            metrics.entry(key.0).or_default().insert(key.1.name().into(), values);
        }
        Self {
            api_version: Report::API_VERSION.into(),
            kind: Self::KIND.into(),
            seed,
            trials: gathered.0.len() as u64,
            tolerance,
            metrics,
        }
    }

    /// Reads a baseline.
    ///
    /// # Errors
    /// Why the text is none.
    pub fn parse(text: &str) -> Result<Self, BaselineError> {
        let baseline: Self = serde_json::from_str(text)?;
        if baseline.kind != Self::KIND {
            return Err(BaselineError::Kind(baseline.kind));
        }
        for tolerance in baseline.tolerance.values() {
            tolerance
                .of(1.0)
                .ok_or_else(|| BaselineError::Tolerance(format!("{tolerance:?}")))?;
        }
        for (of, numbers) in &baseline.metrics {
            for (name, values) in numbers {
                if matches!(values, Values::Each(each) if each.len() as u64 != baseline.trials) {
                    return Err(BaselineError::Count(format!("{of}: {name}")));
                }
            }
        }
        Ok(baseline)
    }

    /// The baseline as text: sorted, a number a line, so that a change of it can be read.
    ///
    /// # Errors
    /// Never, as far as is known.
    pub fn render(&self) -> Result<String, serde_json::Error> {
        let mut out = String::new();
        // Writing to a text does not fail.
        let _ = writeln!(
            out,
            "{{\n  \"apiVersion\": {},\n  \"kind\": {},\n  \"seed\": {},\n  \"trials\": {},\n  \"tolerance\": {{",
            serde_json::to_string(&self.api_version)?,
            serde_json::to_string(&self.kind)?,
            self.seed,
            self.trials
        );
        rows(&mut out, 4, &self.tolerance)?;
        out.push_str("  },\n  \"metrics\": {\n");
        for (n, (of, numbers)) in self.metrics.iter().enumerate() {
            let _ = writeln!(out, "    {}: {{", serde_json::to_string(of)?);
            rows(&mut out, 6, numbers)?;
            out.push_str(if n + 1 == self.metrics.len() {
                "    }\n"
            } else {
                "    },\n"
            });
        }
        out.push_str("  }\n}\n");
        Ok(out)
    }

    /// Holds trials of the same seed and numbers against it.
    #[must_use]
    pub fn compare(&self, file: &str, gathered: &Gathered) -> Comparison {
        let mut keys = gathered.keys();
        for (of, numbers) in &self.metrics {
            keys.extend(
                numbers
                    .keys()
                    .filter_map(|name| Some((of.clone(), Metric::named(name)?))),
            );
        }
        keys.sort();
        keys.dedup();
        let changes = keys.iter().filter_map(|key| {
            let new = gathered.values(key);
            let old = match self.metrics.get(&key.0).and_then(|numbers| numbers.get(key.1.name())) {
                None => vec![Some(0.0); new.len()],
                Some(Values::Same(one)) => vec![*one; new.len()],
                Some(Values::Each(each)) => each.clone(),
            };
            let tolerance = |old| {
                let stated = self.tolerance.get(key.1.name()).and_then(|t| t.of(old));
                stated.or_else(|| Tolerance::usual(key.1).of(old)).unwrap_or(0.0)
            };
            Change::paired(key, &old, &new, tolerance)
        });
        let mut changes: Vec<Change> = changes.collect();
        changes.sort_by_key(|change| change.verdict);
        Comparison {
            file: file.to_owned(),
            trials: gathered.0.len() as u64,
            changes,
        }
    }
}

fn rows<T: Serialize>(out: &mut String, indent: usize, rows: &BTreeMap<String, T>) -> Result<(), serde_json::Error> {
    for (n, (name, value)) in rows.iter().enumerate() {
        let (name, value) = (serde_json::to_string(name)?, serde_json::to_string(value)?);
        let value = value.replace(".0,", ",").replace(".0]", "]").replace(',', ", ");
        let value = value.strip_suffix(".0").map(str::to_owned).unwrap_or(value);
        let comma = if n + 1 == rows.len() { "" } else { "," };
        let _ = writeln!(out, "{:indent$}{name}: {value}{comma}", "");
    }
    Ok(())
}

impl Tolerance {
    fn usual(metric: Metric) -> Self {
        match metric.tolerance() {
            (share, _) if share > 0.0 => Self::Percentage(format!("{}%", share * 100.0)),
            (_, amount) => Self::Amount(amount),
        }
    }

    /// By how much a number that was `old` may be worse; `None` where this is no tolerance.
    fn of(&self, old: f64) -> Option<f64> {
        match self {
            Self::Amount(amount) => Some(*amount).filter(|a| *a >= 0.0),
            Self::Percentage(text) => {
                let share: f64 = text.strip_suffix('%')?.trim().parse().ok()?;
                Some(old.abs() * share / 100.0).filter(|_| share >= 0.0)
            }
        }
    }
}

impl Comparison {
    /// Whether something is worse by more than its tolerance.
    #[must_use]
    pub fn is_worse(&self) -> bool {
        self.changes.iter().any(Change::is_worse)
    }

    /// What it rests on, as a sentence without its end.
    #[must_use]
    pub fn evidence(&self) -> String {
        let worse = self.changes.iter().filter(|c| c.is_worse()).count();
        let numbers = |n: usize| {
            if n == 1 {
                "1 number".to_owned()
            } else {
                format!("{n} numbers")
            }
        };
        match (worse, self.changes.len()) {
            (0, 0) => format!("as in {}, trial by trial", self.file),
            (0, n) => format!(
                "no worse than {}: {} changed, within tolerance or for the better",
                self.file,
                numbers(n)
            ),
            (n, _) => format!(
                "worse than {}: {} in {} trials on the same luck",
                self.file,
                numbers(n),
                self.trials
            ),
        }
    }

    /// What is worse, as a table: old, new, difference.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let worse: Vec<&Change> = self.changes.iter().filter(|c| c.is_worse()).collect();
        if worse.is_empty() {
            return Vec::new();
        }
        let head = ["NUMBER", "OLD", "NEW", "DIFFERENCE", "TOLERATED"].map(str::to_owned);
        let rows = worse.into_iter().map(|change| {
            let [old, new, difference] = change.cells();
            let number = format!("{} {}", change.of, change.metric);
            [number, old, new, difference, change.tolerated()]
        });
        let rows: Vec<[String; 5]> = [head].into_iter().chain(rows).collect();
        let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let widths = [0, 1, 2, 3, 4].map(width);
        let line = |[number, old, new, by, allowed]: &[String; 5]| {
            let [a, b, c, d, e] = widths;
            format!("{number:<a$}  {old:>b$} -> {new:>c$}  {by:>d$}  {allowed:>e$}")
        };
        rows.iter().map(line).collect()
    }
}
