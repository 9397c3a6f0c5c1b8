//! Clients from outside: which nodes load balancers of Services send to, and where requests get from there (LB-4, M-9).

use std::collections::BTreeMap;

use super::availability::Route;
use super::blame::{Blame, Words};
use super::outcome::list;
use super::report::{Cause, LossReport};
use super::seconds;
use crate::ids::{BalancerId, FactId, Id, NodeId};
use crate::trace::{Fact, LeftOut, Preamble, WorkloadInfo};

/// So many times without any node are remembered of each load balancer.
const REMEMBERED: usize = 256;
/// So many intervals of a workload are explained.
const EXPLAINED: usize = 20;
/// So many nodes are named.
const NAMED: usize = 3;

/// Pods by kind of route: all, and those whose containers serve.
#[derive(Clone, Copy, Default)]
pub(super) struct Backends {
    pub(super) ready: (u32, u32),
    pub(super) terminating: (u32, u32),
}

impl Backends {
    pub(super) fn change(&mut self, from: (Route, bool), to: (Route, bool)) {
        if let Some(place) = self.place(from.0) {
            place.0 = place.0.saturating_sub(1);
            place.1 = place.1.saturating_sub(u32::from(from.1));
        }
        if let Some(place) = self.place(to.0) {
            place.0 += 1;
            place.1 += u32::from(to.1);
        }
    }

    const fn place(&mut self, route: Route) -> Option<&mut (u32, u32)> {
        match route {
            Route::None => None,
            Route::Ready => Some(&mut self.ready),
            Route::Terminating => Some(&mut self.terminating),
        }
    }

    /// Pods that requests go to, and those of them that answer.
    pub(super) const fn used(&self) -> (u32, u32) {
        if self.ready.0 > 0 { self.ready } else { self.terminating }
    }
}

/// The nodes that a load balancer sends to, as one workload's clients meet them.
#[derive(Clone)]
enum Doors {
    /// How many there are, and how many of them are up.
    Cluster(u32, u32),
    /// Which ones, and whether they are up.
    Local(BTreeMap<NodeId, bool>),
}

/// How clients come to the pods of one workload. Without a load balancer they are inside already.
#[derive(Clone, Default)]
pub(super) struct Entrance {
    doors: Vec<(BalancerId, Doors)>,
    /// Pods by node, where a node passes requests on to its own only.
    local: BTreeMap<NodeId, Backends>,
}

impl Entrance {
    pub(super) fn new(preamble: &Preamble, workload: &WorkloadInfo) -> Self {
        let doors = |&id: &BalancerId| {
            let local = preamble.balancers.get(id.index()).is_some_and(|b| b.local);
            let doors = if local {
                Doors::Local(BTreeMap::new())
            } else {
                Doors::Cluster(0, 0)
            };
            (id, doors)
        };
        Self {
            doors: workload.balancers.iter().map(doors).collect(),
            local: BTreeMap::new(),
        }
    }

    /// Whether clients are inside already.
    pub(super) const fn is_open(&self) -> bool {
        self.doors.is_empty()
    }

    /// A pod's route or its containers change.
    pub(super) fn change(&mut self, node: Option<NodeId>, from: (Route, bool), to: (Route, bool)) {
        let any = self.doors.iter().any(|(_, doors)| matches!(doors, Doors::Local(_)));
        if let Some(node) = node.filter(|_| any) {
            self.local.entry(node).or_default().change(from, to);
        }
    }

    /// A load balancer sends to a node or does not, and the node is up or not; `None`: it does not send there.
    fn set(&mut self, balancer: BalancerId, node: NodeId, from: Option<bool>, to: Option<bool>) {
        let Some((_, doors)) = self.doors.iter_mut().find(|(id, _)| *id == balancer) else {
            return;
        };
        match doors {
            Doors::Cluster(all, up) => {
                *all = all.saturating_sub(u32::from(from.is_some())) + u32::from(to.is_some());
                *up = up.saturating_sub(u32::from(from == Some(true))) + u32::from(to == Some(true));
            }
            Doors::Local(nodes) => {
                match to {
                    Some(up) => nodes.insert(node, up),
                    None => nodes.remove(&node),
                };
            }
        }
    }

