//! The one copy of the API's state. Reading is free; every change goes through `write/`, which asks the gate.

use std::collections::VecDeque;

use super::balancer::Balancers;
use super::gate::Gate;
use super::spreading::Spreading;
use super::{admission, job};
use crate::ids::{
    BudgetId, ClassId, DrainId, FactId, IdVec, NodeId, PodId, ReplicaSetId, ServiceId, VolumeId, WorkloadId,
};
use crate::model::{BudgetLimit, EXCLUDE_LABEL, Model, RolloutStrategy, WorkloadKind, behaviour};
use crate::rng::Streams;
use crate::trace::{LifecycleTaint, VersionId};
use crate::units::{IntOrPercent, KubeVersion, Resources, Span, Time};

/// A pod's object.
#[derive(Clone, Debug)]
pub(crate) struct Pod {
    pub(crate) class: ClassId,
    pub(crate) workload: WorkloadId,
    pub(crate) replica_set: Option<ReplicaSetId>,
    pub(crate) node: Option<NodeId>,
    /// Where the scheduler counts it: bound or assumed (S-9).
    pub(crate) placed: Option<NodeId>,
    /// The replica that it stands for.
    pub(crate) slot: u32,
    /// The how-manieth pod of its workload it is: names its random streams, the same under every plan.
    pub(crate) ordinal: u32,
    /// The revision of its template.
    pub(crate) revision: u32,
    /// Where it stands in its ReplicaSet's list.
    pub(crate) place: u32,
    pub(crate) created: Time,
    pub(crate) ready_since: Time,
    /// A grace period that somebody asked for when deleting it; [`Span::LONGEST`]: its own.
    pub(crate) grace: Span,
    /// The drain that waits for it to go, and its number there.
    pub(crate) awaited_by: Option<(DrainId, u32)>,
    pub(crate) exists: bool,
    /// Phase Running, as opposed to Pending.
    pub(crate) running: bool,
    pub(crate) ready: bool,
    pub(crate) terminating: bool,
    /// Deleted by the scheduler to make room.
    pub(crate) preempted: bool,
    /// Listed as ready in the endpoint slices.
    pub(crate) listed: bool,
    /// Phase Succeeded or Failed.
    pub(crate) finished: bool,
    /// It runs but never becomes ready.
    pub(crate) never_ready: bool,
}

/// A node's object, with what the scheduler adds up.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    /// Whether there is a Node object.
    pub(crate) exists: bool,
    pub(crate) unschedulable: bool,
    /// Labelled so that load balancers of Services leave it out (LB-2).
    pub(crate) excluded: bool,
    pub(crate) ready: bool,
    pub(crate) taints: Taints,
    /// Of its kubelet.
    pub(crate) version: VersionId,
    pub(crate) used: Resources,
    pub(crate) nonzero: Resources,
    pub(crate) ports: Vec<(u16, u8)>,
    /// Pods bound or assumed.
    pub(crate) taken: u32,
    /// Pods bound to it, terminating ones too (S-9).
    pub(crate) pods: Vec<PodId>,
    /// How many of them are terminating.
    pub(crate) terminating: u32,
}

/// The Node objects of a zone.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Zone {
    pub(crate) size: usize,
    pub(crate) not_ready: usize,
}

/// The taints of the node lifecycle controller, as a set of bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Taints(u8);

impl Taints {
    pub(crate) const fn has(self, taint: LifecycleTaint) -> bool {
        self.0 & (1 << taint as u8) != 0
    }

    /// Adds or removes; whether that changed anything.
    pub(crate) fn set(&mut self, taint: LifecycleTaint, on: bool) -> bool {
        let before = self.0;
        if on {
            self.0 |= 1 << taint as u8;
        } else {
            self.0 &= !(1 << taint as u8);
        }
        before != self.0
    }

