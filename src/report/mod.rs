//! Views of a [`Report`](crate::metrics::Report) and of a trace: one file per view.
//!
//! A view returns text. Nothing here knows whether there is a terminal.

pub(crate) mod ci;
#[cfg(feature = "cli")]
pub mod comparison;
pub mod difference;
#[cfg(feature = "cli")]
pub mod expectations;
pub mod html;
pub mod json;
pub mod lint;
#[cfg(feature = "cli")]
pub(crate) mod markdown;
pub mod narrate;
mod outages;
pub mod perfetto;
pub mod picture;
pub mod plot;
pub mod runbook;
pub mod schema;
pub mod style;
#[cfg(feature = "cli")]
pub mod suite;
#[cfg(feature = "cli")]
pub mod table;
pub mod yaml;

pub use style::Style;
