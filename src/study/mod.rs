//! Many runs: trials in parallel, and what they have in common.
//!
//! A trial is one replication of a model: the same cluster, plan and seed, and luck that is keyed by the number of the
//! trial. [`Trials`] makes them on all cores and gathers them in a [`Study`]; [`Study::report`] says what they showed.
//!
//! ```
//! use seatrial::cluster::RunOptions;
//! use seatrial::scenario::{load, Source};
//! use seatrial::study::Trials;
//!
//! # let scenario = "
//! # apiVersion: seatrial.dev/v1alpha1
//! # kind: Cluster
//! # spec: {version: v1.35.4, nodePools: [{name: worker, replicas: 2}]}
//! # ---
//! # apiVersion: apps/v1
//! # kind: Deployment
//! # metadata: {name: web}
//! # spec: {replicas: 2, selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: main, image: web}]}}}
//! # ---
//! # apiVersion: seatrial.dev/v1alpha1
//! # kind: UpgradePlan
//! # metadata: {name: one-by-one}
//! # spec: {controlPlane: {upgrade: false}}
//! # ";
//! let model = load(&[Source::new("twins.yaml", scenario)])?.model;
//! let options = RunOptions { seed: 7, ..RunOptions::default() };
//! let trials = Trials::new(&model, 40).options(options);
//!
//! let study = trials.run()?;
//! let report = study.report().ok_or("no trial was made")?;
//! let web = &report.workloads[0];
//! println!(
//!     "down for {} s on average, {} s in one of twenty; look at trial {}",
//!     web.serving.downtime_seconds.mean, web.serving.downtime_seconds.p95, report.worst_trial.trial,
//! );
//! assert_eq!(report.outcome.completes.count, 40);
//! assert!(web.serving.downtime_seconds.p95 > 0.0);
//!
//! // The same trials give the same study: on one thread, and in pieces that are merged.
//! let mut pieces = trials.clone().threads(1).numbers(25..40).run()?;
//! pieces.merge(trials.clone().numbers(0..25).run()?)?;
//! assert_eq!(pieces, study);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Who wants each report as well, say for a table of their own, watches:
//!
//! ```
//! # use seatrial::scenario::{load, Source};
//! # use seatrial::study::Trials;
//! # let scenario = "{apiVersion: seatrial.dev/v1alpha1, kind: Cluster, spec: {version: v1.35.4, nodePools: [{name: worker, replicas: 1}]}}
//! # ---
//! # {apiVersion: seatrial.dev/v1alpha1, kind: UpgradePlan, metadata: {name: roll}, spec: {controlPlane: {upgrade: false}}}";
//! # let model = load(&[Source::new("one.yaml", scenario)])?.model;
//! use std::ops::ControlFlow;
//!
//! let mut rows = Vec::new();
//! Trials::new(&model, 10).run_watched(|done| {
//!     rows.push((done.report.trial, done.report.makespan_seconds));
//!     ControlFlow::Continue(())
//! })?;
//! rows.sort_by_key(|(trial, _)| *trial);
//! assert_eq!(rows.len(), 10);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod advice;
pub mod comparison;
mod distribution;
mod file;
mod finish;
mod gather;
mod interval;
mod measures;
mod numbers;
mod report;
mod trials;

pub use distribution::{Share, Spread};
pub use file::StudyError;
pub use gather::{MergeError, Study};
pub(crate) use interval::student;
pub use measures::{
    ApplicationNumbers, AvailabilityNumbers, ChurnNumbers, ClientNumbers, ClusterNumbers, ControlPlaneNumbers,
    MoveNumbers, NodeNumbers, OutageNumbers,
};
pub use report::{
    Applications, Cluster, ControlPlane, Node, Outcomes, Partial, TrialsReport, Uncertainty, Workload, WorstTrial,
};
pub(crate) use trials::hash;
pub use trials::{Done, LOOK, Trials, TrialsError};
