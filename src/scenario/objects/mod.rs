//! What the model needs of each object of Kubernetes. The only files that know `k8s-openapi`.
//!
//! Each object is read, digested while its tree still knows positions, and dropped.

mod arrival;
mod extras;
mod hook;
mod job;
mod node;
mod placement;
mod pod;
mod policy;
mod requirements;
mod stateful_set;
mod template;
mod volume;
mod webhook;
mod workload;

pub(crate) use arrival::IGNORE;
pub(crate) use extras::Extras;
pub(crate) use job::JobDoc;
pub(crate) use node::NodeDoc;
pub(crate) use placement::{PlacementDoc, PodTermDoc, SpreadDoc};
pub(crate) use pod::PodDoc;
pub(crate) use policy::{BudgetDoc, PriorityDoc, Selector, ServiceDoc};
pub(crate) use stateful_set::StatefulSetDoc;
pub(crate) use template::{Template, TolerationDoc};
pub(crate) use volume::{ClaimDoc, StorageClassDoc, VolumeDoc};
pub(crate) use webhook::{NamespaceDoc, WebhookConfigurationDoc, WebhookDoc};
pub(crate) use workload::{DaemonSetDoc, DeploymentDoc, ReplicaSetDoc};

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use serde::de::DeserializeOwned;

use super::diagnostic::Problem;
use super::text::{Place, Tree, Value, decode};
use crate::units::{IntOrPercent, ParseQuantityError, Span};

/// An object while it is read.
pub(crate) struct Reading<'a> {
    pub(crate) tree: &'a mut Tree,
    pub(crate) problems: Vec<Problem>,
}

impl<'a> Reading<'a> {
    /// Starts to read an object.
    pub(crate) const fn new(tree: &'a mut Tree) -> Self {
        Self {
            tree,
            problems: Vec::new(),
        }
    }

    /// The object as its type; versions of one shape count as the one that the library knows.
    fn typed<T: DeserializeOwned + k8s_openapi::Resource>(&mut self) -> Option<T> {
        if let Value::Map(members) = &mut self.tree.value {
            for member in members {
                if &*member.key == "apiVersion" {
                    member.value.value = Value::Text(T::API_VERSION.into());
                } else if &*member.key == "metadata" {
                    member.value.remove("managedFields");
                }
            }
        }
        match decode(self.tree) {
            Ok(object) => Some(object),
            Err(problem) => {
                self.problems.push(problem);
                None
            }
        }
    }

    fn wrong(&mut self, path: &[&str], message: impl Into<String>) {
        self.problems.push(Problem::at(self.tree.find(path), message));
    }

    fn quantity(&mut self, text: &str, parse: fn(&str) -> Result<u64, ParseQuantityError>, path: &[&str]) -> u64 {
        parse(text).unwrap_or_else(|why| {
            let short: String = text.chars().take(40).collect();
            self.wrong(path, format!("{short:?}: {why}"));
            0
        })
    }

    /// A number of things that is neither negative nor absurd.
    fn count(&mut self, value: i32, limit: u32, path: &[&str]) -> u32 {
        match u32::try_from(value) {
            Ok(count) if count <= limit => count,
            Ok(count) => {
                self.wrong(path, format!("{count} is more than the limit of {limit}"));
                0
            }
            Err(_) => {
                self.wrong(path, format!("{value} is negative"));
                0
            }
        }
    }

    fn seconds(&mut self, value: i64, path: &[&str]) -> Span {
        let span = u64::try_from(value).map(Span::from_secs);
        span.ok().filter(|&s| s <= Span::LONGEST).unwrap_or_else(|| {
            let why = "is not between 0 and 31 years";
            self.wrong(path, format!("{value} seconds {why}"));
            Span::ZERO
        })
    }

    fn share(&mut self, value: &IntOrString, path: &[&str]) -> IntOrPercent {
        let share = match value {
            IntOrString::Int(count) => u32::try_from(*count).ok().map(IntOrPercent::Int),
            IntOrString::String(text) => text.parse().ok(),
        };
        share.unwrap_or_else(|| {
            let text = "expected a whole number such as 1 or a percentage such as 25%, not negative";
            self.wrong(path, text);
            IntOrPercent::Int(0)
        })
    }

    fn meta(&mut self, meta: ObjectMeta, namespaced: bool) -> Meta {
        let name = meta.name.unwrap_or_default();
        if name.is_empty() {
            self.wrong(&["metadata"], "the object has no name (`metadata.name`)");
        }
        let namespace = match meta.namespace {
            _ if !namespaced => String::new(),
            Some(namespace) if !namespace.is_empty() => namespace,
            _ => "default".to_owned(),
        };
        let owner = meta
            .owner_references
            .unwrap_or_default()
            .into_iter()
            .find(|o| o.controller == Some(true) || o.kind == "Node");
        let mut annotations = meta.annotations.unwrap_or_default();
        Meta {
            name,
            namespace,
            labels: meta.labels.filter(|_| !namespaced).unwrap_or_default(),
            owner: owner.map(|o| Owner {
                kind: o.kind,
                name: o.name,
            }),
            revision: annotations.remove("deployment.kubernetes.io/revision"),
            mirror: annotations.contains_key("kubernetes.io/config.mirror"),
            scale_down_disabled: annotations.get(SCALE_DOWN_DISABLED).is_some_and(|v| v == "true"),
            create_at: self.create_at(&annotations),
            ignore: self.ignored_rules(&annotations),
            created: meta.creation_timestamp.map_or(0, |Time(at)| at.as_second()),
            deleting: meta.deletion_timestamp.is_some(),
            place: self.tree.find(&["metadata", "name"]),
        }
    }
}

/// The annotation of a Node that the cluster autoscaler leaves alone.
const SCALE_DOWN_DISABLED: &str = "cluster-autoscaler.kubernetes.io/scale-down-disabled";

/// What the model needs of an object's metadata.
#[derive(Clone, Debug)]
pub(crate) struct Meta {
    pub(crate) name: String,
    pub(crate) namespace: String,
    /// Of Nodes and Namespaces; those of pods are in their templates.
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) owner: Option<Owner>,
    pub(crate) revision: Option<String>,
    pub(crate) mirror: bool,
    /// Of Nodes.
    pub(crate) scale_down_disabled: bool,
    pub(crate) created: i64,
    /// When it is created, since the start of the run; `None`: it is there at the start.
    pub(crate) create_at: Option<Span>,
    pub(crate) deleting: bool,
    /// Rules of the linter that leave it alone, as written.
    pub(crate) ignore: Option<Box<str>>,
    pub(crate) place: Place,
}

/// The controller of an object.
#[derive(Clone, Debug)]
pub(crate) struct Owner {
    pub(crate) kind: String,
    pub(crate) name: String,
}
