//! Folds the facts of a rehearsal into the measures of the recordings, as those define them.

use std::collections::BTreeMap;

use seatrial::ids::{DrainId, FactId, Id, NodeId, PodId};
use seatrial::model::Component;
use seatrial::trace::{DrainOutcome, Fact, NodeResult, Observer, PlanStatus, Preamble, Record};

use super::measures::{Availability, Chain, Measures};
use super::recording::{Recording, outcome};

/// Which truth about availability a change is about: ready addresses in the API; pods Ready and not terminating;
/// containers that run and are ready.
#[derive(Clone, Copy)]
enum Truth {
    Endpoints,
    Pods,
    Serving,
}

const TRUTHS: [(Truth, &str); 3] = [
    (Truth::Endpoints, "endpoints"),
    (Truth::Pods, "pods"),
    (Truth::Serving, "serving"),
];

/// How many count as there, over time, in seconds. States that last no time leave no trace.
#[derive(Clone, Default)]
struct Tally {
    desired: u32,
    count: u32,
    since: f64,
    min: Option<u32>,
    down: f64,
    degraded: f64,
    deficit: f64,
}

impl Tally {
    fn change(&mut self, at: f64, up: bool) {
        self.advance(at);
        self.count = if up { self.count + 1 } else { self.count - 1 };
    }

    fn advance(&mut self, at: f64) {
        let passed = at - self.since;
        if passed <= 0.0 {
            return;
        }
        self.since = at;
        self.min = Some(self.min.map_or(self.count, |min| min.min(self.count)));
        if self.count < self.desired {
            self.deficit += f64::from(self.desired - self.count) * passed;
            if self.count == 0 {
                self.down += passed;
            } else {
                self.degraded += passed;
            }
        }
    }
}

/// A pod.
#[derive(Clone)]
struct Pod {
    workload: usize,
    node: Option<NodeId>,
    /// Whether it counts, by truth.
    counts: [bool; 3],
    ready: bool,
    terminating: bool,
    gone: bool,
    /// Created, bound, ready, deleted, gone, in seconds; `None` for what had happened before the start.
    created: Option<f64>,
    bound: Option<f64>,
    became_ready: Option<f64>,
    deleted: Option<f64>,
    removed: Option<f64>,
}

struct Drain {
    node: NodeId,
    start: f64,
    /// Seconds, and whether it succeeded.
    end: Option<(f64, bool)>,
}

/// Sees a rehearsal as the recorders saw the recorded run.
pub(crate) struct Watcher<'a> {
    preamble: &'a Preamble,
    recording: &'a Recording,
    started: bool,
    /// When to stop looking.
    until: Option<f64>,
    plan: Option<f64>,
    outcome: Option<(f64, PlanStatus)>,
    skipped: usize,
    pods: BTreeMap<PodId, Pod>,
    /// By workload, by truth.
    tallies: Vec<[Tally; 3]>,
    created: Vec<u32>,
    drains: BTreeMap<DrainId, Drain>,
    evictions: u32,
    refusals: u32,
    api_away: bool,
    leaderless: bool,
    recreated_in_outage: u32,
    waiting: u32,
    most_waiting: u32,
    waited: f64,
    now: f64,
}

impl<'a> Watcher<'a> {
    pub(crate) fn new(preamble: &'a Preamble, recording: &'a Recording) -> Self {
        let tally = |w: &seatrial::trace::WorkloadInfo| {
            let tally = Tally {
                desired: w.desired,
                ..Tally::default()
            };
            [tally.clone(), tally.clone(), tally]
        };
        Self {
            preamble,
            recording,
            started: false,
            until: (!recording.has_plan()).then(|| recording.window()),
            plan: None,
            outcome: None,
            skipped: 0,
            pods: BTreeMap::new(),
            tallies: preamble.workloads.iter().map(tally).collect(),
            created: vec![0; preamble.workloads.len()],
            drains: BTreeMap::new(),
            evictions: 0,
            refusals: 0,
            api_away: false,
            leaderless: false,
            recreated_in_outage: 0,
            waiting: 0,
            most_waiting: 0,
            waited: 0.0,
            now: 0.0,
        }
    }

    fn kind(&self, workload: usize) -> &str {
        &self.preamble.workloads[workload].kind
    }

    /// Pods of applications: neither those of DaemonSets nor static ones.
    fn is_app(&self, workload: usize) -> bool {
        self.recording
            .digest
            .workloads
            .contains_key(&self.preamble.workloads[workload].name)
            && self.kind(workload) != "DaemonSet"
    }

