//! Preemption (S-20 … S-22): which pods of lower priority must go, and where.

use std::cmp::Reverse;

use super::Scheduler;
use super::labels::Asking;
use crate::cluster::hall::Hall;
use crate::ids::{BudgetId, Id, NodeId, PodId};
use crate::model::WorkloadKind;
use crate::model::behaviour::scheduler as behaviour;
use crate::trace::DeletedBy;
use crate::units::Time;

/// Who would have to leave a node.
struct Candidate {
    node: NodeId,
    /// The most important first.
    victims: Vec<PodId>,
    /// How many of them a budget protects.
    violations: usize,
}

impl Scheduler {
    /// The node that a pod was promised.
    pub(super) fn nominated(&self, pod: PodId, hall: &Hall<'_>) -> Option<NodeId> {
        let mut nominated = hall.store.nominated.iter();
        nominated.find(|&&(waiting, _)| waiting == pod).map(|&(_, node)| node)
    }

    /// No node fits a pod: makes room for it, if that is allowed and possible.
    pub(super) fn preempt(&mut self, pod: PodId, hall: &mut Hall<'_>) {
        let ask = Asking::new(pod, hall);
        // Where all pods have one priority, there is nobody to push away.
        if ask.class.priority <= self.lowest_priority || !ask.class.preempts {
            return;
        }
        let Ok(permit) = hall.store.gate.admit_scheduler() else {
            return;
        };
        self.fit.prepare(ask, hall);
        if self.victims_on_their_way(ask, hall) {
            return;
        }
        let candidates = self.candidates(ask, hall);
        hall.store.nominated.retain(|&(waiting, _)| waiting != pod);
        let Some(best) = candidates.into_iter().min_by_key(|c| rank(c, hall)) else {
            return;
        };
        for victim in best.victims {
            let cause = hall.cause;
            hall.delete_and_remove_if_idle(&permit, victim, DeletedBy::Preemption);
            hall.cause = cause;
        }
        let below = |other: PodId| priority(other, hall) < ask.class.priority;
        let nominated = hall.store.nominated.iter();
        let outbid: Vec<PodId> = nominated
            .filter(|&&(other, node)| node == best.node && below(other))
            .map(|&(other, _)| other)
            .collect();
        hall.store.nominated.retain(|(other, _)| !outbid.contains(other));
        self.queue
            .move_some(hall.now, hall.cause, |other| outbid.contains(&other));
        hall.store.nominated.push((pod, best.node));
    }

    /// Whether pods of lower priority still terminate on the node that the pod was promised (S-22).
    fn victims_on_their_way(&mut self, ask: Asking<'_>, hall: &mut Hall<'_>) -> bool {
        let Some(node) = self.nominated(ask.pod, hall) else {
            return false;
        };
        let misfit = self.fit.examine(ask, node, hall);
        if misfit.is_some_and(|m| !m.resolvable()) {
            return false;
        }
        let own = behaviour::waits_for_own_victims(ask.minor);
        hall.store.nodes[node].pods.iter().any(|&p| {
            let state = &hall.store.pods[p];
            state.terminating && (state.preempted || !own) && priority(p, hall) < ask.class.priority
        })
    }

    /// Nodes on which there would be room, a sample of them in large clusters: at least 100 and a tenth.
    fn candidates(&mut self, ask: Asking<'_>, hall: &mut Hall<'_>) -> Vec<Candidate> {
        let state = &hall.store.pods[ask.pod];
        let mut nodes: Vec<NodeId> = match hall.model.workloads[state.workload].kind {
            WorkloadKind::DaemonSet => vec![NodeId::from_index(state.slot as usize)],
            _ => hall.model.nodes.ids().collect(),
        };
        nodes.retain(|&node| {
            let misfit = self.fit.examine(ask, node, hall);
            misfit.is_some_and(crate::trace::Misfit::resolvable)
        });
        let enough = (nodes.len() / 10).max(100);
        let offset = match u32::try_from(nodes.len()) {
            Ok(count) if count > 1 => self.ties.below(count) as usize,
            _ => 0,
        };
        nodes.rotate_left(offset);
        let mut found: Vec<Candidate> = Vec::new();
        for node in nodes {
            found.extend(self.candidate(ask, node, hall));
            if found.len() >= enough && found.iter().any(|c| c.violations == 0) {
                break;
            }
        }
        found
    }

