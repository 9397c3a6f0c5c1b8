//! The report for people: the verdict, the three answers, then the details, in 100 columns.

pub mod itinerary;
pub mod markdown;
pub(super) mod rows;
pub(super) mod text;
pub mod trials;
mod versions;

use std::fmt::Write;

use rows::{nodes, phases, placement, workloads};
use text::{count, decimals, paragraph, span, wrap};

use super::Style;
use super::outages::{OUTAGES, more_outages};
use crate::metrics::{OutageReport, Proof, Rehearsed, Report, Seconds, Versions, WorkloadReport, list};
use crate::trace::PlanStatus;

/// The widest line.
const WIDTH: usize = 100;
/// Workloads beyond so many are left out, except in the wide view.
const ROWS: usize = 30;
/// Where the answers begin.
const INDENT: usize = 23;

/// The report as text.
#[must_use]
pub fn render(report: &Report, style: Style, wide: bool) -> String {
    let mut out = String::new();
    verdict(&mut out, report, style);
    out.push('\n');
    answer(&mut out, style, "Application downtime", &downtime(report));
    answer(&mut out, style, "Eviction churn", &churn(report));
    answer(&mut out, style, "Control plane", &control_plane(report));
    let skew = versions::skew(report);
    if !skew.is_empty() {
        answer(&mut out, style, "Version skew", &skew);
    }
    let removed = scale_down(report);
    if !removed.is_empty() {
        answer(&mut out, style, "Autoscaler", &removed);
    }
    let certificates = versions::certificates(report);
    if !certificates.is_empty() {
        answer(&mut out, style, "Certificates", &certificates);
    }
    workloads(&mut out, report, wide);
    if wide {
        nodes(&mut out, report);
        phases(&mut out, report);
        placement(&mut out, report);
    }
    reasons(&mut out, report, style);
    if wide {
        findings(&mut out, report, style);
    }
    assumptions(&mut out, &report.assumptions, style);
    out
}

/// What the linter found, and whether this run shows it.
fn findings(out: &mut String, report: &Report, style: Style) {
    if report.findings.is_empty() {
        return;
    }
    let _ = write!(out, "\n{}\n", style.bold("Findings of seatrial lint"));
    for finding in &report.findings {
        let held = match finding.rehearsal {
            Rehearsed::Confirmed => "this run confirms it",
            Rehearsed::NotConfirmed => "this run does not show it",
            Rehearsed::CannotTell => "a run cannot tell",
        };
        let (severity, rule, object, says) = (&finding.severity, &finding.rule, &finding.object, &finding.says);
        paragraph(out, "  - ", &format!("{severity}[{rule}] {object}: {says} ({held})"), 4);
    }
}

pub(super) fn assumptions(out: &mut String, lines: &[String], style: Style) {
    if lines.is_empty() {
        return;
    }
    let _ = write!(out, "\n{}\n", style.bold("Assumptions"));
    for line in lines {
        paragraph(out, "  - ", line, 4);
    }
}

fn verdict(out: &mut String, report: &Report, style: Style) {
    let name = report.plan.as_deref().unwrap_or("no plan, only faults");
    let versions = versions(&report.versions);
    let words = status(report.outcome.status, report.plan.is_some());
    let words = match (report.outcome.status, &report.plan) {
        (PlanStatus::Completed, _) => style.good(words),
        (PlanStatus::CompletedWithSkips | PlanStatus::Inconclusive, _) => style.warning(words),
        _ => style.bad(words),
    };
    let took = match report.makespan_seconds {
        Some(s) => format!(" after {}", span(s)),
        None => String::new(),
    };
    let seed = style.dim(&luck(report));
    let _ = writeln!(out, "{}: {versions}   {words}{took}   {seed}", style.bold(name));
    if let Some(reason) = &report.outcome.reason {
        paragraph(out, "  ", reason, 2);
    }
    if let Some(proof) = &report.outcome.proof {
        deadlock(out, proof, style);
    }
}

const fn deadlock_title(proof: &Proof) -> &'static str {
    match (proof.never, proof.cycle) {
        (true, true) => "This never ends: each waits for the next, and the last for the first.",
        (true, false) => "This never ends: nothing that is still to come can change it.",
        (false, _) => "Nothing could change before the time-out:",
    }
}

