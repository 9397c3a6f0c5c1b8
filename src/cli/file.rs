//! Files that get their name when they are complete.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Writes a file: it is whole or not there.
///
/// # Errors
/// When it cannot be written; what was there before is still there then.
pub(super) fn write(path: &Path, text: &str) -> Result<()> {
    let why = || format!("cannot write {}", path.display());
    let partial = partial_name(path).with_context(|| format!("{}: not a file name", why()))?;
    File::create(&partial)
        .and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.sync_all()
        })
        .and_then(|()| fs::rename(&partial, path))
        .inspect_err(|_| drop(fs::remove_file(&partial)))
        .with_context(why)
}

/// `dir/.NAME.partial` beside `dir/NAME`.
pub(super) fn partial_name(path: &Path) -> Option<PathBuf> {
    let mut name = OsString::from(".");
    name.push(path.file_name()?);
    name.push(".partial");
    Some(path.with_file_name(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partial_files_hide_beside_the_file() {
        let partial = partial_name(Path::new("a/b/t.jsonl"));
        assert_eq!(partial, Some(PathBuf::from("a/b/.t.jsonl.partial")));
        assert_eq!(partial_name(Path::new("a/..")), None);
    }
}
