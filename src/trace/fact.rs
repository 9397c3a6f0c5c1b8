//! Facts.

use serde::{Deserialize, Serialize};

use crate::ids::{
    BalancerId, BudgetId, DrainId, FactId, InstanceId, NodeId, PodId, ReplicaSetId, WebhookId, WorkloadId,
};
use crate::model::Component;
use crate::units::{KubeVersion, Time};
use crate::versions::skew::{Part, Rule};

use super::Skew;

/// A fact with its time and cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// When it happened.
    pub at: Time,
    /// The fact that brought it about; `None`: an initial condition, the plan, a fault or
    /// somebody outside.
    pub cause: Option<FactId>,
    /// What happened.
    pub fact: Fact,
}

/// Index into [`Preamble::versions`](super::Preamble::versions).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct VersionId(pub u16);

impl VersionId {
    /// Where a version stands among those that a run meets; the first where it is none of them.
    pub(crate) fn among(versions: &[KubeVersion], version: &KubeVersion) -> Self {
        let at = versions.iter().position(|v| v == version).unwrap_or(0);
        Self(u16::try_from(at).unwrap_or(0))
    }
}

/// What happened, small and without strings. What stands before [`Fact::RunStarted`] describes the start.
#[expect(missing_docs, reason = "the fields are named after the things whose ids they hold")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all_fields = "camelCase")]
pub enum Fact {
    /// The initial conditions are complete; time starts.
    RunStarted,
    /// Nothing more is observed.
    RunEnded,

    /// The plan starts.
    PlanStarted,
    /// The plan has ended.
    PlanEnded { status: PlanStatus },
    /// A plan with several hops goes on: the control plane, or the workers, go to a version.
    HopStarted { version: VersionId, workers: bool },
    /// Work on a node starts.
    NodeUpgradeStarted { node: NodeId },
    /// Work on a node has ended.
    NodeUpgradeEnded { node: NodeId, result: NodeResult },
    /// A step of an explicit runbook starts (index into the plan's steps).
    StepStarted { step: u32 },
    /// A step of an explicit runbook has ended; `ok`: as its author expected.
    StepEnded { step: u32, ok: bool },
    /// kubeadm starts a phase on a control-plane node.
    PhaseStarted { node: NodeId, phase: Phase },
    /// kubeadm has finished a phase.
    PhaseEnded { node: NodeId, phase: Phase },
    /// A preflight check of kubeadm fails; nothing has been changed.
    CheckFailed { node: NodeId, check: Check },
    /// `kubeadm upgrade apply` compares versions (K-1 … K-8): the target, the API server that answers and kubeadm's own.
    VersionsChecked {
        node: NodeId,
        target: VersionId,
        cluster: VersionId,
        kubeadm: VersionId,
        flags: Flags,
    },
    /// A component did not come up in time: kubeadm fails (K-17).
    PhaseFailed { node: NodeId, phase: Phase },
    /// kubeadm puts the old manifest of a component back (K-17).
    ManifestRestored { node: NodeId, component: Component },
    /// The certificates that a component uses were renewed.
    CertificatesRenewed { node: NodeId, component: Component },
    /// The client certificate in admin.conf was renewed.
    AdminConfRenewed { node: NodeId },
    /// The certificates that a component uses have run out.
    CertificateExpired { node: NodeId, component: Component },

    /// `kubectl drain` starts.
    DrainStarted { drain: DrainId, node: NodeId },
    /// A pod that the filters of `kubectl drain` object to; the whole drain fails (D-7).
    PodNotDrainable {
        drain: DrainId,
        pod: PodId,
        reason: NotDrainable,
    },
    /// An eviction was accepted. (A drain with `--disable-eviction` deletes: see [`Fact::PodDeleted`].)
    EvictionAccepted { drain: DrainId, pod: PodId },
    /// An eviction was refused with 429; kubectl tries again.
    EvictionRefused {
        drain: DrainId,
        pod: PodId,
        budget: BudgetId,
        reason: RefusalReason,
    },
    /// An eviction or the wait for its end failed for good.
    EvictionFailed {
        drain: DrainId,
        pod: PodId,
        error: ApiError,
    },
    /// `kubectl drain` has ended.
    DrainEnded {
        drain: DrainId,
        node: NodeId,
        outcome: DrainOutcome,
    },
    /// Somebody begins to break the version skew policy (V-13).
    SkewBegan { skew: Skew },
    /// It is within the policy again.
    SkewEnded {
        rule: Rule,
        part: Part,
        node: Option<NodeId>,
    },
    /// A kubelet cannot read Services from the API server that it reaches, which is too old for it: it starts no pods.
    ServicesUnread { node: NodeId },
    /// It reaches one that is new enough.
    ServicesRead { node: NodeId },

