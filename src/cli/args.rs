//! What can be typed.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use jiff::civil::Date;

use crate::units::{KubeVersion, Span};

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
    /// Plan the way over several minor versions: hops, rounds of the workers, what is refused, a runbook
    Plan(PlanArgs),
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

/// What `plan` takes.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    seatrial plan --from v1.28.15 --to v1.31.14\n  \
    seatrial plan cluster.json plan.yaml --to v1.36.2 --date 2026-10-01\n  \
    seatrial plan cluster.json plan.yaml --to v1.36.2 --runbook > runbook.md\n\n\
    Exit codes: 0 there is a way, 2 there is none or the input is wrong, 5 kubeadm goes it with --force only")]
pub(super) struct PlanArgs {
    /// Read the cluster and its plan from these files, directories, or - for stdin
    #[arg(value_name = "SCENARIO")]
    pub(super) scenario: Vec<PathBuf>,
    /// Start at this version, without a cluster
    #[arg(long, value_name = "VERSION")]
    pub(super) from: Option<KubeVersion>,
    /// Reach this version; without it, the targetVersion of the plan
    #[arg(long, value_name = "VERSION")]
    pub(super) to: Option<KubeVersion>,
    /// Upgrade the workers after every hop, as rarely as versions may differ, or once at the end; without it, as the plan
    /// of the scenario says, or as rarely as versions may differ
    #[arg(long, value_name = "WHEN")]
    pub(super) workers: Option<Workers>,
    /// Go ways that need kubeadm's --force, too, and tell what it skips
    #[arg(long)]
    pub(super) force: bool,
    /// Tell which versions get fixes on this day; without it, nothing is said of support
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = date)]
    pub(super) date: Option<Date>,
    /// Print the plan in this form
    #[arg(short, long, value_name = "FORM", default_value = "table")]
    pub(super) output: Output,
    /// Print the commands for each node, as Markdown
    #[arg(long, conflicts_with = "output")]
    pub(super) runbook: bool,
    /// Print commands for these packages
    #[arg(long, value_name = "KIND", default_value = "both", requires = "runbook")]
    pub(super) packages: Packages,
    /// Rehearse each choice so often where there is a cluster; 0: not at all
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub(super) trials: u64,
    /// Draw random numbers from this seed
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(super) seed: u64,
}

fn date(text: &str) -> Result<Date, &'static str> {
    text.parse().map_err(|_| "expected a date such as 2026-10-01")
}

/// When workers are upgraded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Workers {
    // As rarely as versions may differ.
    Fewest,
    EveryHop,
    Once,
}

/// Packages of nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Packages {
    // Debian, Ubuntu.
    Deb,
    // Fedora, RHEL and their kin.
    Rpm,
    Both,
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
