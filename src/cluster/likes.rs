//! Which classes, workloads and nodes are alike: a cluster has thousands that differ in nothing but their names, their sizes
//! and who selects them. What is asked for with every change of a pod is read where the first of its kind has it, so that it
//! lies close together in memory; the model's own records lie far apart.

use std::collections::BTreeMap;

use crate::ids::{ClassId, Id, IdVec, NodeId, WorkloadId};
use crate::model::{Model, PodClass, Workload};

/// Classes, workloads and nodes that stand for others.
#[derive(Debug)]
pub(crate) struct Likes {
    classes: IdVec<ClassId, ClassId>,
    workloads: IdVec<WorkloadId, WorkloadId>,
    nodes: IdVec<NodeId, NodeId>,
}

impl Likes {
    pub(crate) fn new(model: &Model) -> Self {
        let classes = model.classes.iter_ids();
        let (workloads, nodes) = (model.workloads.iter_ids(), model.nodes.iter_ids());
        Self {
            classes: stand_ins(classes, |c| (c.requests.cpu, c.requests.memory, c.grace), classes_alike),
            workloads: stand_ins(workloads, |w| (w.kind, w.min_ready), workloads_alike),
            nodes: stand_ins(nodes, |n| (n.allocatable, n.pod_slots), |a, b| a.taints == b.taints),
        }
    }

    /// A class that is like this one but for its workload, and the budgets and Services that select it.
    #[inline]
    pub(super) fn class(&self, class: ClassId) -> ClassId {
        self.classes[class]
    }

    /// A node that offers as much as this one, with the same taints.
    #[inline]
    pub(super) fn node(&self, node: NodeId) -> NodeId {
        self.nodes[node]
    }

    /// A workload that is like this one but for its name, class, size, and pods that never become ready.
    #[inline]
    pub(super) fn workload(&self, workload: WorkloadId) -> WorkloadId {
        self.workloads[workload]
    }
}

/// For each thing one before it that is like it, or the thing itself. Of those with the same key it is compared with one
/// only, which keeps this linear: things that are alike mostly follow each other.
fn stand_ins<'m, I: Id, T: 'm, K: Ord>(
    things: impl Iterator<Item = (I, &'m T)>,
    key: impl Fn(&T) -> K,
    alike: impl Fn(&T, &T) -> bool,
) -> IdVec<I, I> {
    let mut known: BTreeMap<K, (I, &T)> = BTreeMap::new();
    let stand_in = |(id, thing): (I, &'m T)| {
        let candidate = known.entry(key(thing)).or_insert((id, thing));
        if !alike(candidate.1, thing) {
            *candidate = (id, thing);
        }
        candidate.0
    };
    things.map(stand_in).collect()
}

/// Every field is named, so that none is forgotten. Classes with rules about other pods or with volumes are like no other.
fn classes_alike(a: &PodClass, b: &PodClass) -> bool {
    let PodClass {
        workload: _,
        budgets: _,
        services: _,
        requests,
        nonzero,
        priority,
        host_ports,
        node_selector,
        tolerations,
        unreachable_seconds,
        empty_dir,
        grace,
        readiness,
        startup_probe,
        init_containers,
        pre_stop,
        restart,
        webhooks,
        preempts,
        placement,
        counted,
        volumes,
    } = a;
    let plain = |placement: &Option<_>, volumes: &[_]| placement.is_none() && volumes.is_empty();
    plain(placement, volumes)
        && plain(&b.placement, &b.volumes)
        && (requests, nonzero, priority) == (&b.requests, &b.nonzero, &b.priority)
        && (host_ports, node_selector, tolerations) == (&b.host_ports, &b.node_selector, &b.tolerations)
        && (unreachable_seconds, empty_dir, grace) == (&b.unreachable_seconds, &b.empty_dir, &b.grace)
        && (readiness, startup_probe) == (&b.readiness, &b.startup_probe)
        && (init_containers, pre_stop, restart) == (&b.init_containers, &b.pre_stop, &b.restart)
        && (webhooks, preempts, counted) == (&b.webhooks, &b.preempts, &b.counted)
}

/// As with classes; workloads with parts that arrive or with volumes are like no other.
fn workloads_alike(a: &Workload, b: &Workload) -> bool {
    let Workload {
        namespace: _,
        name: _,
        desired: _,
        class: _,
        never_ready: _,
        kind,
        rollout,
        min_ready,
        startup,
        init,
        shutdown,
        management,
        first_ordinal,
        job,
        run_for,
        arrivals,
        slot_volumes,
    } = a;
    let plain = |arrivals: &[_], volumes: &[Vec<_>]| arrivals.is_empty() && volumes.is_empty();
    plain(arrivals, slot_volumes)
        && plain(&b.arrivals, &b.slot_volumes)
        && (kind, rollout, min_ready) == (&b.kind, &b.rollout, &b.min_ready)
        && (startup, init, shutdown) == (&b.startup, &b.init, &b.shutdown)
        && (management, first_ordinal) == (&b.management, &b.first_ordinal)
        && (job, run_for) == (&b.job, &b.run_for)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{Source, load};

    /// A Deployment with something in the spec of its pods.
    fn deployment(name: &str, spec: &str) -> String {
        format!(
            "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}}}\nspec: {{replicas: 1, selector: \
             {{matchLabels: {{app: {name}}}}}, template: {{metadata: {{labels: {{app: {name}}}}}, spec: {{{spec}containers: \
             [{{name: main, image: x}}]}}}}}}\n"
        )
    }

    #[test]
    fn what_is_alike_is_read_in_one_place_and_nothing_else() {
        let mut text =
            "apiVersion: seatrial.dev/v1alpha1\nkind: Cluster\nspec: {version: v1.35.4, controlPlane: {replicas: \
                        3}, nodePools: [{name: workers, replicas: 4}]}\n"
                .to_owned();
        for (name, spec) in [
            ("first", ""),
            ("same", ""),
            ("slow", "terminationGracePeriodSeconds: 60, "),
            ("then", ""),
            ("tolerant", "tolerations: [{operator: Exists}], "),
            (
                "zoned",
                "topologySpreadConstraints: [{maxSkew: 1, topologyKey: zone, whenUnsatisfiable: ScheduleAnyway}], ",
            ),
        ] {
            text += &deployment(name, spec);
        }
        let model = load(&[Source::new("test.yaml", text)])
            .unwrap_or_else(|e| panic!("{e}"))
            .model;
        let likes = Likes::new(&model);
        let name = |workload: WorkloadId| model.workloads[workload].name.as_str();
        let class_of = |wanted: &str| {
            let mut all = model.workloads.iter_ids();
            all.find(|(_, w)| w.name == wanted).map(|(_, w)| w.class).unwrap()
        };
        let stands_in = |wanted: &str| name(model.classes[likes.class(class_of(wanted))].workload);
        let pairs = ["first", "same", "slow", "then", "tolerant", "zoned"].map(|name| (name, stands_in(name)));
        let expected = [
            ("first", "first"),
            ("same", "first"),
            ("slow", "slow"),
            ("then", "first"),
            ("tolerant", "tolerant"),
            ("zoned", "zoned"),
        ];
        assert_eq!(pairs, expected);
        // The nodes of the control plane have a taint.
        let nodes: Vec<usize> = model.nodes.ids().map(|node| likes.node(node).index()).collect();
        let tainted = |&node: &usize| !model.nodes[NodeId::from_index(node)].taints.is_empty();
        assert_eq!(nodes.iter().filter(|node| tainted(node)).count(), 3);
        assert_eq!(nodes.iter().collect::<std::collections::BTreeSet<_>>().len(), 2);
    }
}
