//! Documents in, a checked model out, or everything that is wrong with them.

use seatrial::model::{
    BudgetLimit, DrainVia, Etcd, Expectation, FaultAction, FaultTarget, Moment, NeverReady, NodeOrder, OnFailure,
    PodManagement, RolloutStrategy, Step, Trigger, WorkloadKind,
};
use seatrial::scenario::{Diagnostics, OWN_KINDS, Scenario, Source, inputs_of, load, load_inputs, schema};
use seatrial::units::{Dist, IntOrPercent, KubeVersion, Span};

const CLUSTER: &str = "\
apiVersion: seatrial.dev/v1alpha1
kind: Cluster
spec:
  version: v1.36.0
  nodePools:
  - {name: worker, replicas: 3, zones: [z1, z2]}
";

const WEB: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: main, image: app, resources: {requests: {cpu: 1, memory: 64Mi}}}
";

fn of(texts: &[&str]) -> Result<Scenario, Diagnostics> {
    let sources: Vec<Source> = texts
        .iter()
        .enumerate()
        .map(|(i, text)| Source::new(format!("{i}.yaml"), *text))
        .collect();
    load(&sources)
}

fn good(texts: &[&str]) -> Scenario {
    of(texts).unwrap_or_else(|wrong| panic!("{wrong}"))
}

fn wrong(texts: &[&str]) -> String {
    match of(texts) {
        Ok(_) => panic!("this should not load"),
        Err(wrong) => wrong.to_string(),
    }
}

fn own(kind: &str, spec: &str) -> String {
    format!("apiVersion: seatrial.dev/v1alpha1\nkind: {kind}\nspec:\n{spec}")
}

fn millis(millis: u64) -> Span {
    Span::from_millis(millis)
}

#[test]
fn a_short_cluster_becomes_nodes_with_zones_and_taints() {
    let model = good(&[CLUSTER, WEB]).model;
    let names: Vec<&str> = model.nodes.iter().map(|n| n.name.as_str()).collect();
    assert_eq!(names, ["cp-1", "worker-1", "worker-2", "worker-3"]);
    assert_eq!(model.zones, ["z1", "z2"]);
    let zones: Vec<_> = model.nodes.iter().map(|n| n.zone).collect();
    assert_eq!(zones, [None, Some(0), Some(1), Some(0)]);
    let master = model.nodes.iter().next().unwrap();
    assert_eq!(master.taints[0].key, "node-role.kubernetes.io/control-plane");
    assert_eq!(model.control_plane.nodes.len(), 1);
    assert_eq!(model.version, KubeVersion::new(36, 0));
    let old = good(&[&CLUSTER.replace("36.0", "20.1")]).model;
    let master = old.nodes.iter().next().unwrap();
    assert_eq!(master.taints[0].key, "node-role.kubernetes.io/master");
}

#[test]
fn a_deployment_gets_class_replica_set_and_an_implied_service() {
    let model = good(&[CLUSTER, WEB]).model;
    let web = model.workloads.iter().next().unwrap();
    assert_eq!((web.kind, web.desired), (WorkloadKind::Deployment, 2));
    let quarter = IntOrPercent::Percent(25);
    assert_eq!(
        web.rollout,
        RolloutStrategy::RollingUpdate {
            max_surge: quarter,
            max_unavailable: quarter
        }
    );
    let class = &model.classes[web.class];
    assert_eq!((class.requests.cpu, class.requests.memory), (1000, 64 << 20));
    assert_eq!(class.unreachable_seconds, Some(Span::from_secs(300)));
    assert_eq!(class.grace, Span::from_secs(30));
    let set = model.replica_sets.iter().next().unwrap();
    assert!(set.name.starts_with("web-") && set.name.len() == 14, "{}", set.name);
    assert!(model.services.iter().next().unwrap().implied);
    assert_eq!(
        model.assumptions,
        ["no Service selects 1 workload (default/web): readiness in the API stands for its endpoints"]
    );
    assert!(good(&[CLUSTER, WEB]).nothing_to_do());
}

