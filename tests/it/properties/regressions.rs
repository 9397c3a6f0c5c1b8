//! Scenarios that random search has found to break a law, made small.

use super::case::Case;
use super::{judge, play};

/// Checks all laws on a cluster with a Deployment `w0`, and what else the scenario has.
fn obeys(seed: u64, cluster: (&str, u32, &str), deployment: &str, documents: &[&str]) {
    let (version, masters, workers) = cluster;
    let mut text = format!(
        "apiVersion: seatrial.dev/v1alpha1
kind: Cluster
spec:
  version: {version}
  controlPlane: {{replicas: {masters}}}
  nodePools: [{{name: worker, {workers}}}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: w0}}
spec:
  selector: {{matchLabels: {{app: w0}}}}
  {deployment}
  template:
    metadata: {{labels: {{app: w0}}}}
    spec:
      containers: [{{name: main, image: app, resources: {{requests: {{cpu: 50m}}}}}}]
"
    );
    for document in documents {
        text.push_str("---\napiVersion: seatrial.dev/v1alpha1\n");
        text.push_str(document);
        text.push('\n');
    }
    let case = Case { seed, text };
    if let Err(why) = judge(&play(&case)) {
        panic!("{why}\n{case:?}");
    }
}

/// Pods that are assumed on a node take its slots, too.
#[test]
fn regression_s9_assumed_pods_take_slots() {
    let documents = [
        "kind: UpgradePlan\nspec: {drain: {onFailure: Abort}}",
        "kind: Timings\nspec: {nodeUpgrade: 30s, podStartup: 4s, podShutdown: 45s}",
    ];
    let cluster = ("v1.20.2", 0, "replicas: 1, capacity: {pods: \"6\"}");
    for seed in 0..5 {
        obeys(seed, cluster, "replicas: 7", &documents);
    }
}

/// A control-plane node that is skipped does not keep the others from being upgraded before the workers.
#[test]
fn regression_v10_a_skipped_control_plane_node_is_not_the_last() {
    let documents = [
        "kind: UpgradePlan\nspec: {targetVersion: v1.21.14, \
         controlPlane: {drainBeforeApply: true}, drain: {onFailure: Skip}}",
        "kind: Faults\nspec: {events: [{at: 0s, componentDown: [etcd], mode: Terminate, \
         node: cp-1, for: 5s}]}",
        "kind: Timings\nspec: {nodeUpgrade: 5s, podStartup: 4s, podShutdown: 2s}",
    ];
    for seed in 380..390 {
        obeys(seed, ("v1.20.2", 2, "replicas: 1"), "replicas: 1", &documents);
    }
}

/// A node that leaves a lockstep batch is not waited for.
#[test]
fn regression_lockstep_goes_on_without_a_failed_node() {
    for failure in ["Abort", "UncordonAndAbort", "Skip", "Quarantine"] {
        let plan = format!(
            "kind: UpgradePlan\nspec:\n  controlPlane: {{upgrade: false}}\n  \
             drain: {{onFailure: {failure}, timeout: 20s}}\n  pools:\n  \
             - {{name: workers, strategy: {{maxUnavailable: 2, lockstep: true}}}}"
        );
        let documents = [
            plan.as_str(),
            "kind: Timings\nspec: {nodeUpgrade: 5s, podStartup: 4s, podShutdown: 45s}",
        ];
        obeys(0, ("v1.20.2", 1, "replicas: 4"), "replicas: 1", &documents);
    }
}

/// The run does not end in the middle of a rollout.
#[test]
fn regression_w10_a_run_sees_a_rollout_through() {
    let documents = [
        "kind: UpgradePlan\nspec: {targetVersion: v1.21.14, steps: [upgradeControlPlane: cp-1]}",
        "kind: Faults\nspec: {events: [{at: 20s, rollout: default/w0}]}",
        "kind: Timings\nspec: {nodeUpgrade: 5s, podStartup: 20s, podShutdown: 2s}",
    ];
    obeys(0, ("v1.20.2", 1, "replicas: 3"), "replicas: 1", &documents);
}

