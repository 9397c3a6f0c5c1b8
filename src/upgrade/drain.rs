//! `kubectl drain`, to the letter (D-1 … D-20): cordon, one snapshot, filters, evictions in parallel, 429 → 5 s, polls.

mod order;
mod outlook;

pub(crate) use outlook::{Outlook, endless};

use super::driver;
use crate::cluster::disruption::{self, Verdict};
use crate::cluster::event::Event as World;
use crate::cluster::gate::Permit;
use crate::cluster::hall::Hall;
use crate::cluster::rate::TokenBucket;
use crate::ids::{DrainId, FactId, IdVec, NodeId, PodId};
use crate::model::behaviour;
use crate::model::{DrainOptions, DrainVia, WorkloadKind};
use crate::rng::{Purpose, Stream};
use crate::trace::{ApiError, DeletedBy, DrainOutcome, Fact, NotDrainable, RefusalReason};
use crate::units::{Dist, Span, Time};

/// What drains wait for. A pod is named by its number in the drain's snapshot.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Event {
    /// kubectl sends the cordon of a node, and the label that keeps it out of load balancers.
    Cordon(NodeId, bool),
    /// kubectl lists the pods and filters them.
    List(DrainId),
    /// An eviction reaches the API, which reads the budget.
    Read(DrainId, u32),
    /// The API writes the budget that it read in this version, and deletes the pod.
    Write(DrainId, u32, u32),
    /// kubectl asks whether the pod is gone.
    Poll(DrainId, u32),
    /// Are the volumes of a pod that is gone off the node?
    Detach(DrainId, u32),
    /// `--timeout` has passed.
    Deadline(DrainId),
    /// kubectl exits.
    End(DrainId),
    /// The API has gone away: whoever polls now fails.
    ApiLost,
}

/// Requests that lose a race for a budget try again inside the API server: at most so often …
const CONFLICT_RETRIES: u8 = 20;
/// … and after so long, plus up to a tenth (P-1.5).
const CONFLICT_BACKOFF: Span = Span::from_millis(500);
/// Time between two looks at a pod that has to go.
const POLL: Span = Span::from_secs(1);

/// A pod of the snapshot.
#[derive(Clone, Copy, Debug)]
struct Evictee {
    pod: PodId,
    state: State,
    conflicts: u8,
}

/// How far an eviction has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Its turn has not come.
    Held,
    /// Asking to be evicted.
    Evicting,
    /// Accepted at this time; waiting to be gone.
    Waiting(Time),
    /// Gone; its volumes are waited for since this time.
    Detaching(Time),
    /// Gone, or taken for gone.
    Gone,
    /// Failed for good.
    Failed,
}

/// One node's turn in a `kubectl drain`.
#[derive(Debug)]
struct Drain {
    node: NodeId,
    /// Nodes that the same command has cordoned and drains after this one.
    rest: Vec<NodeId>,
    /// How the command's nodes before this one ended.
    before: DrainOutcome,
    options: DrainOptions,
    owner: driver::Owner,
    pods: Vec<Evictee>,
    open: usize,
    deadline: Time,
    started: Time,
    outcome: DrainOutcome,
    ended: bool,
    /// When its pods were gone, where volumes are waited for.
    emptied: Option<Time>,
    rate: TokenBucket,
}

/// All drains.
#[derive(Debug)]
pub(crate) struct Drains {
    drains: IdVec<DrainId, Drain>,
    luck: Stream,
    /// How long kubectl's own requests take.
    looks: Stream,
    /// How busy the machine is where kubectl runs: commands that start at the same instant find it the same.
    load: (Time, f64),
}

/// A pod's object that is gone, the drain that waits for that with the pod's number there, and what brought it about.
pub(crate) type Gone = (DrainId, u32, Option<FactId>);