/// What waits for what, when nothing could change any more.
fn deadlock(out: &mut String, proof: &Proof, style: Style) {
    paragraph(out, "  ", &style.bad(deadlock_title(proof)), 2);
    for (number, link) in (1..).zip(&proof.chain) {
        let lead = format!("  {number}. ");
        paragraph(out, &lead, &link.words, lead.len());
    }
}

/// Which roll of the dice it was.
fn luck(report: &Report) -> String {
    match report.trial {
        0 => format!("(seed {})", report.seed),
        trial => format!("(seed {}, trial {trial})", report.seed),
    }
}

fn versions(versions: &Versions) -> String {
    match &versions.to {
        Some(to) if versions.hops.len() > 1 => format!("{} -> {to} ({} hops)", versions.from, versions.hops.len()),
        Some(to) => format!("{} -> {to}", versions.from),
        None => versions.from.clone(),
    }
}

const fn status(status: PlanStatus, planned: bool) -> &'static str {
    match status {
        PlanStatus::Completed if !planned => "PLAYED",
        PlanStatus::Completed => "COMPLETED",
        PlanStatus::CompletedWithSkips => "COMPLETED, WITH NODES LEFT OUT",
        PlanStatus::Aborted => "ABORTED",
        PlanStatus::Blocked => "BLOCKED",
        PlanStatus::Refused => "REFUSED",
        PlanStatus::Inconclusive => "INCONCLUSIVE",
    }
}

fn answer(out: &mut String, style: Style, question: &str, answer: &str) {
    let pad = " ".repeat(INDENT.saturating_sub(question.len()));
    let mut lines = wrap(answer, WIDTH - INDENT).into_iter();
    let first = lines.next().unwrap_or_default();
    let _ = writeln!(out, "{}{pad}{first}", style.bold(question));
    for line in lines {
        let _ = writeln!(out, "{}{line}", " ".repeat(INDENT));
    }
}

/// The workloads, the worst first: by downtime, then by degraded time, then by errors, then as in the input.
fn worst_first(report: &Report) -> Vec<&WorkloadReport> {
    let mut all: Vec<&WorkloadReport> = report.workloads.iter().collect();
    all.sort_by(|a, b| {
        let (x, y) = (badness(a), badness(b));
        y[0].total_cmp(&x[0])
            .then(y[1].total_cmp(&x[1]))
            .then(y[2].total_cmp(&x[2]))
    });
    all
}

fn badness(w: &WorkloadReport) -> [Seconds; 3] {
    [w.down(), w.availability().degraded_seconds, w.errors()]
}

fn downtime(report: &Report) -> String {
    let all = worst_first(report);
    let all: Vec<&WorkloadReport> = all.into_iter().filter(|w| !w.is_control_plane()).collect();
    let count = all.iter().filter(|w| w.down() > 0.0).count();
    let Some(worst) = all.first().filter(|_| count > 0) else {
        let mut text = "none: every workload had a ready replica all the time".to_owned();
        let most = all.iter().max_by(|a, b| a.errors().total_cmp(&b.errors()));
        if let Some(w) = most.filter(|w| w.errors() >= 0.05) {
            let (name, errors) = (w.full_name(), span(w.errors()));
            let _ = write!(text, ", but clients of {name} saw errors worth {errors}");
        }
        return text;
    };
    if worst.down() <= worst.shut_out() {
        let (name, time) = (worst.full_name(), span(worst.shut_out()));
        let mut text = format!("clients of {name} were shut out for {time}, though it was up: ");
        text.push_str("its load balancer had no node to send to that answers");
        others_down(&mut text, count);
        return text;
    }
    let serving = span(worst.serving.downtime_seconds);
    let mut text = format!("{} was down for ", worst.full_name());
    if let (Some(endpoints), Some(client)) = (&worst.endpoints, &worst.client) {
        let _ = write!(
            text,
            "{} (endpoints), {serving} (serving), {} (clients)",
            span(endpoints.downtime_seconds),
            span(client.hard_downtime_seconds),
        );
    } else {
        let _ = write!(text, "{serving} (serving)");
    }
    others_down(&mut text, count);
    text
}

