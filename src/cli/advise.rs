//! What would help a plan: changes are tried, and what they do is measured.

use anyhow::Result;
use serde::Serialize;

use super::args::Output;
use super::interrupt::Interrupt;
use super::output::Terminal;
use super::trials::progress;
use crate::cluster::RunOptions;
use crate::model::Model;
use crate::report;
use crate::scenario::Plans;
use crate::study::advice::{self, Advice};
use crate::study::comparison::Progress;

/// So often each change is rehearsed unless something else is asked for.
pub(super) const TRIALS: u64 = 20;

/// Rehearses a plan and what could help it.
pub(super) fn advise(
    plans: &Plans,
    plan: Option<usize>,
    model: &Model,
    how: (&RunOptions, u64, usize),
    interrupt: &Interrupt,
    terminal: &Terminal,
) -> Result<Option<Advice>> {
    let bar = progress(how.1, terminal);
    let make = |changes: &[crate::model::Change]| {
        let scenario = plans.changed(plan, changes).ok().flatten()?;
        Some((scenario.model, plans.yaml(plan, changes)))
    };
    let watch = |done: Progress| {
        bar.set_length(done.of);
        bar.set_position(done.runs);
        interrupt.flow()
    };
    let advice = advice::advise(model, how, make, watch)?;
    bar.finish_and_clear();
    Ok(advice)
}

/// A report with advice.
#[derive(Serialize)]
pub(super) struct Advised<'a, R> {
    #[serde(flatten)]
    pub(super) report: &'a R,
    /// What would help; null where it was stopped before anything was tried.
    pub(super) advice: Option<&'a Advice>,
}

/// A report with its advice, in the form that is asked for; `table` is the report's table.
pub(super) fn render<R: Serialize>(
    report: &R,
    advice: Option<&Advice>,
    output: Output,
    table: &str,
    terminal: &Terminal,
) -> Result<String> {
    let advised = Advised { report, advice };
    Ok(match output {
        Output::Json => report::json::render(&advised)?,
        Output::Yaml => report::yaml::render(&advised)?,
        Output::Table | Output::Wide => {
            let advice = advice.map(|a| report::comparison::advice(a, terminal.out_style()));
            format!("{table}\n{}", advice.unwrap_or_default())
        }
    })
}
