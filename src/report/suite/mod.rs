//! What became of scenarios that were tested: for a terminal, and in the formats of continuous integration.
//!
//! Names and reasons come from the input. Each format escapes what it gives a meaning to, and no control character gets through.

pub mod github;
pub mod gitlab;
pub mod junit;
pub mod markdown;
pub mod sarif;
pub mod tap;
mod terminal;

pub use terminal::{end, lines};

use crate::expect::suite::{Case, Outcome, TestReport, Tested};

/// Every case with its scenario.
fn cases(report: &TestReport) -> impl Iterator<Item = (&Tested, Case<'_>)> {
    let scenarios = report.scenarios.iter();
    scenarios.flat_map(|tested| tested.cases().into_iter().map(move |case| (tested, case)))
}

/// The cases that are not as they should be.
fn bad(report: &TestReport) -> impl Iterator<Item = (&Tested, Case<'_>)> {
    cases(report).filter(|(_, case)| case.outcome != Outcome::Pass)
}

/// A text without control characters, line breaks excepted: an escape sequence of a terminal is shown, not obeyed.
fn clean(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '\n' => out.push(c),
            '\t' => out.push(' '),
            c if c.is_control() => out.extend(c.escape_default()),
            // What turns round the direction of text can make it say something else.
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => out.extend(c.escape_default()),
            c => out.push(c),
        }
    }
    out
}

/// The same in one line.
pub(super) fn line(text: &str) -> String {
    clean(text).replace('\n', "; ")
}

/// Evidence, causes and the command that shows it again, a line each.
fn details(case: &Case<'_>) -> Vec<String> {
    let mut lines: Vec<String> = case.evidence.lines().map(clean).collect();
    lines.extend(case.causes.iter().map(|cause| line(cause)));
    lines.extend(case.replay.iter().map(|command| format!("replay: {}", line(command))));
    lines
}

/// How many of something there are.
fn count(n: usize, noun: &str) -> String {
    if n == 1 {
        format!("1 {noun}")
    } else {
        format!("{n} {noun}s")
    }
}

/// The outcome of all in a line: `2 scenarios, 7 expectations: 5 passed, 2 failed`.
fn summary(report: &TestReport) -> String {
    let counts = &report.counts;
    let all = counts.passed + counts.failed + counts.open;
    let mut text = format!(
        "{}, {}: {} passed",
        count(counts.scenarios, "scenario"),
        count(all, "expectation"),
        counts.passed
    );
    for (n, word) in [
        (counts.failed, "failed"),
        (counts.open, "open"),
        (counts.invalid, "invalid"),
        (report.not_run, "not run"),
    ] {
        if n > 0 {
            text += &format!(", {n} {word}");
        }
    }
    text
}
