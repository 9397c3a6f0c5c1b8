//! The node lifecycle controller and the taint manager (N-1 … N-14). Heartbeats are not simulated: only a kubelet that
//! falls silent is looked at, at the passes where the real controller would notice.

use super::event::Event as World;
use super::hall::Hall;
use super::store::{Store, Zone};
use crate::ids::{IdVec, NodeId, PodId};
use crate::model::behaviour::controller_manager as behaviour;
use crate::rng::Purpose;
use crate::trace::{DeletedBy, LifecycleTaint};
use crate::units::{Span, Time};

/// What the node lifecycle controller waits for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Event {
    /// A kubelet has stopped.
    Silent(NodeId),
    /// A kubelet has started.
    Heard(NodeId),
    /// The grace period of a silent node ends (generation).
    Unknown(NodeId, u16),
    /// A NoExecute taint is due for a node (generation).
    Taint(NodeId, u16),
    /// The same, put off while too many nodes are silent: the run need not wait for it.
    TaintLater(NodeId, u16),
    /// The taints of a node that is back are removed; `true`: the NoExecute one.
    Untaint(NodeId, u16, bool),
    /// A pod has stayed on an unreachable node for as long as it tolerates that (generation of the node).
    Expired(PodId, u16),
    /// A pod was bound to a node that has a NoExecute taint.
    Bound(PodId),
    /// A kubelet has posted that its node is not ready.
    SelfReported(NodeId),
    /// A cordon or uncordon has been seen.
    CordonSeen(NodeId),
}

/// Time between two passes of the monitor.
const MONITOR_PERIOD: Span = Span::from_secs(5);
/// Clusters are older than a rehearsal: heartbeats and passes before its start are counted from so long before it. A
/// multiple of both periods.
const EPOCH: Span = Span::from_secs(20);
/// Time between two heartbeats of a kubelet.
const HEARTBEAT: Span = Span::from_secs(10);
/// Time between two NoExecute taints in a zone (0.1 nodes a second).
const EVICTION_INTERVAL: Span = Span::from_secs(10);
/// The same in a zone with a partial disruption (0.01 nodes a second).
const SECONDARY_INTERVAL: Span = Span::from_secs(100);
/// Zones up to this size are not evicted from at all in a partial disruption.
const LARGE_ZONE: usize = 50;

/// What the controller remembers of a node.
#[derive(Clone, Copy, Debug)]
struct Watched {
    /// Since when its kubelet has been silent.
    silent_since: Option<Time>,
    generation: u16,
    /// Events of this generation that are still to come.
    pending: u32,
}

impl Watched {
    /// What was to come does not matter any more.
    fn renew(&mut self, hall: &mut Hall<'_>) -> u16 {
        hall.expected -= std::mem::take(&mut self.pending);
        self.generation = self.generation.wrapping_add(1);
        self.generation
    }
}

/// The node lifecycle controller.
#[derive(Debug)]
pub(crate) struct NodeLifecycle {
    nodes: IdVec<NodeId, Watched>,
    /// When the acting controller manager began; `None`: before time started.
    started: Option<Time>,
    /// When the first one passes for the first time.
    phase: Span,
    /// When the next NoExecute taint may be set, per zone (the last one is that of nodes without a zone).
    next_taint: Vec<Time>,
}

impl NodeLifecycle {
    pub(crate) fn new(hall: &Hall<'_>) -> Self {
        let calm = Watched {
            silent_since: None,
            generation: 0,
            pending: 0,
        };
        Self {
            nodes: hall.model.nodes.iter().map(|_| calm).collect(),
            started: None,
            phase: hall
                .streams
                .stream(Purpose::Monitor, 0)
                .between(Span::ZERO, MONITOR_PERIOD),
            next_taint: vec![Time::ZERO; hall.model.zones.len() + 1],
        }
    }

