//! What changes from one Kubernetes minor to the next. Each function takes the minor of the component that acts
//! (semantics 0.3), so behaviour changes half-way through an upgrade.
//!
//! What changes, and when, stands in one table ([`switches`]); `docs/versions.md` shows it. Functions look their switch up
//! and add what the table has no place for: durations, as measured on real clusters of 1.20 and 1.36.

pub mod kubeadm;
pub mod kubelet;
pub mod switches;

use crate::units::{Dist, Span};

const fn secs(secs: u64) -> Span {
    Span::from_secs(secs)
}

const fn millis(millis: u64) -> Span {
    Span::from_millis(millis)
}

const fn log_normal(median: u64, p95: u64) -> Dist {
    Dist::LogNormal {
        median: millis(median),
        p95: millis(p95),
    }
}

/// kube-apiserver.
pub mod api_server {
    use super::{Dist, log_normal, millis, secs, switches};

    /// Whether `unhealthyPodEvictionPolicy` is looked at (P-3).
    #[must_use]
    pub const fn unhealthy_policy(minor: u32) -> bool {
        switches::UNHEALTHY_POLICY.on(minor)
    }

    /// SIGTERM until exit: open watches keep the process until SIGKILL at the end of the 30 s grace period. Measured,
    /// 13 of 13 swaps in 1.20 and 3 of 3 in 1.36; new connections are refused at once.
    #[must_use]
    pub const fn stop() -> Dist {
        Dist::Constant(secs(30))
    }

    /// Process start until the first request succeeds. Measured: 3.46…5.86 s in 1.20 (n=8), 1.7…2.3 s plus 0.5…1 s of
    /// 403 in 1.36 (n=3).
    #[must_use]
    pub const fn start(minor: u32) -> Dist {
        if switches::QUICK_API_SERVER.on(minor) {
            log_normal(1900, 2300)
        } else {
            Dist::Uniform(millis(3500), millis(5300))
        }
    }
}

/// etcd; which version kubeadm brings stands in the table of releases.
pub mod etcd {
    use super::{Dist, log_normal};

    /// SIGTERM until exit; measured 0.04…0.16 s.
    #[must_use]
    pub const fn stop() -> Dist {
        log_normal(45, 150)
    }

    /// Process start until it serves; measured about 1.5 s on a small database.
    #[must_use]
    pub const fn start() -> Dist {
        log_normal(1500, 2500)
    }
}

/// kube-controller-manager.
pub mod controller_manager {
    use super::{Dist, Span, millis, secs, switches};

    /// `--node-monitor-grace-period`.
    #[must_use]
    pub const fn node_monitor_grace(minor: u32) -> Span {
        if switches::LONGER_NODE_GRACE.on(minor) {
            secs(50)
        } else {
            secs(40)
        }
    }

    /// Whether the pass that writes Ready=Unknown also queues the NoExecute taint (N-5).
    #[must_use]
    pub const fn taints_in_same_pass(minor: u32) -> bool {
        switches::TAINTS_IN_SAME_PASS.on(minor)
    }

    /// Lease won until controllers act (informers, tokens): measured 1.4…2.2 s in both versions.
    #[must_use]
    pub const fn start() -> Dist {
        Dist::Uniform(millis(1400), millis(2200))
    }

    /// SIGTERM until exit; measured 0.02…0.08 s.
    #[must_use]
    pub const fn stop() -> Dist {
        Dist::Uniform(millis(20), millis(80))
    }

    /// Whether a budget leaves pods without an owner out of its scale (P-10); before, it fails and allows nothing.
    #[must_use]
    pub const fn ignores_unmanaged_pods(minor: u32) -> bool {
        switches::IGNORES_UNMANAGED_PODS.on(minor)
    }

    /// Whether a StatefulSet in order waits for `minReadySeconds` of each member (W-16).
    #[must_use]
    pub const fn stateful_sets_wait_for_min_ready(minor: u32) -> bool {
        switches::ORDERED_MIN_READY.on(minor)
    }

    /// Whether a pod of a Job that is being deleted counts as failed, with the pause before its replacement (W-27).
    #[must_use]
    pub const fn deleted_job_pods_fail(minor: u32) -> bool {
        switches::DELETED_JOB_PODS_FAIL.on(minor)
    }

    /// Whether a pod's ready time is compared on a logarithmic scale when choosing victims (W-3).
    #[must_use]
    pub const fn logarithmic_victims(minor: u32) -> bool {
        switches::LOGARITHMIC_VICTIMS.on(minor)
    }
}

/// cloud-controller-manager: the service controller, which tells load balancers of Services which nodes there are.
pub mod cloud_controller_manager {
    use super::switches;

    /// Whether a cordoned node is taken off the lists (LB-1).
    #[must_use]
    pub const fn drops_cordoned(minor: u32) -> bool {
        !switches::KEEPS_CORDONED.on(minor)
    }

    /// Whether control-plane nodes are left out by their role (LB-2); kubeadm labels them when that ends.
    #[must_use]
    pub const fn looks_at_roles(minor: u32) -> bool {
        !switches::FORGETS_ROLES.on(minor)
    }

    /// Whether the label that excludes a node is looked at (LB-2).
    #[must_use]
    pub const fn honours_exclusion(minor: u32) -> bool {
        switches::HONOURS_EXCLUSION.on(minor)
    }

