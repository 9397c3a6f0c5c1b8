//! Persistent volumes.

use super::Model;
use crate::ids::{ClassId, NodeId, VolumeId};

/// A claim and the volume behind it.
#[derive(Clone, Debug)]
pub struct Volume {
    /// Namespace and name of the claim.
    pub name: String,
    /// At most one node at a time, and attaching takes time (`ReadWriteOnce` of a network volume). Without, pods never
    /// wait for it.
    pub single_attach: bool,
    /// Index into [`Model::node_sets`]: the nodes that can reach it; `None`: all.
    pub reach: Option<u32>,
    /// Not bound yet, `WaitForFirstConsumer`: the first pod's zone becomes the volume's.
    pub unbound: bool,
}

impl Model {
    /// The volumes of the pod that stands for a slot: those that all pods of its class share and its own.
    pub fn volumes_of(&self, class: ClassId, slot: u32) -> impl Iterator<Item = VolumeId> + '_ {
        let class = &self.classes[class];
        let own = &self.workloads[class.workload].slot_volumes;
        let own = own.get(slot as usize).map_or(&[][..], Vec::as_slice);
        class.volumes.iter().chain(own).copied()
    }

    /// Whether pods on a node can reach a volume, as far as its PersistentVolume tells.
    #[must_use]
    pub fn reaches(&self, volume: VolumeId, node: NodeId) -> bool {
        use crate::ids::Id;
        let set = self.volumes[volume]
            .reach
            .and_then(|set| self.node_sets.get(set as usize));
        set.is_none_or(|set| set.get(node.index()).copied().unwrap_or(false))
    }
}
