//! Whether what was run is as the scenario expects it.

use serde::Serialize;

use super::Exit;
use super::args::Output;
use super::output::Terminal;
use crate::expect::{Expectations, Judgement, Verdict};
use crate::report;

/// A report with what became of expectations.
#[derive(Serialize)]
pub(super) struct Judged<'a, R> {
    #[serde(flatten)]
    pub(super) report: &'a R,
    /// Not there where nothing is expected.
    #[serde(skip_serializing_if = "is_nothing")]
    pub(super) expectations: &'a [Judgement],
}

fn is_nothing(judgements: &&[Judgement]) -> bool {
    judgements.is_empty()
}

/// What is printed below a table.
pub(super) fn table(judgements: &[Judgement], output: Output, terminal: &Terminal) -> String {
    if judgements.is_empty() {
        return String::new();
    }
    report::expectations::render(judgements, terminal.out_style(), output == Output::Wide)
}

/// Says so where one run does not decide everything.
pub(super) fn tell_undecided(expectations: &Expectations, terminal: &Terminal) {
    let undecided = expectations.list.iter().filter(|e| e.is_statistical()).count();
    if undecided > 0 {
        let (are, s) = if undecided == 1 { ("is", "") } else { ("are", "s") };
        terminal.note(&format!(
            "{undecided} expectation{s} {are} about many trials, which `seatrial test` or --trials {} makes",
            expectations.trials_needed()
        ));
    }
}

/// The exit code, where it would be `plain` without expectations: a plan that does not complete is no failure where its end
/// was told.
pub(super) fn exit(expectations: &Expectations, judgements: &[Judgement], plain: Exit) -> Exit {
    let any = |verdict| judgements.iter().any(|j| j.verdict == verdict);
    if any(Verdict::Violated) {
        Exit::Violated
    } else if plain != Exit::Ok && !expectations.tell_the_end() {
        plain
    } else if any(Verdict::Open) {
        Exit::Inconclusive
    } else {
        Exit::Ok
    }
}
