//! The cluster autoscaler: it removes empty nodes of groups that have more than their minimum.
//!
//! What it does was read in kubernetes/autoscaler: `processors/nodes/pre_filtering_processor.go` (nodes of a group at its
//! minimum are not looked at), `core/scaledown/eligibility/eligibility.go` (annotation, utilization),
//! `core/scaledown/unneeded/nodes.go` (how long a node must be unneeded), `core/static_autoscaler.go` (soft taints, pauses)
//! and FAQ.md. Its scans are not events: only those are played at which it does something.

use super::event::Event as World;
use super::hall::Hall;
use super::kubelet;
use crate::ids::{FactId, Id, IdVec, NodeId};
use crate::model::{Autoscaler as Spec, WorkloadKind};
use crate::rng::Purpose;
use crate::trace::{Fact, LifecycleTaint};
use crate::units::{Span, Time};
use crate::upgrade::driver::Driver;

/// What the autoscaler does.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Event {
    /// A scan at which something is to be done about a node, unless it has been thought of otherwise since.
    Scan { node: NodeId, generation: u32 },
    /// The machine of a node that has been marked for long enough is deleted.
    Terminate(NodeId),
    /// The Node object of a machine that is gone is deleted.
    Gone(NodeId),
}

/// `--node-delete-delay-after-taint`.
const AFTER_TAINT: Span = Span::from_secs(5);
/// `--max-empty-bulk-delete`: so many empty nodes at a scan.
const BULK: u32 = 10;
/// How long it takes until a request is repeated that the API did not answer.
const AGAIN: Span = Span::from_secs(1);

/// The autoscaler.
#[derive(Debug, Default)]
pub(crate) struct Autoscaler {
    groups: Vec<Group>,
    nodes: IdVec<NodeId, Node>,
    /// When in an interval it scans.
    phase: Span,
    /// The last scan that removed nodes, and how many.
    removed: Option<(Time, u32)>,
}

#[derive(Debug)]
struct Group {
    members: Vec<NodeId>,
    min: usize,
    size: usize,
}

#[derive(Clone, Debug, Default)]
struct Node {
    group: Option<usize>,
    counted: bool,
    /// The scan that first found it unneeded.
    unneeded: Option<Time>,
    going: bool,
    generation: u32,
}

impl Autoscaler {
    pub(crate) fn new(hall: &Hall<'_>) -> Self {
        let Some(spec) = &hall.model.autoscaler else {
            return Self::default();
        };
        let mut nodes: IdVec<NodeId, Node> = hall.model.nodes.iter().map(|_| Node::default()).collect();
        let mut groups = Vec::new();
        for group in &spec.groups {
            let set = &hall.model.node_sets[group.nodes];
            let members: Vec<NodeId> = hall.model.nodes.ids().filter(|n| set[n.index()]).collect();
            for &node in &members {
                nodes[node].group = Some(groups.len());
            }
            let min = group.min as usize;
            groups.push(Group { members, min, size: 0 });
        }
        let mut luck = hall.streams.stream(Purpose::Autoscaler, 0);
        Self {
            groups,
            nodes,
            phase: luck.between(Span::ZERO, spec.scan_interval),
            removed: None,
        }
    }

    /// What it finds at the start.
    pub(crate) fn start(&mut self, driver: &Driver, hall: &mut Hall<'_>) {
        let nodes: Vec<NodeId> = self.nodes.ids().collect();
        for &node in &nodes {
            self.count(node, hall);
        }
        for node in nodes {
            self.consider(node, driver, hall);
        }
    }

    /// Looks at what has just happened.
    #[inline]
    pub(crate) fn observe(&mut self, driver: &Driver, hall: &mut Hall<'_>) {
        if !self.groups.is_empty() && !hall.fresh_facts().is_empty() {
            self.hear(driver, hall);
        }
    }

