//! Where objects are written, and what the linter is to leave out: for findings.

use std::collections::BTreeMap;

use super::Builder;
use crate::lint::Ignored;
use crate::model::{Model, Subject};
use crate::scenario::intake::Documents;
use crate::scenario::objects::Meta;
use crate::scenario::plans::PlanDoc;
use crate::scenario::text::Place;

/// What is known of objects by their kind and name.
#[derive(Default)]
pub(super) struct Marks {
    places: BTreeMap<Subject, Place>,
    pub(super) ignored: Ignored,
}

impl Marks {
    /// Where an object is written.
    pub(super) fn place(&self, object: &Subject) -> Option<Place> {
        self.places.get(object).copied()
    }

    fn note(&mut self, kind: &str, meta: &Meta) {
        let object = Subject {
            kind: kind.to_owned(),
            namespace: (!meta.namespace.is_empty()).then(|| meta.namespace.clone()),
            name: meta.name.clone(),
        };
        self.add(object, meta.place, meta.ignored.as_deref());
    }

    fn add(&mut self, object: Subject, place: Place, ignored: Option<&[String]>) {
        if let Some(ignored) = ignored {
            self.ignored.0.insert(object.clone(), ignored.to_vec());
        }
        self.places.entry(object).or_insert(place);
    }

    fn objects(&mut self, documents: &Documents) {
        documents.nodes.iter().for_each(|d| self.note("Node", &d.meta));
        documents
            .deployments
            .iter()
            .for_each(|d| self.note("Deployment", &d.meta));
        let alone = documents.replica_sets.iter().filter(|d| d.meta.owner.is_none());
        alone.for_each(|d| self.note("ReplicaSet", &d.meta));
        documents
            .stateful_sets
            .iter()
            .for_each(|d| self.note("StatefulSet", &d.meta));
        documents
            .daemon_sets
            .iter()
            .for_each(|d| self.note("DaemonSet", &d.meta));
        documents.jobs.iter().for_each(|d| self.note("Job", &d.meta));
        documents
            .budgets
            .iter()
            .for_each(|d| self.note("PodDisruptionBudget", &d.meta));
        documents
            .webhooks
            .iter()
            .for_each(|d| self.note("WebhookConfiguration", &d.meta));
        let bare = documents.pods.iter().filter(|d| d.meta.owner.is_none());
        bare.for_each(|d| self.note("Pod", &d.meta));
    }
}

impl Builder<'_> {
    pub(super) fn marks(&self, plan: Option<&PlanDoc>) -> Marks {
        let mut marks = Marks::default();
        marks.objects(self.documents);
        if let Some(plan) = plan {
            let object = named("UpgradePlan", plan_name(&self.model));
            marks.add(object, plan.place, plan.ignored.as_deref());
        }
        if let Some((place, _)) = &self.documents.cluster {
            let nodes = &self.model.control_plane.nodes;
            let name = nodes.first().map_or("", |&node| self.model.nodes[node].name.as_str());
            marks.add(named("Cluster", name), *place, None);
        }
        marks
    }
}

fn plan_name(model: &Model) -> &str {
    model.plan.as_ref().map_or("", |plan| plan.name.as_str())
}

fn named(kind: &str, name: &str) -> Subject {
    Subject {
        kind: kind.to_owned(),
        namespace: None,
        name: name.to_owned(),
    }
}
