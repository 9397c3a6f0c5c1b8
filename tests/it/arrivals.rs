//! Pods and Jobs that are created while the run goes on.

use seatrial::cluster::{RunOptions, run};
use seatrial::scenario::{Source, load};
use seatrial::trace::{Fact, Record};

use crate::support::observe;

const CLUSTER: &str = "
apiVersion: seatrial.dev/v1alpha1
kind: Cluster
spec: {version: v1.36.0, controlPlane: {replicas: 1}, nodePools: [{name: worker, replicas: 2}]}
---
apiVersion: seatrial.dev/v1alpha1
kind: Timings
spec: {podStartup: 3s, workloads: [{kind: Pod, name: import, runFor: 1m}]}
";

fn pod(metadata: &str, spec: &str) -> String {
    format!(
        "{CLUSTER}---\napiVersion: v1\nkind: Pod\nmetadata: {{name: import, {metadata}}}\nspec:\n  restartPolicy: Never\n  \
         containers: [{{name: main, image: x}}]\n{spec}"
    )
}

fn facts(text: &str) -> Vec<Record> {
    let model = load(&[Source::new("test.yaml", text)])
        .unwrap_or_else(|e| panic!("{e}"))
        .model;
    observe(&model, 0).1
}

fn first(records: &[Record], what: fn(&Fact) -> bool) -> f64 {
    records
        .iter()
        .find(|r| what(&r.fact))
        .map_or(f64::NAN, |r| r.at.as_secs_f64())
}

fn problems(text: &str) -> String {
    load(&[Source::new("test.yaml", text)]).unwrap_err().to_string()
}

/// A run without a plan lasts until the work is done; the pod has the name of the input.
#[test]
fn a_pod_is_created_at_its_time_and_its_work_is_awaited() {
    let text = pod("annotations: {seatrial.dev/create-at: 90s}", "");
    let model = load(&[Source::new("test.yaml", text)]).unwrap().model;
    let (preamble, records, report) = observe(&model, 0);
    assert_eq!(first(&records, |f| matches!(f, Fact::PodCreated { .. })), 90.0);
    let ready = first(&records, |f| matches!(f, Fact::ContainersServing { .. }));
    let finished = first(&records, |f| matches!(f, Fact::ContainersStopped { .. }));
    assert!((93.0..94.0).contains(&ready), "{ready}");
    assert!((finished - ready - 60.0).abs() < 0.001, "{finished}");
    let import = report.workloads.iter().find(|w| w.name == "import").unwrap();
    assert_eq!((import.pods_created, import.pods_lost), (1, 0));
    assert_eq!(import.serving.downtime_seconds, 0.0);
    assert_eq!(import.endpoints.as_ref().unwrap().downtime_seconds, 0.0);
    assert_eq!(import.client.as_ref().unwrap().hard_downtime_seconds, 0.0);
    let id = seatrial::ids::Id::from_index(model.pods.len());
    let owner = model.workloads.iter().position(|w| w.name == "import").unwrap();
    assert_eq!(
        preamble.pod_name(id, seatrial::ids::Id::from_index(owner), 0, None),
        "import"
    );
}

/// Somebody whose request is not answered asks again: C-2, no API server, no pod.
#[test]
fn c2_an_arrival_waits_for_an_api_server() {
    let text = pod("annotations: {seatrial.dev/create-at: 10s}", "")
        + "---\napiVersion: seatrial.dev/v1alpha1\nkind: Faults\nspec: {events: [{at: 5s, for: 20s, componentDown: [kube-apiserver]}]}\n";
    let records = facts(&text);
    let back = first(&records, |f| matches!(f, Fact::ApiAvailable));
    let created = first(&records, |f| matches!(f, Fact::PodCreated { .. }));
    assert!(created >= back && created <= back + 1.0, "{created} {back}");
}

/// A pod that fits nowhere does not keep the run from ending.
#[test]
fn a_pod_without_room_is_not_waited_for() {
    let text = pod("annotations: {seatrial.dev/create-at: 10s}", "")
        .replace("image: x", "image: x, resources: {requests: {cpu: 900}}");
    let model = load(&[Source::new("test.yaml", text)]).unwrap().model;
    let cost = run(&model, &RunOptions::default(), &mut ());
    assert!(cost.end.as_secs_f64() < 120.0, "{:?}", cost.end);
}

