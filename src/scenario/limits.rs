//! What is too much to be meant.

/// Replicas of one workload.
pub(crate) const MOST_REPLICAS: u32 = 1_000_000;
/// Pods of all workloads together.
pub(crate) const MOST_PODS: u64 = 5_000_000;
/// Nodes.
pub(crate) const MOST_NODES: u32 = 100_000;
/// Trials.
pub(crate) const MOST_TRIALS: u32 = 1_000_000;
