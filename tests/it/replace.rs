//! Nodes that give way to new ones, marks for those whose turn has not come, and what that does to churn.

use seatrial::cluster::{RunOptions, preamble, run};
use seatrial::metrics::{Metrics, Report};
use seatrial::model::Model;
use seatrial::trace::{Fact, NodeResult, PlanStatus, Record};

use crate::writing::{EXACT, cluster, deployment, facts, model, plan, times};

fn strategy(words: &str) -> String {
    plan(&format!(
        "  targetVersion: v1.36.1\n  controlPlane: {{upgrade: false}}\n  pools: [{{name: workers, strategy: {{{words}}}}}]"
    ))
}

fn fleet(workers: u32, replicas: u32, words: &str) -> Model {
    let exact = EXACT.replace("nodeUpgrade: 10s", "nodeUpgrade: 10s\n  nodeCreate: 30s");
    let (cluster, web, plan) = (
        cluster("v1.36.0", 1, workers),
        deployment("web", replicas, ""),
        strategy(words),
    );
    model(&[&cluster, &web, &plan, &exact])
}

/// Worker nodes that are there and take pods, over time: the least and the most.
fn available(records: &[Record], workers: i64) -> (i64, i64) {
    let (mut now, mut least, mut most) = (workers, workers, workers);
    for record in records {
        match record.fact {
            Fact::NodeCreated { .. } | Fact::NodeUncordoned { .. } => now += 1,
            Fact::NodeCordoned { .. } => now -= 1,
            _ => {}
        }
        (least, most) = (least.min(now), most.max(now));
    }
    (least, most)
}

/// L-22: a new node first, then the old one is drained and deleted; the fleet never shrinks.
#[test]
fn l22_a_replaced_node_leaves_after_its_successor_has_come() {
    let (report, records) = facts(&fleet(3, 3, "mode: Replace"), 0);
    assert_eq!(available(&records, 3), (3, 4));
    let created = times(&records, |f| matches!(f, Fact::NodeCreated { .. }));
    let deleted = times(&records, |f| matches!(f, Fact::NodeDeleted { .. }));
    assert_eq!((created.len(), deleted.len()), (3, 3));
    assert!(
        created.iter().zip(&deleted).all(|(c, d)| c < d),
        "{created:?} {deleted:?}"
    );
    assert_eq!(report.outcome.status, PlanStatus::Completed);
    let result = |name: &str| report.nodes.iter().find(|n| n.name == name).unwrap();
    assert_eq!(result("worker-1").result, Some(NodeResult::Replaced));
    assert_eq!(result("worker-4").to_version, "v1.36.1");
    let extra: f64 = deleted.iter().zip(&created).map(|(d, c)| d - c).sum();
    assert!(
        (serde_json::to_value(&report.cluster).unwrap()["surgeNodeSeconds"]
            .as_f64()
            .unwrap()
            - extra)
            .abs()
            < 0.01
    );
    let after = &report.cluster.placement_after["default/web"];
    assert!(
        after
            .keys()
            .all(|n| ["worker-4", "worker-5", "worker-6"].contains(&n.as_str())),
        "{after:?}"
    );
}

/// Published: with 5 nodes, maxSurge 2 and maxUnavailable 1, three are upgraded at a time, two are created first, and
/// there are never fewer than 4 (GKE, `UpgradeSettings`).
#[test]
fn published_gke_surge_never_has_fewer_than_four_of_five() {
    for seed in 0..20 {
        let (report, records) = facts(&fleet(5, 10, "mode: Replace, maxSurge: 2, maxUnavailable: 1"), seed);
        assert_eq!(report.outcome.status, PlanStatus::Completed);
        let (least, most) = available(&records, 5);
        assert_eq!((least, most), (4, 7 - 1));
        let first: Vec<f64> = times(&records, |f| matches!(f, Fact::NodeUpgradeStarted { .. }));
        assert_eq!(first.iter().filter(|&&t| t < 0.01).count(), 3, "{first:?}");
        let created = times(&records, |f| matches!(f, Fact::NodeCreated { .. }));
        assert!(
            (created[0] - 30.0).abs() < 0.01 && (created[1] - 30.0).abs() < 0.01,
            "{created:?}"
        );
    }
}

/// Without a surge a node leaves first and its successor comes then; percentages are rounded up.
#[test]
fn without_a_surge_the_old_node_leaves_first() {
    let (_, records) = facts(&fleet(4, 4, "mode: Replace, maxSurge: 0, maxUnavailable: 30%"), 0);
    assert_eq!(available(&records, 4), (2, 4));
}