    /// Whether a node that is not ready is taken off the lists of load balancers whose Service is local, or not (LB-3).
    #[must_use]
    pub const fn drops_unready(minor: u32, local: bool) -> bool {
        !(switches::STABLE_NODE_SET.on(minor) || local && switches::LOCAL_IGNORES_READINESS.on(minor))
    }
}

/// kube-scheduler.
pub mod scheduler {
    use super::{Dist, Span, millis, secs, switches};

    /// Whether the lease is released on SIGTERM (C-7).
    #[must_use]
    pub const fn releases_lease(minor: u32) -> bool {
        switches::RELEASES_LEASE.on(minor)
    }

    /// Whether only events that can help wake an unschedulable pod (S-6).
    #[must_use]
    pub const fn queueing_hints(minor: u32) -> bool {
        switches::QUEUEING_HINTS.on(minor)
    }

    /// Whether the scheduler tries a pod again as soon as it sees the condition that it has just written: it took the
    /// managed fields of that write for a change of the pod.
    #[must_use]
    pub const fn own_condition_wakes(minor: u32) -> bool {
        !switches::OWN_CONDITION_IS_NO_CHANGE.on(minor)
    }

    /// Whether an idle scheduler takes pods out of back-off early (S-4).
    #[must_use]
    pub const fn pops_from_backoff(minor: u32) -> bool {
        switches::POPS_FROM_BACKOFF.on(minor)
    }

    /// How long a pod stays unschedulable at most before it is tried again (S-7).
    #[must_use]
    pub const fn unschedulable_flush(minor: u32) -> Span {
        if switches::LATE_FLUSH.on(minor) {
            secs(300)
        } else {
            secs(60)
        }
    }

    /// Whether weights and formulas are the newer ones (S-16, S-19).
    #[must_use]
    pub const fn modern_scores(minor: u32) -> bool {
        switches::MODERN_SCORES.on(minor)
    }

    /// Whether `minDomains` is looked at (on by default since 1.27).
    #[must_use]
    pub const fn min_domains(minor: u32) -> bool {
        switches::MIN_DOMAINS.on(minor)
    }

    /// Whether `matchLabelKeys` of spread constraints is looked at (on by default since 1.27).
    #[must_use]
    pub const fn match_label_keys(minor: u32) -> bool {
        switches::MATCH_LABEL_KEYS.on(minor)
    }

    /// Whether `nodeAffinityPolicy` and `nodeTaintsPolicy` are looked at (on by default since 1.26); before, node affinity
    /// is honoured and taints are ignored.
    #[must_use]
    pub const fn node_inclusion_policies(minor: u32) -> bool {
        switches::NODE_INCLUSION_POLICIES.on(minor)
    }

    /// Whether the nominated node is tried alone before all others (S-21; on by default since 1.22).
    #[must_use]
    pub const fn prefers_nominated(minor: u32) -> bool {
        switches::PREFERS_NOMINATED.on(minor)
    }

    /// Whether only pods that preemption itself deletes keep the preemptor from preempting again (S-22; before, any that
    /// terminate; the minor is from general knowledge).
    #[must_use]
    pub const fn waits_for_own_victims(minor: u32) -> bool {
        switches::WAITS_FOR_OWN_VICTIMS.on(minor)
    }

    /// Whether a pod that is bound wakes those that wait for spread constraints, too (S-5; the minor is from general
    /// knowledge).
    #[must_use]
    pub const fn spread_wakes_on_bind(minor: u32) -> bool {
        switches::SPREAD_WAKES_ON_BIND.on(minor)
    }

    /// Lease won until it schedules; measured 30…200 ms.
    #[must_use]
    pub const fn start() -> Dist {
        Dist::Uniform(millis(30), millis(200))
    }

    /// SIGTERM until exit; measured 0.02…0.07 s.
    #[must_use]
    pub const fn stop() -> Dist {
        Dist::Uniform(millis(20), millis(70))
    }
}

/// kube-proxy.
pub mod proxy {
    use super::switches;

    /// Whether requests go to terminating pods where no ready one is left (M-3).
    #[must_use]
    pub const fn terminating_fallback(minor: u32) -> bool {
        switches::TERMINATING_FALLBACK.on(minor)
    }
}

/// kubectl.
pub mod kubectl {
    use super::switches;

    /// The flag of `kubectl drain` that lets pods with emptyDir volumes go.
    #[must_use]
    pub const fn empty_dir_flag(minor: u32) -> &'static str {
        if switches::EMPTY_DIR_FLAG.on(minor) {
            "--delete-emptydir-data"
        } else {
            "--delete-local-data"
        }
    }

    /// Whether an API error while waiting for a pod to go counts as gone (D-13, a bug of 1.20.2).
    #[must_use]
    pub const fn error_means_gone(minor: u32) -> bool {
        !switches::ERROR_IS_NO_END.on(minor)
    }

    /// Whether a drain of several nodes goes on after one that failed (D-4).
    #[must_use]
    pub const fn drains_on(minor: u32) -> bool {
        switches::DRAINS_ON.on(minor)
    }

    /// Whether the seconds between two looks at a pod that has to go are counted from the end of the first look (D-9).
    #[must_use]
    pub const fn counts_from_first_look(minor: u32) -> bool {
        !switches::LOOKS_AT_WHOLE_SECONDS.on(minor)
    }

    /// Requests per second and burst of the client that evicts. Measured in 1.20: 14 evictions take 1.0 s. Later versions
    /// raised the limits of discovery only (kubernetes/kubernetes#105520).
    #[must_use]
    pub const fn rate() -> (u32, u32) {
        (5, 10)
    }
}
