//! The pod garbage collector (N-12): pods of a Node object that is gone are removed by force.

use super::event::Event as World;
use super::hall::Hall;
use crate::ids::NodeId;
use crate::trace::DeletedBy;
use crate::units::Span;

/// Time between two looks.
const PERIOD: Span = Span::from_secs(20);
/// How long a node must have been missing before its pods count as orphans.
const QUARANTINE: Span = Span::from_secs(40);

/// A Node object was deleted: its pods go with the first look after the quarantine (measured 40 … 60 s).
pub(crate) fn node_deleted(node: NodeId, hall: &mut Hall<'_>) {
    let phase = hall.between(Span::ZERO, PERIOD);
    hall.expected += 1;
    hall.after(QUARANTINE + phase, World::PodGc(node, true));
}

/// Removes the orphans of a node, unless it has registered again; without a controller manager, at a later look.
pub(crate) fn collect(node: NodeId, awaited: bool, hall: &mut Hall<'_>) {
    hall.expected -= u32::from(awaited);
    if hall.store.nodes[node].exists {
        return;
    }
    let Ok(permit) = hall.store.gate.admit_controllers() else {
        return hall.after(PERIOD, World::PodGc(node, false));
    };
    for pod in hall.store.nodes[node].pods.clone() {
        let cause = hall.cause;
        hall.delete_pod(&permit, pod, DeletedBy::GarbageCollector);
        hall.remove_pod(&permit, pod);
        hall.cause = cause;
    }
}
