//! `seatrial run --trials`: one plan, many times.

use std::fmt::Write;
use std::path::Path;

use anyhow::{Context, Result, bail};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use super::args::{Output, RunArgs};
use super::interrupt::Interrupt;
use super::output::Terminal;
use super::{Exit, advise, expected, file, reports};
use crate::cluster::{self, RunOptions};
use crate::expect::{Observation, Tally};
use crate::report;
use crate::scenario::{Plans, Scenario};
use crate::study::{Study, Trials, TrialsReport};
use crate::trace::PlanStatus;
use crate::units::Span;

/// How many trials are made at most where only a certainty is asked for.
const MOST: u64 = 10_000;

/// What the progress bar shows.
const FORM: &str = "{wide_bar} {human_pos} of {human_len} trials, {rate}, {eta} to go";

/// Makes trials and prints what they showed.
pub(super) fn run(
    args: &RunArgs,
    (scenario, plans): (&Scenario, Option<&Plans>),
    options: &RunOptions,
    program: &'static str,
    terminal: &Terminal,
) -> Result<Exit> {
    let (model, expectations) = (&scenario.model, &scenario.expectations);
    let asked = &args.trials;
    let count = asked.trials.unwrap_or(MOST);
    let Some(end) = asked.first_trial.checked_add(count) else {
        terminal.error("--first-trial and --trials are too great together");
        return Ok(Exit::Usage);
    };
    let mut trials = Trials::new(model, count)
        .options(options.clone())
        .numbers(asked.first_trial..end)
        .threads(asked.threads.map_or(0, usize::from));
    if let Some(share) = asked.until_ci {
        trials = trials.until_known_to(share);
    }
    let interrupt = Interrupt::listen().context("cannot listen for Ctrl-C")?;
    terminal.detail(&format!("up to {count} trials from number {}", asked.first_trial));
    let bar = progress(count, terminal);
    let preamble = cluster::preamble(model, options);
    let mut tally = Tally::new(expectations.decided_by(count));
    let study = trials.run_watched(|done| {
        bar.set_position(done.trials);
        tally.add(&Observation::of(&done, &preamble));
        interrupt.flow()
    })?;
    bar.finish_and_clear();
    let judgements = tally.judge(&preamble);
    expected::tell_undecided(expectations, count, terminal);
    if let Some(path) = &asked.save {
        file::write(path, &study.to_json()?)?;
    }
    if study.trials() > 0 {
        reports::write_trials(&args.report, &study)?;
    }
    let replay = replay(args, program);
    match plans.filter(|_| interrupt.asked().is_none()) {
        None => print(&study, args.output, &replay, terminal)?,
        Some(plans) => {
            let how = (options, count, asked.threads.map_or(0, usize::from));
            let advice = advise::advise(plans, Some(0), model, how, &interrupt, terminal)?;
            let report = known(&study, terminal)?;
            let table = render(&report, args.output, &replay, terminal)?;
            let text = advise::render(&report, advice.as_ref(), args.output, &table, terminal)?;
            terminal.result(&text)?;
        }
    }
    expected::tell(&judgements, args.output, terminal);
    if asked.until_ci.is_some() && study.stopped_of().is_none() {
        tell_certainty(&study, asked.until_ci, terminal);
    }
    Ok(interrupt
        .asked()
        .filter(|_| study.stopped_of().is_some())
        .unwrap_or_else(|| expected::exit(&judgements, exit(&study))))
}

/// A bar with rate and time to go, for somebody who watches.
pub(super) fn progress(count: u64, terminal: &Terminal) -> ProgressBar {
    if !terminal.is_watched() {
        return ProgressBar::hidden();
    }
    // A form that does not parse is seen by the test below.
    let style = ProgressStyle::with_template(FORM).unwrap_or_else(|_| ProgressStyle::default_bar());
    let style = style.with_key("rate", |state: &ProgressState, out: &mut dyn Write| {
        // Nobody is told when the terminal is gone.
        let _ = write!(out, "{:.1}/s", state.per_sec());
    });
    ProgressBar::with_draw_target(Some(count), ProgressDrawTarget::stderr()).with_style(style)
}

