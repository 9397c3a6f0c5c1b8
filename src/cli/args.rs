//! What can be typed.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use jiff::civil::Date;

use super::explain::ExplainArgs;
use super::reports::{Wanted, wanted};
use crate::report::narrate::Depth;
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
        Exit codes: 0 ok, 1 internal or I/O, 2 usage or invalid input, 3 the linter found\n\
        something, 4 an expectation is violated, 5 the upgrade did not complete, 6 inconclusive, 130 interrupted"
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
    /// Say what will go wrong, or may, without a rehearsal
    Lint(super::lint::LintArgs),
    /// Test scenarios: hold rehearsals against what is expected of them, and against baselines
    Test(TestArgs),
    /// Compare two reports that were saved as JSON
    Diff(DiffArgs),
    /// Plan the way over several minor versions: hops, rounds of the workers, what is refused, a runbook
    Plan(PlanArgs),
    /// Tell why: what went wrong in a run, the worst first, with the causes of each thing
    Explain(ExplainArgs),
    /// Print the report of a saved trace, or write it to files
    Replay(ReplayArgs),
    /// Show how upgrade tools go about it: the presets of an UpgradePlan
    Preset(PresetArgs),
    /// Write a scenario to begin with: a plan, timings and expectations, with comments
    Init(InitArgs),
    /// Compare plans and presets of upgrade tools on one cluster, on the same luck
    Compare(CompareArgs),
    /// Merge trials that were made in several places
    Merge(MergeArgs),
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
    seatrial run cluster/ --seed 7 --trace trace.jsonl\n  \
    seatrial run cluster.json plan.yaml --report html=replay.html,svg=run.svg\n  \
    seatrial run scenarios/textbook/twins.yaml --trials 1000\n  \
    seatrial run cluster.json plan.yaml --until-ci 5% -o json\n\n\
    Exit codes: 0 completed, 2 invalid input, 4 an expectation is violated,\n\
    5 not completed, 6 inconclusive, 130 interrupted.\n\
    With --trials, 5 if any trial did not complete, otherwise 6 if any was inconclusive.")]
pub(super) struct RunArgs {
    /// Read these files, directories, or - for stdin
    #[arg(required = true, value_name = "SCENARIO")]
    pub(super) scenario: Vec<PathBuf>,
    /// Print the report in this form
    #[arg(short, long, value_name = "FORM", default_value = "table")]
    pub(super) output: Output,
    /// Write every fact to a file, as JSON lines
    #[arg(long, value_name = "FILE", conflicts_with_all = ["trials", "until_ci"])]
    pub(super) trace: Option<PathBuf>,
    /// Tell the run as a story: before the table, or on stderr beside JSON and YAML; the important, or all
    #[arg(long, value_name = "DEPTH", num_args = 0..=1, require_equals = true, default_missing_value = "important",
        conflicts_with_all = ["trials", "until_ci"])]
    pub(super) narrate: Option<Narrate>,
    /// Write reports to files: html (plays the run in a browser), svg (a picture of the run, or of the trials), md
    /// (Markdown), perfetto (for ui.perfetto.dev); several with commas between
    #[arg(long, value_name = "KIND=FILE", value_delimiter = ',', value_parser = wanted)]
    pub(super) report: Vec<Wanted>,
    /// Draw random numbers from this seed
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(super) seed: u64,
    /// End the run at this time at the latest, such as 30m
    #[arg(long, value_name = "DURATION")]
    pub(super) until: Option<Span>,
    /// Go on for at most this long after the plan has ended, until the cluster has settled
    #[arg(long, value_name = "DURATION", default_value = "60s")]
    pub(super) settle: Span,
    /// Try changes that could help a plan which blocks or hurts, and tell which do
    ///
    /// Rehearses the plan and each change --trials times, 20 times without it, on the same luck.
    #[arg(long, conflicts_with_all = ["until_ci", "save"])]
    pub(super) advise: bool,
    #[command(flatten)]
    pub(super) trials: TrialsArgs,
}

/// What `init` takes.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    seatrial init\n  \
    seatrial init cluster.json --to v1.36.2\n  \
    kubectl get nodes,pods,deploy,rs,sts,ds,pdb,svc -A -o json | seatrial init - --file -")]