    pub(crate) const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// A ReplicaSet's object.
#[derive(Clone, Debug)]
pub(crate) struct ReplicaSet {
    pub(crate) workload: WorkloadId,
    pub(crate) desired: u32,
    pub(crate) revision: u32,
    /// Pods that exist, terminating ones too, in no particular order.
    pub(crate) pods: Vec<PodId>,
    /// Pods without deletion timestamp (W-1).
    pub(crate) active: u32,
    /// Pods no longer active whose controller has yet to see it.
    pub(crate) unseen: u32,
    /// Ready ones among the active.
    pub(crate) ready: u32,
}

/// What the store keeps about a workload beside its ReplicaSets.
#[derive(Clone, Debug)]
pub(crate) struct Workload {
    /// As in the model, as is its class: here they are at hand with what goes by them.
    pub(crate) kind: WorkloadKind,
    pub(crate) class: ClassId,
    /// How many pods it should have.
    pub(crate) desired: u32,
    /// How many pods it ever had.
    pub(crate) created: u32,
    /// Pods that are ready and not being deleted.
    pub(crate) ready: u32,
    /// Its ReplicaSets, the newest last.
    pub(crate) replica_sets: Vec<ReplicaSetId>,
    /// The revision of its template.
    pub(crate) revision: u32,
    /// Slots that lost their pod, the longest vacant first, with the fact that vacated them.
    pub(crate) vacant: VecDeque<(u32, Option<FactId>)>,
    /// Slots handed out so far.
    pub(crate) slots: u32,
    /// The pod that has each name, terminating or not: a DaemonSet's by node, a StatefulSet's by ordinal.
    pub(crate) members: Vec<Option<PodId>>,
    /// What a Job has come to.
    pub(crate) job: job::State,
    /// A rollout is going on.
    pub(crate) rolling: bool,
    /// So many more of the pods at the start never become ready; [`u32::MAX`]: no pod ever does.
    pub(crate) never_ready: u32,
}

/// A budget's status.
#[derive(Clone, Debug)]
pub(crate) struct Budget {
    /// Pods that are ready and not being deleted, counted as they change; the controller copies it into the status.
    pub(crate) healthy: u32,
    /// Pods that match.
    pub(crate) matching: u32,
    /// `status.currentHealthy`.
    pub(crate) current_healthy: u32,
    /// `status.desiredHealthy`.
    pub(crate) desired_healthy: u32,
    /// `status.disruptionsAllowed`.
    pub(crate) allowed: u32,
    /// Changes with every write of the status: the resource version.
    pub(crate) version: u32,
    /// Workloads whose pods match.
    pub(crate) workloads: Vec<WorkloadId>,
    /// The controller has been told to look.
    pub(crate) queued: bool,
}

/// The state of the API.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    pub(crate) gate: Gate,
    pub(crate) pods: IdVec<PodId, Pod>,
    pub(crate) nodes: IdVec<NodeId, Node>,
    pub(crate) replica_sets: IdVec<ReplicaSetId, ReplicaSet>,
    /// How often the ReplicaSet controller has listed its pods: what was on its way to an old process is not news to a new one.
    pub(crate) replica_set_lists: u16,
    pub(crate) workloads: IdVec<WorkloadId, Workload>,
    pub(crate) budgets: IdVec<BudgetId, Budget>,
    /// The pods, bound or assumed, of the classes that somebody's affinity or spread constraint counts.
    pub(crate) placed: IdVec<ClassId, Vec<(PodId, NodeId)>>,
    /// Where the pods of each ReplicaSet are, for the scheduler.
    pub(crate) spreading: Spreading,
    /// `status.nominatedNodeName` of pods that wait for room (S-21).
    pub(crate) nominated: Vec<(PodId, NodeId)>,
    /// Where volumes are.
    pub(crate) volumes: IdVec<VolumeId, super::volumes::State>,
    /// Ready replicas that are missing, over all workloads that somebody keeps up.
    pub(crate) missing: u64,
    /// Pods that came during the run and do not run yet.
    pub(crate) arriving: u32,
    /// Pods with a deletion timestamp whose objects exist.
    pub(crate) terminating: u32,
    /// Workloads in the middle of a rollout.
    pub(crate) rollouts: u32,
    /// Node objects.
    pub(crate) present: usize,
    /// The same by zone; the last one is that of nodes without a zone.
    pub(crate) zones: Vec<Zone>,
    /// Ready addresses of each Service.
    pub(crate) addresses: IdVec<ServiceId, u32>,
    /// What load balancers of Services know of nodes.
    pub(crate) balancers: Balancers,
    /// What webhooks make of new pods.
    pub(crate) admission: IdVec<WorkloadId, admission::State>,
    /// The DaemonSet of kube-proxy, where the input has it.
    pub(crate) kube_proxy: Option<WorkloadId>,
    /// Versions of kube-proxy by the revision of its DaemonSet, beginning with the first that was rolled out.
    pub(crate) proxies: Vec<(u32, VersionId)>,
    /// Kubelets that cannot read Services.
    pub(crate) blind: u32,
}

