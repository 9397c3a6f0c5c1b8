//! The linter: every rule is seen firing and not firing, and its formats are what they claim to be.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use seatrial::lint::{Finding, Severity, rules};
use seatrial::report::lint::{formats, page, sarif};
use seatrial::scenario::{inputs_of, lint_inputs};
use serde_json::Value;

use crate::support::{output, root};

fn folder() -> PathBuf {
    root().join("tests/lint")
}

fn lint(paths: &[PathBuf]) -> Vec<Finding> {
    let mut nothing = std::io::empty();
    let inputs = inputs_of(paths, &mut nothing).unwrap();
    lint_inputs(inputs)
        .unwrap_or_else(|e| panic!("{paths:?}: {e}"))
        .findings
}

fn of_rule(path: &Path, id: &str) -> Vec<Finding> {
    let mut found = lint(&[path.to_owned()]);
    found.retain(|f| f.rule.id == id);
    found
}

#[test]
fn every_rule_fires_and_does_not() {
    let mut wrong = Vec::new();
    for rule in rules() {
        let file = |which| folder().join(format!("{}.{which}.yaml", rule.id));
        let (bad, good) = (of_rule(&file("bad"), rule.id), of_rule(&file("good"), rule.id));
        if bad.is_empty() {
            wrong.push(format!("{} does not fire where it should", rule.id));
        }
        if let Some(found) = good.first() {
            wrong.push(format!("{} fires where it should not: {}", rule.id, found.message));
        }
        for finding in &bad {
            if finding.severity > rule.severity || finding.message.ends_with('.') || finding.evidence.is_empty() {
                wrong.push(format!("{}: {finding:?}", rule.id));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_pair_belongs_to_a_rule_and_ids_are_unique() {
    let ids: Vec<&str> = rules().map(|r| r.id).collect();
    let set: BTreeSet<&str> = ids.iter().copied().collect();
    assert_eq!(set.len(), ids.len());
    assert!(ids.len() >= 45, "{}", ids.len());
    for file in crate::support::files(&folder(), "yaml") {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        assert!(set.contains(name.split('.').next().unwrap()), "{name}");
    }
}

#[test]
fn severities_have_an_order() {
    assert!(Severity::Error > Severity::Warning && Severity::Warning > Severity::Note);
}

/// The page of rules is what the rules say; `UPDATE_DOCS=1` writes it anew.
#[test]
#[expect(clippy::disallowed_methods, reason = "the test is told to write")]
fn the_page_of_rules_is_complete() {
    let path = root().join("docs/lint.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        return std::fs::write(&path, page::render()).unwrap();
    }
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text, page::render(), "UPDATE_DOCS=1 cargo test the_page_of_rules");
}

pub(crate) fn validator(name: &str) -> jsonschema::Validator {
    let text = std::fs::read_to_string(root().join("tests/schemas").join(name)).unwrap();
    let mut schema: Value = serde_json::from_str(&text).unwrap();
    // A pattern with a stray bracket, which only some engines take, for a member that is never written.
    for owner in ["run", "toolComponent"] {
        let language = &mut schema["definitions"][owner]["properties"]["language"];
        language.as_object_mut().unwrap().remove("pattern").unwrap();
    }
    jsonschema::draft7::new(&schema).unwrap()
}

pub(crate) fn complaints(validator: &jsonschema::Validator, value: &Value) -> Vec<String> {
    let told = |e: jsonschema::ValidationError<'_>| format!("{}: {e}", e.instance_path());
    validator.iter_errors(value).map(told).collect()
}

/// Everything that the linter can find, in one list.
fn everything() -> Vec<Finding> {
    let all = crate::support::files(&folder(), "yaml");
    all.iter().flat_map(|path| lint(std::slice::from_ref(path))).collect()
}

#[test]
fn sarif_keeps_to_its_schema() {
    let validator = validator("sarif-2.1.0.json");
    let findings = everything();
    let log: Value = serde_json::from_str(&sarif::render(&findings)).unwrap();
    assert_eq!(complaints(&validator, &log), Vec::<String>::new());
    let results = log["runs"][0]["results"].as_array().unwrap();
    assert_eq!(results.len(), findings.len());
    let rules = log["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap();
    for result in results {
        let rule = &rules[usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()];
        assert_eq!(rule["id"], result["ruleId"]);
    }
    // The schema is one that says no.
    let mut wrong = log.clone();
    wrong["runs"][0]["results"][0]["level"] = "fatal".into();
    wrong["runs"][0].as_object_mut().unwrap().remove("tool");
    assert!(complaints(&validator, &wrong).len() >= 2);
}

#[test]
fn the_recorded_cluster_and_its_plan_are_linted() {
    let recording = root().join("tests/reference/1.36/R05");
    let packed = std::fs::File::open(recording.join("run1.cluster.json.gz")).unwrap();
    let dump = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("lint-r05.json");
    std::io::copy(
        &mut flate2::read::GzDecoder::new(packed),
        &mut std::fs::File::create(&dump).unwrap(),
    )
    .unwrap();
    let plan = "tests/reference/1.36/R05/plan.yaml";
    let ran = output(&["lint", dump.to_str().unwrap(), plan, "-o", "sarif"]);
    assert_eq!(ran.status.code(), Some(3), "kubelets go past the API server");
    let log: Value = serde_json::from_slice(&ran.stdout).unwrap();
    assert_eq!(complaints(&validator("sarif-2.1.0.json"), &log), Vec::<String>::new());
    let first = &log["runs"][0]["results"][0];
    assert_eq!(first["ruleId"], "V03");
    let place = &first["locations"][0]["physicalLocation"];
    assert_eq!(
        (&place["artifactLocation"]["uri"], &place["region"]["startLine"]),
        (&plan.into(), &7.into())
    );
}

#[test]
fn hostile_names_stay_names_in_every_format() {
    let mut findings = lint(&[folder().join("B01.bad.yaml")]);
    let hostile = "a\n::error::b,c:d%\u{1b}[31m\"<script>";
    for finding in &mut findings {
        finding.object.name = hostile.to_owned();
        finding.message = hostile.to_owned();
        if let Some(spot) = &mut finding.position {
            spot.file = hostile.to_owned();
        }
    }
    let github = formats::github(&findings);
    assert_eq!(github.lines().count(), findings.len());
    assert!(
        github
            .lines()
            .all(|line| line.starts_with("::") && line.matches("::").count() >= 2)
    );
    assert!(
        github
            .lines()
            .all(|l| !l.split("title=").next().unwrap().contains("::error::b"))
    );
    let gitlab: Value = serde_json::from_str(&formats::gitlab(&findings)).unwrap();
    let prints: BTreeSet<&str> = gitlab
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["fingerprint"].as_str().unwrap())
        .collect();
    assert_eq!(
        prints.len(),
        findings.len(),
        "each finding has a fingerprint of its own"
    );
    for one in gitlab.as_array().unwrap() {
        assert!(["info", "minor", "major", "critical", "blocker"].contains(&one["severity"].as_str().unwrap()));
        assert!(one["location"]["lines"]["begin"].as_u64().unwrap() >= 1 && !one["check_name"].is_null());
        assert!(!one["description"].as_str().unwrap().contains(char::is_control));
    }
    let log: Value = serde_json::from_str(&sarif::render(&findings)).unwrap();
    assert_eq!(complaints(&validator("sarif-2.1.0.json"), &log), Vec::<String>::new());
    let text = seatrial::report::lint::render(None, &findings, seatrial::report::Style::default(), true);
    assert!(!text.contains('\u{1b}') && !text.lines().any(|line| line.starts_with("::error")));
}

#[test]
fn objects_and_command_lines_leave_rules_out() {
    let text = std::fs::read_to_string(folder().join("B01.bad.yaml")).unwrap();
    let marked = |ids: &str| {
        let name = "kind: PodDisruptionBudget\nmetadata: {name: web,";
        assert!(text.contains(name));
        text.replace(
            name,
            &format!("{name} annotations: {{seatrial.dev/ignore: \"{ids}\"}},"),
        )
    };
    let run = |text: &str, args: &[&str]| {
        let ran = crate::support::piped(&[&["lint", "-", "-o", "json"], args].concat(), text.as_bytes());
        (
            ran.status.code().unwrap(),
            String::from_utf8(ran.stdout).unwrap(),
            String::from_utf8(ran.stderr).unwrap(),
        )
    };
    let has = |out: &str, id: &str| out.contains(&format!("\"rule\": \"{id}\""));
    let (code, out, _) = run(&text, &[]);
    assert!(code == 3 && has(&out, "B01") && has(&out, "P04"));
    let (_, out, _) = run(&marked("B02, B01"), &[]);
    assert!(!has(&out, "B01") && has(&out, "P04"));
    let (_, out, _) = run(&marked("all"), &[]);
    assert!(!has(&out, "B01"));
    let (code, _, talk) = run(&marked("B91"), &[]);
    assert!(code == 2 && talk.contains("no rule `B91`"), "{talk}");
    let (code, out, _) = run(&text, &["--ignore", "b01,P04"]);
    assert!(code == 0 && !has(&out, "B01") && !has(&out, "P04"));
    let warned = std::fs::read_to_string(folder().join("B02.bad.yaml")).unwrap();
    let codes = ["error", "warning", "note"].map(|on| run(&warned, &["--fail-on", on]).0);
    assert_eq!(codes, [0, 3, 3]);
    assert_eq!(output(&["lint", "--explain", "Z99"]).status.code(), Some(2));
}

/// A run says of each finding whether it shows it: in JSON, in the wide table, and from a saved trace alike.
#[test]
fn a_rehearsal_confirms_findings_or_does_not() {
    let held = |scenario: &str, rule: &str| {
        let report: Value = serde_json::from_slice(&output(&["run", scenario, "-o", "json"]).stdout).unwrap();
        let all = report["findings"].as_array().unwrap();
        let found = all
            .iter()
            .find(|f| f["rule"] == rule)
            .unwrap_or_else(|| panic!("{rule}: {all:?}"));
        found["rehearsal"].as_str().unwrap().to_owned()
    };
    // Both replicas went at once, and clients saw errors; a newer patch is nothing that a run measures.
    let (twins, hello) = ("scenarios/textbook/twins.yaml", "scenarios/textbook/hello-upgrade.yaml");
    assert_eq!(held(twins, "B02"), "confirmed");
    assert_eq!(held(twins, "W05"), "confirmed");
    assert_eq!(held(hello, "V08"), "cannotTell");
    let wide = String::from_utf8(output(&["run", twins, "-o", "wide"]).stdout).unwrap();
    assert!(
        wide.contains("Findings of seatrial lint") && wide.contains("(this run confirms it)"),
        "{wide}"
    );
    let kept = String::from_utf8(output(&["run", twins]).stdout).unwrap();
    assert!(!kept.contains("Findings of"), "the short table is for what happened");
}
