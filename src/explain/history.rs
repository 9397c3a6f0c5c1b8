//! What happened to whom, by one look at all facts.

use std::collections::BTreeMap;

use super::Line;
use crate::ids::{DrainId, FactId, Id, NodeId, PodId, WorkloadId};
use crate::metrics::{Kubelets, is_end, seconds};
use crate::report::html::sentence;
use crate::trace::{Fact, Mentions, Preamble, Record, WorkloadInfo};

/// So many facts of a chain are told.
const LONGEST: usize = 12;

/// The life of a pod.
pub(super) struct Life {
    pub(super) workload: WorkloadId,
    /// `namespace/name`
    pub(super) name: String,
    /// Facts about it, in order.
    pub(super) facts: Vec<usize>,
}

/// How a pod was at some time.
#[derive(Clone, Copy, Default)]
pub(super) struct State {
    pub(super) created: Option<u64>,
    pub(super) node: Option<NodeId>,
    pub(super) bound: Option<u64>,
    /// Since when it is ready.
    pub(super) ready: Option<u64>,
    pub(super) deleted: Option<u64>,
    pub(super) finished: bool,
    pub(super) removed: Option<u64>,
}

impl State {
    /// Whether its object is there, and not about to go.
    pub(super) const fn lives(&self) -> bool {
        self.created.is_some() && self.deleted.is_none() && self.removed.is_none() && !self.finished
    }
}

/// All facts, and what they are about.
pub(super) struct History<'a> {
    pub(super) preamble: &'a Preamble,
    pub(super) records: &'a [Record],
    pods: Vec<Option<Life>>,
    nodes: Vec<Vec<usize>>,
    /// Facts of drains.
    pub(super) drains: BTreeMap<DrainId, Vec<usize>>,
    /// Nodes that were found to be not ready: the fact that silenced them.
    silenced: BTreeMap<usize, usize>,
    /// Pods that were not created, by workload.
    pub(super) refused_pods: BTreeMap<WorkloadId, Vec<usize>>,
    /// When the run ended.
    pub(super) end: u64,
}

impl<'a> History<'a> {
    pub(super) fn new(preamble: &'a Preamble, records: &'a [Record]) -> Self {
        let mut history = Self {
            preamble,
            records,
            pods: Vec::new(),
            nodes: vec![Vec::new(); preamble.nodes.len()],
            drains: BTreeMap::new(),
            silenced: BTreeMap::new(),
            refused_pods: BTreeMap::new(),
            end: records.last().map_or(0, |r| r.at.as_micros()),
        };
        let mut silent: BTreeMap<NodeId, usize> = BTreeMap::new();
        for (id, record) in records.iter().enumerate() {
            history.enter(id, &record.fact);
            match record.fact {
                Fact::NodeCrashed { node } | Fact::KubeletStopped { node } => {
                    silent.entry(node).or_insert(id);
                }
                Fact::KubeletStarted { node, .. } => {
                    silent.remove(&node);
                }
                Fact::NodeNotReady { node } => {
                    if let Some(&since) = silent.get(&node) {
                        history.silenced.insert(id, since);
                    }
                }
                _ => {}
            }
        }
        history
    }

    fn enter(&mut self, id: usize, fact: &Fact) {
        if let Fact::PodCreated {
            pod,
            workload,
            slot,
            replica_set,
        } = *fact
            && let Some(owner) = self.preamble.workloads.get(workload.index())
        {
            let name = self.preamble.pod_name(pod, workload, slot, replica_set);
            let life = Life {
                workload,
                name: format!("{}/{name}", owner.namespace),
                facts: Vec::new(),
            };
            if self.pods.len() <= pod.index() {
                self.pods.resize_with(pod.index() + 1, || None);
            }
            if let Some(place) = self.pods.get_mut(pod.index()) {
                *place = Some(life);
            }
        }
        if let Fact::PodNotAdmitted { workload, .. } = *fact {
            self.refused_pods.entry(workload).or_default().push(id);
        }
        let mentions = Mentions::of(fact);
        if let Some(life) = mentions.pod.and_then(|pod| self.pods.get_mut(pod.index())?.as_mut()) {
            life.facts.push(id);
        }
        if let Some(facts) = mentions.node.and_then(|node| self.nodes.get_mut(node.index())) {
            facts.push(id);
        }
        if let Some(drain) = mentions.drain {
            self.drains.entry(drain).or_default().push(id);
        }
    }

    pub(super) fn pods(&self) -> impl Iterator<Item = (PodId, &Life)> {
        let all = self.pods.iter().enumerate();
        all.filter_map(|(i, life)| Some((PodId::from_index(i), life.as_ref()?)))
    }

