//! What the scenarios about versions teach, in numbers (`scenarios/versions`).

use seatrial::metrics::Report;
use seatrial::trace::PlanStatus;

use crate::support::{output, root};
use crate::writing::{facts, model};

const SEEDS: u64 = 8;

/// A scenario with some words replaced, each of which it must have.
fn changed(name: &str, changes: &[(&str, &str)], seed: u64) -> Report {
    let path = root().join(format!("scenarios/versions/{name}.yaml"));
    let mut text = std::fs::read_to_string(path).unwrap();
    for (old, new) in changes {
        assert!(text.contains(old), "{name} has no {old}");
        text = text.replace(old, new);
    }
    facts(&model(&[&text]), seed).0
}

fn drains(report: &Report, role: &str) -> Vec<usize> {
    let nodes = report.nodes.iter().filter(|n| n.role == role);
    nodes.map(|n| n.drains.len()).collect()
}

fn degraded(report: &Report, name: &str) -> f64 {
    let workload = report.workloads.iter().find(|w| w.name == name).unwrap();
    workload.endpoints.as_ref().unwrap().degraded_seconds
}

/// V-18, K-3: refused directly, fine by hops; one short outage of the API per hop, and half a minute where etcd changes.
#[test]
fn k3_v18_the_ladder() {
    let direct = [("targetVersion: v1.21.14", "targetVersion: v1.21.14\n  path: [v1.21.14]")];
    let refused = changed("ladder", &direct, 0);
    assert_eq!(refused.outcome.status, PlanStatus::Refused);
    assert!(
        refused
            .outcome
            .reason
            .unwrap()
            .contains("only 1 minor version at a time")
    );
    for seed in 0..SEEDS {
        let report = changed("ladder", &[], seed);
        assert_eq!(report.outcome.status, PlanStatus::Completed);
        assert_eq!(report.versions.hops, ["v1.19.16", "v1.20.15", "v1.21.14"]);
        let api: Vec<f64> = report
            .control_plane
            .outages
            .iter()
            .filter(|o| o.components.contains(&"kube-apiserver".to_owned()))
            .map(|o| o.end - o.start)
            .collect();
        assert_eq!(api.len(), 4, "{api:?}");
        assert!(
            api[0] > 26.0 && api[1..].iter().all(|s| (3.5..7.0).contains(s)),
            "{api:?}"
        );
        assert_eq!(drains(&report, "worker"), [3, 3]);
        let own = |rule: &str| report.versions.skew.iter().filter(|s| s.rule == rule).count();
        assert_eq!((own("V-3"), own("V-4"), own("V-6")), (0, 0, 0));
    }
}

/// V-20, 11.9: three rounds of drains or one, and no rule is broken either way.
#[test]
fn v20_workers_that_lag_are_drained_once() {
    for seed in 0..SEEDS {
        let lags = changed("lagging-workers", &[], seed);
        let every = changed("lagging-workers", &[("workers: Lagging", "workers: EveryHop")], seed);
        assert_eq!(
            (drains(&lags, "worker"), drains(&every, "worker")),
            (vec![1; 3], vec![3; 3])
        );
        assert!(lags.cluster.evictions * 2 < every.cluster.evictions);
        for report in [lags, every] {
            assert_eq!(report.outcome.status, PlanStatus::Completed);
            assert!(report.versions.skew.is_empty());
            assert!(report.nodes.iter().all(|n| n.to_version == "v1.31.14"));
        }
        let twice = changed("double-hop", &[], seed);
        assert_eq!(drains(&twice, "worker"), [1; 6]);
        assert_eq!(drains(&twice, "control-plane"), [2; 3]);
        assert!(twice.versions.skew.is_empty(), "{:?}", twice.versions.skew);
    }
}

/// V-4, V-10: a worker before its API server.
#[test]
fn v4_v10_the_wrong_order_costs_a_replica() {
    for seed in 0..SEEDS {
        let wrong = changed("skew-detective", &[], seed);
        let who: Vec<_> = wrong
            .versions
            .skew
            .iter()
            .map(|s| (s.rule.as_str(), s.node.as_deref()))
            .collect();
        assert_eq!(who, [("V-4", Some("worker-1"))]);
        assert!(degraded(&wrong, "web") > 100.0);
        let apply = "- upgradeControlPlane: cp-1\n  ";
        let right = changed(
            "skew-detective",
            &[
                (apply, ""),
                (
                    "- drain: {node: worker-1}",
                    "- upgradeControlPlane: cp-1\n  - drain: {node: worker-1}",
                ),
            ],
            seed,
        );
        assert!(right.versions.skew.is_empty());
        assert!(degraded(&right, "web") < 30.0, "{}", degraded(&right, "web"));
    }
}

