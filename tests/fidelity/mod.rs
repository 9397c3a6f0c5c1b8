//! How well rehearsals agree with recordings of real control planes (`tests/reference/README.md`), measure by measure.
//!
//! Used by the example `fidelity`, which writes `docs/fidelity.md`, and by the integration tests.

mod causes;
mod ceiling;
mod measures;
pub(crate) mod order;
mod recording;
mod rehearsal;
pub(crate) mod score;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use seatrial::cluster::{RunOptions, preamble, run};
use seatrial::model::Model;
use seatrial::scenario::load;

use measures::Measures;
use order::OrderScore;
use recording::Recording;
use rehearsal::Watcher;
use score::{Score, Verdict};

/// Versions of Kubernetes that were recorded.
pub(crate) const VERSIONS: [&str; 2] = ["1.20", "1.36"];

/// How many rehearsals, of what.
pub(crate) struct Options {
    /// Rehearsals per scenario and version, spread over its recorded runs.
    pub(crate) seeds: usize,
    /// Only this scenario.
    pub(crate) scenario: Option<String>,
    /// How many draws tell what a flawless simulator would score.
    pub(crate) draws: usize,
}

/// One recorded run and the rehearsals of its cluster.
pub(crate) struct Run {
    pub(crate) name: String,
    pub(crate) recorded: Measures,
    pub(crate) rehearsed: Vec<Measures>,
}

/// What was compared of a scenario and a version.
pub(crate) struct Comparison {
    pub(crate) version: &'static str,
    pub(crate) scenario: String,
    /// The recorded runs; the reason, where the scenario cannot be rehearsed.
    pub(crate) runs: Result<Vec<Run>, String>,
    pub(crate) scores: Vec<Score>,
    pub(crate) orders: Vec<OrderScore>,
    /// For each draw, how many measures would agree, and how many there would be, if rehearsals were the recordings.
    pub(crate) ceiling: Vec<(usize, usize)>,
}

impl Comparison {
    /// Agreeing measures and all measures.
    pub(crate) fn tally(&self) -> (usize, usize) {
        let agree = self.scores.iter().filter(|s| s.verdict == Verdict::Agrees).count();
        let orders = self.orders.iter().filter(|o| o.agrees()).count();
        (agree + orders, self.scores.len() + self.orders.len())
    }

    /// How many measures a recording contradicts.
    pub(crate) fn contradicted(&self) -> usize {
        let scores = self.scores.iter().filter(|s| s.contradicted()).count();
        scores + self.orders.iter().filter(|o| !o.agrees()).count()
    }

    /// The explanation of a disagreement: a known cause, or chance.
    pub(crate) fn explanation(&self, score: &Score) -> Option<String> {
        self.cause(&score.measure).or_else(|| {
            let luck = score.luck()?;
            (luck > score::SURPRISE).then(|| {
                format!(
                    "chance: {:.0} % of such sets of runs lie so close together",
                    100.0 * luck
                )
            })
        })
    }

    /// The known cause of a disagreement.
    pub(crate) fn cause(&self, measure: &str) -> Option<String> {
        causes::cause(&format!("{}/{}/{measure}", self.scenario, self.version))
    }
}

/// The folder of the recordings.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference")
}

fn scenarios(version: &str, only: Option<&str>) -> Vec<String> {
    let folder = folder().join(version);
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .filter(|name| only.is_none_or(|only| only == name))
        .collect();
    names.sort();
    names
}

/// Compares everything, on two threads; the result does not depend on who is faster.
pub(crate) fn compare(options: &Options) -> Vec<Comparison> {
    let only = options.scenario.as_deref();
    let jobs: Vec<(&'static str, String)> = VERSIONS
        .into_iter()
        .flat_map(|version| scenarios(version, only).into_iter().map(move |s| (version, s)))
        .collect();
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        while let Some((version, scenario)) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
            done.push(comparison(version, scenario, options));
        }
        done
    };
    let mut all = std::thread::scope(|scope| {
        let other = scope.spawn(work);
        let mut all = work();
        all.extend(other.join().unwrap());
        all
    });
    all.sort_by(|a, b| (&a.scenario, a.version).cmp(&(&b.scenario, b.version)));
    all
}

fn comparison(version: &'static str, scenario: &str, options: &Options) -> Comparison {
    let recordings = recording::all(version, scenario);
    let each = options.seeds.div_ceil(recordings.len().max(1));
    let runs: Result<Vec<Run>, String> = recordings.iter().map(|r| rehearse(r, each)).collect();
    let (scores, orders) = runs
        .as_ref()
        .map(|runs| (score::scores(runs), order::scores(runs)))
        .unwrap_or_default();
    let ceiling = runs.as_ref().map(|runs| ceiling::ceiling(runs, options.draws));
    Comparison {
        version,
        scenario: scenario.to_owned(),
        scores,
        orders,
        ceiling: ceiling.unwrap_or_default(),
        runs,
    }
}

fn rehearse(recording: &Recording, seeds: usize) -> Result<Run, String> {
    let model = load(&recording.sources()).map_err(|e| e.to_string())?.model;
    let preamble = preamble(&model, &RunOptions::default());
    for (name, kind) in recording.kinds() {
        if !preamble.workloads.iter().any(|w| w.name == name && w.kind == kind) {
            return Err(format!("{kind} {name} is not simulated"));
        }
    }
    Ok(Run {
        name: recording.run.clone(),
        recorded: recording.measures(),
        rehearsed: (0..seeds as u64).map(|seed| measure(&model, seed, recording)).collect(),
    })
}

fn measure(model: &Model, seed: u64, recording: &Recording) -> Measures {
    let options = RunOptions {
        seed,
        ..RunOptions::default()
    };
    let preamble = preamble(model, &options);
    let mut watcher = Watcher::new(&preamble, recording);
    run(model, &options, &mut watcher);
    watcher.finish()
}
