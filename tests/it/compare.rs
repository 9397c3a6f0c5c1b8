//! Strategies compared on the same luck, and changes that help.

use serde_json::Value;

#[cfg(unix)]
use crate::support::{ENDLESS, interrupted};
use crate::support::{output, piped, root};
use seatrial::scenario::{Source, load};
use seatrial::study::comparison::naive;
use seatrial::units::Span;

const TWINS: &str = "scenarios/textbook/twins.yaml";
const PDB_ZERO: &str = "scenarios/textbook/budget-of-zero.yaml";

fn json(args: &[&str]) -> Value {
    let ran = output(args);
    assert_eq!(ran.status.code(), Some(0), "{}", String::from_utf8_lossy(&ran.stderr));
    serde_json::from_slice(&ran.stdout).unwrap()
}

fn row<'v>(comparison: &'v Value, name: &str) -> &'v Value {
    let rows = comparison["rows"].as_array().unwrap();
    rows.iter()
        .find(|row| row["name"] == name)
        .unwrap_or_else(|| panic!("{name}"))
}

fn text(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap()
}

#[test]
fn threads_leave_no_trace() {
    let with = |threads| {
        let args = [
            "compare",
            TWINS,
            "--preset",
            "kubeadm,kops",
            "--trials",
            "12",
            "-o",
            "json",
            "-j",
            threads,
        ];
        output(&args).stdout
    };
    let one = with("1");
    assert!(!one.is_empty());
    assert_eq!(one, with("2"));
}

/// A strategy that is compared has the numbers that it has alone.
#[test]
fn a_row_is_what_run_says_of_the_plan() {
    let comparison = json(&[
        "compare",
        TWINS,
        "--preset",
        "kops",
        "--trials",
        "10",
        "-o",
        "json",
        "--no-advice",
    ]);
    let alone = json(&["run", TWINS, "--trials", "10", "-o", "json"]);
    let showing = &row(&comparison, "twins")["showing"];
    assert_eq!(showing["makespanSeconds"], alone["makespanSeconds"]);
    assert_eq!(showing["downtimeSeconds"], alone["applications"]["downtimeSeconds"]);
    assert_eq!(comparison["against"], "twins");
    assert_eq!(comparison["advice"], Value::Null);
}

/// The same plan twice differs by nothing in any trial; a soak that is 7 s longer costs 7 s after each of two nodes, and
/// pairing knows that exactly although start-up times vary.
#[test]
fn paired_differences_are_those_of_the_plans() {
    let other = "---\napiVersion: seatrial.dev/v1alpha1\nkind: UpgradePlan\nmetadata: {name: twins}\nspec:\n  controlPlane: {upgrade: \
                 false}\n  pools:\n  - name: workers\n    strategy: {maxUnavailable: 1, order: ByName, gate: Ready, soak: ";
    let scenario = format!("{}{other}3s}}\n{other}10s}}\n", text(TWINS));
    let ran = piped(
        &["compare", "-", "--trials", "10", "-o", "json", "--no-advice"],
        scenario.as_bytes(),
    );
    let comparison: Value = serde_json::from_slice(&ran.stdout).unwrap();
    let same = &row(&comparison, "twins (2)")["showing"]["against"];
    assert_eq!(same["makespanSeconds"]["ci95"], serde_json::json!([0.0, 0.0]));
    assert_eq!(same["downtimeSeconds"]["mean"], 0.0);
    let slower = &row(&comparison, "twins (3)")["showing"]["against"]["makespanSeconds"];
    assert_eq!(
        (slower["mean"].as_f64(), slower["pairs"].as_u64()),
        (Some(14.0), Some(10))
    );
}

