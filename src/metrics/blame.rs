//! What is to blame for a replica that is missing.

use crate::ids::{FactId, NodeId, PodId};
use crate::trace::{DeletedBy, Fact, LeftOut, Preamble, StopReason};

use super::chain::{Anchor, Chain, WayId, is_end};
use super::outcome::deed;
use super::pods::Pod;
use super::report::Root;
use super::seconds;
use crate::ids::Id;

/// What happened to a pod that counts no longer, or to a place that has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Own {
    Deleted(DeletedBy),
    Stopped(StopReason),
    Unready,
    /// It was not there at the start.
    Absent,
    /// More are wanted than before.
    Wanted,
    /// Load balancers of its Services leave nodes out, or send to nodes that are down (LB-4).
    Entrance(LeftOut),
}

/// What happened, and where it came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Blame {
    pub(super) way: WayId,
    pub(super) own: Own,
}

impl Blame {
    /// Nobody has done anything yet.
    pub(super) const START: Self = Self {
        way: Chain::START,
        own: Own::Absent,
    };

    /// Fewer requests come in since this fact.
    pub(super) fn at_the_entrance(fact: FactId, why: LeftOut, chain: &Chain) -> Self {
        Self {
            way: chain.way_of(fact),
            own: Own::Entrance(why),
        }
    }

    pub(super) fn why(self, chain: &Chain) -> Why {
        let anchor = chain.way(self.way).anchor;
        match (self.own, anchor) {
            // Nothing but an eviction can be blamed on a drain.
            (Own::Stopped(_) | Own::Unready, Some(Anchor::Drained(_)))
            | (Own::Absent | Own::Wanted | Own::Entrance(_), _)
            | (_, None) => Why::Own(self.own),
            (_, Some(anchor)) => Why::Anchor(anchor),
        }
    }
}

/// A pod that counted as available and does no longer, and what was known of it then.
#[derive(Clone, Copy)]
pub(super) struct Loss {
    /// `None`: there never was one.
    pub(super) pod: Option<PodId>,
    pub(super) slot: u32,
    /// The fact that began it; `None`: it was so from the start.
    pub(super) fact: Option<FactId>,
    pub(super) at: u64,
    pub(super) node: Option<NodeId>,
    pub(super) blame: Blame,
}

impl Loss {
    /// A pod counts no longer, by this fact.
    pub(super) fn new(at: u64, fact: FactId, id: PodId, pod: &Pod, chain: &Chain) -> Self {
        let fact = pod.deleted.map_or(fact, |(fact, _)| fact);
        let own = match (pod.deleted, pod.stopped) {
            (Some((_, by)), _) => Own::Deleted(by),
            (None, Some(why)) => Own::Stopped(why),
            (None, None) => Own::Unready,
        };
        let way = chain.way_of(fact);
        Self {
            pod: Some(id),
            slot: pod.slot,
            fact: Some(fact),
            at,
            node: pod.node,
            blame: Blame { way, own },
        }
    }

    /// It is missing from the start.
    pub(super) const fn start(at: u64) -> Self {
        Self {
            pod: None,
            slot: u32::MAX,
            fact: None,
            at,
            node: None,
            blame: Blame::START,
        }
    }

    /// A replica is wanted that was not wanted before.
    pub(super) fn wanted(at: u64, fact: FactId, slot: u32, chain: &Chain) -> Self {
        Self {
            pod: None,
            slot,
            fact: Some(fact),
            at,
            node: None,
            blame: Blame {
                way: chain.way_of(fact),
                own: Own::Wanted,
            },
        }
    }
}

/// Why pods were lost, as far as it can be told in a clause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    Anchor(Anchor),
    Own(Own),
}

/// Words for causes.
#[derive(Clone, Copy)]
pub(super) struct Words<'a> {
    pub(super) preamble: &'a Preamble,
    pub(super) chain: &'a Chain,
}

