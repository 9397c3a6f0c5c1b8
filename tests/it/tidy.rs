//! The laws of the house, as far as text can tell.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{files, root};

/// Which floor a room is on; a room uses only rooms on its own floor and below.
const FLOORS: [(&str, u32); 18] = [
    ("units", 0),
    ("ids", 0),
    ("queue", 0),
    ("rng", 0),
    ("model", 1),
    ("versions", 1),
    ("trace", 2),
    ("cluster", 3),
    ("upgrade", 3),
    ("metrics", 4),
    ("expect", 5),
    ("lint", 5),
    ("planning", 5),
    ("study", 5),
    ("scenario", 6),
    ("report", 7),
    ("explain", 7),
    ("cli", 8),
];

/// Rooms below that are off limits all the same: each floor sees only what it needs.
const OFF_LIMITS: [(&str, &[&str], &str); 7] = [
    (
        "versions",
        &["rng", "queue", "ids"],
        "rules about versions are pure functions",
    ),
    (
        "model",
        &["rng", "queue"],
        "a model is data: it draws nothing and schedules nothing",
    ),
    ("trace", &["queue"], "facts are the past"),
    (
        "metrics",
        &["cluster", "upgrade", "rng", "queue"],
        "reports follow from facts alone",
    ),
    (
        "study",
        &["upgrade", "rng", "queue"],
        "a study plays runs and reads their reports",
    ),
    (
        "scenario",
        &["trace", "cluster", "upgrade", "metrics", "study", "rng", "queue"],
        "documents become a model; what it does is not their business",
    ),
    (
        "report",
        &["scenario", "cluster", "upgrade", "model", "rng", "queue"],
        "views show reports and facts",
    ),
];

fn floor(room: &str) -> Option<u32> {
    FLOORS.iter().find(|f| f.0 == room).map(|f| f.1)
}

fn sources() -> Vec<(PathBuf, String)> {
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).unwrap();
        (path, text)
    };
    files(&root().join("src"), "rs").into_iter().map(read).collect()
}

/// The part of a file that is not its unit tests; nothing of one that holds only those.
fn product(text: &str) -> &str {
    if text.lines().any(|line| line == "#![cfg(test)]") {
        return "";
    }
    text.split("#[cfg(test)]\nmod tests").next().unwrap()
}

fn room_of(path: &Path) -> String {
    let inside = path.strip_prefix(root().join("src")).unwrap();
    let first = inside.components().next().unwrap().as_os_str().to_string_lossy();
    first.trim_end_matches(".rs").to_owned()
}

/// Rooms that a text names as `crate::room`, also in braces.
fn used(text: &str) -> BTreeSet<String> {
    let mut rooms = BTreeSet::new();
    for part in text.split("crate::").skip(1) {
        let word: String = part
            .chars()
            .take_while(|c| c.is_ascii_lowercase() || *c == '_')
            .collect();
        rooms.insert(word);
        if let Some(list) = part.strip_prefix('{') {
            let names = list.split('}').next().unwrap().split([',', '\n']);
            rooms.extend(names.map(|n| n.trim().split("::").next().unwrap().to_owned()));
        }
    }
    rooms
}

#[test]
fn rooms_use_only_rooms_below() {
    for (path, text) in sources() {
        let room = room_of(&path);
        if ["lib", "main"].contains(&room.as_str()) {
            continue;
        }
        let own = floor(&room).unwrap_or_else(|| panic!("{room} has no floor"));
        for other in used(product(&text)) {
            for (_, closed, why) in OFF_LIMITS.iter().filter(|rule| rule.0 == room) {
                assert!(
                    !closed.contains(&other.as_str()),
                    "{} uses {other}: {why}",
                    path.display()
                );
            }
            if let Some(other_floor) = floor(&other) {
                assert!(
                    other_floor <= own,
                    "{} (floor {own}) uses {other} (floor {other_floor})",
                    path.display()
                );
            }
        }
    }
}

