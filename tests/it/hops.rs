//! Several hops, what kubeadm refuses on them, and versions that run together (V-3 … V-21, K-1 … K-16), in a run.

use seatrial::metrics::{Report, SkewReport};
use seatrial::model::{Leg, Part};
use seatrial::trace::{Fact, Phase, PlanStatus, Record};

use crate::writing::{EXACT, budget, cluster, deployment, facts, faults, model, plan, secs, times};

/// The way of a plan: `C` a hop of the control plane, `W` a round of the workers.
fn way(parts: &[&str]) -> Vec<String> {
    let plan = model(parts).plan.unwrap();
    let leg = |leg: &Leg| {
        let part = if leg.part == Part::ControlPlane { "C" } else { "W" };
        format!("{part} {}", leg.version.as_ref().unwrap())
    };
    plan.legs.iter().map(leg).collect()
}

fn run(from: &str, control_plane: u32, workers: u32, body: &str) -> (Report, Vec<Record>) {
    run_with(from, control_plane, workers, body, &[])
}

fn run_with(from: &str, control_plane: u32, workers: u32, body: &str, more: &[&str]) -> (Report, Vec<Record>) {
    let (cluster, plan) = (cluster(from, control_plane, workers), plan(body));
    let mut parts = vec![EXACT, &cluster, &plan];
    parts.extend(more);
    facts(&model(&parts), 0)
}

fn reason(report: &Report) -> &str {
    report.outcome.reason.as_deref().unwrap_or_default()
}

/// No component was asked to stop: kubeadm has changed nothing (K-12).
fn unchanged(records: &[Record]) -> bool {
    times(records, |f| {
        matches!(f, Fact::ComponentStopping { .. } | Fact::CertificatesRenewed { .. })
    })
    .is_empty()
}

/// V-18, V-21: one minor at a time, the newest patch of each on the way; workers after each hop, or as seldom as policy and
/// kubeadm allow (V-20, 11.9).
#[test]
fn v18_v20_v21_the_way_is_computed() {
    let (old, new) = (cluster("v1.18.20", 1, 2), cluster("v1.28.15", 1, 2));
    let to = |body: &str| plan(&format!("  targetVersion: {body}\n"));
    let every = [
        "C v1.19.16",
        "W v1.19.16",
        "C v1.20.15",
        "W v1.20.15",
        "C v1.21.14",
        "W v1.21.14",
    ];
    assert_eq!(way(&[&old, &to("v1.21.14")]), every);
    // kubeadm lets kubelets lag one minor only, up to 1.28.
    assert_eq!(
        way(&[&old, &to("v1.21.14\n  workers: Lagging")]),
        [
            "C v1.19.16",
            "W v1.19.16",
            "C v1.20.15",
            "W v1.20.15",
            "C v1.21.14",
            "W v1.21.14"
        ]
    );
    assert_eq!(
        way(&[&old, &to("v1.21.14\n  workers: Lagging\n  force: true")]),
        ["C v1.19.16", "C v1.20.15", "W v1.20.15", "C v1.21.14", "W v1.21.14"]
    );
    assert_eq!(
        way(&[&new, &to("v1.31.14\n  workers: Lagging")]),
        ["C v1.29.15", "C v1.30.14", "C v1.31.14", "W v1.31.14"]
    );
    let path = to("v1.21.0\n  path: [v1.19.1, v1.20.2, v1.21.0]\n  pools: []");
    assert_eq!(way(&[&old, &path]), ["C v1.19.1", "C v1.20.2", "C v1.21.0"]);
}

