//! Markdown: the summary of a job, or a comment on a pull request.

use std::fmt::Write;

use super::{bad, clean, count, details, line, summary};
use crate::expect::suite::{Outcome, TestReport};
use crate::report::markdown::plain;

/// The report as Markdown.
#[must_use]
pub fn render(report: &TestReport) -> String {
    let good = bad(report).next().is_none();
    let mut out = format!(
        "## seatrial: {}\n\n",
        if good { "as expected" } else { "not as expected" }
    );
    let _ = writeln!(out, "{}.\n", plain(&summary(report)));
    if !good {
        out.push_str("| | scenario | expectation | evidence |\n|---|---|---|---|\n");
        for (tested, case) in bad(report) {
            let word = match case.outcome {
                Outcome::Open => "open",
                Outcome::Invalid => "invalid",
                _ => "**failed**",
            };
            let cells = [&tested.scenario, case.name, &case.evidence].map(|text| plain(&line(text)));
            let _ = writeln!(out, "| {word} | {} |", cells.join(" | "));
        }
        out.push('\n');
        for (tested, case) in bad(report) {
            let _ = writeln!(
                out,
                "### {}: {}\n",
                plain(&line(&tested.scenario)),
                plain(&line(case.name))
            );
            code(&mut out, &details(&case).join("\n"));
        }
    }
    let rows = report.scenarios.iter().filter(|t| t.problem.is_none());
    let _ = writeln!(
        out,
        "<details><summary>{}</summary>\n",
        count(report.scenarios.len(), "scenario")
    );
    out.push_str("| scenario | trials | expectations | hold |\n|---|---:|---:|---:|\n");
    for tested in rows {
        let cases = tested.cases();
        let hold = cases.iter().filter(|c| c.outcome == Outcome::Pass).count();
        let name = plain(&line(&tested.scenario));
        let _ = writeln!(out, "| {name} | {} | {} | {hold} |", tested.trials, cases.len());
    }
    out.push_str("\n</details>\n");
    out
}

/// A block of code, with a fence that is longer than any run of backticks in it.
fn code(out: &mut String, text: &str) {
    let text = clean(text);
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    let _ = writeln!(out, "{fence}text\n{text}\n{fence}\n");
}
