//! Sea trials for Kubernetes upgrades: rehearse the upgrade offline, before production.
//!
//! A discrete-event engine models the control plane, the nodes and the replicas of a cluster, replays an upgrade plan on
//! it, and reports three things: **application downtime**, **eviction churn**, and **whether pods were recreated while
//! the control plane was away**.
//!
//! # Three steps
//!
//! **Read.** A *scenario* is any set of Kubernetes documents, as `kubectl get -o json` or a manifest has them, beside
//! documents of seatrial's own kinds: a `Cluster` in short form, an `UpgradePlan`, `Timings`, `Faults`.
//! [`scenario::load`] checks them and either gives a [`model::Model`] or says everything that is wrong, with file, line
//! and column.
//!
//! **Run.** [`cluster::run`] plays one replication of the model. The same model, seed and trial give the same facts on
//! any machine; another seed rolls the dice again.
//!
//! **Look.** A run tells its observers [facts](trace::Fact): what happened, when, and which fact brought it about.
//! [`metrics::Metrics`] is an observer that folds them into a [`metrics::Report`]; a `Vec` of records is one that keeps
//! them; a pair of observers is one.
//!
//! Many runs are a [`study`]: trials on all cores, and what they have in common.
//!
//! ```
//! use seatrial::cluster::{preamble, run, RunOptions};
//! use seatrial::metrics::Metrics;
//! use seatrial::scenario::{load, Source};
//!
//! let scenario = r#"
//! apiVersion: seatrial.dev/v1alpha1
//! kind: Cluster
//! spec: {version: v1.35.4, nodePools: [{name: worker, replicas: 2}]}
//! ---
//! apiVersion: apps/v1
//! kind: Deployment
//! metadata: {name: web}
//! spec:
//!   replicas: 2
//!   selector: {matchLabels: {app: web}}
//!   template:
//!     metadata: {labels: {app: web}}
//!     spec: {containers: [{name: main, image: web}]}
//! ---
//! apiVersion: seatrial.dev/v1alpha1
//! kind: UpgradePlan
//! metadata: {name: one-by-one}
//! spec: {controlPlane: {upgrade: false}}
//! "#;
//! let model = load(&[Source::new("twins.yaml", scenario)])?.model;
//!
//! let options = RunOptions { seed: 7, ..RunOptions::default() };
//! let preamble = preamble(&model, &options);
//! let mut metrics = Metrics::new(&preamble);
//! let cost = run(&model, &options, &mut metrics);
//! let report = metrics.finish(cost.end);
//!
//! // Two replicas on two workers: the second drain evicts both.
//! let web = &report.workloads[0];
//! assert!(web.endpoints.as_ref().is_some_and(|e| e.downtime_seconds > 0.0));
//! # Ok::<(), seatrial::scenario::Diagnostics>(())
//! ```
//!
//! # Facts and their causes
//!
//! ```
//! use seatrial::cluster::{run, RunOptions};
//! use seatrial::ids::Id;
//! use seatrial::scenario::{load, Source};
//! use seatrial::trace::{Fact, Record};
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
//! let mut facts: Vec<Record> = Vec::new();
//! run(&model, &RunOptions::default(), &mut facts);
//!
//! // Every eviction goes back to the drain that asked for it.
//! for record in facts.iter().filter(|r| matches!(r.fact, Fact::EvictionAccepted { .. })) {
//!     let mut cause = record.cause;
//!     while let Some(id) = cause.filter(|id| !matches!(facts[id.index()].fact, Fact::DrainStarted { .. })) {
//!         cause = facts[id.index()].cause;
//!     }
//!     assert!(cause.is_some());
//! }
//! # Ok::<(), seatrial::scenario::Diagnostics>(())
//! ```
//!
//! # What holds
//!
//! * The library prints nothing, reads no clock and no environment, and does not panic on input.
//! * Time is integer microseconds; events of the same instant happen in the order in which they were scheduled.
//! * Every write to the simulated API passes one gate, which asks whether an API server answers.
//! * Random numbers come from named streams, so a change in one place changes no luck elsewhere.
//! * The version of the component that acts decides how it acts, so behaviour changes half-way through an upgrade.

#[cfg(feature = "cli")]
pub mod cli;
pub mod cluster;
pub mod expect;
pub mod explain;
pub mod ids;
pub mod lint;
pub mod metrics;
pub mod model;
pub mod planning;
pub mod queue;
pub mod report;
pub mod rng;
pub mod scenario;
pub mod study;
pub mod trace;
pub mod units;
mod upgrade;
pub mod versions;
