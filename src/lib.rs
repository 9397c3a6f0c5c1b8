//! seatrial
pub mod cluster;
pub mod ids;
pub mod model;
pub mod queue;
pub mod rng;
pub mod trace;
pub mod units;
