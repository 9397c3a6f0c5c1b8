//! Why drains were refused, failed or did not end, and why a plan makes no more progress.

use std::collections::BTreeMap;

use super::history::History;
use super::{Finding, Line, Question, Run, Sort, Subject, clock, plural};
use crate::ids::{BudgetId, DrainId, Id, NodeId, PodId};
use crate::metrics::{not_drainable, seconds};
use crate::trace::{DrainOutcome, Fact, RefusalReason};

/// So many pods that are not ready are named.
const NAMED: usize = 3;

/// Why the plan makes no more progress.
pub(super) fn standstill(run: &Run<'_>, question: &Question) -> Option<Finding> {
    let proof = run.report.outcome.proof.as_ref()?;
    if question.subject != Subject::Everything {
        return None;
    }
    let end = run.records.last().map_or(0, |r| r.at.as_micros());
    let plan = run.preamble.plan.as_deref().unwrap_or("the plan");
    let lasting = match (proof.never, proof.cycle) {
        (true, true) => "for ever, because it waits for itself",
        (true, false) => "for ever",
        _ => "until a drain's time is up",
    };
    Some(Finding {
        sort: Sort::Standstill,
        object: format!("plan/{plan}"),
        interval: [proof.at, seconds(end)],
        seconds: seconds(end) - proof.at,
        count: 1,
        summary: format!(
            "{plan} could make no more progress from {:.1} s on, {lasting}",
            proof.at
        ),
        lines: proof.chain.iter().map(|link| Line::new(link.words.clone())).collect(),
        prevented_by: Vec::new(),
    })
}

/// Refusals of one pod by one budget in one drain.
struct Refused {
    pod: PodId,
    budget: BudgetId,
    reason: RefusalReason,
    times: usize,
    first: usize,
    last: usize,
}

/// Drains that were refused something, failed, or did not end.
pub(super) fn blocked(history: &History<'_>, question: &Question) -> Vec<Finding> {
    let all = history.drains.iter();
    all.filter_map(|(drain, facts)| one(history, *drain, facts, question))
        .collect()
}

fn one(history: &History<'_>, _: DrainId, facts: &[usize], question: &Question) -> Option<Finding> {
    let start = facts
        .iter()
        .find(|&&f| matches!(history.fact(f), Some(Fact::DrainStarted { .. })))?;
    let Some(&Fact::DrainStarted { node, .. }) = history.fact(*start) else {
        return None;
    };
    let end = facts.iter().rev().find_map(|&f| match history.fact(f) {
        Some(Fact::DrainEnded { outcome, .. }) => Some((f, *outcome)),
        _ => None,
    });
    let refused = refusals(history, facts);
    let mut lines: Vec<Line> = Vec::new();
    let asked = |pod: PodId| match question.subject {
        Subject::Node(_) => true,
        Subject::Pod(wanted) => wanted == pod,
        _ => history
            .life(pod)
            .is_some_and(|l| question.is_about(history, l.workload)),
    };
    for refusal in refused.iter().filter(|r| asked(r.pod)) {
        lines.push(refusal_line(history, refusal, node));
    }
    lines.extend(
        facts
            .iter()
            .filter_map(|&f| failure(history, f))
            .filter(|(pod, _)| asked(*pod))
            .map(|(_, l)| l),
    );
    let outcome = end.map_or(DrainOutcome::Unfinished, |(_, outcome)| outcome);
    let about = match question.subject {
        Subject::Everything => !lines.is_empty() || outcome != DrainOutcome::Completed,
        Subject::Node(wanted) => wanted == node && (!lines.is_empty() || outcome != DrainOutcome::Completed),
        _ => !lines.is_empty(),
    };
    if !about {
        return None;
    }
    let (from, to) = (history.at(*start), end.map_or(history.end, |(f, _)| history.at(f)));
    let times: usize = refused.iter().map(|r| r.times).sum();
    lines.push(Line::with("the drain came because", history.branch_before(*start)));
    Some(Finding {
        sort: Sort::BlockedDrain,
        object: format!("node/{}", history.node_name(node)),
        interval: [seconds(from), seconds(to)],
        seconds: seconds(to - from),
        count: times as u64,
        summary: summary(history.node_name(node), outcome, (from, to), times),
        lines,
        prevented_by: Vec::new(),
    })
}

