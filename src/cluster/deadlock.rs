//! Proof that nothing can change any more: every event that is still to come is an attempt that can only be refused again.
//!
//! The future event list is all that can ever happen. Where each of its events only asks again, and what it asks about says
//! no as the cluster stands, then nothing changes before the next attempt, nor before any later one.

use super::event::Event;
use super::hall::Hall;
use super::world::World;
use crate::ids::{BudgetId, DrainId, NodeId, PodId};
use crate::trace::Fact;
use crate::units::Time;
use crate::upgrade::drain;

/// What can still happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outlook {
    /// Something, or it is not known.
    Open,
    /// Nothing before the time-out of this drain.
    Until(DrainId),
    /// Nothing.
    Never,
}

/// So many pods are told of, with the reason of each node, that wait for one …
const PODS: usize = 8;
/// … and one only where there are more nodes than these.
const NODES: usize = 200;

/// What can still happen in a cluster that has not changed since `since`.
pub(super) fn outlook(world: &mut World<'_>, since: Time) -> Outlook {
    if !is_steady(&world.hall) {
        return Outlook::Open;
    }
    let mut first: Option<(Time, DrainId)> = None;
    for (at, event) in world.hall.pending() {
        match of_event(world, event, at, since) {
            drain::Outlook::Open => return Outlook::Open,
            drain::Outlook::Refused => {}
            drain::Outlook::TimesOut(id) => {
                if first.is_none_or(|(time, _)| at < time) {
                    first = Some((at, id));
                }
            }
        }
    }
    if !world.scheduler.is_hopeless(since, &mut world.hall) {
        return Outlook::Open;
    }
    first.map_or(Outlook::Never, |(_, id)| Outlook::Until(id))
}

/// Whether the answers do not depend on luck or on who is about to start: every API server answers, and everybody acts.
fn is_steady(hall: &Hall<'_>) -> bool {
    let gate = &hall.store.gate;
    hall.unlisted == 0
        && !hall.awaits_echoes()
        && gate.servers.iter().all(|server| server.works)
        && gate.available()
        && gate.admit_controllers().is_ok()
        && gate.admit_scheduler().is_ok()
}

fn of_event(world: &World<'_>, event: Event, at: Time, since: Time) -> drain::Outlook {
    let refused = match event {
        Event::Wake => true,
        Event::Drain(e) => return world.drains.outlook(e, at, since, &world.hall),
        Event::Scheduler(e) => e.looks_again(),
        Event::Driver(e) => world.driver.looks_again(e, &world.hall),
        Event::Autoscaler(e) => world.autoscaler.is_void(e),
        Event::CreateAgain(workload) => world.hall.silent_webhook(workload).is_some(),
        Event::ControlPlane(_)
        | Event::Election(_)
        | Event::ReplicaSet(_)
        | Event::Deployment(_)
        | Event::StatefulSet(_)
        | Event::DaemonSet(_)
        | Event::Job(_)
        | Event::Disruption(_)
        | Event::Endpoints(_)
        | Event::Balancer(_)
        | Event::NodeLifecycle(_)
        | Event::Kubelet(_)
        | Event::Arrival(_)
        | Event::PodGc(..)
        | Event::Volume(_)
        | Event::Kubeadm(_)
        | Event::Fault(_) => false,
    };
    if refused {
        drain::Outlook::Refused
    } else {
        drain::Outlook::Open
    }
}

/// Records why nothing changes: the budgets that drains wait for, what those lack, and why pods that wait fit nowhere.
pub(super) fn tell(world: &mut World<'_>, until: Option<DrainId>) {
    let hall = &mut world.hall;
    hall.cause = None;
    hall.emit_cause(Fact::NothingCanChange { until });
    let mut waiting: Vec<PodId> = Vec::new();
    for id in world.drains.budgets(hall) {
        let (healthy, desired) = (hall.store.budgets[id].healthy, hall.store.budgets[id].desired_healthy);
        hall.emit(Fact::BudgetExhausted {
            budget: id,
            healthy,
            desired,
        });
        for pod in lacking(id, hall) {
            hall.emit(Fact::BudgetLacks { budget: id, pod });
            if hall.store.pods[pod].node.is_none() && !waiting.contains(&pod) {
                waiting.push(pod);
            }
        }
    }
    let others = unbound(hall).filter(|pod| !waiting.contains(pod));
    let others: Vec<PodId> = others.take(PODS).collect();
    waiting.extend(others);
    let nodes: Vec<NodeId> = hall.model.nodes.ids().filter(|&n| hall.store.nodes[n].exists).collect();
    waiting.truncate(if nodes.len() > NODES { 1 } else { PODS });
    for pod in waiting {
        for &node in &nodes {
            if let Some(why) = world.scheduler.why_not(pod, node, hall) {
                hall.emit(Fact::NodeUnfit { pod, node, why });
            }
        }
    }
}

/// Pods of a budget that do not count as healthy.
fn lacking(budget: BudgetId, hall: &Hall<'_>) -> Vec<PodId> {
    let all = hall.store.pods.iter_ids();
    all.filter(|(_, pod)| {
        let lives = pod.exists && !pod.terminating && !pod.finished;
        lives && !pod.ready && hall.model.classes[pod.class].budgets.contains(&budget)
    })
    .map(|(id, _)| id)
    .take(PODS)
    .collect()
}

/// Pods that wait for a node.
fn unbound(hall: &Hall<'_>) -> impl Iterator<Item = PodId> {
    let all = hall.store.pods.iter_ids();
    all.filter(|(_, pod)| pod.exists && !pod.terminating && !pod.finished && pod.node.is_none())
        .map(|(id, _)| id)
}
