//! Every write to the API: leave from the gate, the change, the fact, and who watches it. Here: pods; `nodes.rs`: nodes.

mod nodes;

use super::event::Event;
use super::gate::Permit;
use super::hall::Hall;
use super::store::Pod;
use super::{arrival, daemon_set, endpoints, job, kubelet, node_lifecycle, replica_set, scheduler, stateful_set};
use crate::ids::{Id, NodeId, PodId, ReplicaSetId, WorkloadId};
use crate::model::WorkloadKind;
use crate::trace::{DeletedBy, Fact, LifecycleTaint};
use crate::units::{Resources, Span, Time};

/// What a new pod is made from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NewPod {
    pub(crate) workload: WorkloadId,
    pub(crate) replica_set: Option<ReplicaSetId>,
    pub(crate) identity: Identity,
}

/// Which replica of its workload a new pod is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Identity {
    /// Any: the one that has been missing longest.
    Replica,
    /// That of a node (DaemonSets).
    OnNode(NodeId),
    /// That of a name (StatefulSets).
    Ordinal(u32),
    /// The n-th that is created during the run (pods that nobody owns).
    Arrival(u32),
}

impl Hall<'_> {
    /// Creates a pod's object. It takes the slot that has been vacant longest.
    pub(crate) fn create_pod(&mut self, _: &Permit, new: NewPod) -> PodId {
        let state = &mut self.store.workloads[new.workload];
        let (class, kind) = (state.class, state.kind);
        let (slot, cause) = match new.identity {
            Identity::OnNode(node) => (node.index() as u32, None),
            Identity::Ordinal(ordinal) => (ordinal, None),
            Identity::Arrival(number) => {
                state.slots = number + 1;
                (number, None)
            }
            Identity::Replica => state.vacant.pop_front().unwrap_or_else(|| {
                state.slots += 1;
                (state.slots - 1, None)
            }),
        };
        let ordinal = state.created;
        state.created += 1;
        let revision = new
            .replica_set
            .map_or(state.revision, |rs| self.store.replica_sets[rs].revision);
        let pod = self.store.pods.push(Pod {
            class,
            workload: new.workload,
            replica_set: new.replica_set,
            node: None,
            placed: None,
            slot,
            ordinal,
            revision,
            place: 0,
            created: self.now,
            ready_since: Time::MAX,
            grace: Span::LONGEST,
            awaited_by: None,
            exists: true,
            running: false,
            ready: false,
            terminating: false,
            preempted: false,
            listed: false,
            finished: false,
            never_ready: state.never_ready == u32::MAX,
        });
        if let Some(rs) = new.replica_set {
            self.join_set(pod, rs);
        }
        let state = &mut self.store.workloads[new.workload];
        match (new.identity, kind) {
            (Identity::Replica, WorkloadKind::Job) => state.job.active += 1,
            (Identity::Replica | Identity::Arrival(_), _) => {}
            (Identity::OnNode(_) | Identity::Ordinal(_), _) => {
                stateful_set::set_member(&mut state.members, slot as usize, Some(pod));
            }
        }
        for &budget in self.selectors.budgets(class) {
            self.store.budgets[budget].matching += 1;
        }
        self.cause = cause.or(self.cause);
        self.emit_cause(Fact::PodCreated {
            pod,
            workload: new.workload,
            slot,
            replica_set: new.replica_set,
        });
        pod
    }

    /// Tells the scheduler of a new pod.
    pub(crate) fn announce_pod(&mut self, pod: PodId) {
        let seen = self.draw(&self.model.timings.watch_delivery);
        self.after(seen, Event::Scheduler(scheduler::Event::Added(pod)));
    }

    /// Binds a pod to a node. The scheduler has added up its requests when it assumed it there.
    pub(crate) fn bind_pod(&mut self, _: &Permit, pod: PodId, node: NodeId) {
        self.store.pods[pod].node = Some(node);
        self.store.nodes[node].pods.push(pod);
        self.emit_cause(Fact::PodBound { pod, node });
        super::volumes::bound(self, pod, node);
        let seen = self.draw(&self.model.timings.watch_delivery);
        let react = self.draw(&self.model.timings.kubelet_reaction);
        self.after(seen + react, Event::Kubelet(kubelet::Event::Sync(pod)));
        if self.store.nodes[node].taints.has(LifecycleTaint::UnreachableNoExecute) {
            self.after_reaction(Event::NodeLifecycle(node_lifecycle::Event::Bound(pod)));
        }
    }

    /// Writes whether a pod is running and ready.
    pub(crate) fn write_pod_status(&mut self, _: &Permit, pod: PodId, running: bool, ready: bool) {
        if running && !self.store.pods[pod].running {
            self.has_arrived(pod);
            self.store.pods[pod].running = true;
        }
        if self.store.pods[pod].ready == ready {
            return;
        }
        let counted = self.store.counts(pod);
        let state = &mut self.store.pods[pod];
        state.ready = ready;
        state.ready_since = if ready { self.now } else { Time::MAX };
        let counts = self.store.counts(pod);
        self.emit_cause(if ready {
            Fact::PodReady { pod }
        } else {
            Fact::PodUnready { pod }
        });
        self.recount(pod, counted, counts);
        self.watch_readiness(pod);
    }

    /// Sets a pod's deletion timestamp: from here on it is out of its ReplicaSet, budget and endpoints.
    pub(crate) fn delete_pod(&mut self, _: &Permit, pod: PodId, by: DeletedBy) {
        if !self.store.pods[pod].exists || self.store.pods[pod].terminating {
            return;
        }
        let counted = self.store.counts(pod);
        self.has_arrived(pod);
        self.store.pods[pod].terminating = true;
        self.store.pods[pod].preempted = by == DeletedBy::Preemption;
        self.store.terminating += 1;
        let state = &self.store.pods[pod];
        if let (Some(rs), Some(node)) = (state.replica_set, state.placed) {
            self.store.spreading.remove(rs, node);
        }
        let fact = self.emit_cause(Fact::PodDeleted { pod, by });
        self.vacate(pod, Some(fact), by);
        self.recount(pod, counted, false);
        self.watch_readiness(pod);
        if let Some(node) = self.store.pods[pod].node {
            debug_assert!(self.store.nodes[node].pods.contains(&pod) || self.now == Time::ZERO);
            self.store.nodes[node].terminating += 1;
            let seen = self.draw(&self.model.timings.watch_delivery);
            let react = self.draw(&self.model.timings.kubelet_reaction);
            self.after(seen + react, Event::Kubelet(kubelet::Event::Sync(pod)));
        }
    }

    /// A pod that is not bound, or has finished, has nobody to wait for (P-7: grace 0).
    pub(crate) fn delete_and_remove_if_idle(&mut self, permit: &Permit, pod: PodId, by: DeletedBy) {
        self.delete_pod(permit, pod, by);
        if self.store.pods[pod].node.is_none() || self.store.pods[pod].finished {
            self.remove_pod(permit, pod);
        }
    }

    /// Writes that a pod has succeeded or failed: its object stays, what it requested is free, and it counts for nobody.
    pub(crate) fn finish_pod(&mut self, _: &Permit, pod: PodId, succeeded: bool) {
        let state = &self.store.pods[pod];
        if !state.exists || state.finished || state.terminating {
            return;
        }
        let (counted, workload, slot) = (self.store.counts(pod), state.workload, state.slot);
        self.has_arrived(pod);
        let state = &mut self.store.pods[pod];
        (state.finished, state.ready, state.ready_since) = (true, false, Time::MAX);
        let fact = self.emit_cause(if succeeded {
            Fact::PodFinished { pod }
        } else {
            Fact::PodFailed { pod }
        });
        self.recount(pod, counted, false);
        self.watch_readiness(pod);
        if let Some(node) = self.store.pods[pod].node {
            self.unreserve(pod, node);
            self.free_room();
        }
        if self.store.workloads[workload].kind == WorkloadKind::Job {
            if !succeeded {
                self.store.workloads[workload].vacant.push_back((slot, Some(fact)));
            }
            job::pod_finished(workload, succeeded, self);
        }
    }

    /// Removes a pod's object.
    pub(crate) fn remove_pod(&mut self, _: &Permit, pod: PodId) {
        if !self.store.pods[pod].exists {
            return;
        }
        let counted = self.store.counts(pod);
        self.has_arrived(pod);
        let state = &mut self.store.pods[pod];
        state.exists = false;
        let (workload, node, replica_set) = (state.workload, state.node, state.replica_set);
        let (class, terminating, awaited_by) = (state.class, state.terminating, state.awaited_by);
        let (slot, finished) = (state.slot as usize, state.finished);
        let fact = self.emit_cause(Fact::PodRemoved { pod });
        if terminating {
            self.store.terminating -= 1;
        } else {
            self.vacate(pod, Some(fact), DeletedBy::GarbageCollector);
            self.recount(pod, counted, false);
        }
        if let Some(rs) = replica_set {
            self.leave_set(pod, rs);
        }
        for &budget in self.selectors.budgets(class) {
            self.store.budgets[budget].matching -= 1;
        }
        self.store.nominated.retain(|&(waiting, _)| waiting != pod);
        if let Some(node) = node {
            self.release(pod, node);
            self.free_room();
            super::volumes::gone(self, pod, node);
        }
        match self.store.workloads[workload].kind {
            WorkloadKind::DaemonSet | WorkloadKind::StatefulSet => self.forget_member(workload, slot, pod),
            WorkloadKind::Job if !finished => job::pod_removed(workload, terminating, self),
            _ => {}
        }
        if self.store.workloads[workload].rolling && replica_set.is_some() {
            self.after_reaction(Event::Deployment(workload));
        }
        self.watch_endpoints(pod);
        if let Some((drain, index)) = awaited_by {
            self.gone.push((drain, index, self.cause));
        }
    }

    /// A pod that came during the run begins to run, or never will: the run need not wait for it any more.
    fn has_arrived(&mut self, pod: PodId) {
        if self.store.arriving == 0 {
            return;
        }
        let state = &self.store.pods[pod];
        let waited_for = !(state.running || state.finished || state.terminating);
        if waited_for && arrival::of(&self.model.workloads[state.workload], state.slot).is_some() {
            self.store.arriving -= 1;
        }
    }

    /// Lists a pod in the endpoint slices, or not.
    pub(crate) fn write_endpoint(&mut self, _: &Permit, pod: PodId, listed: bool) {
        if self.store.pods[pod].listed != listed {
            self.raise_echo(pod);
            self.list(pod, listed);
            self.emit_cause(if listed {
                Fact::EndpointReady { pod }
            } else {
                Fact::EndpointUnready { pod }
            });
        }
    }

    /// Marks a pod as an address of its Services, or not.
    pub(super) fn list(&mut self, pod: PodId, listed: bool) {
        self.store.pods[pod].listed = listed;
        for &service in self.selectors.services(self.store.pods[pod].class) {
            step(&mut self.store.addresses[service], listed);
        }
    }

    /// The scheduler adds a pod's requests to a node when it assumes it there.
    pub(crate) fn reserve(&mut self, pod: PodId, node: NodeId) {
        self.store.nominated.retain(|&(waiting, _)| waiting != pod);
        self.occupy(pod, node);
    }

    /// Adds a pod's requests to a node, be it only to see what would be.
    pub(crate) fn occupy(&mut self, pod: PodId, node: NodeId) {
        self.store.pods[pod].placed = Some(node);
        let class_id = self.store.pods[pod].class;
        let class = self.template(class_id);
        if class.counted {
            self.store.placed[class_id].push((pod, node));
        }
        let state = &mut self.store.nodes[node];
        add(&mut state.used, class.requests);
        add(&mut state.nonzero, class.nonzero);
        state.ports.extend_from_slice(&class.host_ports);
        state.taken += 1;
        self.count_placed(pod, node, true);
    }

    /// Gives a pod's requests back.
    pub(crate) fn unreserve(&mut self, pod: PodId, node: NodeId) {
        self.store.pods[pod].placed = None;
        let class_id = self.store.pods[pod].class;
        let class = self.template(class_id);
        if class.counted {
            let placed = &mut self.store.placed[class_id];
            if let Some(at) = placed.iter().rposition(|&(p, _)| p == pod) {
                placed.swap_remove(at);
            }
        }
        let state = &mut self.store.nodes[node];
        subtract(&mut state.used, class.requests);
        subtract(&mut state.nonzero, class.nonzero);
        state.taken -= 1;
        for port in &class.host_ports {
            if let Some(at) = state.ports.iter().position(|p| p == port) {
                state.ports.swap_remove(at);
            }
        }
        self.count_placed(pod, node, false);
    }

    /// Keeps what the scheduler counts in step with a pod that was put on a node or taken off it.
    fn count_placed(&mut self, pod: PodId, node: NodeId, placed: bool) {
        let (state, spreading) = (&self.store.pods[pod], &mut self.store.spreading);
        spreading.changes.push(node);
        match state.replica_set {
            Some(rs) if !state.terminating && placed => spreading.add(rs, node),
            Some(rs) if !state.terminating => spreading.remove(rs, node),
            _ => {}
        }
    }

    fn release(&mut self, pod: PodId, node: NodeId) {
        if !self.store.pods[pod].finished {
            self.unreserve(pod, node);
        }
        let state = &mut self.store.nodes[node];
        state.terminating -= u32::from(self.store.pods[pod].terminating);
        if let Some(at) = state.pods.iter().position(|&p| p == pod) {
            state.pods.remove(at);
        }
    }

    /// The pod's slot waits for a successor, and whoever owns it is told.
    fn vacate(&mut self, pod: PodId, fact: Option<crate::ids::FactId>, by: DeletedBy) {
        let state = &self.store.pods[pod];
        let (workload, slot) = (state.workload, state.slot);
        if let Some(rs) = state.replica_set {
            self.store.replica_sets[rs].active -= 1;
            self.store.replica_sets[rs].unseen += 1;
            let lost = replica_set::Event::Lost(rs, self.store.replica_set_lists);
            let seen = self.draw(&self.model.timings.watch_delivery);
            self.after(seen, Event::ReplicaSet(lost));
        }
        match self.store.workloads[workload].kind {
            // Their places have names, and are free when the object is gone.
            WorkloadKind::DaemonSet | WorkloadKind::StatefulSet => {}
            WorkloadKind::Job if self.store.pods[pod].finished => {}
            WorkloadKind::Job => {
                self.store.workloads[workload].vacant.push_back((slot, fact));
                if self.store.pods[pod].terminating {
                    job::pod_deleted(workload, by, self);
                }
            }
            _ => self.store.workloads[workload].vacant.push_back((slot, fact)),
        }
    }

    fn join_set(&mut self, pod: PodId, rs: ReplicaSetId) {
        let set = &mut self.store.replica_sets[rs];
        self.store.pods[pod].place = set.pods.len() as u32;
        set.pods.push(pod);
        set.active += 1;
    }

    fn leave_set(&mut self, pod: PodId, rs: ReplicaSetId) {
        let place = self.store.pods[pod].place;
        let pods = &mut self.store.replica_sets[rs].pods;
        pods.swap_remove(place as usize);
        if let Some(&moved) = pods.get(place as usize) {
            self.store.pods[moved].place = place;
        }
    }

    fn forget_member(&mut self, workload: WorkloadId, place: usize, pod: PodId) {
        let members = &mut self.store.workloads[workload].members;
        if members[place] == Some(pod) {
            members[place] = None;
        }
        self.after_reaction(self.sync_of(workload));
    }

    /// The look that a workload's own controller takes at it.
    pub(super) fn sync_of(&self, workload: WorkloadId) -> Event {
        match self.store.workloads[workload].kind {
            WorkloadKind::DaemonSet => Event::DaemonSet(daemon_set::Event::Sync(workload)),
            WorkloadKind::StatefulSet => Event::StatefulSet(stateful_set::Event::Sync(workload)),
            WorkloadKind::Job => Event::Job(job::Event::Sync(workload)),
            _ => Event::Deployment(workload),
        }
    }

    /// Keeps the counters in step with a pod that began or ceased to count as ready.
    fn recount(&mut self, pod: PodId, counted: bool, counts: bool) {
        if counted == counts {
            return;
        }
        let state = &self.store.pods[pod];
        let (workload, replica_set, class) = (state.workload, state.replica_set, state.class);
        let store = &mut self.store;
        let owner = &mut store.workloads[workload];
        store.missing -= owner.missing();
        step(&mut owner.ready, counts);
        store.missing += owner.missing();
        let (kind, rolling) = (owner.kind, owner.rolling);
        if let Some(rs) = replica_set {
            step(&mut store.replica_sets[rs].ready, counts);
        }
        for &budget in self.selectors.budgets(class) {
            step(&mut store.budgets[budget].healthy, counts);
        }
        if rolling || kind == WorkloadKind::StatefulSet {
            let event = self.sync_of(workload);
            self.after_reaction(event);
            let min_ready = self.manner(workload).min_ready;
            if counts && min_ready > Span::ZERO {
                self.after(min_ready, event);
            }
        }
    }

    /// Changes how many pods a workload should have, keeping the counters in step.
    pub(crate) fn set_desired(&mut self, workload: WorkloadId, desired: u32) {
        self.store.missing -= self.store.workloads[workload].missing();
        self.store.workloads[workload].desired = desired;
        self.store.missing += self.store.workloads[workload].missing();
    }

    fn watch_readiness(&mut self, pod: PodId) {
        self.watch_endpoints(pod);
        let class = self.store.pods[pod].class;
        for n in 0..self.selectors.budgets(class).len() {
            let budget = self.selectors.budgets(class)[n];
            if !self.store.budgets[budget].queued {
                self.store.budgets[budget].queued = true;
                self.after_reaction(Event::Disruption(budget));
            }
        }
    }

    fn watch_endpoints(&mut self, pod: PodId) {
        if self.selectors.services(self.store.pods[pod].class).is_empty() {
            return;
        }
        let seen = self.draw(&self.model.timings.watch_delivery);
        let sync = self.draw(&self.model.timings.endpoints_sync);
        self.after(seen + sync, Event::Endpoints(endpoints::Event::Sync(pod)));
    }

    pub(crate) fn after_reaction(&mut self, event: Event) {
        let delay = self.reaction();
        self.after(delay, event);
    }
}

fn step(counter: &mut u32, up: bool) {
    if up {
        *counter += 1;
    } else {
        *counter -= 1;
    }
}

fn add(total: &mut Resources, part: Resources) {
    total.cpu += part.cpu;
    total.memory += part.memory;
    total.storage += part.storage;
}

fn subtract(total: &mut Resources, part: Resources) {
    total.cpu -= part.cpu;
    total.memory -= part.memory;
    total.storage -= part.storage;
}
