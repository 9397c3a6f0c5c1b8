//! Evictions and drains: what budgets protect (P-*), and what `kubectl drain` does and does not touch (D-*).

use seatrial::ids::{BudgetId, DrainId, IdVec, NodeId, PodId};
use seatrial::model::{BudgetLimit, Model, WorkloadKind};
use seatrial::trace::{DeletedBy, DrainOutcome, Fact};
use seatrial::units::IntOrPercent;

use super::laws::{Broken, law};
use super::mirror::{Mirror, name};

/// What was seen of budgets and drains.
pub(crate) struct Watch {
    /// Budgets some of whose pods were lost in another way than by eviction: their status may be too good (P-14, P-15).
    disturbed: IdVec<BudgetId, bool>,
    drains: IdVec<DrainId, Drain>,
    outage: bool,
}

struct Drain {
    node: NodeId,
    accepted: Vec<PodId>,
    ended: bool,
    /// The API was away while it went on.
    outage: bool,
}

impl Watch {
    pub(crate) fn new(model: &Model) -> Self {
        Self {
            disturbed: model.budgets.iter().map(|_| false).collect(),
            drains: IdVec::new(),
            outage: false,
        }
    }

    /// The laws for one fact; the mirror does not know it yet.
    pub(crate) fn check(&mut self, mirror: &Mirror<'_>, fact: &Fact) -> Broken {
        match *fact {
            Fact::ApiUnavailable => {
                self.outage = true;
                self.drains.iter_mut().for_each(|d| d.outage = true);
            }
            Fact::ApiAvailable => self.outage = false,
            Fact::DrainStarted { node, .. } => {
                self.drains.push(Drain {
                    node,
                    accepted: Vec::new(),
                    ended: false,
                    outage: self.outage,
                });
            }
            Fact::EvictionAccepted { drain, pod } => {
                self.accepted(mirror, drain, pod)?;
                self.drains[drain].accepted.push(pod);
            }
            Fact::DrainEnded { drain, outcome, .. } => self.ended(mirror, drain, outcome)?,
            _ => {}
        }
        self.disturb(mirror, fact);
        Ok(())
    }

    fn disturb(&mut self, mirror: &Mirror<'_>, fact: &Fact) {
        let lost = match *fact {
            Fact::PodUnready { pod } if mirror.started && mirror.pods[pod].lives() => pod,
            Fact::PodDeleted { pod, by } if by != DeletedBy::Drain => pod,
            // A drain that deletes says so by deleting without an eviction.
            Fact::PodDeleted { pod, .. } if !self.evicts(pod) => pod,
            _ => return,
        };
        if !mirror.pods[lost].ready {
            return;
        }
        for &budget in &mirror.class(lost).budgets {
            self.disturbed[budget] = true;
        }
    }

    fn evicts(&self, pod: PodId) -> bool {
        self.drains.iter().any(|d| d.accepted.last() == Some(&pod))
    }

    /// P-1 and O-52: no eviction takes the healthy pods of a budget below what it asks for.
    fn accepted(&self, mirror: &Mirror<'_>, drain: DrainId, pod: PodId) -> Broken {
        let (state, drain) = (&mirror.pods[pod], &self.drains[drain]);
        law!(
            !drain.ended && state.node == Some(drain.node) && !state.removed,
            "D-6: {} does not belong to the drain",
            name(mirror, pod)
        );
        law!(
            !matches!(mirror.kind(pod), WorkloadKind::DaemonSet | WorkloadKind::StaticPod),
            "D-7: {} was evicted",
            name(mirror, pod)
        );
        if !state.healthy() {
            return Ok(());
        }
        let budget = match mirror.class(pod).budgets[..] {
            [] => return Ok(()),
            [budget] => budget,
            _ => return Err(format!("O-47: {} has two budgets", name(mirror, pod))),
        };
        if self.disturbed[budget] {
            return Ok(());
        }
        let left = healthy(mirror, budget) - 1;
        let (expected, desired) = desired_healthy(mirror, budget);
        law!(
            expected > 0,
            "P-10: {} under a budget that expects nobody",
            name(mirror, pod)
        );
        law!(
            left >= desired,
            "O-52: evicting {} leaves {left} of {desired} for {}",
            name(mirror, pod),
            mirror.model.budgets[budget].name
        );
        Ok(())
    }

    /// D-9: a drain is complete when everything it evicted is gone; kubectl 1.20 is fooled by outages (D-13).
    fn ended(&mut self, mirror: &Mirror<'_>, id: DrainId, outcome: DrainOutcome) -> Broken {
        let drain = &mut self.drains[id];
        law!(!drain.ended, "D-12: {id:?} ends twice");
        drain.ended = true;
        let left = drain.accepted.iter().find(|&&p| !mirror.pods[p].removed);
        let fooled = drain.outage && mirror.model.version.minor() <= 20;
        if let (Some(&pod), DrainOutcome::Completed, false) = (left, outcome, fooled) {
            return Err(format!("D-9: {} is still there", name(mirror, pod)));
        }
        Ok(())
    }

    /// At the end every drain has ended.
    pub(crate) fn finish(&self) -> Broken {
        let open = self.drains.iter_ids().find(|(_, d)| !d.ended);
        law!(open.is_none(), "D-12: {:?} never ended", open.map(|(id, _)| id));
        Ok(())
    }
}

/// Ready pods that match and are not being deleted (P-11).
fn healthy(mirror: &Mirror<'_>, budget: BudgetId) -> u32 {
    let model = mirror.model;
    let matching = model
        .workloads
        .iter_ids()
        .filter(|(_, w)| model.classes[w.class].budgets.contains(&budget));
    matching.map(|(id, _)| mirror.healthy(id)).sum()
}

/// P-9: how many pods there should be, and how many of them healthy. Pods that nobody owns do not count for the scale
/// (P-10), Jobs have none, and where nothing is expected nothing is allowed (P-12).
fn desired_healthy(mirror: &Mirror<'_>, budget: BudgetId) -> (u32, u32) {
    let model = mirror.model;
    let matching = model
        .workloads
        .iter_ids()
        .filter(|(_, w)| model.classes[w.class].budgets.contains(&budget));
    let matching: Vec<_> = matching.collect();
    let pods: u32 = matching.iter().map(|(id, _)| mirror.count(*id)).sum();
    let owned = matching.iter().filter(|(id, _)| mirror.owned(*id));
    let scaleless = owned.clone().any(|(_, w)| w.kind == WorkloadKind::Job);
    let scale: u32 = if scaleless {
        0
    } else {
        owned.map(|(_, w)| w.desired).sum()
    };
    let up = |percent: u32| (scale * percent).div_ceil(100);
    match model.budgets[budget].limit {
        BudgetLimit::MinAvailable(IntOrPercent::Int(min)) => (pods, min),
        BudgetLimit::MinAvailable(IntOrPercent::Percent(percent)) => (scale, up(percent)),
        BudgetLimit::MaxUnavailable(IntOrPercent::Int(max)) => (scale, scale.saturating_sub(max)),
        BudgetLimit::MaxUnavailable(IntOrPercent::Percent(percent)) => (scale, scale.saturating_sub(up(percent))),
    }
}
