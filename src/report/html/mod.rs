//! A run as one page that plays it: a single file without references to anything outside, readable without scripts.
//!
//! The page follows from the facts of the run, so that of a saved trace is the same, byte for byte. Text of the input is
//! escaped wherever it goes; a content security policy keeps the page from reaching for the network.

mod answers;
mod bytes;
mod data;
mod escape;
mod facts;
pub(super) mod series;
mod tables;

use crate::metrics::Report;
use crate::trace::{Preamble, Record};

/// The page, with places for what a run fills in.
const PAGE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
/// The scripts, in the order in which they need each other.
const SCRIPTS: [&str; 10] = [
    include_str!("js/data.js"),
    include_str!("js/words.js"),
    include_str!("js/world.js"),
    include_str!("js/theme.js"),
    include_str!("js/layout.js"),
    include_str!("js/map.js"),
    include_str!("js/timeline.js"),
    include_str!("js/why.js"),
    include_str!("js/table.js"),
    include_str!("js/main.js"),
];

/// The page of a run from its facts and its report.
///
/// # Errors
/// When data cannot be written as JSON, which does not happen with facts of a run.
pub fn render(preamble: &Preamble, records: &[Record], report: &Report) -> serde_json::Result<String> {
    let data = serde_json::to_string(&data::data(preamble, records, report))?;
    let heading = report.plan.as_deref().unwrap_or("faults only");
    Ok(fill(PAGE, |name| match name {
        "engine" => escape::text(&report.engine_version),
        "title" => escape::text(&format!("{heading} – seatrial")),
        "style" => STYLE.to_owned(),
        "heading" => escape::text(heading),
        "route" => answers::route(report),
        "answers" => answers::answers(report),
        "report" => tables::tables(preamble, records, report),
        "footer" => answers::footer(report),
        "data" => escape::json(&data),
        "script" => script(),
        _ => String::new(),
    }))
}

/// Fills the places of a template, `{{name}}`, once: what is filled in is not looked at again.
fn fill(template: &str, value: impl Fn(&str) -> String) -> String {
    let mut out = String::with_capacity(1 << 18);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        out.push_str(before);
        let (name, after) = after.split_once("}}").unwrap_or((after, ""));
        out.push_str(&value(name));
        rest = after;
    }
    out.push_str(rest);
    out
}

/// All scripts as one, with names of their own.
fn script() -> String {
    let mut all = String::from("(() => {\n\"use strict\";\n");
    for part in SCRIPTS {
        all.push_str(part);
    }
    all.push_str("})();\n");
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_filled_once() {
        let value = |name: &str| format!("<{name} {{{{b}}}}>");
        assert_eq!(fill("1 {{a}} 2 {{b}} 3", value), "1 <a {{b}}> 2 <b {{b}}> 3");
    }
}