fn summary(node: &str, outcome: DrainOutcome, (from, to): (u64, u64), refused: usize) -> String {
    let times = match refused {
        0 => String::new(),
        n => format!("; {} refused", was(n)),
    };
    let how = match outcome {
        DrainOutcome::Completed => "took",
        DrainOutcome::Refused => "refused to touch some pods after",
        DrainOutcome::TimedOut => "timed out after",
        DrainOutcome::Failed => "failed after",
        DrainOutcome::Unfinished => "had not ended after",
    };
    format!(
        "the drain of {node}, begun at {}, {how} {}{times}",
        clock(from),
        clock(to - from)
    )
}

fn was(n: usize) -> String {
    let verb = if n == 1 { "was" } else { "were" };
    format!("{} {verb}", plural(n, "eviction"))
}

fn refusals(history: &History<'_>, facts: &[usize]) -> Vec<Refused> {
    let mut by_pod: BTreeMap<(PodId, BudgetId), Refused> = BTreeMap::new();
    for &fact in facts {
        if let Some(&Fact::EvictionRefused {
            pod, budget, reason, ..
        }) = history.fact(fact)
        {
            let entry = by_pod.entry((pod, budget)).or_insert(Refused {
                pod,
                budget,
                reason,
                times: 0,
                first: fact,
                last: fact,
            });
            entry.times += 1;
            entry.last = fact;
        }
    }
    let mut all: Vec<Refused> = by_pod.into_values().collect();
    all.sort_by_key(|r| r.first);
    all
}

fn refusal_line(history: &History<'_>, refused: &Refused, node: NodeId) -> Line {
    let (first, last) = (history.at(refused.first), history.at(refused.last));
    let times = match refused.times {
        1 => "once".into(),
        n => format!("{n} times until {}", clock(last)),
    };
    let budget = history.preamble.budgets.get(refused.budget.index());
    let budget = budget.map_or_else(
        || "a budget".into(),
        |b| format!("budget {}/{} ({})", b.namespace, b.name, b.limit),
    );
    let says = match refused.reason {
        RefusalReason::BudgetExhausted => "allows no disruption",
        RefusalReason::StillProcessed => "is still being processed",
    };
    let words = format!(
        "{} on {} must stay, refused {times}: {budget} {says}",
        history.pod_name(refused.pod),
        history.node_name(node)
    );
    Line {
        at: Some(seconds(first)),
        ..Line::with(words, lacking(history, refused.budget, first))
    }
}

/// Which pods of a budget were not ready, and why each of them was there.
fn lacking(history: &History<'_>, budget: BudgetId, at: u64) -> Vec<Line> {
    let protects = |id| history.workload(id).is_some_and(|w| w.budgets.contains(&budget));
    let mut lines = Vec::new();
    let (mut ready, mut unready) = (0, 0);
    for (pod, life) in history.pods().filter(|(_, life)| protects(life.workload)) {
        let state = history.state(pod, at);
        if !state.lives() {
            continue;
        }
        if state.ready.is_some() {
            ready += 1;
            continue;
        }
        unready += 1;
        if unready > NAMED {
            continue;
        }
        let place = match state.node {
            None => "had no node yet".into(),
            Some(node) => format!("was on {} and not ready", history.node_name(node)),
        };
        let later = life
            .facts
            .iter()
            .find(|&&f| history.at(f) > at && matches!(history.fact(f), Some(Fact::PodReady { .. })));
        let later = later.map_or_else(
            || "never became ready".into(),
            |&f| format!("became ready at {}", clock(history.at(f))),
        );
        let created = life.facts.first().copied();
        let below = created.map_or_else(Vec::new, |f| history.branch(f));
        lines.push(Line::with(format!("{} {place}, and {later}", life.name), below));
    }
    if unready > NAMED {
        lines.push(Line::new(format!("… and {} more that were not ready", unready - NAMED)));
    }
    if unready == 0 {
        lines.push(Line::new(match ready {
            1 => "its only pod was ready: as it is written, the budget leaves no room for an eviction".into(),
            n => format!("all of its {n} pods were ready: what is missing has not been created, or the budget leaves no room as it is written"),
        }));
    }
    lines
}

/// What else went wrong in a drain.
fn failure(history: &History<'_>, fact: usize) -> Option<(PodId, Line)> {
    match *history.fact(fact)? {
        Fact::PodNotDrainable { pod, reason, .. } => {
            let words = format!("{}: {}", history.pod_name(pod), not_drainable(reason));
            Some((pod, Line::new(words)))
        }
        Fact::EvictionFailed { pod, .. } => Some((pod, history.line(fact)?)),
        _ => None,
    }
}
