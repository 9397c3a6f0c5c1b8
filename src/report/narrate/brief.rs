//! What is worth telling when only the important is told: what lasts is one sentence with how long it lasts.

use std::collections::{BTreeMap, BTreeSet};

use super::words;
use crate::ids::{BalancerId, BudgetId, DrainId, Id, NodeId, PodId, WorkloadId};
use crate::report::Style;
use crate::trace::{DrainOutcome, Fact, Phase, Preamble, StopReason};

/// What lasts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Lasting {
    ApiAway,
    /// By the component that no instance leads.
    Leaderless(&'static str),
    KubeletAway(NodeId),
    Drain(DrainId),
    Down(WorkloadId),
    /// No node is left in load balancers.
    Closed(BalancerId),
    /// Pods of a workload wait for a node.
    Waiting(WorkloadId),
    NotReady(NodeId),
    MachineDown(NodeId),
}

/// How a sentence is written.
#[derive(Clone, Copy)]
enum Tone {
    Plain,
    Warning,
    Bad,
}

/// A sentence about something that lasts.
struct Sentence {
    tone: Tone,
    /// What stands before the duration …
    before: String,
    /// … and after it.
    after: String,
    /// What is said where it never ends.
    endless: String,
    /// How long it lasts, in microseconds; `None`: to the end.
    lasts: Option<u64>,
}

/// What a drain has done so far.
#[derive(Default)]
struct Drained {
    evicted: BTreeMap<WorkloadId, u32>,
    refused: u32,
}

/// What becomes of one line of the whole story.
pub(super) enum Told {
    /// Left out.
    No,
    /// As in the whole story.
    Same,
    /// A sentence of its own, to be looked up in the end.
    Sentence(usize),
}

/// Whether the last ready replica of a workload went, or the first one came.
#[derive(Clone, Copy)]
pub(super) enum Turn {
    Down(WorkloadId),
    Up(WorkloadId),
}

/// What one event has to do with.
pub(super) struct Event<'a> {
    pub(super) at: u64,
    pub(super) fact: &'a Fact,
    /// Whether the whole story has a sentence for it.
    pub(super) told: bool,
    pub(super) turn: Option<Turn>,
    /// The workload of the pod that it is about, and the pod's name.
    pub(super) pod: Option<(WorkloadId, &'a str)>,
}

/// Collects the sentences.
pub(super) struct Brief<'a> {
    preamble: &'a Preamble,
    sentences: Vec<Sentence>,
    /// When each began, and which sentence tells of it.
    lasting: BTreeMap<Lasting, (u64, usize)>,
    drains: BTreeMap<DrainId, Drained>,
    /// The first refusal of a drain by a budget is told.
    refused: BTreeSet<(DrainId, BudgetId)>,
    /// Which pods of a workload wait for a node, and the most that ever did so at once in this wait.
    waiting: BTreeMap<WorkloadId, (BTreeSet<PodId>, usize)>,
    /// How many nodes load balancers send to.
    doors: BTreeMap<BalancerId, u32>,
}

impl<'a> Brief<'a> {
    pub(super) const fn new(preamble: &'a Preamble) -> Self {
        Self {
            preamble,
            sentences: Vec::new(),
            lasting: BTreeMap::new(),
            drains: BTreeMap::new(),
            refused: BTreeSet::new(),
            doors: BTreeMap::new(),
            waiting: BTreeMap::new(),
        }
    }

    /// Nothing comes after this.
    pub(super) fn finish(&mut self) {
        for (workload, (pods, most)) in std::mem::take(&mut self.waiting) {
            if !pods.is_empty() {
                self.with_others(workload, most.saturating_sub(1));
            }
        }
    }

    /// The sentence as it is written.
    pub(super) fn text(&self, at: usize, style: Style) -> String {
        let sentence = &self.sentences[at];
        let (before, after) = (&sentence.before, &sentence.after);
        let text = match sentence.lasts {
            Some(lasts) => format!("{before} {}{after}", words::lasting(lasts)),
            None => sentence.endless.clone(),
        };
        match sentence.tone {
            Tone::Plain => text,
            Tone::Warning => style.warning(&text),
            Tone::Bad => style.bad(&text),
        }
    }