    fn set(&mut self, pod: PodId, truth: Truth, up: bool) {
        let now = self.now;
        let Some(pod) = self.pods.get_mut(&pod) else {
            return;
        };
        if pod.counts[truth as usize] != up {
            pod.counts[truth as usize] = up;
            self.tallies[pod.workload][truth as usize].change(now, up);
        }
    }

    fn time(&mut self, at: f64) {
        self.waited += f64::from(self.waiting) * (at - self.now);
        self.now = at;
    }

    fn pod_created(&mut self, pod: PodId, workload: usize) {
        let new = self.started.then_some(self.now);
        if self.started {
            self.created[workload] += 1;
            if self.is_app(workload) {
                self.waiting += 1;
                self.most_waiting = self.most_waiting.max(self.waiting);
                self.recreated_in_outage += u32::from(self.api_away || self.leaderless);
            }
        }
        self.pods.insert(
            pod,
            Pod {
                workload,
                node: None,
                counts: [false; 3],
                ready: false,
                terminating: false,
                gone: false,
                created: new,
                bound: None,
                became_ready: None,
                deleted: None,
                removed: None,
            },
        );
    }

    fn of_pod(&mut self, fact: &Fact) {
        match *fact {
            Fact::PodCreated { pod, workload, .. } => self.pod_created(pod, workload.index()),
            Fact::PodBound { pod, node } => {
                let app = self.is_app(self.pods[&pod].workload);
                let state = self.pods.get_mut(&pod).unwrap();
                state.node = Some(node);
                state.bound = self.started.then_some(self.now);
                self.waiting -= u32::from(app && state.created.is_some());
            }
            Fact::PodReady { pod } | Fact::PodUnready { pod } => {
                let now = self.now;
                let state = self.pods.get_mut(&pod).unwrap();
                state.ready = matches!(fact, Fact::PodReady { .. });
                if state.ready {
                    state.became_ready.get_or_insert(now);
                }
                let up = state.ready && !state.terminating;
                self.set(pod, Truth::Pods, up);
            }
            Fact::PodDeleted { pod, .. } => {
                let (now, started) = (self.now, self.started);
                let state = self.pods.get_mut(&pod).unwrap();
                if !state.terminating && started {
                    state.deleted = Some(now);
                }
                state.terminating = true;
                self.set(pod, Truth::Pods, false);
            }
            Fact::PodRemoved { pod } => {
                let now = self.now;
                let app = self.is_app(self.pods[&pod].workload);
                let state = self.pods.get_mut(&pod).unwrap();
                state.gone = true;
                state.removed = Some(now);
                self.waiting -= u32::from(app && state.node.is_none());
                self.set(pod, Truth::Pods, false);
            }
            Fact::ContainersServing { pod } => self.set(pod, Truth::Serving, true),
            Fact::ContainersStopped { pod, .. } => self.set(pod, Truth::Serving, false),
            Fact::EndpointReady { pod } => self.set(pod, Truth::Endpoints, true),
            Fact::EndpointUnready { pod } => self.set(pod, Truth::Endpoints, false),
            _ => {}
        }
    }

    fn of_plan(&mut self, fact: &Fact) {
        match *fact {
            Fact::RunStarted => self.started = true,
            Fact::PlanStarted => self.plan = Some(self.now),
            Fact::PlanEnded { status } => {
                self.outcome = Some((self.now, status));
                self.until = Some(self.now + self.recording.window());
            }
            Fact::NodeUpgradeEnded {
                result: NodeResult::Skipped,
                ..
            } => self.skipped += 1,
            Fact::DrainStarted { drain, node } => {
                let start = self.now;
                self.drains.insert(drain, Drain { node, start, end: None });
            }
            Fact::DrainEnded { drain, outcome, .. } => {
                let drain = self.drains.get_mut(&drain).unwrap();
                drain.end = Some((self.now - drain.start, outcome == DrainOutcome::Completed));
            }
            Fact::EvictionAccepted { .. } => self.evictions += 1,
            Fact::EvictionRefused { .. } => self.refusals += 1,
            Fact::ApiUnavailable => self.api_away = true,
            Fact::ApiAvailable => self.api_away = false,
            Fact::LeaderLost {
                component: Component::ControllerManager,
            } => self.leaderless = true,
            Fact::LeaderElected {
                component: Component::ControllerManager,
                ..
            } => self.leaderless = false,
            _ => {}
        }
    }

