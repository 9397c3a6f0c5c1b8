//! The oracles of the semantics (O-…): statements about Kubernetes with the values that constant timings give. Each test
//! names those it checks.
//!
//! Elsewhere: what kubeadm refuses, skew and several hops in `hops.rs` and beside the rules in `versions/`, roll-backs and
//! certificates in `rollback.rs`; O-52 is a property test, O-68 a unit test beside the scheduler, O-70 stands in
//! `scheduling.rs`, O-58, O-59 and O-62 in `controllers.rs`, O-75 in `kubelets.rs`, O-78 in `replace.rs`. `coverage.rs` says
//! which have no test, and why.

use seatrial::ids::Id;
use seatrial::model::Model;
use seatrial::trace::{DrainOutcome, Fact, LifecycleTaint, NotDrainable, Phase, PlanStatus, Record, StopReason};

use crate::writing::{
    EXACT, budget, cluster, deployment, drain, facts, faults, model, plan, pod_on, secs, times, web_replica_set,
};

/// Golden example A (semantics 16.3) to the second: with a budget, the second eviction is refused at 0 and 5 and
/// accepted at 10; the drain ends at the first poll at or after 14. O-41, O-57, P-1, D-9, D-10, W-1.
#[test]
fn golden_a_o41_o57_a_drain_under_a_budget() {
    let model = golden_a(&[&budget("web", "minAvailable: 2")]);
    let (report, records) = facts(&model, 0);
    let near = |found: Vec<f64>, expected: &[f64]| {
        assert_eq!(found.len(), expected.len(), "{found:?} for {expected:?}");
        assert!(
            found.iter().zip(expected).all(|(f, e)| (f - e).abs() < 0.02),
            "{found:?} for {expected:?}"
        );
    };
    near(
        times(&records, |f| matches!(f, Fact::EvictionAccepted { .. })),
        &[0.0, 10.0],
    );
    near(
        times(&records, |f| matches!(f, Fact::EvictionRefused { .. })),
        &[0.0, 5.0],
    );
    near(times(&records, |f| matches!(f, Fact::PodCreated { .. })), &[0.0, 10.0]);
    near(times(&records, |f| matches!(f, Fact::PodReady { .. })), &[8.0, 18.0]);
    near(times(&records, |f| matches!(f, Fact::PodRemoved { .. })), &[4.0, 14.0]);
    near(times(&records, |f| matches!(f, Fact::DrainEnded { .. })), &[14.0]);
    let web = &report.workloads[0];
    assert_eq!(web.endpoints.as_ref().unwrap().min_ready, 2);
    assert_eq!(report.cluster.refusals, 2);
}

/// The same without a budget: both go at 0, one replica is left until 8, the drain ends at 4 … 5 s.
#[test]
fn golden_a_without_a_budget() {
    let (report, records) = facts(&golden_a(&[]), 0);
    assert_eq!(times(&records, |f| matches!(f, Fact::EvictionAccepted { .. })).len(), 2);
    let web = report.workloads[0].endpoints.as_ref().unwrap();
    assert_eq!((web.min_ready, web.downtime_seconds), (1, 0.0));
    assert!((web.degraded_seconds - 8.0).abs() < 0.05);
    let ended = times(&records, |f| matches!(f, Fact::DrainEnded { .. }))[0];
    assert!((3.9..5.1).contains(&ended), "{ended}");
}

fn golden_a(more: &[&str]) -> Model {
    let (cluster, web, rs) = (cluster("v1.36.2", 1, 2), deployment("web", 3, ""), web_replica_set(3));
    let pods = [
        pod_on("a", "worker-1"),
        pod_on("b", "worker-1"),
        pod_on("c", "worker-2"),
    ];
    let drain = drain("worker-1", "");
    let mut parts = vec![EXACT, &cluster, &web, &rs, &pods[0], &pods[1], &pods[2], &drain];
    parts.extend(more);
    model(&parts)
}

/// O-71: two replicas on one node without a budget: down for the start-up time, 8 s (16.3).
#[test]
fn o71_two_replicas_on_one_node_are_down_for_their_start_up() {
    let (cluster, web, rs) = (cluster("v1.36.2", 1, 2), deployment("web", 2, ""), web_replica_set(2));
    let (a, b, drain) = (pod_on("a", "worker-1"), pod_on("b", "worker-1"), drain("worker-1", ""));
    let (report, _) = facts(&model(&[EXACT, &cluster, &web, &rs, &a, &b, &drain]), 0);
    let web = report.workloads[0].endpoints.as_ref().unwrap();
    assert!((web.downtime_seconds - 8.0).abs() < 0.05, "{}", web.downtime_seconds);
}

/// O-72, O-73, O-69, O-84: one by one over two workers is down without a budget and not with one; the last node ends
/// empty, as an uncordon moves nothing back.
#[test]
fn o69_o72_o73_o84_two_workers_and_two_replicas() {
    let (cluster, web, budget) = (
        cluster("v1.36.2", 1, 2),
        deployment("web", 2, ""),
        budget("web", "minAvailable: 1"),
    );
    let plan = plan("  controlPlane: {upgrade: false}\n");
    for seed in 0..10 {
        let (report, _) = facts(&model(&[EXACT, &cluster, &web, &plan]), seed);
        let down = report.workloads[0].endpoints.as_ref().unwrap().downtime_seconds;
        assert!((down - 8.0).abs() < 0.05, "{down}");
        assert!(!report.cluster.placement_after["default/web"].contains_key("worker-2"));
        let (report, _) = facts(&model(&[EXACT, &cluster, &web, &budget, &plan]), seed);
        assert_eq!(report.workloads[0].endpoints.as_ref().unwrap().downtime_seconds, 0.0);
    }
}

/// O-36, O-39, D-4, D-5, D-7, D-8: one objection and nothing is evicted, but the node stays cordoned. O-38: DaemonSet
/// pods are never evicted. O-40, W-29: a bare pod that is forced out never comes back.
#[test]
fn o36_o38_o39_o40_what_a_drain_objects_to() {
    let cluster = cluster("v1.20.2", 1, 2);
    let web = deployment("web", 4, ", volumes: [{name: tmp, emptyDir: {}}]");
    let daemon = "apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: agent, namespace: default}\nspec: {selector: {matchLabels: {app: agent}}, \
                  template: {metadata: {labels: {app: agent}}, spec: {containers: [{name: main, image: x}]}}}";
    let bare = "apiVersion: v1\nkind: Pod\nmetadata: {name: bare, namespace: default}\nspec: {nodeName: worker-1, containers: [{name: main, image: x}]}\n\
                status: {phase: Running, conditions: [{type: Ready, status: \"True\"}]}";
    let steps = plan(
        "  steps:\n  - drain: {node: worker-1, ignoreDaemonSets: false, deleteEmptyDirData: false, expect: Failure}\n  \
         - drain: {node: worker-1, force: true}\n",
    );
    let (report, records) = facts(&model(&[EXACT, &cluster, &web, daemon, bare, &steps]), 0);
    let objections: Vec<NotDrainable> = records
        .iter()
        .filter_map(|r| match r.fact {
            Fact::PodNotDrainable { reason, .. } => Some(reason),
            _ => None,
        })
        .collect();
    for reason in [
        NotDrainable::DaemonSet,
        NotDrainable::LocalStorage,
        NotDrainable::Unmanaged,
    ] {
        assert!(objections.contains(&reason), "{reason:?}");
    }
    let refused = records
        .iter()
        .position(|r| {
            matches!(
                r.fact,
                Fact::DrainEnded {
                    outcome: DrainOutcome::Refused,
                    ..
                }
            )
        })
        .unwrap();
    let evicted = |records: &[Record]| {
        records
            .iter()
            .filter(|r| matches!(r.fact, Fact::EvictionAccepted { .. }))
            .count()
    };
    assert_eq!(evicted(&records[..refused]), 0);
    assert!(
        records[..refused]
            .iter()
            .any(|r| matches!(r.fact, Fact::NodeCordoned { .. }))
    );
    let agents = report.workloads.iter().find(|w| w.name == "agent").unwrap();
    assert_eq!((agents.evictions, agents.pods_created), (0, 0));
    let bare = report.workloads.iter().find(|w| w.name == "bare").unwrap();
    assert_eq!((bare.evictions, bare.pods_created, bare.pods_lost), (1, 0, 1));
}

