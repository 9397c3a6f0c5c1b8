//! The scheduling queue: active, backing off, unschedulable (S-1 … S-8).

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use crate::ids::{FactId, Id, IdVec, PodId};
use crate::trace::Unfit;
use crate::units::{Span, Time};

/// Time between two looks at the back-off queue in later versions, which begin them on a whole second (S-4).
pub(super) const SECOND: Span = Span::from_secs(1);

/// The same in earlier ones, where the second begins when the look before is over: 0.4 ms more, the mean of 15 ticks of
/// recorded 1.20 schedulers. A pod that fails at a tick is back for the tick at which its back-off ends.
const SLIDING_SECOND: Span = Span::from_micros(1_000_400);

/// When the back-off queue is looked at next, if it was first at `first`; `aligned`: on whole seconds.
pub(super) fn next_tick(first: Time, aligned: bool, now: Time) -> Time {
    let (first, period) = if aligned {
        (Time::ZERO, SECOND)
    } else {
        (first, SLIDING_SECOND)
    };
    let ticks = now.since(first).as_micros() / period.as_micros() + u64::from(now >= first);
    first + Span::from_micros(ticks * period.as_micros())
}

/// What the queue remembers of a pod that did not fit.
#[derive(Clone, Copy, Debug, Default)]
struct Info {
    priority: i32,
    attempts: u32,
    failed_at: Time,
    why: Unfit,
}

impl Info {
    /// min(10 s, 1 s × 2^(attempts − 1)) from the last failure (S-4).
    fn ready_at(&self) -> Time {
        let doublings = self.attempts.saturating_sub(1).min(4);
        self.failed_at + Span::from_secs((1 << doublings).min(10))
    }
}

/// An active pod: its priority, since when it waits, and in which order it came.
type Active = (i32, Reverse<(Time, u64)>, PodId);

/// The queue.
#[derive(Debug, Default)]
pub(super) struct SchedulingQueue {
    /// Higher priority first, then who came earlier.
    active: BinaryHeap<Active>,
    /// Waiting for their back-off to end.
    backoff: Vec<PodId>,
    /// Waiting for something to change.
    unschedulable: Vec<PodId>,
    failed: BTreeMap<PodId, Info>,
    /// What made a pod worth trying: its creation, or whatever made room since.
    causes: IdVec<PodId, Option<FactId>>,
    seq: u64,
}

impl SchedulingQueue {
    pub(super) fn clear(&mut self) {
        self.active.clear();
        self.backoff.clear();
        self.unschedulable.clear();
        self.failed.clear();
        for cause in self.causes.iter_mut() {
            *cause = None;
        }
    }

    pub(super) fn add(&mut self, pod: PodId, priority: i32, now: Time, cause: Option<FactId>) {
        while self.causes.len() <= pod.index() {
            self.causes.push(None);
        }
        self.causes[pod] = cause;
        self.activate(pod, priority, now);
    }

    /// A pod is bound: nothing need be remembered of it.
    pub(super) fn bound(&mut self, pod: PodId) {
        self.failed.remove(&pod);
    }

    fn activate(&mut self, pod: PodId, priority: i32, at: Time) {
        self.active.push((priority, Reverse((at, self.seq)), pod));
        self.seq += 1;
    }

    /// The next pod; `early`: also one whose back-off has not ended, if nobody else waits.
    pub(super) fn pop(&mut self, early: bool) -> Option<PodId> {
        if let Some((_, _, pod)) = self.active.pop() {
            return Some(pod);
        }
        if !early || self.backoff.is_empty() {
            return None;
        }
        let first = (0..self.backoff.len()).min_by_key(|&i| (self.info(self.backoff[i]).ready_at(), i))?;
        Some(self.backoff.remove(first))
    }

