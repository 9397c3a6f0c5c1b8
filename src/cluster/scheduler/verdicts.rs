//! What the scheduler finds out about a pod, told to somebody who asks. It changes nothing: no draw, no fact.

use super::Scheduler;
use super::fit::LIFECYCLE;
use super::labels::Asking;
use crate::cluster::attempts::{Attempt, Obstacle, Shortage, Verdict};
use crate::cluster::hall::Hall;
use crate::ids::{Id, NodeId, PodId};
use crate::model::{TaintEffect, WorkloadKind};
use crate::trace::Misfit;

impl Scheduler {
    /// Remembers how it stands with each node, where somebody wants to know.
    pub(super) fn tell(&mut self, pod: PodId, chosen: Option<NodeId>, hall: &mut Hall<'_>) {
        let Some(mut curiosity) = hall.curiosity.take() else {
            return;
        };
        if curiosity.pods.contains(&pod) {
            let attempt = self.attempt(pod, chosen, hall);
            curiosity.record(attempt);
        }
        hall.curiosity = Some(curiosity);
    }

    fn attempt(&mut self, pod: PodId, chosen: Option<NodeId>, hall: &mut Hall<'_>) -> Attempt {
        let nodes: Vec<NodeId> = hall.model.nodes.ids().filter(|&n| hall.store.nodes[n].exists).collect();
        let mut verdicts: Vec<Verdict> = Vec::new();
        for &node in &nodes {
            let misfit = self.why_not(pod, node, hall);
            verdicts.push(Verdict {
                node,
                obstacle: misfit.map(|misfit| obstacle(pod, node, misfit, hall)),
                score: None,
            });
        }
        self.rate(pod, &mut verdicts, hall);
        Attempt {
            pod,
            at: hall.now,
            until: hall.now,
            chosen,
            preempts: Asking::new(pod, hall).class.preempts,
            verdicts,
        }
    }

    /// Scores, where several nodes fit.
    fn rate(&mut self, pod: PodId, verdicts: &mut [Verdict], hall: &mut Hall<'_>) {
        let fitting = verdicts.iter_mut().filter(|v| v.obstacle.is_none());
        let mut fitting: Vec<&mut Verdict> = fitting.collect();
        if fitting.len() < 2 {
            return;
        }
        let nodes: Vec<NodeId> = fitting.iter().map(|v| v.node).collect();
        let ask = Asking::new(pod, hall);
        self.fit.prepare(ask, hall);
        let judges = (&self.fit.labels, &mut self.fit.neighbours);
        let totals = self.scorer.rate(ask, &nodes, judges, hall);
        for (verdict, total) in fitting.iter_mut().zip(totals) {
            verdict.score = Some(*total);
        }
    }
}

fn obstacle(pod: PodId, node: NodeId, misfit: Misfit, hall: &Hall<'_>) -> Obstacle {
    match misfit {
        Misfit::Unschedulable => Obstacle::Unschedulable,
        Misfit::Tainted => taint(pod, node, hall),
        Misfit::Affinity => {
            let state = &hall.store.pods[pod];
            let of_daemon_set = hall.model.workloads[state.workload].kind == WorkloadKind::DaemonSet;
            if of_daemon_set && state.slot as usize != node.index() {
                Obstacle::OtherNode
            } else {
                Obstacle::Affinity
            }
        }
        Misfit::Ports => Obstacle::Ports,
        Misfit::Resources => Obstacle::Insufficient(shortages(pod, node, hall)),
        Misfit::Volumes => Obstacle::Volumes,
        Misfit::NoDomain => Obstacle::NoDomain,
        Misfit::Spread => Obstacle::Spread,
        Misfit::PodAffinity => Obstacle::PodAffinity,
        Misfit::PodAntiAffinity => Obstacle::PodAntiAffinity,
    }
}

/// The first taint that the pod does not tolerate, in the order in which nodes get them.
fn taint(pod: PodId, node: NodeId, hall: &Hall<'_>) -> Obstacle {
    let class = &hall.model.classes[hall.store.pods[pod].class];
    let own = hall.model.nodes[node].taints.iter();
    let mut own = own.filter(|t| t.effect != TaintEffect::PreferNoSchedule && !class.tolerates(t));
    if let Some(taint) = own.next() {
        return Obstacle::Taint {
            key: taint.key.clone(),
            value: taint.value.clone(),
            effect: taint.effect,
        };
    }
    let tolerated = super::fit::tolerated_lifecycle(class);
    let taints = hall.store.nodes[node].taints;
    let found = LIFECYCLE
        .iter()
        .find(|(t, ..)| taints.has(*t) && tolerated & (1 << *t as u8) == 0);
    let (_, key, effect) = found.unwrap_or(&LIFECYCLE[0]);
    Obstacle::Taint {
        key: (*key).into(),
        value: String::new(),
        effect: *effect,
    }
}

fn shortages(pod: PodId, node: NodeId, hall: &Hall<'_>) -> Vec<Shortage> {
    let (spec, state) = (&hall.model.nodes[node], &hall.store.nodes[node]);
    let need = hall.model.classes[hall.store.pods[pod].class].requests;
    let (have, used) = (spec.allocatable, state.used);
    let all = [
        ("pods", 1, u64::from(spec.pod_slots.saturating_sub(state.taken))),
        ("cpu", need.cpu, have.cpu.saturating_sub(used.cpu)),
        ("memory", need.memory, have.memory.saturating_sub(used.memory)),
        (
            "ephemeral-storage",
            need.storage,
            have.storage.saturating_sub(used.storage),
        ),
    ];
    let short = all.into_iter().filter(|(_, wanted, free)| *wanted > 0 && free < wanted);
    short
        .map(|(resource, wanted, free)| Shortage { resource, wanted, free })
        .collect()
}
