//! `seatrial lint`: what can be told without a rehearsal.

use std::io;
use std::path::PathBuf;

use anyhow::Result;

use super::args::{LintArgs, LintOutput};
use super::output::Terminal;
use super::{Exit, file, load};
use crate::lint::{self, Finding, Rule};
use crate::report::lint::{Findings, explain, formats, render, sarif};
use crate::report::{json, yaml};
use crate::scenario::{self, LoadError, did_you_mean};

/// A report that is wanted in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    form: LintOutput,
    path: PathBuf,
}

/// Reads `KIND=FILE`.
pub(super) fn wanted(text: &str) -> Result<Wanted, String> {
    let (form, path) = match text.split_once('=') {
        Some(("sarif", path)) => (LintOutput::Sarif, path),
        Some(("github", path)) => (LintOutput::Github, path),
        Some(("gitlab", path)) => (LintOutput::Gitlab, path),
        Some(("json", path)) => (LintOutput::Json, path),
        _ => return Err("expected sarif=FILE, github=FILE, gitlab=FILE or json=FILE".into()),
    };
    if file::partial_name(path.as_ref()).is_none() {
        return Err("expected the name of a file after `=`".into());
    }
    let path = path.into();
    Ok(Wanted { form, path })
}

/// Reads the id of a rule.
pub(super) fn rule_id(text: &str) -> Result<&'static Rule, String> {
    lint::rule(text).ok_or_else(|| {
        let near = did_you_mean(text, lint::rules().map(|r| r.id));
        format!(
            "there is no such rule; {}",
            near.unwrap_or_else(|| "`--explain all` lists them".into())
        )
    })
}

/// Reads what is to be explained: a rule, or all.
pub(super) fn explained(text: &str) -> Result<Explained, String> {
    if text == "all" {
        Ok(Explained(None))
    } else {
        rule_id(text).map(|rule| Explained(Some(rule)))
    }
}

/// Looks and prints what was found.
pub(super) fn run(args: &LintArgs, terminal: &Terminal) -> Result<Exit> {
    match args.explain {
        Some(Explained(Some(rule))) => {
            terminal.result(&explain(rule, terminal.out_style()))?;
            return Ok(Exit::Ok);
        }
        Some(Explained(None)) => {
            let lines = lint::rules().map(|r| format!("{}  {:<8} {}\n", r.id, r.severity.as_str(), r.title));
            terminal.result(&lines.collect::<String>())?;
            return Ok(Exit::Ok);
        }
        None => {}
    }
    let mut stdin = io::stdin().lock();
    let inputs = scenario::inputs_of(&args.scenario, &mut stdin).map_err(LoadError::from);
    let linted = match inputs.and_then(scenario::lint_inputs) {
        Ok(linted) => linted,
        Err(error) => return Ok(load::said(&error, terminal)),
    };
    for note in &linted.scenario.notes {
        terminal.note(note);
    }
    let plan = linted.scenario.model.plan.as_ref().map(|plan| plan.name.as_str());
    if plan.is_none() {
        terminal.note("there is no UpgradePlan: only the cluster is looked at, as if every worker were drained");
    }
    let ignored = |f: &Finding| args.ignore.iter().any(|rule| rule.id == f.rule.id);
    let findings: Vec<Finding> = linted.findings.into_iter().filter(|f| !ignored(f)).collect();
    for Wanted { form, path } in &args.report {
        file::write(path, &text(plan, &findings, *form, terminal)?)?;
    }
    terminal.result(&text(plan, &findings, args.output, terminal)?)?;
    let failed = findings.iter().any(|f| f.severity >= args.fail_on);
    Ok(if failed { Exit::Findings } else { Exit::Ok })
}

fn text(plan: Option<&str>, findings: &[Finding], form: LintOutput, terminal: &Terminal) -> Result<String> {
    Ok(match form {
        LintOutput::Table => render(plan, findings, terminal.out_style(), false),
        LintOutput::Wide => render(plan, findings, terminal.out_style(), true),
        LintOutput::Json => json::render(&Findings::new(plan, findings))?,
        LintOutput::Yaml => yaml::render(&Findings::new(plan, findings))?,
        LintOutput::Sarif => sarif::render(findings),
        LintOutput::Github => formats::github(findings),
        LintOutput::Gitlab => formats::gitlab(findings),
    })
}

/// What `--explain` asks for; `None`: all rules.
#[derive(Clone, Copy, Debug)]
pub(super) struct Explained(pub(super) Option<&'static Rule>);
