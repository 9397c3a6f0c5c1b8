//! Why recordings and rehearsals differ, where it is known: `tests/reference/causes.yaml`.

use serde::Deserialize;

/// An explanation.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cause {
    /// `scenario/version/measure`; `*` stands for any text.
    of: Vec<String>,
    cause: String,
}

/// The first explanation that fits `scenario/version/measure`.
pub(crate) fn cause(name: &str) -> Option<String> {
    let path = super::folder().join("causes.yaml");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let causes: Vec<Cause> = serde_saphyr::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    causes
        .into_iter()
        .find(|cause| cause.of.iter().any(|glob| fits(glob, name)))
        .map(|cause| cause.cause.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn fits(glob: &str, name: &str) -> bool {
    match glob.split_once('*') {
        None => glob == name,
        Some((head, tail)) => name
            .strip_prefix(head)
            .is_some_and(|rest| (0..=rest.len()).any(|at| rest.get(at..).is_some_and(|rest| fits(tail, rest)))),
    }
}
