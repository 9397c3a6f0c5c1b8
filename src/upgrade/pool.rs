//! Which nodes of a pool are worked on at the same time.

use std::collections::VecDeque;

use crate::ids::NodeId;
use crate::model::{Mode, Rounding, Strategy};
use crate::units::IntOrPercent;

/// Why a node may be worked on now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    /// One more node may be missing: it is drained first.
    Unavailable,
    /// One more node may be there: its successor comes first.
    Surge,
}

/// A node and the one that takes its place, where there is one.
type Turn = (NodeId, Option<NodeId>);

/// How many nodes of a pool go at a time.
#[derive(Clone, Debug)]
pub(super) struct Pace {
    surge: usize,
    unavailable: usize,
    /// A batch starts only when the one before is done.
    barrier: bool,
    /// Sizes of the batches; empty: as many as there is room for.
    ramp: Vec<usize>,
    /// Nothing else starts until the first node is done.
    first_alone: bool,
}

impl Pace {
    /// The pace of a pool of so many nodes.
    pub(super) fn of(strategy: &Strategy, size: usize) -> Self {
        let total = u32::try_from(size).unwrap_or(u32::MAX);
        let up = |share: IntOrPercent| share.round_up(total) as usize;
        let unavailable = match strategy.rounding {
            Rounding::Up => strategy.max_unavailable.round_up(total),
            Rounding::Down => strategy.max_unavailable.round_down(total),
        } as usize;
        let surge = match strategy.mode {
            Mode::Replace => up(strategy.max_surge),
            // All new nodes come at once; batches are another matter.
            Mode::BlueGreen => size,
            Mode::InPlace => 0,
        };
        let most = strategy.max_at_once.map_or(usize::MAX, |most| most as usize);
        let unavailable = match (strategy.mode, surge) {
            (Mode::BlueGreen, _) => 0,
            (_, 0) => unavailable.max(1),
            _ => unavailable,
        };
        let surge_most = if strategy.mode == Mode::BlueGreen { size } else { most };
        let surge = surge.min(surge_most);
        let ramp = match strategy.mode {
            Mode::BlueGreen => Vec::new(),
            _ => strategy.ramp.iter().map(|&s| up(s).clamp(1, most)).collect(),
        };
        Self {
            surge,
            unavailable: unavailable.min(most - surge.min(most)),
            barrier: strategy.barrier || strategy.lockstep || !ramp.is_empty(),
            ramp,
            first_alone: strategy.first_alone,
        }
    }

    /// Slots of each kind for a batch: surge first.
    fn slots(&self, batch: usize) -> (usize, usize) {
        match self.ramp.get(batch).or(self.ramp.last()) {
            None => (self.surge, self.unavailable),
            Some(&size) if self.surge > 0 => (size, 0),
            Some(&size) => (0, size),
        }
    }
}

/// The nodes of one pool, as the plan goes through them.
#[derive(Debug)]
pub(super) struct PoolRun {
    waiting: VecDeque<Turn>,
    pace: Pace,
    surging: usize,
    missing: usize,
    /// Batches that have begun, and nodes that are done.
    batches: usize,
    done: usize,
    /// A pause is under way: nothing starts.
    pub(super) resting: bool,
    /// The pause after the last node is over, or there is none.
    pub(super) soaked: bool,
    /// Somebody will look again whether a node can be begun.
    pub(super) looking: bool,
    /// Nodes that were skipped or quarantined.
    pub(super) blocked: u32,
    /// Extra nodes: those that are on their way, those that are there, and those that are going.
    pub(super) coming: usize,
    pub(super) spares: Vec<u32>,
    pub(super) going: usize,
}

impl PoolRun {
    /// Nodes with their successors, where they have any.
    pub(super) fn new(nodes: Vec<Turn>, pace: Pace) -> Self {
        Self {
            waiting: nodes.into(),
            pace,
            surging: 0,
            missing: 0,
            batches: 0,
            done: 0,
            resting: false,
            soaked: false,
            looking: false,
            blocked: 0,
            coming: 0,
            spares: Vec::new(),
            going: 0,
        }
    }

