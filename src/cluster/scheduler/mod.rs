//! kube-scheduler: one pod at a time from the queue to a node (S-1 … S-22).

mod alike;
mod blocks;
mod crowd;
mod fit;
mod labels;
mod neighbours;
mod outlook;
mod preempt;
mod queue;
mod quick;
mod room;
mod score;
mod shapes;
mod spread;
mod tests;
mod verdicts;

use super::event::Event as World;
use super::hall::Hall;
use super::rate::TokenBucket;
use crate::ids::{Id, NodeId, PodId};
use crate::model::WorkloadKind;
use crate::model::behaviour::scheduler as behaviour;
use crate::rng::{Purpose, Ties};
use crate::trace::{Fact, Unfit};
use crate::units::{Span, Time};
use crowd::Crowd;
use fit::Fit;
use labels::Asking;
use queue::SchedulingQueue;
pub(super) use room::FreedRoom;
use score::Scorer;
use shapes::Shapes;

/// What the scheduler waits for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Event {
    /// An unbound pod was seen.
    Added(PodId),
    /// The scheduler sees that it has written a pod's condition (process generation).
    Updated(PodId, u16),
    /// The object of a bound pod is gone: its room is free (S-5, S-9).
    PodGone,
    /// A pod that others may wait for was bound (S-5).
    PodAssigned(PodId),
    /// A node has changed; `helps`: in a way that can make room.
    NodeChanged { helps: bool },
    /// A scheduling cycle ends with a decision.
    Decide(PodId, u16),
    /// A binding reaches the API (process generation).
    Bind(PodId, NodeId, u16),
    /// The back-off queue is looked at.
    Tick(u16),
    /// The unschedulable pods are looked at.
    Flush(u16),
}

/// `schedulingCycle` runs from the moment when an idle scheduler sees a pod. The work alone is a tenth of it: pods that
/// had waited were bound 0.2 ms (1.36) and 0.5 ms (1.20) after each other in the quicker quarter of 137 recorded cases.
const AWAKE_SHARE: u64 = 10;

/// The scheduler.
#[derive(Debug)]
pub(crate) struct Scheduler {
    queue: SchedulingQueue,
    fit: Fit,
    scorer: Scorer,
    shapes: Shapes,
    crowd: Crowd,
    ties: Ties,
    /// Where the search for nodes starts next time (S-10).
    next_start: usize,
    /// Of all classes: only pods above it can preempt.
    lowest_priority: i32,
    /// A cycle is going on.
    busy: bool,
    /// Something changed during the cycle (S-3).
    moved: bool,
    /// Counts processes, so that what an old one left behind is ignored.
    generation: u16,
    binds: TokenBucket,
    ticking: bool,
    /// When the back-off queue was first looked at (S-4).
    first_tick: Time,
    flushing: bool,
}

impl Scheduler {
    pub(crate) fn new(hall: &Hall<'_>) -> Self {
        let client = hall.model.control_plane.scheduler_client;
        Self {
            queue: SchedulingQueue::default(),
            fit: Fit::new(hall.model),
            scorer: Scorer::new(hall.model),
            shapes: Shapes::new(hall.model),
            crowd: Crowd::new(&hall.store.spreading.order),
            ties: Ties::new(hall.streams.stream(Purpose::Ties, 0)),
            next_start: 0,
            lowest_priority: hall.model.classes.iter().map(|c| c.priority).min().unwrap_or(0),
            busy: false,
            moved: false,
            generation: 0,
            binds: TokenBucket::new(client.qps, client.burst),
            ticking: false,
            first_tick: Time::ZERO
                + hall
                    .streams
                    .stream(Purpose::SchedulerTick, 0)
                    .between(Span::ZERO, queue::SECOND),
            flushing: false,
        }
    }

