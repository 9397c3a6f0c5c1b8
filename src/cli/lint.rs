//! `seatrial lint`: what can be said of a plan without running it.

use anyhow::Result;

use super::args::{FailOn, LintArgs, LintOutput};
use super::output::Terminal;
use super::{Exit, load};
use crate::lint::{LintReport, Rule, Severity, rule, rules};
use crate::report::lint::{self, github, gitlab, sarif};
use crate::report::{json, yaml};
use crate::scenario::did_you_mean;

/// Looks at a scenario and prints what the rules find.
pub(super) fn run(args: &LintArgs, terminal: &Terminal) -> Result<Exit> {
    if let Some(wrong) = args.ignore.iter().chain(&args.explain).find_map(|id| unknown(id)) {
        terminal.error(&wrong);
        return Ok(Exit::Usage);
    }
    if let Some(rule) = args.explain.as_deref().and_then(rule) {
        terminal.result(&lint::explain(rule))?;
        return Ok(Exit::Ok);
    }
    if args.list {
        terminal.result(&list())?;
        return Ok(Exit::Ok);
    }
    let mut scenario = match load::load(&args.scenario, terminal) {
        Ok(scenario) => scenario,
        Err(exit) => return Ok(exit),
    };
    let mut findings = std::mem::take(&mut scenario.model.findings);
    findings.retain(|f| !args.ignore.iter().any(|id| id.eq_ignore_ascii_case(&f.rule)));
    let report = LintReport::new(findings);
    terminal.result(&match args.output {
        LintOutput::Table => lint::render(&report, terminal.out_style(), false),
        LintOutput::Wide => lint::render(&report, terminal.out_style(), true),
        LintOutput::Json => json::render(&report)?,
        LintOutput::Yaml => yaml::render(&report)?,
        LintOutput::Sarif => sarif::render(&report)?,
        LintOutput::Github => github::render(&report),
        LintOutput::Gitlab => gitlab::render(&report)?,
    })?;
    Ok(exit(&report, args.fail_on))
}

fn exit(report: &LintReport, fail_on: FailOn) -> Exit {
    let least = match fail_on {
        FailOn::Error => Severity::Error,
        FailOn::Warning => Severity::Warning,
        FailOn::Note => Severity::Note,
        FailOn::Never => return Exit::Ok,
    };
    if report.worst().is_some_and(|worst| worst >= least) {
        Exit::Findings
    } else {
        Exit::Ok
    }
}

/// What is wrong with the name of a rule; `None`: there is one.
fn unknown(id: &str) -> Option<String> {
    if rule(id).is_some() {
        return None;
    }
    let shown: String = id.chars().take(60).collect();
    let advice = did_you_mean(id, rules().iter().map(|rule| rule.id.as_str()));
    let advice = advice.unwrap_or_else(|| "`seatrial lint --list` has all of them".into());
    Some(format!("there is no rule `{shown}`; {advice}"))
}

fn list() -> String {
    let row = |rule: &Rule| format!("{}  {:7}  {}\n", rule.id, rule.severity.as_str(), rule.title);
    rules().iter().map(row).collect()
}
