//! What can be expected of: numbers of a report, each with its name in documents and in words.

use super::amount::{Amount, Unit};
use super::placement;
use crate::metrics::{Availability, Report, WorkloadReport};
use crate::trace::{NodeResult, Preamble};
use crate::units::Time;

/// A run that is looked at.
#[derive(Clone, Copy, Debug)]
pub struct Observation<'a> {
    /// What it showed.
    pub report: &'a Report,
    /// Who is who in it.
    pub preamble: &'a Preamble,
    /// When it ended.
    pub end: Time,
}

impl<'a> Observation<'a> {
    /// A trial that has been made.
    #[must_use]
    pub const fn of(done: &crate::study::Done<'a>, preamble: &'a Preamble) -> Self {
        Self {
            report: done.report,
            preamble,
            end: done.end,
        }
    }
}

/// Declares measures: the variant, its name in documents, its unit and its words.
macro_rules! measures {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $unit:ident, $words:literal;)+) => {
        /// A number that is expected to be like something.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Measure {
            $($(#[$doc])* $variant,)+
        }

        impl Measure {
            /// Its name in documents.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// What it counts.
            #[must_use]
            pub const fn unit(self) -> Unit {
                match self { $(Self::$variant => Unit::$unit,)+ }
            }

            /// What it is called in sentences.
            #[must_use]
            pub const fn words(self) -> &'static str {
                match self { $(Self::$variant => $words,)+ }
            }
        }
    };
}

measures! {
    /// From the start of the plan to its end; unknown where it did not complete.
    Makespan = "makespan", Seconds, "makespan";
    /// Nodes that run the new version at the end.
    NodesUpgraded = "nodesUpgraded", Count, "upgraded nodes";
    /// Times that somebody broke the version skew policy, other than kubeadm's documented order does (V-14).
    SkewViolations = "skewViolations", Count, "violations of the skew policy";
    /// How long a workload was down by its endpoints or by its processes, whichever is longer (M-6).
    Downtime = "downtime", Seconds, "downtime";
    /// While every request failed (M-9).
    ClientDowntime = "clientDowntime", Seconds, "downtime for clients";
    /// The share of requests that failed, integrated over time (M-9).
    Errors = "errors", Seconds, "client errors";
    /// The longest time without a break that a workload was down.
    Gap = "gap", Seconds, "longest gap";
    /// The share of the run in which it was not down.
    Availability = "availability", Percent, "availability";
    /// While some replicas were there, and fewer than desired (M-7).
    Degraded = "degraded", Seconds, "time degraded";
    /// The fewest ready replicas at any time (M-7).
    Ready = "ready", Count, "fewest ready replicas";
    /// How often a replica was created anew, on average.
    Moves = "movesPerReplica", Number, "moves per replica";
    /// How often the replica that moved most was created anew.
    MostMoves = "mostMovesPerReplica", Count, "moves of any replica";
    /// Replicas that moved twice or more.
    MovedTwice = "movedTwice", Count, "replicas that moved twice";
    /// Evictions that were accepted.
    Evictions = "evictions", Count, "evictions";
    /// Evictions that a budget refused.
    Refusals = "refusals", Count, "refused evictions";
    /// Pods that are gone at the end and that nobody has replaced.
    PodsLost = "podsLost", Count, "lost pods";
    /// The most pods that had no node at the same time.
    Pending = "pending", Count, "pending pods";
    /// Time that pods spent without a node, summed over pods.
    PendingTime = "pendingTime", Seconds, "time pending";
    /// Time of nodes that were added for the upgrade, summed over nodes.
    SurgeTime = "surgeTime", Seconds, "time of added nodes";
    /// While no request to the API could succeed.
    Blackout = "blackout", Seconds, "time without an API";
    /// While etcd had no quorum.
    QuorumLost = "quorumLost", Seconds, "time without a quorum";
    /// While no controller manager acted.
    ControllersAway = "controllersAway", Seconds, "time without controllers";
    /// While no scheduler acted.
    SchedulerAway = "schedulerAway", Seconds, "time without a scheduler";
    /// Outages of a part of the control plane.
    Outages = "outages", Count, "outages";
    /// Pods that controllers created while the API, the quorum or every controller manager was away.
    RecreatedDuring = "recreatedDuringBlackout", Count, "pods recreated during outages";
    /// Replacements of lost pods, created when the control plane was back.
    RecreatedAfter = "recreatedAfterBlackout", Count, "pods recreated after outages";
    /// Crashed containers that a kubelet started again during an outage.
    RestartedLocally = "restartedLocally", Count, "containers restarted during outages";
    /// The most pods of a node at the end, less the fewest: over nodes that are not control plane.
    NodeSkew = "nodeSkew", Count, "skew over nodes";
    /// The same over zones.
    ZoneSkew = "zoneSkew", Count, "skew over zones";
    /// Nodes that run no such pod at the end.
    EmptyNodes = "emptyNodes", Count, "empty nodes";
}

