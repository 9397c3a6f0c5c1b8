//! How pods, workloads and nodes were at a time, and what happened to them.

use super::history::History;
use super::{Finding, Line, Question, Sort, Subject, clock, plural};
use crate::ids::{NodeId, PodId, WorkloadId};
use crate::metrics::seconds;
use crate::trace::Fact;

/// So many pods are named.
const NAMED: usize = 12;

/// How it was at the time that is asked about.
pub(super) fn state(history: &History<'_>, question: &Question) -> Option<Finding> {
    let at = question.at?.as_micros();
    let (object, summary, lines) = match question.subject {
        Subject::Everything => return None,
        Subject::Workload(id) => of_workload(history, id, at),
        Subject::Pod(pod) => {
            let name = history.pod_name(pod);
            let words = pod_words(history, pod, at);
            (format!("pod/{name}"), format!("at {}, {words}", clock(at)), Vec::new())
        }
        Subject::Node(node) => of_node(history, node, at),
    };
    Some(Finding {
        sort: Sort::State,
        object,
        interval: [seconds(at), seconds(at)],
        seconds: 0.0,
        count: 1,
        summary,
        lines,
        prevented_by: Vec::new(),
    })
}

fn of_workload(history: &History<'_>, id: WorkloadId, at: u64) -> (String, String, Vec<Line>) {
    let name = history.workload_name(id);
    let there = |pod: &PodId| history.state(*pod, at).removed.is_none() && history.state(*pod, at).created.is_some();
    let own = history.pods().filter(|(_, life)| life.workload == id);
    let pods: Vec<PodId> = own.map(|(pod, _)| pod).filter(there).collect();
    let ready = pods.iter().filter(|&&pod| {
        let state = history.state(pod, at);
        state.ready.is_some() && state.lives()
    });
    let desired = history.workload(id).map_or(0, |w| w.desired);
    let summary = format!(
        "at {}, {} of {desired} replicas of {name} were ready",
        clock(at),
        ready.count()
    );
    (format!("workload/{name}"), summary, pod_lines(history, &pods, at))
}

fn of_node(history: &History<'_>, node: NodeId, at: u64) -> (String, String, Vec<Line>) {
    let name = history.node_name(node);
    let (mut cordoned, mut unready, mut down) = (None, None, None);
    for &fact in history.of_node(node).iter().filter(|&&f| history.at(f) <= at) {
        let time = history.at(fact);
        match history.fact(fact) {
            Some(Fact::NodeCordoned { .. }) => cordoned = cordoned.or(Some(time)),
            Some(Fact::NodeUncordoned { .. }) => cordoned = None,
            Some(Fact::NodeNotReady { .. }) => unready = Some(time),
            Some(Fact::NodeReady { .. }) => unready = None,
            Some(Fact::NodeCrashed { .. } | Fact::KubeletStopped { .. }) => down = Some(time),
            Some(Fact::KubeletStarted { .. }) => down = None,
            _ => {}
        }
    }
    let mut parts: Vec<String> = Vec::new();
    let mut since = |what: &str, time: Option<u64>| parts.extend(time.map(|t| format!("{what} since {}", clock(t))));
    since("cordoned", cordoned);
    since("its kubelet away", down);
    since("not ready", unready);
    if parts.is_empty() {
        parts.push("ready and schedulable".into());
    }
    let on = |pod: &PodId| {
        let state = history.state(*pod, at);
        state.node == Some(node) && state.removed.is_none()
    };
    let pods: Vec<PodId> = history.pods().map(|(pod, _)| pod).filter(on).collect();
    let summary = format!(
        "at {}, {name} was {}, with {}",
        clock(at),
        parts.join(", "),
        plural(pods.len(), "pod")
    );
    (format!("node/{name}"), summary, pod_lines(history, &pods, at))
}

fn pod_lines(history: &History<'_>, pods: &[PodId], at: u64) -> Vec<Line> {
    let named = pods.iter().take(NAMED);
    let mut lines: Vec<Line> = named.map(|&pod| Line::new(pod_words(history, pod, at))).collect();
    if pods.len() > NAMED {
        lines.push(Line::new(format!("… and {} more", plural(pods.len() - NAMED, "pod"))));
    }
    lines
}

fn pod_words(history: &History<'_>, pod: PodId, at: u64) -> String {
    let name = history.pod_name(pod);
    let state = history.state(pod, at);
    let place = state
        .node
        .map_or_else(String::new, |node| format!(" on {}", history.node_name(node)));
    let Some(created) = state.created else {
        return format!("{name} was not there yet");
    };
    if let Some(removed) = state.removed {
        return format!("{name} was gone since {}", clock(removed));
    }
    if let Some(deleted) = state.deleted {
        return format!("{name}{place} was terminating since {}", clock(deleted));
    }
    match (state.node, state.ready) {
        (None, _) => format!("{name} had no node, since {}", clock(created)),
        (Some(_), Some(ready)) => format!("{name}{place} was ready since {}", clock(ready)),
        (Some(_), None) if state.finished => format!("{name}{place} had ended"),
        (Some(_), None) => format!(
            "{name}{place} was not ready, bound at {}",
            clock(state.bound.unwrap_or(0))
        ),
    }
}

/// What happened to a pod or a node, from the first fact to the last.
pub(super) fn story(history: &History<'_>, question: &Question) -> Option<Finding> {
    let (object, what, facts) = match question.subject {
        Subject::Pod(pod) => {
            let life = history.life(pod)?;
            (format!("pod/{}", life.name), life.name.clone(), &life.facts[..])
        }
        Subject::Node(node) => {
            let name = history.node_name(node);
            (format!("node/{name}"), name.to_owned(), history.of_node(node))
        }
        _ => return None,
    };
    let of_node = matches!(question.subject, Subject::Node(_));
    let mut lines: Vec<Line> = Vec::new();
    let mut before: Option<String> = None;
    let mut again = 0;
    for &fact in facts {
        let is_pod = matches!(history.fact(fact), Some(Fact::PodBound { .. } | Fact::NodeUnfit { .. }));
        if of_node && is_pod {
            continue;
        }
        let Some(mut line) = history.line(fact) else { continue };
        if before.as_ref() == Some(&line.words) {
            again += 1;
            continue;
        }
        if again > 0 {
            lines.push(Line::new(format!("… {again} more times")));
        }
        again = 0;
        before = Some(line.words.clone());
        if let Some(because) = because(history, fact) {
            line.words = format!("{}, because {because}", line.words);
        }
        lines.push(line);
    }
    if again > 0 {
        lines.push(Line::new(format!("… {again} more times")));
    }
    let (from, to) = (
        facts.first().map_or(0, |&f| history.at(f)),
        facts.last().map_or(0, |&f| history.at(f)),
    );
    Some(Finding {
        sort: Sort::Story,
        object,
        interval: [seconds(from), seconds(to)],
        seconds: seconds(to - from),
        count: 1,
        summary: format!("what happened to {what}"),
        lines,
        prevented_by: Vec::new(),
    })
}

/// What brought it about, where that is about something else.
fn because(history: &History<'_>, fact: usize) -> Option<String> {
    let cause = history.cause(fact)?;
    let told = matches!(
        history.fact(fact),
        Some(
            Fact::PodCreated { .. }
                | Fact::PodDeleted { .. }
                | Fact::PodUnready { .. }
                | Fact::NodeCordoned { .. }
                | Fact::NodeNotReady { .. }
                | Fact::ContainersStopped { .. }
                | Fact::DrainStarted { .. }
        )
    );
    let words = history.line(cause)?.words;
    told.then_some(words)
}
