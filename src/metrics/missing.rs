//! Which replicas are missing, and what their absence adds up to, by what is to blame for it.
//!
//! As many are open as the workload lacks, at any time: one more when a pod ceases to count or one more is wanted, one less
//! when a pod begins to count or one less is wanted, with what is there beyond the wanted number in between. So the sums over
//! what is to blame are those of the workload, to the microsecond.

use std::collections::BTreeMap;

use crate::ids::{FactId, PodId};

use super::blame::{Blame, Loss};
use super::report::Lack;
use super::seconds;

/// So many losses of a downtime are told of one by one.
pub(super) const TOLD: usize = 64;

/// A replica that is missing.
#[derive(Clone, Copy)]
struct Missing {
    loss: Loss,
    /// Where its time is summed up.
    place: u32,
    since: u64,
}

/// Time in microseconds for which something is to blame.
#[derive(Clone, Copy, Default)]
pub(super) struct Lacked {
    /// Replicas that were lost.
    pub(super) losses: u32,
    pub(super) down: u64,
    pub(super) degraded: u64,
    pub(super) deficit: u64,
    /// The first fact that began one.
    pub(super) first: Option<FactId>,
}

impl Lacked {
    /// Both together.
    pub(super) fn add(&mut self, other: &Self) {
        self.losses += other.losses;
        self.down += other.down;
        self.degraded += other.degraded;
        self.deficit += other.deficit;
        self.first = self.first.or(other.first);
    }

    pub(super) fn report(&self) -> Lack {
        Lack {
            downtime_seconds: seconds(self.down),
            degraded_seconds: seconds(self.degraded),
            deficit_pod_seconds: seconds(self.deficit),
        }
    }
}

/// An interval without any replica, while some are wanted.
#[derive(Clone)]
pub(super) struct Down {
    pub(super) start: u64,
    pub(super) end: u64,
    /// The pod that ended it; `None`: nothing did before the end of the run.
    pub(super) back: Option<PodId>,
    /// How many replicas were missing when it began …
    pub(super) missing: usize,
    /// … and the last of them to go, in order.
    pub(super) losses: Vec<Loss>,
}

/// The replicas of a workload that are missing in one of the truths.
#[derive(Clone, Default)]
pub(super) struct Ledger {
    /// In the order in which they went.
    open: Vec<Missing>,
    /// How many are there beyond the wanted number.
    surplus: u32,
    lacked: Vec<(Blame, Lacked)>,
    places: BTreeMap<Blame, u32>,
    pub(super) downs: Vec<Down>,
}

impl Ledger {
    /// The clock starts with so many wanted and so many there.
    pub(super) fn start(&mut self, at: u64, desired: u32, count: u32) {
        self.surplus = count.saturating_sub(desired);
        for _ in count..desired {
            self.push(at, Loss::start(at));
        }
    }

    /// One is missing, or is no longer too many.
    pub(super) fn lose(&mut self, at: u64, loss: Loss) {
        if self.surplus > 0 {
            self.surplus -= 1;
        } else {
            self.push(at, loss);
        }
    }

    fn push(&mut self, at: u64, loss: Loss) {
        let next = u32::try_from(self.lacked.len()).unwrap_or(u32::MAX);
        let place = *self.places.entry(loss.blame).or_insert(next);
        if place == next {
            let new = Lacked {
                first: loss.fact,
                ..Lacked::default()
            };
            self.lacked.push((loss.blame, new));
        }
        if let Some((_, lacked)) = self.lacked.get_mut(place as usize) {
            lacked.losses += 1;
        }
        self.open.push(Missing { loss, place, since: at });
    }

    /// One is missing no longer, or there are too many: this pod, or the one in whose slot it is, or the one that has been
    /// missing for the longest time.
    pub(super) fn find(&mut self, at: u64, pod: Option<PodId>, slot: u32) {
        if self.open.is_empty() {
            self.surplus += 1;
            return;
        }
        let same = |m: &Missing| pod.is_some() && m.loss.pod == pod;
        let place = self.open.iter().rposition(same);
        let place = place.or_else(|| self.open.iter().rposition(|m| m.loss.slot == slot));
        let found = self.open.remove(place.unwrap_or(0));
        if let Some(down) = self.downs.last_mut().filter(|d| d.end == at) {
            down.back = down.back.or(pod);
        }
        self.close(at, found);
    }

    fn close(&mut self, at: u64, missing: Missing) {
        if let Some((_, lacked)) = self.lacked.get_mut(missing.place as usize) {
            lacked.deficit += at.saturating_sub(missing.since);
        }
    }

    /// Time has passed in which some were missing, or all. The last one to go is to blame where none is left, and the one
    /// that has been missing for the longest time where some are.
    pub(super) fn passed(&mut self, since: u64, at: u64, down: bool) {
        let culprit = if down { self.open.last() } else { self.open.first() };
        let Some(culprit) = culprit else { return };
        let Some((_, lacked)) = self.lacked.get_mut(culprit.place as usize) else {
            return;
        };
        let passed = at.saturating_sub(since);
        if !down {
            lacked.degraded += passed;
            return;
        }
        lacked.down += passed;
        match self.downs.last_mut() {
            Some(last) if last.end == since => (last.end, last.back) = (at, None),
            _ => {
                let told = self.open.len().saturating_sub(TOLD);
                self.downs.push(Down {
                    start: since,
                    end: at,
                    back: None,
                    missing: self.open.len(),
                    losses: self.open.iter().skip(told).map(|m| m.loss).collect(),
                });
            }
        }
    }

    /// The clock stops.
    pub(super) fn finish(&mut self, at: u64) {
        for missing in std::mem::take(&mut self.open) {
            self.close(at, missing);
        }
    }

    /// What is to blame for how much.
    pub(super) fn lacked(&self) -> &[(Blame, Lacked)] {
        &self.lacked
    }
}
