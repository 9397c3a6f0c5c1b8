//! Certificates of the control plane: until when they are good, and what stops when they are not (X-1 … X-7).
//!
//! Only what the input says is kept: without `certificates`, nothing expires. Kubelets renew their own.

use super::control_plane::{ControlPlane, Event};
use super::event::Event as World;
use super::hall::Hall;
use crate::ids::{InstanceId, NodeId};
use crate::model::{Component, Model};
use crate::trace::Fact;
use crate::units::{Span, Time};

/// How long a renewed certificate is good.
const VALIDITY: Span = Span::from_secs(365 * 24 * 3600);
/// How long `kubeadm certs renew all` and moving the manifests away and back take together (an assumption).
pub(super) const RESTART: Span = Span::from_secs(20);

/// Until when certificates are good, by node in the order of the control plane's nodes.
#[derive(Debug)]
pub(crate) struct Certificates {
    nodes: Vec<(NodeId, [Time; 4], Time)>,
}

impl Certificates {
    pub(super) fn new(model: &Model) -> Self {
        let good = model
            .control_plane
            .certificates_expire
            .map_or(Time::MAX, |s| Time::ZERO + s);
        let nodes = model.control_plane.nodes.iter();
        Self {
            nodes: nodes.map(|&n| (n, [good; 4], good)).collect(),
        }
    }

    fn of(&mut self, node: NodeId, component: Component) -> Option<&mut Time> {
        let place = Component::ALL.iter().position(|&c| c == component)?;
        let found = self.nodes.iter_mut().find(|n| n.0 == node)?;
        Some(&mut found.1[place])
    }

    /// The certificate of the administrator on a node, as kubeadm uses it.
    pub(super) fn renew_admin(&mut self, node: NodeId, now: Time) {
        if let Some(found) = self.nodes.iter_mut().find(|n| n.0 == node) {
            found.2 = now + VALIDITY;
        }
    }
}

impl ControlPlane {
    /// Every process that runs on a control-plane node stops working when its certificates run out.
    pub(super) fn schedule_expiry(&self, hall: &mut Hall<'_>) {
        let Some(good) = hall.model.control_plane.certificates_expire else {
            return;
        };
        for (id, _) in self.instances.iter_ids().filter(|(_, i)| i.node.is_some()) {
            hall.at(Time::ZERO + good, World::ControlPlane(Event::Expires(id)));
        }
    }

    /// Whether kubeadm on this node is turned away.
    pub(crate) fn admin_expired(&self, node: NodeId, now: Time) -> bool {
        self.certificates.nodes.iter().any(|n| n.0 == node && n.2 <= now)
    }

    /// kubeadm writes new certificates; the process that is about to be replaced has read the old ones.
    pub(super) fn renewed(&mut self, node: NodeId, component: Component, hall: &Hall<'_>) {
        if let Some(time) = self.certificates.of(node, component) {
            *time = hall.now + VALIDITY;
        }
    }

    pub(super) fn expires(&mut self, id: InstanceId, hall: &mut Hall<'_>) {
        let component = self.instances[id].component;
        let Some(node) = self.instances[id].node else { return };
        let good = self.certificates.of(node, component).is_none_or(|t| *t > hall.now);
        if good || self.instances[id].expired {
            return;
        }
        self.instances[id].expired = true;
        hall.emit_cause(Fact::CertificateExpired { node, component });
        match component {
            Component::Etcd | Component::ApiServer => self.reconsider(hall),
            Component::ControllerManager | Component::Scheduler => self.elections.bar(id, true, hall),
        }
    }

    /// A process has started: it has read the certificates that are there now.
    pub(super) fn reads_certificates(&mut self, id: InstanceId, hall: &mut Hall<'_>) {
        let component = self.instances[id].component;
        let Some(node) = self.instances[id].node.filter(|_| self.instances[id].expired) else {
            return;
        };
        if self.certificates.of(node, component).is_some_and(|t| *t > hall.now) {
            self.instances[id].expired = false;
            self.elections.bar(id, false, hall);
        }
    }

    /// `kubeadm certs renew all`, and every static pod of the node started again.
    pub(super) fn all_renewed(&mut self, node: NodeId, hall: &mut Hall<'_>) {
        self.certificates.renew_admin(node, hall.now);
        hall.emit(Fact::AdminConfRenewed { node });
        for component in Component::ALL {
            let Some(id) = self.on_node(component, node) else {
                continue;
            };
            self.renewed(node, component, hall);
            hall.emit(Fact::CertificatesRenewed { node, component });
            hall.after(Span::ZERO, World::ControlPlane(Event::Restart(id)));
        }
    }
}
