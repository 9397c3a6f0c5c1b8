//! Which versions run together, looked at whenever one of them changes (V-13): violations are facts, not obstacles.

use std::collections::BTreeSet;

use super::control_plane::ControlPlane;
use super::hall::Hall;
use super::store::Store;
use crate::ids::NodeId;
use crate::model::Component;
use crate::trace::{Fact, Skew};
use crate::versions::skew::{Part, Rule, Running, Violation, violations};

/// What stays the same while a violation lasts.
type Key = (Rule, Part, Option<NodeId>);

/// Violations that last.
#[derive(Debug, Default)]
pub(super) struct Policy {
    broken: BTreeSet<Key>,
    /// The minor of kubectl when it was looked at last.
    kubectl: u32,
    /// Room for API servers, and for what a node's kubelet reaches and what runs there, kept from look to look.
    rooms: [Vec<Running<NodeId>>; 2],
}

/// Whom a fact makes a difference to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Concerns {
    Nobody,
    Node(NodeId),
    Everybody,
}

impl Policy {
    /// What is wrong before time starts.
    pub(super) fn start(&mut self, control_plane: &ControlPlane, hall: &mut Hall<'_>) {
        self.kubectl = hall.kubectl;
        self.look(None, control_plane, hall);
    }

    /// Looks at who is concerned by the facts of the current event: mostly there are none.
    #[inline]
    pub(super) fn observe(&mut self, control_plane: &ControlPlane, hall: &mut Hall<'_>) {
        if hall.take_skew_news() || self.kubectl != hall.kubectl {
            self.hear(control_plane, hall);
        } else {
            debug_assert!(
                hall.fresh_facts()
                    .iter()
                    .all(|record| concerns(&record.fact, control_plane, hall) == Concerns::Nobody)
            );
        }
    }

    fn hear(&mut self, control_plane: &ControlPlane, hall: &mut Hall<'_>) {
        let mut concerned = Concerns::Nobody;
        for record in hall.fresh_facts() {
            let next = concerns(&record.fact, control_plane, hall);
            concerned = match (concerned, next) {
                (Concerns::Nobody, c) | (c, Concerns::Nobody) => c,
                (Concerns::Node(a), Concerns::Node(b)) if a == b => next,
                _ => Concerns::Everybody,
            };
        }
        if std::mem::replace(&mut self.kubectl, hall.kubectl) != hall.kubectl {
            concerned = Concerns::Everybody;
        }
        match concerned {
            Concerns::Nobody => {}
            Concerns::Node(node) => self.look(Some(node), control_plane, hall),
            Concerns::Everybody => self.look(None, control_plane, hall),
        }
    }

    /// Looks at one node, or at everybody. What a node's processes break depends on them and on API servers only.
    fn look(&mut self, only: Option<NodeId>, control_plane: &ControlPlane, hall: &mut Hall<'_>) {
        let [mut servers, mut cluster] = std::mem::take(&mut self.rooms);
        servers.clear();
        servers.extend(api_servers(control_plane, hall));
        let mut now: Vec<Violation<NodeId>> = Vec::new();
        let others = hall.store.nodes.ids().take(if only.is_some() { 0 } else { usize::MAX });
        for node in only.into_iter().chain(others) {
            cluster.clear();
            add_reachable(node, &servers, hall, &mut cluster);
            let first = cluster.len();
            add_node(node, control_plane, hall, &mut cluster);
            if cluster.len() > first {
                let own = |v: &Violation<NodeId>| v.who.part != Part::ApiServer;
                now.extend(violations(&cluster).into_iter().filter(own));
            }
        }
        if only.is_none() {
            cluster.clone_from(&servers);
            cluster.push(Running::new(Part::Kubectl, None, hall.kubectl));
            now.extend(violations(&cluster));
        }
        self.rooms = [servers, cluster];
        self.tell(only, &now, hall);
    }

    fn tell(&mut self, only: Option<NodeId>, now: &[Violation<NodeId>], hall: &mut Hall<'_>) {
        let mut there = BTreeSet::new();
        for violation in now {
            let key = violation.key();
            if there.insert(key) && self.broken.insert(key) {
                hall.emit(Fact::SkewBegan {
                    skew: Skew::of(violation),
                });
            }
        }
        let looked_at = |key: &Key| match only {
            None => true,
            Some(node) => key.2 == Some(node) && key.1 != Part::ApiServer,
        };
        let over = |key: &&Key| looked_at(key) && !there.contains(*key);
        let over: Vec<Key> = self.broken.iter().filter(over).copied().collect();
        for key in over {
            self.broken.remove(&key);
            let (rule, part, node) = key;
            hall.emit(Fact::SkewEnded { rule, part, node });
        }
    }
}

