//! A plan that can make no more progress is told so at once, with what waits for what, and nothing does change after that.

use std::path::PathBuf;

use seatrial::cluster::{RunOptions, run};
use seatrial::metrics::{Proof, Report};
use seatrial::model::Model;
use seatrial::scenario::{Source, load};
use seatrial::trace::{Fact, PlanStatus, Record};
use seatrial::units::Span;

use crate::support::{files, model, observe, output, root};
use crate::writing::{self, budget, cluster, deployment, facts, plan};

const WEEK: Span = Span::from_secs(7 * 24 * 3600);

fn scenario(name: &str) -> PathBuf {
    root().join("scenarios").join(name)
}

fn proof(report: &Report) -> &Proof {
    report.outcome.proof.as_ref().unwrap()
}

fn proven(records: &[Record]) -> Option<usize> {
    let never = |r: &Record| r.fact == Fact::NothingCanChange { until: None };
    records.iter().position(never)
}

/// What follows a proof, in a run that goes on for a week.
fn after_the_proof(model: &Model, seed: u64) -> Option<Vec<Record>> {
    let mut options = RunOptions {
        seed,
        ..RunOptions::default()
    };
    let mut records = Vec::new();
    run(model, &options, &mut records);
    let at = records[proven(&records)?].at;
    options.past_proof = true;
    options.until = Some(at + WEEK);
    options.stall = WEEK * 2;
    let mut longer = Vec::new();
    run(model, &options, &mut longer);
    let from = proven(&longer).unwrap();
    assert!(longer[..from] == records[..from], "the same run up to the proof");
    assert!(longer.last().unwrap().at >= at + WEEK, "a week has passed");
    Some(longer.split_off(from))
}

fn holds(model: &Model, seed: u64, name: &str) -> bool {
    let Some(week) = after_the_proof(model, seed) else {
        return false;
    };
    let end = |r: &Record| matches!(r.fact, Fact::PlanEnded { .. } | Fact::RunEnded);
    let changed = week.iter().find(|r| !r.fact.is_attempt() && !end(r));
    assert!(changed.is_none(), "{name}, seed {seed}: {changed:?}");
    true
}

/// Every shipped scenario that is proven to be stuck stays so for a week.
#[test]
fn a_proof_holds_for_a_week() {
    let mut stuck = Vec::new();
    for path in files(&root().join("scenarios"), "yaml") {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        if !path.components().any(|c| c.as_os_str() == "scale") && holds(&model(&path), 0, &name) {
            stuck.push(name);
        }
    }
    for name in ["parallel-deadlock", "budget-of-zero", "anti-affinity-deadlock"] {
        assert!(stuck.iter().any(|p| p == name), "{name} is stuck: {stuck:?}");
    }
}

/// S18: two drains at once hold what the other's pods need; the circle is printed, and one at a time completes.
#[test]
fn the_circle_of_a_parallel_deadlock() {
    let path = scenario("strategies/parallel-deadlock.yaml");
    let printed = output(&["run", path.to_str().unwrap()]);
    assert_eq!(printed.status.code(), Some(5), "blocked, although it is expected");
    let text = String::from_utf8(printed.stdout).unwrap();
    assert!(text.contains("This never ends"), "{text}");
    let source = std::fs::read_to_string(&path).unwrap();
    let mut stuck = 0;
    for seed in 0..12 {
        let (report, _) = facts(&writing::model(&[&source]), seed);
        if report.outcome.status == PlanStatus::Blocked {
            stuck += 1;
            let proof = proof(&report);
            assert!(proof.never && proof.cycle && proof.at < 60.0, "{proof:?}");
            let count = |kind: &str| proof.chain.iter().filter(|l| l.object.starts_with(kind)).count();
            assert!(
                count("node/") >= 3 && count("pdb/") == 2 && count("pod/") == 2,
                "{proof:?}"
            );
            assert_eq!(proof.chain[0].object, proof.chain.last().unwrap().object, "a circle");
        }
    }
    assert!(stuck >= 6, "{stuck} of 12");
    let one = source.replace("maxUnavailable: 2", "maxUnavailable: 1");
    assert_ne!(one, source);
    for seed in 0..12 {
        let (report, _) = facts(&writing::model(&[&one]), seed);
        assert_eq!(report.outcome.status, PlanStatus::Completed);
    }
}

fn stuck(limit: &str, drain: &str) -> Report {
    let pools = "  controlPlane: {upgrade: false}\n  pools: [{name: workers, strategy: {maxUnavailable: 1}}]\n";
    let parts = [
        cluster("v1.35.4", 1, 2),
        deployment("web", 2, ""),
        budget("web", limit),
        plan(&format!("{pools}  drain: {{{drain}}}")),
    ];
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    facts(&writing::model(&parts), 0).0
}

