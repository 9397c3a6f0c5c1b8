//! `--report KIND=FILE`: reports in files, beside what is printed.
//!
//! Another kind is a variant of [`Kind`], its word, and an arm where it is made.

use std::path::PathBuf;

use anyhow::{Result, bail};

use super::file;
use crate::report::picture::{self, Timeline};
use crate::study::Study;

/// What can be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A picture: of a run, nodes over workloads; of trials, distributions.
    Svg,
}

/// All kinds by their words.
const KINDS: [(&str, Kind); 1] = [("svg", Kind::Svg)];

/// One report that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    kind: Kind,
    path: PathBuf,
}

/// Reads `svg=run.svg`.
pub(super) fn wanted(text: &str) -> Result<Wanted, String> {
    let words = || KINDS.map(|k| k.0).join(", ");
    let Some((word, path)) = text.split_once('=') else {
        return Err(format!("expected KIND=FILE; kinds: {}", words()));
    };
    let Some((_, kind)) = KINDS.into_iter().find(|k| k.0 == word) else {
        return Err(format!("there is no report of the kind `{word}`; kinds: {}", words()));
    };
    let path = PathBuf::from(path);
    if file::partial_name(&path).is_none() {
        return Err(format!("`{}` is not a file name", path.display()));
    }
    Ok(Wanted { kind, path })
}

/// Looks, before anything is done, whether all of them can be written; says everything that is wrong at once.
///
/// # Errors
/// Where folders are missing, folders stand in the place of files, or two reports go to the same file.
pub(super) fn check(all: &[Wanted]) -> Result<()> {
    let mut wrong = Vec::new();
    for (n, Wanted { path, .. }) in all.iter().enumerate() {
        let folder = path.parent().filter(|p| !p.as_os_str().is_empty());
        if let Some(folder) = folder.filter(|f| !f.is_dir()) {
            wrong.push(format!(
                "cannot write {}: there is no folder {}",
                path.display(),
                folder.display()
            ));
        } else if path.is_dir() {
            wrong.push(format!("cannot write {}: it is a folder", path.display()));
        } else if all[..n].iter().any(|other| other.path == *path) {
            wrong.push(format!("two reports go to {}", path.display()));
        }
    }
    if !wrong.is_empty() {
        bail!("{}", wrong.join("\n"));
    }
    Ok(())
}

/// Whether the picture of a run is wanted.
pub(super) fn needs_timeline(all: &[Wanted]) -> bool {
    all.iter().any(|wanted| wanted.kind == Kind::Svg)
}

/// Writes the reports of a run.
///
/// # Errors
/// Where a file cannot be written.
pub(super) fn of_run(all: &[Wanted], timeline: Option<&Timeline<'_>>) -> Result<()> {
    for Wanted { kind, path } in all {
        let text = match kind {
            Kind::Svg => timeline.map(Timeline::draw).unwrap_or_default(),
        };
        file::write(path, &text)?;
    }
    Ok(())
}

/// Writes the reports of many trials.
///
/// # Errors
/// Where a file cannot be written.
pub(super) fn of_trials(all: &[Wanted], study: &Study) -> Result<()> {
    for Wanted { kind, path } in all {
        let text = match kind {
            Kind::Svg => picture::trials(study),
        };
        file::write(path, &text)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_are_asked_for_by_kind_and_file() {
        let svg = wanted("svg=a=b.svg");
        assert_eq!(
            svg,
            Ok(Wanted {
                kind: Kind::Svg,
                path: "a=b.svg".into()
            })
        );
        for wrong in ["run.svg", "pdf=a", "svg=", "svg=a/..", "=a"] {
            assert!(wanted(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn everything_that_is_wrong_is_said_at_once() {
        let all = ["svg=no/such/folder/a.svg", "svg=src", "svg=b.svg", "svg=b.svg"].map(wanted);
        let all: Vec<Wanted> = all.into_iter().flatten().collect();
        let said = check(&all).map_err(|e| e.to_string());
        assert_eq!(said.err().map(|text| text.lines().count()), Some(3));
        assert!(check(&all[2..3]).is_ok());
    }
}
