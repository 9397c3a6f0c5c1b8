//! Scenarios from files, directories and stdin.

use std::error::Error;
use std::io::{self, ErrorKind};
use std::path::PathBuf;

use super::Exit;
use super::output::Terminal;
use crate::model::Model;
use crate::scenario::{self, LoadError, ReadError};

pub(super) use crate::scenario::{OWN_KINDS, schema};

/// Reads and checks a scenario.
///
/// # Errors
/// The exit code, when it cannot be read or is wrong. What is wrong has been said then.
pub(super) fn load(paths: &[PathBuf], terminal: &Terminal) -> Result<Model, Exit> {
    let mut stdin = io::stdin().lock();
    let inputs = scenario::inputs_of(paths, &mut stdin).map_err(LoadError::from);
    let scenario = inputs.and_then(scenario::load_inputs).map_err(|error| match error {
        LoadError::Read(error) => {
            terminal.error(&error.to_string());
            exit_of(&error)
        }
        LoadError::Wrong(diagnostics) => {
            terminal.say(&diagnostics.render(terminal.err_style().color));
            Exit::Usage
        }
    })?;
    for note in &scenario.notes {
        terminal.note(note);
    }
    if scenario.nothing_to_do() {
        terminal.note("there is neither an UpgradePlan nor a fault: nothing will happen");
    }
    Ok(scenario.model)
}

/// A file that is not there was named wrongly; one that cannot be read is somebody else's trouble.
fn exit_of(error: &ReadError) -> Exit {
    let io = error.source().and_then(|e| e.downcast_ref::<io::Error>());
    match io.map(io::Error::kind) {
        Some(ErrorKind::NotFound | ErrorKind::InvalidInput | ErrorKind::NotADirectory) => Exit::Usage,
        _ => Exit::Failure,
    }
}
