//! The strategy engine: each parameter does what it says, and the scenarios of `scenarios/strategies` end as their first
//! lines say.

use seatrial::ids::Id;
use seatrial::metrics::Report;
use seatrial::model::Model;
use seatrial::scenario::{Source, load};
use seatrial::trace::{Fact, NodeResult, PlanStatus, Record};

use crate::support::{observe, root};

fn text(scenario: &str) -> String {
    std::fs::read_to_string(root().join(format!("scenarios/strategies/{scenario}.yaml"))).unwrap()
}

fn of(text: &str) -> Model {
    load(&[Source::new("scenario.yaml", text)])
        .unwrap_or_else(|e| panic!("{e}"))
        .model
}

/// A scenario with a part of it replaced.
fn with(scenario: &str, old: &str, new: &str) -> (Report, Vec<Record>) {
    let text = text(scenario);
    assert!(text.contains(old), "{scenario}: {old}");
    let (_, records, report) = observe(&of(&text.replace(old, new)), 0);
    (report, records)
}

fn ends(scenario: &str) -> (Report, Vec<Record>) {
    with(scenario, "kind: UpgradePlan", "kind: UpgradePlan")
}

fn downtime(report: &Report) -> f64 {
    let down = |w: &seatrial::metrics::WorkloadReport| w.endpoints.as_ref().map_or(0.0, |e| e.downtime_seconds);
    report.workloads.iter().map(down).sum()
}

/// From the plan's start to its end, in seconds.
fn long(report: &Report) -> f64 {
    report.makespan_seconds.unwrap()
}

fn moves(report: &Report, name: &str) -> f64 {
    let workload = report.workloads.iter().find(|w| w.name == name).unwrap();
    workload.moves_per_replica.mean
}

/// When facts happened, in seconds.
fn times(records: &[Record], wanted: impl Fn(&Fact) -> bool) -> Vec<f64> {
    let found = records.iter().filter(|r| wanted(&r.fact));
    found.map(|r| r.at.as_secs_f64()).collect()
}

/// A cluster of so many workers with an application of ten, and a plan.
fn simple(workers: u32, spec: &str) -> (Report, Vec<Record>) {
    let text = format!(
        "apiVersion: seatrial.dev/v1alpha1
kind: Cluster
spec: {{version: v1.35.4, controlPlane: {{replicas: 0}}, nodePools: [{{name: worker, replicas: {workers}}}]}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web}}
spec:
  replicas: 10
  selector: {{matchLabels: {{app: web}}}}
  template: {{metadata: {{labels: {{app: web}}}}, spec: {{containers: [{{name: main, image: web}}]}}}}
---
apiVersion: seatrial.dev/v1alpha1
kind: UpgradePlan
spec: {{{spec}}}
---
apiVersion: seatrial.dev/v1alpha1
kind: Timings
spec: {{nodeUpgrade: 30s, nodeReboot: 0s, nodeCreate: 60s, nodeDelete: 10s, podStartup: 2s, podShutdown: 1s}}
"
    );
    let (_, records, report) = observe(&of(&text), 0);
    (report, records)
}

/// How many nodes are worked on when each of them starts, itself included.
fn together(records: &[Record]) -> Vec<usize> {
    let mut at_work = 0;
    let mut seen = Vec::new();
    for record in records {
        match record.fact {
            Fact::NodeUpgradeStarted { .. } => {
                at_work += 1;
                seen.push(at_work);
            }
            Fact::NodeUpgradeEnded { .. } => at_work -= 1,
            _ => {}
        }
    }
    seen
}

fn starts(records: &[Record]) -> Vec<f64> {
    times(records, |f| matches!(f, Fact::NodeUpgradeStarted { .. }))
}

fn results(report: &Report, wanted: NodeResult) -> usize {
    report.nodes.iter().filter(|n| n.result == Some(wanted)).count()
}

// The endings of upgrade-tools S17: one budget that never opens.

