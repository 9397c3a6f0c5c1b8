//! Where facts come from: for each the nearest explanation, and the end of its chain of causes.
//!
//! A fact inherits all of it from its cause, so that a fact costs four bytes and no walk, however long the chain is.

use std::collections::BTreeMap;

use crate::ids::{DrainId, FactId, Id, NodeId};
use crate::trace::{Fact, Record};

/// What brought something about, as far as it can be told in a clause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Anchor {
    Drained(NodeId),
    NodeCrashed(NodeId),
    Fault(u32),
    Step(u32),
    RolledOut,
    NodeNotReady(NodeId),
    KubeletStopped(NodeId),
}

impl Anchor {
    /// The less, the more it explains.
    const fn rank(self) -> u8 {
        match self {
            Self::Drained(_) => 0,
            Self::NodeCrashed(_) => 1,
            Self::Fault(_) => 2,
            Self::Step(_) => 3,
            Self::RolledOut => 4,
            Self::NodeNotReady(_) => 5,
            Self::KubeletStopped(_) => 6,
        }
    }

    const fn of(fact: &Fact) -> Option<Self> {
        Some(match *fact {
            Fact::DrainStarted { node, .. } => Self::Drained(node),
            Fact::NodeCrashed { node } => Self::NodeCrashed(node),
            Fact::FaultInjected { fault } => Self::Fault(fault),
            Fact::StepStarted { step } => Self::Step(step),
            Fact::RolloutStarted { .. } => Self::RolledOut,
            Fact::NodeNotReady { node } => Self::NodeNotReady(node),
            Fact::KubeletStopped { node } => Self::KubeletStopped(node),
            _ => return None,
        })
    }
}

/// How a fact came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Way {
    /// The nearest of the best explanations since the plan went on to something else.
    pub(super) anchor: Option<Anchor>,
    /// In which step of the plan, which fault, or which fact without a cause the chain ends; `None`: it was so from the start.
    pub(super) end: Option<Record>,
}

impl Way {
    /// The way of what was so from the start.
    const START: Self = Self {
        anchor: None,
        end: None,
    };
}

/// Which way: an index into [`Chain::ways`].
pub(super) type WayId = u32;

/// Where all facts come from.
#[derive(Clone)]
pub(super) struct Chain {
    /// The way of each fact, by id.
    of: Vec<WayId>,
    ways: Vec<Way>,
    started: bool,
    /// The fact that silenced a node, by node, until it is heard again.
    silent: BTreeMap<NodeId, FactId>,
    /// The step of the plan to which a drain belongs, while it lasts.
    drains: BTreeMap<DrainId, Option<Record>>,
}

impl Default for Chain {
    fn default() -> Self {
        Self {
            of: Vec::new(),
            ways: vec![Way::START],
            started: false,
            silent: BTreeMap::new(),
            drains: BTreeMap::new(),
        }
    }
}

impl Chain {
    /// The way of what was so from the start.
    pub(super) const START: WayId = 0;

    /// Remembers where a fact comes from.
    pub(super) fn observe(&mut self, id: FactId, record: &Record) {
        self.started |= record.fact == Fact::RunStarted;
        let cause = self.cause(id, record);
        let inherited = cause.map_or(Self::START, |cause| self.way_of(cause));
        let known = self.way(inherited);
        let mut way = known;
        if cause.is_none() {
            way = Way {
                anchor: None,
                end: self.started.then_some(*record),
            };
        }
        if goes_on(&record.fact) {
            way.anchor = None;
        }
        if let Fact::DrainStarted { drain, .. } = record.fact {
            self.drains.insert(drain, way.end);
        }
        if is_end(&record.fact) {
            way.end = Some(*record);
        }
        if let Fact::DrainEnded { drain, .. } = record.fact
            && let Some(before) = self.drains.remove(&drain)
        {
            way.end = before;
        }
        if let Some(anchor) = Anchor::of(&record.fact)
            && way.anchor.is_none_or(|known| anchor.rank() <= known.rank())
        {
            way.anchor = Some(anchor);
        }
        let place = if way == known {
            inherited
        } else {
            self.ways.push(way);
            WayId::try_from(self.ways.len() - 1).unwrap_or(Self::START)
        };
        self.of.push(place);
    }

    /// What brought a fact about. Somebody noticed that a node is not ready, but it is so because it fell silent.
    fn cause(&mut self, id: FactId, record: &Record) -> Option<FactId> {
        match record.fact {
            Fact::NodeCrashed { node } | Fact::KubeletStopped { node } => {
                self.silent.entry(node).or_insert(id);
            }
            Fact::KubeletStarted { node, .. } => {
                self.silent.remove(&node);
            }
            Fact::NodeNotReady { node } => {
                if let Some(silenced) = self.silent.get(&node) {
                    return Some(*silenced);
                }
            }
            _ => {}
        }
        // Causes come before what they bring about.
        record.cause.filter(|cause| cause.index() < id.index())
    }

    /// Where a fact comes from.
    pub(super) fn way_of(&self, id: FactId) -> WayId {
        self.of.get(id.index()).copied().unwrap_or(Self::START)
    }

    pub(super) fn way(&self, id: WayId) -> Way {
        self.ways.get(id as usize).copied().unwrap_or(Way::START)
    }
}

/// Whether the plan, or the control plane, goes on to something else, for which what came before is no explanation.
const fn goes_on(fact: &Fact) -> bool {
    matches!(
        fact,
        Fact::PlanStarted
            | Fact::PlanEnded { .. }
            | Fact::HopStarted { .. }
            | Fact::NodeUpgradeStarted { .. }
            | Fact::NodeUpgradeEnded { .. }
            | Fact::StepEnded { .. }
            | Fact::DrainEnded { .. }
            | Fact::LeaderElected { .. }
            | Fact::ApiAvailable
    )
}

/// Whether chains of causes end here: a step of the plan, which comes when it is its turn, or a fault, which may wait for
/// something to happen.
pub(crate) const fn is_end(fact: &Fact) -> bool {
    matches!(
        fact,
        Fact::PlanStarted
            | Fact::HopStarted { .. }
            | Fact::NodeUpgradeStarted { .. }
            | Fact::StepStarted { .. }
            | Fact::PhaseStarted { .. }
            | Fact::DrainStarted { .. }
            | Fact::FaultInjected { .. }
    )
}