    /// A pod did not fit; whether that is news. `moved`: something changed meanwhile, so it is tried again after its
    /// back-off (S-3).
    pub(super) fn fail(&mut self, pod: PodId, priority: i32, why: Unfit, now: Time, moved: bool) -> bool {
        let info = self.failed.entry(pod).or_default();
        info.priority = priority;
        info.attempts += 1;
        info.failed_at = now;
        let news = info.attempts == 1 || info.why != why;
        info.why = why;
        if moved {
            self.backoff.push(pod);
        } else {
            self.unschedulable.push(pod);
        }
        news
    }

    /// Something changed: every unschedulable pod is tried again, after its back-off (S-5).
    pub(super) fn move_all(&mut self, now: Time, cause: Option<FactId>) {
        for pod in std::mem::take(&mut self.unschedulable) {
            self.causes[pod] = cause;
            self.retry(pod, now);
        }
    }

    /// The same for some of them.
    pub(super) fn move_some(&mut self, now: Time, cause: Option<FactId>, which: impl Fn(PodId) -> bool) {
        for pod in std::mem::take(&mut self.unschedulable) {
            if which(pod) {
                self.causes[pod] = cause;
                self.retry(pod, now);
            } else {
                self.unschedulable.push(pod);
            }
        }
    }

    /// The pod's object has changed: tried again at once, whatever its back-off.
    pub(super) fn updated(&mut self, pod: PodId) {
        let before = self.unschedulable.len() + self.backoff.len();
        self.unschedulable.retain(|&p| p != pod);
        self.backoff.retain(|&p| p != pod);
        if self.unschedulable.len() + self.backoff.len() < before {
            let info = self.info(pod);
            self.activate(pod, info.priority, info.failed_at);
        }
    }

    fn info(&self, pod: PodId) -> Info {
        self.failed.get(&pod).copied().unwrap_or_default()
    }

    fn retry(&mut self, pod: PodId, now: Time) {
        if self.info(pod).ready_at() <= now {
            let info = self.info(pod);
            self.activate(pod, info.priority, info.failed_at);
        } else {
            self.backoff.push(pod);
        }
    }

    /// Those whose back-off has ended become active.
    pub(super) fn flush_backoff(&mut self, now: Time) {
        for pod in std::mem::take(&mut self.backoff) {
            self.retry(pod, now);
        }
    }

    /// Those that have been unschedulable for long are tried again (S-7).
    pub(super) fn flush_unschedulable(&mut self, now: Time, after: Span) {
        for pod in std::mem::take(&mut self.unschedulable) {
            if now.since(self.info(pod).failed_at) > after {
                self.retry(pod, now);
            } else {
                self.unschedulable.push(pod);
            }
        }
    }

    /// Pods that wait for a change or for their back-off to end, and when each was tried last; `None`: some are to be
    /// tried now.
    pub(super) fn waiting(&self) -> Option<Vec<(PodId, Time)>> {
        let all = self.backoff.iter().chain(&self.unschedulable);
        self.active
            .is_empty()
            .then(|| all.map(|&pod| (pod, self.info(pod).failed_at)).collect())
    }

    pub(super) fn cause(&self, pod: PodId) -> Option<FactId> {
        self.causes[pod]
    }

    pub(super) fn backs_off(&self) -> bool {
        !self.backoff.is_empty()
    }

    pub(super) fn waits(&self) -> bool {
        !self.unschedulable.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s4_ticks_slide_in_earlier_schedulers_and_are_whole_seconds_in_later_ones() {
        let at = |micros| Time::from_micros(micros);
        assert_eq!(next_tick(at(331_000), false, at(0)), at(331_000));
        assert_eq!(next_tick(at(331_000), false, at(331_000)), at(1_331_400));
        // A pod that fails within 1.6 ms of a tick is back after four more, 4 s later by its back-off.
        assert_eq!(next_tick(at(331_000), false, at(4_330_000)), at(4_332_600));
        assert_eq!(next_tick(at(331_000), true, at(4_330_000)), at(5_000_000));
        assert_eq!(next_tick(at(331_000), true, at(5_000_000)), at(6_000_000));
    }
}
