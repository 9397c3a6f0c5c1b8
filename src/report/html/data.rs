//! What the page's scripts read: who is who, and the facts in as few bytes as is reasonable.
//!
//! Where there are too many pods to be drawn one by one, facts about pods are left out, and in their place stands how many
//! pods each node has ([`NODE_PODS`]). Causes then point to the nearest fact that is there.

use std::collections::BTreeMap;

use serde::Serialize;

use super::bytes::Numbers;
use super::facts::{Arg, Said, say_fact};
use super::series::{AllSeries, millis};
use crate::ids::{Id, PodId};
use crate::metrics::{Cause, Kubelets, OutageReport, Report, Root, Seconds, Share, WorkloadReport};
use crate::trace::{Fact, Preamble, Record};

/// With more pods than this, nodes are drawn and pods counted.
pub(super) const MOST_PODS: usize = 12_000;
/// So many reasons are told for which replicas of a workload were missing.
const MOST_REASONS: usize = 12;
/// The name of what stands for pods that are not drawn: a node and how many it has. No fact has it.
const NODE_PODS: &str = "NodePods";

/// What is embedded.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Data<'a> {
    engine: &'a str,
    /// What it is called beside another run.
    name: Option<&'a str>,
    plan: Option<&'a str>,
    seed: u64,
    trial: u64,
    versions: &'a [String],
    from: usize,
    target: Option<usize>,
    /// In milliseconds.
    end: u64,
    /// Whether every pod is there.
    whole: bool,
    nodes: Nodes<'a>,
    workloads: Vec<Workload<'a>>,
    instances: Vec<(&'static str, Option<usize>)>,
    budgets: Vec<String>,
    outages: &'a [OutageReport],
    /// Names of pods without their last part, and for each pod which one and its last part.
    heads: Vec<String>,
    pod_heads: String,
    pod_tails: String,
    pending: String,
    words: Vec<String>,
    /// Name, letters of the things, sentence.
    kinds: Vec<(&'static str, String, &'static str)>,
    count: usize,
    facts: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Nodes<'a> {
    names: Vec<&'a str>,
    versions: Vec<usize>,
    control_plane: Vec<usize>,
    planned: Vec<usize>,
    /// Pool and zone of groups, and the group of each node.
    groups: Vec<(Option<&'a str>, Option<&'a str>)>,
    group: Vec<usize>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Workload<'a> {
    name: String,
    kind: &'a str,
    desired: u32,
    application: bool,
    outages: &'a [[Seconds; 2]],
    causes: Vec<Why<'a>>,
    /// What replicas were missing for, whether any other one was there or not.
    missing: Vec<Missing<'a>>,
    /// How many more reasons there are, each with less.
    missing_more: usize,
    evictions: u64,
    refusals: u64,
    ready: String,
}

/// Why it was down.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Why<'a> {
    interval: [Seconds; 2],
    why: &'a str,
    fix: Option<&'a str>,
    losses: Vec<Loss<'a>>,
}

/// What took replicas before a downtime, and where the chain of its causes is: a fact of the page.
#[derive(Serialize)]
struct Loss<'a>(&'a str, String, Option<usize>);

/// What is to blame, where its chain begins, a fact of the page, and for how long it was down and degraded for it.
#[derive(Serialize)]
struct Missing<'a>(&'a str, String, Option<usize>, Seconds, Seconds);

/// Everything that the page's scripts read.
pub(super) fn data<'a>(
    preamble: &'a Preamble,
    records: &[Record],
    report: &'a Report,
    name: Option<&'a str>,
) -> Data<'a> {
    let end = records.last().map_or(0, millis);
    let series = AllSeries::of(preamble, records, end);
    let created = records.iter().filter(|r| matches!(r.fact, Fact::PodCreated { .. }));
    let whole = created.count() <= MOST_PODS;
    let names = if whole {
        Names::of(preamble, records)
    } else {
        Names::default()
    };
    let mut facts = Facts::default();
    let places = facts.encode(preamble, records, (!whole).then_some(&series));
    Data {
        engine: &preamble.engine_version,
        name,
        plan: preamble.plan.as_deref(),
        seed: preamble.seed,
        trial: preamble.trial,
        versions: &preamble.versions,
        from: preamble.from,
        target: preamble.target,
        end,
        whole,
        nodes: nodes(preamble),
        workloads: report
            .workloads
            .iter()
            .zip(&series.ready)
            .map(|(w, ready)| workload(w, ready.text(end), &places))
            .collect(),
        instances: preamble
            .instances
            .iter()
            .map(|i| (i.component.as_str(), i.node.map(Id::index)))
            .collect(),
        budgets: preamble
            .budgets
            .iter()
            .map(|b| format!("{}/{} ({})", b.namespace, b.name, b.limit))
            .collect(),
        outages: &report.control_plane.outages,
        pod_heads: names.which.text(),
        pod_tails: names.tails.join(" "),
        heads: names.heads,
        pending: series.pending.text(end),
        words: facts.words,
        kinds: facts.kinds,
        count: facts.count,
        facts: facts.numbers.text(),
    }
}

