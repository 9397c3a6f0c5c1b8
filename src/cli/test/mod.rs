//! `seatrial test`: scenarios are held against what they expect.

mod find;
mod play;

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result};
use rayon::iter::{IntoParallelIterator, IntoParallelRefIterator, ParallelBridge, ParallelIterator};

use super::args::{Output, TestArgs};
use super::interrupt::Interrupt;
use super::output::Terminal;
use super::{Exit, file, reports};
use crate::expect::suite::{Outcome, TestReport, Tested};
use crate::report;
pub(super) use find::{Shard, shard};
use play::{How, Loaded};

/// Tests scenarios.
pub(super) fn run(args: &TestArgs, program: &'static str, terminal: &Terminal) -> Result<Exit> {
    if let Err(wrong) = reports::suite::check(&args.report) {
        terminal.error(&wrong);
        return Ok(Exit::Usage);
    }
    let how = How {
        program,
        with: args.with.clone(),
        smoke: args.smoke,
        seed: args.seed,
        trials: args.trials,
    };
    let paths = match wanted(args) {
        Ok(paths) => paths,
        Err(wrong) => {
            terminal.error(&wrong);
            return Ok(Exit::Usage);
        }
    };
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(args.threads.map_or(0, usize::from))
        .build()
        .context("cannot start threads")?;
    let loaded: Vec<Loaded> = pool.install(|| paths.into_par_iter().map(|path| play::load(path, &how)).collect());
    if args.list {
        return list(&loaded, terminal);
    }
    let interrupt = Interrupt::listen().context("cannot listen for Ctrl-C")?;
    if args.update_baseline {
        return update(&loaded, &how, &pool, terminal);
    }
    let (tested, not_run) = pool.install(|| all(&loaded, &how, args, &interrupt, terminal))?;
    if let Some(exit) = interrupt.asked() {
        terminal.note("stopped: nothing is said of the other scenarios");
        return Ok(exit);
    }
    let report = TestReport::new(args.seed, tested, not_run);
    reports::suite::write(&args.report, &report, terminal)?;
    match args.output {
        Output::Table | Output::Wide => terminal.result(&report::suite::end(&report, terminal.out_style()))?,
        Output::Json => terminal.result(&report::json::render(&report)?)?,
        Output::Yaml => terminal.result(&report::yaml::render(&report)?)?,
    }
    Ok(exit(&report))
}

/// The worst that is known of any scenario.
const fn exit(report: &TestReport) -> Exit {
    let counts = &report.counts;
    if counts.invalid > 0 {
        Exit::Usage
    } else if counts.failed > 0 {
        Exit::Violated
    } else if counts.open > 0 {
        Exit::Inconclusive
    } else {
        Exit::Ok
    }
}

/// The scenarios that are to be tested.
fn wanted(args: &TestArgs) -> Result<Vec<PathBuf>, String> {
    if args.paths.iter().chain(&args.with).any(|path| path.as_os_str() == "-") {
        return Err("scenarios are read from files: standard input can be read only once".into());
    }
    let all =
        find::scenarios(&args.paths).map_err(|(path, error)| format!("cannot read {}: {error}", path.display()))?;
    if all.is_empty() {
        return Err("there is no scenario: expected *.yaml, *.yml or *.json files".into());
    }
    let fits = |path: &PathBuf| {
        let name = path.to_string_lossy();
        args.filter.is_empty() || args.filter.iter().any(|part| name.contains(part.as_str()))
    };
    let mut found: Vec<PathBuf> = all.into_iter().filter(fits).collect();
    if found.is_empty() {
        return Err(format!("no scenario has {} in its name", args.filter.join(" or ")));
    }
    if let Some(shard) = args.shard {
        let mut n = 0..;
        found.retain(|_| n.next().is_some_and(|n| shard.has(n)));
    }
    Ok(found)
}

/// Lists scenarios and what they expect.
fn list(loaded: &[Loaded], terminal: &Terminal) -> Result<Exit> {
    let mut out = String::new();
    let mut exit = Exit::Ok;
    for Loaded { path, scenario } in loaded {
        out += &format!("{}\n", path.display());
        match scenario {
            Ok(scenario) => {
                let words = scenario
                    .expectations
                    .list
                    .iter()
                    .map(|e| format!("    {}\n", e.words()));
                out.extend(words);
            }
            Err(problem) => {
                terminal.error(&format!("{}: {}", path.display(), problem.text.trim_end()));
                exit = Exit::Usage;
            }
        }
    }
    terminal.result(&out)?;
    Ok(exit)
}

