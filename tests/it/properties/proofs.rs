//! A proof that nothing can change is held against what does happen: for a week where it says never, and until the time-out
//! of the drain where it names one.

use std::collections::BTreeMap;

use seatrial::cluster::{self, RunOptions};
use seatrial::ids::{DrainId, FactId, Id};
use seatrial::model::{Model, Step};
use seatrial::trace::{Fact, Observer, Record};
use seatrial::units::{Span, Time};

use super::laws::{Broken, law};
use super::{Run, options};

const WEEK: Span = Span::from_secs(7 * 24 * 3600);

/// What was seen of proofs.
#[derive(Default)]
struct Skeptic {
    /// The shortest time limit of a drain.
    limit: Span,
    /// When each drain's time is up.
    deadlines: BTreeMap<DrainId, Time>,
    /// Since when nothing can change, and until which drain's time is up; `None`: it was not said.
    told: Option<(Time, Option<DrainId>)>,
    /// The facts up to the first proof that is for ever.
    before: usize,
    broken: Option<String>,
    never: Option<Time>,
}

impl Observer for Skeptic {
    fn observe(&mut self, id: FactId, record: &Record) {
        match record.fact {
            Fact::NothingCanChange { until } => {
                if until.is_none() && self.never.is_none() {
                    (self.never, self.before) = (Some(record.at), id.index());
                }
                if !matches!(self.told, Some((_, None))) {
                    self.told = Some((record.at, until));
                }
            }
            Fact::DrainStarted { drain, .. } => {
                self.deadlines.insert(drain, record.at + self.limit);
            }
            Fact::PlanEnded { .. } | Fact::RunEnded => {}
            fact if !fact.is_attempt() => {
                if let (Some((since, until)), None) = (self.told, &self.broken)
                    && until.is_none_or(|drain| record.at < self.deadlines[&drain])
                {
                    self.broken = Some(format!(
                        "proof: nothing can change until {until:?} since {since:?}, but {fact:?} at {:?}",
                        record.at
                    ));
                }
            }
            _ => {}
        }
    }
}

impl Skeptic {
    fn new(model: &Model) -> Self {
        let plan = model.plan.as_ref();
        let steps = plan.into_iter().flat_map(|p| &p.steps).filter_map(|step| match step {
            Step::Drain { options, .. } => Some(options),
            _ => None,
        });
        let drains = plan.into_iter().map(|p| &p.drain).chain(steps);
        Self {
            limit: drains.filter_map(|d| d.timeout).min().unwrap_or_default(),
            ..Self::default()
        }
    }
}

/// Whether the run was proven to be stuck for ever, and it is so for a week.
pub(crate) fn check(run: &Run, seed: u64) -> Result<bool, String> {
    let mut skeptic = Skeptic::new(&run.model);
    for (number, record) in run.records.iter().enumerate() {
        skeptic.observe(FactId::from_index(number), record);
    }
    if let Some(broken) = skeptic.broken {
        return Err(broken);
    }
    let Some(at) = skeptic.never else { return Ok(false) };
    let longer = RunOptions {
        until: Some(at + WEEK),
        past_proof: true,
        stall: WEEK * 2,
        max_events: u64::MAX,
        ..options(seed)
    };
    let mut week = Skeptic::new(&run.model);
    let cost = cluster::run(&run.model, &longer, &mut week);
    same(&skeptic, &week)?;
    if let Some(broken) = week.broken {
        return Err(broken);
    }
    if cost.end < at + WEEK {
        return Err(format!("proof: the run that goes on ends at {:?}", cost.end));
    }
    Ok(true)
}

fn same(run: &Skeptic, week: &Skeptic) -> Broken {
    law!(
        run.never == week.never && run.before == week.before,
        "proof: at {:?} after {}, and then at {:?} after {}",
        run.never,
        run.before,
        week.never,
        week.before
    );
    Ok(())
}