    pub(crate) fn handle(&mut self, event: Event, hall: &mut Hall<'_>) {
        let awake = matches!(event, Event::Decide(..) | Event::Tick(_) | Event::Flush(_));
        match event {
            Event::Bind(pod, node, generation) => return self.bind(pod, node, generation, hall),
            Event::Decide(pod, generation) => {
                if generation == self.generation {
                    self.decide(pod, hall);
                }
            }
            _ if hall.store.gate.scheduler.is_none() => return,
            Event::Added(pod) => self.queue.add(pod, priority(pod, hall), hall.now, hall.cause),
            Event::Updated(pod, generation) => {
                if generation == self.generation {
                    self.queue.updated(pod);
                }
            }
            Event::PodGone => self.wake(hall),
            Event::PodAssigned(pod) => self.wake_company(pod, hall),
            Event::NodeChanged { helps } => {
                if helps || !behaviour::queueing_hints(hall.store.gate.minors.scheduler) {
                    self.wake(hall);
                }
            }
            Event::Tick(generation) => {
                if generation == self.generation {
                    self.ticking = false;
                    self.queue.flush_backoff(hall.now);
                }
            }
            Event::Flush(generation) => {
                if generation == self.generation {
                    self.flushing = false;
                    let after = behaviour::unschedulable_flush(hall.store.gate.minors.scheduler);
                    self.queue.flush_unschedulable(hall.now, after);
                }
            }
        }
        self.go_on(awake, hall);
    }

    /// A process begins to schedule: it lists the pods that are not bound.
    pub(crate) fn start(&mut self, hall: &mut Hall<'_>) {
        self.generation = self.generation.wrapping_add(1);
        (self.busy, self.moved, self.ticking, self.flushing) = (false, false, false, false);
        if hall.now > Time::ZERO {
            self.first_tick = hall.now;
        }
        self.queue.clear();
        for (pod, state) in hall.store.pods.iter_ids() {
            if state.exists && state.node.is_none() && !state.terminating {
                self.queue.add(pod, priority(pod, hall), hall.now, hall.cause);
            }
        }
        self.go_on(true, hall);
    }

    fn wake(&mut self, hall: &mut Hall<'_>) {
        self.moved |= self.busy;
        self.queue.move_all(hall.now, hall.cause);
    }

    /// A pod was bound: those that want to be near it, or to be spread with it, are tried again.
    fn wake_company(&mut self, bound: PodId, hall: &Hall<'_>) {
        self.moved |= self.busy;
        let class = hall.store.pods[bound].class;
        let spread = behaviour::spread_wakes_on_bind(hall.store.gate.minors.scheduler);
        let wants = |pod: PodId| {
            let waiting = hall.template_of(pod);
            waiting.placement.as_ref().is_some_and(|p| {
                let near = p.affinity.iter().any(|t| t.classes.binary_search(&class).is_ok());
                near || spread
                    && p.spread
                        .iter()
                        .any(|c| c.hard && c.classes.binary_search(&class).is_ok())
            })
        };
        self.queue.move_some(hall.now, hall.cause, wants);
    }

    /// Starts the next cycle if none is going on, and keeps the timers of the queue running. `awake`: the scheduler was at
    /// work just now.
    fn go_on(&mut self, awake: bool, hall: &mut Hall<'_>) {
        if hall.store.gate.scheduler.is_none() {
            return;
        }
        let generation = self.generation;
        if !self.busy {
            let early = behaviour::pops_from_backoff(hall.store.gate.minors.scheduler);
            if let Some(pod) = self.queue.pop(early) {
                self.busy = true;
                self.moved = false;
                hall.freed.cycle = Some(hall.now);
                let cycle = hall.draw(&hall.model.timings.scheduling_cycle).as_micros();
                let cycle = Span::from_micros(if awake { cycle / AWAKE_SHARE } else { cycle });
                let cause = std::mem::replace(&mut hall.cause, self.queue.cause(pod));
                hall.after(cycle, World::Scheduler(Event::Decide(pod, generation)));
                hall.cause = cause;
            }
        }
        if self.queue.backs_off() && !self.ticking {
            self.ticking = true;
            let aligned = behaviour::pops_from_backoff(hall.store.gate.minors.scheduler);
            let at = queue::next_tick(self.first_tick, aligned, hall.now);
            hall.at(at, World::Scheduler(Event::Tick(generation)));
        }
        hall.freed.awaited = self.queue.waits();
        hall.freed.cycle = hall.freed.cycle.filter(|_| self.busy);
        if self.queue.waits() && !self.flushing {
            self.flushing = true;
            hall.after(Span::from_secs(30), World::Scheduler(Event::Flush(generation)));
        }
    }

