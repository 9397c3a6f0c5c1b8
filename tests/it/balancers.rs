//! Load balancers of Services (LB-1 … LB-4): which nodes they send to, and what clients from outside feel.

use std::collections::BTreeSet;

use seatrial::ids::{Id, NodeId};
use seatrial::metrics::{Report, WorkloadReport};
use seatrial::scenario::{Source, load};
use seatrial::trace::{Fact, LeftOut, Record};

use crate::support::observe;

struct Cluster {
    version: &'static str,
    workers: u32,
    replicas: u32,
    service: &'static str,
    balancers: &'static str,
    plan: &'static str,
    rest: &'static str,
}

/// Three workers, two replicas, a Service that a load balancer serves, and no plan.
const PLAIN: Cluster = Cluster {
    version: "v1.35.4",
    workers: 3,
    replicas: 2,
    service: "type: LoadBalancer",
    balancers: "interval: 10s, threshold: 3",
    plan: "steps: [{sleep: 10m}]",
    rest: "",
};

impl Cluster {
    fn text(&self) -> String {
        format!(
            "apiVersion: seatrial.dev/v1alpha1
kind: Cluster
spec:
  version: {}
  controlPlane: {{replicas: 1}}
  serviceLoadBalancers: {{{}}}
  nodePools: [{{name: worker, replicas: {}}}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web, namespace: default}}
spec:
  replicas: {}
  selector: {{matchLabels: {{app: web}}}}
  template: {{metadata: {{labels: {{app: web}}}}, spec: {{containers: [{{name: main, image: web}}]}}}}
---
apiVersion: v1
kind: Service
metadata: {{name: web, namespace: default}}
spec: {{{}, selector: {{app: web}}, ports: [{{port: 80}}]}}
---
apiVersion: seatrial.dev/v1alpha1
kind: UpgradePlan
metadata: {{name: plan}}
spec: {{controlPlane: {{upgrade: false}}, {}}}
---
apiVersion: seatrial.dev/v1alpha1
kind: Timings
spec: {{nodeUpgrade: 5m, nodeReboot: 0s, nodeCreate: 5m, nodeDelete: 20s, balancerSync: 4s, podStartup: 5s, podShutdown: 2s}}
{}",
            self.version, self.balancers, self.workers, self.replicas, self.service, self.plan, self.rest
        )
    }

    fn run(&self) -> (Vec<Record>, Report) {
        let text = self.text();
        let loaded = load(&[Source::new("scenario.yaml", text.as_str())]).unwrap_or_else(|e| panic!("{e}"));
        let (_, records, report) = observe(&loaded.model, 0);
        (records, report)
    }
}

fn web(report: &Report) -> &WorkloadReport {
    report.workloads.iter().find(|w| w.name == "web").unwrap()
}

/// Who left, when, and why.
fn left(records: &[Record]) -> Vec<(f64, NodeId, LeftOut)> {
    let left = records.iter().filter_map(|r| match r.fact {
        Fact::BalancerLeft { node, why, .. } => Some((r.at.as_secs_f64(), node, why)),
        _ => None,
    });
    left.collect()
}

fn joined(records: &[Record]) -> Vec<(f64, NodeId)> {
    let joined = records.iter().filter_map(|r| match r.fact {
        Fact::BalancerJoined { node, .. } => Some((r.at.as_secs_f64(), node)),
        _ => None,
    });
    joined.collect()
}

fn first(records: &[Record], wanted: impl Fn(&Fact) -> bool) -> f64 {
    let found = records.iter().find(|r| wanted(&r.fact));
    found.unwrap().at.as_secs_f64()
}

const CORDON_ALL: &str = "steps: [{cordon: worker-1}, {cordon: worker-2}, {cordon: worker-3}, {sleep: 5m}, \
                          {uncordon: worker-1}, {sleep: 1m}]";

/// LB-1: until 1.18 a cordon takes a node out (kubernetes/kubernetes#90823).
#[test]
fn lb1_a_cordon_takes_nodes_out_until_1_18() {
    for (version, balancers, out) in [
        ("v1.18.20", "", true),
        ("v1.19.16", "", false),
        ("v1.35.4", "", false),
        ("v1.35.4", "dropsCordoned: true", true),
        ("v1.18.20", "dropsCordoned: false", false),
    ] {
        let (records, report) = Cluster {
            version,
            balancers,
            plan: CORDON_ALL,
            ..PLAIN
        }
        .run();
        let whys: Vec<LeftOut> = left(&records).into_iter().map(|l| l.2).collect();
        assert_eq!(
            whys,
            vec![LeftOut::Cordoned; if out { 3 } else { 0 }],
            "{version} {balancers}"
        );
        let (web, shut_out) = (web(&report), web(&report).shut_out());
        assert_eq!(web.endpoints.as_ref().unwrap().downtime_seconds, 0.0);
        // Out 4 s after the last cordon, in 4 s and up to 10 s after the uncordon five minutes later.
        assert_eq!(
            (300.0..311.0).contains(&shut_out),
            out,
            "{version} {balancers}: {shut_out}"
        );
        assert_eq!(web.down(), shut_out);
        let client = web.client.as_ref().unwrap();
        assert_eq!(client.hard_downtime_seconds, shut_out);
        assert_eq!(web.causes.len(), usize::from(out));
        for cause in &web.causes {
            assert!(
                cause.why.contains("worker-1, worker-2 and worker-3 left it"),
                "{}",
                cause.why
            );
            assert!(cause.why.contains("until worker-1 joined it"), "{}", cause.why);
        }
    }
}

