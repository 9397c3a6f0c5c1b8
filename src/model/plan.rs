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
    /// What is upgraded to which version, one after another (V-21). Empty where [`Plan::steps`] are not.
    pub legs: Vec<Leg>,
    /// How kubeadm is called.
    pub kubeadm: KubeadmOptions,
    /// What happens to the control plane, in each of its legs.
    pub control_plane: ControlPlanePlan,
    /// These pools, one after another, in each leg of the workers.
    pub pools: Vec<Pool>,
    /// How nodes are drained.
    pub drain: DrainOptions,
    /// An explicit runbook instead of control plane and pools; empty: none.
    pub steps: Vec<Step>,
}

/// A part of the way: the control plane makes one hop, or all workers are upgraded once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leg {
    /// Who goes.
    pub part: Part,
    /// The version to reach; `None`: versions stay.
    pub version: Option<KubeVersion>,
}

/// Who goes in a [`Leg`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The nodes of the control plane, one by one.
    ControlPlane,
    /// The nodes of the pools.
    Workers,
}

/// A command of kubeadm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// `kubeadm upgrade apply`.
    Apply,
    /// `kubeadm upgrade node`, which goes to the version that `apply` has written into the cluster.
    Node,
}

/// How kubeadm is called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KubeadmOptions {
    /// The version of its package; `None`: that of each hop, as the documentation says.
    pub version: Option<KubeVersion>,
    /// `--force`: what is only skippable does not stop it (K-5b … K-8).
    pub force: bool,
    /// `--allow-experimental-upgrades` (K-7).
    pub allow_experimental: bool,
    /// `--allow-release-candidate-upgrades` (K-7).
    pub allow_release_candidates: bool,
}

/// What happens to the control plane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControlPlanePlan {
    /// Whether `kubeadm upgrade` runs on the control-plane nodes, one by one. False: the plan does not touch them.
    pub upgrade: bool,
    /// Whether each is drained before its kubelet is upgraded.
    pub drain: bool,
    /// Whether the drain comes before `kubeadm upgrade` (K-9) instead of after it.
    pub drain_before_apply: bool,
    /// `--certificate-renewal`.
    pub renew_certificates: bool,
    /// The order of its nodes; empty: as [`ControlPlane::nodes`](super::ControlPlane::nodes) has them.
    pub order: Vec<NodeId>,
    /// Whether kubelets wait until every API server has been upgraded, instead of following their own node's.
    pub kubelets_last: bool,
}

