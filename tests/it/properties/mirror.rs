//! The world as far as facts tell: rebuilt by the test, from nothing but the model and the trace.

use std::collections::BTreeMap;

use seatrial::ids::{Id, IdVec, InstanceId, NodeId, PodId, WorkloadId};
use seatrial::model::{self, Component, Model, PodClass, TaintEffect, WorkloadKind};
use seatrial::trace::{DeletedBy, Fact, LifecycleTaint, Record, VersionId};
use seatrial::units::{Resources, Time};

/// A pod.
#[derive(Clone, Debug)]
pub(crate) struct Pod {
    pub(crate) workload: WorkloadId,
    pub(crate) slot: u32,
    pub(crate) node: Option<NodeId>,
    pub(crate) ready: bool,
    /// When that last changed, or the pod was created or bound.
    pub(crate) ready_changed: Time,
    pub(crate) running: bool,
    pub(crate) serving: bool,
    pub(crate) listed: bool,
    pub(crate) deleted: Option<DeletedBy>,
    pub(crate) removed: bool,
    /// It has succeeded or failed.
    pub(crate) finished: bool,
    pub(crate) failed: bool,
    /// The how-manieth of its workload it was among those that had a node at the start.
    pub(crate) first: Option<u32>,
}

impl Pod {
    /// It exists and is not being deleted.
    pub(crate) fn lives(&self) -> bool {
        !self.removed && self.deleted.is_none()
    }

    /// It counts for budgets and ReplicaSets.
    pub(crate) fn healthy(&self) -> bool {
        self.lives() && self.ready && !self.finished
    }
}

/// A node.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    /// There is a Node object.
    pub(crate) present: bool,
    /// When the last Node object of this name was deleted.
    pub(crate) deleted: Option<Time>,
    pub(crate) cordoned: Option<Time>,
    pub(crate) taints: Vec<(LifecycleTaint, Time)>,
    pub(crate) ready: bool,
    pub(crate) kubelet: bool,
    pub(crate) machine: bool,
    /// When its kubelet last came or went.
    pub(crate) changed: Time,
    pub(crate) version: Option<VersionId>,
    /// What the pods request that are bound to it and whose objects exist.
    pub(crate) used: Resources,
    pub(crate) pods: u32,
}

impl Node {
    /// Its taints that keep pods away; the mark of an upgrade to come only makes other nodes better.
    pub(crate) fn hard_taints(&self) -> impl Iterator<Item = &(LifecycleTaint, Time)> {
        self.taints.iter().filter(|t| t.0 != LifecycleTaint::UpgradePending)
    }
}

/// Everything.
pub(crate) struct Mirror<'m> {
    pub(crate) model: &'m Model,
    pub(crate) pods: IdVec<PodId, Pod>,
    pub(crate) nodes: IdVec<NodeId, Node>,
    /// The pods that exist and are not being deleted, by slot.
    pub(crate) living: IdVec<WorkloadId, BTreeMap<u32, PodId>>,
    pub(crate) api: bool,
    pub(crate) quorum: bool,
    /// Of controller manager and scheduler.
    pub(crate) leaders: [Option<InstanceId>; 2],
    pub(crate) versions: IdVec<InstanceId, VersionId>,
    pub(crate) started: bool,
    pub(crate) now: Time,
    /// Workloads that were rolled out.
    pub(crate) rolled: Vec<WorkloadId>,
    /// Those whose rollout goes on.
    pub(crate) rolling: Vec<WorkloadId>,
}

impl<'m> Mirror<'m> {
    pub(crate) fn new(model: &'m Model, instances: usize) -> Self {
        let node = |n: &model::Node| Node {
            present: !n.planned,
            deleted: None,
            cordoned: None,
            taints: Vec::new(),
            ready: !n.planned,
            kubelet: !n.planned,
            machine: !n.planned,
            changed: Time::ZERO,
            version: None,
            used: Resources::default(),
            pods: 0,
        };
        Self {
            model,
            pods: IdVec::new(),
            nodes: model.nodes.iter().map(node).collect(),
            living: model.workloads.iter().map(|_| BTreeMap::new()).collect(),
            api: true,
            quorum: true,
            leaders: [None, None],
            versions: (0..instances).map(|_| VersionId(0)).collect(),
            started: false,
            now: Time::ZERO,
            rolled: Vec::new(),
            rolling: Vec::new(),
        }
    }

