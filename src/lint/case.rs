//! What several rules ask of a cluster and its plan, worked out once.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use super::room::{Squeeze, squeezes};
use super::{Object, Traits};
use crate::ids::{BudgetId, IdVec, NodeId, WorkloadId};
use crate::model::{
    BudgetLimit, DrainOptions, DrainVia, Mode, Model, NeverReady, Pace, Part, PodClass, Pool, Step, Workload,
    WorkloadKind,
};
use crate::units::{IntOrPercent, Span};

/// A cluster, its plan, and what follows from both.
pub(super) struct Case<'a> {
    pub(super) model: &'a Model,
    pub(super) traits: &'a Traits,
    /// Whether pods are driven off a node; without a plan those of every worker are.
    pub(super) drained: IdVec<NodeId, bool>,
    pub(super) pools: Vec<PoolView<'a>>,
    /// Where pods of each workload run.
    pub(super) placed: IdVec<WorkloadId, Placed>,
    pub(super) budgets: IdVec<BudgetId, BudgetView>,
    squeezes: OnceCell<Vec<Squeeze>>,
}

/// A pool of the plan and how it goes.
pub(super) struct PoolView<'a> {
    pub(super) index: usize,
    pub(super) pool: &'a Pool,
    /// Nodes that are without pods at the same time, at most.
    pub(super) at_once: usize,
    /// Nodes that come before others go, at most.
    pub(super) surge: usize,
}

/// Where pods of a workload run.
#[derive(Clone, Debug, Default)]
pub(super) struct Placed {
    pub(super) pods: u32,
    pub(super) ready: u32,
    pub(super) nodes: BTreeMap<NodeId, u32>,
}

/// What a budget comes to.
#[derive(Clone, Debug, Default)]
pub(super) struct BudgetView {
    pub(super) workloads: Vec<WorkloadId>,
    /// Pods that there should be.
    pub(super) expected: u32,
    /// Pods that must be healthy.
    pub(super) wanted: u32,
    /// Pods that are healthy now.
    pub(super) healthy: u32,
}

impl BudgetView {
    /// Pods that may be evicted when all are healthy.
    pub(super) const fn allowed(&self) -> u32 {
        self.expected.saturating_sub(self.wanted)
    }
}

impl<'a> Case<'a> {
    pub(super) fn new(model: &'a Model, traits: &'a Traits) -> Self {
        let mut case = Self {
            model,
            traits,
            drained: drained(model),
            pools: pools(model),
            placed: placed(model),
            budgets: IdVec::new(),
            squeezes: OnceCell::new(),
        };
        case.budgets = case.budgets();
        case
    }

    fn budgets(&self) -> IdVec<BudgetId, BudgetView> {
        let mut views: IdVec<BudgetId, BudgetView> = self.model.budgets.iter().map(|_| BudgetView::default()).collect();
        for (id, workload) in self.model.workloads.iter_ids() {
            for &budget in &self.model.classes[workload.class].budgets {
                let view = &mut views[budget];
                view.workloads.push(id);
                view.expected = view.expected.saturating_add(workload.desired);
                view.healthy = view.healthy.saturating_add(self.healthy(id));
            }
        }
        for (id, view) in self.model.budgets.iter_ids() {
            let total = views[id].expected;
            views[id].wanted = match view.limit {
                BudgetLimit::MinAvailable(IntOrPercent::Int(least)) => least,
                BudgetLimit::MinAvailable(share) => share.round_up(total),
                BudgetLimit::MaxUnavailable(share) => total.saturating_sub(share.round_up(total)),
            };
        }
        views
    }

    /// Pods of a workload that are healthy now; where the input has none, those that will be at the start.
    pub(super) fn healthy(&self, id: WorkloadId) -> u32 {
        let workload = &self.model.workloads[id];
        match (workload.never_ready, &self.placed[id]) {
            (NeverReady::All, _) => 0,
            (NeverReady::Count(sick), placed) if placed.pods == 0 => workload.desired.saturating_sub(sick),
            (NeverReady::Count(sick), placed) => placed.ready.min(placed.pods.saturating_sub(sick)),
        }
    }