/// O-37: a cordon evicts nothing. O-35: while the controller manager is away it still keeps pods off (the scheduler reads
/// the spec), but the taint is missing until it is back.
#[test]
fn o35_o37_a_cordon_is_a_mark() {
    let (cluster, web) = (cluster("v1.36.2", 1, 2), deployment("web", 2, ""));
    let plan = plan("  startAt: 5s\n  steps: [{cordon: worker-1}, {sleep: 30s}]\n");
    let fault = faults(&["{at: 1s, componentDown: [kube-controller-manager], mode: Kill, for: 20s}"]);
    let (report, records) = facts(&model(&[EXACT, &cluster, &web, &plan, &fault]), 0);
    assert_eq!((report.cluster.evictions, report.cluster.pods_created), (0, 0));
    let cordoned = times(&records, |f| matches!(f, Fact::NodeCordoned { .. }))[0];
    let tainted = times(&records, |f| {
        matches!(
            f,
            Fact::NodeTainted {
                taint: LifecycleTaint::Unschedulable,
                ..
            }
        )
    })[0];
    assert!(cordoned < 6.0 && tainted > 21.0 + 15.0, "{cordoned} {tainted}");
}

/// O-41, O-42, D-5, D-14: refused every 5 s; with a time-out of 60 s the drain fails after 60 … 65 s and the node stays
/// cordoned, its pods untouched.
#[test]
fn o41_o42_a_blocked_drain_ends_at_its_time_out() {
    let (cluster, web, zero) = (
        cluster("v1.36.2", 1, 2),
        deployment("web", 2, ""),
        budget("web", "maxUnavailable: 0"),
    );
    let drain = drain("worker-1", ", timeout: 60s, expect: Failure");
    let (report, records) = facts(&model(&[EXACT, &cluster, &web, &zero, &drain]), 0);
    let refusals = times(&records, |f| matches!(f, Fact::EvictionRefused { .. }));
    assert!(
        refusals.windows(2).all(|w| (w[1] - w[0] - 5.0).abs() < 0.01),
        "{refusals:?}"
    );
    let ended = times(&records, |f| {
        matches!(
            f,
            Fact::DrainEnded {
                outcome: DrainOutcome::TimedOut,
                ..
            }
        )
    })[0];
    assert!((60.0..=65.1).contains(&ended), "{ended}");
    assert_eq!(
        (
            report.cluster.evictions,
            times(&records, |f| matches!(f, Fact::NodeUncordoned { .. })).len()
        ),
        (0, 0)
    );
}

/// O-45, D-12: an API that is away when kubectl asks fails that drain; nothing was evicted.
#[test]
fn o45_a_drain_does_not_survive_an_api_outage() {
    let (cluster, web) = (cluster("v1.36.2", 1, 2), deployment("web", 2, ""));
    let drain = plan("  startAt: 5s\n  steps: [{drain: {node: worker-1, expect: Failure}}]\n");
    let fault = faults(&["{at: 1s, componentDown: [kube-apiserver], mode: Kill, for: 20s}"]);
    let (report, records) = facts(&model(&[EXACT, &cluster, &web, &drain, &fault]), 0);
    assert_eq!(report.cluster.evictions, 0);
    assert_eq!(
        times(&records, |f| matches!(
            f,
            Fact::DrainEnded {
                outcome: DrainOutcome::Failed,
                ..
            }
        ))
        .len(),
        1
    );
}

/// O-46, D-6: a pod that the scheduler put on the node before the cordon and that is bound after the drain has listed its
/// pods is neither evicted nor waited for.
#[test]
fn o46_d6_a_pod_that_comes_after_the_list_stays() {
    let steps = plan("  steps: [{cordon: worker-2}, {sleep: 5s}, {drain: {node: worker-1}}]");
    let exact = EXACT.replace("binding: 0s", "binding: 10s");
    let parts = [
        &cluster("v1.36.0", 1, 2),
        &deployment("web", 2, ""),
        &steps,
        &faults(&["{at: 1s, podDelete: default/web}"]),
        exact.as_str(),
    ];
    let (report, records) = facts(&model(&parts), 0);
    let late = records
        .iter()
        .position(|r| matches!(r.fact, Fact::PodBound { .. }) && secs(r) > 0.0);
    let Fact::PodBound { pod: late, node } = records[late.unwrap()].fact else {
        unreachable!()
    };
    let bound = times(&records, |f| *f == Fact::PodBound { pod: late, node })[0];
    let ended = times(&records, |f| matches!(f, Fact::DrainEnded { .. }))[0];
    let evicted = times(&records, |f| matches!(f, Fact::EvictionAccepted { .. }));
    assert_eq!((node.index(), evicted.len()), (1, 1));
    assert!(evicted[0] < bound && ended < bound, "{evicted:?} {ended} {bound}");
    assert_eq!(report.nodes[1].drains[0].outcome, DrainOutcome::Completed);
    assert_eq!(report.cluster.placement_after["default/web"]["worker-1"], 1);
}

/// O-48, P-5: a pod that is bound and does not run yet is evicted although its budget allows nothing.
#[test]
fn o48_p5_pending_pods_are_evicted_under_any_budget() {
    for version in ["v1.20.2", "v1.36.0"] {
        let steps = plan("  steps: [{cordon: worker-2}, {sleep: 10s}, {drain: {node: worker-1}}]");
        let exact = EXACT.replace("podStartup: 8s", "podStartup: 60s");
        let parts = [
            &cluster(version, 1, 2),
            &deployment("web", 1, ""),
            &budget("web", "maxUnavailable: 0"),
            &steps,
            &faults(&["{at: 1s, podDelete: default/web}"]),
            exact.as_str(),
        ];
        let (_, records) = facts(&model(&parts), 0);
        let evicted = times(&records, |f| matches!(f, Fact::EvictionAccepted { .. }));
        assert_eq!(evicted.len(), 1, "{version}");
        assert!(evicted[0] < 10.1, "{evicted:?}");
        assert!(times(&records, |f| matches!(f, Fact::EvictionRefused { .. })).is_empty());
    }
}

