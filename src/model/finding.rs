//! What the linter says of a scenario: plain data, so that a trace carries it and a rehearsal can hold itself against it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Something that a rule of the linter found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// The rule: `B01`.
    pub rule: String,
    /// How bad it is.
    pub severity: Severity,
    /// What it is about.
    pub object: Subject,
    /// Where that is written; null where it is not known.
    pub place: Option<Place>,
    /// The numbers, as a sentence.
    pub evidence: String,
    /// Why it matters.
    pub why: String,
    /// What to do.
    pub fix: String,
    /// A document or a field to add, where the fix is mechanical; null elsewhere.
    pub patch: Option<String>,
    /// What a rehearsal would show if it is right.
    pub predicts: Prediction,
    /// The workloads that it would show in, as `namespace/name`; empty: none in particular.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub workloads: Vec<String>,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// It hurts somebody.
    Warning,
    /// The plan does not work, or breaks something for sure.
    Error,
}

impl Severity {
    /// As it is written: `warning`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// What a finding is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Subject {
    /// Its kind: `Deployment`, `Node`, `UpgradePlan`.
    pub kind: String,
    /// Its namespace; null where it has none.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
}

/// Where something is written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Place {
    /// The file, as it was named.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1.
    pub column: usize,
}

/// What a rehearsal would show if a finding is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Prediction {
    /// Downtime of one of the workloads, of any where none is named.
    Downtime,
    /// Fewer ready replicas than wanted for a while.
    Degraded,
    /// Errors that clients see.
    ClientErrors,
    /// Refused evictions.
    Refusals,
    /// The plan does not complete.
    Incomplete,
    /// Pods that wait for a node.
    Pending,
    /// Pods that are lost for good.
    Losses,
    /// Replicas that move twice or more.
    Churn,
    /// A time without an API server.
    Blackout,
    /// Versions that must not run together.
    Skew,
    /// Nothing that a rehearsal measures.
    Nothing,
}

/// Whether a rehearsal bears a finding out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Rehearsed {
    /// It showed what the finding predicts.
    Confirmed,
    /// It did not.
    NotConfirmed,
    /// It cannot tell.
    CannotTell,
}
