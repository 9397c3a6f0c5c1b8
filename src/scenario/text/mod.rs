//! From bytes to trees with positions: YAML and JSON look the same from here on.

mod decode;
mod json;
mod lines;
mod list;
mod stream;
mod tree;
mod wrong;
mod yaml;

pub(crate) use decode::{decode, decode_strict};
pub(crate) use lines::{Point, Spots};
pub(crate) use list::{Json, Next};
pub(crate) use stream::{Stop, Stream};
pub(crate) use tree::{At, Member, Place, Tree, Value};

/// How a document is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// JSON.
    Json,
    /// YAML.
    Yaml,
}

/// The YAML document that a stream is at; `None` where there is nothing but comments.
pub(crate) fn yaml_document(stream: &mut Stream<'_>) -> Result<Option<Tree>, Stop> {
    let (start, end) = stream.skip_yaml()?;
    Ok(yaml::document(
        stream.text(start, end),
        stream.file,
        stream.base + start,
    )?)
}

/// The document of a text of our own.
pub(crate) fn yaml_text(text: &str) -> Option<Tree> {
    yaml::document(text, 0, 0).ok()?
}