impl Store {
    /// The state before any pod exists.
    pub(crate) fn new(model: &Model, streams: &Streams, versions: &[KubeVersion]) -> Self {
        let mut store = Self {
            gate: Gate::default(),
            pods: IdVec::new(),
            nodes: model
                .nodes
                .iter()
                .map(|n| Node::of(n, model.version.minor(), versions))
                .collect(),
            replica_sets: model.replica_sets.iter().map(ReplicaSet::of).collect(),
            replica_set_lists: 0,
            workloads: model
                .workloads
                .iter()
                .map(|w| Workload::of(w, model.nodes.len()))
                .collect(),
            budgets: budgets(model),
            placed: model.classes.iter().map(|_| Vec::new()).collect(),
            spreading: Spreading::new(model),
            nominated: Vec::new(),
            volumes: model.volumes.iter().map(|_| super::volumes::State::default()).collect(),
            missing: 0,
            arriving: 0,
            terminating: 0,
            rollouts: 0,
            balancers: Balancers::new(model, streams),
            addresses: model.services.iter().map(|_| 0).collect(),
            admission: model.workloads.iter().map(|_| admission::State::default()).collect(),
            present: model.nodes.iter().filter(|n| !n.planned).count(),
            kube_proxy: kube_proxy(model),
            proxies: Vec::new(),
            blind: 0,
            zones: vec![Zone::default(); model.zones.len() + 1],
        };
        for node in model.nodes.ids() {
            store.tally(model, node, true);
        }
        for (id, rs) in model.replica_sets.iter_ids() {
            store.workloads[rs.workload].replica_sets.push(id);
        }
        for workload in store.workloads.iter_mut() {
            let sets = &store.replica_sets;
            workload.replica_sets.sort_by_key(|&rs| sets[rs].revision);
            workload.revision = workload.replica_sets.last().map_or(0, |&rs| sets[rs].revision);
        }
        store.missing = store.workloads.iter().map(Workload::missing).sum();
        store
    }

    /// What a budget asks for and would allow now (P-9, P-12): `(desired healthy, allowed)`.
    pub(crate) fn budget_status(&self, model: &Model, id: BudgetId) -> (u32, u32) {
        let budget = &self.budgets[id];
        let (mut scale, mut meets_bare, mut meets_scaleless) = (0, false, false);
        for &w in &budget.workloads {
            let kind = self.workloads[w].kind;
            if matches!(kind, WorkloadKind::Pod | WorkloadKind::StaticPod) {
                // A pod that nobody owns has no scale (P-10).
                meets_bare |= self.alive(w);
            } else if self.workloads[w].created > 0 {
                scale += self.workloads[w].desired;
                // Jobs and DaemonSets have no scale either, and that is an error in every version.
                meets_scaleless |= matches!(kind, WorkloadKind::Job | WorkloadKind::DaemonSet);
            }
        }
        let (expected, desired) = match model.budgets[id].limit {
            BudgetLimit::MinAvailable(IntOrPercent::Int(min)) => (budget.matching, min),
            BudgetLimit::MinAvailable(percent) => (scale, percent.round_up(scale)),
            BudgetLimit::MaxUnavailable(max) => (scale, scale.saturating_sub(max.round_up(scale))),
        };
        let counts_pods = matches!(model.budgets[id].limit, BudgetLimit::MinAvailable(IntOrPercent::Int(_)));
        let ignores_bare = behaviour::controller_manager::ignores_unmanaged_pods(self.gate.minors.controller_manager);
        let fails = !counts_pods && (meets_scaleless || meets_bare && !ignores_bare);
        let allowed = if expected == 0 || fails {
            0
        } else {
            budget.healthy.saturating_sub(desired)
        };
        (desired, allowed)
    }

    /// Where the zone of a node stands among [`Store::zones`].
    pub(crate) fn zone_of(model: &Model, node: NodeId) -> usize {
        model.nodes[node].zone.map_or(model.zones.len(), |zone| zone as usize)
    }

    /// Counts a node in its zone as it is, or takes back that it was counted so.
    pub(crate) fn tally(&mut self, model: &Model, node: NodeId, counts: bool) {
        let (zone, node) = (&mut self.zones[Self::zone_of(model, node)], &self.nodes[node]);
        if node.exists {
            let not_ready = usize::from(!node.ready);
            if counts {
                zone.size += 1;
                zone.not_ready += not_ready;
            } else {
                zone.size -= 1;
                zone.not_ready -= not_ready;
            }
        }
    }

    /// A rollout begins or ends.
    pub(crate) fn set_rolling(&mut self, workload: WorkloadId, rolling: bool) {
        if std::mem::replace(&mut self.workloads[workload].rolling, rolling) != rolling {
            self.rollouts = if rolling { self.rollouts + 1 } else { self.rollouts - 1 };
        }
    }

    /// Whether a workload that is a single pod is still there.
    fn alive(&self, workload: WorkloadId) -> bool {
        let workload = &self.workloads[workload];
        workload.vacant.len() < workload.slots as usize
    }

