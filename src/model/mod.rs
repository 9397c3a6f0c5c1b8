//! What a scenario means: plain, checked data. Nothing here needs to be checked again by the engine.

mod autoscaler;
mod balancer;
pub mod behaviour;
mod change;
mod cluster;
mod fault;
mod foreseen;
mod pace;
mod placement;
mod plan;
mod pod;
mod timings;
mod volume;
mod workload;

pub use autoscaler::{Autoscaler, NodeGroup};
pub use balancer::{Balancer, Balancers, EXCLUDE_LABEL, TrafficPolicy};
pub use change::{Change, Owner, PlanPart, Setting};
pub use cluster::{ClientLimit, ControlPlane, Etcd, HealthCheck, LoadBalancer, Node, Taint, TaintEffect};
pub use fault::{BreakMode, Component, Fault, FaultAction, FaultTarget, Moment, StopMode, Trigger};
pub use foreseen::{Foreseen, Predicts};
pub use pace::Pace;
pub use placement::{NodeRule, NodeTerm, Placement, PodTerm, SpreadConstraint};
pub use plan::{
    Command, ControlPlanePlan, DrainOptions, DrainVia, Expectation, Gate, KubeadmOptions, Leg, Mode, NodeOrder,
    OnAbort, OnCreateFailure, OnFailure, OnQuota, Part, Plan, Pool, Premark, Rounding, Step, Strategy, Window,
};
pub use pod::{Pod, PodClass, Probe, RestartPolicy, Toleration};
pub use timings::{ComponentTimings, KubeadmTimings, Timings};
pub use volume::Volume;
pub use workload::{
    Arrival, Budget, BudgetLimit, Job, NeverReady, PodManagement, ReplicaSet, RolloutStrategy, Service, Webhook,
    Workload, WorkloadKind,
};

use crate::ids::{
    BudgetId, ClassId, IdVec, NodeId, PodId, ReplicaSetId, ServiceId, TopologyId, VolumeId, WebhookId, WorkloadId,
};
use crate::units::KubeVersion;

/// A checked scenario, ready to be run any number of times.
#[derive(Clone, Debug)]
pub struct Model {
    /// The version of the API servers at the start.
    pub version: KubeVersion,
    /// Who runs the control plane and how it is reached.
    pub control_plane: ControlPlane,
    /// All nodes, in the order of their names.
    pub nodes: IdVec<NodeId, Node>,
    /// Names of the zones that nodes refer to (region and zone, as the node lifecycle controller groups them).
    pub zones: Vec<String>,
    /// The kinds of pods.
    pub classes: IdVec<ClassId, PodClass>,
    /// What owns pods.
    pub workloads: IdVec<WorkloadId, Workload>,
    /// ReplicaSets of Deployments, and those that stand alone.
    pub replica_sets: IdVec<ReplicaSetId, ReplicaSet>,
    /// The pods that exist at the start. Pods that are missing are created and scheduled before time starts.
    pub pods: IdVec<PodId, Pod>,
    /// PodDisruptionBudgets.
    pub budgets: IdVec<BudgetId, Budget>,
    /// Services with a selector.
    pub services: IdVec<ServiceId, Service>,
    /// Load balancers of Services.
    pub balancers: Balancers,
    /// Labels of nodes that affinities and spread constraints refer to.
    pub topologies: IdVec<TopologyId, String>,
    /// Claims of pods.
    pub volumes: IdVec<VolumeId, Volume>,
    /// Sets of nodes (one flag for each) that volumes refer to.
    pub node_sets: Vec<Vec<bool>>,
    /// Webhooks that fail closed.
    pub webhooks: IdVec<WebhookId, Webhook>,
    /// What is rehearsed; `None` where only faults are played.
    pub plan: Option<Plan>,
    /// What removes empty nodes, where there is one.
    pub autoscaler: Option<Autoscaler>,
    /// Trouble.
    pub faults: Vec<Fault>,
    /// Of a thousand new machines that a plan asks for, so many do not come.
    pub creation_failure: u32,
    /// How long things take.
    pub timings: Timings,
    /// Defaults that filled gaps of the input, as sentences.
    pub assumptions: Vec<String>,
    /// What the linter found.
    pub findings: Vec<Foreseen>,
}

impl Model {
    /// A model of this version without nodes, workloads, plan or faults, to be filled in.
    #[must_use]
    pub fn new(version: KubeVersion) -> Self {
        Self {
            version,
            control_plane: ControlPlane::default(),
            nodes: IdVec::new(),
            zones: Vec::new(),
            classes: IdVec::new(),
            workloads: IdVec::new(),
            replica_sets: IdVec::new(),
            pods: IdVec::new(),
            budgets: IdVec::new(),
            services: IdVec::new(),
            balancers: Balancers::default(),
            webhooks: IdVec::new(),
            topologies: IdVec::new(),
            volumes: IdVec::new(),
            node_sets: Vec::new(),
            plan: None,
            autoscaler: None,
            faults: Vec::new(),
            creation_failure: 0,
            timings: Timings::default(),
            assumptions: Vec::new(),
            findings: Vec::new(),
        }
    }

    /// `namespace/name` of a workload.
    #[must_use]
    pub fn workload_name(&self, id: WorkloadId) -> String {
        let workload = &self.workloads[id];
        format!("{}/{}", workload.namespace, workload.name)
    }
}
