//! What can be told from a cluster and its plan without a rehearsal: rules as data, and a short pure function for each.
//!
//! A rule sees the [`Model`] and what documents hold beside it ([`Traits`]); it needs no engine and takes microseconds. What it
//! foresees is written down ([`Predicts`]), so that a rehearsal can confirm it.

mod api;
mod budgets;
mod case;
mod control_plane;
mod drains;
mod hooks;
mod plan;
mod room;
mod storage;
mod traffic;
mod traits;
mod versions;
mod workloads;

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use crate::model::{Foreseen, Model, Predicts};
use case::Case;

pub use traits::{Hook, Running, Traits, WorkloadTraits};

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Severity {
    /// Advice.
    Note,
    /// Likely downtime or churn.
    Warning,
    /// The plan will not end, or breaks something for certain.
    Error,
}

impl Severity {
    /// `note`, `warning` or `error`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Severity {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "note" => Ok(Self::Note),
            "warning" => Ok(Self::Warning),
            "error" => Ok(Self::Error),
            _ => Err("expected error, warning or note"),
        }
    }
}

/// A rule.
pub struct Rule {
    /// Its id, which never changes: `B01`.
    pub id: &'static str,
    /// How bad its findings are at most.
    pub severity: Severity,
    /// What it looks for, in a few words.
    pub title: &'static str,
    /// Why that matters.
    pub why: &'static str,
    /// What to do about it.
    pub fix: &'static str,
    /// What it can only tell from.
    pub needs: &'static str,
    /// Where its knowledge is from.
    pub source: &'static str,
    check: fn(&Case<'_>, &mut Found),
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id)
    }
}

impl Serialize for Rule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.id)
    }
}

/// Families of rules, in the order of their pages.
const FAMILIES: [&[Rule]; 11] = [
    versions::RULES,
    control_plane::RULES,
    plan::RULES,
    drains::RULES,
    room::RULES,
    budgets::RULES,
    workloads::RULES,
    traffic::RULES,
    storage::RULES,
    hooks::RULES,
    api::RULES,
];

/// All rules.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    FAMILIES.iter().flat_map(|family| family.iter())
}

/// The rule of an id.
#[must_use]
pub fn rule(id: &str) -> Option<&'static Rule> {
    rules().find(|rule| rule.id.eq_ignore_ascii_case(id))
}

/// The rules that a text lists, with commas or blanks between.
pub fn listed(text: &str) -> impl Iterator<Item = &str> {
    text.split([',', ' ']).map(str::trim).filter(|id| !id.is_empty())
}

/// An object of the input.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Object {
    /// Its kind.
    pub kind: String,
    /// Its namespace; empty where it has none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl Object {
    /// An object by its kind, namespace and name.
    pub fn new(kind: &str, namespace: &str, name: &str) -> Self {
        Self {
            kind: kind.to_owned(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        }
    }
}

/// `Deployment default/web`.
impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.kind)?;
        if !self.namespace.is_empty() {
            write!(f, "{}/", self.namespace)?;
        }
        f.write_str(&self.name)
    }
}

/// Where an object stands, as a person finds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Spot {
    /// The file, as it was named.
    pub file: String,
    /// The line, counted from 1.
    pub line: usize,
    /// The column in characters, counted from 1.
    pub column: usize,
    /// The line's text and the bytes of it that are meant; `None` where the text has been let go.
    #[serde(skip)]
    pub excerpt: Option<(String, usize, usize)>,
}

/// What a rule has found.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// The rule.
    pub rule: &'static Rule,
    /// How bad it is.
    pub severity: Severity,
    /// What it is about.
    pub object: Object,
    /// The field of the object that is meant: `spec.drain.timeout`; empty: the object as a whole.
    #[serde(skip_serializing_if = "Vec::is_empty", serialize_with = "dotted")]
    pub field: Vec<String>,
    /// Where that stands; `None` where it is not written in the input.
    pub position: Option<Spot>,
    /// What is so, in one sentence without its end.
    pub message: String,
    /// The figures behind it.
    pub evidence: BTreeMap<&'static str, String>,
    /// What that means for this plan.
    pub why: String,
    /// What to do.
    pub fix: String,
    /// A document that does it, to be applied or merged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patch: Option<String>,
    /// What a rehearsal would show.
    #[serde(skip)]
    pub predicts: Predicts,
}

fn dotted<S: Serializer>(field: &[String], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&field.join("."))
}

impl Finding {
    /// As far as a run can be held against it.
    #[must_use]
    pub fn foreseen(&self) -> Foreseen {
        Foreseen {
            rule: self.rule.id.to_owned(),
            severity: self.severity.as_str().to_owned(),
            object: self.object.to_string(),
            says: self.message.clone(),
            predicts: self.predicts,
        }
    }

    fn new(object: Object, message: impl Into<String>) -> Self {
        Self {
            rule: &versions::RULES[0],
            severity: Severity::Error,
            object,
            field: Vec::new(),
            position: None,
            message: message.into(),
            evidence: BTreeMap::new(),
            why: String::new(),
            fix: String::new(),
            patch: None,
            predicts: Predicts::Nothing,
        }
    }

    fn field(mut self, path: &str) -> Self {
        self.field = path.split('.').map(str::to_owned).collect();
        self
    }

    fn figure(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        self.evidence.insert(name, value.to_string());
        self
    }

    fn why(mut self, why: impl Into<String>) -> Self {
        self.why = why.into();
        self
    }

    fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = fix.into();
        self
    }

    fn patch(mut self, patch: impl Into<String>) -> Self {
        self.patch = Some(patch.into());
        self
    }

    fn predicts(mut self, predicts: Predicts) -> Self {
        self.predicts = predicts;
        self
    }

    /// Less bad than the rule's findings can be.
    fn milder(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }
}

/// Findings of a rule as they are found.
#[derive(Default)]
struct Found {
    list: Vec<Finding>,
}

impl Found {
    fn push(&mut self, finding: Finding) {
        self.list.push(finding);
    }
}

/// Looks at a cluster and its plan with all rules. Findings are in the order of the rules, then of the input.
///
/// Where objects say that a rule is to leave them alone (the annotation `seatrial.dev/ignore`), it does.
#[must_use]
pub fn check(model: &Model, traits: &Traits) -> Vec<Finding> {
    let case = Case::new(model, traits);
    let mut all = Vec::new();
    for rule in rules() {
        let mut found = Found::default();
        (rule.check)(&case, &mut found);
        all.extend(
            found
                .list
                .into_iter()
                .filter(|f| !traits.ignores(&f.object, rule.id))
                .map(|f| Finding {
                    rule,
                    severity: f.severity.min(rule.severity),
                    why: if f.why.is_empty() { rule.why.to_owned() } else { f.why },
                    fix: if f.fix.is_empty() { rule.fix.to_owned() } else { f.fix },
                    ..f
                }),
        );
    }
    all
}

/// How many findings there are of each severity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// Errors.
    pub errors: usize,
    /// Warnings.
    pub warnings: usize,
    /// Notes.
    pub notes: usize,
}

impl Counts {
    /// Counts findings.
    #[must_use]
    pub fn of(findings: &[Finding]) -> Self {
        let of = |severity| findings.iter().filter(|f| f.severity == severity).count();
        Self {
            errors: of(Severity::Error),
            warnings: of(Severity::Warning),
            notes: of(Severity::Note),
        }
    }
}
