//! Writes to Node objects.

use super::super::event::Event;
use super::super::gate::Permit;
use super::super::hall::Hall;
use super::super::store::Taints;
use super::super::{balancer, daemon_set, node_lifecycle, pod_gc, scheduler, volumes};
use crate::ids::NodeId;
use crate::model::WorkloadKind;
use crate::trace::{Fact, LifecycleTaint};

impl Hall<'_> {
    /// Cordons or uncordons a node; whether that changed anything.
    pub(crate) fn write_unschedulable(&mut self, _: &Permit, node: NodeId, unschedulable: bool) -> bool {
        if self.store.nodes[node].unschedulable == unschedulable {
            return false;
        }
        self.store.nodes[node].unschedulable = unschedulable;
        self.store.spreading.changes.push(node);
        self.emit_cause(if unschedulable {
            Fact::NodeCordoned { node }
        } else {
            Fact::NodeUncordoned { node }
        });
        self.watch_node(!unschedulable);
        let react = self.reaction();
        let event = node_lifecycle::Event::CordonSeen(node);
        self.after(react, Event::NodeLifecycle(event));
        balancer::node_changed(node, self);
        true
    }

    /// Puts the label on a node that keeps it out of load balancers of Services, or takes it off.
    pub(crate) fn write_excluded(&mut self, _: &Permit, node: NodeId, excluded: bool) {
        if std::mem::replace(&mut self.store.nodes[node].excluded, excluded) != excluded {
            self.emit_cause(if excluded {
                Fact::NodeExcluded { node }
            } else {
                Fact::NodeIncluded { node }
            });
            balancer::node_changed(node, self);
        }
    }

    /// Deletes a Node object, cordon and taints with it; whether there was one. Its pods are orphans from here on.
    pub(crate) fn delete_node(&mut self, _: &Permit, node: NodeId) -> bool {
        if !self.store.nodes[node].exists {
            return false;
        }
        self.store.tally(self.model, node, false);
        let state = &mut self.store.nodes[node];
        state.exists = false;
        (state.ready, state.unschedulable, state.taints) = (false, false, Taints::default());
        self.store.spreading.node_exists(node, false);
        self.store.present -= 1;
        self.emit_cause(Fact::NodeDeleted { node });
        balancer::node_changed(node, self);
        pod_gc::node_deleted(node, self);
        for workload in self.model.workloads.ids() {
            if self.model.workloads[workload].kind == WorkloadKind::DaemonSet
                && daemon_set::may_run(self, workload, node)
            {
                let desired = self.store.workloads[workload].desired;
                self.set_desired(workload, desired.saturating_sub(1));
                self.after_reaction(Event::DaemonSet(daemon_set::Event::Sync(workload)));
            }
        }
        true
    }

    /// A kubelet registers its node where there is no object of it (L-22).
    pub(crate) fn register_node(&mut self, _: &Permit, node: NodeId) {
        if std::mem::replace(&mut self.store.nodes[node].exists, true) {
            return;
        }
        self.store.tally(self.model, node, true);
        self.store.spreading.node_exists(node, true);
        self.store.present += 1;
        balancer::node_changed(node, self);
        for workload in self.model.workloads.ids() {
            if self.model.workloads[workload].kind == WorkloadKind::DaemonSet
                && daemon_set::may_run(self, workload, node)
            {
                let desired = self.store.workloads[workload].desired;
                self.set_desired(workload, desired + 1);
                self.after_reaction(Event::DaemonSet(daemon_set::Event::Sync(workload)));
            }
        }
    }

    /// Writes a node's Ready condition.
    pub(crate) fn write_node_ready(&mut self, _: &Permit, node: NodeId, ready: bool) {
        if self.store.nodes[node].ready == ready {
            return;
        }
        self.store.tally(self.model, node, false);
        self.store.nodes[node].ready = ready;
        self.store.tally(self.model, node, true);
        if ready {
            volumes::node_back(self, node);
        }
        self.emit_cause(if ready {
            Fact::NodeReady { node }
        } else {
            Fact::NodeNotReady { node }
        });
        balancer::node_changed(node, self);
        self.watch_node(ready);
    }

    /// Adds or removes a taint of the node lifecycle controller.
    pub(crate) fn write_taint(&mut self, _: &Permit, node: NodeId, taint: LifecycleTaint, on: bool) {
        if !self.store.nodes[node].taints.set(taint, on) {
            return;
        }
        self.store.spreading.changes.push(node);
        self.emit(if on {
            Fact::NodeTainted { node, taint }
        } else {
            Fact::NodeUntainted { node, taint }
        });
        self.watch_node(!on);
    }

    fn watch_node(&mut self, helps: bool) {
        let seen = self.draw(&self.model.timings.watch_delivery);
        self.after(seen, Event::Scheduler(scheduler::Event::NodeChanged { helps }));
    }
}
