//! The scheduler's rules, each on a small cluster.
#![cfg(test)]

use super::*;
use crate::cluster::gate::Permit;
use crate::cluster::write::NewPod;
use crate::ids::{ReplicaSetId, WorkloadId};
use crate::model::Model;
use crate::rng::Streams;
use crate::scenario::{Source, load};
use crate::trace::DeletedBy;

/// Nodes w-1 … w-4: `disk: ssd` on the first two, zones a and b by turns.
const NODES: &str = "
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Node, metadata: {name: w-1, labels: {disk: ssd, topology.kubernetes.io/zone: a}}}
- {apiVersion: v1, kind: Node, metadata: {name: w-2, labels: {disk: ssd, topology.kubernetes.io/zone: b}}}
- {apiVersion: v1, kind: Node, metadata: {name: w-3, labels: {topology.kubernetes.io/zone: a}}}
- {apiVersion: v1, kind: Node, metadata: {name: w-4, labels: {topology.kubernetes.io/zone: b}}}
---
apiVersion: seatrial.dev/v1alpha1
kind: Faults
spec: {events: []}
";

fn model(deployments: &[(&str, &str)]) -> Model {
    let mut text = NODES.to_owned();
    for (name, pod) in deployments {
        text += &format!(
            "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}}}\nspec: {{replicas: 0, selector: \
             {{matchLabels: {{app: {name}}}}}, template: {{metadata: {{labels: {{app: {name}}}}}, spec: {{containers: \
             [{{name: main, image: x}}]{pod}}}}}}}\n"
        );
    }
    let source = Source {
        name: "test.yaml".to_owned(),
        text: text.into_bytes(),
    };
    load(&[source]).unwrap_or_else(|e| panic!("{e}")).model
}

/// A pod on each of these nodes (by number, 0: not bound), and the hall that they stand in.
fn hall<'m>(model: &'m Model, minor: u32, pods: &[(&str, usize)]) -> (Hall<'m>, Vec<PodId>) {
    let mut hall = Hall::new(model, Streams::new(0, 0), vec![model.version.clone()]);
    hall.store.gate.minors.scheduler = minor;
    let mut ids = Vec::new();
    for &(name, node) in pods {
        let workload = model.workloads.iter().position(|w| w.name == name).unwrap();
        let workload = WorkloadId::from_index(workload);
        let set = model.replica_sets.iter().position(|s| s.workload == workload);
        let new = NewPod {
            workload,
            replica_set: set.map(ReplicaSetId::from_index),
            identity: crate::cluster::write::Identity::Replica,
        };
        let pod = hall.create_pod(&Permit::before_time(), new);
        if node > 0 {
            hall.reserve(pod, NodeId::from_index(node - 1));
            hall.bind_pod(&Permit::before_time(), pod, NodeId::from_index(node - 1));
        }
        ids.push(pod);
    }
    (hall, ids)
}

fn nodes(numbers: &[usize]) -> Vec<NodeId> {
    numbers.iter().map(|&n| NodeId::from_index(n - 1)).collect()
}

const PREFERS: &str = ", affinity: {nodeAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [\
    {weight: 80, preference: {matchExpressions: [{key: disk, operator: In, values: [ssd]}]}}, \
    {weight: 20, preference: {matchExpressions: [{key: topology.kubernetes.io/zone, operator: In, values: [a]}]}}]}}";

/// Sums of weights 100, 80, 20, 0; among the last three 80 is the largest.
#[test]
fn s16_score_of_preferred_node_affinity() {
    let model = model(&[("web", PREFERS)]);
    let (hall, pods) = hall(&model, 20, &[("web", 0)]);
    let ask = Asking::new(pods[0], &hall);
    let mut fit = Fit::new(&model);
    fit.prepare(ask, &hall);
    for (among, modern, expected) in [
        (&[1, 2, 3, 4][..], false, &[100, 80, 20, 0][..]),
        (&[1, 2, 3, 4], true, &[200, 160, 40, 0]),
        (&[2, 3, 4], false, &[100, 25, 0]),
        (&[4], false, &[0]),
    ] {
        let mut totals = vec![0; among.len()];
        fit.labels.add_preferred(ask.id, &nodes(among), modern, &mut totals);
        assert_eq!(totals, expected);
    }
}

fn prefers(kind: &str, app: &str, weight: u32) -> String {
    format!(
        ", affinity: {{{kind}: {{preferredDuringSchedulingIgnoredDuringExecution: [{{weight: {weight}, podAffinityTerm: \
         {{labelSelector: {{matchLabels: {{app: {app}}}}}, topologyKey: kubernetes.io/hostname}}}}]}}}}"
    )
}

