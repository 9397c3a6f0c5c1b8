//! Which API server a kubelet reaches, and whether it can read Services from it (K-19, V-4).
//!
//! Kubelets since 1.31 list Services in a way that older API servers do not understand, and start no pod that comes from
//! the API before that has worked once. A kubelet keeps the connection that the load balancer gave it until it breaks.

use super::super::event::Event as World;
use super::super::hall::Hall;
use super::{Event, Kubelets};
use crate::ids::{Id, NodeId, PodId};
use crate::model::{WorkloadKind, behaviour};
use crate::rng::Purpose;
use crate::trace::Fact;
use crate::units::Span;

/// What a kubelet knows of the API server that it reaches.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Connection {
    /// It cannot read Services there.
    blind: bool,
    /// The number of the server, where it matters.
    server: usize,
}

/// The API server of a node's own, where its kubelet uses that: on control-plane nodes that kubeadm of 1.33 or later has
/// upgraded.
pub(crate) fn local_server(node: NodeId, hall: &Hall<'_>) -> Option<usize> {
    let server = hall.model.control_plane.nodes.iter().position(|&n| n == node)?;
    let minor = hall.minor(hall.store.gate.servers.get(server)?.version);
    behaviour::kubeadm::local_kubelets(minor).then_some(server)
}

impl Kubelets {
    /// Whether a pod has to wait until its kubelet has read Services.
    pub(super) fn waits_for_services(&self, pod: PodId, hall: &Hall<'_>) -> bool {
        let workload = hall.store.pods[pod].workload;
        let is_static = hall.manner(workload).kind == WorkloadKind::StaticPod;
        let node = hall.store.pods[pod].node;
        !is_static && node.is_some_and(|n| self.nodes[n].connection.blind)
    }

    /// A kubelet has started, or its connection has broken: it reaches some API server that works.
    pub(super) fn connect(&mut self, node: NodeId, hall: &mut Hall<'_>) {
        let minor = hall.minor(hall.store.nodes[node].version);
        let oldest = hall
            .store
            .gate
            .servers
            .iter()
            .map(|s| hall.server_minor(s.version))
            .min();
        let was_blind = self.nodes[node].connection.blind;
        let blind = if oldest.is_none_or(|o| behaviour::kubelet::reads_services_from(minor, o)) {
            false
        } else {
            let server = self.pick(node, hall);
            self.nodes[node].connection.server = server;
            let version = hall.store.gate.servers[server].version;
            !behaviour::kubelet::reads_services_from(minor, hall.server_minor(version))
        };
        self.nodes[node].connection.blind = blind;
        if blind && !was_blind {
            hall.store.blind += 1;
            hall.emit(Fact::ServicesUnread { node });
        } else if was_blind && !blind {
            hall.store.blind -= 1;
            hall.emit_cause(Fact::ServicesRead { node });
            for pod in hall.store.nodes[node].pods.clone() {
                let delay = hall.draw(&hall.model.timings.kubelet_reaction);
                hall.after(delay, World::Kubelet(Event::Sync(pod)));
            }
        }
    }

    /// One of the API servers that work and that the load balancer lists; the old connection where there is none.
    fn pick(&self, node: NodeId, hall: &Hall<'_>) -> usize {
        if let Some(local) = local_server(node, hall) {
            return local;
        }
        if let Some(holder) = hall.store.gate.holder {
            return holder;
        }
        let servers = hall.store.gate.servers.iter().enumerate();
        let good: Vec<usize> = servers.filter(|(_, s)| s.works && s.listed).map(|(i, _)| i).collect();
        let generation = u64::from(self.nodes[node].generation);
        let entity = (node.index() as u64) << 24 | generation << 8 | hall.store.gate.breaks & 0xff;
        let mut luck = hall.streams.stream(Purpose::Connection, entity);
        let nth = luck.below(u32::try_from(good.len()).unwrap_or(0)) as usize;
        good.get(nth).copied().unwrap_or(self.nodes[node].connection.server)
    }

    /// An API server has gone away or come back: blind kubelets that were connected to it try again.
    pub(super) fn reconnect(&mut self, server: usize, hall: &mut Hall<'_>) {
        for node in hall.store.nodes.ids() {
            let connection = self.nodes[node].connection;
            if connection.blind && connection.server == server && self.nodes[node].up {
                self.connect(node, hall);
            }
        }
    }

    /// A kubelet that has stopped reaches nobody.
    pub(super) fn disconnect(&mut self, node: NodeId, hall: &mut Hall<'_>) {
        if std::mem::take(&mut self.nodes[node].connection).blind {
            hall.store.blind -= 1;
        }
    }
}

/// How long a container that crashed waits where Services are still to be read.
pub(super) const AGAIN: Span = Span::from_secs(10);
