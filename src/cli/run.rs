//! `seatrial run`: one plan, once; many times in `trials`.

use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::args::{Output, RunArgs};
use super::interrupt::Interrupt;
use super::output::Terminal;
use super::{Exit, advise, expected, file, load, reports, trials};
use crate::cluster::{self, RunOptions};
use crate::expect::{Expectations, Judgement, Observation, Tally};
use crate::ids::FactId;
use crate::metrics::{Metrics, Report};
use crate::report;
use crate::report::narrate::Depth;
use crate::scenario::{Plans, Scenario};
use crate::trace::{Fact, Observer, PlanStatus, Preamble, Record, TraceWriter};
use crate::units::{Span, Time};

/// Runs a plan and prints the report.
pub(super) fn run(args: &RunArgs, program: &'static str, terminal: &Terminal) -> Result<Exit> {
    let many = args.trials.trials.is_some() || args.trials.until_ci.is_some();
    if let Err(wrong) = reports::check(&args.report, many) {
        terminal.error(&wrong);
        return Ok(Exit::Usage);
    }
    let (plans, scenario) = match loaded(args, terminal) {
        Ok(loaded) => loaded,
        Err(exit) => return Ok(exit),
    };
    let options = options(args);
    if many {
        return trials::run(args, (&scenario, plans.as_ref()), &options, program, terminal);
    }
    once(args, (&scenario, plans), &options, terminal)
}

/// Runs it once.
fn once(
    args: &RunArgs,
    (scenario, plans): (&Scenario, Option<Plans>),
    options: &RunOptions,
    terminal: &Terminal,
) -> Result<Exit> {
    let (model, expectations) = (&scenario.model, &scenario.expectations);
    let preamble = cluster::preamble(model, options);
    let mut trace = match &args.trace {
        Some(path) => Some(TraceFile::create(path, &preamble)?),
        None => None,
    };
    let mut watch = Watch {
        metrics: Metrics::new(&preamble),
        trace: trace.as_mut().map(|file| &mut file.writer),
        records: (args.narrate.is_some() || !args.report.is_empty()).then(Vec::new),
        end: Time::ZERO,
    };
    let cost = cluster::run(model, options, &mut watch);
    let Watch {
        metrics, records, end, ..
    } = watch;
    if let Some(file) = trace {
        file.finish()?;
    }
    terminal.detail(&format!("{} events, {} facts, {end}", cost.events, cost.facts));
    let report = metrics.finish(end);
    reports::write(&args.report, &preamble, records.as_deref().unwrap_or_default(), &report)?;
    let judgements = judged(expectations, &report, &preamble, end);
    expected::tell_undecided(expectations, 1, terminal);
    let shown = Shown {
        output: args.output,
        story: records
            .as_deref()
            .and_then(|records| Some((records, args.narrate?.into()))),
    };
    let code = expected::exit(&judgements, exit(&report));
    let Some(plans) = plans else {
        print(&report, &preamble, &shown, terminal)?;
        expected::tell(&judgements, args.output, terminal);
        return Ok(code);
    };
    tell(&preamble, &shown, terminal)?;
    let interrupt = Interrupt::listen().context("cannot listen for Ctrl-C")?;
    let how = (options, advise::TRIALS, 0);
    let advice = advise::advise(&plans, Some(0), model, how, &interrupt, terminal)?;
    let table = render(&report, args.output, terminal)?;
    terminal.result(&advise::render(
        &report,
        advice.as_ref(),
        args.output,
        &table,
        terminal,
    )?)?;
    expected::tell(&judgements, args.output, terminal);
    Ok(interrupt.asked().unwrap_or(code))
}

/// What is to be run, and its documents where changes to them will be tried.
fn loaded(args: &RunArgs, terminal: &Terminal) -> Result<(Option<Plans>, Scenario), Exit> {
    if args.advise {
        load::changeable(&args.scenario, terminal).map(|(plans, scenario)| (Some(plans), scenario))
    } else {
        load::load(&args.scenario, terminal).map(|scenario| (None, scenario))
    }
}

fn options(args: &RunArgs) -> RunOptions {
    RunOptions {
        seed: args.seed,
        trial: args.trials.trial,
        until: args.until.map(|span: Span| Time::ZERO + span),
        settle: args.settle,
        ..RunOptions::default()
    }
}