/// V-12: kubelets that are too old for the next hop are upgraded before it.
#[test]
fn v12_old_kubelets_go_first() {
    let node = |name: &str, version: &str, role: &str| {
        format!(
            "apiVersion: v1\nkind: Node\nmetadata: {{name: {name}, labels: {{{role}}}}}\n\
             status: {{nodeInfo: {{kubeletVersion: {version}}}, allocatable: {{cpu: \"4\", memory: 8Gi, pods: \"110\"}}}}"
        )
    };
    let nodes = [
        node("cp-1", "v1.21.5", "node-role.kubernetes.io/control-plane: \"\""),
        node("w-1", "v1.19.5", ""),
    ];
    let cluster = "apiVersion: seatrial.dev/v1alpha1\nkind: Cluster\nspec: {version: v1.21.5}";
    let to = plan("  targetVersion: v1.22.2\n");
    let parts = [EXACT, cluster, &nodes[0], &nodes[1], &to];
    assert_eq!(way(&parts), ["W v1.21.5", "C v1.22.2", "W v1.22.2"]);
    let (report, _) = facts(&model(&parts), 0);
    assert_eq!(report.outcome.status, PlanStatus::Completed);
    assert_eq!(report.nodes[1].to_version, "v1.22.2");
}

/// O-1, K-3, V-11: not in one step, whatever the force; by hops it is fine, and versions of everything follow.
#[test]
fn o1_k3_k12_v11_three_minors_are_three_hops() {
    for force in ["", "\n  force: true"] {
        let direct = format!("  targetVersion: v1.21.14\n  path: [v1.21.14]{force}\n");
        let (report, records) = run("v1.18.20", 1, 2, &direct);
        assert_eq!(report.outcome.status, PlanStatus::Refused);
        assert!(reason(&report).contains("can upgrade only 1 minor version at a time"));
        assert!(reason(&report).contains("mandatory"));
        assert!(unchanged(&records), "K-12");
    }
    let (report, records) = run("v1.18.20", 1, 2, "  targetVersion: v1.21.14\n");
    assert_eq!(report.outcome.status, PlanStatus::Completed);
    assert_eq!(report.versions.hops, ["v1.19.16", "v1.20.15", "v1.21.14"]);
    assert!(report.nodes.iter().all(|n| n.to_version == "v1.21.14"));
    assert!(report.versions.skew.is_empty(), "{:?}", report.versions.skew);
    let hops = times(&records, |f| matches!(f, Fact::HopStarted { .. }));
    assert_eq!(hops.len(), 6);
    // etcd is replaced on the way to 1.19 and not afterwards (K-13, O-10).
    let phases = times(&records, |f| matches!(f, Fact::QuorumLost));
    assert_eq!(phases.len(), 1);
    let away = times(&records, |f| matches!(f, Fact::ApiUnavailable));
    assert_eq!(away.len(), 4, "two windows, then one per hop: {away:?}");
}

/// What happens in the first hop does not depend on how many follow.
#[test]
fn the_first_hop_is_the_same_whatever_follows() {
    let until = |records: &[Record]| {
        let end = records.iter().position(|r| {
            matches!(
                r.fact,
                Fact::PhaseEnded {
                    phase: Phase::PostUpgrade,
                    ..
                }
            )
        });
        let told = |r: &&Record| !matches!(r.fact, Fact::HopStarted { .. });
        let kept = records[..end.unwrap()].iter().filter(told);
        kept.map(|r| (r.at, r.fact)).collect::<Vec<_>>()
    };
    let one = run("v1.34.3", 1, 2, "  targetVersion: v1.35.2\n").1;
    let three = "  targetVersion: v1.36.2\n  path: [v1.35.2, v1.36.2]\n";
    let two = run("v1.34.3", 1, 2, three).1;
    let plain = |facts: Vec<(_, Fact)>| facts.into_iter().map(|(at, f)| (at, std::mem::discriminant(&f)));
    assert!(plain(until(&one)).eq(plain(until(&two))));
}