#[test]
fn a_plan_that_never_ends_is_never_best() {
    let comparison = json(&[
        "compare",
        PDB_ZERO,
        "--preset",
        "kubeadm,eks-force",
        "--trials",
        "2",
        "-o",
        "json",
    ]);
    let showing = |name| &row(&comparison, name)["showing"];
    assert_eq!(showing("pdb-zero")["completes"]["count"], 0);
    assert_eq!(showing("pdb-zero")["pareto"], false);
    assert_eq!(showing("pdb-zero")["makespanSeconds"], Value::Null);
    assert!(
        showing("pdb-zero")["reason"]
            .as_str()
            .unwrap()
            .contains("budget default/web")
    );
    assert_eq!(showing("eks-force")["pareto"], true);
    assert!(showing("eks-force")["makespanSeconds"]["mean"].as_f64().unwrap() > 900.0);
    assert_eq!(comparison["against"], "eks-force");
    // Advice is for one's own plan, not for the tool that gets through.
    assert_eq!(comparison["advice"]["plan"], "pdb-zero");
    assert_eq!(comparison["advice"]["helps"][0]["completes"]["share"], 1.0);
}

/// A dump alone, with a target for all.
#[test]
fn a_cluster_without_a_plan_will_do() {
    let whole = text(TWINS);
    let cluster: Vec<&str> = whole
        .split("---\n")
        .filter(|d| !d.contains("kind: UpgradePlan"))
        .collect();
    let cluster = cluster.join("---\n");
    let args = [
        "compare", "-", "--to", "v1.36.2", "--preset", "all", "--trials", "1", "-o", "json",
    ];
    let ran = piped(&args, cluster.as_bytes());
    assert_eq!(ran.status.code(), Some(0), "{}", String::from_utf8_lossy(&ran.stderr));
    let comparison: Value = serde_json::from_slice(&ran.stdout).unwrap();
    assert_eq!(comparison["versions"]["to"], "v1.36.2");
    let rows = comparison["rows"].as_array().unwrap();
    assert!(rows.len() >= 18, "{}", rows.len());
    for row in rows {
        assert!(row["showing"].is_object() || row["problem"].is_string(), "{row}");
    }
}

#[test]
fn what_is_wrong_is_said_with_2() {
    for (args, why) in [
        (vec!["compare", TWINS, "--preset", "kopps"], "kops"),
        (vec!["compare", TWINS, "--against", "nobody"], "nobody"),
        (vec!["compare", "scenarios/textbook/nothing.yaml"], "nothing.yaml"),
        (vec!["compare", TWINS, "--plan", TWINS], "UpgradePlan and no others"),
        (vec!["compare", TWINS, "--report", "html=x"], "no two that can be tried"),
        (vec!["compare", TWINS, "--report", "png=x"], "kinds are html, md, svg"),
    ] {
        let ran = output(&args);
        let talk = String::from_utf8_lossy(&ran.stderr);
        assert_eq!(ran.status.code(), Some(2), "{args:?}: {talk}");
        assert!(talk.contains(why), "{args:?}: {talk}");
    }
}

