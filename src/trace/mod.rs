//! What happened: facts in the past tense, each with the fact that brought it about. Everything that reports reads
//! facts and nothing else.

mod fact;
mod file;
mod mention;
mod preamble;
mod skew;

pub use fact::{
    ApiError, Check, DeletedBy, DrainOutcome, Fact, Flags, LeftOut, LifecycleTaint, Misfit, NodeResult, NotDrainable,
    Phase, PlanStatus, Record, RefusalReason, StopReason, Unfit, VersionId,
};
pub use file::{TraceError, TraceReader, TraceWriter};
pub(crate) use mention::Mentions;
pub use preamble::{BalancerInfo, BudgetInfo, InstanceInfo, NodeInfo, Preamble, ReplicaSetInfo, WorkloadInfo};
pub use skew::{Apart, Skew};

use crate::ids::FactId;

/// Sees every fact as it happens, in order; ids count from 0.
pub trait Observer {
    /// A fact happened.
    fn observe(&mut self, id: FactId, record: &Record);
}

/// Looks away.
impl Observer for () {
    fn observe(&mut self, _: FactId, _: &Record) {}
}

/// Two observers see the same.
impl<A: Observer, B: Observer> Observer for (A, B) {
    fn observe(&mut self, id: FactId, record: &Record) {
        self.0.observe(id, record);
        self.1.observe(id, record);
    }
}

impl<O: Observer> Observer for &mut O {
    fn observe(&mut self, id: FactId, record: &Record) {
        (**self).observe(id, record);
    }
}

/// Keeps everything.
impl Observer for Vec<Record> {
    fn observe(&mut self, id: FactId, record: &Record) {
        debug_assert_eq!(crate::ids::Id::index(id), self.len());
        self.push(*record);
    }
}
