//! `seatrial explain`: why a run went as it did.

use anyhow::Result;

use super::args::{ExplainArgs, Output};
use super::output::Terminal;
use super::{Exit, load};
use crate::cluster::{self, RunOptions};
use crate::explain::{Explanation, Question, Run, Subject, Unknown, explain, render, select};
use crate::metrics::{Metrics, Report};
use crate::model::Model;
use crate::report;
use crate::scenario::nearest;
use crate::trace::{Preamble, Record};
use crate::units::{Span, Time};

/// Runs a plan and explains what went wrong.
pub(super) fn run(args: &ExplainArgs, terminal: &Terminal) -> Result<Exit> {
    let model = match load::load(&args.scenario, terminal) {
        Ok(scenario) => scenario.model,
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
    let explanation = explain(run, &question, |pods| cluster::attempts(&model, &options, pods));
    terminal.result(&rendered(&explanation, args.output, terminal)?)?;
    Ok(Exit::Ok)
}

/// A run, with every fact.
struct Played {
    preamble: Preamble,
    records: Vec<Record>,
    report: Report,
}

impl Played {
    fn new(model: &Model, options: &RunOptions) -> Self {
        let preamble = cluster::preamble(model, options);
        let mut observers = (Metrics::new(&preamble), Vec::<Record>::new());
        let cost = cluster::run(model, options, &mut observers);
        let (metrics, records) = observers;
        let report = metrics.finish(cost.end);
        Self {
            preamble,
            records,
            report,
        }
    }
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
