//! What a caller may ask of a run, and what it cost.

use crate::units::{Span, Time};

/// What a run may do and how long.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// The seed.
    pub seed: u64,
    /// Which replication of that seed.
    pub trial: u64,
    /// The run ends here at the latest, whatever is going on.
    pub until: Option<Time>,
    /// How long the run goes on after the plan has ended, at most, until the cluster has settled. Leases that have to
    /// run out and tolerations that have to pass are waited for.
    pub settle: Span,
    /// The run ends after so many events at the latest.
    pub max_events: u64,
    /// A plan that has done nothing but be refused for so long is blocked.
    pub stall: Span,
    /// Go on after it is proven that nothing can change any more: to see that it is so.
    pub past_proof: bool,
}

impl Default for RunOptions {
    /// Seed 0, 60 s to settle, 10⁹ events, one hour of refusals.
    fn default() -> Self {
        Self {
            seed: 0,
            trial: 0,
            until: None,
            settle: Span::from_secs(60),
            max_events: 1_000_000_000,
            stall: Span::from_secs(3600),
            past_proof: false,
        }
    }
}

/// What a run cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunCost {
    /// Events handled.
    pub events: u64,
    /// Facts observed.
    pub facts: u64,
    /// When the run ended.
    pub end: Time,
}
