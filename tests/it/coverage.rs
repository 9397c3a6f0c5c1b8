//! Which oracles of the semantics (O-1 … O-85) have a test that names them, and why the others have none.

use std::collections::BTreeSet;

use crate::support::{files, root};

/// Oracles without a test.
const MISSING: &[(&[u32], &str)] = &[
    (
        &[14, 17, 20],
        "two control-plane nodes at once, the CNI and kubeadm's health check are not simulated yet",
    ),
    (
        &[18, 85],
        "kubeadm's roll-back of a component that does not come up is not simulated yet",
    ),
    (&[43], "one drain command for several nodes cannot be written down"),
    (
        &[46],
        "the scheduler reads no old snapshot, so no pod is bound after a drain's listing",
    ),
    (
        &[48, 56],
        "built, but a drain lists pods of a node, which have one and run",
    ),
    (
        &[55],
        "a delete that fails after its budget was decremented cannot happen here",
    ),
];

/// The numbers in names such as `o59_w16_…`.
fn named(text: &str) -> impl Iterator<Item = u32> {
    let functions = text.lines().filter_map(|line| line.trim().strip_prefix("fn "));
    functions.flat_map(|name| {
        let name = name.split('(').next().unwrap_or_default();
        name.split('_')
            .filter_map(|part| part.strip_prefix('o')?.parse().ok())
            .collect::<Vec<u32>>()
    })
}

#[test]
fn every_oracle_has_a_test_or_a_reason() {
    let sources = files(&root().join("tests"), "rs")
        .into_iter()
        .chain(files(&root().join("src"), "rs"));
    let tested: BTreeSet<u32> = sources
        .flat_map(|path| named(&std::fs::read_to_string(path).unwrap()).collect::<Vec<_>>())
        .collect();
    let missing: BTreeSet<u32> = MISSING.iter().flat_map(|(ids, _)| ids.iter().copied()).collect();
    let untold: Vec<u32> = (1..=85)
        .filter(|o| !tested.contains(o) && !missing.contains(o))
        .collect();
    assert!(untold.is_empty(), "no test names O-{untold:?}, and nothing says why");
    let both: Vec<&u32> = tested.intersection(&missing).collect();
    assert!(both.is_empty(), "O-{both:?} are said to be missing and are not");
    assert!(tested.iter().all(|o| (1..=85).contains(o)), "{tested:?}");
}
