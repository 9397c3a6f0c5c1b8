//! The system's default spread over nodes and zones, for pods of a ReplicaSet (S-17 … S-19).

use super::blocks::{self, BLOCK, Block};
use super::quick::best;
use super::shapes::{Shape, Window};
use super::spread::weight;
use crate::cluster::spreading::{Host, Hosts, Order, Spreading};
use crate::ids::{NodeId, ReplicaSetId};
use crate::rng::Ties;

/// Up to so many nodes that do not fit are taken off the counts of all nodes; where there are more, those that fit are counted.
const MISFITS: usize = 64;
/// So many pairs at most are compared with every node's: counted in an upgrade of 5,000 nodes, where mostly one is, that
/// takes some 30 instructions for 64 nodes, and a table 170.
const RARE: usize = 8;
/// So many pairs have numbers that fit a byte.
const PAIRS: usize = 256;

/// The score of the spread depends on the zone and on how many pods of the ReplicaSet a node has, so it is worked out once for
/// each pair that occurs. What it adds to the scores of a window's nodes is then added to many at a time: by pair where
/// the store has a byte for each node, otherwise by zone, and by pair to the few nodes that have pods.
#[derive(Debug)]
pub(super) struct Crowd {
    /// ln(size + 2) by size.
    weights: Vec<f64>,
    /// For each zone, and for nodes without one.
    members: Vec<Members>,
    by_zone: Vec<u32>,
    /// Feasible nodes in each zone, and those of them that have no pods.
    nodes: Vec<Counts>,
    pairs: Vec<Pair>,
    /// What the spread adds for each pair, and in which cycle the pair occurred.
    adds: Vec<(u16, u32)>,
    cycle: u32,
    met: Vec<Met>,
    /// Pairs to which the spread adds something else than to most, and what.
    rare: Vec<(u8, u8)>,
    /// A byte for each node of the window: 0 where it does not fit; its score, and later its total less what all have.
    cells: Vec<Block>,
    /// For each node of the window: 1 + its total where it fits, otherwise 0. Where bytes do not do.
    totals: Vec<u16>,
    /// How often each way was taken: with few or many hosts, in bytes or not.
    #[cfg(test)]
    pub(super) taken: [[usize; 2]; 2],
}

/// The nodes of a zone.
#[derive(Clone, Debug, Default)]
struct Members {
    /// A bit for each place.
    places: Vec<u64>,
    /// How many stand before each 64 places.
    before: Vec<u32>,
}

impl Members {
    /// How many stand before a place.
    fn rank(&self, place: usize) -> usize {
        let within = self.places[place / 64] & !(u64::MAX << (place % 64));
        self.before[place / 64] as usize + within.count_ones() as usize
    }
}

/// Feasible nodes in a zone.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    all: usize,
    without: usize,
}

/// Nodes of a zone with so many pods of the ReplicaSet.
#[derive(Clone, Copy, Debug)]
struct Pair {
    zone: u32,
    pods: u32,
    score: i64,
}

/// A node of the window that has pods.
#[derive(Clone, Copy, Debug)]
struct Met {
    /// Where in the window it stands.
    at: u32,
    pair: u32,
    score: u8,
}

/// What a cycle is about.
struct Cycle<'a> {
    window: &'a Window,
    shape: &'a Shape,
    modern: bool,
    order: &'a Order,
    hosts: Option<&'a Hosts>,
}

impl Cycle<'_> {
    /// The number of a pair.
    fn pair(&self, zone: u32, pods: u32) -> usize {
        pods as usize * self.order.pair_step() + zone as usize
    }

    /// The bytes of a window's nodes out of those of all places, in whole blocks as if they went on.
    fn part<'b>(&self, bytes: &'b [u8]) -> &'b [Block] {
        let row = self.window.row();
        bytes[row.start..row.start + row.len().next_multiple_of(BLOCK)]
            .as_chunks()
            .0
    }
}

