//! A report as JSON.

use serde::Serialize;

/// A report or itinerary as indented JSON, with a line break at its end.
///
/// # Errors
/// Never for one that came from a run or a plan: its numbers are finite and its keys are strings.
pub fn render(report: &impl Serialize) -> Result<String, serde_json::Error> {
    let mut text = serde_json::to_string_pretty(report)?;
    text.push('\n');
    Ok(text)
}
