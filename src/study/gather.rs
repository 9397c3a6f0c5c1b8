//! What is known of trials so far: one value that takes in reports in any order and merges with others.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::distribution::Distribution;
use super::measures::{
    ApplicationNumbers, AvailabilityNumbers, ChurnNumbers, ClientNumbers, ClusterNumbers, ControlPlaneNumbers,
    MoveNumbers, NodeNumbers, OutageNumbers, sum_of_applications, thousandths,
};
use super::numbers::Numbers;
use super::report::WorstTrial;
use crate::metrics::{Report, Versions, WorkloadReport};
use crate::trace::{NodeResult, PlanStatus, Preamble};

/// Trials of one model under one seed.
///
/// Whatever the order in which trials come in, and however they are split into studies that are merged later, the same
/// trials make the same study. No report is kept: what grows with the number of trials is the number of different values
/// that each measure takes, and seconds have only milliseconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Study {
    pub(super) api_version: String,
    pub(super) kind: String,
    pub(super) about: About,
    pub(super) numbers: Numbers,
    /// How many trials were asked for, where it was stopped before all were made.
    pub(super) stopped_of: Option<u64>,
    pub(super) statuses: BTreeMap<PlanStatus, u64>,
    pub(super) makespan: Distribution,
    pub(super) with_downtime: u64,
    pub(super) applications: ApplicationNumbers<Distribution>,
    pub(super) cluster: ClusterNumbers<Distribution>,
    pub(super) moves: MoveNumbers<Distribution>,
    pub(super) control_plane: ControlPlaneNumbers<Distribution>,
    pub(super) outages: OutageNumbers<Distribution>,
    pub(super) components: BTreeSet<String>,
    pub(super) with_recreation: u64,
    pub(super) first_delay: Distribution,
    pub(super) nodes: Vec<Node>,
    pub(super) workloads: Vec<Workload>,
    pub(super) worst: Option<Worst>,
}

/// What all trials have in common.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct About {
    pub(super) engine_version: String,
    /// A hash of the model and of what was asked of the runs.
    pub(super) fingerprint: String,
    pub(super) plan: Option<String>,
    pub(super) seed: u64,
    pub(super) versions: Versions,
    pub(super) replicas: u64,
    pub(super) assumptions: Vec<String>,
}

/// A node.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Node {
    pub(super) name: String,
    pub(super) role: String,
    pub(super) from_version: String,
    pub(super) upgraded: u64,
    pub(super) numbers: NodeNumbers<Distribution>,
}

/// A workload.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Workload {
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) workload_kind: String,
    pub(super) desired: u32,
    pub(super) with_downtime: u64,
    pub(super) downtime: Distribution,
    pub(super) endpoints: Option<AvailabilityNumbers<Distribution>>,
    pub(super) serving: AvailabilityNumbers<Distribution>,
    pub(super) client: Option<ClientNumbers<Distribution>>,
    pub(super) churn: ChurnNumbers<Distribution>,
    pub(super) moves: MoveNumbers<Distribution>,
    /// How long it was down at most (thousandths), and the first trial in which it was.
    pub(super) worst: Option<(u64, Reverse<u64>)>,
}

/// How bad a trial is: how it ended, downtime, errors, makespan, and among equals the first is worst.
type Badness = (u8, u64, u64, u64, Reverse<u64>);

/// The worst trial.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Worst {
    badness: Badness,
    pub(super) trial: WorstTrial,
}

impl Worst {
    fn badness(report: &Report) -> Badness {
        let ended = match report.outcome.status {
            PlanStatus::Completed | PlanStatus::CompletedWithSkips => 0,
            PlanStatus::Inconclusive => 1,
            PlanStatus::Aborted | PlanStatus::Blocked | PlanStatus::Refused => 2,
        };
        (
            ended,
            sum_of_applications(report, WorkloadReport::down),
            sum_of_applications(report, WorkloadReport::errors),
            report.makespan_seconds.map_or(0, thousandths),
            Reverse(report.trial),
        )
    }

