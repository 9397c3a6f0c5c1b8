//! Many trials: the same bytes however they are made, honest statistics, exit codes, Ctrl-C.

use std::ops::ControlFlow;

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use seatrial::cluster::RunOptions;
use seatrial::model::Model;
use seatrial::report::{Style, table};
use seatrial::scenario::{Source, load};
use seatrial::study::{LOOK, MergeError, Study, Trials, TrialsReport};
use seatrial::trace::PlanStatus;
use serde_json::Value;

#[cfg(unix)]
use crate::support::{ENDLESS, interrupted};
use crate::support::{model, observe, output, piped, root};

const TWINS: &str = "scenarios/textbook/twins.yaml";

/// A plan that races the clock: some trials complete, others give up.
const RACE: &str = "apiVersion: seatrial.dev/v1alpha1
kind: Cluster
spec: {version: v1.35.4, nodePools: [{name: worker, replicas: 3}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template: {metadata: {labels: {app: web}}, spec: {containers: [{name: main, image: web}]}}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web}
spec: {minAvailable: 1, selector: {matchLabels: {app: web}}}
---
apiVersion: seatrial.dev/v1alpha1
kind: UpgradePlan
metadata: {name: race}
spec: {controlPlane: {upgrade: false}, drain: {timeout: 12s}}
---
apiVersion: seatrial.dev/v1alpha1
kind: Timings
spec: {podStartup: {lognormal: {median: 4s, p95: 14s}}, nodeUpgrade: {lognormal: {median: 20s, p95: 40s}}}
";

fn race() -> Model {
    load(&[Source::new("race.yaml", RACE)]).unwrap().model
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn json(args: &[&str]) -> Value {
    let ran = output(args);
    serde_json::from_slice(&ran.stdout).unwrap_or_else(|e| panic!("{args:?}: {e}: {}", text(&ran.stderr)))
}

/// A folder of this test alone.
fn folder(name: &str) -> std::path::PathBuf {
    let folder = std::env::temp_dir().join(format!("seatrial-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 12,
        rng_seed: RngSeed::Fixed(5),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// However trials are split, in whatever order the parts are merged and on however many threads they were made: the
    /// same study, and so the same bytes.
    #[test]
    fn any_split_on_any_threads_is_the_same_study(
        cuts in prop::collection::btree_set(1_u64..24, 0..5),
        threads in 1_usize..4,
        turn in 0_usize..5,
    ) {
        let model = race();
        let trials = Trials::new(&model, 24);
        let whole = trials.clone().threads(1).run().unwrap();
        let ends: Vec<u64> = [0].into_iter().chain(cuts).chain([24]).collect();
        let mut parts: Vec<Study> = ends
            .windows(2)
            .map(|pair| trials.clone().threads(threads).numbers(pair[0]..pair[1]).run().unwrap())
            .collect();
        let count = parts.len();
        parts.rotate_left(turn % count);
        let mut merged = parts.remove(0);
        for part in parts {
            merged.merge(part).unwrap();
        }
        prop_assert_eq!(&merged, &whole);
        prop_assert_eq!(merged.to_json().unwrap(), whole.to_json().unwrap());
        prop_assert_eq!(Study::from_json(&whole.to_json().unwrap()).unwrap(), whole);
    }
}

/// The command: the same bytes with 1 and 2 threads, and from slices that were saved and merged.
#[test]
fn the_same_bytes_with_any_threads_and_any_split() {
    let folder = folder("split");
    let file = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let (a, b, c) = (file("a.json"), file("b.json"), file("c.json"));
    for (first, count, path) in [("0", "7", &a), ("7", "12", &b), ("19", "11", &c)] {
        let ran = output(&[
            "run",
            TWINS,
            "--trials",
            count,
            "--first-trial",
            first,
            "--save",
            path,
            "-j",
            "2",
        ]);
        assert_eq!(ran.status.code(), Some(0), "{}", text(&ran.stderr));
    }
    for form in ["json", "yaml"] {
        let run = |threads: &str| output(&["run", TWINS, "--trials", "30", "-o", form, "-j", threads]).stdout;
        let one = run("1");
        assert!(!one.is_empty());
        assert_eq!(one, run("2"), "{form}: threads");
        let merged = output(&["merge", &c, &a, &b, "-o", form]);
        assert_eq!(text(&one), text(&merged.stdout), "{form}: split");
    }
    for form in ["table", "wide"] {
        let run = |threads: &str| output(&["run", TWINS, "--trials", "30", "-o", form, "-j", threads]).stdout;
        let one = text(&run("1"));
        assert_eq!(one, text(&run("2")), "{form}: threads");
        let merged = text(&output(&["merge", &a, &b, &c, "-o", form]).stdout);
        // Only the scenario's name is unknown to who merges.
        assert_eq!(one.replace(TWINS, "SCENARIO"), merged, "{form}: split");
    }
    let all = file("all.json");
    assert_eq!(output(&["merge", &a, &b, &c, "--save", &all]).status.code(), Some(0));
    let again = output(&["run", TWINS, "--trials", "30", "--save", &c, "-j", "1"]);
    assert_eq!(again.status.code(), Some(0));
    assert_eq!(std::fs::read(&all).unwrap(), std::fs::read(&c).unwrap());
    std::fs::remove_dir_all(&folder).unwrap();
}

/// What belongs to something else, is there twice, or was damaged is refused, each with its name.
#[test]
fn parts_that_do_not_fit_are_refused() {
    let folder = folder("misfits");
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let save = |args: &[&str], name: &str| {
        let path = path(name);
        let mut all = vec!["run"];
        all.extend(args);
        all.extend(["--save", &path]);
        assert_eq!(output(&all).status.code(), Some(0), "{args:?}");
        path
    };
    let good = save(&[TWINS, "--trials", "4"], "good.json");
    let other = save(
        &[
            "scenarios/textbook/one-by-one.yaml",
            "--trials",
            "2",
            "--first-trial",
            "4",
        ],
        "other.json",
    );
    let seed = save(
        &[TWINS, "--trials", "2", "--first-trial", "4", "--seed", "1"],
        "seed.json",
    );
    let options = save(
        &[TWINS, "--trials", "2", "--first-trial", "4", "--settle", "70s"],
        "options.json",
    );
    let overlap = save(&[TWINS, "--trials", "2", "--first-trial", "3"], "overlap.json");
    let whole = std::fs::read_to_string(&good).unwrap();
    let (cut, forged, report) = (path("cut.json"), path("forged.json"), path("report.json"));
    std::fs::write(&cut, &whole[..whole.len() / 2]).unwrap();
    std::fs::write(&forged, whole.replacen("\"Completed\":4", "\"Completed\":5", 1)).unwrap();
    std::fs::write(&report, output(&["run", TWINS, "-o", "json"]).stdout).unwrap();
    for (part, why) in [
        (&other, "another scenario"),
        (&seed, "another scenario, seed"),
        (&options, "another scenario, seed, option"),
        (&overlap, "in both"),
        (&good, "in both"),
        (&cut, "expected a study"),
        (&forged, "do not fit together"),
        (&report, "expected a study"),
        (&path("missing.json"), "No such file"),
    ] {
        let ran = output(&["merge", &good, part]);
        let said = text(&ran.stderr);
        assert_eq!(ran.status.code(), Some(2), "{part}: {said}");
        assert!(ran.stdout.is_empty());
        assert!(said.contains(part.as_str()) && said.contains(why), "{part}: {said}");
    }
    let both = text(&output(&["merge", &good, &cut, &overlap]).stderr);
    assert!(
        both.contains("cut.json") && both.contains("overlap.json"),
        "all at once: {both}"
    );
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_merge_that_fails_changes_nothing() {
    let model = race();
    let mut study = Trials::new(&model, 5).run().unwrap();
    let before = study.clone();
    let again = Trials::new(&model, 3).run().unwrap();
    assert_eq!(study.merge(again), Err(MergeError::Overlap));
    let options = RunOptions {
        seed: 9,
        ..RunOptions::default()
    };
    let other = Trials::new(&model, 3).numbers(5..8).options(options).run().unwrap();
    assert_eq!(study.merge(other), Err(MergeError::OfSomethingElse));
    assert_eq!(study, before);
}

/// Statistics of the command are those of the runs one by one, computed here in another way.
#[test]
fn numbers_are_those_of_the_runs_one_by_one() {
    let model = model(&root().join(TWINS));
    let mut runs: Vec<(f64, f64)> = Vec::new();
    let study = Trials::new(&model, 41)
        .run_watched(|done| {
            let web = &done.report.workloads[0];
            runs.push((web.serving.downtime_seconds, done.report.makespan_seconds.unwrap()));
            ControlFlow::Continue(())
        })
        .unwrap();
    let report = study.report().unwrap();
    let check = |spread: &seatrial::study::Spread, mut values: Vec<f64>| {
        values.sort_by(f64::total_cmp);
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0);
        assert!((spread.mean - mean).abs() < 1e-6);
        // t of 40 degrees of freedom, from a table.
        let margin = 2.0211 * (variance / n).sqrt();
        assert!((spread.margin().unwrap() - margin).abs() < 1e-4, "{spread:?} {margin}");
        assert_eq!((spread.min, spread.max), (values[0], values[40]));
        assert_eq!((spread.p5, spread.p50, spread.p95), (values[2], values[20], values[38]));
    };
    check(
        &report.workloads[0].serving.downtime_seconds,
        runs.iter().map(|r| r.0).collect(),
    );
    check(
        report.makespan_seconds.as_ref().unwrap(),
        runs.iter().map(|r| r.1).collect(),
    );
}

/// Trials differ from each other, and each is the run that its number replays.
#[test]
fn the_worst_trial_can_be_replayed() {
    let many = json(&["run", TWINS, "--trials", "25", "--seed", "3", "-o", "json"]);
    let worst = &many["worstTrial"];
    let trial = worst["trial"].to_string();
    let one = json(&["run", TWINS, "--seed", "3", "--trial", &trial, "-o", "json"]);
    assert_eq!(one["trial"], worst["trial"]);
    assert_eq!(one["makespanSeconds"], worst["makespanSeconds"]);
    let down = &one["workloads"][0]["endpoints"]["downtimeSeconds"];
    assert_eq!(down, &many["workloads"][0]["endpoints"]["downtimeSeconds"]["max"]);
    assert_eq!(one["workloads"][0]["causes"][0], worst["cause"]);
    assert_ne!(many["makespanSeconds"]["min"], many["makespanSeconds"]["max"]);
    let shown = text(&output(&["run", TWINS, "--trials", "25", "--seed", "3"]).stdout);
    let command = format!("seatrial run {TWINS} --seed 3 --trial {trial}\n");
    assert!(shown.contains(&command), "{shown}");
    // The command that is printed, as it is printed.
    let words: Vec<&str> = command.split_whitespace().skip(1).collect();
    let table = text(&output(&words).stdout);
    assert!(table.contains(&format!("(seed 3, trial {trial})")), "{table}");
}

/// Trial 0 of many is the run that is made without trials: luck depends on seed and number alone.
#[test]
fn trial_0_is_the_run() {
    let model = model(&root().join(TWINS));
    let (_, _, run) = observe(&model, 0);
    let study = Trials::new(&model, 1).run().unwrap();
    let report = study.report().unwrap();
    assert_eq!(report.makespan_seconds.unwrap().p50, run.makespan_seconds.unwrap());
    assert_eq!(
        report.workloads[0].serving.downtime_seconds.max,
        run.workloads[0].serving.downtime_seconds
    );
    assert_eq!(report.uncertainty, None);
    assert_eq!(report.makespan_seconds.unwrap().ci95, None);
}

#[test]
fn some_trials_that_do_not_complete_end_with_5_and_are_counted() {
    let ran = piped(&["run", "-", "--trials", "60", "-o", "json"], RACE.as_bytes());
    assert_eq!(ran.status.code(), Some(5));
    let report: Value = serde_json::from_slice(&ran.stdout).unwrap();
    let outcome = &report["outcome"];
    let (done, aborted) = (&outcome["statuses"]["Completed"], &outcome["statuses"]["Aborted"]);
    let count = |share: &Value| share["count"].as_u64().unwrap();
    assert!(count(done) > 0 && count(aborted) > 0);
    assert_eq!(count(done) + count(aborted), 60);
    assert_eq!(&outcome["completes"], done);
    let [low, high] = [&done["ci95"][0], &done["ci95"][1]].map(|v| v.as_f64().unwrap());
    let share = done["share"].as_f64().unwrap();
    assert!(low < share && share < high && high < 1.0);
    assert_eq!(report["worstTrial"]["status"], "Aborted");
    let shown = text(&piped(&["run", "-", "--trials", "60"], RACE.as_bytes()).stdout);
    assert!(shown.starts_with(&format!("race: v1.35.4   COMPLETED in {} of 60 trials", count(done))));
    assert!(shown.contains(&format!("aborted in {}", count(aborted))), "{shown}");
}

#[test]
fn trials_that_are_cut_off_end_with_6_and_blocked_ones_with_5() {
    let code = |args: &[&str]| output(args).status.code();
    assert_eq!(code(&["run", TWINS, "--trials", "3", "--until", "20s"]), Some(6));
    assert_eq!(
        code(&["run", "scenarios/textbook/budget-of-zero.yaml", "--trials", "2"]),
        Some(5),
        "blocked, although it is expected"
    );
    let stuck = std::fs::read_to_string(root().join("scenarios/textbook/budget-of-zero.yaml")).unwrap();
    let stuck = crate::suites::without(&stuck, "Expectations");
    assert_eq!(
        piped(&["run", "-", "--trials", "2"], stuck.as_bytes()).status.code(),
        Some(5)
    );
    assert_eq!(code(&["run", TWINS, "--trials", "2"]), Some(0));
}

#[test]
fn usage_that_makes_no_sense_is_refused() {
    for args in [
        &["--trials", "0"][..],
        &["--trials", "-3"],
        &["--trials", "3", "--trace", "t.jsonl"],
        &["--trials", "3", "--narrate"],
        &["--trials", "3", "--trial", "1"],
        &["--until-ci", "5"],
        &["--until-ci", "0%"],
        &["--until-ci", "5%", "--trace", "t.jsonl"],
        &["--first-trial", "3"],
        &["-j", "2"],
        &["--trials", "3", "-j", "0"],
        &["--save", "x.json"],
        &["--trials", "3", "--first-trial", "18446744073709551615"],
    ] {
        let mut all = vec!["run", TWINS];
        all.extend(args);
        assert_eq!(output(&all).status.code(), Some(2), "{args:?}");
    }
    let unwritable = output(&["run", TWINS, "--trials", "2", "--save", "no/such/folder/x.json"]);
    assert_eq!(unwritable.status.code(), Some(1));
}

/// `--until-ci` stops by a rule that knows only trials: at a multiple of [`LOOK`], when all means are known well
/// enough, and not before.
#[test]
fn it_stops_when_the_means_are_known() {
    let run = |threads: &str| json(&["run", TWINS, "--until-ci", "3%", "-o", "json", "-j", threads]);
    let report = run("2");
    assert_eq!(report, run("1"), "threads");
    let trials = report["trials"].as_u64().unwrap();
    assert!(trials % LOOK == 0 && (2 * LOOK..1000).contains(&trials), "{trials}");
    assert!(report["uncertainty"]["share"].as_f64().unwrap() <= 0.03);
    assert!(report["partial"].is_null());
    assert_eq!(
        report,
        json(&["run", TWINS, "--trials", &trials.to_string(), "-o", "json"])
    );
    let before = json(&["run", TWINS, "--trials", &(trials - LOOK).to_string(), "-o", "json"]);
    assert!(
        before["uncertainty"]["share"].as_f64().unwrap() > 0.03,
        "it could have stopped before"
    );
    // Not reached: all trials that were allowed, and a note.
    let ran = output(&["run", TWINS, "--until-ci", "0.01%", "--trials", "60", "-o", "json"]);
    let report: Value = serde_json::from_slice(&ran.stdout).unwrap();
    assert_eq!(report["trials"], 60);
    assert!(text(&ran.stderr).contains("known to"), "{}", text(&ran.stderr));
}

/// A caller who has seen enough gets what is known, marked as partial.
#[test]
fn who_breaks_off_has_a_partial_study() {
    let model = race();
    let study = Trials::new(&model, 50)
        .threads(1)
        .run_watched(|done| {
            if done.trials < 8 {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        })
        .unwrap();
    assert_eq!((study.trials(), study.stopped_of()), (8, Some(50)));
    let report = study.report().unwrap();
    assert_eq!(report.partial.map(|p| p.asked), Some(50));
    assert_eq!(report.numbers, [[0, 7]]);
    let shown = table::trials::render(&report, "seatrial run x", Style::default(), false);
    assert!(shown.contains("PARTIAL: 8 of 50 trials"), "{shown}");
    // With the rest it is whole in numbers, and still says that something was stopped.
    let mut whole = study.clone();
    whole
        .merge(Trials::new(&model, 42).numbers(8..50).run().unwrap())
        .unwrap();
    assert_eq!(whole.trials(), 50);
    let stopped = Trials::new(&model, 8).run().unwrap();
    let same = |a: &Study, b: &Study| {
        let (a, b) = (a.report().unwrap(), b.report().unwrap());
        TrialsReport { partial: None, ..a } == b
    };
    assert!(same(&study, &stopped));
}

/// Ctrl-C: what is known so far, marked as partial, and 130; it is the same that so many trials give.
#[cfg(unix)]
#[test]
fn ctrl_c_prints_what_is_known() {
    for (signal, code) in [("-INT", 130), ("-TERM", 143)] {
        let (ended, rest, mut partial) = interrupted(&["run", TWINS], signal);
        assert_eq!(ended, Some(code), "{rest}");
        assert!(rest.contains("partial"), "{rest}");
        let trials = partial["trials"].as_u64().unwrap();
        assert_eq!(partial["partial"]["asked"], ENDLESS);
        assert_eq!(partial["numbers"], serde_json::json!([[0, trials - 1]]));
        partial["partial"] = Value::Null;
        let whole = json(&["run", TWINS, "--trials", &trials.to_string(), "-o", "json"]);
        assert_eq!(partial, whole);
    }
}

/// The report has what its schema says, and the names of the contract.
#[test]
fn the_json_of_trials_follows_its_schema() {
    let report = json(&[
        "run",
        "scenarios/textbook/headless-faults.yaml",
        "--trials",
        "4",
        "-o",
        "json",
    ]);
    for pointer in [
        "/makespanSeconds",
        "/outcome/completes/ci95/1",
        "/outcome/statuses/Completed/share",
        "/applications/withDowntime/count",
        "/applications/downtimeSeconds/p95",
        "/cluster/evictions/mean",
        "/cluster/movesPerReplica/mean/p50",
        "/controlPlane/apiDownSeconds/ci95/0",
        "/controlPlane/outages/recreatedDuring/max",
        "/controlPlane/firstRecreateDelaySeconds/p5",
        "/nodes/0/cordonedSeconds/max",
        "/workloads/0/endpoints/downtimeSeconds/p95",
        "/workloads/0/serving/minReady/min",
        "/workloads/0/client/errorSeconds/mean",
        "/workloads/0/evictions/p50",
        "/workloads/0/worstTrial",
        "/worstTrial/trial",
        "/uncertainty/of",
        "/assumptions",
    ] {
        assert!(report.pointer(pointer).is_some(), "{pointer}");
    }
    let schema = json(&["schema", TrialsReport::KIND]);
    let names = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let (mut has, mut says) = (names(&report), names(&schema["properties"]));
    has.sort();
    says.sort();
    assert_eq!(has, says);
    assert!(text(&output(&["schema"]).stdout).contains("TrialsReport"));
    let back: TrialsReport = serde_json::from_value(report).unwrap();
    assert_eq!(back.outcome.completes.count, 4);
}

/// The table of every scenario fits, and hostile names change nothing of the terminal.
#[test]
fn tables_of_trials_fit_and_are_plain() {
    for path in crate::support::files(&root().join("scenarios/textbook"), "yaml") {
        let model = model(&path);
        let report = Trials::new(&model, 3).run().unwrap().report().unwrap();
        let shown = table::trials::render(&report, "seatrial run x", Style::default(), false);
        for line in shown.lines() {
            assert!(line.chars().count() <= 100, "{}: {line}", path.display());
        }
        assert!(!shown.contains('\u{1b}'));
        let painted = table::trials::render(&report, "seatrial run x", Style { color: true }, true);
        assert!(painted.contains('\u{1b}'));
    }
}

/// A run of nothing but faults is played, not completed.
#[test]
fn faults_without_a_plan_are_played() {
    let shown = text(&output(&["run", "scenarios/textbook/headless-faults.yaml", "--trials", "3"]).stdout);
    assert!(shown.contains("PLAYED in 3 of 3 trials"), "{shown}");
    let model = model(&root().join("scenarios/textbook/headless-faults.yaml"));
    let study = Trials::new(&model, 3).run().unwrap();
    assert_eq!(study.with_status(PlanStatus::Completed), 3);
    assert_eq!(study.report().unwrap().makespan_seconds, None);
}

/// A workload whose load balancer sends to nobody is down, though its pods are up: tables and JSON say so for many trials, too.
#[test]
fn who_is_shut_out_is_down() {
    let cordon = "scenarios/strategies/cordon-blackout.yaml";
    let report = json(&["run", cordon, "--trials", "3", "-o", "json"]);
    let all = report["workloads"].as_array().unwrap();
    let ingress = all.iter().find(|w| w["name"] == "ingress").unwrap();
    assert!(ingress["downtimeSeconds"]["min"].as_f64().unwrap() > 300.0, "{ingress}");
    assert_eq!(ingress["endpoints"]["downtimeSeconds"]["max"], 0.0);
    let table = String::from_utf8(output(&["run", cordon, "--trials", "3"]).stdout).unwrap();
    assert!(!table.contains("was down for 0s"), "{table}");
}
