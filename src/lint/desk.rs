//! What several rules want to know, worked out once.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use crate::ids::{BudgetId, IdVec, NodeId, PodId, WorkloadId};
use crate::model::{
    BudgetLimit, DrainOptions, DrainVia, Model, Pace, Part, Plan, PodClass, Pool, Step, Workload, WorkloadKind,
};
use crate::units::{Resources, Span};
use crate::versions::releases::ApiUse;

/// Who breaks the version skew policy: the rule, whether as the newer one, and in words.
pub(super) type Breach = (&'static str, bool, String);

/// The scenario, spread out.
pub(super) struct Desk<'a> {
    pub(super) model: &'a Model,
    pub(super) plan: Option<&'a Plan>,
    pub(super) ending_apis: &'a [ApiUse],
    /// Pods of each workload at the start.
    pods: IdVec<WorkloadId, Vec<PodId>>,
    /// Pods of each node at the start.
    on_node: IdVec<NodeId, Vec<PodId>>,
    /// Whether the plan empties a node.
    drained: IdVec<NodeId, bool>,
    /// Workloads of each budget.
    budgeted: IdVec<BudgetId, Vec<WorkloadId>>,
    /// Worked out by the first rule that asks.
    breaches: OnceCell<Vec<Breach>>,
}

impl<'a> Desk<'a> {
    pub(super) fn new(model: &'a Model, ending_apis: &'a [ApiUse]) -> Self {
        let mut pods: IdVec<WorkloadId, Vec<PodId>> = model.workloads.iter().map(|_| Vec::new()).collect();
        let mut on_node: IdVec<NodeId, Vec<PodId>> = model.nodes.iter().map(|_| Vec::new()).collect();
        for (id, pod) in model.pods.iter_ids() {
            pods[pod.workload].push(id);
            if let Some(node) = pod.node {
                on_node[node].push(id);
            }
        }
        let mut budgeted: IdVec<BudgetId, Vec<WorkloadId>> = model.budgets.iter().map(|_| Vec::new()).collect();
        for (id, workload) in model.workloads.iter_ids() {
            for &budget in &model.classes[workload.class].budgets {
                budgeted[budget].push(id);
            }
        }
        let plan = model.plan.as_ref();
        Self {
            model,
            plan,
            ending_apis,
            pods,
            on_node,
            drained: drained(model, plan),
            budgeted,
            breaches: OnceCell::new(),
        }
    }

    /// Who breaks the version skew policy on the way.
    pub(super) fn breaches(&self, find: fn(&Self) -> Vec<Breach>) -> &[Breach] {
        self.breaches.get_or_init(|| find(self))
    }

