//! A comparison for a terminal.

use std::fmt::Write;

use comfy_table::CellAlignment;

use super::cells::{NARROW, WIDE, cells, differs, heading, reasons, signed, sorted};
use crate::report::Style;
use crate::report::table::rows::{print, table};
use crate::report::table::text::{decimals, paragraph, span};
use crate::study::comparison::Comparison;

/// The comparison as text, in 100 columns, or in some more where it is `wide`.
#[must_use]
pub fn render(comparison: &Comparison, style: Style, wide: bool) -> String {
    let mut out = format!("{}\n", style.bold(&heading(comparison)));
    if let Some(asked) = comparison.stopped_of {
        let _ = writeln!(
            out,
            "  {} {asked} trials were asked for; this is what is known so far",
            style.warning("PARTIAL:")
        );
    }
    strategies(&mut out, comparison, wide);
    legend(&mut out, comparison, style);
    against(&mut out, comparison, style, wide);
    why(&mut out, comparison, style);
    if let Some(advice) = &comparison.advice {
        out.push('\n');
        out.push_str(&super::advice::render(advice, style));
    }
    crate::report::table::assumptions(&mut out, &comparison.assumptions, style);
    out
}

fn strategies(out: &mut String, comparison: &Comparison, wide: bool) {
    let mut header: Vec<&str> = NARROW.to_vec();
    if wide {
        header.extend(WIDE);
    }
    let mut grid = table(&header, 2);
    if wide && let Some(column) = grid.column_mut(header.len() - 1) {
        column.set_cell_alignment(CellAlignment::Left);
    }
    for row in sorted(comparison) {
        let mark = if row.showing.as_ref().is_some_and(|s| s.pareto) {
            "*"
        } else {
            " "
        };
        grid.add_row([format!("{mark} {}", row.name)].into_iter().chain(cells(row, wide)));
    }
    print(out, &grid);
}

fn legend(out: &mut String, comparison: &Comparison, style: Style) {
    out.push('\n');
    let marked = comparison
        .rows
        .iter()
        .any(|r| r.showing.as_ref().is_some_and(|s| s.pareto));
    if marked {
        let text = "* Pareto-best: no other one beats it in makespan, downtime and churn together. DOWN: all workloads, \
                    summed. MOVES: mean and most per replica. NODES: the most beyond those of the start. NAIVE: nodes / \
                    batch x (rebuild + soak). Means, but for P50 and P95 of the makespan.";
        let mut lines = String::new();
        paragraph(&mut lines, "", text, 0);
        for line in lines.lines() {
            let _ = writeln!(out, "{}", style.dim(line));
        }
    } else {
        let _ = writeln!(out, "{}", style.bad("No strategy comes to its end here."));
    }
}

fn against(out: &mut String, comparison: &Comparison, style: Style, wide: bool) {
    let Some(name) = &comparison.against else { return };
    let held = || {
        let rows = sorted(comparison).into_iter();
        rows.filter_map(|row| Some((row, row.showing.as_ref()?.against.as_ref()?)))
    };
    if held().next().is_none() {
        return;
    }
    let title = format!("Against {name}");
    let _ = writeln!(
        out,
        "\n{}   {}",
        style.bold(&title),
        style.dim("(paired differences, ± 95% confidence)")
    );
    if wide {
        let mut grid = table(&["STRATEGY", "MAKESPAN", "DOWNTIME", "MOVES", "PAIRS"], 1);
        for (row, d) in held() {
            let makespan = d.makespan_seconds.as_ref();
            grid.add_row([
                format!("  {}", row.name),
                makespan.map_or_else(|| "-".into(), |d| signed(d, span, 0.05)),
                signed(&d.downtime_seconds, span, 0.05),
                signed(&d.moves_per_replica, decimals, 0.005),
                makespan.map_or(0, |d| d.pairs).to_string(),
            ]);
        }
        print(out, &grid);
        return;
    }
    let own = |name: &str| {
        comparison
            .row(name)
            .is_some_and(|r| r.showing.as_ref().is_some_and(|s| s.pareto))
    };
    let marked: Vec<_> = held().filter(|(row, _)| own(&row.name)).collect();
    let shown = if marked.is_empty() {
        held().take(5).collect()
    } else {
        marked
    };
    for (row, d) in shown {
        paragraph(out, "  ", &format!("{}: {}", row.name, differs(d)), 4);
    }
}

fn why(out: &mut String, comparison: &Comparison, style: Style) {
    let reasons = reasons(comparison);
    if reasons.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n{}", style.bold("What stands in the way"));
    for (reason, names) in reasons {
        paragraph(out, "  ", &format!("{}: {reason}", names.join(", ")), 4);
    }
}