fn company(model: &Model, minor: u32, pods: &[(&str, usize)], among: &[usize]) -> Vec<i64> {
    let (hall, ids) = hall(model, minor, pods);
    let ask = Asking::new(*ids.last().unwrap(), &hall);
    let mut fit = Fit::new(model);
    fit.prepare(ask, &hall);
    let mut totals = vec![0; among.len()];
    let placement = ask.class.placement.as_ref().unwrap();
    let modern = behaviour::modern_scores(minor);
    fit.neighbours
        .score(placement, &nodes(among), modern, &mut totals, (&fit.labels, &hall));
    totals
}

/// Toward 2, 1 and 0 pods with weight 7: 14, 7, 0. In 1.20 the smallest is 0 at most, so a pair of 14 and 7 is 100
/// and 50 there, and 100 and 0 (weighed twice) later.
#[test]
fn s16_score_of_preferred_pod_affinity() {
    let near = model(&[("web", ""), ("cache", &prefers("podAffinity", "web", 7))]);
    let pods = [("web", 1), ("web", 1), ("web", 2), ("cache", 0)];
    assert_eq!(company(&near, 20, &pods, &[1, 2, 3]), [100, 50, 0]);
    assert_eq!(company(&near, 36, &pods, &[1, 2, 3]), [200, 100, 0]);
    assert_eq!(company(&near, 20, &pods, &[1, 2]), [100, 50]);
    assert_eq!(company(&near, 36, &pods, &[1, 2]), [200, 0]);
    let apart = model(&[("web", ""), ("cache", &prefers("podAntiAffinity", "web", 7))]);
    assert_eq!(company(&apart, 20, &pods, &[1, 2, 3]), [0, 50, 100]);
    assert_eq!(company(&apart, 20, &pods, &[1, 2]), [0, 50]);
    assert_eq!(company(&apart, 36, &pods, &[1, 2]), [0, 200]);
}

/// What pods that stand prefer counts for those that come, and their required affinity as a weight of 1.
#[test]
fn s16_pods_that_stand_attract_and_repel() {
    let model = model(&[
        ("cache", ""),
        ("fan", &prefers("podAffinity", "cache", 4)),
        ("foe", &prefers("podAntiAffinity", "cache", 6)),
        (
            "needs",
            ", affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{labelSelector: {matchLabels: \
             {app: cache}}, topologyKey: kubernetes.io/hostname}]}}",
        ),
    ]);
    // w-1: 4 + 4, w-2: 4 − 6, w-3: 1, w-4: 0.
    let pods = [
        ("fan", 1),
        ("fan", 1),
        ("fan", 2),
        ("foe", 2),
        ("needs", 3),
        ("cache", 0),
    ];
    assert_eq!(company(&model, 36, &pods, &[1, 2, 3, 4]), [200, 0, 60, 40]);
}

fn spread_scores(model: &Model, minor: u32, pods: &[(&str, usize)], among: &[usize]) -> Vec<i64> {
    let (hall, ids) = hall(model, minor, pods);
    let ask = Asking::new(*ids.last().unwrap(), &hall);
    let mut fit = Fit::new(model);
    fit.prepare(ask, &hall);
    let mut totals = vec![0; among.len()];
    let mut score = spread::SpreadScore::default();
    score.add(ask, &nodes(among), &mut totals, &fit.labels, &hall);
    totals
}

fn soft(key: &str, more: &str) -> String {
    format!(
        ", topologySpreadConstraints: [{{topologyKey: {key}, maxSkew: 1, whenUnsatisfiable: ScheduleAnyway, \
         labelSelector: {{matchLabels: {{app: web}}}}{more}}}]"
    )
}

/// Two zones weigh ln 4 = 1.386 a pod: 2 and 1 pods are 2.77 and 1.39, cut to 2 and 1 in 1.20 and rounded to 3 and 1
/// later.
#[test]
fn s18_score_of_a_soft_constraint() {
    let model = model(&[("web", &soft("topology.kubernetes.io/zone", ""))]);
    let pods = [("web", 1), ("web", 3), ("web", 2), ("web", 0)];
    assert_eq!(spread_scores(&model, 20, &pods, &[1, 2]), [100, 200]);
    assert_eq!(spread_scores(&model, 36, &pods, &[1, 2]), [66, 200]);
}

/// Nodes without the label of a constraint that a user wrote are ignored: they get nothing.
#[test]
fn s18_nodes_without_the_label_get_nothing() {
    let model = model(&[("web", &soft("disk", ""))]);
    assert_eq!(spread_scores(&model, 36, &[("web", 1), ("web", 0)], &[1, 3]), [200, 0]);
}

/// Own constraints replace the default ones, be they hard: then there is no score.
#[test]
fn s17_own_constraints_replace_the_default_ones() {
    let hard = soft("disk", "").replace("ScheduleAnyway", "DoNotSchedule");
    let pods = [("web", 1), ("web", 0)];
    assert_eq!(spread_scores(&model(&[("web", &hard)]), 36, &pods, &[1, 3]), [0, 0]);
    assert_ne!(spread_scores(&model(&[("web", "")]), 36, &pods, &[1, 3]), [0, 0]);
}