#[test]
fn reports_are_written_to_files() {
    let folder = std::env::temp_dir().join(format!("seatrial-compare-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let (md, svg) = (folder.join("c.md"), folder.join("c.svg"));
    let report = format!("md={},svg={}", md.display(), svg.display());
    let ran = output(&[
        "compare",
        TWINS,
        "--preset",
        "kubeadm,gke-surge",
        "--trials",
        "2",
        "--report",
        &report,
    ]);
    assert_eq!(ran.status.code(), Some(0));
    let markdown = std::fs::read_to_string(md).unwrap();
    assert!(
        markdown.contains("| STRATEGY |") && markdown.contains("## Advice"),
        "{markdown}"
    );
    let chart = std::fs::read_to_string(svg).unwrap();
    assert!(chart.starts_with("<svg") && chart.contains("gke-surge"), "{chart}");
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn tables_fit_into_100_columns() {
    let ran = output(&["compare", TWINS, "--preset", "all", "--trials", "2"]);
    for line in String::from_utf8_lossy(&ran.stdout).lines() {
        assert!(line.chars().count() <= 100, "{line}");
    }
}

/// What is advised is added to the scenario as it is quoted, and does there what was promised.
#[test]
fn the_advice_for_twins_helps_where_it_is_followed() {
    let advised = json(&["run", TWINS, "--advise", "-o", "json"]);
    let advice = &advised["advice"];
    assert!(advice["downtimeSeconds"]["mean"].as_f64().unwrap() > 1.0);
    let best = &advice["helps"][0];
    assert_eq!(best["change"], "a budget for default/web with maxUnavailable: 1");
    assert_eq!(best["downtimeSeconds"]["max"], 0.0);
    let scenario = format!("{}---\n{}", text(TWINS), best["yaml"].as_str().unwrap());
    let ran = piped(&["run", "-", "--trials", "20", "-o", "json"], scenario.as_bytes());
    let report: Value = serde_json::from_slice(&ran.stdout).unwrap();
    assert_eq!(report["applications"]["downtimeSeconds"], best["downtimeSeconds"]);
    assert_eq!(report["makespanSeconds"], best["makespanSeconds"]);
    let tried: Vec<&str> = advice["doesNotHelp"]
        .as_array()
        .unwrap()
        .iter()
        .map(|t| t["change"].as_str().unwrap())
        .collect();
    assert!(tried.contains(&"order: OldestFirst"), "{tried:?}");
}

#[test]
fn the_advice_for_a_budget_of_zero_lets_the_plan_complete() {
    let ran = output(&["run", PDB_ZERO, "--advise", "-o", "json"]);
    assert_eq!(ran.status.code(), Some(5), "blocked, although it is expected");
    let advised: Value = serde_json::from_slice(&ran.stdout).unwrap();
    let best = &advised["advice"]["helps"][0];
    assert_eq!(best["change"], "maxUnavailable: 1 in the budget default/web");
    assert_eq!(best["upgradesAll"]["share"], 1.0);
    let whole = text(PDB_ZERO);
    let changed = whole.replace(
        "spec: {maxUnavailable: 0, selector",
        "spec: {maxUnavailable: 1, selector",
    );
    assert_ne!(whole, changed);
    let ran = piped(&["run", "-", "--trials", "20", "-o", "json"], changed.as_bytes());
    let report: Value = serde_json::from_slice(&ran.stdout).unwrap();
    assert_eq!(report["makespanSeconds"], best["makespanSeconds"]);
}

#[test]
fn a_plan_that_does_not_hurt_needs_no_advice() {
    let ran = output(&["run", "scenarios/textbook/twins-with-budget.yaml", "--advise"]);
    let text = String::from_utf8_lossy(&ran.stdout);
    assert!(text.contains("nothing to improve"), "{text}");
}

/// ⌈nodes / batch⌉ × (rebuild + soak), by hand.
#[test]
fn the_naive_estimate_by_hand() {
    let estimate = |pools: &str, control_plane: u32| {
        let scenario = format!(
            "apiVersion: seatrial.dev/v1alpha1\nkind: Cluster\nspec:\n  version: v1.35.4\n  controlPlane: {{replicas: \
             {control_plane}}}\n  nodePools: [{{name: w, replicas: 5}}]\n---\napiVersion: seatrial.dev/v1alpha1\nkind: \
             UpgradePlan\nmetadata: {{name: p}}\nspec:\n  targetVersion: v1.36.2\n  pools: {pools}\n---\napiVersion: \
             seatrial.dev/v1alpha1\nkind: Timings\nspec: {{nodeUpgrade: 30s, nodeCreate: 90s, nodeDelete: 10s, nodeReboot: 60s}}\n"
        );
        naive(&load(&[Source::new("s.yaml", scenario)]).unwrap().model).unwrap()
    };
    let pool = |strategy: &str| format!("[{{name: w, strategy: {{{strategy}}}}}]");
    // A control-plane node, then 3 batches of 2, 2 and 1.
    let seconds = Span::from_secs;
    assert_eq!(estimate(&pool("maxUnavailable: 2, soak: 5s"), 1), seconds(30 + 3 * 35));
    assert_eq!(
        estimate(&pool("maxUnavailable: 1, reboot: true"), 3),
        seconds(3 * 30 + 5 * 90)
    );
    assert_eq!(
        estimate(&pool("mode: Replace, maxSurge: 2, maxUnavailable: 0"), 1),
        seconds(30 + 3 * 100)
    );
    // 50 % of 5, rounded up: 3, then 2.
    assert_eq!(estimate(&pool("maxUnavailable: 50%"), 1), seconds(30 + 2 * 30));
    // 1, 3 and 1, with two pauses between them and one after the last.
    let ramp = "maxUnavailable: 3, ramp: [1, 3], batchSoak: 60s, poolSoak: 100s";
    assert_eq!(estimate(&pool(ramp), 1), seconds(30 + 3 * 30 + 2 * 60 + 100));
    // All machines come and go at once, the old ones are emptied in batches of 2.
    let green = "mode: BlueGreen, maxUnavailable: 2, batchSoak: 60s, poolSoak: 1h";
    assert_eq!(estimate(&pool(green), 1), seconds(30 + 90 + 2 * 60 + 3600 + 10));
    // The extra node comes first and goes last.
    assert_eq!(
        estimate(
            &pool("mode: Replace, maxSurge: 1, maxUnavailable: 0, buffer: 1, maxAtOnce: 1"),
            1
        ),
        seconds(30 + 90 + 5 * 100 + 10)
    );
}

/// Where nothing interferes, a rehearsal takes what the estimate says, and what it takes to type commands.
#[test]
fn the_naive_estimate_is_right_on_an_empty_cluster() {
    for strategy in [
        "maxUnavailable: 1",
        "maxUnavailable: 3, barrier: true, batchSoak: 10m",
        "maxUnavailable: 100%, maxAtOnce: 2, soak: 2m",
        "maxUnavailable: 40%, rounding: Down, reboot: true",
        "ramp: [1, 2, 5], batchSoak: 5m, poolSoak: 30m",
        "maxUnavailable: 2, firstAlone: true",
        "mode: Replace, maxSurge: 2, maxUnavailable: 0, postDrainDelay: 1m",
        "mode: Replace, maxSurge: 1, maxUnavailable: 0, buffer: 2",
        "mode: BlueGreen, maxUnavailable: 2, batchSoak: 10m, poolSoak: 1h",
        "maxUnavailable: 1, gateChecks: 5, gateInterval: 20s",
    ] {
        let scenario = format!(
            "apiVersion: seatrial.dev/v1alpha1\nkind: Cluster\nspec: {{version: v1.35.4, controlPlane: {{replicas: 0}}, nodePools: \
             [{{name: w, replicas: 7}}]}}\n---\napiVersion: seatrial.dev/v1alpha1\nkind: UpgradePlan\nmetadata: {{name: \
             p}}\nspec: {{pools: [{{name: w, strategy: {{{strategy}}}}}]}}\n---\napiVersion: seatrial.dev/v1alpha1\nkind: \
             Timings\nspec: {{nodeUpgrade: 10m, nodeReboot: 5m, nodeCreate: 10m, nodeDelete: 5m}}\n"
        );
        let model = load(&[Source::new("s.yaml", scenario)]).unwrap().model;
        let estimate = naive(&model).unwrap().as_micros() as f64 / 1e6;
        let (_, _, report) = crate::support::observe(&model, 0);
        let makespan = report.makespan_seconds.unwrap();
        // Less than half a minute for each of seven nodes: kubectl, the kubelet's first status, looks at the gate.
        assert!(
            makespan >= estimate && makespan < estimate + 7.0 * 30.0,
            "{strategy}: {estimate} s estimated, {makespan} s rehearsed"
        );
    }
}

/// Ctrl-C: a comparison of the trials that every contender has played, and 130; the same as so many trials give.
#[cfg(unix)]
#[test]
fn ctrl_c_compares_what_is_known() {
    let args = ["compare", TWINS, "--preset", "kops", "--no-advice"];
    for (signal, code) in [("-INT", 130), ("-TERM", 143)] {
        let (ended, rest, partial) = interrupted(&args, signal);
        assert_eq!(ended, Some(code), "{rest}");
        let trials = partial["trials"].as_u64().unwrap();
        assert_eq!(partial["stoppedOf"], ENDLESS);
        if trials > 0 {
            let whole = json(&[&args[..], &["--trials", &trials.to_string(), "-o", "json"]].concat());
            assert_eq!(
                (&partial["trials"], &partial["rows"]),
                (&whole["trials"], &whole["rows"])
            );
        }
    }
}