/// The recorded scenario R22 in short: a dump, a plan, timings, and a fault that waits for kubeadm.
#[test]
fn a_dump_and_a_plan_become_a_model() {
    let dump = r#"{"apiVersion": "v1", "kind": "List", "items": [
      {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "cp-1", "creationTimestamp": "2026-11-23T08:42:16Z",
        "labels": {"node-role.kubernetes.io/control-plane": "", "topology.kubernetes.io/zone": "z1"}},
        "spec": {"taints": [{"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"},
                            {"key": "node.kubernetes.io/not-ready", "effect": "NoExecute"}]},
        "status": {"allocatable": {"cpu": "4", "memory": "8Gi", "pods": "110"}, "nodeInfo": {"architecture": "", "bootID": "",
          "containerRuntimeVersion": "", "kernelVersion": "", "kubeProxyVersion": "", "kubeletVersion": "v1.36.1",
          "machineID": "", "operatingSystem": "", "osImage": "", "systemUUID": ""},
          "conditions": [{"type": "Ready", "status": "Unknown"}]}},
      {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "w1"},
        "status": {"capacity": {"cpu": "3500m", "memory": "1Gi", "pods": "10"}}},
      {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "kube-apiserver-cp-1", "namespace": "kube-system",
        "labels": {"component": "kube-apiserver"}, "annotations": {"kubernetes.io/config.mirror": "x"},
        "ownerReferences": [{"apiVersion": "v1", "kind": "Node", "name": "cp-1", "uid": "1", "controller": true}]},
        "spec": {"nodeName": "cp-1", "hostNetwork": true, "containers": [{"name": "a", "image": "k8s/apiserver:v1.36.2",
          "ports": [{"containerPort": 6443}]}], "tolerations": [{"operator": "Exists"}]},
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}},
      {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "default"},
        "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "web"}}, "strategy": {"type": "Recreate"},
          "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c"}],
            "priorityClassName": "gold", "affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution":
              [{"topologyKey": "kubernetes.io/hostname"}]}}}}}},
      {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": "gold"}, "value": 7},
      {"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"name": "web-old", "namespace": "default",
        "annotations": {"deployment.kubernetes.io/revision": "1"}, "ownerReferences": [{"apiVersion": "apps/v1",
          "kind": "Deployment", "name": "web", "uid": "2", "controller": true}]}, "spec": {"replicas": 0, "selector": {}}},
      {"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"name": "web-new", "namespace": "default",
        "annotations": {"deployment.kubernetes.io/revision": "2"}, "ownerReferences": [{"apiVersion": "apps/v1",
          "kind": "Deployment", "name": "web", "uid": "2", "controller": true}]}, "spec": {"replicas": 2, "selector": {}}},
      {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web-new-x", "namespace": "default", "labels": {"app": "web"},
        "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-new", "uid": "3", "controller": true}]},
        "spec": {"nodeName": "w1", "containers": [{"name": "c"}]},
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}},
      {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "db-0", "namespace": "default",
        "ownerReferences": [{"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "db", "uid": "4", "controller": true}]},
        "spec": {"nodeName": "w1", "containers": [{"name": "c"}], "volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "v"}}]},
        "status": {"phase": "Pending"}},
      {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "done"}, "spec": {"containers": []}, "status": {"phase": "Succeeded"}},
      {"apiVersion": "policy/v1beta1", "kind": "PodDisruptionBudget", "metadata": {"name": "none", "namespace": "default"},
        "spec": {"maxUnavailable": 1, "selector": {}}},
      {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "all", "namespace": "default"},
        "spec": {"minAvailable": "50%", "selector": {}, "unhealthyPodEvictionPolicy": "AlwaysAllow"}},
      {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "default"}, "spec": {"selector": {"app": "web"}}},
      {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "bare", "namespace": "default"}, "spec": {}},
      {"apiVersion": "v1", "kind": "Endpoints", "metadata": {"name": "web", "namespace": "default"}},
      {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "db", "namespace": "default"}, "spec": {"replicas": 3,
        "serviceName": "db", "podManagementPolicy": "Parallel", "selector": {}, "template": {"spec": {"containers": []}},
        "updateStrategy": {"rollingUpdate": {"partition": 2}}, "ordinals": {"start": 0}}},
      {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "report"}, "spec": {"parallelism": 2, "completions": 5,
        "podReplacementPolicy": "Failed", "template": {"spec": {"containers": [], "restartPolicy": "Never"}}}, "status": {"succeeded": 1}},
      {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "over"}, "spec": {"template": {"spec": {"containers": []}}},
        "status": {"conditions": [{"type": "Complete", "status": "True"}]}}]}"#;
    let plan = own(
        "UpgradePlan",
        "  targetVersion: v1.37.0\n  drain: {timeout: 0s, onFailure: Skip, via: Delete}\n",
    );
    let timings = own(
        "Timings",
        "  podStartup: {lognormal: {median: 3s, p95: 8s}}\n  controlPlane: {etcdDown: 3s}\n  workloads:\n  \
         - {name: web, podShutdown: 2s, neverReady: All}\n  - {kind: StatefulSet, name: db, podStartup: 5s}\n",
    );
    let faults = own(
        "Faults",
        "  events:\n  - {after: {componentDown: kube-controller-manager, delay: 1s}, podDelete: default/web}\n  \
         - {at: 5s, nodeCrash: {hosting: web}, for: 3s}\n",
    );
    let Scenario { model, notes, .. } = good(&[dump, &plan, &timings, &faults]);
    assert_eq!(model.version, KubeVersion::new(36, 2));
    assert_eq!(
        notes,
        [
            "ignored: 1 Endpoints (not part of the model)",
            "ignored: 1 pods that have succeeded or failed"
        ]
    );
    let kinds: Vec<_> = model
        .workloads
        .iter()
        .map(|w| (w.name.as_str(), w.kind, w.desired))
        .collect();
    assert_eq!(
        kinds,
        [
            ("db", WorkloadKind::StatefulSet, 3),
            ("report", WorkloadKind::Job, 2),
            ("web", WorkloadKind::Deployment, 2),
            ("kube-apiserver-cp-1", WorkloadKind::StaticPod, 1)
        ]
    );
    let db = model.workloads.iter().next().unwrap();
    assert_eq!(
        (db.management, db.rollout),
        (PodManagement::Parallel, RolloutStrategy::Partition(2))
    );
    let report = model.workloads.iter().nth(1).unwrap().job.unwrap();
    assert_eq!(
        (report.parallelism, report.completions, report.backoff_limit),
        (2, Some(4), 6)
    );
    assert!(report.waits_for_end && !report.ignores_disruptions);
    let web = model.workloads.iter().nth(2).unwrap();
    assert_eq!(web.rollout, RolloutStrategy::Recreate);
    assert_eq!(web.shutdown, Some(Dist::Constant(Span::from_secs(2))));
    assert_eq!(web.never_ready, NeverReady::All);
    let class = &model.classes[web.class];
    assert_eq!(class.priority, 7);
    assert_eq!((class.nonzero.cpu, class.nonzero.memory), (100, 200 << 20));
    assert_eq!(class.budgets.len(), 1);
    let budget = &model.budgets[class.budgets[0]];
    assert_eq!(budget.limit, BudgetLimit::MinAvailable(IntOrPercent::Percent(50)));
    assert!(budget.always_allow_unhealthy);
    assert_eq!(class.services.len(), 1);
    let server = model.workloads.iter().nth(3).unwrap();
    assert_eq!(model.classes[server.class].host_ports, [(6443, 0)]);
    assert_eq!(model.classes[server.class].unreachable_seconds, None);
    assert_eq!(model.replica_sets.len(), 1);
    assert_eq!(model.replica_sets.iter().next().unwrap().revision, 2);
    let ready: Vec<_> = model.pods.iter().map(|p| (p.name.as_str(), p.ready)).collect();
    assert_eq!(
        ready,
        [("db-0", false), ("web-new-x", true), ("kube-apiserver-cp-1", true)]
    );
    assert_eq!(model.nodes.iter().next().unwrap().taints.len(), 1);
    assert_eq!(
        model.assumptions,
        [
            "nodes that are not Ready are treated as Ready: cp-1",
            "no Service selects 1 workload (default/db): readiness in the API stands for its endpoints",
        ]
    );
    let plan = model.plan.unwrap();
    assert!(plan.control_plane.upgrade && plan.control_plane.drain);
    assert_eq!(plan.drain.timeout, None);
    assert_eq!(
        (plan.drain.via, plan.drain.on_failure),
        (DrainVia::Delete, OnFailure::Skip)
    );
    assert!(plan.drain.ignore_daemon_sets && plan.drain.delete_empty_dir_data && !plan.drain.force);
    assert_eq!(plan.pools.len(), 1);
    assert_eq!(plan.pools[0].strategy.order, NodeOrder::ByName);
    assert_eq!(model.timings.etcd.down, Some(Dist::Constant(Span::from_secs(3))));
    assert!(matches!(
        model.faults[0].trigger,
        Trigger::After { moment: Moment::ComponentDown(_), delay } if delay == Span::from_secs(1)
    ));
    assert!(matches!(
        model.faults[1].action,
        FaultAction::NodeCrash {
            target: FaultTarget::Hosting(_),
            duration: Some(_)
        }
    ));
}

