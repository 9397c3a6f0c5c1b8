//! Charts as SVG: 900 pixels wide, legible on light and dark pages and without colour.
//!
//! A chart is plain data with a `draw` that returns the text of an SVG file. It needs no fonts of the machine: widths of
//! text are estimated on the wide side, and every chart places its text so that no two estimates overlap ([`boxes`]
//! reads them back from a file). Colours change with the reader's colour scheme by a style sheet inside the file; what
//! colour says is also said by shape, dash, pattern or words.

mod axis;
mod gantt;
mod growth;
mod histogram;
mod scatter;
mod sheet;
mod text;
mod theme;

pub use axis::{Axis, Scale, Unit};
pub use gantt::{Gantt, Group, Mark, Row};
pub use growth::{Growth, Line, Panel};
pub use histogram::{Distribution, Histograms};
pub use scatter::{Point, Scatter};
pub use text::{TextBox, boxes};

/// Width of every chart in pixels.
pub const WIDTH: i32 = 900;

#[expect(clippy::cast_possible_truncation, reason = "places on a sheet are small")]
fn pixels(value: f64) -> i32 {
    libm::ceil(value) as i32
}
