//! A run on one time axis: nodes over workloads.

use std::collections::BTreeMap;

use super::lanes::{Lane, NodeLane, Strip};
use super::names::pool;
use crate::ids::{FactId, Id, NodeId, PodId, WorkloadId};
use crate::report::plot::{Gantt, Group, Mark, Row, Unit};
use crate::trace::{Fact, NodeResult, Observer, PlanStatus, Preamble, Record};

/// So many nodes have a row of their own; more are put together in bands.
const ROWS: usize = 40;
/// So many bands at most.
const BANDS: usize = 8;
/// So many workloads are shown, those first that are down longest.
const STRIPS: usize = 24;

/// Folds the facts of a run into its picture.
#[derive(Clone)]
pub struct Timeline<'p> {
    preamble: &'p Preamble,
    nodes: Vec<NodeLane>,
    strips: Vec<Strip>,
    /// Of each pod its workload, and whether it counts.
    pods: Vec<Option<(WorkloadId, bool)>>,
    /// When the API was away, and when nobody led.
    api: Lane,
    leaders: [Lane; 4],
    status: Option<PlanStatus>,
    plan: (u64, u64),
    end: u64,
}

impl<'p> Timeline<'p> {
    /// Nothing has happened yet.
    #[must_use]
    pub fn new(preamble: &'p Preamble) -> Self {
        let node = |planned| NodeLane {
            missing: planned,
            ..NodeLane::default()
        };
        let strip = |desired, later| Strip {
            desired,
            later,
            ..Strip::default()
        };
        Self {
            preamble,
            nodes: preamble.nodes.iter().map(|n| node(n.planned)).collect(),
            strips: preamble
                .workloads
                .iter()
                .map(|w| strip(w.desired, w.created_later))
                .collect(),
            pods: Vec::new(),
            api: Lane::default(),
            leaders: Default::default(),
            status: None,
            plan: (0, 0),
            end: 0,
        }
    }

    fn started(&mut self, at: u64) {
        for node in &mut self.nodes {
            node.update(at);
            node.lane.start(at);
        }
        for strip in &mut self.strips {
            strip.update(at);
            strip.lane.start(at);
        }
        self.api.start(at);
        self.leaders.iter_mut().for_each(|lane| lane.start(at));
    }

    fn ended(&mut self, at: u64) {
        self.end = at;
        let lanes = self.nodes.iter_mut().map(|n| &mut n.lane);
        let strips = self.strips.iter_mut().map(|s| &mut s.lane);
        for lane in lanes.chain(strips).chain([&mut self.api]).chain(&mut self.leaders) {
            lane.close(at);
        }
    }

    fn of_node(&mut self, at: u64, node: NodeId, change: impl FnOnce(&mut NodeLane)) {
        if let Some(node) = self.nodes.get_mut(node.index()) {
            change(node);
            node.update(at);
        }
    }

    fn node_fact(&mut self, at: u64, fact: &Fact) {
        match *fact {
            Fact::NodeUpgradeEnded { node, result } => self.of_node(at, node, |n| {
                n.upgraded = matches!(result, NodeResult::Upgraded | NodeResult::Replaced);
            }),
            Fact::PhaseStarted { node, .. } => self.of_node(at, node, |n| n.phase = true),
            Fact::PhaseEnded { node, .. } | Fact::PhaseFailed { node, .. } => {
                self.of_node(at, node, |n| n.phase = false);
            }
            Fact::DrainStarted { node, .. } => self.of_node(at, node, |n| n.draining = true),
            Fact::DrainEnded { node, .. } => self.of_node(at, node, |n| n.draining = false),
            Fact::NodeCordoned { node } => self.of_node(at, node, |n| n.cordoned = true),
            Fact::NodeUncordoned { node } => self.of_node(at, node, |n| n.cordoned = false),
            Fact::NodeCreated { node } => self.of_node(at, node, |n| {
                n.missing = false;
                n.upgraded = true;
            }),
            Fact::NodeDeleted { node } => self.of_node(at, node, |n| n.missing = true),
            Fact::KubeletStopped { node } => self.of_node(at, node, |n| n.kubelet_stopped = true),
            Fact::KubeletStarted { node, .. } => self.of_node(at, node, |n| n.kubelet_stopped = false),
            Fact::NodeCrashed { node } => self.of_node(at, node, |n| n.crashed = true),
            Fact::NodeBooted { node } => self.of_node(at, node, |n| n.crashed = false),
            Fact::NodeNotReady { node } => self.of_node(at, node, |n| n.not_ready = true),
            Fact::NodeReady { node } => self.of_node(at, node, |n| n.not_ready = false),
            _ => {}
        }
    }