#[test]
fn w21_daemon_sets_tolerate_what_the_controller_adds_and_count_their_nodes() {
    let proxy = WEB.replace("Deployment", "DaemonSet").replace("  replicas: 2\n", "");
    let model = good(&[CLUSTER, &proxy]).model;
    let workload = model.workloads.iter().next().unwrap();
    assert_eq!(workload.desired, 3, "the control plane's taint keeps it away");
    let class = &model.classes[workload.class];
    assert_eq!(class.unreachable_seconds, None);
    assert_eq!(class.tolerations.len(), 6);
    let everywhere = proxy.replace("    spec:\n", "    spec:\n      tolerations: [{operator: Exists}]\n");
    let model = good(&[CLUSTER, &everywhere]).model;
    assert_eq!(model.workloads.iter().next().unwrap().desired, 4);
}

#[test]
fn n6_the_shorter_toleration_of_an_unreachable_node_counts() {
    let with = |tolerations: &str| {
        let text = format!("    spec:\n      tolerations: [{tolerations}]\n");
        let model = good(&[CLUSTER, &WEB.replace("    spec:\n", &text)]).model;
        model.classes.iter().next().unwrap().unreachable_seconds
    };
    let gone = "{key: node.kubernetes.io/unreachable, operator: Exists, effect: NoExecute, tolerationSeconds: 30}";
    let ever = "{key: node.kubernetes.io/unreachable, operator: Exists, effect: NoExecute}";
    let sick = "{key: node.kubernetes.io/not-ready, operator: Exists, effect: NoExecute}";
    assert_eq!(with(gone), Some(Span::from_secs(30)));
    assert_eq!(with(ever), Some(Span::from_secs(300)));
    assert_eq!(with(&format!("{ever}, {sick}")), None);
    assert_eq!(with("{operator: Exists}"), None);
}