/// Nodes that are upgraded with one strategy.
#[derive(Clone, Debug)]
pub struct Pool {
    /// Its name.
    pub name: String,
    /// Its nodes, not yet ordered.
    pub nodes: Vec<NodeId>,
    /// The nodes that take their places, in the same order, for each round of the workers; empty where
    /// nodes stay ([`Mode::InPlace`]).
    pub successors: Vec<Vec<NodeId>>,
    /// Extra nodes for each round of the workers, as many as [`Strategy::buffer`] says.
    pub spares: Vec<Vec<NodeId>>,
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
    /// Which way percentages of `max_unavailable` are rounded; all others are rounded up.
    pub rounding: Rounding,
    /// At most so many nodes at a time, whatever the other figures allow; `None`: no such limit.
    pub max_at_once: Option<u32>,
    /// Sizes of the batches, the last one for all that follow; empty: as `max_unavailable` and `max_surge` say. Each batch
    /// waits for the one before.
    pub ramp: Vec<IntOrPercent>,
    /// Whether nothing else starts until the first node is done.
    pub first_alone: bool,
    /// So many extra nodes come before the first node is touched, and go after the last one is done; percentages up.
    pub buffer: IntOrPercent,
    /// So many extra nodes for each zone of the pool at least.
    pub buffer_per_zone: u32,
    /// A pause after each batch but the last one.
    pub batch_soak: Span,
    /// A pause after the last node of the pool; [`Mode::BlueGreen`]: before the old nodes are deleted.
    pub pool_soak: Span,
    /// A pause between the end of a drain and what follows it.
    pub post_drain_delay: Span,
    /// The gate must be open so many times in a row …
    pub gate_checks: u32,
    /// … with such a pause between two looks.
    pub gate_interval: Span,
    /// A gate that stays closed for so long ends the plan; `None`: it is waited for.
    pub gate_timeout: Option<Span>,
    /// Whether only nodes are begun of which each pod could be evicted at that instant.
    pub only_evictable: bool,
    /// More nodes that are skipped or quarantined than this end the plan; `None`: however many.
    pub max_blocked_nodes: Option<IntOrPercent>,
    /// When work on a node may begin; `None`: always.
    pub window: Option<Window>,
    /// The most nodes that the pool can have; `None`: no such limit.
    pub max_nodes: Option<u32>,
    /// What happens when a new node is refused because of [`Strategy::max_nodes`].
    pub on_quota: OnQuota,
    /// A new node that does not come is given up after so long; `None`: after the time that it would have taken.
    pub create_timeout: Option<Span>,
    /// What happens when a new node does not come.
    pub on_create_failure: OnCreateFailure,
    /// What becomes of nodes that are being worked on when the plan gives up.
    pub on_abort: OnAbort,
    /// Whether the cluster autoscaler leaves the pool's nodes and those that come for it alone, as long as the pool is worked on.
    pub scale_down_disabled: bool,
    /// When somebody wants the old nodes back, counted from the pool's start ([`Mode::BlueGreen`]).
    pub rollback_after: Option<Span>,
}

impl Default for Strategy {
    /// One node after another, in place.
    fn default() -> Self {
        Self {
            mode: Mode::InPlace,
            max_unavailable: IntOrPercent::Int(1),
            max_surge: IntOrPercent::Int(0),
            premark: Premark::None,
            order: NodeOrder::ByName,
            barrier: false,
            lockstep: false,
            soak: Span::ZERO,
            gate: Gate::Ready,
            reboot: false,
            rounding: Rounding::Up,
            max_at_once: None,
            ramp: Vec::new(),
            first_alone: false,
            buffer: IntOrPercent::Int(0),
            buffer_per_zone: 0,
            batch_soak: Span::ZERO,
            pool_soak: Span::ZERO,
            post_drain_delay: Span::ZERO,
            gate_checks: 1,
            gate_interval: Span::from_secs(1),
            gate_timeout: None,
            only_evictable: false,
            max_blocked_nodes: None,
            window: None,
            max_nodes: None,
            on_quota: OnQuota::Abort,
            create_timeout: None,
            on_create_failure: OnCreateFailure::Abort,
            on_abort: OnAbort::Finish,
            scale_down_disabled: false,
            rollback_after: None,
        }
    }
}

/// Which way percentages are rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    /// Up.
    Up,
    /// Down, to one at least.
    Down,
}

/// Maintenance windows: `open` long, the first one `offset` after the plan's start, then one `every` so often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The time from one window's start to the next one's.
    pub every: Span,
    /// How long each is open.
    pub open: Span,
    /// When the first one opens, counted from the plan's start.
    pub offset: Span,
}

impl Window {
    /// How long it is until work may begin, so long after the plan's start; `None`: it may begin now.
    #[must_use]
    pub fn closed_for(self, elapsed: Span) -> Option<Span> {
        if elapsed < self.offset {
            return Some(self.offset - elapsed);
        }
        let every = self.every.as_micros().max(1);
        let into = Span::from_micros((elapsed - self.offset).as_micros() % every);
        (into >= self.open).then(|| self.every - into)
    }
}

/// What happens when a new node is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnQuota {
    /// The plan ends.
    Abort,
    /// It is asked for again, every minute.
    Retry,
    /// The node goes without: it is drained and deleted first, and its successor comes afterwards.
    GoWithout,
}

/// What happens when a new node does not come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnCreateFailure {
    /// The plan ends.
    Abort,
    /// It is asked for again a minute later.
    Retry,
}

