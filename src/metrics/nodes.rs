//! What was done to nodes: drains, phases, versions (M-14).

use crate::ids::{BudgetId, DrainId, Id, NodeId, PodId};
use crate::trace::{ApiError, DrainOutcome, Fact, NodeResult, NotDrainable, Phase, Preamble, RefusalReason};

use super::report::{DrainReport, NodeReport, PhaseReport, ScaleDownReport};
use super::seconds;

/// A drain. Times are microseconds.
#[derive(Clone)]
pub(super) struct Drain {
    pub(super) node: NodeId,
    start: u64,
    end: Option<u64>,
    pub(super) outcome: DrainOutcome,
    pub(super) evictions: u64,
    pub(super) refusals: u64,
    /// The last refusal.
    pub(super) refused: Option<(PodId, BudgetId, RefusalReason)>,
    /// Pods that it objects to.
    pub(super) objections: Vec<(PodId, NotDrainable)>,
    /// The last request that failed for good.
    pub(super) failure: Option<(PodId, ApiError)>,
}

/// A node. Times are microseconds.
#[derive(Clone, Default)]
struct Node {
    version: usize,
    created: bool,
    working: bool,
    result: Option<NodeResult>,
    upgraded_at: Option<u64>,
    cordoned_since: Option<u64>,
    cordoned: u64,
    phases: Vec<(Phase, u64, Option<u64>)>,
    drains: Vec<DrainId>,
}

/// All nodes and drains.
#[derive(Clone)]
pub(super) struct Nodes {
    nodes: Vec<Node>,
    /// Whether the machine is down, by node.
    pub(super) machine_down: Vec<bool>,
    drains: Vec<Option<Drain>>,
    /// The drain that failed last.
    pub(super) failed: Option<DrainId>,
    /// The node in whose place a new one was refused, the last time.
    pub(super) refused: Option<NodeId>,
    /// The machine that did not come last, and how often it did not.
    pub(super) not_created: Option<(NodeId, u32)>,
    /// The node whose gate stayed closed.
    pub(super) gate_closed: Option<NodeId>,
    /// Somebody wanted the old nodes back.
    pub(super) rolled_back: bool,
    /// Nodes whose drains raised an alert, and when, in microseconds.
    pub(super) overdue: Vec<(NodeId, u64)>,
    /// What the cluster autoscaler removed.
    pub(super) scale_down: ScaleDownReport,
    surge: Surge,
}

/// Nodes beyond those of the start. Times are microseconds.
#[derive(Clone, Default)]
struct Surge {
    /// How many more nodes there are than at the start; negative: fewer.
    extra: i64,
    since: u64,
    node_micros: u64,
}

impl Surge {
    fn change(&mut self, at: u64, by: i64) {
        self.node_micros = self.until(at);
        (self.extra, self.since) = (self.extra + by, at);
    }

    fn until(&self, at: u64) -> u64 {
        let extra = u64::try_from(self.extra).unwrap_or(0);
        self.node_micros + extra * at.saturating_sub(self.since)
    }
}

impl Nodes {
    pub(super) fn new(preamble: &Preamble) -> Self {
        let nodes = preamble.nodes.iter().map(|node| Node {
            version: node.version,
            ..Node::default()
        });
        Self {
            nodes: nodes.collect(),
            machine_down: vec![false; preamble.nodes.len()],
            drains: Vec::new(),
            failed: None,
            refused: None,
            not_created: None,
            gate_closed: None,
            rolled_back: false,
            overdue: Vec::new(),
            scale_down: ScaleDownReport::default(),
            surge: Surge::default(),
        }
    }

    /// Time of nodes beyond those of the start, in node-microseconds.
    pub(super) fn surge(&self, end: u64) -> u64 {
        self.surge.until(end)
    }

    pub(super) fn drain(&self, id: DrainId) -> Option<&Drain> {
        self.drains.get(id.index())?.as_ref()
    }

    pub(super) fn drain_mut(&mut self, id: DrainId) -> Option<&mut Drain> {
        self.drains.get_mut(id.index())?.as_mut()
    }

    /// All drains.
    pub(super) fn drains(&self) -> impl Iterator<Item = (DrainId, &Drain)> {
        let all = self.drains.iter().enumerate();
        all.filter_map(|(i, drain)| Some((DrainId::from_index(i), drain.as_ref()?)))
    }

    /// Drains that did not come to an end of their own.
    pub(super) fn unfinished(&self) -> impl Iterator<Item = &Drain> {
        let all = self.drains.iter().flatten();
        all.filter(|d| d.outcome == DrainOutcome::Unfinished)
    }

    /// Nodes on which work has started and not ended.
    pub(super) fn working(&self) -> impl Iterator<Item = usize> {
        let all = self.nodes.iter().enumerate();
        all.filter(|(_, node)| node.working).map(|(i, _)| i)
    }

    /// Nodes with this result.
    pub(super) fn with_result(&self, result: NodeResult) -> impl Iterator<Item = usize> {
        let all = self.nodes.iter().enumerate();
        all.filter(move |(_, node)| node.result == Some(result)).map(|(i, _)| i)
    }

