//! Volumes: the attach/detach controller, and the zone that a volume gets with its first pod.
//!
//! A volume of `ReadWriteOnce` is attached to one node. It leaves a node when the last pod object that uses it there is
//! gone, and only then can another node have it; the kubelet of a pod waits for it. The controller lives in the
//! controller manager: without one, nothing is attached or detached.

use super::event::Event as World;
use super::hall::Hall;
use super::kubelet;
use crate::ids::{NodeId, PodId, VolumeId};
use crate::units::Span;

/// What the attach/detach controller waits for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Event {
    /// The controller looks at a volume.
    Sync(VolumeId),
    /// The volume is attached, unless something happened meanwhile (generation).
    Attached(VolumeId, u32),
    /// The volume is detached.
    Detached(VolumeId, u32),
}

/// How long the controller waits for a node that does not answer to unmount, before it detaches by force.
const FORCE_AFTER: Span = Span::from_secs(360);
/// How soon it looks again when the controller manager is away.
const AGAIN: Span = Span::from_secs(5);

/// Where a volume is.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    /// The zone that its first pod gave it.
    pub(crate) zone: Option<u32>,
    at: Attachment,
    generation: u32,
    /// Bound pods that want it, in the order in which they were bound.
    users: Vec<(PodId, NodeId)>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Attachment {
    #[default]
    Nowhere,
    Attaching(NodeId),
    Attached(NodeId),
    Detaching(NodeId),
}

/// A pod was bound: its volumes are provisioned in its zone, and attached.
pub(super) fn bound(hall: &mut Hall<'_>, pod: PodId, node: NodeId) {
    each(hall, pod, |hall, volume| {
        settle(hall, volume, node);
        if hall.model.volumes[volume].single_attach {
            hall.store.volumes[volume].users.push((pod, node));
            let react = hall.reaction();
            hall.after(react, World::Volume(Event::Sync(volume)));
        }
    });
}

/// A pod is on its node before time starts: the volume is attached to the first pod's node.
pub(super) fn there_at_start(hall: &mut Hall<'_>, pod: PodId, node: NodeId) {
    each(hall, pod, |hall, volume| {
        settle(hall, volume, node);
        let state = &mut hall.store.volumes[volume];
        if hall.model.volumes[volume].single_attach {
            state.users.push((pod, node));
            if state.at == Attachment::Nowhere {
                state.at = Attachment::Attached(node);
            }
        }
    });
}

/// A pod's object is gone from a node.
pub(super) fn gone(hall: &mut Hall<'_>, pod: PodId, node: NodeId) {
    each(hall, pod, |hall, volume| {
        let users = &mut hall.store.volumes[volume].users;
        users.retain(|&(user, _)| user != pod);
        if hall.model.volumes[volume].single_attach && !users.iter().any(|&(_, at)| at == node) {
            let react = hall.reaction();
            hall.after(react, World::Volume(Event::Sync(volume)));
        }
    });
}

/// A node answers again: what waited for its force detach leaves it in the ordinary way.
pub(super) fn node_back(hall: &mut Hall<'_>, node: NodeId) {
    for volume in hall.model.volumes.ids() {
        let state = &mut hall.store.volumes[volume];
        if state.at == Attachment::Detaching(node) {
            state.at = Attachment::Attached(node);
            state.generation = state.generation.wrapping_add(1);
            hall.after(Span::ZERO, World::Volume(Event::Sync(volume)));
        }
    }
}

/// Whether the volumes of a pod are attached to its node, so that its kubelet can start it.
pub(super) fn ready(hall: &Hall<'_>, pod: PodId) -> bool {
    if hall.model.volumes.is_empty() {
        return true;
    }
    let state = &hall.store.pods[pod];
    let mut volumes = hall.model.volumes_of(state.class, state.slot);
    volumes.all(|volume| {
        let attached = |node| hall.store.volumes[volume].at == Attachment::Attached(node);
        !hall.model.volumes[volume].single_attach || state.node.is_some_and(attached)
    })
}

/// Whether a pod has a volume that can be on one node only.
pub(crate) fn has_own(hall: &Hall<'_>, pod: PodId) -> bool {
    own(hall, pod).next().is_some()
}

/// Whether a volume of a pod that was on a node is still attached there.
pub(crate) fn are_on(hall: &Hall<'_>, pod: PodId, node: NodeId) -> bool {
    own(hall, pod).any(|volume| {
        let at = hall.store.volumes[volume].at;
        at == Attachment::Attached(node) || at == Attachment::Detaching(node)
    })
}

