//! Which pods run where.

use crate::ids::Id;
use crate::trace::Preamble;

use super::churn::wanders;
use super::pods::Pods;
use super::report::Placement;

/// Pods that have a node and run, by workload and node; only those whose place is not given (no DaemonSets, no static
/// pods) and whose object is not about to go.
pub(super) fn placement(preamble: &Preamble, pods: &Pods) -> Placement {
    let mut counts = std::collections::BTreeMap::<(usize, usize), u32>::new();
    for pod in pods.iter().filter(|p| p.lives() && (p.running || p.ready)) {
        if let Some(node) = pod.node {
            *counts.entry((pod.workload.index(), node.index())).or_default() += 1;
        }
    }
    let mut placement = Placement::new();
    for ((workload, node), count) in counts {
        let (Some(workload), Some(node)) = (preamble.workloads.get(workload), preamble.nodes.get(node)) else {
            continue;
        };
        if wanders(workload) {
            let name = format!("{}/{}", workload.namespace, workload.name);
            let nodes = placement.entry(name).or_default();
            *nodes.entry(node.name.clone()).or_default() += count;
        }
    }
    placement
}
