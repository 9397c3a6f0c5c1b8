//! What is remembered of each downtime of a workload, until it can be explained.

use crate::ids::{FactId, NodeId, PodId};
use crate::trace::{DeletedBy, StopReason};

use super::pods::Pod;

/// So many intervals of a workload are explained.
pub(super) const EXPLAINED: usize = 20;
/// So many losses of a workload are remembered.
pub(super) const REMEMBERED: usize = 256;

/// A pod that counted as available and does no longer, and what was known of it then.
#[derive(Clone, Copy)]
pub(super) struct Loss {
    pub(super) pod: PodId,
    pub(super) fact: FactId,
    pub(super) at: u64,
    pub(super) deleted: Option<(FactId, DeletedBy)>,
    pub(super) stopped: Option<StopReason>,
    pub(super) node: Option<NodeId>,
}

/// An interval without any pod.
#[derive(Clone)]
pub(super) struct Down {
    pub(super) start: u64,
    pub(super) end: Option<u64>,
    /// The pod that ended it.
    pub(super) back: Option<PodId>,
    pub(super) losses: Vec<Loss>,
}

/// What led to the downtime of a workload.
#[derive(Clone, Default)]
pub(super) struct Downs {
    /// Losses since it was complete.
    losses: Vec<Loss>,
    pub(super) downs: Vec<Down>,
}

impl Downs {
    /// A pod is lost; `left` are still there.
    pub(super) fn lost(&mut self, at: u64, fact: FactId, id: PodId, pod: &Pod, left: u32) {
        if self.losses.len() >= REMEMBERED {
            self.losses.drain(..REMEMBERED / 2);
        }
        self.losses.push(Loss {
            pod: id,
            fact,
            at,
            deleted: pod.deleted,
            stopped: pod.stopped,
            node: pod.node,
        });
        if left == 0 {
            self.down(at);
        }
    }

    /// There is no pod from now on.
    pub(super) fn down(&mut self, at: u64) {
        let explained = self.downs.len();
        match self.downs.last_mut() {
            // It was up for no time at all.
            Some(last) if last.end == Some(at) => last.end = None,
            _ if explained < EXPLAINED => self.downs.push(Down {
                start: at,
                end: None,
                back: None,
                losses: self.losses.clone(),
            }),
            _ => {}
        }
    }

    /// A pod is there (again); `now` are there.
    pub(super) fn back(&mut self, at: u64, id: PodId, now: u32, desired: u32) {
        if now == 1
            && let Some(last) = self.downs.last_mut()
            && last.end.is_none()
        {
            if last.start == at {
                self.downs.pop();
            } else {
                last.end = Some(at);
                last.back = Some(id);
            }
        }
        if now >= desired {
            self.losses.clear();
        } else {
            let last = self.losses.iter().rposition(|loss| loss.pod == id);
            if let Some(last) = last.filter(|_| self.losses.len() < 64) {
                self.losses.remove(last);
            }
        }
    }
}
