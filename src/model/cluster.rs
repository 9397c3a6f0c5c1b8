//! Nodes and the control plane.

use crate::ids::NodeId;
use crate::units::{KubeVersion, Resources, Span};

/// A machine with a kubelet.
#[derive(Clone, Debug)]
pub struct Node {
    /// Its name in the API.
    pub name: String,
    /// Labels, sorted by key.
    pub labels: Vec<(String, String)>,
    /// Index into [`Model::zones`](super::Model::zones); nodes without zone labels have none.
    pub zone: Option<u32>,
    /// Taints that are there at the start, without those that the cluster manages itself (`node.kubernetes.io/…`).
    pub taints: Vec<Taint>,
    /// Whether it is cordoned at the start.
    pub unschedulable: bool,
    /// What pods may request.
    pub allocatable: Resources,
    /// How many pods fit.
    pub pod_slots: u32,
    /// Whether it is labelled as a control-plane node.
    pub control_plane: bool,
    /// The kubelet's version.
    pub version: KubeVersion,
    /// Whether the cluster autoscaler leaves it alone (the annotation `cluster-autoscaler.kubernetes.io/scale-down-disabled`).
    pub scale_down_disabled: bool,
    /// Not there at the start: the plan creates it.
    pub planned: bool,
    /// Creation time in seconds since 1970, 0 where the input does not tell; `OldestFirst` sorts by it.
    pub created: i64,
}

impl Node {
    /// The value of a label.
    #[must_use]
    pub fn label(&self, key: &str) -> Option<&str> {
        let at = self.labels.binary_search_by(|(k, _)| k.as_str().cmp(key)).ok()?;
        Some(&self.labels[at].1)
    }
}

/// A taint of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taint {
    /// Its key.
    pub key: String,
    /// Its value, empty where there is none.
    pub value: String,
    /// What it does to pods that do not tolerate it.
    pub effect: TaintEffect,
}

/// What a taint does to pods that do not tolerate it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TaintEffect {
    /// They are not scheduled there.
    NoSchedule,
    /// They are scheduled elsewhere if possible.
    PreferNoSchedule,
    /// They are not scheduled there and running ones are deleted.
    NoExecute,
}

/// The control plane.
#[derive(Clone, Debug)]
pub struct ControlPlane {
    /// The nodes that run it, in the order in which they are upgraded. Empty: a cloud runs it, and it is neither
    /// upgraded nor drained by the plan.
    pub nodes: Vec<NodeId>,
    /// Where etcd runs.
    pub etcd: Etcd,
    /// Whether controller manager and scheduler elect leaders (`--leader-elect`).
    pub leader_election: bool,
    /// Extra controller managers and schedulers that wait at the first API server for the lease.
    pub standbys: u32,
    /// What stands in front of several API servers.
    pub load_balancer: LoadBalancer,
    /// How long after the start the certificates of the control plane expire; `None`: they do not.
    pub certificates_expire: Option<Span>,
    /// How fast a scheduler may ask the API to bind pods.
    pub scheduler_client: ClientLimit,
}

/// How fast a client may send requests (`clientConnection` in its configuration).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientLimit {
    /// Requests a second, from 1 to 1,000,000 …
    pub qps: u32,
    /// … after so many at once.
    pub burst: u32,
}

/// Where etcd runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Etcd {
    /// A member on each control-plane node; kubeadm upgrades it, each API server talks to its local member only.
    Stacked,
    /// Elsewhere; kubeadm never touches it (K-13.1).
    External,
}

/// The load balancer in front of the API servers.
#[derive(Clone, Debug)]
pub struct LoadBalancer {
    /// How it finds out that an API server is away.
    pub check: HealthCheck,
    /// Time between two checks.
    pub interval: Span,
    /// So many failed checks in a row take an API server out.
    pub threshold: u32,
    /// One API server at a time gets all requests, until it is taken out (keepalived, kube-vip).
    pub virtual_ip: bool,
}

/// How a load balancer checks an API server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HealthCheck {
    /// `GET /readyz`: notices a broken etcd, too.
    Readyz,
    /// A TCP connection: an API server whose etcd is away stays in.
    Tcp,
}

impl Default for ControlPlane {
    /// Run by a cloud, stacked etcd, elections, no standbys; a scheduler binds 50 pods a second after a burst of 100
    /// (`clientConnection` of kube-scheduler).
    fn default() -> Self {
        Self {
            nodes: Vec::new(),
            etcd: Etcd::Stacked,
            leader_election: true,
            standbys: 0,
            load_balancer: LoadBalancer::default(),
            certificates_expire: None,
            scheduler_client: ClientLimit { qps: 50, burst: 100 },
        }
    }
}

impl Default for LoadBalancer {
    /// `GET /readyz` every 5 s, out after two failures (an assumption: kubeadm ships no load balancer).
    fn default() -> Self {
        Self {
            check: HealthCheck::Readyz,
            interval: Span::from_secs(5),
            threshold: 2,
            virtual_ip: false,
        }
    }
}