impl Measure {
    /// Whether it is what the end shows, not what has come together until then.
    pub(super) const fn is_of_the_end(self) -> bool {
        matches!(
            self,
            Self::Makespan
                | Self::NodesUpgraded
                | Self::PodsLost
                | Self::NodeSkew
                | Self::ZoneSkew
                | Self::EmptyNodes
                | Self::RecreatedAfter
        )
    }

    /// Of a run as a whole; `None` where it is unknown.
    pub(super) fn of_run(self, seen: &Observation<'_>) -> Option<Amount> {
        let Observation { report, preamble, .. } = *seen;
        let (cluster, control) = (&report.cluster, &report.control_plane);
        let sum =
            |of: fn(&crate::metrics::OutageReport) -> u64| Amount::count(control.outages.iter().map(of).sum::<u64>());
        Some(match self {
            Self::Makespan => Amount::seconds(report.makespan_seconds.filter(|_| report.outcome.status.completes())?),
            Self::NodesUpgraded => {
                let upgraded = |r: &&_| matches!(r, Some(NodeResult::Upgraded | NodeResult::Replaced));
                Amount::count(report.nodes.iter().map(|n| n.result).filter(|r| upgraded(&r)).count() as u64)
            }
            Self::SkewViolations => {
                Amount::count(report.versions.skew.iter().filter(|s| !s.kubeadms_way).count() as u64)
            }
            Self::Moves => Amount::of(cluster.moves_per_replica.mean),
            Self::MostMoves => Amount::count(cluster.moves_per_replica.max),
            Self::MovedTwice => Amount::count(cluster.replicas_moved_twice),
            Self::Evictions => Amount::count(cluster.evictions),
            Self::Refusals => Amount::count(cluster.refusals),
            Self::PodsLost => Amount::count(cluster.pods_lost),
            Self::Pending => Amount::count(cluster.max_pending),
            Self::PendingTime => Amount::seconds(cluster.pending_pod_seconds),
            Self::SurgeTime => Amount::seconds(cluster.surge_node_seconds),
            Self::Blackout => Amount::seconds(control.api_down_seconds),
            Self::QuorumLost => Amount::seconds(control.etcd_no_quorum_seconds),
            Self::ControllersAway => Amount::seconds(control.controller_manager_leaderless_seconds),
            Self::SchedulerAway => Amount::seconds(control.scheduler_leaderless_seconds),
            Self::Outages => Amount::count(control.outages.len() as u64),
            Self::RecreatedDuring => sum(|o| o.recreated_during),
            Self::RecreatedAfter => sum(|o| o.recreated_after),
            Self::RestartedLocally => sum(|o| o.restarted_locally),
            Self::NodeSkew | Self::ZoneSkew | Self::EmptyNodes => {
                let pods = placement::pods(report, None);
                self.of_placement(report, preamble, &pods)?
            }
            Self::Downtime
            | Self::ClientDowntime
            | Self::Errors
            | Self::Gap
            | Self::Availability
            | Self::Degraded
            | Self::Ready => return None,
        })
    }

    /// Of a workload; `None` where it is unknown.
    pub(super) fn of_workload(self, seen: &Observation<'_>, workload: &WorkloadReport) -> Option<Amount> {
        let counted = workload.availability();
        Some(match self {
            Self::Downtime => Amount::seconds(workload.down()),
            Self::ClientDowntime => Amount::seconds(workload.client.as_ref()?.hard_downtime_seconds),
            Self::Errors => Amount::seconds(workload.client.as_ref()?.error_seconds),
            Self::Gap => Amount::seconds(gap(counted).max(gap(&workload.serving))),
            Self::Availability => {
                let whole = seen.end.as_secs_f64();
                Amount::of(if whole > 0.0 {
                    1.0 - workload.down() / whole
                } else {
                    1.0
                })
            }
            Self::Degraded => Amount::seconds(counted.degraded_seconds),
            Self::Ready => Amount::count(counted.min_ready),
            Self::Moves => Amount::of(workload.moves_per_replica.mean),
            Self::MostMoves => Amount::count(workload.moves_per_replica.max),
            Self::Evictions => Amount::count(workload.evictions),
            Self::Refusals => Amount::count(workload.refusals),
            Self::PodsLost => Amount::count(workload.pods_lost),
            Self::NodeSkew | Self::ZoneSkew | Self::EmptyNodes => {
                let pods = placement::pods(seen.report, Some(&workload.full_name()));
                self.of_placement(seen.report, seen.preamble, &pods)?
            }
            _ => return None,
        })
    }

    fn of_placement(self, report: &Report, preamble: &Preamble, pods: &placement::Pods<'_>) -> Option<Amount> {
        let nodes = placement::nodes(report, preamble, pods);
        match self {
            Self::ZoneSkew => placement::zone_skew(&nodes),
            Self::EmptyNodes => Some(nodes.iter().filter(|n| n.pods == 0).count() as u64),
            _ => placement::node_skew(&nodes),
        }
        .map(Amount::count)
    }
}

fn gap(availability: &Availability) -> f64 {
    let lengths = availability.outages.iter().map(|[start, end]| end - start);
    lengths.fold(0.0, f64::max)
}