/// The run does not end while a kubelet that started without an API has not started its pods.
#[test]
fn regression_c3_a_run_waits_for_kubelets_that_have_not_listed_their_pods() {
    let documents = [
        "kind: Faults\nspec: {events: [{at: 0s, nodeCrash: worker-1, for: 5s}, \
         {at: 0s, componentDown: [etcd], mode: Terminate, node: cp-1, for: 10s}]}",
        "kind: Timings\nspec: {podStartup: 4s, podShutdown: 2s}",
    ];
    for seed in 30..40 {
        obeys(seed, ("v1.25.3", 2, "replicas: 1"), "replicas: 1", &documents);
    }
}

/// An uncordon just before an outage that no leader notices: the taint goes afterwards.
#[test]
fn regression_n4_the_cordon_taint_follows_after_an_outage() {
    let documents = [
        "kind: UpgradePlan\nspec:\n  steps: [{cordon: worker-1}, {sleep: 20s}, {uncordon: worker-1}]",
        "kind: Faults\nspec: {events: [{at: 20900ms, componentDown: [kube-apiserver], for: 3s}]}",
        "kind: Timings\nspec: {controllerReaction: 4s, kubectlStart: 200ms, podStartup: 4s}",
    ];
    for seed in 0..10 {
        obeys(seed, ("v1.36.2", 1, "replicas: 2"), "replicas: 1", &documents);
    }
}

/// A machine that dies and is back while its kubelet is being upgraded runs the new version afterwards.
#[test]
fn regression_a_crash_during_an_upgrade_does_not_undo_it() {
    let documents = [
        "kind: UpgradePlan\nspec: {targetVersion: v1.21.14, drain: {onFailure: WarnAndContinue}}",
        "kind: Faults\nspec: {events: [{after: {drainEnds: worker-1}, nodeCrash: worker-1, \
         for: 5s}]}",
        "kind: Timings\nspec: {nodeUpgrade: 30s, podStartup: 4s, podShutdown: 2s}",
    ];
    obeys(0, ("v1.20.2", 0, "replicas: 1"), "replicas: 1", &documents);
    // Both at the same moment.
    let documents = [
        documents[0],
        documents[1],
        "kind: Timings\nspec: {nodeUpgrade: 5s, podStartup: 4s}",
    ];
    obeys(0, ("v1.20.2", 0, "replicas: 1"), "replicas: 1", &documents);
}

/// kubeadm replaces an API server that is being terminated already, and sees the new one come up.
#[test]
fn regression_k15b_kubeadm_swaps_an_api_server_that_is_stopping() {
    let documents = [
        "kind: UpgradePlan\nspec: {targetVersion: v1.21.14, startAt: 5s, \
         controlPlane: {drain: false}}",
        "kind: Faults\nspec: {events: [{at: 0s, componentDown: [kube-apiserver], \
         mode: Terminate, node: cp-1, for: 5s}]}",
        "kind: Timings\nspec: {nodeUpgrade: 5s, podStartup: 4s, podShutdown: 2s}",
    ];
    obeys(0, ("v1.20.2", 2, "replicas: 1"), "replicas: 1", &documents);
}

/// A node that comes back during an outage loses its taints when it is ready in the API again.
#[test]
fn regression_n14_taints_go_when_a_node_is_ready_again() {
    let documents = [
        "kind: Faults\nspec: {events: [{at: 0s, nodeCrash: worker-1, for: 120s}, \
         {at: 119s, componentDown: [kube-apiserver], for: 4s}]}",
        "kind: Timings\nspec: {podStartup: 4s, podShutdown: 2s}",
    ];
    for seed in 0..10 {
        obeys(seed, ("v1.31.1", 1, "replicas: 2"), "replicas: 1", &documents);
    }
}

