//! The search for a node with what is kept from cycle to cycle (`shapes.rs`): the same node, and the same draws for ties, as
//! by examining and scoring one node after another.

use std::ops::Range;

use super::Scheduler;
use super::fit::wanted;
use super::labels::Asking;
use super::shapes::{Shape, Window};
use super::spread::weight;
use crate::cluster::hall::Hall;
use crate::cluster::spreading::{Host, Order, Spreading};
use crate::ids::{NodeId, ReplicaSetId};
use crate::model::behaviour::scheduler as behaviour;
use crate::rng::Ties;

impl Scheduler {
    /// The node for a pod whose rules look at one node at a time; `None`: it takes a plain search to say.
    pub(super) fn quick(&mut self, ask: Asking<'_>, hall: &Hall<'_>) -> Option<NodeId> {
        let (state, spreading) = (&hall.store.pods[ask.pod], &hall.store.spreading);
        if !hall.store.nominated.is_empty() || self.scorer.soft_taints {
            return None;
        }
        if hall.model.volumes_of(ask.id, state.slot).next().is_some() {
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
            let scores = window.places.iter().flat_map(|places| &shape.scores()[places.clone()]);
            scores.take_while(|&&score| score == 0).count()
        } else if let Some(rs) = state.replica_set {
            let every = self.fit.labels.selects_every(shape.class());
            let selects = |node: NodeId| every || self.fit.labels.selects(shape.class(), node);
            self.crowd.count(rs, every, selects, spreading);
            let modern = behaviour::modern_scores(ask.minor);
            let totals = self.crowd.totals(rs, (&window, shape), modern, spreading);
            best([totals, &[]], &mut self.ties)
        } else {
            let scores = window.places.each_ref().map(|places| &shape.scores()[places.clone()]);
            best(scores, &mut self.ties)
        };
        Some(spreading.order.nodes()[window.place(at)])
    }
}

/// So many nodes are looked at together.
const BLOCK: usize = 64;

/// A score; 0: the node does not fit.
trait Score: Copy + Ord + Default {
    /// How often a score occurs in a block.
    fn count(self, block: &[Self]) -> u32;
}

// Counters of the scores' own width let the compiler count many at a time.
impl Score for u8 {
    fn count(self, block: &[Self]) -> u32 {
        block
            .iter()
            .fold(0_u8, |n, &score| n + Self::from(score == self))
            .into()
    }
}

impl Score for u16 {
    fn count(self, block: &[Self]) -> u32 {
        block
            .iter()
            .fold(0_u16, |n, &score| n + Self::from(score == self))
            .into()
    }
}

