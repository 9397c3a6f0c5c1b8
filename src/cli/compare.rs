//! `seatrial compare`: plans and presets on one cluster, on the same luck.

mod side_by_side;

use std::collections::BTreeSet;

use anyhow::{Context, Result};

use super::args::{CompareArgs, Output};
use super::interrupt::Interrupt;
use super::output::Terminal;
use super::reports::comparison::{Kind, Wanted};
use super::trials::progress;
use super::{Exit, advise, file, load, preset};
use crate::cluster::RunOptions;
use crate::model::Model;
use crate::report;
use crate::scenario::{Diagnostics, LoadError, Plans, presets};
use crate::study::comparison::{Comparison, Given, Origin, compare};
use crate::units::Time;

/// Compares and prints what that showed.
pub(super) fn run(args: &CompareArgs, terminal: &Terminal) -> Result<Exit> {
    let lineup = match Lineup::new(args, terminal) {
        Ok(lineup) => lineup,
        Err(exit) => return Ok(exit),
    };
    if let Err(wrong) = side_by_side::check(args, &lineup) {
        return Ok(usage(terminal, &wrong));
    }
    let options = RunOptions {
        seed: args.seed,
        until: args.until.map(|span| Time::ZERO + span),
        ..RunOptions::default()
    };
    let threads = args.threads.map_or(0, usize::from);
    let interrupt = Interrupt::listen().context("cannot listen for Ctrl-C")?;
    let given = lineup.given();
    let runs = args
        .trials
        .saturating_mul(given.iter().filter(|g| g.2.is_ok()).count() as u64);
    terminal.detail(&format!("up to {} trials of each strategy", args.trials));
    let bar = progress(runs, terminal);
    let watch = |done: crate::study::comparison::Progress| {
        bar.set_position(done.runs);
        interrupt.flow()
    };
    let mut comparison = compare(&given, (&options, args.trials, threads), args.against.as_deref(), watch)?;
    bar.finish_and_clear();
    if interrupt.asked().is_none() && !args.no_advice {
        comparison.advice = lineup.advice(&comparison, &options, threads, &interrupt, terminal)?;
    }
    write(&comparison, args, &lineup, &options)?;
    print(&comparison, args, terminal)?;
    Ok(interrupt.asked().unwrap_or(Exit::Ok))
}

/// Writes the reports that are wanted in files.
fn write(comparison: &Comparison, args: &CompareArgs, lineup: &Lineup, options: &RunOptions) -> Result<()> {
    for Wanted { kind, path } in &args.report {
        let text = match kind {
            Kind::Md => report::comparison::markdown(comparison),
            Kind::Svg => report::comparison::svg(comparison),
            Kind::Html => side_by_side::page(comparison, args, lineup, options)?,
        };
        file::write(path, &text)?;
    }
    Ok(())
}

fn print(comparison: &Comparison, args: &CompareArgs, terminal: &Terminal) -> Result<()> {
    let text = match args.output {
        Output::Table => report::comparison::table(comparison, terminal.out_style(), false),
        Output::Wide => report::comparison::table(comparison, terminal.out_style(), true),
        Output::Json => report::json::render(comparison)?,
        Output::Yaml => report::yaml::render(comparison)?,
    };
    terminal.result(&text)?;
    Ok(())
}

/// A strategy: its name, where it is from, its number among the plans, and its model or why there is none.
type Place = (String, Origin, usize, Result<Model, String>);

/// Who takes part.
struct Lineup {
    plans: Plans,
    places: Vec<Place>,
}