pub(super) struct InitArgs {
    /// Write it for the cluster in these files, directories, or - for stdin; without it, with a small cluster
    #[arg(value_name = "CLUSTER")]
    pub(super) cluster: Vec<PathBuf>,
    /// Write to this file, or - for stdout
    #[arg(long, value_name = "FILE", default_value = "upgrade.yaml")]
    pub(super) file: PathBuf,
    /// Write over a file that is there
    #[arg(long)]
    pub(super) force: bool,
    /// Go about it as this preset; without it, as the labels of the nodes tell
    #[arg(long, value_name = "NAME")]
    pub(super) preset: Option<String>,
    /// Reach this version; without it, the newest patch of the next minor
    #[arg(long, value_name = "VERSION")]
    pub(super) to: Option<KubeVersion>,
}

/// What `test` takes.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    seatrial test scenarios/\n  \
    seatrial test plans/ --with cluster.json --report junit=junit.xml,sarif=seatrial.sarif\n  \
    seatrial test plans/ --filter checkout --trials 400 --fail-fast\n  \
    seatrial test plans/ --update-baseline\n\n\
    Exit codes: 0 all is as expected, 2 a scenario is invalid or expects nothing, 4 an expectation\n\
    is violated or a baseline got worse, 6 too few trials to tell, 130 interrupted.")]
pub(super) struct TestArgs {
    /// Test these scenarios: files, or folders in which each YAML or JSON file is one; a folder with `expectations.yaml` in it
    /// is one scenario of all its files
    #[arg(required = true, value_name = "PATH")]
    pub(super) paths: Vec<PathBuf>,
    /// Read this file, or folder, with every scenario, such as a dump of the cluster; can be given several times
    #[arg(long, value_name = "PATH")]
    pub(super) with: Vec<PathBuf>,
    /// Test only scenarios with this text in their names; can be given several times
    #[arg(long, value_name = "TEXT")]
    pub(super) filter: Vec<String>,
    /// Test the i-th of n parts of the scenarios, counted from 0
    #[arg(long, value_name = "I/N", value_parser = super::test::shard)]
    pub(super) shard: Option<super::test::Shard>,
    /// List scenarios and what they expect, and test nothing
    #[arg(long, conflicts_with_all = ["update_baseline", "report"])]
    pub(super) list: bool,
    /// Stop at the first scenario, in the order of names, that is not as expected
    #[arg(long)]
    pub(super) fail_fast: bool,
    /// Test scenarios without Expectations, too: their upgrades have to complete
    #[arg(long)]
    pub(super) smoke: bool,
    /// Make so many trials of each scenario; without it, as many as its expectations need
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(super) trials: Option<u64>,
    /// Draw random numbers from this seed
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(super) seed: u64,
    /// Use so many threads, not as many as there are cores; the results are the same
    #[arg(short = 'j', long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) threads: Option<u16>,
    /// Write what the scenarios show now to SCENARIO.baseline.json, instead of testing them
    #[arg(long, conflicts_with_all = ["report", "fail_fast"])]
    pub(super) update_baseline: bool,
    /// Print the results in this form; wide has the evidence of everything
    #[arg(short, long, value_name = "FORM", default_value = "table")]
    pub(super) output: Output,
    /// Write reports to files, or to stdout with -: junit, sarif, github (annotations), gitlab (code quality), tap, md; several
    /// with commas between
    #[arg(long, value_name = "KIND=FILE", value_delimiter = ',', value_parser = super::reports::suite::wanted)]
    pub(super) report: Vec<super::reports::suite::Wanted>,
}

/// What `diff` takes.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  \
    seatrial run before/ --trials 200 -o json > a.json\n  \
    seatrial run after/ --trials 200 -o json > b.json\n  \
    seatrial diff a.json b.json --fail-on-worse\n\n\
    Exit codes: 0 the comparison was made, 2 a file is no report, 4 something is worse (with --fail-on-worse).")]
pub(super) struct DiffArgs {
    /// The old report, as `run -o json` printed it
    #[arg(value_name = "OLD")]
    pub(super) old: PathBuf,
    /// The new report
    #[arg(value_name = "NEW")]
    pub(super) new: PathBuf,
    /// Exit with 4 where a number is worse; with --trials, by more than luck
    #[arg(long)]
    pub(super) fail_on_worse: bool,
    /// Print the differences in this form
    #[arg(short, long, value_name = "FORM", default_value = "table")]
    pub(super) output: Output,
}

