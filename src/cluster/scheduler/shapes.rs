//! What nodes are to pods that ask for the same: whether they fit, and how their resources score. Kept from cycle to cycle
//! and worked out again only for nodes that have changed.

use std::collections::BTreeMap;
use std::ops::Range;

use super::fit::Fit;
use super::labels::Asking;
use super::score::resources;
use crate::cluster::hall::Hall;
use crate::cluster::spreading::PADDING;
use crate::ids::{ClassId, IdVec, NodeId};
use crate::model::behaviour::scheduler as behaviour;
use crate::model::{Model, PodClass};

/// Classes whose rules look at more than one node at a time.
const NONE: u32 = u32::MAX;

/// The shapes of all classes.
#[derive(Debug)]
pub(super) struct Shapes {
    of: IdVec<ClassId, u32>,
    list: Vec<Shape>,
    /// How many nodes a shape must have had examined without this before it is worked out for all of them, so that a
    /// shape that is rarely asked for costs no more than a plain search: at most as many as there are nodes.
    patience: usize,
    #[cfg(test)]
    answered: bool,
}

/// Nodes, by their place in the scheduler's order, as pods of one shape see them.
#[derive(Debug)]
pub(super) struct Shape {
    /// One of its classes: the others ask for the same.
    class: ClassId,
    /// How many changes of nodes are worked in; `None`: nothing is worked out.
    seen: Option<u64>,
    /// Nodes that were examined by plain searches since.
    owed: usize,
    /// By which scores.
    modern: bool,
    /// A bit for each node: whether it fits.
    fits: Vec<u64>,
    /// 1 + the score of its resources where it fits, otherwise 0; once more for a search that goes on at the beginning, and
    /// [`PADDING`].
    scores: Vec<u8>,
}

/// The feasible nodes that the scheduler scores.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Window {
    /// Where they stand: from the start of the search on, and what it met beyond the end of the list.
    pub(super) places: [Range<usize>; 2],
    pub(super) feasible: usize,
    pub(super) examined: usize,
}

impl Window {
    /// The same in a row, as if the list were followed by itself.
    pub(super) fn row(&self) -> Range<usize> {
        let start = self.places[0].start;
        start..start + self.examined
    }

    /// Where the n-th node of the window stands.
    pub(super) fn place(&self, at: usize) -> usize {
        let first = self.places[0].len();
        if at < first {
            self.places[0].start + at
        } else {
            self.places[1].start + at - first
        }
    }
}

impl Shapes {
    pub(super) fn new(model: &Model) -> Self {
        let mut list: Vec<Shape> = Vec::new();
        let mut known: BTreeMap<[u64; 6], Vec<u32>> = BTreeMap::new();
        let mut of = IdVec::new();
        for (id, class) in model.classes.iter_ids() {
            if !alone(class) {
                of.push(NONE);
                continue;
            }
            let (r, n) = (class.requests, class.nonzero);
            let key = [r.cpu, r.memory, r.storage, n.cpu, n.memory, n.storage];
            let alike = known.entry(key).or_default();
            let same = |&&shape: &&u32| asks_the_same(class, &model.classes[list[shape as usize].class]);
            let shape = alike.iter().find(same).copied().unwrap_or_else(|| {
                let new = u32::try_from(list.len()).unwrap_or(NONE);
                list.push(Shape::new(id));
                alike.push(new);
                new
            });
            of.push(shape);
        }
        Self {
            of,
            list,
            patience: model.nodes.len(),
            #[cfg(test)]
            answered: false,
        }
    }

    /// Whether the last question had an answer.
    #[cfg(test)]
    pub(super) fn answered(&mut self) -> bool {
        std::mem::take(&mut self.answered)
    }

    /// Plain searches only, for comparison.
    #[cfg(test)]
    pub(super) fn never(model: &Model) -> Self {
        Self {
            patience: usize::MAX,
            ..Self::new(model)
        }
    }

