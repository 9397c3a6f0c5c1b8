//! What a run was like: a fold over its facts that ends in a [`Report`].
//!
//! Facts are all that is read, so the report of a saved trace is that of the live run, byte for byte. What stands before
//! [`Fact::RunStarted`] sets the scene and does not count. Integrals are sums of integer microseconds.

mod attribution;
mod availability;
mod blame;
mod causes;
mod chain;
mod churn;
mod control_plane;
mod deadlock;
mod entrance;
mod findings;
mod finish;
mod missing;
mod nodes;
mod outcome;
mod placement;
mod pods;
mod report;
mod versions;

pub use report::{
    Availability, Cause, CertificateReport, ClientReport, ClusterReport, ControlPlaneReport, DrainReport,
    FindingReport, Lack, Link, LossReport, Moves, NodeReport, OutageReport, Outcome, PhaseReport, Placement, Proof,
    Rehearsed, Report, Root, ScaleDownReport, Seconds, Share, SkewReport, Versions, WorkloadReport,
};

pub(crate) use chain::is_end;
pub(crate) use deadlock::misfit;
pub(crate) use outcome::list;
pub(crate) use outcome::{deed, not_drainable};
pub(crate) use versions::{Kubelets, check_words, refusal_words};

use crate::ids::{FactId, Id, PodId, WorkloadId};
use crate::trace::{DeletedBy, Fact, Observer, PlanStatus, Preamble, Record, StopReason, WorkloadInfo};
use crate::units::Time;

use availability::{Client, Route, Tally};
use blame::{Blame, Loss};
use causes::Explainer;
use chain::Chain;
use churn::{Begun, Churn, Pending};
use control_plane::ControlPlane;
use entrance::{Balancers, Entrance};
use nodes::Nodes;
use pods::{Pod, Pods};

/// Microseconds as seconds, rounded to milliseconds.
#[expect(clippy::cast_precision_loss, reason = "milliseconds of any run fit 53 bits")]
pub(crate) const fn seconds(micros: u64) -> Seconds {
    (micros.saturating_add(500) / 1000) as f64 / 1000.0
}

/// What is known of a workload.
#[derive(Clone)]
struct Workload {
    endpoints: Tally,
    serving: Tally,
    client: Client,
    churn: Churn,
}

impl Workload {
    /// A replica that is created during the run counts for the first time: it is missed from now on.
    fn begins(&mut self, slot: u32, what: fn(&mut Begun) -> &mut bool, loss: Loss) {
        let Some(slot) = self.churn.slots.get_mut(&slot).filter(|s| !s.begun.done) else {
            return;
        };
        let before = slot.begun;
        *what(&mut slot.begun) = true;
        let now = slot.begun;
        self.wants(before, now, loss);
    }

    /// Its work is done, and nobody misses it any more.
    fn is_done(&mut self, slot: u32, loss: Loss) {
        if let Some(slot) = self.churn.slots.get_mut(&slot) {
            let before = slot.begun;
            slot.begun = Begun {
                done: true,
                ..Begun::default()
            };
            self.wants(before, Begun::default(), loss);
        }
    }

    fn wants(&mut self, before: Begun, now: Begun, loss: Loss) {
        let change = |tally: &mut Tally, before: bool, now: bool| match (before, now) {
            (false, true) => tally.want_more(loss.at, loss),
            (true, false) => tally.want_less(loss.at, loss.slot),
            _ => {}
        };
        change(&mut self.endpoints, before.endpoint, now.endpoint);
        change(&mut self.serving, before.serving, now.serving);
        if before.route != now.route {
            self.client.want(loss.at, now.route, loss.blame);
        }
    }
}

/// Which truth about availability a fact is about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Truth {
    Endpoints,
    Serving,
}

/// Folds the facts of one run.
#[derive(Clone)]
pub struct Metrics<'p> {
    preamble: &'p Preamble,
    chain: Chain,
    pods: Pods,
    workloads: Vec<Workload>,
    nodes: Nodes,
    versions: versions::Versions,
    deadlock: deadlock::Deadlock,
    control_plane: ControlPlane,
    balancers: Balancers,
    pending: Pending,
    started: bool,
    placement_before: Placement,
    plan_started: Option<u64>,
    plan_ended: Option<(u64, PlanStatus)>,
    failed_step: Option<u32>,
    evictions: u64,
    refusals: u64,
}