/// LB-2: a tool's label does what a cordon did, from 1.19 on.
#[test]
fn lb2_a_label_takes_nodes_out_from_1_19_on() {
    for (version, balancers, out) in [
        ("v1.18.20", "dropsCordoned: false", false),
        ("v1.19.16", "", true),
        ("v1.35.4", "", true),
    ] {
        let (records, report) = Cluster {
            version,
            balancers,
            plan: "strategy: {mode: Replace, maxSurge: 1, maxUnavailable: 0, premark: Cordon}, \
                   drain: {excludeFromLoadBalancers: true}",
            ..PLAIN
        }
        .run();
        let excluded = records.iter().filter(|r| matches!(r.fact, Fact::NodeExcluded { .. }));
        assert_eq!(excluded.count(), 3);
        let whys: BTreeSet<LeftOut> = left(&records).into_iter().map(|l| l.2).collect();
        assert_eq!(whys.contains(&LeftOut::Excluded), out, "{version}");
        assert_eq!(web(&report).shut_out() > 300.0, out, "{version}");
    }
    // A node that stays is labelled for as long as it is cordoned.
    let (records, _) = Cluster {
        plan: "drain: {excludeFromLoadBalancers: true}",
        ..PLAIN
    }
    .run();
    let changes = |wanted: fn(&Fact) -> bool| records.iter().filter(|r| wanted(&r.fact)).count();
    assert_eq!(changes(|f| matches!(f, Fact::NodeExcluded { .. })), 3);
    assert_eq!(changes(|f| matches!(f, Fact::NodeIncluded { .. })), 3);
}

/// LB-2: control-plane nodes are left out by their role, and from 1.21 on because kubeadm labels them.
#[test]
fn lb2_control_plane_nodes_are_left_out() {
    for version in ["v1.18.20", "v1.20.15", "v1.21.14", "v1.35.4"] {
        let (records, _) = Cluster { version, ..PLAIN }.run();
        let nodes: Vec<usize> = joined(&records).into_iter().map(|(_, node)| node.index()).collect();
        assert_eq!(nodes, [1, 2, 3], "{version}: cp-1 is the first node");
    }
}

/// LB-3: a node whose kubelet is silent leaves the list of a Cluster Service until 1.26, of a Local one until 1.25.
#[test]
fn lb3_nodes_that_are_not_ready_leave_until_health_checks_alone_decide() {
    let local = "type: LoadBalancer, externalTrafficPolicy: Local";
    for (version, service, out) in [
        ("v1.26.15", PLAIN.service, true),
        ("v1.27.16", PLAIN.service, false),
        ("v1.25.16", local, true),
        ("v1.26.15", local, false),
    ] {
        let (records, _) = Cluster {
            version,
            service,
            plan: "steps: [{upgradeNode: {node: worker-1}}]",
            replicas: 6,
            ..PLAIN
        }
        .run();
        let whys = left(&records);
        let unready = whys.iter().filter(|l| l.2 == LeftOut::NotReady).count();
        assert_eq!(unready, usize::from(out), "{version} {service}: {whys:?}");
        if out {
            let silent = first(&records, |f| matches!(f, Fact::NodeNotReady { .. }));
            assert!((whys[0].0 - silent - 4.0).abs() < 1.0, "{whys:?} {silent}");
        }
    }
}

/// LB-4: a machine that is down fails its share of requests until the third failed check.
#[test]
fn lb4_health_checks_take_a_machine_out_and_let_it_in_again() {
    let (records, report) = Cluster {
        plan: "steps: [{upgradeNode: {node: worker-1, reboot: true}}, {sleep: 1m}]",
        replicas: 3,
        ..PLAIN
    }
    .run();
    let (down, up) = (
        first(&records, |f| matches!(f, Fact::NodeCrashed { .. })),
        first(&records, |f| matches!(f, Fact::NodeBooted { .. })),
    );
    let left = left(&records);
    assert_eq!((left.len(), left[0].2), (1, LeftOut::MachineDown));
    assert!((20.0..30.0).contains(&(left[0].0 - down)), "{left:?} {down}");
    let back = joined(&records).last().unwrap().0;
    assert!((0.0..15.0).contains(&(back - up)), "{back} {up}");
    // One of three nodes is a dead end meanwhile; what the dead pods do to the others comes on top.
    let errors = web(&report).errors();
    assert!(errors > (left[0].0 - down) / 3.0, "{errors}");
    assert_eq!(web(&report).shut_out(), 0.0);
}

