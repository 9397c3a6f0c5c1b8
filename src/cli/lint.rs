//! `seatrial lint`: what can be told without a rehearsal.

use std::io;
use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, ValueEnum};

use super::output::Terminal;
use super::{Exit, file, load};
use crate::lint::{self, Finding, Rule, Severity};
use crate::report::lint::{Findings, explain, formats, render, sarif};
use crate::report::{json, yaml};
use crate::scenario::{self, LoadError, did_you_mean};

/// What `lint` takes.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    seatrial lint cluster.json plan.yaml\n  \
    seatrial lint cluster.json plan.yaml --fail-on warning --ignore T01,W05\n  \
    seatrial lint cluster.json plan.yaml --report sarif=lint.sarif,gitlab=codequality.json\n  \
    seatrial lint --explain B01\n\n\
    Exit codes: 0 nothing as bad as --fail-on, 2 invalid input, 3 something is.\n\
    An object is left alone by the rules that its annotation seatrial.dev/ignore lists.")]
pub(super) struct LintArgs {
    /// Read the cluster and its plan from these files, directories, or - for stdin
    #[arg(required_unless_present = "explain", value_name = "SCENARIO")]
    pub(super) scenario: Vec<PathBuf>,
    /// Print findings in this form
    #[arg(short, long, value_name = "FORM", default_value = "table")]
    pub(super) output: LintOutput,
    /// Explain this rule, or list all
    #[arg(long, value_name = "RULE", value_parser = explained, conflicts_with = "scenario")]
    pub(super) explain: Option<Explained>,
    /// End with exit code 3 where a finding is as bad as this: error, warning or note
    #[arg(long, value_name = "SEVERITY", default_value = "error")]
    pub(super) fail_on: Severity,
    /// Leave out these rules, with commas between
    #[arg(long, value_name = "RULES", value_delimiter = ',', value_parser = rule_id)]
    pub(super) ignore: Vec<&'static Rule>,
    /// Write findings to files, too: sarif, github, gitlab or json; several with commas between
    #[arg(long, value_name = "KIND=FILE", value_delimiter = ',', value_parser = wanted)]
    pub(super) report: Vec<Wanted>,
}

/// Forms of findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum LintOutput {
    // As a compiler shows them.
    Table,
    // All of them, with figures and patches.
    Wide,
    Json,
    Yaml,
    // For code scanning.
    Sarif,
    // Annotations of GitHub Actions.
    Github,
    // The code quality report of GitLab.
    Gitlab,
}

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
