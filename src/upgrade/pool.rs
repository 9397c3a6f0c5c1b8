//! Which nodes of a pool are worked on at the same time.

use crate::ids::NodeId;

/// Why a node may be worked on now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    /// One more node may be missing: it is drained first.
    Unavailable,
    /// One more node may be there: its successor comes first.
    Surge,
}

/// The nodes of one pool, as the plan goes through them.
#[derive(Debug)]
pub(super) struct PoolRun {
    waiting: std::vec::IntoIter<(NodeId, Option<NodeId>)>,
    /// So many at a time, in slots of each kind.
    surge: usize,
    unavailable: usize,
    /// A batch starts only when the one before is done.
    barrier: bool,
    surging: usize,
    missing: usize,
}

impl PoolRun {
    /// Nodes with their successors, where they have any.
    pub(super) fn new(nodes: Vec<(NodeId, Option<NodeId>)>, unavailable: u32, surge: u32, barrier: bool) -> Self {
        let unavailable = if surge == 0 { unavailable.max(1) } else { unavailable };
        Self {
            waiting: nodes.into_iter(),
            surge: surge as usize,
            unavailable: unavailable as usize,
            barrier,
            surging: 0,
            missing: 0,
        }
    }

    /// The nodes that may start now, with their successors: surge first.
    pub(super) fn admit(&mut self) -> Vec<(NodeId, Option<NodeId>, Slot)> {
        if self.barrier && !self.idle() {
            return Vec::new();
        }
        let mut admitted = Vec::new();
        while self.surging < self.surge || self.missing < self.unavailable {
            let Some((node, successor)) = self.waiting.next() else {
                break;
            };
            let slot = if self.surging < self.surge {
                self.surging += 1;
                Slot::Surge
            } else {
                self.missing += 1;
                Slot::Unavailable
            };
            admitted.push((node, successor, slot));
        }
        admitted
    }

    /// A node is done, its soak included.
    pub(super) fn done(&mut self, slot: Slot) {
        match slot {
            Slot::Surge => self.surging -= 1,
            Slot::Unavailable => self.missing -= 1,
        }
    }

    /// Nobody works any more; nobody is left, either, if the plan goes on.
    pub(super) fn idle(&self) -> bool {
        self.surging + self.missing == 0
    }

    /// No more nodes start.
    pub(super) fn stop(&mut self) {
        self.waiting = Vec::new().into_iter();
    }
}
