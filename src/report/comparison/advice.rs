//! What would help, for people.

use std::fmt::Write;

use super::cells::differs;
use crate::report::Style;
use crate::report::table::text::{count, paragraph, span};
use crate::study::advice::{Advice, Tried};

/// So many changes are shown with their YAML.
const SHOWN: usize = 3;

/// The advice as text.
#[must_use]
pub fn render(advice: &Advice, style: Style) -> String {
    let mut out = String::new();
    let plan = advice.plan.as_deref().unwrap_or("the scenario");
    if advice.is_needless() {
        let text = format!(
            "{plan} completes in each of {} without downtime: nothing to improve",
            count(advice.trials, "trial")
        );
        let _ = writeln!(out, "{}   {text}", style.bold("Advice"));
        return out;
    }
    let tried = advice.helps.len() + advice.does_not_help.len();
    let text = format!(
        "{} to {plan}, {} each on the same luck; as it is: {}",
        count(tried as u64, "change"),
        count(advice.trials, "trial"),
        state(advice)
    );
    paragraph(&mut out, &format!("{}   ", style.bold("Advice")), &text, 9);
    if advice.helps.is_empty() {
        let _ = writeln!(out, "  {}", style.warning("None of them helps by itself."));
    }
    for (number, tried) in (1..).zip(&advice.helps) {
        let lead = format!("  {number}. ");
        let text = format!("{}: {}", tried.change, outcome(tried, advice));
        paragraph(&mut out, &lead, &text, 5);
        if number <= SHOWN {
            for line in tried.yaml.lines() {
                let _ = writeln!(out, "       {}", style.dim(line));
            }
        }
    }
    if !advice.does_not_help.is_empty() {
        let names: Vec<&str> = advice.does_not_help.iter().map(|t| t.change.as_str()).collect();
        paragraph(&mut out, "  ", &format!("Did not help: {}", names.join("; ")), 4);
    }
    if advice.stopped {
        let _ = writeln!(out, "  {}", style.warning("Stopped before everything was tried."));
    }
    out
}

fn state(advice: &Advice) -> String {
    format!(
        "{}, {} down",
        ends(advice.completes.count, advice.trials),
        span(advice.downtime_seconds.mean)
    )
}

fn ends(completed: u64, trials: u64) -> String {
    match completed {
        0 => "never completes".into(),
        n if n == trials => "completes".into(),
        n => format!("completes in {n} of {trials}"),
    }
}

/// `0s down instead of 4.2s (14m ± 3s slower, …)`.
fn outcome(tried: &Tried, advice: &Advice) -> String {
    let mut text = String::new();
    let same = tried.completes.count == advice.completes.count;
    if !same {
        text = ends(tried.completes.count, advice.trials);
        if tried.upgrades_all.count < tried.completes.count {
            text += ", with nodes left out,";
        }
        if let Some(makespan) = &tried.makespan_seconds {
            text += &format!(" in {}", span(makespan.mean));
        }
        text += ", ";
    }
    text += &format!("{} down", span(tried.downtime_seconds.mean));
    if span(tried.downtime_seconds.mean) != span(advice.downtime_seconds.mean) {
        text += &format!(" instead of {}", span(advice.downtime_seconds.mean));
    }
    if same {
        text += &format!(" ({})", differs(&tried.against));
    }
    text
}
