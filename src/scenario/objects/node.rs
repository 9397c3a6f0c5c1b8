//! Node.

use k8s_openapi::api::core::v1::{Node, NodeStatus};

use super::{Meta, Reading};
use crate::model::{Taint, TaintEffect};
use crate::units::{KubeVersion, bytes, millicores, whole};

/// What the model needs of a Node.
#[derive(Clone, Debug)]
pub(crate) struct NodeDoc {
    pub(crate) meta: Meta,
    pub(crate) taints: Vec<Taint>,
    pub(crate) unschedulable: bool,
    pub(crate) cpu: Option<u64>,
    pub(crate) memory: Option<u64>,
    pub(crate) storage: Option<u64>,
    pub(crate) pods: Option<u32>,
    pub(crate) version: Option<KubeVersion>,
    /// The Ready condition says something else than True.
    pub(crate) not_ready: bool,
}

/// The effect of a taint or toleration.
pub(super) fn effect(text: &str) -> Option<TaintEffect> {
    match text {
        "NoSchedule" => Some(TaintEffect::NoSchedule),
        "PreferNoSchedule" => Some(TaintEffect::PreferNoSchedule),
        "NoExecute" => Some(TaintEffect::NoExecute),
        _ => None,
    }
}

/// Taints that the cluster sets and removes itself.
const MANAGED: [&str; 3] = [
    "node.kubernetes.io/unschedulable",
    "node.kubernetes.io/not-ready",
    "node.kubernetes.io/unreachable",
];

impl Reading<'_> {
    /// Reads a Node.
    pub(crate) fn node(&mut self) -> Option<NodeDoc> {
        let node: Node = self.typed()?;
        let meta = self.meta(node.metadata, false);
        let spec = node.spec.unwrap_or_default();
        let mut taints = Vec::new();
        for (i, taint) in spec.taints.unwrap_or_default().into_iter().enumerate() {
            let Some(effect) = effect(&taint.effect) else {
                let path = ["spec", "taints", &i.to_string(), "effect"];
                self.wrong(&path, "expected NoSchedule, PreferNoSchedule or NoExecute");
                continue;
            };
            if !MANAGED.contains(&taint.key.as_str()) {
                taints.push(Taint {
                    key: taint.key,
                    value: taint.value.unwrap_or_default(),
                    effect,
                });
            }
        }
        let status = node.status.unwrap_or_default();
        let mut conditions = status.conditions.iter().flatten();
        let mut doc = NodeDoc {
            meta,
            taints,
            unschedulable: spec.unschedulable.unwrap_or(false),
            cpu: None,
            memory: None,
            storage: None,
            pods: None,
            version: None,
            not_ready: conditions.any(|c| c.type_ == "Ready" && c.status != "True"),
        };
        self.node_status(&status, &mut doc);
        Some(doc)
    }

    fn node_status(&mut self, status: &NodeStatus, doc: &mut NodeDoc) {
        let (field, offer) = match (&status.allocatable, &status.capacity) {
            (Some(offer), _) if !offer.is_empty() => ("allocatable", offer),
            (_, Some(offer)) => ("capacity", offer),
            _ => ("allocatable", &std::collections::BTreeMap::new()),
        };
        for (name, quantity) in offer {
            let path = ["status", field, name];
            match name.as_str() {
                "cpu" => doc.cpu = Some(self.quantity(&quantity.0, millicores, &path)),
                "memory" => doc.memory = Some(self.quantity(&quantity.0, bytes, &path)),
                "ephemeral-storage" => {
                    doc.storage = Some(self.quantity(&quantity.0, bytes, &path));
                }
                "pods" => {
                    let pods = self.quantity(&quantity.0, whole, &path);
                    doc.pods = Some(u32::try_from(pods).unwrap_or(u32::MAX));
                }
                _ => {}
            }
        }
        if let Some(info) = &status.node_info
            && !info.kubelet_version.is_empty()
        {
            match info.kubelet_version.parse() {
                Ok(version) => doc.version = Some(version),
                Err(why) => {
                    let path = ["status", "nodeInfo", "kubeletVersion"];
                    self.wrong(&path, format!("{why}"));
                }
            }
        }
    }
}