    fn pod_fact(&mut self, at: u64, fact: &Fact) {
        match *fact {
            Fact::PodCreated { pod, workload, .. } => {
                if pod.index() >= self.pods.len() {
                    self.pods.resize(pod.index() + 1, None);
                }
                self.pods[pod.index()] = Some((workload, false));
            }
            Fact::EndpointReady { pod } => self.counts(at, pod, true, true),
            Fact::EndpointUnready { pod } => self.counts(at, pod, true, false),
            Fact::ContainersServing { pod } => self.counts(at, pod, false, true),
            Fact::ContainersStopped { pod, .. } => self.counts(at, pod, false, false),
            _ => {}
        }
    }

    /// A pod begins or ceases to count, by the endpoints where the workload has some, by its processes otherwise.
    fn counts(&mut self, at: u64, pod: PodId, endpoints: bool, up: bool) {
        let Some(Some((workload, counted))) = self.pods.get_mut(pod.index()) else {
            return;
        };
        let index = workload.index();
        let Some(info) = self.preamble.workloads.get(index) else {
            return;
        };
        if info.has_endpoints == endpoints && *counted != up {
            *counted = up;
            if let Some(strip) = self.strips.get_mut(index) {
                strip.change(at, up);
            }
        }
    }

    fn control_plane_fact(&mut self, at: u64, fact: &Fact) {
        match *fact {
            Fact::ApiUnavailable => self.api.set(at, Some(Mark::Away)),
            Fact::ApiAvailable => self.api.set(at, None),
            Fact::LeaderLost { component } => self.leaders[component as usize].set(at, Some(Mark::Reduced)),
            Fact::LeaderElected { component, .. } => self.leaders[component as usize].set(at, None),
            _ => {}
        }
    }

    /// The picture.
    #[must_use]
    pub fn draw(&self) -> String {
        self.gantt().draw()
    }

    fn gantt(&self) -> Gantt {
        let mut groups = Vec::new();
        if let Some(group) = self.control_plane() {
            groups.push(group);
        }
        groups.push(self.nodes_group());
        if !self.strips.is_empty() {
            groups.push(self.workloads_group());
        }
        Gantt {
            title: self.title(),
            subtitle: self.subtitle(),
            end: secs(self.end),
            shaded: self.api.spans.iter().map(|s| (secs(s.0), secs(s.1))).collect(),
            shade: "no API".to_owned(),
            groups,
        }
    }

    fn title(&self) -> String {
        let version = |n: usize| self.preamble.versions.get(n).map_or("", String::as_str);
        let from = version(self.preamble.from);
        let name = self.preamble.plan.as_deref().unwrap_or("no plan");
        match self.preamble.target {
            Some(to) if to != self.preamble.from => format!("{name}: {from} → {}", version(to)),
            _ => format!("{name}: {from}"),
        }
    }

    fn subtitle(&self) -> String {
        let how = match self.status {
            Some(PlanStatus::Completed) => "Completed",
            Some(PlanStatus::CompletedWithSkips) => "Completed with skips",
            Some(PlanStatus::Aborted) => "Aborted",
            Some(PlanStatus::Blocked) => "Blocked",
            Some(PlanStatus::Refused) => "Refused",
            Some(PlanStatus::Inconclusive) | None => "Inconclusive",
        };
        let say = |micros: u64| Unit::Seconds.say(libm::round(secs(micros) * 10.0) / 10.0);
        let down: Vec<usize> = (0..self.strips.len())
            .filter(|n| self.strips[*n].lane.total(Mark::Away) > 0)
            .collect();
        let workloads = match down[..] {
            [] => "no workload was down".to_owned(),
            [n] => {
                let info = &self.preamble.workloads[n];
                let time = say(self.strips[n].lane.total(Mark::Away));
                format!("{}/{} was down for {time}", info.namespace, info.name)
            }
            _ => format!("{} of {} workloads were down", down.len(), self.strips.len()),
        };
        let (seed, trial) = (self.preamble.seed, self.preamble.trial);
        let took = match self.status {
            Some(_) => format!("{how} after {}", say(self.plan.1.saturating_sub(self.plan.0))),
            None => format!("Watched for {}", say(self.end)),
        };
        format!("{took}; {workloads}. Seed {seed}, trial {trial}.")
    }

    /// When the API and the leaders were away; `None`: never.
    fn control_plane(&self) -> Option<Group> {
        let names = ["etcd", "API", "controller manager", "scheduler"];
        let mut rows = Vec::new();
        if !self.api.spans.is_empty() {
            rows.push(row("API".to_owned(), &self.api));
        }
        for (lane, name) in self.leaders.iter().zip(names) {
            if !lane.spans.is_empty() {
                rows.push(row(format!("{name} leader"), lane));
            }
        }
        (!rows.is_empty()).then(|| Group {
            title: "Control plane".to_owned(),
            marks: vec![(Mark::Away, "away"), (Mark::Reduced, "nobody leads")],
            rows,
            note: String::new(),
        })
    }

