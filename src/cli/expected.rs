//! Whether what was run is as the scenario expects it.

use super::Exit;
use super::args::Output;
use super::output::Terminal;
use crate::expect::{Expectations, Judgement, Verdict};
use crate::report;

/// Says what does not hold; in the wide view, what holds, too. It is said on stderr: stdout is the report and nothing else, so that
/// a saved trace, or slices that are merged, give the same.
pub(super) fn tell(judgements: &[Judgement], output: Output, terminal: &Terminal) {
    let (wide, hold) = (
        output == Output::Wide,
        judgements.iter().all(|j| j.verdict == Verdict::Holds),
    );
    if judgements.is_empty() {
        return;
    }
    if hold && !wide {
        terminal.detail(&format!("all {} expectations hold", judgements.len()));
    } else if hold {
        terminal.talk(&report::expectations::render(judgements, terminal.err_style(), wide));
    } else {
        terminal.say(&report::expectations::render(judgements, terminal.err_style(), wide));
    }
}

/// Says so where so many trials do not decide everything.
pub(super) fn tell_undecided(expectations: &Expectations, trials: u64, terminal: &Terminal) {
    let undecided = expectations.list.len() - expectations.decided_by(trials).count();
    if undecided > 0 {
        let needed = expectations.trials_needed();
        let (are, s) = if undecided == 1 { ("is", "") } else { ("are", "s") };
        terminal.detail(&format!(
            "{undecided} expectation{s} {are} about more trials, which `seatrial test` or --trials {needed} makes"
        ));
    }
}

/// The exit code, where it would be `plain` without expectations: a plan that does not complete says so although it was
/// expected; `seatrial test` is for those who want to hear of surprises only.
pub(super) fn exit(judgements: &[Judgement], plain: Exit) -> Exit {
    let any = |verdict| judgements.iter().any(|j| j.verdict == verdict);
    if any(Verdict::Violated) {
        Exit::Violated
    } else if plain != Exit::Ok {
        plain
    } else if any(Verdict::Open) {
        Exit::Inconclusive
    } else {
        Exit::Ok
    }
}
