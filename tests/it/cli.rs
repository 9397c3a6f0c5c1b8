//! The command as scripts meet it: exit codes, streams, files.

use crate::support::{output, piped, root, seatrial};

const TWINS: &str = "scenarios/textbook/twins.yaml";

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Bad input ends with 2, says where, and prints no report.
fn refused(stdin: &[u8]) -> String {
    let output = piped(&["run", "-"], stdin);
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(output.stdout.is_empty(), "{}", text(&output.stdout));
    assert!(!stderr.contains("panicked"), "{stderr}");
    stderr
}

#[test]
fn a_rehearsal_that_completes_ends_with_0() {
    let output = output(&["run", TWINS]);
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stdout).contains("COMPLETED"));
}

#[test]
fn a_plan_that_does_not_complete_ends_with_5_and_a_cut_off_one_with_6() {
    let stuck = std::fs::read_to_string(root().join("scenarios/textbook/budget-of-zero.yaml")).unwrap();
    let stuck = crate::suites::without(&stuck, "Expectations");
    assert_eq!(piped(&["run", "-", "-q"], stuck.as_bytes()).status.code(), Some(5));
    assert_eq!(output(&["run", TWINS, "--until", "20s", "-q"]).status.code(), Some(6));
}

#[test]
fn usage_errors_end_with_2() {
    for args in [
        &["run"][..],
        &["walk"],
        &["run", TWINS, "-o", "xml"],
        &["run", TWINS, "--until", "soon"],
    ] {
        assert_eq!(output(args).status.code(), Some(2), "{args:?}");
    }
    assert_eq!(output(&["run", "no-such-file.yaml"]).status.code(), Some(2));
    assert_eq!(
        output(&["run", "src/cli"]).status.code(),
        Some(2),
        "a folder without documents"
    );
    assert_eq!(output(&["schema", "Boat"]).status.code(), Some(2));
}

#[test]
fn bad_input_says_what_and_where() {
    assert!(refused(b"").contains("no documents"));
    assert!(refused(b"\x00\x01\x02\xff").contains("text"));
    assert!(refused(b"kind: [\n").contains(":1:") || refused(b"kind: [\n").contains(":2:"));
    let unknown =
        refused(b"apiVersion: seatrial.dev/v1alpha1\nkind: UpgradePlan\nspec:\n  targetVersoin: v1.2\n  pools: 3\n");
    assert!(
        unknown.contains("4:3") && unknown.contains("did you mean `targetVersion`"),
        "{unknown}"
    );
    assert!(unknown.contains("5:10"), "all errors at once: {unknown}");
    let absurd = refused(
        b"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: 1000000000000000000\n  selector: {}\n  template: {}\n",
    );
    assert!(absurd.contains("5:"), "{absurd}");
    assert!(refused(b"apiVersion: v1\nkind: Node\nmetadata: {name: n}\nspec: {unschedulable: 7}\n").contains("4:"));
}

