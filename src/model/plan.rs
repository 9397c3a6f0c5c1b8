//! The upgrade plan.

use crate::ids::{NodeId, WorkloadId};
use crate::units::{IntOrPercent, KubeVersion, Span};

/// What is rehearsed.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Its name.
    pub name: String,
    /// The version to reach; `None`: nodes are rolled, versions stay.
    pub target: Option<KubeVersion>,
    /// When it starts.
    pub start_at: Span,
    /// What happens to the control plane, first.
    pub control_plane: ControlPlanePlan,
    /// Then these pools, one after another.
    pub pools: Vec<Pool>,
    /// How nodes are drained.
    pub drain: DrainOptions,
    /// An explicit runbook instead of control plane and pools; empty: none.
    pub steps: Vec<Step>,
}

/// What happens to the control plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ControlPlanePlan {
    /// Whether `kubeadm upgrade` runs on the control-plane nodes, one by one. False: the plan does not touch them.
    pub upgrade: bool,
    /// Whether each is drained before its kubelet is upgraded.
    pub drain: bool,
    /// Whether the drain comes before `kubeadm upgrade` (K-9) instead of after it.
    pub drain_before_apply: bool,
    /// `--certificate-renewal`.
    pub renew_certificates: bool,
}

/// Nodes that are upgraded with one strategy.
#[derive(Clone, Debug)]
pub struct Pool {
    /// Its name.
    pub name: String,
    /// Its nodes, not yet ordered.
    pub nodes: Vec<NodeId>,
    /// The nodes that take their places, in the same order ([`Mode::Replace`] only; otherwise empty).
    pub successors: Vec<NodeId>,
    /// How they are upgraded.
    pub strategy: Strategy,
}

/// How the nodes of a pool are upgraded.
#[derive(Clone, Debug)]
pub struct Strategy {
    /// What is upgraded: the node, or the fleet.
    pub mode: Mode,
    /// So many nodes at a time may be missing; percentages of the pool rounded up.
    pub max_unavailable: IntOrPercent,
    /// So many nodes at a time may be there beyond the pool ([`Mode::Replace`]); percentages rounded up.
    pub max_surge: IntOrPercent,
    /// What the pool's nodes get before the first one is upgraded.
    pub premark: Premark,
    /// Which node goes first.
    pub order: NodeOrder,
    /// True: a batch starts only when the one before is done. False: a node starts when another is done.
    pub barrier: bool,
    /// True: all nodes of a batch are drained, then all upgraded, then all uncordoned.
    pub lockstep: bool,
    /// A pause after each node.
    pub soak: Span,
    /// What must hold before a node counts as done.
    pub gate: Gate,
    /// Whether the machine goes down and its containers with it.
    pub reboot: bool,
}

/// What is upgraded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The node stays and gets a new kubelet.
    InPlace,
    /// A new node takes its place: before it is drained where the surge allows, otherwise after it is gone.
    Replace,
}

/// What nodes that wait for their upgrade get up front, so that evicted pods go elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Premark {
    /// Nothing.
    None,
    /// A taint that the scheduler avoids where it can (kops).
    PreferNoSchedule,
    /// A cordon (EKS managed node groups).
    Cordon,
}

/// The order of nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NodeOrder {
    /// By name.
    ByName,
    /// The oldest first.
    OldestFirst,
    /// One zone after another, by name within a zone.
    ByZone,
    /// A random order, from the seed.
    Random,
    /// As the plan lists them.
    Listed,
}

/// What must hold before a node counts as upgraded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// Nothing.
    None,
    /// The node is Ready with the new version.
    Ready,
    /// Moreover every workload has all its replicas ready again.
    WorkloadsHealthy,
}

/// `kubectl drain` and what the plan does when it fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DrainOptions {
    /// Through the eviction API, by plain deletes (`--disable-eviction`), or not at all.
    pub via: DrainVia,
    /// `--ignore-daemonsets`.
    pub ignore_daemon_sets: bool,
    /// `--delete-emptydir-data`.
    pub delete_empty_dir_data: bool,
    /// `--force`.
    pub force: bool,
    /// `--grace-period`; `None`: the pod's own.
    pub grace_period: Option<Span>,
    /// `--timeout`; `None`: no limit.
    pub timeout: Option<Span>,
    /// How long kubectl sleeps after a refused eviction (5 s, D-10).
    pub retry_interval: Span,
    /// What the plan does when a drain fails.
    pub on_failure: OnFailure,
    /// The pause before another try, for [`OnFailure::Retry`].
    pub failure_retry_interval: Span,
}

impl Default for DrainOptions {
    /// What a plan that says nothing does: evict everything but daemon pods, without a limit, and stop at a failure.
    fn default() -> Self {
        Self {
            via: DrainVia::Eviction,
            ignore_daemon_sets: true,
            delete_empty_dir_data: true,
            force: false,
            grace_period: None,
            timeout: None,
            retry_interval: Span::from_secs(5),
            on_failure: OnFailure::Abort,
            failure_retry_interval: Span::from_secs(5),
        }
    }
}

/// How pods leave a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DrainVia {
    /// The eviction API, which asks the budgets.
    Eviction,
    /// Plain deletes, which do not (D-16).
    Delete,
    /// They stay.
    None,
}

/// What the plan does when a drain fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnFailure {
    /// The plan ends; the node stays cordoned.
    Abort,
    /// The node is uncordoned, the plan ends.
    UncordonAndAbort,
    /// The node is uncordoned and not upgraded; the next one is.
    Skip,
    /// The node stays cordoned and is not upgraded; the next one is.
    Quarantine,
    /// Drain again without the eviction API.
    ForceDelete,
    /// The node is upgraded although pods are left; they die with it.
    TerminateAnyway,
    /// The node is upgraded although pods are left, and said so.
    WarnAndContinue,
    /// Drain again after [`DrainOptions::failure_retry_interval`].
    Retry,
}

/// One command of an explicit runbook.
#[derive(Clone, Debug)]
pub enum Step {
    /// `kubectl drain`.
    Drain {
        /// The node.
        node: NodeId,
        /// Its flags.
        options: DrainOptions,
        /// What the author expects; otherwise the plan fails.
        expect: Expectation,
    },
    /// The kubelet is stopped, upgraded and started.
    UpgradeNode {
        /// The node.
        node: NodeId,
        /// Whether the machine goes down, too.
        reboot: bool,
    },
    /// `kubectl cordon`.
    Cordon(NodeId),
    /// `kubectl uncordon`.
    Uncordon(NodeId),
    /// A pause.
    Sleep(Span),
    /// `kubectl delete pod` for one pod of a workload.
    DeletePod(WorkloadId),
    /// `kubeadm upgrade` on a control-plane node.
    UpgradeControlPlane(NodeId),
    /// A new machine that joins the cluster.
    CreateNode(NodeId),
    /// `kubectl delete node`.
    DeleteNode(NodeId),
}

/// How the author of a step expects it to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expectation {
    /// It works; a failure fails the plan.
    Success,
    /// It fails; success fails the plan.
    Failure,
    /// Either way is fine.
    Any,
}
