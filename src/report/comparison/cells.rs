//! What is said of a strategy, in a few words each.

use crate::report::table::text::{decimals, span};
use crate::study::Spread;
use crate::study::comparison::{Comparison, Difference, Differences, Row, Showing};
use crate::trace::PlanStatus;

/// The columns that fit into 100 columns, and those of the wide view after them.
pub(super) const NARROW: [&str; 9] = [
    "STRATEGY", "FINISHES", "P50", "P95", "NAIVE", "DOWN", "MOVES", "REFUSED", "NODES",
];
pub(super) const WIDE: [&str; 5] = ["PENDING", "NODE-TIME", "BLACKOUT", "ERRORS", "WORST WORKLOAD"];

/// The rows as a reader wants them: those that come to their end first, then by downtime, then by makespan.
pub(crate) fn sorted(comparison: &Comparison) -> Vec<&Row> {
    let mut rows: Vec<&Row> = comparison.rows.iter().collect();
    let rank = |row: &Row| {
        let Some(s) = &row.showing else {
            return [f64::INFINITY; 4];
        };
        let whole = s.statuses.get(&PlanStatus::Completed).map_or(0.0, |s| s.share);
        let makespan = s.makespan_seconds.map_or(f64::INFINITY, |m| m.mean);
        [-s.completes.share, -whole, s.downtime_seconds.mean, makespan]
    };
    rows.sort_by(|a, b| {
        let pairs = rank(a).into_iter().zip(rank(b));
        pairs
            .map(|(a, b)| a.total_cmp(&b))
            .find(|o| o.is_ne())
            .unwrap_or(std::cmp::Ordering::Equal)
    });
    rows
}

/// The cells of a row but its name.
pub(super) fn cells(row: &Row, wide: bool) -> Vec<String> {
    let Some(s) = &row.showing else {
        let mut cells = vec!["cannot be tried".to_owned()];
        cells.resize(NARROW.len() - 1 + if wide { WIDE.len() } else { 0 }, String::new());
        return cells;
    };
    let time = |spread: Option<f64>| spread.map_or_else(|| "-".into(), span);
    let mut cells = vec![
        finishes(s),
        time(s.makespan_seconds.map(|m| m.p50)),
        time(s.makespan_seconds.map(|m| m.p95)),
        time(s.naive_seconds),
        span(s.downtime_seconds.mean),
        moves(s),
        number(s.refusals.mean),
        extra(&s.extra_nodes.peak),
    ];
    if wide {
        let worst = s.worst_workload.as_ref();
        cells.extend([
            span(s.pending_pod_seconds.mean),
            span(s.extra_nodes.seconds.mean),
            span(s.blackout_seconds.mean),
            span(s.error_seconds.mean),
            worst.map_or_else(|| "-".into(), |w| format!("{} {}", span(w.downtime_seconds), w.name)),
        ]);
    }
    cells
}

/// Whether and how it ends.
fn finishes(s: &Showing) -> String {
    let whole = s.statuses.get(&PlanStatus::Completed).map_or(0, |s| s.count);
    if s.completes.share >= 1.0 {
        return if whole == s.completes.count {
            "yes"
        } else {
            "nodes left out"
        }
        .to_owned();
    }
    let ends = |status: &PlanStatus| !matches!(status, PlanStatus::Completed | PlanStatus::CompletedWithSkips);
    let rest = s.statuses.iter().filter(|(status, _)| ends(status));
    let most = rest.max_by_key(|(_, share)| share.count).map(|(status, _)| *status);
    let word = match most {
        Some(PlanStatus::Aborted) => "gives up",
        Some(PlanStatus::Refused) => "refused",
        Some(PlanStatus::Inconclusive) => "no end seen",
        _ => "never",
    };
    if s.completes.count > 0 {
        return format!("in {:.0}%", s.completes.share * 100.0);
    }
    match (most, s.gave_up_seconds) {
        (Some(PlanStatus::Aborted), Some(at)) => format!("{word} {}", span(at.p50)),
        _ => word.to_owned(),
    }
}