/// O-56, P-7: a pod without a node has nobody to wait for: whoever deletes it, its object goes at once, whatever its grace
/// period. (A drain lists the pods of a node, so it is somebody else who does.)
#[test]
fn o56_p7_unscheduled_pods_go_at_once() {
    let (pod, fault) = (", nodeSelector: {disk: none}", "{at: 5s, podDelete: default/web}");
    let parts = [
        &cluster("v1.36.0", 1, 1),
        &deployment("web", 1, pod),
        &faults(&[fault]),
        EXACT,
    ];
    let (_, records) = facts(&model(&parts), 0);
    let deleted = times(&records, |f| matches!(f, Fact::PodDeleted { .. }));
    assert_eq!(deleted.len(), 1);
    assert_eq!(deleted, times(&records, |f| matches!(f, Fact::PodRemoved { .. })));
    assert_eq!(deleted, times(&records, |f| matches!(f, Fact::PodCreated { .. })));
}

/// O-43, D-4: one command cordons all its nodes before it evicts anything, drains them one after another, and ends with
/// the first that fails, or since 1.23 goes on and fails in the end.
#[test]
fn o43_d4_one_command_drains_several_nodes() {
    let nodes = "nodes: [worker-2, worker-1, worker-3]";
    let run = |version: &str, limit: &str, more: &str| {
        let step = format!("  steps: [{{drain: {{{nodes}{more}}}}}]");
        let parts = [
            &cluster(version, 1, 4),
            &deployment("web", 8, ""),
            &budget("web", limit),
            &plan(&step),
            EXACT,
        ];
        facts(&model(&parts), 0)
    };
    let order = |records: &[Record]| -> Vec<usize> {
        let drained = records.iter().filter_map(|r| match r.fact {
            Fact::DrainStarted { node, .. } => Some(node.index()),
            _ => None,
        });
        drained.collect()
    };
    for version in ["v1.20.2", "v1.36.0"] {
        let (report, records) = run(version, "maxUnavailable: 100%", "");
        assert_eq!(report.outcome.status, PlanStatus::Completed);
        let cordons = times(&records, |f| matches!(f, Fact::NodeCordoned { .. }));
        let evictions = times(&records, |f| matches!(f, Fact::EvictionAccepted { .. }));
        assert_eq!(cordons.len(), 3);
        assert!(
            evictions.iter().all(|e| cordons.iter().all(|c| c <= e)),
            "{evictions:?}"
        );
        let (started, ended) = (
            times(&records, |f| matches!(f, Fact::DrainStarted { .. })),
            times(&records, |f| matches!(f, Fact::DrainEnded { .. })),
        );
        assert_eq!(started[1..], ended[..2]);
        assert_eq!(order(&records), [2, 1, 3]);
    }
    // Nobody may be evicted, and each node has its own ten seconds.
    for (version, tried) in [("v1.20.2", 1), ("v1.22.0", 1), ("v1.23.0", 3), ("v1.36.0", 3)] {
        let (report, records) = run(version, "maxUnavailable: 0", ", timeout: 10s");
        assert_eq!(report.outcome.status, PlanStatus::Aborted);
        assert_eq!(order(&records).len(), tried, "{version}");
        assert_eq!(times(&records, |f| matches!(f, Fact::NodeCordoned { .. })).len(), 3);
    }
}

/// O-44, D-13: the API goes away while kubectl waits for a pod to go: 1.20 takes it for gone, later ones fail.
#[test]
fn o44_an_error_while_waiting_means_gone_to_kubectl_1_20() {
    for (version, outcome) in [("v1.20.2", DrainOutcome::Completed), ("v1.36.2", DrainOutcome::Failed)] {
        let (cluster, web) = (cluster(version, 1, 2), deployment("web", 2, ""));
        let expect = if outcome == DrainOutcome::Completed {
            "Success"
        } else {
            "Failure"
        };
        let drain = drain("worker-1", &format!(", expect: {expect}"));
        let fault = faults(&["{at: 1500ms, componentDown: [kube-apiserver], mode: Kill, for: 20s}"]);
        let (_, records) = facts(&model(&[EXACT, &cluster, &web, &drain, &fault]), 0);
        let ended = records.iter().find_map(|r| match r.fact {
            Fact::DrainEnded { outcome, .. } => Some(outcome),
            _ => None,
        });
        assert_eq!(ended, Some(outcome), "{version}");
    }
}

/// O-47: two budgets for one pod fail the eviction at once. O-51: how percentages round (P-9).
#[test]
fn o47_o51_budgets() {
    let (cluster, web, drain) = (
        cluster("v1.36.2", 1, 2),
        deployment("web", 2, ""),
        drain("worker-1", ", expect: Failure"),
    );
    let one = budget("web", "maxUnavailable: 1");
    let two = one.replacen("name: web", "name: other", 1);
    let (report, records) = facts(&model(&[EXACT, &cluster, &web, &one, &two, &drain]), 0);
    assert_eq!((report.cluster.evictions, report.cluster.refusals), (0, 0));
    assert_eq!(times(&records, |f| matches!(f, Fact::EvictionFailed { .. })).len(), 1);
    for (limit, at_once) in [("maxUnavailable: 25%", 3), ("minAvailable: 75%", 2)] {
        let budget = budget("web", limit);
        let (report, records) = facts(&ten_on_one_node(&budget), 0);
        let accepted = times(&records, |f| matches!(f, Fact::EvictionAccepted { .. }));
        assert_eq!(accepted.iter().filter(|&&t| t < 4.0).count(), at_once, "{limit}");
        assert_eq!(report.cluster.evictions, 10);
    }
}

/// Ten replicas on worker-1, which is drained.
fn ten_on_one_node(budget: &str) -> Model {
    let (cluster, web, rs) = (cluster("v1.36.2", 1, 2), deployment("web", 10, ""), web_replica_set(10));
    let pods: Vec<String> = (0..10).map(|n| pod_on(&format!("p{n}"), "worker-1")).collect();
    let drain = drain("worker-1", "");
    let mut parts = vec![EXACT, &cluster, &web, &rs, &drain, budget];
    parts.extend(pods.iter().map(String::as_str));
    model(&parts)
}

/// O-53, P-14: while the controller manager is away, no more evictions succeed than the budget allowed when it stopped.
#[test]
fn o53_without_the_controller_manager_a_budget_only_counts_down() {
    let web = budget("web", "maxUnavailable: 25%");
    let mut model = ten_on_one_node(&web);
    let fault = faults(&["{at: 0s, componentDown: [kube-controller-manager], mode: Kill, for: 5m}"]);
    let scenario = fault_only(&fault);
    model.faults = scenario.faults;
    if let Some(plan) = &mut model.plan {
        plan.start_at = seatrial::units::Span::from_secs(1);
    }
    let (_, records) = facts(&model, 0);
    let early = times(&records, |f| matches!(f, Fact::EvictionAccepted { .. }))
        .iter()
        .filter(|&&t| t < 300.0)
        .count();
    assert_eq!(early, 3);
}

