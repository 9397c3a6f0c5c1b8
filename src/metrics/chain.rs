//! Which fact brought about which: links of all facts, and the few facts at which an explanation can stop.

use crate::ids::{FactId, Id};
use crate::trace::{Fact, Record};

/// No link in [`Chain::links`].
const NONE: u32 = u32::MAX;
/// Longer chains explain nothing.
const LONGEST: usize = 64;

/// All links between facts.
#[derive(Clone, Default)]
pub(super) struct Chain {
    /// The cause of each fact, by id.
    links: Vec<u32>,
    /// Where explanations can stop, in the order of their ids.
    anchors: Vec<(FactId, Record)>,
}

impl Chain {
    /// Remembers a fact's cause, and the fact if it is an explanation.
    pub(super) fn observe(&mut self, id: FactId, record: &Record) {
        let cause = record.cause.and_then(|c| u32::try_from(c.index()).ok());
        self.links.push(cause.unwrap_or(NONE));
        if matches!(
            record.fact,
            Fact::DrainStarted { .. }
                | Fact::NodeCrashed { .. }
                | Fact::NodeNotReady { .. }
                | Fact::KubeletStopped { .. }
                | Fact::StepStarted { .. }
                | Fact::FaultInjected { .. }
                | Fact::RolloutStarted { .. }
        ) {
            self.anchors.push((id, *record));
        }
    }

    /// What led to a fact, the nearest explanation first.
    pub(super) fn roots(&self, id: FactId) -> impl Iterator<Item = &Record> {
        let mut next = Some(id);
        let steps = std::iter::from_fn(move || {
            let id = next?;
            let link = self.links.get(id.index()).copied().unwrap_or(NONE);
            // Causes come before what they bring about, so the walk ends.
            next = (link != NONE && (link as usize) < id.index()).then(|| FactId::from_index(link as usize));
            Some(id)
        });
        steps.take(LONGEST).filter_map(|id| {
            let place = self.anchors.binary_search_by_key(&id, |(id, _)| *id);
            place.ok().and_then(|i| self.anchors.get(i)).map(|(_, r)| r)
        })
    }
}
