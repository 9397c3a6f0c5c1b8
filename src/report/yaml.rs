//! A report as YAML.

use serde::Serialize;

/// A report or itinerary as YAML, with a line break at its end.
///
/// # Errors
/// Never for one that came from a run or a plan.
pub fn render(report: &impl Serialize) -> Result<String, serde_saphyr::ser::Error> {
    serde_saphyr::to_string(report)
}
