//! What the scheduler looks at beside resources: affinities, spreading, priorities, volumes (S-5, S-15, S-17 … S-22, O-70).
//! Scores are held against values computed by hand in the unit tests beside the scheduler.

use std::collections::BTreeMap;

use seatrial::model::Model;
use seatrial::scenario::{Source, load};
use seatrial::trace::{DeletedBy, DrainOutcome, Fact, Record, Unfit};

use crate::support::observe;

/// Nothing takes time but what a test looks at.
const EXACT: &str = "
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
  volumeAttach: 20s
  volumeDetach: 10s
";

fn model(parts: &[String]) -> Model {
    let text = format!("{EXACT}\n---\n{}", parts.join("\n---\n"));
    let source = Source {
        name: "test.yaml".to_owned(),
        text: text.into_bytes(),
    };
    load(&[source]).unwrap_or_else(|e| panic!("{e}")).model
}

/// One control-plane node and workers `w-1` …, in these zones by turns.
fn cluster(version: &str, workers: u32, zones: &str, capacity: &str) -> String {
    format!(
        "apiVersion: seatrial.dev/v1alpha1\nkind: Cluster\nspec: {{version: {version}, controlPlane: {{replicas: 1}}, \
         nodePools: [{{name: w, replicas: {workers}, zones: [{zones}], capacity: {{{capacity}}}}}]}}"
    )
}

/// A Deployment whose pods request `cpu`; `more` are further fields of the pod.
fn deployment(name: &str, replicas: u32, cpu: &str, more: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}}}\nspec:\n  replicas: {replicas}\n  \
         selector: {{matchLabels: {{app: {name}}}}}\n  template:\n    metadata: {{labels: {{app: {name}}}}}\n    \
         spec: {{containers: [{{name: main, image: x, resources: {{requests: {{cpu: {cpu}, memory: 64Mi}}}}}}]{more}}}"
    )
}