    /// What is told of an event.
    pub(super) fn tell(&mut self, event: &Event<'_>) -> Told {
        if let Some(turn) = event.turn {
            return self.of_workload(event.at, turn);
        }
        match *event.fact {
            Fact::ApiUnavailable | Fact::ApiAvailable | Fact::LeaderLost { .. } | Fact::LeaderElected { .. } => {
                self.of_control_plane(event.at, event.fact)
            }
            Fact::KubeletStopped { .. }
            | Fact::KubeletStarted { .. }
            | Fact::NodeNotReady { .. }
            | Fact::NodeReady { .. }
            | Fact::NodeCrashed { .. }
            | Fact::NodeBooted { .. }
            | Fact::NodeDeleted { .. } => self.of_node(event.at, event.fact),
            Fact::DrainStarted { .. }
            | Fact::DrainEnded { .. }
            | Fact::EvictionAccepted { .. }
            | Fact::EvictionRefused { .. } => self.of_drain(event),
            Fact::PodUnschedulable { .. } | Fact::PodBound { .. } | Fact::PodDeleted { .. } => self.of_pending(event),
            Fact::BalancerJoined { balancer, .. } => {
                self.end(Lasting::Closed(balancer), event.at, None);
                self.sends(event.fact);
                Told::No
            }
            Fact::BalancerLeft { balancer, .. } => self.of_balancer(event.at, balancer, event.fact),
            ref fact if event.told && !is_detail(fact) => Told::Same,
            _ => Told::No,
        }
    }

    fn of_workload(&mut self, at: u64, turn: Turn) -> Told {
        match turn {
            Turn::Down(workload) => {
                let owner = self.preamble.workloads.get(workload.index());
                let name = owner.map_or_else(String::new, |w| format!("{}/{}", w.namespace, w.name));
                let words = [
                    format!("{name} is DOWN for"),
                    ": no replica is ready".to_owned(),
                    format!("{name} is DOWN to the end: no replica is ready"),
                ];
                self.begin(Lasting::Down(workload), at, Tone::Bad, words)
            }
            Turn::Up(workload) => {
                self.end(Lasting::Down(workload), at, None);
                Told::No
            }
        }
    }

    fn of_control_plane(&mut self, at: u64, fact: &Fact) -> Told {
        match *fact {
            Fact::ApiUnavailable => {
                let after = ": nothing can be created, bound or evicted";
                let words = [
                    "the API is away for".to_owned(),
                    after.to_owned(),
                    format!("the API is away to the end{after}"),
                ];
                return self.begin(Lasting::ApiAway, at, Tone::Bad, words);
            }
            Fact::ApiAvailable => self.end(Lasting::ApiAway, at, None),
            Fact::LeaderLost { component } => {
                let name = component.as_str();
                let after = match name {
                    "kube-scheduler" => ": no pod gets a node",
                    "kube-controller-manager" => ": no pod is replaced",
                    _ => "",
                };
                let words = [
                    format!("no {name} leads for"),
                    after.to_owned(),
                    format!("no {name} leads to the end{after}"),
                ];
                return self.begin(Lasting::Leaderless(component.as_str()), at, Tone::Warning, words);
            }
            Fact::LeaderElected { component, .. } => self.end(Lasting::Leaderless(component.as_str()), at, None),
            _ => {}
        }
        Told::No
    }

    fn of_node(&mut self, at: u64, fact: &Fact) -> Told {
        let name = |node| words::node(self.preamble, node);
        match *fact {
            Fact::KubeletStopped { node } => {
                let away = format!("{}: the kubelet is away", name(node));
                let words = [format!("{away} for"), String::new(), format!("{away} to the end")];
                return self.begin(Lasting::KubeletAway(node), at, Tone::Plain, words);
            }
            Fact::KubeletStarted { node, version } => {
                let version = self.preamble.versions.get(usize::from(version.0));
                let after = version.map_or_else(String::new, |v| format!(" and comes back as {v}"));
                self.end(Lasting::KubeletAway(node), at, Some(after));
            }
            Fact::NodeNotReady { node } => {
                let lost = format!("{} is not ready", name(node));
                let words = [format!("{lost} for"), String::new(), format!("{lost} to the end")];
                return self.begin(Lasting::NotReady(node), at, Tone::Warning, words);
            }
            Fact::NodeReady { node } => self.end(Lasting::NotReady(node), at, None),
            Fact::NodeCrashed { node } => {
                let down = format!("{}: the machine is down", name(node));
                let words = [format!("{down} for"), String::new(), format!("{down} to the end")];
                return self.begin(Lasting::MachineDown(node), at, Tone::Plain, words);
            }
            Fact::NodeBooted { node } => self.end(Lasting::MachineDown(node), at, None),
            Fact::NodeDeleted { node } => {
                let after = Some(", and then its Node object is deleted".to_owned());
                self.end(Lasting::MachineDown(node), at, after);
                self.end(Lasting::NotReady(node), at, None);
            }
            _ => {}
        }
        Told::No
    }

