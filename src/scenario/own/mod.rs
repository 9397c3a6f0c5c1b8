//! The kinds of `seatrial.dev/v1alpha1`, as they are written. Doc comments become descriptions of the JSON schema.

mod autoscaler;
mod cluster;
mod drain;
mod expectations;
mod faults;
mod plan;
mod preset;
mod timings;
mod values;

pub(crate) use autoscaler::{AutoscalerSpec, NodeGroupSpec};
pub(crate) use cluster::{
    Capacity, ClientLimitSpec, ClusterSpec, ControlPlaneSpec, EtcdSpec, HealthCheckSpec, NodePoolSpec, TaintEffectSpec,
};
pub(crate) use drain::{DrainSpec, OnFailureSpec, ViaSpec};
pub(crate) use expectations::{
    ChurnExpectation, ClusterExpectation, Conditions, ControlPlaneExpectation, ExpectationsSpec, OutcomeSpec,
    PlacementExpectation, UpgradeExpectation, WorkloadExpectation,
};
pub(crate) use faults::{AfterSpec, CrashSpec, EventSpec, FaultsSpec, StopModeSpec};
pub(crate) use plan::{
    CommandSpec, DrainStepSpec, ExpectSpec, GateSpec, KubeletsSpec, ModeSpec, OnAbortSpec, OnCreateFailureSpec,
    OnQuotaSpec, OrderSpec, PlanSpec, PoolSpec, PremarkSpec, RoundingSpec, StepSpec, StrategySpec,
    UpgradeControlPlaneForm, UpgradeControlPlaneSpec, WindowSpec, WorkersSpec,
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
    pin(&mut value, kind);
    Some(value)
}

/// The JSON schema of any document of a scenario: editors take one schema for all documents of a file. Documents of
/// Kubernetes pass as they are.
#[must_use]
pub fn scenario_schema() -> serde_json::Value {
    let mut definitions = serde_json::Map::new();
    let mut kinds = vec![serde_json::json!({
        "if": {"properties": {"apiVersion": {"pattern": "^seatrial\\.dev/"}}},
        "then": {"properties": {"apiVersion": {"const": API_VERSION}, "kind": {"enum": OWN_KINDS}}}
    })];
    for kind in OWN_KINDS {
        let Some(serde_json::Value::Object(mut schema)) = schema(kind) else {
            continue;
        };
        if let Some(serde_json::Value::Object(used)) = schema.remove("$defs") {
            definitions.extend(used);
        }
        schema.remove("$schema");
        definitions.insert(kind.into(), schema.into());
        kinds.push(serde_json::json!({
            "if": {"properties": {"apiVersion": {"const": API_VERSION}, "kind": {"const": kind}}},
            "then": {"$ref": format!("#/$defs/{kind}")}
        }));
    }
    serde_json::json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Scenario",
        "description": "A document of a seatrial scenario: one of its own kinds, or an object of Kubernetes.",
        "type": "object",
        "required": ["apiVersion", "kind"],
        "properties": {"apiVersion": {"type": "string"}, "kind": {"type": "string"}},
        "allOf": kinds,
        "$defs": definitions
    })
}

/// Says which kind a schema is of.
fn pin(schema: &mut serde_json::Value, kind: &str) {
    if let Some(object) = schema.as_object_mut() {
        object.insert("title".into(), kind.into());
    }
    for (field, constant) in [("apiVersion", API_VERSION), ("kind", kind)] {
        if let Some(place) = schema.pointer_mut(&format!("/properties/{field}")) {
            *place = serde_json::json!({"type": "string", "const": constant});
        }
    }
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
        // A name means the same in every kind, so that the schema of scenarios can have all of them.
        let mut known = BTreeMap::new();
        for kind in OWN_KINDS {
            for (name, definition) in schema(kind).unwrap()["$defs"].as_object().into_iter().flatten() {
                let first = known.entry(name.clone()).or_insert_with(|| definition.clone());
                assert_eq!(first, definition, "{kind}: {name}");
                assert!(!OWN_KINDS.contains(&name.as_str()), "{name} is a kind");
            }
        }
        let text = schema("UpgradePlan").unwrap().to_string();
        assert!(text.contains("failureRetryInterval"), "{text}");
    }
}