fn fault_only(fault: &str) -> Model {
    let cluster = cluster("v1.36.2", 1, 2);
    model(&[&cluster, fault])
}

/// O-83: every node at once: without a budget nothing is left, with one the drains wait for each other for ever.
#[test]
fn o83_all_nodes_at_once() {
    let (cluster, web) = (cluster("v1.36.2", 1, 2), deployment("web", 2, ""));
    let plan_text = plan(
        "  controlPlane: {upgrade: false}\n  pools: [{name: all, strategy: {maxUnavailable: 100%, lockstep: true}}]\n",
    );
    let (report, _) = facts(&model(&[EXACT, &cluster, &web, &plan_text]), 0);
    assert_eq!(report.workloads[0].endpoints.as_ref().unwrap().min_ready, 0);
    let zero = budget("web", "minAvailable: 2");
    let (report, _) = facts(&model(&[EXACT, &cluster, &web, &zero, &plan_text]), 0);
    let status = serde_json::to_value(&report.outcome).unwrap();
    assert_eq!(status["status"], "Blocked");
}

/// O-22, O-24, O-31, C-1, N-3: ten minutes without a control plane: nothing is created, bound or evicted meanwhile, no
/// node is given up, and what was deleted before comes back only afterwards.
#[test]
fn o22_o24_o31_ten_minutes_without_a_control_plane() {
    let (cluster, web) = (cluster("v1.36.2", 1, 3), deployment("web", 3, ""));
    let fault = faults(&[
        "{at: 1s, componentDown: [kube-controller-manager], mode: Kill, for: 10m}",
        "{at: 2s, podDelete: default/web}",
        "{at: 10s, componentDown: [etcd, kube-apiserver, kube-scheduler], mode: Kill, for: 591s}",
    ]);
    let (report, records) = facts(&model(&[EXACT, &cluster, &web, &fault]), 0);
    let api_back = times(&records, |f| *f == Fact::ApiAvailable)[0];
    assert!(
        times(&records, |f| matches!(
            f,
            Fact::PodCreated { .. } | Fact::PodBound { .. }
        ))
        .iter()
        .all(|&t| t > api_back + 15.0)
    );
    assert!(
        times(&records, |f| matches!(
            f,
            Fact::NodeNotReady { .. } | Fact::EvictionAccepted { .. }
        ))
        .is_empty()
    );
    assert_eq!(report.cluster.pods_created, 1);
    let outage = &report.control_plane.outages[0];
    assert_eq!(
        (outage.pods_lost, outage.recreated_during, outage.recreated_after),
        (1, 0, 1)
    );
}

/// O-23, L-14: a container that keeps crashing while the API is away is restarted after 0, 10, 20 … s and what its pod
/// worker adds.
#[test]
fn o23_crashed_containers_are_restarted_without_the_api() {
    let (cluster, web) = (cluster("v1.36.2", 1, 1), deployment("web", 1, ""));
    let fault = faults(&[
        "{at: 1s, componentDown: [kube-apiserver], mode: Kill, for: 5m}",
        "{at: 10s, containerCrash: default/web}",
        "{at: 30s, containerCrash: default/web}",
        "{at: 80s, containerCrash: default/web}",
    ]);
    let (_, records) = facts(&model(&[EXACT, &cluster, &web, &fault]), 0);
    let crashes = times(&records, |f| {
        matches!(
            f,
            Fact::ContainersStopped {
                why: StopReason::Crashed,
                ..
            }
        )
    });
    let starts = times(&records, |f| matches!(f, Fact::ContainersStarted { .. }));
    assert_eq!((crashes.len(), starts.len()), (3, 3));
    for (n, (crash, start)) in crashes.iter().zip(&starts).enumerate() {
        let (low, high) = [(0.0, 2.0), (10.0, 24.0), (20.0, 34.0)][n];
        assert!((low..=high).contains(&(start - crash)), "{n}: {}", start - crash);
    }
}

/// O-25, C-3: a kubelet that was restarted without the API does not restart what crashes, until it has listed its pods.
#[test]
fn o25_a_kubelet_restarted_without_the_api_knows_no_pods() {
    let (cluster, web) = (cluster("v1.36.2", 1, 1), deployment("web", 1, ""));
    let plan = plan("  startAt: 5s\n  steps: [{upgradeNode: {node: worker-1}}]\n");
    let fault = faults(&[
        "{at: 1s, componentDown: [kube-apiserver], mode: Kill, for: 100s}",
        "{at: 30s, containerCrash: default/web}",
    ]);
    let (_, records) = facts(&model(&[EXACT, &cluster, &web, &plan, &fault]), 0);
    let back = times(&records, |f| *f == Fact::ApiAvailable)[0];
    let restarted = times(&records, |f| matches!(f, Fact::ContainersStarted { .. }))[0];
    assert!(restarted > back && restarted < back + 45.0, "{restarted} after {back}");
}

/// O-28, O-82, C-6: leaders survive 5 s without the API; 20 s kill both processes once.
#[test]
fn o28_o82_short_outages_change_no_leader() {
    for (seconds, exits) in [(5, 0), (20, 2)] {
        let (cluster, web) = (cluster("v1.36.2", 1, 1), deployment("web", 1, ""));
        let start = "apiVersion: seatrial.dev/v1alpha1\nkind: Timings\nspec: {controlPlane: {apiserverStart: 0s}}";
        let fault = faults(&[&format!(
            "{{at: 1s, componentDown: [kube-apiserver], mode: Kill, for: {seconds}s}}"
        )]);
        for seed in 0..10 {
            let (_, records) = facts(&model(&[EXACT, start, &cluster, &web, &fault]), seed);
            let lost = times(&records, |f| {
                matches!(
                    f,
                    Fact::ComponentStopped {
                        why: StopReason::LostLease,
                        ..
                    }
                )
            });
            assert_eq!(lost.len(), exits, "{seconds} s");
            let elected = times(&records, |f| matches!(f, Fact::LeaderElected { .. }));
            assert_eq!(elected.len(), exits, "{seconds} s");
            assert!(lost.iter().all(|t| (11.0..=13.1).contains(t)), "{lost:?}");
            // The scheduler waits for its informers first, so only the controller manager is within 15 … 24 s.
            assert!(elected.iter().all(|t| *t >= 21.0 + 15.0), "{elected:?}");
        }
    }
}

/// O-29, O-30, C-7: a restarted controller manager waits for a whole lease although it is alone; a scheduler of 1.22 or
/// later released it.
#[test]
fn o29_o30_a_restarted_leader_waits_for_its_own_lease() {
    for (version, scheduler) in [("v1.20.2", 15.0..=24.0), ("v1.36.2", 0.0..=5.0)] {
        let (cluster, web) = (cluster(version, 1, 1), deployment("web", 1, ""));
        let fault =
            faults(&["{at: 1s, componentDown: [kube-controller-manager, kube-scheduler], mode: Terminate, for: 1s}"]);
        for seed in 0..10 {
            let (report, _) = facts(&model(&[EXACT, &cluster, &web, &fault]), seed);
            let away = report.control_plane.controller_manager_leaderless_seconds;
            assert!((16.0..=24.0).contains(&away), "{away}");
            let away = report.control_plane.scheduler_leaderless_seconds;
            assert!(scheduler.contains(&away), "{version}: {away}");
        }
    }
}

