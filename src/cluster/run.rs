//! One replication, from the first event to the last.

use super::event::Event;
use super::hall::Hall;
use super::options::{RunCost, RunOptions};
use super::setup;
use super::world::World;
use crate::ids::{FactId, Id};
use crate::model::Model;
use crate::trace::{Fact, Observer, PlanStatus};
use crate::units::{Span, Time};

/// The run goes on for so long after the cluster has settled, so that the data plane follows.
const TAIL: Span = Span::from_secs(5);

/// Runs one replication of a model; every fact goes to the observer, in order.
///
/// The same model and options give the same facts, whatever observes them.
pub fn run<O: Observer>(model: &Model, options: &RunOptions, observer: &mut O) -> RunCost {
    let mut watch = Watch::new(model, options);
    let mut world = setup::world(model, options, &mut |hall| watch.hand_over(hall, observer));
    watch.hand_over(&mut world.hall, observer);
    if let Some(until) = options.until {
        world.hall.at(until, Event::Wake);
    }
    let mut events = 0;
    while events < options.max_events && world.step() {
        events += 1;
        watch.hand_over(&mut world.hall, observer);
        if watch.over(&mut world) {
            break;
        }
    }
    watch.cut_off |= events >= options.max_events;
    world.drains.close(&mut world.hall);
    let status = watch.unfinished();
    world.driver.close(status, &mut world.hall);
    world.hall.cause = None;
    world.hall.emit(Fact::RunEnded);
    watch.hand_over(&mut world.hall, observer);
    RunCost {
        events,
        facts: world.hall.fact_count() as u64,
        end: world.hall.now,
    }
}

/// Watches for the end of a run.
struct Watch<'o> {
    options: &'o RunOptions,
    /// A plan that has only repeated itself for so long is stuck: pods that still terminate are gone by then.
    stall: Span,
    /// When something other than a repetition happened last.
    last_progress: Time,
    /// When the plan had ended and nothing was under way any more.
    settled_at: Option<Time>,
    /// When plan and expected consequences had ended.
    quiet_since: Option<Time>,
    cut_off: bool,
}

impl<'o> Watch<'o> {
    fn new(model: &Model, options: &'o RunOptions) -> Self {
        let grace = model.classes.iter().map(|c| c.grace).max().unwrap_or_default();
        Self {
            options,
            stall: options.stall.max(grace * 2),
            last_progress: Time::ZERO,
            settled_at: None,
            quiet_since: None,
            cut_off: false,
        }
    }

    fn hand_over<O: Observer>(&mut self, hall: &mut Hall<'_>, observer: &mut O) {
        let (first, facts) = hall.drain_facts();
        for (number, record) in facts.enumerate() {
            if !is_repetition(&record.fact) {
                self.last_progress = record.at;
            }
            observer.observe(FactId::from_index(first + number), &record);
        }
    }

    fn over(&mut self, world: &mut World<'_>) -> bool {
        let hall = &mut world.hall;
        if self.options.until.is_some_and(|until| hall.now >= until) {
            self.cut_off = true;
            return true;
        }
        if !world.driver.ended(hall) {
            let stalled = hall.now.since(self.last_progress) >= self.stall;
            return stalled && hall.expected == 0 && world.driver.only_repeats();
        }
        let waits = hall.expected > 0 || hall.unlisted > 0 && hall.store.gate.available();
        if waits {
            self.quiet_since = None;
        } else if self.quiet_since.is_none() {
            self.quiet_since = Some(hall.now);
            hall.after(self.options.settle, Event::Wake);
        }
        let calm = !waits
            && hall.store.missing == 0
            && hall.store.arriving == 0
            && hall.store.terminating == 0
            && hall.store.rollouts == 0
            && hall.store.gate.admit_controllers().is_ok()
            && hall.store.gate.admit_scheduler().is_ok()
            && hall.store.gate.available();
        if !calm {
            self.settled_at = None;
        } else if self.settled_at.is_none() {
            self.settled_at = Some(hall.now);
            hall.after(TAIL, Event::Wake);
        }
        let passed = |since: Option<Time>, span: Span| since.is_some_and(|t| hall.now.since(t) >= span);
        passed(self.settled_at, TAIL) || passed(self.quiet_since, self.options.settle)
    }

    /// What a plan that has not ended came to.
    const fn unfinished(&self) -> PlanStatus {
        if self.cut_off {
            PlanStatus::Inconclusive
        } else {
            PlanStatus::Blocked
        }
    }
}

/// What a stuck plan repeats for ever: attempts, and that they failed.
fn is_repetition(fact: &Fact) -> bool {
    matches!(
        fact,
        Fact::EvictionRefused { .. }
            | Fact::EvictionFailed { .. }
            | Fact::CreationRefused { .. }
            | Fact::PodNotDrainable { .. }
            | Fact::PodNotAdmitted { .. }
            | Fact::PodUnschedulable { .. }
            | Fact::DrainStarted { .. }
            | Fact::DrainEnded { .. }
    )
}
