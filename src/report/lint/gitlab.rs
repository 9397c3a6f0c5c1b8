//! GitLab's code quality report (a subset of Code Climate's).

use serde_json::{Value, json};

use super::{name, sarif};
use crate::lint::{Finding, LintReport, Severity};

/// A list with one entry a finding. GitLab wants a line: findings whose place is not known stand at line 1 of the plan.
///
/// # Errors
/// Never: all of it is text and numbers.
pub fn render(report: &LintReport) -> serde_json::Result<String> {
    let fallback = report.findings.iter().find_map(|f| f.place.as_ref());
    let fallback = fallback.map_or("plan.yaml", |place| place.file.as_str());
    let all: Vec<Value> = report.findings.iter().map(|f| entry(f, fallback)).collect();
    Ok(serde_json::to_string_pretty(&all)? + "\n")
}

fn entry(finding: &Finding, fallback: &str) -> Value {
    let severity = match finding.severity {
        Severity::Error => "critical",
        Severity::Warning => "major",
        Severity::Note => "info",
    };
    let (file, line) = finding
        .place
        .as_ref()
        .map_or((fallback, 1), |place| (place.file.as_str(), place.line));
    json!({
        "description": format!("{}: {}. {}", name(&finding.object), finding.evidence, finding.fix),
        "check_name": finding.rule,
        "fingerprint": sarif::fingerprint(finding),
        "severity": severity,
        "location": {"path": file, "lines": {"begin": line}}
    })
}