impl Lineup {
    fn new(args: &CompareArgs, terminal: &Terminal) -> Result<Self, Exit> {
        let presets = names(&args.preset).map_err(|wrong| usage(terminal, &wrong))?;
        let mut plans = load::plans(&args.scenario, &args.plan, terminal)?;
        let wrong = |error: Diagnostics| load::said(&LoadError::Wrong(error), terminal);
        if let Some(target) = &args.to {
            plans.aim(target).map_err(wrong)?;
        }
        let own = plans.names();
        if own.is_empty() && presets.is_empty() {
            let text = "there is nothing to compare: give a plan in the scenario, --plan FILE or --preset all";
            return Err(usage(terminal, text));
        }
        let mut notes = BTreeSet::new();
        let mut lineup = Self {
            places: Vec::new(),
            plans,
        };
        if own.is_empty() {
            // What is wrong with the cluster is said once, not for each preset.
            lineup.plans.scenario(None).map_err(wrong)?;
        }
        for (at, name) in own.into_iter().enumerate() {
            let scenario = lineup.plans.scenario(Some(at)).map_err(wrong)?;
            notes.extend(scenario.notes);
            let name = lineup.free(name);
            lineup.places.push((name, Origin::Plan, at, Ok(scenario.model)));
        }
        for name in presets {
            let Some(at) = lineup.plans.add_preset(name) else {
                continue;
            };
            let made = lineup.plans.scenario(Some(at));
            let model = made.map(|scenario| {
                notes.extend(scenario.notes);
                scenario.model
            });
            let name = lineup.free(name.to_owned());
            lineup
                .places
                .push((name, Origin::Preset, at, model.map_err(|e| first(&e))));
        }
        if let Some(name) = &args.against
            && !lineup.places.iter().any(|place| place.0 == *name)
        {
            return Err(usage(terminal, &format!("--against {name}: no strategy has this name")));
        }
        notes.iter().for_each(|note| terminal.note(note));
        Ok(lineup)
    }

    /// The name, or the name with a number where another one has it already.
    fn free(&self, name: String) -> String {
        let taken = |name: &str| self.places.iter().any(|place| place.0 == name);
        if !taken(&name) {
            return name;
        }
        let mut numbered = (2..).map(|n| format!("{name} ({n})"));
        numbered.find(|name| !taken(name)).unwrap_or(name)
    }

    fn given(&self) -> Vec<Given<'_>> {
        let mut given = Vec::new();
        for (name, origin, _, model) in &self.places {
            given.push((name.clone(), *origin, model.as_ref().map_err(Clone::clone)));
        }
        given
    }

    /// What helps the first plan of the input, or where there is none the strategy that the others are held against.
    fn advice(
        &self,
        comparison: &Comparison,
        options: &RunOptions,
        threads: usize,
        interrupt: &Interrupt,
        terminal: &Terminal,
    ) -> Result<Option<crate::study::advice::Advice>> {
        let name = comparison.against.as_deref();
        let own = self.places.iter().find(|place| place.1 == Origin::Plan);
        let place = own.or_else(|| self.places.iter().find(|place| Some(place.0.as_str()) == name));
        let Some((_, _, at, Ok(model))) = place else {
            return Ok(None);
        };
        let trials = comparison.trials.min(advise::TRIALS);
        advise::advise(
            &self.plans,
            Some(*at),
            model,
            (options, trials, threads),
            interrupt,
            terminal,
        )
    }
}

/// The presets that are asked for, each once.
fn names(asked: &[String]) -> Result<Vec<&'static str>, String> {
    let mut found = Vec::new();
    for name in asked {
        if name == "all" {
            found.extend(presets::names());
        } else if let Some(known) = presets::names().find(|known| known == name) {
            found.push(known);
        } else {
            return Err(preset::unknown(name).unwrap_or_default());
        }
    }
    let mut seen = BTreeSet::new();
    found.retain(|name| seen.insert(*name));
    Ok(found)
}

fn usage(terminal: &Terminal, text: &str) -> Exit {
    terminal.error(text);
    Exit::Usage
}

/// The first thing that is wrong, in one line.
fn first(wrong: &Diagnostics) -> String {
    wrong
        .iter()
        .next()
        .map_or_else(|| "the plan is wrong".into(), |d| d.message().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presets_are_taken_once() {
        let asked = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<Vec<String>>();
        assert_eq!(names(&asked(&["kops", "kops"])), Ok(vec!["kops"]));
        let all = names(&asked(&["kops", "all"])).unwrap();
        assert_eq!((all[0], all.len()), ("kops", presets::names().count()));
        assert!(names(&asked(&["kopps"])).unwrap_err().contains("kops"));
    }
}