    /// A node was cordoned.
    NodeCordoned { node: NodeId },
    /// A node was uncordoned.
    NodeUncordoned { node: NodeId },

    /// A node is not drained although it should be by now: the tool raises an alert.
    DrainOverdue { node: NodeId },
    /// A new machine in the place of this node, or this one itself, was refused: there are as many as there may be.
    CreationRefused { node: NodeId },
    /// This machine was asked for and did not come.
    CreationFailed { node: NodeId },
    /// What must hold before this node counts as done did not hold for as long as the plan waits.
    GateTimedOut { node: NodeId },
    /// The cluster autoscaler removes a node that has not been needed for long enough.
    ScaleDownStarted { node: NodeId },
    /// The machine that takes this node's place, or this extra one, is gone although the plan needs it: another one is asked for.
    SuccessorLost { node: NodeId },
    /// Somebody wants the old nodes of a pool back.
    RollbackStarted,

    /// A machine that was not there at the start is up.
    NodeCreated { node: NodeId },
    /// A Node object was deleted.
    NodeDeleted { node: NodeId },

    /// Somebody labelled a node so that load balancers of Services leave it out (LB-2).
    NodeExcluded { node: NodeId },
    /// The label is off again.
    NodeIncluded { node: NodeId },
    /// Load balancers of Services send to a node from now on.
    BalancerJoined { balancer: BalancerId, node: NodeId },
    /// Load balancers of Services do not send to a node any more.
    BalancerLeft {
        balancer: BalancerId,
        node: NodeId,
        why: LeftOut,
    },

    /// A kubelet stopped.
    KubeletStopped { node: NodeId },
    /// A kubelet started.
    KubeletStarted { node: NodeId, version: VersionId },
    /// A machine died, and every process on it.
    NodeCrashed { node: NodeId },
    /// A machine is back.
    NodeBooted { node: NodeId },
    /// The API shows the node as not ready.
    NodeNotReady { node: NodeId },
    /// The API shows the node as ready again.
    NodeReady { node: NodeId },
    /// The node lifecycle controller added a taint.
    NodeTainted { node: NodeId, taint: LifecycleTaint },
    /// The node lifecycle controller removed a taint.
    NodeUntainted { node: NodeId, taint: LifecycleTaint },

    /// A component was asked to stop (SIGTERM).
    ComponentStopping { instance: InstanceId },
    /// A component's process has exited.
    ComponentStopped { instance: InstanceId, why: StopReason },
    /// A component's process has started.
    ComponentStarted { instance: InstanceId, version: VersionId },
    /// A component answers requests (API server, etcd).
    ComponentServing { instance: InstanceId },
    /// An API server or etcd does not answer any more, whether or not its process has exited.
    ComponentUnavailable { instance: InstanceId },
    /// No request to the API can succeed.
    ApiUnavailable,
    /// Requests to the API can succeed again.
    ApiAvailable,
    /// etcd has lost its quorum.
    QuorumLost,
    /// etcd has its quorum again.
    QuorumRegained,
    /// Nobody leads: the holder of the lease has stopped acting.
    LeaderLost { component: Component },
    /// A process holds the lease.
    LeaderElected { component: Component, instance: InstanceId },

    /// A pod's object was created. `slot`: the replica of its workload that it stands for.
    PodCreated {
        pod: PodId,
        workload: WorkloadId,
        slot: u32,
        replica_set: Option<ReplicaSetId>,
    },
    /// A pod was not created: a webhook that must be asked has nobody to answer. Told once until one goes through.
    PodNotAdmitted { workload: WorkloadId, webhook: WebhookId },
    /// The scheduler found no node.
    PodUnschedulable { pod: PodId, why: Unfit },
    /// The scheduler bound the pod to a node.
    PodBound { pod: PodId, node: NodeId },
    /// The API shows the pod as ready.
    PodReady { pod: PodId },
    /// The API shows the pod as not ready.
    PodUnready { pod: PodId },
    /// The pod's object got its deletion timestamp.
    PodDeleted { pod: PodId, by: DeletedBy },
    /// The pod has succeeded: its containers ended by themselves.
    PodFinished { pod: PodId },
    /// The pod has failed: its containers ended with an error or with their machine, and are not started again.
    PodFailed { pod: PodId },
    /// The pod's object is gone.
    PodRemoved { pod: PodId },
    /// A new revision of a workload is rolled out.
    RolloutStarted { workload: WorkloadId },
    /// All pods of a workload are of the new revision and available.
    RolloutEnded { workload: WorkloadId },

    /// The containers of a pod run.
    ContainersStarted { pod: PodId },
    /// The containers of a pod answer requests.
    ContainersServing { pod: PodId },
    /// The containers of a pod have stopped.
    ContainersStopped { pod: PodId, why: StopReason },

