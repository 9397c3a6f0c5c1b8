//! Annotations of GitHub Actions, and GitLab's code quality report.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::lint::{Finding, Severity};
use crate::report::ci::{line, message, property};
use crate::study::hash;

/// What the same finding has in common in every run.
pub(super) fn identity(finding: &Finding) -> String {
    hash(&format!(
        "{} {} {}",
        finding.rule.id,
        finding.object,
        finding.field.join(".")
    ))
}

/// Identities, where a second finding of the same rule about the same thing has one of its own.
pub(super) fn identities(findings: &[Finding]) -> Vec<String> {
    let mut seen = std::collections::BTreeMap::<String, u32>::new();
    let mut own = |finding: &Finding| {
        let first = identity(finding);
        let times = seen.entry(first.clone()).or_default();
        *times += 1;
        if *times == 1 {
            first
        } else {
            hash(&format!("{first} {times}"))
        }
    };
    findings.iter().map(&mut own).collect()
}

/// A workflow command for each finding.
#[must_use]
pub fn github(findings: &[Finding]) -> String {
    let mut out = String::new();
    for finding in findings {
        let level = match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "notice",
        };
        let place = finding.position.as_ref().map(|spot| {
            let file = spot.file.strip_prefix("./").unwrap_or(&spot.file);
            format!("file={},line={},col={},", property(file), spot.line, spot.column)
        });
        let title = property(&format!("{}: {}", finding.rule.id, finding.object));
        let text = format!(
            "{}\n{}\n{}",
            line(&finding.message),
            line(&finding.why),
            line(&finding.fix)
        );
        let _ = writeln!(
            out,
            "::{level} {}title={title}::{}",
            place.unwrap_or_default(),
            message(&text)
        );
    }
    out
}

/// Findings as GitLab's code quality report.
#[must_use]
pub fn gitlab(findings: &[Finding]) -> String {
    let identities = identities(findings);
    let one = |(finding, identity): (&Finding, String)| {
        let severity = match finding.severity {
            Severity::Error => "critical",
            Severity::Warning => "major",
            Severity::Note => "info",
        };
        // GitLab wants a place for everything: what stands nowhere is about the whole.
        let (file, at) = finding
            .position
            .as_ref()
            .map_or((".", 1), |spot| (spot.file.as_str(), spot.line));
        json!({
            "description": line(&format!("{}: {}. {}", finding.object, finding.message, finding.why)),
            "check_name": finding.rule.id,
            "fingerprint": identity,
            "severity": severity,
            "location": {"path": line(file.strip_prefix("./").unwrap_or(file)), "lines": {"begin": at}},
        })
    };
    let all: Vec<Value> = findings.iter().zip(identities).map(one).collect();
    format!("{:#}\n", Value::from(all))
}