impl Drains {
    pub(crate) fn new(hall: &Hall<'_>) -> Self {
        Self {
            drains: IdVec::new(),
            luck: hall.streams.stream(Purpose::Kubectl, 0),
            looks: hall.streams.stream(Purpose::Kubectl, 1),
            load: (Time::MAX, 0.0),
        }
    }

    /// Starts `kubectl drain`: cordon all nodes when kubectl is up, then list and evict, node after node (D-4).
    pub(crate) fn start(&mut self, nodes: &[NodeId], options: DrainOptions, owner: driver::Owner, hall: &mut Hall<'_>) {
        let Some((&node, rest)) = nodes.split_first() else {
            return;
        };
        let (qps, burst) = behaviour::kubectl::rate();
        let drain = self.turn(
            Drain {
                node,
                rest: rest.to_vec(),
                before: DrainOutcome::Completed,
                options,
                owner,
                pods: Vec::new(),
                open: 0,
                deadline: Time::MAX,
                started: hall.now,
                outcome: DrainOutcome::Completed,
                ended: false,
                emptied: None,
                rate: TokenBucket::new(qps, burst),
            },
            hall,
        );
        let excludes = self.drains[drain].options.exclude_from_balancers;
        let start = self.start_time(hall);
        // Measured: 0.25 of 0.33 s, 0.42 of 0.52 s, 0.28 of 0.33 s.
        let cordon = Span::from_micros(start.as_micros() * 3 / 4);
        hall.after(cordon, World::Drain(Event::Cordon(node, excludes)));
        let mut more = Span::ZERO;
        for &node in rest {
            more += hall.draw(&hall.model.timings.api_call);
            hall.after(cordon + more, World::Drain(Event::Cordon(node, excludes)));
        }
        hall.after(start + more, World::Drain(Event::List(drain)));
    }

    /// A node's turn begins, and with it the time of `--timeout`, which each node has for itself.
    fn turn(&mut self, drain: Drain, hall: &mut Hall<'_>) -> DrainId {
        let (node, deadline) = (drain.node, drain.options.timeout.map(|t| hall.now + t));
        let id = self.drains.push(drain);
        hall.emit_cause(Fact::DrainStarted { drain: id, node });
        if let Some(deadline) = deadline {
            self.drains[id].deadline = deadline;
            hall.at(deadline, World::Drain(Event::Deadline(id)));
        }
        id
    }

    /// The next node of the same command; kubectl is up and has cordoned it.
    fn next_turn(&mut self, id: DrainId, hall: &mut Hall<'_>) {
        let last = &self.drains[id];
        let Some((&node, rest)) = last.rest.split_first() else {
            return;
        };
        let next = Drain {
            node,
            rest: rest.to_vec(),
            before: worse(last.before, last.outcome),
            options: last.options.clone(),
            owner: last.owner,
            pods: Vec::new(),
            open: 0,
            deadline: Time::MAX,
            started: hall.now,
            outcome: DrainOutcome::Completed,
            ended: false,
            emptied: None,
            rate: last.rate,
        };
        let next = self.turn(next, hall);
        let call = hall.half_call();
        hall.after(call, World::Drain(Event::List(next)));
    }

    /// How long kubectl takes to start. What varies most is how busy its machine is, and that is shared by processes that
    /// start together (recorded: six at once cordon within 0.12 … 0.57 s of each other); 60 % more or less at most is a
    /// process's own.
    fn start_time(&mut self, hall: &Hall<'_>) -> Span {
        if self.load.0 != hall.now {
            self.load = (hall.now, self.luck.unit());
        }
        let shared = hall.model.timings.kubectl_start.at(self.load.1);
        let own = Dist::LogNormal {
            median: Span::from_secs(1),
            p95: Span::from_millis(1600),
        };
        Span::from_secs_f64(shared.as_secs_f64() * self.luck.sample(&own).as_secs_f64())
    }