impl<'p> Metrics<'p> {
    /// Nothing has happened yet.
    #[must_use]
    pub fn new(preamble: &'p Preamble) -> Self {
        let workload = |w: &WorkloadInfo| {
            let desired = if w.created_later { 0 } else { w.desired };
            Workload {
                endpoints: Tally::new(desired),
                serving: Tally::new(desired),
                client: Client::new(desired, Entrance::new(preamble, w)),
                churn: Churn::default(),
            }
        };
        Self {
            preamble,
            chain: Chain::default(),
            pods: Pods::default(),
            workloads: preamble.workloads.iter().map(workload).collect(),
            nodes: Nodes::new(preamble),
            versions: versions::Versions::new(preamble),
            deadlock: deadlock::Deadlock::default(),
            control_plane: ControlPlane::new(preamble),
            balancers: Balancers::new(preamble),
            pending: Pending::default(),
            started: false,
            placement_before: Placement::new(),
            plan_started: None,
            plan_ended: None,
            failed_step: None,
            evictions: 0,
            refusals: 0,
        }
    }

    /// The scene is set.
    fn start(&mut self, at: u64) {
        self.started = true;
        self.pending.start(at);
        self.placement_before = placement::placement(self.preamble, &self.pods);
        for workload in &mut self.workloads {
            workload.endpoints.start(at);
            workload.serving.start(at);
            workload.client.start(at);
        }
    }

    fn created(&mut self, at: u64, id: PodId, mut pod: Pod) {
        let workload = pod.workload.index();
        let info = self.preamble.workloads.get(workload);
        let Some((state, info)) = self.workloads.get_mut(workload).zip(info) else {
            return;
        };
        pod.new = self.started;
        let first = info.created_later && !state.churn.slots.contains_key(&pod.slot);
        let slot = state.churn.slots.entry(pod.slot).or_default();
        slot.pod = Some(id);
        let lost_in = slot.lost_in.take();
        if first {
            state.churn.arrived += 1;
        } else if self.started {
            slot.moves += 1;
            state.churn.created += 1;
            if churn::has_controller(info) {
                self.control_plane.recreated(at, lost_in);
            }
        }
        self.pods.insert(id, pod);
        self.pending.created(at, id);
    }

    /// A pod's object is about to go, or gone.
    fn deleted(&mut self, at: u64, id: PodId, by: Option<(FactId, DeletedBy)>) {
        let Some(pod) = self.pods.get_mut(id) else {
            return;
        };
        self.pending.ends(at, pod);
        let lived = pod.lives();
        match by {
            Some(by) => pod.deleted = pod.deleted.or(Some(by)),
            None => pod.removed = true,
        }
        if lived {
            self.vacated(id, matches!(by, Some((_, DeletedBy::Controller))));
        }
    }

    /// A pod has failed: nobody counts on it any more.
    fn failed(&mut self, id: PodId) {
        if let Some(pod) = self.pods.get_mut(id)
            && pod.lives()
        {
            pod.finished = true;
            self.vacated(id, false);
        }
    }

    /// The place of a pod waits for another one.
    fn vacated(&mut self, id: PodId, replaced_on_purpose: bool) {
        let Some(pod) = self.pods.get(id) else {
            return;
        };
        let workload = pod.workload.index();
        let info = self.preamble.workloads.get(workload);
        let Some((state, info)) = self.workloads.get_mut(workload).zip(info) else {
            return;
        };
        let Some(slot) = state.churn.slots.get_mut(&pod.slot) else {
            return;
        };
        if slot.pod == Some(id) {
            slot.pod = None;
        }
        if self.started && churn::has_controller(info) && !replaced_on_purpose {
            // A pod whose machine died in an outage was lost then, not now.
            slot.lost_in = pod.died_in.or_else(|| self.control_plane.lost());
        }
    }