fn others_down(text: &mut String, count: usize) {
    match count {
        1 => {}
        2 => text.push_str("; 1 more workload was down"),
        n => {
            let _ = write!(text, "; {} more workloads were down", n - 1);
        }
    }
}

fn churn(report: &Report) -> String {
    let c = &report.cluster;
    let moves = match decimals(c.moves_per_replica.mean).as_str() {
        "1" => "1 move".to_owned(),
        n => format!("{n} moves"),
    };
    let mut text = format!(
        "{}, {} refused; {} per replica",
        count(c.evictions, "eviction"),
        c.refusals,
        moves,
    );
    match c.replicas_moved_twice {
        0 => text.push_str(", none moved twice"),
        n => {
            let _ = write!(text, ", {} moved twice or more", count(n, "replica"));
        }
    }
    if c.max_pending > 0 {
        let _ = write!(
            text,
            "; up to {} waited for a node, {} in all",
            count(c.max_pending, "pod"),
            span(c.pending_pod_seconds)
        );
    }
    if c.pods_lost > 0 {
        let _ = write!(text, "; {} lost for good", count(c.pods_lost, "pod"));
    }
    text
}

/// What the cluster autoscaler removed; empty where it removed nothing.
fn scale_down(report: &Report) -> String {
    let Some(removed) = report.cluster.scale_down else {
        return String::new();
    };
    let mut text = format!("removed {} that nobody needed", count(removed.nodes, "node"));
    if removed.asked_for_again > 0 {
        let again = removed.asked_for_again;
        let _ = write!(
            text,
            ", and {again} times the plan asked for its new node again; with `scaleDownDisabled: true` in the strategy \
             it leaves them alone"
        );
    }
    text
}

fn control_plane(report: &Report) -> String {
    let outages = &report.control_plane.outages;
    if outages.is_empty() {
        return "never away; nothing was lost or recreated in an outage".into();
    }
    let sum = |of: fn(&OutageReport) -> u64| outages.iter().map(of).sum::<u64>();
    let (lost, local) = (sum(|o| o.pods_lost), sum(|o| o.restarted_locally));
    let (during, after) = (sum(|o| o.recreated_during), sum(|o| o.recreated_after));
    let mut names: Vec<&str> = Vec::new();
    for name in outages.iter().flat_map(|o| &o.components) {
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    let api = match report.control_plane.api_down_seconds {
        s if s > 0.0 => format!("API away for {}", span(s)),
        _ => "the API stayed up".into(),
    };
    let mut text = format!("{} of {} ({api})", count(outages.len() as u64, "outage"), list(&names),);
    let them = if outages.len() == 1 { "it" } else { "them" };
    if lost + local + during + after == 0 {
        let _ = write!(text, "; no pod was lost or recreated in {them}");
        return text;
    }
    let _ = write!(
        text,
        "; {} lost in {them}, {during} recreated during {them}, {after} recreated afterwards",
        count(lost, "pod")
    );
    let first = outages.iter().find_map(|o| o.first_recreate_delay_seconds);
    if let Some(delay) = first {
        let _ = write!(text, " (the first {} after the end)", span(delay));
    }
    if local > 0 {
        let crashed = count(local, "crashed container");
        let _ = write!(text, "; kubelets restarted {crashed} meanwhile");
    }
    text
}

fn reasons(out: &mut String, report: &Report, style: Style) {
    for w in worst_first(report) {
        if w.causes.is_empty() || w.is_control_plane() {
            continue;
        }
        let title = format!("Why {} was down", w.full_name());
        let _ = write!(out, "\n{}\n", style.bold(&title));
        let mut fixes: Vec<&str> = Vec::new();
        for cause in w.causes.iter().take(OUTAGES) {
            let [a, b] = cause.interval;
            let lead = format!("  {a:.1} s - {b:.1} s  ");
            paragraph(out, &lead, &cause.why, lead.len());
            if let Some(fix) = cause.fix.as_deref()
                && !fixes.contains(&fix)
            {
                fixes.push(fix);
            }
        }
        if let Some(more) = more_outages(w) {
            let _ = writeln!(out, "  {more}");
        }
        for fix in fixes {
            let lead = "  fix: ";
            paragraph(out, &style.good(lead), fix, lead.len());
        }
    }
}