/// What `compare` takes.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    seatrial compare cluster.json --to v1.34.2 --preset all\n  \
    seatrial compare cluster.json plan.yaml --preset kubeadm,gke-surge --trials 200\n  \
    seatrial compare cluster.json --plan a.yaml --plan b.yaml --report md=compare.md,svg=compare.svg\n\n\
    Exit codes: 0 the comparison was made, whatever it showed, 2 invalid input, 130 interrupted.")]
pub(super) struct CompareArgs {
    /// Read the cluster, and plans for it, from these files, directories, or - for stdin
    #[arg(required = true, value_name = "SCENARIO")]
    pub(super) scenario: Vec<PathBuf>,
    /// Compare these presets, with commas between, or all
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub(super) preset: Vec<String>,
    /// Compare the plans of this file, too; can be given several times
    #[arg(long, value_name = "FILE")]
    pub(super) plan: Vec<PathBuf>,
    /// Reach this version with every plan; without it, as each plan says
    #[arg(long, value_name = "VERSION")]
    pub(super) to: Option<KubeVersion>,
    /// Make so many trials of each plan, on the same luck
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..))]
    pub(super) trials: u64,
    /// Draw random numbers from this seed
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(super) seed: u64,
    /// Hold all others against this one; without it, the plan of the scenario that completes, or the best
    #[arg(long, value_name = "NAME")]
    pub(super) against: Option<String>,
    /// End each run at this time at the latest, such as 12h
    #[arg(long, value_name = "DURATION")]
    pub(super) until: Option<Span>,
    /// Use so many threads, not as many as there are cores; the results are the same
    #[arg(short = 'j', long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) threads: Option<u16>,
    /// Do not try changes that could help the plan of the scenario
    #[arg(long)]
    pub(super) no_advice: bool,
    /// Print the comparison in this form
    #[arg(short, long, value_name = "FORM", default_value = "table")]
    pub(super) output: Output,
    /// Write reports to files: html (two of them play side by side in a browser), md, or svg, a chart; several with commas
    /// between
    #[arg(long, value_name = "KIND=FILE", value_delimiter = ',', value_parser = super::reports::comparison::wanted)]
    pub(super) report: Vec<super::reports::comparison::Wanted>,
    /// Play these two in html; without it, the one that the others are held against, and the best of the others
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub(super) replay: Vec<String>,
}

/// What `replay` takes.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    seatrial run scenarios/textbook/twins.yaml --trace trace.jsonl\n  \
    seatrial replay trace.jsonl --report html=replay.html,svg=run.svg\n\n\
    Exit codes: as those of `run`; 2 where the file is no whole trace")]
pub(super) struct ReplayArgs {
    /// Read this file, which `run --trace` wrote
    #[arg(value_name = "TRACE")]
    pub(super) trace: PathBuf,
    /// Print the report in this form
    #[arg(short, long, value_name = "FORM", default_value = "table")]
    pub(super) output: Output,
    /// Tell the run as a story: before the table, or on stderr beside JSON and YAML; the important, or all
    #[arg(long, value_name = "DEPTH", num_args = 0..=1, require_equals = true, default_missing_value = "important")]
    pub(super) narrate: Option<Narrate>,
    /// Write reports to files: html (plays the run in a browser), svg (a picture), md (Markdown), perfetto (for
    /// ui.perfetto.dev); several with commas between
    #[arg(long, value_name = "KIND=FILE", value_delimiter = ',', value_parser = wanted)]
    pub(super) report: Vec<Wanted>,
}