/// O-78: with a surge, and the old nodes cordoned up front, every pod moves exactly once.
#[test]
fn o78_surge_and_premark_move_each_pod_once() {
    for premark in ["Cordon", "PreferNoSchedule"] {
        for seed in 0..10 {
            let words = format!("mode: Replace, maxSurge: 1, premark: {premark}");
            let (report, _) = facts(&fleet(5, 12, &words), seed);
            let moves = report.cluster.moves_per_replica;
            assert_eq!((moves.mean, moves.max), (1.0, 1), "{premark} {seed}");
        }
    }
}

/// A premark is taken back from nodes that stay.
#[test]
fn a_premark_ends_with_the_upgrade() {
    let (report, records) = facts(&fleet(3, 3, "premark: PreferNoSchedule"), 0);
    assert_eq!(report.outcome.status, PlanStatus::Completed);
    let on = times(
        &records,
        |f| matches!(f, Fact::NodeTainted { taint, .. } if format!("{taint:?}") == "UpgradePending"),
    );
    let off = times(
        &records,
        |f| matches!(f, Fact::NodeUntainted { taint, .. } if format!("{taint:?}") == "UpgradePending"),
    );
    assert_eq!((on.len(), off.len()), (3, 3));
    let (report, records) = facts(&fleet(3, 3, "premark: Cordon"), 0);
    assert_eq!(report.outcome.status, PlanStatus::Completed);
    assert_eq!(times(&records, |f| matches!(f, Fact::NodeUncordoned { .. })).len(), 3);
}

/// A runbook can create nodes, too.
#[test]
fn create_node_is_a_step() {
    let exact = EXACT.replace("nodeUpgrade: 10s", "nodeCreate: 30s");
    let steps = plan(
        "  steps: [{createNode: {like: worker-1, name: spare}}, {drain: {node: worker-1}}, {deleteNode: worker-1}]",
    );
    let (cluster, web) = (cluster("v1.36.0", 1, 1), deployment("web", 2, ""));
    let (report, records) = facts(&model(&[&cluster, &web, &steps, &exact]), 0);
    assert_eq!(report.outcome.status, PlanStatus::Completed);
    let created = times(&records, |f| matches!(f, Fact::NodeCreated { .. }));
    assert!((created[0] - 30.0).abs() < 0.01);
    assert_eq!(report.cluster.placement_after["default/web"]["spare"], 2);
    assert_eq!(report.workloads[0].endpoints.as_ref().unwrap().min_ready, 0);
}

/// The law of churn: pods that land anywhere but on the drained node, one node after another, move
/// ((N − 1)/N)·((N/(N − 1))^N − 1) times each on average, which is 1.5 for two nodes and goes to e − 1.
///
/// The scheduler's own choice is not uniform (it goes for the emptiest node, which is the one that was upgraded last), so
/// the pods are such that it sees all nodes alike.
#[test]
fn churn_law_uniform_placement() {
    for (nodes, trials) in [(2_u32, 40_u64), (3, 40), (5, 40), (10, 40), (50, 20)] {
        let n = f64::from(nodes);
        let law = (n - 1.0) / n * ((n / (n - 1.0)).powf(n) - 1.0);
        let model = uniform(nodes, 400);
        let mean: f64 = (0..trials).map(|seed| moves(&model, seed)).sum::<f64>() / f64_of(trials);
        assert!(
            (mean / law - 1.0).abs() < 0.01,
            "{nodes} nodes: {mean} moves, the law says {law}"
        );
    }
}

fn f64_of(count: u64) -> f64 {
    f64::from(u32::try_from(count).unwrap())
}

fn moves(model: &Model, seed: u64) -> f64 {
    let options = RunOptions {
        seed,
        ..RunOptions::default()
    };
    let preamble = preamble(model, &options);
    let mut metrics = Metrics::new(&preamble);
    let cost = run(model, &options, &mut metrics);
    let report: Report = metrics.finish(cost.end);
    report.cluster.moves_per_replica.mean
}

/// Single pods of Deployments of their own, without requests, on nodes so large that none looks emptier than another: the
/// scheduler sees all nodes alike, and its ties are random.
fn uniform(nodes: u32, pods: u32) -> Model {
    let mut parts = vec![
        format!(
            "apiVersion: seatrial.dev/v1alpha1\nkind: Cluster\nspec: {{version: v1.36.0, controlPlane: {{replicas: 1}}, nodePools: \
             [{{name: worker, replicas: {nodes}, capacity: {{cpu: \"1000000\", memory: 1000Ti, pods: \"100000\"}}}}]}}"
        ),
        strategy("mode: InPlace"),
        EXACT.to_owned(),
    ];
    parts.extend((0..pods).map(|i| {
        format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web-{i}, namespace: default}}\nspec: {{replicas: 1, \
             selector: {{matchLabels: {{app: web-{i}}}}}, template: {{metadata: {{labels: {{app: web-{i}}}}}, \
             spec: {{containers: [{{name: main, image: x}}]}}}}}}"
        )
    }));
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    model(&parts)
}
