//! What a flawless simulator would score: rehearsals in the place of the recordings.
//!
//! Few runs were recorded. Where chance decides, they may lie closer together than the law that they follow, and a
//! simulator that knows the law exactly is then called too wide. How often that happens is found by letting rehearsals,
//! which follow the simulator's own law by definition, stand in for the recordings.

use super::Run;
use super::order;
use super::score::{self, Verdict};

/// Agreeing measures and all measures, in so many draws of one rehearsal for each recorded run.
pub(crate) fn ceiling(runs: &[Run], draws: usize) -> Vec<(usize, usize)> {
    let once = |draw| {
        let twins: Vec<Run> = runs.iter().enumerate().map(|(n, run)| twin(run, draw, n)).collect();
        let (scores, orders) = (score::scores(&twins), order::scores(&twins));
        let agree = scores.iter().filter(|s| s.verdict == Verdict::Agrees).count();
        let ordered = orders.iter().filter(|o| o.agrees()).count();
        (agree + ordered, scores.len() + orders.len())
    };
    (0..draws).map(once).collect()
}

/// A run whose recording is one of its rehearsals, another one in every draw and run.
fn twin(run: &Run, draw: usize, number: usize) -> Run {
    Run {
        name: run.name.clone(),
        recorded: run.rehearsed[(3 * draw + 7 * number) % run.rehearsed.len()].clone(),
        rehearsed: run.rehearsed.clone(),
    }
}
