//! Drains that do not evict all pods at once: volumes one after another, critical pods last; and drains that wait for volumes.

use seatrial::ids::{Id, PodId};
use seatrial::scenario::{Source, load};
use seatrial::trace::{DrainOutcome, Fact, Record};

use crate::support::observe;

/// All pods are on the first of two workers: three with a volume each, three without, one of them critical.
fn run(drain: &str) -> Vec<Record> {
    let text = format!(
        "apiVersion: v1
kind: Node
metadata: {{name: a}}
---
apiVersion: v1
kind: Node
metadata: {{name: b}}
spec: {{unschedulable: true}}
---
apiVersion: seatrial.dev/v1alpha1
kind: Cluster
spec: {{version: v1.35.4, controlPlane: {{replicas: 0}}}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {{name: db}}
spec:
  replicas: 3
  podManagementPolicy: Parallel
  selector: {{matchLabels: {{app: db}}}}
  template: {{metadata: {{labels: {{app: db}}}}, spec: {{containers: [{{name: main, image: db}}]}}}}
  volumeClaimTemplates: [{{metadata: {{name: data}}, spec: {{accessModes: [ReadWriteOnce]}}}}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web}}
spec:
  replicas: 2
  selector: {{matchLabels: {{app: web}}}}
  template: {{metadata: {{labels: {{app: web}}}}, spec: {{containers: [{{name: main, image: web}}]}}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: zone-controller}}
spec:
  replicas: 1
  selector: {{matchLabels: {{app: zone}}}}
  template:
    metadata: {{labels: {{app: zone}}}}
    spec: {{priority: 2000000000, priorityClassName: system-cluster-critical, containers: [{{name: main, image: zone}}]}}
---
apiVersion: seatrial.dev/v1alpha1
kind: UpgradePlan
metadata: {{name: plan}}
spec:
  drain: {{{drain}}}
  steps: [{{uncordon: b}}, {{drain: {{node: a, expect: Any}}}}, {{sleep: 5m}}]
---
apiVersion: seatrial.dev/v1alpha1
kind: Timings
spec: {{podStartup: 2s, podShutdown: 3s, podRemoval: 1s, volumeAttach: 10s, volumeDetach: 20s}}
"
    );
    let loaded = load(&[Source::new("scenario.yaml", text.as_str())]).unwrap_or_else(|e| panic!("{e}"));
    let model = loaded.model;
    let (_, records, _) = observe(&model, 0);
    records
}

/// When pods were asked to go and their objects were gone, in seconds.
type Times = Vec<(f64, f64)>;

/// Of the pods of one workload.
fn gone(records: &[Record], workload: usize) -> Times {
    let of = |pod: PodId| {
        records.iter().any(
            |r| matches!(r.fact, Fact::PodCreated { pod: p, workload: w, .. } if p == pod && w.index() == workload),
        )
    };
    let mut found = Vec::new();
    for record in records {
        if let Fact::EvictionAccepted { pod, .. } = record.fact
            && of(pod)
        {
            let removed = records
                .iter()
                .find(|r| matches!(r.fact, Fact::PodRemoved { pod: p } if p == pod));
            found.push((record.at.as_secs_f64(), removed.unwrap().at.as_secs_f64()));
        }
    }
    found
}

/// The workloads by name: which of the three has so many evictions, for ids follow the order of the input's kinds.
fn all(records: &[Record]) -> (Times, Times, Times) {
    let mut by_count: Vec<Times> = (0..3).map(|w| gone(records, w)).collect();
    by_count.sort_by_key(Vec::len);
    let db = by_count.pop().unwrap();
    let web = by_count.pop().unwrap();
    let zone = by_count.pop().unwrap();
    assert_eq!((db.len(), web.len(), zone.len()), (3, 2, 1));
    (db, web, zone)
}

fn drained(records: &[Record]) -> (f64, DrainOutcome) {
    let ended = records.iter().find_map(|r| match r.fact {
        Fact::DrainEnded { outcome, .. } => Some((r.at.as_secs_f64(), outcome)),
        _ => None,
    });
    ended.unwrap()
}

#[test]
fn all_go_at_once_unless_a_tool_says_otherwise() {
    let records = run("");
    let (db, web, zone) = all(&records);
    let asked: Vec<f64> = db.iter().chain(&web).chain(&zone).map(|p| p.0).collect();
    let first = asked.iter().copied().fold(f64::MAX, f64::min);
    assert!(asked.iter().all(|at| at - first < 1.0), "{asked:?}");
    let (end, outcome) = drained(&records);
    assert_eq!(outcome, DrainOutcome::Completed);
    assert!(end - first < 8.0, "the volumes are still attached: {end} {first}");
}

/// Gardener: pods with volumes one by one, those without at the same time (gardener/machine-controller-manager#275).
#[test]
fn pods_with_volumes_go_one_after_another() {
    let records = run("volumesOneByOne: true, volumeDetachTimeout: 2m");
    let (db, web, zone) = all(&records);
    assert!(web.iter().chain(&zone).all(|p| p.0 - db[0].0 < 1.0), "{web:?} {zone:?}");
    for pair in db.windows(2) {
        // Detached 20 s after the object is gone, and looked at every 5 s.
        let wait = pair[1].0 - pair[0].1;
        assert!((20.0..27.0).contains(&wait), "{db:?}");
    }
    let (end, outcome) = drained(&records);
    assert_eq!(outcome, DrainOutcome::Completed);
    assert!((20.0..27.0).contains(&(end - db[2].1)), "{end} {db:?}");
}

#[test]
fn nobody_waits_for_a_volume_beyond_the_limit() {
    let records = run("volumesOneByOne: true, volumeDetachTimeout: 8s");
    let (db, _, _) = all(&records);
    for pair in db.windows(2) {
        let wait = pair[1].0 - pair[0].1;
        assert!((8.0..16.0).contains(&wait), "{db:?}");
    }
}

/// The clock of the drain goes on while pods wait for their turn.
#[test]
fn a_time_out_ends_a_drain_whose_pods_wait_for_their_turn() {
    let records = run("volumesOneByOne: true, timeout: 20s, onFailure: Abort");
    let (end, outcome) = drained(&records);
    assert_eq!(outcome, DrainOutcome::TimedOut);
    let start = records
        .iter()
        .find(|r| matches!(r.fact, Fact::DrainStarted { .. }))
        .unwrap();
    assert!((20.0..26.0).contains(&(end - start.at.as_secs_f64())), "{end}");
    let evicted = records
        .iter()
        .filter(|r| matches!(r.fact, Fact::EvictionAccepted { .. }));
    assert!(evicted.count() < 6);
}

/// Cluster API and Karpenter: the node goes only when its volumes are detached.
#[test]
fn a_drain_waits_for_volumes() {
    let records = run("waitForVolumes: true");
    let (db, _, _) = all(&records);
    let last = db.iter().map(|p| p.1).fold(0.0, f64::max);
    let (end, outcome) = drained(&records);
    assert_eq!(outcome, DrainOutcome::Completed);
    assert!((20.0..27.0).contains(&(end - last)), "{end} {last}");
    let (end, _) = drained(&run("waitForVolumes: true, volumeDetachTimeout: 8s"));
    assert!((8.0..16.0).contains(&(end - last)), "{end} {last}");
}

/// Karpenter: critical pods when all others are gone.
#[test]
fn critical_pods_go_last() {
    let records = run("criticalLast: true");
    let (db, web, zone) = all(&records);
    let others = db.iter().chain(&web).map(|p| p.1).fold(0.0, f64::max);
    assert!((0.0..2.0).contains(&(zone[0].0 - others)), "{zone:?} {others}");
}