    pub(crate) fn handle(&mut self, event: Event, hall: &mut Hall<'_>) {
        match event {
            Event::Silent(node) => self.silent(node, hall),
            Event::Heard(node) => self.heard(node, hall),
            Event::Unknown(node, generation) => self.unknown(node, generation, hall),
            Event::Taint(node, generation) => {
                if self.current(node, generation, hall) {
                    self.taint(node, generation, hall);
                }
            }
            Event::TaintLater(node, generation) => {
                if self.nodes[node].generation == generation {
                    self.taint(node, generation, hall);
                }
            }
            Event::Untaint(node, generation, execute) => self.untaint(node, generation, execute, hall),
            Event::Expired(pod, generation) => self.expired(pod, generation, hall),
            Event::Bound(pod) => self.bound(pod, hall),
            Event::SelfReported(node) => self_reported(node, hall),
            Event::CordonSeen(node) => cordon_seen(node, hall),
        }
    }

    /// A new leader gives every node a full grace period (N-3) and looks at every cordon (N-4).
    pub(crate) fn start(&mut self, hall: &mut Hall<'_>) {
        self.started = Some(hall.now);
        let ids: Vec<NodeId> = hall.model.nodes.ids().collect();
        for node in ids {
            cordon_seen(node, hall);
            if self.nodes[node].silent_since.is_some() {
                self.watch(node, hall);
            } else if hall.store.nodes[node].ready {
                self.clear(node, hall);
            }
        }
    }

    /// The same leader, whose requests failed for a while: what they were to do is done now.
    pub(crate) fn resume(&mut self, hall: &mut Hall<'_>) {
        let ids: Vec<NodeId> = hall.model.nodes.ids().collect();
        for node in ids {
            cordon_seen(node, hall);
            if self.nodes[node].silent_since.is_some() {
                if self.nodes[node].pending == 0 {
                    self.watch(node, hall);
                }
            } else if hall.store.nodes[node].ready {
                self.clear(node, hall);
            }
        }
    }

    fn silent(&mut self, node: NodeId, hall: &mut Hall<'_>) {
        if self.nodes[node].silent_since.is_none() {
            self.nodes[node].silent_since = Some(hall.now);
            self.watch(node, hall);
        }
    }

    /// Unknown at the first pass that is a grace period after the pass that saw the last heartbeat (N-1, N-2).
    fn watch(&mut self, node: NodeId, hall: &mut Hall<'_>) {
        let Some(since) = self.nodes[node].silent_since else {
            return;
        };
        let generation = self.nodes[node].renew(hall);
        let place = crate::ids::Id::index(node) as u64;
        let phase = hall.streams.stream(Purpose::Kubelet, place).unit();
        let phase = Span::from_secs_f64(phase * HEARTBEAT.as_secs_f64());
        let age = Span::from_micros((since.as_micros() + phase.as_micros()) % HEARTBEAT.as_micros());
        let seen = self.seen(since, age);
        let grace = behaviour::node_monitor_grace(hall.store.gate.minors.controller_manager);
        let at = Time::from_micros((seen + grace).as_micros().saturating_sub(EPOCH.as_micros()));
        self.expect(node, at, Event::Unknown(node, generation), hall);
    }

    /// The pass that saw the last heartbeat of a node, [`EPOCH`] later: it may lie before time started.
    fn seen(&self, silent_since: Time, age: Span) -> Time {
        let heartbeat = (silent_since + EPOCH).before(age);
        let known = self.started.map_or(Time::ZERO, |started| started + EPOCH);
        self.pass_at(heartbeat.max(known))
    }

    /// The first pass of the monitor at or after a time, both counted from [`EPOCH`] before the start.
    fn pass_at(&self, time: Time) -> Time {
        let from = match self.started {
            Some(started) => started + EPOCH,
            None => Time::ZERO + self.phase,
        };
        let since = time.since(from).as_micros();
        let period = MONITOR_PERIOD.as_micros();
        from + Span::from_micros(since.div_ceil(period) * period)
    }

    /// Schedules what the run must not end before.
    fn expect(&mut self, node: NodeId, at: Time, event: Event, hall: &mut Hall<'_>) {
        self.nodes[node].pending += 1;
        hall.expected += 1;
        hall.at(at, World::NodeLifecycle(event));
    }

