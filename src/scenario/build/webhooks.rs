//! Webhooks that are asked when a pod is created, and whose failure fails the request.

use std::collections::BTreeMap;

use super::{Builder, some_of};
use crate::ids::ServiceId;
use crate::model::Webhook;
use crate::scenario::objects::WebhookDoc;

type Labels = BTreeMap<String, String>;

impl<'d> Builder<'d> {
    /// Which classes cannot be created without which webhooks.
    pub(super) fn webhooks(&mut self) {
        let mut elsewhere = Vec::new();
        let mut conditional = Vec::new();
        let configurations = &self.documents.webhooks;
        for doc in configurations.iter().flat_map(|c| &c.webhooks) {
            if doc.conditional {
                conditional.push(doc.name.as_str());
            }
            match self.service_of(doc) {
                Some(service) => self.webhook(doc, service),
                None => elsewhere.push(doc.name.as_str()),
            }
        }
        if !conditional.is_empty() {
            let names = some_of(&conditional, conditional.len());
            self.assume(format!("the match conditions of webhooks always hold: {names}"));
        }
        if !elsewhere.is_empty() {
            let names = some_of(&elsewhere, elsewhere.len());
            self.assume(format!(
                "webhooks that no Service of the input stands for always answer: {names}"
            ));
        }
    }

    fn service_of(&self, doc: &WebhookDoc) -> Option<ServiceId> {
        let (namespace, name) = doc.service.as_ref()?;
        let mut services = self.model.services.iter_ids();
        let found = services.find(|(_, s)| !s.implied && s.namespace == *namespace && s.name == *name);
        found.map(|(id, _)| id)
    }

    fn webhook(&mut self, doc: &'d WebhookDoc, service: ServiceId) {
        let id = self.model.webhooks.push(Webhook {
            name: doc.name.clone(),
            service,
        });
        for &(namespace, class, template) in &self.templates {
            let labels = self.labels_of(namespace);
            let asked = doc.namespaces.as_ref().is_none_or(|s| s.matches(&labels))
                && doc.objects.as_ref().is_none_or(|s| s.matches(&template.labels));
            if asked {
                self.model.classes[class].webhooks.push(id);
            }
        }
    }

    /// A namespace has its name as a label, whether or not the input has its object.
    pub(super) fn labels_of(&self, namespace: &str) -> Labels {
        let mut docs = self.documents.namespaces.iter();
        let doc = docs.find(|doc| doc.meta.name == namespace);
        let mut labels = doc.map(|doc| doc.meta.labels.clone()).unwrap_or_default();
        labels.insert("kubernetes.io/metadata.name".into(), namespace.to_owned());
        labels
    }
}
