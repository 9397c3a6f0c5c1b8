//! The Test Anything Protocol, version 14.

use std::fmt::Write;

use super::{cases, details, line};
use crate::expect::suite::{Outcome, TestReport};

/// The report as TAP.
#[must_use]
pub fn render(report: &TestReport) -> String {
    let mut out = format!("TAP version 14\n1..{}\n", cases(report).count());
    for (n, (tested, case)) in cases(report).enumerate() {
        let good = if case.outcome == Outcome::Pass { "ok" } else { "not ok" };
        let (scenario, name) = (escaped(&tested.scenario), escaped(case.name));
        let _ = writeln!(out, "{good} {} - {scenario}: {name}", n + 1);
        if case.outcome == Outcome::Pass {
            continue;
        }
        out.push_str("  ---\n");
        let severity = match case.outcome {
            Outcome::Open => "open",
            Outcome::Invalid => "invalid",
            _ => "fail",
        };
        let _ = writeln!(out, "  severity: {severity}");
        if let Some((file, line)) = case.place {
            let _ = writeln!(out, "  at: {}", text(&format!("{file}:{line}")));
        }
        out.push_str("  message:\n");
        for line in details(&case) {
            let _ = writeln!(out, "  - {}", text(&line));
        }
        out.push_str("  ...\n");
    }
    out
}

/// A description: `#` would begin a directive.
fn escaped(text: &str) -> String {
    line(text).replace('\\', "\\\\").replace('#', "\\#")
}

/// A text of YAML, which JSON's are.
fn text(text: &str) -> String {
    serde_json::Value::from(line(text)).to_string()
}
