//! Load balancers of Services: the service controller, which tells them which nodes there are (LB-1 … LB-3), and their own
//! health checks (LB-4).
//!
//! Connections that are open when a node leaves are not looked at: what counts is where new requests go.

use super::event::Event as World;
use super::hall::Hall;
use crate::ids::{BalancerId, IdVec, NodeId, PodId};
use crate::model::behaviour::cloud_controller_manager as behaviour;
use crate::model::{Model, TrafficPolicy};
use crate::rng::{Purpose, Stream, Streams};
use crate::trace::{Fact, LeftOut};
use crate::units::Span;

/// What load balancers and the service controller wait for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Event {
    /// The service controller looks at a node.
    Sync(NodeId),
    /// The cloud has changed the list of a load balancer, unless it was told otherwise meanwhile (generation).
    Listed(BalancerId, NodeId, u16),
    /// A load balancer has checked a node often enough to change its mind, unless something changed (generation).
    Checked(BalancerId, NodeId, u16),
}

/// All load balancers.
#[derive(Clone, Debug)]
pub(crate) struct Balancers {
    all: IdVec<BalancerId, IdVec<NodeId, Door>>,
    /// Whether kube-proxy answers on a node.
    proxies: IdVec<NodeId, bool>,
    luck: Stream,
}

/// A node as one load balancer sees it.
#[derive(Clone, Copy, Debug, Default)]
struct Door {
    /// Whether the service controller wants it on the list, and what keeps it off.
    kept_out: Option<LeftOut>,
    /// Whether it is on the list.
    listed: bool,
    /// Whether the health checks are taken for passed.
    healthy: bool,
    /// Whether requests are sent to it.
    sends: bool,
    /// Ready pods of the Service on it that its kube-proxy knows of; counted for local Services only.
    pods: u32,
    /// Of what the cloud was last told, and of the checks under way.
    told: u16,
    checks: u16,
}

impl Balancers {
    pub(crate) fn new(model: &Model, streams: &Streams) -> Self {
        let doors = || model.nodes.iter().map(|_| Door::default()).collect();
        let any = !model.balancers.all.is_empty();
        Self {
            all: model.balancers.all.iter().map(|_| doors()).collect(),
            proxies: model
                .nodes
                .iter()
                .take(if any { usize::MAX } else { 0 })
                .map(|_| false)
                .collect(),
            luck: streams.stream(Purpose::ServiceBalancer, 0),
        }
    }
}

/// Before time starts everything has settled.
pub(super) fn there_at_start(hall: &mut Hall<'_>) {
    for balancer in hall.model.balancers.all.ids() {
        for node in hall.model.nodes.ids() {
            hall.store.balancers.proxies[node] = hall.store.nodes[node].ready;
            let kept_out = kept_out(balancer, node, hall);
            let answers = answers(balancer, node, hall);
            let door = &mut hall.store.balancers.all[balancer][node];
            door.kept_out = kept_out;
            (door.listed, door.healthy) = (kept_out.is_none(), kept_out.is_none() && answers);
            settle(balancer, node, hall);
        }
    }
}

/// A new service controller looks at every node.
pub(super) fn start(hall: &mut Hall<'_>) {
    if !hall.model.balancers.all.is_empty() {
        for node in hall.model.nodes.ids() {
            node_changed(node, hall);
        }
    }
}

/// A Node object has changed: the service controller sees it.
pub(super) fn node_changed(node: NodeId, hall: &mut Hall<'_>) {
    if hall.model.balancers.all.is_empty() {
        return;
    }
    let timings = &hall.model.timings;
    let luck = &mut hall.store.balancers.luck;
    let seen = luck.sample(&timings.watch_delivery) + luck.sample(&timings.controller_reaction);
    hall.after(seen, World::Balancer(Event::Sync(node)));
}

/// kube-proxy on a node begins to answer, or is gone with its machine.
pub(super) fn proxy_answers(node: NodeId, on: bool, hall: &mut Hall<'_>) {
    if hall.model.balancers.all.is_empty() || hall.store.balancers.proxies[node] == on {
        return;
    }
    hall.store.balancers.proxies[node] = on;
    for balancer in hall.model.balancers.all.ids() {
        check(balancer, node, hall);
    }
}

/// kube-proxy knows a pod as ready, or does no longer.
pub(super) fn pod_changed(pod: PodId, ready: bool, hall: &mut Hall<'_>) {
    if hall.model.balancers.all.is_empty() {
        return;
    }
    let Some(node) = hall.store.pods[pod].node else { return };
    let model = hall.model;
    let services = &model.classes[hall.store.pods[pod].class].services;
    for (id, balancer) in model.balancers.all.iter_ids() {
        if balancer.policy == TrafficPolicy::Local && balancer.services.iter().any(|s| services.contains(s)) {
            let pods = &mut hall.store.balancers.all[id][node].pods;
            *pods = if ready { *pods + 1 } else { pods.saturating_sub(1) };
            check(id, node, hall);
        }
    }
}

