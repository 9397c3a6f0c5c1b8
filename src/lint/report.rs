//! All findings, counted.

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::{Finding, Severity};

/// All findings of a scenario.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LintReport {
    /// `seatrial.dev/v1alpha1`
    pub api_version: String,
    /// `LintReport`
    pub kind: String,
    /// The version of seatrial that looked.
    pub engine_version: String,
    /// How many of them are errors.
    pub errors: usize,
    /// How many are warnings.
    pub warnings: usize,
    /// How many are notes.
    pub notes: usize,
    /// The worst first, then by rule and object.
    pub findings: Vec<Finding>,
}

impl LintReport {
    /// `kind`
    pub const KIND: &str = "LintReport";

    /// A report of these findings.
    #[must_use]
    pub fn new(findings: Vec<Finding>) -> Self {
        let count = |severity| findings.iter().filter(|f| f.severity == severity).count();
        Self {
            api_version: "seatrial.dev/v1alpha1".into(),
            kind: Self::KIND.into(),
            engine_version: env!("CARGO_PKG_VERSION").into(),
            errors: count(Severity::Error),
            warnings: count(Severity::Warning),
            notes: count(Severity::Note),
            findings,
        }
    }

    /// How bad the worst one is.
    #[must_use]
    pub fn worst(&self) -> Option<Severity> {
        self.findings.iter().map(|f| f.severity).max()
    }
}
