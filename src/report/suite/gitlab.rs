//! GitLab's code quality report: what is not as it should be, in the widget of a merge request.

use serde_json::{Value, json};

use super::{bad, line};
use crate::expect::suite::{Outcome, TestReport};
use crate::study::hash;

/// The report as JSON.
#[must_use]
pub fn render(report: &TestReport) -> String {
    let found: Vec<Value> = bad(report)
        .map(|(tested, case)| {
            let (file, at) = case.place.unwrap_or((&tested.scenario, 1));
            let (check, severity) = match case.outcome {
                Outcome::Open => ("expectation-open", "minor"),
                Outcome::Invalid => ("scenario-invalid", "blocker"),
                _ if case.name == "baseline" => ("baseline-worse", "major"),
                _ => ("expectation-violated", "critical"),
            };
            json!({
                "description": format!("{}: {}", line(case.name), line(&case.evidence)),
                "check_name": check,
                "fingerprint": hash(&format!("{} {} {}", check, tested.scenario, case.name)),
                "severity": severity,
                "location": {"path": line(file.strip_prefix("./").unwrap_or(file)), "lines": {"begin": at}},
            })
        })
        .collect();
    format!("{:#}\n", Value::from(found))
}
