//! Reading the sources: the only place of this floor that touches files.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::Source;

/// Larger sources are refused.
const LARGEST: u64 = 2 << 30;

/// A source that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read {name}: {error}")]
pub struct ReadError {
    name: String,
    #[source]
    error: io::Error,
}

/// Reads files, the `*.yaml`, `*.yml` and `*.json` files of directories (as `kubectl -f DIR` does, sorted by name, not
/// recursively), and standard input for `-`.
///
/// # Errors
/// When a file is missing, cannot be read or is larger than 2 GiB, or when a directory holds no such file.
pub fn sources_of(paths: &[PathBuf], stdin: &mut dyn Read) -> Result<Vec<Source>, ReadError> {
    let mut sources = Vec::new();
    for path in paths {
        if path.as_os_str() == "-" {
            sources.push(read(Path::new("-"), stdin)?);
        } else if path.is_dir() {
            for file in files_in(path).map_err(|error| named(path, error))? {
                sources.push(open(&file)?);
            }
        } else {
            sources.push(open(path)?);
        }
    }
    Ok(sources)
}

fn open(path: &Path) -> Result<Source, ReadError> {
    let mut file = std::fs::File::open(path).map_err(|error| named(path, error))?;
    read(path, &mut file)
}

fn read(path: &Path, from: &mut dyn Read) -> Result<Source, ReadError> {
    let mut text = Vec::new();
    from.take(LARGEST + 1)
        .read_to_end(&mut text)
        .map_err(|error| named(path, error))?;
    if text.len() as u64 > LARGEST {
        let error = io::Error::new(io::ErrorKind::FileTooLarge, "larger than 2 GiB");
        return Err(named(path, error));
    }
    Ok(Source {
        name: path.display().to_string(),
        text,
    })
}

fn files_in(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let known = path
            .extension()
            .and_then(|e| e.to_str())
            .is_some_and(|e| matches!(e, "yaml" | "yml" | "json"));
        if known && path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    if files.is_empty() {
        let text = "no *.yaml, *.yml or *.json file in this directory";
        return Err(io::Error::new(io::ErrorKind::NotFound, text));
    }
    Ok(files)
}

fn named(path: &Path, error: io::Error) -> ReadError {
    ReadError {
        name: path.display().to_string(),
        error,
    }
}
