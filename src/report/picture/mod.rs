//! Pictures of a run and of many trials, from facts and studies alone.

mod lanes;
mod names;
mod timeline;
mod trials;

pub use timeline::Timeline;
pub use trials::trials;
