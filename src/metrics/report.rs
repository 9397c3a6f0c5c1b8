//! The report: one value, of which every view shows a part.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::trace::{DrainOutcome, NodeResult, Phase, PlanStatus};

/// Seconds of simulated time, rounded to milliseconds.
pub type Seconds = f64;

/// How many pods run where: by workload (`namespace/name`), then by node.
pub type Placement = BTreeMap<String, BTreeMap<String, u32>>;

/// What a run showed. Times are seconds since the start of the run; `None` is unknown, never zero.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// `seatrial.dev/v1alpha1`
    pub api_version: String,
    /// `UpgradeReport`
    pub kind: String,
    /// The plan's name; null where only faults were played.
    pub plan: Option<String>,
    /// The seed of the run.
    pub seed: u64,
    /// Which trial of that seed it is.
    pub trial: u64,
    /// How many runs the numbers stand for.
    pub trials: u64,
    /// The version of seatrial that ran it.
    pub engine_version: String,
    /// How the plan ended.
    pub outcome: Outcome,
    /// Versions of the control plane.
    pub versions: Versions,
    /// From the start of the plan to its end, in seconds; null where it did not start or did not end.
    pub makespan_seconds: Option<Seconds>,
    /// Sums over the cluster.
    pub cluster: ClusterReport,
    /// Outages of the control plane.
    pub control_plane: ControlPlaneReport,
    /// Every node, in the order of the input.
    pub nodes: Vec<NodeReport>,
    /// Every workload, in the order of the input.
    pub workloads: Vec<WorkloadReport>,
    /// Defaults that filled gaps of the input.
    pub assumptions: Vec<String>,
    /// Findings of the linter.
    pub findings: Vec<FindingReport>,
}

/// A finding of the linter, held against the run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FindingReport {
    /// The rule: `B01`.
    pub rule: String,
    /// `error`, `warning` or `note`.
    pub severity: String,
    /// What it is about: `Deployment default/web`.
    pub object: String,
    /// What is so, in one sentence without its end.
    pub says: String,
    /// Whether the run showed what it foresees.
    pub rehearsal: Rehearsed,
}

/// Whether a run bears out what the linter found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Rehearsed {
    /// It showed what the finding foresees.
    Confirmed,
    /// It did not.
    NotConfirmed,
    /// It cannot tell: the finding foresees nothing that a run measures.
    CannotTell,
}

/// How the plan ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    /// The status; `Completed` where there was no plan.
    #[schemars(with = "String")]
    pub status: PlanStatus,
    /// Why, where it was not completed.
    pub reason: Option<String>,
    /// Where it was not completed and nothing could change any more: the proof.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<Proof>,
}

/// Proof that a plan made no more progress: every event that was still to come was an attempt that could only be refused
/// again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Proof {
    /// When it was certain.
    pub at: Seconds,
    /// Whether it would have lasted for ever; otherwise until the time-out of a drain.
    pub never: bool,
    /// Whether the causes form a circle: the last one waits for the first.
    pub cycle: bool,
    /// What waits for what, beginning with what the plan waits for.
    pub chain: Vec<Link>,
}

/// One cause in a chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Link {
    /// What it is about: `node/worker-1`, `pdb/default/web`, `pod/default/web-0`, `webhook/policy`.
    pub object: String,
    /// A sentence without its end.
    pub words: String,
}

/// Versions of the control plane.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Versions {
    /// At the start.
    pub from: String,
    /// What the plan wants to reach; null where versions stay.
    pub to: Option<String>,
    /// The versions on the way, in order.
    pub hops: Vec<String>,
    /// Who broke the version skew policy, and when.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skew: Vec<SkewReport>,
}

