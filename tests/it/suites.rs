//! `seatrial test`: suites of scenarios, their exit codes, parts of them, baselines.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use seatrial::expect::suite::TestReport;

use crate::support::{files, output, root, seatrial};

/// A folder of its own for a test, gone at its end.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("seatrial-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.join(name)).unwrap()
    }

    /// The command, in this folder.
    pub(crate) fn seatrial(&self, args: &[&str]) -> Output {
        seatrial(args).current_dir(&self.0).output().unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

pub(crate) fn scenario(name: &str) -> String {
    fs::read_to_string(root().join(format!("scenarios/textbook/{name}.yaml"))).unwrap()
}

/// A scenario without its documents of a kind.
pub(crate) fn without(text: &str, kind: &str) -> String {
    let documents = text.split("\n---\n");
    let kept: Vec<&str> = documents.filter(|d| !d.contains(&format!("kind: {kind}\n"))).collect();
    kept.join("\n---\n")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The largest one takes a minute without optimisation; `.ci/run` has it in release.
#[test]
fn every_shipped_scenario_is_as_it_expects() {
    let all = files(&root().join("scenarios"), "yaml");
    let all: Vec<&str> = all
        .iter()
        .filter_map(|p| p.to_str())
        .filter(|p| !p.ends_with("five-thousand.yaml"))
        .collect();
    assert!(all.len() >= 43);
    let args: Vec<&str> = ["test", "-q"].into_iter().chain(all).collect();
    let ran = output(&args);
    assert_eq!(ran.status.code(), Some(0), "{}{}", text(&ran.stdout), text(&ran.stderr));
    assert!(text(&ran.stdout).contains(" passed\n"));
}

/// A team removes the budget: the same expectations fail, with evidence, cause and the command that shows it again.
#[test]
fn without_its_budget_a_copy_of_the_twins_fails() {
    let folder = Folder::new("acceptance");
    let whole = scenario("twins-with-budget");
    folder.write("plan.yaml", &whole);
    assert_eq!(folder.seatrial(&["test", "plan.yaml"]).status.code(), Some(0));
    folder.write("plan.yaml", &without(&whole, "PodDisruptionBudget"));
    let ran = folder.seatrial(&["test", "plan.yaml", "--report", "junit=junit.xml,sarif=seatrial.sarif"]);
    let out = text(&ran.stdout);
    assert_eq!(ran.status.code(), Some(4), "{out}");
    assert!(
        out.contains("FAIL plan.yaml default/web: downtime more than 0s in less than 5% of trials"),
        "{out}"
    );
    assert!(
        out.contains("both replicas were on worker-2") && out.contains("draining it evicted them"),
        "{out}"
    );
    assert!(
        out.contains("fix: add a PodDisruptionBudget with minAvailable 1"),
        "{out}"
    );
    let replay = out
        .lines()
        .find_map(|l| l.trim().strip_prefix("replay: seatrial "))
        .unwrap();
    assert!(folder.read("junit.xml").contains("<failure") && folder.read("seatrial.sarif").contains("both replicas"));
    // The command shows what was told: the workload is down.
    let args: Vec<&str> = replay.split_whitespace().chain(["-o", "json"]).collect();
    let again = folder.seatrial(&args);
    let report: serde_json::Value = serde_json::from_slice(&again.stdout).unwrap();
    assert!(report["workloads"][0]["endpoints"]["downtimeSeconds"].as_f64().unwrap() > 0.0);
    let documents = fs::read_to_string(root().join("docs/testing.md")).unwrap();
    assert!(
        documents.contains(&format!("```text\n{}\n```", out.trim_end())),
        "docs/testing.md shows:\n{out}"
    );
}

/// The same bytes on any number of threads.
#[test]
fn results_do_not_depend_on_threads() {
    let ran = |threads| {
        let ran = output(&[
            "test",
            "scenarios/strategies",
            "scenarios/versions",
            "-j",
            threads,
            "-o",
            "wide",
        ]);
        (ran.status.code(), text(&ran.stdout))
    };
    assert_eq!(ran("1"), ran("3"));
}

fn suite(folder: &Folder) {
    folder.write("plans/a-good.yaml", &scenario("lone-master"));
    folder.write("plans/b-bad.yaml", &scenario("twins").replace("ready: 0", "ready: 2"));
    folder.write("plans/below/c-good.yaml", &scenario("long-grace"));
    folder.write("plans/notes.txt", "not a scenario");
    folder.write("plans/.hidden.yaml", "not: looked at");
}

#[test]
fn parts_of_a_suite_are_chosen_and_listed() {
    let folder = Folder::new("parts");
    suite(&folder);
    let listed = |args: &[&str]| {
        let all: Vec<&str> = ["test", "plans", "--list"].iter().chain(args).copied().collect();
        let ran = folder.seatrial(&all);
        assert_eq!(ran.status.code(), Some(0));
        let out = text(&ran.stdout);
        out.lines()
            .filter(|l| !l.starts_with(' '))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let all = ["plans/a-good.yaml", "plans/b-bad.yaml", "plans/below/c-good.yaml"];
    assert_eq!(listed(&[]), all);
    assert_eq!(listed(&["--filter", "good"]), [all[0], all[2]]);
    assert_eq!(listed(&["--shard", "0/2"]), [all[0], all[2]]);
    assert_eq!(listed(&["--shard", "1/2"]), [all[1]]);
    let list = text(&folder.seatrial(&["test", "plans/a-good.yaml", "--list"]).stdout);
    assert!(list.contains("    default/web: downtime at most 0s\n"), "{list}");
    for (args, why) in [
        (["test", "plans", "--shard", "2/2"], "counted from 0"),
        (
            ["test", "plans", "--filter", "nothing"],
            "no scenario has nothing in its name",
        ),
        (["test", "missing", "--seed", "1"], "cannot read missing"),
        (["test", "plans", "--with", "-"], "standard input"),
        (["test", "plans", "--report", "junit"], "KIND=FILE"),
    ] {
        let ran = folder.seatrial(&args);
        assert_eq!(ran.status.code(), Some(2), "{args:?}");
        assert!(text(&ran.stderr).contains(why), "{args:?}: {}", text(&ran.stderr));
    }
}

/// The first one in the order of names, whichever thread finds one first.
#[test]
fn fail_fast_stops_at_the_first() {
    let folder = Folder::new("fail-fast");
    suite(&folder);
    folder.write("plans/d-bad.yaml", &scenario("twins").replace("ready: 0", "ready: 2"));
    for threads in ["1", "4"] {
        let ran = folder.seatrial(&["test", "plans", "--fail-fast", "-j", threads]);
        let out = text(&ran.stdout);
        assert_eq!(ran.status.code(), Some(4), "{out}");
        assert!(
            out.contains("PASS plans/a-good.yaml") && out.contains("FAIL plans/b-bad.yaml"),
            "{out}"
        );
        assert!(!out.contains("c-good") && !out.contains("d-bad"), "{out}");
        assert!(out.contains("2 scenarios") && out.contains("2 not run"), "{out}");
    }
}

#[test]
fn a_scenario_has_to_expect_something() {
    let folder = Folder::new("smoke");
    folder.write("s/good.yaml", &without(&scenario("twins"), "Expectations"));
    let ran = folder.seatrial(&["test", "s"]);
    assert_eq!(ran.status.code(), Some(2));
    assert!(
        text(&ran.stdout).contains("there are no Expectations"),
        "{}",
        text(&ran.stdout)
    );
    assert_eq!(folder.seatrial(&["test", "s", "--smoke"]).status.code(), Some(0));
    folder.write("s/stuck.yaml", &without(&scenario("budget-of-zero"), "Expectations"));
    let ran = folder.seatrial(&["test", "s", "--smoke"]);
    assert_eq!(ran.status.code(), Some(4));
    assert!(
        text(&ran.stdout).contains("FAIL s/stuck.yaml upgrade: completes"),
        "{}",
        text(&ran.stdout)
    );
    assert!(text(&ran.stdout).contains("allows 0 disruptions"));
}

/// A plan that does not complete fails where nothing is said of its end; what is invalid is 2, and the others are tested.
#[test]
fn exit_codes_say_the_worst() {
    let folder = Folder::new("exits");
    let spec = "kind: Expectations\nspec:\n  workloads: [{name: web, maxDowntime: 0s}]\n";
    let stuck = without(&scenario("budget-of-zero"), "Expectations");
    folder.write(
        "stuck.yaml",
        &format!("{stuck}\n---\napiVersion: seatrial.dev/v1alpha1\n{spec}"),
    );
    let ran = folder.seatrial(&["test", "stuck.yaml"]);
    assert_eq!(ran.status.code(), Some(4));
    assert!(text(&ran.stdout).contains("FAIL stuck.yaml upgrade: completes"));
    folder.write("wrong.yaml", &scenario("twins").replace("minDowntime", "mnDowntime"));
    let ran = folder.seatrial(&["test", "stuck.yaml", "wrong.yaml"]);
    let out = text(&ran.stdout);
    assert_eq!(ran.status.code(), Some(2));
    assert!(
        out.contains("did you mean `minDowntime`?") && out.contains("FAIL stuck.yaml"),
        "{out}"
    );
    folder.write("few.yaml", &scenario("twins"));
    let ran = folder.seatrial(&["test", "few.yaml", "--trials", "10"]);
    assert_eq!(ran.status.code(), Some(6));
    assert!(
        text(&ran.stdout).contains("59 are needed at least"),
        "{}",
        text(&ran.stdout)
    );
}

/// A dump of the cluster beside the plans, and a folder that is one scenario.
#[test]
fn plans_share_a_cluster() {
    let folder = Folder::new("with");
    let whole = scenario("twins");
    let plan: Vec<&str> = whole
        .split("\n---\n")
        .filter(|d| d.contains("kind: UpgradePlan") || d.contains("kind: Exp"))
        .collect();
    let cluster = without(&without(&whole, "UpgradePlan"), "Expectations");
    folder.write("cluster.yaml", &cluster);
    folder.write("plans/next.yaml", &plan.join("\n---\n"));
    let ran = folder.seatrial(&["test", "plans", "--with", "cluster.yaml"]);
    assert_eq!(ran.status.code(), Some(0), "{}", text(&ran.stdout));
    folder.write("team/cluster.yaml", &cluster);
    folder.write("team/plan.yaml", plan[0]);
    folder.write("team/expectations.yaml", plan[1]);
    let ran = folder.seatrial(&["test", "team"]);
    let out = text(&ran.stdout);
    assert_eq!(ran.status.code(), Some(0), "{out}");
    assert!(
        out.contains("1 scenario,") && out.contains("PASS team upgrade: completes"),
        "{out}"
    );
}

fn baseline_of(folder: &Folder) -> Output {
    folder.seatrial(&["test", "plan.yaml", "--update-baseline"])
}

/// A difference of luck is no regression, a budget that is gone is one.
#[test]
fn a_baseline_fails_for_a_real_difference_only() {
    let folder = Folder::new("baseline");
    let whole = scenario("twins-with-budget");
    // With nothing else that would fail.
    let spec = "apiVersion: seatrial.dev/v1alpha1\nkind: Expectations\nspec:\n  upgrade: {completes: true}\n";
    let plan = |text: &str| format!("{}\n---\n{spec}", without(text, "Expectations"));
    folder.write("plan.yaml", &plan(&whole));
    assert_eq!(text(&baseline_of(&folder).stdout), "     written plan.baseline.json\n");
    let first = folder.read("plan.baseline.json");
    assert_eq!(text(&baseline_of(&folder).stdout), "   unchanged plan.baseline.json\n");
    assert_eq!(folder.read("plan.baseline.json"), first);

    let test = |args: &[&str]| {
        let all: Vec<&str> = ["test", "plan.yaml", "-o", "wide"]
            .iter()
            .chain(args)
            .copied()
            .collect();
        let ran = folder.seatrial(&all);
        (ran.status.code(), text(&ran.stdout))
    };
    let (code, out) = test(&[]);
    assert_eq!(code, Some(0), "{out}");
    assert!(out.contains("as in plan.baseline.json, trial by trial"), "{out}");
    for seed in ["1", "99"] {
        let (code, out) = test(&["--seed", seed]);
        assert_eq!(code, Some(0), "{out}");
    }
    folder.write("plan.yaml", &plan(&without(&whole, "PodDisruptionBudget")));
    let (code, out) = test(&[]);
    assert_eq!(code, Some(4), "{out}");
    assert!(out.contains("FAIL plan.yaml baseline"), "{out}");
    let row = out.lines().find(|l| l.contains("default/web downtimeSeconds")).unwrap();
    assert!(
        row.contains("  0 -> 4.") && row.contains("  +4.") && row.ends_with("  0.1"),
        "{out}"
    );
    assert!(out.contains("NUMBER") && out.contains("TOLERATED"), "{out}");
    // What is tolerated is stated, and kept when the baseline is made anew.
    let lenient = first
        .replace("\"downtimeSeconds\": 0.1", "\"downtimeSeconds\": 60")
        .replace("\"errorSeconds\": 0.1", "\"errorSeconds\": 60");
    folder.write("plan.baseline.json", &lenient);
    let (code, out) = test(&[]);
    assert_eq!(code, Some(0), "{out}");
    assert!(baseline_of(&folder).status.success());
    assert!(folder.read("plan.baseline.json").contains("\"downtimeSeconds\": 60"));
}

/// What is better, or as likely luck as not, is no failure; a baseline that is broken is invalid input.
#[test]
fn a_baseline_is_small_sorted_and_checked() {
    let folder = Folder::new("baseline-form");
    folder.write("plan.yaml", &scenario("twins"));
    assert!(baseline_of(&folder).status.success());
    let baseline = folder.read("plan.baseline.json");
    let value: serde_json::Value = serde_json::from_str(&baseline).unwrap();
    assert_eq!(value["kind"], "Baseline");
    assert!(baseline.len() < 4000, "{}", baseline.len());
    let names: Vec<&String> = value["metrics"]["run"].as_object().unwrap().keys().collect();
    assert!(names.is_sorted(), "{names:?}");
    folder.write("plan.yaml", &scenario("twins-with-budget"));
    let ran = folder.seatrial(&["test", "plan.yaml", "-o", "json"]);
    let report: serde_json::Value = serde_json::from_slice(&ran.stdout).unwrap();
    let changes = report["scenarios"][0]["baseline"]["changes"].as_array().unwrap();
    let downtime = changes.iter().find(|c| c["metric"] == "downtimeSeconds").unwrap();
    assert_eq!(downtime["verdict"], "Better", "{downtime}");
    // The budget costs time: the second drain has to wait.
    let makespan = changes.iter().find(|c| c["metric"] == "makespanSeconds").unwrap();
    assert_eq!(
        (makespan["verdict"].as_str(), ran.status.code()),
        (Some("Worse"), Some(4)),
        "{makespan}"
    );
    for (broken, why) in [
        ("{", "not a baseline"),
        ("{\"kind\": \"List\"}", "not a baseline"),
        (
            &baseline.replace("\"5%\"", "\"5 apples\""),
            "neither a number nor a percentage",
        ),
        (
            &baseline.replace("\"trials\": 20", "\"trials\": 19"),
            "as many values as there are trials",
        ),
    ] {
        folder.write("plan.baseline.json", broken);
        let ran = folder.seatrial(&["test", "plan.yaml"]);
        assert_eq!(ran.status.code(), Some(2), "{why}");
        assert!(text(&ran.stdout).contains(why), "{}", text(&ran.stdout));
    }
}

#[test]
fn baselines_are_not_scenarios() {
    let folder = Folder::new("baseline-folder");
    folder.write("plans/plan.yaml", &scenario("twins-with-budget"));
    assert!(
        folder
            .seatrial(&["test", "plans", "--update-baseline"])
            .status
            .success()
    );
    assert!(Path::new(&folder.0.join("plans/plan.baseline.json")).is_file());
    let ran = folder.seatrial(&["test", "plans"]);
    assert_eq!(ran.status.code(), Some(0), "{}", text(&ran.stdout));
    assert!(text(&ran.stdout).contains("1 scenario,"));
    assert_eq!(folder.seatrial(&["run", "plans"]).status.code(), Some(0));
}

/// What is printed as JSON follows its schema: every field is known, and those that must be there are.
#[test]
fn the_json_of_a_suite_follows_its_schema() {
    let folder = Folder::new("suite-json");
    suite(&folder);
    assert!(
        folder
            .seatrial(&["test", "plans/a-good.yaml", "--update-baseline"])
            .status
            .success()
    );
    folder.write("plans/e-wrong.yaml", "kind: [");
    let ran = folder.seatrial(&["test", "plans", "-o", "json"]);
    let report: serde_json::Value = serde_json::from_slice(&ran.stdout).unwrap();
    let schema: serde_json::Value = serde_json::from_slice(&output(&["schema", "TestReport"]).stdout).unwrap();
    let names = |value: &serde_json::Value| value.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    assert_eq!(names(&report), names(&schema["properties"]));
    let back: TestReport = serde_json::from_value(report.clone()).unwrap();
    assert_eq!(serde_json::to_value(&back).unwrap(), report);
    assert_eq!(report["counts"]["invalid"], 1);
    assert_eq!(report["counts"]["failed"], 1);
    let outcomes = report["scenarios"].as_array().unwrap();
    assert!(outcomes[0]["baseline"].is_object() && outcomes[1]["baseline"].is_null());
}

/// A name that says something to a terminal is shown, not obeyed.
#[test]
fn hostile_names_are_shown() {
    let folder = Folder::new("suite-hostile");
    let hostile = "reason: \"\\e[2J\\u202e\"";
    let spec = format!(
        "apiVersion: seatrial.dev/v1alpha1\nkind: Expectations\nspec:\n  upgrade: {{completes: true, {hostile}}}\n"
    );
    folder.write(
        "a.yaml",
        &format!("{}\n---\n{spec}", without(&scenario("twins"), "Expectations")),
    );
    let tested = folder.seatrial(&["test", "a.yaml"]);
    let ran = folder.seatrial(&["run", "a.yaml"]);
    assert_eq!((tested.status.code(), ran.status.code()), (Some(4), Some(4)));
    for out in [text(&tested.stdout), text(&ran.stderr)] {
        assert!(!out.contains('\u{1b}') && !out.contains('\u{202e}'), "{out:?}");
        assert!(out.contains("202e"), "{out}");
    }
}