/// K-2, K-4 … K-8: what stops `kubeadm upgrade apply`, in its own words, and what `force` skips.
#[test]
fn o2_o3_o4_v8_k2_k4_k5a_k5b_k6_k7_k8_what_stops_apply() {
    for (from, body, words, skippable) in [
        (
            "v1.20.3",
            "v1.18.9\n  path: [v1.18.9]\n  kubeadmVersion: v1.20.3",
            "only supports deploying",
            false,
        ),
        (
            "v1.20.3",
            "v1.18.9\n  path: [v1.18.9]",
            "can downgrade only 1 minor",
            false,
        ),
        (
            "v1.20.3",
            "v1.21.0\n  kubeadmVersion: v1.20.3",
            "at least one minor release higher",
            false,
        ),
        (
            "v1.20.3",
            "v1.20.4\n  kubeadmVersion: v1.20.3",
            "Upgrade kubeadm first",
            true,
        ),
        (
            "v1.20.3",
            "v1.20.4\n  kubeadmVersion: v1.21.0",
            "can only be used to upgrade to",
            true,
        ),
        ("v1.20.3", "v1.21.0-rc.0", "unstable version", true),
        (
            "v1.20.3",
            "v1.22.0-alpha.1\n  path: [v1.22.0-alpha.1]",
            "is too high",
            true,
        ),
    ] {
        let body = format!("  targetVersion: {body}\n");
        let (report, records) = run(from, 1, 1, &body);
        assert_eq!(report.outcome.status, PlanStatus::Refused, "{body}");
        assert!(reason(&report).contains(words), "{body}: {}", reason(&report));
        assert!(unchanged(&records), "{body}");
        let (report, _) = run(from, 1, 1, &format!("{body}  force: true\n"));
        assert_eq!(report.outcome.status == PlanStatus::Completed, skippable, "{body}");
    }
    let candidate = "  targetVersion: v1.21.0-rc.0\n  allowReleaseCandidateUpgrades: true\n";
    assert_eq!(run("v1.20.3", 1, 1, candidate).0.outcome.status, PlanStatus::Completed);
}

/// O-4, K-8, V-19: kubelets one minor behind are enough for kubeadm of 1.20 to refuse; a minor down is accepted by the old
/// kubeadm, though kubelets are then newer than the API server (V-4).
#[test]
fn o4_k8_v19_kubelets_that_stay_behind() {
    let body = "  targetVersion: v1.20.15\n  pools: []\n";
    let (report, _) = run("v1.18.20", 1, 1, body);
    assert_eq!(report.outcome.status, PlanStatus::Refused);
    assert!(reason(&report).contains("kubelets in this cluster that are too old"));
    assert_eq!(report.nodes[0].to_version, "v1.19.16", "the first hop was made");
    let (report, _) = run("v1.18.20", 1, 1, &format!("{body}  force: true\n"));
    assert_eq!(report.outcome.status, PlanStatus::Completed);
    let (report, _) = run("v1.28.15", 1, 1, "  targetVersion: v1.31.14\n  pools: []\n");
    assert_eq!(report.outcome.status, PlanStatus::Completed);
    let down = "  targetVersion: v1.20.4\n  path: [v1.20.4]\n  pools: []\n";
    let (report, _) = run("v1.21.0", 1, 1, down);
    assert_eq!(report.outcome.status, PlanStatus::Completed);
    assert_eq!(broken(&report), ["V-4 cp-1", "V-4 worker-1", "V-6 cp-1"]);
}

/// Rules and nodes of the violations of a report, without what kubeadm's own order brings about.
fn broken(report: &Report) -> Vec<String> {
    let own = |s: &&SkewReport| !s.kubeadms_way;
    let name = |s: &SkewReport| format!("{} {}", s.rule, s.node.as_deref().unwrap_or("-"));
    let mut all: Vec<String> = report.versions.skew.iter().filter(own).map(name).collect();
    all.sort();
    all.dedup();
    all
}

