//! The report as tables, which need no scripts.

use std::fmt::Write;

use super::answers::{count, time};
use super::escape;
use crate::metrics::{NodeReport, Report, WorkloadReport};
use crate::report::Style;
use crate::report::narrate;
use crate::report::outages::{OUTAGES, more_outages};
use crate::trace::{Preamble, Record};

/// Longer tables are cut short.
pub(super) const MOST_ROWS: usize = 500;
/// Longer stories are cut short.
const MOST_LINES: usize = 1000;

/// All of them; `suffix`: what ids end with.
pub(super) fn tables(preamble: &Preamble, records: &[Record], report: &Report, suffix: &str) -> String {
    [
        causes(report),
        workloads(report, suffix),
        outages(report, suffix),
        nodes(report, suffix),
        assumptions(report),
        story(preamble, records),
    ]
    .concat()
}

/// A table with row headers. Columns after the first `left` ones are numbers.
pub(super) fn table(
    (caption, suffix): (&str, &str),
    left: usize,
    head: &[&str],
    rows: &[Vec<String>],
    hidden: usize,
) -> String {
    let id: String = caption.chars().filter(char::is_ascii_alphabetic).collect::<String>() + suffix;
    let class = |i: usize| if i < left { "" } else { " class=\"number\"" };
    let mut out = format!(
        "<h2 id=\"{id}\">{caption}</h2>\n<div class=\"scroll\" tabindex=\"0\" role=\"region\" \
         aria-labelledby=\"{id}\"><table>\n<thead><tr>"
    );
    for (i, name) in head.iter().enumerate() {
        let _ = write!(out, "<th scope=\"col\"{}>{name}</th>", class(i));
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    for row in rows {
        out.push_str("<tr>");
        for (i, cell) in row.iter().enumerate() {
            let cell = escape::text(cell);
            let _ = match i {
                0 => write!(out, "<th scope=\"row\">{cell}</th>"),
                _ => write!(out, "<td{}>{cell}</td>", class(i)),
            };
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody></table></div>\n");
    if hidden > 0 {
        let _ = writeln!(
            out,
            "<p class=\"note\">{hidden} more are left out here; <code>-o json</code> has all.</p>"
        );
    }
    out
}

fn causes(report: &Report) -> String {
    let mut out = String::new();
    for workload in report.workloads.iter().filter(|w| !w.causes.is_empty()).take(MOST_ROWS) {
        let name = escape::text(&workload.full_name());
        let _ = writeln!(out, "<h2>Why {name} was down</h2>\n<ul class=\"causes\">");
        for cause in workload.causes.iter().take(OUTAGES) {
            let [from, to] = cause.interval;
            let why = escape::text(&cause.why);
            let _ = write!(out, "<li><b>{} – {}</b> {why}", time(from), time(to));
            if let Some(fix) = &cause.fix {
                let _ = write!(out, "<br><span class=\"fix\">What helps: {}</span>", escape::text(fix));
            }
            out.push_str("</li>\n");
        }
        if let Some(more) = more_outages(workload) {
            let _ = writeln!(out, "<li>{more}</li>");
        }
        out.push_str("</ul>\n");
    }
    out
}

fn workloads(report: &Report, suffix: &str) -> String {
    let mut all: Vec<&WorkloadReport> = report.applications().collect();
    let hidden = all.len().saturating_sub(MOST_ROWS);
    if hidden > 0 {
        all.sort_by(|a, b| b.down().total_cmp(&a.down()));
    }
    let row = |w: &&WorkloadReport| {
        let availability = w.availability();
        let errors = w.client.as_ref().map_or_else(|| "–".into(), |c| time(c.error_seconds));
        vec![
            w.full_name(),
            w.kind.clone(),
            format!("{}/{}", availability.min_ready, w.desired),
            time(w.down()),
            time(availability.degraded_seconds),
            errors,
            w.evictions.to_string(),
            w.refusals.to_string(),
            format!("{:.2} (at most {})", w.moves_per_replica.mean, w.moves_per_replica.max),
        ]
    };
    let rows: Vec<_> = all.iter().take(MOST_ROWS).map(row).collect();
    let head = [
        "Workload",
        "Kind",
        "Fewest ready",
        "Down",
        "Degraded",
        "Errors",
        "Evicted",
        "Refused",
        "Moves per replica",
    ];
    table(("Workloads", suffix), 2, &head, &rows, hidden)
}

fn outages(report: &Report, suffix: &str) -> String {
    let outages = &report.control_plane.outages;
    if outages.is_empty() {
        return String::new();
    }
    let rows: Vec<_> = outages
        .iter()
        .take(MOST_ROWS)
        .map(|o| {
            vec![
                format!("{} – {}", time(o.start), time(o.end)),
                o.components.join(", "),
                time(o.end - o.start),
                o.pods_lost.to_string(),
                o.restarted_locally.to_string(),
                o.recreated_during.to_string(),
                o.recreated_after.to_string(),
            ]
        })
        .collect();
    let head = [
        "When",
        "Away",
        "Length",
        "Pods lost",
        "Restarted by kubelets",
        "Recreated in it",
        "Recreated after it",
    ];
    let hidden = outages.len().saturating_sub(MOST_ROWS);
    table(("Outages of the control plane", suffix), 2, &head, &rows, hidden)
}

fn nodes(report: &Report, suffix: &str) -> String {
    let row = |n: &NodeReport| {
        let versions = if n.from_version == n.to_version {
            n.to_version.clone()
        } else {
            format!("{} → {}", n.from_version, n.to_version)
        };
        let result = n.result.map_or("–", narrate::words::node_deed);
        let drains: f64 = n.drains.iter().map(|d| d.seconds).sum();
        let evictions: u64 = n.drains.iter().map(|d| d.evictions).sum();
        let refusals: u64 = n.drains.iter().map(|d| d.refusals).sum();
        vec![
            n.name.clone(),
            n.role.clone(),
            versions,
            result.into(),
            n.upgraded_at.map_or_else(|| "–".into(), time),
            time(n.cordoned_seconds),
            time(drains),
            evictions.to_string(),
            refusals.to_string(),
        ]
    };
    let rows: Vec<_> = report.nodes.iter().take(MOST_ROWS).map(row).collect();
    let head = [
        "Node", "Role", "Version", "Result", "Done at", "Cordoned", "Draining", "Evicted", "Refused",
    ];
    table(
        ("Nodes", suffix),
        4,
        &head,
        &rows,
        report.nodes.len().saturating_sub(MOST_ROWS),
    )
}

fn assumptions(report: &Report) -> String {
    if report.assumptions.is_empty() {
        return String::new();
    }
    let items: Vec<String> = report
        .assumptions
        .iter()
        .map(|a| format!("<li>{}</li>\n", escape::text(a)))
        .collect();
    format!("<h2>Assumptions</h2>\n<ul>\n{}</ul>\n", items.concat())
}

fn story(preamble: &Preamble, records: &[Record]) -> String {
    let story = narrate::render(preamble, records, narrate::Depth::Everything, Style::default());
    let lines: Vec<&str> = story.lines().collect();
    let shown = lines.get(..lines.len().min(MOST_LINES)).unwrap_or_default().join("\n");
    let mut out = format!(
        "<h2>The run as a story</h2>\n<details><summary>{}</summary>\n<pre tabindex=\"0\">{}</pre>\n</details>\n",
        count(lines.len() as u64, "line"),
        escape::text(&shown)
    );
    if lines.len() > MOST_LINES {
        let _ = writeln!(
            out,
            "<p class=\"note\">{} more lines are left out here; <code>--narrate</code> tells all.</p>",
            lines.len() - MOST_LINES
        );
    }
    out
}