    pub(super) fn life(&self, pod: PodId) -> Option<&Life> {
        self.pods.get(pod.index())?.as_ref()
    }

    pub(super) fn of_node(&self, node: NodeId) -> &[usize] {
        self.nodes.get(node.index()).map_or(&[], Vec::as_slice)
    }

    pub(super) fn pod_name(&self, pod: PodId) -> String {
        self.life(pod).map_or_else(|| "a pod".into(), |life| life.name.clone())
    }

    pub(super) fn node_name(&self, node: NodeId) -> &str {
        let known = self.preamble.nodes.get(node.index());
        known.map_or("a node", |n| n.name.as_str())
    }

    pub(super) fn workload(&self, id: WorkloadId) -> Option<&WorkloadInfo> {
        self.preamble.workloads.get(id.index())
    }

    pub(super) fn workload_name(&self, id: WorkloadId) -> String {
        let known = self.workload(id);
        known.map_or_else(String::new, |w| format!("{}/{}", w.namespace, w.name))
    }

    pub(super) fn is_control_plane(&self, id: WorkloadId) -> bool {
        self.workload(id)
            .is_some_and(|w| w.namespace == "kube-system" && w.kind == "Pod")
    }

    pub(super) fn at(&self, id: usize) -> u64 {
        self.records.get(id).map_or(0, |r| r.at.as_micros())
    }

    pub(super) fn fact(&self, id: usize) -> Option<&Fact> {
        self.records.get(id).map(|r| &r.fact)
    }

    /// How a pod was at a time, in microseconds.
    pub(super) fn state(&self, pod: PodId, at: u64) -> State {
        let mut state = State::default();
        for &id in self.life(pod).map_or(&[][..], |life| &life.facts) {
            let time = self.at(id);
            if time > at {
                break;
            }
            match self.fact(id) {
                Some(Fact::PodCreated { .. }) => state.created = Some(time),
                Some(Fact::PodBound { node, .. }) => (state.node, state.bound) = (Some(*node), Some(time)),
                Some(Fact::PodReady { .. }) => state.ready = state.ready.or(Some(time)),
                Some(Fact::PodUnready { .. }) => state.ready = None,
                Some(Fact::PodDeleted { .. }) => state.deleted = state.deleted.or(Some(time)),
                Some(Fact::PodFinished { .. } | Fact::PodFailed { .. }) => state.finished = true,
                Some(Fact::PodRemoved { .. }) => state.removed = Some(time),
                _ => {}
            }
        }
        state
    }

    /// What brought a fact about. A node is not ready because it fell silent, whoever noticed it.
    pub(super) fn cause(&self, id: usize) -> Option<usize> {
        if let Some(&since) = self.silenced.get(&id) {
            return Some(since);
        }
        let cause = self.records.get(id)?.cause.map(FactId::index);
        cause.filter(|&cause| cause < id)
    }

    /// A fact and what led to it, from the step of the plan, the fault or the initial condition on.
    pub(super) fn chain(&self, id: usize) -> Vec<usize> {
        let mut chain = vec![id];
        let mut last = id;
        while !self.fact(last).is_some_and(is_end)
            && let Some(cause) = self.cause(last)
        {
            chain.push(cause);
            last = cause;
        }
        chain.reverse();
        chain
    }

    /// The chain as a branch of a tree: what came first on top.
    pub(super) fn branch(&self, id: usize) -> Vec<Line> {
        let mut lines: Vec<Line> = self.chain(id).into_iter().filter_map(|id| self.line(id)).collect();
        lines.dedup_by(|a, b| a.words == b.words);
        if lines.len() > LONGEST {
            let left_out = lines.len() - LONGEST;
            lines.splice(3..3 + left_out, [Line::new(format!("… {left_out} more in between"))]);
        }
        lines
    }

    /// What led to a fact, without the fact itself.
    pub(super) fn branch_before(&self, id: usize) -> Vec<Line> {
        let mut branch: Vec<Line> = Vec::new();
        if let Some(cause) = self.cause(id) {
            branch.extend(self.branch(cause));
        }
        branch
    }

    /// A fact in words; `None` where it has none.
    pub(super) fn line(&self, id: usize) -> Option<Line> {
        let record = self.records.get(id)?;
        let mut kubelets = Kubelets::new(self.preamble);
        if matches!(record.fact, Fact::VersionsChecked { .. }) {
            for earlier in self.records.iter().take(id) {
                kubelets.observe(&earlier.fact);
            }
        }
        let words = sentence(self.preamble, &kubelets, &|pod| self.pod_name(pod), &record.fact)?;
        Some(Line {
            at: Some(seconds(record.at.as_micros())),
            fact: Some(id as u64),
            ..Line::new(words)
        })
    }
}