/// The ReplicaSet `<name>-1` of a Deployment, and its running pods on these nodes.
fn running(name: &str, cpu: &str, more: &str, nodes: &[&str]) -> String {
    let spec =
        format!("containers: [{{name: main, image: x, resources: {{requests: {{cpu: {cpu}, memory: 64Mi}}}}}}]{more}");
    let mut parts = vec![format!(
        "apiVersion: apps/v1\nkind: ReplicaSet\nmetadata: {{name: {name}-1, ownerReferences: [{{apiVersion: apps/v1, \
         kind: Deployment, name: {name}, uid: d, controller: true}}]}}\nspec: {{replicas: {}, selector: {{matchLabels: \
         {{app: {name}}}}}, template: {{metadata: {{labels: {{app: {name}}}}}, spec: {{{spec}}}}}}}",
        nodes.len()
    )];
    for (i, node) in nodes.iter().enumerate() {
        parts.push(format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}-1-{i}, labels: {{app: {name}}}, ownerReferences: \
             [{{apiVersion: apps/v1, kind: ReplicaSet, name: {name}-1, uid: r, controller: true}}]}}\nspec: {{nodeName: \
             {node}, {spec}}}\nstatus: {{phase: Running, conditions: [{{type: Ready, status: \"True\"}}]}}"
        ));
    }
    parts.join("\n---\n")
}

fn budget(name: &str, limit: &str) -> String {
    format!(
        "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {{name: {name}}}\n\
         spec: {{{limit}, selector: {{matchLabels: {{app: {name}}}}}}}"
    )
}

fn priority(name: &str, value: i32, more: &str) -> String {
    format!("apiVersion: scheduling.k8s.io/v1\nkind: PriorityClass\nmetadata: {{name: {name}}}\nvalue: {value}{more}")
}

fn plan(steps: &str) -> String {
    format!("apiVersion: seatrial.dev/v1alpha1\nkind: UpgradePlan\nspec: {{steps: [{steps}]}}")
}

/// A pod affinity or anti-affinity to the pods of an application.
fn company(kind: &str, app: &str, topology: &str) -> String {
    format!(
        ", affinity: {{{kind}: {{requiredDuringSchedulingIgnoredDuringExecution: [{{labelSelector: {{matchLabels: \
         {{app: {app}}}}}, topologyKey: {topology}}}]}}}}"
    )
}

fn spread(app: &str, topology: &str, more: &str) -> String {
    format!(
        ", topologySpreadConstraints: [{{labelSelector: {{matchLabels: {{app: {app}}}}}, topologyKey: {topology}, \
         whenUnsatisfiable: DoNotSchedule, maxSkew: 1{more}}}]"
    )
}

const ZONE: &str = "topology.kubernetes.io/zone";
const HOST: &str = "kubernetes.io/hostname";

/// A run, and what happened to pods.
struct Run {
    records: Vec<Record>,
    start: usize,
    model: Model,
}

fn run(parts: &[String]) -> Run {
    let model = model(parts);
    let (_, records, _) = observe(&model, 0);
    let start = records.iter().position(|r| r.fact == Fact::RunStarted).unwrap();
    Run { records, start, model }
}

impl Run {
    fn node(&self, name: &str) -> seatrial::ids::NodeId {
        let mut nodes = self.model.nodes.iter_ids();
        nodes.find(|(_, n)| n.name == name).unwrap().0
    }

    fn workload(&self, pod: seatrial::ids::PodId) -> &str {
        let id = self.records.iter().find_map(|r| match r.fact {
            Fact::PodCreated { pod: p, workload, .. } if p == pod => Some(workload),
            _ => None,
        });
        &self.model.workloads[id.unwrap()].name
    }

    /// When and where pods of a workload were bound after the start.
    fn bound(&self, workload: &str) -> Vec<(f64, String)> {
        let mut found = Vec::new();
        for record in &self.records[self.start..] {
            if let Fact::PodBound { pod, node } = record.fact
                && self.workload(pod) == workload
            {
                found.push((record.at.as_secs_f64(), self.model.nodes[node].name.clone()));
            }
        }
        found
    }

    /// How many pods of a workload each node ever got.
    fn spread(&self, workload: &str) -> BTreeMap<String, u32> {
        let mut found = BTreeMap::new();
        for record in &self.records {
            if let Fact::PodBound { pod, node } = record.fact
                && self.workload(pod) == workload
            {
                *found.entry(self.model.nodes[node].name.clone()).or_default() += 1;
            }
        }
        found
    }

    fn times(&self, wanted: impl Fn(&Fact) -> bool) -> Vec<f64> {
        let after = self.records[self.start..].iter().filter(|r| wanted(&r.fact));
        after.map(|r| r.at.as_secs_f64()).collect()
    }

    fn ready(&self) -> Vec<f64> {
        self.times(|f| matches!(f, Fact::PodReady { .. }))
    }

    /// Why pods did not fit.
    fn unfit(&self) -> Vec<Unfit> {
        let why = |r: &Record| match r.fact {
            Fact::PodUnschedulable { why, .. } => Some(why),
            _ => None,
        };
        self.records.iter().filter_map(why).collect()
    }

    fn preempted(&self) -> Vec<&str> {
        let victim = |r: &Record| match r.fact {
            Fact::PodDeleted {
                pod,
                by: DeletedBy::Preemption,
            } => Some(self.workload(pod)),
            _ => None,
        };
        self.records.iter().filter_map(victim).collect()
    }
}

fn near(found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len(), "{found:?} for {expected:?}");
    let close = found.iter().zip(expected).all(|(f, e)| (f - e).abs() < 0.05);
    assert!(close, "{found:?} for {expected:?}");
}

