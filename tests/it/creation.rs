//! New machines that do not come: what it costs, and who gives up.

use seatrial::metrics::Report;
use seatrial::scenario::{Source, load};
use seatrial::trace::{Fact, PlanStatus, Record};

use crate::support::observe;

fn text(plan: &str, probability: &str) -> String {
    format!(
        "apiVersion: seatrial.dev/v1alpha1
kind: Cluster
spec: {{version: v1.35.4, controlPlane: {{replicas: 0}}, nodePools: [{{name: worker, replicas: 4}}]}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web}}
spec:
  replicas: 8
  selector: {{matchLabels: {{app: web}}}}
  template: {{metadata: {{labels: {{app: web}}}}, spec: {{containers: [{{name: main, image: web}}]}}}}
---
apiVersion: seatrial.dev/v1alpha1
kind: UpgradePlan
metadata: {{name: plan}}
spec: {{{plan}}}
---
apiVersion: seatrial.dev/v1alpha1
kind: Timings
spec: {{nodeCreate: 2m, nodeDelete: 10s, podStartup: 2s, podShutdown: 1s}}
---
apiVersion: seatrial.dev/v1alpha1
kind: Faults
spec: {{nodeCreation: {{failureProbability: {probability}}}}}
"
    )
}

fn run(plan: &str, probability: &str, seed: u64) -> (Report, Vec<Record>) {
    let text = text(plan, probability);
    let loaded = load(&[Source::new("scenario.yaml", text.as_str())]).unwrap_or_else(|e| panic!("{e}"));
    let (_, records, report) = observe(&loaded.model, seed);
    (report, records)
}

fn times(records: &[Record], wanted: impl Fn(&Fact) -> bool) -> Vec<f64> {
    let found = records.iter().filter(|r| wanted(&r.fact));
    found.map(|r| r.at.as_secs_f64()).collect()
}

/// How often a machine did not come.
fn failures(records: &[Record]) -> usize {
    times(records, |f| matches!(f, Fact::CreationFailed { .. })).len()
}

const REPLACE: &str = "strategy: {mode: Replace, maxSurge: 1, maxUnavailable: 0";

#[test]
fn a_plan_gives_up_with_the_first_machine_that_does_not_come_unless_it_is_told_to_try_again() {
    let unlucky = (0..20).find(|&seed| failures(&run(&format!("{REPLACE}}}"), "0.5", seed).1) > 0);
    let seed = unlucky.unwrap();
    let (gives_up, records) = run(&format!("{REPLACE}}}"), "0.5", seed);
    assert_eq!(gives_up.outcome.status, PlanStatus::Aborted);
    let reason = gives_up.outcome.reason.unwrap();
    assert!(reason.contains("did not come: it was asked for once"), "{reason}");
    assert_eq!(failures(&records), 1);

    let (tries, records) = run(&format!("{REPLACE}, onCreateFailure: Retry}}"), "0.5", seed);
    assert_eq!(tries.outcome.status, PlanStatus::Completed);
    let (smooth, _) = run(&format!("{REPLACE}, onCreateFailure: Retry}}"), "0", seed);
    // A failure takes as long as a success, and a minute until the next attempt.
    let longer = tries.makespan_seconds.unwrap() - smooth.makespan_seconds.unwrap();
    let failed = f64::from(u32::try_from(failures(&records)).unwrap());
    assert!((longer - 180.0 * failed).abs() < 30.0, "{longer} {failed}");
    assert_eq!(times(&records, |f| matches!(f, Fact::NodeCreated { .. })).len(), 4);
}

#[test]
fn a_time_limit_says_when_a_failure_is_noticed() {
    let (_, records) = run(&format!("{REPLACE}, createTimeout: 20m}}"), "1", 0);
    let started = times(&records, |f| matches!(f, Fact::NodeUpgradeStarted { .. }))[0];
    let failed = times(&records, |f| matches!(f, Fact::CreationFailed { .. }))[0];
    assert!((failed - started - 1200.0).abs() < 1.0, "{failed} {started}");
}

#[test]
fn where_no_machine_ever_comes_a_plan_that_tries_again_is_stuck() {
    let (report, records) = run(&format!("{REPLACE}, onCreateFailure: Retry}}"), "1", 0);
    assert_eq!(report.outcome.status, PlanStatus::Blocked);
    assert!(report.outcome.reason.unwrap().contains("did not come"));
    assert_eq!(times(&records, |f| matches!(f, Fact::NodeCreated { .. })).len(), 0);
}

/// The share of failures is the one that is asked for, and plans that are compared have the same luck.
#[test]
fn attempts_fail_as_often_as_they_should() {
    let mut failed = 0;
    for seed in 0..40 {
        let (report, records) = run(&format!("{REPLACE}, onCreateFailure: Retry}}"), "0.3", seed);
        assert_eq!(report.outcome.status, PlanStatus::Completed);
        assert_eq!(times(&records, |f| matches!(f, Fact::NodeCreated { .. })).len(), 4);
        failed += failures(&records);
        let other = run("strategy: {mode: BlueGreen, onCreateFailure: Retry}", "0.3", seed).1;
        assert_eq!(failures(&records), failures(&other), "{seed}");
    }
    // 160 successes at 0.7 each: 68.6 failures, with a deviation of 9.9.
    assert!((40..=98).contains(&failed), "{failed}");
}

#[test]
fn a_step_that_creates_a_node_fails() {
    let (report, _) = run("steps: [{createNode: {like: worker-1}}]", "1", 0);
    assert_eq!(report.outcome.status, PlanStatus::Aborted);
}

#[test]
fn probabilities_lie_between_0_and_1() {
    let text = text(&format!("{REPLACE}}}"), "1.5");
    let wrong = load(&[Source::new("scenario.yaml", text.as_str())]).unwrap_err();
    let wrong = wrong.to_string();
    assert!(wrong.contains("the probability must be between 0 and 1"), "{wrong}");
}
