//! Rehearsals against every recording of a real control plane, measure by measure (`docs/fidelity.md`). Fewer seeds than
//! the example takes, which writes that document.

use crate::comparison::{Comparison, Options, Verdict, compare};

fn everything() -> Vec<Comparison> {
    compare(&Options {
        seeds: 30,
        scenario: None,
    })
}

/// Every recorded outcome is a rehearsed one, nothing is recreated in an outage that was not, and most measures and orders
/// agree (the share is a floor under what has been reached).
#[test]
fn rehearsals_agree_with_recordings() {
    let all = everything();
    assert_eq!(all.len(), 61, "a recording is missing");
    let (mut agree, mut total) = (0, 0);
    for comparison in &all {
        let name = format!("{}/{}", comparison.scenario, comparison.version);
        assert!(comparison.runs.is_ok(), "{name} cannot be rehearsed");
        for score in &comparison.scores {
            let must = score.measure == "outcome" || score.measure == "recreated during the outage";
            assert!(!must || score.verdict == Verdict::Agrees, "{name}: {}", score.measure);
        }
        let (a, t) = comparison.tally();
        (agree, total) = (agree + a, total + t);
    }
    assert!(agree * 100 >= total * 80, "{agree} of {total} measures agree");
}
