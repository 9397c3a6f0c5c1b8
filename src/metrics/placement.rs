//! Which pods run where.

use crate::ids::Id;
use crate::trace::Preamble;

use super::churn::wanders;
use super::pods::Pods;
use super::report::Placement;

/// Pods that have a node and run, by workload and node; only those whose place is not given (no DaemonSets, no static
/// pods) and whose object is not about to go.
pub(super) fn placement(preamble: &Preamble, pods: &Pods) -> Placement {
    let mut places: Vec<(usize, usize)> = Vec::new();
    for pod in pods.iter().filter(|p| p.lives() && (p.running || p.ready)) {
        let workload = pod.workload.index();
        if let Some(node) = pod.node.map(Id::index)
            && preamble.workloads.get(workload).is_some_and(wanders)
            && node < preamble.nodes.len()
        {
            places.push((workload, node));
        }
    }
    // Sorted once: a map that takes in pod by pod is slow at 150,000 pods.
    places.sort_unstable();
    let mut placement = Placement::new();
    for of_workload in places.chunk_by(|a, b| a.0 == b.0) {
        let Some(workload) = of_workload.first().and_then(|(w, _)| preamble.workloads.get(*w)) else {
            continue;
        };
        let name = format!("{}/{}", workload.namespace, workload.name);
        let nodes = placement.entry(name).or_default();
        for on_node in of_workload.chunk_by(|a, b| a.1 == b.1) {
            let count = u32::try_from(on_node.len()).unwrap_or(u32::MAX);
            if let Some(node) = on_node.first().and_then(|(_, n)| preamble.nodes.get(*n)) {
                let place = nodes.entry(node.name.clone()).or_default();
                *place = place.saturating_add(count);
            }
        }
    }
    placement
}