/// O-70: with as many replicas as nodes, a drain completes, but what it evicted waits for the node; a second drain
/// meanwhile is blocked by the budget.
#[test]
fn o70_s15_anti_affinity_waits_for_the_drained_node() {
    for version in ["1.20.7", "1.36.0"] {
        let run = run(&[
            cluster(version, 3, "", ""),
            deployment("web", 3, "100m", &company("podAntiAffinity", "web", HOST)),
            budget("web", "maxUnavailable: 1"),
            plan(
                "{drain: {node: w-1}}, {drain: {node: w-2, timeout: 30s, expect: Failure}}, {uncordon: w-2}, \
                 {uncordon: w-1}, {sleep: 30s}",
            ),
        ]);
        let outcomes: Vec<DrainOutcome> = run
            .records
            .iter()
            .filter_map(|r| match r.fact {
                Fact::DrainEnded { outcome, .. } => Some(outcome),
                _ => None,
            })
            .collect();
        assert_eq!(outcomes, [DrainOutcome::Completed, DrainOutcome::TimedOut]);
        let uncordoned = run.times(|f| *f == Fact::NodeUncordoned { node: run.node("w-1") });
        let bound = run.bound("web");
        assert_eq!(bound.len(), 1, "{bound:?}");
        assert_eq!(bound[0].1, "w-1");
        assert!(bound[0].0 >= uncordoned[0], "{bound:?} {uncordoned:?}");
        let first = run.unfit()[0];
        assert_eq!((first.unschedulable, first.tainted, first.pod_anti_affinity), (1, 1, 2));
    }
}

/// A pod that terminates keeps others away until its object is gone.
#[test]
fn s15_terminating_pods_still_repel() {
    let run = run(&[
        cluster("1.36.0", 2, "", ""),
        deployment("web", 2, "100m", &company("podAntiAffinity", "web", HOST)),
        plan("{deletePod: {workload: web}}, {sleep: 30s}"),
    ]);
    let removed = run.times(|f| matches!(f, Fact::PodRemoved { .. }));
    near(&removed, &[4.0]);
    let bound = run.bound("web");
    assert_eq!(bound.len(), 1);
    assert!(bound[0].0 >= 4.0, "{bound:?}");
}

/// Pods that stand keep others away although those do not mind.
#[test]
fn s15_anti_affinity_is_symmetric() {
    let run = run(&[
        cluster("1.36.0", 2, "", ""),
        running("lonely", "100m", &company("podAntiAffinity", "crowd", HOST), &["w-1"]),
        deployment("lonely", 1, "100m", &company("podAntiAffinity", "crowd", HOST)),
        deployment("crowd", 6, "100m", ""),
        plan("{sleep: 10s}"),
    ]);
    assert_eq!(run.spread("crowd"), BTreeMap::from([("w-2".to_owned(), 6)]));
}

/// The first pod of a group that wants to be together may go anywhere, the others follow; where no node has the label,
/// even the first stays.
#[test]
fn s15_the_first_of_a_group_may_go_anywhere() {
    let together = |topology| {
        run(&[
            cluster("1.36.0", 4, "a, b", ""),
            deployment("web", 5, "100m", &company("podAffinity", "web", topology)),
            plan("{sleep: 10s}"),
        ])
    };
    let zones: Vec<String> = together(ZONE).spread("web").into_keys().collect();
    assert!(zones == ["w-1", "w-3"] || zones == ["w-2", "w-4"], "{zones:?}");
    let nowhere = together("rack");
    assert!(nowhere.spread("web").is_empty());
    assert!(
        nowhere.unfit().iter().all(|why| why.pod_affinity == 4),
        "{:?}",
        nowhere.unfit()
    );
}

/// Only pods in the namespaces that a term names count; `{}` selects all.
#[test]
fn s15_namespaces_of_a_term() {
    let other = deployment("web", 1, "100m", "").replace("{name: web}\nspec", "{name: web, namespace: other}\nspec");
    for (namespaces, near) in [
        ("", false),
        (", namespaces: [other]", true),
        (", namespaceSelector: {}", true),
        (
            ", namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: other}}",
            true,
        ),
        (", namespaces: [third]", false),
    ] {
        let term = company("podAffinity", "web", HOST).replace("topologyKey", "NS topologyKey");
        let term = term.replace(", NS topologyKey", &format!("{namespaces}, topologyKey"));
        let run = run(&[
            cluster("1.36.0", 2, "", ""),
            other.clone(),
            deployment("guest", 1, "100m", &term),
            plan("{sleep: 5s}"),
        ]);
        assert_eq!(run.spread("guest").len(), usize::from(near), "{namespaces}");
    }
}

