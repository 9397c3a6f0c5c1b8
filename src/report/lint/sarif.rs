//! SARIF 2.1.0, for code scanning.

use serde_json::{Value, json};

use super::formats::identities;
use super::page::address;
use crate::lint::{Finding, Rule, Severity, rules};
use crate::report::ci::uri;

/// Where the schema is.
const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// Findings as a log of one run. All rules are listed, so that results refer to them by number.
#[must_use]
pub fn render(findings: &[Finding]) -> String {
    log(&descriptors(), &results(findings, 0))
}

/// A log of one run with these rules and results.
#[must_use]
pub fn log(rules: &[Value], results: &[Value]) -> String {
    let log = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "seatrial",
                "version": env!("CARGO_PKG_VERSION"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "informationUri": env!("CARGO_PKG_REPOSITORY"),
                "rules": rules,
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    format!("{log:#}\n")
}

/// All rules of the linter.
#[must_use]
pub fn descriptors() -> Vec<Value> {
    rules().map(descriptor).collect()
}

const fn level(severity: Severity) -> &'static str {
    severity.as_str()
}

fn descriptor(rule: &Rule) -> Value {
    json!({
        "id": rule.id,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.why},
        "help": {
            "text": format!("{}\n\nNeeds: {}.\nSource: {}", rule.fix, rule.needs, rule.source),
            "markdown": format!("**Fix:** {}\n\n**Needs:** {}.\n\n**Source:** {}", rule.fix, rule.needs, rule.source),
        },
        "helpUri": format!("{}/blob/main/docs/{}", env!("CARGO_PKG_REPOSITORY"), address(rule)),
        "defaultConfiguration": {"level": level(rule.severity)},
        "properties": {"tags": ["kubernetes", "upgrade"], "precision": "high"},
    })
}

/// Findings as results; the linter's rules begin at this number in the list of rules.
#[must_use]
pub fn results(findings: &[Finding], first: usize) -> Vec<Value> {
    let number = |rule: &Rule| rules().position(|r| r.id == rule.id).unwrap_or(0) + first;
    let one = |(finding, identity): (&Finding, String)| {
        let text = format!(
            "{}: {}. {}\n{}",
            finding.object, finding.message, finding.why, finding.fix
        );
        let mut place = json!({
            "logicalLocations": [{
                "fullyQualifiedName": finding.object.to_string(),
                "name": finding.object.name,
                "kind": "object",
            }],
        });
        if let Some(spot) = &finding.position {
            place["physicalLocation"] = json!({
                "artifactLocation": {"uri": uri(&spot.file)},
                "region": {"startLine": spot.line, "startColumn": spot.column},
            });
        }
        let mut properties = json!({"figures": finding.evidence});
        if let Some(patch) = &finding.patch {
            properties["patch"] = json!(patch);
        }
        json!({
            "ruleId": finding.rule.id,
            "ruleIndex": number(finding.rule),
            "level": level(finding.severity),
            "message": {"text": text},
            "locations": [place],
            "partialFingerprints": {"finding/v1": identity},
            "properties": properties,
        })
    };
    findings.iter().zip(identities(findings)).map(one).collect()
}
