//! The linter: every rule is seen to find and not to find, and what it says can be read by those who show it.

use std::path::PathBuf;

use seatrial::lint::{Finding, Rule, rules};

use crate::support::{model, root};

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
