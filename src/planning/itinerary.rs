//! The itinerary: one value, of which every view shows a part.

use schemars::JsonSchema;
use serde::Serialize;

use crate::metrics::Seconds;
use crate::versions::kubeadm::Refusal;
use crate::versions::path::{Goes, Rounds, Skew};
use crate::versions::releases::{Sure, Who};

/// The way from one version to another.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Itinerary {
    /// `seatrial.dev/v1alpha1`
    pub api_version: String,
    /// `UpgradeItinerary`
    pub kind: String,
    /// The version of seatrial that made it.
    pub engine_version: String,
    /// The plan's name, where a scenario has one.
    pub plan: Option<String>,
    /// The version at the start.
    pub from: String,
    /// The version to reach.
    pub to: String,
    /// How many nodes the control plane has; 0 where a cloud runs it.
    pub control_plane_nodes: u32,
    /// How many workers there are; null without a cluster.
    pub workers: Option<u32>,
    /// The whole way in one step; null where it is one minor at most.
    pub at_once: Option<Direct>,
    /// How the workers may follow.
    pub choices: Vec<Choice>,
    /// Which of them `legs` are about, 0 for the first.
    pub chosen: usize,
    /// What is upgraded to which version, one after another.
    pub legs: Vec<LegPlan>,
    /// The date that `support` is about; null where none was given.
    pub date: Option<String>,
    /// Support of the versions on the way at that date.
    pub support: Vec<Support>,
    /// Objects of the cluster in APIs that end on the way.
    pub ending_apis: Vec<EndingApi>,
    /// What is worth doing.
    pub advice: Vec<String>,
    /// Defaults that filled gaps of the input.
    pub assumptions: Vec<String>,
}

/// The whole way in one step.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Direct {
    /// Whether kubeadm takes it.
    pub allowed: bool,
    /// What kubeadm says.
    pub refusals: Vec<Refusal>,
}

/// How the workers may follow.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Choice {
    /// How often workers are upgraded.
    pub rounds: Rounds,
    /// In words.
    pub words: String,
    /// So many hops of the control plane.
    pub control_plane_hops: u32,
    /// So many rounds of the workers: each drains all of them.
    pub worker_rounds: u32,
    /// Whether it may be done.
    pub legality: Legality,
    /// Why not, or what `--force` skips.
    pub why: Vec<String>,
    /// What it costs, from a rehearsal; null without a cluster or where it was not rehearsed.
    pub cost: Option<Cost>,
}

/// Whether a choice may be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Legality {
    /// Nothing speaks against it.
    Clean,
    /// kubeadm wants `--force`.
    NeedsForce,
    /// kubeadm refuses it, or versions differ too much.
    Forbidden,
}

/// A part of the way.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LegPlan {
    /// 1 for the first.
    pub number: u32,
    /// Who goes.
    pub who: Goes,
    /// The versions that they come from, oldest first.
    pub from: Vec<String>,
    /// The version to reach.
    pub to: String,
    /// What kubeadm says; `--force` skips it.
    pub refusals: Vec<Refusal>,
    /// Who breaks the version skew policy on the way.
    pub skew: Vec<Skew>,
    /// What becomes of etcd; null for workers, for external etcd, and where a cloud runs it.
    pub etcd: Option<Etcd>,
    /// CoreDNS; null for workers.
    pub core_dns: Option<Swap>,
    /// The pause image; null for workers.
    pub pause: Option<Swap>,
    /// Certificates; null for workers.
    pub certificates: Option<Certificates>,
    /// What changes.
    pub changes: Vec<Upcoming>,
    /// What it costs, from a rehearsal.
    pub cost: Option<Cost>,
    /// The nodes in order, with what a rehearsal measured.
    pub nodes: Vec<NodeCost>,
}

/// A version before and after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Swap {
    /// Before.
    pub from: String,
    /// After.
    pub to: String,
}

/// What becomes of etcd in a hop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Etcd {
    /// Before.
    pub from: String,
    /// After.
    pub to: String,
    /// Whether it is restarted.
    pub restarts: bool,
    /// Why, or why not.
    pub why: String,
}

/// Certificates of a control-plane node in a hop (X-2 … X-4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Certificates {
    /// Valid for another year.
    pub renewed: Vec<String>,
    /// As they were; each with the reason.
    pub not_renewed: Vec<String>,
}

/// What a person must know before a hop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Upcoming {
    /// With the hop to 1.MINOR.
    pub minor: u32,
    /// Whom it is about.
    pub who: Who,
    /// What changes.
    pub text: String,
    /// Where that was read.
    pub source: String,
}

