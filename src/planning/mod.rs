//! `seatrial plan`: from a version, or a cluster, to an itinerary: hops and rounds, what is refused, what each choice costs
//! when it is rehearsed, and a runbook of real commands.

mod build;
mod facts;
mod itinerary;
mod rehearse;
pub mod runbook;

pub use build::{Impossible, Request, itinerary};
pub use itinerary::{
    Certificates, Choice, Cost, Direct, EndingApi, Etcd, Itinerary, LegPlan, Legality, NodeCost, Spread, Support,
    SupportStatus, Swap, Upcoming, WorkloadCost,
};
