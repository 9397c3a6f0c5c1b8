//! Whether a measure agrees.

use std::collections::{BTreeMap, BTreeSet};

use super::Run;
use super::measures::Value;

/// What came of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Every recorded value is among the rehearsed ones, and these do not spread much more than the recorded ones.
    Agrees,
    /// A recorded value is not among the rehearsed ones.
    Misses,
    /// The rehearsed values spread too widely to say much.
    TooWide,
}

/// What happens by chance in fewer cases than this is taken for no chance.
pub(crate) const SURPRISE: f64 = 0.05;

/// Rehearsed numbers, in brief.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spread {
    pub(crate) min: f64,
    pub(crate) p5: f64,
    pub(crate) median: f64,
    pub(crate) p95: f64,
    pub(crate) max: f64,
}

/// A measure of a scenario and version.
#[derive(Clone, Debug)]
pub(crate) struct Score {
    pub(crate) measure: String,
    /// By run.
    pub(crate) recorded: Vec<Value>,
    /// `None`: labels, or no rehearsal had it.
    pub(crate) spread: Option<Spread>,
    /// Rehearsed labels and how often.
    pub(crate) labels: BTreeMap<String, usize>,
    /// Share of the rehearsals between the least and the greatest recorded value, tolerance included.
    pub(crate) inside: f64,
    pub(crate) verdict: Verdict,
}

impl Score {
    /// What was recorded, by run.
    pub(crate) fn recorded_text(&self) -> String {
        let shown = |value: &Value| match value {
            Value::Count(n) => n.to_string(),
            Value::Seconds(s) => format!("{s:.1} s"),
            Value::Label(l) => l.clone(),
        };
        let values: Vec<String> = self.recorded.iter().map(shown).collect();
        values.join("; ")
    }

    /// What was rehearsed: least, 5 %, median, 95 %, greatest; or the labels.
    pub(crate) fn rehearsed_text(&self) -> String {
        if let Some(s) = &self.spread {
            let seconds = matches!(self.recorded.first(), Some(Value::Seconds(_)));
            let numbers = [s.min, s.p5, s.median, s.p95, s.max];
            let numbers = numbers.map(|n| if seconds { format!("{n:.1}") } else { n.to_string() });
            return numbers.join(", ");
        }
        if self.labels.is_empty() {
            return "never".to_owned();
        }
        let mut labels: Vec<(&String, &usize)> = self.labels.iter().collect();
        labels.sort_by(|a, b| b.1.cmp(a.1));
        let labels: Vec<String> = labels.iter().take(6).map(|(l, n)| format!("{l} ({n} times)")).collect();
        labels.join("; ")
    }

    /// Whether the recordings could hardly come from the rehearsed law: one lies outside, or they lie closer together than
    /// chance allows.
    pub(crate) fn contradicted(&self) -> bool {
        match self.verdict {
            Verdict::Agrees => false,
            Verdict::Misses => true,
            Verdict::TooWide => self.luck().is_none_or(|luck| luck <= SURPRISE),
        }
    }

    /// How likely so many rehearsals are to lie where all the recorded runs do, where that is what is amiss.
    pub(crate) fn luck(&self) -> Option<f64> {
        let runs = i32::try_from(self.recorded.len()).ok()?;
        (self.verdict == Verdict::TooWide).then(|| self.inside.powi(runs))
    }
}

/// Scores every measure that any run recorded.
pub(crate) fn scores(runs: &[Run]) -> Vec<Score> {
    let names: BTreeSet<&String> = runs.iter().flat_map(|r| r.recorded.values.keys()).collect();
    names.into_iter().map(|name| score(name, runs)).collect()
}

/// Scores one measure of some runs.
pub(crate) fn score(name: &str, runs: &[Run]) -> Score {
    let recorded: Vec<Value> = runs
        .iter()
        .filter_map(|r| r.recorded.values.get(name).cloned())
        .collect();
    let rehearsed: Vec<&Value> = runs
        .iter()
        .flat_map(|r| &r.rehearsed)
        .filter_map(|m| m.values.get(name))
        .collect();
    if matches!(recorded.first(), Some(Value::Label(_))) {
        return labels(name, recorded, &rehearsed);
    }
    let mut numbers: Vec<f64> = rehearsed.iter().filter_map(|v| v.number()).collect();
    numbers.sort_by(f64::total_cmp);
    let spread = Spread::of(&numbers);
    let (low, high) = bounds(&recorded);
    let slack = recorded.iter().map(Value::tolerance).fold(0.0, f64::max);
    let inside = numbers
        .iter()
        .filter(|&&n| n >= low - slack - DUST && n <= high + slack + DUST)
        .count();
    let verdict = match spread {
        None => Verdict::Misses,
        Some(s) if recorded.iter().any(|v| !s.reaches(v)) => Verdict::Misses,
        Some(s) if s.p95 - s.p5 > 2.0 * (high - low) + slack + DUST => Verdict::TooWide,
        Some(_) => Verdict::Agrees,
    };
    Score {
        measure: name.to_owned(),
        recorded,
        spread,
        labels: BTreeMap::new(),
        inside: share(inside, numbers.len()),
        verdict,
    }
}

/// Differences that come from binary fractions.
const DUST: f64 = 1e-9;

fn share(part: usize, whole: usize) -> f64 {
    part as f64 / whole.max(1) as f64
}

fn bounds(values: &[Value]) -> (f64, f64) {
    values
        .iter()
        .filter_map(Value::number)
        .fold((f64::MAX, f64::MIN), |(low, high), v| (low.min(v), high.max(v)))
}

fn labels(name: &str, recorded: Vec<Value>, rehearsed: &[&Value]) -> Score {
    let mut labels = BTreeMap::<String, usize>::new();
    for value in rehearsed {
        if let Value::Label(label) = value {
            *labels.entry(label.clone()).or_default() += 1;
        }
    }
    let inside = rehearsed.iter().filter(|v| recorded.contains(v)).count();
    let found = |v: &Value| matches!(v, Value::Label(l) if labels.contains_key(l));
    let verdict = if recorded.iter().all(found) {
        Verdict::Agrees
    } else {
        Verdict::Misses
    };
    Score {
        measure: name.to_owned(),
        recorded,
        spread: None,
        inside: share(inside, rehearsed.len()),
        labels,
        verdict,
    }
}

impl Spread {
    fn of(sorted: &[f64]) -> Option<Self> {
        let at = |percent: usize| sorted.get((sorted.len() - 1) * percent / 100).copied();
        let (&min, &max) = sorted.first().zip(sorted.last())?;
        Some(Self {
            min,
            p5: at(5)?,
            median: at(50)?,
            p95: at(95)?,
            max,
        })
    }

    fn reaches(&self, value: &Value) -> bool {
        let slack = value.tolerance() + DUST;
        value
            .number()
            .is_some_and(|v| v >= self.min - slack && v <= self.max + slack)
    }
}