    /// Nodes as a pod sees them, up to date; `None` where a plain search is called for.
    pub(super) fn current(&mut self, ask: Asking<'_>, wanted: usize, fit: &mut Fit, hall: &Hall<'_>) -> Option<&Shape> {
        let shape = self.list.get_mut(self.of[ask.id] as usize)?;
        let modern = behaviour::modern_scores(ask.minor);
        let changes = &hall.store.spreading.changes;
        let seen = shape.seen.filter(|_| shape.modern == modern);
        let missed = seen.and_then(|seen| changes.since(seen));
        let cost = missed.as_ref().map_or(self.patience, ExactSizeIterator::len);
        if cost > wanted.max(shape.owed) || self.patience == usize::MAX {
            shape.owed = shape.owed.saturating_add(wanted);
            return None;
        }
        let ask = Asking {
            id: shape.class,
            class: hall.template(shape.class),
            ..ask
        };
        fit.labels.prepare(ask, hall.model);
        match missed {
            Some(missed) => missed.for_each(|node| shape.look(node, ask, fit, hall)),
            None => {
                shape.modern = modern;
                shape.scores.resize(2 * hall.model.nodes.len() + PADDING, 0);
                shape.fits.resize(hall.model.nodes.len().div_ceil(64), 0);
                hall.model.nodes.ids().for_each(|node| shape.look(node, ask, fit, hall));
            }
        }
        shape.seen = Some(changes.count());
        shape.owed = 0;
        #[cfg(test)]
        {
            self.answered = true;
        }
        Some(shape)
    }
}

/// Whether a node can be judged for pods of a class without a look at other pods and nodes, but for the system's default
/// spread of ReplicaSets.
fn alone(class: &PodClass) -> bool {
    class.placement.as_ref().is_none_or(|p| {
        p.spread.is_empty()
            && p.affinity.is_empty()
            && p.anti_affinity.is_empty()
            && p.repelled_by.is_empty()
            && p.attraction.is_empty()
            && p.preferred_nodes.is_empty()
    })
}

/// Whether two classes with equal requests fit on the same nodes.
fn asks_the_same(a: &PodClass, b: &PodClass) -> bool {
    let nodes = |class: &PodClass| class.placement.as_ref().and_then(|p| p.nodes.clone());
    a.host_ports == b.host_ports
        && a.node_selector == b.node_selector
        && a.tolerations == b.tolerations
        && nodes(a) == nodes(b)
}

impl Shape {
    fn new(class: ClassId) -> Self {
        Self {
            class,
            seen: None,
            owed: 0,
            modern: false,
            fits: Vec::new(),
            scores: Vec::new(),
        }
    }

    /// The class that stands for all of this shape.
    pub(super) fn class(&self) -> ClassId {
        self.class
    }

    /// For each place: 1 + the score of the resources where the node fits, otherwise 0; twice, and [`PADDING`].
    pub(super) fn scores(&self) -> &[u8] {
        &self.scores
    }

    fn look(&mut self, node: NodeId, ask: Asking<'_>, fit: &Fit, hall: &Hall<'_>) {
        let place = hall.store.spreading.order.place(node);
        let fits = fit.check(ask, node, hall).is_none();
        let score = if fits {
            1 + resources(ask.class, node, self.modern, hall)
        } else {
            0
        };
        debug_assert!((0..=201).contains(&score));
        let score = u8::try_from(score).unwrap_or(u8::MAX);
        self.scores[place] = score;
        self.scores[place + hall.model.nodes.len()] = score;
        let bit = 1 << (place % 64);
        if fits {
            self.fits[place / 64] |= bit;
        } else {
            self.fits[place / 64] &= !bit;
        }
    }

