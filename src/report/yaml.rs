//! A report as YAML.

use serde::Serialize;

/// A [`Report`](crate::metrics::Report) or [`TrialsReport`](crate::study::TrialsReport) as YAML, with a line break at its
/// end.
///
/// # Errors
/// Never for a report that came from runs.
pub fn render<R: Serialize>(report: &R) -> Result<String, serde_saphyr::ser::Error> {
    serde_saphyr::to_string(report)
}
