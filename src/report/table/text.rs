//! Text in columns, and numbers as people say them.

use std::fmt::Write;

use super::WIDTH;
use crate::metrics::Seconds;

/// Text that starts with `lead` and goes on `indent` columns from the left.
pub(in super::super) fn paragraph(out: &mut String, lead: &str, text: &str, indent: usize) {
    let mut lines = wrap(text, WIDTH.saturating_sub(indent).max(20)).into_iter();
    let _ = writeln!(out, "{lead}{}", lines.next().unwrap_or_default());
    for line in lines {
        let _ = writeln!(out, "{}{line}", " ".repeat(indent));
    }
}

/// Lines of at most `width` characters; a word that is longer is not broken.
pub(in super::super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0;
    let mut words: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        // A number and its unit stay together.
        match words.last_mut() {
            Some(number) if word.trim_end_matches([',', ';', ')']) == "s" => {
                number.push(' ');
                number.push_str(word);
            }
            _ => words.push(word.to_owned()),
        }
    }
    for word in &words {
        let length = word.chars().count();
        if used > 0 && used + 1 + length > width {
            lines.push(String::new());
            used = 0;
        }
        if let Some(line) = lines.last_mut() {
            if used > 0 {
                line.push(' ');
                used += 1;
            }
            line.push_str(word);
        }
        used += length;
    }
    lines
}

/// A text of at most `most` characters, cut in the middle.
pub(in super::super) fn shorten(text: &str, most: usize) -> String {
    let length = text.chars().count();
    if length <= most {
        return text.to_owned();
    }
    let tail = most / 2;
    let head: String = text.chars().take(most - 1 - tail).collect();
    let tail: String = text.chars().skip(length - tail).collect();
    format!("{head}…{tail}")
}

pub(in super::super) fn count(n: u64, noun: &str) -> String {
    if n == 1 {
        format!("1 {noun}")
    } else {
        format!("{n} {noun}s")
    }
}

/// A number without needless decimals, two at most.
pub(in super::super) fn decimals(number: f64) -> String {
    let text = format!("{number:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Seconds as people say them: `0s`, `0.04s`, `4.1s`, `12m5s`, `3h2m`.
pub(in super::super) fn span(seconds: Seconds) -> String {
    if seconds <= 0.0 {
        "0s".into()
    } else if seconds < 0.095 {
        format!("{seconds:.3}s")
    } else if seconds < 599.95 {
        format!("{seconds:.1}s")
    } else {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "positive, and saturating is right"
        )]
        let whole = (seconds + 0.5) as u64;
        if whole < 36_000 {
            format!("{}m{}s", whole / 60, whole % 60)
        } else {
            format!("{}h{}m", whole / 3600, whole / 60 % 60)
        }
    }
}
