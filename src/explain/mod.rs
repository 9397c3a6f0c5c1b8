//! Why: what went wrong in a run, the worst first, each with the facts that led to it.
//!
//! Facts are all that is read, and what the scheduler says when it is asked about pods ([`crate::cluster::attempts`]). A
//! chain of causes ends in a step of the plan, a fault, or an initial condition.

mod drains;
mod history;
mod losses;
mod outages;
mod pending;
mod pods;
mod subject;
mod text;
mod verdicts;

use schemars::JsonSchema;
use serde::Serialize;

use crate::cluster::Attempt;
use crate::ids::{NodeId, PodId, WorkloadId};
use crate::metrics::{Report, Seconds};
use crate::trace::{Preamble, Record};
use crate::units::Time;

use history::History;
pub use subject::{Unknown, select};
pub use text::render;

/// What somebody wants to know.
#[derive(Clone, Debug, Default)]
pub struct Question {
    /// About whom; nothing: about the worst.
    pub subject: Subject,
    /// What it was like at this time.
    pub at: Option<Time>,
    /// Why pods of the subject are not on this node.
    pub why_not: Option<NodeId>,
}

/// About whom.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Subject {
    /// Whatever went wrong.
    #[default]
    Everything,
    /// A workload and its pods.
    Workload(WorkloadId),
    /// A pod.
    Pod(PodId),
    /// A node.
    Node(NodeId),
}

/// Why a run went as it did.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// `seatrial.dev/v1alpha1`
    pub api_version: String,
    /// `Explanation`
    pub kind: String,
    /// The plan's name; null where only faults were played.
    pub plan: Option<String>,
    /// The seed of the run.
    pub seed: u64,
    /// Which trial of that seed it is.
    pub trial: u64,
    /// The time that was asked about.
    pub at: Option<Seconds>,
    /// What was found, the worst first.
    pub findings: Vec<Finding>,
}

/// Something that went wrong, or that was asked about.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// What sort of thing it is.
    pub sort: Sort,
    /// Whom it is about: `workload/default/web`, `pod/default/web-0`, `node/worker-1`.
    pub object: String,
    /// When it began and ended.
    pub interval: [Seconds; 2],
    /// How long it lasted, all in all.
    pub seconds: Seconds,
    /// How many there were: outages, pods that waited, evictions that were refused, reasons.
    pub count: u64,
    /// What happened, as a sentence without its end.
    pub summary: String,
    /// What led to it.
    pub lines: Vec<Line>,
    /// Changes that would have prevented it, as far as a rehearsal showed it.
    pub prevented_by: Vec<Prevention>,
}

/// Sorts of findings, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Sort {
    /// What was asked about, at the time that was asked about.
    State,
    /// Why a pod is not on a node.
    WhyNot,
    /// Why the plan makes no more progress.
    Standstill,
    /// A workload had no replica.
    Outage,
    /// A pod had no node.
    Pending,
    /// A drain was refused, or failed.
    BlockedDrain,
    /// Requests failed.
    Errors,
    /// A workload had fewer replicas than it should have.
    Degradation,
    /// What happened to it.
    Story,
}

/// A line of a tree.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Line {
    /// When; null where it lasts.
    pub at: Option<Seconds>,
    /// What, as a sentence without its end.
    pub words: String,
    /// The fact, by the number that it has in a trace; null where it is more than one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fact: Option<u64>,
    /// What it is made of.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub below: Vec<Self>,
}

impl Line {
    fn new(words: impl Into<String>) -> Self {
        Self {
            at: None,
            words: words.into(),
            fact: None,
            below: Vec::new(),
        }
    }

    fn with(words: impl Into<String>, below: Vec<Self>) -> Self {
        Self {
            below,
            ..Self::new(words)
        }
    }
}

/// A change, and what a rehearsal with it showed.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Prevention {
    /// The change in a few words.
    pub change: String,
    /// What has to be written.
    pub yaml: String,
    /// How long the workload is down with it, in the same run otherwise.
    pub downtime_seconds: Seconds,
    /// How long the plan takes with it; null where it does not complete.
    pub makespan_seconds: Option<Seconds>,
}

/// The run that is explained.
#[derive(Clone, Copy)]
pub struct Run<'a> {
    /// Who is who.
    pub preamble: &'a Preamble,
    /// Every fact.
    pub records: &'a [Record],
    /// What they add up to.
    pub report: &'a Report,
}

/// So many pods are asked about at once.
const ASKED: usize = 12;

/// Explains a run. `ask` tells what the scheduler found out about pods.
pub fn explain(run: Run<'_>, question: &Question, mut ask: impl FnMut(&[PodId]) -> Vec<Attempt>) -> Explanation {
    let history = History::new(run.preamble, run.records);
    let mut waits = pending::waits(&history, question);
    let mut curious: Vec<PodId> = waits.iter().flat_map(pending::Wait::asked).collect();
    curious.truncate(ASKED);
    curious.extend(verdicts::asked(&history, question));
    let attempts = if curious.is_empty() { Vec::new() } else { ask(&curious) };
    let mut findings = Vec::new();
    findings.extend(pods::state(&history, question));
    findings.extend(verdicts::why_not(&history, question, &attempts));
    findings.extend(drains::standstill(&run, question));
    findings.extend(outages::outages(&history, run.report, question));
    findings.extend(waits.drain(..).map(|wait| wait.finding(&history, &attempts)));
    findings.extend(drains::blocked(&history, question));
    findings.extend(losses::losses(&history, run.report, question));
    findings.extend(pods::story(&history, question));
    if let Some(at) = question.at.map(Time::as_secs_f64) {
        let then = |f: &Finding| f.interval[0] <= at && at <= f.interval[1];
        findings.retain(|f| then(f) || matches!(f.sort, Sort::State | Sort::WhyNot));
    }
    findings.sort_by(|a, b| a.sort.cmp(&b.sort).then(b.seconds.total_cmp(&a.seconds)));
    Explanation {
        api_version: Report::API_VERSION.into(),
        kind: "Explanation".into(),
        plan: run.preamble.plan.clone(),
        seed: run.preamble.seed,
        trial: run.preamble.trial,
        at: question.at.map(Time::as_secs_f64),
        findings,
    }
}

impl Question {
    /// Whether somebody asks about this workload, or about everything.
    fn is_about(&self, history: &History<'_>, workload: WorkloadId) -> bool {
        match self.subject {
            // Static pods of the control plane are told of as outages of the control plane.
            Subject::Everything => !history.is_control_plane(workload),
            Subject::Workload(wanted) => wanted == workload,
            Subject::Pod(pod) => history.life(pod).is_some_and(|life| life.workload == workload),
            Subject::Node(_) => false,
        }
    }
}

/// `12.3 s`
fn clock(micros: u64) -> String {
    format!("{:.1} s", crate::metrics::seconds(micros))
}

/// `pod`, `pods`
fn plural(n: usize, noun: &str) -> String {
    if n == 1 {
        format!("1 {noun}")
    } else {
        format!("{n} {noun}s")
    }
}