    /// The nodes that may start now, with their successors: surge first; those that could not be begun wait for another
    /// time.
    pub(super) fn admit(&mut self, could: impl Fn(NodeId) -> bool) -> Vec<(NodeId, Option<NodeId>, Slot)> {
        if self.resting || self.pace.barrier && !self.idle() {
            return Vec::new();
        }
        let (surge, unavailable) = self.pace.slots(self.batches);
        let mut admitted = Vec::new();
        while self.surging < surge || self.missing < unavailable {
            let alone = self.pace.first_alone && self.done == 0;
            if alone && self.surging + self.missing == 1 {
                break;
            }
            let Some(at) = self.waiting.iter().position(|(node, _)| could(*node)) else {
                break;
            };
            let Some((node, successor)) = self.waiting.remove(at) else {
                break;
            };
            let slot = if self.surging < surge {
                self.surging += 1;
                Slot::Surge
            } else {
                self.missing += 1;
                Slot::Unavailable
            };
            admitted.push((node, successor, slot));
        }
        self.batches += usize::from(!admitted.is_empty());
        admitted
    }

    /// A node is done, its soak included.
    pub(super) fn done(&mut self, slot: Slot) {
        self.done += 1;
        match slot {
            Slot::Surge => self.surging -= 1,
            Slot::Unavailable => self.missing -= 1,
        }
    }

    /// Nobody works any more; nobody is left, either, if the plan goes on.
    pub(super) const fn idle(&self) -> bool {
        self.surging + self.missing == 0
    }

    /// Whether nodes wait for their turn.
    pub(super) fn has_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Whether one of the nodes that wait could be begun.
    pub(super) fn could_begin(&self, could: impl Fn(NodeId) -> bool) -> bool {
        self.waiting.iter().any(|(node, _)| could(*node))
    }

    /// Whether a batch has just ended, with another one to come.
    pub(super) fn between_batches(&self) -> bool {
        self.pace.barrier && self.idle() && self.has_waiting() && self.done > 0
    }

    /// A node is gone: its turn does not come.
    pub(super) fn forget(&mut self, gone: NodeId) {
        self.waiting.retain(|(node, _)| *node != gone);
    }

    /// No more nodes start.
    pub(super) fn stop(&mut self) {
        self.waiting.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Id;

    fn nodes(count: usize) -> Vec<Turn> {
        (0..count).map(|n| (NodeId::from_index(n), None)).collect()
    }

    fn pace(ramp: &[usize], first_alone: bool) -> Pace {
        Pace {
            surge: 0,
            unavailable: 3,
            barrier: !ramp.is_empty(),
            ramp: ramp.to_vec(),
            first_alone,
        }
    }

    /// How many start each time all of the batch before are done.
    fn batches(run: &mut PoolRun) -> Vec<usize> {
        let mut sizes = Vec::new();
        loop {
            let batch = run.admit(|_| true);
            if batch.is_empty() {
                return sizes;
            }
            sizes.push(batch.len());
            for (_, _, slot) in batch {
                run.done(slot);
            }
        }
    }

    #[test]
    fn ramps_grow_and_their_last_size_stays() {
        assert_eq!(
            batches(&mut PoolRun::new(nodes(30), pace(&[1, 4, 10], false))),
            [1, 4, 10, 10, 5]
        );
        assert_eq!(batches(&mut PoolRun::new(nodes(7), pace(&[], true))), [1, 3, 3]);
        assert_eq!(batches(&mut PoolRun::new(nodes(7), pace(&[], false))), [3, 3, 1]);
    }

    #[test]
    fn nodes_that_cannot_be_begun_wait() {
        let mut run = PoolRun::new(nodes(4), pace(&[], false));
        let begun = run.admit(|node| node.index() == 2);
        assert_eq!(begun.len(), 1);
        assert_eq!(begun[0].0.index(), 2);
        assert!(run.has_waiting() && !run.between_batches());
    }
}