fn nodes(preamble: &Preamble) -> Nodes<'_> {
    let mut groups: Vec<(Option<&str>, Option<&str>)> = Vec::new();
    let mut known = BTreeMap::new();
    let mut group = Vec::with_capacity(preamble.nodes.len());
    for node in &preamble.nodes {
        let pool = node.pool.as_deref().filter(|_| !node.control_plane);
        let pair = (pool, node.zone.as_deref());
        group.push(*known.entry(pair).or_insert_with(|| {
            groups.push(pair);
            groups.len() - 1
        }));
    }
    let which = |is: fn(&crate::trace::NodeInfo) -> bool| {
        let nodes = preamble.nodes.iter().enumerate();
        nodes.filter(|(_, n)| is(n)).map(|(i, _)| i).collect()
    };
    Nodes {
        names: preamble.nodes.iter().map(|n| n.name.as_str()).collect(),
        versions: preamble.nodes.iter().map(|n| n.version).collect(),
        control_plane: which(|n| n.control_plane),
        planned: which(|n| n.planned),
        groups,
        group,
    }
}

/// Where a chain of causes begins, in words.
fn began(root: &Root) -> String {
    match root {
        Root::Step { words, .. } => format!("because of {words}"),
        Root::Fault { words, .. } => format!("because of a fault: {words}"),
        Root::Initial { words, .. } => words.clone(),
    }
}

/// `places`: for each fact of the trace, one above that of the page; 0: it is not there.
fn workload<'a>(workload: &'a WorkloadReport, ready: String, places: &[u32]) -> Workload<'a> {
    let place = |fact: Option<u64>| {
        let place = places.get(usize::try_from(fact?).ok()?)?;
        (*place as usize).checked_sub(1)
    };
    let why = |cause: &'a Cause| Why {
        interval: cause.interval,
        why: &cause.why,
        fix: cause.fix.as_deref(),
        losses: (cause.losses.iter())
            .map(|l| Loss(&l.why, began(&l.root), place(l.fact)))
            .collect(),
    };
    let mut shares: Vec<&Share> = workload.attribution.iter().collect();
    let lack = |share: &Share| {
        let lack = share.endpoints.unwrap_or(share.serving);
        (lack.downtime_seconds, lack.degraded_seconds)
    };
    let missing = |share: &'a Share| {
        let (down, degraded) = lack(share);
        Missing(&share.why, began(&share.root), place(share.fact), down, degraded)
    };
    shares.sort_by(|a, b| {
        let ((a, x), (b, y)) = (lack(a), lack(b));
        b.total_cmp(&a).then(y.total_cmp(&x))
    });
    Workload {
        name: workload.full_name(),
        kind: &workload.kind,
        desired: workload.desired,
        application: !workload.is_control_plane(),
        outages: &workload.availability().outages,
        causes: workload.causes.iter().map(why).collect(),
        missing: shares.iter().take(MOST_REASONS).copied().map(missing).collect(),
        missing_more: shares.len().saturating_sub(MOST_REASONS),
        evictions: workload.evictions,
        refusals: workload.refusals,
        ready,
    }
}

/// Names of pods: many have the same beginning.
#[derive(Default)]
struct Names {
    heads: Vec<String>,
    which: Numbers,
    tails: Vec<String>,
}

