//! What the scheduler says about pods and nodes, in its own words.

use std::collections::BTreeMap;

use super::history::History;
use super::{Finding, Line, Question, Sort, Subject, clock};
use crate::cluster::{Attempt, Obstacle, Shortage, Verdict};
use crate::ids::{NodeId, PodId};
use crate::metrics::seconds;
use crate::trace::Unfit;
use crate::units::Time;

/// So many pods of a workload are asked about.
const PODS: usize = 4;
/// So many nodes are told of one by one.
const NODES: usize = 12;

/// Pods that are asked about because of a node on which they are not.
pub(super) fn asked(history: &History<'_>, question: &Question) -> Vec<PodId> {
    if question.why_not.is_none() {
        return Vec::new();
    }
    let at = question.at.map_or(history.end, Time::as_micros);
    match question.subject {
        Subject::Pod(pod) => vec![pod],
        Subject::Workload(id) => {
            let own = history.pods().filter(|(_, life)| life.workload == id);
            let there = own.map(|(pod, _)| pod).filter(|&pod| history.state(pod, at).lives());
            there.take(PODS).collect()
        }
        _ => Vec::new(),
    }
}

/// Why pods are not on a node.
pub(super) fn why_not(history: &History<'_>, question: &Question, attempts: &[Attempt]) -> Vec<Finding> {
    let Some(node) = question.why_not else {
        return Vec::new();
    };
    let at = question.at.map_or(history.end, Time::as_micros);
    let pods = asked(history, question);
    let finding = |pod: &PodId| one(history, *pod, node, at, attempts);
    pods.iter().map(finding).collect()
}

fn one(history: &History<'_>, pod: PodId, node: NodeId, at: u64, attempts: &[Attempt]) -> Finding {
    let (name, there) = (history.pod_name(pod), history.node_name(node));
    let state = history.state(pod, at);
    let attempt = attempts.iter().rfind(|a| a.pod == pod && a.at.as_micros() <= at);
    let mut lines = Vec::new();
    let summary = if state.node == Some(node) {
        format!("{name} was on {there} at {}", clock(at))
    } else if let Some(attempt) = attempt {
        lines.push(findings_of(history, attempt));
        let why = reason(history, attempt, node);
        if let Some(place) = state.node {
            lines.push(Line::new(format!(
                "it has been on {} since {}; nothing moves a pod that runs",
                history.node_name(place),
                clock(state.bound.unwrap_or(0))
            )));
        }
        format!("{name} was not on {there} at {}: {why}", clock(at))
    } else if let Some(place) = state.node {
        format!(
            "{name} was not on {there} at {}: it was on {} from the start of the run, and nothing moves a pod that runs",
            clock(at),
            history.node_name(place)
        )
    } else if state.created.is_none() {
        format!("{name} was not there at {}", clock(at))
    } else {
        format!(
            "{name} was not on {there} at {}: no scheduler had looked at it",
            clock(at)
        )
    };
    Finding {
        sort: Sort::WhyNot,
        object: format!("pod/{name}"),
        interval: [seconds(at), seconds(at)],
        seconds: 0.0,
        count: 1,
        summary,
        lines,
        prevented_by: Vec::new(),
    }
}

/// Why the node was not chosen.
fn reason(history: &History<'_>, attempt: &Attempt, node: NodeId) -> String {
    let when = clock(attempt.until.as_micros());
    let Some(verdict) = attempt.verdicts.iter().find(|v| v.node == node) else {
        return format!("the node was not there when the scheduler looked, at {when}");
    };
    if let Some(obstacle) = &verdict.obstacle {
        return format!("when the scheduler looked, at {when}, {}", obstacle_words(obstacle));
    }
    let Some(chosen) = attempt.chosen else {
        return "it fitted".into();
    };
    let score = |n: NodeId| attempt.verdicts.iter().find(|v| v.node == n).and_then(|v| v.score);
    let place = history.node_name(chosen);
    match (score(chosen), verdict.score) {
        (Some(a), Some(b)) if a > b => {
            format!("it fitted there as well at {when}, but the scheduler scored {place} higher, {a} to {b}")
        }
        (Some(a), Some(b)) if a == b => {
            format!("it fitted there as well at {when}, and scored the same, {a}; a draw decided for {place}")
        }
        _ => format!("it fitted there as well at {when}; the scheduler had found enough nodes and chose {place}"),
    }
}

/// What the scheduler found out, as its event says it, with each node below.
pub(super) fn findings_of(history: &History<'_>, attempt: &Attempt) -> Line {
    let mut below: Vec<Line> = Vec::new();
    for verdict in attempt.verdicts.iter().take(NODES) {
        below.push(Line::new(node_line(history, verdict, attempt.chosen)));
    }
    let more = attempt.verdicts.len().saturating_sub(NODES);
    if more > 0 {
        below.push(Line::new(format!("… and {more} more nodes")));
    }
    let words = match attempt.chosen {
        Some(node) => format!("the scheduler chose {}", history.node_name(node)),
        None => message(attempt),
    };
    let until = if attempt.until > attempt.at {
        format!(" (the same until {})", clock(attempt.until.as_micros()))
    } else {
        String::new()
    };
    Line {
        at: Some(seconds(attempt.at.as_micros())),
        ..Line::with(format!("{words}{until}"), below)
    }
}

fn node_line(history: &History<'_>, verdict: &Verdict, chosen: Option<NodeId>) -> String {
    let name = history.node_name(verdict.node);
    match (&verdict.obstacle, verdict.score) {
        (Some(obstacle), _) => format!("{name}: {}", obstacle_words(obstacle)),
        (None, Some(score)) if chosen == Some(verdict.node) => format!("{name}: fits, scores {score}, chosen"),
        (None, Some(score)) => format!("{name}: fits, scores {score}"),
        (None, None) => format!("{name}: fits"),
    }
}

