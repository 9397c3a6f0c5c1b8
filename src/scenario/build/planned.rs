//! Nodes that are not there at the start: the plan creates them.

use super::Builder;
use crate::ids::{Id, NodeId};
use crate::model::Node;
use crate::units::KubeVersion;

const HOSTNAME: &str = "kubernetes.io/hostname";

impl Builder<'_> {
    /// A node like another one, to come: the same labels, zone, taints and room, at this version.
    pub(super) fn successor(&mut self, like: NodeId, name: Option<&str>, version: Option<&KubeVersion>) -> NodeId {
        let name = name.map_or_else(|| self.next_name(like), str::to_owned);
        let mut node: Node = self.model.nodes[like].clone();
        for (key, value) in &mut node.labels {
            if key == HOSTNAME {
                value.clone_from(&name);
            }
        }
        if let Some(version) = version {
            node.version = version.clone();
        }
        // A mark of the old node: the new one starts without.
        (node.unschedulable, node.planned, node.created) = (false, true, 0);
        node.scale_down_disabled = false;
        node.name.clone_from(&name);
        for set in &mut self.model.node_sets {
            set.push(set[like.index()]);
        }
        let id = self.model.nodes.push(node);
        self.nodes.insert(name, id);
        id
    }

    /// `worker-3` is followed by the first free number after the highest of its kind; other names get one.
    fn next_name(&self, like: NodeId) -> String {
        let old = self.model.nodes[like].name.as_str();
        let stem = match old.rsplit_once('-') {
            Some((stem, number)) if number.parse::<u32>().is_ok() => stem,
            _ => old,
        };
        let number = |name: &str| name.strip_prefix(stem)?.strip_prefix('-')?.parse::<u32>().ok();
        let highest = self.nodes.keys().filter_map(|name| number(name)).max().unwrap_or(0);
        format!("{stem}-{}", highest.saturating_add(1))
    }
}