/// Whether a fact may concern anybody: mostly not, and then there is nothing to look at.
#[inline]
pub(super) const fn may_concern(fact: &Fact, store: &Store) -> bool {
    use Fact::{ComponentStarted, ContainersStarted, KubeletStarted, NodeDeleted, NodeReady};
    match fact {
        ComponentStarted { .. } | KubeletStarted { .. } | NodeReady { .. } | NodeDeleted { .. } => true,
        ContainersStarted { .. } => !store.proxies.is_empty(),
        _ => false,
    }
}

fn concerns(fact: &Fact, control_plane: &ControlPlane, hall: &Hall<'_>) -> Concerns {
    match *fact {
        Fact::ComponentStarted { instance, .. } => {
            let instance = &control_plane.instances[instance];
            match (instance.component, instance.node) {
                (Component::Etcd, _) => Concerns::Nobody,
                (Component::ControllerManager | Component::Scheduler, Some(node)) => Concerns::Node(node),
                _ => Concerns::Everybody,
            }
        }
        Fact::KubeletStarted { node, .. } | Fact::NodeReady { node } | Fact::NodeDeleted { node } => {
            Concerns::Node(node)
        }
        Fact::ContainersStarted { pod } if !hall.store.proxies.is_empty() => {
            let node = hall.store.pods[pod].node;
            let is_proxy = Some(hall.store.pods[pod].workload) == hall.store.kube_proxy;
            node.filter(|_| is_proxy).map_or(Concerns::Nobody, Concerns::Node)
        }
        _ => Concerns::Nobody,
    }
}

fn api_servers(control_plane: &ControlPlane, hall: &Hall<'_>) -> impl Iterator<Item = Running<NodeId>> {
    let servers = control_plane
        .instances
        .iter()
        .filter(|i| i.component == Component::ApiServer);
    servers.map(|i| Running::new(Part::ApiServer, i.node, hall.server_minor(i.runs)))
}

/// Adds the API servers that the kubelet of a node may reach: its own where it runs one and kubeadm is new enough (K-19),
/// otherwise all of them.
fn add_reachable(node: NodeId, servers: &[Running<NodeId>], hall: &Hall<'_>, found: &mut Vec<Running<NodeId>>) {
    match super::kubelet::local_server(node, hall) {
        Some(_) => found.extend(servers.iter().filter(|s| s.host == Some(node))),
        None => found.extend_from_slice(servers),
    }
}

/// Adds what runs on a node: kubelet, kube-proxy, and the elected components.
fn add_node(node: NodeId, control_plane: &ControlPlane, hall: &Hall<'_>, found: &mut Vec<Running<NodeId>>) {
    let state = &hall.store.nodes[node];
    if state.exists {
        let kubelet = hall.minor(state.version);
        found.push(Running::new(Part::Kubelet, Some(node), kubelet));
        if let Some(proxy) = proxy(node, hall) {
            found.push(Running::new(Part::Proxy, Some(node), proxy));
        }
    }
    for (component, part) in [
        (Component::ControllerManager, Part::ControllerManager),
        (Component::Scheduler, Part::Scheduler),
    ] {
        if let Some(id) = control_plane.on_node(component, node) {
            let minor = hall.minor(control_plane.instances[id].runs);
            found.push(Running::new(part, Some(node), minor));
        }
    }
}

/// The minor of a node's kube-proxy, where the input has its DaemonSet: that of the start until it was rolled out.
fn proxy(node: NodeId, hall: &Hall<'_>) -> Option<u32> {
    let kube_proxy = hall.store.kube_proxy?;
    let pods = &hall.store.nodes[node].pods;
    let of_proxy = |&&pod: &&crate::ids::PodId| hall.store.pods[pod].workload == kube_proxy;
    let pod = pods.iter().rev().find(of_proxy)?;
    let revision = hall.store.pods[*pod].revision;
    let rolled = hall.store.proxies.iter().rev().find(|p| p.0 <= revision);
    Some(rolled.map_or_else(|| hall.model.version.minor(), |p| hall.minor(p.1)))
}
