//! `seatrial replay`: the reports of a run that was saved with `--trace`.

use std::fs::File;
use std::io::{BufReader, ErrorKind};

use anyhow::{Context, Result};

use super::args::ReplayArgs;
use super::output::Terminal;
use super::run::{Shown, exit, print};
use super::{Exit, reports};
use crate::metrics::Metrics;
use crate::trace::{Record, TraceReader};

/// Reads a trace and prints its report.
pub(super) fn run(args: &ReplayArgs, terminal: &Terminal) -> Result<Exit> {
    if let Err(wrong) = reports::check(&args.report, false) {
        terminal.error(&wrong);
        return Ok(Exit::Usage);
    }
    let name = args.trace.display();
    let file = match File::open(&args.trace) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            terminal.error(&format!("{name}: there is no such file"));
            return Ok(Exit::Usage);
        }
        Err(error) => return Err(error).with_context(|| format!("cannot read {name}")),
    };
    let wrong = |error| {
        terminal.error(&format!("{name}: {error}"));
        Ok(Exit::Usage)
    };
    let mut reader = match TraceReader::new(BufReader::new(file)) {
        Ok(reader) => reader,
        Err(error) => return wrong(error),
    };
    let preamble = reader.preamble().clone();
    let mut observers = (Metrics::new(&preamble), Vec::<Record>::new());
    let end = match reader.replay(&mut observers) {
        Ok(end) => end,
        Err(error) => return wrong(error),
    };
    let (metrics, records) = observers;
    let report = metrics.finish(end);
    reports::write(&args.report, &preamble, &records, &report)?;
    let shown = Shown {
        output: args.output,
        story: args.narrate.map(|depth| (records.as_slice(), depth.into())),
    };
    print(&report, &preamble, &shown, terminal)?;
    Ok(exit(&report))
}
