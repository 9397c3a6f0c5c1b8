//! Why nothing can change any more: from what a plan waits for to what makes it wait, until that is where it began, or
//! something that nobody is going to change.

use std::collections::BTreeMap;

use crate::ids::{BudgetId, DrainId, Id, NodeId, PodId, WebhookId, WorkloadId};
use crate::trace::{DrainOutcome, Fact, Misfit, Preamble};

use super::nodes::{Drain, Nodes};
use super::outcome::list;
use super::pods::Pods;
use super::report::{Link, Proof};
use super::seconds;

/// What was told when nothing could change any more.
#[derive(Clone, Default)]
pub(super) struct Deadlock {
    /// When, and the drain whose time-out ends it.
    told: Option<(u64, Option<DrainId>)>,
    budgets: Vec<Budget>,
    unfit: BTreeMap<PodId, Vec<(NodeId, Misfit)>>,
    /// The webhook for want of which a workload gets no new pods.
    webhooks: BTreeMap<WorkloadId, WebhookId>,
}

/// A budget that refuses.
#[derive(Clone)]
struct Budget {
    id: BudgetId,
    healthy: u32,
    desired: u32,
    lacks: Vec<PodId>,
}

impl Deadlock {
    pub(super) fn observe(&mut self, at: u64, fact: &Fact) {
        match *fact {
            Fact::NothingCanChange { until } => {
                self.told = Some((at, until));
                self.budgets.clear();
                self.unfit.clear();
            }
            Fact::BudgetExhausted {
                budget: id,
                healthy,
                desired,
            } => self.budgets.push(Budget {
                id,
                healthy,
                desired,
                lacks: Vec::new(),
            }),
            Fact::BudgetLacks { pod, .. } => {
                if let Some(budget) = self.budgets.last_mut() {
                    budget.lacks.push(pod);
                }
            }
            Fact::NodeUnfit { pod, node, why } => self.unfit.entry(pod).or_default().push((node, why)),
            Fact::PodNotAdmitted { workload, webhook } => {
                self.webhooks.insert(workload, webhook);
            }
            Fact::PodCreated { workload, .. } => {
                self.webhooks.remove(&workload);
            }
            _ => {}
        }
    }

    /// The proof, unless the plan went on in spite of it.
    pub(super) fn proof(&self, preamble: &Preamble, pods: &Pods, nodes: &Nodes) -> Option<Proof> {
        let (at, until) = self.told?;
        let mut chain = Chain {
            deadlock: self,
            preamble,
            pods,
            nodes,
            seen: Vec::new(),
            links: Vec::new(),
            cycle: false,
        };
        match until.or_else(|| first_refused(nodes)) {
            Some(drain) => chain.drain(drain),
            None => chain.gate(),
        }
        Some(Proof {
            at: seconds(at),
            never: until.is_none(),
            cycle: chain.cycle,
            chain: chain.links,
        })
    }
}

/// The first drain that waits for a budget, or the first that waits.
fn first_refused(nodes: &Nodes) -> Option<DrainId> {
    let open = || nodes.drains().filter(|(_, d)| d.outcome == DrainOutcome::Unfinished);
    let refused = open().find(|(_, d)| d.refused.is_some());
    refused.or_else(|| open().next()).map(|(id, _)| id)
}

/// A walk from what waits to what it waits for.
struct Chain<'a> {
    deadlock: &'a Deadlock,
    preamble: &'a Preamble,
    pods: &'a Pods,
    nodes: &'a Nodes,
    seen: Vec<DrainId>,
    links: Vec<Link>,
    cycle: bool,
}