#[test]
fn s17_each_preset_ends_a_drain_that_does_not_end_in_its_own_way() {
    let minutes = |m: f64| m * 60.0;
    for (preset, status, drain_ends) in [
        ("kubeadm", PlanStatus::Blocked, None),
        ("cluster-api", PlanStatus::Blocked, None),
        ("kured", PlanStatus::Blocked, None),
        ("eks-managed", PlanStatus::Aborted, Some(minutes(15.0))),
        ("kops", PlanStatus::Aborted, Some(minutes(15.0))),
        ("aks", PlanStatus::Aborted, Some(minutes(30.0))),
        ("aks-quarantine", PlanStatus::CompletedWithSkips, Some(minutes(30.0))),
        ("eks-force", PlanStatus::Completed, Some(minutes(15.0))),
        ("gke-surge", PlanStatus::Completed, Some(minutes(60.0))),
        ("gardener", PlanStatus::Completed, Some(minutes(120.0))),
        ("talos", PlanStatus::Completed, Some(minutes(5.0))),
        ("kubespray", PlanStatus::Aborted, Some(minutes(6.0))),
    ] {
        let (report, records) = with("pdb-zero", "preset: kubeadm", &format!("preset: {preset}"));
        assert_eq!(report.outcome.status, status, "{preset}: {:?}", report.outcome.reason);
        let drains = report.nodes.iter().flat_map(|n| &n.drains);
        let refused = drains.filter(|d| d.refusals > 0).map(|d| d.seconds);
        let longest = refused.fold(0.0, f64::max);
        if let Some(limit) = drain_ends {
            // The clock is looked at before an attempt only (D-14), and pods take their time to go.
            assert!((limit..limit + 15.0).contains(&longest), "{preset}: {longest}");
        } else {
            let never = times(&records, |f| matches!(f, Fact::NothingCanChange { until: None }));
            assert_eq!(never.len(), 1, "{preset}: {longest}");
        }
        let killed = matches!(preset, "eks-force" | "gke-surge" | "gardener" | "talos");
        assert_eq!(downtime(&report) > 0.0, killed, "{preset}");
    }
}

#[test]
fn s17_openshift_raises_an_alert_after_an_hour_and_goes_on_waiting() {
    let (report, records) = with("pdb-zero", "preset: kubeadm", "preset: openshift-mco");
    assert_eq!(report.outcome.status, PlanStatus::Blocked);
    let drained = times(&records, |f| matches!(f, Fact::DrainStarted { .. }));
    let alerts = times(&records, |f| matches!(f, Fact::DrainOverdue { .. }));
    assert_eq!(alerts.len(), 1);
    assert!(
        drained.iter().any(|start| (alerts[0] - start - 3600.0).abs() < 1.0),
        "{alerts:?}"
    );
    assert!(report.outcome.reason.unwrap().contains("an alert was raised"));
    assert!(drained.len() > 10, "it tries again and again: {}", drained.len());
}

#[test]
fn s17_aks_leaves_the_node_in_quarantine_and_an_extra_one_in_its_place() {
    let (report, records) = with("pdb-zero", "preset: kubeadm", "preset: aks-quarantine");
    assert_eq!(
        (
            results(&report, NodeResult::Quarantined),
            results(&report, NodeResult::Upgraded)
        ),
        (1, 2)
    );
    let (created, deleted) = (
        times(&records, |f| matches!(f, Fact::NodeCreated { .. })).len(),
        times(&records, |f| matches!(f, Fact::NodeDeleted { .. })).len(),
    );
    assert_eq!((created, deleted), (1, 0));
}

// The other scenarios.

#[test]
fn s26_a_quota_fails_waits_or_goes_without() {
    let (without, _) = ends("quota-wall");
    assert_eq!(without.outcome.status, PlanStatus::Completed);
    let (fails, _) = with("quota-wall", "onQuota: GoWithout", "onQuota: Abort");
    assert_eq!(fails.outcome.status, PlanStatus::Aborted);
    assert!(fails.outcome.reason.unwrap().contains("was refused"));
    let (room, _) = with(
        "quota-wall",
        "maxNodes: 22, onQuota: GoWithout",
        "maxNodes: 27, onQuota: Abort",
    );
    assert_eq!(room.outcome.status, PlanStatus::Completed);
    // Seven come at a time and two have room: the others come when old ones have gone.
    let (waits, records) = with("quota-wall", "onQuota: GoWithout", "onQuota: Retry");
    assert_eq!(waits.outcome.status, PlanStatus::Completed);
    assert!(!times(&records, |f| matches!(f, Fact::CreationRefused { .. })).is_empty());
    assert!(long(&waits) > long(&room));
    let (never, _) = with(
        "quota-wall",
        "maxNodes: 22, onQuota: GoWithout",
        "maxNodes: 20, onQuota: Retry",
    );
    assert_eq!(never.outcome.status, PlanStatus::Blocked);
}