/// C-7, E-3: leaders move once where they are upgraded last, and again where they are upgraded first.
#[test]
fn c7_e3_leaders_first_or_last() {
    for seed in 0..SEEDS {
        let (first, last) = (
            changed("ha3-leader-first", &[], seed),
            changed("ha3-leader-last", &[], seed),
        );
        let leaderless = |r: &Report| r.control_plane.controller_manager_leaderless_seconds;
        assert!(
            leaderless(&first) > 1.5 * leaderless(&last),
            "{} {}",
            leaderless(&first),
            leaderless(&last)
        );
        let away = |r: &Report| r.control_plane.api_down_seconds;
        assert!(
            away(&first) < 4.0 && away(&last) < 2.0,
            "an election of etcd each (E-3)"
        );
        assert!(away(&first) > away(&last));
    }
}

/// E-1, K-13.2: with one member down, each restart of another is a blackout; kubeadm of 1.35 would not begin.
#[test]
fn e1_k13_the_cliff_of_the_quorum() {
    for seed in 0..SEEDS {
        let report = changed("quorum-cliff", &[], seed);
        assert_eq!(report.control_plane.outages.len(), 2);
        assert!(report.control_plane.etcd_no_quorum_seconds > 4.0);
        let older = changed("quorum-cliff", &[("v1.35.4", "v1.34.4"), ("v1.36.2", "v1.35.4")], seed);
        assert_eq!(older.outcome.status, PlanStatus::Refused);
        assert!(older.control_plane.outages.is_empty());
    }
}

/// V-4, K-19: behind one address, new kubelets meet old API servers and start no pods; two orders and a newer kubeadm mend it.
#[test]
fn v4_k19_kubelets_behind_one_address() {
    let broken = |r: &Report| {
        r.versions
            .skew
            .iter()
            .map(|s| s.node.clone().unwrap())
            .collect::<Vec<_>>()
    };
    for seed in 0..SEEDS {
        let report = changed("vip-skew", &[], seed);
        assert_eq!(broken(&report), ["cp-1", "cp-2"]);
        assert!(degraded(&report, "ingress") > 60.0);
        let to = "targetVersion: v1.31.14";
        let last = changed(
            "vip-skew",
            &[(to, "targetVersion: v1.31.14\n  controlPlane: {kubelets: AfterAll}")],
            seed,
        );
        let newer = changed(
            "vip-skew",
            &[(to, "targetVersion: v1.34.9"), ("v1.30.14", "v1.33.12")],
            seed,
        );
        for mended in [last, newer] {
            assert!(mended.versions.skew.is_empty());
            assert!(degraded(&mended, "ingress") < 30.0, "{}", degraded(&mended, "ingress"));
        }
    }
}

/// what is not replaced is not renewed.
#[test]
fn x3_x5_the_cliff_of_the_certificates() {
    let report = changed("cert-cliff", &[], 0);
    let expired = report
        .control_plane
        .certificates
        .iter()
        .filter(|c| c.expired_at.is_some());
    let expired: Vec<_> = expired.map(|c| (c.owner.as_str(), c.expired_at)).collect();
    assert_eq!(expired, [("etcd", Some(7.0 * 86400.0))]);
    assert!(report.control_plane.api_down_seconds > 3600.0);
    assert!(report.workloads.iter().all(|w| w.serving.downtime_seconds == 0.0));
    // From 1.21 to 1.22 etcd is replaced, and its certificates with it.
    let fine = changed("cert-cliff", &[("v1.21.14", "v1.22.17"), ("v1.20.15", "v1.21.14")], 0);
    assert!(fine.control_plane.certificates.iter().all(|c| c.expired_at.is_none()));
}

/// K-17: five minutes, then everything back, and a second outage.
#[test]
fn k17_the_stuck_static_pod() {
    for seed in 0..SEEDS {
        let report = changed("stuck-static-pod", &[], seed);
        assert_eq!(report.outcome.status, PlanStatus::Aborted);
        let api = report.control_plane.outages.iter();
        let api = api.filter(|o| o.components.contains(&"kube-apiserver".to_owned()));
        assert_eq!(api.count(), 2);
        assert!(report.control_plane.scheduler_leaderless_seconds > 300.0);
        assert!(report.nodes.iter().all(|n| n.to_version == "v1.20.2"));
    }
    let ran = output(&["run", "scenarios/versions/stuck-static-pod.yaml", "-q"]);
    assert_eq!(ran.status.code(), Some(5), "refused, although it is expected");
}