/// V-13, V-4: the wrong order, worker first: an interval from its kubelet's start to the API server's.
#[test]
fn v4_v10_v13_a_kubelet_before_its_api_server() {
    let steps =
        "  targetVersion: v1.21.0\n  steps:\n  - upgradeNode: {node: worker-1}\n  - upgradeControlPlane: cp-1\n";
    let (report, records) = run("v1.20.2", 1, 1, steps);
    assert_eq!(broken(&report), ["V-4 worker-1"]);
    let skew = &report.versions.skew[0];
    let started = times(&records, |f| matches!(f, Fact::KubeletStarted { .. }))[0];
    let server = records
        .iter()
        .find(|r| matches!(r.fact, Fact::ComponentStarted { .. }))
        .unwrap();
    assert!((skew.from - started).abs() < 0.001);
    assert!((skew.to.unwrap() - secs(server)).abs() < 0.001);
    assert!(
        skew.words.contains("kubelet 1.21 on worker-1 is newer"),
        "{}",
        skew.words
    );
    // The right order breaks nothing (V-10).
    let (report, _) = run("v1.20.2", 1, 2, "  targetVersion: v1.21.0\n");
    assert!(broken(&report).is_empty());
}

/// V-3, V-7: API servers two minors apart, and the kubectl that nobody upgraded.
#[test]
fn o7_v3_v7_two_hops_of_one_api_server() {
    let steps = "  targetVersion: v1.21.14\n  steps:\n  - upgradeControlPlane: {node: cp-1, version: v1.20.15}\n  \
                 - upgradeControlPlane: {node: cp-1, version: v1.21.14}\n";
    let (report, _) = run("v1.19.16", 2, 0, &format!("{steps}  force: true\n"));
    assert_eq!(report.outcome.status, PlanStatus::Completed, "{}", reason(&report));
    assert_eq!(broken(&report), ["V-3 cp-1", "V-7 -"]);
}

/// O-8, V-6: controller manager and scheduler are never newer than their own API server during hops of kubeadm.
#[test]
fn o8_v6_kubeadms_order_keeps_controllers_behind() {
    for (from, to) in [("v1.19.16", "v1.21.14"), ("v1.34.3", "v1.36.2")] {
        for nodes in [1, 3] {
            let (report, _) = run(from, nodes, 1, &format!("  targetVersion: {to}\n"));
            assert_eq!(report.outcome.status, PlanStatus::Completed);
            assert!(
                broken(&report).iter().all(|b| !b.starts_with("V-6")),
                "{:?}",
                broken(&report)
            );
        }
    }
}

const PROXY: &str = "apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: kube-proxy, namespace: kube-system}\nspec: {selector: {matchLabels: {app: p}}, \
                     template: {metadata: {labels: {app: p}}, spec: {tolerations: [{operator: Exists}], containers: [{name: main, image: x}]}}}";

/// V-5, V-14: kubeadm rolls kube-proxy before kubelets of workers follow, which the policy forbade before 1.28.
#[test]
fn v5_v14_kube_proxy_comes_before_the_kubelets_of_workers() {
    let body = "  pools: [{name: workers, strategy: {soak: 60s}}]\n";
    let (report, _) = run_with("v1.20.2", 1, 3, &format!("  targetVersion: v1.21.0\n{body}"), &[PROXY]);
    let way = |s: &&SkewReport| s.kubeadms_way && s.rule == "V-5";
    assert!(
        report.versions.skew.iter().filter(way).count() >= 2,
        "{:?}",
        report.versions.skew
    );
    let (report, _) = run_with("v1.30.2", 1, 3, &format!("  targetVersion: v1.31.0\n{body}"), &[PROXY]);
    assert!(report.versions.skew.is_empty(), "{:?}", report.versions.skew);
}

/// K-19: kubelets of control-plane nodes go through the load balancer, where they meet API servers that are older than they
/// are (V-4), until kubeadm of 1.33 points them at their own.
#[test]
fn k19_v4_kubelets_of_the_control_plane() {
    let (report, _) = run("v1.30.4", 3, 1, "  targetVersion: v1.31.1\n");
    assert_eq!(broken(&report), ["V-4 cp-1", "V-4 cp-2"]);
    let last = "  targetVersion: v1.31.1\n  controlPlane: {kubelets: AfterAll}\n";
    assert!(broken(&run("v1.30.4", 3, 1, last).0).is_empty());
    assert!(broken(&run("v1.33.4", 3, 1, "  targetVersion: v1.34.1\n").0).is_empty());
}

