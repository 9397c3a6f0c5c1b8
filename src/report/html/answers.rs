//! The top of the page: what the run was, and the three answers.

use std::fmt::Write;

use super::escape;
use crate::metrics::{Report, WorkloadReport, list};
use crate::trace::PlanStatus;

/// Seconds with one decimal and a unit.
pub(super) fn time(seconds: f64) -> String {
    format!("{seconds:.1} s")
}

/// A long time once more as people say it, with a space before it; nothing of a short one.
fn in_words(seconds: f64) -> String {
    let minutes = (seconds / 60.0).round() as u64;
    match (minutes / 60, minutes % 60) {
        (0, 0..10) => String::new(),
        (0, minutes) => format!(" ({minutes} min)"),
        (hours, minutes) => format!(" ({hours} h {minutes} min)"),
    }
}

/// Versions and how it ended.
pub(super) fn route(report: &Report) -> String {
    let versions = &report.versions;
    let mut way: Vec<&str> = vec![&versions.from];
    way.extend(versions.hops.iter().map(String::as_str));
    if let Some(to) = versions.to.as_deref().filter(|to| way.last() != Some(to)) {
        way.push(to);
    }
    let codes: Vec<String> = way
        .iter()
        .map(|v| format!("<code>{}</code>", escape::text(v)))
        .collect();
    let reason = report.outcome.reason.as_deref();
    let reason = reason.map_or_else(String::new, |r| format!(" <span>{}</span>", escape::text(r)));
    format!("{} {}{reason}", codes.join(" → "), pill(report))
}

/// How it ended, and when.
pub(super) fn pill(report: &Report) -> String {
    let class = match report.outcome.status {
        PlanStatus::Completed => "good",
        PlanStatus::CompletedWithSkips | PlanStatus::Inconclusive => "fair",
        PlanStatus::Aborted | PlanStatus::Blocked | PlanStatus::Refused => "bad",
    };
    let status = match report.outcome.status {
        PlanStatus::Completed => "Completed",
        PlanStatus::CompletedWithSkips => "Completed, with nodes left out",
        PlanStatus::Aborted => "Aborted",
        PlanStatus::Blocked => "Blocked",
        PlanStatus::Refused => "Refused",
        PlanStatus::Inconclusive => "Not ended",
    };
    let after = report
        .makespan_seconds
        .map_or_else(String::new, |s| format!(" after {}{}", time(s), in_words(s)));
    format!("<span class=\"pill {class}\">{status}{after}</span>")
}

/// The three questions that are answered first.
pub(super) fn answers(report: &Report) -> String {
    [downtime(report), churn(report), recreated(report)].concat()
}

fn card(class: &str, title: &str, figure: &str, words: &str) -> String {
    format!(
        "<div class=\"card {class}\"><h2>{title}</h2><p class=\"figure\">{}</p><p>{}</p></div>\n",
        escape::text(figure),
        escape::text(words)
    )
}

fn downtime(report: &Report) -> String {
    let mut down: Vec<&WorkloadReport> = report.applications().filter(|w| w.down() > 0.0).collect();
    down.sort_by(|a, b| b.down().total_cmp(&a.down()));
    let Some(worst) = down.first() else {
        let words = "every workload had a ready replica all the time";
        return card("good", "Application downtime", "none", words);
    };
    let names: Vec<String> = down
        .iter()
        .map(|w| format!("{} {}", w.full_name(), time(w.down())))
        .collect();
    card("bad", "Application downtime", &time(worst.down()), &list(&names))
}

fn churn(report: &Report) -> String {
    let cluster = &report.cluster;
    let moves = cluster.moves_per_replica;
    let mut words = format!("{:.2} moves per replica, at most {}", moves.mean, moves.max);
    if cluster.refusals > 0 {
        let _ = write!(words, "; {} refused", count(cluster.refusals, "eviction"));
    }
    if cluster.replicas_moved_twice > 0 {
        let _ = write!(
            words,
            "; {} moved twice or more",
            count(cluster.replicas_moved_twice, "replica")
        );
    }
    card("", "Eviction churn", &count(cluster.evictions, "eviction"), &words)
}

fn recreated(report: &Report) -> String {
    let outages = &report.control_plane.outages;
    let title = "Recreated while the control plane was away";
    if outages.is_empty() {
        return card(
            "good",
            title,
            "never away",
            "nothing was lost or recreated in an outage",
        );
    }
    let sum = |of: fn(&crate::metrics::OutageReport) -> u64| outages.iter().map(of).sum::<u64>();
    let (lost, during, after) = (
        sum(|o| o.pods_lost),
        sum(|o| o.recreated_during),
        sum(|o| o.recreated_after),
    );
    let mut words = format!(
        "{}, API away for {}",
        count(outages.len() as u64, "outage"),
        time(report.control_plane.api_down_seconds)
    );
    let _ = match lost {
        0 => write!(words, "; no pod was lost in them"),
        _ => write!(
            words,
            "; {} lost in them, {after} recreated afterwards",
            count(lost, "pod")
        ),
    };
    let class = if lost == 0 { "good" } else { "fair" };
    card(class, title, &count(during, "pod"), &words)
}

/// `1 pod`, `2 pods`.
pub(super) fn count(n: u64, noun: &str) -> String {
    if n == 1 {
        format!("1 {noun}")
    } else {
        format!("{n} {noun}s")
    }
}

/// Where the page comes from.
pub(super) fn footer(report: &Report) -> String {
    let trial = match report.trial {
        0 => String::new(),
        trial => format!(", trial {trial}"),
    };
    escape::text(&format!(
        "A rehearsal by seatrial {}, seed {}{trial}. Times are simulated seconds since the start of the run.",
        report.engine_version, report.seed
    ))
}