/// P-12: a budget that leaves no room is the end of the chain.
#[test]
fn p12_a_budget_that_leaves_no_room_is_the_end() {
    let report = stuck("maxUnavailable: 0", "timeout: 0s");
    let proof = proof(&report);
    assert!(proof.never && !proof.cycle);
    assert!(proof.at < 30.0, "not after an hour: {}", proof.at);
    assert!(
        proof.chain.last().unwrap().words.contains("leaves no room"),
        "{proof:?}"
    );
}

/// D-14: a drain with a time-out is not stuck for ever, and nothing changes before that.
#[test]
fn d14_not_before_the_time_out() {
    let report = stuck("minAvailable: 2", "timeout: 5m");
    assert_eq!(report.outcome.status, PlanStatus::Aborted);
    let proof = proof(&report);
    assert!(!proof.never && proof.at < 30.0, "{proof:?}");
    let drain = report.nodes.iter().flat_map(|n| &n.drains).next().unwrap();
    assert!((300.0..306.0).contains(&drain.seconds), "{drain:?}");
}

/// A plan that retries for ever is stuck once a whole try has failed.
#[test]
fn retrying_for_ever_is_stuck() {
    let report = stuck(
        "maxUnavailable: 0",
        "timeout: 90s, onFailure: Retry, failureRetryInterval: 60s",
    );
    assert_eq!(report.outcome.status, PlanStatus::Blocked);
    let proof = proof(&report);
    assert!(proof.never && (150.0..1200.0).contains(&proof.at), "{proof:?}");
}

/// Nothing is proven while something is still to come.
#[test]
fn a_plan_that_completes_has_no_proof() {
    let report = stuck("maxUnavailable: 1", "timeout: 0s");
    assert_eq!(report.outcome.status, PlanStatus::Completed);
    assert!(report.outcome.proof.is_none());
}

/// A pause that the plan itself makes is no standstill, however long it is: the old nodes are still to be deleted after it.
#[test]
fn a_long_pause_is_not_a_standstill() {
    let scenario = "apiVersion: seatrial.dev/v1alpha1\nkind: Cluster\nspec: {version: v1.35.4, controlPlane: {replicas: 0}, \
                    nodePools: [{name: w, replicas: 2}]}\n---\napiVersion: seatrial.dev/v1alpha1\nkind: \
                    UpgradePlan\nspec: {pools: [{name: w, strategy: {mode: BlueGreen, maxUnavailable: 2, poolSoak: \
                    30h}}]}\n";
    let model = load(&[Source::new("s.yaml", scenario)]).unwrap().model;
    let (_, _, report) = observe(&model, 0);
    assert_eq!(report.outcome.status, PlanStatus::Completed, "{:?}", report.outcome);
    assert!(report.makespan_seconds.unwrap() > 30.0 * 3600.0);
}

/// A drain of a dead node that is tried again for ever: each try asks again for evictions of pods that are being deleted
/// already, is told yes, and waits for a kubelet that is no more.
#[test]
fn a_drain_of_a_dead_node_that_is_tried_for_ever_is_proven_stuck() {
    let plan = |drain: &str| {
        format!(
            "apiVersion: seatrial.dev/v1alpha1
kind: Cluster
spec: {{version: v1.35.4, controlPlane: {{replicas: 1}}, nodePools: [{{name: worker, replicas: 3}}]}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web}}
spec:
  replicas: 6
  selector: {{matchLabels: {{app: web}}}}
  template: {{metadata: {{labels: {{app: web}}}}, spec: {{containers: [{{name: main, image: web}}]}}}}
---
apiVersion: seatrial.dev/v1alpha1
kind: UpgradePlan
spec: {{startAt: 1m, controlPlane: {{upgrade: false}}, drain: {{{drain}}}}}
---
apiVersion: seatrial.dev/v1alpha1
kind: Faults
spec: {{events: [{{at: 5s, nodeCrash: worker-2}}]}}
"
        )
    };
    for drain in [
        "timeout: 2m, onFailure: Retry",
        "timeout: 40m, onFailure: Retry",
        "timeout: 2m, onFailure: Retry, tries: 3, failureRetryInterval: 90s",
        "via: Delete, timeout: 2m, onFailure: Retry",
        "timeout: 0s, onFailure: Retry",
    ] {
        let model = writing::model(&[&plan(drain)]);
        let (_, records, report) = observe(&model, 0);
        assert_eq!(report.outcome.status, PlanStatus::Blocked, "{drain}");
        assert!(holds(&model, 0, drain), "{drain}");
        let proof = proof(&report);
        assert!(proof.never, "{drain}: {proof:?}");
        assert!(proof.chain[1].words.contains("worker-2 is down"), "{proof:?}");
        assert!(records.len() < 10_000, "{drain}: {}", records.len());
    }
    // Something else follows a time-out: no proof that it never ends before.
    let model = writing::model(&[&plan("timeout: 2m, onFailure: Abort")]);
    let (_, records, report) = observe(&model, 0);
    assert_eq!(report.outcome.status, PlanStatus::Aborted);
    assert_eq!(proven(&records), None);
}
