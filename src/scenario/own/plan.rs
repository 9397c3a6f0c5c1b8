//! `kind: UpgradePlan`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde::{Deserialize, Serialize};

use super::drain::{DrainSpec, OnFailureSpec, ViaSpec};
use super::{Duration, Share, Version};
use crate::scenario::text::At;

/// An upgrade to rehearse.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct PlanSpec {
    /// The tool whose habits the plan has; the other fields override them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) preset: Option<At<String>>,
    /// The version to reach; left out: nodes are rolled, versions stay. Several minors away, the control plane goes one
    /// minor at a time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) target_version: Option<At<Version>>,
    /// The versions of the control plane on the way, the last one the target; left out: the newest patch of each minor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) path: Option<Vec<At<Version>>>,
    /// When workers follow, where the control plane makes several hops; EveryHop unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) workers: Option<At<WorkersSpec>>,
    /// `kubeadm upgrade apply --force`; false unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) force: Option<bool>,
    /// `--allow-experimental-upgrades`; false unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) allow_experimental_upgrades: Option<bool>,
    /// `--allow-release-candidate-upgrades`; false unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) allow_release_candidate_upgrades: Option<bool>,
    /// The version of the kubeadm package; that of each hop unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) kubeadm_version: Option<At<Version>>,
    /// When the plan starts; 0s unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) start_at: Option<Duration>,
    /// What happens to the control plane, first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) control_plane: Option<At<ControlPlanePlanSpec>>,
    /// How the nodes of all pools are upgraded; what a pool says itself overrides it.
    #[serde(default, skip_serializing_if = "StrategySpec::is_default")]
    pub(crate) strategy: StrategySpec,
    /// The nodes, pool after pool; left out: one pool of all nodes that are not control plane.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pools: Option<Vec<At<PoolSpec>>>,
    /// How nodes are drained.
    #[serde(default)]
    pub(crate) drain: DrainSpec,
    /// An explicit runbook instead of pools, one command a step.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) steps: Vec<At<StepSpec>>,
}

/// When workers follow the control plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub(crate) enum WorkersSpec {
    /// After each of its hops.
    EveryHop,
    /// As seldom as the version skew policy and kubeadm (without `force`) allow.
    Lagging,
}

/// What happens to the control plane.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ControlPlanePlanSpec {
    /// Whether it is upgraded; true unless given, where the cluster has control-plane nodes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) upgrade: Option<bool>,
    /// Whether its nodes are drained; true unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) drain: Option<bool>,
    /// Whether the drain comes before `kubeadm upgrade`; false unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) drain_before_apply: Option<bool>,
    /// `--certificate-renewal`; true unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) certificate_renewal: Option<bool>,
    /// Its nodes in the order in which they are upgraded; by name unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) order: Option<Vec<At<String>>>,
    /// When its kubelets are upgraded; WithNode unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) kubelets: Option<KubeletsSpec>,
}

/// When kubelets of control-plane nodes are upgraded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub(crate) enum KubeletsSpec {
    /// After the control plane of their own node.
    WithNode,
    /// After the control plane of all nodes.
    AfterAll,
}

/// Nodes that are upgraded with one strategy.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct PoolSpec {
    /// The name.
    pub(crate) name: At<String>,
    /// Its nodes by label; `{}`: all that are not control plane.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) node_selector: Option<At<BTreeMap<String, String>>>,
    /// Its nodes by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) nodes: Option<Vec<At<String>>>,
    /// How they are upgraded.
    #[serde(default, skip_serializing_if = "StrategySpec::is_default")]
    pub(crate) strategy: StrategySpec,
}

