//! Which oracles of the semantics (O-1 … O-85) have a test that names them, and why the others have none.

use std::collections::BTreeSet;

use crate::support::{files, root};

/// Oracles without a test.
const MISSING: &[(&[u32], &str)] = &[(
    &[55],
    "a delete that fails after its budget was decremented cannot happen here",
)];

/// The numbers in names such as `o59_w16_…`, for one letter.
fn named(text: &str, letter: char) -> impl Iterator<Item = u32> {
    let functions = text.lines().filter_map(|line| line.trim().strip_prefix("fn "));
    functions.flat_map(move |name| {
        let name = name.split('(').next().unwrap_or_default();
        let number = |part: &str| {
            let part = part.strip_prefix(letter)?;
            part.trim_end_matches(['a', 'b', 'c']).parse().ok()
        };
        name.split('_').filter_map(number).collect::<Vec<u32>>()
    })
}

/// What tests name, over the whole project.
fn tested(letter: char) -> BTreeSet<u32> {
    let sources = files(&root().join("tests"), "rs")
        .into_iter()
        .chain(files(&root().join("src"), "rs"));
    sources
        .flat_map(|path| named(&std::fs::read_to_string(path).unwrap(), letter).collect::<Vec<_>>())
        .collect()
}

/// Rules about versions, kubeadm, etcd and certificates: each has a test that names it.
#[test]
fn every_rule_about_versions_has_a_test() {
    for (letter, last) in [('k', 19), ('v', 21), ('e', 3), ('x', 7)] {
        let tested = tested(letter);
        let untold: Vec<u32> = (1..=last).filter(|rule| !tested.contains(rule)).collect();
        assert!(untold.is_empty(), "no test names {letter}{untold:?}");
    }
}

#[test]
fn every_oracle_has_a_test_or_a_reason() {
    let tested = tested('o');
    let missing: BTreeSet<u32> = MISSING.iter().flat_map(|(ids, _)| ids.iter().copied()).collect();
    let untold: Vec<u32> = (1..=85)
        .filter(|o| !tested.contains(o) && !missing.contains(o))
        .collect();
    assert!(untold.is_empty(), "no test names O-{untold:?}, and nothing says why");
    let both: Vec<&u32> = tested.intersection(&missing).collect();
    assert!(both.is_empty(), "O-{both:?} are said to be missing and are not");
    assert!(tested.iter().all(|o| (1..=85).contains(o)), "{tested:?}");
}
