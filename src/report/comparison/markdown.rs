//! A comparison as Markdown.

use std::fmt::Write;

use super::cells::{NARROW, WIDE, cells, differs, heading, reasons, sorted};
use crate::report::Style;
use crate::study::comparison::Comparison;

/// The comparison as a Markdown document.
#[must_use]
pub fn render(comparison: &Comparison) -> String {
    let mut out = format!("# Strategies compared\n\n{}\n\n", heading(comparison));
    let titles: Vec<&str> = NARROW.into_iter().chain(WIDE).collect();
    let _ = writeln!(out, "| {} |", titles.join(" | "));
    let _ = writeln!(
        out,
        "|{}",
        titles.iter().enumerate().map(|(i, _)| rule(i)).collect::<String>()
    );
    for row in sorted(comparison) {
        let pareto = row.showing.as_ref().is_some_and(|s| s.pareto);
        let name = if pareto {
            format!("**{}** \\*", plain(&row.name))
        } else {
            plain(&row.name)
        };
        let cells: Vec<String> = cells(row, true).iter().map(|cell| plain(cell)).collect();
        let _ = writeln!(out, "| {name} | {} |", cells.join(" | "));
    }
    out.push_str(
        "\n\\* Pareto-best: no other one beats it in makespan, downtime and churn together. Means, but for P50 and P95 of the makespan.\n",
    );
    if let Some(name) = &comparison.against {
        let _ = write!(
            out,
            "\n## Against {}\n\nPaired differences, ± 95% confidence.\n\n",
            plain(name)
        );
        for row in sorted(comparison) {
            if let Some(d) = row.showing.as_ref().and_then(|s| s.against.as_ref()) {
                let _ = writeln!(out, "- {}: {}", plain(&row.name), differs(d));
            }
        }
    }
    let reasons = reasons(comparison);
    if !reasons.is_empty() {
        out.push_str("\n## What stands in the way\n\n");
        for (reason, names) in reasons {
            let _ = writeln!(out, "- {}: {}", plain(&names.join(", ")), plain(&reason));
        }
    }
    if let Some(advice) = &comparison.advice {
        let text = super::advice::render(advice, Style::default());
        let _ = write!(out, "\n## Advice\n\n```text\n{}```\n", text.replace("```", "'''"));
    }
    out
}

/// The rule below a title: text to the left, numbers to the right.
fn rule(column: usize) -> &'static str {
    let text = column < 2 || column == NARROW.len() + WIDE.len() - 1;
    if text { "---|" } else { "--:|" }
}

/// Text that is not taken for markup.
fn plain(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '|' | '*' | '_' | '`' | '<' | '>' | '\\' | '[' | ']' => out.extend(['\\', c]),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}