#[test]
fn later_timings_win_field_by_field() {
    let first = own(
        "Timings",
        "  apiCall: 1s\n  binding: {uniform: [1s, 2s]}\n  proxySync: {exponential: 3s}\n",
    );
    let second = own(
        "Timings",
        "  apiCall: {quantiles: {p100: 9s, p0: 1s, p50: 2s}}\n  podRemoval: {empirical: [1s, 10ms]}\n  \
         nodeReboot: {normal: {mean: 5s, sd: 1s}}\n  kubectlStart: {exponential: {mean: 4s}}\n  imagePull: 5s\n",
    );
    let Scenario { model, notes, .. } = good(&[CLUSTER, &first, &second]);
    let points = [(0.0, millis(1000)), (0.5, millis(2000)), (1.0, millis(9000))];
    assert_eq!(model.timings.api_call, Dist::Quantiles(points.into()));
    assert_eq!(model.timings.binding, Dist::Uniform(millis(1000), millis(2000)));
    assert_eq!(model.timings.proxy_sync, Dist::Exponential(millis(3000)));
    assert_eq!(model.timings.kubectl_start, Dist::Exponential(millis(4000)));
    assert_eq!(
        model.timings.pod_removal,
        Some(Dist::Empirical([millis(1000), millis(10)].into()))
    );
    assert_eq!(notes, ["Timings without effect yet: imagePull"]);
}

#[test]
fn steps_take_the_plans_drain_options_unless_they_say_otherwise() {
    let plan = own(
        "UpgradePlan",
        "  controlPlane: {upgrade: false}\n  drain: {force: true, timeout: 9s}\n  steps:\n  \
         - drain: {node: worker-1, timeout: 0s, expect: Failure}\n  - sleep: 5s\n  - cordon: worker-1\n  \
         - deletePod: {workload: web}\n  - upgradeNode: {node: worker-1, reboot: true}\n  - uncordon: worker-1\n",
    );
    let model = good(&[CLUSTER, WEB, &plan]).model;
    let plan = model.plan.unwrap();
    assert_eq!((plan.pools.len(), plan.steps.len()), (0, 6));
    let Step::Drain { options, expect, .. } = &plan.steps[0] else {
        panic!("{:?}", plan.steps[0]);
    };
    assert_eq!(*expect, Expectation::Failure);
    // A step's `timeout: 0s` is no limit, whatever the plan says.
    assert_eq!((options.force, options.timeout), (true, None));
}

