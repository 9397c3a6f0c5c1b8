//! Faults: trouble at a time, or after something that the plan did.

use crate::cluster::control_plane::{self, ControlPlane};
use crate::cluster::event::Event as World;
use crate::cluster::gate::Permit;
use crate::cluster::hall::Hall;
use crate::cluster::{deployment, kubelet};
use crate::ids::{NodeId, PodId, WorkloadId};
use crate::model::{FaultAction, FaultTarget, Moment, Trigger};
use crate::rng::{Purpose, Stream};
use crate::trace::{DeletedBy, Fact, Record, StopReason};
use crate::units::Span;

/// What faults wait for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Event {
    /// A fault is due.
    Due(u32),
    /// kubectl sends the request that a fault stands for.
    Call(u32),
    /// A machine that crashed comes back.
    Boot(NodeId),
}

/// The faults of a run.
#[derive(Debug)]
pub(crate) struct Faults {
    luck: Stream,
    /// Faults that wait for a moment, until it has come.
    waiting: Vec<u32>,
    /// Machines that a fault has crashed and that are not back: nothing is left there to crash.
    down: Vec<NodeId>,
}

impl Faults {
    pub(crate) fn new(hall: &Hall<'_>) -> Self {
        Self {
            luck: hall.streams.stream(Purpose::Fault, 0),
            waiting: Vec::new(),
            down: Vec::new(),
        }
    }

    /// Schedules what has a time and remembers what waits for a moment.
    pub(crate) fn start(&mut self, hall: &mut Hall<'_>) {
        for (number, fault) in (0..).zip(&hall.model.faults) {
            match fault.trigger {
                Trigger::At(time) => {
                    hall.expected += 1;
                    hall.at(time, World::Fault(Event::Due(number)));
                }
                Trigger::After { .. } => self.waiting.push(number),
            }
        }
    }

    /// Whether a fact is a moment that a fault waits for.
    #[inline]
    pub(crate) fn observe(&mut self, control_plane: &ControlPlane, hall: &mut Hall<'_>) {
        if !self.waiting.is_empty() {
            self.hear(control_plane, hall);
        }
    }

    fn hear(&mut self, control_plane: &ControlPlane, hall: &mut Hall<'_>) {
        let mut due: Vec<(u32, Span)> = Vec::new();
        let faults = &hall.model.faults;
        for record in hall.fresh_facts() {
            self.waiting.retain(|&number| match faults[number as usize].trigger {
                Trigger::After { moment, delay } if is_moment(moment, record, control_plane) => {
                    due.push((number, delay));
                    false
                }
                _ => true,
            });
        }
        for (number, delay) in due {
            hall.expected += 1;
            hall.after(delay, World::Fault(Event::Due(number)));
        }
    }

    pub(crate) fn handle(&mut self, event: Event, control_plane: &ControlPlane, hall: &mut Hall<'_>) {
        match event {
            Event::Due(number) => self.due(number, control_plane, hall),
            Event::Call(number) => self.call(number, hall),
            Event::Boot(node) => {
                hall.expected = hall.expected.saturating_sub(1);
                self.down.retain(|&n| n != node);
                hall.after(Span::ZERO, World::Kubelet(kubelet::Event::Boot(node)));
            }
        }
    }

    fn due(&mut self, number: u32, control_plane: &ControlPlane, hall: &mut Hall<'_>) {
        match &hall.model.faults[number as usize].action {
            FaultAction::PodDelete(_) | FaultAction::Rollout(_) => {
                let start = self.luck.sample(&hall.model.timings.kubectl_start);
                return hall.after(
                    Span::from_micros(start.as_micros() / 2),
                    World::Fault(Event::Call(number)),
                );
            }
            FaultAction::ComponentDown { components, node, .. } => {
                hall.emit_cause(Fact::FaultInjected { fault: number });
                for &component in components {
                    for id in control_plane.processes(component, *node) {
                        let event = control_plane::Event::Fault(id, number);
                        hall.after(Span::ZERO, World::ControlPlane(event));
                    }
                }
            }
            FaultAction::ComponentBreaks { .. } => {
                hall.emit_cause(Fact::FaultInjected { fault: number });
                let event = control_plane::Event::Break(number);
                hall.after(Span::ZERO, World::ControlPlane(event));
            }
            FaultAction::NodeCrash { target, duration } => {
                self.crash_node(number, *target, *duration, control_plane, hall);
            }
            FaultAction::ContainerCrash(workload) => match self.pick(*workload, hall) {
                None => {
                    hall.emit(Fact::FaultMissed { fault: number });
                }
                Some(pod) => {
                    hall.emit_cause(Fact::FaultInjected { fault: number });
                    hall.after(Span::ZERO, World::Kubelet(kubelet::Event::Crash(pod)));
                }
            },
        }
        hall.expected -= 1;
    }

