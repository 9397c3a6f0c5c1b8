//! What the scheduler found out about a pod, node by node: for somebody who asks why it is where it is.

use crate::ids::{NodeId, PodId};
use crate::model::TaintEffect;
use crate::units::Time;

/// A time at which the scheduler looked for a node for a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// The pod.
    pub pod: PodId,
    /// When; the first time, where it found out the same several times.
    pub at: Time,
    /// The last time that it found out the same.
    pub until: Time,
    /// The node that it chose; `None`: there was none.
    pub chosen: Option<NodeId>,
    /// Whether the pod's priority class lets it push others away.
    pub preempts: bool,
    /// Each node that was there.
    pub verdicts: Vec<Verdict>,
}

/// What was found out about a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The node.
    pub node: NodeId,
    /// Why the pod does not fit; `None`: it does.
    pub obstacle: Option<Obstacle>,
    /// Its score, where the pod fits: the greatest wins, and a draw decides among equals.
    pub score: Option<i64>,
}

/// Why a pod does not fit on a node: the first filter that it fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// The pod belongs to a DaemonSet, and is meant for another node.
    OtherNode,
    /// The node is cordoned.
    Unschedulable,
    /// A taint that the pod does not tolerate.
    Taint {
        /// Its key.
        key: String,
        /// Its value.
        value: String,
        /// Its effect.
        effect: TaintEffect,
    },
    /// The pod's node selector, node affinity or name.
    Affinity,
    /// A host port is taken.
    Ports,
    /// It is too full.
    Insufficient(Vec<Shortage>),
    /// The pod's volumes are somewhere else.
    Volumes,
    /// It lacks the label of a topology spread constraint.
    NoDomain,
    /// A topology spread constraint.
    Spread,
    /// The pods that the pod must be near are not there.
    PodAffinity,
    /// Pods that the pod must keep away from, or that refuse it.
    PodAntiAffinity,
}

/// What a node has too little of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shortage {
    /// `cpu` in thousandths of a core, `memory` and `ephemeral-storage` in bytes, `pods`.
    pub resource: &'static str,
    /// What the pod asks for.
    pub wanted: u64,
    /// What is left.
    pub free: u64,
}

impl Obstacle {
    /// Whether the node might fit without some of its pods (S-21).
    #[must_use]
    pub const fn resolvable(&self) -> bool {
        matches!(
            self,
            Self::Ports | Self::Insufficient(_) | Self::Spread | Self::PodAntiAffinity
        )
    }
}

/// Pods that somebody wants to know about, and what was found out.
#[derive(Debug, Default)]
pub(crate) struct Curiosity {
    pub(crate) pods: Vec<PodId>,
    pub(crate) found: Vec<Attempt>,
}

impl Curiosity {
    pub(crate) fn record(&mut self, attempt: Attempt) {
        let last = self.found.iter_mut().rev().find(|a| a.pod == attempt.pod);
        match last {
            Some(last) if last.chosen == attempt.chosen && last.verdicts == attempt.verdicts => last.until = attempt.at,
            _ => self.found.push(attempt),
        }
    }
}
