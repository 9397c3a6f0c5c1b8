//! How nodes are drained.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Duration;
use crate::scenario::text::At;

/// `kubectl drain`, and what the plan does when it fails.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct DrainSpec {
    /// Eviction unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) via: Option<ViaSpec>,
    /// `--ignore-daemonsets`; true unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ignore_daemon_sets: Option<bool>,
    /// `--delete-emptydir-data`; true unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) delete_empty_dir_data: Option<bool>,
    /// `--force`; false unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) force: Option<bool>,
    /// `--grace-period`; null: the pod's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) grace_period: Option<Duration>,
    /// `--timeout`; 0s: no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) timeout: Option<Duration>,
    /// Time between two tries of a refused eviction; 5s unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) retry_interval: Option<At<Duration>>,
    /// Abort unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) on_failure: Option<OnFailureSpec>,
    /// The pause before another drain, for Retry and tries; 5s unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) failure_retry_interval: Option<At<Duration>>,
    /// A drain that fails is tried so many times before onFailure; 1 unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tries: Option<At<u32>>,
    /// A node that is not drained after so long raises an alert; 0s: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) alert_after: Option<Duration>,
    /// Whether nodes are labelled when they are cordoned, so that load balancers of Services leave them out; false unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) exclude_from_load_balancers: Option<bool>,
    /// Whether pods with volumes are evicted one after another, each when the volumes of the one before are detached; false unless
    /// given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) volumes_one_by_one: Option<bool>,
    /// Whether a drain is over only when the volumes of the pods that left are detached; false unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) wait_for_volumes: Option<bool>,
    /// How long a drain waits for a volume to be detached; 0s: no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) volume_detach_timeout: Option<Duration>,
    /// Whether pods with the priority of system-cluster-critical or more are evicted when all others are gone; false unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) critical_last: Option<bool>,
}

/// How pods leave a node.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema)]
pub(crate) enum ViaSpec {
    /// By the eviction API, which asks the budgets.
    Eviction,
    /// By plain deletes, which do not.
    Delete,
    /// They stay.
    None,
}

/// What the plan does when a drain fails.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema)]
pub(crate) enum OnFailureSpec {
    /// The plan ends; the node stays cordoned.
    Abort,
    /// The node is uncordoned, the plan ends.
    UncordonAndAbort,
    /// The node is uncordoned and not upgraded; the next one is.
    Skip,
    /// The node stays cordoned and is not upgraded; the next one is.
    Quarantine,
    /// Drain again without the eviction API.
    ForceDelete,
    /// The node is upgraded although pods are left.
    TerminateAnyway,
    /// The node is upgraded although pods are left, and said so.
    WarnAndContinue,
    /// Drain again after failureRetryInterval.
    Retry,
}
