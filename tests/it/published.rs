//! Figures that vendors publish, against plans that say the same.

use seatrial::trace::Fact;

use crate::writing::{EXACT, cluster, facts, model, plan, times};

/// When a plan ends, in minutes.
fn ends(workers: u32, strategy: &str, minutes_per_node: u32, start_at: &str) -> f64 {
    let plan = plan(&format!(
        "  targetVersion: v1.36.1\n  startAt: {start_at}\n  controlPlane: {{upgrade: false}}\n  \
         pools: [{{name: workers, strategy: {{{strategy}}}}}]"
    ));
    let exact = EXACT.replace("nodeUpgrade: 10s", &format!("nodeUpgrade: {minutes_per_node}m"));
    let cluster = cluster("v1.36.0", 1, workers);
    let (_, records) = facts(&model(&[&cluster, &plan, &exact]), 0);
    times(&records, |f| matches!(f, Fact::PlanEnded { .. }))[0] / 60.0
}

fn near(found: f64, published: f64) {
    assert!(
        (found - published).abs() < 0.05 * published,
        "{found} min for {published} min"
    );
}

/// OpenShift: 60 min for the cluster's operators, then 5 min for each of 6 workers: 90 min one at a time, 75 min two at a
/// time (documentation of cluster updates, "Example update times").
#[test]
fn published_openshift_takes_90_and_75_minutes() {
    near(ends(6, "maxUnavailable: 1, reboot: true", 5, "60m"), 90.0);
    near(ends(6, "maxUnavailable: 2, reboot: true", 5, "60m"), 75.0);
}

/// Google Distributed Cloud: 15 min for each node of the largest pool, 10 nodes: 150 min (VMware); 10 min for each of 50
/// nodes: 500 min (bare metal), one after another ("Upgrade best practices").
#[test]
fn published_google_distributed_cloud_takes_150_and_500_minutes() {
    near(ends(10, "maxUnavailable: 1", 15, "0s"), 150.0);
    near(ends(50, "maxUnavailable: 1", 10, "0s"), 500.0);
}

/// GKE: "4-5 min per node", 20 nodes one at a time: 90 … 120 min with drains and grace periods on top (M. Betz, 2019).
#[test]
fn published_gke_takes_90_to_120_minutes_for_twenty_nodes() {
    let minutes = ends(20, "maxUnavailable: 1", 5, "0s");
    assert!((90.0..=120.0).contains(&minutes), "{minutes}");
}
