//! Pools, one after another: the extra nodes that come first, batches and pauses, windows, quotas, the end.

use super::replace;
use super::{Driver, Event, Progress, Stage, Task};
use crate::cluster::disruption::{self, Verdict};
use crate::cluster::event::Event as World;
use crate::cluster::hall::Hall;
use crate::ids::{Id, NodeId};
use crate::model::{
    DrainVia, Gate, Mode, NodeOrder, OnCreateFailure, OnQuota, Pace, Plan, Premark, Strategy, WorkloadKind,
};
use crate::trace::{Fact, NodeResult, PlanStatus};
use crate::units::{Span, Time};
use crate::upgrade::order::ordered;
use crate::upgrade::pool::{PoolRun, Slot};

/// How often it is looked again whether a node can be begun (Karpenter's disruption controller).
const LOOK: Span = Span::from_secs(10);
/// How often a new node that was refused or did not come is asked for again (an assumption).
pub(super) const ASK_AGAIN: Span = Span::from_secs(60);

impl Driver {
    pub(super) fn next_pool(&mut self, plan: &Plan, hall: &mut Hall<'_>) {
        let Progress::Pool(at) = self.progress else { return };
        let going_on = !matches!(self.status, PlanStatus::Aborted | PlanStatus::Refused);
        let Some(pool) = plan.pools.get(at).filter(|_| going_on) else {
            return self.begin_leg(self.leg + 1, plan, hall);
        };
        let mut nodes = ordered(pool, at, self.round, hall.model, &hall.streams);
        let strategy = &pool.strategy;
        if strategy.order == NodeOrder::FewestPods {
            nodes.sort_by_key(|(node, _)| (own_pods(*node, hall), node.index()));
        }
        self.machines = nodes.len();
        self.pool_size = u32::try_from(nodes.len()).unwrap_or(u32::MAX);
        let pace = Pace::of(strategy, nodes.len());
        let mut run = PoolRun::new(nodes, pace);
        let spares = pool.spares.get(self.round).cloned().unwrap_or_default();
        run.coming = spares.len();
        self.pool = Some(run);
        for spare in spares {
            self.begin_spare(spare, plan, strategy, hall);
        }
        self.open_pool(plan, hall);
    }

    /// An extra node: it comes, stays as long as the pool is worked on, and goes.
    fn begin_spare(&mut self, node: NodeId, plan: &Plan, strategy: &Strategy, hall: &mut Hall<'_>) {
        let mut stages = vec![Stage::Soak, Stage::Delete];
        stages.extend((plan.drain.via != DrainVia::None).then_some(Stage::Drain));
        stages.extend([Stage::Hold, Stage::Joined, Stage::Create]);
        let mut task = Task::new(node, stages, plan);
        task.successor = Some(node);
        task.spare = true;
        // That it is there is looked at whatever the strategy's gate is.
        task.gate = if strategy.gate == Gate::None {
            Gate::None
        } else {
            Gate::Ready
        };
        self.begin_task(task, hall);
    }

    /// The first nodes are begun when all extra nodes are there.
    fn open_pool(&mut self, plan: &Plan, hall: &mut Hall<'_>) {
        let (Progress::Pool(at), Some(run)) = (&self.progress, &self.pool) else {
            return;
        };
        let strategy = &plan.pools[*at].strategy;
        if run.coming > 0 {
            return;
        }
        if let Some(after) = strategy.rollback_after {
            self.wake_after(after, Event::Rollback, hall);
        }
        if strategy.premark == Premark::None || strategy.mode == Mode::BlueGreen {
            return self.admit(plan, hall);
        }
        let start = self.kubectl(hall);
        hall.after(start, World::Driver(Event::Premark));
    }

    /// An extra node is there, or it will not come.
    pub(super) fn spare_is(&mut self, number: Option<u32>, plan: &Plan, hall: &mut Hall<'_>) {
        let Some(run) = &mut self.pool else { return };
        run.coming -= 1;
        run.spares.extend(number);
        self.open_pool(plan, hall);
    }