impl Crowd {
    pub(super) fn new(order: &Order) -> Self {
        let (nodes, zones) = (order.nodes().len(), order.zone_count() + 1);
        let mut members = vec![Members::default(); zones];
        for zone in &mut members {
            zone.places.resize(nodes / 64 + 1, 0);
        }
        for (place, &zone) in order.zones().iter().enumerate() {
            members[zone as usize].places[place / 64] |= 1 << (place % 64);
        }
        for zone in &mut members {
            let mut count = 0;
            let before = zone.places.iter().map(|word| {
                count += word.count_ones();
                count - word.count_ones()
            });
            zone.before = before.collect();
        }
        Self {
            weights: (0..=nodes).map(weight).collect(),
            members,
            by_zone: Vec::new(),
            nodes: vec![Counts::default(); zones],
            pairs: Vec::new(),
            adds: Vec::new(),
            cycle: 0,
            met: Vec::new(),
            rare: Vec::new(),
            cells: Vec::new(),
            totals: Vec::new(),
            #[cfg(test)]
            taken: Default::default(),
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
        let order = &spreading.order;
        for host in spreading.hosts(rs).into_iter().flat_map(|hosts| hosts.each(order)) {
            let place = host.place as usize;
            if let Some(count) = self.by_zone.get_mut(order.zones()[place] as usize)
                && selects(order.nodes()[place])
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
        let cycle = Cycle {
            window,
            shape,
            modern,
            order: &spreading.order,
            hosts: spreading.hosts(rs),
        };
        self.count_nodes(&cycle);
        self.take_window(&cycle);
        self.pairs.clear();
        match cycle.hosts {
            Some(Hosts::Many(pairs, _)) => self.find_pairs(&cycle, pairs),
            Some(Hosts::Few(hosts)) => self.meet(&cycle, hosts),
            None => self.meet(&cycle, &[]),
        }
        let adds = self.score_pairs(&cycle);
        let less = self.lift(adds).filter(|_| cycle.order.pair_step() < PAIRS);
        #[cfg(test)]
        {
            let many = matches!(cycle.hosts, Some(Hosts::Many(..)));
            self.taken[usize::from(many)][usize::from(less.is_some())] += 1;
        }
        let Some(less) = less else {
            self.add_up(&cycle);
            return best(&self.totals, ties);
        };
        self.raise(&cycle, less);
        blocks::best(&self.cells, ties)
    }

    /// Counts the feasible nodes of each zone.
    fn count_nodes(&mut self, cycle: &Cycle<'_>) {
        let window = cycle.window;
        let few = window.examined - window.feasible <= MISFITS;
        for (members, nodes) in self.members.iter().zip(&mut self.nodes) {
            let count = |places: &std::ops::Range<usize>| {
                if places.is_empty() {
                    0
                } else if few {
                    members.rank(places.end) - members.rank(places.start)
                } else {
                    cycle.shape.fitting(places.clone(), &members.places)
                }
            };
            nodes.all = window.places.iter().map(count).sum();
        }
        if few && window.examined > window.feasible {
            for place in window
                .places
                .iter()
                .flat_map(|places| cycle.shape.misfits(places.clone()))
            {
                self.nodes[cycle.order.zones()[place] as usize].all -= 1;
            }
        }
        for nodes in &mut self.nodes {
            nodes.without = nodes.all;
        }
    }

    /// The scores of the window.
    fn take_window(&mut self, cycle: &Cycle<'_>) {
        self.cells.clear();
        self.cells.extend_from_slice(cycle.part(cycle.shape.scores()));
        let rest = cycle.window.examined % BLOCK;
        if let Some(last) = self.cells.last_mut().filter(|_| rest > 0) {
            last[rest..].fill(0);
        }
    }

    /// Where many nodes have pods: from the least to the most pods on a node of each zone.
    fn find_pairs(&mut self, cycle: &Cycle<'_>, pairs: &[u8]) {
        let step = cycle.order.pair_step();
        let (zones, numbers) = (cycle.part(cycle.order.zone_bytes()), cycle.part(pairs));
        self.begin(PAIRS);
        for (zone, _) in self.nodes.iter().enumerate().filter(|(_, nodes)| nodes.all > 0) {
            let (least, most) = blocks::range_in_zone(&self.cells, zones, numbers, zone as u8);
            let pods = usize::from(least) / step..=usize::from(most) / step;
            self.pairs.extend(pods.map(|pods| Pair {
                zone: zone as u32,
                pods: pods as u32,
                score: 0,
            }));
        }
    }

    /// Room for so many pairs, none of which have occurred in this cycle.
    fn begin(&mut self, size: usize) {
        self.cycle = self.cycle.wrapping_add(1);
        if self.adds.len() < size || self.cycle == 0 {
            self.adds.clear();
            self.adds.resize(size, (0, 0));
            self.cycle = 1;
        }
    }

    /// Looks at the nodes that have pods, and collects the pairs that occur.
    fn meet(&mut self, cycle: &Cycle<'_>, hosts: &[Host]) {
        let parts = cycle.window.places.each_ref().map(|places| {
            if places.is_empty() {
                return &[][..];
            }
            let from = hosts.partition_point(|h| (h.place as usize) < places.start);
            let beyond = |h: &Host| (h.place as usize) < places.end;
            &hosts[from..from + hosts[from..].partition_point(beyond)]
        });
        let most = parts.iter().flat_map(|hosts| hosts.iter()).map(|h| h.pods).max();
        self.begin((most.unwrap_or(0) as usize + 1) * cycle.order.pair_step());
        self.met.clear();
        let mut before = 0;
        for (places, hosts) in cycle.window.places.iter().zip(parts) {
            for host in hosts {
                let (place, pods) = (host.place as usize, host.pods);
                let (zone, score) = (cycle.order.zones()[place], cycle.shape.scores()[place]);
                if score == 0 {
                    continue;
                }
                let pair = cycle.pair(zone, pods);
                self.met.push(Met {
                    at: (before + place - places.start) as u32,
                    pair: pair as u32,
                    score,
                });
                self.nodes[zone as usize].without -= 1;
                let known = &mut self.adds[pair].1;
                if *known != self.cycle {
                    *known = self.cycle;
                    self.pairs.push(Pair { zone, pods, score: 0 });
                }
            }
            before += places.len();
        }
        let without = self.nodes.iter().zip(0..).filter(|(nodes, _)| nodes.without > 0);
        self.pairs.extend(without.map(|(_, zone)| Pair {
            zone,
            pods: 0,
            score: 0,
        }));
    }

    /// What each pair adds: 2 · 100 · (max + min − score) / max. Old schedulers ignore nodes without a zone: they get nothing.
    /// Returns the least and the most that a pair adds.
    fn score_pairs(&mut self, cycle: &Cycle<'_>) -> (u16, u16) {
        let (lone, zones) = match self.nodes.split_last() {
            Some((lone, zones)) => (lone.all, zones),
            None => (0, &[][..]),
        };
        let sized = cycle.window.feasible - if cycle.modern { 0 } else { lone };
        let zones_met = zones.iter().filter(|nodes| nodes.all > 0).count();
        let (by_host, by_zone) = (self.weights[sized], self.weights[zones_met]);
        let ignored = |pair: &Pair| !cycle.modern && pair.zone as usize == zones.len();
        let (mut min, mut max) = (i64::MAX, 0);
        for pair in &mut self.pairs {
            let mut sum = f64::from(pair.pods) * by_host + 2.0;
            if let Some(&in_zone) = self.by_zone.get(pair.zone as usize) {
                sum += f64::from(in_zone) * by_zone + 4.0;
            }
            pair.score = whole(sum, cycle.modern);
            if !ignored(pair) {
                (min, max) = (min.min(pair.score), max.max(pair.score));
            }
        }
        let (mut least, mut most) = (u16::MAX, 0);
        for pair in &self.pairs {
            let share = match max {
                _ if ignored(pair) => 0,
                0 => 100,
                _ => divide(100 * (max + min - pair.score), max),
            };
            let add = u16::try_from(2 * share).unwrap_or(0);
            (least, most) = (least.min(add), most.max(add));
            self.adds[cycle.pair(pair.zone, pair.pods)].0 = add;
        }
        (least, most)
    }

    /// By how much less all totals fit a byte and are above 0, if there is such a number.
    fn lift(&self, (least, most): (u16, u16)) -> Option<u16> {
        // Scores go from 1 to 201.
        let apart = most.checked_sub(least)?;
        if apart <= 254 - 200 {
            return Some(least);
        }
        let (low, high) = blocks::range(&self.cells);
        (apart + u16::from(high - low) <= 254).then(|| least + u16::from(low) - 1)
    }

    /// Adds to the scores what the spread adds, less what was found.
    fn raise(&mut self, cycle: &Cycle<'_>, less: u16) {
        // Whatever wraps around in between, the totals fit.
        let byte = |add: u16| add.wrapping_sub(less) as u8;
        if let Some(Hosts::Many(pairs, _)) = cycle.hosts {
            return self.raise_by_pair(cycle, cycle.part(pairs), byte);
        }
        let zones = cycle.part(cycle.order.zone_bytes());
        let mut adds = [0; PAIRS];
        for (add, (known, nodes)) in adds.iter_mut().zip(self.adds.iter().zip(&self.nodes)) {
            *add = if nodes.without > 0 { byte(known.0) } else { 0 };
        }
        if self.nodes.len() <= blocks::FEW {
            blocks::add_few(&mut self.cells, zones, [adds[0], adds[1], adds[2], adds[3]]);
        } else {
            blocks::add(&mut self.cells, zones, &adds);
        }
        for met in &self.met {
            let at = met.at as usize;
            self.cells[at / BLOCK][at % BLOCK] = met.score.wrapping_add(byte(self.adds[met.pair as usize].0));
        }
    }

    /// The same by the pairs of the nodes. Whichever pair stands for most, the result is the same; where it does not, a
    /// table is quicker.
    fn raise_by_pair(&mut self, cycle: &Cycle<'_>, numbers: &[Block], byte: impl Fn(u16) -> u8) {
        let number = |pair: &Pair| cycle.pair(pair.zone, pair.pods);
        let add = |pair: &Pair| byte(self.adds[number(pair)].0);
        let most = self.pairs.get(self.pairs.len() / 2).map_or(0, add);
        self.rare.clear();
        let rare = self.pairs.iter().filter(|pair| add(pair) != most);
        self.rare.extend(rare.map(|pair| (number(pair) as u8, add(pair))));
        if self.rare.len() <= RARE {
            return blocks::add_most(&mut self.cells, numbers, most, &self.rare);
        }
        let mut adds = [most; PAIRS];
        for &(number, add) in &self.rare {
            adds[usize::from(number)] = add;
        }
        blocks::add(&mut self.cells, numbers, &adds);
    }

    /// The totals of all nodes.
    fn add_up(&mut self, cycle: &Cycle<'_>) {
        self.totals.clear();
        let many = match cycle.hosts {
            Some(Hosts::Many(pairs, _)) => Some(pairs),
            _ => None,
        };
        for place in cycle.window.places.iter().flat_map(Clone::clone) {
            let zone = cycle.order.zones()[place] as usize;
            let pair = many.map_or(zone, |pairs| usize::from(pairs[place]));
            let score = cycle.shape.scores()[place];
            let total = u16::from(score) + self.adds[pair].0;
            self.totals.push(if score > 0 { total } else { 0 });
        }
        if many.is_none() {
            for met in &self.met {
                self.totals[met.at as usize] = u16::from(met.score) + self.adds[met.pair as usize].0;
            }
        }
    }
}

/// A quotient; numbers of 32 bits are divided sooner.
fn divide(a: i64, b: i64) -> i64 {
    match (u32::try_from(a), u32::try_from(b)) {
        (Ok(a), Ok(b)) => i64::from(a / b),
        _ => a / b,
    }
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