/// LB-4: with `externalTrafficPolicy: Local` requests go to nodes without a pod until the checks have failed, and not to a
/// node with one before a check has passed.
#[test]
fn lb4_local_traffic_ends_at_nodes_without_a_pod() {
    let run = |service| {
        Cluster {
            service,
            replicas: 1,
            plan: "strategy: {maxUnavailable: 1}",
            ..PLAIN
        }
        .run()
    };
    let (_, cluster) = run("type: LoadBalancer");
    let (records, local) = run("type: LoadBalancer, externalTrafficPolicy: Local");
    let down = |report: &Report| web(report).client.as_ref().unwrap().hard_downtime_seconds;
    assert!(down(&local) > down(&cluster), "{} {}", down(&local), down(&cluster));
    assert_eq!(web(&cluster).shut_out(), 0.0);
    assert!(web(&local).shut_out() > 0.0);
    let left = left(&records);
    assert!(
        !left.is_empty() && left.iter().all(|l| l.2 == LeftOut::NoLocalPod),
        "{left:?}"
    );
    let gone = first(&records, |f| {
        matches!(f, Fact::RouteTerminating { .. } | Fact::RouteRemoved { .. })
    });
    assert!((20.0..30.0).contains(&(left[0].0 - gone)), "{left:?} {gone}");
    let start = records.iter().position(|r| r.fact == Fact::RunStarted).unwrap();
    let route = first(&records[start..], |f| matches!(f, Fact::RouteReady { .. }));
    let join = joined(&records[start..])[0].0;
    assert!((0.0..10.0).contains(&(join - route)), "{join} {route}");
}

/// C-8: nobody changes a list while no controller manager leads; the next one does what was missed.
#[test]
fn lb1_without_a_controller_manager_lists_stay_as_they_are() {
    let (records, _) = Cluster {
        version: "v1.18.20",
        plan: "startAt: 5s, steps: [{cordon: worker-1}, {sleep: 5m}]",
        rest: "---
apiVersion: seatrial.dev/v1alpha1
kind: Faults
spec: {events: [{at: 0s, for: 2m, componentDown: [kube-controller-manager]}]}
",
        ..PLAIN
    }
    .run();
    let left = left(&records);
    let acts = records
        .iter()
        .rfind(|r| matches!(r.fact, Fact::LeaderElected { .. }))
        .unwrap();
    assert_eq!(left.len(), 1);
    assert!(left[0].0 > 120.0 && left[0].0 > acts.at.as_secs_f64(), "{left:?}");
}

/// A load balancer changes what clients feel, and nothing else: every other fact is the same, at the same time.
#[test]
fn load_balancers_only_look_on() {
    let run = |service| {
        let (records, _) = Cluster {
            service,
            plan: "strategy: {maxUnavailable: 1}",
            ..PLAIN
        }
        .run();
        let plan = records
            .iter()
            .position(|r| matches!(r.fact, Fact::PlanEnded { .. }))
            .unwrap();
        let facts = records[..plan].iter().map(|r| (r.at, r.fact));
        let others = facts.filter(|(_, f)| !matches!(f, Fact::BalancerJoined { .. } | Fact::BalancerLeft { .. }));
        others.collect::<Vec<_>>()
    };
    let inside = run("type: ClusterIP");
    assert_eq!(run("type: LoadBalancer"), inside);
    assert_eq!(run("type: LoadBalancer, externalTrafficPolicy: Local"), inside);
    // Without ports on nodes there is nothing to come in by.
    assert_eq!(run("type: LoadBalancer, allocateLoadBalancerNodePorts: false"), inside);
}

#[test]
fn what_is_wrong_is_said() {
    let wrong = |cluster: Cluster| {
        let text = cluster.text();
        load(&[Source::new("scenario.yaml", text.as_str())])
            .unwrap_err()
            .to_string()
    };
    let policy = wrong(Cluster {
        service: "type: LoadBalancer, externalTrafficPolicy: Nearby",
        ..PLAIN
    });
    assert!(policy.contains("expected Cluster or Local"), "{policy}");
    let interval = wrong(Cluster {
        balancers: "interval: 0s, threshold: 0",
        ..PLAIN
    });
    assert!(
        interval.contains("longer than 0s") && interval.contains("at least 1"),
        "{interval}"
    );
}
