//! The linter: every rule is seen firing and not firing, and its formats are what they claim to be.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use seatrial::lint::{Finding, Severity, rules};
use seatrial::report::lint::page;
use seatrial::scenario::{inputs_of, lint_inputs};

use crate::support::root;

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