    /// Hands the outcome of a drain that has ended to who asked for it.
    pub(crate) fn handle(&mut self, event: Event, hall: &mut Hall<'_>) -> Option<(driver::Owner, DrainOutcome)> {
        match event {
            Event::Cordon(node, excludes) => cordon(node, excludes, hall),
            Event::List(drain) => self.list(drain, hall),
            Event::Read(drain, index) => self.read(drain, index, hall),
            Event::Write(drain, index, version) => self.write(drain, index, version, hall),
            Event::Poll(drain, index) => self.poll(drain, index, hall),
            Event::Detach(drain, index) => self.detach(drain, index, hall),
            Event::Deadline(drain) => self.time_is_up(drain, hall),
            Event::ApiLost => self.api_lost(hall),
            Event::End(drain) => return self.end(drain, hall),
        }
        None
    }

    /// The drains that have not ended, for a run that ends before them.
    pub(crate) fn close(&mut self, hall: &mut Hall<'_>) {
        for (drain, state) in self.drains.iter_ids() {
            if !state.ended {
                let (node, outcome) = (state.node, DrainOutcome::Unfinished);
                hall.emit(Fact::DrainEnded { drain, node, outcome });
            }
        }
    }

    /// One snapshot of the node's pods (D-6); one objection and nothing is evicted (D-4).
    fn list(&mut self, id: DrainId, hall: &mut Hall<'_>) {
        if hall.admit().is_err() {
            return self.fail_whole(id, DrainOutcome::Failed, hall);
        }
        let drain = &self.drains[id];
        let mut pods: Vec<PodId> = Vec::new();
        let mut refused = false;
        for pod in hall.store.nodes[drain.node].pods.clone() {
            match filter(pod, &drain.options, hall) {
                Filtered::Skip => {}
                Filtered::Drain => pods.push(pod),
                Filtered::Object(reason) => {
                    refused = true;
                    hall.emit(Fact::PodNotDrainable { drain: id, pod, reason });
                }
            }
        }
        if refused {
            return self.fail_whole(id, DrainOutcome::Refused, hall);
        }
        self.arrange(&mut pods, hall);
        self.evict_all(id, &pods, hall);
    }

    /// kubectl starts a goroutine per pod in the order of their names; Go runs the last one first and the rest in any
    /// order.
    fn arrange(&mut self, pods: &mut [PodId], hall: &Hall<'_>) {
        pods.sort_by_key(|&p| (hall.store.pods[p].workload, p));
        if let Some((_, rest)) = pods.split_last_mut() {
            self.luck.shuffle(rest);
        }
        pods.rotate_right(usize::from(!pods.is_empty()));
    }

    fn evict_all(&mut self, id: DrainId, pods: &[PodId], hall: &mut Hall<'_>) {
        if pods.is_empty() {
            return self.finish_soon(id, hall);
        }
        let drain = &mut self.drains[id];
        drain.open = pods.len();
        let spread = Dist::Uniform(Span::from_micros(50), Span::from_micros(1500));
        let mut at = hall.now;
        for (index, &pod) in pods.iter().enumerate() {
            let index = u32::try_from(index).unwrap_or(u32::MAX);
            let held = order::waits(drain, pod, hall);
            drain.pods.push(Evictee {
                pod,
                state: if held { State::Held } else { State::Evicting },
                conflicts: 0,
            });
            if held {
                continue;
            }
            at += Span::from_micros(self.luck.sample(&spread).as_micros() / pods.len() as u64);
            let sent = drain.rate.admit(at);
            let half = hall.half_call();
            hall.at(sent + half, World::Drain(Event::Read(id, index)));
        }
        self.release(id, hall);
    }

