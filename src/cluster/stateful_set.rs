//! The StatefulSet controller (W-15 … W-20): members with names of their own, none of which ever exists twice.

use super::event::Event as World;
use super::hall::Hall;
use super::rate::TokenBucket;
use super::write::{Identity, NewPod};
use crate::ids::{PodId, WorkloadId};
use crate::model::{PodManagement, RolloutStrategy, WorkloadKind, behaviour};
use crate::trace::{DeletedBy, Fact};
use crate::units::Span;

/// What the StatefulSet controller waits for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Event {
    /// A StatefulSet is taken from the work queue.
    Sync(WorkloadId),
    /// A request to create a member reaches the API.
    Create(WorkloadId, u32),
    /// A request to delete a member reaches the API.
    Delete(PodId),
}

/// The StatefulSet controller.
#[derive(Debug)]
pub(crate) struct StatefulSets {
    /// 20 requests a second after a burst of 30, shared by all StatefulSets (C-9).
    limiter: TokenBucket,
}

impl Default for StatefulSets {
    fn default() -> Self {
        Self {
            limiter: TokenBucket::new(20, 30),
        }
    }
}

impl StatefulSets {
    pub(crate) fn handle(&mut self, event: Event, hall: &mut Hall<'_>) {
        match event {
            Event::Sync(workload) => self.sync(workload, hall),
            Event::Create(workload, ordinal) => create(workload, ordinal, hall),
            Event::Delete(pod) => {
                if let Ok(permit) = hall.store.gate.admit_controllers() {
                    hall.delete_and_remove_if_idle(&permit, pod, DeletedBy::Controller);
                }
            }
        }
    }

    /// All StatefulSets, for a new leader.
    pub(crate) fn start(&mut self, hall: &mut Hall<'_>) {
        self.limiter = TokenBucket::new(20, 30);
        let ids: Vec<WorkloadId> = hall.model.workloads.ids().collect();
        for id in ids {
            if hall.model.workloads[id].kind == WorkloadKind::StatefulSet {
                self.sync(id, hall);
            }
        }
    }

    /// One walk over the members (W-16, W-17): what is missing is created, what is too much goes, then the rollout.
    fn sync(&mut self, workload: WorkloadId, hall: &mut Hall<'_>) {
        if hall.store.gate.admit_controllers().is_err() {
            return;
        }
        let ordered = hall.model.workloads[workload].management == PodManagement::OrderedReady;
        let mut delay = Span::ZERO;
        for ordinal in 0..hall.store.workloads[workload].desired {
            match member(workload, ordinal, hall) {
                None => {
                    delay += hall.half_call();
                    let at = self.limiter.admit(hall.now + delay);
                    hall.at(at, World::StatefulSet(Event::Create(workload, ordinal)));
                    delay += hall.half_call();
                    if ordered {
                        return;
                    }
                }
                Some(pod) if ordered && !settled(pod, hall) => return,
                Some(_) => {}
            }
        }
        if !remove_surplus(workload, ordered, hall) && hall.store.workloads[workload].rolling {
            roll(workload, hall);
        }
    }
}

/// The pod that has this ordinal now, terminating or not: while its object is there, no other can have the name (W-15).
fn member(workload: WorkloadId, ordinal: u32, hall: &Hall<'_>) -> Option<PodId> {
    let members = &hall.store.workloads[workload].members;
    members.get(ordinal as usize).copied().flatten()
}

/// Whether the walk may go on past a member: it is not being deleted, and running and ready, and since 1.23 for
/// `minReadySeconds` (W-16).
fn settled(pod: PodId, hall: &Hall<'_>) -> bool {
    let state = &hall.store.pods[pod];
    let minor = hall.store.gate.minors.controller_manager;
    let min_ready = if behaviour::controller_manager::stateful_sets_wait_for_min_ready(minor) {
        hall.model.workloads[state.workload].min_ready
    } else {
        Span::ZERO
    };
    hall.store.counts(pod) && hall.now.since(state.ready_since) >= min_ready
}

fn create(workload: WorkloadId, ordinal: u32, hall: &mut Hall<'_>) {
    if member(workload, ordinal, hall).is_some() {
        return;
    }
    let Ok(permit) = hall.admit_creation(workload) else {
        return;
    };
    let revision = revision_of(workload, ordinal, hall);
    let pod = hall.create_pod(
        &permit,
        NewPod {
            workload,
            replica_set: None,
            identity: Identity::Ordinal(ordinal),
        },
    );
    hall.store.pods[pod].revision = revision;
    hall.announce_pod(pod);
}

/// Members below the partition, and those that the rollout has not reached yet, are made from the old template.
fn revision_of(workload: WorkloadId, ordinal: u32, hall: &Hall<'_>) -> u32 {
    let state = &hall.store.workloads[workload];
    let members = state.members.iter().flatten().map(|&p| &hall.store.pods[p]);
    let old = members
        .filter(|p| !p.terminating && p.revision < state.revision)
        .count();
    let kept = match hall.model.workloads[workload].rollout {
        RolloutStrategy::Partition(partition) if partition > 0 => ordinal < partition,
        _ => (ordinal as usize) < old,
    };
    if state.rolling && kept {
        state.revision.saturating_sub(1)
    } else {
        state.revision
    }
}

/// Members beyond the wanted ones go, the highest first; whether there are any.
fn remove_surplus(workload: WorkloadId, ordered: bool, hall: &mut Hall<'_>) -> bool {
    let state = &hall.store.workloads[workload];
    let surplus = state.members.iter().skip(state.desired as usize).rev().flatten();
    let surplus: Vec<PodId> = surplus.copied().collect();
    for &pod in &surplus {
        if !hall.store.pods[pod].terminating {
            let delay = hall.half_call();
            hall.after(delay, World::StatefulSet(Event::Delete(pod)));
        }
        if ordered {
            break;
        }
    }
    !surplus.is_empty()
}

/// From the highest ordinal down, each once those above it are healthy (W-20).
fn roll(workload: WorkloadId, hall: &mut Hall<'_>) {
    let RolloutStrategy::Partition(partition) = hall.model.workloads[workload].rollout else {
        return;
    };
    let state = &hall.store.workloads[workload];
    let (desired, revision) = (state.desired, state.revision);
    for ordinal in (partition..desired).rev() {
        let Some(pod) = member(workload, ordinal, hall) else {
            return;
        };
        let state = &hall.store.pods[pod];
        if state.revision < revision && !state.terminating {
            let delay = hall.half_call();
            return hall.after(delay, World::StatefulSet(Event::Delete(pod)));
        }
        if !settled(pod, hall) {
            return;
        }
    }
    hall.store.set_rolling(workload, false);
    hall.emit(Fact::RolloutEnded { workload });
}

/// Whether a rollout of this StatefulSet does anything by itself.
pub(crate) fn rolls_out(workload: WorkloadId, hall: &Hall<'_>) -> bool {
    matches!(hall.model.workloads[workload].rollout, RolloutStrategy::Partition(p) if p < hall.store.workloads[workload].desired)
}

/// Room for a member.
pub(crate) fn set_member(members: &mut Vec<Option<PodId>>, at: usize, pod: Option<PodId>) {
    if members.len() <= at {
        members.resize(at + 1, None);
    }
    members[at] = pod;
}
