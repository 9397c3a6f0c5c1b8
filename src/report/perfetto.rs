//! A run for ui.perfetto.dev and chrome://tracing: JSON in Chrome's trace event format.
//!
//! Processes are the plan, the control plane, nodes and workloads; tracks are named after what they show. Times are
//! simulated microseconds.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::html::series::AllSeries;
use super::narrate::words;
use crate::ids::{Id, InstanceId, NodeId};
use crate::metrics::{Report, Seconds};
use crate::trace::{Fact, Preamble, Record};

const PLAN: u64 = 1;
const CONTROL_PLANE: u64 = 2;
const NODES: u64 = 3;
const WORKLOADS: u64 = 4;
/// So many tracks a node may have.
const PER_NODE: u64 = 5;

/// What a node's tracks show; the number is part of their ids, and so their order.
const LANES: [&str; PER_NODE as usize] = ["", " drain", " cordoned", " kubelet away", " kubeadm"];
const WORK: usize = 0;
const DRAIN: usize = 1;
const CORDON: usize = 2;
const KUBELET: usize = 3;
const KUBEADM: usize = 4;

/// The run as JSON.
///
/// # Errors
/// When it cannot be written as JSON, which does not happen with facts of a run.
pub fn render(preamble: &Preamble, records: &[Record], report: &Report) -> serde_json::Result<String> {
    let end = records.last().map_or(0, |r| r.at.as_micros());
    let mut tracks = Tracks::new(preamble, end);
    for record in records {
        tracks.see(record.at.as_micros(), &record.fact);
    }
    tracks.close();
    tracks.workloads(report, records);
    let mut out = String::from("{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n");
    for (i, event) in tracks.events.iter().enumerate() {
        if i > 0 {
            out.push_str(",\n");
        }
        out.push_str(&serde_json::to_string(event)?);
    }
    out.push_str("\n]}\n");
    Ok(out)
}

/// A track: process and thread.
type Track = (u64, u64);

struct Tracks<'a> {
    preamble: &'a Preamble,
    events: Vec<Value>,
    named: BTreeMap<Track, ()>,
    /// What goes on in a track, and since when.
    open: BTreeMap<Track, (u64, String)>,
    /// What has gone on in the tracks of nodes, from and to.
    past: BTreeMap<Track, Vec<(u64, u64)>>,
    flows: u64,
    end: u64,
}

impl<'a> Tracks<'a> {
    fn new(preamble: &'a Preamble, end: u64) -> Self {
        let mut tracks = Self {
            preamble,
            events: Vec::new(),
            named: BTreeMap::new(),
            open: BTreeMap::new(),
            past: BTreeMap::new(),
            flows: 0,
            end,
        };
        for (pid, name) in [
            (PLAN, "plan"),
            (CONTROL_PLANE, "control plane"),
            (NODES, "nodes"),
            (WORKLOADS, "workloads"),
        ] {
            let args = json!({"name": name});
            let order = json!({"sort_index": pid});
            tracks
                .events
                .push(json!({"ph": "M", "pid": pid, "name": "process_name", "args": args}));
            tracks
                .events
                .push(json!({"ph": "M", "pid": pid, "name": "process_sort_index", "args": order}));
        }
        tracks
    }

    /// Names a track when it is first used.
    fn name(&mut self, (pid, tid): Track, name: impl FnOnce() -> String) {
        if self.named.insert((pid, tid), ()).is_none() {
            let (name, order) = (json!({"name": name()}), json!({"sort_index": tid}));
            self.events
                .push(json!({"ph": "M", "pid": pid, "tid": tid, "name": "thread_name", "args": name}));
            self.events
                .push(json!({"ph": "M", "pid": pid, "tid": tid, "name": "thread_sort_index", "args": order}));
        }
    }

    fn begin(&mut self, at: u64, track: Track, what: String) {
        self.finish(at, track);
        self.open.insert(track, (at, what));
    }

    fn finish(&mut self, at: u64, track: Track) {
        if let Some((from, what)) = self.open.remove(&track) {
            self.slice(track, from, at, &what, json!({}));
            self.past.entry(track).or_default().push((from, at));
        }
    }

    fn slice(&mut self, (pid, tid): Track, from: u64, to: u64, what: &str, args: Value) {
        let took = to.saturating_sub(from);
        let mut event = json!({"ph": "X", "pid": pid, "tid": tid, "ts": from, "dur": took, "name": what});
        if let Some(event) = event.as_object_mut()
            && args.as_object().is_some_and(|args| !args.is_empty())
        {
            event.insert("args".into(), args);
        }
        self.events.push(event);
    }

