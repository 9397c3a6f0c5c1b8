//! The ReplicaSet controller (W-1 … W-8).

use super::event::Event as World;
use super::hall::Hall;
use super::rate::{TokenBucket, slow_start};
use super::write::{Identity, NewPod};
use crate::ids::{Id, IdVec, PodId, ReplicaSetId};
use crate::model::behaviour;
use crate::trace::DeletedBy;
use crate::units::Time;

/// What the ReplicaSet controller waits for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Event {
    /// A ReplicaSet is taken from the work queue.
    Sync(ReplicaSetId),
    /// The controller (of so many lists) sees that a pod is being deleted, or has ended.
    Lost(ReplicaSetId, u16),
    /// A request to create one pod reaches the API.
    Create(ReplicaSetId),
    /// The controller (of so many lists) sees a pod that it has created.
    Seen(ReplicaSetId, u16),
    /// A request to delete one pod reaches the API.
    Delete(PodId),
}

/// At most so many creates or deletes in one sync (W-2, W-3).
const BURST_REPLICAS: u32 = 500;

/// The ReplicaSet controller.
#[derive(Debug)]
pub(crate) struct ReplicaSets {
    /// Pods that were asked for and not seen yet, per ReplicaSet: the expectations of W-4.
    creating: IdVec<ReplicaSetId, u32>,
    /// 20 requests a second after a burst of 30, shared by all ReplicaSets (C-9).
    limiter: TokenBucket,
}

impl Default for ReplicaSets {
    fn default() -> Self {
        Self {
            creating: IdVec::new(),
            limiter: TokenBucket::new(20, 30),
        }
    }
}

impl ReplicaSets {
    pub(crate) fn handle(&mut self, event: Event, hall: &mut Hall<'_>) {
        match event {
            Event::Sync(rs) => self.sync(rs, hall),
            Event::Create(rs) => self.create(rs, hall),
            Event::Lost(rs, lists) => {
                if lists == hall.store.replica_set_lists {
                    hall.store.replica_sets[rs].unseen -= 1;
                }
                self.sync(rs, hall);
            }
            Event::Seen(rs, lists) => {
                if lists == hall.store.replica_set_lists {
                    self.creating[rs] = self.creating[rs].saturating_sub(1);
                }
                self.sync(rs, hall);
            }
            Event::Delete(pod) => {
                if let Ok(permit) = hall.store.gate.admit_controllers() {
                    hall.delete_and_remove_if_idle(&permit, pod, DeletedBy::Controller);
                }
            }
        }
    }

    /// A new leader knows of no requests on their way.
    pub(crate) fn start(&mut self, hall: &mut Hall<'_>) {
        self.creating = hall.store.replica_sets.iter().map(|_| 0).collect();
        hall.store.replica_set_lists = hall.store.replica_set_lists.wrapping_add(1);
        for set in hall.store.replica_sets.iter_mut() {
            set.unseen = 0;
        }
        self.limiter = TokenBucket::new(20, 30);
        let ids: Vec<ReplicaSetId> = hall.store.replica_sets.ids().collect();
        for rs in ids {
            self.sync(rs, hall);
        }
    }

    /// Compares the pods that are active, as far as it has seen, with the pods that should be (W-1), unless pods that it has
    /// asked for are yet to be seen: one round of creates after another (W-4). What it sees while it works on the answer
    /// has to wait for the next round.
    pub(crate) fn sync(&mut self, rs: ReplicaSetId, hall: &mut Hall<'_>) {
        if hall.store.gate.admit_controllers().is_err() {
            return;
        }
        while self.creating.len() <= rs.index() {
            self.creating.push(0);
        }
        if self.creating[rs] > 0 {
            return;
        }
        let set = &hall.store.replica_sets[rs];
        let (desired, active, known) = (set.desired, set.active, set.active + set.unseen);
        if known < desired {
            let count = (desired - known).min(BURST_REPLICAS);
            self.creating[rs] += count;
            let react = hall.draw(&hall.model.timings.controller_reaction);
            slow_start(
                &mut self.limiter,
                count,
                react,
                World::ReplicaSet(Event::Create(rs)),
                hall,
            );
        } else if active > desired {
            self.delete_some(rs, (active - desired).min(BURST_REPLICAS), hall);
        }
    }

    fn create(&mut self, rs: ReplicaSetId, hall: &mut Hall<'_>) {
        let Ok(permit) = hall.admit_creation(hall.store.replica_sets[rs].workload) else {
            self.creating[rs] = self.creating[rs].saturating_sub(1);
            return;
        };
        let set = &hall.store.replica_sets[rs];
        if set.active < set.desired {
            let new = NewPod {
                workload: set.workload,
                replica_set: Some(rs),
                identity: Identity::Replica,
            };
            let pod = hall.create_pod(&permit, new);
            hall.announce_pod(pod);
        }
        let delivery = hall.draw(&hall.model.timings.watch_delivery);
        hall.after(
            delivery,
            World::ReplicaSet(Event::Seen(rs, hall.store.replica_set_lists)),
        );
    }

    fn delete_some(&mut self, rs: ReplicaSetId, count: u32, hall: &mut Hall<'_>) {
        let mut victims: Vec<PodId> = hall.store.replica_sets[rs]
            .pods
            .iter()
            .copied()
            .filter(|&p| !hall.store.pods[p].terminating)
            .collect();
        rank_victims(&mut victims, hall);
        let react = hall.draw(&hall.model.timings.controller_reaction);
        for &pod in victims.iter().take(count as usize) {
            let delay = react + hall.half_call();
            hall.after(delay, World::ReplicaSet(Event::Delete(pod)));
        }
    }
}

/// Who goes first (W-3): unassigned, pending, not ready, crowded, ready for a short time, young.
fn rank_victims(victims: &mut [PodId], hall: &Hall<'_>) {
    let minor = hall.store.gate.minors.controller_manager;
    let logarithmic = behaviour::controller_manager::logarithmic_victims(minor);
    let crowd = |pod: PodId| {
        let state = &hall.store.pods[pod];
        victims_on(hall, state.node, state.workload)
    };
    let age = |since: Time| {
        let span = hall.now.since(since).as_micros() / 1_000_000;
        if logarithmic {
            u64::from(span.max(1).ilog2())
        } else {
            span
        }
    };
    let key = |&pod: &PodId| {
        let state = &hall.store.pods[pod];
        (
            state.node.is_some(),
            state.running,
            state.ready,
            std::cmp::Reverse(crowd(pod)),
            age(state.ready_since),
            age(state.created),
            std::cmp::Reverse(pod),
        )
    };
    let mut keyed: Vec<_> = victims.iter().map(|p| (key(p), *p)).collect();
    keyed.sort_by_key(|&(key, _)| key);
    for (place, (_, pod)) in victims.iter_mut().zip(keyed) {
        *place = pod;
    }
}

fn victims_on(hall: &Hall<'_>, node: Option<crate::ids::NodeId>, workload: crate::ids::WorkloadId) -> usize {
    node.map_or(0, |n| {
        let pods = &hall.store.nodes[n].pods;
        pods.iter()
            .filter(|&&p| hall.store.pods[p].workload == workload && hall.store.counts(p))
            .count()
    })
}
