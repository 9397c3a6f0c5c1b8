//! `--report KIND=FILE`: reports that are written to files beside the one that is printed.

use std::path::PathBuf;

use anyhow::Result;

use super::file;
use crate::metrics::Report;
use crate::report;
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
    Html,
}

/// Their names.
const KINDS: [(&str, Kind); 1] = [("html", Kind::Html)];

/// Reads `KIND=FILE`.
pub(super) fn wanted(text: &str) -> Result<Wanted, String> {
    let names = || KINDS.map(|k| k.0).join(", ");
    let Some((name, path)) = text.split_once('=') else {
        return Err(format!(
            "expected KIND=FILE, such as html=out.html; kinds are {}",
            names()
        ));
    };
    let Some((_, kind)) = KINDS.iter().find(|k| k.0 == name) else {
        return Err(format!(
            "there is no report of the kind `{name}`; kinds are {}",
            names()
        ));
    };
    if path.is_empty() {
        return Err(format!("expected a file name after `{name}=`"));
    }
    Ok(Wanted {
        kind: *kind,
        path: path.into(),
    })
}

/// Writes all that are wanted.
///
/// # Errors
/// When one cannot be written.
pub(super) fn write(wanted: &[Wanted], preamble: &Preamble, records: &[Record], report: &Report) -> Result<()> {
    for Wanted { kind, path } in wanted {
        let text = match kind {
            Kind::Html => report::html::render(preamble, records, report)?,
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
            ("htm=x", "kinds are html"),
            ("html=", "file name"),
        ] {
            let error = wanted(wrong).err();
            assert!(error.as_ref().is_some_and(|e| e.contains(why)), "{wrong}: {error:?}");
        }
    }
}