/// O-32, N-2, L-16: a kubelet away for 30 s is not noticed; away for 60 s its pods leave the endpoints, and nothing is
/// evicted.
#[test]
fn o32_a_kubelet_may_be_away_for_the_grace_period() {
    for (seconds, noticed) in [(25, 0), (70, 1)] {
        let (cluster, web) = (cluster("v1.20.2", 1, 2), deployment("web", 2, ""));
        let upgrade = format!("apiVersion: seatrial.dev/v1alpha1\nkind: Timings\nspec: {{nodeUpgrade: {seconds}s}}");
        let plan = plan("  steps: [{upgradeNode: {node: worker-1}}, {sleep: 30s}]\n");
        let (report, records) = facts(&model(&[EXACT, &upgrade, &cluster, &web, &plan]), 0);
        let unready = times(&records, |f| matches!(f, Fact::NodeNotReady { .. }));
        assert_eq!(unready.len(), noticed, "{seconds}");
        assert!(unready.iter().all(|t| (30.0..=50.0).contains(t)), "{unready:?}");
        assert_eq!((report.cluster.evictions, report.cluster.pods_created), (0, 0));
        let down = report.workloads[0].endpoints.as_ref().unwrap().degraded_seconds;
        assert_eq!(down > 0.0, noticed == 1, "{down}");
    }
}

/// O-33, N-7: the pods of a dead node are replaced 335 … 355 s after its death.
#[test]
fn o33_a_dead_node_is_replaced_after_grace_and_toleration() {
    for (version, range) in [("v1.20.2", 330.0..=355.0), ("v1.36.2", 335.0..=360.0)] {
        let (cluster, web) = (cluster(version, 1, 3), deployment("web", 2, ""));
        let fault = faults(&["{at: 10s, nodeCrash: {hosting: default/web}}"]);
        for seed in 0..10 {
            let (_, records) = facts(&model(&[EXACT, &cluster, &web, &fault]), seed);
            let created = times(&records, |f| matches!(f, Fact::PodCreated { .. }));
            assert!(!created.is_empty());
            assert!(
                created.iter().all(|t| range.contains(&(t - 10.0))),
                "{version}: {created:?}"
            );
        }
    }
}

/// O-34, N-8: of ten nodes that die in a hundred, one is tainted every 10 s; of 30 in a zone of 50, none is.
#[test]
fn o34_evictions_from_dead_nodes_are_rationed() {
    let crashes = |n: u32| -> Vec<String> { (1..=n).map(|i| format!("{{at: 1s, nodeCrash: worker-{i}}}")).collect() };
    let tainted = |workers: u32, dead: u32| {
        let cluster = cluster("v1.36.2", 0, workers);
        let events = crashes(dead);
        let fault = faults(&events.iter().map(String::as_str).collect::<Vec<_>>());
        let (_, records) = facts(&model(&[EXACT, &cluster, &fault]), 0);
        times(&records, |f| {
            matches!(
                f,
                Fact::NodeTainted {
                    taint: LifecycleTaint::UnreachableNoExecute,
                    ..
                }
            )
        })
    };
    let ten = tainted(100, 10);
    assert_eq!(ten.len(), 10);
    assert!(ten.windows(2).all(|w| w[1] - w[0] >= 9.99), "{ten:?}");
    // The first one or two of a zone go before it counts as disrupted.
    assert!(tainted(50, 30).len() <= 2);
    assert!(tainted(10, 10).len() < 10);
}

/// O-26, E-3, K-18: three control-plane nodes one by one: the API is away only while etcd elects a leader. O-27: two of
/// three members are a quorum lost.
#[test]
fn o26_o27_e1_e2_e3_quorum() {
    let (cluster, web) = (cluster("v1.35.4", 3, 2), deployment("web", 2, ""));
    let upgrade = plan("  targetVersion: v1.36.2\n");
    let (report, records) = facts(&model(&[EXACT, &cluster, &web, &upgrade]), 0);
    assert!(times(&records, |f| *f == Fact::QuorumLost).is_empty());
    let gone = times(&records, |f| *f == Fact::ApiUnavailable);
    let back = times(&records, |f| *f == Fact::ApiAvailable);
    assert!(gone.iter().zip(&back).all(|(a, b)| b - a <= 2.0), "{gone:?} {back:?}");
    assert_eq!(report.control_plane.etcd_no_quorum_seconds, 0.0);
    let two = faults(&[
        "{at: 1s, componentDown: [etcd], node: cp-1, mode: Kill, for: 20s}",
        "{at: 1s, componentDown: [etcd], node: cp-2, mode: Kill, for: 20s}",
    ]);
    let (report, _) = facts(&model(&[EXACT, &cluster, &web, &two]), 0);
    assert!((20.0..25.0).contains(&report.control_plane.etcd_no_quorum_seconds));
}

/// O-81, K-19: the API server on the leader's node is away for longer than a leader can wait: another node leads, and
/// the API as a whole was never away.
#[test]
fn o81_a_leader_depends_on_its_own_api_server() {
    let (cluster, web) = (cluster("v1.36.2", 3, 2), deployment("web", 2, ""));
    let fault = faults(&["{at: 1s, componentDown: [kube-apiserver], node: cp-1, mode: Kill, for: 60s}"]);
    let (report, records) = facts(&model(&[EXACT, &cluster, &web, &fault]), 0);
    assert_eq!(report.control_plane.api_down_seconds, 0.0);
    let elected = times(&records, |f| matches!(f, Fact::LeaderElected { .. }));
    assert_eq!(elected.len(), 2);
    let away = report.control_plane.controller_manager_leaderless_seconds;
    assert!((0.5..=13.0).contains(&away), "{away}");
}

/// O-9, O-15, O-16: one component of a node at a time, in order; kubelets keep their version until they are upgraded.
#[test]
fn o9_o16_kubeadm_swaps_one_component_at_a_time() {
    let (cluster, web) = (cluster("v1.35.4", 1, 1), deployment("web", 1, ""));
    let apply = plan("  targetVersion: v1.36.2\n  steps: [{upgradeControlPlane: cp-1}]\n");
    let (report, records) = facts(&model(&[EXACT, &cluster, &web, &apply]), 0);
    let started = records
        .iter()
        .filter(|r| matches!(r.fact, Fact::PhaseStarted { .. }))
        .count();
    let mut open = 0;
    for record in &records {
        open += i32::from(matches!(record.fact, Fact::PhaseStarted { .. }));
        open -= i32::from(matches!(record.fact, Fact::PhaseEnded { .. }));
        assert!((0..=1).contains(&open));
    }
    assert_eq!(started, 9);
    assert!(report.nodes.iter().all(|n| n.to_version == "v1.35.4"), "O-16");
}