/// O-14, K-16: two control-plane nodes at once, one of which fails: each sees an API server that is not upgraded, and the
/// add-ons stay old.
#[test]
fn o14_k16_two_control_plane_nodes_at_once() {
    let steps = |second: &str| {
        format!(
            "  targetVersion: v1.31.1\n  steps:\n  - upgradeControlPlane: cp-1\n  \
             - upgradeControlPlane: {{nodes: [cp-2, cp-3], expect: {second}}}\n"
        )
    };
    let rolled = |records: &[Record]| times(records, |f| matches!(f, Fact::RolloutStarted { .. })).len();
    let (report, records) = run_with("v1.30.4", 3, 1, &steps("Success"), &[PROXY]);
    assert_eq!(report.outcome.status, PlanStatus::Completed, "{}", reason(&report));
    assert_eq!(rolled(&records), 1, "the one that ends last");
    // Both restart their etcd at the same time: the quorum is lost (E-1, O-27).
    assert_eq!(times(&records, |f| matches!(f, Fact::QuorumLost)).len(), 1);
    let broken = faults(&["{at: 0s, imageMissing: kube-apiserver, node: cp-3}"]);
    let (_, records) = run_with("v1.30.4", 3, 1, &steps("Failure"), &[PROXY, &broken]);
    assert_eq!(rolled(&records), 0, "cp-2 has seen an old API server");
}

/// O-17, V-1: the network plugin is nobody's business.
#[test]
fn o17_v1_the_network_plugin_is_left_alone() {
    let weave = PROXY.replace("kube-proxy", "weave-net");
    let (_, records) = run_with("v1.20.2", 1, 2, "  targetVersion: v1.22.0\n", &[PROXY, &weave]);
    let names: Vec<usize> = records
        .iter()
        .filter_map(|r| match r.fact {
            Fact::RolloutStarted { workload } => Some(seatrial::ids::Id::index(workload)),
            _ => None,
        })
        .collect();
    let model = model(&[&cluster("v1.20.2", 1, 2), PROXY, &weave]);
    let name = |i: usize| model.workloads.iter().nth(i).unwrap().name.clone();
    assert_eq!(names.len(), 2);
    assert!(names.into_iter().all(|i| name(i) == "kube-proxy"));
}

/// O-20, K-11: a health check whose Job does not complete: passed over after 15 s up to 1.29, an error from 1.30 on (after
/// 60 s since 1.36), and left out where no node is schedulable.
#[test]
fn o20_k11_the_job_of_the_health_check() {
    let gone = faults(&["{at: 0s, componentDown: [kube-controller-manager]}"]);
    let length = |records: &[Record]| {
        let of = |wanted: fn(&Fact) -> bool| times(records, wanted)[0];
        let start = of(|f| {
            matches!(
                f,
                Fact::PhaseStarted {
                    phase: Phase::HealthCheck,
                    ..
                }
            )
        });
        let end = of(|f| {
            matches!(
                f,
                Fact::PhaseEnded {
                    phase: Phase::HealthCheck,
                    ..
                }
            )
        });
        end - start
    };
    for (from, to, limit, stops) in [
        ("v1.20.2", "v1.21.0", 15.0, false),
        ("v1.29.2", "v1.30.0", 15.0, true),
        ("v1.35.4", "v1.36.2", 60.0, true),
    ] {
        let body = format!("  targetVersion: {to}\n  startAt: 1s\n  pools: []\n");
        let (report, records) = run_with(from, 1, 1, &body, &[&gone]);
        let took = length(&records);
        assert!((limit..limit + 1.1).contains(&took), "{to}: {took}");
        assert_eq!(
            report.outcome.status == PlanStatus::Refused,
            stops,
            "{to}: {}",
            reason(&report)
        );
        assert_eq!(unchanged(&records), stops, "{to}");
        // Without a schedulable node there is nothing to wait for, since 1.30.
        let cordons = "  steps: [{cordon: cp-1}, {cordon: worker-1}, {upgradeControlPlane: cp-1}]\n";
        let (report, records) = run(from, 1, 1, &format!("  targetVersion: {to}\n{cordons}"));
        assert_eq!(report.outcome.status, PlanStatus::Completed, "{to}");
        let took = length(&records);
        assert_eq!(took < 1.0, stops, "{to}: {took}");
    }
}

