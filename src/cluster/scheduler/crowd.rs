//! The system's default spread over nodes and zones, for pods of a ReplicaSet (S-17 … S-19).

use super::quick::{BLOCK, Score, best};
use super::shapes::{Shape, Window};
use super::spread::weight;
use crate::cluster::spreading::{Host, Order, Spreading};
use crate::ids::{NodeId, ReplicaSetId};
use crate::rng::Ties;

/// So many zones, that of nodes without one included, are told apart by masks, which the compiler turns into steps for many
/// nodes at a time.
const FEW: usize = 4;
/// A score that no node has.
const NEVER: u8 = u8::MAX;
/// The highest score that fits a byte beside it.
const MOST: u8 = NEVER - 1;
/// So many pairs have numbers that fit a byte.
const PAIRS: usize = 256;

/// The score of the spread depends on the zone and on how many pods of the ReplicaSet a node has, so it is worked out once for
/// each pair that occurs. Most nodes have none of the pods of a small ReplicaSet, so those that have some are looked at one
/// by one, and the others all together.
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
    /// A byte for each node of the window: its pair, or a score as if it had no pods, changed so that it makes up for that.
    bytes: Vec<u8>,
    /// Whether each node is as good as the best.
    equal: Vec<u8>,
    /// For each node of the window: 1 + its score where it fits, otherwise 0.
    totals: Vec<u16>,
}

/// Feasible nodes in a zone.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    all: usize,
    without: usize,
}

/// A node of the window that has pods.
#[derive(Clone, Copy, Debug)]
struct Met {
    /// Where in the window it stands.
    at: u32,
    zone: u32,
    pair: u32,
    score: u8,
}

/// What a cycle is about.
struct Cycle<'a> {
    window: &'a Window,
    shape: &'a Shape,
    modern: bool,
    order: &'a Order,
    /// The nodes of each part of the window that have pods.
    hosts: [&'a [Host]; 2],
    /// One more than the most pods of the ReplicaSet on a node.
    stride: u32,
}

/// A part of the window.
struct Part<'a> {
    /// Where it begins in the window.
    before: usize,
    /// Where it begins in the order.
    start: usize,
    scores: &'a [u8],
    zones: &'a [u32],
    zone_bytes: &'a [u8],
    hosts: &'a [Host],
}

