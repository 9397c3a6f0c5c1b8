//! The linter: every rule is seen to find and not to find, and what it says can be read by those who show it.

use std::io::Read;
use std::path::PathBuf;

use seatrial::lint::{Finding, Prediction, Rehearsed, Rule, rules};
use serde_json::Value;

use crate::support::{files, model, observe, output, piped, root};

fn example(rule: &Rule, kind: &str) -> PathBuf {
    root().join(format!("tests/lint/{}.{kind}.yaml", rule.id))
}

fn findings(rule: &Rule, kind: &str) -> Vec<Finding> {
    let mut found = model(&example(rule, kind)).findings;
    found.retain(|finding| finding.rule == rule.id);
    found
}

#[test]
fn every_rule_finds_what_is_bad_and_leaves_what_is_good() {
    let mut wrong = Vec::new();
    for rule in rules() {
        if findings(rule, "bad").is_empty() {
            wrong.push(format!("{} does not find what is bad", rule.id));
        }
        if let Some(finding) = findings(rule, "good").first() {
            wrong.push(format!("{} finds what is good: {}", rule.id, finding.evidence));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A finding that predicts something is one that a rehearsal of its own bad example can be held against.
#[test]
fn predictions_of_the_bad_examples_come_true_or_are_told() {
    let mut confirmed = 0;
    for rule in rules() {
        let model = model(&example(rule, "bad"));
        let (_, _, report) = observe(&model, 0);
        let own = report.findings.iter().filter(|f| f.finding.rule == rule.id);
        for finding in own {
            let silent = finding.finding.predicts == Prediction::Nothing;
            assert_eq!(silent, finding.rehearsal == Rehearsed::CannotTell, "{}", rule.id);
            confirmed += usize::from(finding.rehearsal == Rehearsed::Confirmed);
        }
    }
    assert!(confirmed >= 25, "{confirmed} rules are confirmed by their own examples");
}

/// Anchors of the document are what SARIF links to.
fn document() -> String {
    let mut text = "# The rules of the linter\n\n\
        `seatrial lint` looks at a plan and a cluster without running anything. A finding has the numbers that are its evidence, and \
        says\nwhat a rehearsal would show if it is right: the report of `seatrial run` (`findings`, `-o wide`) tells whether it did. \
        The\nannotation `seatrial.dev/ignore: B01,W02` on an object suppresses findings about it, `*` all of them; `--ignore` leaves \
        rules out.\n\n\
        This page is written from the data: `UPDATE_DOCS=1 cargo test lint`. The examples are tests: the rule finds something in \
        the\nfirst one and nothing in the second one.\n\n\
        ```console\n$ seatrial lint scenarios/textbook/twins.yaml\n$ seatrial lint --explain B01\n\
        $ seatrial lint scenarios/textbook/twins.yaml -o sarif\n```\n"
        .to_owned();
    for rule in rules() {
        let severity = rule.severity.as_str();
        text += &format!(
            "\n<a id=\"{}\"></a>\n\n## {}: {}\n\n",
            rule.id.to_lowercase(),
            rule.id,
            rule.title
        );
        text += &format!("**{severity}** · {}\n\n{}\n\n", rule.why, rule.fix);
        text += &format!("Source: {}.\n", rule.source);
        let found = findings(rule, "bad");
        text += &format!("Example: {} says \"{}\"; ", link(rule, "bad"), found[0].evidence);
        text += &format!("{} says nothing.\n", link(rule, "good"));
    }
    text
}

fn link(rule: &Rule, kind: &str) -> String {
    format!("[{0}.{kind}.yaml](../tests/lint/{0}.{kind}.yaml)", rule.id)
}

#[test]
#[expect(clippy::disallowed_methods, reason = "how a document is brought up to date")]
fn the_document_has_every_rule() {
    let path = root().join("docs/lint.md");
    let document = document();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &document).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == document,
        "docs/lint.md is out of date: UPDATE_DOCS=1 cargo test lint"
    );
}

/// Names that are made to break out of whatever shows them.
const HOSTILE: &str = "apiVersion: seatrial.dev/v1alpha1\nkind: Cluster\nspec: {version: v1.35.4, nodePools: [{name: w, replicas: \
                       2}]}\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: \"a%0A::error::b,c\\u001b[31m<b>\\n\"}\nspec:\n  \
                       replicas: 2\n  selector: {matchLabels: {app: a}}\n  template: {metadata: {labels: {app: a}}, spec: {containers: \
                       [{name: main, image: x}]}}\n---\napiVersion: seatrial.dev/v1alpha1\nkind: UpgradePlan\nspec: {}\n";

fn json(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap()
}

fn lint(form: &str, scenario: &str) -> Vec<u8> {
    let ran = piped(&["lint", "-", "-o", form, "--fail-on", "never"], scenario.as_bytes());
    assert_eq!(ran.status.code(), Some(0), "{}", String::from_utf8_lossy(&ran.stderr));
    ran.stdout
}

#[test]
fn sarif_follows_its_schema() {
    let packed = std::fs::read(root().join("tests/lint/sarif-2.1.0.schema.json.gz")).unwrap();
    let mut schema = String::new();
    flate2::read::GzDecoder::new(packed.as_slice())
        .read_to_string(&mut schema)
        .unwrap();
    let mut schema: Value = serde_json::from_str(&schema).unwrap();
    // Its pattern has a bracket too many, which this library does not take; nothing here has a language.
    for part in ["run", "toolComponent"] {
        let language = schema.pointer_mut(&format!("/definitions/{part}/properties/language"));
        language.unwrap().as_object_mut().unwrap().remove("pattern");
    }
    let validator = jsonschema::draft7::new(&schema).unwrap();
    let mut scenarios: Vec<String> = files(&root().join("tests/lint"), "yaml")
        .iter()
        .map(|path| std::fs::read_to_string(path).unwrap())
        .collect();
    scenarios.push(HOSTILE.to_owned());
    let mut results = 0;
    for scenario in scenarios.iter().step_by(7).chain(scenarios.last()) {
        let log = json(&lint("sarif", scenario));
        let wrong: Vec<String> = validator.iter_errors(&log).map(|e| e.to_string()).collect();
        assert!(wrong.is_empty(), "{wrong:?}");
        results += log["runs"][0]["results"].as_array().unwrap().len();
    }
    assert!(results > 10, "{results}");
    assert!(!validator.is_valid(&serde_json::json!({"version": "2.1.0", "runs": [{"results": []}]})));
}

#[test]
fn hostile_names_stay_names() {
    let github = String::from_utf8(lint("github", HOSTILE)).unwrap();
    assert!(github.lines().count() > 0);
    for line in github.lines() {
        let commands = ["::error ", "::warning ", "::notice "];
        assert!(commands.iter().any(|c| line.starts_with(c)), "{line}");
        let properties = line.split("::").nth(1).unwrap();
        assert!(
            properties.contains("title=") && !properties.contains('\u{1b}'),
            "{line}"
        );
        assert!(line.contains("%250A"), "a percent sign is escaped: {line}");
    }
    let table = String::from_utf8(lint("table", HOSTILE)).unwrap();
    assert!(!table.contains('\u{1b}'), "{table}");
    for entry in json(&lint("gitlab", HOSTILE)).as_array().unwrap() {
        for field in ["description", "check_name", "fingerprint", "severity"] {
            assert!(entry[field].is_string(), "{field}");
        }
        assert!(entry["location"]["lines"]["begin"].as_u64().unwrap() >= 1);
    }
}

#[test]
fn objects_can_be_left_out() {
    let scenario = |annotation: &str| {
        let text = std::fs::read_to_string(root().join("scenarios/textbook/twins.yaml")).unwrap();
        text.replacen(
            "kind: Deployment\nmetadata: {",
            &format!("kind: Deployment\nmetadata: {{{annotation}"),
            1,
        )
    };
    let rules = |annotation: &str| -> Vec<String> {
        let report = json(&lint("json", &scenario(annotation)));
        let all = report["findings"].as_array().unwrap().iter();
        all.map(|f| f["rule"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(rules(""), ["B02", "W05"]);
    assert_eq!(rules("annotations: {seatrial.dev/ignore: \"b02\"}, "), ["W05"]);
    assert_eq!(rules("annotations: {seatrial.dev/ignore: \"*\"}, "), [""; 0]);
    let slip = piped(
        &["lint", "-"],
        scenario("annotations: {seatrial.dev/ignore: B20}, ").as_bytes(),
    );
    assert_eq!(slip.status.code(), Some(2));
    let talk = String::from_utf8_lossy(&slip.stderr);
    assert!(
        talk.contains("no rule `B20`") && talk.contains("did you mean"),
        "{talk}"
    );
}

#[test]
fn exit_codes_say_how_bad_it_is() {
    let code = |args: &[&str]| output(&[&["lint"], args].concat()).status.code();
    let (zero, twins) = (
        "scenarios/textbook/budget-of-zero.yaml",
        "scenarios/textbook/twins.yaml",
    );
    assert_eq!(code(&[zero]), Some(3));
    assert_eq!(code(&[zero, "--fail-on", "never"]), Some(0));
    assert_eq!(code(&[zero, "--ignore", "B01,P04"]), Some(0));
    assert_eq!(code(&[twins]), Some(0));
    assert_eq!(code(&[twins, "--fail-on", "warning"]), Some(3));
    assert_eq!(code(&[twins, "--ignore", "B99"]), Some(2));
    assert_eq!(code(&["--explain", "nonsense"]), Some(2));
    assert_eq!(code(&["--explain", "b01"]), Some(0));
    assert_eq!(code(&["--list"]), Some(0));
    assert_eq!(code(&[]), Some(2));
}

/// The recorded cluster is one that people have: the linter tells of its plan what the recording shows.
#[test]
fn findings_know_file_and_line() {
    let report = json(&output(&["lint", "scenarios/textbook/budget-of-zero.yaml", "-o", "json"]).stdout);
    let first = &report["findings"][0];
    assert_eq!(
        (first["rule"].as_str(), first["place"]["line"].as_u64()),
        (Some("B01"), Some(29))
    );
    assert_eq!(first["place"]["file"], "scenarios/textbook/budget-of-zero.yaml");
    assert_eq!(first["patch"], "spec:\n  maxUnavailable: 1\n");
}
