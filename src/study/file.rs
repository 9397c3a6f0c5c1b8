//! Studies as text, so that trials can be made in several places and merged.

use super::gather::Study;
use crate::metrics::Report;

/// A text that is no study.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StudyError {
    /// It is no JSON of this kind.
    #[error("expected a study that `--save` wrote: {0}")]
    Json(#[from] serde_json::Error),
    /// It is of another kind, or of another version of the format.
    #[error(
        "expected kind {} of {}, found {kind} of {api_version}",
        Study::KIND,
        Report::API_VERSION
    )]
    Kind {
        /// What it says that it is.
        kind: String,
        /// Of which version.
        api_version: String,
    },
    /// Its numbers do not fit together.
    #[error("its numbers do not fit together: it was changed, or cut off")]
    Unsound,
}

impl Study {
    /// The study as JSON in one line.
    ///
    /// # Errors
    /// Never for a study that came from trials: its numbers are finite.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        let mut text = serde_json::to_string(self)?;
        text.push('\n');
        Ok(text)
    }

    /// Reads what [`Study::to_json`] wrote.
    ///
    /// # Errors
    /// When it is something else, or was changed so that its numbers do not fit together.
    pub fn from_json(text: &str) -> Result<Self, StudyError> {
        let study: Self = serde_json::from_str(text)?;
        if study.kind != Self::KIND || study.api_version != Report::API_VERSION {
            return Err(StudyError::Kind {
                kind: study.kind,
                api_version: study.api_version,
            });
        }
        if study.is_sound() {
            Ok(study)
        } else {
            Err(StudyError::Unsound)
        }
    }
}
