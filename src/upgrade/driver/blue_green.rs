//! A whole new pool beside the old one: green comes, blue is cordoned, drained batch by batch, kept for a while, deleted;
//! and the way back as long as blue is there.

use std::collections::VecDeque;

use super::{AGAIN, Driver, Event, Progress, Stage};
use crate::cluster::event::Event as World;
use crate::cluster::hall::Hall;
use crate::model::{DrainVia, Pace, Plan};
use crate::trace::{Fact, NodeResult, PlanStatus};
use crate::units::Span;

/// Where a blue-green upgrade is; a node is known by its task.
#[derive(Debug, Default)]
pub(super) struct BlueGreen {
    /// Old nodes that wait for their drain.
    waiting: VecDeque<u32>,
    /// Old nodes that are empty.
    drained: Vec<u32>,
    /// Tasks that are at work.
    pub(super) busy: usize,
    /// All old nodes are cordoned.
    pub(super) cordoned: bool,
    /// Old nodes are being deleted: there is no way back.
    deleting: bool,
}

/// What is still to do on a node, the next thing last.
pub(super) fn stages(via: DrainVia) -> Vec<Stage> {
    let mut stages = vec![Stage::Soak, Stage::Gate, Stage::Delete, Stage::Hold];
    stages.extend((via != DrainVia::None).then_some(Stage::Drain));
    stages.extend([Stage::Hold, Stage::Joined, Stage::Create]);
    stages
}

impl Driver {
    /// A task waits for the others: its new node is there, or its old one is empty. An extra node waits for the end.
    pub(super) fn hold(&mut self, number: u32, plan: &Plan, hall: &mut Hall<'_>) {
        let task = &self.tasks[number as usize];
        if task.spare {
            return self.spare_is(Some(number), plan, hall);
        }
        if task.stages.contains(&Stage::Hold) {
            self.blue.waiting.push_back(number);
        } else {
            self.blue.drained.push(number);
        }
        self.blue.busy -= 1;
        if self.blue.busy == 0 {
            self.blue_green(plan, hall);
        }
    }

    /// Everybody waits: what comes next?
    pub(super) fn blue_green(&mut self, plan: &Plan, hall: &mut Hall<'_>) {
        let Some(strategy) = self.strategy(hall) else { return };
        let blue = &self.blue;
        let over = blue.waiting.is_empty() && blue.drained.is_empty();
        if over {
            self.blue = BlueGreen::default();
            return self.admit(plan, hall);
        }
        if matches!(self.status, PlanStatus::Aborted | PlanStatus::Refused) {
            return self.leave_blue(hall);
        }
        if !blue.cordoned {
            let start = self.kubectl(hall);
            return hall.after(start, World::Driver(Event::Premark));
        }
        let pause = match (blue.waiting.is_empty(), blue.drained.is_empty()) {
            (true, _) => strategy.pool_soak,
            (false, true) => Span::ZERO,
            (false, false) => strategy.batch_soak,
        };
        self.rest(pause, plan, hall);
    }

    fn rest(&mut self, pause: Span, plan: &Plan, hall: &mut Hall<'_>) {
        if pause == Span::ZERO {
            return self.blue_green_goes_on(plan, hall);
        }
        if let Some(run) = &mut self.pool {
            run.resting = true;
        }
        self.wake_after(pause, Event::Resume, hall);
    }

    /// The old nodes are cordoned.
    pub(super) fn blue_is_cordoned(&mut self, plan: &Plan, hall: &mut Hall<'_>) {
        self.blue.cordoned = true;
        self.blue_green_goes_on(plan, hall);
    }

    /// The next batch, or the end of blue.
    pub(super) fn blue_green_goes_on(&mut self, _: &Plan, hall: &mut Hall<'_>) {
        let Some(strategy) = self.strategy(hall) else { return };
        if self.blue.busy > 0 {
            return;
        }
        let next: Vec<u32> = if self.blue.waiting.is_empty() {
            self.blue.deleting = true;
            std::mem::take(&mut self.blue.drained)
        } else {
            let pace = Pace::of(strategy, self.pool_size as usize);
            let size = pace.drained_together().min(self.blue.waiting.len());
            self.blue.waiting.drain(..size).collect()
        };
        self.blue.busy = next.len();
        for number in next {
            hall.after(Span::ZERO, World::Driver(Event::Next(number)));
        }
    }

    /// The plan gives up: old nodes stay, cordoned, beside the new ones.
    fn leave_blue(&mut self, hall: &mut Hall<'_>) {
        let left = self.blue.waiting.drain(..).chain(self.blue.drained.drain(..));
        let left: Vec<u32> = left.collect();
        self.blue.busy = left.len();
        for number in left {
            let task = &mut self.tasks[number as usize];
            task.stages = vec![Stage::Soak];
            task.result = NodeResult::Quarantined;
            hall.after(Span::ZERO, World::Driver(Event::Next(number)));
        }
    }

    /// Somebody wants blue back: it is uncordoned, and green is drained and deleted. Too late once blue is being deleted.
    pub(super) fn rollback(&mut self, plan: &Plan, hall: &mut Hall<'_>) {
        let Progress::Pool(at) = self.progress else { return };
        if self.blue.deleting || plan.pools[at].strategy.rollback_after.is_none() {
            return;
        }
        let held: Vec<u32> = self.blue.waiting.drain(..).chain(self.blue.drained.drain(..)).collect();
        self.blue.busy += held.len();
        if self.blue.busy == 0 {
            return;
        }
        hall.emit_cause(Fact::RollbackStarted);
        self.stop();
        for task in self.tasks.iter_mut().filter(|t| !t.ended && !t.spare) {
            task.result = NodeResult::Skipped;
            task.stages = vec![Stage::Soak, Stage::Delete];
            task.stages
                .extend((task.options.via != DrainVia::None).then_some(Stage::Drain));
            task.stages.extend([Stage::Turn, Stage::Uncordon]);
        }
        for number in held {
            hall.after(Span::ZERO, World::Driver(Event::Next(number)));
        }
    }

    /// From here on it is the new node that the task works on.
    pub(super) fn turn(&mut self, number: u32, hall: &mut Hall<'_>) {
        let task = &mut self.tasks[number as usize];
        if let Some(green) = task.successor {
            task.node = green;
        }
        self.stage_done(number, hall);
    }

    /// The API was away when the old nodes were to be cordoned.
    pub(super) fn premark_again(hall: &mut Hall<'_>) {
        hall.after(AGAIN, World::Driver(Event::Premark));
    }
}
