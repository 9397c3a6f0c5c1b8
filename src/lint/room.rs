//! R: whether there is room for what is driven off.

use std::collections::BTreeMap;

use super::case::{Case, PoolView, count, driven, replicated, takes};
use super::plan::strategy_patch;
use super::{Finding, Found, Object, Rule, Severity};
use crate::ids::{IdVec, NodeId, WorkloadId};
use crate::model::{Predicts, WorkloadKind};
use crate::units::Resources;

const REQUESTS: &str = "https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/ (S-10)";

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "R01",
        severity: Severity::Error,
        title: "Requests do not fit on the nodes that are left",
        why: "Pods of a batch wait as Pending until its nodes are back.",
        fix: "Bring a node first (`buffer: 1`, or `mode: Replace` with a `maxSurge`), take fewer nodes at a time, or lower requests.",
        needs: "an UpgradePlan with pools, requests of pods, allocatable resources of nodes",
        source: REQUESTS,
        check: too_little,
    },
    Rule {
        id: "R02",
        severity: Severity::Warning,
        title: "There is room in all, but not on any one node",
        why: "Free resources are scattered: a large pod waits as Pending although the sum would do.",
        fix: "Bring a node that is large enough first, or take the node of the large pod when there is room.",
        needs: "an UpgradePlan with pools, requests of pods, allocatable resources of nodes",
        source: REQUESTS,
        check: scattered,
    },
    Rule {
        id: "R03",
        severity: Severity::Error,
        title: "The surge does not fit the quota of the pool",
        why: "The cloud refuses the new node half-way through.",
        fix: "Lower `maxSurge` or raise `maxNodes`.",
        needs: "an UpgradePlan with `maxNodes`",
        source: "upgrade guides of GKE, EKS and AKS: quota must cover the surge",
        check: quota,
    },
    Rule {
        id: "R04",
        severity: Severity::Warning,
        title: "An autoscaler may remove the nodes that the plan brings",
        why: "A new node is empty until pods come, which is what an autoscaler looks for.",
        fix: "Set `scaleDownDisabled: true`, or annotate the nodes with cluster-autoscaler.kubernetes.io/scale-down-disabled.",
        needs: "an UpgradePlan that brings nodes, an autoscaler in the Cluster or among the workloads",
        source: "https://github.com/kubernetes/autoscaler/blob/master/cluster-autoscaler/FAQ.md",
        check: autoscaler,
    },
    Rule {
        id: "R05",
        severity: Severity::Warning,
        title: "Pods that find no room push others off their nodes",
        why: "The scheduler evicts pods of lower priority for them, beyond what the plan does, and past budgets where it must.",
        fix: "Make room first, or give the class `preemptionPolicy: Never`.",
        needs: "an UpgradePlan with pools, PriorityClasses, requests of pods",
        source: "https://kubernetes.io/docs/concepts/scheduling-eviction/pod-priority-preemption/ (S-20)",
        check: preemption,
    },
    Rule {
        id: "R06",
        severity: Severity::Note,
        title: "Nodes that are left may not hold so many pods",
        why: "Pods wait as Pending although CPU and memory are free: the kubelet takes no more than its maximum.",
        fix: "Raise `maxPods` of the kubelets, or bring a node first.",
        needs: "an UpgradePlan with pools, pods with their nodes",
        source: "https://kubernetes.io/docs/setup/best-practices/cluster-large/ (110 pods a node)",
        check: slots,
    },
];

/// Why pods of a batch do not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lack {
    /// Not enough of this resource in all: needed and free.
    Sum(&'static str, u64, u64),
    /// Enough in all, on no node enough.
    Scattered,
    /// Too few places for pods.
    Slots,
}

/// A batch whose pods do not fit on the nodes that are left.
pub(super) struct Squeeze {
    pool: usize,
    /// The first node of the batch; `None`: whichever are taken.
    node: Option<NodeId>,
    pub(super) workload: WorkloadId,
    lack: Lack,
}

#[derive(Clone, Copy)]
struct Space {
    free: Resources,
    slots: u32,
}

impl Space {
    fn takes(self, wants: Resources, slots: u32) -> bool {
        wants.cpu <= self.free.cpu
            && wants.memory <= self.free.memory
            && wants.storage <= self.free.storage
            && slots <= self.slots
    }

