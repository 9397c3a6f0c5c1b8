//! The kinds of `seatrial.dev/v1alpha1`, as they are written. Doc comments become descriptions of the JSON schema.

mod cluster;
mod expectations;
mod faults;
mod plan;
mod preset;
mod timings;
mod values;

pub(crate) use cluster::{
    Capacity, ClientLimitSpec, ClusterSpec, ControlPlaneSpec, EtcdSpec, HealthCheckSpec, NodePoolSpec, TaintEffectSpec,
};
pub(crate) use expectations::{
    ChurnExpectation, ClusterExpectation, Conditions, ControlPlaneExpectation, ExpectationsSpec, OutcomeSpec,
    PlacementExpectation, UpgradeExpectation, WorkloadExpectation,
};
pub(crate) use faults::{AfterSpec, CrashSpec, EventSpec, FaultsSpec, StopModeSpec};
pub(crate) use plan::{
    CommandSpec, DrainSpec, DrainStepSpec, ExpectSpec, GateSpec, KubeletsSpec, ModeSpec, OnAbortSpec, OnFailureSpec,
    OnQuotaSpec, OrderSpec, PlanSpec, PoolSpec, PremarkSpec, RoundingSpec, StepSpec, StrategySpec,
    UpgradeControlPlaneForm, UpgradeControlPlaneSpec, ViaSpec, WindowSpec, WorkersSpec,
};
pub(crate) use timings::{NeverReadySpec, TimingsSpec, WorkloadTimingSpec};
pub(crate) use values::{Duration, Latency, Quantity, Share, Version};

use std::collections::BTreeMap;

use schemars::{JsonSchema, schema_for};
use serde::Deserialize;

/// `apiVersion` of the own kinds.
pub(crate) const API_VERSION: &str = "seatrial.dev/v1alpha1";

/// Whether a document is one of ours, by its `apiVersion`.
pub(crate) fn is_own(api: &str) -> bool {
    api.starts_with("seatrial.dev/")
}

/// The kinds of `seatrial.dev/v1alpha1`.
pub const OWN_KINDS: [&str; 5] = ["Cluster", "UpgradePlan", "Timings", "Faults", "Expectations"];

/// The JSON schema of an own kind; `None` for other kinds.
#[must_use]
pub fn schema(kind: &str) -> Option<serde_json::Value> {
    let schema = match kind {
        "Cluster" => schema_for!(Document<ClusterSpec>),
        "UpgradePlan" => schema_for!(Document<PlanSpec>),
        "Timings" => schema_for!(Document<TimingsSpec>),
        "Faults" => schema_for!(Document<FaultsSpec>),
        "Expectations" => schema_for!(Document<ExpectationsSpec>),
        _ => return None,
    };
    let mut value = schema.to_value();
    if let Some(object) = value.as_object_mut() {
        object.insert("title".into(), kind.into());
    }
    for (field, constant) in [("apiVersion", API_VERSION), ("kind", kind)] {
        if let Some(place) = value.pointer_mut(&format!("/properties/{field}")) {
            *place = serde_json::json!({"type": "string", "const": constant});
        }
    }
    Some(value)
}

/// A document of an own kind.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "kind and version are looked at before the document is decoded")]
pub(crate) struct Document<S> {
    api_version: String,
    kind: String,
    /// Name, labels and annotations.
    #[serde(default)]
    pub(crate) metadata: Option<Metadata>,
    /// What the document says.
    pub(crate) spec: S,
}

/// Metadata of an own document.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "accepted, as every document of Kubernetes has it")]
pub(crate) struct Metadata {
    /// The name; a plan's appears in reports.
    pub(crate) name: Option<String>,
    namespace: Option<String>,
    labels: Option<BTreeMap<String, String>>,
    annotations: Option<BTreeMap<String, String>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_own_kind_has_a_schema_that_knows_its_fields() {
        for kind in OWN_KINDS {
            let schema = schema(kind).unwrap();
            assert_eq!(schema["properties"]["kind"]["const"], kind);
            assert_eq!(schema["additionalProperties"], false, "{kind}");
        }
        assert!(schema("Pod").is_none());
        let text = schema("UpgradePlan").unwrap().to_string();
        assert!(text.contains("failureRetryInterval"), "{text}");
    }
}
