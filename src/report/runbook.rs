//! A runbook as Markdown.

use std::fmt::Write;

use crate::planning::runbook::{Block, Runbook, Section, Step};

/// The runbook as Markdown; every `bash` block is a piece of shell.
#[must_use]
pub fn render(book: &Runbook) -> String {
    let mut out = format!("# {}\n\n", book.title);
    for note in &book.notes {
        let _ = writeln!(out, "{note}\n");
    }
    for section in &book.sections {
        part(&mut out, section);
    }
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

fn part(out: &mut String, section: &Section) {
    let _ = writeln!(out, "## {}\n", section.title);
    for note in &section.notes {
        let _ = writeln!(out, "* {note}");
    }
    if !section.notes.is_empty() {
        out.push('\n');
    }
    for (number, step) in (1..).zip(&section.steps) {
        one(out, number, step);
    }
}

fn one(out: &mut String, number: u32, step: &Step) {
    let _ = writeln!(out, "### {number}. {}\n", step.title);
    let mut facts = vec![capital(&step.place)];
    if let Some(takes) = &step.takes {
        facts.push(format!("takes {takes}"));
    }
    let _ = writeln!(out, "{}.\n", facts.join("; "));
    for Block { label, lines } in &step.blocks {
        if let Some(label) = label {
            let _ = writeln!(out, "{}:\n", capital(label));
        }
        shell(out, lines);
    }
    if step.check.is_empty() {
        let _ = writeln!(out, "* Shows: {}.", step.shows);
    } else {
        let _ = writeln!(out, "Check:\n");
        shell(out, &step.check);
        let _ = writeln!(out, "* The check shows: {}.", step.shows);
    }
    if let Some(away) = &step.away {
        let _ = writeln!(out, "* Away meanwhile: {away}.");
    }
    let _ = writeln!(out, "* If it fails: {}.\n", step.fails);
}

fn shell(out: &mut String, lines: &[String]) {
    let _ = writeln!(out, "```bash\n{}\n```\n", lines.join("\n"));
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