    pub(super) fn observe(&mut self, at: u64, fact: &Fact) {
        match *fact {
            Fact::DrainStarted { drain, node } => self.start_drain(at, drain, node),
            Fact::DrainEnded { drain, outcome, .. } => {
                if let Some(ended) = self.drain_mut(drain) {
                    ended.end = Some(at);
                    ended.outcome = outcome;
                    if !matches!(outcome, DrainOutcome::Completed | DrainOutcome::Unfinished) {
                        self.failed = Some(drain);
                    }
                }
            }
            Fact::PodNotDrainable { drain, pod, reason } => {
                if let Some(drain) = self.drain_mut(drain) {
                    drain.objections.push((pod, reason));
                }
            }
            Fact::EvictionFailed { drain, pod, error } => {
                if let Some(drain) = self.drain_mut(drain) {
                    drain.failure = Some((pod, error));
                }
            }
            Fact::NodeCrashed { node } | Fact::NodeBooted { node } => {
                if let Some(down) = self.machine_down.get_mut(node.index()) {
                    *down = matches!(fact, Fact::NodeCrashed { .. });
                }
            }
            Fact::NodeDeleted { .. } => self.surge.change(at, -1),
            Fact::CreationRefused { node } => self.refused = Some(node),
            Fact::CreationFailed { node } => {
                let before = self.not_created.filter(|(missing, _)| *missing == node);
                self.not_created = Some((node, before.map_or(1, |(_, times)| times + 1)));
            }
            Fact::ScaleDownStarted { .. } => self.scale_down.nodes += 1,
            Fact::SuccessorLost { .. } => self.scale_down.asked_for_again += 1,
            Fact::GateTimedOut { node } => self.gate_closed = Some(node),
            Fact::RollbackStarted => self.rolled_back = true,
            Fact::DrainOverdue { node } => self.overdue.push((node, at)),
            Fact::NodeCreated { node } => {
                self.not_created = self.not_created.filter(|(missing, _)| *missing != node);
                self.surge.change(at, 1);
                if let Some(node) = self.nodes.get_mut(node.index()) {
                    node.created = true;
                }
            }
            Fact::NodeUpgradeStarted { node }
            | Fact::NodeUpgradeEnded { node, .. }
            | Fact::NodeCordoned { node }
            | Fact::NodeUncordoned { node }
            | Fact::KubeletStarted { node, .. }
            | Fact::PhaseStarted { node, .. }
            | Fact::PhaseEnded { node, .. } => {
                if let Some(node) = self.nodes.get_mut(node.index()) {
                    node.observe(at, fact);
                }
            }
            _ => {}
        }
    }

    fn start_drain(&mut self, at: u64, drain: DrainId, node: NodeId) {
        if drain.index() >= self.drains.len() {
            self.drains.resize_with(drain.index() + 1, || None);
        }
        if let Some(place) = self.drains.get_mut(drain.index()) {
            *place = Some(Drain {
                node,
                start: at,
                end: None,
                outcome: DrainOutcome::Unfinished,
                evictions: 0,
                refusals: 0,
                refused: None,
                objections: Vec::new(),
                failure: None,
            });
        }
        if let Some(node) = self.nodes.get_mut(node.index()) {
            node.drains.push(drain);
        }
    }

    pub(super) fn report(&self, preamble: &Preamble, end: u64) -> Vec<NodeReport> {
        let version = |index: usize| preamble.versions.get(index).cloned().unwrap_or_default();
        let both = preamble.nodes.iter().zip(&self.nodes);
        let met = both.filter(|(info, node)| !info.planned || node.created);
        met.map(|(info, node)| NodeReport {
            name: info.name.clone(),
            role: if info.control_plane {
                "control-plane".into()
            } else {
                "worker".into()
            },
            from_version: version(info.version),
            to_version: version(node.version),
            result: node.result,
            upgraded_at: node.upgraded_at.map(seconds),
            cordoned_seconds: seconds(node.cordoned_until(end)),
            phases: node.phases.iter().map(phase_report).collect(),
            drains: node
                .drains
                .iter()
                .filter_map(|&id| self.drain(id))
                .map(|drain| drain.report(end))
                .collect(),
        })
        .collect()
    }
}

fn phase_report(&(phase, start, end): &(Phase, u64, Option<u64>)) -> PhaseReport {
    PhaseReport {
        phase,
        start: seconds(start),
        seconds: end.map(|end| seconds(end.saturating_sub(start))),
    }
}

impl Drain {
    fn report(&self, run_end: u64) -> DrainReport {
        let end = self.end.unwrap_or(run_end);
        DrainReport {
            start: seconds(self.start),
            seconds: seconds(end.saturating_sub(self.start)),
            evictions: self.evictions,
            refusals: self.refusals,
            outcome: self.outcome,
        }
    }
}

impl Node {
    fn observe(&mut self, at: u64, fact: &Fact) {
        match *fact {
            Fact::NodeUpgradeStarted { .. } => self.working = true,
            Fact::NodeUpgradeEnded { result, .. } => {
                self.working = false;
                self.result = Some(result);
                if matches!(result, NodeResult::Upgraded | NodeResult::Replaced) {
                    self.upgraded_at = Some(at);
                }
            }
            Fact::NodeCordoned { .. } => {
                self.cordoned_since.get_or_insert(at);
            }
            Fact::NodeUncordoned { .. } => {
                self.cordoned = self.cordoned_until(at);
                self.cordoned_since = None;
            }
            Fact::KubeletStarted { version, .. } => self.version = usize::from(version.0),
            Fact::PhaseStarted { phase, .. } => self.phases.push((phase, at, None)),
            Fact::PhaseEnded { phase, .. } => {
                let open = |p: &&mut (Phase, u64, Option<u64>)| p.0 == phase && p.2.is_none();
                if let Some(started) = self.phases.iter_mut().rev().find(open) {
                    started.2 = Some(at);
                }
            }
            _ => {}
        }
    }

    fn cordoned_until(&self, at: u64) -> u64 {
        let open = self.cordoned_since.map_or(0, |since| at.saturating_sub(since));
        self.cordoned + open
    }
}
