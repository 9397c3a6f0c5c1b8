//! Changes that a person can make to a plan or a cluster.

use super::{BudgetLimit, WorkloadKind};

/// A change of a plan or a cluster, small enough to be one line of a review.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Fields of the plan.
    Plan(Vec<Setting>),
    /// A new PodDisruptionBudget of one workload.
    AddBudget {
        /// Whose.
        workload: Owner,
        /// What it asks for.
        limit: BudgetLimit,
    },
    /// A budget asks for something else.
    Budget {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
        /// What it asks for now.
        limit: BudgetLimit,
    },
    /// A workload has so many replicas.
    Replicas {
        /// Whose.
        workload: Owner,
        /// So many.
        count: u32,
    },
    /// The pods of a workload have to stand on different nodes as far as they can: a topology spread constraint over
    /// host names with `maxSkew: 1` and `DoNotSchedule`.
    SpreadOverNodes {
        /// Whose.
        workload: Owner,
    },
}

/// A workload by its names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// Its kind.
    pub kind: WorkloadKind,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

/// A field of a plan and what it becomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Where it stands.
    pub part: PlanPart,
    /// Its name, as an `UpgradePlan` writes it.
    pub key: &'static str,
    /// Its value, as YAML writes it: a number, a word, a duration.
    pub value: String,
}

/// Where a field of a plan stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlanPart {
    /// `spec.pools[*].strategy`, of every pool.
    Strategy,
    /// `spec.drain`.
    Drain,
}

impl Setting {
    /// A field of every pool's strategy.
    #[must_use]
    pub fn strategy(key: &'static str, value: impl Into<String>) -> Self {
        let (part, value) = (PlanPart::Strategy, value.into());
        Self { part, key, value }
    }

    /// A field of the drains.
    #[must_use]
    pub fn drain(key: &'static str, value: impl Into<String>) -> Self {
        let (part, value) = (PlanPart::Drain, value.into());
        Self { part, key, value }
    }
}
