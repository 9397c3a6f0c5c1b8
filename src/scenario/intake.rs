//! From sources to documents: what kind each is, and what it says.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};
use std::rc::Rc;

use super::diagnostic::{Problem, Problems, Texts};
use super::nearest::{did_you_mean, nearest};
use super::objects::{
    BudgetDoc, ClaimDoc, DaemonSetDoc, DeploymentDoc, JobDoc, Meta, NamespaceDoc, NodeDoc, PodDoc, PriorityDoc,
    Reading, ReplicaSetDoc, ServiceDoc, StatefulSetDoc, StorageClassDoc, Template, VolumeDoc, WebhookConfigurationDoc,
};
use super::own::{API_VERSION, ClusterSpec, Document, ExpectationsSpec, FaultsSpec, OWN_KINDS, PlanSpec, TimingsSpec};
use super::plans::PlanDoc;
use super::text::{Member, Place, Stream, Tree, Value, decode_strict};
use crate::versions::releases::{self, ApiUse};

/// All documents, as written.
#[derive(Clone, Default)]
pub(crate) struct Documents {
    pub(crate) nodes: Vec<NodeDoc>,
    pub(crate) pods: Vec<PodDoc>,
    pub(crate) deployments: Vec<DeploymentDoc>,
    pub(crate) replica_sets: Vec<ReplicaSetDoc>,
    pub(crate) stateful_sets: Vec<StatefulSetDoc>,
    pub(crate) daemon_sets: Vec<DaemonSetDoc>,
    pub(crate) jobs: Vec<JobDoc>,
    pub(crate) budgets: Vec<BudgetDoc>,
    pub(crate) services: Vec<ServiceDoc>,
    pub(crate) priorities: Vec<PriorityDoc>,
    pub(crate) volumes: Vec<VolumeDoc>,
    pub(crate) claims: Vec<ClaimDoc>,
    pub(crate) storage_classes: Vec<StorageClassDoc>,
    pub(crate) namespaces: Vec<NamespaceDoc>,
    pub(crate) webhooks: Vec<WebhookConfigurationDoc>,
    /// APIs that other servers serve: the APIService, and namespace and name of its Service.
    pub(crate) api_services: Vec<(String, (String, String))>,
    pub(crate) cluster: Option<(Place, Rc<ClusterSpec>)>,
    /// A scenario has at most one; of several, each is compared with the others.
    pub(crate) plans: Vec<PlanDoc>,
    pub(crate) timings: Vec<Rc<TimingsSpec>>,
    pub(crate) faults: Vec<Rc<FaultsSpec>>,
    pub(crate) expectations: Vec<(Place, Rc<ExpectationsSpec>)>,
    /// Kinds that are not part of the model, and how many of each.
    pub(crate) ignored: BTreeMap<String, usize>,
    /// Kinds that are not simulated yet: how many of each, and a few names.
    pub(crate) later: BTreeMap<String, (usize, Vec<String>)>,
    /// Objects, or the manifests that they were made from, in APIs that some release stops serving.
    pub(crate) ending_apis: BTreeMap<(String, String), ApiUse>,
    /// Whether an object could not be read, so that what refers to it must not be blamed.
    pub(crate) damaged: bool,
    /// How many documents there are, of any kind.
    pub(super) count: usize,
}

impl Documents {
    /// Whether nothing could be read at all.
    pub(crate) const fn is_empty(&self) -> bool {
        self.count == 0
    }
}

/// Objects that the model takes in, by API group and kind.
const OBJECTS: [(&str, &str); 16] = [
    ("", "Namespace"),
    ("", "Node"),
    ("", "PersistentVolume"),
    ("", "PersistentVolumeClaim"),
    ("", "Pod"),
    ("", "Service"),
    ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"),
    ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"),
    ("apps", "DaemonSet"),
    ("apps", "Deployment"),
    ("apps", "ReplicaSet"),
    ("apps", "StatefulSet"),
    ("batch", "Job"),
    ("policy", "PodDisruptionBudget"),
    ("scheduling.k8s.io", "PriorityClass"),
    ("storage.k8s.io", "StorageClass"),
];

