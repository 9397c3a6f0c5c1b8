//! Why pods waited for a node.

use std::collections::BTreeMap;

use super::history::History;
use super::verdicts::{findings_of, short};
use super::{Finding, Line, Question, Sort, Subject, clock, plural};
use crate::cluster::Attempt;
use crate::ids::{PodId, WorkloadId};
use crate::metrics::seconds;
use crate::trace::Fact;

/// A pod that has no node after so many microseconds is waiting, whatever the scheduler says (M-11).
const PATIENCE: u64 = 1_000_000;
/// So many pods of a workload are told of one by one.
const TOLD: usize = 4;

/// A pod that waited.
#[derive(Clone, Copy)]
struct Waiting {
    pod: PodId,
    from: u64,
    to: u64,
    /// The fact that ended it; `None`: the end of the run.
    end: Option<usize>,
}

/// The pods of a workload that waited, the longest wait first.
pub(super) struct Wait {
    workload: WorkloadId,
    pods: Vec<Waiting>,
}

/// Pods that are asked about and waited for a node, by workload.
pub(super) fn waits(history: &History<'_>, question: &Question) -> Vec<Wait> {
    let mut by_workload: BTreeMap<WorkloadId, Vec<Waiting>> = BTreeMap::new();
    for (pod, life) in history.pods() {
        let wanted = match question.subject {
            Subject::Pod(wanted) => wanted == pod,
            _ => question.is_about(history, life.workload),
        };
        if wanted && let Some(waiting) = waiting(history, pod, &life.facts) {
            by_workload.entry(life.workload).or_default().push(waiting);
        }
    }
    let sorted = by_workload.into_iter().map(|(workload, mut pods)| {
        pods.sort_by_key(|w| (std::cmp::Reverse(w.to - w.from), w.from));
        Wait { workload, pods }
    });
    let mut waits: Vec<Wait> = sorted.collect();
    waits.sort_by_key(|w| std::cmp::Reverse(w.pods.iter().map(|p| p.to - p.from).max()));
    waits
}

fn waiting(history: &History<'_>, pod: PodId, facts: &[usize]) -> Option<Waiting> {
    let from = history.at(*facts.first()?);
    let is = |f: &&usize, what: fn(&Fact) -> bool| history.fact(**f).is_some_and(what);
    let end = facts.iter().find(|f| {
        is(f, |f| {
            matches!(
                f,
                Fact::PodBound { .. } | Fact::PodDeleted { .. } | Fact::PodRemoved { .. } | Fact::PodFailed { .. }
            )
        })
    });
    let to = end.map_or(history.end, |&f| history.at(f));
    let refused = facts
        .iter()
        .any(|f| is(&f, |f| matches!(f, Fact::PodUnschedulable { .. })));
    (refused || to.saturating_sub(from) >= PATIENCE).then_some(Waiting {
        pod,
        from,
        to,
        end: end.copied(),
    })
}

impl Wait {
    /// Pods that the scheduler is asked about.
    pub(super) fn asked(&self) -> impl Iterator<Item = PodId> + '_ {
        self.pods.iter().take(2).map(|w| w.pod)
    }

    /// What there is to say.
    pub(super) fn finding(self, history: &History<'_>, attempts: &[Attempt]) -> Finding {
        let name = history.workload_name(self.workload);
        let from = self.pods.iter().map(|w| w.from).min().unwrap_or(0);
        let to = self.pods.iter().map(|w| w.to).max().unwrap_or(0);
        let sum: u64 = self.pods.iter().map(|w| w.to - w.from).sum();
        let longest = self.pods.first().map_or(0, |w| w.to - w.from);
        let summary = match &self.pods[..] {
            [only] => format!(
                "{} waited for a node {} – {} ({})",
                history.pod_name(only.pod),
                clock(only.from),
                clock(only.to),
                clock(longest)
            ),
            all => format!(
                "{} of {name} waited for a node, for {} together; the longest wait was {}",
                plural(all.len(), "pod"),
                clock(sum),
                clock(longest)
            ),
        };
        let lines = self.pods.iter().take(TOLD).map(|w| line(history, *w, attempts));
        let mut lines: Vec<Line> = lines.collect();
        if let [only] = &mut lines[..] {
            lines = std::mem::take(&mut only.below);
        }
        if self.pods.len() > TOLD {
            let more = self.pods.iter().skip(TOLD);
            let sum: u64 = more.clone().map(|w| w.to - w.from).sum();
            lines.push(Line::new(format!(
                "… and {} more, for {} together",
                plural(more.count(), "pod"),
                clock(sum)
            )));
        }
        Finding {
            sort: Sort::Pending,
            object: format!("workload/{name}"),
            interval: [seconds(from), seconds(to)],
            seconds: seconds(sum),
            count: self.pods.len() as u64,
            summary,
            lines,
            prevented_by: Vec::new(),
        }
    }
}

fn line(history: &History<'_>, waiting: Waiting, attempts: &[Attempt]) -> Line {
    let Waiting { pod, from, to, end } = waiting;
    let facts = history.life(pod).map_or(&[][..], |life| &life.facts);
    let mut below = Vec::new();
    if let Some(&created) = facts.first() {
        let mut why = history.branch(created);
        // Its own creation is what the line is about.
        why.pop();
        if !why.is_empty() {
            below.push(Line::with("it was created because", why));
        }
    }
    let own = attempts.iter().filter(|a| a.pod == pod && a.chosen.is_none());
    let told: Vec<Line> = own.map(|a| findings_of(history, a)).collect();
    if told.is_empty() {
        below.extend(unfit(history, facts));
    }
    below.extend(told);
    below.extend(end.and_then(|end| ending(history, end)));
    if end.is_none() {
        below.push(Line::new("it had no node when the run ended"));
    }
    let words = format!("{}: {}", history.pod_name(pod), clock(to - from));
    Line {
        at: Some(seconds(from)),
        ..Line::with(words, below)
    }
}

/// What the scheduler said, by count only.
fn unfit(history: &History<'_>, facts: &[usize]) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for &fact in facts {
        if let Some(Fact::PodUnschedulable { why, .. }) = history.fact(fact) {
            let words = short(*why);
            if lines.last().is_none_or(|l| l.words != words) {
                lines.push(Line {
                    at: Some(seconds(history.at(fact))),
                    ..Line::new(words)
                });
            }
        }
    }
    if lines.is_empty() {
        lines.push(Line::new("no scheduler looked at it"));
    }
    lines
}

/// How the wait ended, and what made it possible.
fn ending(history: &History<'_>, end: usize) -> Option<Line> {
    let mut line = history.line(end)?;
    let mut branch = history.branch(end);
    branch.pop();
    line.below = branch;
    Some(line)
}
