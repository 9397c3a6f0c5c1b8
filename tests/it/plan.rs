//! `seatrial plan`: hops and rounds, refusals, certificates, and a runbook whose commands are commands.

use std::io::Write;
use std::process::{Command, Stdio};

use seatrial::cluster::{RunOptions, preamble, run};
use seatrial::metrics::Metrics;
use seatrial::scenario::{Source, load};
use serde_json::Value;

use crate::support::{output, piped, root, snapshot};

const HELLO: &str = "scenarios/textbook/hello-upgrade.yaml";
const HA: &str = "scenarios/textbook/ha-control-plane.yaml";

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// What the command prints, with the exit code that it must have.
fn plan(args: &[&str], code: i32) -> String {
    let all = [&["plan"], args].concat();
    let ran = output(&all);
    assert_eq!(ran.status.code(), Some(code), "{args:?}: {}", text(&ran.stderr));
    text(&ran.stdout)
}

fn json(args: &[&str]) -> Value {
    serde_json::from_str(&plan(&[args, &["-o", "json"]].concat(), 0)).unwrap()
}

/// What it says when there is no way.
fn refused(args: &[&str]) -> String {
    let ran = output(&[&["plan"], args].concat());
    assert_eq!(ran.status.code(), Some(2), "{args:?}");
    assert!(ran.stdout.is_empty());
    text(&ran.stderr)
}

