//! What will happen: one vocabulary per room, matched exhaustively.

use super::{
    autoscaler, balancer, control_plane, daemon_set, election, endpoints, job, kubelet, node_lifecycle, replica_set,
    scheduler, stateful_set, volumes,
};
use crate::ids::{BudgetId, FactId, NodeId, WorkloadId};
use crate::upgrade::{drain, driver, fault, kubeadm};

/// An event and what brought it about.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Scheduled {
    pub(crate) event: Event,
    pub(crate) cause: Option<FactId>,
}

/// An event.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum Event {
    ControlPlane(control_plane::Event),
    Election(election::Event),
    Scheduler(scheduler::Event),
    ReplicaSet(replica_set::Event),
    /// A Deployment is looked at by its controller.
    Deployment(WorkloadId),
    StatefulSet(stateful_set::Event),
    DaemonSet(daemon_set::Event),
    Job(job::Event),
    /// A budget is looked at by the disruption controller.
    Disruption(BudgetId),
    Endpoints(endpoints::Event),
    Balancer(balancer::Event),
    NodeLifecycle(node_lifecycle::Event),
    Kubelet(kubelet::Event),
    /// A workload whose new pods a webhook failed is looked at again by its controller.
    CreateAgain(WorkloadId),
    /// A pod that nobody owns, or a Job, is asked for by somebody outside.
    Arrival(WorkloadId),
    /// The pod garbage collector looks for orphans of a node; `true`: the run waits for it.
    PodGc(NodeId, bool),
    Volume(volumes::Event),
    Autoscaler(autoscaler::Event),
    Drain(drain::Event),
    Kubeadm(kubeadm::Event),
    Driver(driver::Event),
    Fault(fault::Event),
    /// Nothing but a moment at which the run may end.
    #[default]
    Wake,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Events are moved about as they wait, so that their size counts.
    #[test]
    fn events_are_small() {
        assert_eq!(size_of::<Event>(), 16);
        assert_eq!(size_of::<Scheduled>(), 20);
    }
}