    pub(super) fn class(&self, id: WorkloadId) -> &'a PodClass {
        &self.model.classes[self.model.workloads[id].class]
    }

    /// Workloads whose pods are recreated elsewhere and that the plan drives off a node.
    pub(super) fn moved(&self) -> impl Iterator<Item = (WorkloadId, &'a Workload)> + '_ {
        let all = self.model.workloads.iter_ids();
        all.filter(|(id, workload)| replicated(workload.kind) && workload.desired > 0 && self.touches(*id))
    }

    /// Whether the plan drives pods of a workload off a node.
    pub(super) fn touches(&self, id: WorkloadId) -> bool {
        let placed = &self.placed[id];
        if placed.nodes.is_empty() {
            let class = self.class(id);
            let mut nodes = self.model.nodes.iter_ids();
            return placed.pods == 0 && nodes.any(|(node, n)| self.drained[node] && class.selects(n));
        }
        placed.nodes.keys().any(|&node| self.drained[node])
    }

    /// Nodes that are there at the start and take new pods of a class.
    pub(super) fn hosts(&self, class: &'a PodClass) -> impl Iterator<Item = NodeId> + '_ {
        let all = self.model.nodes.iter_ids().filter(|(_, node)| !node.planned);
        all.filter(move |(_, node)| takes(class, node)).map(|(id, _)| id)
    }

    /// How the plan drains: once for the plan, or for each step.
    pub(super) fn drains(&self) -> Vec<(String, &'a DrainOptions)> {
        let Some(plan) = &self.model.plan else {
            return Vec::new();
        };
        if plan.steps.is_empty() {
            return vec![("spec.drain".to_owned(), &plan.drain)];
        }
        let steps = plan.steps.iter().enumerate();
        steps
            .filter_map(|(i, step)| match step {
                Step::Drain { options, .. } => Some((format!("spec.steps.{i}.drain"), options)),
                _ => None,
            })
            .collect()
    }

    /// The first way of draining that fits, and where it is written.
    pub(super) fn drain(&self, fits: impl Fn(&DrainOptions) -> bool) -> Option<(String, &'a DrainOptions)> {
        let drives = |options: &DrainOptions| options.via != DrainVia::None && fits(options);
        self.drains().into_iter().find(|(_, options)| drives(options))
    }

    /// Nodes that are without pods at the same time, at most.
    pub(super) fn at_once(&self) -> usize {
        self.pools.iter().map(|p| p.at_once).max().unwrap_or(1)
    }

    pub(super) fn plan_object(&self) -> Object {
        let name = self.model.plan.as_ref().map_or("", |p| p.name.as_str());
        Object::new("UpgradePlan", "", name)
    }

    pub(super) fn workload_object(&self, id: WorkloadId) -> Object {
        let workload = &self.model.workloads[id];
        Object::new(workload.kind.as_str(), &workload.namespace, &workload.name)
    }

    pub(super) fn budget_object(&self, id: BudgetId) -> Object {
        let budget = &self.model.budgets[id];
        Object::new("PodDisruptionBudget", &budget.namespace, &budget.name)
    }

    pub(super) fn node_name(&self, id: NodeId) -> &'a str {
        &self.model.nodes[id].name
    }

    /// The first three names, and how many more there are.
    pub(super) fn names(&self, ids: &[WorkloadId]) -> String {
        let names: Vec<String> = ids.iter().take(3).map(|&id| self.model.workload_name(id)).collect();
        some(&names, ids.len())
    }

    /// Batches that the rest of the cluster has no room for.
    pub(super) fn squeezes(&self) -> &[Squeeze] {
        self.squeezes.get_or_init(|| squeezes(self))
    }

    /// Whether a Service of the input lists pods of a workload.
    pub(super) fn is_served(&self, id: WorkloadId) -> bool {
        let services = &self.class(id).services;
        services.iter().any(|&s| !self.model.services[s].implied)
    }

    /// Whether versions of the control plane change.
    pub(super) fn upgrades_control_plane(&self) -> bool {
        let Some(plan) = &self.model.plan else { return false };
        let legs = plan.legs.iter().any(|l| l.part == Part::ControlPlane);
        let steps = plan.steps.iter().any(|s| matches!(s, Step::UpgradeControlPlane { .. }));
        !self.model.control_plane.nodes.is_empty() && (legs || steps)
    }

    /// How long pods of a workload take from the signal to stop until their containers have.
    pub(super) fn shutdown(&self, id: WorkloadId) -> Span {
        let workload = &self.model.workloads[id];
        let own = workload.shutdown.as_ref();
        own.unwrap_or(&self.model.timings.pod_shutdown).median()
    }

    /// The longest grace period of pods that the plan drives off, and whose it is.
    pub(super) fn longest_grace(&self) -> Option<(WorkloadId, Span)> {
        let all = self.model.workloads.iter_ids();
        all.filter(|(id, w)| driven(w.kind) && w.desired > 0 && self.touches(*id))
            .map(|(id, _)| (id, self.class(id).grace))
            .reduce(|most, next| if next.1 > most.1 { next } else { most })
    }

    /// What a field of a pool's strategy is called in the plan.
    pub(super) fn strategy_field(&self, pool: &PoolView<'_>, field: &str) -> String {
        if self.traits.pools_written {
            format!("spec.pools.{}.strategy.{field}", pool.index)
        } else {
            format!("spec.strategy.{field}")
        }
    }
}