/// Somebody who broke the version skew policy for some time (V-13).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SkewReport {
    /// The rule: `V-3` … `V-7`.
    pub rule: String,
    /// The component.
    pub component: String,
    /// Its node; null for what runs outside of the cluster.
    pub node: Option<String>,
    /// Who is too far from what, as a sentence without its end, as it was when it began.
    pub words: String,
    /// When it began.
    pub from: Seconds,
    /// When it ended; null where it lasted.
    pub to: Option<Seconds>,
    /// Whether kubeadm's documented order brings it about, without harm (V-14).
    pub kubeadms_way: bool,
}

/// Sums over the cluster.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClusterReport {
    /// Evictions that were accepted (and deletes of `kubectl drain --disable-eviction`).
    pub evictions: u64,
    /// Evictions that were refused with 429.
    pub refusals: u64,
    /// Pods created after the start.
    pub pods_created: u64,
    /// Pods that are gone at the end and that nobody has replaced.
    pub pods_lost: u64,
    /// Replicas of all workloads that are recreated elsewhere: no DaemonSets, no pods that nobody owns.
    pub replicas: u64,
    /// How often these replicas were created anew.
    pub moves_per_replica: Moves,
    /// How many of these replicas were created anew twice or more.
    pub replicas_moved_twice: u64,
    /// The most pods that had no node at the same time (see [`ClusterReport::pending_pod_seconds`]).
    pub max_pending: u64,
    /// Time that pods spent without a node, summed over pods. A pod counts, from its creation, once the scheduler has
    /// found no node for it or a second has passed; faster bindings are not waiting.
    pub pending_pod_seconds: Seconds,
    /// Time of nodes that were added for the upgrade, summed over nodes.
    pub surge_node_seconds: Seconds,
    /// What the cluster autoscaler removed; left out where it removed nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale_down: Option<ScaleDownReport>,
    /// Pods with running containers, of workloads that are recreated elsewhere, at the start.
    pub placement_before: Placement,
    /// The same at the end.
    pub placement_after: Placement,
}

/// What the cluster autoscaler removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScaleDownReport {
    /// Nodes that it removed.
    pub nodes: u64,
    /// New nodes of the plan among them, which the plan asked for again.
    pub asked_for_again: u64,
}

/// How often replicas were created anew.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Moves {
    /// On average, over the desired replicas.
    pub mean: f64,
    /// The replica that moved most.
    pub max: u32,
}

/// Outages of the control plane.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ControlPlaneReport {
    /// While no request to the API could succeed.
    pub api_down_seconds: Seconds,
    /// While etcd had no quorum.
    pub etcd_no_quorum_seconds: Seconds,
    /// While no controller manager held the lease and acted.
    pub controller_manager_leaderless_seconds: Seconds,
    /// While no scheduler held the lease and acted.
    pub scheduler_leaderless_seconds: Seconds,
    /// The outages.
    pub outages: Vec<OutageReport>,
    /// Certificates, where the input says when they expire.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub certificates: Vec<CertificateReport>,
}

/// The certificates of a component on a node (X-1 … X-7).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CertificateReport {
    /// The node.
    pub node: String,
    /// The component that uses them, or `admin.conf`.
    pub owner: String,
    /// Until when those of the start are good.
    pub expires: Seconds,
    /// When they were renewed last; null where they were not.
    pub renewed_at: Option<Seconds>,
    /// When they ran out and the component stopped working; null where they did not.
    pub expired_at: Option<Seconds>,
}

/// A longest interval in which the API, the quorum of etcd, every controller manager or every scheduler was away.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OutageReport {
    /// When it began.
    pub start: Seconds,
    /// When it ended, or the run.
    pub end: Seconds,
    /// What was away at some time in it.
    pub components: Vec<String>,
    /// Pods of controllers that were deleted in it, or that died in it with their machine and did not come back.
    pub pods_lost: u64,
    /// Crashed containers that a kubelet started again in it.
    pub restarted_locally: u64,
    /// Pods that controllers created in it while the API, the quorum or every controller manager was away.
    pub recreated_during: u64,
    /// Replacements of the lost pods, created when all three were there again.
    pub recreated_after: u64,
    /// From the end of the outage to the first of these; null where there is none.
    pub first_recreate_delay_seconds: Option<Seconds>,
}