    /// The containers of a pod have stopped.
    fn stopped(&mut self, id: PodId, why: StopReason) {
        let Some(pod) = self.pods.get_mut(id) else {
            return;
        };
        pod.running = false;
        pod.stopped = Some(why);
        if why == StopReason::Crashed {
            pod.crashed_in = self.control_plane.current();
        }
        let info = self.preamble.workloads.get(pod.workload.index());
        let controlled = info.is_some_and(churn::has_controller);
        if why == StopReason::NodeDown && self.started && controlled && pod.lives() {
            pod.died_in = self.control_plane.lost();
        }
    }

    /// The containers of a pod run.
    fn runs(&mut self, id: PodId) {
        let Some(pod) = self.pods.get_mut(id) else {
            return;
        };
        pod.running = true;
        pod.stopped = None;
        if pod.lives() {
            self.control_plane.found(pod.died_in.take());
        }
        if let Some(outage) = pod.crashed_in.take() {
            self.control_plane.restarted(outage);
        }
    }

    /// A pod begins or ceases to count in one of the truths.
    fn counts(&mut self, at: u64, fact: FactId, id: PodId, truth: Truth, up: bool) {
        let Some(pod) = self.pods.get_mut(id) else {
            return;
        };
        let before = pod.at_the_door();
        let place = match truth {
            Truth::Endpoints => &mut pod.endpoint,
            Truth::Serving => &mut pod.serving,
        };
        if *place == up {
            return;
        }
        *place = up;
        let loss = Loss::new(at, fact, id, pod, &self.chain);
        let workload = pod.workload.index();
        let info = self.preamble.workloads.get(workload);
        let Some((state, info)) = self.workloads.get_mut(workload).zip(info) else {
            return;
        };
        if info.created_later && up {
            let wanted = Loss::wanted(at, fact, pod.slot, &self.chain);
            let what: fn(&mut Begun) -> &mut bool = match truth {
                Truth::Endpoints => |b| &mut b.endpoint,
                Truth::Serving => |b| &mut b.serving,
            };
            state.begins(pod.slot, what, wanted);
        } else if info.created_later && pod.stopped == Some(StopReason::Completed) {
            state.is_done(pod.slot, loss);
        }
        let tally = match truth {
            Truth::Endpoints => &mut state.endpoints,
            Truth::Serving => &mut state.serving,
        };
        if up {
            tally.up(at, id, pod.slot);
        } else {
            tally.down(at, loss);
        }
        if truth == Truth::Serving {
            state.client.change(at, pod.node, before, pod.at_the_door(), loss.blame);
        }
    }

    /// The data plane sends requests for a pod elsewhere.
    fn routed(&mut self, at: u64, fact: FactId, id: PodId, route: Route) {
        if let Some(pod) = self.pods.get_mut(id)
            && let Some(state) = self.workloads.get_mut(pod.workload.index())
        {
            let before = pod.at_the_door();
            let info = self.preamble.workloads.get(pod.workload.index());
            if route == Route::Ready && info.is_some_and(|w| w.created_later) {
                let wanted = Loss::wanted(at, fact, pod.slot, &self.chain);
                state.begins(pod.slot, |b| &mut b.route, wanted);
            }
            pod.route = route;
            let blame = Loss::new(at, fact, id, pod, &self.chain).blame;
            state.client.change(at, pod.node, before, pod.at_the_door(), blame);
        }
    }

    /// Load balancers of Services send to other nodes.
    fn entered(&mut self, at: u64, id: FactId, fact: &Fact) {
        for change in self.balancers.observe(at, id, fact) {
            let blame = Blame::at_the_entrance(id, change.why, &self.chain);
            let all = self.workloads.iter_mut().zip(&self.preamble.workloads);
            for (state, _) in all.filter(|(_, info)| change.concerns(info)) {
                state.client.enter(at, &change, blame);
            }
        }
    }

    fn churn_of(&mut self, id: PodId) -> Option<(&mut Pod, &mut Churn)> {
        let pod = self.pods.get_mut(id)?;
        let state = self.workloads.get_mut(pod.workload.index())?;
        Some((pod, &mut state.churn))
    }