/// A pod that nobody owns has no scale, so a budget that asks for one allows nothing.
#[test]
fn regression_p10_budgets_of_bare_pods_allow_nothing() {
    let documents = [
        "kind: UpgradePlan\nspec: {controlPlane: {upgrade: false}, drain: {force: true}}\n---\n\
         apiVersion: v1\nkind: Pod\nmetadata: {name: bare, labels: {app: bare}}\n\
         spec: {nodeName: worker-1, containers: [{name: main, image: app}]}\n\
         status: {phase: Running, conditions: [{type: Ready, status: \"True\"}]}",
        "kind: Timings\nspec: {nodeUpgrade: 5s, podStartup: 4s, podShutdown: 2s}\n---\n\
         apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: bare}\n\
         spec: {maxUnavailable: 1, selector: {matchLabels: {app: bare}}}",
    ];
    let cluster = ("v1.36.2", 1, "replicas: 2");
    obeys(0, cluster, "replicas: 1", &documents);
}

/// The run does not end while the controllers that lead have lost their API server, and others answer.
#[test]
fn regression_k19_a_run_waits_for_controllers_behind_a_dead_door() {
    let documents = [
        "kind: UpgradePlan\nspec: {controlPlane: {upgrade: false}, targetVersion: v1.35.4}",
        "kind: Faults\nspec: {events: [{at: 5s, componentDown: [kube-apiserver], \
         mode: Terminate, node: cp-1, for: 5s}]}\n---\n\
         apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: agent}\nspec:\n  \
         selector: {matchLabels: {app: agent}}\n  template:\n    \
         metadata: {labels: {app: agent}}\n    spec: {containers: [{name: main, image: app}]}",
        "kind: Timings\nspec: {nodeUpgrade: 5s, podStartup: 4s, podShutdown: 2s}",
    ];
    for seed in 15..30 {
        let cluster = ("v1.35.4", 3, "replicas: 3");
        obeys(seed, cluster, "replicas: 0", &documents);
    }
}

/// A pod that is gone before its turn has nothing left to wait for, also where a drain deletes.
#[test]
fn regression_d16_a_deleting_drain_does_not_wait_for_what_is_gone() {
    let documents = [
        "kind: UpgradePlan\nspec: {controlPlane: {upgrade: false}, targetVersion: v1.21.14, \
         drain: {onFailure: ForceDelete}}",
        "kind: Faults\nspec: {events: [{at: 1s, componentDown: [etcd], mode: Terminate, \
         for: 60s}]}",
        "kind: Timings\nspec: {nodeUpgrade: 5s, podStartup: 4s, podShutdown: 2s, \
         podRemoval: {uniform: [3500ms, 12s]}}",
    ];
    for seed in 0..100 {
        let cluster = ("v1.20.2", 1, "replicas: 1");
        obeys(seed, cluster, "replicas: 19", &documents);
    }
}

/// Pods that are too many are deleted although creates were on their way when the ReplicaSet was scaled down.
#[test]
fn regression_w4_a_scale_down_beside_creates_is_not_forgotten() {
    let documents = [
        "kind: Faults\nspec: {events: [{at: 10s, podDelete: default/w0}, {at: 10s, podDelete: default/w0}, \
         {at: 10s, podDelete: default/w0}, {at: 10s, rollout: default/w0}]}",
        "kind: Timings\nspec: {podStartup: 1s, podShutdown: 2s, apiCall: 300ms, kubectlStart: 100ms}",
    ];
    let deployment = "replicas: 6\n  strategy: {type: Recreate}";
    for seed in 0..10 {
        obeys(seed, ("v1.31.1", 1, "replicas: 3"), deployment, &documents);
    }
}

/// A machine that is dead while all others are away for a while loses its pods after they are back.
#[test]
fn regression_n9_a_dead_node_is_tainted_again_after_all_were_silent() {
    let documents = [
        "kind: Faults\nspec: {events: [{at: 0s, nodeCrash: worker-2}, {at: 20s, nodeCrash: worker-1, for: 60s}]}",
        "kind: Timings\nspec: {podStartup: 4s, podShutdown: 2s}",
    ];
    for seed in 0..10 {
        obeys(seed, ("v1.20.2", 0, "replicas: 2"), "replicas: 6", &documents);
    }
}