/// A node.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NodeReport {
    /// Its name.
    pub name: String,
    /// `control-plane` or `worker`.
    pub role: String,
    /// The kubelet's version at the start.
    pub from_version: String,
    /// The kubelet's version at the end.
    pub to_version: String,
    /// What became of it; null where the plan did not deal with it.
    #[schemars(with = "Option<String>")]
    pub result: Option<NodeResult>,
    /// When its upgrade was done; null where it was not.
    pub upgraded_at: Option<Seconds>,
    /// How long no pod could be scheduled to it.
    pub cordoned_seconds: Seconds,
    /// The phases of kubeadm.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub phases: Vec<PhaseReport>,
    /// Its drains, in order.
    pub drains: Vec<DrainReport>,
}

/// A phase of kubeadm.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PhaseReport {
    /// Which one.
    #[schemars(with = "String")]
    pub phase: Phase,
    /// When it started.
    pub start: Seconds,
    /// How long it took; null where it did not end.
    pub seconds: Option<Seconds>,
}

/// A drain.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DrainReport {
    /// When it started.
    pub start: Seconds,
    /// How long it took, or until the run ended.
    pub seconds: Seconds,
    /// Evictions that were accepted.
    pub evictions: u64,
    /// Evictions that were refused.
    pub refusals: u64,
    /// How it ended.
    #[schemars(with = "String")]
    pub outcome: DrainOutcome,
}

/// A workload.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WorkloadReport {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: String,
    /// How many pods there should be.
    pub desired: u32,
    /// What the API says: ready addresses in endpoint slices. Null where no Service lists its pods.
    pub endpoints: Option<Availability>,
    /// What is true: processes that answer.
    pub serving: Availability,
    /// What clients feel through the data plane. Null where no Service lists its pods.
    pub client: Option<ClientReport>,
    /// Evictions that were accepted.
    pub evictions: u64,
    /// Evictions that were refused.
    pub refusals: u64,
    /// Pods created after the start.
    pub pods_created: u64,
    /// Pods that are gone at the end and that nobody has replaced.
    pub pods_lost: u64,
    /// How often its replicas were created anew.
    pub moves_per_replica: Moves,
    /// Why it was down: each outage of `endpoints`, or of `serving` where no Service lists its pods.
    pub causes: Vec<Cause>,
    /// What all of its downtime, degradation and errors come from: the sums over this list are those above, but for
    /// rounding to milliseconds. The worst first; beyond 64, those of one sort are summed up.
    #[serde(default)]
    pub attribution: Vec<Share>,
}

/// What something is to blame for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Share {
    /// What happened, as a sentence without its end.
    pub why: String,
    /// Where its chain of causes ends.
    pub root: Root,
    /// The first fact of this sort, by the number that it has in a trace; null where it was so from the
    /// start, or is not one fact.
    pub fact: Option<u64>,
    /// In the endpoints. Null where no Service lists its pods.
    pub endpoints: Option<Lack>,
    /// In what processes do.
    pub serving: Lack,
    /// In what clients feel. Null where no Service lists its pods.
    pub client: Option<ClientReport>,
}

/// How much was lacking for a reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Lack {
    /// While there was no replica, and the last one was lost for this reason.
    pub downtime_seconds: Seconds,
    /// While there were too few, and the one that was missing for the longest time was lost for this reason.
    pub degraded_seconds: Seconds,
    /// Replicas that were missing for this reason, integrated over time.
    pub deficit_pod_seconds: Seconds,
}