/// K-9: the drain comes before kubeadm where the plan says so.
#[test]
fn k9_drain_before_apply() {
    let first = |early: bool| {
        let body = format!("  targetVersion: v1.36.2\n  controlPlane: {{drainBeforeApply: {early}}}\n  pools: []\n");
        let (_, records) = run("v1.35.4", 1, 1, &body);
        let drained = times(&records, |f| matches!(f, Fact::DrainStarted { .. }))[0];
        let applied = times(&records, |f| matches!(f, Fact::PhaseStarted { .. }))[0];
        drained < applied
    };
    assert!(first(true) && !first(false));
}

/// K-10, K-14.1: kubeadm drains nothing and restarts no kubelet; a second run to the same version finds nothing to do.
#[test]
fn k10_k14_a_second_apply_changes_nothing() {
    let steps = "  targetVersion: v1.36.2\n  steps: [{upgradeControlPlane: cp-1}, {upgradeControlPlane: cp-1}]\n";
    let (report, records) = run("v1.35.4", 1, 2, steps);
    assert_eq!(report.outcome.status, PlanStatus::Completed);
    assert_eq!(
        times(&records, |f| matches!(f, Fact::ComponentStopping { .. })).len(),
        4
    );
    assert!(
        times(&records, |f| matches!(
            f,
            Fact::KubeletStopped { .. } | Fact::NodeCordoned { .. } | Fact::EvictionAccepted { .. }
        ))
        .is_empty()
    );
}

/// K-13.2: with a member of etcd down kubeadm refuses, until 1.36, which is content with a quorum and loses it.
#[test]
fn k13_e1_a_member_of_etcd_is_down_already() {
    let down = faults(&["{at: 0s, componentDown: [etcd], node: cp-3}"]);
    for (from, to, refused) in [("v1.34.4", "v1.35.2", true), ("v1.35.4", "v1.36.2", false)] {
        let body = format!("  targetVersion: {to}\n  startAt: 10s\n  pools: []\n");
        let (report, records) = run_with(from, 3, 1, &body, &[&down]);
        assert_eq!(
            report.outcome.status == PlanStatus::Refused,
            refused,
            "{to}: {}",
            reason(&report)
        );
        assert_eq!(
            times(&records, |f| matches!(f, Fact::QuorumLost)).is_empty(),
            refused,
            "{to}"
        );
        assert_eq!(unchanged(&records), refused);
    }
}

/// V-9, K-13.1, E-1: stacked etcd is replaced where the version that comes with Kubernetes changes; an external one never.
#[test]
fn v9_k13_e1_etcd_follows_the_table() {
    let lost = |from: &str, to: &str, etcd: &str| {
        let cluster = format!(
            "apiVersion: seatrial.dev/v1alpha1\nkind: Cluster\nspec: {{version: {from}, controlPlane: {{replicas: 1, \
             etcd: {etcd}}}, nodePools: [{{name: worker, replicas: 1}}]}}"
        );
        let plan = plan(&format!("  targetVersion: {to}\n"));
        let (report, records) = facts(&model(&[EXACT, &cluster, &plan]), 0);
        assert_eq!(report.outcome.status, PlanStatus::Completed);
        times(&records, |f| matches!(f, Fact::QuorumLost)).len()
    };
    assert_eq!(lost("v1.19.16", "v1.21.14", "Stacked"), 0, "3.4.13 all the way");
    assert_eq!(
        lost("v1.19.16", "v1.23.17", "Stacked"),
        1,
        "1.22.17 and 1.23.17 both bring 3.5.6"
    );
    assert_eq!(lost("v1.22.0", "v1.23.0", "Stacked"), 1, "3.5.0, 3.5.1");
    assert_eq!(
        lost("v1.29.15", "v1.30.14", "Stacked"),
        0,
        "K-13.4: 1.30.14 would bring an older one"
    );
    assert_eq!(lost("v1.19.16", "v1.23.17", "External"), 0);
}