    /// Whether a pod counts as healthy and present: ready, and not being deleted.
    pub(crate) fn counts(&self, pod: PodId) -> bool {
        let pod = &self.pods[pod];
        pod.exists && pod.ready && !pod.terminating
    }
}

impl Node {
    fn of(node: &crate::model::Node, minor: u32, versions: &[KubeVersion]) -> Self {
        // Until kubeadm labels them.
        let by_role = node.control_plane && behaviour::cloud_controller_manager::looks_at_roles(minor);
        let mut taints = Taints::default();
        taints.set(LifecycleTaint::Unschedulable, node.unschedulable);
        Self {
            exists: !node.planned,
            unschedulable: node.unschedulable,
            excluded: by_role || node.label(EXCLUDE_LABEL).is_some(),
            ready: !node.planned,
            taints,
            version: VersionId::among(versions, &node.version),
            used: Resources::default(),
            nonzero: Resources::default(),
            ports: Vec::new(),
            taken: 0,
            // Room for those that nodes usually have, so that none is made in the middle of a run.
            pods: Vec::with_capacity(node.pod_slots.min(64) as usize),
            terminating: 0,
        }
    }
}

impl ReplicaSet {
    fn of(rs: &crate::model::ReplicaSet) -> Self {
        Self {
            workload: rs.workload,
            desired: rs.desired,
            revision: rs.revision,
            pods: Vec::new(),
            active: 0,
            unseen: 0,
            ready: 0,
        }
    }
}

impl Workload {
    fn of(workload: &crate::model::Workload, nodes: usize) -> Self {
        use crate::model::{NeverReady, WorkloadKind};
        let per_node = workload.kind == WorkloadKind::DaemonSet;
        let job = job::State::of(workload);
        Self {
            kind: workload.kind,
            class: workload.class,
            desired: if per_node || job.absent { 0 } else { workload.desired },
            created: 0,
            ready: 0,
            replica_sets: Vec::new(),
            revision: 0,
            vacant: VecDeque::new(),
            slots: 0,
            members: if per_node { vec![None; nodes] } else { Vec::new() },
            job,
            rolling: false,
            never_ready: match workload.never_ready {
                NeverReady::Count(n) => n,
                NeverReady::All => u32::MAX,
            },
        }
    }
}

impl Workload {
    /// Ready replicas that it lacks, as far as somebody keeps it up.
    pub(crate) fn missing(&self) -> u64 {
        use WorkloadKind::{DaemonSet, Deployment, Job, Pod, ReplicaSet, StatefulSet, StaticPod, Unmodelled};
        match self.kind {
            Deployment | ReplicaSet | StatefulSet | DaemonSet | Job => {
                u64::from(self.desired.saturating_sub(self.ready))
            }
            Pod | StaticPod | Unmodelled => 0,
        }
    }
}

fn kube_proxy(model: &Model) -> Option<WorkloadId> {
    let found = |w: &crate::model::Workload| {
        w.kind == WorkloadKind::DaemonSet && w.name == "kube-proxy" && w.namespace == "kube-system"
    };
    let mut workloads = model.workloads.iter_ids();
    workloads.find(|(_, workload)| found(workload)).map(|(id, _)| id)
}

/// The budgets, with the workloads that they match.
fn budgets(model: &Model) -> IdVec<BudgetId, Budget> {
    let empty = Budget {
        healthy: 0,
        matching: 0,
        current_healthy: 0,
        desired_healthy: 0,
        allowed: 0,
        version: 0,
        workloads: Vec::new(),
        queued: false,
    };
    let mut budgets: IdVec<BudgetId, Budget> = model.budgets.iter().map(|_| empty.clone()).collect();
    for (id, workload) in model.workloads.iter_ids() {
        for &budget in &model.classes[workload.class].budgets {
            if budgets[budget].workloads.last() != Some(&id) {
                budgets[budget].workloads.push(id);
            }
        }
    }
    budgets
}

/// How far a Deployment may go above and below its desired count (W-10).
pub(crate) fn rollout_bounds(strategy: RolloutStrategy, desired: u32) -> (u32, u32) {
    match strategy {
        RolloutStrategy::RollingUpdate {
            max_surge,
            max_unavailable,
        } => {
            let surge = max_surge.round_up(desired);
            let unavailable = max_unavailable.round_down(desired).min(desired);
            if surge == 0 && unavailable == 0 {
                (0, 1)
            } else {
                (surge, unavailable)
            }
        }
        RolloutStrategy::Recreate | RolloutStrategy::Partition(_) | RolloutStrategy::OnDelete => (0, desired),
    }
}
