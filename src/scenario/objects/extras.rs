//! What the linter needs of a pod template and the model does not.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Container, PodSpec};

/// What only the linter looks at. Kept once for each controller and for pods that have none.
#[derive(Clone, Debug, Default)]
pub(crate) struct Extras {
    pub(crate) images: Vec<String>,
    pub(crate) pre_stop: bool,
    /// Annotations that ask not to be moved.
    pub(crate) holds: Vec<String>,
    /// What containers are started with, as far as it begins with `--`.
    pub(crate) flags: Vec<String>,
}

/// Annotations by which pods ask not to be moved, and what they say then.
const HOLDS: [(&str, &str); 4] = [
    ("karpenter.sh/do-not-disrupt", "true"),
    ("karpenter.sh/do-not-evict", "true"),
    ("cluster-autoscaler.kubernetes.io/safe-to-evict", "false"),
    ("autoscaling.x-k8s.io/do-not-evict", "true"),
];

impl Extras {
    /// What a template or a pod says; flags only where they are asked for.
    pub(super) fn of(annotations: Option<&BTreeMap<String, String>>, spec: &PodSpec, flags: bool) -> Box<Self> {
        let asks = |(key, value): &&(&str, &str)| annotations.is_some_and(|a| a.get(*key).is_some_and(|v| v == value));
        let words = |c: &'_ Container| -> Vec<String> {
            let words = c.command.iter().flatten().chain(c.args.iter().flatten());
            words.filter(|word| word.starts_with("--")).cloned().collect()
        };
        Box::new(Self {
            images: spec.containers.iter().filter_map(|c| c.image.clone()).collect(),
            pre_stop: spec
                .containers
                .iter()
                .any(|c| c.lifecycle.as_ref().is_some_and(|l| l.pre_stop.is_some())),
            holds: HOLDS.iter().filter(asks).map(|(key, _)| (*key).to_owned()).collect(),
            flags: if flags {
                spec.containers.iter().flat_map(words).collect()
            } else {
                Vec::new()
            },
        })
    }
}
