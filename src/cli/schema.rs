//! `seatrial schema`: what documents look like, for editors.

use anyhow::Result;

use super::args::SchemaArgs;
use super::output::Terminal;
use super::{Exit, load};
use crate::metrics::Report;
use crate::planning::Itinerary;
use crate::report;
use crate::study::TrialsReport;
use crate::study::comparison::Comparison;

/// Prints the schema of a kind, or which kinds there are.
pub(super) fn run(args: &SchemaArgs, terminal: &Terminal) -> Result<Exit> {
    let Some(kind) = &args.kind else {
        let mut kinds = load::OWN_KINDS.to_vec();
        kinds.extend([Report::KIND, TrialsReport::KIND, Itinerary::KIND, Comparison::KIND]);
        terminal.result(&format!("{}\n", kinds.join("\n")))?;
        return Ok(Exit::Ok);
    };
    let schema = if kind.eq_ignore_ascii_case(Report::KIND) {
        Some(report::schema::report())
    } else if kind.eq_ignore_ascii_case(Itinerary::KIND) {
        Some(report::schema::itinerary())
    } else if kind.eq_ignore_ascii_case(TrialsReport::KIND) {
        Some(report::schema::trials_report())
    } else if kind.eq_ignore_ascii_case(Comparison::KIND) {
        Some(report::schema::comparison())
    } else {
        load::schema(kind)
    };
    let Some(schema) = schema else {
        let kinds = load::OWN_KINDS.join(", ");
        terminal.error(&format!(
            "no kind `{kind}`; there are {kinds}, {}, {}, {} and {}",
            Report::KIND,
            TrialsReport::KIND,
            Itinerary::KIND,
            Comparison::KIND
        ));
        return Ok(Exit::Usage);
    };
    terminal.result(&format!("{}\n", serde_json::to_string_pretty(&schema)?))?;
    Ok(Exit::Ok)
}
