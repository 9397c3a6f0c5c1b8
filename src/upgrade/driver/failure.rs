//! What the plan does when a drain fails, and when it gives up.

use super::{Driver, Event, Owner, Stage};
use crate::cluster::event::Event as World;
use crate::cluster::hall::Hall;
use crate::model::{DrainVia, OnAbort, OnFailure};
use crate::trace::{DrainOutcome, Fact, NodeResult, PlanStatus};
use crate::units::Span;

/// By when what follows a drain whose time was up has begun (kubectl starts within seconds).
const AFTER_LIMIT: Span = Span::from_secs(60);

impl Driver {
    /// Where the plan has given up and nodes are to be left as they are: this one is, unless its new version is on it.
    pub(super) fn goes_no_further(&mut self, number: u32, hall: &mut Hall<'_>) -> bool {
        let stops =
            self.status == PlanStatus::Aborted && self.strategy(hall).is_some_and(|s| s.on_abort == OnAbort::Stop);
        let task = &mut self.tasks[number as usize];
        let early = matches!(
            task.stages.last(),
            Some(Stage::Configure | Stage::Drain | Stage::Rest | Stage::Kubelet | Stage::Delete)
        );
        if !stops || !early || task.spare || task.control_plane || task.result != NodeResult::Upgraded {
            return false;
        }
        self.give_up(number, NodeResult::Quarantined, hall);
        true
    }

    /// A node is not drained although it should be.
    pub(super) fn alert(&mut self, number: u32, hall: &mut Hall<'_>) {
        let task = &self.tasks[number as usize];
        if task.draining {
            hall.emit_cause(Fact::DrainOverdue { node: task.node });
        }
    }

    /// A drain has ended: on to the next stage, or whatever the plan says for a failure.
    pub(crate) fn drained(&mut self, owner: Owner, outcome: DrainOutcome, hall: &mut Hall<'_>) {
        let ok = outcome == DrainOutcome::Completed;
        let number = match owner {
            Owner::Task(number) => number,
            Owner::Step => return hall.after(Span::ZERO, World::Driver(Event::StepDone(ok))),
        };
        let task = &mut self.tasks[number as usize];
        let retry = task.options.failure_retry_interval.max(Span::from_millis(1));
        if !ok && task.tries_left > 0 {
            task.tries_left -= 1;
            return hall.after(retry, World::Driver(Event::DrainAgain(number)));
        }
        let limited = std::mem::take(&mut task.limited);
        if ok {
            task.draining = false;
            self.limits -= u32::from(limited);
            return self.stage_done(number, hall);
        }
        if limited {
            // The plan is not stuck while what follows has still to begin.
            hall.after(AFTER_LIMIT, World::Driver(Event::LimitOver));
        }
        let again = matches!(task.options.on_failure, OnFailure::ForceDelete | OnFailure::Retry);
        task.draining = again;
        if !matches!(
            self.tasks[number as usize].options.on_failure,
            OnFailure::ForceDelete | OnFailure::TerminateAnyway | OnFailure::WarnAndContinue | OnFailure::Retry
        ) {
            self.leave_batch(number, hall);
        }
        let task = &mut self.tasks[number as usize];
        match task.options.on_failure {
            OnFailure::Abort => self.abort(number, hall),
            OnFailure::UncordonAndAbort => {
                task.stages = vec![Stage::Soak, Stage::Uncordon];
                task.result = NodeResult::Failed;
                self.stop();
                self.stage_done(number, hall);
            }
            OnFailure::Skip => {
                task.stages = vec![Stage::Soak, Stage::Uncordon];
                self.skip(number, NodeResult::Skipped, hall);
            }
            OnFailure::Quarantine => {
                task.stages = vec![Stage::Soak];
                self.skip(number, NodeResult::Quarantined, hall);
            }
            OnFailure::ForceDelete => {
                task.options.via = DrainVia::Delete;
                task.options.force = true;
                // Who does not ask budgets any more does not spare volumes either (gardener/machine-controller-manager).
                task.options.volumes_one_by_one = false;
                hall.after(Span::ZERO, World::Driver(Event::DrainAgain(number)));
            }
            OnFailure::TerminateAnyway => {
                task.reboot = true;
                self.stage_done(number, hall);
            }
            OnFailure::WarnAndContinue => self.stage_done(number, hall),
            OnFailure::Retry => hall.after(retry, World::Driver(Event::DrainAgain(number))),
        }
    }

    pub(super) fn skip(&mut self, number: u32, result: NodeResult, hall: &mut Hall<'_>) {
        self.tasks[number as usize].result = result;
        if self.status == PlanStatus::Completed {
            self.status = PlanStatus::CompletedWithSkips;
        }
        self.count_blocked(result, hall);
        self.stage_done(number, hall);
    }

    pub(super) fn abort(&mut self, number: u32, hall: &mut Hall<'_>) {
        self.stop();
        self.give_up(number, NodeResult::Failed, hall);
    }

    pub(super) fn give_up(&mut self, number: u32, result: NodeResult, hall: &mut Hall<'_>) {
        let task = &mut self.tasks[number as usize];
        task.stages = vec![Stage::Soak];
        task.result = result;
        self.stage_done(number, hall);
    }

    /// Nodes in the middle of their upgrade are finished; no other one is begun.
    pub(super) fn stop(&mut self) {
        self.status = PlanStatus::Aborted;
        if let Some(pool) = &mut self.pool {
            pool.stop();
        }
    }
}
