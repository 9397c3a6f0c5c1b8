//! Plain quantities with their units: time, resources, counts or percentages, versions, latencies.

mod curve;
mod dist;
mod exp;
mod percent;
mod quantity;
mod sampler;
mod time;
mod version;

pub use dist::Dist;
pub use percent::{IntOrPercent, ParseIntOrPercentError};
pub use quantity::{ParseQuantityError, Resources, bytes, millicores, whole};
pub use sampler::Sampler;
pub use time::{ParseSpanError, Span, Time};
pub use version::{KubeVersion, ParseVersionError};
