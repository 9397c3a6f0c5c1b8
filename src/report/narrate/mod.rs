//! A run told as a story: one plain sentence for each event that matters, or for what lasts.

mod brief;
pub(super) mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use self::brief::{Brief, Event, Told, Turn};
use super::Style;
use crate::ids::{DrainId, Id, NodeId, PodId, WorkloadId};
use crate::metrics::{Kubelets, deed, not_drainable, refusal_words};
use crate::trace::{DeletedBy, Fact, Mentions, Preamble, Record, StopReason};

/// Quiet that is worth a line, in microseconds.
const QUIET: u64 = 10_000_000;
/// Nobody misses the replicas of a workload: none has come yet, or their work is done.
const UNMISSED: u64 = u64::MAX;

/// How much is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// The steps of the plan, what goes wrong, and of what lasts one sentence with how long it lasts.
    Important,
    /// A sentence for each event.
    Everything,
}

/// A line of the story.
struct Line {
    at: u64,
    /// What the whole story says here.
    text: Option<String>,
    /// What the short one says.
    told: Told,
    indent: &'static str,
    /// Refusals since the line before, that have none of their own.
    refusals: u64,
}

/// What the narrator knows of a pod.
struct Pod {
    name: String,
    workload: WorkloadId,
    /// Its controller makes up for it elsewhere; false for DaemonSets, static and bare pods.
    wanders: bool,
    new: bool,
    /// Its containers crashed and do not run yet.
    crashed: bool,
    refusals: u64,
    endpoint: bool,
    /// Created during the run, and its work is done.
    done: bool,
}

/// Tells a run.
struct Narrator<'a> {
    preamble: &'a Preamble,
    style: Style,
    lines: Vec<Line>,
    brief: Brief<'a>,
    pods: BTreeMap<usize, Pod>,
    /// How many pods each drain has to do with.
    leaving: BTreeMap<usize, BTreeSet<usize>>,
    drain_start: BTreeMap<usize, u64>,
    /// Ready endpoints, and since when there is none, by workload.
    endpoints: Vec<(u32, u64)>,
    started: bool,
    kubelets: Kubelets,
    /// The hop that is under way, counted from 1.
    hop: usize,
    /// How many refusals have not been told since the last line.
    refusals: u64,
    /// A workload has just lost its last ready replica, or got the first.
    turn: Option<Turn>,
}

/// The story of a run from its facts, with a line break at the end of each line.
#[must_use]
pub fn render(preamble: &Preamble, records: &[Record], depth: Depth, style: Style) -> String {
    let mut leaving: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    for record in records {
        if let Fact::EvictionAccepted { drain, pod } | Fact::EvictionRefused { drain, pod, .. } = record.fact {
            leaving.entry(drain.index()).or_default().insert(pod.index());
        }
    }
    let mut narrator = Narrator {
        preamble,
        style,
        lines: Vec::new(),
        brief: Brief::new(preamble),
        pods: BTreeMap::new(),
        leaving,
        drain_start: BTreeMap::new(),
        endpoints: preamble
            .workloads
            .iter()
            .map(|w| (0, if w.created_later { UNMISSED } else { 0 }))
            .collect(),
        started: false,
        kubelets: Kubelets::new(preamble),
        hop: 0,
        refusals: 0,
        turn: None,
    };
    for record in records {
        let by = record.cause.and_then(|cause| records.get(cause.index()));
        narrator.tell(record, by.map(|r| &r.fact));
    }
    narrator.brief.finish();
    narrator.write(depth)
}