/// V-2: `1.21.0` and `v1.21.0` are the same, and patches may be skipped.
#[test]
fn v2_patches_may_be_skipped() {
    let (report, _) = run("v1.21.0", 1, 1, "  targetVersion: 1.21.14\n");
    assert_eq!(report.outcome.status, PlanStatus::Completed);
    assert_eq!(report.versions.hops, ["v1.21.14"]);
}

/// Nodes that are replaced are replaced once per round of the workers, each time by new ones.
#[test]
fn replaced_nodes_are_replaced_again_in_the_next_round() {
    let body = "  targetVersion: v1.36.2\n  pools: [{name: w, strategy: {mode: Replace}}]\n";
    let web = [deployment("web", 2, ""), budget("web", "maxUnavailable: 1")];
    let (report, _) = run_with("v1.34.3", 1, 2, body, &[&web[0], &web[1]]);
    assert_eq!(report.outcome.status, PlanStatus::Completed);
    let end = |name: &str| report.nodes.iter().find(|n| n.name == name).unwrap();
    for (name, version) in [
        ("worker-3", "v1.35.7"),
        ("worker-5", "v1.36.2"),
        ("worker-6", "v1.36.2"),
    ] {
        assert_eq!(end(name).to_version[..5], version[..5], "{name}");
    }
    assert_eq!(report.nodes.len(), 7);
}

/// V-4, V-10: a cloud upgrades its control plane before the nodes, whatever the dump says.
#[test]
fn v4_v10_a_cloud_goes_first() {
    let web = deployment("web", 2, "");
    let (report, _) = run_with("v1.30.4", 0, 2, "  targetVersion: v1.31.1\n", &[&web]);
    assert_eq!(report.outcome.status, PlanStatus::Completed);
    assert!(report.versions.skew.is_empty(), "{:?}", report.versions.skew);
}

/// A kubelet of 1.31 or later starts no pods while it reaches an older API server only (V-4, kubernetes#127316).
#[test]
fn v4_new_kubelets_wait_for_a_new_api_server() {
    let web = deployment("web", 2, "");
    let steps = |from: &str, to: &str| {
        let body = format!(
            "  targetVersion: {to}\n  steps:\n  - drain: {{node: worker-1}}\n  - upgradeNode: {{node: worker-1}}\n  \
             - uncordon: worker-1\n  - cordon: worker-2\n  - deletePod: {{workload: web}}\n  - sleep: 30s\n  \
             - upgradeControlPlane: cp-1\n"
        );
        run_with(from, 1, 2, &body, &[&web]).1
    };
    let waits = |records: &[Record]| {
        let deleted = times(records, |f| matches!(f, Fact::PodDeleted { .. })).pop().unwrap();
        let ready = times(records, |f| matches!(f, Fact::PodReady { .. })).pop().unwrap();
        ready - deleted
    };
    let records = steps("v1.30.4", "v1.31.1");
    assert!(waits(&records) > 40.0);
    assert_eq!(times(&records, |f| matches!(f, Fact::ServicesUnread { .. })).len(), 1);
    assert_eq!(times(&records, |f| matches!(f, Fact::ServicesRead { .. })).len(), 1);
    let records = steps("v1.29.4", "v1.30.1");
    assert!(waits(&records) < 10.0, "{}", waits(&records));
}