/// Where a chain of causes ends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum Root {
    /// In a step of the plan.
    Step {
        /// Which one.
        words: String,
        /// When it began.
        at: Seconds,
    },
    /// In a fault.
    Fault {
        /// What happened.
        words: String,
        /// When.
        at: Seconds,
    },
    /// In what is so without the plan and without a fault.
    Initial {
        /// What.
        words: String,
        /// Since when.
        at: Seconds,
    },
}

/// How many replicas were there, from the start to the end of the run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Availability {
    /// The fewest at any time (M-7).
    pub min_ready: u32,
    /// While there was none (M-6).
    pub downtime_seconds: Seconds,
    /// When there was none: start and end.
    pub outages: Vec<[Seconds; 2]>,
    /// While there were some, and fewer than desired (M-7).
    pub degraded_seconds: Seconds,
    /// Missing replicas, integrated over time (M-7).
    pub deficit_pod_seconds: Seconds,
}

/// What clients feel, if they send requests at a constant rate.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClientReport {
    /// While every request failed (M-9).
    pub hard_downtime_seconds: Seconds,
    /// The share of requests that failed, integrated over time (M-9).
    pub error_seconds: Seconds,
    /// While every request failed at the load balancer of its Service though there were pods that answered (LB-4); left out
    /// where its clients do not come through one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shut_out_seconds: Option<Seconds>,
}

/// Why a workload was down for some time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Cause {
    /// When.
    pub interval: [Seconds; 2],
    /// Why, as a sentence.
    pub why: String,
    /// How it came about: replicas that were missing when it began, by what happened to them, the decisive ones last.
    #[serde(default)]
    pub losses: Vec<LossReport>,
    /// The smallest change that helps by rule, which nobody has rehearsed; null where none is known.
    pub fix: Option<String>,
}

/// Replicas that were missing for the same reason when a downtime began.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LossReport {
    /// How many; 0 where none was missing and clients could not come in.
    pub replicas: u64,
    /// When the first and the last of them were lost.
    pub interval: [Seconds; 2],
    /// What happened, as a sentence without its end.
    pub why: String,
    /// Where the chain of causes ends.
    pub root: Root,
    /// The fact that took the last of them, by the number that it has in a trace; null where it was so from the start.
    pub fact: Option<u64>,
}

impl Report {
    /// The `apiVersion` of reports.
    pub const API_VERSION: &str = "seatrial.dev/v1alpha1";
    /// The `kind` of reports.
    pub const KIND: &str = "UpgradeReport";

    /// The workloads that are somebody's application: all but the control plane's own pods, whose absence is told as
    /// outages of the control plane.
    pub fn applications(&self) -> impl Iterator<Item = &WorkloadReport> {
        self.workloads.iter().filter(|w| !w.is_control_plane())
    }
}

impl WorkloadReport {
    /// `namespace/name`
    #[must_use]
    pub fn full_name(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }

    /// Whether its pods are those of the control plane itself.
    #[must_use]
    pub fn is_control_plane(&self) -> bool {
        self.namespace == "kube-system" && self.kind == "Pod"
    }

    /// How long it was down by its endpoints or by its processes, whichever is longer, and for how long nobody could come in
    /// though it was up.
    #[must_use]
    pub fn down(&self) -> Seconds {
        let serving = self.serving.downtime_seconds;
        self.availability().downtime_seconds.max(serving) + self.shut_out()
    }

    /// How long nobody could come in through its load balancer though there were pods that answered.
    #[must_use]
    pub fn shut_out(&self) -> Seconds {
        self.client.as_ref().and_then(|c| c.shut_out_seconds).unwrap_or(0.0)
    }

    /// The share of its requests that failed, integrated over time; zero where it has no clients that are known.
    #[must_use]
    pub fn errors(&self) -> Seconds {
        self.client.as_ref().map_or(0.0, |c| c.error_seconds)
    }

    /// How long it was down: as the API says, and where that is unknown, in truth.
    #[must_use]
    pub fn availability(&self) -> &Availability {
        self.endpoints.as_ref().unwrap_or(&self.serving)
    }
}