    /// The endpoint slices list the pod as ready.
    EndpointReady { pod: PodId },
    /// The endpoint slices list the pod as ready no longer.
    EndpointUnready { pod: PodId },
    /// The data plane sends requests to the pod.
    RouteReady { pod: PodId },
    /// The data plane sends requests to the terminating pod only where no ready one is left (M-3).
    RouteTerminating { pod: PodId },
    /// The data plane does not send requests to the pod.
    RouteRemoved { pod: PodId },

    /// Nothing can change any more: every event that is still to come is an attempt that can only be refused again. With a
    /// drain: not before the time-out of that drain. What follows from here says why.
    NothingCanChange { until: Option<DrainId> },
    /// The budget that a drain waits for, as it stands then.
    BudgetExhausted {
        budget: BudgetId,
        healthy: u32,
        desired: u32,
    },
    /// A pod of that budget that is not healthy.
    BudgetLacks { budget: BudgetId, pod: PodId },
    /// A node on which a pod that waits for one does not fit.
    NodeUnfit { pod: PodId, node: NodeId, why: Misfit },

    /// A fault of the scenario happened (index into the scenario's faults).
    FaultInjected { fault: u32 },
    /// A fault of the scenario could not happen (nothing to hit, or the API was away).
    FaultMissed { fault: u32 },
}

impl Fact {
    /// Whether it tells of an attempt that changed nothing, which a stuck plan repeats for ever. An eviction that is accepted
    /// changes something only where a deleted pod follows: one that is being deleted already is accepted again and again.
    #[must_use]
    pub const fn is_attempt(&self) -> bool {
        matches!(
            self,
            Self::EvictionAccepted { .. }
                | Self::EvictionRefused { .. }
                | Self::EvictionFailed { .. }
                | Self::CreationRefused { .. }
                | Self::CreationFailed { .. }
                | Self::PodNotDrainable { .. }
                | Self::PodNotAdmitted { .. }
                | Self::PodUnschedulable { .. }
                | Self::DrainStarted { .. }
                | Self::DrainEnded { .. }
                | Self::NothingCanChange { .. }
                | Self::BudgetExhausted { .. }
                | Self::BudgetLacks { .. }
                | Self::NodeUnfit { .. }
        )
    }
}

/// Why load balancers of Services do not send to a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum LeftOut {
    /// It is cordoned, and cordoned nodes are taken off the list (LB-1).
    Cordoned,
    /// It is labelled so (LB-2).
    Excluded,
    /// It is not ready, and such nodes are taken off the list (LB-3).
    NotReady,
    /// Its Node object is gone.
    Deleted,
    /// It fails the health checks: its machine is down (LB-4).
    MachineDown,
    /// It fails the health checks: no pod of the Service is ready on it, and `externalTrafficPolicy` is `Local` (LB-4).
    NoLocalPod,
}

/// How a plan ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum PlanStatus {
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
    /// Time or events ran out before it ended.
    Inconclusive,
}

impl PlanStatus {
    /// Whether all is upgraded that should be.
    #[must_use]
    pub const fn completes(self) -> bool {
        matches!(self, Self::Completed | Self::CompletedWithSkips)
    }
}

/// What became of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum NodeResult {
    /// It runs the new version.
    Upgraded,
    /// Another node of the new version has taken its place.
    Replaced,
    /// It was uncordoned and left as it was.
    Skipped,
    /// It was left cordoned.
    Quarantined,
    /// The plan ended at it.
    Failed,
}

/// A phase of `kubeadm upgrade`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    /// Reading the configuration.
    Preflight,
    /// The health checks.
    HealthCheck,
    /// Pulling images.
    Prepull,
    /// Checking etcd and copying its data.
    EtcdBackup,
    /// Swapping etcd.
    Etcd,
    /// Swapping the API server.
    ApiServer,
    /// Swapping the controller manager.
    ControllerManager,
    /// Swapping the scheduler.
    Scheduler,
    /// ConfigMaps, RBAC, add-ons.
    PostUpgrade,
    /// `kubeadm upgrade node` on a worker.
    UpgradeNode,
}

/// A preflight check of kubeadm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Check {
    /// Every control-plane node is Ready (2.2 #3).
    ControlPlaneNodesReady,
    /// A Job completes (K-11).
    CreateJob,
    /// The members of etcd answer (K-13.2).
    EtcdHealth,
    /// The certificate in admin.conf is good.
    AdminCertificate,
}

/// Flags of `kubeadm upgrade apply` that bear on versions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Flags {
    /// `--force`
    pub force: bool,
    /// `--allow-experimental-upgrades`
    pub experimental: bool,
    /// `--allow-release-candidate-upgrades`
    pub candidates: bool,
}