impl Chain<'_> {
    fn link(&mut self, object: String, words: String) {
        self.links.push(Link { object, words });
    }

    fn node_name(&self, node: NodeId) -> String {
        let node = self.preamble.nodes.get(node.index());
        node.map_or_else(|| "a node".into(), |node| node.name.clone())
    }

    fn drain(&mut self, id: DrainId) {
        let Some(drain) = self.nodes.drain(id) else { return };
        self.seen.push(id);
        let node = self.node_name(drain.node);
        let Some((pod, budget, _)) = drain.refused else {
            self.link(format!("node/{node}"), format!("the drain of {node} does not end"));
            if self.nodes.machine_down.get(drain.node.index()) == Some(&true) {
                let words =
                    format!("the machine {node} is down: no kubelet ends the pods there that are being deleted");
                self.link(format!("node/{node}"), words);
            }
            return;
        };
        let name = self.pods.name(self.preamble, pod);
        self.link(
            format!("node/{node}"),
            format!("the drain of {node} waits for pod {name}, which may not be evicted"),
        );
        self.budget(budget, drain, pod);
    }

    fn budget(&mut self, id: BudgetId, drain: &Drain, evictee: PodId) {
        let Some(info) = self.preamble.budgets.get(id.index()) else {
            return;
        };
        let name = format!("{}/{}", info.namespace, info.name);
        let Some(budget) = self.deadlock.budgets.iter().find(|b| b.id == id) else {
            return;
        };
        let (healthy, desired) = (budget.healthy, budget.desired);
        let pods = if healthy == 1 { "pod is" } else { "pods are" };
        self.link(
            format!("pdb/{name}"),
            format!(
                "budget {name} ({}) allows 0 disruptions: {healthy} {pods} healthy, and {desired} must be",
                info.limit
            ),
        );
        let unbound = |pod: &&PodId| self.deadlock.unfit.contains_key(pod);
        let lacks = &budget.lacks;
        if let Some(&pod) = lacks.iter().find(unbound).or(lacks.first()) {
            return self.unhealthy(pod, Some(drain));
        }
        if let Some(missing) = self.missing(evictee) {
            return self.link(missing.0, missing.1);
        }
        self.link(
            format!("pdb/{name}"),
            "all of its pods are healthy: it leaves no room for an eviction as it is written".into(),
        );
    }

    /// A replica that nobody may create.
    fn missing(&self, evictee: PodId) -> Option<(String, String)> {
        let workload = self.pods.get(evictee)?.workload;
        let (object, words) = self.no_admission(workload)?;
        Some((object, words))
    }

    fn no_admission(&self, workload: WorkloadId) -> Option<(String, String)> {
        let webhook = *self.deadlock.webhooks.get(&workload)?;
        let owner = self.preamble.workloads.get(workload.index())?;
        let name = self.preamble.webhooks.get(webhook.index())?;
        Some((
            format!("webhook/{name}"),
            format!(
                "{}/{} gets no new pod: the webhook {name} must be asked and has nobody to answer",
                owner.namespace, owner.name
            ),
        ))
    }

    fn unhealthy(&mut self, pod: PodId, drain: Option<&Drain>) {
        let name = self.pods.name(self.preamble, pod);
        let Some(unfit) = self.deadlock.unfit.get(&pod) else {
            let node = self.pods.get(pod).and_then(|p| p.node);
            let place = node.map_or_else(String::new, |n| format!(" on {}", self.node_name(n)));
            return self.link(
                format!("pod/{name}"),
                format!("pod {name} runs{place} and does not become ready"),
            );
        };
        self.link(
            format!("pod/{name}"),
            format!("pod {name} is Pending, because no node fits: {}", self.obstacles(unfit)),
        );
        self.held_by_drain(unfit, drain);
    }

    /// A cordoned node that would be uncordoned after its drain: the way goes on there.
    fn held_by_drain(&mut self, unfit: &[(NodeId, Misfit)], from: Option<&Drain>) {
        let holds = |node: NodeId| {
            let all = self.nodes.drains();
            let mut open = all.filter(|(_, d)| d.outcome == DrainOutcome::Unfinished && d.node == node);
            open.next().map(|(id, _)| id)
        };
        let cordoned = unfit.iter().filter(|(_, why)| *why == Misfit::Unschedulable);
        let held: Vec<(NodeId, DrainId)> = cordoned.filter_map(|&(n, _)| Some((n, holds(n)?))).collect();
        let new = held.iter().find(|(_, id)| !self.seen.contains(id));
        let first = held.iter().find(|(_, id)| self.seen.first() == Some(id));
        let own = held.iter().find(|(node, _)| from.is_some_and(|d| d.node == *node));
        let Some(&(node, id)) = new.or(first).or(own).or(held.first()) else {
            return;
        };
        let name = self.node_name(node);
        let words = format!("{name} stays cordoned until its drain ends");
        if self.seen.contains(&id) {
            self.cycle = true;
            return self.link(format!("node/{name}"), format!("{words}: the circle is closed"));
        }
        self.link(format!("node/{name}"), words);
        self.drain(id);
    }

    /// `worker-1 and worker-2 are cordoned; cp-1 has a taint that it does not tolerate`
    fn obstacles(&self, unfit: &[(NodeId, Misfit)]) -> String {
        let mut by_reason: BTreeMap<Misfit, Vec<String>> = BTreeMap::new();
        for &(node, why) in unfit {
            by_reason.entry(why).or_default().push(self.node_name(node));
        }
        let parts = by_reason.iter().map(|(&why, nodes)| {
            let (one, many) = misfit(why);
            format!("{} {}", list(nodes), if nodes.len() == 1 { one } else { many })
        });
        parts.collect::<Vec<_>>().join("; ")
    }

    /// The plan waits for nodes or workloads, and no drain is open.
    fn gate(&mut self) {
        if let Some(node) = self.nodes.working().next() {
            let name = self.node_name(NodeId::from_index(node));
            self.link(
                format!("node/{name}"),
                format!("{name} does not become what the plan waits for"),
            );
        }
        if let Some(&pod) = self.deadlock.unfit.keys().next() {
            return self.unhealthy(pod, None);
        }
        if let Some(&workload) = self.deadlock.webhooks.keys().next()
            && let Some((object, words)) = self.no_admission(workload)
        {
            self.link(object, words);
        }
    }
}

/// What is wrong with one node, and with several.
pub(crate) const fn misfit(why: Misfit) -> (&'static str, &'static str) {
    match why {
        Misfit::Unschedulable => ("is cordoned", "are cordoned"),
        Misfit::Tainted => (
            "has a taint that the pod does not tolerate",
            "have a taint that the pod does not tolerate",
        ),
        Misfit::Affinity => (
            "does not match the pod's node affinity/selector",
            "do not match the pod's node affinity/selector",
        ),
        Misfit::Ports => ("has no free port for the pod", "have no free port for the pod"),
        Misfit::Resources => ("is too full", "are too full"),
        Misfit::Volumes => ("cannot reach the pod's volumes", "cannot reach the pod's volumes"),
        Misfit::NoDomain | Misfit::Spread => (
            "does not match the pod's topology spread constraints",
            "do not match the pod's topology spread constraints",
        ),
        Misfit::PodAffinity => (
            "does not match the pod's affinity rules",
            "do not match the pod's affinity rules",
        ),
        Misfit::PodAntiAffinity => (
            "does not satisfy anti-affinity rules",
            "do not satisfy anti-affinity rules",
        ),
    }
}
