//! What is measured of one run, recorded or rehearsed.

use std::collections::BTreeMap;

/// A measure of one run.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    /// Agrees exactly or not at all.
    Count(f64),
    /// Agrees within the larger of 1 s and 5 %.
    Seconds(f64),
    /// One of many possibilities.
    Label(String),
}

impl Value {
    /// The number; `None` for a label.
    pub(crate) const fn number(&self) -> Option<f64> {
        match self {
            Self::Count(n) | Self::Seconds(n) => Some(*n),
            Self::Label(_) => None,
        }
    }

    /// By how much it may miss.
    pub(crate) fn tolerance(&self) -> f64 {
        match self {
            Self::Seconds(s) => (s * 0.05).max(1.0),
            _ => 0.0,
        }
    }
}

/// A pod that left and the one that came for it: the k-th that its workload lost and got after the start.
#[derive(Clone, Debug)]
pub(crate) struct Chain {
    /// The workload's kind.
    pub(crate) kind: String,
    /// When the old pod got its deletion timestamp, the new one was created, bound, ready, the old one gone; seconds.
    pub(crate) at: [Option<f64>; 5],
}

/// All measures of one run, by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Measures {
    pub(crate) values: BTreeMap<String, Value>,
    pub(crate) chains: Vec<Chain>,
}

/// Availability of a workload in one of its truths.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Availability {
    pub(crate) min: f64,
    pub(crate) down: f64,
    pub(crate) degraded: f64,
    pub(crate) deficit: f64,
}

impl Measures {
    pub(crate) fn count(&mut self, name: impl Into<String>, count: f64) {
        self.values.insert(name.into(), Value::Count(count));
    }

    pub(crate) fn seconds(&mut self, name: impl Into<String>, seconds: f64) {
        self.values.insert(name.into(), Value::Seconds(seconds));
    }

    pub(crate) fn label(&mut self, name: impl Into<String>, label: impl Into<String>) {
        self.values.insert(name.into(), Value::Label(label.into()));
    }

    pub(crate) fn availability(&mut self, workload: &str, truth: &str, a: Availability) {
        self.count(format!("{workload} {truth} min"), a.min);
        self.seconds(format!("{workload} {truth} down"), a.down);
        self.seconds(format!("{workload} {truth} degraded"), a.degraded);
        self.seconds(format!("{workload} {truth} deficit"), a.deficit);
    }

    /// Drains as (node, seconds, success), in the order in which they started.
    pub(crate) fn drains<'a>(&mut self, drains: impl IntoIterator<Item = (&'a str, f64, bool)>) {
        let mut failed = BTreeMap::<&str, usize>::new();
        for (node, took, ok) in drains {
            let failures = failed.entry(node).or_default();
            if ok {
                self.seconds(format!("drain {node}"), took);
            } else {
                *failures += 1;
                self.seconds(format!("failed drain {node} #{failures}"), took);
            }
        }
        for (node, failures) in failed {
            self.count(format!("failed drains {node}"), failures as f64);
        }
    }

    /// How many pods of a workload each node has, not which node.
    pub(crate) fn placement(&mut self, workload: &str, pods: impl IntoIterator<Item = u32>) {
        let mut counts: Vec<u32> = pods.into_iter().filter(|&n| n > 0).collect();
        counts.sort_unstable_by(|a, b| b.cmp(a));
        let text: Vec<String> = counts.iter().map(u32::to_string).collect();
        self.label(format!("{workload} placement"), text.join(" "));
    }
}
