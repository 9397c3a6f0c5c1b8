//! Which scenarios paths name.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Endings of files that can hold documents.
const ENDINGS: [&str; 3] = ["yaml", "yml", "json"];

/// What a folder's file of this name says: all files of the folder are one scenario.
const TOGETHER: &str = "expectations";

/// The end of the names of baselines.
pub(super) const BASELINE: &str = ".baseline.json";

/// The scenarios of files and folders, each once, in the order of their names: a file is one; of a folder each file is one,
/// also in the folders below, but a folder that holds `expectations.yaml` is one scenario of all its files.
///
/// # Errors
/// Where something cannot be read, with its name.
pub(super) fn scenarios(paths: &[PathBuf]) -> Result<Vec<PathBuf>, (PathBuf, io::Error)> {
    let mut found = Vec::new();
    for path in paths {
        let read = if path.is_dir() {
            folder(path, &mut found)
        } else {
            fs::metadata(path).map(|_| found.push(path.clone()))
        };
        read.map_err(|error| (path.clone(), error))?;
    }
    found.sort();
    found.dedup();
    Ok(found)
}

fn folder(path: &Path, found: &mut Vec<PathBuf>) -> io::Result<()> {
    let (mut files, mut folders) = (Vec::new(), Vec::new());
    for entry in fs::read_dir(path)? {
        let entry = entry?.path();
        let name = entry
            .file_name()
            .map(|n| n.to_string_lossy().into_owned())
            .unwrap_or_default();
        if name.starts_with('.') {
            continue;
        }
        let ending = entry.extension().and_then(|e| e.to_str());
        if entry.is_dir() {
            folders.push(entry);
        } else if ending.is_some_and(|e| ENDINGS.contains(&e)) && !name.ends_with(BASELINE) {
            files.push(entry);
        }
    }
    if files
        .iter()
        .any(|file| file.file_stem().is_some_and(|stem| stem == TOGETHER))
    {
        found.push(path.to_owned());
        return Ok(());
    }
    found.extend(files);
    folders.iter().try_for_each(|below| folder(below, found))
}

/// The file of a scenario's baseline: beside it, and named after it.
pub(super) fn baseline(scenario: &Path) -> PathBuf {
    let stem = if scenario.is_dir() {
        scenario.file_name()
    } else {
        scenario.file_stem()
    };
    let mut name = stem.unwrap_or_default().to_owned();
    name.push(BASELINE);
    scenario.with_file_name(name)
}

/// A part of a suite: `i/n`, counted from 0; every n-th scenario beginning with the i-th.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Shard {
    index: usize,
    of: usize,
}

impl Shard {
    /// Whether the n-th scenario is part of it.
    pub(super) const fn has(self, n: usize) -> bool {
        n % self.of == self.index
    }
}

/// Reads `i/n`.
pub(in super::super) fn shard(text: &str) -> Result<Shard, String> {
    let numbers = text
        .split_once('/')
        .and_then(|(i, n)| Some((i.parse().ok()?, n.parse().ok()?)));
    match numbers {
        Some((index, of)) if index < of => Ok(Shard { index, of }),
        Some((_, of)) if of > 0 => Err(format!("shards are counted from 0: expected 0/{of} to {}/{of}", of - 1)),
        _ => Err("expected i/n, such as 0/4 for the first of four".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_are_counted_from_zero() {
        assert_eq!(shard("0/1"), Ok(Shard { index: 0, of: 1 }));
        assert_eq!(shard("2/3"), Ok(Shard { index: 2, of: 3 }));
        for (wrong, why) in [
            ("3/3", "0/3 to 2/3"),
            ("1", "i/n"),
            ("a/2", "i/n"),
            ("0/0", "i/n"),
            ("-1/2", "i/n"),
        ] {
            assert!(shard(wrong).unwrap_err().contains(why), "{wrong}");
        }
    }

    #[test]
    fn shards_share_everything_once() {
        for n in 0..20 {
            let shards = [0, 1, 2].map(|index| Shard { index, of: 3 });
            assert_eq!(shards.iter().filter(|s| s.has(n)).count(), 1);
        }
    }

    #[test]
    fn baselines_lie_beside_their_scenarios() {
        assert_eq!(
            baseline(Path::new("plans/next.yaml")),
            PathBuf::from("plans/next.baseline.json")
        );
        assert_eq!(baseline(Path::new("src")), PathBuf::from("src.baseline.json"));
    }
}