/// "a, b, c and 4 more".
pub(super) fn some(names: &[String], count: usize) -> String {
    let shown = names.join(", ");
    match count - names.len() {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// `1 replica`, `2 replicas`.
pub(super) fn count(number: usize, noun: &str) -> String {
    let s = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{s}")
}

/// Whether controllers of this kind recreate pods wherever there is room.
pub(super) const fn replicated(kind: WorkloadKind) -> bool {
    matches!(
        kind,
        WorkloadKind::Deployment | WorkloadKind::ReplicaSet | WorkloadKind::StatefulSet
    )
}

/// Whether a drain drives pods of this kind off.
pub(super) const fn driven(kind: WorkloadKind) -> bool {
    !matches!(kind, WorkloadKind::DaemonSet | WorkloadKind::StaticPod)
}

/// Whether pods of a class may be scheduled to a node.
pub(super) fn takes(class: &PodClass, node: &crate::model::Node) -> bool {
    use crate::model::TaintEffect::PreferNoSchedule;
    let tolerated = node
        .taints
        .iter()
        .all(|t| t.effect == PreferNoSchedule || class.tolerates(t));
    tolerated && !node.unschedulable && class.selects(node)
}

fn drained(model: &Model) -> IdVec<NodeId, bool> {
    let mut drained: IdVec<NodeId, bool> = model.nodes.iter().map(|_| false).collect();
    let Some(plan) = &model.plan else {
        let workers = model.nodes.iter().any(|n| !n.control_plane);
        return model.nodes.iter().map(|n| !workers || !n.control_plane).collect();
    };
    if plan.drain.via != DrainVia::None {
        for &node in plan.pools.iter().flat_map(|p| &p.nodes) {
            drained[node] = true;
        }
        if plan.control_plane.upgrade && plan.control_plane.drain {
            for &node in &model.control_plane.nodes {
                drained[node] = true;
            }
        }
    }
    for step in &plan.steps {
        if let Step::Drain { nodes, .. } = step {
            for &node in nodes {
                drained[node] = true;
            }
        }
    }
    drained
}

fn pools(model: &Model) -> Vec<PoolView<'_>> {
    let pools = model.plan.iter().flat_map(|p| &p.pools).enumerate();
    let view = |(index, pool): (usize, &'_ Pool)| {
        let size = pool.nodes.len();
        let pace = Pace::of(&pool.strategy, size);
        let batches = pace.batches(size);
        let surge = (0..batches.len()).map(|batch| pace.slots(batch).0).max();
        let surge = if pool.strategy.mode == Mode::InPlace {
            0
        } else {
            surge.unwrap_or(0)
        };
        (index, batches.into_iter().max().unwrap_or(0), surge)
    };
    pools
        .map(|(index, pool)| {
            let (index, at_once, surge) = view((index, pool));
            PoolView {
                index,
                pool,
                at_once,
                surge,
            }
        })
        .collect()
}

fn placed(model: &Model) -> IdVec<WorkloadId, Placed> {
    let mut placed: IdVec<WorkloadId, Placed> = model.workloads.iter().map(|_| Placed::default()).collect();
    for pod in model.pods.iter().filter(|pod| !pod.terminating) {
        let own = &mut placed[pod.workload];
        own.pods += 1;
        own.ready += u32::from(pod.ready);
        if let Some(node) = pod.node {
            *own.nodes.entry(node).or_default() += 1;
        }
    }
    placed
}
