//! Documents in, a checked [`Model`] out, or everything that is wrong with them.
//!
//! ```text
//! bytes ─▶ a window that moves over them ─▶ trees with positions ─▶ documents ─▶ Model
//!          (text/)                                               (objects/, own/)  (build/)
//! ```
//!
//! Kubernetes objects are read leniently, as dumps hold more than is needed; own kinds strictly, as a slip in a plan
//! must not go unnoticed.

mod build;
mod diagnostic;
mod files;
mod intake;
mod limits;
mod lint;
pub(crate) mod nearest;
mod objects;
mod own;
mod plans;
pub mod presets;
mod reading;
pub mod starter;
mod text;

pub use diagnostic::{Diagnostic, Diagnostics};
pub use files::{Input, ReadError, inputs_of};
pub use lint::{Linted, lint_inputs};
pub use own::{OWN_KINDS, scenario_schema, schema};
pub use plans::Plans;

#[cfg(feature = "cli")]
pub(crate) use nearest::did_you_mean;

use crate::expect::Expectations;
use crate::model::Model;
use crate::versions::releases::ApiUse;

/// A text with documents.
#[derive(Clone, Debug)]
pub struct Source {
    /// What diagnostics call it; `-` is shown as `<stdin>`.
    pub name: String,
    /// YAML (one or several documents) or JSON.
    pub text: Vec<u8>,
}

impl Source {
    /// A text and its name.
    pub fn new(name: impl Into<String>, text: impl Into<Vec<u8>>) -> Self {
        Self {
            name: name.into(),
            text: text.into(),
        }
    }
}

/// What documents mean.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// The checked model.
    pub model: Model,
    /// What a person may want to know about the input, as sentences for standard error.
    pub notes: Vec<String>,
    /// Objects in APIs that some release stops serving.
    pub ending_apis: Vec<ApiUse>,
    /// What is expected of it.
    pub expectations: Expectations,
}

impl Scenario {
    /// Whether there is neither a plan nor a fault nor anything that is created later, so that a run would show a quiet cluster.
    #[must_use]
    pub fn nothing_to_do(&self) -> bool {
        let later = self.model.workloads.iter().any(|w| !w.arrivals.is_empty());
        self.model.plan.is_none() && self.model.faults.is_empty() && !later
    }
}

/// Why there is no scenario.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A source cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The documents are wrong.
    #[error(transparent)]
    Wrong(#[from] Diagnostics),
}

/// Reads all documents of all texts as one scenario.
///
/// # Errors
/// Everything that is wrong with the documents, with positions.
pub fn load(sources: &[Source]) -> Result<Scenario, Diagnostics> {
    let mut intake = intake::Intake::default();
    for (file, source) in sources.iter().enumerate() {
        // A text in memory can always be read.
        let _ = intake.read(&source.name, &mut source.text.as_slice(), file);
    }
    finish(intake)
}

/// Reads all documents of all sources as one scenario. JSON lists, such as `kubectl get -o json` gives, are read item by
/// item: what has been dealt with is let go, so that memory is that of the model, not that of the text.
///
/// # Errors
/// Where a source cannot be read; otherwise everything that is wrong with the documents, with positions.
pub fn load_inputs(inputs: Vec<Input<'_>>) -> Result<Scenario, LoadError> {
    Ok(finish(taken_in(inputs)?)?)
}

/// The same; input without an `UpgradePlan` is read as if `plan` stood at its end. Whether it had one of its own.
///
/// # Errors
/// As [`load_inputs`].
pub fn load_inputs_or(inputs: Vec<Input<'_>>, plan: &Source) -> Result<(Scenario, bool), LoadError> {
    let file = inputs.len();
    let mut intake = taken_in(inputs)?;
    let planned = intake.is_planned();
    if !planned {
        // A text in memory can always be read.
        let _ = intake.read(&plan.name, &mut plan.text.as_slice(), file);
    }
    Ok((finish(intake)?, planned))
}

/// The plan of the input with every figure written down: an UpgradePlan whose run is the same. With a preset it is upgraded
/// as that one does it, whatever the plan says of drains and batches; its versions and pools stay. Input without a plan, or
/// none at all, has one that leaves everything as it is by default.
///
/// # Errors
/// As [`load_inputs`], as far as documents can be wrong by themselves.
pub fn expand(inputs: Vec<Input<'_>>, preset: Option<&str>) -> Result<presets::UpgradePlan, LoadError> {
    let nothing = inputs.is_empty();
    let mut intake = taken_in(inputs)?;
    intake.one_plan();
    let taken = intake.finish();
    if !taken.problems.is_empty() && !nothing {
        return Err(taken.problems.finish(&taken.texts).into());
    }
    Ok(presets::expanded(taken.documents.plans.first(), preset))
}

fn taken_in(inputs: Vec<Input<'_>>) -> Result<intake::Intake, ReadError> {
    let mut intake = intake::Intake::default();
    for (file, input) in inputs.into_iter().enumerate() {
        let name = input.name.clone();
        let mut from = input.open().map_err(|error| ReadError::new(name.as_str(), error))?;
        let read = intake.read(&name, &mut from, file);
        read.map_err(|error| ReadError::new(name, error))?;
    }
    Ok(intake)
}

fn finish(mut intake: intake::Intake) -> Result<Scenario, Diagnostics> {
    intake.one_plan();
    let mut taken = intake.finish();
    if taken.documents.is_empty() {
        return Err(taken.problems.finish(&taken.texts));
    }
    let built = build::build(&taken.documents, taken.documents.plans.first(), &mut taken.problems);
    if taken.problems.is_empty() {
        let ending_apis = taken.documents.ending_apis.values().cloned().collect();
        let mut scenario = built.scenario(&taken.texts, ending_apis);
        lint::foresee(&mut scenario.model, &taken.documents, taken.documents.plans.first());
        Ok(scenario)
    } else {
        Err(taken.problems.finish(&taken.texts))
    }
}
