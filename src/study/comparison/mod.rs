//! Strategies compared on one cluster, trial by trial on the same luck.
//!
//! Random numbers come from streams that are named by purpose and entity and keyed by seed and trial, so that in trial 7
//! the n-th pod of a workload takes as long to start under one plan as under another (common random numbers). What is left
//! between two plans is their own difference, and a few trials tell it.

mod measure;
mod naive;
mod paired;
mod pareto;
mod report;

pub(super) use measure::Measured;
pub use measure::{Contender, Contest, Progress};
pub use naive::naive;
pub use paired::Difference;
pub(super) use report::differences;
pub use report::{Comparison, Differences, ExtraNodes, Given, Origin, Row, Showing, WorstWorkload, compare};