/// Where `kubectl apply` keeps what it was given.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// What was given to `kubectl apply`.
#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Manifest {
    api_version: String,
}

/// Kinds that matter for an upgrade and are not simulated yet.
const LATER: [&str; 3] = ["CronJob", "HorizontalPodAutoscaler", "ReplicationController"];

/// What was read.
pub(crate) struct Taken {
    pub(crate) documents: Documents,
    pub(crate) problems: Problems,
    pub(crate) texts: Texts,
}

/// Documents as they are read.
#[derive(Default)]
pub(super) struct Intake {
    documents: Documents,
    pub(super) problems: Problems,
    pub(super) texts: Texts,
    /// Templates of pods, each kept once.
    templates: BTreeSet<Rc<Template>>,
    /// Places of objects whose lines are to be noted.
    pub(super) fresh: Vec<Place>,
}

impl Intake {
    /// Reads all documents of a source of this name.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub(super) fn read(&mut self, name: &str, from: &mut dyn Read, file: usize) -> io::Result<()> {
        self.texts.add(name);
        self.source(from, u32::try_from(file).unwrap_or(u32::MAX))
    }

    /// Complains about a second plan, where there can be one only.
    pub(super) fn one_plan(&mut self) {
        let places: Vec<Place> = self.documents.plans.iter().map(|p| p.place).collect();
        for place in places.iter().skip(1) {
            self.twice("UpgradePlan", places[0], *place);
        }
    }

    /// All sources have been read.
    pub(super) fn finish(mut self) -> Taken {
        self.second_times();
        if self.documents.count == 0 && self.problems.is_empty() {
            let problem = Problem::general("no documents in the input");
            self.problems
                .push(problem.help("give Kubernetes objects (kubectl get … -o json) and an UpgradePlan or Faults"));
        }
        Taken {
            documents: self.documents,
            problems: self.problems,
            texts: self.texts,
        }
    }

    /// How many documents have been read so far, and how many of them are plans.
    pub(super) const fn counts(&self) -> (usize, usize) {
        (self.documents.count, self.documents.plans.len())
    }

    pub(super) fn wrong(&mut self, problem: Problem) {
        self.documents.damaged = true;
        self.problems.push(problem);
    }

    /// Whether there is a plan, or no document at all.
    pub(super) fn is_planned(&self) -> bool {
        !self.documents.plans.is_empty() || self.documents.count == 0
    }

    pub(super) const fn count(&mut self) {
        self.documents.count += 1;
    }

    /// A document that cannot be read is one, unless its source is no text at all.
    pub(super) const fn count_broken(&mut self, stream: &Stream<'_>) {
        if !stream.broken {
            self.documents.count += 1;
        }
    }

    /// An item of a list; items of a `PodList` need not say what they are.
    pub(super) fn item(&mut self, mut tree: Tree, (list_api, inner): (&str, &str)) {
        if !inner.is_empty()
            && tree.get("kind").is_none()
            && let Value::Map(members) = &mut tree.value
        {
            for (key, value) in [("apiVersion", list_api), ("kind", inner)] {
                let text = Tree {
                    place: tree.place,
                    value: Value::Text(value.into()),
                };
                members.push(Member::new(key.into(), tree.place, text));
            }
        }
        let Some((api, kind)) = self.type_of(&tree) else {
            return;
        };
        if kind.ends_with("List") {
            return self.wrong(Problem::at(tree.find(&["kind"]), "a list within a list"));
        }
        self.object(tree, &api, &kind);
    }

    pub(super) fn type_of(&mut self, tree: &Tree) -> Option<(String, String)> {
        if !matches!(tree.value, Value::Map(_)) {
            let text = "a document must be a map with `apiVersion` and `kind`";
            self.wrong(Problem::at(tree.place, text));
            return None;
        }
        match (tree.text("apiVersion"), tree.text("kind")) {
            (Some(api), Some(kind)) => Some((api.to_owned(), kind.to_owned())),
            (api, _) => {
                let field = if api.is_none() { "apiVersion" } else { "kind" };
                let text = format!("not a Kubernetes document: `{field}` is missing");
                self.wrong(Problem::at(tree.place, text));
                None
            }
        }
    }

    pub(super) fn object(&mut self, tree: Tree, api: &str, kind: &str) {
        let group = api.split_once('/').map_or("", |(group, _)| group);
        if group == "seatrial.dev" || nearest(api, [API_VERSION]).is_some() {
            return self.own(&tree, api, kind);
        }
        self.ending_api(&tree, api, kind);
        let group = if group == "extensions" { "apps" } else { group };
        if OBJECTS.contains(&(group, kind)) {
            return self.real(tree, kind);
        }
        if let Some(problem) = slip(&tree, api, group, kind) {
            return self.wrong(problem);
        }
        if (group, kind) == ("apiregistration.k8s.io", "APIService") {
            self.documents.api_services.extend(api_service(&tree));
        }
        let name = format!(
            "{}/{}",
            tree.get("metadata")
                .and_then(|m| m.text("namespace"))
                .unwrap_or("default"),
            tree.get("metadata").and_then(|m| m.text("name")).unwrap_or("?")
        );
        if LATER.contains(&kind) && built_in(group) {
            let (count, names) = self.documents.later.entry(kind.to_owned()).or_default();
            *count += 1;
            if names.len() < 3 {
                names.push(name);
            }
        } else {
            let short: String = kind.chars().take(80).collect();
            let shown = if OBJECTS.iter().any(|&(_, k)| k == kind) {
                format!("{short}.{group}")
            } else {
                short
            };
            *self.documents.ignored.entry(shown).or_default() += 1;
        }
    }

    /// Remembers an object that is written in an API which some release stops serving. Dumps hold the API that kubectl
    /// asked for; what `kubectl apply` was given stands in an annotation.
    fn ending_api(&mut self, tree: &Tree, api: &str, kind: &str) {
        let ends = |api: &str| releases::removal(api, kind).is_some();
        let meta = tree.get("metadata");
        let text = |field| meta.and_then(|m| m.text(field));
        let applied = meta.and_then(|m| m.get("annotations")?.text(LAST_APPLIED));
        let manifest = applied.and_then(|text| serde_json::from_str::<Manifest>(text).ok());
        let (api, by_manifest) = match &manifest {
            _ if ends(api) => (api, false),
            Some(m) if ends(&m.api_version) => (m.api_version.as_str(), true),
            _ => return,
        };
        let name = match text("namespace") {
            Some(namespace) => format!("{namespace}/{}", text("name").unwrap_or("?")),
            None => text("name").unwrap_or("?").to_owned(),
        };
        let key = (api.to_owned(), kind.to_owned());
        let found = self.documents.ending_apis.entry(key).or_insert_with(|| ApiUse {
            api: api.to_owned(),
            kind: kind.to_owned(),
            names: Vec::new(),
            by_manifest,
        });
        found.by_manifest &= by_manifest;
        found.names.push(name);
    }

    fn own(&mut self, tree: &Tree, api: &str, kind: &str) {
        if api != API_VERSION {
            let problem = Problem::at(tree.find(&["apiVersion"]), format!("unknown apiVersion `{api}`"));
            return self.wrong(problem.help(format!("did you mean `{API_VERSION}`?")));
        }
        let place = tree.find(&["kind"]);
        match kind {
            "Cluster" => {
                if let Some(document) = self.decoded::<ClusterSpec>(tree) {
                    match &self.documents.cluster {
                        Some((first, _)) => self.twice("Cluster", *first, place),
                        None => self.documents.cluster = Some((place, Rc::new(document.spec))),
                    }
                }
            }
            "UpgradePlan" => {
                if let Some(document) = self.decoded::<PlanSpec>(tree) {
                    self.documents.plans.push(PlanDoc::new(tree.clone(), document));
                }
            }
            "Timings" => {
                let document = self.decoded::<TimingsSpec>(tree);
                self.documents.timings.extend(document.map(|d| Rc::new(d.spec)));
            }
            "Faults" => {
                let document = self.decoded::<FaultsSpec>(tree);
                self.documents.faults.extend(document.map(|d| Rc::new(d.spec)));
            }
            "Expectations" => {
                let document = self.decoded::<ExpectationsSpec>(tree);
                let document = document.map(|d| (place, Rc::new(d.spec)));
                self.documents.expectations.extend(document);
            }
            _ => {
                let short: String = kind.chars().take(80).collect();
                let text = format!("`{short}` is not a kind of {API_VERSION}");
                let help =
                    did_you_mean(kind, OWN_KINDS).unwrap_or_else(|| format!("its kinds are {}", OWN_KINDS.join(", ")));
                self.wrong(Problem::at(place, text).help(help));
            }
        }
    }

    fn decoded<S: serde::de::DeserializeOwned>(&mut self, tree: &Tree) -> Option<Document<S>> {
        let (document, problems) = decode_strict(tree);
        for problem in problems {
            self.problems.push(problem);
        }
        if document.is_none() && tree.text("kind") == Some("Cluster") {
            self.documents.damaged = true;
        }
        document
    }

    pub(super) fn twice(&mut self, kind: &str, first: Place, second: Place) {
        let text = format!("a second {kind}; a scenario has at most one");
        self.problems
            .push(Problem::at(second, text).and(first, "the first one"));
    }

    fn real(&mut self, mut tree: Tree, kind: &str) {
        let mut reading = Reading::new(&mut tree);
        let documents = &mut self.documents;
        let meta = match kind {
            "Namespace" => keep(reading.namespace(), &mut documents.namespaces, |d| &d.meta),
            "MutatingWebhookConfiguration" => keep(reading.mutating_webhooks(), &mut documents.webhooks, |d| &d.meta),
            "ValidatingWebhookConfiguration" => {
                keep(reading.validating_webhooks(), &mut documents.webhooks, |d| &d.meta)
            }
            "Node" => keep(reading.node(), &mut documents.nodes, |d| &d.meta),
            "Pod" => keep(reading.pod(), &mut documents.pods, |d| &d.meta),
            "Service" => keep(reading.service(), &mut documents.services, |d| &d.meta),
            "StatefulSet" => keep(reading.stateful_set(), &mut documents.stateful_sets, |d| &d.meta),
            "Job" => keep(reading.job(), &mut documents.jobs, |d| &d.meta),
            "DaemonSet" => keep(reading.daemon_set(), &mut documents.daemon_sets, |d| &d.meta),
            "Deployment" => keep(reading.deployment(), &mut documents.deployments, |d| &d.meta),
            "ReplicaSet" => keep(reading.replica_set(), &mut documents.replica_sets, |d| &d.meta),
            "PersistentVolume" => keep(reading.volume(), &mut documents.volumes, |d| &d.meta),
            "PersistentVolumeClaim" => keep(reading.claim(), &mut documents.claims, |d| &d.meta),
            "StorageClass" => keep(reading.storage_class(), &mut documents.storage_classes, |d| &d.meta),
            "PodDisruptionBudget" => keep(reading.budget(), &mut documents.budgets, |d| &d.meta),
            _ => keep(reading.priority_class(), &mut documents.priorities, |d| &d.meta),
        };
        let place = meta.map(|m| m.place);
        self.fresh.extend(place);
        for problem in reading.problems {
            self.wrong(problem);
        }
        if kind == "Pod" && place.is_some() {
            self.share_template();
        }
    }

    /// Pods of one controller have their template together.
    fn share_template(&mut self) {
        let Some(pod) = self.documents.pods.last_mut() else {
            return;
        };
        match self.templates.get(&pod.template) {
            Some(known) => pod.template = Rc::clone(known),
            None => {
                self.templates.insert(Rc::clone(&pod.template));
            }
        }
    }

    /// Says which objects stand in the input more than once.
    fn second_times(&mut self) {
        let d = &self.documents;
        let mut found = Vec::new();
        let mut check = |kind, metas: &mut dyn Iterator<Item = &Meta>| {
            let mut all: Vec<&Meta> = metas.collect();
            all.sort_by(|a, b| (&a.namespace, &a.name, a.place).cmp(&(&b.namespace, &b.name, b.place)));
            for same in all.chunk_by(|a, b| (&a.namespace, &a.name) == (&b.namespace, &b.name)) {
                found.extend(
                    same[1..]
                        .iter()
                        .map(|second| (second.place, again(kind, second), same[0].place)),
                );
            }
        };
        check("Namespace", &mut d.namespaces.iter().map(|d| &d.meta));
        check("Node", &mut d.nodes.iter().map(|d| &d.meta));
        check("Pod", &mut d.pods.iter().map(|d| &d.meta));
        check("Service", &mut d.services.iter().map(|d| &d.meta));
        check("StatefulSet", &mut d.stateful_sets.iter().map(|d| &d.meta));
        check("Job", &mut d.jobs.iter().map(|d| &d.meta));
        check("DaemonSet", &mut d.daemon_sets.iter().map(|d| &d.meta));
        check("Deployment", &mut d.deployments.iter().map(|d| &d.meta));
        check("ReplicaSet", &mut d.replica_sets.iter().map(|d| &d.meta));
        check("PersistentVolume", &mut d.volumes.iter().map(|d| &d.meta));
        check("PersistentVolumeClaim", &mut d.claims.iter().map(|d| &d.meta));
        check("StorageClass", &mut d.storage_classes.iter().map(|d| &d.meta));
        check("PodDisruptionBudget", &mut d.budgets.iter().map(|d| &d.meta));
        check("PriorityClass", &mut d.priorities.iter().map(|d| &d.meta));
        for (kind, mutating) in [
            ("MutatingWebhookConfiguration", true),
            ("ValidatingWebhookConfiguration", false),
        ] {
            let own = d.webhooks.iter().filter(|d| d.mutating == mutating);
            check(kind, &mut own.map(|d| &d.meta));
        }
        for (place, text, first) in found {
            self.problems
                .push(Problem::at(place, text).and(first, "the first time"));
        }
    }
}