/// Only pods that match all required terms count for any of them.
#[test]
fn s15_all_terms_look_at_the_same_pods() {
    let term = |app: &str, key: &str| format!("{{labelSelector: {{matchLabels: {{app: {app}}}}}, topologyKey: {key}}}");
    for (second, placed) in [("web", 1), ("db", 0)] {
        let affinity = format!(
            ", affinity: {{podAffinity: {{requiredDuringSchedulingIgnoredDuringExecution: [{}, {}]}}}}",
            term("web", HOST),
            term(second, ZONE)
        );
        let run = run(&[
            cluster("1.36.0", 1, "a", ""),
            deployment("web", 1, "100m", ""),
            deployment("db", 1, "100m", ""),
            deployment("zap", 1, "100m", &affinity),
            plan("{sleep: 5s}"),
        ]);
        assert_eq!(run.spread("zap").len(), placed);
    }
}

/// A pod that waits for company is woken when it is bound, long before the flush after minutes.
#[test]
fn s5_a_binding_wakes_who_waits_for_company() {
    for version in ["1.20.7", "1.36.0"] {
        let run = run(&[
            cluster(version, 2, "", ""),
            priority("first", 10, ""),
            running("leader", "100m", "", &["w-1"]),
            deployment("leader", 1, "100m", ""),
            deployment(
                "follower",
                1,
                "100m",
                &format!("{}, priorityClassName: first", company("podAffinity", "leader", HOST)),
            ),
            plan("{cordon: w-2}, {drain: {node: w-1}}, {sleep: 20s}, {uncordon: w-2}, {sleep: 60s}"),
        ]);
        let leader = run.bound("leader");
        let follower = run.bound("follower");
        assert_eq!((leader.len(), follower.len()), (1, 1), "{leader:?} {follower:?}");
        assert!(
            follower[0].0 >= leader[0].0 && follower[0].0 < leader[0].0 + 12.0,
            "{version} {leader:?} {follower:?}"
        );
    }
}

/// Required node affinity: terms are alternatives, expressions of one must all hold.
#[test]
fn s15_required_node_affinity() {
    let affinity = |terms: &str| {
        format!(
            ", affinity: {{nodeAffinity: {{requiredDuringSchedulingIgnoredDuringExecution: {{nodeSelectorTerms: [{terms}]}}}}}}"
        )
    };
    for (terms, nodes) in [
        (
            "{matchExpressions: [{key: topology.kubernetes.io/zone, operator: In, values: [b]}]}",
            vec!["w-2"],
        ),
        (
            "{matchExpressions: [{key: topology.kubernetes.io/zone, operator: NotIn, values: [b]}, \
             {key: seatrial.dev/pool, operator: Exists}]}",
            vec!["w-1", "w-3"],
        ),
        (
            "{matchFields: [{key: metadata.name, operator: In, values: [w-1]}]}, \
             {matchExpressions: [{key: topology.kubernetes.io/zone, operator: In, values: [c]}]}",
            vec!["w-1", "w-3"],
        ),
        ("{matchExpressions: []}", vec![]),
    ] {
        let run = run(&[
            cluster("1.36.0", 3, "a, b, c", ""),
            deployment("web", 6, "100m", &affinity(terms)),
            plan("{sleep: 5s}"),
        ]);
        let found: Vec<String> = run.spread("web").into_keys().collect();
        assert_eq!(found, nodes, "{terms}");
    }
}

/// DaemonSets run where their node affinity says.
#[test]
fn w21_daemon_sets_follow_node_affinity() {
    let affinity = "affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: \
                    [{matchExpressions: [{key: topology.kubernetes.io/zone, operator: In, values: [a]}]}]}}}";
    let run = run(&[
        cluster("1.36.0", 3, "a, b", ""),
        format!(
            "apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {{name: agent}}\nspec: {{selector: {{matchLabels: {{app: agent}}}}, \
             template: {{metadata: {{labels: {{app: agent}}}}, spec: {{containers: [{{name: main, image: x}}], {affinity}}}}}}}"
        ),
        plan("{deletePod: {workload: agent}}, {sleep: 30s}"),
    ]);
    let found: Vec<String> = run.spread("agent").into_keys().collect();
    assert_eq!(found, ["w-1", "w-3"]);
    assert!(run.unfit().is_empty());
}