/// How the nodes of a pool are upgraded.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct StrategySpec {
    /// InPlace unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) mode: Option<At<ModeSpec>>,
    /// So many nodes at a time; 1 unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_unavailable: Option<At<Share>>,
    /// So many nodes beyond the pool; 0 unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_surge: Option<At<Share>>,
    /// Which node goes first; ByName unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) order: Option<OrderSpec>,
    /// What not-yet-upgraded nodes get up front; None unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) premark: Option<At<PremarkSpec>>,
    /// Sizes of the batches, such as [1, 4, 20].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ramp: Option<Vec<At<Share>>>,
    /// Whether a batch starts only when the one before is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) barrier: Option<bool>,
    /// Whether all nodes of a batch are drained, then all upgraded, then all uncordoned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) lockstep: Option<bool>,
    /// A pause after each node; 0s unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) soak: Option<Duration>,
    /// What must hold before a node counts as done; Ready unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) gate: Option<GateSpec>,
    /// Whether the machine goes down and its containers with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reboot: Option<bool>,
    /// Which way percentages of maxUnavailable are rounded; Up unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) rounding: Option<RoundingSpec>,
    /// At most so many nodes at a time, whatever the other figures allow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_at_once: Option<At<u32>>,
    /// Whether nothing else starts until the first node is done; false unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) first_alone: Option<bool>,
    /// So many extra nodes come before the first node is touched and go after the last one; 0 unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) buffer: Option<At<Share>>,
    /// So many extra nodes for each zone of the pool at least; 0 unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) buffer_per_zone: Option<At<u32>>,
    /// A pause after each batch but the last one; 0s unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) batch_soak: Option<Duration>,
    /// A pause after the last node of the pool; BlueGreen: before the old nodes are deleted. 0s unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pool_soak: Option<Duration>,
    /// A pause between the end of a drain and what follows it; 0s unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) post_drain_delay: Option<Duration>,
    /// How many times in a row the gate must be open; 1 unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) gate_checks: Option<At<u32>>,
    /// The pause between two looks at the gate; 1s unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) gate_interval: Option<At<Duration>>,
    /// A gate that stays closed for so long ends the plan; 0s: it is waited for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) gate_timeout: Option<Duration>,
    /// Whether only nodes are begun of which each pod could be evicted at that instant; false unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) only_evictable: Option<bool>,
    /// More nodes that are skipped or quarantined than this end the plan; however many unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_blocked_nodes: Option<At<Share>>,
    /// When work on a node may begin; always unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) window: Option<At<WindowSpec>>,
    /// The most nodes that the pool can have; no limit unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_nodes: Option<At<u32>>,
    /// What happens when a new node is refused because of maxNodes; Abort unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) on_quota: Option<OnQuotaSpec>,
    /// A new node that does not come is given up after so long; 0s: after the time that it would have taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) create_timeout: Option<Duration>,
    /// What happens when a new node does not come; Abort unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) on_create_failure: Option<OnCreateFailureSpec>,
    /// What becomes of nodes that are being worked on when the plan gives up; Finish unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) on_abort: Option<OnAbortSpec>,
    /// Whether nodes of the pool, and those that come for it, get the annotation
    /// `cluster-autoscaler.kubernetes.io/scale-down-disabled` as long as the pool is worked on; false unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) scale_down_disabled: Option<bool>,
    /// When somebody wants the old nodes back, counted from the pool's start; BlueGreen only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) rollback_after: Option<At<Duration>>,
}

/// Maintenance windows, counted from the plan's start.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct WindowSpec {
    /// The time from one window's start to the next one's.
    pub(crate) every: Duration,
    /// How long each is open.
    pub(crate) open: Duration,
    /// When the first one opens; 0s unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) offset: Option<Duration>,
}

/// Which way percentages are rounded.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema)]
pub(crate) enum RoundingSpec {
    Up,
    /// To one at least.
    Down,
}

/// What happens when a new node is refused.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema)]
pub(crate) enum OnQuotaSpec {
    /// The plan ends.
    Abort,
    /// It is asked for again, every minute.
    Retry,
    /// The node goes without: it is drained and deleted first, and its successor comes afterwards.
    GoWithout,
}

/// What happens when a new node does not come.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema)]
pub(crate) enum OnCreateFailureSpec {
    /// The plan ends.
    Abort,
    /// It is asked for again a minute later.
    Retry,
}

/// What becomes of nodes that are being worked on when the plan gives up.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema)]
pub(crate) enum OnAbortSpec {
    /// They are upgraded to the end.
    Finish,
    /// What is being done to them is done to its end, and no more.
    Stop,
}

/// What is upgraded: the node, or the fleet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub(crate) enum ModeSpec {
    /// The node stays and gets a new kubelet.
    InPlace,
    /// A new node comes first, the old one is deleted.
    Replace,
    /// A whole new pool comes first.
    BlueGreen,
}

/// The order of nodes.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema)]
pub(crate) enum OrderSpec {
    ByName,
    OldestFirst,
    ByZone,
    ByZoneThenAge,
    FewestPods,
    Random,
    Listed,
}

/// What not-yet-upgraded nodes get up front.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub(crate) enum PremarkSpec {
    /// Nothing.
    None,
    /// A taint.
    PreferNoSchedule,
    /// A cordon.
    Cordon,
}

/// What must hold before a node counts as done.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema)]
pub(crate) enum GateSpec {
    /// Nothing.
    None,
    /// The node is Ready.
    Ready,
    /// And every workload has its replicas again.
    WorkloadsHealthy,
}

