//! `kubeadm upgrade apply` on a single control-plane node, against what real kubeadm runs took: 1.20 (eight runs, etcd
//! unchanged) and 1.36 (three runs; etcd is always restarted, and the second and third time within ten minutes it also
//! backs off, so the first run speaks for etcd).

use std::collections::BTreeMap;

use seatrial::cluster::{RunOptions, preamble, run};
use seatrial::metrics::{Metrics, Report};
use seatrial::scenario::{Source, load};

/// Measured values of one quantity: the range over three or more runs, or fewer values that stand for themselves.
enum Measured {
    Range(f64, f64),
    Values(&'static [f64]),
}
use Measured::{Range, Values};

const HOPS: u64 = 200;

fn hops(from: &str, to: &str) -> Vec<Report> {
    let text = format!(
        "apiVersion: seatrial.dev/v1alpha1\nkind: Cluster\n\
         spec: {{version: {from}, controlPlane: {{replicas: 1}}, nodePools: [{{name: worker, replicas: 1}}]}}\n---\n\
         apiVersion: seatrial.dev/v1alpha1\nkind: UpgradePlan\nmetadata: {{name: hop}}\n\
         spec: {{targetVersion: {to}, steps: [{{upgradeControlPlane: cp-1}}]}}\n"
    );
    let source = Source {
        name: "hop.yaml".to_owned(),
        text: text.into_bytes(),
    };
    let model = load(&[source]).unwrap_or_else(|e| panic!("{e}")).model;
    (0..HOPS)
        .map(|seed| {
            let options = RunOptions {
                seed,
                ..RunOptions::default()
            };
            let preamble = preamble(&model, &options);
            let mut metrics = Metrics::new(&preamble);
            let cost = run(&model, &options, &mut metrics);
            metrics.finish(cost.end)
        })
        .collect()
}

/// Every quantity of a hop by name, over all seeds, sorted.
fn quantities(reports: &[Report]) -> BTreeMap<String, Vec<f64>> {
    let mut all: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for report in reports {
        let json = serde_json::to_value(report).unwrap();
        let control_plane = &json["controlPlane"];
        let mut put = |name: &str, value: &serde_json::Value| {
            let value = value.as_f64().unwrap();
            all.entry(name.to_owned()).or_default().push(value);
        };
        put("api", &control_plane["apiDownSeconds"]);
        put("etcd", &control_plane["etcdNoQuorumSeconds"]);
        put(
            "controller manager leaderless",
            &control_plane["controllerManagerLeaderlessSeconds"],
        );
        put("scheduler leaderless", &control_plane["schedulerLeaderlessSeconds"]);
        put("total", &json["makespanSeconds"]);
        for phase in json["nodes"][0]["phases"].as_array().unwrap() {
            put(phase["phase"].as_str().unwrap(), &phase["seconds"]);
        }
    }
    for values in all.values_mut() {
        values.sort_by(f64::total_cmp);
    }
    all
}

/// The median lies in the measured range, widened by the larger of 1 s and 5 % (a third of all status batches fall
/// elsewhere in another run), or within 20 % of fewer than three measured values; and the measured values are not out of
/// the simulation's reach.
fn check(from: &str, to: &str, measured: &[(&str, Measured)]) {
    let reports = hops(from, to);
    for report in &reports {
        let json = serde_json::to_value(&report.outcome).unwrap();
        assert_eq!(json["status"], "Completed");
    }
    let quantities = quantities(&reports);
    for (name, measured) in measured {
        let simulated = &quantities[*name];
        let median = simulated[simulated.len() / 2];
        let (low, high) = match measured {
            Range(low, high) => (low - (low * 0.05).max(1.0), high + (high * 0.05).max(1.0)),
            Values(values) => {
                let mean = values.iter().sum::<f64>() / values.len() as f64;
                (mean * 0.8, mean * 1.2)
            }
        };
        assert!(
            (low..=high).contains(&median),
            "{from} {name}: median {median} outside {low}..{high}"
        );
        if let Range(low, high) = measured {
            let slack = (high * 0.05).max(1.0);
            let (first, last) = (simulated[0], simulated[simulated.len() - 1]);
            assert!(
                first <= low + slack && last >= high - slack,
                "{from} {name}: {first}..{last} for {low}..{high}"
            );
        }
    }
}

/// K-14, K-18, C-7: the API is away for about 4.6 s, both leaders survive that, and each is away for a lease when its
/// own process is swapped.
#[test]
fn k14_k18_c7_a_hop_of_1_20_takes_what_real_ones_take() {
    check(
        "v1.20.2",
        "v1.20.4",
        &[
            ("total", Range(18.41, 34.15)),
            ("Preflight", Range(0.12, 0.23)),
            ("HealthCheck", Range(1.05, 2.14)),
            ("Prepull", Range(0.14, 0.28)),
            ("EtcdBackup", Range(0.22, 0.56)),
            ("Etcd", Range(0.0, 0.0)),
            ("ApiServer", Range(5.2, 15.3)),
            ("ControllerManager", Range(1.2, 10.4)),
            ("Scheduler", Range(1.2, 3.1)),
            ("PostUpgrade", Range(4.43, 4.93)),
            ("api", Range(3.67, 6.71)),
            ("etcd", Range(0.0, 0.0)),
            ("controller manager leaderless", Range(17.21, 19.76)),
            ("scheduler leaderless", Range(16.20, 19.22)),
        ],
    );
}

/// K-13, K-15b, C-6: the new static pod waits for the old one, so the API is away for about 40 s and both leaders die in
/// it; etcd is restarted for its certificates first.
#[test]
fn k13_k15b_c6_a_hop_of_1_36_takes_what_real_ones_take() {
    check(
        "v1.36.2",
        "v1.36.3",
        &[
            ("total", Values(&[107.8])),
            ("HealthCheck", Range(4.0, 4.05)),
            ("Etcd", Values(&[3.4])),
            ("ApiServer", Range(68.9, 71.4)),
            ("ControllerManager", Range(13.67, 14.60)),
            ("Scheduler", Range(12.07, 14.09)),
            ("PostUpgrade", Range(5.03, 5.26)),
            ("api", Values(&[48.7])),
            ("etcd", Values(&[3.3])),
            ("controller manager leaderless", Values(&[83.8])),
            ("scheduler leaderless", Values(&[100.0, 56.0])),
        ],
    );
}

/// O-10: one API outage where etcd is left alone, two where it is restarted.
#[test]
fn o10_etcd_decides_how_often_the_api_is_away() {
    let windows = |from, to| {
        let reports = hops(from, to);
        let counts = reports.iter().map(|report| {
            let names_api = |o: &&seatrial::metrics::OutageReport| o.components.iter().any(|c| c == "kube-apiserver");
            report.control_plane.outages.iter().filter(names_api).count()
        });
        counts.collect::<Vec<_>>()
    };
    assert!(windows("v1.20.2", "v1.20.4").iter().all(|&n| n == 1));
    assert!(windows("v1.36.2", "v1.36.3").iter().all(|&n| n == 2));
}
