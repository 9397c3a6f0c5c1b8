//! What is kept from cycle to cycle gives the placements of a plain search, and the counts are those of a recount.
#![cfg(test)]

use super::*;
use crate::cluster::gate::Permit;
use crate::cluster::spreading::Host;
use crate::cluster::write::{Identity, NewPod};
use crate::ids::{IdVec, ReplicaSetId, WorkloadId};
use crate::model::Model;
use crate::rng::{Stream, Streams};
use crate::scenario::{Source, load};
use crate::trace::{DeletedBy, LifecycleTaint};

fn chance(luck: &mut Stream, percent: u32) -> bool {
    luck.below(100) < percent
}

fn one_of<'a, T>(luck: &mut Stream, of: &'a [T]) -> &'a T {
    &of[luck.below(of.len() as u32) as usize]
}

/// Nodes that differ in zone, size, labels and taints, and workloads that differ in requests, tolerations and selectors.
fn random_model(luck: &mut Stream) -> Model {
    let mut text = "apiVersion: v1\nkind: List\nitems:\n".to_owned();
    let (count, zones) = (3 + luck.below(260), *one_of(luck, &[0, 1, 2, 3, 3, 5]));
    for n in 0..count {
        let zone = if zones > 0 && chance(luck, 95) {
            format!("topology.kubernetes.io/zone: z{}, ", luck.below(zones))
        } else {
            String::new()
        };
        let disk = *one_of(luck, &["ssd", "ssd", "hdd"]);
        let taint = if chance(luck, 5) {
            ", taints: [{key: gpu, value: \"yes\", effect: NoSchedule}]"
        } else {
            ""
        };
        let (cpu, memory) = (one_of(luck, &[2, 4, 4, 8]), one_of(luck, &[8, 16]));
        text += &format!(
            "- {{apiVersion: v1, kind: Node, metadata: {{name: w-{n}, labels: {{{zone}disk: {disk}}}}}, spec: \
             {{unschedulable: {}{taint}}}, status: {{allocatable: {{cpu: {cpu}, memory: {memory}Gi, pods: 20}}}}}}\n",
            chance(luck, 5)
        );
    }
    for d in 0..2 + luck.below(6) {
        let request = one_of(
            luck,
            &["", "cpu: 250m, memory: 512Mi", "cpu: 1, memory: 1Gi", "memory: 2Gi"],
        );
        let more = one_of(
            luck,
            &[
                "",
                "",
                "",
                ", tolerations: [{operator: Exists}]",
                ", nodeSelector: {disk: ssd}",
                ", priority: 10",
            ],
        );
        let job = chance(luck, 20);
        let (version, kind) = if job {
            ("batch/v1", "Job")
        } else {
            ("apps/v1", "Deployment")
        };
        let head = if job {
            "parallelism: 1, ".to_owned()
        } else {
            format!("replicas: 0, selector: {{matchLabels: {{app: d-{d}}}}}, ")
        };
        let restart = if job { ", restartPolicy: Never" } else { "" };
        text += &format!(
            "---\napiVersion: {version}\nkind: {kind}\nmetadata: {{name: d-{d}}}\nspec: {{{head}template: {{metadata: \
             {{labels: {{app: d-{d}}}}}, spec: {{containers: [{{name: main, image: x, resources: {{requests: \
             {{{request}}}}}}}]{more}{restart}}}}}}}\n"
        );
    }
    text += "---\napiVersion: seatrial.dev/v1alpha1\nkind: Faults\nspec: {events: []}\n";
    let source = Source {
        name: "test.yaml".to_owned(),
        text: text.into_bytes(),
    };
    load(&[source]).unwrap_or_else(|e| panic!("{e}")).model
}

/// One hall, and two schedulers that look at it.
struct Two<'m> {
    hall: Hall<'m>,
    quick: Scheduler,
    plain: Scheduler,
    pods: Vec<PodId>,
    /// How often the quick search had an answer.
    answers: usize,
}

impl<'m> Two<'m> {
    fn new(model: &'m Model, minor: u32) -> Self {
        let mut hall = Hall::new(model, Streams::new(1, 2), vec![model.version.clone()]);
        hall.store.gate.minors.scheduler = minor;
        let mut plain = Scheduler::new(&hall);
        plain.shapes = Shapes::never(model);
        Self {
            quick: Scheduler::new(&hall),
            plain,
            pods: Vec::new(),
            answers: 0,
            hall,
        }
    }

