//! What many trials showed: the report of one run, with a spread in the place of each number.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::distribution::{Share, Spread};
use super::measures::{
    ApplicationNumbers, AvailabilityNumbers, ChurnNumbers, ClientNumbers, ClusterNumbers, ControlPlaneNumbers,
    MoveNumbers, NodeNumbers, OutageNumbers,
};
use crate::metrics::{Cause, Seconds, Versions};
use crate::trace::PlanStatus;

/// What many trials of one model showed.
///
/// It has the shape of an `UpgradeReport`; each number is a spread: mean with its 95 % confidence interval, quantiles, least
/// and greatest. Lists whose length differs from trial to trial (intervals, drains, placements) are sums or counts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TrialsReport {
    /// `seatrial.dev/v1alpha1`
    pub api_version: String,
    /// `TrialsReport`
    pub kind: String,
    /// The plan's name; null where only faults were played.
    pub plan: Option<String>,
    /// The seed of all trials.
    pub seed: u64,
    /// How many trials the numbers stand for.
    pub trials: u64,
    /// The numbers of these trials: ranges of a first and a last one.
    pub numbers: Vec<[u64; 2]>,
    /// Where it was stopped before all trials were made; null otherwise.
    pub partial: Option<Partial>,
    /// The version of seatrial that ran it.
    pub engine_version: String,
    /// How the plan ended.
    pub outcome: Outcomes,
    /// Versions of the control plane.
    pub versions: Versions,
    /// From the start of the plan to its end, over the trials that completed; null where none did.
    pub makespan_seconds: Option<Spread>,
    /// What applications go through.
    pub applications: Applications,
    /// Sums over the cluster.
    pub cluster: Cluster,
    /// Outages of the control plane.
    pub control_plane: ControlPlane,
    /// Every node, in the order of the input.
    pub nodes: Vec<Node>,
    /// Every workload, in the order of the input.
    pub workloads: Vec<Workload>,
    /// The trial to look at: one that did not complete before one that did, then the most application downtime, then the
    /// most client errors, then the longest, then the first.
    pub worst_trial: WorstTrial,
    /// How well the means are known; null where there are fewer than two trials.
    pub uncertainty: Option<Uncertainty>,
    /// Defaults that filled gaps of the input.
    pub assumptions: Vec<String>,
}

/// A study that was stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Partial {
    /// How many trials were asked for, at most.
    pub asked: u64,
}

/// How the plan ended, over trials.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Outcomes {
    /// Trials in which it completed, with or without nodes that were left out as the plan says.
    pub completes: Share,
    /// Trials by status; a status that did not occur is not listed.
    #[schemars(with = "BTreeMap<String, Share>")]
    pub statuses: BTreeMap<PlanStatus, Share>,
}

/// What applications go through.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Applications {
    /// Trials in which a workload was down for some time.
    pub with_downtime: Share,
    /// Their numbers.
    #[serde(flatten)]
    pub numbers: ApplicationNumbers<Spread>,
}

/// Sums over the cluster.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Cluster {
    /// Replicas of all workloads that are recreated elsewhere.
    pub replicas: u64,
    /// Their numbers.
    #[serde(flatten)]
    pub numbers: ClusterNumbers<Spread>,
    /// How often replicas were created anew.
    pub moves_per_replica: MoveNumbers<Spread>,
}

/// Outages of the control plane.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ControlPlane {
    /// How long what was away.
    #[serde(flatten)]
    pub numbers: ControlPlaneNumbers<Spread>,
    /// What was away at some time in some trial.
    pub components: Vec<String>,
    /// Trials in which pods were recreated in an outage.
    pub with_recreation_during_outage: Share,
    /// What happened in the outages of a trial.
    pub outages: OutageNumbers<Spread>,
    /// From the end of an outage to the first replacement of a lost pod: of the first outage that had one, over the
    /// trials that had one; null where none had.
    pub first_recreate_delay_seconds: Option<Spread>,
}

/// A node.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Node {
    /// Its name.
    pub name: String,
    /// `control-plane` or `worker`.
    pub role: String,
    /// The kubelet's version at the start.
    pub from_version: String,
    /// Trials in which it was upgraded or replaced.
    pub upgraded: Share,
    /// Its numbers.
    #[serde(flatten)]
    pub numbers: NodeNumbers<Spread>,
}

/// A workload.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Workload {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: String,
    /// How many pods there should be.
    pub desired: u32,
    /// Trials in which it was down for some time.
    pub with_downtime: Share,
    /// How long it was down: by its endpoints or by its processes, whichever was longer, and while nobody could come in
    /// through its load balancer.
    pub downtime_seconds: Spread,
    /// The trial in which it was down longest, the first of several; null where it never was.
    pub worst_trial: Option<u64>,
    /// What the API says: ready addresses in endpoint slices. Null where no Service lists its pods.
    pub endpoints: Option<AvailabilityNumbers<Spread>>,
    /// What is true: processes that answer.
    pub serving: AvailabilityNumbers<Spread>,
    /// What clients feel through the data plane. Null where no Service lists its pods.
    pub client: Option<ClientNumbers<Spread>>,
    /// How much of it is moved.
    #[serde(flatten)]
    pub churn: ChurnNumbers<Spread>,
    /// How often its replicas were created anew.
    pub moves_per_replica: MoveNumbers<Spread>,
}

/// The trial to look at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WorstTrial {
    /// The seed to replay it with.
    pub seed: u64,
    /// Its number.
    pub trial: u64,
    /// How the plan ended in it.
    #[schemars(with = "String")]
    pub status: PlanStatus,
    /// Why, where it was not completed.
    pub reason: Option<String>,
    /// From the start of the plan to its end; null where it did not end.
    pub makespan_seconds: Option<Seconds>,
    /// How long applications were down, summed over workloads.
    pub downtime_seconds: Seconds,
    /// The share of requests that failed, integrated over time, summed over workloads.
    pub error_seconds: Seconds,
    /// The workload that was down longest (`namespace/name`); null where none was.
    pub workload: Option<String>,
    /// Why it was down first.
    pub cause: Option<Cause>,
}

/// How well the means are known.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Uncertainty {
    /// How far the confidence interval of a mean reaches to each side, as a share of the mean: of the measure for which
    /// it is greatest. A margin of a tenth of a second, or of an eviction, counts as none. For the trials that complete it is half the width of the interval of their share.
    pub share: f64,
    /// That measure: `makespanSeconds`, `downtimeSeconds`, `errorSeconds`, `evictions` or `completes`.
    pub of: String,
}

impl TrialsReport {
    /// The `kind` of reports of many trials.
    pub const KIND: &str = "TrialsReport";
}

impl Workload {
    /// `namespace/name`
    #[must_use]
    pub fn full_name(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }

    /// As the API says, and where that is unknown, in truth.
    #[must_use]
    pub fn availability(&self) -> &AvailabilityNumbers<Spread> {
        self.endpoints.as_ref().unwrap_or(&self.serving)
    }
}
