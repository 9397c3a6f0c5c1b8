//! Plain quantities with their units: time, resources, counts or percentages, versions, latencies.

mod dist;
mod exp;
mod percent;
mod quantity;
mod time;
mod version;

pub use dist::{Dist, Sampler};
pub use percent::{IntOrPercent, ParseIntOrPercentError};
pub use quantity::{ParseQuantityError, Resources, bytes, millicores, whole};
pub use time::{ParseSpanError, Span, Time};
pub use version::{KubeVersion, ParseVersionError};
