//! What documents hold for the linter, and where its findings stand.

use std::collections::BTreeMap;

use super::diagnostic::Texts;
use super::intake::Documents;
use super::objects::{Extras, IGNORE, Meta, PodDoc, Template};
use super::plans::PlanDoc;
use super::text::Place;
use super::{Diagnostics, Input, LoadError, Scenario, build, intake, taken_in};
use crate::ids::{IdVec, NodeId};
use crate::lint::{self, Finding, Hook, Object, Running, Spot, Traits, WorkloadTraits};
use crate::model::Model;
use crate::units::KubeVersion;

/// A scenario and what the linter says about it.
#[derive(Clone, Debug)]
pub struct Linted {
    /// The scenario.
    pub scenario: Scenario,
    /// Findings with their positions, in the order of the rules.
    pub findings: Vec<Finding>,
}

/// Reads all documents of all sources as one scenario, and looks at it with the rules of the linter.
///
/// # Errors
/// As [`load_inputs`](super::load_inputs).
pub fn lint_inputs(inputs: Vec<Input<'_>>) -> Result<Linted, LoadError> {
    Ok(finish(taken_in(inputs)?)?)
}

fn finish(mut intake: intake::Intake) -> Result<Linted, Diagnostics> {
    intake.one_plan();
    let mut taken = intake.finish();
    if taken.documents.is_empty() {
        return Err(taken.problems.finish(&taken.texts));
    }
    let documents = &taken.documents;
    let plan = documents.plans.first();
    let built = build::build(documents, plan, &mut taken.problems);
    if !taken.problems.is_empty() {
        return Err(taken.problems.finish(&taken.texts));
    }
    let ending_apis = documents.ending_apis.values().cloned().collect();
    let scenario = built.scenario(&taken.texts, ending_apis);
    let mut findings = lint::check(&scenario.model, &traits(documents, plan, &scenario.model));
    locate(&mut findings, documents, plan, &taken.texts);
    Ok(Linted { scenario, findings })
}

/// Writes down what the linter finds, so that a run can say whether it shows it.
pub(super) fn foresee(model: &mut Model, documents: &Documents, plan: Option<&PlanDoc>) {
    let findings = lint::check(model, &traits(documents, plan, model));
    model.findings = findings.iter().map(Finding::foreseen).collect();
}

/// What documents hold for the linter beside the model.
fn traits(documents: &Documents, plan: Option<&PlanDoc>, model: &Model) -> Traits {
    let nodes: BTreeMap<&str, NodeId> = model.nodes.iter_ids().map(|(id, n)| (n.name.as_str(), id)).collect();
    Traits {
        workloads: workloads(documents, model),
        not_ready: documents
            .nodes
            .iter()
            .filter(|n| n.not_ready)
            .filter_map(|n| nodes.get(n.meta.name.as_str()).copied())
            .collect(),
        running: documents.pods.iter().filter_map(|pod| running(pod, &nodes)).collect(),
        hooks: hooks(documents),
        ending_apis: documents.ending_apis.values().cloned().collect(),
        ignored: ignored(documents, plan),
        pools_written: plan.is_some_and(|p| p.spec.pools.is_some()),
    }
}

type Key<'d> = (&'static str, &'d str, &'d str);

/// Templates and extras of all that owns pods, by kind, namespace and name; whether the object itself is in the input.
fn owners(documents: &Documents) -> BTreeMap<Key<'_>, (&Template, Option<&Extras>, bool)> {
    let mut found = BTreeMap::new();
    macro_rules! add {
        ($list:ident, $kind:literal) => {
            for doc in &documents.$list {
                let key = ($kind, doc.meta.namespace.as_str(), doc.meta.name.as_str());
                found.insert(key, (&doc.template, doc.extras.as_deref(), true));
            }
        };
    }
    add!(deployments, "Deployment");
    add!(stateful_sets, "StatefulSet");
    add!(daemon_sets, "DaemonSet");
    add!(jobs, "Job");
    for doc in documents.replica_sets.iter().filter(|doc| doc.extras.is_some()) {
        let key = ("ReplicaSet", doc.meta.namespace.as_str(), doc.meta.name.as_str());
        found.insert(key, (&doc.template, doc.extras.as_deref(), true));
    }
    for doc in documents.pods.iter().filter(|doc| doc.extras.is_some()) {
        let key = ("Pod", doc.meta.namespace.as_str(), doc.meta.name.as_str());
        found.insert(key, (&*doc.template, doc.extras.as_deref(), true));
    }
    found
}

fn workloads(documents: &Documents, model: &Model) -> IdVec<crate::ids::WorkloadId, WorkloadTraits> {
    let owners = owners(documents);
    let own = |workload: &crate::model::Workload| {
        let key = (
            workload.kind.as_str(),
            workload.namespace.as_str(),
            workload.name.as_str(),
        );
        let Some((template, extras, written)) = owners.get(&key) else {
            return WorkloadTraits::default();
        };
        let extras = extras.cloned().unwrap_or_default();
        let labels = template.labels.iter().filter(|(key, _)| *key != "pod-template-hash");
        WorkloadTraits {
            written: *written,
            labels: labels.map(|(k, v)| (k.clone(), v.clone())).collect(),
            images: extras.images,
            pre_stop: extras.pre_stop,
            holds: extras.holds,
            flags: extras.flags,
        }
    };
    model.workloads.iter().map(own).collect()
}

