//! `--report KIND=FILE`: reports that are written to files beside the one that is printed.

pub(super) mod comparison;
pub(super) mod suite;

use std::path::{Path, PathBuf};

use anyhow::Result;

use super::file;
use crate::metrics::Report;
use crate::report;
use crate::study::Study;
use crate::trace::{Preamble, Record};

/// A report that is wanted in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    kind: Kind,
    path: PathBuf,
}

/// Kinds of reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Plays a run.
    Html,
    /// A picture: of a run, nodes over workloads; of trials, distributions.
    Svg,
    /// Tracks for a trace viewer.
    Perfetto,
    /// For a pull request or a change ticket.
    Md,
}

/// Their names.
const KINDS: [(&str, Kind); 4] = [
    ("html", Kind::Html),
    ("svg", Kind::Svg),
    ("md", Kind::Md),
    ("perfetto", Kind::Perfetto),
];

impl Kind {
    fn name(self) -> &'static str {
        let known = KINDS.iter().find(|(_, kind)| *kind == self);
        known.map_or("", |(name, _)| name)
    }
}

/// The kind and the file of `KIND=FILE`.
fn split<'t, K: Copy>(text: &'t str, kinds: &[(&str, K)], example: &str) -> Result<(K, &'t str), String> {
    let names = || kinds.iter().map(|k| k.0).collect::<Vec<_>>().join(", ");
    let Some((name, path)) = text.split_once('=') else {
        return Err(format!("expected KIND=FILE, such as {example}; kinds are {}", names()));
    };
    let Some((_, kind)) = kinds.iter().find(|k| k.0 == name) else {
        let near = crate::scenario::did_you_mean(name, kinds.iter().map(|k| k.0));
        let help = near.unwrap_or_else(|| format!("kinds are {}", names()));
        return Err(format!("there is no report of the kind `{name}`; {help}"));
    };
    Ok((*kind, path))
}

fn no_file(text: &str) -> String {
    let kind = text.split_once('=').map_or(text, |(kind, _)| kind);
    format!("expected a file name after `{kind}=`")
}

/// Reads `KIND=FILE`.
pub(super) fn wanted(text: &str) -> Result<Wanted, String> {
    let (kind, path) = split(text, &KINDS, "html=out.html")?;
    if file::partial_name(path.as_ref()).is_none() {
        return Err(no_file(text));
    }
    Ok(Wanted {
        kind,
        path: path.into(),
    })
}

/// Looks, before anything is done, whether all of them can be written; says everything that is wrong at once.
///
/// # Errors
/// Where folders are missing, folders stand in the place of files, two reports go to the same file, or a report of one run
/// is wanted of many.
pub(super) fn check(all: &[Wanted], trials: bool) -> Result<(), String> {
    let mut wrong = Vec::new();
    for (n, Wanted { kind, path }) in all.iter().enumerate() {
        let name = path.display();
        if trials && *kind != Kind::Svg {
            let kind = kind.name();
            wrong.push(format!(
                "{name}: {kind} shows one run, not many: use svg, or leave out --trials"
            ));
        }
        let before: Vec<&Path> = all[..n].iter().map(|other| other.path.as_path()).collect();
        wrong.extend(misplaced(path, &before));
    }
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(wrong.join("\n"))
    }
}

/// Why a report cannot go to a file, if it cannot; reports before it go to others.
fn misplaced(path: &Path, before: &[&Path]) -> Option<String> {
    let name = path.display();
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty());
    if let Some(folder) = folder.filter(|f| !f.is_dir()) {
        Some(format!("cannot write {name}: there is no folder {}", folder.display()))
    } else if path.is_dir() {
        Some(format!("cannot write {name}: it is a folder"))
    } else if before.contains(&path) {
        Some(format!("two reports go to {name}"))
    } else {
        None
    }
}

/// Writes all that are wanted of a run.
///
/// # Errors
/// When one cannot be written.
pub(super) fn write(wanted: &[Wanted], preamble: &Preamble, records: &[Record], report: &Report) -> Result<()> {
    for Wanted { kind, path } in wanted {
        let text = match kind {
            Kind::Html => report::html::render(preamble, records, report)?,
            Kind::Perfetto => report::perfetto::render(preamble, records, report)?,
            Kind::Svg => report::picture::run(preamble, records),
            Kind::Md => report::table::markdown::render(report),
        };
        file::write(path, &text)?;
    }
    Ok(())
}

/// Writes all that are wanted of many trials.
///
/// # Errors
/// When one cannot be written.
pub(super) fn write_trials(wanted: &[Wanted], study: &Study) -> Result<()> {
    for Wanted { kind, path } in wanted {
        let text = match kind {
            // `check` has refused it.
            Kind::Html | Kind::Perfetto | Kind::Md => continue,
            Kind::Svg => report::picture::trials(study),
        };
        file::write(path, &text)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wanted_has_a_kind_and_a_file() {
        let html = wanted("html=a=b.html").map(|w| (w.kind, w.path));
        assert_eq!(html, Ok((Kind::Html, PathBuf::from("a=b.html"))));
        for (wrong, why) in [
            ("html", "KIND=FILE"),
            ("htm=x", "did you mean `html`?"),
            ("boat=x", "kinds are html, svg"),
            ("svg=a/..", "file name"),
            ("html=", "file name"),
        ] {
            let error = wanted(wrong).err();
            assert!(error.as_ref().is_some_and(|e| e.contains(why)), "{wrong}: {error:?}");
        }
    }

    #[test]
    fn everything_that_is_wrong_is_said_at_once() {
        let all = ["svg=no/such/folder/a.svg", "svg=src", "html=b.svg", "svg=b.svg"].map(wanted);
        let all: Vec<Wanted> = all.into_iter().flatten().collect();
        let lines = |trials| check(&all, trials).err().map(|text| text.lines().count());
        assert_eq!((lines(false), lines(true)), (Some(3), Some(4)));
        assert_eq!(check(&all[3..], true), Ok(()));
    }
}
