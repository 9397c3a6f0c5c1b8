//! Why workloads had no replica.

use super::history::History;
use super::{Finding, Line, Question, Sort, Subject, clock};
use crate::ids::{Id, PodId, WorkloadId};
use crate::metrics::{Cause, Report, Root, WorkloadReport, seconds};
use crate::trace::{Fact, WorkloadInfo};

/// Every outage of every workload that is asked about.
pub(super) fn outages(history: &History<'_>, report: &Report, question: &Question) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, workload) in report.workloads.iter().enumerate() {
        let id = WorkloadId::from_index(index);
        if !question.is_about(history, id) || matches!(question.subject, Subject::Pod(_)) {
            continue;
        }
        let outages = workload.causes.iter();
        findings.extend(outages.map(|cause| finding(history, id, workload, cause)));
    }
    findings
}

fn finding(history: &History<'_>, id: WorkloadId, workload: &WorkloadReport, cause: &Cause) -> Finding {
    let [start, end] = cause.interval;
    let view = if workload.endpoints.is_some() {
        "had no ready endpoint"
    } else {
        "had no replica that answers"
    };
    let name = workload.full_name();
    let mut lines = Vec::new();
    let told = cause.why.contains("no budget") || cause.why.contains("no spread constraint");
    let info = history.workload(id).filter(|_| !told);
    lines.extend(info.and_then(unprotected).map(Line::new));
    for loss in &cause.losses {
        let branch = loss.fact.and_then(|f| usize::try_from(f).ok());
        let below = branch.map_or_else(Vec::new, |fact| history.branch(fact));
        lines.push(Line::with(format!("{}: {}", loss.why, end_words(&loss.root)), below));
    }
    lines.extend(replacements(history, id, cause));
    Finding {
        sort: Sort::Outage,
        object: format!("workload/{name}"),
        interval: cause.interval,
        seconds: end - start,
        count: 1,
        summary: format!(
            "{name} {view} {start:.1} s – {end:.1} s ({:.1} s): {}",
            end - start,
            cause.why
        ),
        lines,
        prevented_by: Vec::new(),
    }
}

/// What could have kept its replicas apart, and does not.
fn unprotected(info: &WorkloadInfo) -> Option<String> {
    if info.desired < 2 {
        return Some("it has one replica only: while that one moves, there is none".into());
    }
    match (info.kept_apart, info.budgets.is_empty()) {
        (false, true) => Some(
            "nothing keeps its replicas apart, and nothing holds a drain back: no spread constraint, no budget".into(),
        ),
        (true, true) => Some("nothing holds a drain back: no budget".into()),
        _ => None,
    }
}

/// In which step of the plan, which fault or which condition it began.
pub(super) fn end_words(root: &Root) -> String {
    match root {
        Root::Step { words, at } => format!("{words}, from {at:.1} s"),
        Root::Fault { words, at } => format!("a fault at {at:.1} s, {words}"),
        Root::Initial { words, .. } => words.clone(),
    }
}

/// How the pods came that took the places of the lost ones: those that were created before it was over.
fn replacements(history: &History<'_>, id: WorkloadId, cause: &Cause) -> Vec<Line> {
    let [start, end] = cause.interval.map(micros);
    let slack = 1_000_000;
    let mut lines = Vec::new();
    let mut more = 0;
    for (pod, life) in history.pods().filter(|(_, life)| life.workload == id) {
        let created = life.facts.first().map_or(0, |&f| history.at(f));
        // What was there before and still is may be what came back.
        if created.saturating_add(slack) < start || created > end || created == 0 {
            continue;
        }
        if lines.len() >= 3 {
            more += 1;
            continue;
        }
        lines.push(Line {
            at: Some(seconds(created)),
            ..Line::new(replacement(history, pod, &life.name))
        });
    }
    if more > 0 {
        lines.push(Line::new(format!("… and {more} more replacements")));
    }
    let refused = history.refused_pods.get(&id).into_iter().flatten();
    let refused = refused.filter(|&&f| (start..=end).contains(&history.at(f)));
    lines.extend(refused.take(1).filter_map(|&fact| {
        let mut line = history.line(fact)?;
        line.below = history.branch_before(fact);
        Some(line)
    }));
    lines
}

fn replacement(history: &History<'_>, pod: PodId, name: &str) -> String {
    let last = history.state(pod, history.end);
    let Some((node, bound)) = last.node.zip(last.bound) else {
        return format!("its replacement {name} was created, and found no node before the run ended");
    };
    let node = history.node_name(node);
    let facts = history.life(pod).map_or(&[][..], |life| &life.facts);
    let came = facts.iter().find(|&&f| {
        matches!(
            history.fact(f),
            Some(Fact::EndpointReady { .. } | Fact::PodReady { .. })
        )
    });
    let Some(came) = came.map(|&f| history.at(f)) else {
        return format!(
            "its replacement {name} was created, scheduled to {node} at {}, and was not ready before the run ended",
            clock(bound)
        );
    };
    format!(
        "its replacement {name} was created, scheduled to {node} at {}, ready at {} (start-up {})",
        clock(bound),
        clock(came),
        clock(came.saturating_sub(bound))
    )
}

/// Seconds as microseconds.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "times of a report are positive and far below 2^53 microseconds"
)]
pub(super) fn micros(seconds: f64) -> u64 {
    libm::round(seconds * 1e6).max(0.0) as u64
}