    /// How many requests fail, of how many: at the worst of its load balancers, where there are several.
    pub(super) fn failing(&self, pods: &Backends) -> (u64, u64) {
        let (all, serving) = pods.used();
        let by_door = self.doors.iter().map(|(_, doors)| match doors {
            Doors::Cluster(nodes, up) => {
                let good = u64::from(serving) * u64::from(*up);
                MANY - share(good, u64::from(all) * u64::from(*nodes))
            }
            Doors::Local(nodes) => {
                let up = nodes.iter().filter(|(_, up)| **up);
                let pods = up.filter_map(|(node, _)| self.local.get(node)).map(Backends::used);
                let count = nodes.len() as u64;
                let good = pods.map(|(all, serving)| share(u64::from(serving), u64::from(all) * count));
                MANY.saturating_sub(good.sum())
            }
        });
        if let Some(worst) = by_door.max() {
            return (worst, MANY);
        }
        if serving == 0 {
            (1, 1)
        } else {
            (u64::from(all.saturating_sub(serving)), u64::from(all.max(1)))
        }
    }
}

/// Shares of requests are counted in so many parts.
const MANY: u64 = 1 << 32;

/// So many of [`MANY`] parts; what comes near to all of them is all of them, for thirds do not add up.
fn share(part: u64, whole: u64) -> u64 {
    if whole == 0 {
        return 0;
    }
    let exact = u128::from(MANY) * u128::from(part);
    u64::try_from(exact.div_ceil(u128::from(whole)))
        .unwrap_or(MANY)
        .min(MANY)
}

/// When nobody could come in though pods answered, in microseconds, and what is to blame.
#[derive(Clone, Copy)]
pub(super) struct ShutOut {
    pub(super) start: u64,
    pub(super) end: u64,
    pub(super) blame: Blame,
}

/// A time without any node.
#[derive(Clone)]
struct Closing {
    start: u64,
    /// The last one's leave.
    fact: FactId,
    /// When nodes left after the start of the run, and why, the last of them last.
    left: Vec<(u64, NodeId, LeftOut)>,
    /// Who came first, and when.
    back: Option<(u64, NodeId)>,
}

#[derive(Clone, Default)]
struct Balancer {
    /// By node: whether requests are sent there.
    sends: Vec<bool>,
    count: usize,
    left: BTreeMap<NodeId, (u64, LeftOut)>,
    closings: Vec<Closing>,
}

/// All load balancers of Services.
#[derive(Clone)]
pub(super) struct Balancers {
    all: Vec<Balancer>,
    /// By node: whether its machine is down.
    down: Vec<bool>,
}

/// A load balancer sends to a node or not, and the node is up or not.
pub(super) struct Change {
    balancer: BalancerId,
    node: NodeId,
    from: Option<bool>,
    to: Option<bool>,
    /// Why it is worse, if it is.
    pub(super) why: LeftOut,
}

impl Change {
    pub(super) fn apply(&self, entrance: &mut Entrance) {
        entrance.set(self.balancer, self.node, self.from, self.to);
    }

    pub(super) fn concerns(&self, workload: &WorkloadInfo) -> bool {
        workload.balancers.contains(&self.balancer)
    }
}

impl Balancers {
    pub(super) fn new(preamble: &Preamble) -> Self {
        let nodes = preamble.nodes.len();
        let balancer = Balancer {
            sends: vec![false; nodes],
            ..Balancer::default()
        };
        Self {
            all: vec![balancer; preamble.balancers.len()],
            down: vec![false; nodes],
        }
    }

    /// What a fact changes for clients.
    pub(super) fn observe(&mut self, at: u64, id: FactId, fact: &Fact) -> Vec<Change> {
        if self.all.is_empty() {
            return Vec::new();
        }
        match *fact {
            Fact::BalancerJoined { balancer, node } => self.sent((at, id), balancer, node, None),
            Fact::BalancerLeft { balancer, node, why } => self.sent((at, id), balancer, node, Some(why)),
            Fact::NodeCrashed { node } => self.machine(node, true),
            Fact::NodeBooted { node } | Fact::NodeCreated { node } => self.machine(node, false),
            _ => Vec::new(),
        }
    }