    /// Whether an expected event still matters.
    fn current(&mut self, node: NodeId, generation: u16, hall: &mut Hall<'_>) -> bool {
        let watched = &mut self.nodes[node];
        if watched.generation != generation {
            return false;
        }
        watched.pending -= 1;
        hall.expected -= 1;
        watched.silent_since.is_some()
    }

    fn unknown(&mut self, node: NodeId, generation: u16, hall: &mut Hall<'_>) {
        if !self.current(node, generation, hall) {
            return;
        }
        let Ok(permit) = hall.store.gate.admit_controllers() else {
            return;
        };
        if !hall.store.nodes[node].exists {
            return;
        }
        hall.write_node_ready(&permit, node, false);
        for pod in hall.store.nodes[node].pods.clone() {
            hall.write_pod_status(&permit, pod, false, false);
        }
        hall.write_taint(&permit, node, LifecycleTaint::UnreachableNoSchedule, true);
        let minor = hall.store.gate.minors.controller_manager;
        let delay = if behaviour::taints_in_same_pass(minor) {
            Span::from_millis(50)
        } else {
            MONITOR_PERIOD
        };
        self.expect(node, hall.now + delay, Event::Taint(node, generation), hall);
    }

    /// Sets the NoExecute taint when the zone's rate allows it (N-5, N-8, N-9).
    fn taint(&mut self, node: NodeId, generation: u16, hall: &mut Hall<'_>) {
        let Ok(permit) = hall.store.gate.admit_controllers() else {
            return;
        };
        let Some(interval) = self.rate(node, hall) else {
            if all_silent(hall) {
                self.stop_evicting(hall);
            }
            hall.after(
                MONITOR_PERIOD,
                World::NodeLifecycle(Event::TaintLater(node, generation)),
            );
            return;
        };
        let zone = hall.model.nodes[node]
            .zone
            .map_or(hall.model.zones.len(), |z| z as usize);
        if self.next_taint[zone] > hall.now {
            let at = self.next_taint[zone];
            return self.expect(node, at, Event::Taint(node, generation), hall);
        }
        self.next_taint[zone] = hall.now + interval;
        hall.write_taint(&permit, node, LifecycleTaint::UnreachableNoExecute, true);
        for pod in hall.store.nodes[node].pods.clone() {
            self.tolerate(pod, node, generation, hall);
        }
    }

    /// A pod stays on an unreachable node for as long as it tolerates that (N-6).
    fn tolerate(&mut self, pod: PodId, node: NodeId, generation: u16, hall: &mut Hall<'_>) {
        let class = &hall.model.classes[hall.store.pods[pod].class];
        if let Some(tolerated) = class.unreachable_seconds {
            self.expect(node, hall.now + tolerated, Event::Expired(pod, generation), hall);
        }
    }

    /// The taint manager looks at new pods, too, not only at new taints.
    fn bound(&mut self, pod: PodId, hall: &mut Hall<'_>) {
        let Some(node) = hall.store.pods[pod].node.filter(|_| hall.store.pods[pod].exists) else {
            return;
        };
        let watched = self.nodes[node];
        if watched.silent_since.is_some() && hall.store.nodes[node].taints.has(LifecycleTaint::UnreachableNoExecute) {
            self.tolerate(pod, node, watched.generation, hall);
        }
    }

    /// Every node is silent: the fault is more likely here than there (N-9). Who loses its taint gets it again later, if
    /// it is still silent then.
    fn stop_evicting(&self, hall: &mut Hall<'_>) {
        for (node, watched) in self.nodes.iter_ids() {
            if !hall.store.nodes[node].taints.has(LifecycleTaint::UnreachableNoExecute) {
                continue;
            }
            if let Ok(permit) = hall.store.gate.admit_controllers() {
                hall.write_taint(&permit, node, LifecycleTaint::UnreachableNoExecute, false);
                let later = Event::TaintLater(node, watched.generation);
                hall.after(MONITOR_PERIOD, World::NodeLifecycle(later));
            }
        }
    }

