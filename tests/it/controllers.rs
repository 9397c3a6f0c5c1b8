//! StatefulSets and Jobs: who is made when, and when not (W-15 … W-20, W-26 … W-28).

use seatrial::ids::PodId;
use seatrial::trace::{Fact, Record};

use crate::writing::{EXACT, budget, cluster, deployment, drain, facts, faults, model, plan, times};

fn stateful_set(name: &str, replicas: u32, more: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {{name: {name}, namespace: default}}\nspec:\n  replicas: {replicas}\n  \
         serviceName: {name}\n  selector: {{matchLabels: {{app: {name}}}}}\n{more}  template:\n    metadata: {{labels: {{app: {name}}}}}\n    \
         spec: {{containers: [{{name: main, image: x, resources: {{requests: {{cpu: 100m, memory: 64Mi}}}}}}]}}"
    )
}

/// A running member of the StatefulSet `db`.
fn member(ordinal: u32, node: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: db-{ordinal}, namespace: default, labels: {{app: db}}, \
         ownerReferences: [{{apiVersion: apps/v1, kind: StatefulSet, name: db, uid: u1, controller: true}}]}}\n\
         spec: {{nodeName: {node}, containers: [{{name: main, image: x, resources: {{requests: {{cpu: 100m, memory: 64Mi}}}}}}]}}\n\
         status: {{phase: Running, conditions: [{{type: Ready, status: \"True\"}}]}}"
    )
}

fn job(more: &str) -> String {
    format!(
        "apiVersion: batch/v1\nkind: Job\nmetadata: {{name: work, namespace: default}}\nspec:\n{more}  template:\n    \
         metadata: {{labels: {{app: work}}}}\n    spec: {{restartPolicy: Never, containers: [{{name: main, image: x, \
         resources: {{requests: {{cpu: 100m, memory: 64Mi}}}}}}]}}"
    )
}

fn near(found: &[f64], expected: &[f64]) {
    let close = found.len() == expected.len() && found.iter().zip(expected).all(|(f, e)| (f - e).abs() < 0.02);
    assert!(close, "{found:?} for {expected:?}");
}

/// Times at which pods of a slot were created after the start.
fn created(records: &[Record], wanted: u32) -> Vec<f64> {
    times(
        records,
        |f| matches!(f, Fact::PodCreated { slot, .. } if *slot == wanted),
    )
}

/// The pods of each slot that exist at every moment: the most there ever are at once.
fn most_at_once(records: &[Record], wanted: u32) -> usize {
    let (mut alive, mut most): (Vec<PodId>, usize) = (Vec::new(), 0);
    for record in records {
        match record.fact {
            Fact::PodCreated { pod, slot, .. } if slot == wanted => alive.push(pod),
            Fact::PodRemoved { pod } => alive.retain(|&p| p != pod),
            _ => {}
        }
        most = most.max(alive.len());
    }
    most
}

/// O-58, W-15, L-13: an evicted member comes back when the old object is gone, termination and removal later, so it is
/// away for 3 s + 1 s + 8 s; it never exists twice.
#[test]
fn o58_w15_a_member_never_exists_twice() {
    for version in ["v1.20.2", "v1.36.0"] {
        let parts = [
            &cluster(version, 1, 2),
            &stateful_set("db", 2, ""),
            &member(0, "worker-1"),
            &member(1, "worker-2"),
            &drain("worker-1", ""),
            EXACT,
        ];
        let (report, records) = facts(&model(&parts), 0);
        near(&times(&records, |f| matches!(f, Fact::PodRemoved { .. })), &[4.0]);
        near(&created(&records, 0), &[4.0]);
        near(&times(&records, |f| matches!(f, Fact::PodReady { .. })), &[12.0]);
        assert_eq!(most_at_once(&records, 0), 1);
        assert_eq!(report.workloads[0].endpoints.as_ref().unwrap().min_ready, 1);
    }
}

/// O-59, W-16: while db-0 is not ready, an evicted db-2 is not created again; Parallel does not wait (W-17).
#[test]
fn o59_w16_w17_a_member_waits_for_those_before_it() {
    let run = |policy: &str| {
        let parts = [
            &cluster("v1.36.0", 1, 2),
            &stateful_set("db", 3, policy),
            &member(0, "worker-1"),
            &member(1, "worker-2"),
            &member(2, "worker-1"),
            &drain("worker-1", ""),
            EXACT,
        ];
        facts(&model(&parts), 0).1
    };
    let ordered = run("");
    near(&created(&ordered, 0), &[4.0]);
    near(&created(&ordered, 2), &[12.0]);
    let parallel = run("  podManagementPolicy: Parallel\n");
    near(&created(&parallel, 0), &[4.0]);
    near(&created(&parallel, 2), &[4.0]);
}

/// W-16: `minReadySeconds` of a member holds up those after it, since 1.23.
#[test]
fn w16_members_wait_for_min_ready_seconds_since_1_23() {
    for (version, second) in [("v1.22.0", 12.0), ("v1.23.0", 22.0)] {
        let parts = [
            &cluster(version, 1, 2),
            &stateful_set("db", 2, "  minReadySeconds: 10\n"),
            &member(0, "worker-1"),
            &member(1, "worker-1"),
            &drain("worker-1", ""),
            EXACT,
        ];
        let (_, records) = facts(&model(&parts), 0);
        near(&created(&records, 1), &[second]);
    }
}

/// W-19: a member on a dead node is deleted after grace and toleration and never replaced: its object stays. Deleting
/// the Node object frees the name (N-12).
#[test]
fn w19_a_member_of_a_dead_node_is_not_replaced_until_the_node_is_deleted() {
    let parts = [
        &cluster("v1.36.0", 1, 2),
        &stateful_set("db", 2, ""),
        &member(0, "worker-1"),
        &member(1, "worker-2"),
        &faults(&["{at: 5s, nodeCrash: worker-1}"]),
        EXACT,
    ];
    let (report, records) = facts(&model(&parts), 0);
    assert_eq!(times(&records, |f| matches!(f, Fact::PodDeleted { .. })).len(), 1);
    assert!(created(&records, 0).is_empty());
    assert_eq!(report.cluster.pods_lost, 1);

    let steps = plan("  steps: [{sleep: 400s}, {deleteNode: worker-1}, {sleep: 100s}]");
    let (report, records) = facts(&model(&[&parts[..], &[&steps]].concat()), 0);
    let deleted = times(&records, |f| matches!(f, Fact::NodeDeleted { .. }))[0];
    let again = created(&records, 0)[0] - deleted;
    assert!((40.0..=60.1).contains(&again), "{again}");
    assert_eq!(report.cluster.pods_lost, 0);
}

/// W-20: a rollout goes from the highest member down, each when those above are ready, and stops at the partition.
#[test]
fn w20_rollouts_go_down_to_the_partition() {
    let run = |strategy: &str| {
        let parts = [
            &cluster("v1.36.0", 1, 2),
            &stateful_set("db", 3, strategy),
            &faults(&["{at: 1s, rollout: default/db}"]),
            EXACT,
        ];
        facts(&model(&parts), 0).1
    };
    let deletions = |records: &[Record]| {
        let slot = |pod: PodId| {
            records.iter().find_map(|r| match r.fact {
                Fact::PodCreated { pod: p, slot, .. } if p == pod => Some(slot),
                _ => None,
            })
        };
        let deleted = records.iter().filter_map(|r| match r.fact {
            Fact::PodDeleted { pod, .. } => slot(pod).map(|s| (s, r.at.as_secs_f64().round())),
            _ => None,
        });
        deleted.collect::<Vec<_>>()
    };
    let all = run("");
    assert_eq!(deletions(&all), [(2, 1.0), (1, 13.0), (0, 25.0)]);
    near(&times(&all, |f| matches!(f, Fact::RolloutEnded { .. })), &[37.0]);
    let half = run("  updateStrategy: {rollingUpdate: {partition: 2}}\n");
    assert_eq!(deletions(&half), [(2, 1.0)]);
    assert!(deletions(&run("  updateStrategy: {type: OnDelete}\n")).is_empty());
}

/// P-9: a StatefulSet's `replicas` is the scale of a budget over its pods.
#[test]
fn p9_a_stateful_set_has_a_scale() {
    let parts = [
        &cluster("v1.36.0", 1, 3),
        &stateful_set("db", 3, ""),
        &member(0, "worker-1"),
        &member(1, "worker-1"),
        &member(2, "worker-2"),
        &budget("db", "maxUnavailable: 1"),
        &drain("worker-1", ""),
        EXACT,
    ];
    let (report, records) = facts(&model(&parts), 0);
    // One goes at 0, is back at 12; the other is asked for every 5 s and goes at 15.
    near(
        &times(&records, |f| matches!(f, Fact::EvictionAccepted { .. })),
        &[0.0, 15.0],
    );
    assert_eq!(report.cluster.refusals, 3);
}

fn work(version: &str, spec: &str, more: &[&str]) -> Vec<Record> {
    let run_for = EXACT.to_owned() + "  workloads: [{kind: Job, name: work, runFor: 20s}]\n";
    let cluster = cluster(version, 1, 2);
    let job = job(spec);
    let parts: Vec<&str> = [cluster.as_str(), &job, &run_for]
        .into_iter()
        .chain(more.iter().copied())
        .collect();
    facts(&model(&parts), 0).1
}

/// O-62, W-26, W-27: with finalizer tracking a pod of a Job that is evicted counts as failed: its replacement waits 10 s,
/// and a Job without tries left is given up. Before, it is replaced at once and costs nothing.
#[test]
fn o62_w26_w27_an_evicted_pod_of_a_job_costs_a_try() {
    let both = plan("  steps: [{drain: {node: worker-1}}, {drain: {node: worker-2, timeout: 60s, expect: Any}}]");
    let fate = |version: &str, spec: &str| {
        let records = work(version, spec, &[&both]);
        times(&records, |f| matches!(f, Fact::PodCreated { .. }))
    };
    for (version, again) in [("v1.20.2", 0.0), ("v1.36.0", 10.0)] {
        let created = fate(version, "  backoffLimit: 3\n");
        assert!(
            (created[0] - again).abs() < 0.05 || (created[0] - again - 4.0).abs() < 0.1,
            "{version}: {created:?}"
        );
    }
    assert!(fate("v1.36.0", "  backoffLimit: 0\n").is_empty());
    assert!(!fate("v1.20.2", "  backoffLimit: 0\n").is_empty());
    // A policy that ignores disruptions makes drains free.
    let policy = "  backoffLimit: 0\n  podFailurePolicy: {rules: [{action: Ignore, onPodConditions: [{type: DisruptionTarget}]}]}\n";
    assert!(!fate("v1.36.0", policy).is_empty());
}

/// W-26: so many pods at a time until so many have succeeded; who has succeeded does not count any more.
#[test]
fn w26_a_job_runs_until_its_completions() {
    let records = work(
        "v1.36.0",
        "  parallelism: 2\n  completions: 5\n",
        &[&plan("  steps: [{sleep: 120s}]")],
    );
    let finished = times(&records, |f| matches!(f, Fact::PodFinished { .. }));
    // Two run from the start; each later one starts for 8 s and runs for 20 s.
    near(&finished, &[20.0, 20.0, 48.0, 48.0, 76.0]);
    near(
        &times(&records, |f| matches!(f, Fact::PodCreated { .. })),
        &finished[..3],
    );
    assert!(records.iter().all(|r| !matches!(r.fact, Fact::PodDeleted { .. })));
}

/// D-7: pods that have succeeded are deleted by a drain without further ado, although nobody is asked to replace them.
#[test]
fn d7_finished_pods_leave_at_once() {
    let steps = plan("  steps: [{sleep: 60s}, {drain: {node: worker-1}}, {drain: {node: worker-2}}]");
    let records = work("v1.36.0", "  backoffLimit: 3\n", &[&steps]);
    let finished = times(&records, |f| matches!(f, Fact::PodFinished { .. }));
    assert_eq!(finished.len(), 1);
    let removed = times(&records, |f| matches!(f, Fact::PodRemoved { .. }));
    assert_eq!(removed.len(), 1);
    assert!(times(&records, |f| matches!(f, Fact::PodCreated { .. })).is_empty());
    let drains = times(&records, |f| matches!(f, Fact::DrainEnded { .. }));
    assert!(drains[1] < 62.0, "{drains:?}");
}

/// W-15, S-15: a member's volume follows it: made in the zone of its first node, it keeps the member there, also through
/// nodes that are replaced.
#[test]
fn w15_s15_a_member_stays_with_its_volume() {
    let cluster = "apiVersion: seatrial.dev/v1alpha1\nkind: Cluster\nspec: {version: v1.36.0, controlPlane: {replicas: 1}, \
                   nodePools: [{name: worker, replicas: 2, zones: [a, b]}]}";
    let claims = "  volumeClaimTemplates: [{metadata: {name: data}, spec: {accessModes: [ReadWriteOnce]}}]\n";
    let exact = EXACT.replace(
        "nodeUpgrade: 10s",
        "nodeUpgrade: 10s\n  nodeCreate: 30s\n  volumeAttach: 2s\n  volumeDetach: 1s",
    );
    let (db, members) = (
        stateful_set("db", 2, claims),
        [member(0, "worker-1"), member(1, "worker-2")],
    );
    let run = |steps: &str| {
        let plan = plan(steps);
        facts(&model(&[cluster, &db, &members[0], &members[1], &plan, &exact]), 0)
    };
    let (report, records) = run("  steps: [{drain: {node: worker-1}}, {sleep: 60s}]");
    assert_eq!(times(&records, |f| matches!(f, Fact::PodUnschedulable { .. })).len(), 1);
    assert_eq!(report.cluster.placement_after["default/db"].len(), 1);
    let (report, _) = run("  controlPlane: {upgrade: false}\n  pools: [{name: workers, strategy: {mode: Replace}}]");
    let after = &report.cluster.placement_after["default/db"];
    assert_eq!((after["worker-3"], after["worker-4"]), (1, 1));
}

/// A webhook that fails closed and whose own pod is drained traps every pod that it is asked for, its own too; a namespace
/// that it is not asked for, or `failurePolicy: Ignore`, is the way out.
#[test]
fn a_webhook_that_fails_closed_traps_itself() {
    let run = |more: &str| {
        let hook = format!(
            "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingWebhookConfiguration\nmetadata: {{name: policy}}\n\
             webhooks:\n- name: policy.example.com\n  admissionReviewVersions: [v1]\n  sideEffects: None\n{more}  rules: [{{apiGroups: [\"\"], \
             apiVersions: [v1], operations: [CREATE], resources: [pods]}}]\n  clientConfig: {{service: {{namespace: default, name: policy}}}}"
        );
        let service = "apiVersion: v1\nkind: Service\nmetadata: {name: policy, namespace: default}\nspec: {selector: {app: policy}}";
        let (cluster, policy) = (cluster("v1.36.0", 1, 2), deployment("policy", 1, ""));
        let plan = plan("  steps: [{drain: {node: worker-1}}, {drain: {node: worker-2}}, {uncordon: worker-1}]");
        facts(&model(&[&cluster, &policy, service, &hook, &plan, EXACT]), 0)
    };
    let (report, records) = run("");
    assert_eq!(times(&records, |f| matches!(f, Fact::PodNotAdmitted { .. })).len(), 1);
    assert!(times(&records, |f| matches!(f, Fact::PodCreated { .. })).is_empty());
    assert_eq!(report.cluster.pods_lost, 1);
    for way_out in [
        "  failurePolicy: Ignore\n",
        "  namespaceSelector: {matchExpressions: [{key: kubernetes.io/metadata.name, operator: NotIn, values: [default]}]}\n",
        "  objectSelector: {matchLabels: {app: web}}\n",
    ] {
        let (report, records) = run(way_out);
        assert!(
            times(&records, |f| matches!(f, Fact::PodNotAdmitted { .. })).is_empty(),
            "{way_out}"
        );
        assert_eq!(report.cluster.pods_lost, 0, "{way_out}");
    }
}

/// C-9: a workload whose pods a webhook fails stands in its controller's queue once, however many pods it lacks, and is
/// tried less and less often: an hour of it costs few events.
#[test]
fn c9_pods_that_are_not_admitted_are_tried_again_once_for_all() {
    let hook = "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingWebhookConfiguration\nmetadata: {name: policy}\n\
                webhooks:\n- name: policy.example.com\n  admissionReviewVersions: [v1]\n  sideEffects: None\n  rules: [{apiGroups: [\"\"], \
                apiVersions: [v1], operations: [CREATE], resources: [pods]}]\n  clientConfig: {service: {namespace: default, name: policy}}";
    let service =
        "apiVersion: v1\nkind: Service\nmetadata: {name: policy, namespace: default}\nspec: {selector: {app: nobody}}";
    let policy = "  podManagementPolicy: Parallel\n";
    let parts = [
        cluster("v1.36.0", 1, 8),
        stateful_set("db", 40, policy),
        deployment("web", 40, ""),
        plan("  steps: [{drain: {node: worker-1}}, {drain: {node: worker-2}}, {sleep: 1h}]"),
    ];
    let mut parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    parts.extend([hook, service, EXACT]);
    let options = seatrial::cluster::RunOptions::default();
    let cost = seatrial::cluster::run(&model(&parts), &options, &mut Vec::new());
    assert!(cost.events < 20_000, "{cost:?}");
}

/// W-27: with `podReplacementPolicy: Failed` a pod is replaced, and counted as failed, once it has stopped; pods that had
/// succeeded before do not count when they leave.
#[test]
fn w27_a_job_may_wait_for_the_end_of_what_it_replaces() {
    let spec = "  parallelism: 2\n  completions: 4\n  podReplacementPolicy: Failed\n";
    let steps = plan("  steps: [{sleep: 25s}, {drain: {node: worker-1}}, {sleep: 60s}]");
    let records = work("v1.36.0", spec, &[&steps]);
    let removed = times(&records, |f| matches!(f, Fact::PodRemoved { .. }));
    let created = times(&records, |f| matches!(f, Fact::PodCreated { .. }));
    // Two have succeeded at 20 s, two come for them; the drain at 25 s takes one of each kind.
    assert_eq!((removed.len(), created.len()), (2, 3), "{removed:?} {created:?}");
    near(&created[..2], &[20.0, 20.0]);
    let stopped = removed.iter().copied().fold(0.0, f64::max);
    assert!((created[2] - stopped - 10.0).abs() < 0.05, "{removed:?} {created:?}");
}

/// A StatefulSet that only its pods tell of has the members from the lowest to the highest of them.
#[test]
fn w15_members_without_their_stateful_set_stay_who_they_are() {
    let parts = [
        &cluster("v1.36.0", 1, 2),
        &member(3, "worker-1"),
        &member(4, "worker-2"),
        &drain("worker-2", ""),
        EXACT,
    ];
    let (report, records) = facts(&model(&parts), 0);
    assert_eq!(report.workloads[0].desired, 2);
    near(&created(&records, 1), &[4.0]);
    assert!(
        records
            .iter()
            .all(|r| !matches!(r.fact, Fact::PodDeleted { by, .. } if by != seatrial::trace::DeletedBy::Drain))
    );
}

/// A Job that is suspended or over wants no pods: what is left of it is not replaced.
#[test]
fn w26_a_job_that_is_over_replaces_nothing() {
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: work-x, namespace: default, ownerReferences: [{apiVersion: batch/v1, \
               kind: Job, name: work, uid: u1, controller: true}]}\nspec: {nodeName: worker-1, containers: [{name: main, image: x}]}\n\
               status: {phase: Running, conditions: [{type: Ready, status: \"True\"}]}";
    let (cluster, job, drain) = (
        cluster("v1.36.0", 1, 2),
        job("  suspend: true\n"),
        drain("worker-1", ""),
    );
    let (_, records) = facts(&model(&[&cluster, &job, pod, &drain, EXACT]), 0);
    assert_eq!(times(&records, |f| matches!(f, Fact::EvictionAccepted { .. })).len(), 1);
    assert!(times(&records, |f| matches!(f, Fact::PodCreated { .. })).is_empty());
    let (report, _) = facts(&model(&[&cluster, &job, &drain, EXACT]), 0);
    assert!(report.workloads.is_empty());
}