/// Why `kubectl drain` will not touch a pod (D-7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum NotDrainable {
    /// A DaemonSet owns it and `--ignore-daemonsets` is not given.
    DaemonSet,
    /// It has an emptyDir volume and `--delete-emptydir-data` is not given.
    LocalStorage,
    /// Nobody owns it and `--force` is not given.
    Unmanaged,
}

/// Why an eviction was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RefusalReason {
    /// The budget allows no disruption now.
    BudgetExhausted,
    /// The budget's status is older than the budget, or lost every race.
    StillProcessed,
}

/// Why a request failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ApiError {
    /// The API is away.
    Unavailable,
    /// More than one budget matches the pod (500).
    ManyBudgets,
    /// The drain's time is up.
    Timeout,
}

/// How a drain ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DrainOutcome {
    /// Every pod that had to leave is gone.
    Completed,
    /// The filters objected; nothing was evicted.
    Refused,
    /// `--timeout` passed.
    TimedOut,
    /// A request failed for good.
    Failed,
    /// It had not ended when the run did.
    Unfinished,
}

/// A taint of the node lifecycle controller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LifecycleTaint {
    /// `node.kubernetes.io/unschedulable:NoSchedule`
    Unschedulable,
    /// `node.kubernetes.io/unreachable:NoSchedule`
    UnreachableNoSchedule,
    /// `node.kubernetes.io/unreachable:NoExecute`
    UnreachableNoExecute,
    /// `node.kubernetes.io/not-ready:NoSchedule`
    NotReadyNoSchedule,
    /// `node.kubernetes.io/not-ready:NoExecute`
    NotReadyNoExecute,
    /// `seatrial.dev/upgrade-pending:PreferNoSchedule`, which stands for the taint that a tool puts on nodes whose turn
    /// has not come. Not the node lifecycle controller's.
    UpgradePending,
    /// `DeletionCandidateOfClusterAutoscaler:PreferNoSchedule`
    DeletionCandidate,
    /// `ToBeDeletedByClusterAutoscaler:NoSchedule`
    ToBeDeleted,
}

/// Why a process stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum StopReason {
    /// It was asked to and did in time.
    Terminated,
    /// It was killed: at the end of its grace period, or by a fault.
    Killed,
    /// It exited with an error.
    Crashed,
    /// It had done its work.
    Completed,
    /// Its machine went down.
    NodeDown,
    /// It lost its lease and exits as the real one does (C-5).
    LostLease,
}

/// Who deleted a pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum DeletedBy {
    /// A drain.
    Drain,
    /// Somebody with kubectl (a fault or a step).
    User,
    /// Its ReplicaSet had too many, or a rollout replaced it.
    Controller,
    /// The taint manager, from a node that was not ready for too long (N-6).
    TaintManager,
    /// The pod garbage collector (N-12).
    GarbageCollector,
    /// The scheduler, to make room for a pod of higher priority (S-21).
    Preemption,
}

/// Why a node does not fit a pod: the first of the scheduler's filters that it fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Misfit {
    /// It is cordoned.
    Unschedulable,
    /// It has a taint that the pod does not tolerate.
    Tainted,
    /// It does not match the pod's node selector, node affinity or name.
    Affinity,
    /// The host port is taken.
    Ports,
    /// It is too full.
    Resources,
    /// The pod's volumes cannot be reached from it.
    Volumes,
    /// It lacks a label that a topology spread constraint needs.
    NoDomain,
    /// A topology spread constraint.
    Spread,
    /// The pods that the pod must be near are not there.
    PodAffinity,
    /// Pods that the pod must not be near, or that refuse it, are there.
    PodAntiAffinity,
}

impl Misfit {
    /// Whether the node might fit without some of its pods (S-21).
    pub(crate) const fn resolvable(self) -> bool {
        matches!(
            self,
            Self::Ports | Self::Resources | Self::Spread | Self::PodAntiAffinity
        )
    }
}

/// Why no node fits a pod: how many nodes fail on what, counted at the first filter that fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Unfit {
    /// Cordoned.
    pub unschedulable: u16,
    /// With a taint that the pod does not tolerate.
    pub tainted: u16,
    /// Not matching the pod's node selector, node affinity or name.
    pub affinity: u16,
    /// With the host port taken.
    pub ports: u16,
    /// Too full.
    pub resources: u16,
    /// Out of reach of the pod's volumes.
    pub volumes: u16,
    /// Against a topology spread constraint.
    pub spread: u16,
    /// Without the pods that the pod must be near.
    pub pod_affinity: u16,
    /// With pods that the pod must not be near, or that refuse it.
    pub pod_anti_affinity: u16,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_stay_small() {
        assert!(size_of::<Fact>() <= 24, "{}", size_of::<Fact>());
        assert!(size_of::<Record>() <= 40, "{}", size_of::<Record>());
    }
}
