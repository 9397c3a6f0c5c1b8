//! One run with each change that could help, on the luck of a run that is known.

use super::super::trials::{Trials, TrialsError};
use super::candidates;
use crate::cluster::{self, RunOptions};
use crate::metrics::{Metrics, Report};
use crate::model::{Change, Model};

/// A change, and the run with it.
#[derive(Clone, Debug)]
pub struct Rehearsed {
    /// The change in a few words.
    pub change: String,
    /// What has to be written.
    pub yaml: String,
    /// What the run showed.
    pub report: Report,
}

/// Plays the run of these options once with each candidate, the smallest change first.
///
/// `make` makes the model with some changes and says how they are written; `None` where they cannot be made here.
///
/// # Errors
/// When there are no threads to be had.
pub fn rehearse<M>(model: &Model, options: &RunOptions, mut make: M) -> Result<Vec<Rehearsed>, TrialsError>
where
    M: FnMut(&[Change]) -> Option<(Model, String)>,
{
    let this = options.trial..options.trial.saturating_add(1);
    let study = Trials::new(model, 1).options(options.clone()).numbers(this).run()?;
    let Some(seen) = study.report() else {
        return Ok(Vec::new());
    };
    let mut all = Vec::new();
    for candidate in candidates(model, &seen) {
        if let Some((changed, yaml)) = make(&candidate.changes) {
            let preamble = cluster::preamble(&changed, options);
            let mut metrics = Metrics::new(&preamble);
            let cost = cluster::run(&changed, options, &mut metrics);
            all.push(Rehearsed {
                change: candidate.title,
                yaml,
                report: metrics.finish(cost.end),
            });
        }
    }
    Ok(all)
}
