//! Injected trouble.

use serde::{Deserialize, Serialize};

use crate::ids::{NodeId, WorkloadId};
use crate::units::{Span, Time};

/// Something bad at some moment.
#[derive(Clone, Debug)]
pub struct Fault {
    /// When.
    pub trigger: Trigger,
    /// What.
    pub action: FaultAction,
}

/// When a fault happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// At a time since the start of the plan.
    At(Time),
    /// Some time after the first such moment.
    After {
        /// The moment.
        moment: Moment,
        /// How long after it.
        delay: Span,
    },
}

/// A moment of the run that a fault can wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// The drain of a node starts.
    DrainStarts(NodeId),
    /// The drain of a node has ended.
    DrainEnds(NodeId),
    /// A node has been upgraded.
    NodeUpgraded(NodeId),
    /// A process of a component has stopped.
    ComponentDown(Component),
    /// A component serves again.
    ComponentUp(Component),
}

/// What a fault does.
#[derive(Clone, Debug)]
pub enum FaultAction {
    /// Processes of components stop.
    ComponentDown {
        /// Which ones.
        components: Vec<Component>,
        /// On one control-plane node, or on all of them.
        node: Option<NodeId>,
        /// How.
        mode: StopMode,
        /// Started again so long after a kill, or after the exit that follows a termination; `None`: never.
        duration: Option<Span>,
    },
    /// From now on, new versions of a component do not come up when kubeadm swaps it.
    ComponentBreaks {
        /// Which one.
        component: Component,
        /// On one control-plane node, or on all of them.
        node: Option<NodeId>,
        /// Why not.
        how: BreakMode,
        /// For so long; `None`: for good.
        duration: Option<Span>,
    },
    /// A machine dies, and comes back after the duration if there is one.
    NodeCrash {
        /// Which one.
        target: FaultTarget,
        /// How long it is away.
        duration: Option<Span>,
    },
    /// Somebody deletes a pod of this workload.
    PodDelete(WorkloadId),
    /// A container of this workload exits with an error.
    ContainerCrash(WorkloadId),
    /// A new revision of this workload is rolled out.
    Rollout(WorkloadId),
}

/// Which machine a fault hits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultTarget {
    /// This one.
    Node(NodeId),
    /// The one that hosts most pods of a workload; the first by name among equals.
    Hosting(WorkloadId),
}

/// How a process is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopMode {
    /// SIGKILL.
    Kill,
    /// SIGTERM, and SIGKILL at the end of the grace period.
    Terminate,
}

/// Why a new version of a component does not come up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreakMode {
    /// Its image cannot be had: its pod stays Pending, and kubeadm rolls back after 300 s (K-17).
    NoImage,
    /// It exits as soon as it has started: its pod is Running, so kubeadm goes on.
    Crashes,
}

/// A component of the control plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Component {
    /// etcd.
    #[serde(rename = "etcd")]
    Etcd,
    /// kube-apiserver.
    #[serde(rename = "kube-apiserver")]
    ApiServer,
    /// kube-controller-manager.
    #[serde(rename = "kube-controller-manager")]
    ControllerManager,
    /// kube-scheduler.
    #[serde(rename = "kube-scheduler")]
    Scheduler,
}

impl Component {
    /// All components in the order in which kubeadm upgrades them (O-9).
    pub const ALL: [Self; 4] = [Self::Etcd, Self::ApiServer, Self::ControllerManager, Self::Scheduler];

    /// The component's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Etcd => "etcd",
            Self::ApiServer => "kube-apiserver",
            Self::ControllerManager => "kube-controller-manager",
            Self::Scheduler => "kube-scheduler",
        }
    }
}