/// Where the best of these scores stands, counted over both parts. Ties are broken at random (S-13): whenever a score equals
/// the best so far, the n-th of its kind takes its place with a chance of 1/n.
fn best<T: Score>(parts: [&[T]; 2], ties: &mut Ties) -> usize {
    let nothing = T::default();
    let (mut best, mut equals, mut overtaken) = (nothing, 0, 0);
    let blocks = || parts.into_iter().flat_map(|part| part.chunks(BLOCK));
    for block in blocks() {
        let most = block.iter().copied().fold(nothing, T::max);
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
    for block in blocks() {
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

/// The system's default spread over nodes and zones (S-17 … S-19). Its score depends on the zone and on how many pods of the
/// ReplicaSet a node has, so it is worked out once for each pair that occurs. Most nodes have none of the pods, so those
/// that have some are looked at one by one, and the others all together.
#[derive(Debug)]
pub(super) struct Crowd {
    /// ln(size + 2) by size.
    weights: Vec<f64>,
    /// For each zone, and for nodes without one: a bit for each place.
    members: Vec<Vec<u64>>,
    by_zone: Vec<u32>,
    /// Feasible nodes in each zone, and those of them that have no pods.
    nodes: Vec<Counts>,
    /// Pairs that occur: zone · stride + pods.
    pairs: Vec<u32>,
    /// What the spread adds for each pair, and in which cycle the pair occurred.
    adds: Vec<(u16, u32)>,
    scores: Vec<i64>,
    cycle: u32,
    /// What the spread adds to nodes without pods, by zone.
    base: Vec<u16>,
    met: Vec<Met>,
    /// The pair of each node of the window, where there are few enough.
    of_place: Vec<u8>,
    /// For each node of the window: 1 + its score where it fits, otherwise 0.
    totals: Vec<u16>,
}

/// Feasible nodes in a zone.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    all: usize,
    without: usize,
}

/// What a cycle is about.
struct Cycle<'a> {
    window: &'a Window,
    shape: &'a Shape,
    modern: bool,
    spreading: &'a Spreading,
    /// The nodes of each part of the window that have pods.
    hosts: [&'a [Host]; 2],
    /// One more than the most pods of the ReplicaSet on a node.
    stride: u32,
}

/// So many pairs have numbers that fit a byte.
const PAIRS: usize = 256;

/// A node of the window that has pods.
#[derive(Clone, Copy, Debug)]
struct Met {
    /// Where in the window it stands.
    at: u32,
    pair: u32,
    score: u8,
}

impl Crowd {
    pub(super) fn new(order: &Order) -> Self {
        let (nodes, zones) = (order.nodes().len(), order.zone_count() + 1);
        let mut members = vec![vec![0; nodes.div_ceil(64)]; zones];
        for (place, &zone) in order.zones().iter().enumerate() {
            members[zone as usize][place / 64] |= 1 << (place % 64);
        }
        Self {
            weights: (0..=nodes).map(weight).collect(),
            members,
            by_zone: Vec::new(),
            nodes: vec![Counts::default(); zones],
            pairs: Vec::new(),
            adds: Vec::new(),
            scores: Vec::new(),
            cycle: 0,
            base: Vec::new(),
            met: Vec::new(),
            of_place: Vec::new(),
            totals: Vec::new(),
        }
    }

    /// Counts the pods in each zone, those on nodes that the pod's own selector and affinity match.
    fn count(&mut self, rs: ReplicaSetId, every: bool, selects: impl Fn(NodeId) -> bool, spreading: &Spreading) {
        self.by_zone.clear();
        self.by_zone.extend_from_slice(spreading.by_zone(rs));
        self.by_zone.resize(spreading.order.zone_count(), 0);
        if every {
            return;
        }
        self.by_zone.fill(0);
        for host in spreading.hosts(rs) {
            let place = host.place as usize;
            if let Some(count) = self.by_zone.get_mut(spreading.order.zones()[place] as usize)
                && selects(spreading.order.nodes()[place])
            {
                *count += host.pods;
            }
        }
    }

    /// The scores of the nodes of a window by their resources and the spread: 0 where a node does not fit, otherwise 1 more.
    fn totals(
        &mut self,
        rs: ReplicaSetId,
        (window, shape): (&Window, &Shape),
        modern: bool,
        spreading: &Spreading,
    ) -> &[u16] {
        let hosts = window.places.each_ref().map(|places| {
            let hosts = spreading.hosts(rs);
            let from = hosts.partition_point(|h| (h.place as usize) < places.start);
            let to = hosts.partition_point(|h| (h.place as usize) < places.end);
            &hosts[from..to]
        });
        let most = hosts.iter().flat_map(|hosts| hosts.iter()).map(|h| h.pods).max();
        let cycle = Cycle {
            window,
            shape,
            modern,
            spreading,
            hosts,
            stride: most.unwrap_or(0) + 1,
        };
        self.begin(&cycle);
        let met: usize = hosts.iter().map(|hosts| hosts.len()).sum();
        let small = cycle.stride as usize * self.members.len() <= PAIRS;
        if small && met * 4 > window.examined {
            self.all_alike(&cycle);
            return &self.totals;
        }
        self.pair_up(&cycle);
        self.score_pairs(&cycle);
        self.totals.resize(window.examined, 0);
        let before = window.places[0].len();
        self.add_up(window.places[0].clone(), 0..before, &cycle);
        self.add_up(window.places[1].clone(), before..window.examined, &cycle);
        for met in &self.met {
            self.totals[met.at as usize] = u16::from(met.score) + self.adds[met.pair as usize].0;
        }
        &self.totals
    }

    /// Counts the nodes of each zone, and forgets the pairs of the cycle before.
    fn begin(&mut self, cycle: &Cycle<'_>) {
        self.cycle = self.cycle.wrapping_add(1);
        self.pairs.clear();
        let size = cycle.stride as usize * self.members.len();
        if self.adds.len() < size || self.cycle == 0 {
            self.adds.clear();
            self.adds.resize(size, (0, 0));
            self.cycle = 1;
        }
        for (members, nodes) in self.members.iter().zip(&mut self.nodes) {
            let parts = cycle.window.places.iter();
            nodes.all = parts.map(|places| cycle.shape.fitting(places.clone(), members)).sum();
            nodes.without = nodes.all;
        }
    }

    /// The totals where many nodes have pods: each by its pair.
    fn all_alike(&mut self, cycle: &Cycle<'_>) {
        let order = &cycle.spreading.order;
        let mut occurs = [false; PAIRS];
        let mut before = 0;
        self.of_place.clear();
        self.of_place.resize(cycle.window.examined, 0);
        for (places, hosts) in cycle.window.places.iter().zip(cycle.hosts) {
            let pairs = &mut self.of_place[before..before + places.len()];
            for host in hosts {
                pairs[host.place as usize - places.start] = host.pods as u8;
            }
            let zones = &order.zone_bytes()[places.clone()];
            let scores = &cycle.shape.scores()[places.clone()];
            for ((pair, &zone), &score) in pairs.iter_mut().zip(zones).zip(scores) {
                *pair = pair.wrapping_add(zone.wrapping_mul(cycle.stride as u8));
                occurs[*pair as usize] |= score > 0;
            }
            before += places.len();
        }
        self.pairs
            .extend((0..).zip(occurs).filter(|(_, occurs)| *occurs).map(|(pair, _)| pair));
        self.score_pairs(cycle);
        let mut adds = [0; PAIRS];
        for &pair in &self.pairs {
            adds[pair as usize] = self.adds[pair as usize].0;
        }
        let scores = cycle
            .window
            .places
            .iter()
            .flat_map(|places| &cycle.shape.scores()[places.clone()]);
        let nodes = scores.zip(&self.of_place);
        let total = |(&score, &pair): (&u8, &u8)| only_if(score > 0) & (u16::from(score) + adds[pair as usize]);
        self.totals.clear();
        self.totals.extend(nodes.map(total));
    }

    /// Collects the pairs that occur.
    fn pair_up(&mut self, cycle: &Cycle<'_>) {
        self.met.clear();
        let (zones, scores) = (cycle.spreading.order.zones(), cycle.shape.scores());
        let mut before = 0;
        for (places, hosts) in cycle.window.places.iter().zip(cycle.hosts) {
            for host in hosts {
                let place = host.place as usize;
                let (zone, score) = (zones[place], scores[place]);
                if score == 0 {
                    continue;
                }
                let pair = zone * cycle.stride + host.pods;
                let at = (before + place - places.start) as u32;
                self.met.push(Met { at, pair, score });
                self.nodes[zone as usize].without -= 1;
                let known = &mut self.adds[pair as usize].1;
                if *known != self.cycle {
                    *known = self.cycle;
                    self.pairs.push(pair);
                }
            }
            before += places.len();
        }
        let without = self.nodes.iter().zip(0..).filter(|(nodes, _)| nodes.without > 0);
        self.pairs.extend(without.map(|(_, zone)| zone * cycle.stride));
    }

    /// What each pair adds: 2 · 100 · (max + min − score) / max. Old schedulers ignore nodes without a zone: they get nothing.
    fn score_pairs(&mut self, cycle: &Cycle<'_>) {
        let (lone, zones) = match self.nodes.split_last() {
            Some((lone, zones)) => (lone.all, zones),
            None => (0, &[][..]),
        };
        let sized = cycle.window.feasible - if cycle.modern { 0 } else { lone };
        let zones_met = zones.iter().filter(|nodes| nodes.all > 0).count();
        let (by_host, by_zone) = (self.weights[sized], self.weights[zones_met]);
        let ignored = |pair: u32| !cycle.modern && (pair / cycle.stride) as usize == zones.len();
        self.scores.clear();
        let (mut min, mut max) = (i64::MAX, 0);
        for &pair in &self.pairs {
            let (zone, pods) = (pair / cycle.stride, pair % cycle.stride);
            let mut sum = f64::from(pods) * by_host + 2.0;
            if let Some(&in_zone) = self.by_zone.get(zone as usize) {
                sum += f64::from(in_zone) * by_zone + 4.0;
            }
            let score = whole(sum, cycle.modern);
            self.scores.push(score);
            if !ignored(pair) {
                (min, max) = (min.min(score), max.max(score));
            }
        }
        for (&pair, score) in self.pairs.iter().zip(&self.scores) {
            let share = match max {
                _ if ignored(pair) => 0,
                0 => 100,
                _ => 100 * (max + min - score) / max,
            };
            self.adds[pair as usize].0 = u16::try_from(2 * share).unwrap_or(0);
        }
        self.base.clear();
        let zones = 0..self.nodes.len();
        self.base
            .extend(zones.map(|zone| self.adds[zone * cycle.stride as usize].0));
        self.base.resize(self.base.len().max(4), 0);
    }

    /// The totals of a part of the window, as if no node had pods.
    fn add_up(&mut self, places: Range<usize>, part: Range<usize>, cycle: &Cycle<'_>) {
        let order = &cycle.spreading.order;
        let scores = &cycle.shape.scores()[places.clone()];
        let totals = &mut self.totals[part];
        if let [a, b, c, d] = self.base[..] {
            // Few zones: masks instead of choices, which the compiler turns into many nodes at a time.
            let zones = &order.zone_bytes()[places];
            for ((total, &score), &zone) in totals.iter_mut().zip(scores).zip(zones) {
                let first = only_if(zone == 0) & a | only_if(zone == 1) & b;
                let last = only_if(zone == 2) & c | only_if(zone == 3) & d;
                *total = only_if(score > 0) & (u16::from(score) + (first | last));
            }
        } else {
            let zones = &order.zones()[places];
            for ((total, &score), &zone) in totals.iter_mut().zip(scores).zip(zones) {
                *total = only_if(score > 0) & (u16::from(score) + self.base[zone as usize]);
            }
        }
    }
}

/// All bits or none.
fn only_if(yes: bool) -> u16 {
    u16::from(yes).wrapping_neg()
}

/// A sum of positive parts, rounded half up as later versions do, or cut off.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "Kubernetes truncates here; far below 2^52"
)]
fn whole(sum: f64, modern: bool) -> i64 {
    let whole = sum as i64;
    whole + i64::from(modern && sum - whole as f64 >= 0.5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_is_that_of_libm() {
        for n in 0..100_000_u32 {
            let sum = f64::from(n) * 0.123_456_7;
            assert_eq!(whole(sum, true) as f64, libm::round(sum), "{sum}");
            assert_eq!(whole(f64::from(n) / 2.0, true) as f64, libm::round(f64::from(n) / 2.0));
        }
        assert_eq!(whole(2.999, false), 2);
    }
}