/// kube-scheduler's message for a pod that fits nowhere.
fn message(attempt: &Attempt) -> String {
    let nodes = attempt.verdicts.len();
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    let (mut helpless, mut no_victims) = (0, 0);
    for obstacle in attempt.verdicts.iter().filter_map(|v| v.obstacle.as_ref()) {
        for reason in scheduler_words(obstacle) {
            *reasons.entry(reason).or_default() += 1;
        }
        if obstacle.resolvable() {
            no_victims += 1;
        } else {
            helpless += 1;
        }
    }
    let mut counts: Vec<String> = reasons.iter().map(|(reason, n)| format!("{n} {reason}")).collect();
    counts.sort();
    let preemption = if attempt.preempts {
        let mut parts = Vec::new();
        if helpless > 0 {
            parts.push(format!("{helpless} Preemption is not helpful for scheduling"));
        }
        if no_victims > 0 {
            parts.push(format!("{no_victims} No preemption victims found for incoming pod"));
        }
        parts.sort();
        format!("0/{nodes} nodes are available: {}.", parts.join(", "))
    } else {
        "not eligible due to preemptionPolicy=Never.".into()
    };
    format!(
        "0/{nodes} nodes are available: {}. preemption: {preemption}",
        counts.join(", ")
    )
}

/// kube-scheduler's words for what is wrong with a node.
fn scheduler_words(obstacle: &Obstacle) -> Vec<String> {
    let words = match obstacle {
        Obstacle::Unschedulable => "node(s) were unschedulable",
        Obstacle::Taint { key, value, .. } => return vec![format!("node(s) had untolerated taint {{{key}: {value}}}")],
        Obstacle::OtherNode | Obstacle::Affinity => "node(s) didn't match Pod's node affinity/selector",
        Obstacle::Ports => "node(s) didn't have free ports for the requested pod ports",
        Obstacle::Insufficient(lacks) => return lacks.iter().map(|l| insufficient(l).into()).collect(),
        Obstacle::Volumes => "node(s) had volume node affinity conflict",
        Obstacle::NoDomain => "node(s) didn't match pod topology spread constraints (missing required label)",
        Obstacle::Spread => "node(s) didn't match pod topology spread constraints",
        Obstacle::PodAffinity => "node(s) didn't match pod affinity rules",
        Obstacle::PodAntiAffinity => "node(s) didn't match pod anti-affinity rules",
    };
    vec![words.into()]
}

fn insufficient(shortage: &Shortage) -> &'static str {
    match shortage.resource {
        "pods" => "Too many pods",
        "cpu" => "Insufficient cpu",
        "memory" => "Insufficient memory",
        _ => "Insufficient ephemeral-storage",
    }
}

/// The same as a clause about one node.
fn obstacle_words(obstacle: &Obstacle) -> String {
    match obstacle {
        Obstacle::Unschedulable => "it was unschedulable (cordoned)".into(),
        Obstacle::Taint { key, value, effect } => {
            format!("it had the untolerated taint {{{key}: {value}}}, effect {effect:?}")
        }
        Obstacle::OtherNode => "the pod of a DaemonSet was meant for another node".into(),
        Obstacle::Insufficient(lacks) => {
            let parts: Vec<String> = lacks.iter().map(shortage).collect();
            parts.join("; ")
        }
        other => {
            let words = scheduler_words(other).concat();
            words
                .strip_prefix("node(s) ")
                .map_or(words.clone(), |rest| format!("it {rest}"))
        }
    }
}

fn shortage(lack: &Shortage) -> String {
    let words = insufficient(lack);
    match lack.resource {
        "pods" => format!("{words}: it holds as many as it may"),
        "cpu" => format!(
            "{words}: the pod asks for {}, {} is left",
            cores(lack.wanted),
            cores(lack.free)
        ),
        _ => format!(
            "{words}: the pod asks for {}, {} is left",
            bytes(lack.wanted),
            bytes(lack.free)
        ),
    }
}

/// `500m`, `2`
fn cores(milli: u64) -> String {
    if milli.is_multiple_of(1000) {
        (milli / 1000).to_string()
    } else {
        format!("{milli}m")
    }
}

/// `64Mi`, rounded down.
fn bytes(n: u64) -> String {
    match n {
        n if n >= 10 << 30 => format!("{}Gi", n >> 30),
        n if n >= 1 << 20 => format!("{}Mi", n >> 20),
        n if n >= 1 << 10 => format!("{}Ki", n >> 10),
        n => n.to_string(),
    }
}

/// kube-scheduler's counts, as far as a trace keeps them.
pub(super) fn short(why: Unfit) -> String {
    let parts = [
        (why.unschedulable, "node(s) were unschedulable"),
        (why.tainted, "node(s) had untolerated taints"),
        (why.affinity, "node(s) didn't match Pod's node affinity/selector"),
        (why.ports, "node(s) didn't have free ports for the requested pod ports"),
        (why.resources, "node(s) had too little left"),
        (why.volumes, "node(s) had volume node affinity conflict"),
        (why.spread, "node(s) didn't match pod topology spread constraints"),
        (why.pod_affinity, "node(s) didn't match pod affinity rules"),
        (why.pod_anti_affinity, "node(s) didn't match pod anti-affinity rules"),
    ];
    let nodes: u32 = parts.iter().map(|(n, _)| u32::from(*n)).sum();
    let parts = parts.iter().filter(|(n, _)| *n > 0);
    let parts: Vec<String> = parts.map(|(n, words)| format!("{n} {words}")).collect();
    format!("0/{nodes} nodes are available: {}.", parts.join(", "))
}
