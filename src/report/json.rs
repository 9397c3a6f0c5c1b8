//! The report as JSON.

use crate::metrics::Report;

/// The report as indented JSON, with a line break at its end.
///
/// # Errors
/// Never for a report that came from a run: its numbers are finite and its keys are strings.
pub fn render(report: &Report) -> Result<String, serde_json::Error> {
    let mut text = serde_json::to_string_pretty(report)?;
    text.push('\n');
    Ok(text)
}