/// Support of a version at a date.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Support {
    /// The version.
    pub version: String,
    /// By its published end of life; null for minors that the table of releases does not know.
    pub status: Option<SupportStatus>,
    /// The date that the status is about: its end, or since when it is over.
    pub date: Option<String>,
    /// Whether it is one of the three newest minors; null where newer ones may be out.
    pub in_newest_three: Option<bool>,
    /// How sure the dates are: the least sure of them.
    pub sure: Option<Sure>,
}

/// Support by the published end of life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum SupportStatus {
    /// It is not released yet.
    Unreleased,
    /// It gets fixes.
    Full,
    /// It gets critical fixes only.
    Maintenance,
    /// It gets no fixes any more.
    Ended,
}

/// Objects of the cluster in an API that ends on the way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EndingApi {
    /// The API.
    pub api: String,
    /// The kind.
    pub kind: String,
    /// Not served from 1.MINOR on.
    pub minor: u32,
    /// What serves it instead.
    pub instead: String,
    /// The objects.
    pub objects: Vec<String>,
    /// Only their manifests name that API.
    pub by_manifest: bool,
}

/// What rehearsals measured.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Cost {
    /// How many runs the numbers stand for.
    pub trials: u64,
    /// How many of them did not complete, and why the first of these did not.
    pub incomplete: u64,
    /// Why.
    pub reason: Option<String>,
    /// Start to end.
    pub seconds: Spread,
    /// Accepted evictions.
    pub evictions: Spread,
    /// Refused evictions.
    pub refusals: Spread,
    /// While no request to the API could succeed.
    pub api_down_seconds: Spread,
    /// While no controller manager acted.
    pub controller_manager_down_seconds: Spread,
    /// While no scheduler acted.
    pub scheduler_down_seconds: Spread,
    /// Workloads that were down in some run, the worst first.
    pub workloads: Vec<WorkloadCost>,
}

/// How long a workload was down.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WorkloadCost {
    /// `namespace/name`
    pub name: String,
    /// While it had no ready endpoint, or no serving process where no Service lists it.
    pub down_seconds: Spread,
}

/// What a rehearsal measured on a node.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NodeCost {
    /// Its name.
    pub name: String,
    /// Nodes with the same number are worked on together, as far as the plan's limits allow.
    pub batch: u32,
    /// The node that takes its place, where nodes are replaced.
    pub successor: Option<String>,
    /// `kubeadm upgrade`; null for workers and without a rehearsal.
    pub kubeadm_seconds: Option<Spread>,
    /// Its drain; null where it is not drained.
    pub drain_seconds: Option<Spread>,
    /// From the first to the last thing that is done to it.
    pub seconds: Option<Spread>,
}

/// A number over all rehearsals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Spread {
    /// The mean.
    pub mean: Seconds,
    /// Half of the runs are at or below.
    pub p50: Seconds,
    /// 95 % of the runs are at or below.
    pub p95: Seconds,
}

impl Spread {
    /// Of these values: the mean, and nearest-rank percentiles. Nothing gives zeros.
    #[must_use]
    pub fn of(values: &[f64]) -> Self {
        if values.is_empty() {
            return Self::default();
        }
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let n = sorted.len();
        let rank = |percent: usize| sorted[(n * percent).div_ceil(100).clamp(1, n) - 1];
        #[expect(clippy::cast_precision_loss, reason = "far below 2^52 runs")]
        let mean = sorted.iter().sum::<f64>() / n as f64;
        Self {
            mean: (mean * 1000.0).round() / 1000.0,
            p50: rank(50),
            p95: rank(95),
        }
    }
}

impl Itinerary {
    /// The `apiVersion` of itineraries.
    pub const API_VERSION: &str = "seatrial.dev/v1alpha1";
    /// The `kind` of itineraries.
    pub const KIND: &str = "UpgradeItinerary";

    /// Hops of the control plane among the legs.
    pub fn hops(&self) -> impl Iterator<Item = &LegPlan> {
        self.legs.iter().filter(|l| l.who == Goes::ControlPlane)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spreads_are_nearest_ranks() {
        let hundred: Vec<f64> = (1..=100).rev().map(f64::from).collect();
        let spread = Spread::of(&hundred);
        assert_eq!((spread.mean, spread.p50, spread.p95), (50.5, 50.0, 95.0));
        assert_eq!(
            Spread::of(&[7.0]),
            Spread {
                mean: 7.0,
                p50: 7.0,
                p95: 7.0
            }
        );
        assert_eq!(Spread::of(&[]), Spread::default());
    }
}