/// DoNotSchedule: pods that terminate do not count, cordoned nodes still are domains, unless `nodeTaintsPolicy: Honor`
/// says otherwise to a scheduler that knows it.
#[test]
fn s15_spread_constraints_hold_pods_back() {
    let drained = |version: &str, more: &str| {
        run(&[
            cluster(version, 2, "a, b", ""),
            deployment("web", 4, "100m", &spread("web", ZONE, more)),
            plan("{drain: {node: w-2}}, {sleep: 30s}, {uncordon: w-2}, {sleep: 30s}"),
        ])
    };
    let honor = ", nodeTaintsPolicy: Honor";
    for (version, more) in [("1.20.7", ""), ("1.25.0", honor), ("1.36.0", "")] {
        let run = drained(version, more);
        let first = run.bound("web");
        // At the drain: two on w-1, none on w-2: one more would be a skew of 3.
        assert!(
            first.iter().all(|(at, node)| *at >= 30.0 && node == "w-2"),
            "{version} {first:?}"
        );
        assert_eq!(first.len(), 2);
        assert!(run.unfit().iter().any(|why| why.spread == 1 && why.unschedulable == 1));
    }
    let free = drained("1.36.0", honor);
    assert!(free.bound("web").iter().all(|(at, node)| *at < 5.0 && node == "w-1"));
    assert_eq!(free.bound("web").len(), 2);
}

/// `minDomains` counts from 1.27: with fewer domains the smallest count is taken for 0.
#[test]
fn s15_min_domains_by_version() {
    for (version, placed) in [("1.26.0", 4), ("1.27.0", 2)] {
        let run = run(&[
            cluster(version, 2, "a, b", ""),
            deployment("web", 4, "100m", &spread("web", ZONE, ", minDomains: 3")),
            plan("{sleep: 5s}"),
        ]);
        assert_eq!(run.spread("web").values().sum::<u32>(), placed, "{version}");
    }
}

/// Two workers of two cores; `high` on w-1, two pods of `low` on w-2, and w-1 is drained.
fn crowded(class: &str, low: &[String], need: &str, plan_more: &str) -> Run {
    let high = ", priorityClassName: high";
    let mut parts = vec![
        cluster("1.36.0", 2, "", "cpu: 2"),
        class.to_owned(),
        running("high", need, high, &["w-1"]),
        deployment("high", 1, need, high),
        plan(&format!("{{drain: {{node: w-1}}}}, {{sleep: 60s}}{plan_more}")),
    ];
    parts.extend_from_slice(low);
    run(&parts)
}

fn low(name: &str, nodes: &[&str]) -> Vec<String> {
    let replicas = u32::try_from(nodes.len()).unwrap();
    vec![running(name, "800m", "", nodes), deployment(name, replicas, "800m", "")]
}

/// Preemption takes as many victims as it needs, asks no budget, waits for their grace and does not strike twice.
#[test]
fn s21_s22_preemption_makes_room() {
    let mut others = low("low", &["w-2", "w-2"]);
    others.push(budget("low", "maxUnavailable: 0"));
    let run = crowded(&priority("high", 1000, ""), &others, "1500m", "");
    assert_eq!(run.preempted(), ["low", "low"]);
    let bound = run.bound("high");
    assert_eq!(bound.len(), 1);
    assert_eq!(bound[0].1, "w-2");
    // The victims are asked to go at once, and are gone after 3 + 1 s.
    assert!(bound[0].0 >= 4.0 && bound[0].0 < 6.5, "{bound:?}");
    // They find no room again while w-1 is cordoned.
    assert!(run.bound("low").is_empty());
}

/// `preemptionPolicy: Never`, and pods of equal priority, wait.
#[test]
fn s20_who_never_preempts_waits() {
    for class in [
        priority("high", 1000, "\npreemptionPolicy: Never"),
        priority("high", 0, ""),
    ] {
        let run = crowded(&class, &low("low", &["w-2", "w-2"]), "1500m", "");
        assert!(run.preempted().is_empty());
        assert!(run.bound("high").is_empty());
    }
}

