//! `kind: Expectations`: known and read, not checked by this version.

use schemars::JsonSchema;
use serde::Deserialize;

use super::Duration;

/// What must hold.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "not checked by this version")]
pub(crate) struct ExpectationsSpec {
    /// About the upgrade.
    upgrade: Option<UpgradeExpectation>,
    /// About workloads.
    #[serde(default)]
    workloads: Vec<WorkloadExpectation>,
    /// About the cluster.
    cluster: Option<ClusterExpectation>,
    /// About the control plane.
    control_plane: Option<ControlPlaneExpectation>,
}

/// About the upgrade.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "not checked by this version")]
struct UpgradeExpectation {
    /// Whether it completes.
    completes: Option<bool>,
    /// How long it may take.
    within: Option<Duration>,
}

/// About one workload.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "not checked by this version")]
struct WorkloadExpectation {
    /// The name.
    name: String,
    /// default unless given.
    namespace: Option<String>,
    /// The kind, where a name is not enough.
    kind: Option<String>,
    /// How long it may be down.
    max_downtime: Option<Duration>,
    /// The least number of ready replicas.
    min_ready: Option<u32>,
    /// How often a replica may move.
    max_moves_per_replica: Option<u32>,
}

/// About the cluster.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "not checked by this version")]
struct ClusterExpectation {
    /// The most pods that may wait for a node.
    max_pending: Option<u32>,
}

/// About the control plane.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "not checked by this version")]
struct ControlPlaneExpectation {
    /// How long the API may be away.
    max_blackout: Option<Duration>,
    /// Pods that may be recreated meanwhile.
    recreated_during_blackout: Option<u32>,
}
