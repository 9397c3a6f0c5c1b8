//! What can be typed.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::units::Span;

/// Sea trials for Kubernetes upgrades: rehearse the upgrade offline, before production
#[derive(Debug, Parser)]
#[command(
    name = "seatrial",
    version,
    disable_help_subcommand = true,
    max_term_width = 100,
    after_help = "Examples:\n  \
        seatrial run cluster.json plan.yaml\n  \
        kubectl get nodes,pods,deploy,rs,ds,pdb,svc -A -o json | seatrial run - plan.yaml\n\n\
        Exit codes: 0 ok, 1 internal or I/O, 2 usage or invalid input, 5 the upgrade did not complete,\n\
        6 inconclusive"
)]
pub(super) struct Cli {
    /// Use colors: on a terminal, always, or never
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(super) color: Color,
    /// Say only what is wrong
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(super) quiet: bool,
    /// Say more
    #[arg(short, long, global = true)]
    pub(super) verbose: bool,
    #[command(subcommand)]
    pub(super) command: Command,
}

/// When to use colors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Color {
    // On a terminal, unless NO_COLOR is set.
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Rehearse an upgrade and report what it does to applications
    Run(RunArgs),
    /// Print the JSON Schema of a kind
    Schema(SchemaArgs),
    /// Print the completion script of a shell
    Completions(CompletionsArgs),
    /// Print the manual page
    Man,
}

/// What `run` takes.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    seatrial run scenarios/textbook/twins.yaml\n  \
    seatrial run cluster.json plan.yaml -o json\n  \
    seatrial run scenarios/textbook/lone-master.yaml --narrate\n  \
    seatrial run cluster/ --seed 7 --trace trace.jsonl")]
pub(super) struct RunArgs {
    /// Read these files, directories, or - for stdin
    #[arg(required = true, value_name = "SCENARIO")]
    pub(super) scenario: Vec<PathBuf>,
    /// Print the report in this form
    #[arg(short, long, value_name = "FORM", default_value = "table")]
    pub(super) output: Output,
    /// Write every fact to a file, as JSON lines
    #[arg(long, value_name = "FILE")]
    pub(super) trace: Option<PathBuf>,
    /// Tell the run as a story: before the table, or on stderr beside JSON and YAML
    #[arg(long)]
    pub(super) narrate: bool,
    /// Draw random numbers from this seed
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(super) seed: u64,
    /// End the run at this time at the latest, such as 30m
    #[arg(long, value_name = "DURATION")]
    pub(super) until: Option<Span>,
    /// Go on for at most this long after the plan has ended, until the cluster has settled
    #[arg(long, value_name = "DURATION", default_value = "60s")]
    pub(super) settle: Span,
}

/// Forms of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Output {
    // For people.
    Table,
    // For people who want to see everything.
    Wide,
    Json,
    Yaml,
}

/// What `schema` takes.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  seatrial schema UpgradePlan")]
pub(super) struct SchemaArgs {
    /// Print the schema of this kind; without it, list the kinds
    #[arg(value_name = "KIND")]
    pub(super) kind: Option<String>,
}

/// What `completions` takes.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  seatrial completions bash > /etc/bash_completion.d/seatrial")]
pub(super) struct CompletionsArgs {
    /// Complete for this shell
    #[arg(value_name = "SHELL")]
    pub(super) shell: clap_complete::Shell,
}
