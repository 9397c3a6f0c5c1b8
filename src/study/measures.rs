//! Which numbers of a report are gathered over trials: each is named once, with where it comes from.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::distribution::{Distribution, Spread};
use crate::metrics::{
    Availability, ClientReport, ClusterReport, ControlPlaneReport, Moves, NodeReport, OutageReport, Report,
    WorkloadReport,
};

/// Seconds, or a mean, in thousandths: what a report rounds to.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "numbers of reports are not negative, and saturating is right"
)]
pub(super) fn thousandths(number: f64) -> u64 {
    libm::round(number * 1000.0) as u64
}

/// A count in thousandths.
fn whole(count: impl Into<u64>) -> u64 {
    count.into().saturating_mul(1000)
}

/// Declares a group of numbers: `T` is what is known of each. A group of distributions takes in reports one by one,
/// merges with another one, and ends as a group of spreads.
macro_rules! measures {
    ($(#[$doc:meta])* $name:ident of $source:ty { $($(#[$about:meta])* $field:ident: $take:expr),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "camelCase")]
        pub struct $name<T> {
            $($(#[$about])* pub $field: T,)+
        }

        impl $name<Distribution> {
            /// One more trial.
            pub(super) fn add(&mut self, report: &$source) {
                $(
                    let take: fn(&$source) -> u64 = $take;
                    self.$field.add(take(report));
                )+
            }

            /// The trials of another study.
            pub(super) fn merge(&mut self, other: Self) {
                $(self.$field.merge(other.$field);)+
            }

            /// Whether each number is known of so many trials.
            pub(super) fn counts(&self, trials: u64) -> bool {
                [$(&self.$field),+].into_iter().all(|d| d.len() == trials)
            }

            /// What they are like.
            pub(super) fn spread(&self) -> $name<Spread> {
                $name { $($field: self.$field.spread().unwrap_or_default(),)+ }
            }
        }
    };
}

measures! {
    /// What applications go through, as sums over workloads without the control plane's own pods.
    ApplicationNumbers of Report {
        /// How long workloads were down, by their endpoints or by their processes, whichever is longer (M-6).
        downtime_seconds: |r| sum_of_applications(r, WorkloadReport::down),
        /// What share of requests failed, integrated over time (M-9).
        error_seconds: |r| sum_of_applications(r, WorkloadReport::errors),
    }
}

/// A sum over the workloads that are somebody's application.
pub(super) fn sum_of_applications(report: &Report, of: fn(&WorkloadReport) -> f64) -> u64 {
    report
        .applications()
        .map(|w| thousandths(of(w)))
        .fold(0, u64::saturating_add)
}

measures! {
    /// Sums over the cluster.
    ClusterNumbers of ClusterReport {
        /// Evictions that were accepted.
        evictions: |c| whole(c.evictions),
        /// Evictions that were refused with 429.
        refusals: |c| whole(c.refusals),
        /// Pods created after the start.
        pods_created: |c| whole(c.pods_created),
        /// Pods that are gone at the end and that nobody has replaced.
        pods_lost: |c| whole(c.pods_lost),
        /// How many replicas were created anew twice or more.
        replicas_moved_twice: |c| whole(c.replicas_moved_twice),
        /// The most pods that had no node at the same time.
        max_pending: |c| whole(c.max_pending),
        /// Time that pods spent without a node, summed over pods.
        pending_pod_seconds: |c| thousandths(c.pending_pod_seconds),
        /// Time of nodes that were added for the upgrade, summed over nodes.
        surge_node_seconds: |c| thousandths(c.surge_node_seconds),
    }
}

measures! {
    /// How often replicas were created anew.
    MoveNumbers of Moves {
        /// On average, over the desired replicas.
        mean: |m| thousandths(m.mean),
        /// The replica that moved most.
        max: |m| whole(m.max),
    }
}

measures! {
    /// How long the control plane was away.
    ControlPlaneNumbers of ControlPlaneReport {
        /// While no request to the API could succeed.
        api_down_seconds: |c| thousandths(c.api_down_seconds),
        /// While etcd had no quorum.
        etcd_no_quorum_seconds: |c| thousandths(c.etcd_no_quorum_seconds),
        /// While no controller manager held the lease and acted.
        controller_manager_leaderless_seconds: |c| thousandths(c.controller_manager_leaderless_seconds),
        /// While no scheduler held the lease and acted.
        scheduler_leaderless_seconds: |c| thousandths(c.scheduler_leaderless_seconds),
    }
}

measures! {
    /// What happened in outages of the control plane, as sums over the outages of a trial.
    OutageNumbers of ControlPlaneReport {
        /// How many outages there were.
        count: |c| whole(c.outages.len() as u64),
        /// Pods of controllers that were deleted in them, or that died in them with their machine.
        pods_lost: |c| sum(c, |o| o.pods_lost),
        /// Crashed containers that a kubelet started again in them.
        restarted_locally: |c| sum(c, |o| o.restarted_locally),
        /// Pods that controllers created in them while the API, the quorum or every controller manager was away.
        recreated_during: |c| sum(c, |o| o.recreated_during),
        /// Replacements of the lost pods, created when all three were there again.
        recreated_after: |c| sum(c, |o| o.recreated_after),
    }
}

fn sum(report: &ControlPlaneReport, of: fn(&OutageReport) -> u64) -> u64 {
    whole(report.outages.iter().map(of).fold(0, u64::saturating_add))
}

measures! {
    /// What a node goes through.
    NodeNumbers of NodeReport {
        /// How long no pod could be scheduled to it.
        cordoned_seconds: |n| thousandths(n.cordoned_seconds),
        /// How long its drains took.
        drain_seconds: |n| n.drains.iter().map(|d| thousandths(d.seconds)).fold(0, u64::saturating_add),
        /// Evictions that were accepted.
        evictions: |n| whole(n.drains.iter().map(|d| d.evictions).fold(0, u64::saturating_add)),
        /// Evictions that were refused.
        refusals: |n| whole(n.drains.iter().map(|d| d.refusals).fold(0, u64::saturating_add)),
    }
}

measures! {
    /// How many replicas of a workload were there.
    AvailabilityNumbers of Availability {
        /// The fewest at any time (M-7).
        min_ready: |a| whole(a.min_ready),
        /// While there was none (M-6).
        downtime_seconds: |a| thousandths(a.downtime_seconds),
        /// How many times there was none.
        outages: |a| whole(a.outages.len() as u64),
        /// While there were some, and fewer than desired (M-7).
        degraded_seconds: |a| thousandths(a.degraded_seconds),
        /// Missing replicas, integrated over time (M-7).
        deficit_pod_seconds: |a| thousandths(a.deficit_pod_seconds),
    }
}

measures! {
    /// What clients of a workload feel.
    ClientNumbers of ClientReport {
        /// While every request failed (M-9).
        hard_downtime_seconds: |c| thousandths(c.hard_downtime_seconds),
        /// The share of requests that failed, integrated over time (M-9).
        error_seconds: |c| thousandths(c.error_seconds),
    }
}

measures! {
    /// How much of a workload is moved.
    ChurnNumbers of WorkloadReport {
        /// Evictions that were accepted.
        evictions: |w| whole(w.evictions),
        /// Evictions that were refused.
        refusals: |w| whole(w.refusals),
        /// Pods created after the start.
        pods_created: |w| whole(w.pods_created),
        /// Pods that are gone at the end and that nobody has replaced.
        pods_lost: |w| whole(w.pods_lost),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_taken_as_reports_round_them() {
        assert_eq!((thousandths(4.1), thousandths(0.0), thousandths(0.333)), (4100, 0, 333));
        assert_eq!((thousandths(-1.0), thousandths(f64::NAN)), (0, 0));
        assert_eq!((whole(3_u32), whole(u64::MAX)), (3000, u64::MAX));
    }

    #[test]
    fn a_group_takes_in_merges_and_ends() {
        let trial = |seconds| ClientReport {
            hard_downtime_seconds: seconds,
            error_seconds: 0.5,
            shut_out_seconds: None,
        };
        let mut one = ClientNumbers::<Distribution>::default();
        one.add(&trial(1.0));
        let mut two = ClientNumbers::<Distribution>::default();
        two.add(&trial(3.0));
        one.merge(two);
        assert!(one.counts(2) && !one.counts(1));
        let spread = one.spread();
        assert_eq!(
            (spread.hard_downtime_seconds.mean, spread.hard_downtime_seconds.max),
            (2.0, 3.0)
        );
        assert_eq!((spread.error_seconds.min, spread.error_seconds.max), (0.5, 0.5));
    }
}