    fn decide(&mut self, pod: PodId, hall: &mut Hall<'_>) {
        self.busy = false;
        let state = &hall.store.pods[pod];
        if hall.store.gate.scheduler.is_none() || !state.exists || state.terminating || state.node.is_some() {
            return;
        }
        let placed = self.place(pod, hall);
        if hall.curiosity.is_some() {
            self.tell(pod, placed.ok(), hall);
        }
        match placed {
            Ok(node) => {
                hall.destination = Some(node);
                hall.reserve(pod, node);
                let ready = hall.now + hall.draw(&hall.model.timings.binding);
                let at = self.binds.admit(ready);
                hall.at(at, World::Scheduler(Event::Bind(pod, node, self.generation)));
            }
            Err(why) => {
                let cause = hall.cause;
                let moved = self.moved | hall.ask_for_room();
                if self.queue.fail(pod, priority(pod, hall), why, hall.now, moved) {
                    hall.emit_cause(Fact::PodUnschedulable { pod, why });
                    if behaviour::own_condition_wakes(hall.store.gate.minors.scheduler) {
                        let written = hall.half_call();
                        let seen = hall.draw(&hall.model.timings.watch_delivery);
                        hall.after(written + seen, World::Scheduler(Event::Updated(pod, self.generation)));
                    }
                }
                self.preempt(pod, hall);
                hall.cause = cause;
            }
        }
    }

    /// The node for a pod, or why there is none.
    pub(crate) fn place(&mut self, pod: PodId, hall: &mut Hall<'_>) -> Result<NodeId, Unfit> {
        let ask = Asking::new(pod, hall);
        let state = &hall.store.pods[pod];
        if hall.manner(state.workload).kind == WorkloadKind::DaemonSet {
            let node = NodeId::from_index(state.slot as usize);
            return self.fit.only(ask, node, hall);
        }
        if let Some(node) = self.nominated(pod, hall)
            && behaviour::prefers_nominated(ask.minor)
        {
            self.fit.prepare(ask, hall);
            if self.fit.examine(ask, node, hall).is_none() {
                return Ok(node);
            }
        }
        if let Some(node) = self.quick(ask, hall) {
            return Ok(node);
        }
        let examined = self.fit.search(ask, self.next_start, hall)?;
        self.next_start = (self.next_start + examined) % hall.model.nodes.len();
        let Fit {
            feasible,
            labels,
            neighbours,
            ..
        } = &mut self.fit;
        match feasible[..] {
            [only] => Ok(only),
            _ => {
                let judges = (&*labels, neighbours);
                Ok(self.scorer.best(ask, feasible, &mut self.ties, judges, hall))
            }
        }
    }

    fn bind(&mut self, pod: PodId, node: NodeId, generation: u16, hall: &mut Hall<'_>) {
        let state = &hall.store.pods[pod];
        let wanted = state.exists && !state.terminating && state.node.is_none();
        let permit = hall.store.gate.admit_scheduler();
        match permit {
            Ok(permit) if wanted && generation == self.generation => {
                self.queue.bound(pod);
                hall.bind_pod(&permit, pod, node);
                if hall.template_of(pod).counted {
                    let seen = hall.draw(&hall.model.timings.watch_delivery);
                    hall.after(seen, World::Scheduler(Event::PodAssigned(pod)));
                }
            }
            _ => {
                hall.unreserve(pod, node);
                if wanted && generation == self.generation && hall.store.gate.scheduler.is_some() {
                    self.queue
                        .fail(pod, priority(pod, hall), Unfit::default(), hall.now, true);
                }
            }
        }
        self.go_on(false, hall);
    }
}

fn priority(pod: PodId, hall: &Hall<'_>) -> i32 {
    hall.template_of(pod).priority
}
