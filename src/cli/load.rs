//! Scenarios from files, directories and stdin.

use std::error::Error;
use std::io::{self, ErrorKind};
use std::path::PathBuf;

use super::Exit;
use super::output::Terminal;
use crate::model::Model;
use crate::scenario::presets::UpgradePlan;
use crate::scenario::{self, LoadError, Plans, ReadError, Scenario, Source};

/// Reads and checks a scenario.
///
/// # Errors
/// The exit code, when it cannot be read or is wrong. What is wrong has been said then.
pub(super) fn load(paths: &[PathBuf], terminal: &Terminal) -> Result<Scenario, Exit> {
    let scenario = read(paths, terminal)?;
    told(&scenario, terminal);
    Ok(scenario)
}

/// Reads and checks a cluster that a plan is still wanted for.
///
/// # Errors
/// As [`load`].
pub(super) fn cluster(paths: &[PathBuf], terminal: &Terminal) -> Result<Model, Exit> {
    read(paths, terminal).map(|scenario| scenario.model)
}

fn read(paths: &[PathBuf], terminal: &Terminal) -> Result<Scenario, Exit> {
    let mut stdin = io::stdin().lock();
    let inputs = scenario::inputs_of(paths, &mut stdin).map_err(LoadError::from);
    inputs
        .and_then(scenario::load_inputs)
        .map_err(|error| said(&error, terminal))
}

/// Reads and checks a cluster; one without a plan gets the plan that leaves everything as it is by default.
///
/// # Errors
/// As [`load`].
pub(super) fn with_plan(paths: &[PathBuf], terminal: &Terminal) -> Result<Scenario, Exit> {
    let mut stdin = io::stdin().lock();
    let default = Source::new("(default plan)", DEFAULT_PLAN);
    let inputs = scenario::inputs_of(paths, &mut stdin).map_err(LoadError::from);
    let read = inputs.and_then(|inputs| scenario::load_inputs_or(inputs, &default));
    let (scenario, planned) = read.map_err(|error| said(&error, terminal))?;
    if !planned {
        terminal.note("there is no UpgradePlan: one by one, with the defaults");
    }
    for note in &scenario.notes {
        terminal.note(note);
    }
    Ok(scenario)
}

/// Reads a scenario's plan and writes down every figure of it.
///
/// # Errors
/// As [`load`].
pub(super) fn expanded(paths: &[PathBuf], preset: Option<&str>, terminal: &Terminal) -> Result<UpgradePlan, Exit> {
    let mut stdin = io::stdin().lock();
    let inputs = if paths.is_empty() {
        Ok(Vec::new())
    } else {
        scenario::inputs_of(paths, &mut stdin).map_err(LoadError::from)
    };
    let plan = inputs.and_then(|inputs| scenario::expand(inputs, preset));
    plan.map_err(|error| said(&error, terminal))
}

/// The plan of a cluster that has none.
const DEFAULT_PLAN: &str =
    "apiVersion: seatrial.dev/v1alpha1\nkind: UpgradePlan\nmetadata: {name: one-by-one}\nspec: {}\n";

/// Reads a cluster and any number of plans for it.
///
/// # Errors
/// As [`load`].
pub(super) fn plans(cluster: &[PathBuf], plans: &[PathBuf], terminal: &Terminal) -> Result<Plans, Exit> {
    let (mut stdin, mut nothing) = (io::stdin().lock(), io::empty());
    let mut read = || -> Result<Plans, LoadError> {
        let cluster = scenario::inputs_of(cluster, &mut stdin)?;
        Plans::read(cluster, scenario::inputs_of(plans, &mut nothing)?)
    };
    read().map_err(|error| said(&error, terminal))
}

/// Reads and checks a scenario that is going to be changed.
///
/// # Errors
/// As [`load`].
pub(super) fn changeable(paths: &[PathBuf], terminal: &Terminal) -> Result<(Plans, Scenario), Exit> {
    let plans = plans(paths, &[], terminal)?;
    let scenario = plans.only().map_err(|error| said(&error.into(), terminal))?;
    told(&scenario, terminal);
    Ok((plans, scenario))
}

fn told(scenario: &Scenario, terminal: &Terminal) {
    for note in &scenario.notes {
        terminal.note(note);
    }
    if scenario.nothing_to_do() {
        terminal.note("there is neither an UpgradePlan nor a fault: nothing will happen");
    }
}

/// Says what is wrong.
pub(super) fn said(error: &LoadError, terminal: &Terminal) -> Exit {
    match error {
        LoadError::Read(error) => {
            terminal.error(&error.to_string());
            exit_of(error)
        }
        LoadError::Wrong(diagnostics) => {
            terminal.say(&diagnostics.render(terminal.err_style().color));
            Exit::Usage
        }
    }
}

/// A file that is not there was named wrongly; one that cannot be read is somebody else's trouble.
fn exit_of(error: &ReadError) -> Exit {
    let io = error.source().and_then(|e| e.downcast_ref::<io::Error>());
    match io.map(io::Error::kind) {
        Some(ErrorKind::NotFound | ErrorKind::InvalidInput | ErrorKind::NotADirectory) => Exit::Usage,
        _ => Exit::Failure,
    }
}
