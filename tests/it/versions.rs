//! `docs/versions.md` is the table of what changes at which minor. `UPDATE_DOCS=1 cargo test versions` writes it.

use std::fmt::Write;

use seatrial::model::behaviour::switches::{ALL, Actor};

use crate::support::root;

fn document() -> String {
    let mut text = String::from(
        "# What changes at which version\n\n\
         Each component behaves as its own version does, so behaviour changes half-way through an upgrade. This is the table in\n\
         `src/model/behaviour/switches.rs`; a test keeps both the same.\n\n\
         * *documented*: the minor stands in a change log, a feature gate or a pull request;\n\
         * *measured*: before and after were measured on real clusters of 1.20 and 1.36, and the minor of the change is assumed;\n\
         * *assumed*: general knowledge.\n",
    );
    for actor in Actor::ALL {
        let mut rows: Vec<_> = ALL.iter().filter(|s| s.actor == actor).collect();
        rows.sort_by_key(|s| s.since);
        let _ = write!(
            text,
            "\n## {}\n\n| since | before | from then on | rule | how sure | source |\n|---|---|---|---|---|---|\n",
            actor.as_str()
        );
        for s in rows {
            let sure = s.certainty.as_str();
            let _ = writeln!(
                text,
                "| 1.{} | {} | {} | {} | {sure} | {} |",
                s.since, s.before, s.after, s.rule, s.source
            );
        }
    }
    text
}

#[test]
#[expect(clippy::disallowed_methods, reason = "how a document is brought up to date")]
fn the_table_of_versions_is_the_documented_one() {
    let path = root().join("docs/versions.md");
    let document = document();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &document).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == document,
        "docs/versions.md is out of date: UPDATE_DOCS=1 cargo test versions"
    );
}

/// Semantics 0.3: minors of changes stand in the table and nowhere else.
#[test]
fn no_minor_is_compared_elsewhere() {
    let rooms = ["model", "cluster", "upgrade"].map(|room| root().join("src").join(room));
    for path in rooms.iter().flat_map(|room| crate::support::files(room, "rs")) {
        let text = std::fs::read_to_string(&path).unwrap();
        for sign in [
            "minor < ",
            "minor > ",
            "minor <= ",
            "minor >= ",
            "minor() < ",
            "minor() >= ",
        ] {
            let digit = |part: &str| part.starts_with(|c: char| c.is_ascii_digit());
            assert!(!text.split(sign).skip(1).any(digit), "{}: {sign}…", path.display());
        }
    }
}
