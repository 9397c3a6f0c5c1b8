//! `seatrial diff`: two saved reports.

use std::path::Path;

use anyhow::Result;

use super::Exit;
use super::args::{DiffArgs, Output};
use super::output::Terminal;
use crate::expect::summary::{ReportDiff, Summary};
use crate::report;

/// Compares two reports.
pub(super) fn run(args: &DiffArgs, terminal: &Terminal) -> Result<Exit> {
    let read = [&args.old, &args.new].map(|path| summary(path));
    let wrong: Vec<&String> = read.iter().filter_map(|r| r.as_ref().err()).collect();
    if !wrong.is_empty() {
        wrong.iter().for_each(|text| terminal.error(text));
        return Ok(Exit::Usage);
    }
    let [Ok(old), Ok(new)] = read else {
        return Ok(Exit::Usage);
    };
    let diff = ReportDiff::between(&old, &new);
    terminal.result(&match args.output {
        Output::Table | Output::Wide => report::difference::render(&diff, terminal.out_style()),
        Output::Json => report::json::render(&diff)?,
        Output::Yaml => report::yaml::render(&diff)?,
    })?;
    Ok(if args.fail_on_worse && diff.is_worse() {
        Exit::Violated
    } else {
        Exit::Ok
    })
}

fn summary(path: &Path) -> Result<Summary, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    Summary::parse(&text).map_err(|error| format!("{}: {error}", path.display()))
}
