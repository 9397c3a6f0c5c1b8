//! `--report KIND=FILE` of `seatrial test`; `-` is stdout.

use std::path::{Path, PathBuf};

use anyhow::Result;

use super::super::file;
use super::super::output::Terminal;
use crate::expect::suite::TestReport;
use crate::report::suite;

/// A report that is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Wanted {
    kind: Kind,
    path: PathBuf,
}

/// Kinds of reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Junit,
    Tap,
    Github,
    Gitlab,
    Md,
    Sarif,
}

const KINDS: [(&str, Kind); 6] = [
    ("junit", Kind::Junit),
    ("sarif", Kind::Sarif),
    ("github", Kind::Github),
    ("gitlab", Kind::Gitlab),
    ("tap", Kind::Tap),
    ("md", Kind::Md),
];

/// Reads `KIND=FILE`.
pub(in super::super) fn wanted(text: &str) -> Result<Wanted, String> {
    let (kind, path) = super::split(text, &KINDS, "junit=junit.xml")?;
    if path != "-" && file::partial_name(path.as_ref()).is_none() {
        return Err(super::no_file(text));
    }
    Ok(Wanted {
        kind,
        path: path.into(),
    })
}

/// Looks, before anything is done, whether all of them can be written; says everything that is wrong at once.
///
/// # Errors
/// Where folders are missing, folders stand in the place of files, or two reports go to the same place.
pub(in super::super) fn check(all: &[Wanted]) -> Result<(), String> {
    let paths: Vec<&Path> = all.iter().map(|w| w.path.as_path()).collect();
    let wrong: Vec<String> = paths
        .iter()
        .enumerate()
        .filter_map(|(n, path)| super::misplaced(path, &paths[..n]))
        .collect();
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(wrong.join("\n"))
    }
}

/// Writes all that are wanted.
///
/// # Errors
/// When one cannot be written.
pub(in super::super) fn write(all: &[Wanted], report: &TestReport, terminal: &Terminal) -> Result<()> {
    for Wanted { kind, path } in all {
        let text = match kind {
            Kind::Junit => suite::junit::render(report)?,
            Kind::Tap => suite::tap::render(report),
            Kind::Github => suite::github::render(report),
            Kind::Gitlab => suite::gitlab::render(report),
            Kind::Md => suite::markdown::render(report),
            Kind::Sarif => suite::sarif::render(report),
        };
        if path.as_os_str() == "-" {
            terminal.result(&text)?;
        } else {
            file::write(path, &text)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wanted_has_a_kind_and_a_file() {
        assert!(wanted("junit=a.xml").is_ok() && wanted("github=-").is_ok());
        for (wrong, why) in [
            ("junit", "KIND=FILE"),
            ("junt=x", "did you mean `junit`?"),
            ("html=x", "kinds are junit"),
            ("tap=", "file name"),
        ] {
            assert!(wanted(wrong).unwrap_err().contains(why), "{wrong}");
        }
    }

    #[test]
    fn everything_that_is_wrong_is_said_at_once() {
        let all = ["junit=no/such/folder/a", "tap=src", "md=b", "sarif=b"].map(|w| wanted(w).unwrap());
        assert_eq!(check(&all).unwrap_err().lines().count(), 3);
        assert_eq!(check(&all[3..]), Ok(()));
    }
}
