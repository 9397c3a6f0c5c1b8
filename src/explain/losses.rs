//! Why workloads had fewer replicas than they should have, and why requests failed.

use super::history::History;
use super::outages::end_words;
use super::{Finding, Line, Question, Sort, Subject};
use crate::ids::{Id, WorkloadId};
use crate::metrics::{Report, Seconds, Share, WorkloadReport};

/// Less than this, in seconds, is not worth a word.
const WORTH: Seconds = 0.05;

/// All degradation and all errors of the workloads that are asked about.
pub(super) fn losses(history: &History<'_>, report: &Report, question: &Question) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, workload) in report.workloads.iter().enumerate() {
        let id = WorkloadId::from_index(index);
        if !question.is_about(history, id) || matches!(question.subject, Subject::Pod(_)) {
            continue;
        }
        findings.extend(errors(history, workload));
        findings.extend(degradation(history, workload));
    }
    findings
}

fn errors(history: &History<'_>, workload: &WorkloadReport) -> Option<Finding> {
    let all = workload.errors();
    if all < WORTH {
        return None;
    }
    let of = |share: &Share| share.client.as_ref().map_or(0.0, |c| c.error_seconds);
    let name = workload.full_name();
    let lines = shares(history, workload, of);
    let hard = workload.client.as_ref().map_or(0.0, |c| c.hard_downtime_seconds);
    Some(Finding {
        sort: Sort::Errors,
        object: format!("workload/{name}"),
        interval: [0.0, crate::metrics::seconds(history.end)],
        seconds: all,
        summary: format!(
            "requests to {name} failed as if all had failed for {all:.1} s; all of them did for {hard:.1} s"
        ),
        count: lines.len() as u64,
        lines,
        prevented_by: Vec::new(),
    })
}

fn degradation(history: &History<'_>, workload: &WorkloadReport) -> Option<Finding> {
    let all = workload.availability().degraded_seconds;
    if all < WORTH {
        return None;
    }
    let of = |share: &Share| share.endpoints.unwrap_or(share.serving).degraded_seconds;
    let name = workload.full_name();
    let lines = shares(history, workload, of);
    Some(Finding {
        sort: Sort::Degradation,
        object: format!("workload/{name}"),
        interval: [0.0, crate::metrics::seconds(history.end)],
        seconds: all,
        summary: format!(
            "{name} had some replicas, and fewer than {}, for {all:.1} s",
            workload.desired
        ),
        count: lines.len() as u64,
        lines,
        prevented_by: Vec::new(),
    })
}

/// What it comes from: the most first.
fn shares(history: &History<'_>, workload: &WorkloadReport, of: impl Fn(&Share) -> Seconds) -> Vec<Line> {
    let mut found: Vec<(&Share, Seconds)> = workload.attribution.iter().map(|s| (s, of(s))).collect();
    found.retain(|(_, seconds)| *seconds > 0.0);
    found.sort_by(|a, b| b.1.total_cmp(&a.1));
    let line = |(share, seconds): &(&Share, Seconds)| {
        let fact = share.fact.and_then(|f| usize::try_from(f).ok());
        let words = format!("{seconds:.1} s: {}: {}", share.why, end_words(&share.root));
        Line {
            fact: share.fact,
            ..Line::with(words, fact.map_or_else(Vec::new, |fact| history.branch(fact)))
        }
    };
    found.iter().map(line).collect()
}