    fn instant(&mut self, at: u64, (pid, tid): Track, what: &str) {
        self.events
            .push(json!({"ph": "i", "s": "t", "pid": pid, "tid": tid, "ts": at, "name": what}));
    }

    fn close(&mut self) {
        let open: Vec<Track> = self.open.keys().copied().collect();
        for track in open {
            self.finish(self.end, track);
        }
    }

    fn see(&mut self, at: u64, fact: &Fact) {
        let plan = (PLAN, 1);
        match *fact {
            Fact::PlanStarted => {
                let name = self.preamble.plan.clone().unwrap_or_else(|| "plan".into());
                self.name(plan, || "plan".into());
                self.begin(at, plan, name);
            }
            Fact::PlanEnded { .. } => self.finish(at, plan),
            Fact::HopStarted { version, workers } => {
                let version = self.version(usize::from(version.0));
                let who = if workers { "workers" } else { "control plane" };
                self.name((PLAN, 2), || "hops".into());
                self.begin(at, (PLAN, 2), format!("{who} to {version}"));
            }
            Fact::StepStarted { step } => {
                let words = self.preamble.steps.get(step as usize).cloned();
                self.name((PLAN, 3), || "steps".into());
                self.begin(at, (PLAN, 3), words.unwrap_or_default());
            }
            Fact::StepEnded { .. } => self.finish(at, (PLAN, 3)),
            Fact::FaultInjected { fault } => {
                let words = self.preamble.faults.get(fault as usize).cloned();
                self.name((PLAN, 4), || "faults".into());
                self.instant(at, (PLAN, 4), &words.unwrap_or_default());
            }
            Fact::ApiUnavailable => {
                self.name((CONTROL_PLANE, 1), || "API away".into());
                self.begin(at, (CONTROL_PLANE, 1), "API away".into());
            }
            Fact::ApiAvailable => self.finish(at, (CONTROL_PLANE, 1)),
            Fact::QuorumLost => {
                self.name((CONTROL_PLANE, 2), || "etcd without quorum".into());
                self.begin(at, (CONTROL_PLANE, 2), "no quorum".into());
            }
            Fact::QuorumRegained => self.finish(at, (CONTROL_PLANE, 2)),
            _ => {
                self.see_process(at, fact);
                self.see_node(at, fact);
            }
        }
    }

    fn version(&self, version: usize) -> String {
        self.preamble.versions.get(version).cloned().unwrap_or_default()
    }

    /// The track of a process, with its name.
    fn track_of(&mut self, id: InstanceId) -> Option<Track> {
        let track = (CONTROL_PLANE, 10 + id.index() as u64);
        let preamble = self.preamble;
        let info = preamble.instances.get(id.index())?;
        self.name(track, || match info.node {
            Some(node) => format!("{} on {}", info.component.as_str(), words::node(preamble, node)),
            None => info.component.as_str().into(),
        });
        Some(track)
    }

    fn process(&mut self, at: u64, id: InstanceId, state: String) {
        if let Some(track) = self.track_of(id) {
            self.begin(at, track, state);
        }
    }

    fn see_process(&mut self, at: u64, fact: &Fact) {
        match *fact {
            Fact::RunStarted => {
                for index in 0..self.preamble.instances.len() {
                    let version = self.version(self.preamble.from);
                    self.process(at, InstanceId::from_index(index), format!("up, {version}"));
                }
            }
            Fact::ComponentStopping { instance } => self.process(at, instance, "stopping".into()),
            Fact::ComponentStopped { instance, .. } => self.process(at, instance, "down".into()),
            Fact::ComponentStarted { instance, version } => {
                let version = self.version(usize::from(version.0));
                self.process(at, instance, format!("up, {version}"));
            }
            Fact::LeaderElected { instance, .. } => {
                if let Some(track) = self.track_of(instance) {
                    self.instant(at, track, "leads");
                }
            }
            _ => {}
        }
    }

    fn lane(&mut self, at: u64, node: NodeId, lane: usize, what: Option<String>) {
        let track = (NODES, 1 + node.index() as u64 * PER_NODE + lane as u64);
        let Some(what) = what else {
            return self.finish(at, track);
        };
        let preamble = self.preamble;
        let suffix = LANES.get(lane).copied().unwrap_or_default();
        self.name(track, || format!("{}{suffix}", words::node(preamble, node)));
        self.begin(at, track, what);
    }

