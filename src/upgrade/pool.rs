//! Which nodes of a pool are worked on at the same time.

use std::collections::VecDeque;

use crate::ids::NodeId;
use crate::model::Pace;

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
        if self.resting || self.pace.barrier() && !self.idle() {
            return Vec::new();
        }
        let (surge, unavailable) = self.pace.slots(self.batches);
        let mut admitted = Vec::new();
        while self.surging < surge || self.missing < unavailable {
            let alone = self.pace.first_alone() && self.done == 0;
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
        self.pace.barrier() && self.idle() && self.has_waiting() && self.done > 0
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
    use crate::model::Strategy;
    use crate::units::IntOrPercent;

    fn nodes(count: usize) -> Vec<Turn> {
        (0..count).map(|n| (NodeId::from_index(n), None)).collect()
    }

    fn strategy(ramp: &[u32], first_alone: bool) -> Strategy {
        Strategy {
            max_unavailable: IntOrPercent::Int(3),
            ramp: ramp.iter().map(|&size| IntOrPercent::Int(size)).collect(),
            first_alone,
            ..Strategy::default()
        }
    }

    /// How many start each time all of the batch before are done: as the pace says.
    fn batches(size: usize, ramp: &[u32], first_alone: bool) -> Vec<usize> {
        let pace = Pace::of(&strategy(ramp, first_alone), size);
        let mut run = PoolRun::new(nodes(size), pace.clone());
        let mut sizes = Vec::new();
        loop {
            let batch = run.admit(|_| true);
            if batch.is_empty() {
                assert_eq!(pace.batches(size), sizes);
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
        assert_eq!(batches(30, &[1, 4, 10], false), [1, 4, 10, 10, 5]);
        assert_eq!(batches(7, &[], true), [1, 3, 3]);
        assert_eq!(batches(7, &[], false), [3, 3, 1]);
    }

    #[test]
    fn nodes_that_cannot_be_begun_wait() {
        let mut run = PoolRun::new(nodes(4), Pace::of(&strategy(&[], false), 4));
        let begun = run.admit(|node| node.index() == 2);
        assert_eq!(begun.len(), 1);
        assert_eq!(begun[0].0.index(), 2);
        assert!(run.has_waiting() && !run.between_batches());
    }
}