    /// Starts as many nodes of the current pool as may be worked on.
    pub(super) fn admit(&mut self, plan: &Plan, hall: &mut Hall<'_>) {
        let (Progress::Pool(at), Some(run)) = (&self.progress, &mut self.pool) else {
            return;
        };
        let (at, strategy) = (*at, &plan.pools[*at].strategy);
        if run.resting {
            return;
        }
        if run.idle() && !run.has_waiting() {
            return self.close_pool(at, strategy, plan, hall);
        }
        if run.has_waiting() {
            let elapsed = hall.now.since(Time::ZERO + plan.start_at);
            if let Some(wait) = strategy.window.and_then(|w| w.closed_for(elapsed)) {
                run.resting = true;
                return self.wake_after(wait, Event::Resume, hall);
            }
        }
        let nodes = run.admit(|node| !strategy.only_evictable || evictable(node, hall));
        if strategy.only_evictable && run.has_waiting() && !run.looking {
            // Not a timer: a plan that can only look for ever is stuck.
            run.looking = true;
            hall.after(LOOK, World::Driver(Event::Look));
        }
        let batch = strategy.lockstep.then_some(self.batches);
        if strategy.lockstep {
            self.batches += 1;
            self.arrived.push(Vec::new());
        }
        for (node, successor, slot) in nodes {
            let mut stages = match strategy.mode {
                Mode::InPlace => super::legs::in_place(plan, strategy.premark, hall),
                Mode::Replace => replace::stages(slot, plan.drain.via),
                Mode::BlueGreen => super::blue_green::stages(plan.drain.via),
            };
            if strategy.post_drain_delay > Span::ZERO {
                rest_after_drain(&mut stages);
            }
            let mut task = Task::new(node, stages, plan);
            task.successor = successor;
            task.slot = slot;
            task.reboot = strategy.reboot;
            task.soak = strategy.soak;
            task.gate = strategy.gate;
            task.batch = batch;
            self.begin_pool_task(task, strategy.mode, hall);
        }
    }

    fn begin_pool_task(&mut self, task: Task, mode: Mode, hall: &mut Hall<'_>) {
        self.blue.busy += usize::from(mode == Mode::BlueGreen);
        self.begin_task(task, hall);
    }

    /// A node of the pool is done.
    pub(super) fn pool_goes_on(&mut self, number: u32, plan: &Plan, hall: &mut Hall<'_>) {
        let Progress::Pool(at) = self.progress else { return };
        let strategy = &plan.pools[at].strategy;
        let Some(run) = &mut self.pool else { return };
        let task = &self.tasks[number as usize];
        if task.spare {
            if run.going > 0 {
                run.going -= 1;
            } else {
                return self.spare_is(None, plan, hall);
            }
            return self.admit(plan, hall);
        }
        run.done(task.slot);
        if strategy.mode == Mode::BlueGreen {
            self.blue.busy -= 1;
            if self.blue.busy == 0 {
                return self.blue_green(plan, hall);
            }
            return;
        }
        if run.between_batches() && strategy.batch_soak > Span::ZERO {
            run.resting = true;
            return self.wake_after(strategy.batch_soak, Event::Resume, hall);
        }
        self.admit(plan, hall);
    }

    /// A pause is over.
    pub(super) fn resume(&mut self, plan: &Plan, hall: &mut Hall<'_>) {
        let Progress::Pool(at) = self.progress else { return };
        if let Some(run) = &mut self.pool {
            run.resting = false;
        }
        if plan.pools[at].strategy.mode == Mode::BlueGreen && self.blue.cordoned {
            return self.blue_green_goes_on(plan, hall);
        }
        self.admit(plan, hall);
    }

    pub(super) fn look(&mut self, plan: &Plan, hall: &mut Hall<'_>) {
        if let Some(run) = &mut self.pool {
            run.looking = false;
        }
        self.admit(plan, hall);
    }

    /// The last node is done: a pause, then the extra nodes go, then the next pool.
    fn close_pool(&mut self, at: usize, strategy: &Strategy, plan: &Plan, hall: &mut Hall<'_>) {
        let Some(run) = &mut self.pool else { return };
        let stopped = matches!(self.status, PlanStatus::Aborted | PlanStatus::Refused);
        let soaks = strategy.pool_soak > Span::ZERO && strategy.mode != Mode::BlueGreen && !stopped;
        if soaks && !std::mem::replace(&mut run.soaked, true) {
            run.resting = true;
            return self.wake_after(strategy.pool_soak, Event::Resume, hall);
        }
        if run.going > 0 {
            return;
        }
        // An extra node stays for each node that was left behind.
        let left = usize::try_from(run.blocked).unwrap_or(usize::MAX);
        let going: Vec<u32> = run.spares.drain(..).skip(left).collect();
        if going.is_empty() || stopped {
            self.progress = Progress::Pool(at + 1);
            return self.next_pool(plan, hall);
        }
        run.going = going.len();
        for number in going {
            hall.after(Span::ZERO, World::Driver(Event::Next(number)));
        }
    }

