//! Trials of several models, each trial on the same luck under all of them.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::{Mutex, PoisonError};

use rayon::iter::{ParallelBridge, ParallelIterator};

use super::super::distribution::Distribution;
use super::super::gather::Study;
use super::super::measures::{sum_of_applications, thousandths};
use super::super::trials::{TrialsError, fingerprint};
use crate::cluster::{self, RunOptions};
use crate::ids::FactId;
use crate::metrics::{Metrics, Report, WorkloadReport};
use crate::model::Model;
use crate::trace::{Fact, Observer, PlanStatus, Preamble, Record};

/// A model with a plan, and what it is called.
#[derive(Clone, Copy, Debug)]
pub struct Contender<'m> {
    /// Its name.
    pub name: &'m str,
    /// The model.
    pub model: &'m Model,
}

/// What is to be measured: so many trials of each contender.
#[derive(Clone, Debug)]
pub struct Contest<'m> {
    /// Who takes part.
    pub contenders: Vec<Contender<'m>>,
    /// How they run; `trial` is not looked at.
    pub options: RunOptions,
    /// So many trials of each, numbered from 0.
    pub trials: u64,
    /// So many threads; 0: as many as the machine has. Results do not depend on it.
    pub threads: usize,
}

/// How far a contest is.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// So many runs have been made …
    pub runs: u64,
    /// … of so many.
    pub of: u64,
}

/// What trials of one model showed: distributions, and what pairing needs of each trial.
#[derive(Clone, Debug)]
pub(in super::super) struct Measured {
    pub(in super::super) study: Study,
    pub(in super::super) entries: BTreeMap<u64, Entry>,
    /// How long each workload was down, in thousandths, summed over trials; by its number.
    pub(super) downs: Vec<u64>,
    pub(super) peak_extra: Distribution,
    pub(super) blackout: Distribution,
    /// When trials ended that did not complete, since the start of the run.
    pub(super) gave_up: Distribution,
    /// Why trials did not complete, or with what left out: how often, by reason.
    pub(super) reasons: BTreeMap<String, u64>,
}

/// One trial, in thousandths of a second, of a move, of a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Entry {
    pub(in super::super) status: PlanStatus,
    /// Only where the plan completed.
    pub(in super::super) makespan: Option<u64>,
    pub(in super::super) downtime: u64,
    pub(in super::super) moves: u64,
}

impl Entry {
    fn new(report: &Report) -> Self {
        let status = report.outcome.status;
        Self {
            status,
            makespan: report.makespan_seconds.filter(|_| status.completes()).map(thousandths),
            downtime: sum_of_applications(report, WorkloadReport::down),
            moves: thousandths(report.cluster.moves_per_replica.mean),
        }
    }
}

impl Contest<'_> {
    /// Makes the trials and tells of each run when it is done. After a `Break` no other run counts; a trial counts for all
    /// contenders or for none.
    ///
    /// # Errors
    /// When there are no threads to be had.
    pub(in super::super) fn measure<W>(&self, watch: W) -> Result<Vec<Measured>, TrialsError>
    where
        W: FnMut(Progress) -> ControlFlow<()> + Send,
    {
        let preambles: Vec<Preamble> = (self.contenders.iter())
            .map(|c| cluster::preamble(c.model, &self.options))
            .collect();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(self.threads).build()?;
        let of = self.trials.saturating_mul(self.contenders.len() as u64);
        let desk = Mutex::new(Desk {
            waiting: BTreeMap::new(),
            measured: (self.contenders.iter().zip(&preambles))
                .map(|(c, preamble)| Measured::new(c.model, &self.options, preamble))
                .collect(),
            progress: Progress { runs: 0, of },
            open: true,
            watch,
        });
        // Trial by trial, so that an interrupted contest knows the first trials of everybody.
        let runs = (0..self.trials).flat_map(|trial| (0..self.contenders.len()).map(move |at| (trial, at)));
        let _: ControlFlow<()> = pool.install(|| {
            runs.par_bridge().try_for_each(|(trial, at)| {
                let run = play(self.contenders[at].model, &self.options, trial, &preambles[at]);
                let mut desk = desk.lock().unwrap_or_else(PoisonError::into_inner);
                desk.enter(at, trial, run)
            })
        });
        let desk = desk.into_inner().unwrap_or_else(PoisonError::into_inner);
        Ok(desk.measured)
    }
}

/// A run: its report, and the most nodes at a time beyond those of the start.
type Played = (Report, u64);

fn play(model: &Model, options: &RunOptions, trial: u64, preamble: &Preamble) -> Played {
    let options = RunOptions {
        trial,
        ..options.clone()
    };
    let mut watch = (Metrics::new(preamble), Extra::default());
    let cost = cluster::run(model, &options, &mut watch);
    let (metrics, extra) = watch;
    let mut report = metrics.finish(cost.end);
    report.trial = trial;
    (report, extra.peak)
}

/// Counts nodes beyond those of the start.
#[derive(Default)]
struct Extra {
    created: u64,
    deleted: u64,
    peak: u64,
}

impl Observer for Extra {
    fn observe(&mut self, _: FactId, record: &Record) {
        match record.fact {
            Fact::NodeCreated { .. } => {
                self.created += 1;
                self.peak = self.peak.max(self.created.saturating_sub(self.deleted));
            }
            Fact::NodeDeleted { .. } => self.deleted += 1,
            _ => {}
        }
    }
}

/// Where runs are handed in, one at a time.
struct Desk<W> {
    /// Trials that some contenders have not played yet.
    waiting: BTreeMap<u64, Vec<(usize, Played)>>,
    measured: Vec<Measured>,
    progress: Progress,
    open: bool,
    watch: W,
}

impl<W: FnMut(Progress) -> ControlFlow<()>> Desk<W> {
    fn enter(&mut self, at: usize, trial: u64, run: Played) -> ControlFlow<()> {
        if !self.open {
            return ControlFlow::Break(());
        }
        let waiting = self.waiting.entry(trial).or_default();
        waiting.push((at, run));
        if waiting.len() == self.measured.len() {
            for (at, run) in self.waiting.remove(&trial).unwrap_or_default() {
                self.measured[at].add(&run);
            }
        }
        self.progress.runs += 1;
        let flow = (self.watch)(self.progress);
        self.open = flow.is_continue();
        flow
    }
}

impl Measured {
    fn new(model: &Model, options: &RunOptions, preamble: &Preamble) -> Self {
        Self {
            study: Study::new(preamble, fingerprint(model, options)),
            entries: BTreeMap::new(),
            downs: Vec::new(),
            peak_extra: Distribution::default(),
            blackout: Distribution::default(),
            gave_up: Distribution::default(),
            reasons: BTreeMap::new(),
        }
    }

    fn add(&mut self, (report, peak): &Played) {
        self.study.add(report);
        self.entries.insert(report.trial, Entry::new(report));
        self.downs.resize(report.workloads.len(), 0);
        for (sum, workload) in self.downs.iter_mut().zip(&report.workloads) {
            if !workload.is_control_plane() {
                *sum = sum.saturating_add(thousandths(workload.down()));
            }
        }
        self.peak_extra.add(peak.saturating_mul(1000));
        let outages = report.control_plane.outages.iter();
        self.blackout.add(thousandths(outages.map(|o| o.end - o.start).sum()));
        if let Some(reason) = &report.outcome.reason {
            *self.reasons.entry(reason.clone()).or_default() += 1;
        }
        if let Some(seconds) = report.makespan_seconds.filter(|_| !report.outcome.status.completes()) {
            self.gave_up.add(thousandths(seconds));
        }
    }
}
