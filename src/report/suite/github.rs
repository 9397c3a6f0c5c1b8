//! Annotations of GitHub Actions: workflow commands for its log.

use std::fmt::Write;

use super::{bad, details, line};
use crate::expect::suite::{Outcome, TestReport};

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
            .map(|(file, line)| format!("file={},line={line},", property(file)));
        let title = property(&format!("{}: {}", tested.scenario, case.name));
        let message = data(&details(&case).join("\n"));
        let _ = writeln!(out, "::{level} {}title={title}::{message}", place.unwrap_or_default());
    }
    out
}

/// What stands behind `::`.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// What stands in the list of properties.
fn property(text: &str) -> String {
    data(&line(text)).replace(':', "%3A").replace(',', "%2C")
}