    fn see_node(&mut self, at: u64, fact: &Fact) {
        match *fact {
            Fact::NodeUpgradeStarted { node } => self.lane(at, node, WORK, Some("work".into())),
            Fact::NodeUpgradeEnded { node, .. } => self.lane(at, node, WORK, None),
            Fact::DrainStarted { node, .. } => self.lane(at, node, DRAIN, Some("drain".into())),
            Fact::DrainEnded { node, .. } => self.lane(at, node, DRAIN, None),
            Fact::NodeCordoned { node } => self.lane(at, node, CORDON, Some("cordoned".into())),
            Fact::NodeUncordoned { node } => self.lane(at, node, CORDON, None),
            Fact::KubeletStopped { node } => self.lane(at, node, KUBELET, Some("kubelet away".into())),
            Fact::NodeCrashed { node } => self.lane(at, node, KUBELET, Some("machine down".into())),
            Fact::KubeletStarted { node, .. } => self.lane(at, node, KUBELET, None),
            Fact::PhaseStarted { node, phase } => self.lane(at, node, KUBEADM, Some(words::phase(phase).into())),
            Fact::PhaseEnded { node, .. } | Fact::PhaseFailed { node, .. } => self.lane(at, node, KUBEADM, None),
            _ => {}
        }
    }

    /// Ready replicas as counters, and downtimes with their causes as slices. A viewer says the name of a counter and of its
    /// number after each other.
    fn workloads(&mut self, report: &Report, records: &[Record]) {
        let series = AllSeries::of(self.preamble, records, self.end / 1000);
        for (i, (workload, ready)) in report.workloads.iter().zip(&series.ready).enumerate() {
            let track = (WORKLOADS, 1 + i as u64);
            let name = workload.full_name();
            self.name(track, || name.clone());
            self.counter(&name, "ready", ready.points());
            for &[from, to] in &workload.availability().outages {
                let cause = workload.causes.iter().find(|c| c.interval == [from, to]);
                let args = cause.map_or_else(|| json!({}), |c| json!({"why": c.why, "fix": c.fix}));
                // Milliseconds are rounded, perhaps beyond the end.
                let [begun, ended] = [from, to].map(|at| micros(at).min(self.end));
                self.slice(track, begun, ended, "down", args);
                for fact in cause.iter().flat_map(|c| &c.losses).filter_map(|loss| loss.fact) {
                    self.flow(records, fact, track, begun);
                }
            }
        }
        self.counter("pending", "pods", series.pending.points());
    }

    fn counter(&mut self, name: &str, of: &str, points: &[(u64, u32)]) {
        for &(at, value) in points {
            let (args, at) = (json!({of: value}), (at * 1000).min(self.end));
            self.events
                .push(json!({"ph": "C", "pid": WORKLOADS, "ts": at, "name": name, "args": args}));
        }
    }

    /// An arrow from what was done to a node to a downtime that followed: what took the last replica is looked at, and the
    /// nearest of its causes that has a slice.
    fn flow(&mut self, records: &[Record], loss: u64, to: Track, begun: u64) {
        let record = |id: usize| records.get(id);
        let Some(lost) = usize::try_from(loss).ok().and_then(record) else {
            return;
        };
        let at = lost.at.as_micros();
        let chain = std::iter::successors(Some(lost), |r| r.cause.and_then(|c| record(c.index())));
        let tracks = chain.filter_map(|r| match r.fact {
            Fact::DrainStarted { node, .. } => Some((node, DRAIN)),
            Fact::NodeCrashed { node } | Fact::KubeletStopped { node } => Some((node, KUBELET)),
            Fact::NodeUpgradeStarted { node } => Some((node, WORK)),
            _ => None,
        });
        let lane = |(node, lane): (NodeId, usize)| (NODES, 1 + node.index() as u64 * PER_NODE + lane as u64);
        let goes_on = |track: &Track| {
            let slices = self.past.get(track).map_or(&[][..], Vec::as_slice);
            slices.iter().any(|(from, to)| (*from..=*to).contains(&at))
        };
        let Some(from) = tracks.map(lane).find(goes_on) else {
            return;
        };
        self.flows += 1;
        for (ph, (pid, tid), ts) in [("s", from, at), ("f", to, begun.max(at))] {
            let mut event =
                json!({"ph": ph, "id": self.flows, "pid": pid, "tid": tid, "ts": ts, "cat": "cause", "name": "cause"});
            if ph == "f"
                && let Some(event) = event.as_object_mut()
            {
                // The arrow ends at the slice around this moment, not at the next one.
                event.insert("bp".into(), "e".into());
            }
            self.events.push(event);
        }
    }
}

/// Seconds of a report, which have milliseconds, as microseconds.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "times of a run are positive and below 2^53"
)]
fn micros(seconds: Seconds) -> u64 {
    libm::round(seconds * 1000.0) as u64 * 1000
}