    fn new(badness: Badness, report: &Report) -> Self {
        let down = |w: &WorkloadReport| thousandths(w.down());
        // The first of several.
        let most = report.applications().map(down).max().filter(|most| *most > 0);
        let workload = report.applications().find(|w| Some(down(w)) == most);
        let trial = WorstTrial {
            seed: report.seed,
            trial: report.trial,
            status: report.outcome.status,
            reason: report.outcome.reason.clone(),
            makespan_seconds: report.makespan_seconds,
            downtime_seconds: super::distribution::units(badness.1),
            error_seconds: super::distribution::units(badness.2),
            workload: workload.map(WorkloadReport::full_name),
            cause: workload.and_then(|w| w.causes.first().cloned()),
        };
        Self { badness, trial }
    }
}

/// Studies that do not belong together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MergeError {
    /// Another scenario, seed or option, or another version of seatrial.
    #[error("it is of another scenario, seed, option or version of seatrial")]
    OfSomethingElse,
    /// A trial would count twice.
    #[error("some trials are in both")]
    Overlap,
}

impl Study {
    /// The `kind` of a study that is saved.
    pub const KIND: &str = "Study";

    /// Nothing is known yet. The preamble is that of any trial.
    pub(super) fn new(preamble: &Preamble, fingerprint: String) -> Self {
        let version = |i: usize| preamble.versions.get(i).cloned().unwrap_or_default();
        Self {
            api_version: Report::API_VERSION.into(),
            kind: Self::KIND.into(),
            about: About {
                engine_version: preamble.engine_version.clone(),
                fingerprint,
                plan: preamble.plan.clone(),
                seed: preamble.seed,
                versions: Versions {
                    from: version(preamble.from),
                    to: preamble.target.map(version),
                    hops: preamble.hops.iter().map(|&hop| version(hop)).collect(),
                    // Intervals are a matter of one run.
                    skew: Vec::new(),
                },
                replicas: 0,
                assumptions: preamble.assumptions.clone(),
            },
            numbers: Numbers::default(),
            stopped_of: None,
            statuses: BTreeMap::new(),
            makespan: Distribution::default(),
            with_downtime: 0,
            applications: ApplicationNumbers::default(),
            cluster: ClusterNumbers::default(),
            moves: MoveNumbers::default(),
            control_plane: ControlPlaneNumbers::default(),
            outages: OutageNumbers::default(),
            components: BTreeSet::new(),
            with_recreation: 0,
            first_delay: Distribution::default(),
            nodes: Vec::new(),
            workloads: Vec::new(),
            worst: None,
        }
    }

    /// How many trials are in it.
    #[must_use]
    pub fn trials(&self) -> u64 {
        self.numbers.len()
    }

    /// The seed of the trials.
    #[must_use]
    pub const fn seed(&self) -> u64 {
        self.about.seed
    }

    /// The plan's name; `None` where only faults were played.
    #[must_use]
    pub fn plan(&self) -> Option<&str> {
        self.about.plan.as_deref()
    }

    /// Makespans of the trials that completed: seconds in ascending order, each with how many trials took so long.
    #[must_use]
    pub fn makespans(&self) -> Vec<(f64, u64)> {
        self.makespan.values()
    }

    /// Downtime of applications, summed over workloads: seconds in ascending order, each with how many trials had it.
    #[must_use]
    pub fn downtimes(&self) -> Vec<(f64, u64)> {
        self.applications.downtime_seconds.values()
    }

    /// The workload that was down longest in any trial, and its downtime over the trials; `None`: no workload was.
    #[must_use]
    pub fn worst_workload(&self) -> Option<(String, Vec<(f64, u64)>)> {
        let was_down = self.workloads.iter().filter(|w| w.with_downtime > 0);
        let worst = was_down.max_by_key(|w| w.worst)?;
        Some((format!("{}/{}", worst.namespace, worst.name), worst.downtime.values()))
    }

    /// How many trials ended with a status.
    #[must_use]
    pub fn with_status(&self, status: PlanStatus) -> u64 {
        self.statuses.get(&status).copied().unwrap_or(0)
    }

