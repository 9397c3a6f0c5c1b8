//! One run, kept whole.

use crate::cluster::{self, RunOptions};
use crate::metrics::{Metrics, Report};
use crate::model::Model;
use crate::trace::{Preamble, Record};

/// A run, with every fact.
pub(super) struct Played {
    pub(super) preamble: Preamble,
    pub(super) records: Vec<Record>,
    pub(super) report: Report,
}

impl Played {
    pub(super) fn new(model: &Model, options: &RunOptions) -> Self {
        let preamble = cluster::preamble(model, options);
        let mut observers = (Metrics::new(&preamble), Vec::<Record>::new());
        let cost = cluster::run(model, options, &mut observers);
        let (metrics, records) = observers;
        let report = metrics.finish(cost.end);
        Self {
            preamble,
            records,
            report,
        }
    }
}