/// O-11, O-12, X-2, X-3: certificates are renewed with the component that is swapped, and only if they are to be.
#[test]
fn o11_o12_certificates_follow_their_component() {
    let renewed = |from: &str, to: &str, more: &str| {
        let (cluster, web) = (cluster(from, 1, 1), deployment("web", 1, ""));
        let plan = plan(&format!(
            "  targetVersion: {to}\n  controlPlane: {{drain: false{more}}}\n"
        ));
        let (_, records) = facts(&model(&[EXACT, &cluster, &web, &plan]), 0);
        times(&records, |f| matches!(f, Fact::CertificatesRenewed { .. })).len()
    };
    assert_eq!(renewed("v1.20.2", "v1.21.0", ""), 3);
    assert_eq!(renewed("v1.35.4", "v1.36.2", ""), 4);
    assert_eq!(renewed("v1.35.4", "v1.36.2", ", certificateRenewal: false"), 0);
}

/// O-60, W-9: a Deployment's strategy has no say in a drain. O-63, W-2: creates in batches of 1, 2, 4.
#[test]
fn o60_o63_replica_sets() {
    let (cluster, web, drain) = (
        cluster("v1.36.2", 1, 2),
        deployment("web", 2, ""),
        drain("worker-1", ""),
    );
    let recreate = web.replacen("replicas: 2", "replicas: 2\n  strategy: {type: Recreate}", 1);
    let plain = facts(&model(&[EXACT, &cluster, &web, &drain]), 3).1;
    let other = facts(&model(&[EXACT, &cluster, &recreate, &drain]), 3).1;
    assert_eq!(plain, other);
    let calls = "apiVersion: seatrial.dev/v1alpha1\nkind: Timings\nspec: {apiCall: 100ms}";
    let seven = recreate.replacen("replicas: 2", "replicas: 7", 1);
    let fault = faults(&["{at: 1s, rollout: default/web}"]);
    let (_, records) = facts(&model(&[EXACT, calls, &cluster, &seven, &fault]), 0);
    let created = times(&records, |f| matches!(f, Fact::PodCreated { .. }));
    let batches: Vec<usize> = created.chunk_by(|a, b| b - a < 0.05).map(<[f64]>::len).collect();
    assert_eq!(batches, [1, 2, 4], "{created:?}");
}

/// O-64, S-15: nothing is bound to a node that was cordoned when the scheduler looked. O-66, S-8: an uncordon wakes what
/// waits.
#[test]
fn o64_o66_pending_pods_wait_for_an_uncordon() {
    for version in ["v1.20.2", "v1.36.2"] {
        let (cluster, web) = (cluster(version, 1, 1), deployment("web", 3, ""));
        let plan = plan("  controlPlane: {upgrade: false}\n");
        let (_, records) = facts(&model(&[EXACT, &cluster, &web, &plan]), 0);
        let uncordoned = times(&records, |f| matches!(f, Fact::NodeUncordoned { .. }))[0];
        let bound = times(&records, |f| matches!(f, Fact::PodBound { .. }));
        assert_eq!(bound.len(), 3);
        let longest = if version == "v1.20.2" { 11.1 } else { 0.2 };
        assert!(
            bound.iter().all(|t| (uncordoned..uncordoned + longest).contains(t)),
            "{version}: {bound:?} after {uncordoned}"
        );
    }
}

/// O-65, S-9: what fits only once the old pod is gone waits for its object to go.
#[test]
fn o65_terminating_pods_still_take_room() {
    let cluster = "apiVersion: seatrial.dev/v1alpha1\nkind: Cluster\nspec: {version: v1.36.2, controlPlane: {replicas: 1}, \
                   nodePools: [{name: worker, replicas: 1, capacity: {cpu: 150m, memory: 1Gi, pods: \"10\"}}]}";
    let (web, fault) = (deployment("web", 1, ""), faults(&["{at: 10s, podDelete: default/web}"]));
    let (_, records) = facts(&model(&[EXACT, cluster, &web, &fault]), 0);
    let removed = times(&records, |f| matches!(f, Fact::PodRemoved { .. }))[0];
    let bound = times(&records, |f| matches!(f, Fact::PodBound { .. }))[0];
    assert!(bound >= removed && bound < removed + 2.0, "{bound} {removed}");
}

/// O-76, M-3: when the only replica goes, requests are still answered by the terminating one since 1.26, until it exits;
/// before, they are rejected at once. O-74: the outage in the API lasts for the start-up.
#[test]
fn o74_o76_a_single_replica() {
    for (version, client) in [("v1.20.2", 8.0), ("v1.36.2", 5.0)] {
        let (cluster, web, drain) = (
            cluster(version, 1, 2),
            deployment("web", 1, ""),
            plan("  controlPlane: {upgrade: false}\n"),
        );
        let (report, _) = facts(&model(&[EXACT, &cluster, &web, &drain]), 0);
        let web = &report.workloads[0];
        let times = f64::from(u32::try_from(web.evictions).unwrap());
        assert!((web.endpoints.as_ref().unwrap().downtime_seconds - 8.0 * times).abs() < 0.1);
        let hard = web.client.as_ref().unwrap().hard_downtime_seconds;
        // Until its object is gone, a second later, the route of a terminating pod leads nowhere.
        assert!((hard - client * times).abs() < 1.1 * times, "{version}: {hard}");
    }
}

/// O-77, L-18: a kubelet restart without a drain restarts no container; with a readiness probe its pod is unready for a
/// moment until 1.34.
#[test]
fn o77_readiness_after_a_kubelet_restart() {
    for (version, flaps) in [("v1.20.2", true), ("v1.36.2", false)] {
        let web = deployment("web", 1, "").replace(
            "image: x,",
            "image: x, readinessProbe: {httpGet: {port: 80}, periodSeconds: 10},",
        );
        let (cluster, plan) = (
            cluster(version, 1, 1),
            plan("  steps: [{upgradeNode: {node: worker-1}}, {sleep: 40s}]\n"),
        );
        let (_, records) = facts(&model(&[EXACT, &cluster, &web, &plan]), 0);
        assert!(
            times(&records, |f| matches!(
                f,
                Fact::ContainersStopped { .. } | Fact::ContainersStarted { .. }
            ))
            .is_empty()
        );
        assert_eq!(
            !times(&records, |f| matches!(f, Fact::PodUnready { .. })).is_empty(),
            flaps,
            "{version}"
        );
    }
}

/// O-80: the same seed gives the same facts; another one others.
#[test]
fn o80_the_same_seed_gives_the_same_facts() {
    let (cluster, web, budget) = (
        cluster("v1.36.2", 1, 4),
        deployment("web", 9, ""),
        budget("web", "maxUnavailable: 2"),
    );
    let plan = plan("  controlPlane: {upgrade: false}\n");
    let model = model(&[&cluster, &web, &budget, &plan]);
    assert_eq!(facts(&model, 1).1, facts(&model, 1).1);
    assert_ne!(facts(&model, 1).1, facts(&model, 2).1);
}

