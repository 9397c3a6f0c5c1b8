//! Workloads, budgets and services.

use crate::ids::{ClassId, ServiceId, VolumeId, WorkloadId};
use crate::units::{Dist, IntOrPercent, Span, Time};

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
    /// In which order a StatefulSet makes and removes its members.
    pub management: PodManagement,
    /// The ordinal of a StatefulSet's first member.
    pub first_ordinal: u32,
    /// What a Job asks for.
    pub job: Option<Job>,
    /// How long the containers run after they are ready, until they succeed; `None`: until somebody stops them.
    pub run_for: Option<Dist>,
    /// What of it is created while the run goes on, in the order of time: for the kind `Pod` one pod each, the n-th in
    /// slot n; for a `Job` its object, at the first of them. Empty: it is there at the start. Other kinds have none.
    pub arrivals: Vec<Arrival>,
    /// Volumes of single slots (StatefulSets); slots beyond the list have none.
    pub slot_volumes: Vec<Vec<VolumeId>>,
}

/// Something that is created while the run goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// When somebody asks for it, since the start of the run; again every second while no API server answers.
    pub at: Time,
    /// How long the containers of this pod run after they are ready; `None`: as [`Workload::run_for`] says.
    pub run_for: Option<Span>,
}

/// Kinds of workloads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum WorkloadKind {
    /// A Deployment, through its ReplicaSets.
    Deployment,
    /// A ReplicaSet that no Deployment owns.
    ReplicaSet,
    /// A StatefulSet: members with names of their own, none of which ever exists twice (W-15).
    StatefulSet,
    /// A DaemonSet.
    DaemonSet,
    /// A Job.
    Job,
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
            Self::StatefulSet => "StatefulSet",
            Self::DaemonSet => "DaemonSet",
            Self::Job => "Job",
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
    /// From the highest ordinal down to this one, one member at a time (StatefulSets, W-20).
    Partition(u32),
    /// Only when somebody deletes a pod (DaemonSets and StatefulSets).
    OnDelete,
}

/// `podManagementPolicy` of a StatefulSet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PodManagement {
    /// One after another, each when those before it are running and ready (W-16).
    #[default]
    OrderedReady,
    /// All at once; a member still waits until its predecessor of the same name is gone (W-17).
    Parallel,
}

/// What a Job asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Job {
    /// So many pods at a time.
    pub parallelism: u32,
    /// So many pods still have to succeed; `None`: the first one that succeeds ends the Job (a work queue).
    pub completions: Option<u32>,
    /// So many pods may fail before the Job is given up.
    pub backoff_limit: u32,
    /// A pod that is being deleted is replaced, and counted as failed, only once it has stopped
    /// (`podReplacementPolicy: Failed`, or any `podFailurePolicy`; W-27).
    pub waits_for_end: bool,
    /// A pod that a drain evicts does not count as failed (a `podFailurePolicy` that ignores `DisruptionTarget`).
    pub ignores_disruptions: bool,
}

/// Replicas that run but never become ready (a crash-looping or misconfigured application).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NeverReady {
    /// So many of the pods that exist at the start, those first that are not ready in the input. Pods that come for
    /// them do become ready.
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

/// A webhook that is asked when a pod is created, and without whose answer none is (`failurePolicy: Fail`).
#[derive(Clone, Debug)]
pub struct Webhook {
    /// Its name.
    pub name: String,
    /// What it is reached by.
    pub service: ServiceId,
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