impl<'a> Words<'a> {
    pub(super) fn node(self, id: NodeId) -> &'a str {
        let node = self.preamble.nodes.get(id.index());
        node.map_or("a node", |node| node.name.as_str())
    }

    fn fault(self, fault: u32) -> &'a str {
        let words = self.preamble.faults.get(fault as usize);
        words.map_or("", |fault| deed(fault))
    }

    fn step(self, step: u32) -> String {
        let words = self.preamble.steps.get(step as usize);
        let words = words.map_or("", String::as_str);
        format!("step {} ({words})", u64::from(step) + 1)
    }

    /// `draining worker-1 evicted both replicas`; `who` is one or several.
    pub(super) fn clause(self, why: Why, who: &str, one: bool) -> String {
        let was = if one { "was" } else { "were" };
        match why {
            Why::Anchor(Anchor::Drained(node)) => format!("draining {} evicted {who}", self.node(node)),
            Why::Anchor(Anchor::NodeCrashed(node)) => format!("{} crashed, and {who} with it", self.node(node)),
            Why::Anchor(Anchor::Fault(fault)) => format!("a fault ({}) hit {who}", self.fault(fault)),
            Why::Anchor(Anchor::Step(step)) => format!("{} hit {who}", self.step(step)),
            Why::Anchor(Anchor::RolledOut) => format!("a rollout replaced {who}"),
            Why::Anchor(Anchor::NodeNotReady(node)) => {
                format!("{} was not ready, and {who} with it", self.node(node))
            }
            Why::Anchor(Anchor::KubeletStopped(node)) => {
                format!("the kubelet of {} stopped, and {who} {was} unready", self.node(node))
            }
            Why::Own(Own::Deleted(by)) => {
                let by = match by {
                    DeletedBy::Drain => "a drain",
                    DeletedBy::User => "a user",
                    DeletedBy::Controller => "a controller",
                    DeletedBy::TaintManager => "the taint manager",
                    DeletedBy::GarbageCollector => "the pod garbage collector",
                    DeletedBy::Preemption => "the scheduler, for a pod of higher priority,",
                };
                format!("{by} deleted {who}")
            }
            Why::Own(Own::Stopped(StopReason::Crashed)) => format!("the containers of {who} crashed"),
            Why::Own(Own::Stopped(_)) => format!("the containers of {who} stopped"),
            Why::Own(Own::Unready) => format!("{who} became unready"),
            Why::Own(Own::Absent) => format!("{who} {was} not ready from the start"),
            Why::Own(Own::Entrance(why)) => {
                let nodes = match why {
                    LeftOut::Cordoned => "left out nodes that were cordoned",
                    LeftOut::Excluded => "left out nodes that were labelled so",
                    LeftOut::NotReady => "left out nodes that were not ready",
                    LeftOut::Deleted => "left out nodes that were deleted",
                    LeftOut::MachineDown => "sent to nodes that were down, or had to leave them out",
                    LeftOut::NoLocalPod => "left out nodes without a ready pod",
                };
                format!("its load balancer {nodes}")
            }
            Why::Own(Own::Wanted) => format!("{who} {was} new and not ready yet"),
        }
    }

    /// What sort of cause it is, and of what sort of end.
    pub(super) fn sort(self, blame: Blame) -> (u8, u8) {
        let why = match blame.why(self.chain) {
            Why::Anchor(anchor) => anchor.rank(),
            Why::Own(_) => u8::MAX,
        };
        let end = match self.chain.way(blame.way).end.map(|end| end.fact) {
            Some(Fact::FaultInjected { .. }) => 1,
            Some(fact) if is_end(&fact) => 0,
            _ => 2,
        };
        (why, end)
    }

    /// Where a chain of causes ends.
    pub(super) fn root(self, id: WayId) -> Root {
        let Some(end) = self.chain.way(id).end else {
            return Root::Initial {
                words: "it was so from the start".into(),
                at: 0.0,
            };
        };
        let at = seconds(end.at.as_micros());
        if let Some(words) = self.deed(&end.fact) {
            return Root::Step { words, at };
        }
        let words = match end.fact {
            Fact::FaultInjected { fault } => {
                let words = self.fault(fault).into();
                return Root::Fault { words, at };
            }
            Fact::CertificateExpired { node, component } => {
                let component = component.as_str();
                format!("the certificates of {component} on {} ran out", self.node(node))
            }
            Fact::PodCreated { .. } => "pods were created, as the scenario says".into(),
            _ => "somebody outside of the plan".into(),
        };
        Root::Initial { words, at }
    }

    /// What a step of the plan is about.
    fn deed(self, fact: &Fact) -> Option<String> {
        Some(match *fact {
            Fact::StepStarted { step } => self.step(step),
            Fact::DrainStarted { node, .. } => format!("the drain of {}", self.node(node)),
            Fact::NodeUpgradeStarted { node } => format!("the upgrade of {}", self.node(node)),
            Fact::PhaseStarted { node, phase } => format!("kubeadm's phase {phase:?} on {}", self.node(node)),
            Fact::HopStarted { version, .. } => {
                let version = self.preamble.versions.get(usize::from(version.0));
                format!("the hop to {}", version.map_or("", String::as_str))
            }
            Fact::PlanStarted => "the start of the plan".into(),
            _ => return None,
        })
    }
}
