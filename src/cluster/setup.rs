//! The world before time starts: what the input holds is put in place, what it lacks is created and scheduled.

use super::autoscaler::Autoscaler;
use super::control_plane::ControlPlane;
use super::gate::Permit;
use super::hall::Hall;
use super::kubelet::Kubelets;
use super::node_lifecycle::NodeLifecycle;
use super::options::RunOptions;
use super::scheduler::Scheduler;
use super::world::World;
use super::write::{Identity, NewPod};
use super::{arrival, balancer, daemon_set, disruption, endpoints, event, job, preamble, replica_set, stateful_set};
use crate::ids::{Id, NodeId, PodId, ReplicaSetId, WorkloadId};
use crate::model::{Model, WorkloadKind};
use crate::rng::Streams;
use crate::trace::{Fact, VersionId};
use crate::units::{Span, Time};
use crate::upgrade::{drain::Drains, driver, driver::Driver, fault::Faults, kubeadm::Kubeadm};

/// The world at time zero. Facts that describe it are told as they gather, so that they are not all kept at once.
pub(super) fn world<'m>(model: &'m Model, options: &RunOptions, tell: &mut impl FnMut(&mut Hall<'m>)) -> World<'m> {
    let versions = preamble::versions(model);
    let target = model.plan.as_ref().and_then(|p| p.target.as_ref());
    let target = target.and_then(|t| versions.iter().position(|v| v == t));
    let target = target.and_then(|t| u16::try_from(t).ok()).map(VersionId);
    let hall = Hall::new(model, Streams::new(options.seed, options.trial), versions);
    let mut world = World {
        control_plane: ControlPlane::new(&hall, VersionId(0)),
        scheduler: Scheduler::new(&hall),
        replica_sets: replica_set::ReplicaSets::default(),
        stateful_sets: stateful_set::StatefulSets::default(),
        jobs: job::Jobs::new(&hall),
        node_lifecycle: NodeLifecycle::new(&hall),
        kubelets: Kubelets::new(&hall),
        data_plane: endpoints::DataPlane::default(),
        drains: Drains::new(&hall),
        kubeadm: Kubeadm::new(&hall),
        driver: Driver::new(&hall, target),
        faults: Faults::new(&hall),
        policy: super::skew::Policy::default(),
        autoscaler: Autoscaler::new(&hall),
        hall,
    };
    world.control_plane.start(&mut world.hall);
    initial_nodes(&mut world);
    world.given_pods(tell);
    world.missing_pods(tell);
    disruption::start(&Permit::before_time(), &mut world.hall);
    world.rollouts_under_way();
    world.hall.cause = None;
    balancer::there_at_start(&mut world.hall);
    world.policy.start(&world.control_plane, &mut world.hall);
    world.hall.emit(Fact::RunStarted);
    world.faults.start(&mut world.hall);
    world.autoscaler.start(&world.driver, &mut world.hall);
    arrival::start(&mut world.hall);
    if let Some(plan) = &model.plan {
        world
            .hall
            .at(Time::ZERO + plan.start_at, event::Event::Driver(driver::Event::Start));
    }
    world
}

fn initial_nodes(world: &mut World<'_>) {
    let cordoned: Vec<NodeId> = world
        .hall
        .store
        .nodes
        .iter_ids()
        .filter(|(_, n)| n.unschedulable)
        .map(|(id, _)| id)
        .collect();
    for node in cordoned {
        world.hall.emit(Fact::NodeCordoned { node });
    }
}

impl<'m> World<'m> {
    /// Marks a pod that never becomes ready, while there are any to mark; `first`: how many others of its workload are
    /// rather meant.
    fn mark(&mut self, pod: PodId, first: u32) {
        let pod = &mut self.hall.store.pods[pod];
        let left = &mut self.hall.store.workloads[pod.workload].never_ready;
        if *left != u32::MAX && *left > first {
            *left -= 1;
            pod.never_ready = true;
        }
    }

    /// Pods that the input holds.
    fn given_pods(&mut self, tell: &mut impl FnMut(&mut Hall<'m>)) {
        let permit = Permit::before_time();
        let mut unready = vec![0; self.hall.model.workloads.len()];
        for given in &self.hall.model.pods {
            unready[given.workload.index()] += u32::from(given.running && !given.ready);
        }
        for (_, given) in self.hall.model.pods.iter_ids() {
            let workload = given.workload;
            let identity = match (self.hall.model.workloads[workload].kind, given.node, given.ordinal) {
                (WorkloadKind::DaemonSet, Some(node), _) => Identity::OnNode(node),
                (WorkloadKind::StatefulSet, _, Some(ordinal)) => Identity::Ordinal(ordinal),
                _ => Identity::Replica,
            };
            let new = NewPod {
                workload,
                replica_set: given.replica_set,
                identity,
            };
            tell(&mut self.hall);
            self.hall.cause = None;
            let pod = self.hall.create_pod(&permit, new);
            if given.running && given.node.is_some() {
                let others = &mut unready[workload.index()];
                *others -= u32::from(!given.ready);
                let first = if given.ready { *others } else { 0 };
                self.mark(pod, first);
            }
            match given.node {
                Some(node) => self.settle_pod(pod, node, given.running, given.ready, given.terminating),
                None => self.hall.announce_pod(pod),
            }
        }
    }

    /// Pods that the input lacks: their controllers create them, the scheduler places them, and they are ready.
    fn missing_pods(&mut self, tell: &mut impl FnMut(&mut Hall<'m>)) {
        let sets: Vec<ReplicaSetId> = self.hall.store.replica_sets.ids().collect();
        for rs in sets {
            let set = &self.hall.store.replica_sets[rs];
            for _ in set.active..set.desired {
                let workload = self.hall.store.replica_sets[rs].workload;
                self.place_new(
                    NewPod {
                        workload,
                        replica_set: Some(rs),
                        identity: Identity::Replica,
                    },
                    tell,
                );
            }
        }
        let workloads: Vec<WorkloadId> = self.hall.model.workloads.ids().collect();
        for workload in workloads {
            match self.hall.model.workloads[workload].kind {
                WorkloadKind::DaemonSet => self.missing_daemons(workload, tell),
                WorkloadKind::StatefulSet => self.missing_members(workload, tell),
                WorkloadKind::Job => self.missing_job_pods(workload, tell),
                _ => {}
            }
        }
    }

    fn missing_members(&mut self, workload: WorkloadId, tell: &mut impl FnMut(&mut Hall<'m>)) {
        for ordinal in 0..self.hall.store.workloads[workload].desired {
            let members = &self.hall.store.workloads[workload].members;
            if members.get(ordinal as usize).copied().flatten().is_none() {
                self.place_new(
                    NewPod {
                        workload,
                        replica_set: None,
                        identity: Identity::Ordinal(ordinal),
                    },
                    tell,
                );
            }
        }
    }

    fn missing_job_pods(&mut self, workload: WorkloadId, tell: &mut impl FnMut(&mut Hall<'m>)) {
        let Some(spec) = self.hall.model.workloads[workload].job else {
            return;
        };
        let state = self.hall.store.workloads[workload].job;
        if state.absent {
            return;
        }
        let wanted = job::wanted(spec, state);
        self.hall.set_desired(workload, wanted);
        for _ in state.active..wanted {
            self.place_new(
                NewPod {
                    workload,
                    replica_set: None,
                    identity: Identity::Replica,
                },
                tell,
            );
        }
    }

    fn missing_daemons(&mut self, workload: WorkloadId, tell: &mut impl FnMut(&mut Hall<'m>)) {
        let nodes: Vec<NodeId> = self.hall.model.nodes.ids().collect();
        let mut desired = 0;
        for node in nodes {
            if !daemon_set::should_run(&self.hall, workload, node) {
                continue;
            }
            desired += 1;
            if self.hall.store.workloads[workload].members[node.index()].is_none() {
                self.place_new(
                    NewPod {
                        workload,
                        replica_set: None,
                        identity: Identity::OnNode(node),
                    },
                    tell,
                );
            }
        }
        self.hall.set_desired(workload, desired);
    }

    fn place_new(&mut self, new: NewPod, tell: &mut impl FnMut(&mut Hall<'m>)) {
        let permit = Permit::before_time();
        tell(&mut self.hall);
        self.hall.cause = None;
        let pod = self.hall.create_pod(&permit, new);
        match self.scheduler.place(pod, &mut self.hall) {
            Ok(node) => {
                self.mark(pod, 0);
                self.settle_pod(pod, node, true, true, false);
            }
            Err(_) => self.hall.announce_pod(pod),
        }
    }

    /// A Deployment whose old ReplicaSets still want pods is in the middle of a rollout.
    fn rollouts_under_way(&mut self) {
        let hall = &mut self.hall;
        let workloads: Vec<WorkloadId> = hall.model.workloads.ids().collect();
        for workload in workloads {
            let old = hall.store.workloads[workload]
                .replica_sets
                .split_last()
                .map_or(&[][..], |(_, old)| old);
            if old.iter().any(|&rs| hall.store.replica_sets[rs].desired > 0) {
                hall.store.set_rolling(workload, true);
                hall.after_reaction(event::Event::Deployment(workload));
            }
        }
    }

    /// Puts a pod on its node in the given state, and its facts into the trace.
    fn settle_pod(&mut self, pod: PodId, node: NodeId, running: bool, ready: bool, terminating: bool) {
        let permit = Permit::before_time();
        let hall = &mut self.hall;
        hall.reserve(pod, node);
        hall.store.pods[pod].node = Some(node);
        hall.store.nodes[node].pods.push(pod);
        hall.emit_cause(Fact::PodBound { pod, node });
        super::volumes::there_at_start(hall, pod, node);
        let ready = ready && !hall.store.pods[pod].never_ready;
        if running {
            hall.emit(Fact::ContainersStarted { pod });
            self.kubelets.running_at_start(pod, ready, hall);
            if ready {
                hall.emit(Fact::ContainersServing { pod });
            }
            hall.write_pod_status(&permit, pod, true, ready);
        } else {
            let event = super::kubelet::Event::Sync(pod);
            hall.after(Span::ZERO, event::Event::Kubelet(event));
        }
        let services = hall.selectors.services(hall.store.pods[pod].class);
        if ready && !terminating && !services.is_empty() {
            hall.list(pod, true);
            hall.emit(Fact::EndpointReady { pod });
            self.data_plane.routed_at_start(pod, hall);
        }
        if terminating {
            hall.delete_pod(&permit, pod, crate::trace::DeletedBy::User);
        }
    }
}