/// L-22: a machine that a plan has deleted while it was down does not come back when the fault that took it ends.
#[test]
fn regression_l22_a_deleted_machine_does_not_boot() {
    let documents = [
        "kind: UpgradePlan\nspec:\n  targetVersion: v1.21.14\n  drain: {timeout: 1s, onFailure: WarnAndContinue}\n  pools:\n  \
         - {name: workers, strategy: {mode: Replace, maxSurge: 0}}",
        "kind: Faults\nspec: {events: [{at: 0s, nodeCrash: worker-1, for: 60s}]}",
        "kind: Timings\nspec: {podStartup: 4s, podShutdown: 2s}",
    ];
    for seed in 0..5 {
        let workers = "replicas: 2, capacity: {pods: \"4\"}";
        obeys(seed, ("v1.20.2", 0, workers), "replicas: 6", &documents);
    }
}

/// W-21: a pod of a DaemonSet that found no room on its node does not wait for it when the node is gone.
#[test]
fn regression_w21_daemon_pods_do_not_wait_for_nodes_that_are_gone() {
    let documents = [
        "kind: UpgradePlan\nspec:\n  targetVersion: v1.21.14\n  controlPlane: {upgrade: false}\n  pools:\n  \
         - {name: workers, strategy: {mode: Replace}}\n---\n\
         apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: agent}\nspec:\n  \
         selector: {matchLabels: {app: agent}}\n  template:\n    metadata: {labels: {app: agent}}\n    \
         spec: {containers: [{name: main, image: app, resources: {requests: {cpu: 1980m}}}]}",
        "kind: Timings\nspec: {podStartup: 4s, podShutdown: 2s}",
    ];
    for seed in 0..5 {
        let workers = "replicas: 1, capacity: {cpu: 2000m}";
        obeys(seed, ("v1.20.2", 1, workers), "replicas: 1", &documents);
    }
}

/// L-21, W-26: where a pod is not restarted, a crash or the loss of its machine is its end, and its Job makes another one.
#[test]
fn regression_w26_jobs_replace_pods_that_failed() {
    let job = "kind: UpgradePlan\nspec: {startAt: 200s, controlPlane: {upgrade: false}}\n---\n\
         apiVersion: batch/v1\nkind: Job\nmetadata: {name: work}\nspec:\n  parallelism: 3\n  completions: 3\n  template:\n    \
         metadata: {labels: {app: work}}\n    \
         spec: {restartPolicy: Never, containers: [{name: main, image: app}]}";
    let faults = [
        "{at: 10s, containerCrash: default/work}",
        "{at: 10s, nodeCrash: {hosting: default/work}, for: 60s}",
    ];
    for (fault, version) in faults.iter().zip(["v1.20.2", "v1.36.2"]) {
        let fault = format!("kind: Faults\nspec: {{events: [{fault}]}}");
        let timings = "kind: Timings\nspec: {podStartup: 4s, podShutdown: 2s, workloads: \
                       [{kind: Job, name: work, runFor: 45s}]}";
        obeys(0, (version, 1, "replicas: 1"), "replicas: 1", &[job, &fault, timings]);
    }
}

/// A machine that has crashed for good does not come back, without its API server, when a shorter crash hits it as well.
#[test]
fn regression_a_dead_machine_cannot_crash_again() {
    for crashes in [
        "{at: 4s, nodeCrash: cp-1}, {at: 4s, nodeCrash: cp-1, for: 5s}",
        "{at: 4s, nodeCrash: cp-1, for: 5s}, {at: 6s, nodeCrash: cp-1}",
    ] {
        let faults = format!("kind: Faults\nspec: {{events: [{crashes}]}}");
        obeys(0, ("v1.25.3", 1, "replicas: 1"), "replicas: 1", &[&faults]);
    }
}