    pub(super) fn class(&self, workload: &Workload) -> &'a PodClass {
        &self.model.classes[workload.class]
    }

    /// Workloads whose pods a drain moves or stops, and that want some.
    pub(super) fn drainable(&self) -> impl Iterator<Item = (WorkloadId, &'a Workload)> + '_ {
        let moves = |w: &Workload| !matches!(w.kind, WorkloadKind::DaemonSet | WorkloadKind::StaticPod);
        let all = self.model.workloads.iter_ids();
        all.filter(move |(_, w)| w.desired > 0 && w.arrivals.is_empty() && moves(w))
    }

    /// Workloads with controllers that run all the time: those whose replicas somebody counts on.
    pub(super) fn replicated(&self) -> impl Iterator<Item = (WorkloadId, &'a Workload)> + '_ {
        use WorkloadKind::{Deployment, ReplicaSet, StatefulSet};
        self.drainable()
            .filter(|(_, w)| matches!(w.kind, Deployment | ReplicaSet | StatefulSet))
    }

    /// Whether clients reach it through a Service.
    pub(super) fn served(&self, workload: &Workload) -> bool {
        let services = &self.class(workload).services;
        services.iter().any(|&service| !self.model.services[service].implied)
    }

    /// Nodes where its pods stand at the start.
    pub(super) fn nodes_of(&self, workload: WorkloadId) -> BTreeSet<NodeId> {
        self.pods[workload]
            .iter()
            .filter_map(|&pod| self.model.pods[pod].node)
            .collect()
    }

    pub(super) fn pods_of(&self, workload: WorkloadId) -> &[PodId] {
        &self.pods[workload]
    }

    pub(super) fn pods_on(&self, node: NodeId) -> &[PodId] {
        &self.on_node[node]
    }

    /// Whether the plan empties a node.
    pub(super) fn is_drained(&self, node: NodeId) -> bool {
        self.drained[node]
    }

    /// Whether the plan moves pods of a workload: one of them stands on a node that is drained, or none has a node yet and it
    /// may get one.
    pub(super) fn is_moved(&self, id: WorkloadId) -> bool {
        let nodes = self.nodes_of(id);
        if nodes.is_empty() {
            let class = &self.model.classes[self.model.workloads[id].class];
            return self.usable(class).any(|node| self.is_drained(node));
        }
        nodes.into_iter().any(|node| self.is_drained(node))
    }

    /// Nodes that its pods may be scheduled to, whatever is on them.
    pub(super) fn usable(&self, class: &'a PodClass) -> impl Iterator<Item = NodeId> + '_ {
        let fits = move |node: &crate::model::Node| {
            let hard = |t: &&crate::model::Taint| t.effect != crate::model::TaintEffect::PreferNoSchedule;
            !node.planned && class.selects(node) && node.taints.iter().filter(hard).all(|t| class.tolerates(t))
        };
        let all = self.model.nodes.iter_ids();
        all.filter(move |(_, node)| fits(node)).map(|(id, _)| id)
    }

    /// Workloads that a budget selects.
    pub(super) fn budgeted(&self, budget: BudgetId) -> &[WorkloadId] {
        &self.budgeted[budget]
    }

    /// Pods that a budget counts, and how many of them it lets go when all are healthy (P-1).
    pub(super) fn allowed(&self, budget: BudgetId) -> (u32, u32) {
        let counted = self.budgeted[budget].iter().map(|&w| self.model.workloads[w].desired);
        let expected = counted.fold(0, u32::saturating_add);
        let allowed = match self.model.budgets[budget].limit {
            BudgetLimit::MinAvailable(min) => expected.saturating_sub(min.round_up(expected)),
            BudgetLimit::MaxUnavailable(max) => max.round_up(expected).min(expected),
        };
        (expected, allowed)
    }

    /// The pools of the plan with their pace; none where it has explicit steps.
    pub(super) fn pools(&self) -> impl Iterator<Item = (&'a Pool, Pace)> {
        let pools = self
            .plan
            .filter(|plan| plan.steps.is_empty())
            .map_or(&[][..], |plan| &plan.pools);
        pools
            .iter()
            .map(|pool| (pool, Pace::of(&pool.strategy, pool.nodes.len())))
    }

    /// Every drain of the plan: its flags and its nodes.
    pub(super) fn drains(&self) -> Vec<(&'a DrainOptions, Vec<NodeId>)> {
        let Some(plan) = self.plan else { return Vec::new() };
        if plan.steps.is_empty() {
            let all = self.model.nodes.ids().filter(|&node| self.is_drained(node));
            return vec![(&plan.drain, all.collect())];
        }
        let drains = plan.steps.iter().filter_map(|step| match step {
            Step::Drain { nodes, options, .. } => Some((options, nodes.clone())),
            _ => None,
        });
        drains.collect()
    }

    /// What the pods of a node ask for, without those that go with it.
    pub(super) fn moving(&self, node: NodeId) -> impl Iterator<Item = &'a PodClass> + '_ {
        let stays = |kind| matches!(kind, WorkloadKind::DaemonSet | WorkloadKind::StaticPod);
        let pods = self.on_node[node].iter().map(|&pod| &self.model.pods[pod]);
        let moving = pods.filter(move |pod| !stays(self.model.workloads[pod.workload].kind));
        moving.map(|pod| &self.model.classes[pod.class])
    }

    /// What is free on a node at the start.
    pub(super) fn free(&self, node: NodeId) -> Resources {
        let mut free = self.model.nodes[node].allocatable;
        for &pod in &self.on_node[node] {
            let asked = self.model.classes[self.model.pods[pod].class].requests;
            free = minus(free, asked);
        }
        free
    }

    /// How often the plan goes through its workers.
    pub(super) fn rounds(&self) -> usize {
        let legs = self.plan.map_or(&[][..], |plan| &plan.legs);
        legs.iter().filter(|leg| leg.part == Part::Workers).count()
    }

    /// `namespace/name`
    pub(super) fn name(&self, workload: WorkloadId) -> String {
        self.model.workload_name(workload)
    }

    /// How long its pods may take to stop.
    pub(super) fn shutdown(&self, workload: &Workload) -> Span {
        let dist = workload.shutdown.as_ref().unwrap_or(&self.model.timings.pod_shutdown);
        dist.median()
    }
}

/// What is left of resources, never below nothing.
pub(super) const fn minus(have: Resources, less: Resources) -> Resources {
    Resources {
        cpu: have.cpu.saturating_sub(less.cpu),
        memory: have.memory.saturating_sub(less.memory),
        storage: have.storage.saturating_sub(less.storage),
    }
}

fn drained(model: &Model, plan: Option<&Plan>) -> IdVec<NodeId, bool> {
    let mut drained: IdVec<NodeId, bool> = model.nodes.iter().map(|_| false).collect();
    let Some(plan) = plan else { return drained };
    for step in &plan.steps {
        if let Step::Drain { nodes, .. } = step {
            for &node in nodes {
                drained[node] = true;
            }
        }
    }
    if plan.steps.is_empty() && plan.drain.via != DrainVia::None {
        if plan.control_plane.upgrade && plan.control_plane.drain {
            for &node in &model.control_plane.nodes {
                drained[node] = true;
            }
        }
        for &node in plan.pools.iter().flat_map(|pool| &pool.nodes) {
            drained[node] = true;
        }
    }
    drained
}

/// `1 pod`, `2 pods`.
pub(super) fn count(n: usize, noun: &str) -> String {
    if n == 1 {
        format!("1 {noun}")
    } else {
        format!("{n} {noun}s")
    }
}

/// A few names, and that there are more.
pub(super) fn some<S: AsRef<str>>(names: &[S]) -> String {
    let shown: Vec<&str> = names.iter().take(3).map(AsRef::as_ref).collect();
    let more = names.len().saturating_sub(shown.len());
    let shown = shown.join(", ");
    if more > 0 {
        format!("{shown} and {more} more")
    } else {
        shown
    }
}
