//! Scenarios of great size: they are what they say. The largest one is run by `.ci/run`, in release.

use seatrial::units::IntOrPercent;

use crate::support::{model, root};

#[test]
fn scale_scenarios_are_of_the_size_they_say() {
    for (name, nodes, pods, at_a_time) in [("five-thousand", 5000, 150_000, 100), ("hundred", 100, 3000, 1)] {
        let model = model(&root().join(format!("scenarios/scale/{name}.yaml")));
        let workers = model.nodes.iter().filter(|n| !n.control_plane).count();
        let replicas: u32 = model.workloads.iter().map(|w| w.desired).sum();
        assert_eq!((workers, replicas), (nodes, pods), "{name}");
        assert_eq!(model.budgets.len(), model.workloads.len(), "{name}: a budget for each");
        let plan = model.plan.as_ref().unwrap();
        let max = plan.pools[0].strategy.max_unavailable;
        assert_eq!(max, IntOrPercent::Int(at_a_time), "{name}");
    }
}

/// `.ci/run` compares the largest cluster with its snapshot, which says that it is upgraded.
#[test]
fn the_largest_cluster_is_held_by_ci() {
    let ci = std::fs::read_to_string(root().join(".ci/run")).unwrap();
    assert!(ci.contains("scenarios/scale/five-thousand.yaml") && ci.contains("snapshots/five-thousand.snap"));
    let snapshot = std::fs::read_to_string(root().join("snapshots/five-thousand.snap")).unwrap();
    assert!(snapshot.contains("v1.35.4 -> v1.36.2   COMPLETED after"));
}