    fn sent(&mut self, (at, fact): (u64, FactId), id: BalancerId, node: NodeId, left: Option<LeftOut>) -> Vec<Change> {
        let up = !self.down.get(node.index()).copied().unwrap_or(false);
        let Some(balancer) = self.all.get_mut(id.index()) else {
            return Vec::new();
        };
        let Some(sends) = balancer.sends.get_mut(node.index()).filter(|s| **s == left.is_some()) else {
            return Vec::new();
        };
        *sends = left.is_none();
        if let Some(why) = left {
            balancer.leaves(at, fact, node, why);
        } else {
            balancer.joins(at, node);
        }
        let (before, now) = (left.map(|_| up), left.is_none().then_some(up));
        vec![Change {
            balancer: id,
            node,
            from: before,
            to: now,
            why: left.unwrap_or(LeftOut::MachineDown),
        }]
    }

    fn machine(&mut self, node: NodeId, down: bool) -> Vec<Change> {
        let Some(known) = self.down.get_mut(node.index()).filter(|known| **known != down) else {
            return Vec::new();
        };
        *known = down;
        let all = self.all.iter().enumerate();
        let sending = all.filter(|(_, b)| b.sends.get(node.index()) == Some(&true));
        sending
            .map(|(i, _)| Change {
                balancer: BalancerId::from_index(i),
                node,
                from: Some(down),
                to: Some(!down),
                why: LeftOut::MachineDown,
            })
            .collect()
    }

    /// Why clients could not come in, for each interval.
    pub(super) fn causes(&self, words: Words<'_>, info: &WorkloadInfo, shut_out: &[ShutOut]) -> Vec<Cause> {
        let told = shut_out.iter().take(EXPLAINED);
        told.map(|time| self.cause(words, info, time)).collect()
    }

    fn cause(&self, words: Words<'_>, info: &WorkloadInfo, time: &ShutOut) -> Cause {
        let all = info.balancers.iter().filter_map(|id| self.all.get(id.index()));
        let mut closings = all.flat_map(|b| &b.closings);
        let over = |c: &&Closing| c.start < time.end && c.back.is_none_or(|(at, _)| at > time.start);
        let closing = closings.find(over);
        let local = || {
            let mut infos = info
                .balancers
                .iter()
                .filter_map(|id| words.preamble.balancers.get(id.index()));
            infos.any(|b| b.local)
        };
        let (why, fix) = match closing {
            Some(closing) => (closing.words(words.preamble), closing.fix()),
            None if local() => (ONLY_EMPTY_NODES.into(), Some(WAIT_FOR_CHECKS.into())),
            None => ("every node that its load balancer sent to was down".into(), None),
        };
        let (first, last) = closing.map_or((time.start, time.start), Closing::between);
        let loss = LossReport {
            replicas: 0,
            interval: [seconds(first), seconds(last)],
            why: words.clause(time.blame.why(words.chain), "a replica", true),
            root: words.root(time.blame.way),
            fact: closing.map(|closing| closing.fact.index() as u64),
        };
        Cause {
            interval: [seconds(time.start), seconds(time.end)],
            why,
            losses: vec![loss],
            fix,
        }
    }
}

const ONLY_EMPTY_NODES: &str = "no node that its load balancer sent to had a ready pod of it (externalTrafficPolicy Local), and \
                                health checks take their time";
const WAIT_FOR_CHECKS: &str =
    "use externalTrafficPolicy Cluster, or let pods wait in preStop until the checks have failed";

impl Balancer {
    fn joins(&mut self, at: u64, node: NodeId) {
        self.count += 1;
        self.left.remove(&node);
        if let Some(last) = self.closings.last_mut().filter(|c| c.back.is_none()) {
            last.back = Some((at, node));
            if last.start == at {
                self.closings.pop();
            }
        }
    }

