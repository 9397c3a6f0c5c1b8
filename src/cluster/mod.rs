//! The world: the store, with one gate for every write, and one room for each real component, named after it.

mod admission;
pub(crate) mod arrival;
pub(crate) mod autoscaler;
mod certificates;
pub(crate) mod control_plane;
pub(crate) mod daemon_set;
mod deadlock;
pub(crate) mod deployment;
pub(crate) mod disruption;
pub(crate) mod election;
pub(crate) mod endpoints;
pub(crate) mod event;
pub(crate) mod gate;
pub(crate) mod hall;
pub(crate) mod job;
pub(crate) mod kubelet;
pub(crate) mod node_lifecycle;
mod options;
pub(crate) mod pod_gc;
mod preamble;
pub(crate) mod rate;
pub(crate) mod replica_set;
mod run;
pub(crate) mod scheduler;
mod setup;
mod skew;
pub(crate) mod spreading;
pub(crate) mod stateful_set;
pub(crate) mod static_pod;
pub(crate) mod store;
pub(crate) mod volumes;
mod world;
mod write;

pub use options::{RunCost, RunOptions};
pub use preamble::preamble;
pub use run::run;
