//! PersistentVolume, PersistentVolumeClaim, StorageClass.

use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim, PersistentVolumeSpec};
use k8s_openapi::api::storage::v1::StorageClass;

use super::{Meta, Reading};
use crate::model::{NodeRule, NodeTerm};

/// What the model needs of a PersistentVolume.
#[derive(Clone, Debug)]
pub(crate) struct VolumeDoc {
    pub(crate) meta: Meta,
    /// The nodes that can reach it: each list is one condition, met by any of its terms.
    pub(crate) reach: Vec<Vec<NodeTerm>>,
    pub(crate) single: bool,
    /// Whether it has to be attached to a node.
    pub(crate) attachable: bool,
}

/// What the model needs of a PersistentVolumeClaim.
#[derive(Clone, Debug)]
pub(crate) struct ClaimDoc {
    pub(crate) meta: Meta,
    /// The volume that it is bound to.
    pub(crate) volume: Option<String>,
    pub(crate) storage_class: Option<String>,
    pub(crate) single: bool,
}

/// What the model needs of a StorageClass.
#[derive(Clone, Debug)]
pub(crate) struct StorageClassDoc {
    pub(crate) meta: Meta,
    /// `allowedTopologies`; empty: everywhere.
    pub(crate) reach: Vec<NodeTerm>,
}

/// Labels of a volume that tell where it is, and how they were called before 1.17.
const PLACES: [(&str, &str); 2] = [
    ("topology.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/zone"),
    (
        "topology.kubernetes.io/region",
        "failure-domain.beta.kubernetes.io/region",
    ),
];

impl Reading<'_> {
    /// Reads a PersistentVolume.
    pub(crate) fn volume(&mut self) -> Option<VolumeDoc> {
        let object: PersistentVolume = self.typed()?;
        let meta = self.meta(object.metadata, false);
        let spec = object.spec.unwrap_or_default();
        let mut reach: Vec<Vec<NodeTerm>> = Vec::new();
        if let Some(required) = spec.node_affinity.as_ref().and_then(|a| a.required.as_ref()) {
            let path = ["spec", "nodeAffinity"];
            let terms = required.node_selector_terms.iter();
            reach.push(terms.map(|t| self.node_term(t, &path)).collect());
        }
        for (now, before) in PLACES {
            let value = meta.labels.get(now).or_else(|| meta.labels.get(before));
            if let Some(value) = value {
                // A volume in several zones lists them so.
                let values: Vec<String> = value.split("__").map(str::to_owned).collect();
                let term = |key: &str| NodeTerm {
                    labels: vec![(key.to_owned(), NodeRule::In(values.clone()))],
                    names: Vec::new(),
                };
                reach.push(vec![term(now), term(before)]);
            }
        }
        Some(VolumeDoc {
            reach,
            single: single(spec.access_modes.as_deref()),
            attachable: attachable(&spec),
            meta,
        })
    }

    /// Reads a PersistentVolumeClaim.
    pub(crate) fn claim(&mut self) -> Option<ClaimDoc> {
        let object: PersistentVolumeClaim = self.typed()?;
        let meta = self.meta(object.metadata, true);
        let spec = object.spec.unwrap_or_default();
        Some(ClaimDoc {
            meta,
            volume: spec.volume_name.filter(|v| !v.is_empty()),
            storage_class: spec.storage_class_name,
            single: single(spec.access_modes.as_deref()),
        })
    }

    /// Reads a StorageClass.
    pub(crate) fn storage_class(&mut self) -> Option<StorageClassDoc> {
        let object: StorageClass = self.typed()?;
        let meta = self.meta(object.metadata, false);
        let term = |term: k8s_openapi::api::core::v1::TopologySelectorTerm| NodeTerm {
            labels: term
                .match_label_expressions
                .into_iter()
                .flatten()
                .map(|rule| (rule.key, NodeRule::In(rule.values)))
                .collect(),
            names: Vec::new(),
        };
        let reach = object.allowed_topologies.into_iter().flatten().map(term).collect();
        Some(StorageClassDoc { meta, reach })
    }
}

/// Only one node at a time may use it.
fn single(modes: Option<&[String]>) -> bool {
    let modes = modes.unwrap_or_default();
    !modes.is_empty() && modes.iter().all(|m| m == "ReadWriteOnce" || m == "ReadWriteOncePod")
}

/// What lies on the node itself or is reached over the network as files is mounted without being attached.
const fn attachable(spec: &PersistentVolumeSpec) -> bool {
    spec.local.is_none()
        && spec.host_path.is_none()
        && spec.nfs.is_none()
        && spec.cephfs.is_none()
        && spec.glusterfs.is_none()
        && spec.azure_file.is_none()
}
