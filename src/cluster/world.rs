//! The world: the hall and its rooms, and the one dispatch.

use super::autoscaler::Autoscaler;
use super::control_plane::ControlPlane;
use super::election::Outcome;
use super::endpoints::DataPlane;
use super::event::Event;
use super::hall::Hall;
use super::job::Jobs;
use super::kubelet::Kubelets;
use super::node_lifecycle::NodeLifecycle;
use super::replica_set::ReplicaSets;
use super::scheduler::Scheduler;
use super::skew::Policy;
use super::stateful_set::StatefulSets;
use super::{arrival, balancer, daemon_set, deployment, disruption, pod_gc, volumes};
use crate::ids::WorkloadId;
use crate::model::Component;
use crate::upgrade::drain::Drains;
use crate::upgrade::driver::Driver;
use crate::upgrade::fault::Faults;
use crate::upgrade::kubeadm::Kubeadm;

/// Everything that a run changes.
#[derive(Debug)]
pub(super) struct World<'m> {
    pub(super) hall: Hall<'m>,
    pub(super) control_plane: ControlPlane,
    pub(super) scheduler: Scheduler,
    pub(super) replica_sets: ReplicaSets,
    pub(super) stateful_sets: StatefulSets,
    pub(super) jobs: Jobs,
    pub(super) node_lifecycle: NodeLifecycle,
    pub(super) kubelets: Kubelets,
    pub(super) data_plane: DataPlane,
    pub(super) drains: Drains,
    pub(super) kubeadm: Kubeadm,
    pub(super) driver: Driver,
    pub(super) faults: Faults,
    pub(super) policy: Policy,
    pub(super) autoscaler: Autoscaler,
}

impl World<'_> {
    /// Handles the next event; false where nothing is left to happen.
    pub(super) fn step(&mut self) -> bool {
        let Some(event) = self.hall.next() else {
            return false;
        };
        let hall = &mut self.hall;
        match event {
            Event::ControlPlane(e) => self.control_plane.handle(e, hall),
            Event::Election(e) => self.elect(e),
            Event::Scheduler(e) => self.scheduler.handle(e, hall),
            Event::ReplicaSet(e) => self.replica_sets.handle(e, hall),
            Event::Deployment(workload) => deployment::sync(workload, hall),
            Event::StatefulSet(e) => self.stateful_sets.handle(e, hall),
            Event::Job(e) => self.jobs.handle(e, hall),
            Event::DaemonSet(e) => daemon_set::handle(e, hall),
            Event::Disruption(budget) => disruption::sync(budget, hall),
            Event::Endpoints(e) => self.data_plane.handle(e, hall),
            Event::Balancer(e) => balancer::handle(e, hall),
            Event::NodeLifecycle(e) => self.node_lifecycle.handle(e, hall),
            Event::Kubelet(e) => self.kubelets.handle(e, hall),
            Event::Volume(e) => volumes::handle(e, hall),
            Event::CreateAgain(workload) => hall.create_again(workload),
            Event::Arrival(workload) => arrival::handle(workload, hall),
            Event::PodGc(node, awaited) => pod_gc::collect(node, awaited, hall),
            Event::Drain(e) => {
                if let Some((owner, outcome)) = self.drains.handle(e, hall) {
                    self.driver.drained(owner, outcome, hall);
                }
            }
            Event::Kubeadm(e) => {
                if let Some((owner, ended)) = self.kubeadm.handle(e, &self.control_plane, hall) {
                    self.driver.kubeadm_done(owner, ended, hall);
                }
            }
            Event::Driver(e) => self.driver.handle(e, &mut self.drains, &mut self.kubeadm, hall),
            Event::Fault(e) => self.faults.handle(e, &self.control_plane, hall),
            Event::Autoscaler(e) => {
                if let Some(node) = self.autoscaler.handle(e, hall) {
                    self.driver.lost(node, hall);
                }
            }
            Event::Wake => {}
        }
        if !self.hall.leaving.is_empty() {
            self.read_ahead();
        }
        if let Some(node) = self.hall.destination.take() {
            self.read_destination(node);
        }
        if !self.hall.gone.is_empty() {
            self.drains.expect(&mut self.hall);
        }
        self.policy.observe(&self.control_plane, &mut self.hall);
        self.faults.observe(&self.control_plane, &mut self.hall);
        self.autoscaler.observe(&self.driver, &mut self.hall);
        true
    }

    fn elect(&mut self, event: super::election::Event) {
        let mut outcome = Outcome::default();
        self.control_plane.elections.handle(event, &mut self.hall, &mut outcome);
        if let Some(instance) = outcome.gives_up {
            self.control_plane.lost_lease(instance, &mut self.hall);
        }
        if let Some(component) = outcome.acts {
            self.control_plane.tell_versions(&mut self.hall);
            self.start_acting(component, outcome.fresh);
        }
    }

    /// A component begins to act: it lists everything and repairs what it missed (C-8). Only a new leader forgets what
    /// the old one knew of heartbeats (N-3).
    fn start_acting(&mut self, component: Component, fresh: bool) {
        let hall = &mut self.hall;
        if component == Component::Scheduler {
            return self.scheduler.start(hall);
        }
        self.replica_sets.start(hall);
        self.stateful_sets.start(hall);
        self.jobs.start(hall);
        daemon_set::start(hall);
        if let Ok(permit) = hall.store.gate.admit_controllers() {
            disruption::start(&permit, hall);
        }
        self.data_plane.start(hall);
        balancer::start(hall);
        let rolling: Vec<WorkloadId> = hall
            .model
            .workloads
            .ids()
            .filter(|&w| hall.store.workloads[w].rolling)
            .collect();
        for workload in rolling {
            deployment::sync(workload, hall);
        }
        if fresh {
            self.node_lifecycle.start(hall);
        } else {
            self.node_lifecycle.resume(hall);
        }
    }
}
