//! `kind: Faults`.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};

use super::Duration;
use crate::model::Component;
use crate::scenario::text::At;

/// Trouble.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct FaultsSpec {
    /// What happens, and when.
    #[serde(default)]
    pub(crate) events: Vec<At<EventSpec>>,
    /// New machines that do not come.
    pub(crate) node_creation: Option<NodeCreationSpec>,
}

/// New machines that do not come.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NodeCreationSpec {
    /// The share of attempts that fail, each by itself, from 0 to 1 in thousandths.
    pub(crate) failure_probability: At<f64>,
}

/// One piece of trouble: `at` or `after`, and one action.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct EventSpec {
    /// Time since the start of the plan.
    pub(crate) at: Option<Duration>,
    /// The first such moment.
    pub(crate) after: Option<At<AfterSpec>>,
    /// Time since that moment; 0s unless given.
    pub(crate) delay: Option<At<Duration>>,
    /// How long it lasts; left out: for good.
    #[serde(rename = "for")]
    pub(crate) duration: Option<At<Duration>>,
    /// Processes of these components stop.
    pub(crate) component_down: Option<Vec<ComponentName>>,
    /// New versions of this component exit as soon as they have started.
    pub(crate) component_fails: Option<ComponentName>,
    /// The image of new versions of this component cannot be had.
    pub(crate) image_missing: Option<ComponentName>,
    /// How they stop; Kill unless given.
    pub(crate) mode: Option<At<StopModeSpec>>,
    /// The control-plane node on which that happens; left out: all.
    pub(crate) node: Option<At<String>>,
    /// A machine dies.
    pub(crate) node_crash: Option<At<CrashSpec>>,
    /// Somebody deletes a pod of this workload.
    pub(crate) pod_delete: Option<At<String>>,
    /// A container of this workload exits with an error.
    pub(crate) container_crash: Option<At<String>>,
    /// A new revision of this workload is rolled out.
    pub(crate) rollout: Option<At<String>>,
}

/// A moment of the run: exactly one of the fields.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct AfterSpec {
    /// The drain of this node starts.
    pub(crate) drain_starts: Option<At<String>>,
    /// The drain of this node has ended.
    pub(crate) drain_ends: Option<At<String>>,
    /// This node has been upgraded.
    pub(crate) node_upgraded: Option<At<String>>,
    /// A process of this component has stopped.
    pub(crate) component_down: Option<ComponentName>,
    /// This component serves again.
    pub(crate) component_up: Option<ComponentName>,
    /// Time since that moment; 0s unless given.
    pub(crate) delay: Option<At<Duration>>,
}

/// A component of the control plane.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ComponentName {
    Etcd,
    KubeApiserver,
    KubeControllerManager,
    KubeScheduler,
}

impl From<ComponentName> for Component {
    fn from(name: ComponentName) -> Self {
        match name {
            ComponentName::Etcd => Self::Etcd,
            ComponentName::KubeApiserver => Self::ApiServer,
            ComponentName::KubeControllerManager => Self::ControllerManager,
            ComponentName::KubeScheduler => Self::Scheduler,
        }
    }
}

/// How a process is stopped.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
pub(crate) enum StopModeSpec {
    /// SIGKILL.
    Kill,
    /// SIGTERM.
    Terminate,
}

/// Which machine dies.
#[derive(Debug)]
pub(crate) enum CrashSpec {
    /// This one.
    Node(String),
    /// The one that hosts most pods of this workload.
    Hosting(String),
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum CrashForm {
    /// A node.
    Node(String),
    /// The node that hosts most pods of a workload.
    Hosting(String),
}

impl<'de> Deserialize<'de> for CrashSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Form;
        impl<'de> Visitor<'de> for Form {
            type Value = CrashSpec;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a node, or {hosting: NAMESPACE/NAME}")
            }
            fn visit_str<E: Error>(self, name: &str) -> Result<CrashSpec, E> {
                Ok(CrashSpec::Node(name.to_owned()))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<CrashSpec, A::Error> {
                Ok(match CrashForm::deserialize(MapAccessDeserializer::new(map))? {
                    CrashForm::Node(name) => CrashSpec::Node(name),
                    CrashForm::Hosting(name) => CrashSpec::Hosting(name),
                })
            }
        }
        deserializer.deserialize_any(Form)
    }
}

impl JsonSchema for CrashSpec {
    fn schema_name() -> Cow<'static, str> {
        "NodeCrash".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let form = generator.subschema_for::<CrashForm>();
        json_schema!({"anyOf": [{"type": "string"}, form]})
    }
}
