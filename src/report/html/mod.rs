//! A run, or two side by side, as one page that plays: a single file without references to anything outside, readable
//! without scripts.
//!
//! The page follows from the facts of the runs, so that of a saved trace is the same, byte for byte. Text of the input is
//! escaped wherever it goes; a content security policy keeps the page from reaching for the network.

mod answers;
mod bytes;
mod data;
mod escape;
mod facts;
mod pair;
mod plain;
pub(super) mod series;
mod tables;

pub(crate) use plain::sentence;

use crate::metrics::Report;
use crate::trace::{Preamble, Record};

/// The page, with places for what runs fill in.
const PAGE: &str = include_str!("page.html");
/// What each run has of its own: its map and what happens in it, and its state as a table.
const RUN: &str = include_str!("run.html");
const STATE: &str = include_str!("state.html");
const STYLE: &str = include_str!("page.css");
/// The scripts that the page has once, in the order in which they need each other: before the runs are opened, and after.
const BEFORE: [&str; 4] = [
    include_str!("js/data.js"),
    include_str!("js/page.js"),
    include_str!("js/theme.js"),
    include_str!("js/clock.js"),
];
const AFTER: [&str; 2] = [include_str!("js/timeline.js"), include_str!("js/main.js")];
/// The scripts of a run: the body of a function, so that each run has variables of its own.
const OF_A_RUN: [&str; 9] = [
    include_str!("js/source.js"),
    include_str!("js/words.js"),
    include_str!("js/world.js"),
    include_str!("js/layout.js"),
    include_str!("js/map.js"),
    include_str!("js/strips.js"),
    include_str!("js/why.js"),
    include_str!("js/table.js"),
    include_str!("js/run.js"),
];

/// A run to be shown.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a> {
    /// What it is called beside another one.
    pub name: &'a str,
    /// Who is who.
    pub preamble: &'a Preamble,
    /// All facts.
    pub records: &'a [Record],
    /// The report of these facts.
    pub report: &'a Report,
}

/// The page of a run from its facts and its report.
///
/// # Errors
/// When data cannot be written as JSON, which does not happen with facts of a run.
pub fn render(preamble: &Preamble, records: &[Record], report: &Report) -> serde_json::Result<String> {
    let name = report.plan.as_deref().unwrap_or("faults only");
    let shown = Shown {
        name,
        preamble,
        records,
        report,
    };
    let data = embedded(&shown, "", None)?;
    Ok(fill(PAGE, |place| match place {
        "title" => escape::text(&format!("{name} – seatrial")),
        "heading" => escape::text(name),
        "route" => answers::route(report),
        "answers" => answers::answers(report),
        "runs" => of_run(RUN, "", "The run", "", ""),
        "states" => of_run(STATE, "", "", "", ""),
        "report" => tables::tables(preamble, records, report, ""),
        "footer" => answers::footer(report),
        "data" => data.clone(),
        _ => of_page(place, report),
    }))
}

/// The page of two runs on one clock.
///
/// # Errors
/// As [`render`].
pub fn side_by_side(runs: &[Shown<'_>; 2]) -> serde_json::Result<String> {
    let [a, b] = runs;
    let data = embedded(a, "", Some(a.name))? + &embedded(b, "-b", Some(b.name))?;
    let both = |template: &str| {
        let of = |shown: &Shown<'_>, letter: &str, suffix: &str| {
            let name = escape::text(shown.name);
            let title = pair::title(shown, letter);
            of_run(template, suffix, &name, &title, &format!(" in {letter}, {name}"))
        };
        of(a, "A", "") + &of(b, "B", "-b")
    };
    Ok(fill(PAGE, |place| match place {
        "title" => escape::text(&format!("{} and {} – seatrial", a.name, b.name)),
        "heading" => format!(
            "{} <span class=\"soft\">and</span> {}",
            escape::text(a.name),
            escape::text(b.name)
        ),
        "route" => pair::route(a),
        "answers" => pair::answers(runs),
        "runs" => format!("<div class=\"pair\">\n{}</div>\n", both(RUN)),
        "states" => both(STATE),
        "report" => pair::tables(runs),
        "footer" => answers::footer(a.report),
        "data" => data.clone(),
        _ => of_page(place, a.report),
    }))
}

/// What is the same on every page.
fn of_page(place: &str, report: &Report) -> String {
    match place {
        "engine" => escape::text(&report.engine_version),
        "style" => STYLE.to_owned(),
        "script" => script(),
        _ => String::new(),
    }
}

/// A part of the page that belongs to a run; `suffix`: what its ids end with. All is escaped already.
fn of_run(template: &str, suffix: &str, label: &str, title: &str, of: &str) -> String {
    fill(template, |place| {
        match place {
            "suffix" => suffix,
            "label" => label,
            "title" => title,
            "of" => of,
            _ => "",
        }
        .to_owned()
    })
}

/// The data of a run in its element.
fn embedded(shown: &Shown<'_>, suffix: &str, name: Option<&str>) -> serde_json::Result<String> {
    let data = data::data(shown.preamble, shown.records, shown.report, name);
    let data = escape::json(&serde_json::to_string(&data)?);
    Ok(format!(
        "<script type=\"application/json\" id=\"data{suffix}\">{data}</script>\n"
    ))
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
    let run = OF_A_RUN.concat();
    let open = format!("function openRun(source, suffix, select) {{\n{run}return asRun();\n}}\n");
    format!(
        "(() => {{\n\"use strict\";\n{}{open}{}}})();\n",
        BEFORE.concat(),
        AFTER.concat()
    )
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
