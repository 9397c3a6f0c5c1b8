//! The Job controller (W-26 … W-28).

use super::event::Event as World;
use super::hall::Hall;
use super::rate::{TokenBucket, slow_start};
use super::write::{Identity, NewPod};
use crate::ids::{IdVec, PodId, WorkloadId};
use crate::model::{Job, Workload, WorkloadKind, behaviour};
use crate::trace::DeletedBy;
use crate::units::{Span, Time};

/// What the Job controller waits for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Event {
    /// A Job is taken from the work queue.
    Sync(WorkloadId),
    /// The pause after a failure is over.
    Retry(WorkloadId),
    /// A request to create a pod reaches the API.
    Create(WorkloadId),
    /// A request to delete a pod reaches the API.
    Delete(PodId),
}

/// So many pods are asked for in one sync at most (W-27).
const MOST_AT_ONCE: u32 = 500;
/// The pause after the first failure; it doubles with every further one in a row …
const BACKOFF: Span = Span::from_secs(10);
/// … up to this many times (10 min at most, W-27).
const MOST_DOUBLINGS: u32 = 6;
const LONGEST_BACKOFF: Span = Span::from_secs(600);

/// What the API knows of a Job.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct State {
    /// Pods that neither are being deleted nor have finished.
    pub(crate) active: u32,
    /// Pods that are being deleted and whose objects are there.
    pub(crate) terminating: u32,
    pub(crate) succeeded: u32,
    pub(crate) failed: u32,
    /// Failures since the last success.
    failures_in_a_row: u32,
    /// Pods that are being deleted and will have failed once they have stopped.
    failing: u32,
    /// No new pod before this time.
    not_before: Time,
    /// Complete or given up.
    pub(crate) over: bool,
    /// Its object is not there yet.
    pub(crate) absent: bool,
}

impl State {
    /// What the API knows of a workload's Job before anything has happened.
    pub(crate) fn of(workload: &Workload) -> Self {
        Self {
            absent: workload.kind == WorkloadKind::Job && !workload.arrivals.is_empty(),
            ..Self::default()
        }
    }

    /// A pod failed, or counts as failed.
    fn fail(&mut self, now: Time) {
        self.failed += 1;
        self.failures_in_a_row += 1;
        let doublings = (self.failures_in_a_row - 1).min(MOST_DOUBLINGS);
        self.not_before = now + (BACKOFF * (1 << doublings)).at_most(LONGEST_BACKOFF);
    }
}

/// The Job controller.
#[derive(Debug)]
pub(crate) struct Jobs {
    /// Creates on their way, per Job.
    creating: IdVec<WorkloadId, u32>,
    /// Until when the pause after a failure lasts for which somebody waits, per Job.
    waiting: IdVec<WorkloadId, Option<Time>>,
    /// 20 requests a second after a burst of 30, shared by all Jobs (C-9).
    limiter: TokenBucket,
}

impl Jobs {
    pub(crate) fn new(hall: &Hall<'_>) -> Self {
        Self {
            creating: hall.model.workloads.iter().map(|_| 0).collect(),
            waiting: hall.model.workloads.iter().map(|_| None).collect(),
            limiter: TokenBucket::new(20, 30),
        }
    }

    pub(crate) fn handle(&mut self, event: Event, hall: &mut Hall<'_>) {
        match event {
            Event::Sync(workload) => self.sync(workload, hall),
            Event::Retry(workload) => {
                hall.expected -= 1;
                self.waiting[workload] = None;
                self.sync(workload, hall);
            }
            Event::Create(workload) => self.create(workload, hall),
            Event::Delete(pod) => {
                if let Ok(permit) = hall.store.gate.admit_controllers() {
                    hall.delete_and_remove_if_idle(&permit, pod, DeletedBy::Controller);
                }
            }
        }
    }

    /// All Jobs, for a new leader.
    pub(crate) fn start(&mut self, hall: &mut Hall<'_>) {
        *self = Self::new(hall);
        let ids: Vec<WorkloadId> = hall.model.workloads.ids().collect();
        for id in ids {
            if hall.model.workloads[id].kind == WorkloadKind::Job {
                self.sync(id, hall);
            }
        }
    }

    fn sync(&mut self, workload: WorkloadId, hall: &mut Hall<'_>) {
        let Some(spec) = hall.model.workloads[workload].job else {
            return;
        };
        let state = hall.store.workloads[workload].job;
        if state.over || state.absent || hall.store.gate.admit_controllers().is_err() {
            return;
        }
        if state.failed > spec.backoff_limit {
            hall.store.workloads[workload].job.over = true;
            hall.set_desired(workload, 0);
            return stop_all(workload, hall);
        }
        let wanted = wanted(spec, state);
        hall.set_desired(workload, wanted);
        if wanted == 0 && state.active == 0 {
            hall.store.workloads[workload].job.over = true;
            return;
        }
        let mut there = state.active + self.creating[workload];
        if spec.waits_for_end {
            there += state.terminating;
        }
        if there >= wanted {
            return;
        }
        if state.not_before > hall.now {
            return self.wait(workload, state.not_before, hall);
        }
        let count = (wanted - there).min(MOST_AT_ONCE);
        self.creating[workload] += count;
        let create = World::Job(Event::Create(workload));
        slow_start(&mut self.limiter, count, Span::ZERO, create, hall);
    }