/// Victims are put back where there is room for them, and first those that a budget protects.
#[test]
fn s21_protected_victims_are_reprieved_first() {
    for protected in ["low-a", "low-b"] {
        let mut others = low("low-a", &["w-2"]);
        others.extend(low("low-b", &["w-2"]));
        others.push(budget(protected, "maxUnavailable: 0"));
        let run = crowded(&priority("high", 1000, ""), &others, "1", "");
        let other = if protected == "low-a" { "low-b" } else { "low-a" };
        assert_eq!(run.preempted(), [other]);
    }
}

/// The node whose most important victim matters least is chosen, be there more victims.
#[test]
fn s21_the_least_important_victims_go() {
    for (mid, low) in [("w-2", "w-3"), ("w-3", "w-2")] {
        let class = ", priorityClassName: mid";
        let run = run(&[
            cluster("1.36.0", 3, "", "cpu: 2"),
            priority("high", 1000, ""),
            priority("mid", 500, ""),
            running("mid", "1500m", class, &[mid]),
            deployment("mid", 1, "1500m", class),
            running("low", "700m", "", &[low, low]),
            deployment("low", 2, "700m", ""),
            running("high", "1500m", ", priorityClassName: high", &["w-1"]),
            deployment("high", 1, "1500m", ", priorityClassName: high"),
            plan("{drain: {node: w-1}}, {sleep: 30s}"),
        ]);
        assert_eq!(run.preempted(), ["low", "low"]);
        assert_eq!(run.bound("high")[0].1, low);
    }
}

/// While the preemptor waits for its victims, nobody of lower priority takes its room.
#[test]
fn s21_the_nominated_node_is_kept_free() {
    // The victim's replacement needs as much as the victim: it would fit once the victim is gone, and comes first.
    let run = crowded(
        &priority("high", 1000, ""),
        &low("low", &["w-2", "w-2"]),
        "1",
        ", {uncordon: w-1}, {sleep: 60s}",
    );
    assert_eq!(run.preempted(), ["low"]);
    assert_eq!(run.bound("high")[0].1, "w-2");
    let back = run.bound("low");
    assert_eq!(back.len(), 1);
    assert_eq!(back[0].1, "w-1");
}

/// A claim of one node at a time and its volume in a zone.
fn volume(zone: &str, bound: bool) -> String {
    let to = if bound { ", volumeName: pv-1" } else { "" };
    format!(
        "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {{name: data}}\nspec: {{accessModes: [ReadWriteOnce]{to}}}\n\
         ---\napiVersion: v1\nkind: PersistentVolume\nmetadata: {{name: pv-1}}\nspec: {{accessModes: [ReadWriteOnce], csi: \
         {{driver: x, volumeHandle: y}}, nodeAffinity: {{required: {{nodeSelectorTerms: [{{matchExpressions: [{{key: {ZONE}, \
         operator: In, values: [{zone}]}}]}}]}}}}}}"
    )
}

const CLAIM: &str = ", volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]";

fn with_volume(workers: u32, zones: &str, bound: bool, steps: &str) -> Run {
    run(&[
        cluster("1.36.0", workers, zones, ""),
        volume("a", bound),
        running("db", "100m", CLAIM, &["w-1"]),
        deployment("db", 1, "100m", CLAIM),
        plan(steps),
    ])
}

/// A pod follows its volume's zone, and starts on another node only when the volume has left the first one and has come:
/// 4 s until the old object is gone, 10 s to detach, 20 s to attach, 8 s to start.
#[test]
fn s15_w15_volumes_move_with_their_pod() {
    let run = with_volume(3, "a, b", true, "{drain: {node: w-1}}, {sleep: 60s}");
    assert_eq!(
        run.bound("db").iter().map(|(_, n)| n.as_str()).collect::<Vec<_>>(),
        ["w-3"]
    );
    near(&run.ready(), &[42.0]);
}

/// On the same node nothing has to move.
#[test]
fn volumes_stay_on_their_node() {
    let run = with_volume(2, "a, b", true, "{deletePod: {workload: db}}, {sleep: 60s}");
    assert_eq!(run.bound("db")[0].1, "w-1");
    near(&run.ready(), &[8.0]);
}