/// What is wrong in several files is said at once, each with its file.
#[test]
fn several_files_are_wrong_at_once() {
    let folder = std::env::temp_dir().join(format!("seatrial-wrong-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let kind = "apiVersion: seatrial.dev/v1alpha1\nkind: ";
    std::fs::write(folder.join("a.yaml"), format!("{kind}UpgradePlan\nspec: {{soak: 3}}\n")).unwrap();
    std::fs::write(folder.join("b.yaml"), format!("{kind}Clutser\nspec: {{}}\n")).unwrap();
    std::fs::write(folder.join("c.json"), "{\"kind\": }").unwrap();
    let trace = folder.join("trace.jsonl");
    let output = output(&["run", folder.to_str().unwrap(), "--trace", trace.to_str().unwrap()]);
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    for (place, name) in [("a.yaml", "soak"), ("b.yaml", "Clutser"), ("c.json", ":1:10")] {
        assert!(stderr.contains(place) && stderr.contains(name), "{stderr}");
    }
    assert_eq!(
        std::fs::read_dir(&folder).unwrap().count(),
        3,
        "a run that never began leaves no trace"
    );
    std::fs::remove_dir_all(&folder).unwrap();
}

/// 20 MB of junk: an error, quickly and in bounded memory.
#[test]
fn a_mountain_of_junk_is_refused() {
    refused(&b"junk ".repeat(4_000_000));
    refused(&b"[".repeat(1_000_000));
    refused(&b"- a: &a [*a]\n".repeat(10_000));
}

#[test]
fn names_that_do_not_exist_are_met_with_the_nearest_one() {
    let plan = std::fs::read_to_string(root().join(TWINS)).unwrap();
    let wrong = plan.replace(
        "  pools:\n  - name: workers\n",
        "  pools:\n  - name: workers\n    nodes: [worker-1, wroker-2]\n",
    );
    assert_ne!(plan, wrong);
    assert!(refused(wrong.as_bytes()).contains("worker-2"));
}

#[test]
fn json_has_the_fields_of_the_contract() {
    let output = output(&["run", TWINS, "-o", "json"]);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    for pointer in [
        "/apiVersion",
        "/kind",
        "/plan",
        "/seed",
        "/trials",
        "/engineVersion",
        "/outcome/status",
        "/outcome/reason",
        "/versions/hops",
        "/makespanSeconds",
        "/cluster/evictions",
        "/cluster/refusals",
        "/cluster/podsCreated",
        "/cluster/podsLost",
        "/cluster/maxPending",
        "/cluster/pendingPodSeconds",
        "/cluster/surgeNodeSeconds",
        "/cluster/placementBefore",
        "/cluster/placementAfter",
        "/controlPlane/apiDownSeconds",
        "/controlPlane/etcdNoQuorumSeconds",
        "/controlPlane/controllerManagerLeaderlessSeconds",
        "/controlPlane/schedulerLeaderlessSeconds",
        "/controlPlane/outages",
        "/nodes/1/drains/0/evictions",
        "/workloads/0/endpoints/downtimeSeconds",
        "/workloads/0/serving/deficitPodSeconds",
        "/workloads/0/client/errorSeconds",
        "/workloads/0/movesPerReplica/mean",
        "/workloads/0/causes/0/why",
        "/assumptions",
        "/findings",
    ] {
        assert!(report.pointer(pointer).is_some(), "{pointer}");
    }
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    for form in ["table", "wide", "json", "yaml"] {
        let run = || output(&["run", TWINS, "-o", form, "--seed", "7"]).stdout;
        assert_eq!(run(), run(), "{form}");
    }
}

/// The trace is whole or not there, and its facts give the same report as the live run.
#[test]
fn a_saved_trace_tells_the_same_as_the_run() {
    let folder = std::env::temp_dir().join(format!("seatrial-test-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let trace = folder.join("trace.jsonl");
    for scenario in ["twins", "headless-faults", "hello-upgrade"] {
        let path = format!("scenarios/textbook/{scenario}.yaml");
        let live = output(&["run", &path, "-o", "json", "--trace", trace.to_str().unwrap()]);
        assert_eq!(live.status.code(), Some(0));
        let file = std::io::BufReader::new(std::fs::File::open(&trace).unwrap());
        let mut reader = seatrial::trace::TraceReader::new(file).unwrap();
        let preamble = reader.preamble().clone();
        let mut metrics = seatrial::metrics::Metrics::new(&preamble);
        let end = reader.replay(&mut metrics).unwrap();
        let saved = seatrial::report::json::render(&metrics.finish(end)).unwrap();
        assert_eq!(saved.trim(), text(&live.stdout).trim(), "{scenario}");
    }
    let left: Vec<_> = std::fs::read_dir(&folder).unwrap().collect();
    assert_eq!(left.len(), 1, "only the trace itself is left");
    let unwritable = output(&["run", TWINS, "--trace", "no/such/folder/trace.jsonl"]);
    assert_eq!(unwritable.status.code(), Some(1));
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn standard_input_and_directories_are_read() {
    let scenario = std::fs::read(root().join(TWINS)).unwrap();
    let piped = piped(&["run", "-", "-o", "json"], &scenario);
    // Findings tell which file they are in.
    let file = String::from_utf8(output(&["run", TWINS, "-o", "json"]).stdout).unwrap();
    let same = file.replace(&format!("\"{TWINS}\""), "\"<stdin>\"") == String::from_utf8_lossy(&piped.stdout);
    assert!(same, "another report than that of the file");
    let folder = std::env::temp_dir().join(format!("seatrial-dir-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::copy(root().join(TWINS), folder.join("a.yaml")).unwrap();
    std::fs::write(folder.join("notes.txt"), "not a scenario").unwrap();
    let from_folder = output(&["run", folder.to_str().unwrap(), "-o", "json"]);
    assert_eq!(from_folder.stdout, piped.stdout);
    std::fs::remove_dir_all(&folder).unwrap();
}

/// `seatrial … | head -1`: nobody reads on, and that is no error.
#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    for args in [
        &["run", TWINS, "--narrate"][..],
        &["run", TWINS, "-o", "json"],
        &["completions", "bash"],
        &["--help"],
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = seatrial(args).stdout(writer).output().unwrap();
        assert!(output.stderr.is_empty(), "{args:?}: {}", text(&output.stderr));
        assert_eq!(output.status.code(), Some(0), "{args:?}");
    }
}

/// kubectl runs `kubectl-seatrial` for `kubectl seatrial`.
#[cfg(unix)]
#[test]
fn a_kubectl_plugin_says_how_it_is_called() {
    use std::os::unix::process::CommandExt;
    let called = |args: &[&str]| seatrial(args).arg0("/usr/local/bin/kubectl-seatrial").output().unwrap();
    assert!(text(&called(&["run", "--help"]).stdout).contains("Usage: kubectl seatrial run"));
    assert!(text(&output(&["run", "--help"]).stdout).contains("Usage: seatrial run"));
    assert!(text(&called(&["completions", "bash"]).stdout).contains("kubectl-seatrial"));
    assert_eq!(called(&["run", TWINS]).stdout, output(&["run", TWINS]).stdout);
}

#[test]
fn colours_are_for_terminals_unless_asked_for() {
    let plain = output(&["run", TWINS]).stdout;
    assert!(!text(&plain).contains('\u{1b}'));
    let forced = output(&["run", TWINS, "--color", "always"]).stdout;
    assert!(text(&forced).contains('\u{1b}'));
    let refused = seatrial(&["run", TWINS]).env("NO_COLOR", "1").output().unwrap();
    assert_eq!(refused.stdout, plain);
}

#[test]
fn quiet_means_quiet_and_notes_go_to_stderr() {
    let dump = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n---\n";
    let mut scenario = dump.to_vec();
    scenario.extend(std::fs::read(root().join(TWINS)).unwrap());
    let noted = piped(&["run", "-"], &scenario);
    assert!(text(&noted.stderr).contains("ConfigMap"));
    assert!(piped(&["run", "-", "-q"], &scenario).stderr.is_empty());
}

#[test]
fn schemas_completions_and_the_manual_print() {
    for kind in seatrial::scenario::OWN_KINDS {
        let schema: serde_json::Value = serde_json::from_slice(&output(&["schema", kind]).stdout).unwrap();
        assert!(schema.is_object(), "{kind}");
    }
    for shell in ["bash", "zsh", "fish"] {
        assert!(
            text(&output(&["completions", shell]).stdout).contains("seatrial"),
            "{shell}"
        );
    }
    assert!(text(&output(&["man"]).stdout).contains(".TH seatrial"));
    let help = text(&output(&["--help"]).stdout);
    for command in ["run", "plan", "schema", "completions", "man"] {
        assert!(help.contains(command), "{command}");
    }
}