    /// Looks again when the pause after a failure is over; the run does not end before.
    fn wait(&mut self, workload: WorkloadId, until: Time, hall: &mut Hall<'_>) {
        if self.waiting[workload].is_none_or(|known| known < until) {
            self.waiting[workload] = Some(until);
            hall.expected += 1;
            hall.at(until, World::Job(Event::Retry(workload)));
        }
    }

    fn create(&mut self, workload: WorkloadId, hall: &mut Hall<'_>) {
        self.creating[workload] = self.creating[workload].saturating_sub(1);
        let state = &hall.store.workloads[workload];
        if state.job.over || state.job.active >= state.desired {
            return;
        }
        let Ok(permit) = hall.admit_creation(workload) else {
            return;
        };
        let new = NewPod {
            workload,
            replica_set: None,
            identity: Identity::Replica,
        };
        let pod = hall.create_pod(&permit, new);
        hall.announce_pod(pod);
    }
}

/// Somebody creates a Job during the run.
pub(crate) fn arrives(workload: WorkloadId, hall: &mut Hall<'_>) {
    let Some(spec) = hall.model.workloads[workload].job else {
        return;
    };
    let state = &mut hall.store.workloads[workload].job;
    state.absent = false;
    let wanted = wanted(spec, *state);
    hall.set_desired(workload, wanted);
    hall.after_reaction(World::Job(Event::Sync(workload)));
}

/// How many pods there should be now.
pub(crate) fn wanted(spec: Job, state: State) -> u32 {
    match spec.completions {
        Some(completions) => spec.parallelism.min(completions.saturating_sub(state.succeeded)),
        // A work queue: whoever runs goes on, nobody new comes once one has succeeded.
        None if state.succeeded > 0 => state.active.min(spec.parallelism),
        None => spec.parallelism,
    }
}

/// A Job is given up: its pods go.
fn stop_all(workload: WorkloadId, hall: &mut Hall<'_>) {
    let pods = hall.store.pods.iter_ids();
    let of_job = pods.filter(|(_, p)| p.workload == workload && p.exists && !p.terminating && !p.finished);
    let ids: Vec<PodId> = of_job.map(|(id, _)| id).collect();
    for pod in ids {
        let delay = hall.half_call();
        hall.after(delay, World::Job(Event::Delete(pod)));
    }
}

/// A pod of a Job is being deleted. With finalizer tracking that alone is a failure (W-27); before, only a pod that
/// ends as Failed is one (W-26).
pub(crate) fn pod_deleted(workload: WorkloadId, by: DeletedBy, hall: &mut Hall<'_>) {
    let Some(spec) = hall.model.workloads[workload].job else {
        return;
    };
    let minor = hall.store.gate.minors.controller_manager;
    let now = hall.now;
    let state = &mut hall.store.workloads[workload].job;
    state.active -= 1;
    state.terminating += 1;
    let counts = behaviour::controller_manager::deleted_job_pods_fail(minor)
        && by != DeletedBy::Controller
        && !(spec.ignores_disruptions && disrupts(by));
    if counts && spec.waits_for_end {
        state.failing += 1;
    } else if counts {
        state.fail(now);
    }
    hall.after_reaction(World::Job(Event::Sync(workload)));
}

/// Whether the pod gets the condition `DisruptionTarget`: evictions, taints, preemption and garbage collection do.
fn disrupts(by: DeletedBy) -> bool {
    !matches!(by, DeletedBy::User | DeletedBy::Controller)
}

/// The object of a pod of a Job is gone; one that had finished counted before.
pub(crate) fn pod_removed(workload: WorkloadId, was_terminating: bool, hall: &mut Hall<'_>) {
    let now = hall.now;
    let state = &mut hall.store.workloads[workload].job;
    if was_terminating {
        state.terminating -= 1;
        if state.failing > 0 {
            state.failing -= 1;
            state.fail(now);
        }
    } else {
        state.active -= 1;
    }
    hall.after_reaction(World::Job(Event::Sync(workload)));
}

/// A pod of a Job has succeeded or failed.
pub(crate) fn pod_finished(workload: WorkloadId, succeeded: bool, hall: &mut Hall<'_>) {
    let now = hall.now;
    let state = &mut hall.store.workloads[workload].job;
    state.active -= 1;
    if succeeded {
        state.succeeded += 1;
        state.failures_in_a_row = 0;
    } else {
        state.fail(now);
    }
    hall.after_reaction(World::Job(Event::Sync(workload)));
}
