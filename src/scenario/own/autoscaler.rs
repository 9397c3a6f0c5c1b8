//! The cluster autoscaler of `kind: Cluster`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::Duration;
use crate::scenario::text::At;

/// A cluster autoscaler, which removes empty nodes; the figures are its flags.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct AutoscalerSpec {
    /// `--scan-interval`; 10s unless given.
    pub(crate) scan_interval: Option<At<Duration>>,
    /// `--scale-down-unneeded-time`; 10m unless given.
    pub(crate) scale_down_unneeded_time: Option<Duration>,
    /// `--scale-down-utilization-threshold`, from 0 to 1; 0.5 unless given.
    pub(crate) scale_down_utilization_threshold: Option<At<f64>>,
    /// The groups of nodes that it looks after; left out: one of all worker nodes.
    pub(crate) node_groups: Option<Vec<At<NodeGroupSpec>>>,
}

/// Nodes that are alike to an autoscaler.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NodeGroupSpec {
    /// The worker nodes with these labels; all unless given.
    #[serde(default)]
    pub(crate) node_selector: BTreeMap<String, String>,
    /// It leaves so many nodes at least; as many as there are at the start unless given.
    pub(crate) min: Option<At<i64>>,
}
