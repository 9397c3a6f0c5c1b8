//! `--report KIND=FILE` of `seatrial compare`.

use std::path::PathBuf;

use super::super::file;

/// A report that is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Wanted {
    pub(in super::super) kind: Kind,
    pub(in super::super) path: PathBuf,
}

/// Kinds of reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Kind {
    /// Two runs on one clock.
    Html,
    /// A document.
    Md,
    /// A chart: makespan against downtime.
    Svg,
}

const KINDS: [(&str, Kind); 3] = [("html", Kind::Html), ("md", Kind::Md), ("svg", Kind::Svg)];

/// Reads `KIND=FILE`.
pub(in super::super) fn wanted(text: &str) -> Result<Wanted, String> {
    let (kind, path) = super::split(text, &KINDS, "md=compare.md")?;
    if file::partial_name(path.as_ref()).is_none() {
        return Err(super::no_file(text));
    }
    Ok(Wanted {
        kind,
        path: path.into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_have_a_kind_and_a_file() {
        assert_eq!(
            wanted("md=a=b.md").map(|w| (w.kind, w.path)),
            Ok((Kind::Md, "a=b.md".into()))
        );
        assert_eq!(wanted("svg=x").map(|w| w.kind), Ok(Kind::Svg));
        assert_eq!(wanted("html=x").map(|w| w.kind), Ok(Kind::Html));
        for wrong in ["md", "md=", "md=/", "perfetto=x", ""] {
            assert!(wanted(wrong).is_err(), "{wrong}");
        }
        assert!(wanted("hmtl=x").unwrap_err().contains("html"));
    }
}
