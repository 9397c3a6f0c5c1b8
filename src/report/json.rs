//! A report as JSON.

use serde::Serialize;

/// A [`Report`](crate::metrics::Report) or [`TrialsReport`](crate::study::TrialsReport) as indented JSON, with a line
/// break at its end.
///
/// # Errors
/// Never for a report that came from runs: its numbers are finite and its keys are strings.
pub fn render<R: Serialize>(report: &R) -> Result<String, serde_json::Error> {
    let mut text = serde_json::to_string_pretty(report)?;
    text.push('\n');
    Ok(text)
}
