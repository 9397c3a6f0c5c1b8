//! A comparison of strategies: as text, as Markdown, as a chart.

mod advice;
mod cells;
mod chart;
mod markdown;
mod terminal;

pub use advice::render as advice;
#[cfg(feature = "cli")]
pub(crate) use cells::sorted;
pub use chart::render as svg;
pub use markdown::render as markdown;
pub use terminal::render as table;