/// Writes the baselines of all scenarios, or of none where one cannot be made.
fn update(loaded: &[Loaded], how: &How, pool: &rayon::ThreadPool, terminal: &Terminal) -> Result<Exit> {
    let made: Result<Vec<_>, String> = pool.install(|| loaded.par_iter().map(|l| l.new_baseline(how)).collect());
    let wrong = loaded
        .iter()
        .filter_map(|l| Some((&l.path, l.scenario.as_ref().err()?)));
    let mut wrong: Vec<String> = wrong
        .map(|(path, problem)| format!("{}: {}", path.display(), problem.text.trim_end()))
        .collect();
    let made = made.unwrap_or_else(|error| {
        wrong.push(error);
        Vec::new()
    });
    if !wrong.is_empty() {
        wrong.iter().for_each(|text| terminal.error(text));
        return Ok(Exit::Usage);
    }
    for (path, text) in made.into_iter().flatten() {
        let before = std::fs::read_to_string(&path).ok();
        let word = match before {
            Some(before) if before == text => "unchanged",
            Some(_) => "updated",
            None => "written",
        };
        if word != "unchanged" {
            file::write(&path, &text)?;
        }
        terminal.result(&format!("{word:>12} {}\n", path.display()))?;
    }
    Ok(Exit::Ok)
}

/// Tests all scenarios, those with the most work first, and prints what became of each in the order of their names.
fn all(
    loaded: &[Loaded],
    how: &How,
    args: &TestArgs,
    interrupt: &Interrupt,
    terminal: &Terminal,
) -> Result<(Vec<Tested>, usize)> {
    let mut order: Vec<usize> = (0..loaded.len()).collect();
    order.sort_by_key(|i| (std::cmp::Reverse(loaded[*i].weight(how)), *i));
    // With --fail-fast: the first scenario, in the order of names, that is known to fail. Those before it are still played, so
    // that the same one is found however many threads there are.
    let stop = AtomicUsize::new(usize::MAX);
    let board = Mutex::new(Board::new(loaded.len(), args, terminal));
    let played = order.into_iter().par_bridge().try_for_each(|i| -> Result<()> {
        if i > stop.load(Ordering::Relaxed) || interrupt.asked().is_some() {
            return Ok(());
        }
        let tested = loaded[i].test(how);
        let bad = tested.cases().iter().any(|c| c.outcome != Outcome::Pass);
        if bad && args.fail_fast {
            stop.fetch_min(i, Ordering::Relaxed);
        }
        board.lock().unwrap_or_else(PoisonError::into_inner).put(i, tested)
    });
    played?;
    let board = board.into_inner().unwrap_or_else(PoisonError::into_inner);
    let last = stop.into_inner();
    let tested = board.slots.into_iter().enumerate();
    let tested: Vec<Tested> = tested.filter(|(i, _)| *i <= last).filter_map(|(_, t)| t).collect();
    let not_run = loaded.len() - tested.len();
    Ok((tested, not_run))
}

/// Where results are handed in, and from where they are printed in order.
struct Board<'a> {
    slots: Vec<Option<Tested>>,
    printed: usize,
    stopped: bool,
    args: &'a TestArgs,
    terminal: &'a Terminal,
}

impl<'a> Board<'a> {
    fn new(scenarios: usize, args: &'a TestArgs, terminal: &'a Terminal) -> Self {
        Self {
            slots: vec![None; scenarios],
            printed: 0,
            stopped: false,
            args,
            terminal,
        }
    }

    fn put(&mut self, at: usize, tested: Tested) -> Result<()> {
        if let Some(slot) = self.slots.get_mut(at) {
            *slot = Some(tested);
        }
        while let Some(Some(tested)) = self.slots.get(self.printed) {
            let bad = tested.cases().iter().any(|c| c.outcome != Outcome::Pass);
            if matches!(self.args.output, Output::Table | Output::Wide) && !self.stopped {
                let wide = self.args.output == Output::Wide;
                let some = self.terminal.is_quiet();
                let lines = report::suite::lines(tested, self.terminal.out_style(), (wide, some));
                self.terminal.result(&lines)?;
            }
            self.stopped |= bad && self.args.fail_fast;
            self.printed += 1;
        }
        Ok(())
    }
}
