//! What a run, or many of them, is expected to be like, and whether it is.
//!
//! Expectations are plain data; [`Tally`] takes in runs and decides. One that is about every trial is decided by the trials
//! that were made; one about a quantile, a mean or a share of trials is decided with a confidence of 95 %, each way, and
//! said to be open where the trials are too few to tell. Nothing is decided on a point estimate.

mod amount;
pub mod baseline;
mod certainty;
mod condition;
pub mod difference;
mod judge;
mod measure;
mod placement;
pub mod suite;
pub mod summary;
mod tally;

pub use amount::{Amount, Unit};
pub use condition::{Bound, Comparison, Condition, Scope};
pub use judge::{Judgement, Verdict};
pub use measure::{Measure, Observation};
pub use tally::Tally;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::trace::PlanStatus;

/// All that is expected of a scenario.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Expectations {
    /// One by one, in the order of the documents.
    pub list: Vec<Expectation>,
    /// How many trials decide; `None`: as many as are needed.
    pub trials: Option<u64>,
    /// Where the first document stands.
    pub origin: Option<Origin>,
}

/// One thing that is expected.
#[derive(Clone, Debug, PartialEq)]
pub struct Expectation {
    /// Where it is written; `None` where nobody wrote it.
    pub origin: Option<Origin>,
    /// Of what.
    pub subject: Subject,
    /// What.
    pub claim: Claim,
}

/// Where something is written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Origin {
    /// The file, as it was named.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1.
    pub column: usize,
}

/// Of what something is expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The upgrade.
    Upgrade,
    /// All workloads together.
    Churn,
    /// The cluster.
    Cluster,
    /// The control plane.
    ControlPlane,
    /// Where pods are at the end.
    Placement,
    /// Each of these workloads (positions in the report), under a name for all of them.
    Workloads {
        /// `namespace/name`, a selector, or `*`.
        label: String,
        /// Positions in the report.
        which: Vec<usize>,
    },
}

/// What is expected.
#[derive(Clone, Debug, PartialEq)]
pub enum Claim {
    /// The upgrade completes, or does not.
    Completes(bool),
    /// It ends in one of these ways.
    Ends(Vec<Ending>),
    /// The reason why it did not complete has this text in it.
    Reason(String),
    /// It completes within a time.
    Within(Amount),
    /// A number is like this.
    Measured(Measure, Condition),
}

/// How a plan ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ending {
    /// Every node was upgraded.
    Completed,
    /// Every node was dealt with, and some were left out as the plan says.
    CompletedWithSkips,
    /// It gave up, as the plan says.
    Aborted,
    /// It can make no more progress.
    Blocked,
    /// kubeadm refused.
    Refused,
    /// Time or events ran out before it ended.
    Inconclusive,
}

impl From<PlanStatus> for Ending {
    fn from(status: PlanStatus) -> Self {
        match status {
            PlanStatus::Completed => Self::Completed,
            PlanStatus::CompletedWithSkips => Self::CompletedWithSkips,
            PlanStatus::Aborted => Self::Aborted,
            PlanStatus::Blocked => Self::Blocked,
            PlanStatus::Refused => Self::Refused,
            PlanStatus::Inconclusive => Self::Inconclusive,
        }
    }
}

impl Expectations {
    /// That the upgrade completes, which is expected where nothing is said of its end.
    #[must_use]
    pub const fn completion() -> Expectation {
        Expectation {
            origin: None,
            subject: Subject::Upgrade,
            claim: Claim::Completes(true),
        }
    }

    /// The ones that so many trials can decide.
    pub fn decided_by(&self, trials: u64) -> impl Iterator<Item = &Expectation> {
        self.list
            .iter()
            .filter(move |e| e.least_trials().is_none_or(|least| least <= trials))
    }

    /// Whether something is said of how the upgrade ends.
    #[must_use]
    pub fn tell_the_end(&self) -> bool {
        self.list.iter().any(|e| {
            matches!(
                e.claim,
                Claim::Completes(_) | Claim::Ends(_) | Claim::Within(_) | Claim::Reason(_)
            )
        })
    }

    /// How many trials decide everything that is expected: one, where each is about every trial; otherwise at least a
    /// hundred, and twice as many as are enough if all of them turn out well.
    #[must_use]
    pub fn trials_needed(&self) -> u64 {
        let needed = self.list.iter().filter_map(Expectation::least_trials).max();
        self.trials
            .unwrap_or_else(|| needed.map_or(1, |least| least.saturating_mul(2).max(100)))
    }
}

impl Expectation {
    /// In words, as a name that no other expectation of the scenario needs: `default/web: downtime at most 0s`.
    #[must_use]
    pub fn words(&self) -> String {
        let claim = match &self.claim {
            Claim::Completes(true) => "completes".to_owned(),
            Claim::Completes(false) => "does not complete".to_owned(),
            Claim::Ends(ways) => {
                let ways: Vec<String> = ways.iter().map(|way| format!("{way:?}")).collect();
                format!("ends as {}", ways.join(" or "))
            }
            Claim::Reason(text) => format!("reason has {text:?} in it"),
            Claim::Within(limit) => format!("completes within {}", limit.show(Unit::Seconds)),
            Claim::Measured(measure, condition) => condition.words(measure.words(), measure.unit()),
        };
        format!("{}: {claim}", self.subject.name())
    }

    /// Whether it helps to know why a workload was down, or why an upgrade did not complete.
    #[cfg(feature = "cli")]
    pub(crate) fn is_about_outages(&self) -> bool {
        match &self.claim {
            Claim::Measured(measure, _) => matches!(
                measure,
                Measure::Makespan
                    | Measure::NodesUpgraded
                    | Measure::Pending
                    | Measure::PendingTime
                    | Measure::Downtime
                    | Measure::ClientDowntime
                    | Measure::Errors
                    | Measure::Gap
                    | Measure::Availability
                    | Measure::Degraded
                    | Measure::Ready
                    | Measure::PodsLost
            ),
            _ => true,
        }
    }

    /// Whether a run that is not so may become so if it goes on.
    fn may_still_come(&self) -> bool {
        match &self.claim {
            Claim::Measured(measure, condition) => {
                measure.is_of_the_end() || condition.bound.wants_small().is_none() || !self.wants_less_harm()
            }
            _ => true,
        }
    }

    /// Whether what is against it is that something was worse than expected, so that it helps to know why.
    #[must_use]
    pub(crate) fn wants_less_harm(&self) -> bool {
        match &self.claim {
            Claim::Completes(completes) => *completes,
            Claim::Ends(_) | Claim::Reason(_) | Claim::Within(_) => true,
            Claim::Measured(measure, condition) => {
                let small = condition.bound.wants_small();
                let more_is_good = matches!(measure, Measure::Ready | Measure::Availability | Measure::NodesUpgraded);
                small.is_none_or(|small| (small != condition.counts_the_bad()) != more_is_good)
            }
        }
    }

    /// The fewest trials that can decide it; `None` where each trial decides for itself.
    fn least_trials(&self) -> Option<u64> {
        match &self.claim {
            Claim::Measured(_, condition) => judge::least_trials(condition),
            _ => None,
        }
    }
}

impl Subject {
    /// What it is called.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Upgrade => "upgrade",
            Self::Churn => "churn",
            Self::Cluster => "cluster",
            Self::ControlPlane => "control plane",
            Self::Placement => "placement",
            Self::Workloads { label, .. } => label,
        }
    }
}