/// S20: whoever cordons all old nodes before a new one is there shuts clients out for as long as that takes, though every pod
/// is up; a taint, new nodes first, or a service controller of 1.19 do not.
#[test]
fn s20_cordoned_nodes_leave_the_load_balancer() {
    let shut_out = |report: &Report| {
        assert_eq!(report.outcome.status, PlanStatus::Completed);
        assert_eq!(downtime(report), 0.0);
        report
            .workloads
            .iter()
            .map(seatrial::metrics::WorkloadReport::shut_out)
            .sum::<f64>()
    };
    let (report, _) = ends("cordon-blackout");
    let blackout = shut_out(&report);
    // Until the first new node, its place on the list, and a health check.
    assert!((300.0..325.0).contains(&blackout), "{blackout}");
    assert!(report.workloads[0].causes[0].why.contains("for they were cordoned"));
    for premark in ["PreferNoSchedule", "None"] {
        let (report, _) = with("cordon-blackout", "premark: Cordon", &format!("premark: {premark}"));
        assert_eq!(shut_out(&report), 0.0, "{premark}");
    }
    let (report, _) = with("cordon-blackout", "v1.18.20", "v1.19.16");
    assert_eq!(shut_out(&report), 0.0);
}

/// S21: kube-scheduler prefers nodes that have come back empty, so only pods of the first batch, which has none to go to, move
/// twice: 1 + batch / nodes. New nodes first: everybody moves once.
#[test]
fn s21_pods_of_the_first_batch_move_twice_unless_new_nodes_come_first() {
    let old = "mode: InPlace, maxUnavailable: 30%, premark: None";
    for (batch, share) in [(1, 0.1), (2, 0.2), (3, 0.3)] {
        let (report, _) = with("churn-law", old, &format!("mode: InPlace, maxUnavailable: {batch}"));
        let mean = moves(&report, "web");
        assert!((mean - 1.0 - share).abs() < 0.05, "{batch}: {mean}");
    }
    for fresh in [
        "mode: BlueGreen, maxUnavailable: 30%",
        "mode: Replace, maxSurge: 3, maxUnavailable: 0, premark: Cordon",
    ] {
        assert_eq!(moves(&with("churn-law", old, fresh).0, "web"), 1.0, "{fresh}");
    }
}

#[test]
fn s08_new_nodes_take_one_node_more_and_no_time_off() {
    for seed in 0..5 {
        let (_, records, report) = observe(&of(&text("new-nodes")), seed);
        assert_eq!(report.outcome.status, PlanStatus::Completed);
        assert_eq!((downtime(&report), moves(&report, "web")), (0.0, 1.0));
        let mut extra = 0_i32;
        for record in &records {
            match record.fact {
                Fact::NodeCreated { .. } => extra += 1,
                Fact::NodeDeleted { .. } => extra -= 1,
                _ => {}
            }
            assert!((0..=1).contains(&extra));
        }
    }
}

#[test]
fn a_canary_that_does_not_come_up_stops_the_others() {
    let (report, records) = ends("canary-stops");
    assert_eq!(report.outcome.status, PlanStatus::Aborted);
    assert!(report.outcome.reason.unwrap().contains("worker-1"));
    assert_eq!(starts(&records).len(), 1, "the others are not touched");
    let (fine, records) = with("canary-stops", "neverReady: 1", "neverReady: 0");
    assert_eq!(fine.outcome.status, PlanStatus::Completed);
    let starts = starts(&records);
    let ended = times(&records, |f| matches!(f, Fact::NodeUpgradeEnded { .. }));
    assert!(starts[1] - ended[0] >= 300.0, "the pool's pause: {starts:?} {ended:?}");
}

#[test]
fn s32_blue_green_can_be_regretted_until_the_old_nodes_go() {
    let (report, records) = ends("blue-green-regret");
    assert_eq!(report.outcome.status, PlanStatus::Aborted);
    assert!(report.outcome.reason.as_ref().unwrap().contains("rolled back"));
    assert_eq!(results(&report, NodeResult::Skipped), 10, "all old nodes are back");
    let count = |wanted: fn(&Fact) -> bool| times(&records, wanted).len();
    assert_eq!(count(|f| matches!(f, Fact::NodeCreated { .. })), 10);
    assert_eq!(
        count(|f| matches!(f, Fact::NodeDeleted { .. })),
        10,
        "all new ones are gone"
    );
    assert_eq!(downtime(&report), 0.0);
    // Too late: nobody asks any more when the old nodes are being deleted.
    let (late, records) = with("blue-green-regret", "rollbackAfter: 16m", "rollbackAfter: 3h");
    assert_eq!(late.outcome.status, PlanStatus::Completed);
    assert!(times(&records, |f| matches!(f, Fact::RollbackStarted)).is_empty());
    assert_eq!(results(&late, NodeResult::Replaced), 10);
    assert_eq!(moves(&late, "web"), 1.0);
    // Ten batches of one node, two minutes apart, and an hour before the old pool goes.
    assert!(long(&late) > 9.0 * 120.0 + 3600.0, "{}", long(&late));
}

