//! Many trials of one model, in parallel.

use std::fmt::Write;
use std::ops::{ControlFlow, Range};
use std::sync::{Mutex, PoisonError};

use rayon::iter::{ParallelBridge, ParallelIterator};

use super::gather::Study;
use crate::cluster::{self, RunOptions};
use crate::metrics::{Metrics, Report};
use crate::model::Model;
use crate::trace::Preamble;
use crate::units::Time;

/// With a wanted certainty, it is looked for after every so many trials; so many are made at least.
pub const LOOK: u64 = 50;

/// Trials to be made: replications of one model under one seed, which differ only in their luck.
#[derive(Clone, Debug)]
pub struct Trials<'m> {
    model: &'m Model,
    options: RunOptions,
    numbers: Range<u64>,
    threads: usize,
    certainty: Option<f64>,
}

/// A trial that has been made and counted.
#[derive(Clone, Copy, Debug)]
pub struct Done<'a> {
    /// Its report.
    pub report: &'a Report,
    /// When it ended.
    pub end: Time,
    /// How many have been made so far.
    pub trials: u64,
}

/// Trials that could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrialsError {
    /// The machine gives no threads.
    #[error("cannot start threads")]
    Threads(#[from] rayon::ThreadPoolBuildError),
}

impl<'m> Trials<'m> {
    /// The first `count` trials of seed 0, on as many threads as the machine has.
    #[must_use]
    pub fn new(model: &'m Model, count: u64) -> Self {
        Self {
            model,
            options: RunOptions::default(),
            numbers: 0..count,
            threads: 0,
            certainty: None,
        }
    }

    /// Runs under these options; their `trial` is not looked at.
    #[must_use]
    pub fn options(self, options: RunOptions) -> Self {
        Self { options, ..self }
    }

    /// Makes the trials of these numbers instead: a slice, to be merged with others later.
    #[must_use]
    pub fn numbers(self, numbers: Range<u64>) -> Self {
        Self { numbers, ..self }
    }

    /// Uses so many threads; 0: as many as the machine has. The study does not depend on it.
    #[must_use]
    pub fn threads(self, threads: usize) -> Self {
        Self { threads, ..self }
    }

    /// Stops when the means are known well enough: when [`Study::uncertainty`] is at most `share`. This is looked at after
    /// [`LOOK`] trials, after twice as many, and so on, in the order of their numbers, so where it stops depends on
    /// nothing but the trials.
    #[must_use]
    pub fn until_known_to(self, share: f64) -> Self {
        Self {
            certainty: Some(share),
            ..self
        }
    }

    /// Makes the trials.
    ///
    /// # Errors
    /// When there are no threads to be had.
    pub fn run(&self) -> Result<Study, TrialsError> {
        self.run_watched(|_| ControlFlow::Continue(()))
    }

    /// Makes the trials, and tells of each one when it is done, in no certain order. After a `Break` no other trial
    /// counts, and the study says that it is partial.
    ///
    /// # Errors
    /// When there are no threads to be had.
    pub fn run_watched<W>(&self, watch: W) -> Result<Study, TrialsError>
    where
        W: FnMut(Done<'_>) -> ControlFlow<()> + Send,
    {
        let preamble = cluster::preamble(self.model, &self.options);
        let asked = self.numbers.end.saturating_sub(self.numbers.start);
        let pool = rayon::ThreadPoolBuilder::new().num_threads(self.threads).build()?;
        let desk = Mutex::new(Desk {
            study: Study::new(&preamble, fingerprint(self.model, &self.options)),
            watch,
            open: true,
        });
        let look = if self.certainty.is_some() { LOOK } else { asked };
        let mut first = self.numbers.start;
        while first < self.numbers.end {
            let last = first.saturating_add(look).min(self.numbers.end);
            let flow = pool.install(|| {
                // Handed out in order, so that an interrupted study knows the first trials and not a scatter of them.
                (first..last).par_bridge().try_for_each(|trial| {
                    let (report, end) = self.play(trial, &preamble);
                    enter(&desk, &report, end)
                })
            });
            let desk = desk.lock().unwrap_or_else(PoisonError::into_inner);
            if flow.is_break() || self.is_known(&desk.study) {
                break;
            }
            first = last;
        }
        let desk = desk.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut study = desk.study;
        if !desk.open {
            study.stopped_of = Some(asked).filter(|asked| study.trials() < *asked);
        }
        Ok(study)
    }

    fn play(&self, trial: u64, preamble: &Preamble) -> (Report, Time) {
        let options = RunOptions {
            trial,
            ..self.options.clone()
        };
        let mut metrics = Metrics::new(preamble);
        let cost = cluster::run(self.model, &options, &mut metrics);
        let mut report = metrics.finish(cost.end);
        report.trial = trial;
        (report, cost.end)
    }

    fn is_known(&self, study: &Study) -> bool {
        let known = study.uncertainty().map(|uncertainty| uncertainty.share);
        self.certainty.zip(known).is_some_and(|(wanted, known)| known <= wanted)
    }
}

/// Where reports are handed in, one at a time.
struct Desk<W> {
    study: Study,
    watch: W,
    open: bool,
}

fn enter<W>(desk: &Mutex<Desk<W>>, report: &Report, end: Time) -> ControlFlow<()>
where
    W: FnMut(Done<'_>) -> ControlFlow<()>,
{
    let mut desk = desk.lock().unwrap_or_else(PoisonError::into_inner);
    if !desk.open {
        return ControlFlow::Break(());
    }
    desk.study.add(report);
    let trials = desk.study.trials();
    let flow = (desk.watch)(Done { report, end, trials });
    desk.open = flow.is_continue();
    flow
}

/// What the trials depend on besides their seed and number, as a hash, so that nobody merges what does not belong
/// together.
pub(super) fn fingerprint(model: &Model, options: &RunOptions) -> String {
    let mut hash = Fnv(0xcbf2_9ce4_8422_2325);
    let options = RunOptions {
        trial: 0,
        ..options.clone()
    };
    // Hashing does not fail.
    let _ = write!(hash, "{options:?} {model:?}");
    format!("{:016x}", hash.0)
}

/// A hash of a text, the same on every machine.
pub(crate) fn hash(text: &str) -> String {
    let mut hash = Fnv(0xcbf2_9ce4_8422_2325);
    // Hashing does not fail.
    let _ = hash.write_str(text);
    format!("{:016x}", hash.0)
}

/// The hash of Fowler, Noll and Vo (FNV-1a, 64 bits) of what is written into it.
struct Fnv(u64);

impl Write for Fnv {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        for byte in text.bytes() {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The published vectors of the hash.
    #[test]
    fn fnv_is_fnv() {
        let hash = |text: &str| {
            let mut hash = Fnv(0xcbf2_9ce4_8422_2325);
            hash.write_str(text).unwrap();
            hash.0
        };
        assert_eq!(hash(""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(hash("a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(hash("foobar"), 0x8594_4171_f739_67e8);
    }
}