    fn create(&mut self, luck: &mut Stream) {
        let model = self.hall.model;
        let workload = WorkloadId::from_index(luck.below(model.workloads.len() as u32) as usize);
        let set = model.replica_sets.iter().position(|s| s.workload == workload);
        let new = NewPod {
            workload,
            replica_set: set.map(ReplicaSetId::from_index),
            identity: Identity::Replica,
        };
        let pod = self.hall.create_pod(&Permit::before_time(), new);
        let found = self.quick.place(pod, &mut self.hall);
        assert_eq!(found, self.plain.place(pod, &mut self.hall));
        assert_eq!(self.quick.next_start, self.plain.next_start);
        self.answers += usize::from(self.quick.shapes.answered());
        if let Ok(node) = found {
            self.hall.reserve(pod, node);
            if chance(luck, 80) {
                self.hall.bind_pod(&Permit::before_time(), pod, node);
            }
            self.pods.push(pod);
        }
    }

    fn change(&mut self, luck: &mut Stream) {
        let permit = &Permit::before_time();
        let node = NodeId::from_index(luck.below(self.hall.model.nodes.len() as u32) as usize);
        let hall = &mut self.hall;
        match luck.below(12) {
            0 => _ = hall.write_unschedulable(permit, node, chance(luck, 50)),
            1 => hall.write_taint(permit, node, LifecycleTaint::NotReadyNoSchedule, chance(luck, 50)),
            2 if chance(luck, 30) => _ = hall.delete_node(permit, node),
            3 => hall.register_node(permit, node),
            4 if chance(luck, 20) => hall.store.gate.minors.scheduler = *one_of(luck, &[20, 36]),
            5..8 if !self.pods.is_empty() => {
                let at = luck.below(self.pods.len() as u32) as usize;
                hall.delete_pod(permit, self.pods[at], DeletedBy::User);
            }
            8.. if !self.pods.is_empty() => {
                let at = luck.below(self.pods.len() as u32) as usize;
                let pod = self.pods[at];
                // A pod that was only assumed goes before its binding.
                if let (None, Some(node)) = (hall.store.pods[pod].node, hall.store.pods[pod].placed) {
                    hall.unreserve(pod, node);
                }
                hall.remove_pod(permit, pod);
                self.pods.swap_remove(at);
            }
            _ => {}
        }
    }

    fn recount(&self) {
        let (store, order) = (&self.hall.store, &self.hall.store.spreading.order);
        let mut hosts: IdVec<ReplicaSetId, Vec<u32>> = store
            .replica_sets
            .iter()
            .map(|_| vec![0; order.nodes().len()])
            .collect();
        for pod in store.pods.iter().filter(|p| !p.terminating) {
            if let (Some(rs), Some(node)) = (pod.replica_set, pod.placed) {
                hosts[rs][order.place(node)] += 1;
            }
        }
        for (rs, pods) in hosts.iter_ids() {
            let mut by_zone = vec![0; order.zone_count() + 1];
            for (place, pods) in pods.iter().enumerate() {
                by_zone[order.zones()[place] as usize] += pods;
            }
            let counted = pods.iter().zip(0..).filter(|(pods, _)| **pods > 0);
            let counted: Vec<Host> = counted.map(|(&pods, place)| Host { place, pods }).collect();
            let hosts = store.spreading.hosts(rs).into_iter();
            let kept: Vec<Host> = hosts.flat_map(|hosts| hosts.each(order)).collect();
            assert_eq!(kept, counted);
            assert_eq!(store.spreading.by_zone(rs), &by_zone[..order.zone_count()]);
        }
        let gone = |node: &NodeId| !store.nodes[*node].exists;
        let stranded: u32 = order
            .nodes()
            .iter()
            .filter(|n| gone(n))
            .map(|&n| hosts.iter().map(|pods| pods[order.place(n)]).sum::<u32>())
            .sum();
        assert_eq!(store.spreading.stranded(), stranded);
    }
}

#[test]
fn s10_s19_placements_are_those_of_a_plain_search() {
    let mut answers = 0;
    let mut taken = [[0; 2]; 2];
    for case in 0..60 {
        let mut luck = Streams::new(case, 0).stream(Purpose::Fault, 0);
        let model = random_model(&mut luck);
        let mut two = Two::new(&model, *one_of(&mut luck, &[20, 36]));
        let eager = chance(&mut luck, 70);
        for _ in 0..400 {
            if chance(&mut luck, if eager { 90 } else { 50 }) {
                two.create(&mut luck);
            } else {
                two.change(&mut luck);
            }
        }
        two.recount();
        assert!(
            (0..100).all(|n| two.quick.ties.below(n) == two.plain.ties.below(n)),
            "{case}"
        );
        answers += two.answers;
        let ways = taken.as_flattened_mut().iter_mut();
        for (all, more) in ways.zip(two.quick.crowd.taken.as_flattened()) {
            *all += more;
        }
    }
    assert!(answers > 5000, "{answers} searches were quick");
    assert!(taken.as_flattened().iter().all(|&times| times > 100), "{taken:?}");
}
