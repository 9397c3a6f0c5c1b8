//! SARIF 2.1.0: what is not as it should be, as results of a static analysis, for code scanning.

use serde_json::{Value, json};

use super::{bad, details, line};
use crate::expect::suite::{Case, Outcome, TestReport, Tested};
use crate::report::ci::uri;
use crate::study::hash;

/// Where the schema is.
const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// What results are about: id, name, a sentence.
const RULES: [(&str, &str, &str); 4] = [
    (
        "expectation-violated",
        "ExpectationViolated",
        "A rehearsal of the upgrade is not as the scenario expects it.",
    ),
    (
        "expectation-open",
        "ExpectationOpen",
        "Too few trials were made to tell whether an expectation holds.",
    ),
    (
        "baseline-worse",
        "BaselineWorse",
        "A rehearsal of the upgrade is worse than its baseline by more than what is tolerated.",
    ),
    (
        "scenario-invalid",
        "ScenarioInvalid",
        "The scenario cannot be read, or expects nothing.",
    ),
];

/// The report as SARIF.
#[must_use]
pub fn render(report: &TestReport) -> String {
    let rules: Vec<Value> = RULES
        .iter()
        .map(|(id, name, text)| json!({"id": id, "name": name, "shortDescription": {"text": text}}))
        .collect();
    let results: Vec<Value> = bad(report).map(|(tested, case)| result(tested, &case)).collect();
    let log = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "seatrial",
                "version": report.engine_version,
                "semanticVersion": report.engine_version,
                "informationUri": env!("CARGO_PKG_REPOSITORY"),
                "rules": rules,
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    format!("{log:#}\n")
}

fn result(tested: &Tested, case: &Case<'_>) -> Value {
    let (rule, level) = match case.outcome {
        Outcome::Open => (1, "warning"),
        Outcome::Invalid => (3, "error"),
        _ if case.name == "baseline" => (2, "error"),
        _ => (0, "error"),
    };
    let text = format!("{}: {}", line(case.name), details(case).join("\n"));
    let (file, at) = case.place.unwrap_or((&tested.scenario, 1));
    let id = RULES[rule].0;
    json!({
        "ruleId": id,
        "ruleIndex": rule,
        "level": level,
        "message": {"text": text},
        "locations": [{"physicalLocation": {
            "artifactLocation": {"uri": uri(file)},
            "region": {"startLine": at.max(1)},
        }}],
        "partialFingerprints": {"expectation/v1": hash(&format!("{id} {} {}", tested.scenario, case.name))},
    })
}