#[test]
fn zones_go_one_after_another() {
    let model = of(&text("zone-by-zone"));
    let (_, records, report) = observe(&model, 0);
    assert_eq!((report.outcome.status, downtime(&report)), (PlanStatus::Completed, 0.0));
    let zones: Vec<_> = records
        .iter()
        .filter_map(|r| match r.fact {
            Fact::NodeUpgradeStarted { node } => Some(model.nodes[node].zone),
            _ => None,
        })
        .collect();
    let mut sorted = zones.clone();
    sorted.sort();
    assert_eq!(zones, sorted);
}

/// S29: a node is begun only while all its pods could go; a window cuts the night short; a limit on drains bounds it.
#[test]
fn s29_budgets_on_everything_make_a_night_short() {
    let (picky, records) = ends("drift-night");
    assert_eq!(picky.outcome.status, PlanStatus::Completed);
    for start in starts(&records) {
        assert!(start % 86_400.0 < 3600.0, "within the window: {start}");
    }
    let (bold, _) = with(
        "drift-night",
        "strategy: {window: {every: 24h, open: 1h}}",
        "strategy: {onlyEvictable: false}",
    );
    let (patient, _) = with(
        "drift-night",
        "strategy: {window: {every: 24h, open: 1h}}",
        "strategy: {}",
    );
    assert!(long(&patient) > 1.2 * long(&bold));
    assert!(patient.cluster.refusals < bold.cluster.refusals, "fewer refusals");
    assert!(long(&picky) > 86_400.0, "{}", long(&picky));
}

// One parameter each.

#[test]
fn ramps_and_first_nodes_alone() {
    let (_, records) = simple(12, "strategy: {ramp: [1, 4, 7]}");
    assert_eq!(together(&records), [1, 1, 2, 3, 4, 1, 2, 3, 4, 5, 6, 7]);
    let (_, records) = simple(6, "strategy: {maxUnavailable: 3, firstAlone: true}");
    assert_eq!(together(&records)[..4], [1, 1, 2, 3]);
    let (_, records) = simple(6, "strategy: {maxUnavailable: 5, maxAtOnce: 2}");
    assert_eq!(together(&records).into_iter().max(), Some(2));
    let (_, records) = simple(12, "strategy: {maxUnavailable: 20%, rounding: Down}");
    assert_eq!(together(&records).into_iter().max(), Some(2));
    let (_, records) = simple(4, "strategy: {maxUnavailable: 20%, rounding: Down}");
    assert_eq!(together(&records).into_iter().max(), Some(1));
}

#[test]
fn pauses_between_batches_after_drains_and_after_pools() {
    let (_, records) = simple(
        4,
        "strategy: {maxUnavailable: 2, barrier: true, batchSoak: 10m, poolSoak: 1h}",
    );
    let starts = starts(&records);
    let ended = times(&records, |f| matches!(f, Fact::NodeUpgradeEnded { .. }));
    assert!((starts[2] - ended[1] - 600.0).abs() < 0.1, "{starts:?} {ended:?}");
    let plan_ended = times(&records, |f| matches!(f, Fact::PlanEnded { .. }))[0];
    assert!((plan_ended - ended[3] - 3600.0).abs() < 0.1);
    let (_, records) = simple(2, "strategy: {postDrainDelay: 5m}");
    let drained = times(&records, |f| matches!(f, Fact::DrainEnded { .. }));
    let stopped = times(&records, |f| matches!(f, Fact::KubeletStopped { .. }));
    for (drained, stopped) in drained.iter().zip(&stopped) {
        assert!((stopped - drained - 300.0).abs() < 1.0, "{drained} {stopped}");
    }
}

#[test]
fn gates_are_looked_at_several_times_in_a_row() {
    let once = long(&simple(3, "strategy: {gateInterval: 15s}").0);
    let thrice = long(&simple(3, "strategy: {gateInterval: 15s, gateChecks: 3}").0);
    assert!((thrice - once - 3.0 * 30.0).abs() < 5.0, "{once} {thrice}");
}