impl Names {
    fn of(preamble: &Preamble, records: &[Record]) -> Self {
        let mut all: Vec<String> = Vec::new();
        for record in records {
            if let Fact::PodCreated {
                pod,
                workload,
                slot,
                replica_set,
            } = record.fact
                && let Some(owner) = preamble.workloads.get(workload.index())
            {
                let name = preamble.pod_name(pod, workload, slot, replica_set);
                if all.len() <= pod.index() {
                    all.resize(pod.index() + 1, String::new());
                }
                if let Some(place) = all.get_mut(pod.index()) {
                    *place = format!("{}/{name}", owner.namespace);
                }
            }
        }
        let mut names = Self::default();
        let mut known: BTreeMap<String, u64> = BTreeMap::new();
        for name in all {
            // Tails are separated by spaces, which no name that Kubernetes takes has.
            let cut = name.rfind(['-', ' ']).map_or(0, |at| at + 1);
            let (head, tail) = name.split_at(cut);
            let next = known.len() as u64;
            let which = *known.entry(head.to_owned()).or_insert_with(|| {
                names.heads.push(head.to_owned());
                next
            });
            names.which.push(which);
            names.tails.push(tail.to_owned());
        }
        names
    }
}

/// Facts: kind, milliseconds since the one before, how far back its cause is (0: none), and the things.
#[derive(Default)]
struct Facts {
    kinds: Vec<(&'static str, String, &'static str)>,
    known_kinds: BTreeMap<(&'static str, &'static str, String), u64>,
    words: Vec<String>,
    known_words: BTreeMap<String, u64>,
    numbers: Numbers,
    count: usize,
    before: u64,
}

impl Facts {
    /// `instead`: what stands for the facts about pods. Tells for each fact one above the place of the nearest cause that is
    /// there, itself included; 0: there is none.
    fn encode(&mut self, preamble: &Preamble, records: &[Record], instead: Option<&AllSeries>) -> Vec<u32> {
        let mut kubelets = Kubelets::new(preamble);
        let mut counts = instead.map_or(&[][..], |s| &s.on_nodes).iter().peekable();
        let mut places: Vec<u32> = Vec::with_capacity(records.len());
        for record in records {
            kubelets.observe(&record.fact);
            let at = millis(record);
            while let Some(&(since, node, pods)) = counts.next_if(|c| c.0 <= at) {
                let said = Said {
                    kind: NODE_PODS,
                    words: "",
                    args: [Arg::Node(node), Arg::Number(pods), Arg::None],
                };
                self.push(self.before.max(since), 0, said);
            }
            let cause = record.cause.and_then(|c| places.get(c.index())).copied().unwrap_or(0);
            let said = say_fact(preamble, &kubelets, &record.fact);
            if instead.is_some() && said.args.iter().any(|a| matches!(a, Arg::Pod(_))) {
                places.push(cause);
                continue;
            }
            self.push(at, cause, said);
            places.push(u32::try_from(self.count).unwrap_or(0));
        }
        places
    }

    fn push(&mut self, at: u64, cause: u32, said: Said) {
        let letters: String = said.args.iter().filter_map(Arg::letter).collect();
        let next = self.kinds.len() as u64;
        let key = (said.kind, said.words, letters);
        let kind = *self.known_kinds.entry(key).or_insert_with_key(|key| {
            self.kinds.push((key.0, key.2.clone(), key.1));
            next
        });
        self.numbers.push(kind);
        self.numbers.push(at - self.before);
        self.before = at;
        let back = if cause == 0 { 0 } else { self.count + 1 - cause as usize };
        self.numbers.push(back as u64);
        self.count += 1;
        for arg in said.args {
            if let Some(number) = self.number(arg) {
                self.numbers.push(number);
            }
        }
    }

    fn number(&mut self, arg: Arg) -> Option<u64> {
        Some(match arg {
            Arg::None => return None,
            Arg::Pod(id) => PodId::index(id) as u64,
            Arg::Node(id) => id.index() as u64,
            Arg::Workload(id) => id.index() as u64,
            Arg::Instance(id) => id.index() as u64,
            Arg::Budget(id) => id.index() as u64,
            Arg::Version(id) => u64::from(id.0),
            Arg::Number(number) => u64::from(number),
            Arg::Words(text) => {
                let next = self.words.len() as u64;
                *self.known_words.entry(text.into_owned()).or_insert_with_key(|text| {
                    self.words.push(text.clone());
                    next
                })
            }
        })
    }
}
