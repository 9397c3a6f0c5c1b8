//! What documents hold that the model has no use for.

use std::collections::BTreeMap;

use super::Object;
use crate::ids::{IdVec, NodeId, WorkloadId};
use crate::units::KubeVersion;
use crate::versions::releases::ApiUse;

/// What documents hold beside the model. It is collected for each controller, never for each of its pods.
#[derive(Clone, Debug, Default)]
pub struct Traits {
    /// Of workloads, as the model numbers them.
    pub workloads: IdVec<WorkloadId, WorkloadTraits>,
    /// Nodes that are not Ready.
    pub not_ready: Vec<NodeId>,
    /// Components of the control plane and their versions, by the images of their pods.
    pub running: Vec<Running>,
    /// Webhooks and aggregated APIs.
    pub hooks: Vec<Hook>,
    /// Objects in APIs that some release stops serving.
    pub ending_apis: Vec<ApiUse>,
    /// Which rules objects want to be left alone by; an empty list: by all.
    pub ignored: BTreeMap<Object, Vec<String>>,
    /// Whether the plan lists its pools, so that `spec.pools.0` stands somewhere.
    pub pools_written: bool,
}

/// What a workload's documents hold beside the model.
#[derive(Clone, Debug, Default)]
pub struct WorkloadTraits {
    /// Whether the object is in the input, not only its pods.
    pub written: bool,
    /// Labels of its pods.
    pub labels: Vec<(String, String)>,
    /// Images of its containers.
    pub images: Vec<String>,
    /// Whether a container has a preStop hook.
    pub pre_stop: bool,
    /// Annotations of its pods that ask not to be moved.
    pub holds: Vec<String>,
    /// Flags of its containers.
    pub flags: Vec<String>,
}

/// A component of the control plane that runs.
#[derive(Clone, Debug)]
pub struct Running {
    /// Its name: `kube-apiserver`.
    pub component: String,
    /// The name of its pod.
    pub pod: String,
    /// Where.
    pub node: Option<NodeId>,
    /// Its version.
    pub version: KubeVersion,
}

/// A webhook, or an API that another server serves.
#[derive(Clone, Debug)]
pub struct Hook {
    /// The object that tells of it.
    pub object: Object,
    /// Its own name.
    pub name: String,
    /// Namespace and name of its Service.
    pub service: (String, String),
    /// Whether requests fail when it does not answer.
    pub fails: bool,
    /// Whether it is asked when pods are created.
    pub pods: bool,
    /// Whether it is asked when pods are evicted.
    pub evictions: bool,
}

impl Traits {
    /// Whether an object wants to be left alone by a rule.
    #[must_use]
    pub fn ignores(&self, object: &Object, rule: &str) -> bool {
        let ids = self.ignored.get(object);
        ids.is_some_and(|ids| ids.is_empty() || ids.iter().any(|id| id.eq_ignore_ascii_case(rule)))
    }
}