/// A bare pod that is evicted before its work is done is lost for good, and missed until the end; a Job makes another.
#[test]
fn w29_a_bare_pod_that_is_drained_never_comes_back() {
    let job = "---\napiVersion: batch/v1\nkind: Job\nmetadata: {name: nightly, annotations: {seatrial.dev/create-at: 10s}}\nspec: \
               {template: {spec: {restartPolicy: Never, containers: [{name: main, image: x}]}}}\n";
    let plan = "---\napiVersion: seatrial.dev/v1alpha1\nkind: UpgradePlan\nmetadata: {name: p}\nspec:\n  startAt: 30s\n  drain: \
                {force: true}\n  steps: [{drain: {node: worker-1, force: true}}, {drain: {node: worker-2, force: true}}, {uncordon: worker-1}, {sleep: 30s}]\n";
    let text = pod("annotations: {seatrial.dev/create-at: 10s}", "") + job + plan;
    let model = load(&[Source::new("test.yaml", text)])
        .unwrap_or_else(|e| panic!("{e}"))
        .model;
    let (_, _, report) = observe(&model, 0);
    let of = |name: &str| report.workloads.iter().find(|w| w.name == name).unwrap();
    let (import, nightly) = (of("import"), of("nightly"));
    assert_eq!((import.pods_created, import.pods_lost), (1, 1));
    assert!(import.serving.downtime_seconds > 30.0);
    assert!(nightly.pods_created >= 2);
    assert_eq!((nightly.pods_lost, nightly.evictions + 1), (0, nightly.pods_created));
    assert_eq!(u64::from(nightly.moves_per_replica.max) + 1, nightly.pods_created);
}

/// Pods that nobody owns and that are alike share what they have in common, also with those that are there at the start.
#[test]
fn bare_pods_that_are_alike_share_a_class() {
    let one = |name: &str, more: &str| {
        format!(
            "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: {name}{more}}}\nspec: {{containers: [{{name: main, image: x}}]}}\n"
        )
    };
    let text = CLUSTER.replace(", workloads: [{kind: Pod, name: import, runFor: 1m}]", "")
        + &one("a", "")
        + &one("b", "")
        + &one("c", ", annotations: {seatrial.dev/create-at: 5s}")
        + &one("d", ", labels: {app: d}")
        + &one("e", ", namespace: other");
    let model = load(&[Source::new("test.yaml", text)]).unwrap().model;
    let class = |name: &str| model.workloads.iter().find(|w| w.name == name).unwrap().class;
    assert_eq!(class("a"), class("b"));
    assert_eq!(class("a"), class("c"));
    assert_ne!(class("a"), class("d"));
    assert_ne!(class("a"), class("e"));
}

#[test]
fn slips_in_annotations_are_told() {
    let wrong = problems(&pod("annotations: {seatrial.dev/create-at: \"90\"}", ""));
    assert!(wrong.contains("a duration needs a unit"), "{wrong}");
    assert!(wrong.contains("test.yaml:12:"), "{wrong}");
    let wrong = problems(&pod("annotations: {seatrial.dev/create_at: 90s}", ""));
    assert!(wrong.contains("did you mean `seatrial.dev/create-at`?"), "{wrong}");
    let wrong = problems(&pod(
        "annotations: {seatrial.dev/create-at: 90s}",
        "  nodeName: worker-1\n",
    ));
    assert!(wrong.contains("cannot have a node"), "{wrong}");
    let wrong = problems(&format!(
        "{CLUSTER}---\napiVersion: v1\nkind: Service\nmetadata: {{name: x, annotations: {{seatrial.dev/create-at: 1s}}}}\nspec: {{}}\n"
    ));
    assert!(
        wrong.contains("only a Pod or a Job is created at a time, not a Service"),
        "{wrong}"
    );
    let wrong = problems(&CLUSTER.replace("replicas: 1}", "replicas: 1, schedulerClient: {qps: 0}}"));
    assert!(wrong.contains("`qps` must be between 1 and 1000000, not 0"), "{wrong}");
}

/// A scheduler that may bind 5 pods a second binds 5 pods a second, after its burst.
#[test]
fn the_schedulers_client_limit_is_kept() {
    let text = "
apiVersion: seatrial.dev/v1alpha1
kind: Cluster
spec: {version: v1.36.0, controlPlane: {replicas: 1, schedulerClient: {qps: 5, burst: 1}}, nodePools: [{name: worker, replicas: 1}]}
---
apiVersion: batch/v1
kind: Job
metadata: {name: many, annotations: {seatrial.dev/create-at: 1s}}
spec: {parallelism: 20, completions: 20, template: {spec: {restartPolicy: Never, containers: [{name: main, image: x}]}}}
";
    let records = facts(text);
    let bound = records.iter().filter(|r| matches!(r.fact, Fact::PodBound { .. }));
    let bound: Vec<f64> = bound.map(|r| r.at.as_secs_f64()).filter(|&at| at > 1.0).collect();
    assert_eq!(bound.len(), 20);
    let span = bound[19] - bound[0];
    assert!((3.7..4.3).contains(&span), "{span}");
}
