//! How a kubelet replaces a static pod of the control plane (K-15b), and what keeps the new one from coming up.

use super::control_plane::{ControlPlane, Event};
use super::event::Event as World;
use super::hall::Hall;
use crate::ids::{InstanceId, NodeId};
use crate::model::{BreakMode, Component, FaultAction, behaviour};
use crate::trace::{Fact, VersionId};
use crate::units::{Dist, Span, Time};

/// New versions of a component do not come up: a fault.
#[derive(Clone, Copy, Debug)]
pub(super) struct Break {
    pub(crate) component: Component,
    /// On one node, or on all.
    pub(crate) node: Option<NodeId>,
    pub(crate) how: BreakMode,
    /// Until then.
    pub(crate) until: Time,
}

impl Break {
    /// The fault of this number, which begins now.
    pub(super) fn of(number: u32, hall: &Hall<'_>) -> Option<Self> {
        match &hall.model.faults[number as usize].action {
            FaultAction::ComponentBreaks {
                component,
                node,
                how,
                duration,
            } => Some(Self {
                component: *component,
                node: *node,
                how: *how,
                until: duration.map_or(Time::MAX, |d| hall.now + d),
            }),
            _ => None,
        }
    }
}

impl ControlPlane {
    /// The kubelet replaces a static pod. Where the plan says how long that takes, it does; otherwise kubelets before
    /// 1.22 start the new one beside the old one, and later ones wait for it and for their next look (K-15b).
    pub(super) fn swap(&mut self, id: InstanceId, version: VersionId, hall: &mut Hall<'_>) {
        let component = self.instances[id].component;
        let kubelet = self.kubelet_of(id, hall);
        self.instances[id].version = version;
        if let Some(because) = self.breaks_of(id, version, hall) {
            return self.swap_for_nothing(id, because, hall);
        }
        let was_stuck = self.instances[id].stuck.take().is_some();
        if was_stuck && !self.instances[id].up {
            let wait = first_start(component, kubelet);
            let wait = self.luck.sample(&wait);
            return self.start_after(id, wait, hall);
        }
        if let Some(down) = &hall.timings_of(component).down {
            self.instances[id].restart = Some(self.luck.sample(down));
            return self.terminate(id, hall);
        }
        if component == Component::Etcd {
            let down = self.luck.sample(&behaviour::kubeadm::etcd_down(kubelet));
            self.instances[id].restart = Some(down);
            return self.terminate(id, hall);
        }
        if behaviour::kubelet::static_pods_wait(kubelet) {
            return self.swap_after_exit(id, hall);
        }
        let beside = self
            .luck
            .sample(&behaviour::kubeadm::swap_beside(component == Component::ApiServer));
        if component == Component::ApiServer {
            // The old process serves its watches until it is killed, so nobody's informers notice.
            self.instances[id].generation = self.instances[id].generation.wrapping_add(1);
            hall.emit_cause(Fact::ComponentStopping { instance: id });
            self.refuse(id, hall);
            self.instances[id].restart = None;
            self.start_after(id, beside, hall);
        } else {
            self.instances[id].restart = Some(beside);
            self.terminate(id, hall);
        }
    }

    fn start_after(&mut self, id: InstanceId, wait: Span, hall: &mut Hall<'_>) {
        let generation = self.instances[id].generation;
        hall.expected += 1;
        hall.after(wait, World::ControlPlane(Event::Start(id, generation)));
    }

    fn kubelet_of(&self, id: InstanceId, hall: &Hall<'_>) -> u32 {
        let node = self.instances[id].node;
        node.map_or(u32::MAX, |n| hall.minor(hall.store.nodes[n].version))
    }

    /// The pod worker looks again every 10 s × U(1, 1.5): at the first look after the old process is gone, the new one
    /// starts.
    fn swap_after_exit(&mut self, id: InstanceId, hall: &mut Hall<'_>) {
        let api_server = self.instances[id].component == Component::ApiServer;
        let stop = hall.timings_of(self.instances[id].component).stop.clone();
        let stop = match stop {
            Some(stop) => self.luck.sample(&stop),
            None if api_server => Span::from_secs(30),
            None => Span::from_millis(50),
        };
        let mut look = Span::ZERO;
        while look <= stop {
            look += self.luck.between(Span::from_secs(10), Span::from_secs(15));
        }
        let start = look + Span::from_millis(150);
        self.instances[id].restart = Some(start.saturating_sub(stop));
        self.terminate(id, hall);
    }

    /// A fault that keeps a new version of this component from coming up, if there is one now. What ran before comes up.
    fn breaks_of(&self, id: InstanceId, version: VersionId, hall: &Hall<'_>) -> Option<Break> {
        let instance = &self.instances[id];
        let newer = hall.version(version) > hall.version(instance.runs);
        let hits = |b: &&Break| {
            let here = b.node.is_none() || b.node == instance.node;
            b.component == instance.component && here && b.until > hall.now
        };
        self.breaks.iter().find(hits).copied().filter(|_| newer)
    }

    /// The old process goes and the new one does not come up.
    fn swap_for_nothing(&mut self, id: InstanceId, because: Break, hall: &mut Hall<'_>) {
        let instance = &mut self.instances[id];
        instance.stuck = Some(because.how);
        instance.restart = match because.how {
            BreakMode::NoImage => None,
            BreakMode::Crashes => Some(Span::from_secs(1)),
        };
        if instance.up {
            self.terminate(id, hall);
        }
        if because.until != Time::MAX {
            hall.expected += 1;
            hall.at(because.until, World::ControlPlane(Event::Mended(id)));
        }
    }

    /// The image is there, or the process does not crash any more: the kubelet finds out at its next try.
    pub(super) fn mended(&mut self, id: InstanceId, hall: &mut Hall<'_>) {
        hall.expected = hall.expected.saturating_sub(1);
        if self.instances[id].stuck.take().is_some() && !self.instances[id].up {
            let again = self.luck.between(Span::from_secs(1), Span::from_secs(300));
            self.start_after(id, again, hall);
        }
    }
}

/// How long a kubelet takes to start a static pod in the place of one that never ran: old ones start it at once, later
/// ones at the next look of its worker (K-15b).
fn first_start(component: Component, kubelet: u32) -> Dist {
    if behaviour::kubelet::static_pods_wait(kubelet) {
        Dist::Uniform(Span::from_secs(10), Span::from_secs(15))
    } else {
        behaviour::kubeadm::swap_beside(component == Component::ApiServer)
    }
}