    fn evicted(&mut self, fact: &Fact) {
        match *fact {
            Fact::EvictionAccepted { drain, pod } => {
                self.evictions += 1;
                if let Some((state, churn)) = self.churn_of(pod) {
                    state.evicted = true;
                    churn.evictions += 1;
                }
                if let Some(drain) = self.nodes.drain_mut(drain) {
                    drain.evictions += 1;
                    drain.refused = drain.refused.filter(|refused| refused.0 != pod);
                }
            }
            Fact::EvictionRefused {
                drain,
                pod,
                budget,
                reason,
            } => {
                self.refusals += 1;
                if let Some((state, churn)) = self.churn_of(pod) {
                    state.refusals = state.refusals.saturating_add(1);
                    churn.refusals += 1;
                }
                if let Some(drain) = self.nodes.drain_mut(drain) {
                    drain.refusals += 1;
                    drain.refused = Some((pod, budget, reason));
                }
            }
            _ => {}
        }
    }

    fn of_pod(&mut self, at: u64, id: FactId, fact: &Fact) {
        match *fact {
            Fact::PodCreated {
                pod,
                workload,
                slot,
                replica_set,
            } => {
                let mut new = Pod::new(workload, slot, at);
                new.replica_set = replica_set;
                self.created(at, pod, new);
            }
            Fact::PodUnschedulable { pod, .. } => {
                if let Some(pod) = self.pods.get_mut(pod) {
                    self.pending.waits(pod);
                }
            }
            Fact::PodBound { pod, node } => {
                if let Some(pod) = self.pods.get_mut(pod) {
                    self.pending.ends(at, pod);
                    pod.node = Some(node);
                    pod.bound = Some(at);
                }
            }
            Fact::PodReady { pod } | Fact::PodUnready { pod } => {
                if let Some(pod) = self.pods.get_mut(pod) {
                    pod.ready = matches!(fact, Fact::PodReady { .. });
                }
            }
            Fact::PodDeleted { pod, by } => self.deleted(at, pod, Some((id, by))),
            Fact::PodFinished { pod } => {
                if let Some(pod) = self.pods.get_mut(pod) {
                    pod.finished = true;
                }
            }
            Fact::PodFailed { pod } => self.failed(pod),
            Fact::PodRemoved { pod } => self.deleted(at, pod, None),
            Fact::ContainersStarted { pod } => self.runs(pod),
            Fact::ContainersServing { pod } => self.counts(at, id, pod, Truth::Serving, true),
            Fact::ContainersStopped { pod, why } => {
                self.stopped(pod, why);
                self.counts(at, id, pod, Truth::Serving, false);
            }
            Fact::EndpointReady { pod } => self.counts(at, id, pod, Truth::Endpoints, true),
            Fact::EndpointUnready { pod } => self.counts(at, id, pod, Truth::Endpoints, false),
            Fact::RouteReady { pod } => self.routed(at, id, pod, Route::Ready),
            Fact::RouteTerminating { pod } => self.routed(at, id, pod, Route::Terminating),
            Fact::RouteRemoved { pod } => self.routed(at, id, pod, Route::None),
            _ => {}
        }
    }
}

impl Observer for Metrics<'_> {
    fn observe(&mut self, id: FactId, record: &Record) {
        let at = record.at.as_micros();
        self.chain.observe(id, record);
        self.pending.advance(at, &mut self.pods);
        match record.fact {
            Fact::RunStarted => self.start(at),
            Fact::PlanStarted => self.plan_started = Some(at),
            Fact::PlanEnded { status } => self.plan_ended = Some((at, status)),
            Fact::StepEnded { step, ok: false } => self.failed_step = Some(step),
            Fact::EvictionAccepted { .. } | Fact::EvictionRefused { .. } => {
                self.evicted(&record.fact);
            }
            _ => {
                self.of_pod(at, id, &record.fact);
                self.nodes.observe(at, &record.fact);
                self.versions.observe(at, &record.fact, self.preamble);
                self.deadlock.observe(at, &record.fact);
                self.control_plane.observe(at, &record.fact);
                self.entered(at, id, &record.fact);
            }
        }
    }
}
