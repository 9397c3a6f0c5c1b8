//! Who made a cluster, by the labels of its nodes.

use std::collections::BTreeMap;

use crate::model::Model;

/// Labels that tools put on nodes, and the preset of the tool; the more particular first.
///
/// Sources: the documentation of each tool (Karpenter "NodePools", GKE "node pools", EKS "managed node groups", AKS "reserved
/// system labels", Gardener "shoot worker nodes", kOps "labels", k0s "node role", OpenShift "machine config operator").
pub(super) const LABELS: [(&str, &str); 8] = [
    ("karpenter.sh/nodepool", "karpenter-drift"),
    ("cloud.google.com/gke-nodepool", "gke-surge"),
    ("eks.amazonaws.com/nodegroup", "eks-managed"),
    ("kubernetes.azure.com/agentpool", "aks"),
    ("worker.gardener.cloud/pool", "gardener"),
    ("kops.k8s.io/instancegroup", "kops"),
    ("node.openshift.io/os_id", "openshift-mco"),
    ("node.k0sproject.io/role", "k0s-autopilot"),
];

/// Labels whose values are no pools: all nodes have the same, or their role.
const NOT_A_POOL: [&str; 2] = ["node.openshift.io/os_id", "node.k0sproject.io/role"];

/// What made a cluster.
pub(super) struct Origin {
    /// The label that told.
    pub(super) label: &'static str,
    /// The preset that goes about upgrades as it does.
    pub(super) preset: &'static str,
    /// Its pools and how many nodes each has; empty where the label does not tell.
    pub(super) pools: BTreeMap<String, usize>,
}

/// What made a cluster: the first label that a worker has.
pub(super) fn of(model: &Model) -> Option<Origin> {
    let workers = || model.nodes.iter().filter(|node| !node.control_plane);
    let (label, preset) = LABELS
        .into_iter()
        .find(|(label, _)| workers().any(|node| node.label(label).is_some()))?;
    let mut pools = BTreeMap::new();
    if !NOT_A_POOL.contains(&label) {
        for pool in workers().filter_map(|node| node.label(label)) {
            *pools.entry(pool.to_owned()).or_insert(0) += 1;
        }
    }
    Some(Origin { label, preset, pools })
}
