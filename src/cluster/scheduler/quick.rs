//! The search for a node with what is kept from cycle to cycle (`shapes.rs`): the same node, and the same draws for ties, as
//! by examining and scoring one node after another.

use super::Scheduler;
use super::blocks::BLOCK;
use super::fit::wanted;
use super::labels::Asking;
use crate::cluster::hall::Hall;
use crate::ids::NodeId;
use crate::model::behaviour::scheduler as behaviour;
use crate::rng::Ties;

impl Scheduler {
    /// The node for a pod whose rules look at one node at a time; `None`: it takes a plain search to say.
    pub(super) fn quick(&mut self, ask: Asking<'_>, hall: &Hall<'_>) -> Option<NodeId> {
        let (state, spreading) = (&hall.store.pods[ask.pod], &hall.store.spreading);
        if !hall.store.nominated.is_empty() || self.scorer.soft_taints {
            return None;
        }
        if !hall.model.volumes.is_empty() && hall.model.volumes_of(ask.id, state.slot).next().is_some() {
            return None;
        }
        let default = |p: &crate::model::Placement| !p.default_spread.is_empty();
        let spreads = match state.replica_set {
            Some(_) => spreading.stranded() > 0,
            None => ask.class.placement.as_deref().is_some_and(default),
        };
        let wanted = wanted(hall.store.present);
        if spreads || wanted == 0 {
            return None;
        }
        let shape = self.shapes.current(ask, wanted, &mut self.fit, hall)?;
        let window = shape.window(self.next_start, wanted);
        if window.feasible == 0 {
            return None;
        }
        self.next_start = (self.next_start + window.examined) % hall.model.nodes.len();
        let at = if window.feasible == 1 {
            let scores = &shape.scores()[window.row()];
            scores.iter().take_while(|&&score| score == 0).count()
        } else if let Some(rs) = state.replica_set {
            let every = self.fit.labels.selects_every(shape.class());
            let selects = |node: NodeId| every || self.fit.labels.selects(shape.class(), node);
            self.crowd.count(rs, every, selects, spreading);
            let modern = behaviour::modern_scores(ask.minor);
            self.crowd.best(rs, (&window, shape, modern), spreading, &mut self.ties)
        } else {
            best(&shape.scores()[window.row()], &mut self.ties)
        };
        Some(spreading.order.nodes()[window.place(at)])
    }
}

/// A score; 0: the node does not fit. Blocks have at most [`BLOCK`] of them.
pub(super) trait Score: Copy + Ord + Default {
    /// How often a score occurs in a block.
    fn count(self, block: &[Self]) -> u32;
    /// The highest score of a block.
    fn highest(block: &[Self]) -> Self;
}

// Arrays, indices, and counters of the scores' own width: so the compiler looks at many scores at a time.
macro_rules! score {
    ($($name:ident)+) => {$(
        impl Score for $name {
            fn count(self, block: &[Self]) -> u32 {
                let mut count = 0;
                if let Ok(block) = <&[Self; BLOCK]>::try_from(block) {
                    for score in block {
                        count += Self::from(*score == self);
                    }
                } else {
                    for score in block {
                        count += Self::from(*score == self);
                    }
                }
                count.into()
            }

            fn highest(block: &[Self]) -> Self {
                let mut highest = 0;
                if let Ok(block) = <&[Self; BLOCK]>::try_from(block) {
                    for score in block {
                        highest = highest.max(*score);
                    }
                } else {
                    for score in block {
                        highest = highest.max(*score);
                    }
                }
                highest
            }
        }
    )+};
}

score!(u8 u16);

/// Where the best of these scores stands. Ties are broken at random (S-13): whenever a score equals
/// the best so far, the n-th of its kind takes its place with a chance of 1/n.
pub(super) fn best<T: Score>(scores: &[T], ties: &mut Ties) -> usize {
    let nothing = T::default();
    let (mut best, mut equals, mut overtaken) = (nothing, 0, 0);
    for block in scores.chunks(BLOCK) {
        let most = T::highest(block);
        if most == nothing || most < best {
            continue;
        }
        if most == best {
            equals += best.count(block);
            continue;
        }
        for &score in block {
            if score > best {
                overtaken += u64::from(u32::saturating_sub(equals, 1));
                (best, equals) = (score, 1);
            } else if score == best && score > nothing {
                equals += 1;
            }
        }
    }
    ties.skip(overtaken);
    let mut before = ties.pick(equals);
    let mut at = 0;
    for block in scores.chunks(BLOCK) {
        let here = best.count(block);
        if before < here {
            let mut equal = block.iter().enumerate().filter(|&(_, &score)| score == best);
            return at + equal.nth(before as usize).map_or(0, |(within, _)| within);
        }
        before -= here;
        at += block.len();
    }
    at
}