    /// The feasible nodes from a place on, as many as wanted (S-10, S-11).
    pub(super) fn window(&self, start: usize, wanted: usize) -> Window {
        let nodes = (self.scores.len() - PADDING) / 2;
        let (end, found) = self.reach(start..nodes, wanted);
        if found == wanted {
            return Window {
                places: [start..end, 0..0],
                feasible: found,
                examined: end - start,
            };
        }
        let (again, more) = self.reach(0..start, wanted - found);
        Window {
            places: [start..nodes, 0..again],
            feasible: found + more,
            examined: nodes - start + again,
        }
    }

    /// How many of some nodes fit in a range of places.
    pub(super) fn fitting(&self, places: Range<usize>, members: &[u64]) -> usize {
        let (mut at, mut found) = (places.start, 0);
        while at < places.end {
            let span = (64 - at % 64).min(places.end - at);
            let word = (self.fits[at / 64] & members[at / 64]) >> (at % 64) & (u64::MAX >> (64 - span));
            found += word.count_ones() as usize;
            at += span;
        }
        found
    }

    /// The places in a range where nodes do not fit.
    pub(super) fn misfits(&self, places: Range<usize>) -> impl Iterator<Item = usize> {
        let first = places.start / 64;
        let words = self.fits[first..places.end.div_ceil(64)].iter().zip(first..);
        words.flat_map(move |(fits, number)| {
            let mut misfits = !fits;
            if number == first {
                misfits &= u64::MAX << (places.start % 64);
            }
            if places.end < number * 64 + 64 {
                misfits &= !(u64::MAX << (places.end % 64));
            }
            std::iter::from_fn(move || {
                let place = number * 64 + misfits.trailing_zeros() as usize;
                misfits &= misfits.checked_sub(1)?;
                Some(place)
            })
        })
    }

    /// How far to go until so many fit, and how many do up to there.
    fn reach(&self, places: Range<usize>, wanted: usize) -> (usize, usize) {
        let (mut at, mut found) = (places.start, 0);
        while at < places.end {
            let span = (64 - at % 64).min(places.end - at);
            let all = u64::MAX >> (64 - span);
            let mut word = self.fits[at / 64] >> (at % 64) & all;
            // Mostly every node fits, and there is nothing to count.
            let ones = if word == all { span } else { word.count_ones() as usize };
            if found + ones >= wanted {
                if word == all {
                    return (at + wanted - found, wanted);
                }
                for _ in 1..wanted - found {
                    word &= word - 1;
                }
                return (at + word.trailing_zeros() as usize + 1, wanted);
            }
            found += ones;
            at += span;
        }
        (places.end, found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Id;

    /// Side by side with a walk from node to node.
    #[test]
    fn s10_s11_windows_are_those_of_a_plain_walk() {
        let mut state = 1_u64;
        let mut random = move |below: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) as usize % below
        };
        for _ in 0..2000 {
            let nodes = 1 + random(300);
            let mut shape = Shape::new(ClassId::from_index(0));
            let rare = 1 + random(20);
            shape.scores = (0..nodes).map(|_| u8::from(random(rare) == 0)).collect();
            shape.fits = vec![0; nodes.div_ceil(64)];
            for (place, _) in shape.scores.iter().enumerate().filter(|(_, s)| **s > 0) {
                shape.fits[place / 64] |= 1 << (place % 64);
            }
            shape.scores.extend_from_within(..);
            shape.scores.extend([0; PADDING]);
            let (start, wanted) = (random(nodes), 1 + random(nodes));
            let (mut feasible, mut examined) = (0, 0);
            while examined < nodes && feasible < wanted {
                feasible += usize::from(shape.scores[(start + examined) % nodes] > 0);
                examined += 1;
            }
            let window = shape.window(start, wanted);
            assert_eq!((window.feasible, window.examined), (feasible, examined));
            let places: usize = window.places.iter().map(ExactSizeIterator::len).sum();
            assert_eq!(places, examined);
            let misfits = window.places.iter().flat_map(|places| shape.misfits(places.clone()));
            let plain = window.places.iter().flat_map(Clone::clone);
            assert!(misfits.eq(plain.filter(|&place| shape.scores[place] == 0)));
        }
    }
}
