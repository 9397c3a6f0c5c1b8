//! An explanation as text: a sentence for each finding, and a tree of what led to it.

use std::fmt::Write;

use super::{Explanation, Finding, Line, Sort};
use crate::report::Style;

/// So wide is the text.
const WIDTH: usize = 100;
/// So many findings of one sort are told about, and of the same thing.
const TOLD: usize = 8;
const TOLD_OF_ONE: usize = 3;
/// So many lines of a branch are told.
const BRANCHES: usize = 6;

/// The text; `whole`: nothing is left out.
#[must_use]
pub fn render(explanation: &Explanation, style: Style, whole: bool) -> String {
    let mut out = String::new();
    let mut left_out: Vec<&Finding> = Vec::new();
    let mut told: Vec<&Finding> = Vec::new();
    for finding in &explanation.findings {
        let same = told.iter().filter(|f| f.sort == finding.sort);
        let of_one = same.clone().filter(|f| f.object == finding.object).count();
        if !whole && (same.count() >= TOLD || of_one >= TOLD_OF_ONE) {
            left_out.push(finding);
            continue;
        }
        if !told.is_empty() {
            out.push('\n');
        }
        told.push(finding);
        one(&mut out, finding, style, whole);
    }
    if told.is_empty() {
        out.push_str(
            "Nothing went wrong: no outage, no degradation, no pod that waited, no eviction that was refused.\n",
        );
    }
    rest(&mut out, &left_out, style);
    out
}

/// What is left out, summed up by sort and object.
fn rest(out: &mut String, left_out: &[&Finding], style: Style) {
    let mut sums: Vec<(Sort, usize, f64)> = Vec::new();
    for finding in left_out {
        match sums.iter_mut().find(|s| s.0 == finding.sort) {
            Some(sum) => (sum.1, sum.2) = (sum.1 + 1, sum.2 + finding.seconds),
            None => sums.push((finding.sort, 1, finding.seconds)),
        }
    }
    if !sums.is_empty() {
        let _ = writeln!(out, "\n{}", style.dim("Left out here, -o wide has all:"));
    }
    for (sort, count, seconds) in sums {
        let (one, many) = match sort {
            Sort::Outage => ("outage", "outages"),
            Sort::Pending => ("workload with pods that waited", "workloads with pods that waited"),
            Sort::BlockedDrain => ("drain", "drains"),
            Sort::Errors => ("workload with errors", "workloads with errors"),
            Sort::Degradation => ("workload with too few replicas", "workloads with too few replicas"),
            _ => ("finding", "findings"),
        };
        let noun = if count == 1 { one } else { many };
        let _ = writeln!(out, "  {count} {noun}, {seconds:.1} s together");
    }
}

fn one(out: &mut String, finding: &Finding, style: Style, whole: bool) {
    let summary = capital(&finding.summary);
    for (number, line) in wrap(&summary, WIDTH).iter().enumerate() {
        let line = if number == 0 && finding.sort < Sort::Degradation {
            style.bold(line)
        } else if number == 0 {
            line.clone()
        } else {
            format!("  {line}")
        };
        let _ = writeln!(out, "{line}");
    }
    if finding.sort < Sort::Errors || finding.sort == Sort::Story || whole {
        branch(out, &finding.lines, "  ", style, whole || finding.sort == Sort::Story);
    } else {
        // What comes of it all is told above.
        let bare = |line: &Line| Line {
            below: Vec::new(),
            ..line.clone()
        };
        let lines: Vec<Line> = finding.lines.iter().map(bare).collect();
        branch(out, &lines, "  ", style, whole);
    }
    for prevention in &finding.prevented_by {
        let makespan = prevention.makespan_seconds;
        let makespan = makespan.map_or_else(|| "does not complete".into(), |s| format!("takes {s:.1} s"));
        let words = format!(
            "{}: down for {:.1} s then, and the plan {makespan} (rehearsed)",
            prevention.change, prevention.downtime_seconds
        );
        let lead = "  would have prevented it: ";
        paragraph(out, &style.good(lead), lead.len(), &words);
    }
}

fn branch(out: &mut String, lines: &[Line], indent: &str, style: Style, whole: bool) {
    let shown = if whole || lines.len() <= BRANCHES + 1 || indent.chars().count() > 5 {
        lines.len()
    } else {
        BRANCHES
    };
    for (number, line) in lines.iter().take(shown).enumerate() {
        let last = number + 1 == lines.len();
        let (fork, below) = if last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
        let time = line.at.map_or_else(String::new, |at| format!("{at:.1} s  "));
        let plain = format!("{indent}{fork}{time}");
        let lead = format!("{}{}", style.dim(&format!("{indent}{fork}")), style.dim(&time));
        let rest = format!("{indent}{below}{}", if line.below.is_empty() { "" } else { "│  " });
        let width = WIDTH.saturating_sub(plain.chars().count()).max(30);
        for (number, text) in wrap(&line.words, width).iter().enumerate() {
            let lead = if number == 0 { &lead } else { &style.dim(&rest) };
            let text = if number == 0 { text.clone() } else { format!("  {text}") };
            let _ = writeln!(out, "{lead}{text}");
        }
        branch(out, &line.below, &format!("{indent}{below}"), style, whole);
    }
    if shown < lines.len() {
        let more = lines.len() - shown;
        let _ = writeln!(out, "{}", style.dim(&format!("{indent}└─ … {more} more (-o wide)")));
    }
}

fn paragraph(out: &mut String, lead: &str, width: usize, text: &str) {
    for (number, line) in wrap(text, WIDTH - width).iter().enumerate() {
        let lead = if number == 0 {
            lead.to_owned()
        } else {
            " ".repeat(width)
        };
        let _ = writeln!(out, "{lead}{line}");
    }
}

/// A sentence with its first letter large, unless it is a name.
fn capital(text: &str) -> String {
    let first = text.split_whitespace().next().unwrap_or_default();
    if first.contains(['/', '-']) {
        return text.into();
    }
    let mut letters = text.chars();
    letters
        .next()
        .map_or_else(String::new, |c| c.to_uppercase().chain(letters).collect())
}

/// Lines of at most `width` characters, as far as words allow.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = vec![String::new()];
    for word in text.split(' ') {
        let Some(line) = lines.last_mut() else { break };
        // Lines that follow are indented by two.
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > width.saturating_sub(2) {
            lines.push(word.to_owned());
        } else {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}