    /// Whether an event is only another look at something that is as it was, and does not change by itself.
    pub(crate) fn looks_again(&self, event: Event, hall: &Hall<'_>) -> bool {
        match event {
            Event::Gate(task) => !super::is_open(&self.tasks[task as usize], hall),
            Event::Look => self
                .pool
                .as_ref()
                .is_none_or(|run| !run.could_begin(|node| evictable(node, hall))),
            // The plan would only ask again for what never comes.
            Event::NeverCreated(_) => self
                .strategy(hall)
                .is_some_and(|s| s.on_create_failure == OnCreateFailure::Retry),
            Event::LimitOver => true,
            _ => false,
        }
    }

    /// Whether one more machine would be too many; then the task goes another way.
    pub(super) fn refused_by_quota(&mut self, number: u32, hall: &mut Hall<'_>) -> bool {
        let Some(strategy) = self.strategy(hall) else {
            return false;
        };
        let most = strategy.max_nodes.map_or(usize::MAX, |m| m as usize);
        if self.machines < most {
            self.machines += 1;
            return false;
        }
        let task = &mut self.tasks[number as usize];
        hall.emit_cause(Fact::CreationRefused { node: task.origin });
        match strategy.on_quota {
            OnQuota::Retry => {
                task.stages.push(Stage::Create);
                hall.after(ASK_AGAIN, World::Driver(Event::Next(number)));
            }
            OnQuota::GoWithout if task.spare => {
                task.stages = vec![Stage::Soak];
                hall.after(Span::ZERO, World::Driver(Event::Next(number)));
            }
            OnQuota::GoWithout if strategy.mode == Mode::Replace && task.slot == Slot::Surge => {
                // As where one more node may be missing.
                task.stages = replace::stages(Slot::Unavailable, task.options.via);
                hall.after(Span::ZERO, World::Driver(Event::Next(number)));
            }
            OnQuota::GoWithout | OnQuota::Abort => self.abort(number, hall),
        }
        true
    }

    /// The strategy of the pool that is worked on.
    pub(super) fn strategy<'m>(&self, hall: &Hall<'m>) -> Option<&'m Strategy> {
        let Progress::Pool(at) = self.progress else { return None };
        let pool = hall.model.plan.as_ref()?.pools.get(at)?;
        Some(&pool.strategy)
    }

    /// A node was left out; too many of them end the plan.
    pub(super) fn count_blocked(&mut self, result: NodeResult, hall: &Hall<'_>) {
        if !matches!(result, NodeResult::Skipped | NodeResult::Quarantined) {
            return;
        }
        let Some(run) = &mut self.pool else { return };
        run.blocked += 1;
        let blocked = run.blocked;
        let most = self.strategy(hall).and_then(|s| s.max_blocked_nodes);
        if most.is_some_and(|m| blocked > m.round_up(self.pool_size)) {
            self.stop();
        }
    }
}

/// Puts a pause after the drain.
fn rest_after_drain(stages: &mut Vec<Stage>) {
    if let Some(at) = stages.iter().position(|&s| s == Stage::Drain) {
        stages.insert(at, Stage::Rest);
    }
}

/// Whether every pod of a node that a drain would evict could be evicted at this instant.
fn evictable(node: NodeId, hall: &Hall<'_>) -> bool {
    let pods = hall.store.nodes[node].pods.iter();
    let mut moving = pods.filter(|&&pod| {
        let kind = hall.manner(hall.store.pods[pod].workload).kind;
        !matches!(kind, WorkloadKind::DaemonSet | WorkloadKind::StaticPod)
    });
    moving.all(|&pod| {
        matches!(
            disruption::judge(pod, hall),
            Verdict::Gone | Verdict::Free | Verdict::Takes(..)
        )
    })
}

/// Pods of a node that a drain would evict.
fn own_pods(node: NodeId, hall: &Hall<'_>) -> usize {
    let pods = hall.store.nodes[node].pods.iter();
    pods.filter(|&&pod| {
        let kind = hall.manner(hall.store.pods[pod].workload).kind;
        !matches!(kind, WorkloadKind::DaemonSet | WorkloadKind::StaticPod)
    })
    .count()
}
