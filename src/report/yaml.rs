//! The report as YAML.

use crate::metrics::Report;

/// The report as YAML, with a line break at its end.
///
/// # Errors
/// Never for a report that came from a run.
pub fn render(report: &Report) -> Result<String, serde_saphyr::ser::Error> {
    serde_saphyr::to_string(report)
}
