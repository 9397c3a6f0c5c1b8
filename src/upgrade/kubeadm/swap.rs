//! A component is replaced: its manifest is moved, kubeadm waits, and puts everything back where that fails (K-14, K-15,
//! K-17).

use super::{Ended, Event, Kubeadm, component, driver};
use crate::cluster::control_plane::{self, ControlPlane};
use crate::cluster::event::Event as World;
use crate::cluster::hall::Hall;
use crate::ids::NodeId;
use crate::model::Component;
use crate::model::behaviour::kubeadm;
use crate::trace::{Fact, VersionId};
use crate::units::{Span, Time};

/// Time between two looks at a component (K-14).
const POLL: Span = Span::from_millis(100);
/// How long kubeadm waits for the new hash of a component's mirror pod, and again for the phase Running (K-14).
const LIMIT: Span = Span::from_secs(300);

impl Kubeadm {
    pub(super) fn swap(&mut self, node: NodeId, control_plane: &ControlPlane, hall: &mut Hall<'_>) {
        let now = hall.now;
        let Some(run) = self.run(node) else { return };
        let component = component(run.phase);
        let Some((component, instance)) = component.and_then(|c| Some((c, control_plane.on_node(c, node)?))) else {
            return hall.after(Span::ZERO, World::Kubeadm(Event::Seen(node)));
        };
        run.before[place(component)] = control_plane.installed(component, node);
        (run.moved, run.hash_seen) = (now, None);
        let event = control_plane::Event::Swap(instance, run.version);
        hall.after(Span::ZERO, World::ControlPlane(event));
        hall.after(POLL, World::Kubeadm(Event::Look(node)));
    }

    /// Waits for the process, then for the mirror pod's new hash, then for phase Running (K-14, K-15). A process that
    /// starts and crashes again and again is Running, too; one that has no image never is.
    pub(super) fn look(
        &mut self,
        node: NodeId,
        control_plane: &ControlPlane,
        hall: &mut Hall<'_>,
    ) -> Option<(driver::Owner, Ended)> {
        let run = *self.run(node)?;
        let component = component(run.phase)?;
        let id = control_plane.on_node(component, node);
        let up = id.is_none_or(|id| control_plane.counts_as_running(id));
        let available = hall.store.gate.available();
        if !up || !available {
            let seen = run.hash_seen.or(available.then_some(hall.now));
            self.run(node)?.hash_seen = seen;
            if late(run.moved, seen, hall.now) {
                return self.roll_back(node, control_plane, hall);
            }
            hall.after(POLL, World::Kubeadm(Event::Look(node)));
            return None;
        }
        let minor = hall.minor(run.version);
        let wait = match &hall.model.timings.settle {
            Some(settle) => self.luck.sample(settle),
            None if component == Component::Etcd => Span::from_millis(30),
            None => {
                let api_server = component == Component::ApiServer;
                let hash = if api_server {
                    kubeadm::api_server_hash(minor)
                } else {
                    kubeadm::hash()
                };
                self.luck.sample(&hash) + self.luck.sample(&kubeadm::running(minor, component))
            }
        };
        hall.after(wait, World::Kubeadm(Event::Seen(node)));
        None
    }

    /// The manifests of all components that were replaced so far are put back at once, etcd's only where etcd itself has
    /// failed; certificates stay renewed, and kubeadm does not wait for anything (K-17).
    fn roll_back(
        &mut self,
        node: NodeId,
        control_plane: &ControlPlane,
        hall: &mut Hall<'_>,
    ) -> Option<(driver::Owner, Ended)> {
        let run = *self.run(node)?;
        let phase = run.phase;
        hall.emit_cause(Fact::PhaseFailed { node, phase });
        let failed = component(phase)?;
        for component in Component::ALL {
            let Some(before) = run.before[place(component)] else {
                continue;
            };
            if component == Component::Etcd && failed != Component::Etcd {
                continue;
            }
            put_back(node, component, before, control_plane, hall);
        }
        self.end(node, Ended::Failed)
    }
}

fn put_back(node: NodeId, component: Component, before: VersionId, control_plane: &ControlPlane, hall: &mut Hall<'_>) {
    if let Some(id) = control_plane.on_node(component, node) {
        hall.emit(Fact::ManifestRestored { node, component });
        let event = control_plane::Event::Swap(id, before);
        hall.after(Span::ZERO, World::ControlPlane(event));
    }
}

/// Whether kubeadm has waited long enough: for the new hash since the manifest was moved, or for Running since that.
fn late(moved: Time, seen: Option<Time>, now: Time) -> bool {
    now.since(seen.unwrap_or(moved)) >= LIMIT
}

/// The place of a component in [`Component::ALL`].
fn place(component: Component) -> usize {
    Component::ALL.iter().position(|&c| c == component).unwrap_or(0)
}
