//! The report as Markdown: for a pull request or a change ticket.

use std::fmt::Write;

use super::rows::{WORKLOADS, row};
use super::text::span;
use super::{
    OUTAGES, ROWS, churn, control_plane, deadlock_title, downtime, luck, more_outages, scale_down, status, versions,
    worst_first,
};
use crate::metrics::Report;
use crate::report::markdown::plain;

/// The report as a Markdown document.
#[must_use]
pub fn render(report: &Report) -> String {
    let name = report.plan.as_deref().unwrap_or("only faults");
    let mut out = format!("# Rehearsal: {}\n\n", plain(name));
    verdict(&mut out, report);
    let answers = [
        ("Application downtime", downtime(report)),
        ("Eviction churn", churn(report)),
        ("Control plane", control_plane(report)),
        ("Autoscaler", scale_down(report)),
        ("Version skew", versions::skew(report)),
        ("Certificates", versions::certificates(report)),
    ];
    for (question, answer) in answers.iter().filter(|(_, answer)| !answer.is_empty()) {
        let _ = writeln!(out, "- **{question}**: {}", plain(answer));
    }
    workloads(&mut out, report);
    reasons(&mut out, report);
    assumptions(&mut out, report);
    out
}

fn verdict(out: &mut String, report: &Report) {
    let words = status(report.outcome.status, report.plan.is_some());
    let took = report
        .makespan_seconds
        .map_or_else(String::new, |s| format!(" after {}", span(s)));
    let _ = writeln!(
        out,
        "**{words}**{took}: {} {}\n",
        plain(&versions(&report.versions)),
        luck(report)
    );
    if let Some(reason) = &report.outcome.reason {
        let _ = writeln!(out, "{}\n", plain(reason));
    }
    if let Some(proof) = &report.outcome.proof {
        let _ = writeln!(out, "{}\n", deadlock_title(proof));
        for (number, link) in (1..).zip(&proof.chain) {
            let _ = writeln!(out, "{number}. {}", plain(&link.words));
        }
        out.push('\n');
    }
}

fn workloads(out: &mut String, report: &Report) {
    let all: Vec<_> = worst_first(report)
        .into_iter()
        .filter(|w| !w.is_control_plane())
        .collect();
    if all.is_empty() {
        return;
    }
    let rule: String = (0..WORKLOADS.len())
        .map(|i| if i < 2 { "---|" } else { "--:|" })
        .collect();
    let _ = writeln!(out, "\n| {} |\n|{rule}", WORKLOADS.join(" | "));
    for w in all.iter().take(ROWS) {
        let cells: Vec<String> = row(w, false).iter().map(|cell| plain(cell)).collect();
        let _ = writeln!(out, "| {} |", cells.join(" | "));
    }
    if all.len() > ROWS {
        let _ = writeln!(out, "\n{} more workloads are not shown.", all.len() - ROWS);
    }
}

fn reasons(out: &mut String, report: &Report) {
    for w in worst_first(report) {
        if w.causes.is_empty() || w.is_control_plane() {
            continue;
        }
        let _ = writeln!(out, "\n## Why {} was down\n", plain(&w.full_name()));
        let mut fixes: Vec<&str> = Vec::new();
        for cause in w.causes.iter().take(OUTAGES) {
            let [a, b] = cause.interval;
            let _ = writeln!(out, "- {a:.1} s to {b:.1} s: {}", plain(&cause.why));
            fixes.extend(cause.fix.as_deref().filter(|fix| !fixes.contains(fix)));
        }
        if let Some(more) = more_outages(w) {
            let _ = writeln!(out, "- {more}");
        }
        for fix in fixes {
            let _ = writeln!(out, "- **fix**: {}", plain(fix));
        }
    }
}

fn assumptions(out: &mut String, report: &Report) {
    if report.assumptions.is_empty() {
        return;
    }
    out.push_str("\n## Assumptions\n\n");
    for line in &report.assumptions {
        let _ = writeln!(out, "- {}", plain(line));
    }
}
