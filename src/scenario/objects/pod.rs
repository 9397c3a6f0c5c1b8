//! Pod.

use std::rc::Rc;

use k8s_openapi::api::core::v1::Pod;

use super::arrival::CREATE_AT;
use super::{Extras, Meta, Reading, Template};
use crate::units::KubeVersion;

/// What the model needs of a Pod.
#[derive(Clone, Debug)]
pub(crate) struct PodDoc {
    pub(crate) meta: Meta,
    /// Shared with other pods that are alike.
    pub(crate) template: Rc<Template>,
    pub(crate) node: Option<String>,
    /// Succeeded or Failed.
    pub(crate) finished: bool,
    pub(crate) running: bool,
    pub(crate) ready: bool,
    /// Of pods without a controller.
    pub(crate) extras: Option<Box<Extras>>,
    /// The version of a kube-apiserver, by its image.
    pub(crate) api_server: Option<KubeVersion>,
}

impl Reading<'_> {
    /// Reads a Pod.
    pub(crate) fn pod(&mut self) -> Option<PodDoc> {
        let mut pod: Pod = self.typed()?;
        let labels = pod.metadata.labels.take();
        let given = pod.metadata.annotations.as_ref();
        if given.is_some_and(|a| a.contains_key(CREATE_AT)) {
            self.not_there_yet(&pod);
        }
        let alone = pod
            .metadata
            .owner_references
            .iter()
            .flatten()
            .all(|owner| owner.kind == "Node");
        let annotations = pod.metadata.annotations.clone().filter(|_| alone);
        let meta = self.meta(pod.metadata, true);
        let spec = pod.spec.unwrap_or_default();
        let status = pod.status.unwrap_or_default();
        let mut conditions = status.conditions.iter().flatten();
        let phase = status.phase.as_deref();
        let label = |key: &str| labels.as_ref().and_then(|l| l.get(key)).map(String::as_str);
        let is_api_server = label("component") == Some("kube-apiserver");
        let image = spec.containers.first().and_then(|c| c.image.as_deref());
        let tag = image.and_then(|image| image.rsplit_once(':')).map(|(_, tag)| tag);
        Some(PodDoc {
            template: Rc::new(self.template(labels, &spec, &[])),
            extras: alone.then(|| Extras::of(annotations.as_ref(), &spec, true)),
            node: spec.node_name.filter(|n| !n.is_empty()),
            finished: matches!(phase, Some("Succeeded" | "Failed")),
            running: phase == Some("Running"),
            ready: conditions.any(|c| c.type_ == "Ready" && c.status == "True"),
            api_server: tag.filter(|_| is_api_server).and_then(|tag| tag.parse().ok()),
            meta,
        })
    }
}