    fn leaves(&mut self, at: u64, fact: FactId, node: NodeId, why: LeftOut) {
        self.count = self.count.saturating_sub(1);
        self.left.insert(node, (at, why));
        if self.count == 0 && self.closings.len() < REMEMBERED {
            let mut left: Vec<_> = self.left.iter().map(|(&node, &(at, why))| (at, node, why)).collect();
            left.sort_unstable();
            self.closings.push(Closing {
                start: at,
                fact,
                left,
                back: None,
            });
        }
    }
}

impl Closing {
    fn words(&self, preamble: &Preamble) -> String {
        let name = |id: NodeId| preamble.nodes.get(id.index()).map_or("a node", |n| n.name.as_str());
        let mut reasons: BTreeMap<LeftOut, Vec<(u64, NodeId)>> = BTreeMap::new();
        for &(at, node, why) in &self.left {
            reasons.entry(why).or_default().push((at, node));
        }
        let clauses: Vec<String> = reasons
            .iter()
            .map(|(why, nodes)| {
                let mut named: Vec<NodeId> = nodes.iter().map(|&(_, node)| node).collect();
                named.sort_unstable();
                let names: Vec<&str> = named.into_iter().map(name).collect();
                let (first, last) = (nodes.first().map_or(0, |n| n.0), nodes.last().map_or(0, |n| n.0));
                let one = nodes.len() == 1;
                format!("{} left it {}, {}", some(&names), when(first, last), reason(*why, one))
            })
            .collect();
        let back = match self.back {
            Some((at, node)) => format!("until {} joined it at {:.1} s", name(node), seconds(at)),
            None => "until the run ended".into(),
        };
        format!(
            "no node was left in its load balancer: {}; there was none {back}",
            clauses.join(", ")
        )
    }

    /// When the first and the last node left.
    fn between(&self) -> (u64, u64) {
        let first = self.left.iter().map(|l| l.0).min();
        (first.unwrap_or(self.start), self.start)
    }

    fn fix(&self) -> Option<String> {
        let any = |wanted: LeftOut| self.left.iter().any(|&(_, _, why)| why == wanted);
        let fix = if any(LeftOut::Cordoned) || any(LeftOut::Excluded) {
            "cordon old nodes only when new ones have joined, or mark them with a taint instead (premark: PreferNoSchedule)"
        } else if any(LeftOut::NoLocalPod) {
            "use externalTrafficPolicy Cluster, or spread the replicas over more nodes with a budget"
        } else {
            return None;
        };
        Some(fix.into())
    }
}

/// Some names, and how many more there are.
fn some(names: &[&str]) -> String {
    match names.len().checked_sub(NAMED + 1) {
        None => list(names),
        Some(more) => {
            let more = format!("{} more", more + 1);
            let mut named = names.get(..NAMED).unwrap_or_default().to_vec();
            named.push(&more);
            list(&named)
        }
    }
}

fn when(first: u64, last: u64) -> String {
    if last < first.saturating_add(1_000_000) {
        format!("at {:.1} s", seconds(first))
    } else {
        format!("between {:.1} s and {:.1} s", seconds(first), seconds(last))
    }
}

const fn reason(why: LeftOut, one: bool) -> &'static str {
    match (why, one) {
        (LeftOut::Cordoned, true) => "for it was cordoned",
        (LeftOut::Cordoned, false) => "for they were cordoned",
        (LeftOut::Excluded, true) => "for it was labelled to be left out",
        (LeftOut::Excluded, false) => "for they were labelled to be left out",
        (LeftOut::NotReady, true) => "for it was not ready",
        (LeftOut::NotReady, false) => "for they were not ready",
        (LeftOut::Deleted, true) => "for it was deleted",
        (LeftOut::Deleted, false) => "for they were deleted",
        (LeftOut::MachineDown, true) => "for its machine was down",
        (LeftOut::MachineDown, false) => "for their machines were down",
        (LeftOut::NoLocalPod, true) => "for it had no ready pod",
        (LeftOut::NoLocalPod, false) => "for they had no ready pod",
    }
}
