//! `seatrial schema`: what documents look like, for editors.

use anyhow::Result;
use serde_json::Value;

use super::Exit;
use super::args::SchemaArgs;
use super::output::Terminal;
use crate::expect::suite::TestReport;
use crate::expect::summary::ReportDiff;
use crate::metrics::Report;
use crate::planning::Itinerary;
use crate::report::schema;
use crate::scenario::{self, OWN_KINDS};
use crate::study::TrialsReport;
use crate::study::comparison::Comparison;

/// What is read as a whole: documents of any kind.
const SCENARIO: &str = "Scenario";

/// A kind and its schema.
type Printed = (&'static str, fn() -> Value);

/// What is printed.
const PRINTED: [Printed; 6] = [
    (Report::KIND, schema::report),
    (TrialsReport::KIND, schema::trials_report),
    (Itinerary::KIND, schema::itinerary),
    (Comparison::KIND, schema::comparison),
    (TestReport::KIND, schema::test_report),
    (ReportDiff::KIND, schema::report_diff),
];

/// Prints the schema of a kind, or which kinds there are.
pub(super) fn run(args: &SchemaArgs, terminal: &Terminal) -> Result<Exit> {
    let Some(kind) = &args.kind else {
        let kinds: Vec<&str> = kinds().collect();
        terminal.result(&format!("{}\n", kinds.join("\n")))?;
        return Ok(Exit::Ok);
    };
    let Some(schema) = of(kind) else {
        terminal.error(&unknown(kind));
        return Ok(Exit::Usage);
    };
    terminal.result(&format!("{}\n", serde_json::to_string_pretty(&schema)?))?;
    Ok(Exit::Ok)
}

fn kinds() -> impl Iterator<Item = &'static str> + Clone {
    let printed = PRINTED.iter().map(|(kind, _)| *kind);
    OWN_KINDS.into_iter().chain([SCENARIO]).chain(printed)
}

/// The schema of a kind, whatever its case.
fn of(kind: &str) -> Option<Value> {
    let kind = kinds().find(|known| known.eq_ignore_ascii_case(kind))?;
    if kind == SCENARIO {
        return Some(scenario::scenario_schema());
    }
    let printed = PRINTED.iter().find(|(known, _)| *known == kind);
    printed.map_or_else(|| scenario::schema(kind), |(_, schema)| Some(schema()))
}

fn unknown(kind: &str) -> String {
    let shown: String = kind.chars().take(120).collect();
    let advice = scenario::did_you_mean(kind, kinds())
        .unwrap_or_else(|| format!("there are {}", kinds().collect::<Vec<_>>().join(", ")));
    format!("no kind `{shown}`; {advice}")
}