/// A drain step names one node or several, each once.
#[test]
fn a_drain_step_names_its_nodes() {
    let steps = "  controlPlane: {upgrade: false}\n  steps:\n";
    let plan = |step: &str| own("UpgradePlan", &format!("{steps}  - drain: {{{step}}}\n"));
    let model = good(&[CLUSTER, &plan("nodes: [worker-2, worker-1]")]).model;
    let Step::Drain { nodes, .. } = &model.plan.unwrap().steps[0] else {
        panic!("not a drain");
    };
    let names: Vec<&str> = nodes.iter().map(|&n| model.nodes[n].name.as_str()).collect();
    assert_eq!(names, ["worker-2", "worker-1"]);
    for (step, complaint) in [
        ("force: true", "expected the field `node` or `nodes`"),
        ("nodes: []", "expected the name of a node at least"),
        ("node: worker-1, nodes: [worker-2]", "leave one of them out"),
        ("nodes: [worker-1, worker-2, worker-1]", "`worker-1` is named twice"),
    ] {
        let text = wrong(&[CLUSTER, &plan(step)]);
        assert!(text.contains(complaint), "{text}");
    }
}

#[test]
fn a_cluster_document_adds_to_a_dump_what_a_dump_does_not_show() {
    let node = "apiVersion: v1\nkind: Node\nmetadata: {name: n1, labels: {node-role.kubernetes.io/master: ''}}\n";
    let cluster = own(
        "Cluster",
        "  version: 1.29\n  controlPlane: {leaderElection: false, standbys: 1, etcd: External}\n",
    );
    let model = good(&[node, &cluster]).model;
    assert_eq!(model.nodes.len(), 1);
    assert_eq!(model.version, KubeVersion::new(29, 0));
    assert_eq!(model.control_plane.standbys, 1);
    assert_eq!(model.control_plane.etcd, Etcd::External);
    assert!(!model.control_plane.leader_election);
}

#[test]
fn unknown_fields_and_values_are_all_reported_with_the_nearest_name() {
    let plan = own(
        "UpgradePlan",
        "  tragetVersion: v1.37.0\n  drain:\n    timout: 5s\n    onFailure: Skipp\n  pools:\n  - name: a\n    \
         strategy: {maxUnavailble: 1, soak: 3}\n",
    );
    assert_eq!(
        wrong(&[CLUSTER, &plan]),
        "1.yaml:4:3: unknown field `tragetVersion`; did you mean `targetVersion`?\n\
         1.yaml:6:5: unknown field `timout`; did you mean `timeout`?\n\
         1.yaml:7:16: unknown value `Skipp`; did you mean `Skip`?\n\
         1.yaml:10:16: unknown field `maxUnavailble`; did you mean `maxUnavailable`?\n\
         1.yaml:10:40: \"3\": a duration needs a unit: ns, us, ms, s, m or h"
    );
}

#[test]
fn excerpts_show_the_line_and_the_help() {
    let plan = own("UpgradePlan", "  tragetVersion: v1.37.0\n");
    let rendered = of(&[CLUSTER, &plan]).unwrap_err().render(false);
    assert_eq!(
        rendered,
        "error: unknown field `tragetVersion`
 --> 1.yaml:4:3
  |
4 |   tragetVersion: v1.37.0
  |   ^^^^^^^^^^^^^
  |
  = help: did you mean `targetVersion`?

"
    );
    let colored = of(&[CLUSTER, &plan]).unwrap_err().render(true);
    assert!(colored.contains("\u{1b}["));
}

#[test]
fn references_to_what_is_not_there_name_the_nearest() {
    let plan = own(
        "UpgradePlan",
        "  pools:\n  - {name: a, nodes: [wroker-1]}\n  - {name: b, nodeSelector: {x: y}}\n",
    );
    let timings = own(
        "Timings",
        "  workloads:\n  - {name: wep, podStartup: 1s}\n  - {kind: DaemonSet, name: web}\n",
    );
    let faults = own(
        "Faults",
        "  events:\n  - {at: 1s, podDelete: prod/web}\n  - {at: 1s, componentDown: [kube-api-server]}\n",
    );
    let more = own(
        "Faults",
        "  events:\n  - {at: 1s, after: {drainEnds: worker-1}, rollout: web}\n  - {at: 1s, podDelete: web, for: 1s}\n  - {at: 2s}\n",
    );
    assert_eq!(
        wrong(&[CLUSTER, WEB, &plan, &timings, &faults, &more]),
        "2.yaml:5:23: there is no node `wroker-1`; did you mean `worker-1`?\n\
         2.yaml:6:15: the pool `b` selects no node\n\
         3.yaml:5:12: there is no Deployment `default/wep`; did you mean `default/web`?\n\
         3.yaml:6:29: there is no DaemonSet `default/web`; there is a Deployment of this name\n\
         4.yaml:6:30: unknown value `kube-api-server`; did you mean `kube-apiserver`?\n\
         5.yaml:5:5: an event has exactly one of: at, after\n\
         5.yaml:6:35: `for` has a meaning with componentDown, componentFails, imageMissing and nodeCrash only\n\
         5.yaml:7:5: an event has exactly one of: componentDown, componentFails, imageMissing, nodeCrash, podDelete, containerCrash, rollout"
    );
}

