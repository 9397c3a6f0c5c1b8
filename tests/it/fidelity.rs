//! How well rehearsals agree with every recording (`docs/fidelity.md`).

#[path = "../fidelity/mod.rs"]
mod compare;

use compare::score::Verdict;
use compare::{Comparison, Options, compare};

/// Rehearsals per scenario and version: a debug build is slow.
const SEEDS: usize = if cfg!(debug_assertions) { 60 } else { 200 };

/// Draws of stand-ins for the recordings.
const DRAWS: usize = if cfg!(debug_assertions) { 3 } else { 20 };

/// The share of measures that agree, and of those that no recording contradicts: they must not fall.
const FLOORS: (f64, f64) = (0.86, 0.965);

fn shares(of: &[Comparison]) -> (f64, f64) {
    let tallies = of.iter().map(Comparison::tally);
    let (agree, all) = tallies.fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1));
    let contradicted: usize = of.iter().map(Comparison::contradicted).sum();
    (agree as f64 / all as f64, (all - contradicted) as f64 / all as f64)
}

/// The share of measures that would agree if rehearsals were the recordings.
fn flawless(of: &[Comparison]) -> f64 {
    let draws = of.iter().flat_map(|c| &c.ceiling);
    let (agree, all) = draws.fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1));
    agree as f64 / all as f64
}

/// Every disagreement, in a line each.
fn disagreements(of: &[Comparison]) -> String {
    let mut lines = Vec::new();
    for c in of {
        let at = |measure: &str| format!("{} {} {measure}", c.scenario, c.version);
        for s in c.scores.iter().filter(|s| s.verdict != Verdict::Agrees) {
            let cause = c.explanation(s).unwrap_or_default();
            let (recorded, rehearsed) = (s.recorded_text(), s.rehearsed_text());
            lines.push(format!("{}: {recorded} | {rehearsed} | {cause}", at(&s.measure)));
        }
        for o in c.orders.iter().filter(|o| !o.agrees()) {
            let cause = c.cause(&o.measure()).unwrap_or_default();
            lines.push(format!("{}: {:?} {:?} {cause}", at(&o.measure()), o.missing, o.foreign));
        }
    }
    lines.join("\n")
}

/// Outcomes, and whether pods are recreated during an outage, are as recorded under every seed; elsewhere chance has its
/// part, and the share of agreeing measures must not fall.
#[test]
fn rehearsals_agree_with_the_recordings() {
    let all = compare(&Options {
        seeds: SEEDS,
        scenario: None,
        draws: DRAWS,
    });
    let mut compared = 0;
    // Ways to upgrade: all at once, by reboots, with skips, in lockstep, by new nodes, two at a time.
    for way in ["R07", "R07b", "R07c", "R07d", "R08", "R25"] {
        assert_eq!(all.iter().filter(|c| c.scenario == way).count(), 2, "{way}");
    }
    for c in &all {
        for run in c.runs.as_deref().unwrap_or_default() {
            compared += 1;
            for rehearsed in &run.rehearsed {
                let created = "recreated during the outage";
                let name = format!("{} {} {}", c.scenario, c.version, run.name);
                assert_eq!(
                    rehearsed.values.get(created),
                    run.recorded.values.get(created),
                    "{name}"
                );
                assert_eq!(rehearsed.values.is_empty(), run.recorded.values.is_empty(), "{name}");
            }
        }
        let outcome = c.scores.iter().find(|s| s.measure == "outcome");
        assert!(outcome.is_none_or(|s| s.verdict == Verdict::Agrees), "{outcome:?}");
    }
    assert!(compared >= 170, "{compared} runs");
    let (agree, fine) = shares(&all);
    let enough = agree >= FLOORS.0 && fine >= FLOORS.1;
    assert!(enough, "{agree:.3} and {fine:.3}\n{}", disagreements(&all));
    // A score above what a simulator without fault gets would be no score of the simulator.
    let flawless = flawless(&all);
    assert!(
        (0.8..1.0).contains(&flawless) && agree < flawless + 0.05,
        "{flawless:.3}"
    );
}
