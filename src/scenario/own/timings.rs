//! `kind: Timings`.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{Deserializer, Error, Visitor};

use super::Latency;
use crate::scenario::text::At;

/// How long things take. Several documents merge; the later one wins, field by field.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct TimingsSpec {
    /// A request to the API, from sending it to the answer.
    pub(crate) api_call: Option<Latency>,
    /// A change in the API, until a watcher sees it.
    pub(crate) watch_delivery: Option<Latency>,
    /// A controller sees a change, until it acts.
    pub(crate) controller_reaction: Option<Latency>,
    /// One scheduling cycle.
    pub(crate) scheduling_cycle: Option<Latency>,
    /// The scheduler has decided, until the pod is bound.
    pub(crate) binding: Option<Latency>,
    /// The kubelet sees a change, until it acts.
    pub(crate) kubelet_reaction: Option<Latency>,
    /// A kubelet starts, until it posts its first node status. Not given: at once where kubeletReaction is given, otherwise
    /// by the kubelet's version.
    pub(crate) kubelet_start: Option<Latency>,
    /// The containers have stopped, until the pod's object is gone.
    pub(crate) pod_removal: Option<Latency>,
    /// A pod changes, until the endpoint slices show it.
    pub(crate) endpoints_sync: Option<Latency>,
    /// The endpoint slices change, until a node routes so.
    pub(crate) proxy_sync: Option<Latency>,
    /// kubectl starts, until its first request that changes something.
    pub(crate) kubectl_start: Option<Latency>,
    /// The kubelet stops, until it starts with the new version.
    pub(crate) node_upgrade: Option<Latency>,
    /// What a reboot adds to nodeUpgrade; nothing where only nodeUpgrade is given.
    pub(crate) node_reboot: Option<Latency>,
    /// No effect yet.
    pub(crate) node_register: Option<Latency>,
    /// A new machine is asked for, until its node is Ready.
    pub(crate) node_create: Option<Latency>,
    /// A drained machine is told to go, until its Node object is deleted.
    pub(crate) node_delete: Option<Latency>,
    /// No effect yet.
    pub(crate) image_pull: Option<Latency>,
    /// A volume is wanted on a node, until it is attached there.
    pub(crate) volume_attach: Option<Latency>,
    /// The last pod that used a volume on a node is gone, until it is detached.
    pub(crate) volume_detach: Option<Latency>,
    /// A node has to go onto the list of a Service's load balancer, or off it, until the cloud has done so.
    pub(crate) balancer_sync: Option<Latency>,
    /// The kubelet sees the bound pod, until it is Ready. Not given: until the application answers; init containers, pods
    /// that start at the same time, and probes come on top.
    pub(crate) pod_startup: Option<Latency>,
    /// What the init containers of a pod take together.
    pub(crate) pod_init: Option<Latency>,
    /// SIGTERM, until the containers have stopped; cut off at the grace period.
    pub(crate) pod_shutdown: Option<Latency>,
    /// The components of the control plane.
    #[serde(default)]
    pub(crate) control_plane: ControlPlaneTimings,
    /// The phases of kubeadm.
    #[serde(default)]
    pub(crate) kubeadm: KubeadmSpec,
    /// What single workloads do.
    #[serde(default)]
    pub(crate) workloads: Vec<WorkloadTimingSpec>,
}

/// Per component: Stop (SIGTERM to exit), Down (exit to started again), Start (started to serving).
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ControlPlaneTimings {
    pub(crate) etcd_stop: Option<Latency>,
    pub(crate) etcd_down: Option<Latency>,
    pub(crate) etcd_start: Option<Latency>,
    pub(crate) apiserver_stop: Option<Latency>,
    pub(crate) apiserver_down: Option<Latency>,
    pub(crate) apiserver_start: Option<Latency>,
    pub(crate) controller_manager_stop: Option<Latency>,
    pub(crate) controller_manager_down: Option<Latency>,
    pub(crate) controller_manager_start: Option<Latency>,
    pub(crate) scheduler_stop: Option<Latency>,
    pub(crate) scheduler_down: Option<Latency>,
    pub(crate) scheduler_start: Option<Latency>,
    /// A pause after each component that is swapped.
    pub(crate) settle: Option<Latency>,
}

/// The phases of kubeadm.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct KubeadmSpec {
    /// Configuration and first checks.
    pub(crate) preflight: Option<Latency>,
    /// Health checks.
    pub(crate) health_check: Option<Latency>,
    /// Pulling images.
    pub(crate) prepull: Option<Latency>,
    /// Checking etcd and copying its data.
    pub(crate) etcd_backup: Option<Latency>,
    /// Renewing certificates.
    pub(crate) certificates: Option<Latency>,
    /// ConfigMaps, RBAC, add-ons.
    pub(crate) post_upgrade: Option<Latency>,
    /// `kubeadm upgrade node` on a worker.
    pub(crate) upgrade_node: Option<Latency>,
}

/// What one workload does.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct WorkloadTimingSpec {
    /// Deployment, ReplicaSet, DaemonSet, Pod, …; Deployment unless given.
    pub(crate) kind: Option<At<String>>,
    /// default unless given.
    pub(crate) namespace: Option<String>,
    /// The name.
    pub(crate) name: At<String>,
    /// The kubelet sees the bound pod, until it is Ready.
    pub(crate) pod_startup: Option<Latency>,
    /// What the init containers of a pod take together.
    pub(crate) pod_init: Option<Latency>,
    /// SIGTERM, until the containers have stopped.
    pub(crate) pod_shutdown: Option<Latency>,
    /// Ready, until the containers end by themselves, their work done (Jobs, and pods that are not always restarted).
    pub(crate) run_for: Option<Latency>,
    /// Replicas that run but never become ready: a count or All.
    pub(crate) never_ready: Option<NeverReadySpec>,
}

/// A count, or All.
#[derive(Clone, Copy, Debug)]
pub(crate) enum NeverReadySpec {
    /// So many.
    Count(u32),
    /// All of them.
    All,
}

impl<'de> Deserialize<'de> for NeverReadySpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = NeverReadySpec;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number of replicas or All")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<NeverReadySpec, E> {
                if text == "All" {
                    return Ok(NeverReadySpec::All);
                }
                let count = text.parse().map(NeverReadySpec::Count);
                count.map_err(|_| E::invalid_value(serde::de::Unexpected::Str(text), &self))
            }
        }
        deserializer.deserialize_str(Text)
    }
}

impl JsonSchema for NeverReadySpec {
    fn schema_name() -> Cow<'static, str> {
        "NeverReady".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"anyOf": [{"type": "integer", "minimum": 0}, {"const": "All"}]})
    }
}