    pub(crate) fn class(&self, pod: PodId) -> &'m PodClass {
        &self.model.classes[self.model.workloads[self.pods[pod].workload].class]
    }

    pub(crate) fn kind(&self, pod: PodId) -> WorkloadKind {
        self.model.workloads[self.pods[pod].workload].kind
    }

    /// Whether a controller replaces pods of a workload.
    pub(crate) fn owned(&self, workload: WorkloadId) -> bool {
        use WorkloadKind::{DaemonSet, Deployment, Job, ReplicaSet, StatefulSet};
        let kind = self.model.workloads[workload].kind;
        matches!(kind, Deployment | ReplicaSet | StatefulSet | DaemonSet | Job)
    }

    /// How many pods a workload should have: a DaemonSet one for each node that is there and that it runs on (W-21).
    pub(crate) fn desired(&self, workload: WorkloadId) -> u32 {
        let spec = &self.model.workloads[workload];
        if spec.kind != WorkloadKind::DaemonSet {
            return spec.desired;
        }
        let class = &self.model.classes[spec.class];
        let runs = |id: NodeId| self.nodes[id].present && admits(class, &self.model.nodes[id]);
        u32::try_from(self.model.nodes.ids().filter(|&id| runs(id)).count()).unwrap()
    }

    /// The pods of a workload that are ready and not being deleted.
    pub(crate) fn healthy(&self, workload: WorkloadId) -> u32 {
        let living = self.living[workload].values();
        u32::try_from(living.filter(|p| self.pods[**p].ready).count()).unwrap()
    }

    /// The pods of a workload that exist and are not being deleted.
    pub(crate) fn count(&self, workload: WorkloadId) -> u32 {
        u32::try_from(self.living[workload].len()).unwrap()
    }

    fn dies(&mut self, pod: PodId) {
        let Pod { workload, slot, .. } = self.pods[pod];
        if self.living[workload].get(&slot) == Some(&pod) {
            self.living[workload].remove(&slot);
        }
    }

    /// Takes a fact in.
    pub(crate) fn apply(&mut self, record: &Record) {
        self.now = record.at;
        match record.fact {
            Fact::RunStarted => self.started = true,
            Fact::ApiUnavailable => self.api = false,
            Fact::ApiAvailable => self.api = true,
            Fact::QuorumLost => self.quorum = false,
            Fact::QuorumRegained => self.quorum = true,
            Fact::LeaderLost { component } => self.leaders[race(component)] = None,
            Fact::LeaderElected { component, instance } => self.leaders[race(component)] = Some(instance),
            Fact::ComponentStarted { instance, version } => self.versions[instance] = version,
            Fact::RolloutStarted { workload } => {
                self.rolled.push(workload);
                self.rolling.push(workload);
            }
            Fact::RolloutEnded { workload } => self.rolling.retain(|&w| w != workload),
            fact => {
                self.apply_to_node(fact);
                self.apply_to_pod(fact);
            }
        }
    }

    fn apply_to_node(&mut self, fact: Fact) {
        let now = self.now;
        match fact {
            Fact::NodeCordoned { node } => self.nodes[node].cordoned = Some(now),
            Fact::NodeUncordoned { node } => self.nodes[node].cordoned = None,
            Fact::NodeReady { node } => self.nodes[node].ready = true,
            Fact::NodeNotReady { node } => self.nodes[node].ready = false,
            Fact::NodeTainted { node, taint } => self.nodes[node].taints.push((taint, now)),
            Fact::NodeUntainted { node, taint } => {
                self.nodes[node].taints.retain(|&(t, _)| t != taint);
            }
            Fact::KubeletStopped { node } => {
                (self.nodes[node].kubelet, self.nodes[node].changed) = (false, now);
            }
            Fact::KubeletStarted { node, version } => {
                (self.nodes[node].kubelet, self.nodes[node].changed) = (true, now);
                self.nodes[node].version = Some(version);
            }
            Fact::NodeCrashed { node } => {
                let node = &mut self.nodes[node];
                (node.kubelet, node.machine, node.changed) = (false, false, now);
            }
            Fact::NodeBooted { node } => self.nodes[node].machine = true,
            Fact::NodeCreated { node } => {
                let node = &mut self.nodes[node];
                (node.machine, node.present, node.deleted) = (true, true, None);
            }
            Fact::NodeDeleted { node } => {
                let node = &mut self.nodes[node];
                (node.present, node.deleted, node.cordoned, node.ready) = (false, Some(now), None, false);
                node.taints.clear();
            }
            _ => {}
        }
    }

    fn apply_to_pod(&mut self, fact: Fact) {
        match fact {
            Fact::PodCreated { workload, slot, .. } => {
                let pod = self.pods.push(Pod {
                    workload,
                    slot,
                    node: None,
                    ready: false,
                    ready_changed: self.now,
                    running: false,
                    serving: false,
                    listed: false,
                    deleted: None,
                    removed: false,
                    finished: false,
                    failed: false,
                    first: None,
                });
                self.living[workload].insert(slot, pod);
            }
            Fact::PodBound { pod, node } => {
                if !self.started {
                    let workload = self.pods[pod].workload;
                    let before = |p: &&Pod| p.workload == workload && p.node.is_some();
                    self.pods[pod].first = u32::try_from(self.pods.iter().filter(before).count()).ok();
                }
                (self.pods[pod].node, self.pods[pod].ready_changed) = (Some(node), self.now);
                self.occupy(pod, node, true);
            }
            Fact::PodReady { pod } | Fact::PodUnready { pod } => {
                self.pods[pod].ready = matches!(fact, Fact::PodReady { .. });
                self.pods[pod].ready_changed = self.now;
            }
            Fact::PodFinished { pod } | Fact::PodFailed { pod } => {
                self.pods[pod].failed = matches!(fact, Fact::PodFailed { .. });
                (self.pods[pod].finished, self.pods[pod].ready) = (true, false);
                self.dies(pod);
                if let Some(node) = self.pods[pod].node {
                    self.occupy(pod, node, false);
                }
            }
            Fact::PodDeleted { pod, by } => {
                self.pods[pod].deleted = Some(by);
                self.dies(pod);
            }
            Fact::PodRemoved { pod } => {
                self.dies(pod);
                self.pods[pod].removed = true;
                if let Some(node) = self.pods[pod].node.filter(|_| !self.pods[pod].finished) {
                    self.occupy(pod, node, false);
                }
            }
            Fact::ContainersStarted { pod } => self.pods[pod].running = true,
            Fact::ContainersServing { pod } => self.pods[pod].serving = true,
            Fact::ContainersStopped { pod, .. } => {
                (self.pods[pod].running, self.pods[pod].serving) = (false, false);
            }
            Fact::EndpointReady { pod } => self.pods[pod].listed = true,
            Fact::EndpointUnready { pod } => self.pods[pod].listed = false,
            _ => {}
        }
    }

    fn occupy(&mut self, pod: PodId, node: NodeId, comes: bool) {
        let need = self.class(pod).requests;
        let node = &mut self.nodes[node];
        let (used, pods) = (&mut node.used, &mut node.pods);
        if comes {
            (used.cpu, used.memory) = (used.cpu + need.cpu, used.memory + need.memory);
            used.storage += need.storage;
            *pods += 1;
        } else {
            (used.cpu, used.memory) = (used.cpu - need.cpu, used.memory - need.memory);
            used.storage -= need.storage;
            *pods -= 1;
        }
    }

    /// Why a pod may not run on a node now, capacity aside.
    pub(crate) fn repelled(&self, pod: PodId, id: NodeId) -> Option<&'static str> {
        let (class, spec, node) = (self.class(pod), &self.model.nodes[id], &self.nodes[id]);
        if !node.present {
            return Some("there is no such node");
        }
        if !admits(class, spec) {
            return Some("a taint or label of the node");
        }
        let everything = class.tolerations.iter().any(|t| t.key.is_none());
        if everything || self.kind(pod) == WorkloadKind::DaemonSet {
            return None;
        }
        if node.cordoned.is_some() {
            return Some("the cordon");
        }
        let tainted = node.hard_taints().next().is_some();
        tainted.then_some("a taint of the node lifecycle controller")
    }

    /// Whether a node has room for one more pod like this one (S-9, S-15).
    pub(crate) fn has_room(&self, pod: PodId, id: NodeId) -> bool {
        let (need, spec, node) = (self.class(pod).requests, &self.model.nodes[id], &self.nodes[id]);
        let (used, have) = (node.used, spec.allocatable);
        node.pods < spec.pod_slots
            && (need.cpu == 0 || used.cpu + need.cpu <= have.cpu)
            && (need.memory == 0 || used.memory + need.memory <= have.memory)
            && !self.port_taken(pod, id)
    }

    fn pods_on(&self, node: NodeId) -> impl Iterator<Item = PodId> {
        let here = move |(_, pod): &(PodId, &Pod)| pod.node == Some(node) && !pod.removed && !pod.finished;
        self.pods.iter_ids().filter(here).map(|(id, _)| id)
    }

    /// Whether another pod has one of a pod's host ports on a node.
    pub(crate) fn port_taken(&self, pod: PodId, node: NodeId) -> bool {
        let ports = &self.class(pod).host_ports;
        !ports.is_empty()
            && self.pods_on(node).any(|id| {
                let other = &self.class(id).host_ports;
                id != pod && other.iter().any(|p| ports.contains(p))
            })
    }
}

/// Whether the taints and labels that a node always has admit a pod.
fn admits(class: &PodClass, node: &model::Node) -> bool {
    let mut hard = node.taints.iter().filter(|t| t.effect != TaintEffect::PreferNoSchedule);
    let mut selects = class.node_selector.iter();
    hard.all(|t| class.tolerates(t)) && selects.all(|(k, v)| node.label(k) == Some(v))
}

/// The election of a component.
pub(crate) fn race(component: Component) -> usize {
    usize::from(component == Component::Scheduler)
}

/// `w0/3 (PodId(7))`: a pod as messages call it.
pub(crate) fn name(mirror: &Mirror<'_>, pod: PodId) -> String {
    let state = &mirror.pods[pod];
    let workload = &mirror.model.workloads[state.workload].name;
    format!("{workload}/{} (pod {})", state.slot, pod.index())
}
