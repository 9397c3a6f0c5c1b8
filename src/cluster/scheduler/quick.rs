//! The search for a node with what is kept from cycle to cycle (`shapes.rs`): the same node, and the same draws for ties, as
//! by examining and scoring one node after another.

use super::Scheduler;
use super::fit::wanted;
use super::labels::Asking;
use super::shapes::{Shape, Window};
use super::spread::weight;
use crate::cluster::hall::Hall;
use crate::cluster::spreading::Spreading;
use crate::ids::{NodeId, ReplicaSetId};
use crate::model::behaviour::scheduler as behaviour;
use crate::rng::Stream;

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
        let mut best = Best::new(&mut self.ties);
        if window.feasible == 1 {
            best.only(&window, shape);
        } else if let Some(rs) = state.replica_set {
            let every = self.fit.labels.selects_every(shape.class());
            let selects = |node: NodeId| every || self.fit.labels.selects(shape.class(), node);
            self.crowd.count(rs, every, selects, spreading);
            let modern = behaviour::modern_scores(ask.minor);
            self.crowd.offer(rs, &window, shape, modern, spreading, &mut best);
        } else {
            best.offer_all(&window, shape);
        }
        Some(spreading.order.nodes()[best.place])
    }
}

/// The best place so far; ties are broken at random (S-13).
struct Best<'a> {
    ties: &'a mut Stream,
    place: usize,
    /// More than 0 for every node that fits.
    score: u32,
    equals: u32,
}

impl<'a> Best<'a> {
    fn new(ties: &'a mut Stream) -> Self {
        Self {
            ties,
            place: 0,
            score: 0,
            equals: 0,
        }
    }

    fn offer(&mut self, place: usize, score: u32) {
        if score > self.score {
            (self.place, self.score, self.equals) = (place, score, 1);
        } else if score == self.score {
            self.equals += 1;
            if self.ties.below(self.equals) == 0 {
                self.place = place;
            }
        }
    }

    /// Takes the only node that fits.
    fn only(&mut self, window: &Window, shape: &Shape) {
        let fits = |&place: &usize| shape.scores()[place] > 0;
        let mut places = window.places.iter().cloned().flatten();
        self.place = places.find(fits).unwrap_or(0);
    }

    /// Offers nodes that differ by their resources only.
    fn offer_all(&mut self, window: &Window, shape: &Shape) {
        const BLOCK: usize = 64;
        for places in &window.places {
            for (number, block) in shape.scores()[places.clone()].chunks(BLOCK).enumerate() {
                let most = block.iter().copied().fold(0, u8::max);
                if most == 0 || u32::from(most) < self.score {
                    continue;
                }
                for (at, &score) in block.iter().enumerate() {
                    if score > 0 && u32::from(score) >= self.score {
                        self.offer(places.start + number * BLOCK + at, u32::from(score));
                    }
                }
            }
        }
    }
}

/// The system's default spread over nodes and zones (S-17 … S-19). Its score depends on the zone and on how many pods of the
/// ReplicaSet a node has, so it is worked out once for each pair that occurs.
#[derive(Debug)]
pub(super) struct Crowd {
    /// ln(size + 2) by size.
    weights: Vec<f64>,
    by_zone: Vec<u32>,
    /// Pods of the ReplicaSet by place; all 0 between cycles.
    pods: Vec<u32>,
    /// Pairs that occur: zone · stride + pods.
    pairs: Vec<u32>,
    /// What the spread adds for each pair, and in which cycle the pair occurred.
    adds: Vec<(u32, u32)>,
    scores: Vec<i64>,
    cycle: u32,
}