pub(super) fn handle(event: Event, hall: &mut Hall<'_>) {
    match event {
        Event::Sync(node) => sync(node, hall),
        Event::Listed(balancer, node, told) => {
            hall.expected -= 1;
            let door = &mut hall.store.balancers.all[balancer][node];
            if door.told != told {
                return;
            }
            // The first check of a node that is new on the list is still to come.
            door.healthy &= door.listed;
            door.listed = door.kept_out.is_none();
            settle(balancer, node, hall);
            check(balancer, node, hall);
        }
        Event::Checked(balancer, node, checks) => {
            hall.expected -= 1;
            let answers = answers(balancer, node, hall);
            let door = &mut hall.store.balancers.all[balancer][node];
            if door.checks == checks {
                door.healthy = answers;
                settle(balancer, node, hall);
            }
        }
    }
}

/// The service controller compares what the lists should be with what they are; without a leader nobody does.
fn sync(node: NodeId, hall: &mut Hall<'_>) {
    if hall.store.gate.admit_controllers().is_err() {
        return;
    }
    for balancer in hall.model.balancers.all.ids() {
        let kept_out = kept_out(balancer, node, hall);
        let door = &mut hall.store.balancers.all[balancer][node];
        let before = std::mem::replace(&mut door.kept_out, kept_out);
        if before.is_none() == kept_out.is_none() {
            continue;
        }
        door.told = door.told.wrapping_add(1);
        let told = door.told;
        let time = hall.store.balancers.luck.sample(&hall.model.timings.balancer_sync);
        hall.expected += 1;
        hall.after(time, World::Balancer(Event::Listed(balancer, node, told)));
    }
}

/// What keeps a node off the list of a load balancer.
fn kept_out(balancer: BalancerId, node: NodeId, hall: &Hall<'_>) -> Option<LeftOut> {
    let minor = hall.store.gate.minors.controller_manager;
    let (state, model) = (&hall.store.nodes[node], hall.model);
    let local = model.balancers.all[balancer].policy == TrafficPolicy::Local;
    let drops_cordoned = model.balancers.drops_cordoned;
    if !state.exists {
        Some(LeftOut::Deleted)
    } else if state.excluded && (behaviour::honours_exclusion(minor) || model.nodes[node].control_plane) {
        Some(LeftOut::Excluded)
    } else if state.unschedulable && drops_cordoned.unwrap_or(behaviour::drops_cordoned(minor)) {
        Some(LeftOut::Cordoned)
    } else if !state.ready && behaviour::drops_unready(minor, local) {
        Some(LeftOut::NotReady)
    } else {
        None
    }
}

/// Whether a node would pass a health check now.
fn answers(balancer: BalancerId, node: NodeId, hall: &Hall<'_>) -> bool {
    let local = hall.model.balancers.all[balancer].policy == TrafficPolicy::Local;
    let state = &hall.store.balancers;
    state.proxies[node] && (!local || state.all[balancer][node].pods > 0)
}

/// What a health check finds may have changed: the load balancer notices after so many checks.
fn check(balancer: BalancerId, node: NodeId, hall: &mut Hall<'_>) {
    let answers = answers(balancer, node, hall);
    let (interval, threshold) = (hall.model.balancers.interval, hall.model.balancers.threshold);
    let state = &mut hall.store.balancers;
    let door = &mut state.all[balancer][node];
    door.checks = door.checks.wrapping_add(1);
    if !door.listed || door.healthy == answers {
        return;
    }
    let checks = door.checks;
    let more = if answers { 0 } else { threshold.saturating_sub(1) };
    let wait = state.luck.between(Span::ZERO, interval) + interval * u64::from(more);
    hall.expected += 1;
    hall.after(wait, World::Balancer(Event::Checked(balancer, node, checks)));
}

/// Requests are sent to nodes that are on the list and pass the checks.
fn settle(balancer: BalancerId, node: NodeId, hall: &mut Hall<'_>) {
    let machine = hall.store.balancers.proxies[node];
    let door = &mut hall.store.balancers.all[balancer][node];
    let sends = door.listed && door.healthy;
    if std::mem::replace(&mut door.sends, sends) == sends {
        return;
    }
    let unhealthy = if machine {
        LeftOut::NoLocalPod
    } else {
        LeftOut::MachineDown
    };
    let why = door.kept_out.filter(|_| !door.listed).unwrap_or(unhealthy);
    hall.emit(if sends {
        Fact::BalancerJoined { balancer, node }
    } else {
        Fact::BalancerLeft { balancer, node, why }
    });
}