    /// The measures of the rehearsal.
    pub(crate) fn finish(mut self) -> Measures {
        let end = self.until.unwrap_or(self.now).max(self.now);
        self.time(end);
        let mut m = Measures::default();
        if let Some((at, status)) = self.outcome {
            let text = match status {
                PlanStatus::Completed | PlanStatus::CompletedWithSkips => outcome(false, self.skipped),
                PlanStatus::Aborted => outcome(true, 0),
                other => format!("{other:?}"),
            };
            m.label("outcome", text);
            m.seconds("makespan", at - self.plan.unwrap_or(0.0));
            m.count("evictions", f64::from(self.evictions));
            m.count("refusals", f64::from(self.refusals));
        }
        if self.recording.has_outage() {
            m.count("recreated during the outage", f64::from(self.recreated_in_outage));
        }
        self.drains_into(&mut m);
        m.count("pending max", f64::from(self.most_waiting));
        m.seconds("pending pod-seconds", self.waited);
        for workload in 0..self.preamble.workloads.len() {
            self.workload_into(workload, end, &mut m);
        }
        m
    }

    fn drains_into(&self, m: &mut Measures) {
        let mut drains: Vec<&Drain> = self.drains.values().collect();
        drains.sort_by(|a, b| a.start.total_cmp(&b.start));
        m.drains(drains.into_iter().filter_map(|drain| {
            let (took, ok) = drain.end?;
            Some((self.preamble.node(drain.node).name.as_str(), took, ok))
        }));
    }

    fn workload_into(&mut self, workload: usize, end: f64, m: &mut Measures) {
        let info = &self.preamble.workloads[workload];
        let Some(recorded) = self.recording.digest.workloads.get(&info.name) else {
            return;
        };
        for (truth, name) in TRUTHS {
            let tally = &mut self.tallies[workload][truth as usize];
            tally.advance(end);
            let compared = match truth {
                Truth::Endpoints => recorded.endpoints.is_some(),
                Truth::Pods => recorded.endpoints.is_none(),
                Truth::Serving => true,
            };
            if compared {
                m.availability(
                    &info.name,
                    name,
                    Availability {
                        min: f64::from(tally.min.unwrap_or(tally.count)),
                        down: tally.down,
                        degraded: tally.degraded,
                        deficit: tally.deficit,
                    },
                );
            }
        }
        m.count(format!("{} created", info.name), f64::from(self.created[workload]));
        if info.kind == "DaemonSet" {
            return;
        }
        let living: Vec<&Pod> = self
            .pods
            .values()
            .filter(|p| p.workload == workload && !p.terminating && !p.gone)
            .collect();
        let lost = recorded.desired.saturating_sub(living.len() as u32);
        m.count(format!("{} lost", info.name), f64::from(lost));
        let mut nodes = BTreeMap::<NodeId, u32>::new();
        for node in living.iter().filter_map(|p| p.node) {
            *nodes.entry(node).or_default() += 1;
        }
        m.placement(&info.name, nodes.into_values());
        m.chains.extend(self.chains(workload));
    }

    /// The k-th pod that the workload lost after the start, and the k-th that it got.
    fn chains(&self, workload: usize) -> Vec<Chain> {
        let own = || self.pods.values().filter(move |p| p.workload == workload);
        let mut lost: Vec<&Pod> = own().filter(|p| p.deleted.is_some()).collect();
        lost.sort_by(|a, b| a.deleted.partial_cmp(&b.deleted).unwrap());
        let mut new: Vec<&Pod> = own().filter(|p| p.created.is_some()).collect();
        new.sort_by(|a, b| a.created.partial_cmp(&b.created).unwrap());
        let chain = |(old, young): (&Pod, &Pod)| Chain {
            kind: self.kind(workload).to_owned(),
            at: [old.deleted, young.created, young.bound, young.became_ready, old.removed],
        };
        lost.into_iter().zip(new).map(chain).collect()
    }
}

impl Observer for Watcher<'_> {
    fn observe(&mut self, _: FactId, record: &Record) {
        let at = record.at.as_secs_f64();
        // What takes longer to settle than the recorded run is looked at for longer.
        if !self.recording.settled() && self.until.is_some_and(|until| at > until) {
            return;
        }
        self.time(at);
        self.of_plan(&record.fact);
        self.of_pod(&record.fact);
    }
}
