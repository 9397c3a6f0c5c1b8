//! The cluster autoscaler beside an upgrade, by the figures of its FAQ and source.

use std::collections::BTreeMap;

use seatrial::metrics::Report;
use seatrial::scenario::{Source, load};
use seatrial::trace::{Fact, LifecycleTaint, NodeResult, PlanStatus, Record};

use crate::support::{observe, root};

/// The scenario of two that pull at one node, with a part of it replaced.
fn tug(old: &str, new: &str) -> (Report, Vec<Record>) {
    let path = root().join("scenarios/strategies/tug-of-war.yaml");
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.contains(old), "{old}");
    play(&text.replace(old, new))
}

fn play(text: &str) -> (Report, Vec<Record>) {
    let model = load(&[Source::new("scenario.yaml", text)])
        .unwrap_or_else(|e| panic!("{e}"))
        .model;
    let (_, records, report) = observe(&model, 0);
    (report, records)
}

fn times(records: &[Record], wanted: impl Fn(&Fact) -> bool) -> Vec<f64> {
    let found = records.iter().filter(|r| wanted(&r.fact));
    found.map(|r| r.at.as_secs_f64()).collect()
}

fn removals(records: &[Record]) -> Vec<f64> {
    times(records, |f| matches!(f, Fact::ScaleDownStarted { .. }))
}

fn created(records: &[Record]) -> Vec<f64> {
    times(records, |f| matches!(f, Fact::NodeCreated { .. }))
}

/// Upgrade-tools S25: the autoscaler removes the empty new node again and again.
#[test]
fn tug_of_war() {
    let (report, records) = tug("maxSurge: 1}", "maxSurge: 1}");
    assert_eq!(report.outcome.status, PlanStatus::Completed);
    // Each database takes 24 min to leave: the new node is empty twice for longer than 10 min.
    assert_eq!((removals(&records).len(), created(&records).len()), (10, 15));
    let down = report.cluster.scale_down.unwrap();
    assert_eq!((down.nodes, down.asked_for_again), (10, 10));
    // The databases find no new node when they come back.
    assert_eq!(times(&records, |f| matches!(f, Fact::PodUnschedulable { .. })).len(), 5);
    assert!(report.cluster.pending_pod_seconds > 300.0);
}

/// The annotation keeps the autoscaler off.
#[test]
fn annotated_nodes_stay() {
    let (report, records) = tug("maxSurge: 1}", "maxSurge: 1, scaleDownDisabled: true}");
    assert_eq!(report.outcome.status, PlanStatus::Completed);
    assert_eq!((removals(&records).len(), created(&records).len()), (0, 5));
    assert_eq!(report.cluster.scale_down, None);
    assert!(report.cluster.pending_pod_seconds < 1.0);
}

/// A node goes at the first scan that finds it unneeded for longer than ten minutes, ten seconds apart, and its group above
/// the minimum.
#[test]
fn a_node_goes_after_ten_minutes() {
    let (_, records) = tug("maxSurge: 1}", "maxSurge: 1}");
    let mut marked = BTreeMap::new();
    for record in &records {
        let at = record.at.as_secs_f64();
        match record.fact {
            Fact::NodeTainted {
                node,
                taint: LifecycleTaint::DeletionCandidate,
            } => {
                marked.insert(node, at);
            }
            Fact::ScaleDownStarted { node } => {
                let marked = marked[&node];
                assert!((at - marked - 610.0).abs() < 0.001, "{marked} {at}");
            }
            _ => {}
        }
    }
    let (ready, removed) = (created(&records)[0], removals(&records));
    assert!(removed[0] > ready + 610.0 && removed[0] < ready + 621.0);
    // The same scans, whenever.
    assert!(
        removed
            .iter()
            .all(|r| (r - removed[0] + 0.0005).rem_euclid(10.0) < 0.001)
    );
    let (_, records) = tug("min: 5}", "min: 6}");
    assert_eq!(removals(&records), Vec::<f64>::new());
    let (_, records) = tug("    nodeGroups:", "    scaleDownUnneededTime: 25m\n    nodeGroups:");
    assert_eq!(removals(&records), Vec::<f64>::new());
}