impl Crowd {
    pub(super) fn new(nodes: usize) -> Self {
        Self {
            weights: (0..=nodes).map(weight).collect(),
            by_zone: Vec::new(),
            pods: vec![0; nodes],
            pairs: Vec::new(),
            adds: Vec::new(),
            scores: Vec::new(),
            cycle: 0,
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

    /// Offers nodes by their resources and the spread.
    fn offer(
        &mut self,
        rs: ReplicaSetId,
        window: &Window,
        shape: &Shape,
        modern: bool,
        spreading: &Spreading,
        best: &mut Best<'_>,
    ) {
        let zones = spreading.order.zones();
        let hosts = window.places.each_ref().map(|places| {
            let hosts = spreading.hosts(rs);
            let from = hosts.partition_point(|h| (h.place as usize) < places.start);
            let to = hosts.partition_point(|h| (h.place as usize) < places.end);
            &hosts[from..to]
        });
        let mut most = 0;
        for host in hosts.into_iter().flatten() {
            self.pods[host.place as usize] = host.pods;
            most = most.max(host.pods);
        }
        let stride = most + 1;
        let lone = self.pair_up(window, shape, stride, zones, spreading.order.zone_count());
        let hosts_sized = if modern {
            window.feasible
        } else {
            window.feasible - lone
        };
        self.score_pairs(stride, hosts_sized, modern);
        for places in &window.places {
            let nodes = places.clone().zip(&shape.scores()[places.clone()]);
            let about = zones[places.clone()].iter().zip(&self.pods[places.clone()]);
            for ((place, &score), (&zone, &pods)) in nodes.zip(about) {
                if score > 0 {
                    best.offer(place, u32::from(score) + self.adds[(zone * stride + pods) as usize].0);
                }
            }
        }
        for host in hosts.into_iter().flatten() {
            self.pods[host.place as usize] = 0;
        }
    }

    /// Collects the pairs that occur; how many of the nodes have no zone.
    fn pair_up(&mut self, window: &Window, shape: &Shape, stride: u32, zones: &[u32], zone_count: usize) -> usize {
        self.cycle = self.cycle.wrapping_add(1);
        self.pairs.clear();
        let size = stride as usize * (zone_count + 1);
        if self.adds.len() < size || self.cycle == 0 {
            self.adds.clear();
            self.adds.resize(size, (0, 0));
            self.cycle = 1;
        }
        let mut lone = 0;
        for places in &window.places {
            let about = zones[places.clone()].iter().zip(&self.pods[places.clone()]);
            for (&score, (&zone, &pods)) in shape.scores()[places.clone()].iter().zip(about) {
                if score == 0 {
                    continue;
                }
                lone += usize::from(zone as usize == zone_count);
                let pair = zone * stride + pods;
                let known = &mut self.adds[pair as usize].1;
                if *known != self.cycle {
                    *known = self.cycle;
                    self.pairs.push(pair);
                }
            }
        }
        lone
    }

    /// What each pair adds: 2 · 100 · (max + min − score) / max. Old schedulers ignore nodes without a zone: they get nothing.
    fn score_pairs(&mut self, stride: u32, hosts: usize, modern: bool) {
        let zone_count = self.by_zone.len() as u32;
        let ignored = |pair: u32| !modern && pair / stride == zone_count;
        let mut zones: Vec<u32> = self.pairs.iter().map(|pair| pair / stride).collect();
        zones.sort_unstable();
        zones.dedup();
        let zones_met = zones.iter().filter(|&&zone| zone < zone_count).count();
        let (by_host, by_zone) = (self.weights[hosts], self.weights[zones_met]);
        self.scores.clear();
        let (mut min, mut max) = (i64::MAX, 0);
        for &pair in &self.pairs {
            let (zone, pods) = (pair / stride, pair % stride);
            let mut sum = f64::from(pods) * by_host + 2.0;
            if let Some(&in_zone) = self.by_zone.get(zone as usize) {
                sum += f64::from(in_zone) * by_zone + 4.0;
            }
            let score = whole(sum, modern);
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
            self.adds[pair as usize].0 = u32::try_from(2 * share).unwrap_or(0);
        }
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