    fn read(&mut self, id: DrainId, index: u32, hall: &mut Hall<'_>) {
        let pod = self.drains[id].pods[index as usize].pod;
        if self.drains[id].ended || self.drains[id].pods[index as usize].state != State::Evicting {
            return;
        }
        // The clock is looked at only here, before an attempt: a drain overshoots by up to 5 s (D-14).
        if hall.now >= self.drains[id].deadline {
            return self.fail(id, index, ApiError::Timeout, hall);
        }
        let Ok(permit) = hall.admit() else {
            return self.fail(id, index, ApiError::Unavailable, hall);
        };
        if self.drains[id].options.via == DrainVia::Delete {
            if !hall.store.pods[pod].exists {
                return self.settle(id, index, State::Gone, hall);
            }
            return self.accept(id, index, &permit, hall);
        }
        match disruption::judge(pod, hall) {
            Verdict::Gone => self.settle(id, index, State::Gone, hall),
            Verdict::Free => self.accept(id, index, &permit, hall),
            Verdict::Refused(budget, reason) => self.refuse(id, index, budget, reason, hall),
            Verdict::Error(error) => self.fail(id, index, error, hall),
            Verdict::Takes(_, version) => {
                let delay = hall.draw(&hall.model.timings.api_call);
                hall.after(delay, World::Drain(Event::Write(id, index, version)));
            }
        }
    }

    /// The budget may have changed since it was read: then the request waits inside the API server and starts over.
    fn write(&mut self, id: DrainId, index: u32, version: u32, hall: &mut Hall<'_>) {
        let pod = self.drains[id].pods[index as usize].pod;
        let Ok(permit) = hall.admit() else {
            return self.fail(id, index, ApiError::Unavailable, hall);
        };
        let budget = match disruption::judge(pod, hall) {
            Verdict::Takes(budget, _) | Verdict::Refused(budget, _) => budget,
            Verdict::Gone => return self.settle(id, index, State::Gone, hall),
            Verdict::Free => return self.accept(id, index, &permit, hall),
            Verdict::Error(error) => return self.fail(id, index, error, hall),
        };
        if disruption::take(&permit, budget, version, hall) {
            return self.accept(id, index, &permit, hall);
        }
        let evictee = &mut self.drains[id].pods[index as usize];
        evictee.conflicts += 1;
        if evictee.conflicts > CONFLICT_RETRIES {
            evictee.conflicts = 0;
            return self.refuse(id, index, budget, RefusalReason::StillProcessed, hall);
        }
        let jitter = Span::from_micros(CONFLICT_BACKOFF.as_micros() / 10);
        let wait = CONFLICT_BACKOFF + self.luck.between(Span::ZERO, jitter);
        hall.after(wait, World::Drain(Event::Read(id, index)));
    }

    fn accept(&mut self, id: DrainId, index: u32, permit: &Permit, hall: &mut Hall<'_>) {
        let answer = hall.half_call();
        let first_look = if behaviour::kubectl::counts_from_first_look(hall.kubectl) {
            self.look(hall)
        } else {
            Span::ZERO
        };
        let drain = &mut self.drains[id];
        let evictee = &mut drain.pods[index as usize];
        let pod = evictee.pod;
        evictee.state = State::Waiting(hall.now + answer + first_look);
        if drain.options.via == DrainVia::Eviction {
            hall.emit_cause(Fact::EvictionAccepted { drain: id, pod });
        }
        if let Some(grace) = drain.options.grace_period {
            hall.store.pods[pod].grace = hall.store.pods[pod].grace.at_most(grace);
        }
        hall.store.pods[pod].awaited_by = Some((id, index));
        hall.delete_and_remove_if_idle(permit, pod, DeletedBy::Drain);
    }

    /// How long kubectl takes to look at a pod: recorded 40 ms in the median and 12 … 123 ms in all (761 looks), where a
    /// call between the components took 6 ms. A wait that is over 15 ms after a whole second depends on it.
    fn look(&mut self, hall: &mut Hall<'_>) -> Span {
        const CALLS: f64 = 40.0 / 6.0;
        let middle = 0.2 + 0.6 * self.looks.unit();
        let call = hall.quantile(&hall.model.timings.api_call, middle);
        Span::from_secs_f64(call.as_secs_f64() * CALLS)
    }