/// O-13, K-16: add-ons follow the first control-plane node up to 1.27 and the last one since 1.28.
#[test]
fn o13_when_add_ons_are_upgraded() {
    let proxy = "apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: kube-proxy, namespace: kube-system}\nspec: {selector: {matchLabels: {app: p}}, \
                 template: {metadata: {labels: {app: p}}, spec: {tolerations: [{operator: Exists}], containers: [{name: main, image: x}]}}}";
    for (from, to, nodes) in [("v1.20.2", "v1.21.0", 1), ("v1.35.4", "v1.36.2", 3)] {
        let (cluster, plan) = (cluster(from, 3, 1), plan(&format!("  targetVersion: {to}\n")));
        let (_, records) = facts(&model(&[EXACT, &cluster, proxy, &plan]), 0);
        let rollout = records
            .iter()
            .position(|r| matches!(r.fact, Fact::RolloutStarted { .. }))
            .unwrap();
        let begun = records[..rollout]
            .iter()
            .filter(|r| matches!(r.fact, Fact::NodeUpgradeStarted { .. }))
            .count();
        assert_eq!(begun, nodes, "{from}");
        assert!(
            records.iter().any(|r| matches!(r.fact, Fact::RolloutEnded { .. })),
            "W-24"
        );
    }
}

/// O-19: a control-plane node that is not Ready: kubeadm refuses, and nothing has changed.
#[test]
fn o19_kubeadm_wants_every_control_plane_node_ready() {
    let (cluster, web) = (cluster("v1.35.4", 3, 2), deployment("web", 2, ""));
    let plan = plan("  targetVersion: v1.36.2\n  startAt: 100s\n");
    let fault = faults(&["{at: 1s, nodeCrash: cp-2}"]);
    let (report, records) = facts(&model(&[EXACT, &cluster, &web, &plan, &fault]), 0);
    assert_eq!(serde_json::to_value(&report.outcome).unwrap()["status"], "Refused");
    assert!(report.outcome.reason.unwrap().contains("ControlPlaneNodesReady"));
    assert!(
        times(&records, |f| matches!(
            f,
            Fact::ComponentStopping { .. } | Fact::NodeCordoned { .. }
        ))
        .is_empty()
    );
}

/// O-49, O-50, P-1.4, P-3, P-4, P-5: what may happen to a pod that runs but is not ready.
#[test]
fn o49_o50_unready_pods() {
    let evicted = |version: &str, limit: &str, broken: &str, more: &str| {
        let (cluster, web, rs) = (cluster(version, 1, 2), deployment("web", 3, ""), web_replica_set(3));
        let pods: Vec<String> = (0..3).map(|n| pod_on(&format!("p{n}"), "worker-1")).collect();
        let broken = format!(
            "apiVersion: seatrial.dev/v1alpha1\nkind: Timings\nspec: {{workloads: [{{kind: Deployment, namespace: default, name: web, neverReady: {broken}}}]}}"
        );
        let budget = budget("web", &format!("{limit}{more}"));
        let drain = drain("worker-1", ", timeout: 4s, expect: Any");
        let (report, _) = facts(
            &model(&[
                EXACT, &broken, &cluster, &web, &rs, &pods[0], &pods[1], &pods[2], &budget, &drain,
            ]),
            0,
        );
        report.cluster.evictions
    };
    // Two of three are healthy and two are wanted: the broken one may go, and only that one.
    assert_eq!(evicted("v1.36.2", "minAvailable: 2", "1", ""), 1);
    assert_eq!(evicted("v1.20.2", "minAvailable: 2", "1", ""), 1);
    assert_eq!(evicted("v1.36.2", "minAvailable: 3", "1", ""), 0);
    assert_eq!(
        evicted(
            "v1.36.2",
            "minAvailable: 3",
            "1",
            ", unhealthyPodEvictionPolicy: AlwaysAllow"
        ),
        1
    );
    assert_eq!(
        evicted(
            "v1.20.2",
            "minAvailable: 3",
            "1",
            ", unhealthyPodEvictionPolicy: AlwaysAllow"
        ),
        0
    );
    assert_eq!(evicted("v1.36.2", "maxUnavailable: 100%", "All", ""), 0);
}

/// O-54, D-16, P-15: deleting asks no budget.
#[test]
fn o54_deletes_ask_no_budget() {
    let (cluster, web, zero) = (
        cluster("v1.36.2", 1, 2),
        deployment("web", 2, ""),
        budget("web", "maxUnavailable: 0"),
    );
    let drain = drain("worker-1", ", via: Delete");
    let (report, _) = facts(&model(&[EXACT, &cluster, &web, &zero, &drain]), 0);
    assert_eq!((report.cluster.evictions, report.cluster.pods_created), (0, 1));
}

/// O-61, W-21, W-22: a DaemonSet's pod comes back on its node, cordoned or not.
#[test]
fn o61_daemon_pods_ignore_cordons() {
    let agent = "apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: agent, namespace: default}\nspec: {selector: {matchLabels: {app: agent}}, \
                 template: {metadata: {labels: {app: agent}}, spec: {containers: [{name: main, image: x}]}}}";
    let (cluster, plan) = (
        cluster("v1.36.2", 1, 1),
        plan("  steps: [{cordon: worker-1}, {deletePod: {workload: agent}}]\n"),
    );
    let (report, records) = facts(&model(&[EXACT, &cluster, agent, &plan]), 0);
    assert_eq!(report.cluster.pods_created, 1);
    assert_eq!(times(&records, |f| matches!(f, Fact::PodBound { .. })).len(), 1);
}

/// O-67, S-19: without zone labels a scheduler of 1.20 does not spread by default; later ones do.
#[test]
fn o67_default_spreading_without_zones() {
    let ballast = deployment("ballast", 1, ", nodeSelector: {kubernetes.io/hostname: worker-1}")
        .replace("cpu: 100m", "cpu: \"2\"");
    for (version, nodes) in [("v1.20.2", 1), ("v1.36.2", 2)] {
        let (cluster, web) = (cluster(version, 1, 2), deployment("web", 2, ""));
        let fault = faults(&["{at: 1s, podDelete: default/ballast}"]);
        let (report, _) = facts(&model(&[EXACT, &cluster, &ballast, &web, &fault]), 0);
        assert_eq!(report.cluster.placement_before["default/web"].len(), nodes, "{version}");
    }
}

/// O-79: one by one without surge some pods land on nodes that are drained later and move again.
#[test]
fn o79_without_surge_some_pods_move_twice() {
    let (cluster, web) = (cluster("v1.36.2", 1, 4), deployment("web", 8, ""));
    let (report, _) = facts(
        &model(&[EXACT, &cluster, &web, &plan("  controlPlane: {upgrade: false}\n")]),
        0,
    );
    assert!(report.cluster.moves_per_replica.mean > 1.0);
    assert!(report.cluster.replicas_moved_twice > 0);
}

/// W-10, W-12: a rollout keeps `maxUnavailable` and `maxSurge`; Recreate does not.
#[test]
fn w10_w12_rollouts() {
    let lowest = |strategy: &str| {
        let web = deployment("web", 4, "").replacen("replicas: 4", &format!("replicas: 4\n  strategy: {strategy}"), 1);
        let (cluster, fault) = (cluster("v1.36.2", 1, 2), faults(&["{at: 1s, rollout: default/web}"]));
        let (report, records) = facts(&model(&[EXACT, &cluster, &web, &fault]), 0);
        assert_eq!(report.cluster.pods_created, 4, "{strategy}");
        assert!(
            records.iter().any(|r| matches!(r.fact, Fact::RolloutEnded { .. })),
            "{strategy}"
        );
        report.workloads[0].endpoints.as_ref().unwrap().min_ready
    };
    assert_eq!(
        lowest("{type: RollingUpdate, rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}"),
        4
    );
    assert_eq!(
        lowest("{type: RollingUpdate, rollingUpdate: {maxSurge: 0, maxUnavailable: 1}}"),
        3
    );
    assert_eq!(lowest("{type: Recreate}"), 0);
}

