//! Documents as text, for tests that write their own scenarios, and the facts of their runs.

use seatrial::metrics::Report;
use seatrial::model::Model;
use seatrial::scenario::{Source, load};
use seatrial::trace::{Fact, Record};

use crate::support::observe;

/// Constants that make a run computable by hand: nothing takes time but what a test sets.
pub(crate) const EXACT: &str = "
apiVersion: seatrial.dev/v1alpha1
kind: Timings
spec:
  apiCall: 0s
  watchDelivery: 0s
  controllerReaction: 0s
  schedulingCycle: 0s
  binding: 0s
  kubeletReaction: 0s
  endpointsSync: 0s
  proxySync: 0s
  kubectlStart: 0s
  podRemoval: 1s
  podStartup: 8s
  podShutdown: 3s
  nodeUpgrade: 10s
";

pub(crate) fn model(parts: &[&str]) -> Model {
    let text = parts.join("\n---\n");
    let source = Source {
        name: "test.yaml".to_owned(),
        text: text.into_bytes(),
    };
    load(&[source]).unwrap_or_else(|e| panic!("{e}")).model
}

pub(crate) fn facts(model: &Model, seed: u64) -> (Report, Vec<Record>) {
    let (_, records, report) = observe(model, seed);
    (report, records)
}

pub(crate) fn secs(record: &Record) -> f64 {
    record.at.as_secs_f64()
}

/// Times of the facts that a test looks for.
pub(crate) fn times(records: &[Record], wanted: impl Fn(&Fact) -> bool) -> Vec<f64> {
    let start = records.iter().position(|r| r.fact == Fact::RunStarted).unwrap();
    records[start..].iter().filter(|r| wanted(&r.fact)).map(secs).collect()
}

pub(crate) fn cluster(version: &str, control_plane: u32, workers: u32) -> String {
    format!(
        "apiVersion: seatrial.dev/v1alpha1\nkind: Cluster\n\
         spec: {{version: {version}, controlPlane: {{replicas: {control_plane}}}, nodePools: [{{name: worker, replicas: {workers}}}]}}"
    )
}

pub(crate) fn deployment(name: &str, replicas: u32, pod: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}, namespace: default}}\nspec:\n  replicas: {replicas}\n  \
         selector: {{matchLabels: {{app: {name}}}}}\n  template:\n    metadata: {{labels: {{app: {name}}}}}\n    \
         spec: {{containers: [{{name: main, image: x, resources: {{requests: {{cpu: 100m, memory: 64Mi}}}}}}]{pod}}}"
    )
}

pub(crate) fn budget(name: &str, limit: &str) -> String {
    format!(
        "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {{name: {name}, namespace: default}}\n\
         spec: {{{limit}, selector: {{matchLabels: {{app: {name}}}}}}}"
    )
}

pub(crate) fn plan(body: &str) -> String {
    format!("apiVersion: seatrial.dev/v1alpha1\nkind: UpgradePlan\nmetadata: {{name: test}}\nspec:\n{body}")
}

pub(crate) fn drain(node: &str, more: &str) -> String {
    plan(&format!("  steps: [{{drain: {{node: {node}{more}}}}}]"))
}

pub(crate) fn faults(events: &[&str]) -> String {
    let events: String = events.iter().map(|e| format!("  - {e}\n")).collect();
    format!("apiVersion: seatrial.dev/v1alpha1\nkind: Faults\nspec:\n  events:\n{events}")
}

/// A running pod of the Deployment `web` on a node, as a dump has it.
pub(crate) fn pod_on(name: &str, node: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: default, labels: {{app: web}}, \
         ownerReferences: [{{apiVersion: apps/v1, kind: ReplicaSet, name: web-1, uid: u1, controller: true}}]}}\n\
         spec: {{nodeName: {node}, containers: [{{name: main, image: x, resources: {{requests: {{cpu: 100m, memory: 64Mi}}}}}}]}}\n\
         status: {{phase: Running, conditions: [{{type: Ready, status: \"True\"}}]}}"
    )
}

/// The ReplicaSet `web-1` of the Deployment `web`.
pub(crate) fn web_replica_set(replicas: u32) -> String {
    format!(
        "apiVersion: apps/v1\nkind: ReplicaSet\nmetadata: {{name: web-1, namespace: default, uid: u1, labels: {{app: web}}, \
         ownerReferences: [{{apiVersion: apps/v1, kind: Deployment, name: web, uid: d1, controller: true}}]}}\n\
         spec: {{replicas: {replicas}, selector: {{matchLabels: {{app: web}}}}, template: {{metadata: {{labels: {{app: web}}}}, \
         spec: {{containers: [{{name: main, image: x, resources: {{requests: {{cpu: 100m, memory: 64Mi}}}}}}]}}}}}}"
    )
}
