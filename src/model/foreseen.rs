//! What the linter foresees, in a form that a rehearsal can confirm.

use serde::{Deserialize, Serialize};

use crate::ids::WorkloadId;

/// What a finding says will happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Predicts {
    /// Nothing that a rehearsal shows.
    Nothing,
    /// This workload is down for some time.
    Downtime(WorkloadId),
    /// Fewer pods of this workload are ready than it wants, for some time.
    Degraded(WorkloadId),
    /// Clients of this workload see errors.
    Errors(WorkloadId),
    /// An eviction of a pod of this workload is refused.
    Refused(WorkloadId),
    /// Pods of this workload go and nobody replaces them.
    Lost(WorkloadId),
    /// The plan does not complete.
    Stuck,
    /// Pods wait for a node.
    Pending,
    /// A replica moves twice or more.
    Moves,
    /// The API is away for some time.
    ApiDown,
    /// etcd has no quorum for some time.
    NoQuorum,
    /// Somebody breaks the version skew policy.
    Skew,
    /// The plan takes longer than so many microseconds.
    LongerThan(u64),
}

/// What the linter found, as far as a run can be held against it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Foreseen {
    /// The rule: `B01`.
    pub rule: String,
    /// `error`, `warning` or `note`.
    pub severity: String,
    /// What it is about: `Deployment default/web`.
    pub object: String,
    /// What is so, in one sentence without its end.
    pub says: String,
    /// What a run would show.
    pub predicts: Predicts,
}
