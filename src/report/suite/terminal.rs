//! For people: a line for each expectation as it is decided, and at the end what is not as it should be.

use std::fmt::Write;

use super::{bad, clean, details, line, summary};
use crate::expect::suite::{Case, Outcome, TestReport, Tested};
use crate::report::Style;

/// The width of the first column.
const WIDTH: usize = 12;

/// The lines of a scenario; with evidence in the wide view, and nothing of what passes for who wants to hear only what is wrong.
#[must_use]
pub fn lines(tested: &Tested, style: Style, (wide, quiet): (bool, bool)) -> String {
    let mut out = String::new();
    for case in tested
        .cases()
        .into_iter()
        .filter(|c| !quiet || c.outcome != Outcome::Pass)
    {
        head(&mut out, tested, &case, style);
        if wide {
            for text in details(&case) {
                let _ = writeln!(out, "{:WIDTH$} {}", "", style.dim(&text));
            }
        }
    }
    out
}

/// What is not as it should be, with evidence, cause and the command that shows it again; and the numbers.
#[must_use]
pub fn end(report: &TestReport, style: Style) -> String {
    let mut out = format!("{}\n", "─".repeat(WIDTH));
    for (tested, case) in bad(report) {
        head(&mut out, tested, &case, style);
        for text in details(&case) {
            let _ = writeln!(out, "{:WIDTH$} {text}", "");
        }
        if let Some((file, line)) = case.place {
            let _ = writeln!(
                out,
                "{:WIDTH$} {}",
                "",
                style.dim(&format!("at {}:{line}", clean(file)))
            );
        }
        out.push('\n');
    }
    let word = format!("{:>WIDTH$}", "Summary");
    let word = if report.counts.passed > 0 && bad(report).next().is_none() {
        style.good(&word)
    } else {
        style.bad(&word)
    };
    let _ = writeln!(out, "{word} {}", summary(report));
    out
}

fn head(out: &mut String, tested: &Tested, case: &Case<'_>, style: Style) {
    let word = |text| format!("{text:>WIDTH$}");
    let word = match case.outcome {
        Outcome::Pass => style.good(&word("PASS")),
        Outcome::Fail => style.bad(&word("FAIL")),
        Outcome::Open => style.warning(&word("OPEN")),
        Outcome::Invalid => style.bad(&word("INVALID")),
    };
    let scenario = style.bold(&line(&tested.scenario));
    let _ = writeln!(out, "{word} {scenario} {}", line(case.name));
}