    /// 429: sleep exactly 5 s from the answer on, then try again, unless the time is up by then (D-9, D-10).
    fn refuse(
        &mut self,
        id: DrainId,
        index: u32,
        budget: crate::ids::BudgetId,
        reason: RefusalReason,
        hall: &mut Hall<'_>,
    ) {
        let drain = &mut self.drains[id];
        let evictee = &mut drain.pods[index as usize];
        evictee.conflicts = 0;
        let pod = evictee.pod;
        let retry = drain.options.retry_interval.max(Span::from_millis(1));
        hall.emit(Fact::EvictionRefused {
            drain: id,
            pod,
            budget,
            reason,
        });
        let wait = hall.half_call() + retry + hall.half_call();
        hall.after(wait, World::Drain(Event::Read(id, index)));
    }

    /// Pods are gone: kubectl notices at its next look. Those before would find nothing new.
    pub(crate) fn expect(&mut self, hall: &mut Hall<'_>) {
        let (mut gone, now) = (std::mem::take(&mut hall.gone), hall.cause);
        for (id, index, cause) in gone.drain(..) {
            if let State::Waiting(since) = self.drains[id].pods[index as usize].state {
                hall.cause = cause;
                hall.at(next_look(since, hall.now), World::Drain(Event::Poll(id, index)));
            }
        }
        (hall.gone, hall.cause) = (gone, now);
    }

    /// kubectl looks every second, counted from the answer (1.20: from the answer to its first look).
    fn poll(&mut self, id: DrainId, index: u32, hall: &mut Hall<'_>) {
        let drain = &mut self.drains[id];
        let evictee = &mut drain.pods[index as usize];
        let State::Waiting(since) = evictee.state else {
            return;
        };
        let gone = !hall.store.pods[evictee.pod].exists;
        let next = next_look(since, hall.now);
        if hall.now < next {
            return hall.at(next, World::Drain(Event::Poll(id, index)));
        }
        if hall.admit().is_err() {
            if behaviour::kubectl::error_means_gone(hall.kubectl) {
                return self.settle(id, index, State::Gone, hall);
            }
            return self.fail(id, index, ApiError::Unavailable, hall);
        }
        if gone {
            self.settle(id, index, State::Gone, hall);
        }
    }

    /// Everybody who waits for a pod to go polls within a second, and fails if the API is still away (D-13).
    fn api_lost(&mut self, hall: &mut Hall<'_>) {
        for (id, drain) in self.drains.iter_ids() {
            for (index, evictee) in drain.pods.iter().enumerate() {
                if !drain.ended && matches!(evictee.state, State::Waiting(_)) {
                    let index = u32::try_from(index).unwrap_or(u32::MAX);
                    hall.after(Span::from_micros(1), World::Drain(Event::Poll(id, index)));
                }
            }
        }
    }

    fn fail(&mut self, id: DrainId, index: u32, error: ApiError, hall: &mut Hall<'_>) {
        let pod = self.drains[id].pods[index as usize].pod;
        hall.emit(Fact::EvictionFailed { drain: id, pod, error });
        let outcome = match error {
            ApiError::Timeout => DrainOutcome::TimedOut,
            ApiError::Unavailable | ApiError::ManyBudgets => DrainOutcome::Failed,
        };
        if self.drains[id].outcome == DrainOutcome::Completed {
            self.drains[id].outcome = outcome;
        }
        self.settle(id, index, State::Failed, hall);
    }

    /// The other pods go on; kubectl ends when all are decided (D-12).
    fn settle(&mut self, id: DrainId, index: u32, state: State, hall: &mut Hall<'_>) {
        if state == State::Gone && self.awaits_volumes(id, index, hall) {
            return;
        }
        let drain = &mut self.drains[id];
        drain.pods[index as usize].state = state;
        drain.open -= 1;
        if drain.open == 0 {
            return self.finish_soon(id, hall);
        }
        self.release(id, hall);
    }