    /// Takes all pods of lower priority off a node and puts back whom it can, those that a budget protects first.
    fn candidate(&mut self, ask: Asking<'_>, node: NodeId, hall: &mut Hall<'_>) -> Option<Candidate> {
        let preemptable = |&pod: &PodId| {
            let kind = hall.model.workloads[hall.store.pods[pod].workload].kind;
            // A pod that has finished takes no room.
            kind != WorkloadKind::StaticPod
                && !hall.store.pods[pod].finished
                && priority(pod, hall) < ask.class.priority
        };
        let pods = hall.store.nodes[node].pods.iter().copied();
        let mut lower: Vec<PodId> = pods.filter(preemptable).collect();
        if lower.is_empty() {
            return None;
        }
        lower.sort_by_key(|&pod| (Reverse(priority(pod, hall)), hall.store.pods[pod].created, pod));
        for &pod in &lower {
            hall.unreserve(pod, node);
        }
        let mut away = lower.clone();
        self.fit.prepare(ask, hall);
        let mut violations = 0;
        let fits = self.fit.examine(ask, node, hall).is_none();
        if fits {
            for (pod, protected) in protected_first(&lower, hall) {
                hall.occupy(pod, node);
                self.fit.prepare(ask, hall);
                if self.fit.examine(ask, node, hall).is_none() {
                    away.retain(|&p| p != pod);
                } else {
                    hall.unreserve(pod, node);
                    violations += usize::from(protected);
                }
            }
        }
        for &pod in &away {
            hall.occupy(pod, node);
        }
        self.fit.prepare(ask, hall);
        fits.then_some(Candidate {
            node,
            victims: away,
            violations,
        })
    }
}

fn priority(pod: PodId, hall: &Hall<'_>) -> i32 {
    hall.model.classes[hall.store.pods[pod].class].priority
}

/// Those whose budget would be exceeded, then the others; the order among each stays.
fn protected_first(pods: &[PodId], hall: &Hall<'_>) -> Vec<(PodId, bool)> {
    let mut left: Vec<(BudgetId, u32)> = Vec::new();
    let mut found: Vec<(PodId, bool)> = Vec::with_capacity(pods.len());
    for &pod in pods {
        let mut exceeded = false;
        for &budget in &hall.model.classes[hall.store.pods[pod].class].budgets {
            let at = left.iter().position(|&(b, _)| b == budget).unwrap_or_else(|| {
                left.push((budget, hall.store.budgets[budget].allowed));
                left.len() - 1
            });
            exceeded |= left[at].1 == 0;
            left[at].1 = left[at].1.saturating_sub(1);
        }
        found.push((pod, exceeded));
    }
    found.sort_by_key(|&(_, exceeded)| !exceeded);
    found
}

/// The smallest wins: fewest budgets broken, the least important first victim, the smallest sum of priorities, fewest
/// victims, and the most important victims started latest; then whoever comes first.
fn rank(candidate: &Candidate, hall: &Hall<'_>) -> (usize, i64, i64, usize, Reverse<Time>) {
    let priorities = candidate.victims.iter().map(|&p| i64::from(priority(p, hall)));
    let highest = priorities.clone().next().unwrap_or(i64::MIN);
    let sum = priorities.map(|p| p + (1 << 31)).sum();
    let most = candidate.victims.iter();
    let most = most.filter(|&&p| i64::from(priority(p, hall)) == highest);
    let earliest = most.map(|&p| hall.store.pods[p].created).min();
    let count = candidate.victims.len();
    (
        candidate.violations,
        highest,
        sum,
        count,
        Reverse(earliest.unwrap_or(Time::ZERO)),
    )
}