    fn call(&mut self, number: u32, hall: &mut Hall<'_>) {
        hall.expected -= 1;
        let Ok(permit) = hall.admit() else {
            hall.emit(Fact::FaultMissed { fault: number });
            return;
        };
        hall.emit_cause(Fact::FaultInjected { fault: number });
        match hall.model.faults[number as usize].action {
            FaultAction::PodDelete(workload) => {
                delete_one(workload, &permit, &mut self.luck, hall);
            }
            FaultAction::Rollout(workload) => {
                deployment::start_rollout(&permit, workload, hall);
            }
            _ => {}
        }
    }

    fn crash_node(
        &mut self,
        number: u32,
        target: FaultTarget,
        duration: Option<Span>,
        control_plane: &ControlPlane,
        hall: &mut Hall<'_>,
    ) {
        let node = match target {
            FaultTarget::Node(node) => Some(node),
            FaultTarget::Hosting(workload) => host_of(workload, hall),
        };
        let Some(node) = node.filter(|n| !self.down.contains(n)) else {
            hall.emit(Fact::FaultMissed { fault: number });
            return;
        };
        self.down.push(node);
        hall.emit_cause(Fact::FaultInjected { fault: number });
        hall.after(Span::ZERO, World::Kubelet(kubelet::Event::Lost(node)));
        for component in crate::model::Component::ALL {
            for id in control_plane.processes(component, Some(node)) {
                let event = control_plane::Event::Fault(id, number);
                hall.after(Span::ZERO, World::ControlPlane(event));
            }
        }
        if let Some(duration) = duration {
            hall.expected += 1;
            hall.after(duration, World::Fault(Event::Boot(node)));
        }
    }

    fn pick(&mut self, workload: WorkloadId, hall: &Hall<'_>) -> Option<PodId> {
        pick(workload, &mut self.luck, hall)
    }
}

/// Deletes one pod of a workload, as `kubectl delete pod` does; whether there was one.
pub(crate) fn delete_one(workload: WorkloadId, permit: &Permit, luck: &mut Stream, hall: &mut Hall<'_>) -> bool {
    let Some(pod) = pick(workload, luck, hall).or_else(|| unscheduled(workload, hall)) else {
        return false;
    };
    hall.delete_and_remove_if_idle(permit, pod, DeletedBy::User);
    true
}

/// One of the pods of a workload, a ready one if there is any.
fn pick(workload: WorkloadId, luck: &mut Stream, hall: &Hall<'_>) -> Option<PodId> {
    let own = |(id, p): (PodId, &crate::cluster::store::Pod)| {
        (p.workload == workload && p.exists && !p.terminating && p.node.is_some()).then_some((id, p.ready))
    };
    let mut pods: Vec<(PodId, bool)> = hall.store.pods.iter_ids().filter_map(own).collect();
    if pods.iter().any(|p| p.1) {
        pods.retain(|p| p.1);
    }
    let count = u32::try_from(pods.len()).unwrap_or(u32::MAX);
    pods.get(luck.below(count) as usize).map(|p| p.0)
}

/// The oldest pod of a workload that waits for a node.
fn unscheduled(workload: WorkloadId, hall: &Hall<'_>) -> Option<PodId> {
    let mut pods = hall.store.pods.iter_ids();
    let waits =
        |p: &crate::cluster::store::Pod| p.workload == workload && p.exists && !p.terminating && p.node.is_none();
    pods.find(|(_, p)| waits(p)).map(|(id, _)| id)
}

/// The first node by name that hosts a pod of a workload.
fn host_of(workload: WorkloadId, hall: &Hall<'_>) -> Option<NodeId> {
    let own = |&p: &PodId| hall.store.pods[p].workload == workload && !hall.store.pods[p].terminating;
    let hosts = hall.store.nodes.iter_ids().filter(|(_, n)| n.pods.iter().any(own));
    hosts
        .map(|(id, _)| id)
        .min_by_key(|&id| hall.model.nodes[id].name.as_str())
}

fn is_moment(moment: Moment, record: &Record, control_plane: &ControlPlane) -> bool {
    let component = |id| control_plane.instances[id].component;
    match (moment, record.fact) {
        (Moment::DrainStarts(wanted), Fact::DrainStarted { node, .. })
        | (Moment::DrainEnds(wanted), Fact::DrainEnded { node, .. })
        | (Moment::NodeUpgraded(wanted), Fact::NodeUpgradeEnded { node, .. }) => wanted == node,
        // A process that exits because it lost its lease is a consequence, not what anybody did.
        (Moment::ComponentDown(wanted), Fact::ComponentStopped { instance, why }) => {
            wanted == component(instance) && why != StopReason::LostLease
        }
        (Moment::ComponentUp(wanted), Fact::ComponentStarted { instance, .. }) => wanted == component(instance),
        _ => false,
    }
}
