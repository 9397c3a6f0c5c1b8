//! Expectations: decided by runs and by trials, with exit codes that say so; what is wrong with them is said with positions.

use crate::support::{output, piped, root};

/// The scenario of that name, with these Expectations behind it.
fn with(scenario: &str, spec: &str) -> Vec<u8> {
    let text = std::fs::read_to_string(root().join(format!("scenarios/textbook/{scenario}.yaml"))).unwrap();
    let own = text.split("\n---\n").filter(|d| !d.contains("kind: Expectations"));
    let own: Vec<&str> = own.collect();
    let head = own.join("\n---\n");
    format!("{head}\n---\napiVersion: seatrial.dev/v1alpha1\nkind: Expectations\nspec:\n{spec}\n").into_bytes()
}

fn run(scenario: &str, spec: &str, args: &[&str]) -> (Option<i32>, String, String) {
    let all: Vec<&str> = ["run", "-"].iter().chain(args).copied().collect();
    let ran = piped(&all, &with(scenario, spec));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (ran.status.code(), text(&ran.stdout), text(&ran.stderr))
}

#[test]
fn a_run_is_held_against_what_is_expected() {
    let spec = "  upgrade: {completes: true, within: 2m}\n  workloads: [{name: web, downtime: 4s..5s, ready: 0}]";
    let (code, report, talk) = run("twins", spec, &[]);
    assert_eq!((code, talk.as_str()), (Some(0), ""), "{report}");
    let (_, _, talk) = run("twins", spec, &["-o", "wide"]);
    assert!(talk.contains("Expectations           all 5 hold"), "{talk}");
    assert!(
        talk.contains("holds     default/web: downtime at most 5s\n            4.193s"),
        "{talk}"
    );

    let (code, out, talk) = run("twins", "  workloads: [{name: web, maxDowntime: 0s}]", &[]);
    assert_eq!(
        (code, &out),
        (Some(4), &report),
        "stdout is the report and nothing else"
    );
    assert!(talk.contains("VIOLATED  default/web: downtime at most 0s"), "{talk}");
    assert!(talk.contains("<stdin>:"), "{talk}");
}

/// With the budget nobody is down, without it somebody is: the same expectation.
#[test]
fn a_budget_makes_the_difference() {
    let spec = "  workloads: [{name: web, maxDowntime: 0s, minReady: 1}]";
    assert_eq!(run("twins-with-budget", spec, &[]).0, Some(0));
    assert_eq!(run("twins", spec, &[]).0, Some(4));
}

/// A plan that does not complete ends the run with 5 (6 where it is cut off), expected or not.
#[test]
fn an_expected_end_is_no_violation() {
    let about_others = "  workloads: [{name: '*', maxDowntime: 0s}]";
    let ends = |spec: &str| run("budget-of-zero", spec, &["--until", "20m"]).0;
    let plain = ends(about_others);
    assert!([Some(5), Some(6)].contains(&plain), "{plain:?}");
    // It did not complete, which `run` says; `test` would be content.
    assert_eq!(ends("  upgrade: {completes: false}"), plain);
    assert_eq!(ends("  upgrade: {completes: true}"), Some(4));
    assert_eq!(ends("  upgrade: {outcome: Completed}"), Some(4));
    assert_eq!(ends("  upgrade: {within: 1h}"), Some(4));
}

/// What is about many trials is left alone by fewer, and decided by enough with a confidence: 58 good ones are too few for a
/// 95 % quantile, 59 are enough (Wilks).
#[test]
fn quantiles_are_decided_by_enough_trials() {
    let spec = "  workloads: [{name: web, downtime: [p95 < 6s]}]";
    let (code, out, talk) = run("twins", spec, &["-v"]);
    assert_eq!(code, Some(0));
    assert!(
        talk.contains("1 expectation is about more trials") && !out.contains("Expectation"),
        "{talk}"
    );
    let (code, _, talk) = run("twins", spec, &["--trials", "58", "-o", "wide"]);
    assert_eq!((code, talk.contains("holds")), (Some(0), false), "{talk}");
    let (code, _, talk) = run("twins", spec, &["--trials", "59", "-o", "wide"]);
    assert_eq!(code, Some(0), "{talk}");
    assert!(talk.contains("Expectation            holds"), "{talk}");
    let refuted = "  workloads: [{name: web, downtime: 'probability(> 0s) < 10%'}]";
    assert_eq!(run("twins", refuted, &["--trials", "40"]).0, Some(4));
}

#[test]
fn everything_that_is_wrong_is_said_at_once_and_where() {
    let spec = "  trials: 0\n  workloads:\n  - {name: wep, maxDowntime: 5s}\n  - {name: web, kind: Deploiment, downtime: p95 5s}\n  \
                - {selector: app=wob, maxDowntime: 0s}\n  - {selector: app in web, maxDowntime: 0s}\n  - {name: web}\n  - \
                {maxDowntime: 0s}\n  - {name: web, availability: '>= 101%'}\n  - {name: web, errors: p95(downtime) < 5s}";
    let (code, out, talk) = run("twins", spec, &[]);
    assert_eq!((code, out.as_str()), (Some(2), ""), "{talk}");
    for what in [
        "no trial decides nothing",
        "there is no workload `default/wep`",
        "did you mean `default/web`?",
        "did you mean `Deployment`?",
        "compares with one of",
        "no workload is selected by `app=wob`",
        "is not a label selector",
        "nothing is expected of this workload",
        "exactly one of: name, selector",
        "a percentage such as 99.9%",
        "`downtime` is not what this is about",
        "error: 10 errors in the input",
    ] {
        assert!(talk.contains(what), "{what}:\n{talk}");
    }
    let spec = "  upgrade: {complete: true, outcome: Blockd}";
    let (code, _, talk) = run("twins", spec, &[]);
    assert_eq!(code, Some(2));
    assert!(
        talk.contains("did you mean `completes`?") && talk.contains("did you mean `Blocked`?"),
        "{talk}"
    );
}

/// The order in which trials are made leaves no trace.
#[test]
fn decisions_do_not_depend_on_threads() {
    let spec =
        "  workloads: [{name: '*', downtime: [p95 < 6s, mean < 5s, <= 4.2s], errors: 'probability(> 3s) < 50%'}]";
    let of = |threads| run("twins", spec, &["--trials", "40", "-j", threads, "-o", "wide"]);
    assert_eq!(of("1"), of("4"));
    assert!(output(&["schema", "Expectations"]).status.success());
}

/// A run that is cut off decides what it has shown, and leaves open what might still have come.
#[test]
fn a_run_that_is_cut_off_leaves_open_what_may_still_come() {
    let ends = |spec: &str| run("twins", spec, &["--until", "20s"]).0;
    assert_eq!(ends("  upgrade: {completes: true}"), Some(6));
    assert_eq!(ends("  workloads: [{name: web, minDowntime: 1s}]"), Some(6));
    assert_eq!(ends("  workloads: [{name: web, minReady: 2}]"), Some(4));
}