    /// How many trials were asked for, where it was stopped before all were made; `None` where it is whole.
    #[must_use]
    pub const fn stopped_of(&self) -> Option<u64> {
        self.stopped_of
    }

    /// Takes in a trial; a trial that is in it already is left out.
    pub(super) fn add(&mut self, report: &Report) {
        if !self.numbers.add(report.trial, report.trial) {
            return;
        }
        if self.workloads.is_empty() && self.nodes.is_empty() {
            self.nodes = report.nodes.iter().map(Node::new).collect();
            self.workloads = report.workloads.iter().map(Workload::new).collect();
            self.about.replicas = report.cluster.replicas;
        }
        let status = report.outcome.status;
        *self.statuses.entry(status).or_default() += 1;
        if let Some(seconds) = report.makespan_seconds.filter(|_| status.completes()) {
            self.makespan.add(thousandths(seconds));
        }
        self.with_downtime += u64::from(report.applications().any(|w| w.down() > 0.0));
        self.applications.add(report);
        self.cluster.add(&report.cluster);
        self.moves.add(&report.cluster.moves_per_replica);
        self.of_control_plane(report);
        for (node, report) in self.nodes.iter_mut().zip(&report.nodes) {
            node.add(report);
        }
        for (workload, of_it) in self.workloads.iter_mut().zip(&report.workloads) {
            workload.add(of_it, report.trial);
        }
        let badness = Worst::badness(report);
        if self.worst.as_ref().is_none_or(|worst| worst.badness < badness) {
            self.worst = Some(Worst::new(badness, report));
        }
    }

    fn of_control_plane(&mut self, report: &Report) {
        let report = &report.control_plane;
        self.control_plane.add(report);
        self.outages.add(report);
        self.with_recreation += u64::from(report.outages.iter().any(|o| o.recreated_during > 0));
        for component in report.outages.iter().flat_map(|o| &o.components) {
            if !self.components.contains(component) {
                self.components.insert(component.clone());
            }
        }
        let delay = report.outages.iter().find_map(|o| o.first_recreate_delay_seconds);
        if let Some(delay) = delay {
            self.first_delay.add(thousandths(delay));
        }
    }

    /// Takes in the trials of another study of the same model, seed and options.
    ///
    /// # Errors
    /// When it is of something else, or shares a trial with this one; then this one is as it was.
    pub fn merge(&mut self, other: Self) -> Result<(), MergeError> {
        if !self.fits(&other) {
            return Err(MergeError::OfSomethingElse);
        }
        let mut numbers = self.numbers.clone();
        if !numbers.merge(&other.numbers) {
            return Err(MergeError::Overlap);
        }
        let asked = |study: &Self| study.stopped_of.unwrap_or_else(|| study.trials());
        if self.stopped_of.is_some() || other.stopped_of.is_some() {
            self.stopped_of = Some(asked(self).saturating_add(asked(&other)));
        }
        self.numbers = numbers;
        for (status, more) in other.statuses {
            *self.statuses.entry(status).or_default() += more;
        }
        self.makespan.merge(other.makespan);
        self.with_downtime += other.with_downtime;
        self.applications.merge(other.applications);
        self.cluster.merge(other.cluster);
        self.moves.merge(other.moves);
        self.control_plane.merge(other.control_plane);
        self.outages.merge(other.outages);
        self.components.extend(other.components);
        self.with_recreation += other.with_recreation;
        self.first_delay.merge(other.first_delay);
        for (node, more) in self.nodes.iter_mut().zip(other.nodes) {
            node.upgraded += more.upgraded;
            node.numbers.merge(more.numbers);
        }
        for (workload, more) in self.workloads.iter_mut().zip(other.workloads) {
            workload.merge(more);
        }
        if let Some(theirs) = other.worst
            && self.worst.as_ref().is_none_or(|ours| ours.badness < theirs.badness)
        {
            self.worst = Some(theirs);
        }
        Ok(())
    }

