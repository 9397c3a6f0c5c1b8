//! `kind: Expectations`.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{Deserializer, Error, SeqAccess, Visitor};

use super::Duration;
use crate::scenario::text::At;

/// What must hold. Several documents add up.
///
/// A condition is a text: `< 5s`, `>= 2`, `0s` (exactly), `2s..4s` (from, to), or a list of them, which all must hold. Such a
/// condition must hold in every trial. Others are about many trials, and decided with a confidence of 95 %: `p95 < 5s`,
/// `mean <= 1.2`, `probability(> 0s) < 1%`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ExpectationsSpec {
    /// How many trials decide. Not given: one where each condition is about every trial, otherwise as many as are needed.
    pub(crate) trials: Option<At<i64>>,
    /// About the upgrade.
    pub(crate) upgrade: Option<UpgradeExpectation>,
    /// About workloads.
    #[serde(default)]
    pub(crate) workloads: Vec<At<WorkloadExpectation>>,
    /// About how often pods move, over all workloads.
    pub(crate) churn: Option<ChurnExpectation>,
    /// About the cluster.
    pub(crate) cluster: Option<ClusterExpectation>,
    /// About the control plane.
    pub(crate) control_plane: Option<ControlPlaneExpectation>,
    /// About where pods are at the end: those of workloads that are recreated elsewhere, on nodes that are not control plane.
    pub(crate) placement: Option<PlacementExpectation>,
}

/// About the upgrade.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct UpgradeExpectation {
    /// Whether it completes, with or without nodes that are left out as the plan says.
    pub(crate) completes: Option<At<bool>>,
    /// How it ends: one of these.
    pub(crate) outcome: Option<At<Outcomes>>,
    /// A part of the reason why it does not complete.
    pub(crate) reason: Option<At<String>>,
    /// How long it may take; it has to complete.
    pub(crate) within: Option<At<Duration>>,
    /// How long it takes.
    pub(crate) makespan: Option<Conditions>,
    /// How many nodes run the new version at the end.
    pub(crate) nodes_upgraded: Option<Conditions>,
    /// How often somebody breaks the version skew policy, other than kubeadm's documented order does.
    pub(crate) skew_violations: Option<Conditions>,
}

/// About a workload, or several: each must be so.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct WorkloadExpectation {
    /// The name; `*` for all but the control plane's own pods.
    pub(crate) name: Option<At<String>>,
    /// With a name: default unless given; otherwise all.
    pub(crate) namespace: Option<At<String>>,
    /// The kind, where a name is not enough.
    pub(crate) kind: Option<At<String>>,
    /// Instead of a name: labels of its pods, as kubectl writes them: `tier=web,app!=api`.
    pub(crate) selector: Option<At<String>>,
    /// How long it may be down, by its endpoints or by its processes, whichever is longer.
    pub(crate) max_downtime: Option<At<Duration>>,
    /// How long it is down at least: for who teaches an outage.
    pub(crate) min_downtime: Option<At<Duration>>,
    /// The least number of ready replicas at any time.
    pub(crate) min_ready: Option<At<i64>>,
    /// How long it may be down without a break.
    pub(crate) max_gap: Option<At<Duration>>,
    /// How long fewer replicas than wanted may be ready, while there are some.
    pub(crate) max_degraded: Option<At<Duration>>,
    /// How often a replica may be created anew.
    pub(crate) max_moves_per_replica: Option<At<i64>>,
    /// How long it is down.
    pub(crate) downtime: Option<Conditions>,
    /// How long every request of clients fails.
    pub(crate) client_downtime: Option<Conditions>,
    /// The share of requests that fail, integrated over time.
    pub(crate) errors: Option<Conditions>,
    /// The longest time without a break that it is down.
    pub(crate) gap: Option<Conditions>,
    /// The share of the run in which it is not down: `>= 99.95%`.
    pub(crate) availability: Option<Conditions>,
    /// How long fewer replicas than wanted are ready, while there are some.
    pub(crate) degraded: Option<Conditions>,
    /// The fewest ready replicas at any time.
    pub(crate) ready: Option<Conditions>,
    /// How often a replica is created anew, on average.
    pub(crate) moves_per_replica: Option<Conditions>,
    /// How often the replica that moves most is created anew.
    pub(crate) most_moves_per_replica: Option<Conditions>,
    /// Evictions that are accepted.
    pub(crate) evictions: Option<Conditions>,
    /// Evictions that a budget refuses.
    pub(crate) refusals: Option<Conditions>,
    /// Pods that are gone at the end and that nobody has replaced.
    pub(crate) pods_lost: Option<Conditions>,
    /// The most of its pods on a node at the end, less the fewest.
    pub(crate) node_skew: Option<Conditions>,
    /// The same over zones.
    pub(crate) zone_skew: Option<Conditions>,
}