impl Narrator<'_> {
    fn tell(&mut self, record: &Record, cause: Option<&Fact>) {
        let at = record.at.as_micros();
        self.kubelets.observe(&record.fact);
        if !self.started {
            self.set_the_scene(at, &record.fact);
            return;
        }
        if let Some(heading) = self.heading(&record.fact) {
            let heading = self.style.bold(&heading);
            self.line(at, heading);
            return;
        }
        let text = self.sentence(at, &record.fact, cause);
        let pod = Mentions::of(&record.fact)
            .pod
            .and_then(|pod| self.pods.get(&pod.index()));
        let told = self.brief.tell(&Event {
            at,
            fact: &record.fact,
            told: text.is_some(),
            turn: self.turn.take(),
            pod: pod.map(|pod| (pod.workload, pod.name.as_str())),
        });
        if text.is_some() || !matches!(told, Told::No) {
            let refusals = if text.is_some() {
                std::mem::take(&mut self.refusals)
            } else {
                0
            };
            self.lines.push(Line {
                at,
                text,
                told,
                indent: "  ",
                refusals,
            });
        }
    }

    /// A line that every depth has.
    fn line(&mut self, at: u64, text: String) {
        self.lines.push(Line {
            at,
            text: Some(text),
            told: Told::Same,
            indent: "",
            refusals: std::mem::take(&mut self.refusals),
        });
    }

    fn write(&self, depth: Depth) -> String {
        let mut out = String::new();
        // When the line before this one was, whether it is told or not.
        let mut last = 0;
        for line in &self.lines {
            let text = match (depth, &line.told) {
                (Depth::Everything, _) | (_, Told::Same) => line.text.clone(),
                (_, Told::Sentence(at)) => Some(self.brief.text(*at, self.style)),
                (_, Told::No) => None,
            };
            if let Some(text) = text {
                self.quiet(&mut out, line, line.at.saturating_sub(last));
                let _ = writeln!(out, "{:>9}  {}{text}", seconds(line.at), line.indent);
            }
            if line.text.is_some() {
                last = line.at;
            }
        }
        out
    }

    /// Nothing has happened for long before a line.
    fn quiet(&self, out: &mut String, line: &Line, quiet: u64) {
        if quiet < QUIET {
            return;
        }
        let took = words::pause(quiet);
        let text = match line.refusals {
            0 => format!("{took}: nothing changes"),
            1 => format!("{took}: 1 more eviction is refused, nothing else changes"),
            n => format!("{took}: {n} more evictions are refused, nothing else changes"),
        };
        let _ = writeln!(out, "{:>9}  {}", "", self.style.dim(&text));
    }

    /// What stands before the start is not told, only remembered and summed up.
    fn set_the_scene(&mut self, at: u64, fact: &Fact) {
        match *fact {
            Fact::RunStarted => {
                self.started = true;
                let nodes: Vec<_> = self.preamble.nodes.iter().filter(|n| !n.planned).collect();
                let masters = nodes.iter().filter(|n| n.control_plane);
                let scene = format!(
                    "{} ({} control plane), {}, {}",
                    words::count(nodes.len(), "node"),
                    masters.count(),
                    words::count(self.preamble.workloads.len(), "workload"),
                    words::count(self.pods.len(), "pod"),
                );
                self.line(at, scene);
            }
            Fact::NodeCordoned { node } => {
                let text = format!("{} is cordoned from the start", self.node(node));
                self.line(at, text);
            }
            Fact::EndpointReady { pod } => self.endpoint(at, pod, true, &mut None),
            Fact::EndpointUnready { pod } => self.endpoint(at, pod, false, &mut None),
            Fact::PodCreated { .. } => self.meet(fact),
            Fact::BalancerJoined { .. } => self.brief.sends(fact),
            _ => {}
        }
    }

    /// Remembers a pod that was created.
    fn meet(&mut self, fact: &Fact) {
        if let Fact::PodCreated {
            pod,
            workload,
            slot,
            replica_set,
        } = *fact
            && let Some(owner) = self.preamble.workloads.get(workload.index())
        {
            let name = self.preamble.pod_name(pod, workload, slot, replica_set);
            let met = Pod {
                name: format!("{}/{name}", owner.namespace),
                workload,
                wanders: owner.owned && owner.kind != "DaemonSet" && owner.kind != "Pod",
                new: self.started,
                crashed: false,
                refusals: 0,
                endpoint: false,
                done: false,
            };
            self.pods.insert(pod.index(), met);
        }
    }

    /// A step of the plan begins or ends.
    fn heading(&mut self, fact: &Fact) -> Option<String> {
        if let Fact::HopStarted { version, workers } = *fact {
            self.hop += usize::from(!workers);
            let hops = self.preamble.hops.len();
            return Some(words::hop(self.preamble, self.hop, hops, version, workers));
        }
        let name = self.preamble.plan.as_deref().unwrap_or("the plan");
        Some(match *fact {
            Fact::PlanStarted => format!("{name} starts"),
            Fact::NothingCanChange { until: None } => "nothing can change any more".into(),
            Fact::NothingCanChange { .. } => "nothing can change before a drain's time is up".into(),
            Fact::PlanEnded { status } => format!("{name} {}", words::plan_status(status)),
            Fact::NodeUpgradeStarted { node } => format!("{}: work starts", self.node(node)),
            Fact::NodeUpgradeEnded { node, result } => {
                format!("{} {}", self.node(node), words::node_result(result))
            }
            Fact::StepStarted { step } => {
                let step = step as usize;
                let what = self.preamble.steps.get(step).map_or("", String::as_str);
                format!("step {}: {what}", step + 1)
            }
            Fact::RunEnded => "the run ends".into(),
            _ => return None,
        })
    }

    fn sentence(&mut self, at: u64, fact: &Fact, cause: Option<&Fact>) -> Option<String> {
        match *fact {
            Fact::StepEnded { step, ok: false } => {
                Some(self.style.bad(&format!("step {} did not end as expected", step + 1)))
            }
            Fact::VersionsChecked {
                node,
                target,
                cluster,
                kubeadm,
                flags,
            } => {
                let versions = [target, cluster, kubeadm];
                let (found, verdict) = self.kubelets.judge(self.preamble, versions, flags);
                let forced = || found.iter().map(|r| r.words.as_str()).collect::<Vec<_>>().join("; ");
                let text = match refusal_words(&found, verdict) {
                    Some(why) => self.style.bad(&format!("{}: kubeadm refuses: {why}", self.node(node))),
                    None => {
                        let text = format!("{}: kubeadm goes on, forced: {}", self.node(node), forced());
                        self.style.warning(&text)
                    }
                };
                Some(text)
            }
            Fact::FaultInjected { fault } => Some(self.fault(fault, "fault")),
            Fact::FaultMissed { fault } => Some(self.fault(fault, "a fault hits nothing")),
            Fact::DrainStarted { .. }
            | Fact::DrainEnded { .. }
            | Fact::PodNotDrainable { .. }
            | Fact::EvictionAccepted { .. }
            | Fact::EvictionRefused { .. }
            | Fact::EvictionFailed { .. } => self.of_drain(at, fact),
            // A drain of several nodes cordons others, too, which is worth a line.
            Fact::NodeCordoned { node } if matches!(cause, Some(Fact::DrainStarted { node: drained, .. }) if *drained == node) => {
                None
            }
            _ => self
                .of_pod(at, fact)
                .or_else(|| words::of_node(self.preamble, fact))
                .or_else(|| words::of_versions(self.preamble, self.style, fact))
                .or_else(|| words::of_control_plane(self.preamble, self.style, fact)),
        }
    }

    fn fault(&self, fault: u32, lead: &str) -> String {
        let words = self.preamble.faults.get(fault as usize);
        let words = words.map_or("", |fault| deed(fault));
        self.style.warning(&format!("{lead}: {words}"))
    }

    fn of_drain(&mut self, at: u64, fact: &Fact) -> Option<String> {
        match *fact {
            Fact::DrainStarted { drain, node } => {
                self.drain_start.insert(drain.index(), at);
                let leaving = self.leaving.get(&drain.index()).map_or(0, BTreeSet::len);
                let leaving = match leaving {
                    0 => "no pod has to leave".into(),
                    1 => "1 pod has to leave".into(),
                    n => format!("{n} pods have to leave"),
                };
                Some(format!("{}: drain starts; {leaving}", self.node(node)))
            }
            Fact::DrainEnded { drain, node, outcome } => {
                let took = at.saturating_sub(self.began(drain).unwrap_or(at));
                let words = words::drain_outcome(outcome);
                Some(format!("{}: drain {words} after {}", self.node(node), seconds(took)))
            }
            Fact::PodNotDrainable { pod, reason, .. } => {
                let text = format!("{}: {}", not_drainable(reason), self.pod(pod));
                Some(self.style.bad(&text))
            }
            Fact::EvictionAccepted { pod, .. } => {
                let after = match self.pods.get(&pod.index()).map_or(0, |p| p.refusals) {
                    0 => String::new(),
                    1 => " after 1 refusal".into(),
                    n => format!(" after {n} refusals"),
                };
                Some(format!("{} is evicted{after}", self.pod(pod)))
            }
            Fact::EvictionRefused { pod, budget, .. } => {
                self.refusals += 1;
                let known = self.pods.get_mut(&pod.index())?;
                known.refusals += 1;
                if known.refusals > 1 {
                    return None;
                }
                self.refusals -= 1;
                let budget = self.preamble.budgets.get(budget.index())?;
                let text = format!(
                    "{} must stay: budget {}/{} ({}) allows no disruption; the drain tries again",
                    self.pod(pod),
                    budget.namespace,
                    budget.name,
                    budget.limit,
                );
                Some(self.style.warning(&text))
            }
            Fact::EvictionFailed { pod, error, .. } => {
                let text = format!("evicting {} fails: {}", self.pod(pod), words::api_error(error));
                Some(self.style.bad(&text))
            }
            _ => None,
        }
    }

    fn of_pod(&mut self, at: u64, fact: &Fact) -> Option<String> {
        match *fact {
            Fact::PodCreated { .. } => {
                self.meet(fact);
                None
            }
            Fact::PodBound { pod, node } => {
                let known = self.pods.get(&pod.index()).filter(|p| p.new && p.wanders)?;
                Some(format!("{}, a new pod, goes to {}", known.name, self.node(node)))
            }
            Fact::PodNotAdmitted { workload, webhook } => {
                let owner = self.preamble.workloads.get(workload.index())?;
                let name = self
                    .preamble
                    .webhooks
                    .get(webhook.index())
                    .map_or("a webhook", String::as_str);
                let text = format!(
                    "no new pod for {}/{}: the webhook {name} has nobody to answer",
                    owner.namespace, owner.name
                );
                Some(self.style.warning(&text))
            }
            Fact::PodUnschedulable { pod, why } => {
                let text = format!("no node for {}: {}", self.pod(pod), words::unfit(why));
                Some(self.style.warning(&text))
            }
            Fact::PodReady { pod } => {
                let known = self.pods.get(&pod.index()).filter(|p| p.wanders)?;
                Some(format!("{} is ready", known.name))
            }
            Fact::PodDeleted { pod, by } => {
                let who = match by {
                    DeletedBy::Drain | DeletedBy::Controller => return None,
                    DeletedBy::User => "a user deletes",
                    DeletedBy::TaintManager => "the taint manager evicts",
                    DeletedBy::GarbageCollector => "the garbage collector deletes",
                    DeletedBy::Preemption => "the scheduler preempts",
                };
                Some(format!("{who} {}", self.pod(pod)))
            }
            Fact::PodFinished { pod } => self.finished(pod),
            Fact::PodFailed { pod } => Some(format!("{} has failed for good", self.pod(pod))),
            Fact::ContainersStopped {
                pod,
                why: StopReason::Crashed,
            } => {
                self.pods.get_mut(&pod.index())?.crashed = true;
                Some(format!("the containers of {} crash", self.pod(pod)))
            }
            Fact::ContainersStarted { pod } => {
                let known = self.pods.get_mut(&pod.index())?;
                std::mem::take(&mut known.crashed).then_some(())?;
                Some(format!("the kubelet has restarted the containers of {}", self.pod(pod)))
            }
            Fact::EndpointReady { pod } => {
                let mut told = None;
                self.endpoint(at, pod, true, &mut told);
                told
            }
            Fact::EndpointUnready { pod } => {
                let mut told = None;
                self.endpoint(at, pod, false, &mut told);
                told
            }
            Fact::RolloutStarted { workload } => Some(format!("a rollout of {} starts", self.workload(workload))),
            Fact::RolloutEnded { workload } => Some(format!("the rollout of {} is done", self.workload(workload))),
            _ => None,
        }
    }

    fn finished(&mut self, pod: PodId) -> Option<String> {
        let pod = self.pods.get_mut(&pod.index())?;
        let owner = self.preamble.workloads.get(pod.workload.index());
        pod.done = owner.is_some_and(|w| w.created_later);
        Some(format!("{} has done its work", pod.name))
    }

    /// Counts ready endpoints and tells when the last goes and the first comes.
    fn endpoint(&mut self, at: u64, id: PodId, ready: bool, told: &mut Option<String>) {
        let Some(pod) = self.pods.get_mut(&id.index()).filter(|p| p.endpoint != ready) else {
            return;
        };
        pod.endpoint = ready;
        let (workload, done) = (pod.workload, pod.done);
        let name = self.workload(workload);
        let Some((count, since)) = self.endpoints.get_mut(workload.index()) else {
            return;
        };
        if ready {
            *count += 1;
            if *count == 1 && *since == UNMISSED {
                *told = Some(format!("{} is ready", self.pods[&id.index()].name));
            } else if *count == 1 && self.started {
                let gap = seconds(at.saturating_sub(*since));
                let text = format!("{name} is up again, after {gap} without a ready replica");
                *told = Some(self.style.good(&text));
                self.turn = Some(Turn::Up(workload));
            }
        } else {
            *count = count.saturating_sub(1);
            if *count == 0 && done {
                *since = UNMISSED;
            } else if *count == 0 {
                *since = at;
                let text = format!("{name} is DOWN: no replica is ready");
                *told = Some(self.style.bad(&text));
                self.turn = self.started.then_some(Turn::Down(workload));
            }
        }
    }

    fn began(&self, drain: DrainId) -> Option<u64> {
        self.drain_start.get(&drain.index()).copied()
    }

    fn node(&self, id: NodeId) -> &str {
        words::node(self.preamble, id)
    }

    fn pod(&self, id: PodId) -> &str {
        self.pods.get(&id.index()).map_or("a pod", |p| &p.name)
    }

    fn workload(&self, id: WorkloadId) -> String {
        let workload = self.preamble.workloads.get(id.index());
        workload.map_or_else(String::new, |w| format!("{}/{}", w.namespace, w.name))
    }
}

/// Microseconds as seconds with one decimal.
fn seconds(micros: u64) -> String {
    format!("{:.1}s", crate::metrics::seconds(micros))
}
