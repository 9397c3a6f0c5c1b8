//! One scenario: its trials, its expectations, its baseline.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rayon::iter::{IntoParallelIterator, ParallelIterator};

use super::super::trials::{quoted, spoken};
use super::find;
use crate::cluster::{self, RunOptions};
use crate::expect::baseline::{Baseline, Comparison, Gathered};
use crate::expect::suite::{Problem, Tested};
use crate::expect::{Expectation, Expectations, Judgement, Observation, Origin, Tally, Verdict};
use crate::metrics::{Metrics, Report};
use crate::scenario::{self, LoadError, Scenario};
use crate::trace::Preamble;
use crate::units::Time;

/// So many trials a baseline keeps.
const BASELINE_TRIALS: u64 = 20;

/// How scenarios are tested.
#[derive(Clone, Debug)]
pub(super) struct How {
    pub(super) program: &'static str,
    pub(super) with: Vec<PathBuf>,
    pub(super) smoke: bool,
    pub(super) seed: u64,
    pub(super) trials: Option<u64>,
}

/// A scenario that can be tested, or why it cannot.
pub(super) struct Loaded {
    pub(super) path: PathBuf,
    pub(super) scenario: Result<Scenario, Problem>,
}

/// Reads a scenario and what stands beside it.
pub(super) fn load(path: PathBuf, how: &How) -> Loaded {
    let paths: Vec<PathBuf> = how.with.iter().cloned().chain([path.clone()]).collect();
    let mut nothing = io::empty();
    let inputs = scenario::inputs_of(&paths, &mut nothing).map_err(LoadError::from);
    let read = inputs.and_then(scenario::load_inputs).map_err(|error| problem(&error));
    let scenario = read.and_then(|scenario| expecting(scenario, how.smoke));
    Loaded { path, scenario }
}

/// A scenario has to expect something; that a plan completes is expected where nothing is said of its end.
fn expecting(mut scenario: Scenario, smoke: bool) -> Result<Scenario, Problem> {
    if scenario.expectations.list.is_empty() && !smoke {
        return Err(Problem {
            text: "there are no Expectations: nothing can be tested but, with --smoke, that the upgrade completes"
                .into(),
            place: None,
        });
    }
    if !scenario.expectations.tell_the_end() && (scenario.model.plan.is_some() || smoke) {
        // Where it is not written, the document that leaves it out is shown.
        let completion = Expectation {
            origin: scenario.expectations.origin.clone(),
            ..Expectations::completion()
        };
        scenario.expectations.list.insert(0, completion);
    }
    Ok(scenario)
}

fn problem(error: &LoadError) -> Problem {
    match error {
        LoadError::Read(error) => Problem {
            text: error.to_string(),
            place: None,
        },
        LoadError::Wrong(diagnostics) => {
            let first = diagnostics.iter().find_map(|d| d.position());
            Problem {
                text: diagnostics.to_string(),
                place: first.map(|(file, line, column)| Origin {
                    file: file.to_owned(),
                    line,
                    column,
                }),
            }
        }
    }
}

impl Loaded {
    /// About how much work it is: those with much are begun first.
    pub(super) fn weight(&self, how: &How) -> u64 {
        self.scenario.as_ref().map_or(0, |scenario| {
            let model = &scenario.model;
            let pods: u64 = model.workloads.iter().map(|w| u64::from(w.desired)).sum();
            let trials = how.trials.unwrap_or_else(|| scenario.expectations.trials_needed());
            (pods + model.nodes.len() as u64).saturating_mul(trials)
        })
    }

    /// Makes its trials and decides.
    pub(super) fn test(&self, how: &How) -> Tested {
        let mut tested = Tested {
            scenario: self.path.display().to_string(),
            trials: 0,
            problem: None,
            expectations: Vec::new(),
            baseline: None,
            replay: self.command(how, "run"),
            again: self.command(how, "test"),
        };
        match &self.scenario {
            Err(problem) => tested.problem = Some(problem.clone()),
            Ok(scenario) => {
                let player = Player::new(scenario, how.seed);
                tested.trials = how.trials.unwrap_or_else(|| scenario.expectations.trials_needed());
                tested.expectations = player.judge(&scenario.expectations.list, tested.trials);
                match self.against_baseline(scenario) {
                    Ok(comparison) => tested.baseline = comparison,
                    Err(text) => tested.problem = Some(Problem { text, place: None }),
                }
            }
        }
        tested
    }