    fn hear(&mut self, driver: &Driver, hall: &mut Hall<'_>) {
        let first = hall.fact_count() - hall.fresh_facts().len();
        for at in 0..hall.fresh_facts().len() {
            let fact = hall.fresh_facts()[at].fact;
            let node = match fact {
                Fact::PodBound { node, .. }
                | Fact::NodeReady { node }
                | Fact::NodeNotReady { node }
                | Fact::NodeCreated { node }
                | Fact::ScaleDownStarted { node }
                | Fact::NodeDeleted { node } => Some(node),
                Fact::PodRemoved { pod } | Fact::PodFinished { pod } | Fact::PodFailed { pod } => {
                    hall.store.pods[pod].node
                }
                Fact::PlanEnded { .. } | Fact::NodeUpgradeStarted { .. } | Fact::HopStarted { .. } => None,
                _ => continue,
            };
            let before = hall.cause.replace(FactId::from_index(first + at));
            match node {
                Some(node) => self.changed(node, driver, hall),
                None if driver.disables_scale_down(hall) => {
                    for node in self.nodes.ids().collect::<Vec<_>>() {
                        self.consider(node, driver, hall);
                    }
                }
                None => {}
            }
            hall.cause = before;
        }
    }

    fn changed(&mut self, node: NodeId, driver: &Driver, hall: &mut Hall<'_>) {
        let Some(group) = self.nodes[node].group else { return };
        let was = self.is_above(group);
        self.count(node, hall);
        if was == self.is_above(group) {
            return self.consider(node, driver, hall);
        }
        for node in self.groups[group].members.clone() {
            self.consider(node, driver, hall);
        }
    }

    fn is_above(&self, group: usize) -> bool {
        self.groups[group].size > self.groups[group].min
    }

    /// Keeps the size of a node's group: the nodes that are there and are not being removed.
    fn count(&mut self, node: NodeId, hall: &Hall<'_>) {
        let state = &mut self.nodes[node];
        let Some(group) = state.group else { return };
        let counts = hall.store.nodes[node].exists && !state.going;
        if counts != std::mem::replace(&mut state.counted, counts) {
            let size = &mut self.groups[group].size;
            *size = if counts { *size + 1 } else { *size - 1 };
        }
    }

    /// Whether a node is needed from here on, or no more.
    fn consider(&mut self, node: NodeId, driver: &Driver, hall: &mut Hall<'_>) {
        let Some(spec) = &hall.model.autoscaler else { return };
        let unneeded = self.is_unneeded(node, spec, driver, hall);
        if unneeded == self.nodes[node].unneeded.is_some() {
            return;
        }
        let scan = self.scan_from(hall.now, spec);
        let state = &mut self.nodes[node];
        state.unneeded = unneeded.then_some(scan);
        state.generation += 1;
        let generation = state.generation;
        let marked = hall.store.nodes[node].taints.has(LifecycleTaint::DeletionCandidate);
        if unneeded || marked {
            hall.at(scan, World::Autoscaler(Event::Scan { node, generation }));
        }
    }

    fn is_unneeded(&self, node: NodeId, spec: &Spec, driver: &Driver, hall: &Hall<'_>) -> bool {
        let (known, state) = (&self.nodes[node], &hall.store.nodes[node]);
        let Some(group) = known.group else { return false };
        state.exists
            && state.ready
            && !known.going
            && self.is_above(group)
            && !hall.model.nodes[node].scale_down_disabled
            && !driver.keeps(node, hall)
            && is_empty(node, hall)
            && utilization(node, hall) < spec.threshold
    }

    /// The first scan at a time or after it.
    fn scan_from(&self, at: Time, spec: &Spec) -> Time {
        let (first, interval) = (Time::ZERO + self.phase, spec.scan_interval.as_micros().max(1));
        if at <= first {
            return first;
        }
        let rounds = at.since(first).as_micros().div_ceil(interval);
        first + Span::from_micros(rounds * interval)
    }

    /// Whether an event is only about what has been thought of otherwise since.
    pub(crate) fn is_void(&self, event: Event) -> bool {
        matches!(event, Event::Scan { node, generation } if self.nodes[node].generation != generation)
    }