/// What a run says of what is expected.
fn judged(expectations: &Expectations, report: &Report, preamble: &Preamble, end: Time) -> Vec<Judgement> {
    let mut tally = Tally::new(expectations.decided_by(1));
    tally.add(&Observation { report, preamble, end });
    tally.judge(preamble)
}

/// Everybody who sees the facts of the run.
struct Watch<'a, 'p> {
    metrics: Metrics<'p>,
    trace: Option<&'a mut TraceWriter<'p, BufWriter<File>>>,
    records: Option<Vec<Record>>,
    end: Time,
}

impl Observer for Watch<'_, '_> {
    fn observe(&mut self, id: FactId, record: &Record) {
        self.metrics.observe(id, record);
        if let Some(trace) = &mut self.trace {
            trace.observe(id, record);
        }
        if let Some(records) = &mut self.records {
            records.observe(id, record);
        }
        if record.fact == Fact::RunEnded {
            self.end = record.at;
        }
    }
}

/// What is printed of a run.
pub(super) struct Shown<'a> {
    /// The report, in this form.
    pub(super) output: Output,
    /// The facts, told as a story, and how much of it.
    pub(super) story: Option<(&'a [Record], Depth)>,
}

/// Prints the report of a run.
pub(super) fn print(report: &Report, preamble: &Preamble, shown: &Shown, terminal: &Terminal) -> Result<()> {
    tell(preamble, shown, terminal)?;
    terminal.result(&render(report, shown.output, terminal)?)?;
    Ok(())
}

/// Tells the story of a run, where somebody wants to hear it.
fn tell(preamble: &Preamble, shown: &Shown, terminal: &Terminal) -> Result<()> {
    let Some((records, depth)) = shown.story else {
        return Ok(());
    };
    if matches!(shown.output, Output::Table | Output::Wide) {
        let story = report::narrate::render(preamble, records, depth, terminal.out_style());
        terminal.result(&format!("{story}\n"))?;
    } else {
        let story = report::narrate::render(preamble, records, depth, terminal.err_style());
        terminal.say(&story);
    }
    Ok(())
}

fn render(report: &Report, output: Output, terminal: &Terminal) -> Result<String> {
    Ok(match output {
        Output::Table => report::table::render(report, terminal.out_style(), false),
        Output::Wide => report::table::render(report, terminal.out_style(), true),
        Output::Json => report::json::render(report)?,
        Output::Yaml => report::yaml::render(report)?,
    })
}

/// The exit code that says how the upgrade ended.
pub(super) const fn exit(report: &Report) -> Exit {
    match report.outcome.status {
        PlanStatus::Completed | PlanStatus::CompletedWithSkips => Exit::Ok,
        PlanStatus::Aborted | PlanStatus::Blocked | PlanStatus::Refused => Exit::Incomplete,
        PlanStatus::Inconclusive => Exit::Inconclusive,
    }
}

/// A trace that gets its name when it is complete.
struct TraceFile<'p> {
    writer: TraceWriter<'p, BufWriter<File>>,
    partial: PathBuf,
    path: PathBuf,
}

impl<'p> TraceFile<'p> {
    fn create(path: &Path, preamble: &'p Preamble) -> Result<Self> {
        let partial =
            file::partial_name(path).with_context(|| format!("cannot write {}: not a file name", path.display()))?;
        let writer = File::create(&partial)
            .and_then(|file| TraceWriter::new(BufWriter::with_capacity(1 << 18, file), preamble))
            .with_context(|| format!("cannot write {}", partial.display()))?;
        Ok(Self {
            writer,
            partial,
            path: path.to_owned(),
        })
    }

    fn finish(self) -> Result<()> {
        let Self { writer, partial, path } = self;
        writer
            .finish()
            .and_then(|out| out.into_inner().map_err(io::IntoInnerError::into_error))
            .and_then(|file| file.sync_all())
            .and_then(|()| fs::rename(&partial, &path))
            .inspect_err(|_| drop(fs::remove_file(&partial)))
            .with_context(|| format!("cannot write {}", path.display()))
    }
}
