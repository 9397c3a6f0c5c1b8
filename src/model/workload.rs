//! Workloads, budgets and services.

use crate::ids::{ClassId, WorkloadId};
use crate::units::{Dist, IntOrPercent, Span};

/// What owns pods.
#[derive(Clone, Debug)]
pub struct Workload {
    /// Its kind.
    pub kind: WorkloadKind,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// How many pods there should be. For a DaemonSet: how many nodes it runs on at the start.
    pub desired: u32,
    /// The template of new pods.
    pub class: ClassId,
    /// How a new revision is rolled out (Deployments and DaemonSets).
    pub rollout: RolloutStrategy,
    /// How long a pod must be ready to count as available (W-6); budgets ignore it (P-11).
    pub min_ready: Span,
    /// From the kubelet seeing the bound pod to Ready; `None`: the general value of [`Timings`](super::Timings).
    pub startup: Option<Dist>,
    /// What its init containers take together; `None`: the general value.
    pub init: Option<Dist>,
    /// From SIGTERM to the end of the containers, cut off at the grace period; `None`: the general value.
    pub shutdown: Option<Dist>,
    /// Replicas that run but never become ready.
    pub never_ready: NeverReady,
}

/// Kinds of workloads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum WorkloadKind {
    /// A Deployment, through its ReplicaSets.
    Deployment,
    /// A ReplicaSet that no Deployment owns.
    ReplicaSet,
    /// A DaemonSet.
    DaemonSet,
    /// A pod that nobody owns: once gone, it never comes back (W-29).
    Pod,
    /// A pod from a file on its node, visible through its mirror pod (W-30).
    StaticPod,
    /// Pods of a controller that is not simulated: they can be evicted, and nobody recreates them here.
    Unmodelled,
}

impl WorkloadKind {
    /// The kind as Kubernetes writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Deployment => "Deployment",
            Self::ReplicaSet => "ReplicaSet",
            Self::DaemonSet => "DaemonSet",
            Self::Pod | Self::StaticPod => "Pod",
            Self::Unmodelled => "Unmodelled",
        }
    }
}

/// How a new revision replaces the old one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RolloutStrategy {
    /// Old and new pods side by side (W-10, W-24).
    RollingUpdate {
        /// So many pods above the desired count, percentages rounded up.
        max_surge: IntOrPercent,
        /// So many pods below it; percentages rounded down for Deployments and up for DaemonSets.
        max_unavailable: IntOrPercent,
    },
    /// All old pods go first (W-12).
    Recreate,
    /// Only when somebody deletes a pod (DaemonSets).
    OnDelete,
}

/// Replicas that run but never become ready (a crash-looping or misconfigured application).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NeverReady {
    /// So many of the slots of the workload, counted from the first one.
    Count(u32),
    /// Every pod.
    All,
}

/// A ReplicaSet.
#[derive(Clone, Debug)]
pub struct ReplicaSet {
    /// The Deployment, or the workload that is this ReplicaSet itself.
    pub workload: WorkloadId,
    /// Its name: prefix of its pods' names.
    pub name: String,
    /// `spec.replicas` at the start.
    pub desired: u32,
    /// The revision; the highest of a Deployment is the one that is rolled out.
    pub revision: u32,
}

/// A PodDisruptionBudget with its selector resolved into the classes' `budgets`.
#[derive(Clone, Debug)]
pub struct Budget {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// What it asks for.
    pub limit: BudgetLimit,
    /// `unhealthyPodEvictionPolicy: AlwaysAllow` (P-3; ignored by API servers before 1.27).
    pub always_allow_unhealthy: bool,
}

/// What a budget asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BudgetLimit {
    /// At least so many healthy pods.
    MinAvailable(IntOrPercent),
    /// At most so many unhealthy pods.
    MaxUnavailable(IntOrPercent),
}

/// A Service with its selector resolved into the classes' `services`.
#[derive(Clone, Debug)]
pub struct Service {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// `publishNotReadyAddresses`.
    pub publish_not_ready: bool,
    /// A stand-in for a workload that no Service selects, so that its readiness is still reported.
    pub implied: bool,
}
