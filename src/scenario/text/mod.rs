//! From bytes to trees with positions: YAML and JSON look the same from here on.

mod decode;
mod json;
mod split;
mod tree;
mod wrong;
mod yaml;

pub(crate) use decode::{decode, decode_strict};
pub(crate) use split::{Chunk, Form, chunks};
pub(crate) use tree::{At, Member, Place, Tree, Value};

use super::diagnostic::Problem;

/// A parsed document. The items of a JSON list wait as positions, so that a large dump is never a tree as a whole.
pub(crate) struct Parsed {
    /// The document, without the items of a JSON list.
    pub(crate) tree: Tree,
    /// Where the items of a JSON list are.
    pub(crate) items: Vec<(usize, usize)>,
}

/// The documents of a chunk, or what is wrong with it.
pub(crate) fn parse(text: &str, file: u32, chunk: Chunk) -> (Vec<Parsed>, Option<Problem>) {
    match chunk.form {
        Form::Json => json::documents(text, file, chunk.start, chunk.end),
        Form::Yaml => match yaml::document(text, file, chunk.start, chunk.end) {
            Ok(Some(tree)) => (
                vec![Parsed {
                    tree,
                    items: Vec::new(),
                }],
                None,
            ),
            Ok(None) => (Vec::new(), None),
            Err(problem) => (Vec::new(), Some(problem)),
        },
    }
}

/// One item of a JSON list.
pub(crate) fn parse_item(text: &str, file: u32, item: (usize, usize)) -> Result<Tree, Problem> {
    json::value(text, file, item.0, item.1)
}
