//! What a trace says before its facts: who is who.

use serde::{Deserialize, Serialize};

use crate::ids::{BalancerId, BudgetId, Id, IdVec, InstanceId, NodeId, PodId, ReplicaSetId, WorkloadId};
use crate::model::{Component, Foreseen};
use crate::rng::{Purpose, Streams};

/// Who is who in a trace, and which run it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Preamble {
    /// The version of seatrial that made it.
    pub engine_version: String,
    /// The plan's name; `None` where only faults are played.
    pub plan: Option<String>,
    /// The seed.
    pub seed: u64,
    /// Which replication of that seed.
    pub trial: u64,
    /// Versions that facts refer to.
    pub versions: Vec<String>,
    /// Version of the API servers at the start (index into `versions`).
    pub from: usize,
    /// Version that the plan wants to reach.
    pub target: Option<usize>,
    /// Versions of the control plane on the way, in order.
    pub hops: Vec<usize>,
    /// When the certificates of the control plane expire, in microseconds; `None`: they do not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificates_expire: Option<u64>,
    /// Nodes, by id.
    pub nodes: Vec<NodeInfo>,
    /// Workloads, by id.
    pub workloads: Vec<WorkloadInfo>,
    /// ReplicaSets that exist at the start, by id.
    pub replica_sets: Vec<ReplicaSetInfo>,
    /// Budgets, by id.
    pub budgets: Vec<BudgetInfo>,
    /// Load balancers of Services, by id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub balancers: Vec<BalancerInfo>,
    /// Names of the webhooks that are asked when pods are created, by id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub webhooks: Vec<String>,
    /// Processes of the control plane, by id.
    pub instances: Vec<InstanceInfo>,
    /// Names of the pods that the input holds, by id; pods beyond are named by [`Preamble::pod_name`].
    pub pods: Vec<String>,
    /// The steps of an explicit runbook, in words.
    pub steps: Vec<String>,
    /// The faults of the scenario, in words.
    pub faults: Vec<String>,
    /// Defaults that filled gaps of the input, as sentences.
    pub assumptions: Vec<String>,
    /// What the linter found.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Foreseen>,
}

/// A node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeInfo {
    /// Its name.
    pub name: String,
    /// Whether it is a control-plane node.
    pub control_plane: bool,
    /// The kubelet's version at the start (index into [`Preamble::versions`]).
    pub version: usize,
    /// Not there at the start: the plan creates it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub planned: bool,
    /// The pool of the plan that it belongs to; `None` where the plan names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pool: Option<String>,
    /// Its region and zone; `None` where it has no labels that tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
}

/// A workload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WorkloadInfo {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its kind, as Kubernetes writes it.
    pub kind: String,
    /// How many pods there should be.
    pub desired: u32,
    /// The number in the name of its first member; `None`: its pods have random names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_ordinal: Option<u32>,
    /// Whether somebody recreates its pods.
    pub owned: bool,
    /// Whether a Service (or a stand-in) lists its pods; otherwise its endpoints and clients are unknown.
    pub has_endpoints: bool,
    /// Whether its pods, or the Job itself, are created while the run goes on: they are wanted from when they first serve
    /// until their work is done.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub created_later: bool,
    /// Whether a rule that binds the scheduler keeps its pods on different nodes.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub kept_apart: bool,
    /// The load balancers by which clients come to it (indices into [`Preamble::balancers`]).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub balancers: Vec<BalancerId>,
    /// Names of the budgets that protect its pods (indices into [`Preamble::budgets`]).
    pub budgets: Vec<BudgetId>,
}

/// Load balancers of Services that send to the same nodes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BalancerInfo {
    /// `namespace/name` of their Services.
    pub services: Vec<String>,
    /// Whether a node passes requests on to its own pods only (`externalTrafficPolicy: Local`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub local: bool,
}

/// A ReplicaSet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReplicaSetInfo {
    /// Its workload.
    pub workload: WorkloadId,
    /// Its name.
    pub name: String,
}

/// A budget.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BudgetInfo {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// What it asks for, as kubectl prints it: `minAvailable 1`, `maxUnavailable 25%`.
    pub limit: String,
}

/// A process of the control plane.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InstanceInfo {
    /// Its component.
    pub component: Component,
    /// The node it runs on; `None`: a cloud's, or an extra standby.
    pub node: Option<NodeId>,
}

/// What Kubernetes makes random suffixes from: no vowels, so no words.
const ALPHABET: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";

impl Preamble {
    /// The name of a pod: as the input has it, or made up the way Kubernetes does, the same for the same seed. Pods that
    /// nobody owns and of which one after another is created are numbered.
    #[must_use]
    pub fn pod_name(&self, pod: PodId, workload: WorkloadId, slot: u32, replica_set: Option<ReplicaSetId>) -> String {
        if let Some(name) = self.pods.get(pod.index()) {
            return name.clone();
        }
        let info = &self.workloads[workload.index()];
        if let Some(first) = info.first_ordinal {
            return format!("{}-{}", info.name, first.saturating_add(slot));
        }
        if info.created_later && info.kind == "Pod" {
            return if info.desired == 1 {
                info.name.clone()
            } else {
                format!("{}-{slot}", info.name)
            };
        }
        let streams = Streams::new(self.seed, self.trial);
        let owner = &info.name;
        let mut name = match replica_set {
            None => owner.clone(),
            Some(rs) => match self.replica_sets.get(rs.index()) {
                Some(known) => known.name.clone(),
                None => format!("{owner}-{}", suffix(&streams, u64::MAX >> 32 | rs.index() as u64, 9)),
            },
        };
        name.push('-');
        name.push_str(&suffix(&streams, pod.index() as u64, 5));
        name
    }
}

fn suffix(streams: &Streams, entity: u64, len: usize) -> String {
    let mut stream = streams.stream(Purpose::PodName, entity);
    (0..len)
        .map(|_| char::from(ALPHABET[stream.below(27) as usize]))
        .collect()
}

/// Tables of things by id, from the lists of a preamble.
impl Preamble {
    /// A node.
    #[must_use]
    pub fn node(&self, id: NodeId) -> &NodeInfo {
        &self.nodes[id.index()]
    }

    /// A workload.
    #[must_use]
    pub fn workload(&self, id: WorkloadId) -> &WorkloadInfo {
        &self.workloads[id.index()]
    }

    /// A budget.
    #[must_use]
    pub fn budget(&self, id: BudgetId) -> &BudgetInfo {
        &self.budgets[id.index()]
    }

    /// Load balancers of Services, as people call them: `the load balancer of default/web`.
    #[must_use]
    pub fn balancer_name(&self, id: BalancerId) -> String {
        let services = self.balancers.get(id.index()).map_or(&[][..], |b| &b.services);
        match services {
            [] => "a load balancer".into(),
            [one] => format!("the load balancer of {one}"),
            [one, two] => format!("the load balancers of {one} and {two}"),
            [one, two, rest @ ..] => format!("the load balancers of {one}, {two} and {} more", rest.len()),
        }
    }

    /// A process of the control plane.
    #[must_use]
    pub fn instance(&self, id: InstanceId) -> &InstanceInfo {
        &self.instances[id.index()]
    }

    /// An empty table with a place for each workload.
    #[must_use]
    pub fn per_workload<T: Clone>(&self, value: T) -> IdVec<WorkloadId, T> {
        self.workloads.iter().map(|_| value.clone()).collect()
    }
}
