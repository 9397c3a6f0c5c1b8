//! Opening the sources: the only place of this floor that touches files.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// A source that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read {name}: {error}")]
pub struct ReadError {
    name: String,
    #[source]
    error: io::Error,
}

impl ReadError {
    pub(super) fn new(name: impl Into<String>, error: io::Error) -> Self {
        Self {
            name: name.into(),
            error,
        }
    }
}

/// A source that has not been read yet; it is read from beginning to end, once.
pub struct Input<'r> {
    pub(super) name: String,
    from: From<'r>,
}

enum From<'r> {
    File(PathBuf),
    Reader(Box<dyn Read + 'r>),
}

impl<'r> Input<'r> {
    /// A source and what diagnostics call it; `-` is shown as `<stdin>`.
    pub fn new(name: impl Into<String>, from: impl Read + 'r) -> Self {
        Self {
            name: name.into(),
            from: From::Reader(Box::new(from)),
        }
    }

    fn file(path: &Path) -> Self {
        Self {
            name: path.display().to_string(),
            from: From::File(path.to_owned()),
        }
    }

    /// What is to be read.
    pub(super) fn open(self) -> io::Result<Box<dyn Read + 'r>> {
        match self.from {
            From::File(path) => Ok(Box::new(File::open(path)?)),
            From::Reader(reader) => Ok(reader),
        }
    }
}

/// The sources that paths name: files, the `*.yaml`, `*.yml` and `*.json` files of directories (as `kubectl -f DIR` does,
/// sorted by name, not recursively; no baselines), and standard input for `-`. Nothing is read yet.
///
/// # Errors
/// When a file is missing, or when a directory holds no such file.
pub fn inputs_of<'r>(paths: &[PathBuf], stdin: &'r mut dyn Read) -> Result<Vec<Input<'r>>, ReadError> {
    let mut stdin = Some(stdin);
    let mut inputs = Vec::new();
    for path in paths {
        let named = |error| ReadError::new(path.display().to_string(), error);
        if path.as_os_str() == "-" {
            // Named a second time it has nothing left to give.
            let rest: Box<dyn Read + 'r> = stdin
                .take()
                .map_or_else(|| Box::new(io::empty()) as _, |s| Box::new(s) as _);
            inputs.push(Input::new("-", rest));
        } else if path.is_dir() {
            inputs.extend(files_in(path).map_err(named)?.iter().map(|file| Input::file(file)));
        } else {
            std::fs::metadata(path).map_err(named)?;
            inputs.push(Input::file(path));
        }
    }
    Ok(inputs)
}

fn files_in(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let known = path
            .extension()
            .and_then(|e| e.to_str())
            .is_some_and(|e| matches!(e, "yaml" | "yml" | "json"));
        let baseline = path.to_str().is_some_and(|p| p.ends_with(".baseline.json"));
        if known && !baseline && path.is_file() {
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