#[test]
fn extra_nodes_come_first_and_go_last() {
    let (report, records) = simple(4, "strategy: {buffer: 2, maxUnavailable: 2, reboot: true}");
    assert_eq!(report.outcome.status, PlanStatus::Completed);
    let created = times(&records, |f| matches!(f, Fact::NodeCreated { .. }));
    let deleted = times(&records, |f| matches!(f, Fact::NodeDeleted { .. }));
    let ended = times(&records, |f| matches!(f, Fact::NodeUpgradeEnded { .. }));
    assert_eq!((created.len(), deleted.len()), (2, 2));
    assert!(created.iter().all(|&c| c <= starts(&records)[0]));
    assert!(deleted.iter().all(|&d| d > ended[3]));
}

#[test]
fn windows_let_work_begin_only_within() {
    let (_, records) = simple(5, "strategy: {window: {every: 1h, open: 1m, offset: 10m}}");
    for start in starts(&records) {
        assert!(start >= 600.0 && (start - 600.0) % 3600.0 < 60.0, "{start}");
    }
}

const STUCK: &str = "drain: {force: true, timeout: 1m, retryInterval: 5s, failureRetryInterval: 7s";

/// Five nodes, each with a pod that cannot go.
fn stuck(spec: &str) -> (Report, Vec<Record>) {
    let text = text("pdb-zero")
        .replace("replicas: 3, capacity", "replicas: 5, capacity")
        .replace("  replicas: 1\n", "  replicas: 5\n")
        .replace("minAvailable: 1", "maxUnavailable: 0")
        .replace(
            "  preset: kubeadm\n",
            &format!("  {spec}\n").replace(", drain:", "\n  drain:"),
        );
    let (_, records, report) = observe(&of(&text), 0);
    (report, records)
}

#[test]
fn a_failure_budget_ends_the_plan_when_it_is_spent() {
    let (all, _) = stuck(&format!("{STUCK}, onFailure: Quarantine}}"));
    assert_eq!(all.outcome.status, PlanStatus::CompletedWithSkips);
    assert_eq!(results(&all, NodeResult::Quarantined), 5);
    let (two, _) = stuck(&format!(
        "strategy: {{maxBlockedNodes: 2}}, {STUCK}, onFailure: Quarantine}}"
    ));
    assert_eq!(two.outcome.status, PlanStatus::Aborted);
    assert_eq!(results(&two, NodeResult::Quarantined), 3);
    let (skips, _) = stuck(&format!("strategy: {{maxBlockedNodes: 0}}, {STUCK}, onFailure: Skip}}"));
    assert_eq!(results(&skips, NodeResult::Skipped), 1);
}

#[test]
fn drains_are_tried_as_often_as_the_plan_says() {
    let (report, records) = stuck(&format!("{STUCK}, tries: 3, onFailure: Abort}}"));
    assert_eq!(report.outcome.status, PlanStatus::Aborted);
    let (starts, ends) = (
        times(&records, |f| matches!(f, Fact::DrainStarted { .. })),
        times(&records, |f| matches!(f, Fact::DrainEnded { .. })),
    );
    assert_eq!(starts.len(), 3);
    assert!((starts[1] - ends[0] - 7.0).abs() < 1.0);
}

#[test]
fn nodes_in_flight_are_finished_or_left_when_a_plan_gives_up() {
    // The first node's drain fails after a minute, the others are past their drains by then or not.
    let spec = |on_abort: &str| {
        format!("strategy: {{maxUnavailable: 3, postDrainDelay: 3m, onAbort: {on_abort}}}, {STUCK}, onFailure: Abort}}")
    };
    let text = |on_abort: &str| {
        text("pdb-zero").replace(
            "  preset: kubeadm\n",
            &format!("  {}\n", spec(on_abort)).replace(", drain:", "\n  drain:"),
        )
    };
    let finish = observe(&of(&text("Finish")), 0).2;
    let stop = observe(&of(&text("Stop")), 0).2;
    let of = |report: &Report| {
        (
            results(report, NodeResult::Upgraded),
            results(report, NodeResult::Quarantined),
        )
    };
    assert_eq!((of(&finish), of(&stop)), ((2, 0), (0, 2)));
}

#[test]
fn the_fewest_pods_go_first() {
    let (report, records) = simple(3, "strategy: {order: FewestPods}");
    assert_eq!(report.outcome.status, PlanStatus::Completed);
    let before = &report.cluster.placement_before["default/web"];
    let first = records.iter().find_map(|r| match r.fact {
        Fact::NodeUpgradeStarted { node } => Some(node.index()),
        _ => None,
    });
    let first = &report.nodes[first.unwrap()].name;
    assert_eq!(before.get(first), before.values().min(), "{before:?} {first}");
}