    /// A load balancer sends to one node more or less.
    pub(super) fn sends(&mut self, fact: &Fact) {
        match *fact {
            Fact::BalancerJoined { balancer, .. } => *self.doors.entry(balancer).or_default() += 1,
            Fact::BalancerLeft { balancer, .. } => {
                let doors = self.doors.entry(balancer).or_default();
                *doors = doors.saturating_sub(1);
            }
            _ => {}
        }
    }

    fn of_balancer(&mut self, at: u64, balancer: BalancerId, fact: &Fact) -> Told {
        self.sends(fact);
        if self.doors.get(&balancer).is_some_and(|&doors| doors > 0) {
            return Told::No;
        }
        let empty = format!("{} sends to no node", self.preamble.balancer_name(balancer));
        let after = ": nobody comes in from outside";
        let words = [
            format!("{empty} for"),
            after.to_owned(),
            format!("{empty} to the end{after}"),
        ];
        self.begin(Lasting::Closed(balancer), at, Tone::Bad, words)
    }

    fn of_drain(&mut self, event: &Event<'_>) -> Told {
        match *event.fact {
            Fact::DrainStarted { drain, node } => {
                self.drains.insert(drain, Drained::default());
                let name = words::node(self.preamble, node);
                let words = [
                    format!("{name}: the drain takes"),
                    String::new(),
                    format!("{name}: the drain does not end"),
                ];
                self.begin(Lasting::Drain(drain), event.at, Tone::Plain, words)
            }
            Fact::EvictionAccepted { drain, .. } => {
                if let (Some(drained), Some((workload, _))) = (self.drains.get_mut(&drain), event.pod) {
                    *drained.evicted.entry(workload).or_default() += 1;
                }
                Told::No
            }
            Fact::EvictionRefused { drain, budget, .. } => {
                if let Some(drained) = self.drains.get_mut(&drain) {
                    drained.refused += 1;
                }
                // One pod tells what the budget says.
                let first = event.told && self.refused.insert((drain, budget));
                if first { Told::Same } else { Told::No }
            }
            Fact::DrainEnded { drain, outcome, .. } => {
                let after = self.drains.get(&drain).map(|drained| self.left(drained));
                let sentence = self.lasting.get(&Lasting::Drain(drain)).map(|(_, sentence)| *sentence);
                self.end(Lasting::Drain(drain), event.at, after);
                if outcome == DrainOutcome::Completed {
                    return Told::No;
                }
                if let Some(sentence) = sentence.and_then(|at| self.sentences.get_mut(at)) {
                    sentence.before = sentence.before.replacen(" takes", " goes on for", 1);
                }
                Told::Same
            }
            _ => Told::No,
        }
    }

    /// Who left, for the end of a sentence.
    fn left(&self, drained: &Drained) -> String {
        let pods: u32 = drained.evicted.values().sum();
        let mut text = match pods {
            0 if drained.refused > 0 => ": no pod is evicted".to_owned(),
            0 => ": no pod has to leave".to_owned(),
            1 => ": 1 pod is evicted".to_owned(),
            n => format!(": {n} pods are evicted"),
        };
        let of = |(workload, count): (&WorkloadId, &u32)| {
            let owner = self.preamble.workloads.get(workload.index())?;
            let times = if *count > 1 {
                format!("{count} of ")
            } else {
                String::new()
            };
            Some(format!("{times}{}/{}", owner.namespace, owner.name))
        };
        let who: Vec<String> = drained.evicted.iter().filter_map(of).take(4).collect();
        if !who.is_empty() {
            let more = if drained.evicted.len() > who.len() { ", …" } else { "" };
            text += &format!(" ({}{more})", who.join(", "));
        }
        match drained.refused {
            0 => {}
            1 => text += ", 1 eviction is refused",
            n => text += &format!(", {n} evictions are refused"),
        }
        text
    }

