//! What the linter found: for people, for programs, and for the systems that run it.

pub mod formats;
pub mod page;
pub mod sarif;
mod text;

use serde::Serialize;

use crate::lint::{Counts, Finding};

pub use text::{explain, render};

/// What the linter found, as JSON has it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Findings<'a> {
    api_version: &'static str,
    kind: &'static str,
    /// The plan's name; null where there is none.
    plan: Option<&'a str>,
    engine_version: &'static str,
    counts: Counts,
    findings: &'a [Finding],
}

impl<'a> Findings<'a> {
    /// Findings about a plan and its cluster.
    #[must_use]
    pub fn new(plan: Option<&'a str>, findings: &'a [Finding]) -> Self {
        Self {
            api_version: "seatrial.dev/v1alpha1",
            kind: "LintReport",
            plan,
            engine_version: env!("CARGO_PKG_VERSION"),
            counts: Counts::of(findings),
            findings,
        }
    }
}
