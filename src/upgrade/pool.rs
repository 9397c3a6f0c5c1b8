//! Which nodes of a pool are worked on at the same time.

use crate::ids::NodeId;

/// The nodes of one pool, as the plan goes through them.
#[derive(Debug)]
pub(super) struct PoolRun {
    waiting: std::vec::IntoIter<NodeId>,
    /// So many at a time.
    limit: usize,
    /// A batch starts only when the one before is done.
    barrier: bool,
    working: usize,
}

impl PoolRun {
    pub(super) fn new(nodes: Vec<NodeId>, limit: u32, barrier: bool) -> Self {
        Self {
            waiting: nodes.into_iter(),
            limit: limit.max(1) as usize,
            barrier,
            working: 0,
        }
    }

    /// The nodes that may start now.
    pub(super) fn admit(&mut self) -> Vec<NodeId> {
        if self.barrier && self.working > 0 {
            return Vec::new();
        }
        let room = self.limit - self.working.min(self.limit);
        let nodes: Vec<NodeId> = self.waiting.by_ref().take(room).collect();
        self.working += nodes.len();
        nodes
    }

    /// A node is done, its soak included.
    pub(super) fn done(&mut self) {
        self.working -= 1;
    }

    /// Nobody works any more; nobody is left, either, if the plan goes on.
    pub(super) fn idle(&self) -> bool {
        self.working == 0
    }

    /// No more nodes start.
    pub(super) fn stop(&mut self) {
        self.waiting = Vec::new().into_iter();
    }
}