/// `1.35/2`: on average, and the replica that moved most.
fn moves(s: &Showing) -> String {
    format!(
        "{}/{}",
        decimals(s.moves_per_replica.mean.mean),
        decimals(s.moves_per_replica.max.max)
    )
}

/// A count, without decimals where they say nothing.
fn number(mean: f64) -> String {
    if mean >= 99.5 {
        format!("{mean:.0}")
    } else {
        decimals(libm::round(mean * 10.0) / 10.0)
    }
}

fn extra(peak: &Spread) -> String {
    if peak.max <= 0.0 {
        "-".into()
    } else {
        format!("+{}", decimals(peak.max))
    }
}

/// How a strategy differs: `5m12s ± 4s slower, down 4.2s ± 0.3s less, 0.5 ± 0.02 fewer moves a replica`.
pub(super) fn differs(d: &Differences) -> String {
    let mut parts = Vec::new();
    if let Some(makespan) = &d.makespan_seconds {
        parts.push(said(makespan, ["faster", "as fast", "slower"], span, 0.05));
    }
    parts.push(said(
        &d.downtime_seconds,
        ["less downtime", "as much downtime", "more downtime"],
        span,
        0.05,
    ));
    let words = ["fewer moves a replica", "as many moves", "more moves a replica"];
    parts.push(said(&d.moves_per_replica, words, decimals, 0.005));
    parts.join(", ")
}

/// A difference in words: less, the same, more. What is smaller than `least` is not seen.
fn said(d: &Difference, words: [&str; 3], show: fn(f64) -> String, least: f64) -> String {
    let size = d.mean.abs();
    if size < least {
        return words[1].to_owned();
    }
    let word = if d.mean < 0.0 { words[0] } else { words[2] };
    format!("{} {word}", with_margin(size, d.margin(), show))
}

/// A difference with its sign, for a table: `-4.2s ± 0.3s`.
pub(super) fn signed(d: &Difference, show: fn(f64) -> String, least: f64) -> String {
    if d.mean.abs() < least {
        return "0".into();
    }
    let sign = if d.mean < 0.0 { "-" } else { "+" };
    format!("{sign}{}", with_margin(d.mean.abs(), d.margin(), show))
}

fn with_margin(size: f64, margin: Option<f64>, show: fn(f64) -> String) -> String {
    // A margin of less than a tenth of a second is none.
    match margin
        .filter(|m| *m >= 0.005)
        .map(|m| show(if m < 0.1 { libm::round(m * 100.0) / 100.0 } else { m }))
    {
        Some(margin) if margin != show(0.0) => format!("{} ± {margin}", show(size)),
        _ => show(size),
    }
}

/// Reasons why strategies do not come to their end, or what they leave out, each with those that it holds for.
pub(super) fn reasons(comparison: &Comparison) -> Vec<(String, Vec<&str>)> {
    let mut found: Vec<(String, Vec<&str>)> = Vec::new();
    for row in sorted(comparison) {
        let reason = row
            .showing
            .as_ref()
            .and_then(|s| s.reason.as_ref())
            .or(row.problem.as_ref());
        let Some(reason) = reason else { continue };
        // How often is a column of its own, and would keep alike reasons apart.
        let reason = reason.split("; refused ").next().unwrap_or(reason);
        match found.iter_mut().find(|(known, _)| known == reason) {
            Some((_, names)) => names.push(&row.name),
            None => found.push((reason.to_owned(), vec![&row.name])),
        }
    }
    found
}

/// What stands over a comparison.
pub(super) fn heading(comparison: &Comparison) -> String {
    let strategies = match comparison.rows.len() {
        1 => "1 strategy".to_owned(),
        n => format!("{n} strategies"),
    };
    let trials = match comparison.trials {
        1 => "1 trial of each".to_owned(),
        n => format!("{n} trials of each on the same luck"),
    };
    let versions = comparison.versions.as_ref().map(|v| match &v.to {
        Some(to) => format!("{} -> {to}: ", v.from),
        None => format!("{}: ", v.from),
    });
    format!(
        "{}{strategies}, {trials} (seed {})",
        versions.unwrap_or_default(),
        comparison.seed
    )
}