fn own<'h>(hall: &'h Hall<'_>, pod: PodId) -> impl Iterator<Item = VolumeId> + 'h {
    let state = &hall.store.pods[pod];
    let any = !hall.model.volumes.is_empty();
    let volumes = any.then(|| hall.model.volumes_of(state.class, state.slot));
    let volumes = volumes.into_iter().flatten();
    volumes.filter(|&volume| hall.model.volumes[volume].single_attach)
}

fn each<'m>(hall: &mut Hall<'m>, pod: PodId, mut f: impl FnMut(&mut Hall<'m>, VolumeId)) {
    if hall.model.volumes.is_empty() {
        return;
    }
    let (class, slot) = (hall.store.pods[pod].class, hall.store.pods[pod].slot);
    for volume in hall.model.volumes_of(class, slot) {
        f(hall, volume);
    }
}

fn settle(hall: &mut Hall<'_>, volume: VolumeId, node: NodeId) {
    let state = &mut hall.store.volumes[volume];
    if hall.model.volumes[volume].unbound && state.zone.is_none() {
        state.zone = hall.model.nodes[node].zone;
    }
}

pub(super) fn handle(event: Event, hall: &mut Hall<'_>) {
    match event {
        Event::Sync(volume) => sync(volume, hall),
        Event::Attached(volume, generation) => {
            if let Some(node) = changed(volume, generation, hall) {
                hall.store.volumes[volume].at = Attachment::Attached(node);
                for (pod, at) in hall.store.volumes[volume].users.clone() {
                    if at == node {
                        hall.after(Span::ZERO, World::Kubelet(kubelet::Event::Sync(pod)));
                    }
                }
                sync(volume, hall);
            }
        }
        Event::Detached(volume, generation) => {
            if changed(volume, generation, hall).is_some() {
                hall.store.volumes[volume].at = Attachment::Nowhere;
                sync(volume, hall);
            }
        }
    }
}

/// The node that a volume is being attached to or detached from, if that is still the matter.
fn changed(volume: VolumeId, generation: u32, hall: &Hall<'_>) -> Option<NodeId> {
    let state = &hall.store.volumes[volume];
    match state.at {
        Attachment::Attaching(node) | Attachment::Detaching(node) if state.generation == generation => Some(node),
        _ => None,
    }
}

fn sync(volume: VolumeId, hall: &mut Hall<'_>) {
    let state = &hall.store.volumes[volume];
    let used_on = |node| state.users.iter().any(|&(_, at)| at == node);
    let living = state.users.iter().find(|&&(pod, _)| !hall.store.pods[pod].terminating);
    let (at, generation) = match (state.at, living) {
        (Attachment::Nowhere, Some(&(_, node))) => (Attachment::Attaching(node), state.generation.wrapping_add(1)),
        (Attachment::Attached(node), _) if !used_on(node) => {
            (Attachment::Detaching(node), state.generation.wrapping_add(1))
        }
        // A pod came back to the node before the volume had left.
        (Attachment::Detaching(node), _) if used_on(node) => {
            (Attachment::Attached(node), state.generation.wrapping_add(1))
        }
        _ => return,
    };
    if hall.store.gate.admit_controllers().is_err() {
        return hall.after(AGAIN, World::Volume(Event::Sync(volume)));
    }
    let state = &mut hall.store.volumes[volume];
    (state.at, state.generation) = (at, generation);
    match at {
        Attachment::Attaching(_) => {
            let delay = hall.draw(&hall.model.timings.volume_attach);
            hall.after(delay, World::Volume(Event::Attached(volume, generation)));
        }
        Attachment::Detaching(node) => {
            let mut delay = hall.draw(&hall.model.timings.volume_detach);
            if !hall.store.nodes[node].ready || !hall.store.nodes[node].exists {
                delay += FORCE_AFTER;
            }
            hall.after(delay, World::Volume(Event::Detached(volume, generation)));
        }
        Attachment::Attached(node) => {
            for (pod, on) in hall.store.volumes[volume].users.clone() {
                if on == node {
                    hall.after(Span::ZERO, World::Kubelet(kubelet::Event::Sync(pod)));
                }
            }
        }
        Attachment::Nowhere => {}
    }
}
