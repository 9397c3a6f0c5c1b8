//! What can be said of a plan and a cluster without running anything: rules, each a pure function over the model.
//!
//! ```text
//! Model ─▶ Desk ─▶ rules ─▶ findings ─▶ (without what `seatrial.dev/ignore` suppresses) ─▶ Model::findings
//! ```
//!
//! A rule is a row in `rules.yaml` (severity, why, fix, source) and a function in `checks/`. A finding says what a rehearsal
//! would show if it is right, so that a run can say whether it was.

mod checks;
mod desk;
mod found;
mod report;
mod rules;

pub use found::Ignored;
pub use report::LintReport;
pub use rules::{Rule, rule, rules};

use desk::Desk;
use found::Found;

pub use crate::model::{Finding, Place, Prediction, Rehearsed, Severity, Subject};

use crate::model::Model;
use crate::versions::releases::ApiUse;

/// All findings, the worst first, then by rule and object; without those that annotations suppress. Where objects are
/// written is not known here.
#[must_use]
pub fn lint(model: &Model, ignored: &Ignored, ending_apis: &[ApiUse]) -> Vec<Finding> {
    let desk = Desk::new(model, ending_apis);
    let mut found = Found::new(model, ignored);
    for (id, check) in checks::ALL.iter().copied().flatten() {
        if let Some(rule) = rule(id) {
            found.by(rule);
            check(&desk, &mut found);
        }
    }
    found.finish()
}