/// An APIService that a Service answers.
fn api_service(tree: &Tree) -> Option<(String, (String, String))> {
    let name = tree.get("metadata")?.text("name")?;
    let service = tree.get("spec")?.get("service")?;
    let of = |field| Some(service.text(field)?.to_owned());
    Some((name.to_owned(), (of("namespace")?, of("name")?)))
}

fn again(kind: &str, meta: &Meta) -> String {
    match meta.namespace.as_str() {
        "" => format!("{kind} {} stands here a second time", meta.name),
        namespace => format!("{kind} {namespace}/{} stands here a second time", meta.name),
    }
}

/// Keeps a document and returns its metadata.
fn keep<T>(document: Option<T>, list: &mut Vec<T>, meta: fn(&T) -> &Meta) -> Option<&Meta> {
    list.push(document?);
    list.last().map(meta)
}

fn built_in(group: &str) -> bool {
    matches!(group, "" | "apps" | "batch" | "policy" | "autoscaling") || group.ends_with(".k8s.io")
}

/// A kind or group that is almost the one of an object of the model.
fn slip(tree: &Tree, api: &str, group: &str, kind: &str) -> Option<Problem> {
    let place = tree.find(&["kind"]);
    if !built_in(group) {
        return None;
    }
    if let Some((group, _)) = OBJECTS.iter().find(|(_, k)| *k == kind) {
        let right = if group.is_empty() {
            "v1".to_owned()
        } else {
            format!("{group}/v1")
        };
        let place = tree.find(&["apiVersion"]);
        let problem = Problem::at(place, format!("there is no {kind} in `{api}`"));
        return Some(problem.help(format!("did you mean `{right}`?")));
    }
    if OWN_KINDS.contains(&kind) {
        let place = tree.find(&["apiVersion"]);
        let problem = Problem::at(place, format!("there is no {kind} in `{api}`"));
        return Some(problem.help(format!("did you mean `{API_VERSION}`?")));
    }
    let near = nearest(kind, OBJECTS.iter().map(|&(_, k)| k))?;
    let problem = Problem::at(place, format!("unknown kind `{kind}`"));
    Some(problem.help(format!("did you mean `{near}`?")))
}
