//! What differs between two reports, for people.

use std::fmt::Write;

use super::Style;
use crate::expect::difference::{Change, Verdict};
use crate::expect::summary::ReportDiff;

/// A table: whose number, old, new, difference.
#[must_use]
pub fn render(diff: &ReportDiff, style: Style) -> String {
    let name = |plan: &Option<String>| plan.clone().unwrap_or_else(|| "no plan".into());
    let [old, new] = &diff.plans;
    let mut out = format!("{} -> {}\n\n", style.bold(&name(old)), style.bold(&name(new)));
    if diff.changes.is_empty() {
        out.push_str("no number differs\n");
        return out;
    }
    let head = ["OF", "NUMBER", "OLD", "NEW", "DIFFERENCE"].map(str::to_owned);
    let rows: Vec<[String; 5]> = [head].into_iter().chain(diff.changes.iter().map(row)).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths = [0, 1, 2, 3, 4].map(width);
    for (n, row) in rows.iter().enumerate() {
        let [of, number, old, new, by] = row;
        let line = format!(
            "{of:<0$}  {number:<1$}  {old:>2$}  {new:>3$}  {by:>4$}",
            widths[0], widths[1], widths[2], widths[3], widths[4]
        );
        let word = match n
            .checked_sub(1)
            .and_then(|n| diff.changes.get(n))
            .map(|change| change.verdict)
        {
            Some(Verdict::Worse) => style.bad("  worse"),
            Some(Verdict::Better) => style.good("  better"),
            Some(Verdict::Tolerated) => style.dim("  perhaps luck"),
            None => String::new(),
        };
        let _ = writeln!(out, "{line}{word}");
    }
    out
}

fn row(change: &Change) -> [String; 5] {
    let [old, new, by] = change.cells();
    [change.of.clone(), change.metric.clone(), old, new, by]
}
