//! Documents in, a checked [`Model`] out, or everything that is wrong with them.
//!
//! ```text
//! bytes ─▶ chunks ─▶ trees with positions ─▶ documents ─▶ Model
//!          (text/)                          (objects/, own/)  (build/)
//! ```
//!
//! Kubernetes objects are read leniently, as dumps hold more than is needed; own kinds strictly, as a slip in a plan
//! must not go unnoticed.

mod build;
mod diagnostic;
mod files;
mod intake;
mod limits;
mod nearest;
mod objects;
mod own;
mod text;

pub use diagnostic::{Diagnostic, Diagnostics};
pub use files::{ReadError, sources_of};
pub use own::{OWN_KINDS, schema};

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

    /// The name as diagnostics show it.
    fn shown_name(&self) -> &str {
        match self.name.as_str() {
            "-" => "<stdin>",
            name => name,
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
}

impl Scenario {
    /// Whether there is neither a plan nor a fault nor anything that is created later, so that a run would show a quiet cluster.
    #[must_use]
    pub fn nothing_to_do(&self) -> bool {
        let later = self.model.workloads.iter().any(|w| !w.arrivals.is_empty());
        self.model.plan.is_none() && self.model.faults.is_empty() && !later
    }
}

/// Reads all documents of all sources as one scenario.
///
/// # Errors
/// Everything that is wrong with the documents, with positions.
pub fn load(sources: &[Source]) -> Result<Scenario, Diagnostics> {
    let (mut documents, mut problems) = intake::read(sources);
    let ending_apis = std::mem::take(&mut documents.ending_apis).into_values().collect();
    if documents.is_empty() {
        return Err(problems.finish(sources));
    }
    let (model, notes) = build::build(&documents, &mut problems);
    if problems.is_empty() {
        Ok(Scenario {
            model,
            notes,
            ending_apis,
        })
    } else {
        Err(problems.finish(sources))
    }
}