    fn take(&mut self, wants: Resources, pods: u32) {
        let times = |n: u64| n.saturating_mul(u64::from(pods));
        self.free.cpu = self.free.cpu.saturating_sub(times(wants.cpu));
        self.free.memory = self.free.memory.saturating_sub(times(wants.memory));
        self.free.storage = self.free.storage.saturating_sub(times(wants.storage));
        self.slots = self.slots.saturating_sub(pods);
    }
}

/// The first batch of each pool that the rest of the cluster has no room for.
pub(super) fn squeezes(case: &Case<'_>) -> Vec<Squeeze> {
    let brings = |pool: &&PoolView<'_>| {
        let strategy = &pool.pool.strategy;
        let size = u32::try_from(pool.pool.nodes.len()).unwrap_or(u32::MAX);
        pool.surge >= pool.at_once || strategy.buffer.round_up(size) > 0 || strategy.buffer_per_zone > 0
    };
    let pools = case.pools.iter().filter(|pool| !brings(pool));
    pools.filter_map(|pool| squeeze(case, pool)).collect()
}

fn squeeze(case: &Case<'_>, pool: &PoolView<'_>) -> Option<Squeeze> {
    let mut space: IdVec<NodeId, Space> = case.model.nodes.iter().map(whole).collect();
    // What is on each node: pods that are driven off it, by class.
    let mut there: BTreeMap<NodeId, Vec<(WorkloadId, u32)>> = BTreeMap::new();
    for (id, workload) in case.model.workloads.iter_ids() {
        for (&node, &pods) in &case.placed[id].nodes {
            space[node].take(case.class(id).requests, pods);
            if replicated(workload.kind) {
                there.entry(node).or_default().push((id, pods));
            }
        }
    }
    if there.is_empty() {
        return unplaced(case, pool, space);
    }
    let mut order: Vec<NodeId> = case
        .model
        .nodes
        .ids()
        .filter(|&n| !case.model.nodes[n].planned)
        .collect();
    order.sort_by_key(|&n| (std::cmp::Reverse(space[n].free.cpu), n));
    for batch in pool.pool.nodes.chunks(pool.at_once.max(1)) {
        let moving = batch.iter().flat_map(|node| there.get(node).into_iter().flatten());
        let moving: Vec<(WorkloadId, u32)> = moving.copied().collect();
        let others = order.iter().copied().filter(|node| !batch.contains(node));
        if let Some((workload, lack)) = pack(case, &moving, &space, others) {
            return Some(Squeeze {
                pool: pool.index,
                node: batch.first().copied(),
                workload,
                lack,
            });
        }
    }
    None
}

const fn whole(node: &crate::model::Node) -> Space {
    Space {
        free: node.allocatable,
        slots: node.pod_slots,
    }
}

/// Where the input has no pods: all of them, on all nodes but the largest ones of a batch.
fn unplaced(case: &Case<'_>, pool: &PoolView<'_>, mut space: IdVec<NodeId, Space>) -> Option<Squeeze> {
    let mut moving = Vec::new();
    for (id, workload) in case.model.workloads.iter_ids() {
        let class = case.class(id);
        match workload.kind {
            WorkloadKind::DaemonSet => {
                for node in case.hosts(class) {
                    space[node].take(class.requests, 1);
                }
            }
            kind if driven(kind) && workload.desired > 0 => moving.push((id, workload.desired)),
            _ => {}
        }
    }
    let mut batch = pool.pool.nodes.clone();
    batch.sort_by_key(|&n| (std::cmp::Reverse(case.model.nodes[n].allocatable.cpu), n));
    batch.truncate(pool.at_once);
    let others = case
        .model
        .nodes
        .ids()
        .filter(|&n| !case.model.nodes[n].planned && !batch.contains(&n));
    let others: Vec<NodeId> = others.collect();
    let (workload, lack) = pack(case, &moving, &space, others.iter().copied())?;
    Some(Squeeze {
        pool: pool.index,
        node: None,
        workload,
        lack,
    })
}