    /// Pods that kubectl only waits for fail at once; those that it still asks for, before their next attempt.
    fn time_is_up(&mut self, id: DrainId, hall: &mut Hall<'_>) {
        let waiting = |p: &Evictee| matches!(p.state, State::Waiting(_) | State::Held | State::Detaching(_));
        let waits: Vec<u32> = (0..)
            .zip(&self.drains[id].pods)
            .filter(|(_, p)| waiting(p))
            .map(|(i, _)| i)
            .collect();
        for index in waits {
            self.fail(id, index, ApiError::Timeout, hall);
        }
    }

    fn fail_whole(&mut self, id: DrainId, outcome: DrainOutcome, hall: &mut Hall<'_>) {
        self.drains[id].outcome = outcome;
        self.finish_soon(id, hall);
    }

    /// The last answer, and the exit of the process.
    fn finish_soon(&mut self, id: DrainId, hall: &mut Hall<'_>) {
        let exit = hall.half_call() + Span::from_millis(4);
        hall.after(exit, World::Drain(Event::End(id)));
    }

    fn end(&mut self, id: DrainId, hall: &mut Hall<'_>) -> Option<(driver::Owner, DrainOutcome)> {
        if self.ends_later(id, hall) {
            return None;
        }
        let drain = &mut self.drains[id];
        if std::mem::replace(&mut drain.ended, true) {
            return None;
        }
        let (node, outcome, owner) = (drain.node, drain.outcome, drain.owner);
        hall.emit_cause(Fact::DrainEnded {
            drain: id,
            node,
            outcome,
        });
        debug_assert!(hall.now >= drain.started);
        let goes_on = outcome == DrainOutcome::Completed || behaviour::kubectl::drains_on(hall.kubectl);
        if goes_on && !drain.rest.is_empty() {
            self.next_turn(id, hall);
            return None;
        }
        Some((owner, worse(drain.before, outcome)))
    }
}

/// When kubectl, which looks every second from a time on, looks next.
fn next_look(since: Time, now: Time) -> Time {
    let waited = now.since(since).as_micros();
    since + Span::from_micros(waited.div_ceil(POLL.as_micros()) * POLL.as_micros())
}

/// How a command has ended whose nodes ended so and so: as the first one that failed.
fn worse(before: DrainOutcome, after: DrainOutcome) -> DrainOutcome {
    if before == DrainOutcome::Completed {
        after
    } else {
        before
    }
}

/// A failure to cordon does not stop the drain (D-2).
fn cordon(node: NodeId, excludes: bool, hall: &mut Hall<'_>) {
    if let Ok(permit) = hall.admit() {
        hall.write_unschedulable(&permit, node, true);
        hall.leaving.push(node);
        if excludes {
            hall.write_excluded(&permit, node, true);
        }
    }
}

/// What the filters say of a pod.
enum Filtered {
    Skip,
    Drain,
    Object(NotDrainable),
}

/// kubectl's filters in their order; pods that have succeeded or failed pass them (D-7).
fn filter(pod: PodId, options: &DrainOptions, hall: &Hall<'_>) -> Filtered {
    let state = &hall.store.pods[pod];
    let kind = hall.manner(state.workload).kind;
    if kind == WorkloadKind::DaemonSet {
        return if options.ignore_daemon_sets {
            Filtered::Skip
        } else {
            Filtered::Object(NotDrainable::DaemonSet)
        };
    }
    if kind == WorkloadKind::StaticPod {
        return Filtered::Skip;
    }
    if state.finished {
        return Filtered::Drain;
    }
    if hall.template(state.class).empty_dir && !options.delete_empty_dir_data {
        return Filtered::Object(NotDrainable::LocalStorage);
    }
    if kind == WorkloadKind::Pod && !options.force {
        return Filtered::Object(NotDrainable::Unmanaged);
    }
    Filtered::Drain
}
