//! What is kept aside, for as an event it would come to nothing, changes nothing.
#![cfg(test)]

use super::options::RunOptions;
use super::setup;
use super::world::World;
use crate::scenario::{Source, load};
use crate::trace::Record;
use crate::units::Time;

/// Pods that are deleted five times a second, while controller managers come and go. One large pod fills each node, so that
/// another waits until it has left.
fn restless() -> String {
    let mut text = "
apiVersion: seatrial.dev/v1alpha1
kind: Cluster
spec:
  version: v1.35.4
  controlPlane: {replicas: 1}
  nodePools: [{name: workers, replicas: 9, capacity: {cpu: \"4\", memory: 16Gi, pods: \"110\"}}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: default}
spec:
  replicas: 200
  selector: {matchLabels: {app: web}}
  template: {metadata: {labels: {app: web}}, spec: {containers: [{name: main, image: x}]}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: large, namespace: default}
spec:
  replicas: 9
  selector: {matchLabels: {app: large}}
  template:
    metadata: {labels: {app: large}}
    spec:
      terminationGracePeriodSeconds: 3
      containers: [{name: main, image: x, resources: {requests: {cpu: \"3\"}}}]
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: default}
spec: {selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: seatrial.dev/v1alpha1
kind: Timings
spec: {proxySync: {uniform: [0s, 4s]}}
---
apiVersion: seatrial.dev/v1alpha1
kind: Faults
spec:
  events:
"
    .to_owned();
    for n in 0..6 {
        text += &format!(
            "  - {{at: {}s, componentDown: [kube-controller-manager], mode: Kill, for: 2s}}\n",
            40 * n
        );
    }
    for n in 0..1200 {
        let whose = if n % 40 == 0 { "large" } else { "web" };
        text += &format!("  - {{at: {}ms, podDelete: default/{whose}}}\n", 200 * n);
    }
    text
}

/// How often something of each kind that had been kept aside was called for, and how often room was kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    echoes: usize,
    room: usize,
    kept: usize,
}

/// What happens; `plain`: by events alone.
fn facts(text: &str, trial: u64, plain: bool) -> (Vec<Record>, Counts) {
    let model = load(&[Source::new("test.yaml", text)])
        .unwrap_or_else(|e| panic!("{e}"))
        .model;
    let options = RunOptions {
        trial,
        ..RunOptions::default()
    };
    let mut found = Vec::new();
    let mut collect = |hall: &mut super::hall::Hall<'_>| {
        found.extend_from_slice(hall.fresh_facts());
        hall.forget_facts();
    };
    let mut world: World<'_> = setup::world(&model, &options, &mut collect);
    world.hall.echoes.plain = plain;
    world.hall.freed.plain = plain;
    while world.hall.now < Time::from_micros(250_000_000) && world.step() {
        collect(&mut world.hall);
    }
    let counts = Counts {
        echoes: world.hall.echoes.raised,
        room: world.hall.freed.raised,
        kept: world.hall.freed.kept,
    };
    (found, counts)
}

#[test]
fn what_is_kept_aside_changes_nothing() {
    let text = restless();
    let mut all = Counts::default();
    for trial in 0..4 {
        let (with, aside) = facts(&text, trial, false);
        let (without, plain) = facts(&text, trial, true);
        assert_eq!(with, without);
        assert_eq!(plain, Counts::default());
        all.echoes += aside.echoes;
        all.room += aside.room;
        all.kept += aside.kept;
    }
    assert!(all.echoes > 40, "{all:?}");
    assert!(all.room > 20 && all.kept > 10 * all.room, "{all:?}");
}