/// What `run` takes for many trials.
#[derive(Debug, Args)]
#[command(
    next_help_heading = "Trials",
    group(clap::ArgGroup::new("many").args(["trials", "until_ci"]).multiple(true))
)]
pub(super) struct TrialsArgs {
    /// Make so many trials, each with luck of its own, and report means, quantiles and shares
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(super) trials: Option<u64>,
    /// Replay this trial alone
    #[arg(long, value_name = "T", default_value_t = 0, conflicts_with_all = ["trials", "until_ci"])]
    pub(super) trial: u64,
    /// Stop when the means are known to so many percent, such as 5%
    ///
    /// Looked at after 50 trials, 100, 150 and so on, in the order of their numbers: stops when the 95% confidence
    /// intervals of the means of makespan, application downtime, client errors and evictions reach no farther than this
    /// to each side, relative to the mean (or than a tenth of a second or of an eviction), and that of the share of
    /// trials that complete no farther than so many percentage points. Makes at most --trials, or 10000, trials.
    #[arg(long, value_name = "PERCENT", value_parser = percent)]
    pub(super) until_ci: Option<f64>,
    /// Number the trials from K: makes a slice, to be merged with others later
    #[arg(long, value_name = "K", default_value_t = 0, requires = "many")]
    pub(super) first_trial: u64,
    /// Use so many threads, not as many as there are cores; the results are the same
    #[arg(short = 'j', long, value_name = "N", requires = "many",
        value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) threads: Option<u16>,
    /// Write what is known of the trials to a file, for `seatrial merge`
    #[arg(long, value_name = "FILE", requires = "many")]
    pub(super) save: Option<PathBuf>,
}

/// A percentage, as a share.
fn percent(text: &str) -> Result<f64, String> {
    let number = text
        .strip_suffix('%')
        .and_then(|number| number.trim().parse::<f64>().ok());
    match number {
        Some(number) if number > 0.0 && number <= 100.0 => Ok(number / 100.0),
        _ => Err("expected a percentage above 0 and up to 100, such as 5% or 0.5%".into()),
    }
}

/// What `merge` takes.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  \
    seatrial run plan/ --trials 500 --save a.json -q > /dev/null\n  \
    seatrial run plan/ --trials 500 --first-trial 500 --save b.json -q > /dev/null\n  \
    seatrial merge a.json b.json")]
pub(super) struct MergeArgs {
    /// Merge these files, which `run --save` wrote
    #[arg(required = true, value_name = "FILE")]
    pub(super) parts: Vec<PathBuf>,
    /// Print the report in this form
    #[arg(short, long, value_name = "FORM", default_value = "table")]
    pub(super) output: Output,
    /// Write what is known of all trials to a file
    #[arg(long, value_name = "FILE")]
    pub(super) save: Option<PathBuf>,
}

/// How much a story tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Narrate {
    /// Steps of the plan, what goes wrong, and how long it lasts
    Important,
    /// Every event that matters to somebody
    All,
}

impl From<Narrate> for Depth {
    fn from(depth: Narrate) -> Self {
        match depth {
            Narrate::Important => Self::Important,
            Narrate::All => Self::Everything,
        }
    }
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
    /// Print the UpgradePlan with every figure written down, instead of planning
    #[arg(long, conflicts_with_all = ["from", "to", "runbook", "date", "workers"])]
    pub(super) expand: bool,
    /// Expand this preset, whatever the plan of the scenario says of drains and batches
    #[arg(long, value_name = "NAME", requires = "expand")]
    pub(super) preset: Option<String>,
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

/// What `preset` takes.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    seatrial preset list\n  \
    seatrial preset show gke-surge\n  \
    seatrial plan --preset gke-surge --expand")]
pub(super) struct PresetArgs {
    #[command(subcommand)]
    pub(super) command: PresetCommand,
}

#[derive(Debug, Subcommand)]
pub(super) enum PresetCommand {
    /// List the presets
    List {
        /// Print the list in this form
        #[arg(short, long, value_name = "FORM", default_value = "table")]
        output: Output,
    },
    /// Show a preset: its figures, where each is from, and what is not simulated
    Show {
        /// Show the preset of this name
        name: String,
        /// Print the preset in this form
        #[arg(short, long, value_name = "FORM", default_value = "table")]
        output: Output,
    },
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

#[cfg(test)]
mod tests {
    use super::percent;

    #[test]
    fn percentages_are_shares() {
        assert_eq!(
            (percent("5%"), percent("0.5 %"), percent("100%")),
            (Ok(0.05), Ok(0.005), Ok(1.0))
        );
        for wrong in ["5", "0%", "-1%", "101%", "NaN%", "inf%", "%", ""] {
            assert!(percent(wrong).is_err(), "{wrong}");
        }
    }
}