/// What becomes of nodes that are being worked on when the plan gives up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnAbort {
    /// They are upgraded to the end.
    Finish,
    /// What is being done to them is done to its end, and no more: they stay cordoned.
    Stop,
}

/// What is upgraded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The node stays and gets a new kubelet.
    InPlace,
    /// A new node takes its place: before it is drained where the surge allows, otherwise after it is gone.
    Replace,
    /// A whole new pool comes, then all old nodes are cordoned, drained batch by batch, and deleted at the end.
    BlueGreen,
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
    /// One zone after another, the oldest first within a zone; nodes without a zone at the end.
    ByZoneThenAge,
    /// Those with the fewest pods first, as they are when the pool is begun.
    FewestPods,
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
    /// The pause before another try, for [`OnFailure::Retry`] and [`DrainOptions::tries`].
    pub failure_retry_interval: Span,
    /// A drain that fails is tried so many times before [`DrainOptions::on_failure`]; one at least.
    pub tries: u32,
    /// A node that is not drained after so long raises an alert, and nothing else; `None`: none.
    pub alert_after: Option<Span>,
    /// Nodes are labelled when they are cordoned, so that load balancers of Services leave them out (LB-2).
    pub exclude_from_balancers: bool,
    /// Pods with volumes are evicted one after another, each when the volumes of the one before are off the node.
    pub volumes_one_by_one: bool,
    /// The drain is over only when the volumes of the pods that left are off the node.
    pub wait_for_volumes: bool,
    /// Volumes are waited for no longer than this; `None`: no limit.
    pub volume_detach_timeout: Option<Span>,
    /// Pods with the priority of `system-cluster-critical` or more are evicted when all others are gone.
    pub critical_last: bool,
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
            tries: 1,
            alert_after: None,
            exclude_from_balancers: false,
            volumes_one_by_one: false,
            wait_for_volumes: false,
            volume_detach_timeout: None,
            critical_last: false,
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
        /// The nodes, one at least: all are cordoned, then each is drained after the one before (D-4).
        nodes: Vec<NodeId>,
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
        /// The version; `None`: the plan's target.
        version: Option<KubeVersion>,
    },
    /// `kubectl cordon`.
    Cordon(NodeId),
    /// `kubectl uncordon`.
    Uncordon(NodeId),
    /// A pause.
    Sleep(Span),
    /// `kubectl delete pod` for one pod of a workload.
    DeletePod(WorkloadId),
    /// `kubeadm upgrade` on control-plane nodes, on all of them at the same time.
    UpgradeControlPlane {
        /// The nodes.
        nodes: Vec<NodeId>,
        /// The version; `None`: the plan's target.
        version: Option<KubeVersion>,
        /// Which command; `None`: `apply` on the first node that goes to that version, `node` on the others.
        command: Option<Command>,
        /// What the author expects; otherwise the plan fails.
        expect: Expectation,
    },
    /// `kubeadm certs renew all` on a control-plane node, and its static pods started again.
    RenewCertificates(NodeId),
    /// A new machine that joins the cluster.
    CreateNode(NodeId),
    /// `kubectl delete node`.
    DeleteNode(NodeId),
}

impl Plan {
    /// Versions of the control plane on the way, in order.
    pub fn hops(&self) -> impl Iterator<Item = &KubeVersion> {
        let control_plane = self.legs.iter().filter(|leg| leg.part == Part::ControlPlane);
        control_plane.filter_map(|leg| leg.version.as_ref())
    }

    /// Every version that the plan names.
    pub fn versions(&self) -> impl Iterator<Item = &KubeVersion> {
        let legs = self.legs.iter().filter_map(|leg| leg.version.as_ref());
        let steps = self.steps.iter().filter_map(|step| match step {
            Step::UpgradeControlPlane { version, .. } | Step::UpgradeNode { version, .. } => version.as_ref(),
            _ => None,
        });
        legs.chain(steps).chain(&self.target).chain(&self.kubeadm.version)
    }
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
