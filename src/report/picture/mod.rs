//! Pictures of a run and of many trials, from facts and studies alone.

mod lanes;
mod names;
mod timeline;
mod trials;

pub use timeline::Timeline;
pub use trials::trials;

use crate::ids::{FactId, Id};
use crate::trace::{Observer, Preamble, Record};

/// The picture of a run: nodes over workloads on one time axis, as SVG.
#[must_use]
pub fn run(preamble: &Preamble, records: &[Record]) -> String {
    let mut timeline = Timeline::new(preamble);
    for (n, record) in records.iter().enumerate() {
        timeline.observe(FactId::from_index(n), record);
    }
    timeline.draw()
}