impl<'a> Cycle<'a> {
    fn parts(&self) -> [Part<'a>; 2] {
        let part = |number: usize, before: usize| {
            let places = self.window.places[number].clone();
            Part {
                before,
                start: places.start,
                scores: &self.shape.scores()[places.clone()],
                zones: &self.order.zones()[places.clone()],
                zone_bytes: &self.order.zone_bytes()[places],
                hosts: self.hosts[number],
            }
        };
        [part(0, 0), part(1, self.window.places[0].len())]
    }
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
            bytes: Vec::new(),
            equal: Vec::new(),
            totals: Vec::new(),
        }
    }

    /// Counts the pods in each zone, those on nodes that the pod's own selector and affinity match.
    pub(super) fn count(
        &mut self,
        rs: ReplicaSetId,
        every: bool,
        selects: impl Fn(NodeId) -> bool,
        spreading: &Spreading,
    ) {
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

    /// Which node of a window is best by its resources and the spread.
    pub(super) fn best(
        &mut self,
        rs: ReplicaSetId,
        (window, shape, modern): (&Window, &Shape, bool),
        spreading: &Spreading,
        ties: &mut Ties,
    ) -> usize {
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
            order: &spreading.order,
            hosts,
            stride: most.unwrap_or(0) + 1,
        };
        self.begin(&cycle);
        let met = hosts[0].len() + hosts[1].len();
        if met * 4 > window.examined && cycle.stride as usize * self.members.len() <= PAIRS {
            self.each_by_pair(&cycle);
            return best([&self.totals, &[]], ties);
        }
        self.meet(&cycle);
        self.score_pairs(&cycle);
        if self.members.len() <= FEW && self.adjust(&cycle) {
            return self.best_adjusted(&cycle, ties);
        }
        self.add_up(&cycle);
        best([&self.totals, &[]], ties)
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
    fn each_by_pair(&mut self, cycle: &Cycle<'_>) {
        // One more for nodes that do not fit.
        let mut occurs = [false; PAIRS + 1];
        self.bytes.clear();
        self.bytes.resize(cycle.window.examined, 0);
        for part in cycle.parts() {
            let pairs = &mut self.bytes[part.before..part.before + part.scores.len()];
            for host in part.hosts {
                pairs[host.place as usize - part.start] = host.pods as u8;
            }
            for (pair, &zone) in pairs.iter_mut().zip(part.zone_bytes) {
                *pair = pair.wrapping_add(zone.wrapping_mul(cycle.stride as u8));
            }
            // Only writes, so that none has to wait for the one before.
            for (&pair, &score) in pairs.iter().zip(part.scores) {
                occurs[if score > 0 { pair as usize } else { PAIRS }] = true;
            }
        }
        let pairs = cycle.stride * self.members.len() as u32;
        self.pairs.extend((0..pairs).filter(|&pair| occurs[pair as usize]));
        self.score_pairs(cycle);
        let mut adds = [0; PAIRS];
        for &pair in &self.pairs {
            adds[pair as usize] = self.adds[pair as usize].0;
        }
        self.totals.resize(cycle.window.examined, 0);
        for part in cycle.parts() {
            let nodes = part.before..part.before + part.scores.len();
            let nodes = self.totals[nodes.clone()].iter_mut().zip(&self.bytes[nodes]);
            for ((total, &pair), &score) in nodes.zip(part.scores) {
                *total = only_if(score > 0) & (u16::from(score) + adds[pair as usize]);
            }
        }
    }

    /// Looks at the nodes that have pods, and collects the pairs that occur.
    fn meet(&mut self, cycle: &Cycle<'_>) {
        self.met.clear();
        for part in cycle.parts() {
            for host in part.hosts {
                let within = host.place as usize - part.start;
                let (zone, score) = (part.zones[within], part.scores[within]);
                if score == 0 {
                    continue;
                }
                let pair = zone * cycle.stride + host.pods;
                let at = (part.before + within) as u32;
                self.met.push(Met { at, zone, pair, score });
                self.nodes[zone as usize].without -= 1;
                let known = &mut self.adds[pair as usize].1;
                if *known != self.cycle {
                    *known = self.cycle;
                    self.pairs.push(pair);
                }
            }
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
        self.base.resize(self.base.len().max(FEW), 0);
    }

    /// The totals of all nodes.
    fn add_up(&mut self, cycle: &Cycle<'_>) {
        self.totals.resize(cycle.window.examined, 0);
        for part in cycle.parts() {
            let totals = &mut self.totals[part.before..part.before + part.scores.len()];
            for ((total, &score), &zone) in totals.iter_mut().zip(part.scores).zip(part.zones) {
                *total = only_if(score > 0) & (u16::from(score) + self.base[zone as usize]);
            }
        }
        for met in &self.met {
            self.totals[met.at as usize] = u16::from(met.score) + self.adds[met.pair as usize].0;
        }
    }

    /// Scores in a byte each, so that together with what the spread adds to a node without pods in the same zone they make
    /// the totals of all nodes; whether that is possible.
    fn adjust(&mut self, cycle: &Cycle<'_>) -> bool {
        self.bytes.clear();
        for part in cycle.parts() {
            self.bytes.extend_from_slice(part.scores);
        }
        for met in &self.met {
            let total = u16::from(met.score) + self.adds[met.pair as usize].0;
            let without = self.base[met.zone as usize];
            let Some(adjusted @ 1..=MOST) = total.checked_sub(without).and_then(|t| u8::try_from(t).ok()) else {
                return false;
            };
            self.bytes[met.at as usize] = adjusted;
        }
        true
    }

    /// As [`best`], with bytes and few zones: the best of each zone first.
    fn best_adjusted(&mut self, cycle: &Cycle<'_>, ties: &mut Ties) -> usize {
        let parts = cycle.parts();
        let (first, last) = self.bytes.split_at(parts[1].before);
        let zones = parts.each_ref().map(|part| part.zone_bytes);
        let mut most = 0;
        for (zone, _) in self.nodes.iter().enumerate().filter(|(_, nodes)| nodes.all > 0) {
            let top = top(first, zones[0], zone as u8).max(top(last, zones[1], zone as u8));
            most = most.max(u16::from(top) + self.base[zone]);
        }
        let target = |zone: usize| {
            let target = most.checked_sub(self.base[zone]);
            target.and_then(|t| u8::try_from(t).ok()).unwrap_or(NEVER)
        };
        let targets = [target(0), target(1), target(2), target(3)];
        self.equal.resize(self.bytes.len(), 0);
        let (first_equal, last_equal) = self.equal.split_at_mut(first.len());
        compare((first, zones[0]), targets, first_equal);
        compare((last, zones[1]), targets, last_equal);
        let equals = self.equal.chunks(BLOCK).map(|block| 1.count(block)).sum();
        let mut before = nth(&self.equal, 0);
        let (mut best, mut overtaken) = (0, 0);
        let base = [self.base[0], self.base[1], self.base[2], self.base[3]];
        for (scores, zones) in [(first, zones[0]), (last, zones[1])] {
            let nodes = scores.len().min(before);
            overtaken += draws(&scores[..nodes], &zones[..nodes], base, &mut best);
            before -= nodes;
        }
        ties.skip(overtaken);
        nth(&self.equal, ties.pick(equals))
    }
}

/// How many draws the nodes before the best one take: one for each that equals the best so far.
fn draws(scores: &[u8], zones: &[u8], base: [u16; FEW], best: &mut u16) -> u64 {
    let mut draws = 0;
    let mut totals = [0; BLOCK];
    for (scores, zones) in scores.chunks(BLOCK).zip(zones.chunks(BLOCK)) {
        let totals = &mut totals[..scores.len()];
        add_base((scores, zones), base, totals);
        let highest = u16::highest(totals);
        // Most blocks have nothing to say once a good node is known.
        if highest < *best || highest == 0 {
            continue;
        }
        for &total in &*totals {
            draws += u64::from(total == *best && total > 0);
            *best = total.max(*best);
        }
    }
    draws
}

/// The totals of nodes by their scores and what the spread adds in their zones; 0 where they do not fit.
fn add_base((scores, zones): (&[u8], &[u8]), [a, b, c, d]: [u16; FEW], totals: &mut [u16]) {
    for ((total, &score), &zone) in totals.iter_mut().zip(scores).zip(zones) {
        let first = only_if(zone == 0) & a | only_if(zone == 1) & b;
        let last = only_if(zone == 2) & c | only_if(zone == 3) & d;
        *total = only_if(score > 0) & (u16::from(score) + (first | last));
    }
}

/// The highest score in a zone.
fn top(scores: &[u8], zones: &[u8], zone: u8) -> u8 {
    let (scores, last_scores) = scores.as_chunks::<BLOCK>();
    let (zones, last_zones) = zones.as_chunks::<BLOCK>();
    let mut top = 0;
    for (scores, zones) in scores.iter().zip(zones) {
        for at in 0..BLOCK {
            top = top.max(scores[at] & byte_if(zones[at] == zone));
        }
    }
    for (score, &of) in last_scores.iter().zip(last_zones) {
        top = top.max(score & byte_if(of == zone));
    }
    top
}

/// Marks the nodes whose scores are those that their zones have to reach.
fn compare((scores, zones): (&[u8], &[u8]), [a, b, c, d]: [u8; FEW], equal: &mut [u8]) {
    for ((equal, &score), &zone) in equal.iter_mut().zip(scores).zip(zones) {
        let first = byte_if(zone == 0) & a | byte_if(zone == 1) & b;
        let last = byte_if(zone == 2) & c | byte_if(zone == 3) & d;
        *equal = u8::from(score == (first | last));
    }
}

/// Where the n-th marked node stands.
fn nth(marks: &[u8], mut n: u32) -> usize {
    for (number, block) in marks.chunks(BLOCK).enumerate() {
        let here = 1.count(block);
        if n < here {
            let mut marked = block.iter().enumerate().filter(|&(_, &mark)| mark > 0);
            return number * BLOCK + marked.nth(n as usize).map_or(0, |(within, _)| within);
        }
        n -= here;
    }
    0
}

/// All bits or none.
fn byte_if(yes: bool) -> u8 {
    u8::from(yes).wrapping_neg()
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