/// One command of a runbook.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum StepSpec {
    /// `kubectl drain`.
    Drain(DrainStepSpec),
    /// The kubelet is stopped, upgraded and started.
    UpgradeNode(UpgradeNodeSpec),
    /// `kubectl cordon`.
    Cordon(At<String>),
    /// `kubectl uncordon`.
    Uncordon(At<String>),
    /// A pause.
    Sleep(Duration),
    /// `kubectl delete pod` for one pod of a workload.
    DeletePod(DeletePodSpec),
    /// `kubeadm upgrade` on control-plane nodes.
    UpgradeControlPlane(At<UpgradeControlPlaneSpec>),
    /// `kubeadm certs renew all` on a control-plane node, and its static pods started again.
    RenewCertificates(At<String>),
    /// A new machine joins the cluster.
    CreateNode(CreateNodeSpec),
    /// `kubectl delete node`.
    DeleteNode(At<String>),
}

/// `kubectl drain`; flags that are left out are those of the plan's `drain`.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct DrainStepSpec {
    /// The node.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) node: Option<At<String>>,
    /// Several nodes instead, in one command: all are cordoned first, then drained one after another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) nodes: Option<At<Vec<At<String>>>>,
    /// How it should end; Success unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) expect: Option<ExpectSpec>,
    #[serde(skip_serializing_if = "Option::is_none")]
    via: Option<ViaSpec>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ignore_daemon_sets: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delete_empty_dir_data: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    force: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    grace_period: Option<Duration>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timeout: Option<Duration>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_interval: Option<At<Duration>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    on_failure: Option<OnFailureSpec>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure_retry_interval: Option<At<Duration>>,
}

impl DrainStepSpec {
    /// What the step says itself.
    pub(super) fn own_flags(&self) -> DrainSpec {
        DrainSpec {
            via: self.via,
            ignore_daemon_sets: self.ignore_daemon_sets,
            delete_empty_dir_data: self.delete_empty_dir_data,
            force: self.force,
            grace_period: self.grace_period.clone(),
            timeout: self.timeout.clone(),
            retry_interval: self.retry_interval.clone(),
            on_failure: self.on_failure,
            failure_retry_interval: self.failure_retry_interval.clone(),
            tries: None,
            alert_after: None,
            exclude_from_load_balancers: None,
            volumes_one_by_one: None,
            wait_for_volumes: None,
            volume_detach_timeout: None,
            critical_last: None,
        }
    }
}

/// How a step should end.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema)]
pub(crate) enum ExpectSpec {
    /// It works.
    Success,
    /// It fails.
    Failure,
    /// Either way.
    Any,
}

/// The kubelet of a node is upgraded.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct UpgradeNodeSpec {
    /// The node.
    pub(crate) node: At<String>,
    /// Whether the machine goes down.
    #[serde(default)]
    pub(crate) reboot: bool,
    /// The version; that of a step before it or the plan's target unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) version: Option<At<Version>>,
}

/// The control plane of nodes is upgraded.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum UpgradeControlPlaneSpec {
    /// Of this node.
    Node(String),
    /// As it says.
    Form(UpgradeControlPlaneForm),
}

/// The control plane of one node, or of several at the same time, is upgraded.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct UpgradeControlPlaneForm {
    /// The node.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) node: Option<At<String>>,
    /// Nodes, at the same time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) nodes: Option<Vec<At<String>>>,
    /// The version; that of a step before it or the plan's target unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) version: Option<At<Version>>,
    /// Which command; Apply on the first node that goes to a version, Node on the others unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) command: Option<CommandSpec>,
    /// How it should end; Success unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) expect: Option<ExpectSpec>,
}

/// A command of kubeadm.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema)]
pub(crate) enum CommandSpec {
    /// `kubeadm upgrade apply`.
    Apply,
    /// `kubeadm upgrade node`.
    Node,
}

impl<'de> Deserialize<'de> for UpgradeControlPlaneSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Form;
        impl<'de> Visitor<'de> for Form {
            type Value = UpgradeControlPlaneSpec;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a node, or {node: NAME, version: VERSION}")
            }
            fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
                Ok(UpgradeControlPlaneSpec::Node(name.to_owned()))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                let form = UpgradeControlPlaneForm::deserialize(MapAccessDeserializer::new(map))?;
                Ok(UpgradeControlPlaneSpec::Form(form))
            }
        }
        deserializer.deserialize_any(Form)
    }
}

impl JsonSchema for UpgradeControlPlaneSpec {
    fn schema_name() -> Cow<'static, str> {
        "UpgradeControlPlane".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let form = generator.subschema_for::<UpgradeControlPlaneForm>();
        json_schema!({"anyOf": [{"type": "string"}, form]})
    }
}

/// A new machine.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct CreateNodeSpec {
    /// The node that it resembles: labels, zone, taints, room.
    pub(crate) like: At<String>,
    /// Its name; the next free number after that of its like unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<At<String>>,
}

/// A pod is deleted.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct DeletePodSpec {
    /// `NAMESPACE/NAME` or a name in the namespace default.
    pub(crate) workload: At<String>,
}