/// N-12: the pods of a deleted Node object are removed after 40 … 60 s, and replaced only then; DaemonSet pods are not
/// missed there.
#[test]
fn n12_pods_of_a_deleted_node_are_collected() {
    let agent = "apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: agent, namespace: default}\nspec: {selector: {matchLabels: {app: agent}}, \
                 template: {metadata: {labels: {app: agent}}, spec: {containers: [{name: main, image: x}]}}}";
    let (cluster, web) = (cluster("v1.36.2", 1, 2), deployment("web", 2, ""));
    let plan = plan("  steps: [{deleteNode: worker-1}]\n");
    for seed in 0..5 {
        let (report, records) = facts(&model(&[EXACT, &cluster, &web, agent, &plan]), seed);
        let removed = times(&records, |f| matches!(f, Fact::PodRemoved { .. }));
        assert_eq!(removed.len(), 2, "{removed:?}");
        assert!(removed.iter().all(|t| (40.0..=60.1).contains(t)), "{removed:?}");
        let created = times(&records, |f| matches!(f, Fact::PodCreated { .. }));
        assert_eq!(created.len(), 1, "{created:?}");
        assert!(created[0] >= removed[0]);
        assert_eq!(report.cluster.placement_after["default/web"]["worker-2"], 2);
    }
}

/// P-10: a pod that nobody owns under a budget of `maxUnavailable`: the controller of 1.20 gives up and allows nothing,
/// later ones leave it out of the scale, though not of the healthy pods, so one more eviction is allowed.
#[test]
fn p10_pods_without_an_owner_under_a_budget() {
    let bare = "apiVersion: v1\nkind: Pod\nmetadata: {name: bare, namespace: default, labels: {app: web}}\n\
                spec: {nodeName: worker-2, containers: [{name: main, image: x}]}\n\
                status: {phase: Running, conditions: [{type: Ready, status: \"True\"}]}";
    for (version, evictions) in [("v1.20.2", 0), ("v1.36.2", 2)] {
        let (cluster, web) = (
            cluster(version, 1, 2),
            deployment("web", 2, ", nodeSelector: {kubernetes.io/hostname: worker-1}"),
        );
        let (one, drain) = (
            budget("web", "maxUnavailable: 1"),
            drain("worker-1", ", timeout: 4s, expect: Any"),
        );
        let (report, _) = facts(&model(&[EXACT, &cluster, &web, bare, &one, &drain]), 0);
        assert_eq!(report.cluster.evictions, evictions, "{version}");
    }
}

/// O-15: `kubeadm upgrade node` on a worker takes its time and touches no pod, container or version.
#[test]
fn o15_upgrading_a_workers_configuration_touches_nothing() {
    let timings = "apiVersion: seatrial.dev/v1alpha1\nkind: Timings\nspec: {kubeadm: {upgradeNode: 7s}}";
    let (cluster, web) = (cluster("v1.36.2", 1, 1), deployment("web", 1, ""));
    let plan = plan("  targetVersion: v1.36.3\n  controlPlane: {upgrade: false}\n");
    let (_, records) = facts(&model(&[EXACT, timings, &cluster, &web, &plan]), 0);
    let started = times(&records, |f| {
        matches!(
            f,
            Fact::PhaseStarted {
                phase: Phase::UpgradeNode,
                ..
            }
        )
    });
    let ended = times(&records, |f| {
        matches!(
            f,
            Fact::PhaseEnded {
                phase: Phase::UpgradeNode,
                ..
            }
        )
    });
    assert_eq!((started, ended), (vec![0.0], vec![7.0]));
    let early = times(&records, |f| {
        !matches!(
            f,
            Fact::RunStarted | Fact::PlanStarted | Fact::NodeUpgradeStarted { .. } | Fact::PhaseStarted { .. }
        )
    });
    assert!(early.iter().all(|&t| t >= 7.0), "{early:?}");
}

/// A plan that repeats itself for ever ends as blocked: a drain that is tried again and again, a gate that never opens.
#[test]
fn runaway_plans_end() {
    let bare = "apiVersion: v1\nkind: Pod\nmetadata: {name: bare, namespace: default}\nspec: {nodeName: worker-1, containers: [{name: main, image: x}]}\n\
                status: {phase: Running, conditions: [{type: Ready, status: \"True\"}]}";
    let (cluster, web) = (cluster("v1.36.2", 1, 2), deployment("web", 2, ""));
    let again = plan("  controlPlane: {upgrade: false}\n  drain: {onFailure: Retry, failureRetryInterval: 1s}\n");
    let never = "apiVersion: seatrial.dev/v1alpha1\nkind: Timings\nspec: {workloads: [{kind: Deployment, namespace: default, name: web, neverReady: All}]}";
    let gate = plan("  controlPlane: {upgrade: false}\n  pools: [{name: all, strategy: {gate: WorkloadsHealthy}}]\n");
    let dead = plan("  startAt: 5s\n  controlPlane: {upgrade: false}\n  drain: {onFailure: Retry}\n");
    let fault = faults(&["{at: 1s, componentDown: [kube-apiserver], mode: Kill}"]);
    let soak = plan("  controlPlane: {upgrade: false}\n  pools: [{name: all, strategy: {soak: 5h}}]\n");
    for (parts, status) in [
        (vec![bare, &again], "Blocked"),
        (vec![never, &gate], "Blocked"),
        (vec![&fault, &dead], "Blocked"),
        (vec![soak.as_str()], "Completed"),
    ] {
        let mut all = vec![&cluster, &web];
        let parts: Vec<String> = parts.iter().map(ToString::to_string).collect();
        all.extend(&parts);
        let all: Vec<&str> = all.iter().map(|s| s.as_str()).collect();
        let (report, _) = facts(&model(&all), 0);
        assert_eq!(
            serde_json::to_value(&report.outcome).unwrap()["status"],
            status,
            "{}",
            parts[0]
        );
    }
}

/// An API server that dies for good after a drain: the uncordon is tried for an hour, then the plan is blocked.
#[test]
fn a_plan_without_an_api_ends() {
    let (cluster, web) = (cluster("v1.35.4", 1, 2), deployment("web", 1, ""));
    let plan = plan("  targetVersion: v1.36.2\n  controlPlane: {upgrade: false}\n");
    let fault = faults(&["{after: {drainEnds: worker-1}, componentDown: [kube-apiserver]}"]);
    let model = model(&[&cluster, &web, &plan, &fault]);
    let (report, records) = facts(&model, 0);
    assert_eq!(serde_json::to_value(&report.outcome).unwrap()["status"], "Blocked");
    assert!(secs(records.last().unwrap()) < 7200.0);
}
