//! What drains can still do, if nothing changes.

use super::{Drain, Drains, Event, State};
use crate::cluster::disruption::{self, Verdict};
use crate::cluster::hall::Hall;
use crate::ids::{BudgetId, DrainId};
use crate::model::{DrainOptions, DrainVia, OnFailure};
use crate::units::{Span, Time};

/// What an event of a drain comes to in a cluster that does not change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outlook {
    /// Nothing, or an attempt that is refused again.
    Refused,
    /// The drain gives up.
    TimesOut(DrainId),
    /// Something changes, or may.
    Open,
}

/// What a try of a drain takes beside its time-out and its pauses: kubectl's start, requests.
const MARGIN: Span = Span::from_secs(10);

impl Drains {
    /// What an event at `at` comes to in a cluster that has not changed since `since`.
    pub(crate) fn outlook(&self, event: Event, at: Time, since: Time, hall: &Hall<'_>) -> Outlook {
        match event {
            // The clock is looked at before an attempt only (D-14).
            Event::Read(id, _) if at >= self.drains[id].deadline => self.time_out(id, since, hall),
            Event::Read(id, index) => eviction(&self.drains[id], index, hall),
            Event::Poll(id, index) => {
                let evictee = self.drains[id].pods[index as usize];
                let waits = matches!(evictee.state, State::Waiting(_));
                if waits && !hall.store.pods[evictee.pod].exists {
                    Outlook::Open
                } else {
                    Outlook::Refused
                }
            }
            Event::Deadline(id) => self.time_out(id, since, hall),
            _ => Outlook::Open,
        }
    }

    fn time_out(&self, id: DrainId, since: Time, hall: &Hall<'_>) -> Outlook {
        let drain = &self.drains[id];
        if drain.ended || has_failed_so(&drain.options, since, hall.now) {
            Outlook::Refused
        } else {
            Outlook::TimesOut(id)
        }
    }

    /// Budgets that refuse what drains ask for, in the order of the drains.
    pub(crate) fn budgets(&self, hall: &Hall<'_>) -> Vec<BudgetId> {
        let mut found = Vec::new();
        for drain in self.drains.iter().filter(|d| !d.ended) {
            for evictee in drain.pods.iter().filter(|p| p.state == State::Evicting) {
                if let Verdict::Refused(budget, _) = disruption::judge(evictee.pod, hall)
                    && !found.contains(&budget)
                {
                    found.push(budget);
                }
            }
        }
        found
    }
}

fn eviction(drain: &Drain, index: u32, hall: &Hall<'_>) -> Outlook {
    let evictee = drain.pods[index as usize];
    let refused = matches!(disruption::judge(evictee.pod, hall), Verdict::Refused(..));
    let decided = drain.ended || evictee.state != State::Evicting;
    // Whether it is accepted or not: it is being deleted already, and waited for from then on.
    let pod = &hall.store.pods[evictee.pod];
    let idle = pod.exists && pod.terminating;
    if decided || idle || drain.options.via == DrainVia::Eviction && refused {
        Outlook::Refused
    } else {
        Outlook::Open
    }
}

/// Whether a drain that is tried again for ever has failed once from beginning to end since `since`: the next try then
/// goes as the last one.
fn has_failed_so(options: &DrainOptions, since: Time, now: Time) -> bool {
    endless(options).is_some_and(|once| now.since(since) >= once)
}

/// How long a try takes, with the pause after it, of a drain that is tried again for ever whenever its time is up.
pub(crate) fn endless(options: &DrainOptions) -> Option<Span> {
    let timeout = options.timeout.filter(|_| options.on_failure == OnFailure::Retry)?;
    Some(timeout + options.failure_retry_interval + options.retry_interval + MARGIN)
}