/// The machine goes 5 s after the taint (`--node-delete-delay-after-taint`), then its Node object; the plan asks again at once.
#[test]
fn the_machine_goes_and_another_comes() {
    let (_, records) = tug("maxSurge: 1}", "maxSurge: 1}");
    let removed = removals(&records)[0];
    let after = |wanted: fn(&Fact) -> bool| *times(&records, wanted).iter().find(|&&t| t > removed).unwrap();
    let close = |at: f64, expected: f64| assert!((at - removed - expected).abs() < 0.001, "{}", at - removed);
    close(after(|f| matches!(f, Fact::NodeCrashed { .. })), 5.0);
    close(after(|f| matches!(f, Fact::NodeDeleted { .. })), 35.0);
    close(after(|f| matches!(f, Fact::SuccessorLost { .. })), 35.0);
    close(after(|f| matches!(f, Fact::NodeCreated { .. })), 155.0);
}

fn simple(cluster: &str, plan: &str) -> (Report, Vec<Record>) {
    play(&format!(
        "apiVersion: seatrial.dev/v1alpha1
kind: Cluster
spec: {{version: v1.35.4, controlPlane: {{replicas: 0}}, nodePools: [{{name: worker, replicas: 4}}], autoscaler: {cluster}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web}}
spec:
  replicas: 2
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}}}
    spec: {{containers: [{{name: main, image: web, resources: {{requests: {{cpu: 100m}}}}}}]}}
---
apiVersion: seatrial.dev/v1alpha1
kind: UpgradePlan
spec: {{{plan}}}
---
apiVersion: seatrial.dev/v1alpha1
kind: Timings
spec: {{nodeUpgrade: 30s, nodeReboot: 0s, nodeCreate: 60s, nodeDelete: 10s, podStartup: 2s, podShutdown: 1s}}
"
    ))
}

/// Nodes whose turn has not come go, too: the plan does not wait for them.
#[test]
fn a_node_that_is_gone_is_not_upgraded() {
    let plan = "strategy: {soak: 11m}";
    let (report, records) = simple("{nodeGroups: [{min: 3}]}", plan);
    assert_eq!(report.outcome.status, PlanStatus::Completed);
    assert_eq!(removals(&records).len(), 1);
    let upgraded = report.nodes.iter().filter(|n| n.result == Some(NodeResult::Upgraded));
    assert!(upgraded.count() >= 3);
}

/// A drain that never ends beside an autoscaler that never rests: the plan asks ten times, and then it is blocked for good.
#[test]
fn two_that_never_give_in_come_to_an_end() {
    let budget = "  strategy: {mode: Replace, maxSurge: 1}\n  drain: {timeout: 0s}\n---\napiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: none, namespace: default}\nspec: {maxUnavailable: 0, selector: {matchLabels: {app: db}}}\n";
    let path = root().join("scenarios/strategies/tug-of-war.yaml");
    let text = std::fs::read_to_string(path).unwrap();
    let (before, after) = text.split_once("  strategy: {mode: Replace, maxSurge: 1}").unwrap();
    let before = before.replace("spec: {maxUnavailable: 1, selector", "spec: {minAvailable: 5, selector");
    let after = after.split_once('\n').unwrap().1;
    let single = budget.split_once("---\n").unwrap().0;
    let (report, records) = play(&format!("{before}{single}{after}"));
    assert_eq!(report.outcome.status, PlanStatus::Blocked);
    assert_eq!(removals(&records).len(), 11);
    let proof = report.outcome.proof.unwrap();
    assert!(proof.never, "{proof:?}");
}

/// Every word that is wrong is said, where it stands.
#[test]
fn wrong_figures_are_errors() {
    let wrong = |autoscaler: &str| {
        let text = format!(
            "apiVersion: seatrial.dev/v1alpha1\nkind: Cluster\nspec:\n  version: v1.35.4\n  nodePools: [{{name: w, replicas: 2}}]\n  autoscaler: {autoscaler}\n"
        );
        load(&[Source::new("scenario.yaml", text)]).unwrap_err().to_string()
    };
    assert!(wrong("{scaleDownUtilizationThreshold: 1.5}").contains("between 0 and 1, not 1.5"));
    assert!(wrong("{nodeGroups: [{nodeSelector: {a: b}}]}").contains("selects no worker node"));
    assert!(wrong("{nodeGroups: [{min: 1}, {min: 1}]}").contains("the node `w-1` is in two groups"));
    assert!(wrong("{nodeGroups: [{min: -1}]}").contains("-1"));
    assert!(wrong("{scanInterval: 0s}").contains("longer than 0s"));
    assert!(wrong("{minimum: 1}").contains("minimum"));
}
