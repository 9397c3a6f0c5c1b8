//! The tables: workloads, nodes, phases, placement.

use std::fmt::Write;

use comfy_table::{Cell, CellAlignment, Table, presets};

use super::text::{decimals, shorten, span};
use super::{ROWS, WIDTH, badness, worst_first};
use crate::metrics::{Availability, Report, Seconds, WorkloadReport};
use crate::trace::DrainOutcome;

/// The space between columns.
const GAP: u16 = 2;

/// A table without lines, as kubectl prints them.
pub(in super::super) fn table(header: &[&str], left: usize) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(header.iter().map(Cell::new));
    for (i, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, GAP));
        if i >= left {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

pub(in super::super) fn print(out: &mut String, table: &Table) {
    out.push('\n');
    for line in table.lines() {
        out.push_str(line.trim_end());
        out.push('\n');
    }
}

/// Titles of what is told of each workload.
pub(super) const WORKLOADS: [&str; 9] = [
    "WORKLOAD", "KIND", "READY", "DOWN", "DEGRADED", "ERRORS", "EVICTED", "REFUSED", "MOVES",
];

pub(in super::super) fn workloads(out: &mut String, report: &Report, wide: bool) {
    if report.workloads.is_empty() {
        return;
    }
    let mut header = WORKLOADS.to_vec();
    if wide {
        header.extend(["NOT SERVING", "HARD DOWN", "CREATED", "LOST"]);
    }
    let mut table = table(&header, 2);
    let all = worst_first(report);
    let calm = |w: &WorkloadReport| badness(w) == [0.0; 3] && w.pods_created == 0;
    let mut hidden = 0_usize;
    let mut shown = 0_usize;
    let mut rows: Vec<Vec<String>> = Vec::new();
    for w in all {
        if !wide && (shown >= ROWS || w.is_control_plane() || (calm(w) && is_of_the_system(&w.namespace))) {
            hidden += 1;
            continue;
        }
        shown += 1;
        rows.push(row(w, wide));
    }
    if !wide {
        shorten_names(&header, &mut rows);
    }
    table.add_rows(rows);
    if shown > 0 {
        print(out, &table);
    }
    self::hidden(out, hidden, shown);
}

/// Says how many workloads are not in the table.
pub(in super::super) fn hidden(out: &mut String, hidden: usize, shown: usize) {
    if hidden > 0 {
        let (noun, verb) = if hidden == 1 {
            ("workload", "is")
        } else {
            ("workloads", "are")
        };
        let more = if shown > 0 { "more " } else { "" };
        let _ = writeln!(out, "{hidden} {more}{noun} {verb} in -o wide");
    }
}

/// Shortens the names in the first column until the table fits.
pub(in super::super) fn shorten_names(header: &[&str], rows: &mut [Vec<String>]) {
    let width = |column: usize, title: &str| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        let widest = cells.map(|cell| cell.chars().count()).max();
        widest.unwrap_or(0).max(title.len()) + usize::from(GAP)
    };
    let others = header.iter().enumerate().skip(1);
    let others: usize = others.map(|(i, title)| width(i, title)).sum();
    for name in rows.iter_mut().filter_map(|row| row.first_mut()) {
        *name = shorten(name, WIDTH.saturating_sub(others).max(16));
    }
}

/// What keeps the cluster alive and is of interest only where something happens to it.
pub(in super::super) fn is_of_the_system(namespace: &str) -> bool {
    namespace == "kube-system"
}

pub(super) fn row(w: &WorkloadReport, wide: bool) -> Vec<String> {
    let a: &Availability = w.availability();
    let moves = &w.moves_per_replica;
    let moved = if f64::from(moves.max) > moves.mean {
        format!("{} (max {})", decimals(moves.mean), moves.max)
    } else {
        decimals(moves.mean)
    };
    let client = |of: fn(&crate::metrics::ClientReport) -> Seconds| {
        w.client.as_ref().map_or_else(|| "-".into(), |c| span(of(c)))
    };
    let mut row = vec![
        w.full_name(),
        w.kind.clone(),
        format!("{}/{}", a.min_ready, w.desired),
        span(a.downtime_seconds + w.shut_out()),
        span(a.degraded_seconds),
        client(|c| c.error_seconds),
        w.evictions.to_string(),
        w.refusals.to_string(),
        moved,
    ];
    if wide {
        row.extend([
            span(w.serving.downtime_seconds),
            client(|c| c.hard_downtime_seconds),
            w.pods_created.to_string(),
            w.pods_lost.to_string(),
        ]);
    }
    row
}

pub(in super::super) fn nodes(out: &mut String, report: &Report) {
    let header = [
        "NODE",
        "ROLE",
        "VERSION",
        "RESULT",
        "UPGRADED AT",
        "CORDONED",
        "DRAIN",
        "TOOK",
        "EVICTED",
        "REFUSED",
    ];
    let mut table = table(&header, 4);
    for node in &report.nodes {
        let version = if node.from_version == node.to_version {
            node.from_version.clone()
        } else {
            format!("{} -> {}", node.from_version, node.to_version)
        };
        let result = node.result.map_or_else(|| "-".into(), |r| format!("{r:?}"));
        let start = [
            node.name.clone(),
            node.role.clone(),
            version,
            result,
            node.upgraded_at.map_or_else(|| "-".into(), span),
            span(node.cordoned_seconds),
        ];
        let drains = node.drains.iter().map(|d| {
            let outcome = match d.outcome {
                DrainOutcome::Completed => "",
                DrainOutcome::Refused => ", refused",
                DrainOutcome::TimedOut => ", timed out",
                DrainOutcome::Failed => ", failed",
                DrainOutcome::Unfinished => ", unfinished",
            };
            [
                format!("at {}{outcome}", span(d.start)),
                span(d.seconds),
                d.evictions.to_string(),
                d.refusals.to_string(),
            ]
        });
        let mut drains: Vec<[String; 4]> = drains.collect();
        if drains.is_empty() {
            drains.push(["-", "-", "-", "-"].map(str::to_owned));
        }
        for (i, drain) in drains.into_iter().enumerate() {
            let first = start.clone().map(|s| if i == 0 { s } else { String::new() });
            table.add_row(first.into_iter().chain(drain));
        }
    }
    print(out, &table);
}

pub(in super::super) fn phases(out: &mut String, report: &Report) {
    let mut table = table(&["NODE", "KUBEADM PHASE", "START", "TOOK"], 2);
    for node in &report.nodes {
        for phase in &node.phases {
            table.add_row([
                node.name.clone(),
                format!("{:?}", phase.phase),
                span(phase.start),
                phase.seconds.map_or_else(|| "-".into(), span),
            ]);
        }
    }
    if !table.is_empty() {
        print(out, &table);
    }
}

pub(in super::super) fn placement(out: &mut String, report: &Report) {
    let (before, after) = (&report.cluster.placement_before, &report.cluster.placement_after);
    let mut table = table(&["WORKLOAD", "BEFORE", "AFTER"], 3);
    let names: std::collections::BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    for name in names {
        let places = |of: &crate::metrics::Placement| {
            let nodes = of.get(name).into_iter().flatten();
            let nodes: Vec<String> = nodes.map(|(n, c)| format!("{n}: {c}")).collect();
            shorten(&nodes.join(", "), 60)
        };
        table.add_row([name.clone(), places(before), places(after)]);
    }
    if !table.is_empty() {
        print(out, &table);
    }
}
