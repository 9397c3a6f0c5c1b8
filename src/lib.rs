//! seatrial
#[cfg(feature = "cli")]
pub mod cli;
pub mod cluster;
pub mod ids;
pub mod metrics;
pub mod model;
pub mod queue;
pub mod report;
pub mod rng;
pub mod scenario;
pub mod trace;
pub mod units;
mod upgrade;
