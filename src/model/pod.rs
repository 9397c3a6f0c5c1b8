//! Pods and their templates.

use super::{Node, Placement, Taint, TaintEffect};
use crate::ids::{BudgetId, ClassId, NodeId, ReplicaSetId, ServiceId, VolumeId, WebhookId, WorkloadId};
use crate::units::{Resources, Span};

/// What pods of one template have in common, with selectors already resolved.
#[derive(Clone, Debug)]
pub struct PodClass {
    /// The workload whose template this is; of pods that nobody owns and that are alike, the first.
    pub workload: WorkloadId,
    /// What the containers request together.
    pub requests: Resources,
    /// The same for scoring: containers without a request count as 100 m and 200 MiB (S-16).
    pub nonzero: Resources,
    /// Higher goes first in the scheduler's queue.
    pub priority: i32,
    /// Host ports, as `(port, protocol)` with protocol 0 = TCP, 1 = UDP, 2 = SCTP.
    pub host_ports: Vec<(u16, u8)>,
    /// `nodeSelector`, all of which must match.
    pub node_selector: Vec<(String, String)>,
    /// Tolerations, without the default ones.
    pub tolerations: Vec<Toleration>,
    /// How long a pod stays on an unreachable or not-ready node (N-6); `None`: for ever.
    pub unreachable_seconds: Option<Span>,
    /// Whether there is an emptyDir volume (drain filter 4, D-7).
    pub empty_dir: bool,
    /// `terminationGracePeriodSeconds`.
    pub grace: Span,
    /// The first readiness probe, if there is one (L-6, L-18).
    pub readiness: Option<Probe>,
    /// The first startup probe, if there is one (L-6).
    pub startup_probe: Option<Probe>,
    /// Init containers that must end before the containers start (sidecars do not count).
    pub init_containers: u32,
    /// How long the preStop hook takes (L-10).
    pub pre_stop: Span,
    /// What happens when a container exits.
    pub restart: RestartPolicy,
    /// The budgets whose selectors match.
    pub budgets: Vec<BudgetId>,
    /// The services whose selectors match.
    pub services: Vec<ServiceId>,
    /// Webhooks without which no pod is created.
    pub webhooks: Vec<WebhookId>,
    /// Whether these pods may push others off a node (`preemptionPolicy`).
    pub preempts: bool,
    /// Affinities and spreading, where there are any.
    pub placement: Option<Box<Placement>>,
    /// Whether some class's affinity or spread constraint counts these pods.
    pub counted: bool,
    /// The volumes that all pods of the class share.
    pub volumes: Vec<VolumeId>,
}

impl PodClass {
    /// Whether a taint keeps these pods from being scheduled or running.
    #[must_use]
    pub fn tolerates(&self, taint: &Taint) -> bool {
        self.tolerations.iter().any(|t| t.tolerates(taint))
    }

    /// Whether `nodeSelector` and required node affinity match a node.
    #[must_use]
    pub fn selects(&self, node: &Node) -> bool {
        self.node_selector.iter().all(|(k, v)| node.label(k) == Some(v))
            && self
                .required_nodes()
                .is_none_or(|terms| terms.iter().any(|t| t.matches(node)))
    }

    /// Whether every node would do.
    #[must_use]
    pub fn selects_all(&self) -> bool {
        self.node_selector.is_empty() && self.required_nodes().is_none()
    }

    fn required_nodes(&self) -> Option<&Vec<super::NodeTerm>> {
        self.placement.as_ref().and_then(|p| p.nodes.as_ref())
    }
}

/// A probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Probe {
    /// `initialDelaySeconds`.
    pub initial_delay: Span,
    /// `periodSeconds`, more than zero.
    pub period: Span,
    /// `successThreshold`.
    pub successes: u32,
}

/// What happens when a container exits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RestartPolicy {
    /// It is restarted.
    Always,
    /// It is restarted after a failure.
    OnFailure,
    /// The pod ends.
    Never,
}

/// A toleration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Toleration {
    /// The key; `None` tolerates every key.
    pub key: Option<String>,
    /// The value that must be equal; `None` for the operator `Exists`.
    pub value: Option<String>,
    /// The effect; `None` tolerates every effect.
    pub effect: Option<TaintEffect>,
}

impl Toleration {
    /// Whether this toleration covers a taint.
    #[must_use]
    pub fn tolerates(&self, taint: &Taint) -> bool {
        self.key.as_ref().is_none_or(|key| *key == taint.key)
            && self.value.as_ref().is_none_or(|value| *value == taint.value)
            && self.effect.is_none_or(|effect| effect == taint.effect)
    }
}

/// A pod that exists at the start.
#[derive(Clone, Debug)]
pub struct Pod {
    /// Its name without the namespace, which is its workload's.
    pub name: String,
    /// Whose it is.
    pub workload: WorkloadId,
    /// What it is made from.
    pub class: ClassId,
    /// Which member of its StatefulSet it is, counted from 0.
    pub ordinal: Option<u32>,
    /// The ReplicaSet that owns it, if one does.
    pub replica_set: Option<ReplicaSetId>,
    /// Where it runs; `None`: not scheduled yet.
    pub node: Option<NodeId>,
    /// Whether its containers run; a pod with a node that does not run is being started.
    pub running: bool,
    /// Whether it is ready.
    pub ready: bool,
    /// Whether it is being deleted.
    pub terminating: bool,
}