/// Where no other node reaches the volume, the pod waits.
#[test]
fn s15_a_volume_out_of_reach_keeps_its_pod_waiting() {
    let run = with_volume(2, "a, b", true, "{drain: {node: w-1}}, {sleep: 30s}");
    assert!(run.bound("db").is_empty());
    assert!(run.unfit().iter().all(|why| why.volumes == 1), "{:?}", run.unfit());
}

/// A volume that is not bound yet belongs to the zone of its first pod from then on.
#[test]
fn s15_the_first_pod_gives_a_volume_its_zone() {
    let run = with_volume(3, "a, b", false, "{drain: {node: w-1}}, {sleep: 60s}");
    assert_eq!(run.bound("db")[0].1, "w-3");
    let stuck = with_volume(2, "a, b", false, "{drain: {node: w-1}}, {sleep: 60s}");
    assert!(stuck.bound("db").is_empty());
}

/// A node that is gone does not unmount: its volumes are detached by force after six minutes.
#[test]
fn volumes_of_a_lost_node_are_detached_by_force() {
    let run = with_volume(3, "a, b", true, "{deleteNode: w-1}, {sleep: 10m}");
    let removed = run.times(|f| matches!(f, Fact::PodRemoved { .. }));
    assert_eq!(removed.len(), 1);
    near(&run.ready(), &[removed[0] + 360.0 + 10.0 + 20.0 + 8.0]);
}

/// Draws from a list, the same every time.
fn pick<'a>(state: &mut u64, from: &[&'a str]) -> &'a str {
    *state = state
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    from[usize::try_from(*state >> 33).unwrap() % from.len()]
}

/// Whatever is drained and preempted: no pod is ever bound into a domain where one stands that repels it or that it is to
/// keep away from, and terminating pods stand.
#[test]
fn s15_property_pods_that_repel_each_other_never_meet() {
    let (mut bindings, mut waits) = (0, 0);
    for seed in 0..40 {
        let mut state = seed;
        let apps = ["a", "b", "c", "d"];
        let version = pick(&mut state, &["1.20.7", "1.27.0", "1.36.0"]);
        let mut parts = vec![
            cluster(version, 5, "x, y, z", "cpu: 1"),
            priority("high", 9, ""),
            "apiVersion: seatrial.dev/v1alpha1\nkind: UpgradePlan\nspec: {drain: {timeout: 2m, onFailure: Skip}}"
                .to_owned(),
        ];
        let mut repels = Vec::new();
        for app in apps {
            let (other, key) = (pick(&mut state, &apps), pick(&mut state, &[HOST, ZONE]));
            let mut more = String::new();
            if pick(&mut state, &["yes", "yes", "no"]) == "yes" {
                more += &company("podAntiAffinity", other, key);
                repels.push((app, other, key));
            }
            more += pick(&mut state, &["", ", priorityClassName: high"]);
            let cpu = pick(&mut state, &["100m", "300m", "600m"]);
            parts.push(deployment(app, 1 + u32::try_from(state >> 62).unwrap(), cpu, &more));
        }
        let run = run(&parts);
        let domain = |node, key: &str| run.model.nodes[node].label(key).map(str::to_owned);
        let mut standing = BTreeMap::new();
        for record in &run.records {
            match record.fact {
                Fact::PodBound { pod, node } => {
                    let name = run.workload(pod).to_owned();
                    for (other, at) in standing.values() {
                        for &(app, repelled, key) in &repels {
                            let meets = (app == name && repelled == other) || (repelled == name && app == other);
                            let there = domain(node, key);
                            assert!(
                                !meets || there.is_none() || there != domain(*at, key),
                                "seed {seed}: {record:?}"
                            );
                        }
                    }
                    standing.insert(pod, (name, node));
                    bindings += 1;
                }
                Fact::PodRemoved { pod } => {
                    standing.remove(&pod);
                }
                Fact::PodUnschedulable { why, .. } => waits += u32::from(why.pod_anti_affinity > 0),
                _ => {}
            }
        }
    }
    assert!(bindings > 200 && waits > 20, "{bindings} {waits}");
}