    /// Plays an event; a node that is gone by it.
    pub(crate) fn handle(&mut self, event: Event, hall: &mut Hall<'_>) -> Option<NodeId> {
        let spec = hall.model.autoscaler.as_ref()?;
        match event {
            Event::Scan { .. } if self.is_void(event) => {}
            Event::Scan { node, .. } => self.scan(node, spec, hall),
            Event::Terminate(node) => {
                hall.after(Span::ZERO, World::Kubelet(kubelet::Event::Deleted(node)));
                let entity = node.index() as u64 | u64::from(self.nodes[node].generation & 0xffff) << 32;
                let dist = &hall.model.timings.node_delete;
                let time = hall.streams.sample(Purpose::Autoscaler, entity, dist);
                hall.after(time, World::Autoscaler(Event::Gone(node)));
            }
            Event::Gone(node) => return self.gone(node, hall),
        }
        None
    }

    /// A scan that finds a node as it has been considered: unneeded, or marked though it is needed.
    fn scan(&mut self, node: NodeId, spec: &Spec, hall: &mut Hall<'_>) {
        let state = &self.nodes[node];
        let generation = state.generation;
        let again = World::Autoscaler(Event::Scan { node, generation });
        let next = self.scan_from(hall.now + Span::from_micros(1), spec);
        let Ok(permit) = hall.admit() else {
            return hall.at(next, again);
        };
        let Some(since) = state.unneeded else {
            return hall.write_taint(&permit, node, LifecycleTaint::DeletionCandidate, false);
        };
        // Longer than the unneeded time, not as long: `!since.Add(unneededTime).Before(ts)` keeps it.
        let due = since + spec.unneeded_time;
        if hall.now <= due {
            hall.write_taint(&permit, node, LifecycleTaint::DeletionCandidate, true);
            let removal = self.scan_from(due + Span::from_micros(1), spec);
            return hall.at(removal, again);
        }
        if self.pauses(spec, hall) {
            return hall.at(next, again);
        }
        let now = hall.now;
        let before = self.removed.filter(|(at, _)| *at == now).map_or(0, |(_, n)| n);
        self.removed = Some((now, before + 1));
        let state = &mut self.nodes[node];
        (state.going, state.unneeded) = (true, None);
        state.generation += 1;
        hall.expected += 1;
        hall.emit_cause(Fact::ScaleDownStarted { node });
        hall.write_taint(&permit, node, LifecycleTaint::ToBeDeleted, true);
        hall.after(AFTER_TAINT, World::Autoscaler(Event::Terminate(node)));
    }

    /// Whether it removes nothing at this scan: `--scale-down-delay-after-delete` is the scan interval.
    fn pauses(&self, spec: &Spec, hall: &Hall<'_>) -> bool {
        match self.removed {
            Some((at, count)) if at == hall.now => count >= BULK,
            Some((at, _)) => at + spec.scan_interval > hall.now,
            None => false,
        }
    }

    fn gone(&mut self, node: NodeId, hall: &mut Hall<'_>) -> Option<NodeId> {
        let Ok(permit) = hall.admit() else {
            hall.after(AGAIN, World::Autoscaler(Event::Gone(node)));
            return None;
        };
        hall.expected -= 1;
        hall.delete_node(&permit, node);
        self.nodes[node].going = false;
        Some(node)
    }
}

/// Whether a node has no pods but those that run on every node.
fn is_empty(node: NodeId, hall: &Hall<'_>) -> bool {
    hall.store.nodes[node].pods.iter().all(|&pod| {
        let state = &hall.store.pods[pod];
        let kind = hall.model.workloads[state.workload].kind;
        state.finished || matches!(kind, WorkloadKind::DaemonSet | WorkloadKind::StaticPod)
    })
}

/// How much of a node's CPU or memory is requested, whichever is more, in thousandths; daemon pods count.
fn utilization(node: NodeId, hall: &Hall<'_>) -> u64 {
    let (have, used) = (hall.model.nodes[node].allocatable, hall.store.nodes[node].used);
    let share = |used: u64, have: u64| used.saturating_mul(1000).checked_div(have).unwrap_or(0);
    share(used.cpu, have.cpu).max(share(used.memory, have.memory))
}