/// First fit, the largest pods first; the first workload that does not fit, and why.
fn pack(
    case: &Case<'_>,
    moving: &[(WorkloadId, u32)],
    space: &IdVec<NodeId, Space>,
    others: impl Iterator<Item = NodeId> + Clone,
) -> Option<(WorkloadId, Lack)> {
    let mut moving = moving.to_vec();
    let wants = |id: WorkloadId| case.class(id).requests;
    moving.sort_by_key(|&(id, _)| (std::cmp::Reverse((wants(id).cpu, wants(id).memory)), id));
    let mut left: BTreeMap<NodeId, Space> = BTreeMap::new();
    for &(id, mut pods) in &moving {
        let (class, one) = (case.class(id), wants(id));
        for node in others.clone() {
            if pods == 0 {
                break;
            }
            let now = left.get(&node).copied().unwrap_or(space[node]);
            if !now.takes(one, 1) || !takes(class, &case.model.nodes[node]) {
                continue;
            }
            let fit = pods.min(now.slots).min(fits(now.free, one));
            left.entry(node).or_insert(now).take(one, fit);
            pods -= fit;
        }
        if pods > 0 {
            return Some((id, lack(case, &moving, space, others, id)));
        }
    }
    None
}

/// So many pods fit by what they request.
fn fits(free: Resources, one: Resources) -> u32 {
    let times = |free: u64, one: u64| free.checked_div(one).unwrap_or(u64::MAX);
    let most = times(free.cpu, one.cpu)
        .min(times(free.memory, one.memory))
        .min(times(free.storage, one.storage));
    u32::try_from(most).unwrap_or(u32::MAX)
}

fn lack(
    case: &Case<'_>,
    moving: &[(WorkloadId, u32)],
    space: &IdVec<NodeId, Space>,
    others: impl Iterator<Item = NodeId> + Clone,
    id: WorkloadId,
) -> Lack {
    let class = case.class(id);
    let hosts = others.filter(|&n| takes(class, &case.model.nodes[n]));
    let free = hosts.clone().map(|n| space[n].free);
    let sum = |of: fn(&Resources) -> u64| {
        let needed = moving
            .iter()
            .map(|&(id, pods)| of(&case.class(id).requests) * u64::from(pods))
            .sum::<u64>();
        (needed, free.clone().map(|f| of(&f)).sum::<u64>())
    };
    let (cpu, memory) = (sum(|r| r.cpu), sum(|r| r.memory));
    let places: u64 = hosts.clone().map(|n| u64::from(space[n].slots)).sum();
    let pods: u64 = moving.iter().map(|&(_, pods)| u64::from(pods)).sum();
    if cpu.0 > cpu.1 {
        Lack::Sum("cpu", cpu.0, cpu.1)
    } else if memory.0 > memory.1 {
        Lack::Sum("memory", memory.0, memory.1)
    } else if pods > places {
        Lack::Slots
    } else {
        Lack::Scattered
    }
}

fn told(case: &Case<'_>, squeeze: &Squeeze, what: &str) -> Finding {
    let pool = &case.pools[squeeze.pool];
    let batch = match (squeeze.node, pool.at_once) {
        (Some(node), 1) => case.node_name(node).to_owned(),
        (Some(node), _) => format!("the batch of {}", case.node_name(node)),
        (None, nodes) => count(nodes, "node"),
    };
    let says = format!("while the pool {} is without {batch}, {what}", pool.pool.name);
    let field = case.strategy_field(pool, "buffer");
    let workload = case.model.workload_name(squeeze.workload);
    let why = format!("Pods of {workload}, for one, stay Pending until a node is back.");
    let finding = Finding::new(case.plan_object(), says)
        .field(&field)
        .why(why)
        .predicts(Predicts::Pending);
    finding
        .figure("atOnce", pool.at_once)
        .figure("workload", workload)
        .patch(strategy_patch("buffer: 1"))
}

fn too_little(case: &Case<'_>, found: &mut Found) {
    for squeeze in case.squeezes() {
        if let Lack::Sum(resource, needed, free) = squeeze.lack {
            let (needed, free) = (amount(resource, needed), amount(resource, free));
            let says = format!("its pods request {needed} of {resource} and {free} are free elsewhere");
            let finding = told(case, squeeze, &says).figure("resource", resource);
            found.push(finding.figure("requested", needed).figure("free", free));
        }
    }
}