    /// Holds trials of the baseline's own seed against it, where there is one.
    fn against_baseline(&self, scenario: &Scenario) -> Result<Option<Comparison>, String> {
        let Some((baseline, file)) = self.baseline()? else {
            return Ok(None);
        };
        let gathered = Player::new(scenario, baseline.seed).gather(baseline.trials);
        Ok(Some(baseline.compare(&file.display().to_string(), &gathered)))
    }

    fn baseline(&self) -> Result<Option<(Baseline, PathBuf)>, String> {
        let file = find::baseline(&self.path);
        match fs::read_to_string(&file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(format!("cannot read {}: {error}", file.display())),
            Ok(text) => match Baseline::parse(&text) {
                Ok(baseline) => Ok(Some((baseline, file))),
                Err(error) => Err(format!("{}: {error}", file.display())),
            },
        }
    }

    /// The baseline of the scenario as it is now, and its file.
    pub(super) fn new_baseline(&self, how: &How) -> Result<Option<(PathBuf, String)>, String> {
        let Ok(scenario) = &self.scenario else { return Ok(None) };
        let before = self.baseline()?.map(|(baseline, _)| baseline);
        let gathered = Player::new(scenario, how.seed).gather(how.trials.unwrap_or(BASELINE_TRIALS));
        let baseline = Baseline::new(how.seed, &gathered, before.as_ref());
        let text = baseline.render().map_err(|error| error.to_string())?;
        Ok(Some((find::baseline(&self.path), text)))
    }

    /// A command that looks at the scenario by itself.
    fn command(&self, how: &How, command: &str) -> String {
        let mut words = vec![spoken(how.program), command.to_owned()];
        let with = how.with.iter().map(|path| quoted(path));
        if command == "run" {
            words.extend(with);
        } else {
            words.extend(with.map(|path| format!("--with {path}")));
        }
        words.push(quoted(Path::new(&self.path)));
        words.push(format!("--seed {}", how.seed));
        words.join(" ")
    }
}

/// Who plays trials of a scenario.
struct Player<'s> {
    scenario: &'s Scenario,
    options: RunOptions,
    preamble: Preamble,
}

impl<'s> Player<'s> {
    fn new(scenario: &'s Scenario, seed: u64) -> Self {
        let options = RunOptions {
            seed,
            ..RunOptions::default()
        };
        Self {
            preamble: cluster::preamble(&scenario.model, &options),
            scenario,
            options,
        }
    }

    fn play(&self, trial: u64) -> (Report, Time) {
        let options = RunOptions {
            trial,
            ..self.options.clone()
        };
        let mut metrics = Metrics::new(&self.preamble);
        let cost = cluster::run(&self.scenario.model, &options, &mut metrics);
        let mut report = metrics.finish(cost.end);
        report.trial = trial;
        (report, cost.end)
    }

    /// Plays so many trials, and decides; what is not as it should be is explained.
    fn judge(&self, expectations: &[Expectation], trials: u64) -> Vec<Judgement> {
        let desk = Mutex::new((Tally::new(expectations), None));
        (0..trials).into_par_iter().for_each(|trial| {
            let (report, end) = self.play(trial);
            let mut desk = desk.lock().unwrap_or_else(PoisonError::into_inner);
            desk.0.add(&Observation {
                report: &report,
                preamble: &self.preamble,
                end,
            });
            if trial == 0 {
                desk.1 = Some(report);
            }
        });
        let (tally, first) = desk.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut judgements = tally.judge(&self.preamble);
        let bad = |j: &Judgement| j.verdict == Verdict::Violated;
        let wanted: BTreeSet<u64> = judgements.iter().filter(|j| bad(j)).filter_map(|j| j.trial).collect();
        let mut reports: BTreeMap<u64, Report> = first.map(|report| (0, report)).into_iter().collect();
        for trial in wanted {
            reports.entry(trial).or_insert_with(|| self.play(trial).0);
        }
        let both = judgements.iter_mut().zip(expectations);
        for (judgement, _) in both.filter(|(j, e)| bad(j) && e.wants_less_harm() && e.is_about_outages()) {
            if let Some(report) = judgement.trial.and_then(|trial| reports.get(&trial)) {
                judgement.explain(report);
            }
        }
        judgements
    }

    /// Plays so many trials, and keeps their numbers.
    fn gather(&self, trials: u64) -> Gathered {
        let gathered = Mutex::new(Gathered::default());
        (0..trials).into_par_iter().for_each(|trial| {
            let (report, _) = self.play(trial);
            gathered.lock().unwrap_or_else(PoisonError::into_inner).add(&report);
        });
        gathered.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}