/// About how often pods move, over all workloads.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ChurnExpectation {
    /// How often any replica may be created anew.
    pub(crate) max: Option<At<i64>>,
    /// How often replicas are created anew, on average: `<= 1.2`.
    pub(crate) mean: Option<Conditions>,
    /// How often the replica that moves most is created anew.
    pub(crate) most_moves_per_replica: Option<Conditions>,
    /// Replicas that move twice or more.
    pub(crate) moved_twice: Option<Conditions>,
    /// Evictions that are accepted.
    pub(crate) evictions: Option<Conditions>,
    /// Evictions that a budget refuses.
    pub(crate) refusals: Option<Conditions>,
}

/// About the cluster.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ClusterExpectation {
    /// The most pods that may wait for a node at the same time.
    pub(crate) max_pending: Option<At<i64>>,
    /// The most pods that wait for a node at the same time.
    pub(crate) pending: Option<Conditions>,
    /// How long pods wait for a node, summed over pods.
    pub(crate) pending_time: Option<Conditions>,
    /// Time of nodes that are added for the upgrade, summed over nodes.
    pub(crate) surge_time: Option<Conditions>,
    /// Pods that are gone at the end and that nobody has replaced.
    pub(crate) pods_lost: Option<Conditions>,
}

/// About the control plane.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ControlPlaneExpectation {
    /// How long the API may be away, in all.
    pub(crate) max_blackout: Option<At<Duration>>,
    /// How long the API is away, in all.
    pub(crate) blackout: Option<Conditions>,
    /// How long etcd has no quorum.
    pub(crate) quorum_lost: Option<Conditions>,
    /// How long no controller manager acts.
    pub(crate) controllers_away: Option<Conditions>,
    /// How long no scheduler acts.
    pub(crate) scheduler_away: Option<Conditions>,
    /// How many outages there are: of the API, the quorum, every controller manager or every scheduler.
    pub(crate) outages: Option<Conditions>,
    /// Pods that controllers create while the API, the quorum or every controller manager is away.
    pub(crate) recreated_during_blackout: Option<Conditions>,
    /// Replacements of pods that were lost meanwhile, created when all are back.
    pub(crate) recreated_after_blackout: Option<Conditions>,
    /// Crashed containers that a kubelet starts again during an outage.
    pub(crate) restarted_locally: Option<Conditions>,
}

/// About where pods are at the end.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct PlacementExpectation {
    /// The most pods of a node, less the fewest.
    pub(crate) node_skew: Option<Conditions>,
    /// The same over zones.
    pub(crate) zone_skew: Option<Conditions>,
    /// Nodes without such a pod.
    pub(crate) empty_nodes: Option<Conditions>,
}

/// How an upgrade ends.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
pub(crate) enum OutcomeSpec {
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
}

/// Conditions, and where the first of them stands.
pub(crate) type Conditions = At<Phrases>;

/// One text, or a list of texts.
#[derive(Debug)]
pub(crate) struct Phrases(pub(crate) Vec<String>);

/// One outcome, or a list of them.
#[derive(Debug)]
pub(crate) struct Outcomes(pub(crate) Vec<OutcomeSpec>);

impl<'de> Deserialize<'de> for Phrases {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Form;
        impl<'de> Visitor<'de> for Form {
            type Value = Phrases;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a condition such as `< 5s`, or a list of them")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Phrases, E> {
                Ok(Phrases(vec![text.to_owned()]))
            }
            fn visit_i64<E: Error>(self, number: i64) -> Result<Phrases, E> {
                self.visit_str(&number.to_string())
            }
            fn visit_u64<E: Error>(self, number: u64) -> Result<Phrases, E> {
                self.visit_str(&number.to_string())
            }
            fn visit_f64<E: Error>(self, number: f64) -> Result<Phrases, E> {
                self.visit_str(&number.to_string())
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Phrases, A::Error> {
                let mut all = Vec::new();
                while let Some(Phrases(texts)) = seq.next_element()? {
                    all.extend(texts);
                }
                Ok(Phrases(all))
            }
        }
        deserializer.deserialize_any(Form)
    }
}

impl JsonSchema for Phrases {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Condition".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A condition, or a list of conditions which all must hold: < 5s, >= 2, 0s (exactly), 2s..4s, \
                            p95 < 5s, mean <= 1.2, probability(> 0s) < 1%.",
            "type": ["string", "number", "array"],
            "items": {"type": ["string", "number"]},
            "examples": ["< 5s", "2s..4s", "p95 < 5s", "probability(> 0s) < 1%"]
        })
    }
}

impl<'de> Deserialize<'de> for Outcomes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Form;
        impl<'de> Visitor<'de> for Form {
            type Value = Outcomes;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an outcome such as Blocked, or a list of them")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Outcomes, E> {
                let name = serde::de::value::StrDeserializer::new(text);
                Ok(Outcomes(vec![OutcomeSpec::deserialize(name)?]))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Outcomes, A::Error> {
                let mut all = Vec::new();
                while let Some(outcome) = seq.next_element()? {
                    all.push(outcome);
                }
                Ok(Outcomes(all))
            }
        }
        deserializer.deserialize_any(Form)
    }
}

impl JsonSchema for Outcomes {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Outcomes".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let one = generator.subschema_for::<OutcomeSpec>();
        json_schema!({"anyOf": [one, {"type": "array", "items": one, "minItems": 1}]})
    }
}
