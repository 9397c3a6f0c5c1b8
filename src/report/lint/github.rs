//! Annotations of GitHub Actions: a workflow command a finding.

use super::name;
use crate::lint::{Finding, LintReport, Severity};

/// One line a finding, as a step of a workflow prints it.
#[must_use]
pub fn render(report: &LintReport) -> String {
    report.findings.iter().map(line).collect()
}

fn line(finding: &Finding) -> String {
    let command = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    };
    let mut properties = Vec::new();
    if let Some(place) = &finding.place {
        properties.push(format!("file={}", property(&place.file)));
        properties.push(format!("line={}", place.line));
        properties.push(format!("col={}", place.column));
    }
    let title = format!("{}: {}", finding.rule, name(&finding.object));
    properties.push(format!("title={}", property(&title)));
    let message = data(&format!("{}. {}", finding.evidence, finding.fix));
    format!("::{command} {}::{message}\n", properties.join(","))
}

/// Escapes a message (actions/toolkit, `escapeData`).
pub(crate) fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Escapes the value of a property (actions/toolkit, `escapeProperty`).
pub(crate) fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
