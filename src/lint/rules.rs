//! The rules as data.

use std::sync::LazyLock;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::Severity;

/// A rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rule {
    /// Its name, which never changes: `B01`.
    pub id: String,
    /// How bad what it finds is.
    pub severity: Severity,
    /// What it finds, in a few words.
    pub title: String,
    /// Why that matters.
    pub why: String,
    /// What to do.
    pub fix: String,
    /// Where that is known from.
    pub source: String,
}

static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| read().unwrap_or_default());

fn read() -> Result<Vec<Rule>, serde_saphyr::Error> {
    serde_saphyr::from_str(include_str!("rules.yaml"))
}

/// All rules, by their names.
#[must_use]
pub fn rules() -> &'static [Rule] {
    &RULES
}

/// The rule of this name, whatever its case.
#[must_use]
pub fn rule(id: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.id.eq_ignore_ascii_case(id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::checks;

    #[test]
    fn every_rule_has_a_check_and_every_check_a_rule() {
        read().unwrap();
        let rules: Vec<&str> = rules().iter().map(|rule| rule.id.as_str()).collect();
        assert!(rules.is_sorted(), "{rules:?}");
        let mut checks: Vec<&str> = checks::ALL.iter().copied().flatten().map(|(id, _)| *id).collect();
        checks.sort_unstable();
        assert_eq!(rules, checks);
        assert!(rules.len() >= 45, "{}", rules.len());
    }
}