    /// Whether another study is of the same thing.
    fn fits(&self, other: &Self) -> bool {
        let names = |study: &Self| -> Vec<(String, String, bool)> {
            let workloads = study.workloads.iter();
            workloads
                .map(|w| (w.namespace.clone(), w.name.clone(), w.endpoints.is_some()))
                .collect()
        };
        self.about == other.about && self.nodes.len() == other.nodes.len() && names(self) == names(other)
    }

    /// Whether a study that was read is one that could have been written: each number is known of each trial.
    pub(super) fn is_sound(&self) -> bool {
        let trials = self.trials();
        let statuses: u128 = self.statuses.values().map(|n| u128::from(*n)).sum();
        let counted = [
            self.with_downtime,
            self.with_recreation,
            self.makespan.len(),
            self.first_delay.len(),
        ];
        trials > 0
            && trials < u64::from(u32::MAX)
            && statuses == u128::from(trials)
            && counted.into_iter().all(|n| n <= trials)
            && self.applications.counts(trials)
            && self.cluster.counts(trials)
            && self.moves.counts(trials)
            && self.control_plane.counts(trials)
            && self.outages.counts(trials)
            && self
                .nodes
                .iter()
                .all(|n| n.upgraded <= trials && n.numbers.counts(trials))
            && self.workloads.iter().all(|w| w.is_sound(trials))
            && self.worst.is_some()
    }
}

impl Node {
    fn new(report: &crate::metrics::NodeReport) -> Self {
        Self {
            name: report.name.clone(),
            role: report.role.clone(),
            from_version: report.from_version.clone(),
            upgraded: 0,
            numbers: NodeNumbers::default(),
        }
    }

    fn add(&mut self, report: &crate::metrics::NodeReport) {
        let upgraded = matches!(report.result, Some(NodeResult::Upgraded | NodeResult::Replaced));
        self.upgraded += u64::from(upgraded);
        self.numbers.add(report);
    }
}

impl Workload {
    fn new(report: &WorkloadReport) -> Self {
        Self {
            namespace: report.namespace.clone(),
            name: report.name.clone(),
            workload_kind: report.kind.clone(),
            desired: report.desired,
            with_downtime: 0,
            downtime: Distribution::default(),
            endpoints: report.endpoints.is_some().then(AvailabilityNumbers::default),
            serving: AvailabilityNumbers::default(),
            client: report.client.is_some().then(ClientNumbers::default),
            churn: ChurnNumbers::default(),
            moves: MoveNumbers::default(),
            worst: None,
        }
    }

    fn add(&mut self, report: &WorkloadReport, trial: u64) {
        let down = thousandths(report.down());
        self.downtime.add(down);
        if down > 0 {
            self.with_downtime += 1;
            self.worst = self.worst.max(Some((down, Reverse(trial))));
        }
        if let (Some(ours), Some(theirs)) = (&mut self.endpoints, &report.endpoints) {
            ours.add(theirs);
        }
        self.serving.add(&report.serving);
        if let (Some(ours), Some(theirs)) = (&mut self.client, &report.client) {
            ours.add(theirs);
        }
        self.churn.add(report);
        self.moves.add(&report.moves_per_replica);
    }

    fn merge(&mut self, other: Self) {
        self.with_downtime += other.with_downtime;
        self.downtime.merge(other.downtime);
        if let (Some(ours), Some(theirs)) = (&mut self.endpoints, other.endpoints) {
            ours.merge(theirs);
        }
        self.serving.merge(other.serving);
        if let (Some(ours), Some(theirs)) = (&mut self.client, other.client) {
            ours.merge(theirs);
        }
        self.churn.merge(other.churn);
        self.moves.merge(other.moves);
        self.worst = self.worst.max(other.worst);
    }

    fn is_sound(&self, trials: u64) -> bool {
        self.with_downtime <= trials
            && self.downtime.len() == trials
            && self.endpoints.as_ref().is_none_or(|e| e.counts(trials))
            && self.serving.counts(trials)
            && self.client.as_ref().is_none_or(|c| c.counts(trials))
            && self.churn.counts(trials)
            && self.moves.counts(trials)
    }
}