/// Says so where the means are less certain than was wanted.
fn tell_certainty(study: &Study, wanted: Option<f64>, terminal: &Terminal) {
    if let Some((wanted, known)) = wanted.zip(study.uncertainty())
        && known.share > wanted
    {
        let (known, wanted) = (known.share * 100.0, wanted * 100.0);
        terminal.note(&format!(
            "the means are known to {known:.1}% after all trials, not to {wanted}%: make more with --trials"
        ));
    }
}

/// Prints the report of a study.
pub(super) fn print(study: &Study, output: Output, replay: &str, terminal: &Terminal) -> Result<()> {
    let report = known(study, terminal)?;
    terminal.result(&render(&report, output, replay, terminal)?)?;
    Ok(())
}

/// The report of a study; says so where it is not whole.
fn known(study: &Study, terminal: &Terminal) -> Result<TrialsReport> {
    let Some(report) = study.report() else {
        bail!("no trial was made");
    };
    if let Some(partial) = report.partial {
        terminal.note(&format!(
            "stopped after {} of {} trials: what is printed is partial",
            report.trials, partial.asked
        ));
    }
    Ok(report)
}

fn render(report: &TrialsReport, output: Output, replay: &str, terminal: &Terminal) -> Result<String> {
    let table = |wide| report::table::trials::render(report, replay, terminal.out_style(), wide);
    Ok(match output {
        Output::Table => table(false),
        Output::Wide => table(true),
        Output::Json => report::json::render(report)?,
        Output::Yaml => report::yaml::render(report)?,
    })
}

/// The exit code that says how the trials ended: the worst that is known of any.
pub(super) fn exit(study: &Study) -> Exit {
    let any = |statuses: &[PlanStatus]| statuses.iter().any(|s| study.with_status(*s) > 0);
    if any(&[PlanStatus::Aborted, PlanStatus::Blocked, PlanStatus::Refused]) {
        Exit::Incomplete
    } else if any(&[PlanStatus::Inconclusive]) {
        Exit::Inconclusive
    } else {
        Exit::Ok
    }
}

/// The command that plays a trial of these alone, up to its number.
fn replay(args: &RunArgs, program: &str) -> String {
    let mut words = vec![spoken(program), "run".to_owned()];
    words.extend(args.scenario.iter().map(|path| quoted(path)));
    if let Some(until) = args.until {
        words.push(format!("--until {until}"));
    }
    if args.settle != Span::from_secs(60) {
        words.push(format!("--settle {}", args.settle));
    }
    words.push(format!("--seed {}", args.seed));
    words.join(" ")
}

/// A program as it is called.
pub(super) fn spoken(program: &str) -> String {
    program.replace("kubectl-", "kubectl ")
}

/// A path as a shell takes it. Characters that would move the cursor of a terminal are shown as escapes.
pub(super) fn quoted(path: &Path) -> String {
    let text = path.to_string_lossy();
    let plain = |c: char| c.is_alphanumeric() || "/._-+=:,@%".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.into_owned()
    } else if text.chars().any(char::is_control) {
        let escaped: String = text.chars().map(escape).collect();
        format!("$'{escaped}'")
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// A character between `$'` and `'`.
fn escape(c: char) -> String {
    match c {
        '\'' | '\\' => format!("\\{c}"),
        c if c.is_control() => format!("\\u{:04x}", u32::from(c)),
        c => c.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_survive_a_shell() {
        for (path, shown) in [
            ("a/b-1.yaml", "a/b-1.yaml"),
            ("-", "-"),
            ("my plan.yaml", "'my plan.yaml'"),
            ("it's", r"'it'\''s'"),
            ("$HOME", "'$HOME'"),
            ("a\u{1b}[2Jb'", r"$'a\u001b[2Jb\''"),
            ("", "''"),
        ] {
            assert_eq!(quoted(Path::new(path)), shown);
        }
    }

    #[test]
    fn the_form_of_the_bar_is_sound() {
        let terminal = Terminal::new(super::super::args::Color::Never, false, false);
        assert!(progress(3, &terminal).is_hidden(), "nobody watches a test");
        assert!(ProgressStyle::with_template(FORM).is_ok());
    }

    #[test]
    fn a_plugin_is_spoken_in_two_words() {
        assert_eq!(spoken("kubectl-seatrial"), "kubectl seatrial");
        assert_eq!(spoken("seatrial"), "seatrial");
    }
}