    fn nodes_group(&self) -> Group {
        let there: Vec<usize> = (0..self.nodes.len())
            .filter(|n| !self.nodes[*n].lane.spans.is_empty())
            .collect();
        let rows = if there.len() <= ROWS {
            there
                .iter()
                .map(|n| row(self.preamble.nodes[*n].name.clone(), &self.nodes[*n].lane))
                .collect()
        } else {
            self.bands(&there)
        };
        Group {
            title: "Nodes".to_owned(),
            marks: vec![
                (Mark::Before, "old"),
                (Mark::Held, "cordoned"),
                (Mark::Leaving, "draining"),
                (Mark::Working, "upgrading"),
                (Mark::Away, "down or not ready"),
                (Mark::Fine, "upgraded"),
            ],
            rows,
            note: String::new(),
        }
    }

    /// Nodes put together by pool, or by role where there are too many pools.
    fn bands(&self, there: &[usize]) -> Vec<Row> {
        let mut pools: BTreeMap<(bool, &str), Vec<usize>> = BTreeMap::new();
        for n in there {
            let info = &self.preamble.nodes[*n];
            pools
                .entry((!info.control_plane, pool(&info.name)))
                .or_default()
                .push(*n);
        }
        if pools.len() > BANDS {
            let all = std::mem::take(&mut pools);
            for ((worker, _), mut nodes) in all {
                let role = if worker { "workers" } else { "control plane" };
                pools.entry((worker, role)).or_default().append(&mut nodes);
            }
        }
        let band = |((_, name), nodes): (&(bool, &str), &Vec<usize>)| Row::Band {
            label: (*name).to_owned(),
            of: u32::try_from(nodes.len()).unwrap_or(u32::MAX),
            steps: self.steps(nodes),
        };
        pools.iter().map(band).collect()
    }

    /// How many of some nodes are in each state, from change to change.
    fn steps(&self, nodes: &[usize]) -> Vec<(f64, Vec<(Mark, u32)>)> {
        let mut changes: BTreeMap<u64, Vec<(Mark, bool)>> = BTreeMap::new();
        for (from, to, mark) in nodes.iter().flat_map(|n| &self.nodes[*n].lane.spans) {
            changes.entry(*from).or_default().push((*mark, true));
            changes.entry(*to).or_default().push((*mark, false));
        }
        // From the bottom up: what is done, what is under way, what is not.
        let order = [
            Mark::Fine,
            Mark::Away,
            Mark::Working,
            Mark::Leaving,
            Mark::Held,
            Mark::Before,
        ];
        let mut counts: BTreeMap<Mark, u32> = BTreeMap::new();
        let mut steps = Vec::new();
        for (at, changes) in changes {
            for (mark, more) in changes {
                let count = counts.entry(mark).or_default();
                *count = if more { *count + 1 } else { count.saturating_sub(1) };
            }
            let now = order.iter().map(|m| (*m, counts.get(m).copied().unwrap_or(0)));
            steps.push((secs(at), now.collect()));
        }
        steps
    }

    fn workloads_group(&self) -> Group {
        let mut order: Vec<usize> = (0..self.strips.len()).collect();
        let worst = |n: &usize| {
            let lane = &self.strips[*n].lane;
            (lane.total(Mark::Away), lane.total(Mark::Reduced))
        };
        // Those that fit stay in the order of the input.
        let all = order.len();
        if all > STRIPS {
            order.sort_by_key(|n| (std::cmp::Reverse(worst(n)), *n));
        }
        let left_out = order.split_off(all.min(STRIPS));
        let down = left_out.iter().filter(|n| worst(n).0 > 0).count();
        let note = if left_out.is_empty() {
            String::new()
        } else {
            format!(
                "{} more workloads, {down} of them down at some time, are not shown",
                left_out.len()
            )
        };
        let name = |n: usize| {
            let info = &self.preamble.workloads[n];
            format!("{}/{} ({})", info.namespace, info.name, info.desired)
        };
        Group {
            title: "Workloads (replicas)".to_owned(),
            marks: vec![
                (Mark::Fine, "all replicas ready"),
                (Mark::Reduced, "some ready"),
                (Mark::Away, "none ready"),
            ],
            rows: order.iter().map(|n| row(name(*n), &self.strips[*n].lane)).collect(),
            note,
        }
    }
}

impl Observer for Timeline<'_> {
    fn observe(&mut self, _: FactId, record: &Record) {
        let at = record.at.as_micros();
        match record.fact {
            Fact::RunStarted => self.started(at),
            Fact::RunEnded => self.ended(at),
            Fact::PlanStarted => self.plan.0 = at,
            Fact::PlanEnded { status } => {
                self.plan.1 = at;
                self.status = Some(status);
            }
            _ => {
                self.node_fact(at, &record.fact);
                self.pod_fact(at, &record.fact);
                self.control_plane_fact(at, &record.fact);
            }
        }
    }
}

fn row(label: String, lane: &Lane) -> Row {
    let spans = lane.spans.iter().map(|s| (secs(s.0), secs(s.1), s.2)).collect();
    Row::Bars { label, spans }
}

#[expect(clippy::cast_precision_loss, reason = "places on a sheet")]
fn secs(micros: u64) -> f64 {
    micros as f64 / 1e6
}