#[test]
fn figures_that_mean_nothing_together_are_refused() {
    let plan = own(
        "UpgradePlan",
        "  preset: gke\n  pools:\n  - name: a\n    nodes: [worker-1]\n    strategy: {mode: BlueGreen, maxSurge: 1, maxUnavailable: 0, premark: Cordon, ramp: [0]}\n  \
         - {name: b, nodes: [worker-1]}\n",
    );
    assert_eq!(
        wrong(&[CLUSTER, &plan]),
        "1.yaml:4:11: there is no preset `gke`; the presets are kubeadm-all-at-once, kubeadm, kubeadm-new-nodes, kops, cluster-api, gke-surge, gke-blue-green, aks, aks-quarantine, aks-blue-green, eks-managed, eks-force, karpenter-drift, openshift-mco, system-upgrade-controller, kubespray, talos, k0s-autopilot, gardener, kured\n\
         1.yaml:8:43: `maxSurge` has no meaning with `mode: BlueGreen`, which brings a whole new pool; `maxUnavailable` is the size of a batch\n\
         1.yaml:8:62: with `maxUnavailable: 0` no old node can be drained\n\
         1.yaml:8:89: a batch of no nodes\n\
         1.yaml:9:23: the node `worker-1` is in the pool `a`, too (there: 1.yaml:7:13)"
    );
    let surge = own(
        "UpgradePlan",
        "  pools: [{name: a, strategy: {maxSurge: 1}}, {name: b, strategy: {mode: Replace, maxUnavailable: 0, maxSurge: 0%}}]\n",
    );
    let text = wrong(&[CLUSTER, &surge]);
    assert!(
        text.contains("`maxSurge` above 0 has no meaning in place; with `mode: Replace` new nodes come first"),
        "{text}"
    );
    assert!(
        text.contains("with `maxUnavailable: 0` and no `maxSurge` no node can be replaced"),
        "{text}"
    );
    let steps = own(
        "UpgradePlan",
        "  steps: [{createNode: {like: worker-1, name: worker-1}}, {createNode: {like: worker-9}}]\n",
    );
    let text = wrong(&[CLUSTER, &steps]);
    assert!(text.contains("a node of the name `worker-1` exists already"), "{text}");
    assert!(text.contains("there is no node `worker-9`"), "{text}");
}

#[test]
fn targets_and_paths_that_make_no_sense() {
    let to = |version: &str| own("UpgradePlan", &format!("  targetVersion: {version}\n"));
    assert!(of(&[CLUSTER, &to("v1.37.0")]).is_ok());
    assert!(of(&[CLUSTER, &to("v1.38.1")]).is_ok(), "two hops");
    assert_eq!(
        wrong(&[CLUSTER, &to("v1.38.1\n  path: [v1.37.0, v1.38.0]")]),
        "1.yaml:5:19: the path ends at v1.38.0, not at the target (the target: 1.yaml:4:18)"
    );
    let steps = to("v1.37.0\n  path: [v1.37.0]\n  workers: Lagging\n  steps: [{sleep: 1s}]");
    assert_eq!(
        wrong(&[CLUSTER, &steps]),
        "1.yaml:5:10: `path` has no meaning beside explicit `steps`: they name their versions\n\
         1.yaml:6:12: `workers` has a meaning where the plan upgrades the control plane, without explicit `steps`"
    );
    let order = to("v1.37.0\n  controlPlane: {order: [worker-1]}");
    assert!(wrong(&[CLUSTER, &order]).contains("`worker-1` is not a control-plane node"));
    let both = to("v1.37.0\n  steps: [{upgradeControlPlane: {node: cp-1, nodes: [cp-1]}}]");
    assert!(wrong(&[CLUSTER, &both]).contains("expected exactly one of: node, nodes"));
    assert_eq!(
        wrong(&[CLUSTER, &to("v1.35.9")]),
        "1.yaml:4:18: the target v1.35.9 is lower than the cluster's version v1.36.0"
    );
    assert_eq!(
        wrong(&[CLUSTER, &to("soon")]),
        "1.yaml:4:18: \"soon\": expected a Kubernetes version such as v1.34.2"
    );
    // V-4: nodes alone may be rolled to a newer version, with a note.
    let alone = format!("{}  controlPlane: {{upgrade: false}}\n", to("v1.38.0"));
    assert!(good(&[CLUSTER, &alone]).notes[0].contains("V-4"));
}

