//! What the page of two runs says of both: the title of each, the answers side by side, and tables that hold them together.

use std::fmt::Write;

use super::answers::{pill, time};
use super::tables::{MOST_ROWS, table};
use super::{Shown, escape, tables as single};
use crate::metrics::{Report, WorkloadReport};

/// The heading of a run: its letter, its name, how it ended.
pub(super) fn title(shown: &Shown<'_>, letter: &str) -> String {
    let name = escape::text(shown.name);
    let reason = shown.report.outcome.reason.as_deref();
    let reason = reason.map_or_else(String::new, |r| format!("<p class=\"note\">{}</p>\n", escape::text(r)));
    format!(
        "<h2 class=\"which\"><b class=\"letter\">{letter}</b> {name} {}</h2>\n{reason}",
        pill(shown.report)
    )
}

/// What both have in common.
pub(super) fn route(a: &Shown<'_>) -> String {
    let versions = &a.report.versions;
    let to = versions.to.as_deref().filter(|to| *to != versions.from);
    let way: Vec<String> = [Some(versions.from.as_str()), to]
        .into_iter()
        .flatten()
        .map(|v| format!("<code>{}</code>", escape::text(v)))
        .collect();
    format!(
        "{}: two strategies on the same cluster and the same luck",
        way.join(" → ")
    )
}

/// A figure of both: what it is called, its value if there is one, and how it is written.
struct Figure {
    title: &'static str,
    values: [Option<f64>; 2],
    write: fn(f64) -> String,
    /// What is said of the lower one.
    less: &'static str,
}

/// The questions that are answered first, for both.
pub(super) fn answers(runs: &[Shown<'_>; 2]) -> String {
    let of = |value: fn(&Report) -> Option<f64>| [value(runs[0].report), value(runs[1].report)];
    let number = |n: f64| format!("{n}");
    let figures = [
        Figure {
            title: "Makespan",
            values: of(|r| r.makespan_seconds),
            write: time,
            less: "shorter",
        },
        Figure {
            title: "Application downtime, summed",
            values: of(|r| Some(r.applications().map(WorkloadReport::down).sum())),
            write: time,
            less: "shorter",
        },
        Figure {
            title: "Moves per replica",
            values: of(|r| Some(r.cluster.moves_per_replica.mean)),
            write: |n| format!("{n:.2}"),
            less: "fewer",
        },
        Figure {
            title: "Evictions refused",
            values: of(|r| Some(r.cluster.refusals as f64)),
            write: number,
            less: "fewer",
        },
        Figure {
            title: "API away",
            values: of(|r| Some(r.control_plane.api_down_seconds)),
            write: time,
            less: "shorter",
        },
    ];
    figures.iter().map(card).collect()
}

fn card(figure: &Figure) -> String {
    let [a, b] = figure
        .values
        .map(|v| v.map_or_else(|| "not ended".into(), figure.write));
    let mut out = format!(
        "<div class=\"card\"><h2>{}</h2><p class=\"figure both\"><span><b class=\"letter\">A</b> {a}</span> \
         <span><b class=\"letter\">B</b> {b}</span></p>",
        figure.title
    );
    let words = match figure.values {
        _ if a == b => "the same in both".to_owned(),
        [Some(x), Some(y)] => {
            let lower = if x < y { "A" } else { "B" };
            format!("{} {} in {lower}", (figure.write)((x - y).abs()), figure.less)
        }
        _ => String::new(),
    };
    let _ = writeln!(out, "<p>{words}</p></div>");
    out
}

/// The workloads of both in one table, then the report of each.
pub(super) fn tables(runs: &[Shown<'_>; 2]) -> String {
    let mut out = workloads(runs);
    for (shown, (letter, suffix)) in runs.iter().zip([("A", ""), ("B", "-b")]) {
        let tables = single::tables(shown.preamble, shown.records, shown.report, suffix);
        let name = escape::text(shown.name);
        let _ = writeln!(
            out,
            "<details class=\"whole\"><summary>The report of {letter}, {name}</summary>\n{tables}</details>"
        );
    }
    out
}

fn workloads([a, b]: &[Shown<'_>; 2]) -> String {
    let find = |name: &str| b.report.applications().find(|w| w.full_name() == name);
    let mut pairs: Vec<(&WorkloadReport, Option<&WorkloadReport>)> =
        a.report.applications().map(|w| (w, find(&w.full_name()))).collect();
    let down =
        |pair: &(&WorkloadReport, Option<&WorkloadReport>)| pair.0.down().max(pair.1.map_or(0.0, WorkloadReport::down));
    pairs.sort_by(|x, y| down(y).total_cmp(&down(x)));
    let row = |(a, b): &(&WorkloadReport, Option<&WorkloadReport>)| {
        let both = |cell: fn(&WorkloadReport) -> String| [cell(a), b.map_or_else(|| "–".into(), cell)];
        let mut cells = vec![a.full_name()];
        cells.extend(both(|w| time(w.down())));
        cells.extend(both(|w| time(w.availability().degraded_seconds)));
        cells.extend(both(|w| w.evictions.to_string()));
        cells.extend(both(|w| format!("{:.2}", w.moves_per_replica.mean)));
        cells
    };
    let rows: Vec<Vec<String>> = pairs.iter().take(MOST_ROWS).map(row).collect();
    let head = [
        "Workload",
        "Down A",
        "Down B",
        "Degraded A",
        "Degraded B",
        "Evicted A",
        "Evicted B",
        "Moves A",
        "Moves B",
    ];
    let hidden = pairs.len().saturating_sub(MOST_ROWS);
    table(("Workloads of both", ""), 1, &head, &rows, hidden)
}