#[test]
fn every_room_is_in_the_table() {
    let rooms: BTreeSet<String> = sources().iter().map(|(path, _)| room_of(path)).collect();
    for room in rooms {
        assert!(
            floor(&room).is_some() || ["lib", "main"].contains(&room.as_str()),
            "{room}"
        );
    }
}

#[test]
fn files_and_functions_are_short() {
    for (path, text) in sources() {
        assert!(text.lines().count() <= 600, "{}", path.display());
        let mut start: Option<(usize, usize)> = None;
        for (number, line) in text.lines().enumerate() {
            let indent = line.len() - line.trim_start().len();
            let begins = line
                .trim_start()
                .trim_start_matches("pub ")
                .trim_start_matches("pub(crate) ")
                .trim_start_matches("pub(super) ");
            if begins.starts_with("fn ") || begins.starts_with("const fn ") {
                start = Some((number, indent));
            } else if let Some((from, at)) = start
                && indent == at
                && line.trim_start().starts_with('}')
            {
                assert!(
                    number - from < 70,
                    "{}:{}: {} lines",
                    path.display(),
                    from + 1,
                    number - from + 1
                );
                start = None;
            }
        }
    }
}

/// The library prints nothing, reads no clock and no environment, hashes nothing, and does not panic on purpose.
#[test]
fn the_library_keeps_its_promises() {
    let banned = [
        ".unwrap()",
        "panic!(",
        "todo!(",
        "unimplemented!(",
        "unreachable!(",
        "HashMap",
        "HashSet",
        "SystemTime",
        "Instant::now",
    ];
    let only_cli = ["println!", "eprintln!", "std::env::var"];
    for (path, text) in sources() {
        let text: String = product(&text)
            .lines()
            .filter(|l| !l.trim_start().starts_with("//"))
            .collect::<Vec<_>>()
            .join("\n");
        for word in banned {
            assert!(!text.contains(word), "{}: {word}", path.display());
        }
        let cli = ["cli", "main"].contains(&room_of(&path).as_str());
        for word in only_cli {
            assert!(cli || !text.contains(word), "{}: {word}", path.display());
        }
        let documents = room_of(&path) == "scenario";
        assert!(documents || !text.contains("k8s_openapi"), "{}", path.display());
    }
}

/// Scenarios are all in a form that the snapshot test of the textbook finds, each under a name of its own.
#[test]
fn no_scenario_is_dead() {
    let mut names = BTreeSet::new();
    for entry in every_file(&root().join("scenarios")) {
        let known = entry.extension().is_some_and(|e| e == "yaml");
        assert!(known, "{}: only *.yaml is tested", entry.display());
        let name = entry.file_stem().unwrap().to_owned();
        assert!(names.insert(name), "{}: the name is taken", entry.display());
    }
    for entry in every_file(&root().join("snapshots")) {
        let known = entry.extension().is_some_and(|e| e == "snap");
        assert!(known, "{}: left over from a change of snapshots", entry.display());
    }
}

fn every_file(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(every_file(&path));
        } else {
            found.push(path);
        }
    }
    found
}

/// What is tracked speaks of nothing but the project.
#[test]
#[expect(clippy::disallowed_macros, reason = "a skipped test says so")]
fn no_path_of_any_machine_is_tracked() {
    let listed = Command::new("git").arg("ls-files").current_dir(root()).output();
    let Ok(listed) = listed else {
        return eprintln!("SKIPPED: there is no git here");
    };
    let words = [["/wo", "rk/"], ["/ro", "ot/"], ["sha", "red/"], ["/tm", "p/"]].map(|w| w.concat());
    for file in String::from_utf8_lossy(&listed.stdout).lines() {
        let Ok(text) = std::fs::read_to_string(root().join(file)) else {
            continue;
        };
        for word in &words {
            assert!(!text.contains(word.as_str()), "{file}: {word}");
        }
    }
}
