//! Annotations of GitHub Actions: workflow commands for its log.

use std::fmt::Write;

use super::{bad, details, line};
use crate::expect::suite::{Outcome, TestReport};
use crate::report::ci::{message, property};

/// An annotation for everything that is not as it should be.
#[must_use]
pub fn render(report: &TestReport) -> String {
    let mut out = String::new();
    for (tested, case) in bad(report) {
        let level = if case.outcome == Outcome::Open {
            "warning"
        } else {
            "error"
        };
        let place = case
            .place
            .map(|(file, at)| format!("file={},line={at},", property(&line(file))));
        let title = property(&line(&format!("{}: {}", tested.scenario, case.name)));
        let message = message(&details(&case).join("\n"));
        let _ = writeln!(out, "::{level} {}title={title}::{message}", place.unwrap_or_default());
    }
    out
}