#[test]
fn duplicates_name_both_places() {
    let plan = own("UpgradePlan", "  targetVersion: v1.37.0\n");
    assert_eq!(
        wrong(&[CLUSTER, CLUSTER, WEB, WEB, &plan, &plan]),
        "1.yaml:2:7: a second Cluster; a scenario has at most one (the first one: 0.yaml:2:7)\n\
         3.yaml:3:18: Deployment default/web stands here a second time (the first time: 2.yaml:3:18)\n\
         5.yaml:2:7: a second UpgradePlan; a scenario has at most one (the first one: 4.yaml:2:7)"
    );
}

#[test]
fn wrong_timings_say_what_is_wrong() {
    let timings = own(
        "Timings",
        "  apiCall: {lognormal: {median: 9s, p95: 1s}}\n  binding: {uniform: [3s, 1s]}\n  podStartup: {empirical: []}\n  \
         podShutdown: {gauss: 1s}\n  proxySync: {normal: {mean: 1s, sd: -1s}}\n  kubectlStart: {quantiles: {p0: 5s, p50: 1s}}\n  \
         nodeUpgrade: {lognormal: {median: 1s}}\n",
    );
    assert_eq!(
        wrong(&[CLUSTER, &timings]),
        "1.yaml:4:3: lognormal: p95 (1s) is below the median (9s)\n\
         1.yaml:5:3: uniform: the low end 3s is above the high end 1s\n\
         1.yaml:6:3: empirical: the list is empty\n\
         1.yaml:7:17: unknown value `gauss`; expected one of: constant, uniform, normal, lognormal, exponential, quantiles, empirical\n\
         1.yaml:8:38: \"-1s\": a duration cannot be negative\n\
         1.yaml:9:3: quantiles: p0 (5s) is above p50 (1s)\n\
         1.yaml:10:17: the field `p95` is missing"
    );
}

#[test]
fn malformed_objects_have_positions_in_yaml_and_json() {
    let text = WEB.replace("replicas: 2", "replicas: three").replace("64Mi", "lots");
    assert_eq!(
        wrong(&[CLUSTER, &text]),
        "1.yaml:5:13: expected a whole number of at most 32 bits, found the text \"three\""
    );
    assert_eq!(
        wrong(&[CLUSTER, &WEB.replace("64Mi", "lots")]),
        "1.yaml:11:73: \"lots\": expected a quantity such as 500m, 2, 64Mi or 1G, not negative and below 2^60"
    );
    let list = "{\"apiVersion\": \"apps/v1\", \"kind\": \"DeploymentList\", \"items\": [\n  {\"metadata\": {\"name\": \"a\"},\n   \
                \"spec\": {\"replicas\": 1000000000000000000}},\n  {\"kind\": \"Pod\",}]}";
    assert_eq!(
        wrong(&[CLUSTER, list]),
        "1.yaml:3:25: 1000000000000000000 is not a whole number of at most 32 bits\n\
         1.yaml:4:18: invalid JSON: expected a key in double quotes, found '}'"
    );
}

#[test]
fn broken_documents_do_not_hide_each_other() {
    let text = "a: [1, 2\nb: 3\n---\nkind: Pod\n---\napiVersion: apps/v1\nkind: Deploymnet\n---\n\
                apiVersion: v1\nkind: Deployment\n---\napiVersion: seatrail.dev/v1alpha1\nkind: Faults\n---\nhello\n";
    let found = wrong(&[text]);
    let lines: Vec<&str> = found.lines().collect();
    assert!(lines[0].starts_with("0.yaml:2:2: invalid YAML: "), "{found}");
    assert_eq!(
        lines[1..],
        [
            "0.yaml:4:1: not a Kubernetes document: `apiVersion` is missing",
            "0.yaml:7:7: unknown kind `Deploymnet`; did you mean `Deployment`?",
            "0.yaml:9:13: there is no Deployment in `v1`; did you mean `apps/v1`?",
            "0.yaml:12:13: unknown apiVersion `seatrail.dev/v1alpha1`; did you mean `seatrial.dev/v1alpha1`?",
            "0.yaml:15:1: a document must be a map with `apiVersion` and `kind`",
        ]
    );
}