    /// Time between two taints in a node's zone; `None`: none are set.
    fn rate(&self, node: NodeId, hall: &Hall<'_>) -> Option<Span> {
        let Zone { size, not_ready } = hall.store.zones[Store::zone_of(hall.model, node)];
        if all_silent(hall) {
            None
        } else if not_ready < size && not_ready > 2 && not_ready * 100 >= size * 55 {
            (size > LARGE_ZONE).then_some(SECONDARY_INTERVAL)
        } else {
            Some(EVICTION_INTERVAL)
        }
    }

    /// Deletes a pod that has tolerated an unreachable node for long enough (N-6): no budget is asked.
    fn expired(&mut self, pod: PodId, generation: u16, hall: &mut Hall<'_>) {
        let Some(node) = hall.store.pods[pod].node else {
            return;
        };
        let tainted = hall.store.nodes[node].taints.has(LifecycleTaint::UnreachableNoExecute);
        if !self.current(node, generation, hall) || !tainted {
            return;
        }
        if let Ok(permit) = hall.store.gate.admit_controllers() {
            hall.delete_pod(&permit, pod, DeletedBy::TaintManager);
        }
    }

    fn heard(&mut self, node: NodeId, hall: &mut Hall<'_>) {
        self.nodes[node].silent_since = None;
        self.nodes[node].renew(hall);
        self.clear(node, hall);
    }

    /// The NoSchedule taint goes at once, the NoExecute one with the next pass (N-14; measured 0.05 s and 0.3 … 4.8 s).
    fn clear(&mut self, node: NodeId, hall: &mut Hall<'_>) {
        if hall.store.nodes[node].taints.is_empty() {
            return;
        }
        let generation = self.nodes[node].generation;
        let react = hall.reaction();
        hall.after(react, World::NodeLifecycle(Event::Untaint(node, generation, false)));
        let pass = Time::ZERO + self.pass_at(hall.now + EPOCH).since(Time::ZERO + EPOCH);
        hall.at(pass, World::NodeLifecycle(Event::Untaint(node, generation, true)));
    }

    fn untaint(&mut self, node: NodeId, generation: u16, execute: bool, hall: &mut Hall<'_>) {
        if self.nodes[node].generation != generation || !hall.store.nodes[node].ready {
            return;
        }
        let Ok(permit) = hall.store.gate.admit_controllers() else {
            return;
        };
        let taint = if execute {
            LifecycleTaint::UnreachableNoExecute
        } else {
            hall.write_taint(&permit, node, LifecycleTaint::NotReadyNoSchedule, false);
            LifecycleTaint::UnreachableNoSchedule
        };
        hall.write_taint(&permit, node, taint, false);
    }
}

fn all_silent(hall: &Hall<'_>) -> bool {
    hall.store.zones.iter().all(|zone| zone.size == zone.not_ready)
}

/// A node whose kubelet says that it is not ready gets no new pods; those it has stay (N-11). The NoExecute taint would come
/// with the next pass, which a moment at the start of a kubelet rarely meets.
fn self_reported(node: NodeId, hall: &mut Hall<'_>) {
    if hall.store.nodes[node].ready || !hall.store.nodes[node].exists {
        return;
    }
    if let Ok(permit) = hall.store.gate.admit_controllers() {
        hall.write_taint(&permit, node, LifecycleTaint::NotReadyNoSchedule, true);
    }
}

/// The cordon taint follows `spec.unschedulable`, written by the controller manager (N-4, O-35).
fn cordon_seen(node: NodeId, hall: &mut Hall<'_>) {
    if !hall.store.nodes[node].exists {
        return;
    }
    let cordoned = hall.store.nodes[node].unschedulable;
    if let Ok(permit) = hall.store.gate.admit_controllers() {
        hall.write_taint(&permit, node, LifecycleTaint::Unschedulable, cordoned);
    }
}