/// `matchLabelKeys: [pod-template-hash]` counts pods of the same ReplicaSet only, from 1.27; terminating ones never.
#[test]
fn s15_match_label_keys_and_terminating_pods() {
    let hard = soft("kubernetes.io/hostname", ", matchLabelKeys: [pod-template-hash]");
    let model = model(&[("web", &hard.replace("ScheduleAnyway", "DoNotSchedule"))]);
    for (minor, fits) in [(26, false), (27, true)] {
        let (mut hall, pods) = hall(&model, minor, &[("web", 1), ("web", 0)]);
        let misfit = |hall: &mut Hall<'_>| {
            let ask = Asking::new(pods[1], hall);
            let mut fit = Fit::new(&model);
            fit.prepare(ask, hall);
            fit.examine(ask, NodeId::from_index(0), hall)
        };
        assert_eq!(misfit(&mut hall), Some(crate::trace::Misfit::Spread));
        // As if it were of an older ReplicaSet.
        hall.store.pods[pods[0]].replica_set = None;
        assert_eq!(misfit(&mut hall).is_none(), fits, "{minor}");
        hall.store.pods[pods[0]].replica_set = hall.store.pods[pods[1]].replica_set;
        hall.delete_pod(&Permit::before_time(), pods[0], DeletedBy::User);
        assert_eq!(misfit(&mut hall), None);
    }
}

/// Three cores of four.
const LARGE: &str = ", initContainers: [{name: i, image: x, resources: {requests: {cpu: 3}}}]";

/// While its victim terminates a pod does not look for others, its room is kept from pods of no higher priority, and
/// it goes there although another node is free by now.
#[test]
fn s21_s22_the_nominated_node() {
    let with = |priority: i32| format!("{LARGE}, priority: {priority}");
    let model = model(&[
        ("high", &with(10)),
        ("low", &with(0)),
        ("lower", &with(-5)),
        ("top", &with(20)),
    ]);
    let pods = [("low", 1), ("lower", 2), ("high", 0), ("low", 0), ("top", 0)];
    for (minor, goes_to) in [(20, None), (36, Some(0))] {
        let (mut hall, pods) = hall(&model, minor, &pods);
        hall.store.gate.scheduler = Some(crate::ids::InstanceId::from_index(0));
        hall.store.gate.servers = vec![crate::cluster::gate::Server {
            works: true,
            listed: true,
            ..crate::cluster::gate::Server::default()
        }];
        let mut scheduler = Scheduler::new(&hall);
        let w = NodeId::from_index;
        for cordoned in 1..4 {
            hall.store.nodes[w(cordoned)].unschedulable = true;
        }
        scheduler.preempt(pods[2], &mut hall);
        assert!(hall.store.pods[pods[0]].preempted);
        assert_eq!(hall.store.nominated, [(pods[2], w(0))]);
        hall.store.nodes[w(1)].unschedulable = false;
        scheduler.preempt(pods[2], &mut hall);
        assert!(!hall.store.pods[pods[1]].terminating);
        hall.remove_pod(&Permit::before_time(), pods[0]);
        assert!(scheduler.place(pods[3], &mut hall).is_err());
        assert_eq!(scheduler.place(pods[4], &mut hall), Ok(w(0)));
        assert_eq!(hall.store.nodes[w(0)].taken, 0);
        hall.store.nodes[w(2)].unschedulable = false;
        hall.store.nodes[w(3)].unschedulable = false;
        let found: Vec<_> = (0..20).map(|_| scheduler.place(pods[2], &mut hall).unwrap()).collect();
        let always = goes_to.is_some_and(|n| found.iter().all(|&f| f == w(n)));
        assert_eq!(always, goes_to.is_some(), "{minor} {found:?}");
    }
}

/// A pod that is bound wakes those that want to be near it; from 1.30 those that are spread with it, too.
#[test]
fn s5_who_is_woken_by_a_binding() {
    let near = ", affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{labelSelector: {matchLabels: \
                {app: web}}, topologyKey: kubernetes.io/hostname}]}}";
    let hard = soft("disk", "").replace("ScheduleAnyway", "DoNotSchedule");
    let model = model(&[("web", ""), ("near", near), ("spread", &hard), ("other", "")]);
    for (minor, who, woken) in [
        (20, "near", true),
        (36, "near", true),
        (29, "spread", false),
        (30, "spread", true),
        (36, "other", false),
    ] {
        let (mut hall, pods) = hall(&model, minor, &[("web", 1), (who, 0)]);
        hall.store.gate.scheduler = Some(crate::ids::InstanceId::from_index(0));
        let mut scheduler = Scheduler::new(&hall);
        scheduler.queue.add(pods[1], 0, hall.now, None);
        scheduler.queue.pop(false);
        scheduler.queue.fail(pods[1], 0, Unfit::default(), hall.now, false);
        scheduler.handle(Event::PodAssigned(pods[0]), &mut hall);
        assert_eq!(!scheduler.queue.waits(), woken, "{minor} {who}");
    }
}
