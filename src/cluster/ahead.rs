//! Reading ahead: a drain is about to evict pods that nobody has looked at since they were placed. What their evictions will
//! ask for is read in one go, so that the waits for memory overlap; one eviction after another, each wait would stop the run.
//! So is what a node will be asked for that a pod is about to be bound to.
//! Nothing comes of it but that the next thousand events find in a cache what they need.

use std::hint::black_box;

use super::hall::Hall;
use super::world::World;
use crate::ids::{NodeId, PodId};

impl World<'_> {
    /// Reads what the evictions of pods from nodes that are about to be drained will need.
    pub(super) fn read_ahead(&mut self) {
        while let Some(node) = self.hall.leaving.pop() {
            let pods = &self.hall.store.nodes[node].pods;
            for &pod in pods {
                black_box((
                    self.hall.store.pods[pod].class,
                    self.kubelets.glance(pod),
                    self.data_plane.glance(pod),
                ));
            }
            for &pod in pods {
                read_owner(pod, &self.hall);
                read_followers(pod, &self.hall);
            }
        }
    }

    /// Reads what binding a pod to a node, and starting it there, will need.
    pub(super) fn read_destination(&self, node: NodeId) {
        black_box(self.kubelets.glance_at(node));
        black_box(self.hall.store.nodes[node].pods.last().copied());
    }
}

/// What will count a pod less, and create another.
fn read_owner(pod: PodId, hall: &Hall<'_>) {
    let (store, state) = (&hall.store, &hall.store.pods[pod]);
    let workload = &store.workloads[state.workload];
    black_box((workload.created, workload.rolling, workload.vacant.back().copied()));
    if let (Some(rs), Some(node)) = (state.replica_set, state.placed) {
        let set = &store.replica_sets[rs];
        black_box((set.active, set.pods.get(state.place as usize).copied()));
        black_box(store.spreading.glance(rs, node));
    }
}

/// The budgets and Services that select a pod.
fn read_followers(pod: PodId, hall: &Hall<'_>) {
    let (store, class) = (&hall.store, hall.store.pods[pod].class);
    for &budget in hall.selectors.budgets(class) {
        let state = &store.budgets[budget];
        black_box((state.healthy, state.queued, state.workloads.first().copied()));
        black_box(hall.model.budgets[budget].limit);
    }
    for &service in hall.selectors.services(class) {
        black_box((store.addresses[service], hall.model.services[service].publish_not_ready));
    }
}