    fn of_pending(&mut self, event: &Event<'_>) -> Told {
        match *event.fact {
            Fact::PodUnschedulable { pod, why } => {
                let Some((workload, name)) = event.pod else {
                    return Told::No;
                };
                let (pods, most) = self.waiting.entry(workload).or_default();
                pods.insert(pod);
                *most = pods.len().max(*most);
                let why = words::unfit(why);
                let words = [
                    format!("{name} waits"),
                    format!(" for a node: {why}"),
                    format!("{name} waits for a node to the end: {why}"),
                ];
                self.begin(Lasting::Waiting(workload), event.at, Tone::Warning, words)
            }
            Fact::PodBound { pod, .. } => {
                self.waits_no_more(pod, event.at);
                Told::No
            }
            Fact::PodDeleted { pod, .. } => {
                self.waits_no_more(pod, event.at);
                if event.told { Told::Same } else { Told::No }
            }
            _ => Told::No,
        }
    }

    /// The last pod of a workload that waited for a node ends the sentence.
    fn waits_no_more(&mut self, pod: PodId, at: u64) {
        let mut waiting = self.waiting.iter_mut();
        let Some((&workload, (pods, most))) = waiting.find(|(_, (pods, _))| pods.contains(&pod)) else {
            return;
        };
        pods.remove(&pod);
        if pods.is_empty() {
            let others = most.saturating_sub(1);
            self.waiting.remove(&workload);
            self.with_others(workload, others);
            self.end(Lasting::Waiting(workload), at, None);
        }
    }

    /// The sentence about a pod that waits tells of others that waited at the same time.
    fn with_others(&mut self, workload: WorkloadId, others: usize) {
        let sentence = self.lasting.get(&Lasting::Waiting(workload)).copied();
        if others > 0
            && let Some(sentence) = sentence.and_then(|(_, at)| self.sentences.get_mut(at))
        {
            for text in [&mut sentence.before, &mut sentence.endless] {
                *text = text.replacen(" waits", &format!(" and {others} more wait"), 1);
            }
        }
    }

    /// Something that lasts begins, unless it lasts already.
    fn begin(&mut self, what: Lasting, at: u64, tone: Tone, [before, after, endless]: [String; 3]) -> Told {
        if self.lasting.contains_key(&what) {
            return Told::No;
        }
        self.lasting.insert(what, (at, self.sentences.len()));
        self.sentences.push(Sentence {
            tone,
            before,
            after,
            endless,
            lasts: None,
        });
        Told::Sentence(self.sentences.len() - 1)
    }

    /// It is over; `after` says more than was known at its beginning.
    fn end(&mut self, what: Lasting, at: u64, after: Option<String>) {
        if let Some((began, sentence)) = self.lasting.remove(&what)
            && let Some(sentence) = self.sentences.get_mut(sentence)
        {
            sentence.lasts = Some(at.saturating_sub(began));
            sentence.after = after.unwrap_or_else(|| std::mem::take(&mut sentence.after));
        }
    }
}

/// What goes without saying, or is said by a sentence about something that lasts.
const fn is_detail(fact: &Fact) -> bool {
    match fact {
        Fact::PhaseStarted { phase, .. } => !matches!(
            phase,
            Phase::Etcd | Phase::ApiServer | Phase::ControllerManager | Phase::Scheduler
        ),
        Fact::ComponentStopped { why, .. } => !matches!(why, StopReason::Crashed),
        Fact::ComponentStarted { .. }
        | Fact::QuorumLost
        | Fact::QuorumRegained
        | Fact::NodeUncordoned { .. }
        | Fact::PodReady { .. }
        | Fact::PodFinished { .. }
        | Fact::EndpointReady { .. }
        | Fact::EndpointUnready { .. } => true,
        _ => false,
    }
}
