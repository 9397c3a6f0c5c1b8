//! Room that pods leave behind, for pods that wait for it (S-5, S-9).

use super::Event;
use crate::cluster::event::Event as World;
use crate::cluster::hall::Hall;
use crate::ids::FactId;
use crate::units::Time;

/// So many are remembered before those that are of no use any more are forgotten.
const FEW: usize = 64;

/// When the scheduler hears that pods have left, while no other pod waits for their room: kept aside, for then it comes to
/// nothing. An upgrade moves pods by the hundred thousand, and hardly ever does one wait.
#[derive(Debug, Default)]
pub(in crate::cluster) struct FreedRoom {
    /// Pods wait: whatever is heard is an event.
    pub(super) awaited: bool,
    /// When the scheduling cycle began that is going on, in which a pod may turn out to wait.
    pub(super) cycle: Option<Time>,
    /// When it is or was heard, and what brought it about.
    heard: Vec<(Time, Option<FactId>)>,
    /// Where there are more, some are forgotten: twice as many as were left the last time.
    limit: usize,
    /// None is kept.
    #[cfg(test)]
    pub(in crate::cluster) plain: bool,
    /// How many became events.
    #[cfg(test)]
    pub(in crate::cluster) raised: usize,
    /// How many were kept.
    #[cfg(test)]
    pub(in crate::cluster) kept: usize,
}

impl FreedRoom {
    /// Keeps what will be heard, if that is as good as an event.
    fn note(&mut self, at: Time, now: Time, cause: Option<FactId>) -> bool {
        #[cfg(test)]
        if self.plain {
            return false;
        }
        if self.awaited {
            return false;
        }
        if self.heard.len() >= self.limit {
            let since = self.cycle.unwrap_or(now);
            self.heard.retain(|&(at, _)| at > since);
            self.limit = FEW.max(2 * self.heard.len());
        }
        #[cfg(test)]
        {
            self.kept += 1;
        }
        self.heard.push((at, cause));
        true
    }
}

impl Hall<'_> {
    /// The scheduler will hear that a pod has left its node.
    pub(in crate::cluster) fn free_room(&mut self) {
        let at = self.now + self.reaction();
        if !self.freed.note(at, self.now, self.cause) {
            self.at(at, World::Scheduler(Event::PodGone));
        }
    }

    /// A pod has to wait for room: what is still to be heard becomes events. Whether any was heard while the scheduler looked
    /// for a node for it.
    pub(super) fn ask_for_room(&mut self) -> bool {
        self.freed.awaited = true;
        let (now, cause) = (self.now, self.cause);
        let mut heard = std::mem::take(&mut self.freed.heard);
        let cycle = self.freed.cycle.unwrap_or(now);
        let meanwhile = heard.iter().any(|&(at, _)| cycle < at && at < now);
        for (at, cause) in heard.drain(..).filter(|&(at, _)| at >= now) {
            #[cfg(test)]
            {
                self.freed.raised += 1;
            }
            self.cause = cause;
            self.at(at, World::Scheduler(Event::PodGone));
        }
        self.cause = cause;
        self.freed.heard = heard;
        meanwhile
    }
}
