//! `seatrial explain`: why a run went as it did.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;

use super::args::Output;
use super::output::Terminal;
use super::played::Played;
use super::{Exit, load};
use crate::cluster::{self, RunOptions};
use crate::explain::{Explanation, Question, Run, Subject, Unknown, explain, render, select};
use crate::report;
use crate::scenario::nearest;
use crate::study::advice;
use crate::trace::{Preamble, Record};
use crate::units::{Span, Time};

/// What `explain` takes.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    seatrial explain scenarios/textbook/twins.yaml\n  \
    seatrial explain cluster.json plan.yaml --workload shop/checkout --at 12m30s\n  \
    seatrial explain scenarios/textbook/twins.yaml --workload web --why-not worker-1 --at 50s\n  \
    seatrial explain cluster.json plan.yaml --node worker-3 -o json\n\n\
    Exit codes: 0 explained, whatever happened, 2 invalid input")]
pub(super) struct ExplainArgs {
    /// Read these files, directories, or - for stdin
    #[arg(required = true, value_name = "SCENARIO")]
    pub(super) scenario: Vec<PathBuf>,
    /// Tell about this workload, such as shop/checkout
    #[arg(long, value_name = "NAME", group = "subject")]
    pub(super) workload: Option<String>,
    /// Tell about this pod, such as shop/checkout-0
    #[arg(long, value_name = "NAME", group = "subject")]
    pub(super) pod: Option<String>,
    /// Tell about this node
    #[arg(long, value_name = "NAME", group = "subject")]
    pub(super) node: Option<String>,
    /// Tell what it was like at this time, such as 12m30s, and what was going on then
    #[arg(long, value_name = "DURATION")]
    pub(super) at: Option<Span>,
    /// Tell why the pod, or the pods of the workload, were not on this node (at the time of --at, or at the end)
    #[arg(long, value_name = "NODE", requires = "subject", conflicts_with = "node")]
    pub(super) why_not: Option<String>,
    /// Play the run again with one change at a time, and name those that would have prevented an outage or a standstill
    #[arg(long)]
    pub(super) advise: bool,
    /// Print the explanation in this form: wide leaves nothing out
    #[arg(short, long, value_name = "FORM", default_value = "table")]
    pub(super) output: Output,
    /// Draw random numbers from this seed
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(super) seed: u64,
    /// Explain this trial of the seed
    #[arg(long, value_name = "T", default_value_t = 0)]
    pub(super) trial: u64,
    /// End the run at this time at the latest, such as 30m
    #[arg(long, value_name = "DURATION")]
    pub(super) until: Option<Span>,
    /// Go on for at most this long after the plan has ended, until the cluster has settled
    #[arg(long, value_name = "DURATION", default_value = "60s")]
    pub(super) settle: Span,
}

/// Runs a plan and explains what went wrong.
pub(super) fn run(args: &ExplainArgs, terminal: &Terminal) -> Result<Exit> {
    let loaded = if args.advise {
        load::changeable(&args.scenario, terminal).map(|(plans, scenario)| (Some(plans), scenario.model))
    } else {
        load::load(&args.scenario, terminal).map(|scenario| (None, scenario.model))
    };
    let (plans, model) = match loaded {
        Ok(loaded) => loaded,
        Err(exit) => return Ok(exit),
    };
    let options = RunOptions {
        seed: args.seed,
        trial: args.trial,
        until: args.until.map(|span: Span| Time::ZERO + span),
        settle: args.settle,
        ..RunOptions::default()
    };
    let played = Played::new(&model, &options);
    let question = match question(args, &played.preamble, &played.records) {
        Ok(question) => question,
        Err(wrong) => {
            terminal.error(&wrong);
            return Ok(Exit::Usage);
        }
    };
    let run = Run {
        preamble: &played.preamble,
        records: &played.records,
        report: &played.report,
    };
    let mut explanation = explain(run, &question, |pods| cluster::attempts(&model, &options, pods));
    if let Some(plans) = plans {
        let rehearsed = advice::rehearse(&model, &options, |changes| {
            let scenario = plans.changed(Some(0), changes).ok().flatten()?;
            Some((scenario.model, plans.yaml(Some(0), changes)))
        })?;
        explanation.prevent(&played.report, &rehearsed);
    }
    terminal.result(&rendered(&explanation, args.output, terminal)?)?;
    Ok(Exit::Ok)
}

fn question(args: &ExplainArgs, preamble: &Preamble, records: &[Record]) -> Result<Question, String> {
    let wanted = [("workload", &args.workload), ("pod", &args.pod), ("node", &args.node)];
    let mut subject = Subject::Everything;
    for (kind, name) in wanted {
        if let Some(name) = name {
            subject = select(preamble, records, kind, name).map_err(|unknown| wrong(&unknown))?;
        }
    }
    let why_not = match &args.why_not {
        None => None,
        Some(name) => match select(preamble, records, "node", name).map_err(|unknown| wrong(&unknown))? {
            Subject::Node(node) => Some(node),
            _ => None,
        },
    };
    Ok(Question {
        subject,
        at: args.at.map(|span| Time::ZERO + span),
        why_not,
    })
}

/// What is wrong with a name, and the nearest right one.
fn wrong(unknown: &Unknown) -> String {
    let mut text = unknown.to_string();
    if let Unknown::Nobody { name, known, .. } = unknown {
        let near = nearest::nearest(name, known.iter().map(String::as_str));
        let bare = known.iter().filter_map(|k| k.split_once('/'));
        let near = near.or_else(|| nearest::nearest(name, bare.map(|(_, bare)| bare)));
        match near {
            Some(near) => text.push_str(&format!("; did you mean {near}?")),
            None if known.len() <= 8 => text.push_str(&format!("; there are {}", known.join(", "))),
            None => {}
        }
    }
    text
}

fn rendered(explanation: &Explanation, output: Output, terminal: &Terminal) -> Result<String> {
    Ok(match output {
        Output::Table => render(explanation, terminal.out_style(), false),
        Output::Wide => render(explanation, terminal.out_style(), true),
        Output::Json => report::json::render(explanation)?,
        Output::Yaml => report::yaml::render(explanation)?,
    })
}
