//! The cluster autoscaler.

use crate::units::Span;

/// A cluster autoscaler that removes nodes that nobody needs. Its figures are the flags of
/// <https://github.com/kubernetes/autoscaler/blob/master/cluster-autoscaler/FAQ.md>.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Autoscaler {
    /// `--scan-interval`: how often it looks at the cluster.
    pub scan_interval: Span,
    /// `--scale-down-unneeded-time`: how long a node must be unneeded before it is removed.
    pub unneeded_time: Span,
    /// `--scale-down-utilization-threshold` in thousandths: a node is unneeded only if less of it is requested.
    pub threshold: u64,
    /// The groups of nodes that it looks after.
    pub groups: Vec<NodeGroup>,
}

/// Nodes that are alike to an autoscaler.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeGroup {
    /// It leaves so many nodes at least.
    pub min: u32,
    /// Its nodes: an index into [`Model::node_sets`](super::Model::node_sets).
    pub nodes: usize,
}
