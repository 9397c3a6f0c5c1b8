//! What the linter found, for people and for the systems that show findings at the line they belong to.

pub mod github;
pub mod gitlab;
pub mod sarif;

use std::fmt::Write;

use super::Style;
use crate::lint::{Finding, LintReport, Rule, Severity, Subject, rule};

/// For people: one paragraph a finding; `wide`: with what to write.
#[must_use]
pub fn render(report: &LintReport, style: Style, wide: bool) -> String {
    let mut out = String::new();
    for finding in &report.findings {
        paragraph(&mut out, finding, style, wide);
    }
    let _ = writeln!(out, "{}", summary(report));
    out
}

fn paragraph(out: &mut String, finding: &Finding, style: Style, wide: bool) {
    let head = format!("{}[{}]", finding.severity.as_str(), finding.rule);
    let head = match finding.severity {
        Severity::Error => style.bad(&head),
        Severity::Warning => style.warning(&head),
        Severity::Note => style.bold(&head),
    };
    let title = rule(&finding.rule).map_or("", |rule| rule.title.as_str());
    let _ = writeln!(out, "{head}: {}: {}", name(&finding.object), clean(title));
    if let Some(place) = &finding.place {
        let _ = writeln!(out, "  --> {}:{}:{}", clean(&place.file), place.line, place.column);
    }
    let mut part = |lead: &str, text: &str| {
        let lead = format!("{lead:>7}: ");
        for (at, line) in wrapped(text, 100 - lead.len()).iter().enumerate() {
            let lead = if at == 0 {
                style.dim(&lead)
            } else {
                " ".repeat(lead.len())
            };
            let _ = writeln!(out, "{lead}{line}");
        }
    };
    part("found", &finding.evidence);
    part("why", &finding.why);
    part("fix", &finding.fix);
    if let Some(patch) = finding.patch.as_ref().filter(|_| wide) {
        for line in patch.lines() {
            let _ = writeln!(out, "         | {line}");
        }
    }
    out.push('\n');
}

/// `2 errors, 1 warning and 0 notes`
#[must_use]
pub fn summary(report: &LintReport) -> String {
    let count = |n: usize, noun: &str| {
        if n == 1 {
            format!("1 {noun}")
        } else {
            format!("{n} {noun}s")
        }
    };
    if report.findings.is_empty() {
        return "nothing was found".into();
    }
    format!(
        "{}, {} and {}",
        count(report.errors, "error"),
        count(report.warnings, "warning"),
        count(report.notes, "note")
    )
}

/// A rule as a page of its own.
#[must_use]
pub fn explain(rule: &Rule) -> String {
    let part = |lead: &str, text: &str| format!("{lead:<9} {}\n", wrapped(text, 88).join("\n          "));
    format!(
        "{} ({}): {}\n\n{}{}{}",
        rule.id,
        rule.severity.as_str(),
        rule.title,
        part("why", &rule.why),
        part("fix", &rule.fix),
        part("source", &rule.source)
    )
}

/// `Deployment default/web`
#[must_use]
pub fn name(object: &Subject) -> String {
    match &object.namespace {
        Some(namespace) => format!("{} {}/{}", object.kind, clean(namespace), clean(&object.name)),
        None => format!("{} {}", object.kind, clean(&object.name)).trim_end().to_owned(),
    }
}

/// Without what a terminal would obey.
fn clean(text: &str) -> String {
    text.replace(char::is_control, "\u{fffd}")
}

/// Lines of at most so many characters.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace().map(clean) {
        let line = lines.last_mut().map_or(0, |line| line.chars().count());
        if line > 0 && line + 1 + word.chars().count() > width {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(&word);
        }
    }
    lines
}