/// A component of the control plane, by the label and the image of its pod.
fn running(pod: &PodDoc, nodes: &BTreeMap<&str, NodeId>) -> Option<Running> {
    let extras = pod.extras.as_deref().filter(|_| pod.meta.namespace == "kube-system")?;
    let component = pod.template.labels.get("component")?;
    let (_, tag) = extras.images.first()?.rsplit_once(':')?;
    let version: KubeVersion = tag.parse().ok().filter(|_| component != "etcd")?;
    Some(Running {
        component: component.clone(),
        pod: pod.meta.name.clone(),
        node: pod.node.as_deref().and_then(|name| nodes.get(name).copied()),
        version,
    })
}

fn hooks(documents: &Documents) -> Vec<Hook> {
    let webhooks = documents.webhooks.iter().flat_map(|configuration| {
        let kind = if configuration.mutating {
            "MutatingWebhookConfiguration"
        } else {
            "ValidatingWebhookConfiguration"
        };
        configuration.hooks.iter().map(move |hook| Hook {
            object: Object::new(kind, "", &configuration.meta.name),
            name: hook.name.clone(),
            service: hook.service.clone(),
            fails: hook.fails,
            pods: hook.pods,
            evictions: hook.evictions,
        })
    });
    let apis = documents.api_services.iter().map(|(name, service)| Hook {
        object: Object::new("APIService", "", name),
        name: name.clone(),
        service: service.clone(),
        fails: true,
        pods: false,
        evictions: false,
    });
    webhooks.chain(apis).collect()
}

/// Calls a function with the kind and the metadata of every object that findings can be about.
fn each_object<'d>(documents: &'d Documents, mut look: impl FnMut(&'static str, &'d Meta)) {
    macro_rules! each {
        ($list:ident, $kind:literal) => {
            documents.$list.iter().for_each(|doc| look($kind, &doc.meta));
        };
    }
    each!(nodes, "Node");
    each!(deployments, "Deployment");
    each!(replica_sets, "ReplicaSet");
    each!(stateful_sets, "StatefulSet");
    each!(daemon_sets, "DaemonSet");
    each!(jobs, "Job");
    each!(budgets, "PodDisruptionBudget");
    each!(services, "Service");
    each!(pods, "Pod");
    for doc in &documents.webhooks {
        let kind = if doc.mutating {
            "MutatingWebhookConfiguration"
        } else {
            "ValidatingWebhookConfiguration"
        };
        look(kind, &doc.meta);
    }
}

fn ignored(documents: &Documents, plan: Option<&PlanDoc>) -> BTreeMap<Object, Vec<String>> {
    let mut found = BTreeMap::new();
    let ids = |text: &str| {
        let ids: Vec<String> = lint::listed(text).map(str::to_owned).collect();
        if ids.iter().any(|id| id == "all") {
            Vec::new()
        } else {
            ids
        }
    };
    each_object(documents, |kind, meta| {
        if let Some(text) = &meta.ignore {
            found.insert(Object::new(kind, &meta.namespace, &meta.name), ids(text));
        }
    });
    if let Some(plan) = plan
        && let Some(text) = plan.annotation(IGNORE)
    {
        found.insert(
            Object::new("UpgradePlan", "", plan.name.as_deref().unwrap_or("upgrade")),
            ids(text),
        );
    }
    found
}

/// Finds out where findings stand.
fn locate(findings: &mut [Finding], documents: &Documents, plan: Option<&PlanDoc>, texts: &Texts) {
    let mut places: BTreeMap<Object, Place> = BTreeMap::new();
    let wanted: std::collections::BTreeSet<&str> = findings.iter().map(|f| f.object.kind.as_str()).collect();
    each_object(documents, |kind, meta| {
        if wanted.contains(kind) {
            places.insert(Object::new(kind, &meta.namespace, &meta.name), meta.place);
        }
    });
    let mut fields: BTreeMap<(Object, &str), Place> = BTreeMap::new();
    for doc in &documents.budgets {
        let object = Object::new("PodDisruptionBudget", &doc.meta.namespace, &doc.meta.name);
        fields.insert((object, "spec"), doc.limit_place);
    }
    for doc in &documents.deployments {
        let object = Object::new("Deployment", &doc.meta.namespace, &doc.meta.name);
        fields.insert((object, "spec.replicas"), doc.replicas_place);
    }
    for finding in findings {
        let object = &finding.object;
        let place = match object.kind.as_str() {
            "UpgradePlan" => plan.map(|p| p.find(&finding.field)),
            "Cluster" => documents.cluster.as_ref().map(|(place, _)| *place),
            "PodDisruptionBudget" if finding.field.last().is_some_and(|f| f != "selector") => {
                fields.get(&(object.clone(), "spec")).copied()
            }
            "Deployment" if finding.field.last().is_some_and(|f| f == "replicas") => {
                fields.get(&(object.clone(), "spec.replicas")).copied()
            }
            _ => None,
        };
        let place = place.or_else(|| places.get(object).copied());
        finding.position = place.and_then(|place| texts.shown(place));
    }
}

impl Texts {
    /// A place as a person finds it.
    fn shown(&self, place: Place) -> Option<Spot> {
        let (file, line, column) = self.position(place)?;
        Some(Spot {
            file,
            line,
            column,
            excerpt: self.excerpt(place),
        })
    }
}
