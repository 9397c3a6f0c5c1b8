//! In which order things happen to a pod that leaves and to the one that comes for it.

use std::collections::{BTreeMap, BTreeSet};

use super::Run;
use super::measures::Chain;
use super::score::SURPRISE;

/// Closer than this, two things happened at once.
const AT_ONCE: f64 = 0.1;

const EVENTS: [&str; 5] = ["deleted", "created", "bound", "ready", "gone"];

/// For each pair of things: which came first (`-1`: the former), `0` at once, `2` one of them never happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Pattern([i8; 10]);

impl Pattern {
    fn of(chain: &Chain) -> Self {
        let mut pairs = [2; 10];
        let mut next = 0;
        for (first, a) in chain.at.iter().enumerate() {
            for b in &chain.at[first + 1..] {
                if let (Some(a), Some(b)) = (a, b) {
                    pairs[next] = match b - a {
                        gap if gap > AT_ONCE => -1,
                        gap if gap < -AT_ONCE => 1,
                        _ => 0,
                    };
                }
                next += 1;
            }
        }
        Self(pairs)
    }

    /// Whether they differ only in the order of things that happened at once in one of them.
    fn fits(&self, other: &Self) -> bool {
        let pairs = self.0.iter().zip(&other.0);
        pairs
            .into_iter()
            .all(|(a, b)| a == b || *a == 0 && *b != 2 || *b == 0 && *a != 2)
    }
}

/// A chain's order, in words.
fn words(chain: &Chain) -> String {
    let mut events: Vec<(f64, &str)> = chain
        .at
        .iter()
        .zip(EVENTS)
        .filter_map(|(at, name)| Some(((*at)?, name)))
        .collect();
    events.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut text = String::new();
    let mut last = f64::MIN;
    for (at, name) in events {
        if !text.is_empty() {
            text.push_str(if at - last > AT_ONCE { " < " } else { " = " });
        }
        text.push_str(name);
        last = at;
    }
    text
}

/// The orders of a kind of workloads.
pub(crate) struct OrderScore {
    pub(crate) kind: String,
    /// Recorded orders that no rehearsal shows.
    pub(crate) missing: BTreeSet<String>,
    /// Rehearsed orders that no recording shows although they are common enough, and in which share of the replacements.
    pub(crate) foreign: BTreeMap<String, f64>,
}

impl OrderScore {
    pub(crate) fn agrees(&self) -> bool {
        self.missing.is_empty() && self.foreign.is_empty()
    }

    /// The name of the measure.
    pub(crate) fn measure(&self) -> String {
        format!("order {}", self.kind)
    }
}

type Patterns = BTreeMap<Pattern, (usize, String)>;

fn patterns<'a>(chains: impl Iterator<Item = &'a Chain>) -> Patterns {
    let mut found = Patterns::new();
    for chain in chains {
        let place = found.entry(Pattern::of(chain));
        place.or_insert_with(|| (0, words(chain))).0 += 1;
    }
    found
}

/// Scores the orders of each kind that any run recorded.
pub(crate) fn scores(runs: &[Run]) -> Vec<OrderScore> {
    let recorded = || runs.iter().flat_map(|r| &r.recorded.chains);
    let rehearsed = || runs.iter().flat_map(|r| &r.rehearsed).flat_map(|m| &m.chains);
    let kinds: BTreeSet<&String> = recorded().map(|c| &c.kind).collect();
    let score = |kind: &String| {
        let real = patterns(recorded().filter(|c| c.kind == *kind));
        let ours = patterns(rehearsed().filter(|c| c.kind == *kind));
        let all: usize = ours.values().map(|p| p.0).sum();
        let lacks = |there: &Patterns, pattern: &Pattern| !there.keys().any(|other| pattern.fits(other));
        let missing = real
            .iter()
            .filter(|(pattern, _)| lacks(&ours, pattern))
            .map(|(_, (_, text))| text.clone())
            .collect();
        let mut foreign = BTreeMap::<String, f64>::new();
        for (_, (count, text)) in ours.iter().filter(|(pattern, _)| lacks(&real, pattern)) {
            *foreign.entry(text.clone()).or_default() += *count as f64 / all as f64;
        }
        let replacements: usize = real.values().map(|p| p.0).sum();
        let absent_by_chance = |share: f64| (1.0 - share).powi(i32::try_from(replacements).unwrap_or(i32::MAX));
        foreign.retain(|_, share| absent_by_chance(*share) <= SURPRISE);
        OrderScore {
            kind: kind.clone(),
            missing,
            foreign,
        }
    };
    kinds.into_iter().map(score).collect()
}
