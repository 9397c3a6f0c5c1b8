//! One replication, from the first event to the last.

use super::attempts::{Attempt, Curiosity};
use super::deadlock::{self, Outlook};
use super::event::Event;
use super::hall::Hall;
use super::options::{RunCost, RunOptions};
use super::setup;
use super::world::World;
use crate::ids::{DrainId, FactId, Id, PodId};
use crate::model::Model;
use crate::trace::{Fact, Observer, PlanStatus};
use crate::units::{Span, Time};

/// The run goes on for so long after the cluster has settled, so that the data plane follows.
const TAIL: Span = Span::from_secs(5);

/// Whether a quiet cluster can still change is looked at after so long, and again whenever it has been quiet for twice as
/// long: longer than a gate's or an eviction's next attempt.
const QUIET: Span = Span::from_secs(6);

/// Runs one replication of a model; every fact goes to the observer, in order.
///
/// The same model and options give the same facts, whatever observes them.
pub fn run<O: Observer>(model: &Model, options: &RunOptions, observer: &mut O) -> RunCost {
    play(model, options, &[], observer).0
}

/// Runs the same once more, and tells what the scheduler found out about these pods whenever it looked for a node for one.
#[must_use]
pub fn attempts(model: &Model, options: &RunOptions, pods: &[PodId]) -> Vec<Attempt> {
    play(model, options, pods, &mut ()).1
}

fn play<O: Observer>(
    model: &Model,
    options: &RunOptions,
    curious: &[PodId],
    observer: &mut O,
) -> (RunCost, Vec<Attempt>) {
    let mut watch = Watch::new(model, options);
    let mut world = setup::world(model, options, &mut |hall| hand_over(hall, observer));
    if !curious.is_empty() {
        world.hall.curiosity = Some(Box::new(Curiosity {
            pods: curious.to_vec(),
            found: Vec::new(),
        }));
    }
    hand_over(&mut world.hall, observer);
    if let Some(until) = options.until {
        world.hall.at(until, Event::Wake);
    }
    let mut events = 0;
    while events < options.max_events && world.step() {
        events += 1;
        hand_over(&mut world.hall, observer);
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
    hand_over(&mut world.hall, observer);
    let cost = RunCost {
        events,
        facts: world.hall.fact_count() as u64,
        end: world.hall.now,
    };
    let found = world.hall.curiosity.map_or_else(Vec::new, |curiosity| curiosity.found);
    (cost, found)
}

/// Tells the observer the facts of an event.
#[inline]
fn hand_over<O: Observer>(hall: &mut Hall<'_>, observer: &mut O) {
    let facts = hall.fresh_facts();
    let first = hall.fact_count() - facts.len();
    for (number, record) in facts.iter().enumerate() {
        observer.observe(FactId::from_index(first + number), record);
    }
    hall.forget_facts();
}

/// Watches for the end of a run.
struct Watch<'o> {
    options: &'o RunOptions,
    /// A plan that has only repeated itself for so long is stuck: pods that still terminate are gone by then.
    stall: Span,
    /// Drains that fail are tried again for ever: between the time-outs of a stuck one nothing happens.
    rare: bool,
    /// When the plan had ended and nothing was under way any more.
    settled_at: Option<Time>,
    /// When plan and expected consequences had ended.
    quiet_since: Option<Time>,
    cut_off: bool,
    /// The quiet time that was looked at for a proof that it lasts: since when it is quiet, and how long it has to be
    /// quiet until the next look.
    looked: (Time, Span),
    /// The quiet time of which the reasons have been told, and whether it is for ever.
    told: Option<(Time, bool)>,
}

impl<'o> Watch<'o> {
    fn new(model: &Model, options: &'o RunOptions) -> Self {
        let drain = model.plan.as_ref().map(|plan| &plan.drain);
        let endless = drain.and_then(crate::upgrade::drain::endless);
        let grace = model.classes.iter().map(|c| c.grace).max().unwrap_or_default();
        Self {
            options,
            stall: options.stall.max(grace * 2).max(endless.unwrap_or_default() * 5),
            rare: endless.is_some(),
            settled_at: None,
            quiet_since: None,
            cut_off: false,
            looked: (Time::ZERO, QUIET),
            told: None,
        }
    }

    /// Whether the run is over.
    #[inline]
    fn over(&mut self, world: &mut World<'_>) -> bool {
        let hall = &world.hall;
        if self.options.until.is_some_and(|until| hall.now >= until) {
            self.cut_off = true;
            return true;
        }
        if !world.driver.ended(hall) {
            return hall.now.since(hall.progress) >= QUIET && self.stuck(world);
        }
        self.settled(&mut world.hall)
    }

    /// Whether nothing is under way any more, and has not been for a while, or nothing is expected for long.
    fn settled(&mut self, hall: &mut Hall<'_>) -> bool {
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

    /// Whether the plan, which has been quiet, makes no more progress: that is proven, or nothing has happened for very long.
    fn stuck(&mut self, world: &mut World<'_>) -> bool {
        let hall = &world.hall;
        let progress = hall.progress;
        let quiet = hall.now.since(progress);
        if hall.expected > 0 || !world.driver.only_repeats() {
            return false;
        }
        let stalled = hall.now.since(progress.max(world.driver.woken_at()));
        if self.looked.0 != progress {
            self.looked = (progress, QUIET);
        }
        if quiet >= self.looked.1 {
            self.looked.1 = quiet * 2;
            if self.rare {
                world.hall.after(quiet, Event::Wake);
            }
            match deadlock::outlook(world, progress) {
                Outlook::Open => {}
                Outlook::Until(drain) => self.tell(world, Some(drain)),
                Outlook::Never => {
                    self.tell(world, None);
                    if !self.options.past_proof {
                        return true;
                    }
                }
            }
        }
        stalled >= self.stall && !world.driver.has_limits()
    }

    /// Says once why nothing changes.
    fn tell(&mut self, world: &mut World<'_>, until: Option<DrainId>) {
        let news = Some((world.hall.progress, until.is_none()));
        if self.told != news {
            self.told = news;
            deadlock::tell(world, until);
        }
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
