//! SARIF 2.1.0: what code hosts show at the line that a finding belongs to.

use serde_json::{Value, json};

use super::name;
use crate::lint::{Finding, LintReport, Rule, Severity, rules};

/// The findings as a SARIF log with one run.
///
/// # Errors
/// Never: all of it is text and numbers.
pub fn render(report: &LintReport) -> serde_json::Result<String> {
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "seatrial",
                "semanticVersion": report.engine_version,
                "informationUri": env!("CARGO_PKG_REPOSITORY"),
                "rules": rules().iter().map(described).collect::<Vec<_>>()
            }},
            "columnKind": "unicodeCodePoints",
            "results": report.findings.iter().map(result).collect::<Vec<_>>()
        }]
    });
    Ok(serde_json::to_string_pretty(&log)? + "\n")
}

const fn level(severity: Severity) -> &'static str {
    // The same words as SARIF's.
    severity.as_str()
}

fn described(rule: &Rule) -> Value {
    json!({
        "id": rule.id,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.why},
        "help": {"text": rule.fix, "markdown": format!("{} {}", rule.why, rule.fix)},
        "helpUri": format!("{}/blob/main/docs/lint.md#{}", env!("CARGO_PKG_REPOSITORY"), rule.id.to_lowercase()),
        "defaultConfiguration": {"level": level(rule.severity)},
        "properties": {"source": rule.source}
    })
}

fn result(finding: &Finding) -> Value {
    let at = rules().iter().position(|rule| rule.id == finding.rule);
    let mut result = json!({
        "ruleId": finding.rule,
        "level": level(finding.severity),
        "message": {"text": format!("{}: {}. {}", name(&finding.object), finding.evidence, finding.fix)},
        "locations": [location(finding)],
        "partialFingerprints": {"seatrial/v1": fingerprint(finding)}
    });
    if let Some(at) = at {
        result["ruleIndex"] = at.into();
    }
    result
}

fn location(finding: &Finding) -> Value {
    let logical = json!([{"fullyQualifiedName": name(&finding.object), "kind": "object"}]);
    let Some(place) = &finding.place else {
        return json!({"logicalLocations": logical});
    };
    json!({
        "physicalLocation": {
            "artifactLocation": {"uri": uri(&place.file)},
            "region": {"startLine": place.line, "startColumn": place.column}
        },
        "logicalLocations": logical
    })
}

/// What stays the same when lines move.
pub(super) fn fingerprint(finding: &Finding) -> String {
    format!("{}:{}", finding.rule, name(&finding.object))
}

/// A path as a relative reference (RFC 3986).
fn uri(file: &str) -> String {
    let mut uri = String::new();
    for byte in file.replace('\\', "/").bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::uri;

    #[test]
    fn paths_are_escaped() {
        assert_eq!(uri("plans/a b.yaml"), "plans/a%20b.yaml");
        assert_eq!(uri("-"), "-");
        assert_eq!(uri("ä#?.json"), "%C3%A4%23%3F.json");
    }
}
