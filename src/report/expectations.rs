//! Whether a run was as it was expected, for people.

use std::fmt::Write;

use super::Style;
use super::suite::line;
use super::table::text::paragraph;
use crate::expect::{Judgement, Verdict};

/// Below a report: how many expectations hold, and each that does not; all of them in the wide view.
#[must_use]
pub fn render(judgements: &[Judgement], style: Style, wide: bool) -> String {
    let mut out = String::new();
    let hold = judgements.iter().filter(|j| j.verdict == Verdict::Holds).count();
    let all = judgements.len();
    let said = if hold == all {
        style.good(&if all == 1 {
            "holds".to_owned()
        } else {
            format!("all {all} hold")
        })
    } else {
        style.bad(&format!("{hold} of {all} hold"))
    };
    let _ = writeln!(
        out,
        "\n{:<23}{said}",
        if all == 1 { "Expectation" } else { "Expectations" }
    );
    for judgement in judgements {
        if !wide && judgement.verdict == Verdict::Holds {
            continue;
        }
        let word = match judgement.verdict {
            Verdict::Holds => style.good("holds    "),
            Verdict::Violated => style.bad("VIOLATED "),
            Verdict::Open => style.warning("open     "),
        };
        paragraph(&mut out, &format!("  {word} "), &line(&judgement.expectation), 12);
        paragraph(&mut out, "            ", &line(&judgement.evidence), 12);
        if let Some(origin) = judgement
            .origin
            .as_ref()
            .filter(|_| judgement.verdict != Verdict::Holds)
        {
            let place = format!("{}:{}", line(&origin.file), origin.line);
            let _ = writeln!(out, "            {}", style.dim(&place));
        }
    }
    out
}
