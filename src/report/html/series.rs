//! Numbers that change over time: ready replicas of each workload, pods without a node, pods on each node.

use std::collections::BTreeSet;

use super::bytes::Numbers;
use crate::ids::{Id, NodeId, PodId};
use crate::trace::{Fact, Preamble, Record};

/// Longer series are thinned out.
const LONGEST: usize = 3000;
/// So many moments stand for a run whose series are thinned out.
const MOMENTS: u64 = 1000;

/// A number that changes: when, in milliseconds, and what it is from then on.
#[derive(Clone, Default)]
pub(in crate::report) struct Series(Vec<(u64, u32)>);

impl Series {
    fn add(&mut self, at: u64, value: u32) {
        match self.0.last_mut() {
            Some(last) if last.0 == at => last.1 = value,
            Some(last) if last.1 == value => {}
            _ => self.0.push((at, value)),
        }
    }

    /// Times in milliseconds, and what it is from then on.
    pub(in crate::report) fn points(&self) -> &[(u64, u32)] {
        &self.0
    }

    fn value(&self) -> u32 {
        self.0.last().map_or(0, |p| p.1)
    }

    /// Pairs of the time since the one before and the value. Of a long series, each moment keeps its least value and its
    /// last one, so that no gap is lost.
    pub(super) fn text(&self, end: u64) -> String {
        let mut numbers = Numbers::default();
        let mut before = 0;
        let mut push = |(at, value): (u64, u32)| {
            numbers.push(at - before);
            numbers.push(u64::from(value));
            before = at;
        };
        if self.0.len() <= LONGEST {
            self.0.iter().copied().for_each(&mut push);
            return numbers.text();
        }
        let moment = (end / MOMENTS).max(1);
        for part in self.0.chunk_by(|a, b| a.0 / moment == b.0 / moment) {
            let least = part.iter().copied().min_by_key(|p| p.1);
            let last = part.last().copied();
            for point in least.into_iter().chain(last.filter(|l| Some(*l) != least)) {
                push(point);
            }
        }
        numbers.text()
    }
}

/// What is known of a pod.
#[derive(Clone, Copy, Default)]
struct Pod {
    workload: usize,
    node: Option<NodeId>,
    ready: bool,
    pending: bool,
}

/// All series of a run.
pub(in crate::report) struct AllSeries {
    /// Ready replicas, by workload: by its endpoints, or where these are unknown by its processes.
    pub(in crate::report) ready: Vec<Series>,
    /// Pods that have no node.
    pub(in crate::report) pending: Series,
    /// Pods on a node, from that moment on, in the order of time.
    pub(super) on_nodes: Vec<(u64, NodeId, u32)>,
    by_endpoints: Vec<bool>,
    pods: Vec<Pod>,
    counts: Vec<u32>,
    changed: BTreeSet<NodeId>,
    moment: u64,
}

impl AllSeries {
    /// The series of a run that ends at `end` milliseconds.
    pub(in crate::report) fn of(preamble: &Preamble, records: &[Record], end: u64) -> Self {
        let mut all = Self {
            ready: vec![Series::default(); preamble.workloads.len()],
            pending: Series::default(),
            on_nodes: Vec::new(),
            by_endpoints: preamble.workloads.iter().map(|w| w.has_endpoints).collect(),
            pods: Vec::new(),
            counts: vec![0; preamble.nodes.len()],
            changed: BTreeSet::new(),
            moment: 0,
        };
        let moment = (end / MOMENTS).max(1);
        for record in records {
            let at = millis(record);
            if at / moment != all.moment {
                all.flush(all.moment * moment);
                all.moment = at / moment;
            }
            all.see(at, &record.fact);
        }
        all.flush(end);
        all
    }

    fn flush(&mut self, at: u64) {
        for node in std::mem::take(&mut self.changed) {
            let count = self.counts.get(node.index()).copied().unwrap_or_default();
            self.on_nodes.push((at, node, count));
        }
    }

    fn see(&mut self, at: u64, fact: &Fact) {
        match *fact {
            Fact::PodCreated { pod, workload, .. } => {
                if self.pods.len() <= pod.index() {
                    self.pods.resize(pod.index() + 1, Pod::default());
                }
                if let Some(known) = self.pods.get_mut(pod.index()) {
                    (known.workload, known.pending) = (workload.index(), true);
                    self.pending.add(at, self.pending.value() + 1);
                }
            }
            Fact::PodBound { pod, node } => {
                self.waits_no_more(at, pod);
                if let Some(known) = self.pods.get_mut(pod.index()) {
                    known.node = Some(node);
                    self.on_node(node, 1);
                }
            }
            Fact::PodRemoved { pod } => {
                self.waits_no_more(at, pod);
                let node = self.pods.get_mut(pod.index()).and_then(|p| p.node.take());
                if let Some(node) = node {
                    self.on_node(node, -1);
                }
            }
            Fact::EndpointReady { pod } => self.counts_as_ready(at, pod, true, true),
            Fact::EndpointUnready { pod } => self.counts_as_ready(at, pod, true, false),
            Fact::ContainersServing { pod } => self.counts_as_ready(at, pod, false, true),
            Fact::ContainersStopped { pod, .. } => self.counts_as_ready(at, pod, false, false),
            _ => {}
        }
    }

    fn on_node(&mut self, node: NodeId, change: i32) {
        if let Some(count) = self.counts.get_mut(node.index()) {
            *count = count.saturating_add_signed(change);
            self.changed.insert(node);
        }
    }

    fn waits_no_more(&mut self, at: u64, pod: PodId) {
        if let Some(known) = self.pods.get_mut(pod.index()).filter(|p| p.pending) {
            known.pending = false;
            self.pending.add(at, self.pending.value().saturating_sub(1));
        }
    }

    /// `by_endpoints`: which truth tells. A pod that is gone counts until its endpoint is: clients are still sent to it.
    fn counts_as_ready(&mut self, at: u64, pod: PodId, by_endpoints: bool, ready: bool) {
        let Some(known) = self.pods.get_mut(pod.index()).filter(|p| p.ready != ready) else {
            return;
        };
        if self.by_endpoints.get(known.workload) != Some(&by_endpoints) {
            return;
        }
        known.ready = ready;
        if let Some(series) = self.ready.get_mut(known.workload) {
            let now = series.value().saturating_add_signed(if ready { 1 } else { -1 });
            series.add(at, now);
        }
    }
}

/// When a fact happened, in milliseconds.
pub(super) const fn millis(record: &Record) -> u64 {
    (record.at.as_micros() + 500) / 1000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_series_keep_their_gaps() {
        let mut series = Series::default();
        for i in 0..10_000_u64 {
            series.add(i, if i == 5_003 { 0 } else { 5 + (i % 2) as u32 });
        }
        let text = series.text(10_000);
        let mut short = Series::default();
        short.add(0, 1);
        assert!(text.len() < 10_000, "{}", text.len());
        assert_eq!(short.text(10), "AAE=");
        // Moment 500 keeps 5,003 with 0: eight milliseconds after 4,995 ... as bytes `.. 00 ..`.
        use base64::Engine;
        let bytes = base64::engine::general_purpose::STANDARD.decode(text).unwrap();
        assert_eq!(bytes.chunks(2).filter(|p| p[1] == 0).count(), 1);
    }
}