fn amount(resource: &str, value: u64) -> String {
    if resource == "cpu" {
        format!("{value}m")
    } else {
        format!("{}Mi", value >> 20)
    }
}

fn scattered(case: &Case<'_>, found: &mut Found) {
    for squeeze in case.squeezes() {
        if squeeze.lack == Lack::Scattered {
            let one = case.class(squeeze.workload).requests;
            let (cpu, memory) = (amount("cpu", one.cpu), amount("memory", one.memory));
            let says = format!("no node that is left has room for a pod of {cpu} and {memory}");
            found.push(told(case, squeeze, &says).figure("cpu", cpu).figure("memory", memory));
        }
    }
}

fn slots(case: &Case<'_>, found: &mut Found) {
    for squeeze in case.squeezes() {
        if squeeze.lack == Lack::Slots {
            let most = case.model.nodes.iter().map(|n| n.pod_slots).max().unwrap_or(0);
            let says = format!("the others may not hold its pods: {most} pods a node at most");
            found.push(told(case, squeeze, &says).figure("maxPods", most));
        }
    }
}

fn quota(case: &Case<'_>, found: &mut Found) {
    for pool in &case.pools {
        let strategy = &pool.pool.strategy;
        let size = pool.pool.nodes.len();
        let buffer = strategy.buffer.round_up(u32::try_from(size).unwrap_or(u32::MAX)) as usize;
        let Some(most) = strategy.max_nodes else { continue };
        let wanted = size + pool.surge + buffer;
        if wanted > most as usize {
            let says = format!(
                "the pool {} needs {wanted} nodes at a time and may have {most}",
                pool.pool.name
            );
            let why = format!("{size} nodes and {} that come first.", pool.surge + buffer);
            let finding = Finding::new(case.plan_object(), says)
                .field(&case.strategy_field(pool, "maxNodes"))
                .why(why);
            found.push(
                finding
                    .figure("needed", wanted)
                    .figure("maxNodes", most)
                    .predicts(Predicts::Stuck),
            );
        }
    }
}

fn autoscaler(case: &Case<'_>, found: &mut Found) {
    let image = |id: WorkloadId| {
        let images = case.traits.workloads.get(id).map_or(&[][..], |t| &t.images);
        images
            .iter()
            .any(|i| i.contains("cluster-autoscaler") || i.contains("karpenter"))
    };
    let mut workloads = case.model.workloads.iter_ids().filter(|(_, w)| w.desired > 0);
    let object = match workloads.find(|(id, _)| image(*id)) {
        Some((id, _)) => case.workload_object(id),
        None if case.model.autoscaler.is_some() => Object::new("Cluster", "", ""),
        None => return,
    };
    for pool in &case.pools {
        let strategy = &pool.pool.strategy;
        let brings = pool.surge > 0 || strategy.buffer.round_up(100) > 0 || strategy.buffer_per_zone > 0;
        if brings && !strategy.scale_down_disabled {
            let says = format!(
                "an autoscaler runs while the pool {} brings nodes that are empty at first",
                pool.pool.name
            );
            let finding = Finding::new(object.clone(), says).figure("surge", pool.surge);
            found.push(finding.patch(strategy_patch("scaleDownDisabled: true")));
        }
    }
}

fn preemption(case: &Case<'_>, found: &mut Found) {
    for squeeze in case.squeezes() {
        let own = case.class(squeeze.workload);
        let others = case
            .model
            .workloads
            .iter_ids()
            .filter(|(_, w)| replicated(w.kind) && w.desired > 0);
        let victims: Vec<WorkloadId> = others
            .map(|(id, _)| id)
            .filter(|&id| case.class(id).priority < own.priority)
            .collect();
        if let (Some(&first), true) = (victims.first(), own.preempts) {
            let says = format!(
                "pods find no room and have the priority {}: they push off {}",
                own.priority,
                case.names(&victims)
            );
            let finding = Finding::new(case.workload_object(squeeze.workload), says);
            let finding = finding
                .figure("priority", own.priority)
                .figure("lowerWorkloads", victims.len());
            found.push(finding.predicts(Predicts::Degraded(first)));
        }
    }
}