#[test]
fn absurd_input_is_refused_at_once() {
    let cluster = own(
        "Cluster",
        "  nodePools: [{name: q, replicas: 1000000000000000000}, {name: r, replicas: -1}]\n",
    );
    assert_eq!(
        wrong(&[&cluster]),
        "0.yaml:4:35: 1000000000000000000 is not between 0 and the limit of 100000\n\
         0.yaml:4:77: -1 is not between 0 and the limit of 100000"
    );
    assert_eq!(
        wrong(&[CLUSTER, &WEB.replace("replicas: 2", "replicas: 1000001")]),
        "1.yaml:5:13: 1000001 is more than the limit of 1000000"
    );
    let many: Vec<String> = (0..6)
        .map(|i| {
            WEB.replace("name: web", &format!("name: w{i}"))
                .replace("replicas: 2", "replicas: 1000000")
        })
        .collect();
    assert_eq!(
        wrong(&[CLUSTER, &many.join("---\n")]),
        "1.yaml:63:18: more than 5000000 pods in all"
    );
}

#[test]
fn junk_is_refused_at_once() {
    assert!(wrong(&[""]).starts_with("no documents in the input; "));
    assert!(wrong(&["# nothing\n---\n"]).starts_with("no documents in the input; "));
    assert_eq!(
        wrong(&["PK\u{3}\0"]),
        "0.yaml:1:4: not a text document: it holds a NUL byte"
    );
    let binary = load(&[Source::new("-", vec![b'a', b'\n', 0xff, 0xfe])]).unwrap_err();
    assert_eq!(binary.to_string(), "<stdin>:2:1: not a text document: it is not UTF-8");
    assert!(wrong(&[&"[".repeat(1_000_000)]).contains("nested more than 100 levels deep"));
    assert!(wrong(&[&"{\"a\":".repeat(1_000_000)]).contains("nested more than 100 levels deep"));
    assert!(wrong(&[&format!("x: {}", "[".repeat(1_000_000))]).contains("invalid YAML"));
    let long = "x".repeat(1_000_000);
    let rendered = of(&[&long]).unwrap_err().render(false);
    assert!(rendered.len() < 2_000, "{}", rendered.len());
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for i in 1..12 {
        let refs = vec![format!("*a{}", i - 1); 10].join(", ");
        bomb += &format!("a{i}: &a{i} [{refs}]\n");
    }
    assert!(wrong(&[&bomb]).contains("invalid YAML"));
    let nested =
        r#"{"apiVersion": "v1", "kind": "List", "items": [{"apiVersion": "v1", "kind": "List", "items": []}]}"#;
    assert!(wrong(&[nested]).contains("a list within a list"));
    let errors = "---\nkind: x\n".repeat(10_000);
    assert_eq!(of(&[&errors]).unwrap_err().count(), 10_000);
}

#[test]
fn directories_are_read_as_kubectl_does() {
    let folder = std::env::temp_dir().join(format!("seatrial-scenario-{}", std::process::id()));
    std::fs::create_dir_all(folder.join("inner")).unwrap();
    for name in ["b.yaml", "a.json", "c.yml", "d.txt", "inner/e.yaml"] {
        std::fs::write(folder.join(name), name).unwrap();
    }
    let mut piped = "piped".as_bytes();
    let inputs = inputs_of(&[folder.clone(), "-".into()], &mut piped).unwrap();
    let wrong = load_inputs(inputs).unwrap_err().to_string();
    std::fs::remove_dir_all(&folder).unwrap();
    let told: Vec<&str> = wrong
        .lines()
        .map(|l| l.rsplit('/').next().unwrap().split(':').next().unwrap())
        .collect();
    assert_eq!(told, ["a.json", "b.yaml", "c.yml", "<stdin>"], "{wrong}");
    let mut nothing = std::io::empty();
    let missing = inputs_of(&["no-such-file.yaml".into()], &mut nothing)
        .map(drop)
        .unwrap_err();
    assert!(missing.to_string().starts_with("cannot read no-such-file.yaml: "));
}

#[test]
fn every_own_kind_has_a_schema() {
    for kind in OWN_KINDS {
        let schema = schema(kind).unwrap();
        assert_eq!(schema["properties"]["apiVersion"]["const"], "seatrial.dev/v1alpha1");
    }
    assert!(schema("Pod").is_none());
}