/// Semantics 11.9, first table: three hops; three rounds clean, two with --force, one forbidden, one that ends behind.
#[test]
fn o1_v18_v21_from_1_18_to_1_21() {
    let shown = plan(&["--from", "v1.18.20", "--to", "v1.21.14", "--date", "2021-12-02"], 0);
    assert!(shown.lines().all(|l| l.chars().count() <= 100), "{shown}");
    snapshot!("plan-1.18-to-1.21", shown);
    let way = json(&["--from", "v1.18.20", "--to", "v1.21.14"]);
    let choices = way["choices"].as_array().unwrap();
    let rows: Vec<(u64, u64, &str)> = choices
        .iter()
        .map(|c| {
            let number = |field| c[field].as_u64().unwrap();
            (
                number("controlPlaneHops"),
                number("workerRounds"),
                c["legality"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        rows,
        [
            (3, 3, "clean"),
            (3, 2, "needsForce"),
            (3, 1, "forbidden"),
            (3, 1, "needsForce")
        ]
    );
    assert_eq!(way["atOnce"]["allowed"], false);
    assert_eq!(way["atOnce"]["refusals"][0]["rule"], "K-3");
    assert_eq!(
        way["support"],
        serde_json::json!([]),
        "without a date nothing is said of support"
    );
}

/// The second table: three hops and one round of the workers, without force.
#[test]
fn v20_v21_from_1_28_to_1_31() {
    let shown = plan(&["--from", "v1.28.15", "--to", "v1.31.14"], 0);
    assert!(shown.lines().all(|l| l.chars().count() <= 100), "{shown}");
    snapshot!("plan-1.28-to-1.31", shown);
    let way = json(&["--from", "v1.28.15", "--to", "v1.31.14"]);
    let legs: Vec<(&str, &str)> = way["legs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|l| (l["who"].as_str().unwrap(), l["to"].as_str().unwrap()))
        .collect();
    let hop = |to| ("controlPlane", to);
    assert_eq!(
        legs,
        [
            hop("v1.29.15"),
            hop("v1.30.14"),
            hop("v1.31.14"),
            ("workers", "v1.31.14")
        ]
    );
}

#[test]
fn k8_force_goes_the_shorter_way_and_tells_what_it_skips() {
    let way = json(&["--from", "v1.18.20", "--to", "v1.21.14", "--force"]);
    let legs = way["legs"].as_array().unwrap();
    assert_eq!(legs.len(), 5);
    let forced: Vec<&Value> = legs.iter().filter(|l| l["refusals"] != serde_json::json!([])).collect();
    assert_eq!(forced.len(), 1);
    assert_eq!(
        (&forced[0]["to"], &forced[0]["refusals"][0]["rule"]),
        (&"v1.20.15".into(), &"K-8".into())
    );
    let book = plan(&["--from", "v1.18.20", "--to", "v1.21.14", "--force", "--runbook"], 0);
    assert_eq!(book.matches("kubeadm upgrade apply v1.20.15 --yes --force").count(), 1);
    assert_eq!(book.matches("--yes --force").count(), 1, "the other hops need none");
    assert!(book.contains("--force skips what kubeadm says (K-8)"));
}

#[test]
fn k4_impossible_wishes_are_refused_in_kubeadms_words() {
    let down = refused(&["--from", "v1.21.0", "--to", "v1.19.3"]);
    assert!(
        down.contains("kubeadm can downgrade only 1 minor version at a time"),
        "{down}"
    );
    assert!(refused(&["--from", "v1.21.0", "--to", "v1.20.3"]).contains("V-4"));
    assert!(refused(&["--from", "v1.21.3", "--to", "v1.21.2"]).contains("downgrade"));
    assert!(refused(&["--from", "v1.21.3", "--to", "v1.21.3"]).contains("already"));
    let late = refused(&["--from", "v1.18.20", "--to", "v1.21.14", "--workers", "once"]);
    assert!(
        late.contains("3 minors older than the newest API server (1.21); at most 2 are allowed (V-4)"),
        "{late}"
    );
    assert!(refused(&["--to", "v1.21.14"]).contains("from where"));
    assert!(refused(&["--from", "v1.21.14"]).contains("where to"));
    assert!(refused(&[HELLO, "--from", "v1.30.0", "--to", "v1.37.0"]).contains("--from"));
    assert!(refused(&["--from", "1.20", "--to", "one"]).contains("Kubernetes version"));
    assert!(refused(&["--from", "1.20", "--to", "1.21", "--date", "yesterday"]).contains("2026-10-01"));
    let steps = refused(&["scenarios/textbook/lone-master.yaml", "--to", "v1.37.0"]);
    assert!(steps.contains("explicit steps"), "{steps}");
}

/// A pre-release is reached with kubeadm's flags or --force only: exit code 5 says that the plan as it is does not get there.
#[test]
fn o2_k7_pre_releases_need_force() {
    let args = ["--from", "v1.20.15", "--to", "v1.21.0-rc.1"];
    assert!(plan(&args, 5).contains("NEEDS --force"));
    plan(&[&args[..], &["--force"]].concat(), 0);
}

#[test]
fn v15_v16_v17_support_at_a_date() {
    let way = json(&["--from", "v1.18.20", "--to", "v1.21.14", "--date", "2021-05-01"]);
    let start = &way["support"][0];
    assert_eq!(
        (&start["status"], &start["inNewestThree"]),
        (&"full".into(), &false.into()),
        "both predicates"
    );
    let late = json(&["--from", "v1.18.20", "--to", "v1.21.14", "--date", "2026-10-01"]);
    let advice = late["advice"].to_string();
    assert!(
        advice.contains("urgent: v1.18.20") && advice.contains("16 more hops lead to 1.37"),
        "{advice}"
    );
    let beyond = json(&["--from", "v1.36.0", "--to", "v1.37.0", "--date", "2028-01-01"]);
    assert_eq!(
        beyond["support"][0]["inNewestThree"],
        Value::Null,
        "newer minors may be out by then"
    );
}

/// X-2 and X-3: what a hop renews depends on whether it restarts etcd.
#[test]
fn x2_x3_x4_certificates_of_hops() {
    let way = json(&["--from", "v1.19.16", "--to", "v1.22.17"]);
    let hops: Vec<&Value> = way["legs"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|l| l["who"] == "controlPlane")
        .collect();
    let of = |hop: &Value, list: &str| hop["certificates"][list].to_string();
    for hop in &hops {
        for leaf in [
            "apiserver-kubelet-client",
            "controller-manager.conf",
            "scheduler.conf",
            "admin.conf",
        ] {
            assert!(of(hop, "renewed").contains(leaf));
        }
        assert!(of(hop, "notRenewed").contains("CAs") && of(hop, "notRenewed").contains("kubelets'"));
        let restarts = hop["etcd"]["restarts"].as_bool().unwrap();
        assert_eq!(of(hop, "renewed").contains("etcd-server"), restarts);
        assert_eq!(of(hop, "notRenewed").contains("etcd-server"), !restarts);
    }
    let restarts: Vec<bool> = hops.iter().map(|h| h["etcd"]["restarts"].as_bool().unwrap()).collect();
    assert_eq!(restarts, [false, false, true], "3.4.13-0 up to 1.21, then 3.5");
    let modern = json(&["--from", "v1.35.0", "--to", "v1.36.5"]);
    assert!(of(&modern["legs"][0], "renewed").contains("super-admin.conf"));
}

#[test]
fn o12_x2_certificates_stay_when_the_plan_says_so() {
    let scenario = changed(
        "  targetVersion: v1.36.2
",
        "  targetVersion: v1.36.2
  controlPlane: {certificateRenewal: false}
",
    );
    let way: Value =
        serde_json::from_slice(&piped(&["plan", "-", "--to", "v1.36.2", "-o", "json"], &scenario).stdout).unwrap();
    let certificates = &way["legs"][0]["certificates"];
    assert_eq!(certificates["renewed"], serde_json::json!([]));
    assert!(
        certificates["notRenewed"][0]
            .as_str()
            .unwrap()
            .contains("--certificate-renewal=false")
    );
    let book = piped(&["plan", "-", "--to", "v1.36.2", "--runbook"], &scenario);
    assert!(text(&book.stdout).contains("--yes --certificate-renewal=false"));
}

/// The scenario `hello-upgrade` with a change.
fn changed(from: &str, to: &str) -> Vec<u8> {
    let scenario = std::fs::read_to_string(root().join(HELLO)).unwrap();
    let other = scenario.replace(from, to);
    assert_ne!(scenario, other);
    other.into_bytes()
}

/// Rehearsals tell what each choice costs: two rounds evict twice as often as one.
#[test]
fn a_cluster_tells_what_choices_cost() {
    let way = json(&[HELLO, "--to", "v1.37.1"]);
    let cost = |at: usize| &way["choices"][at]["cost"];
    let evictions = |at: usize| cost(at)["evictions"]["p50"].as_f64().unwrap();
    assert!(evictions(0) > 1.5 * evictions(1), "{} {}", evictions(0), evictions(1));
    assert_eq!((evictions(2), cost(0)["trials"].as_u64()), (0.0, Some(20)));
    let legs = way["legs"].as_array().unwrap();
    assert_eq!(legs.len(), 3);
    for leg in legs {
        for node in leg["nodes"].as_array().unwrap() {
            let (p50, p95) = (&node["seconds"]["p50"], &node["seconds"]["p95"]);
            assert!(p50.as_f64().unwrap() <= p95.as_f64().unwrap(), "{node}");
        }
    }
    let seconds = |leg: &Value| leg["cost"]["seconds"]["mean"].as_f64().unwrap();
    let sum: f64 = legs.iter().map(seconds).sum();
    assert!((sum - way["choices"][1]["cost"]["seconds"]["mean"].as_f64().unwrap()).abs() < 0.01);
    let again = json(&[HELLO, "--to", "v1.37.1"]);
    assert_eq!(way, again, "the same input gives the same bytes");
    let legs_of = |args: &[&str]| json(args)["legs"].as_array().unwrap().len();
    assert_eq!(legs_of(&["scenarios/versions/ladder.yaml"]), 6, "as the plan says");
    assert_eq!(legs_of(&["scenarios/versions/double-hop.yaml"]), 3);
    assert_eq!(
        legs_of(&["scenarios/versions/double-hop.yaml", "--workers", "every-hop"]),
        4
    );
    let unrehearsed = json(&[HELLO, "--to", "v1.37.1", "--trials", "0"]);
    assert_eq!(unrehearsed["legs"][0]["cost"], Value::Null);
}

#[test]
fn a_cluster_without_a_plan_gets_one() {
    let cluster = "apiVersion: seatrial.dev/v1alpha1\nkind: Cluster\nspec: {version: v1.35.4, nodePools: [{name: worker, \
                   replicas: 2}]}\n";
    let ran = piped(&["plan", "-", "--to", "v1.36.2"], cluster.as_bytes());
    assert_eq!(ran.status.code(), Some(0), "{}", text(&ran.stderr));
    assert!(text(&ran.stderr).contains("no UpgradePlan"));
    assert!(text(&ran.stdout).contains("worker-1, worker-2"));
    let managed = cluster.replace("nodePools", "controlPlane: {replicas: 0}, nodePools");
    let ran = text(&piped(&["plan", "-", "--to", "v1.37.1"], managed.as_bytes()).stdout);
    assert!(
        ran.contains("a cloud runs the control plane") && !ran.contains("Certificates"),
        "{ran}"
    );
    assert!(
        ran.contains("may not skip a minor version (V-11)") && !ran.contains("accepts"),
        "{ran}"
    );
}

/// The plan of a scenario is one of the choices, and the one that is told unless another one is asked for; its cost is that
/// of the run itself.
#[test]
fn v21_the_way_of_the_plan_is_rehearsed_as_a_whole() {
    let ladder = "scenarios/versions/ladder.yaml";
    let way = json(&[ladder, "--trials", "1", "--seed", "5"]);
    let live: Value = serde_json::from_slice(&output(&["run", ladder, "--seed", "5", "-o", "json"]).stdout).unwrap();
    let cost = &way["choices"][way["chosen"].as_u64().unwrap() as usize]["cost"];
    for (planned, run) in [
        (&cost["seconds"], &live["makespanSeconds"]),
        (&cost["evictions"], &live["cluster"]["evictions"]),
        (&cost["apiDownSeconds"], &live["controlPlane"]["apiDownSeconds"]),
    ] {
        assert!(
            (planned["p50"].as_f64().unwrap() - run.as_f64().unwrap()).abs() < 0.002,
            "{planned} {run}"
        );
    }
    let legs = way["legs"].as_array().unwrap();
    let evictions: f64 = legs
        .iter()
        .map(|l| l["cost"]["evictions"]["p50"].as_f64().unwrap())
        .sum();
    assert_eq!(evictions, live["cluster"]["evictions"].as_f64().unwrap());
    let direct = std::fs::read_to_string(root().join(ladder)).unwrap();
    let direct = direct.replace(
        "  targetVersion: v1.21.14\n",
        "  targetVersion: v1.21.14\n  path: [v1.21.14]\n",
    );
    let ran = piped(&["plan", "-"], direct.as_bytes());
    assert_eq!(ran.status.code(), Some(5), "the plan itself is refused");
    let shown = text(&ran.stdout);
    assert!(
        shown.contains("as planned") && shown.contains("kubeadm v1.21.14 refuses (K-3)"),
        "{shown}"
    );
}

/// Control-plane nodes in the order of the plan, and their kubelets last.
#[test]
fn v10_the_runbook_has_the_plans_order_of_control_plane_nodes() {
    let scenario = std::fs::read_to_string(root().join(HA)).unwrap();
    let scenario = scenario.replace("v1.35.4", "v1.29.15").replace("v1.36.2", "v1.30.14");
    let plan_of = |control_plane: &str| {
        let wish = format!("spec:\n  controlPlane: {control_plane}\n  targetVersion:");
        let other = scenario.replace("spec:\n  targetVersion:", &wish);
        assert_ne!(scenario, other);
        let args = ["plan", "-", "--runbook", "--packages", "deb"];
        text(&piped(&args, other.as_bytes()).stdout)
    };
    let at = |book: &str, what: &str| book.find(what).unwrap_or_else(|| panic!("{what}\n{book}"));
    let book = plan_of("{order: [cp-2, cp-3, cp-1], kubelets: AfterAll}");
    assert!(at(&book, "cp-2: kubeadm upgrade apply v1.30.14") < at(&book, "cp-1: kubeadm upgrade node"));
    assert!(at(&book, "cp-1: kubeadm upgrade node") < at(&book, "cp-2: install and restart kubelet"));
    assert!(!book.contains("For a while, kubelet"));
    let early = plan_of("{drainBeforeApply: true}");
    assert!(at(&early, "cp-1: drain") < at(&early, "cp-1: kubeadm upgrade apply"));
    let undrained = plan_of("{drain: false}");
    assert!(!undrained.contains("cp-1: drain") && !undrained.contains("cp-1: uncordon"));
}

/// Several API servers: kubelets that follow their own are ahead of the others for a while.
#[test]
fn v4_v13_k19_skew_on_the_way_is_told() {
    let old = std::fs::read_to_string(root().join(HA))
        .unwrap()
        .replace("v1.35.4", "v1.29.15")
        .replace("v1.36.2", "v1.30.14");
    let shown = text(&piped(&["plan", "-"], old.as_bytes()).stdout);
    let words = "for a while, kubelet 1.30 on cp-1 is newer than its oldest API server (1.29) (V-4)";
    assert!(
        shown.contains(words) && shown.contains("upgrade all API servers first"),
        "{shown}"
    );
    // From 1.33 on these kubelets use the API server of their own node.
    assert!(!plan(&[HA, "--to", "v1.36.2"], 0).contains("(V-4)"));
}

#[test]
fn objects_in_apis_that_end_are_named() {
    let budget = |api: &str, note: &str| {
        format!(
            "apiVersion: {api}\nkind: PodDisruptionBudget\nmetadata:\n  name: web\n  namespace: shop\n  annotations: \
             {{{note}}}\nspec: {{minAvailable: 1, selector: {{matchLabels: {{app: web}}}}}}\n"
        )
    };
    let cluster = "---\napiVersion: seatrial.dev/v1alpha1\nkind: Cluster\nspec: {version: v1.24.17, nodePools: [{name: \
                   worker, replicas: 2}]}\n";
    let applied = "kubectl.kubernetes.io/last-applied-configuration: '{\"apiVersion\":\"policy/v1beta1\",\"kind\":\
                   \"PodDisruptionBudget\"}'";
    for (api, note, by_manifest) in [("policy/v1beta1", "", false), ("policy/v1", applied, true)] {
        let input = budget(api, note) + cluster;
        let ran = piped(&["plan", "-", "--to", "v1.25.16", "-o", "json"], input.as_bytes());
        let way: Value = serde_json::from_slice(&ran.stdout).unwrap_or_else(|_| panic!("{}", text(&ran.stderr)));
        let found = &way["endingApis"][0];
        assert_eq!((&found["api"], &found["minor"]), (&"policy/v1beta1".into(), &25.into()));
        assert_eq!(
            (&found["objects"][0], &found["byManifest"]),
            (&"shop/web".into(), &by_manifest.into())
        );
        let early = piped(&["plan", "-", "--to", "v1.24.17", "-o", "json"], input.as_bytes());
        assert_ne!(early.status.code(), Some(0), "there already");
    }
    let fine = budget("policy/v1", "") + cluster;
    let ran = text(&piped(&["plan", "-", "--to", "v1.25.16", "-o", "json"], fine.as_bytes()).stdout);
    assert!(ran.contains("\"endingApis\": []"));
}

/// Strategies, as lines of a plan; what the runbook of each must hold.
const STRATEGIES: [(&str, &[&str]); 9] = [
    (
        "maxUnavailable: 2, barrier: true",
        &["up to 2 of its 3 nodes at the same time; the next ones start when all"],
    ),
    ("maxUnavailable: 3, lockstep: true", &["all of them are done"]),
    (
        "mode: Replace, maxSurge: 1, maxUnavailable: 0",
        &[
            "create it, to take the place of worker-1",
            "kubectl delete node worker-3",
        ],
    ),
    (
        "premark: PreferNoSchedule",
        &[
            "kubectl taint nodes worker-1 worker-2 worker-3 upgrade=pending:PreferNoSchedule\n",
            "kubectl taint nodes worker-2 upgrade=pending:PreferNoSchedule-",
        ],
    ),
    (
        "premark: Cordon, reboot: true, soak: 2m",
        &[
            "kubectl cordon worker-1 worker-2 worker-3",
            "sudo systemctl reboot",
            "sleep 120",
        ],
    ),
    (
        "gate: WorkloadsHealthy",
        &["kubectl wait --for=condition=Available deployment --all -A"],
    ),
    (
        "ramp: [1, 2], batchSoak: 5m, poolSoak: 10m",
        &[
            "its 3 nodes in batches of 1, 2; the next ones start when all",
            "sleep 300",
            "sleep 600",
        ],
    ),
    (
        "mode: Replace, maxSurge: 3, maxUnavailable: 0, maxAtOnce: 2, buffer: 1",
        &[
            "up to 2 of its 3 nodes",
            "create it, an extra node until the pool is done",
        ],
    ),
    (
        "mode: BlueGreen, maxUnavailable: 2, batchSoak: 5m, poolSoak: 1h",
        &["all new nodes come first"],
    ),
];

fn with_strategy(strategy: &str) -> Vec<u8> {
    let scenario = std::fs::read_to_string(root().join(HELLO)).unwrap();
    let documents: Vec<&str> = scenario
        .split("\n---\n")
        .filter(|d| !d.contains("kind: UpgradePlan"))
        .collect();
    let plan = format!(
        "apiVersion: seatrial.dev/v1alpha1\nkind: UpgradePlan\nmetadata: {{name: wave}}\nspec:\n  drain: {{timeout: 90s, \
         force: true, onFailure: Skip}}\n  pools:\n  - name: workers\n    nodeSelector: {{}}\n    strategy: {{{strategy}}}\n"
    );
    format!("{}\n---\n{plan}", documents.join("\n---\n")).into_bytes()
}

#[test]
fn the_runbook_is_the_plan_that_was_rehearsed() {
    for (strategy, expected) in STRATEGIES {
        let ran = piped(&["plan", "-", "--to", "v1.36.2", "--runbook"], &with_strategy(strategy));
        assert_eq!(ran.status.code(), Some(0), "{strategy}: {}", text(&ran.stderr));
        let book = text(&ran.stdout);
        for part in expected {
            assert!(book.contains(part), "{strategy}: {part}\n{book}");
        }
        let drain = "kubectl drain worker-1 --ignore-daemonsets --delete-emptydir-data --force --timeout=90s\n";
        assert!(book.contains(drain), "{strategy}");
        assert!(
            book.contains("leave it at its version, go on with the next node"),
            "onFailure: Skip"
        );
        assert_shell(strategy, &book);
    }
    let lockstep = text(
        &piped(
            &["plan", "-", "--to", "v1.36.2", "--runbook"],
            &with_strategy(STRATEGIES[1].0),
        )
        .stdout,
    );
    let at = |what: &str| lockstep.find(what).unwrap_or_else(|| panic!("{what}"));
    assert!(
        at("kubectl drain worker-3") < at("worker-1: install and restart kubelet"),
        "all are drained first"
    );
    assert!(at("worker-3: install and restart kubelet") < at("worker-1: uncordon"));
}

/// A blue-green upgrade goes pool by pool, not node by node.
#[test]
fn the_runbook_of_blue_green_keeps_the_way_back_open() {
    let scenario = with_strategy(STRATEGIES[8].0);
    let book = text(&piped(&["plan", "-", "--to", "v1.36.2", "--runbook"], &scenario).stdout);
    let order = [
        "create it, to take the place of worker-1",
        "create it, to take the place of worker-3",
        "kubectl cordon worker-1 worker-2 worker-3",
        "kubectl drain worker-2",
        "sleep 300",
        "kubectl drain worker-3",
        "sleep 3600",
        "kubectl delete node worker-1",
    ];
    let places = order.map(|what| book.find(what).unwrap_or_else(|| panic!("{what}: {book}")));
    assert!(places.is_sorted(), "{places:?}");
}

/// Explicit steps are what is typed, in their order.
#[test]
fn explicit_steps_are_a_runbook() {
    let scenario = std::fs::read_to_string(root().join(HELLO)).unwrap();
    let documents: Vec<&str> = scenario
        .split("\n---\n")
        .filter(|d| !d.contains("kind: UpgradePlan"))
        .collect();
    let steps = "[{upgradeControlPlane: cp-1}, {cordon: worker-1}, {drain: {node: worker-1, timeout: 60s, expect: Failure}}, \
                 {drain: {nodes: [worker-1, worker-2], force: true}}, {upgradeNode: {node: worker-1, reboot: true}}, {sleep: 90s}, \
                 {deletePod: {workload: web}}, {renewCertificates: cp-1}, {createNode: {like: worker-2}}, {deleteNode: worker-2}, \
                 {uncordon: worker-1}]";
    let plan = format!(
        "apiVersion: seatrial.dev/v1alpha1\nkind: UpgradePlan\nmetadata: {{name: by-hand}}\nspec: {{targetVersion: v1.36.2, \
         steps: {steps}}}\n"
    );
    let whole = format!("{}\n---\n{plan}", documents.join("\n---\n"));
    let ran = piped(&["plan", "-", "--runbook"], whole.as_bytes());
    assert_eq!(ran.status.code(), Some(0), "{}", text(&ran.stderr));
    let book = text(&ran.stdout);
    let order = [
        "sudo kubeadm upgrade apply v1.36.2 --yes",
        "kubectl cordon worker-1",
        "kubectl drain worker-1 --ignore-daemonsets --delete-emptydir-data --timeout=60s",
        "kubectl drain worker-1 worker-2 --ignore-daemonsets --delete-emptydir-data --force",
        "sudo systemctl reboot",
        "sleep 90",
        "Delete a pod of default/web",
        "sudo kubeadm certs renew all",
        "kubectl delete node worker-2",
        "worker-1: uncordon",
    ];
    let places = order.map(|what| book.find(what).unwrap_or_else(|| panic!("{what}: {book}")));
    assert!(places.is_sorted(), "{places:?}\n{book}");
    assert!(book.contains("it is meant to fail"), "{book}");
    assert_shell("steps", &book);
    let without = piped(&["plan", "-"], whole.as_bytes());
    assert_eq!(without.status.code(), Some(2));
    assert!(text(&without.stderr).contains("--runbook"), "{}", text(&without.stderr));
}

#[test]
fn a_runbook_of_several_hops() {
    let book = plan(&[HELLO, "--to", "v1.37.1", "--runbook", "--packages", "deb"], 0);
    snapshot!("runbook-hello-upgrade", book);
    let ladder = plan(&["scenarios/versions/ladder.yaml", "--runbook"], 0);
    assert_eq!(ladder.matches("\nsudo kubeadm upgrade apply v1.").count(), 3);
    assert_eq!(ladder.matches("\nkubectl drain worker-").count(), 6);
    // kubectl renamed a flag in 1.20.
    assert_eq!(
        ladder
            .matches("\nkubectl drain worker-1 --ignore-daemonsets --delete-local-data\n")
            .count(),
        1
    );
    // A kubelet that skips a minor does so in one step, drained (V-11).
    assert_eq!(
        book.matches("kubelet='1.37.1-*'").count() - book.matches("allow-downgrades kubelet='1.37.1-*'").count(),
        4
    );
    assert!(!book.contains("dnf install"));
    assert!(plan(&[HELLO, "--to", "v1.37.1", "--runbook"], 0).contains("sudo dnf versionlock add kubelet kubectl"));
    let rpm = plan(&[HELLO, "--to", "v1.37.1", "--runbook", "--packages", "rpm"], 0);
    assert!(!rpm.contains("apt-get install") && rpm.contains("/etc/yum.repos.d/kubernetes.repo"));
}

/// Every command of every runbook here is shell.
#[test]
fn the_commands_of_runbooks_are_shell() {
    for args in [
        &["--from", "v1.18.20", "--to", "v1.21.14"][..],
        &["--from", "v1.18.20", "--to", "v1.21.14", "--force", "--packages", "deb"],
        &["--from", "v1.28.15", "--to", "v1.31.14", "--packages", "rpm"],
        &["scenarios/versions/ladder.yaml"],
        &["scenarios/versions/double-hop.yaml"],
        &["scenarios/versions/lagging-workers.yaml"],
        &[HELLO, "--to", "v1.38.0"],
        &[HA, "--to", "v1.37.1"],
    ] {
        assert_shell(&format!("{args:?}"), &plan(&[args, &["--runbook"]].concat(), 0));
    }
}

/// `bash -n` for each block of a document.
#[expect(clippy::disallowed_macros, reason = "a skipped test says so")]
fn assert_shell(what: &str, book: &str) {
    let blocks: Vec<&str> = book
        .split("```bash\n")
        .skip(1)
        .map(|part| part.split("```").next().unwrap())
        .collect();
    assert!(blocks.len() > 10, "{what}");
    assert_eq!(
        book.matches("```").count(),
        2 * blocks.len(),
        "{what}: every block is closed"
    );
    for block in blocks {
        assert!(!block.contains("<") && !block.trim().is_empty(), "{what}: {block}");
        let bash = Command::new("bash")
            .arg("-n")
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let Ok(mut bash) = bash else {
            return eprintln!("SKIPPED: there is no bash here");
        };
        bash.stdin.take().unwrap().write_all(block.as_bytes()).unwrap();
        let ended = bash.wait_with_output().unwrap();
        assert!(ended.status.success(), "{what}: {block}\n{}", text(&ended.stderr));
    }
}

/// A network plugin keeps its version: kubeadm rolls kube-proxy, and no command of the runbook names the plugin.
#[test]
fn o17_v1_the_network_plugin_stays() {
    let daemon = |name: &str| {
        format!(
            "---\napiVersion: apps/v1\nkind: DaemonSet\nmetadata: {{name: {name}, namespace: kube-system}}\nspec:\n  \
             selector: {{matchLabels: {{app: {name}}}}}\n  template:\n    metadata: {{labels: {{app: {name}}}}}\n    spec:\n      \
             tolerations: [{{operator: Exists}}]\n      containers: [{{name: main, image: {name}}}]\n"
        )
    };
    let scenario = format!(
        "apiVersion: seatrial.dev/v1alpha1\nkind: Cluster\nspec: {{version: v1.35.4, nodePools: [{{name: worker, replicas: \
         2}}]}}\n---\napiVersion: seatrial.dev/v1alpha1\nkind: UpgradePlan\nmetadata: {{name: one}}\nspec: {{targetVersion: \
         v1.36.2}}\n{}{}",
        daemon("kube-proxy"),
        daemon("weave-net")
    );
    let model = load(&[Source::new("cni.yaml", scenario.as_bytes())]).unwrap().model;
    let options = RunOptions::default();
    let preamble = preamble(&model, &options);
    let mut metrics = Metrics::new(&preamble);
    let cost = run(&model, &options, &mut metrics);
    let report = metrics.finish(cost.end);
    let created = |name: &str| report.workloads.iter().find(|w| w.name == name).unwrap().pods_created;
    assert_eq!((created("kube-proxy"), created("weave-net")), (3, 0));
    let book = text(&piped(&["plan", "-", "--runbook"], scenario.as_bytes()).stdout);
    let commands: Vec<&str> = book
        .split("```bash\n")
        .skip(1)
        .filter_map(|part| part.split("```").next())
        .collect();
    assert!(commands.iter().all(|c| !c.contains("weave")) && book.contains("network plugin is not kubeadm's"));
}

#[test]
fn itineraries_have_a_schema() {
    let schema: Value = serde_json::from_slice(&output(&["schema", "UpgradeItinerary"]).stdout).unwrap();
    for field in ["choices", "legs", "endingApis", "atOnce"] {
        assert!(schema["properties"].get(field).is_some(), "{field}");
    }
    let yaml = plan(&["--from", "v1.28.15", "--to", "v1.31.14", "-o", "yaml"], 0);
    assert!(yaml.contains("kind: UpgradeItinerary"));
}
