//! `kind: Cluster`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Duration, Quantity, Version};
use crate::scenario::text::At;

/// A cluster in short form; beside a dump, it adds what a dump does not show.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ClusterSpec {
    /// The version of the control plane, and of generated nodes.
    pub(crate) version: Option<At<Version>>,
    /// The control plane.
    pub(crate) control_plane: Option<ControlPlaneSpec>,
    /// What removes empty nodes; left out: nobody does.
    pub(crate) autoscaler: Option<At<super::AutoscalerSpec>>,
    /// The load balancers of Services of type LoadBalancer.
    pub(crate) service_load_balancers: Option<BalancersSpec>,
    /// Worker nodes to generate, `NAME-1`, `NAME-2`, …
    #[serde(default)]
    pub(crate) node_pools: Vec<At<NodePoolSpec>>,
}

/// The control plane.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ControlPlaneSpec {
    /// Control-plane nodes to generate, `cp-1`, `cp-2`, …; 0: a cloud runs the control plane. 1 unless given.
    pub(crate) replicas: Option<At<i64>>,
    /// Where etcd runs; Stacked unless given.
    pub(crate) etcd: Option<EtcdSpec>,
    /// Whether controller manager and scheduler elect leaders; true unless given.
    pub(crate) leader_election: Option<bool>,
    /// Extra controller managers and schedulers that wait for the lease; 0 unless given.
    pub(crate) standbys: Option<At<i64>>,
    /// What stands in front of several API servers.
    pub(crate) load_balancer: Option<LoadBalancerSpec>,
    /// How long after the start the certificates of its components expire; left out: they do not.
    pub(crate) certificates_expire_in: Option<Duration>,
    /// How fast a scheduler may ask the API to bind pods (`clientConnection` in its configuration).
    pub(crate) scheduler_client: Option<ClientLimitSpec>,
}

/// How fast a client may send requests.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ClientLimitSpec {
    /// Requests a second; 50 unless given.
    pub(crate) qps: Option<At<i64>>,
    /// Requests at once; 100 unless given.
    pub(crate) burst: Option<At<i64>>,
}

/// Where etcd runs.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
pub(crate) enum EtcdSpec {
    /// On each control-plane node.
    Stacked,
    /// Elsewhere.
    External,
}

/// What stands in front of several API servers.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct LoadBalancerSpec {
    /// How it checks; Readyz unless given.
    pub(crate) check: Option<HealthCheckSpec>,
    /// Time between two checks; 5s unless given.
    pub(crate) interval: Option<At<Duration>>,
    /// Failed checks in a row that take an API server out; 2 unless given.
    pub(crate) threshold: Option<At<i64>>,
    /// Whether one API server at a time gets all requests, as with keepalived or kube-vip; false unless given.
    #[serde(rename = "virtualIP")]
    pub(crate) virtual_ip: Option<bool>,
}

/// The load balancers of Services of type LoadBalancer.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct BalancersSpec {
    /// Time between two health checks of a node; 10s unless given.
    pub(crate) interval: Option<At<Duration>>,
    /// Failed checks in a row that take a node out; 3 unless given.
    pub(crate) threshold: Option<At<i64>>,
    /// Whether cordoned nodes are taken off the list. Left out: as the cloud controller manager of that version does, which
    /// is until 1.18.
    pub(crate) drops_cordoned: Option<bool>,
}

/// How a load balancer checks.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
pub(crate) enum HealthCheckSpec {
    /// `GET /readyz`.
    Readyz,
    /// A TCP connection.
    Tcp,
}

/// Nodes that are alike.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NodePoolSpec {
    /// The name, and the prefix of the nodes' names.
    pub(crate) name: At<String>,
    /// How many nodes.
    pub(crate) replicas: At<i64>,
    /// Zones, to which the nodes belong in turn.
    #[serde(default)]
    pub(crate) zones: Vec<String>,
    /// What a node offers.
    #[serde(default)]
    pub(crate) capacity: Capacity,
    /// More labels.
    #[serde(default)]
    pub(crate) labels: BTreeMap<String, String>,
    /// Taints.
    #[serde(default)]
    pub(crate) taints: Vec<TaintSpec>,
}

/// What a node offers.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Capacity {
    /// 4 unless given.
    pub(crate) cpu: Option<At<Quantity>>,
    /// 8Gi unless given.
    pub(crate) memory: Option<At<Quantity>>,
    /// 110 unless given.
    pub(crate) pods: Option<At<Quantity>>,
    /// 100Gi unless given.
    #[serde(rename = "ephemeral-storage")]
    pub(crate) ephemeral_storage: Option<At<Quantity>>,
}

/// A taint.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TaintSpec {
    /// The key.
    pub(crate) key: String,
    /// The value; empty unless given.
    #[serde(default)]
    pub(crate) value: String,
    /// What it does.
    pub(crate) effect: TaintEffectSpec,
}

/// What a taint does.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
pub(crate) enum TaintEffectSpec {
    /// Pods are not scheduled there.
    NoSchedule,
    /// Pods are scheduled elsewhere if possible.
    PreferNoSchedule,
    /// Pods are not scheduled there and running ones are deleted.
    NoExecute,
}
