//! kubeadm: what it waits for and how long it takes, by its minor.

use super::{Dist, Span, log_normal, millis, secs, switches};
use crate::model::Component;

/// Whether etcd is restarted for its certificates even when its manifest is the same (K-13.5).
#[must_use]
pub const fn always_restarts_etcd(minor: u32) -> bool {
    switches::ALWAYS_RESTARTS_ETCD.on(minor)
}

/// Whether kubelets of control-plane nodes use the API server of their own node (K-19).
#[must_use]
pub const fn local_kubelets(minor: u32) -> bool {
    switches::LOCAL_KUBELETS.on(minor)
}

/// Whether add-ons wait for the last control-plane node (K-16).
#[must_use]
pub const fn postpones_addons(minor: u32) -> bool {
    switches::POSTPONES_ADDONS.on(minor)
}

/// Whether a health check whose Job does not complete is passed over: its error was overwritten by that of the clean-up
/// (K-11).
#[must_use]
pub const fn ignores_job(minor: u32) -> bool {
    !switches::JOB_COUNTS.on(minor)
}

/// Whether that check is left out where no node is schedulable.
#[must_use]
pub const fn needs_schedulable_node(minor: u32) -> bool {
    switches::JOB_COUNTS.on(minor)
}

/// How long the Job of the health check may take (K-11).
#[must_use]
pub const fn health_check_limit(minor: u32) -> Span {
    if switches::PATIENT_JOB.on(minor) {
        secs(60)
    } else {
        secs(15)
    }
}

/// Whether a quorum of etcd is healthy enough (K-13.2).
#[must_use]
pub const fn quorum_is_healthy(minor: u32) -> bool {
    switches::QUORUM_IS_HEALTHY.on(minor)
}

/// Command start until the configuration has been read; measured 0.12…0.23 s in 1.20, 0.4 s in 1.36.
#[must_use]
pub const fn preflight(minor: u32) -> Dist {
    if switches::THOROUGH_CHECKS.on(minor) {
        Dist::Uniform(millis(350), millis(430))
    } else {
        Dist::Uniform(millis(120), millis(230))
    }
}

/// Health checks; measured 1.05…2.14 s in 1.20 (n=8), 4.0 s in 1.36 (n=3).
#[must_use]
pub const fn health_check(minor: u32) -> Dist {
    if switches::THOROUGH_CHECKS.on(minor) {
        Dist::Uniform(millis(3980), millis(4060))
    } else {
        Dist::Uniform(millis(1050), millis(2140))
    }
}

/// Pulling images that are there already; measured 0.14…0.28 s in 1.20, some ms in 1.36.
#[must_use]
pub const fn prepull(minor: u32) -> Dist {
    if switches::THOROUGH_CHECKS.on(minor) {
        Dist::Uniform(millis(5), millis(15))
    } else {
        Dist::Uniform(millis(140), millis(280))
    }
}

/// Static pod hashes, etcd health, copy of its data; measured 0.22…0.56 s in 1.20.
#[must_use]
pub const fn etcd_backup() -> Dist {
    Dist::Uniform(millis(220), millis(560))
}

/// Renewing a component's certificates before it is swapped. Measured for the API server: 0.66…1.28 s in 1.20,
/// 0.34…0.64 s in 1.36; for the others: 0.11…0.33 s (0.96 s once) in 1.20, 0.05…0.12 s in 1.36.
#[must_use]
pub const fn certificates(minor: u32, api_server: bool) -> Dist {
    match (!switches::THOROUGH_CHECKS.on(minor), api_server) {
        (true, true) => Dist::Uniform(millis(660), millis(1280)),
        (true, false) => Dist::Uniform(millis(110), millis(330)),
        (false, true) => Dist::Uniform(millis(340), millis(640)),
        (false, false) => Dist::Uniform(millis(50), millis(115)),
    }
}

/// ConfigMaps, RBAC, add-ons; measured 4.43…4.93 s in 1.20, about 5 s in 1.36.
#[must_use]
pub const fn post_upgrade(minor: u32) -> Dist {
    if switches::THOROUGH_CHECKS.on(minor) {
        Dist::Uniform(millis(4600), millis(5400))
    } else {
        Dist::Uniform(millis(4430), millis(4930))
    }
}

/// Manifest moved until the new process starts, where a kubelet of before 1.22 starts it beside the old one:
/// measured 0.60…0.92 s for the API server, 0.54…1.95 s for the others.
#[must_use]
pub const fn swap_beside(api_server: bool) -> Dist {
    if api_server {
        Dist::Uniform(millis(600), millis(920))
    } else {
        log_normal(750, 1500)
    }
}

/// etcd restarted for its certificates by a kubelet of 1.22 or later: down for about 3.3 s in all when it was not
/// restarted within the last ten minutes.
#[must_use]
pub const fn etcd_down(minor: u32) -> Dist {
    if switches::STATIC_PODS_WAIT.on(minor) {
        log_normal(1600, 2000)
    } else {
        // The 1.20 kubelet blocks on deleting the mirror pod while etcd is away: 26.8 and 29.0 s measured.
        Dist::Uniform(millis(26_800), millis(29_000))
    }
}

/// The API answers until kubeadm sees the new hash of the API server's mirror pod: −0.04…1.4 s in 1.20, 8.0…8.5 s in 1.36.
#[must_use]
pub const fn api_server_hash(minor: u32) -> Dist {
    if switches::THOROUGH_CHECKS.on(minor) {
        Dist::Uniform(millis(8000), millis(8500))
    } else {
        log_normal(400, 1400)
    }
}

/// New process of another component until kubeadm sees its hash: the mirror pod comes back about when it starts.
#[must_use]
pub const fn hash() -> Dist {
    Dist::Uniform(millis(20), millis(400))
}

/// Hash seen until kubeadm sees Running (n=8 in 1.20, n=3 in 1.36). In 1.20 one of three waits for the kubelet's
/// 10 s status batch; which ones depends on where in the batch the swap falls, hence one distribution per component.
#[must_use]
pub fn running(minor: u32, component: Component) -> Dist {
    let measured = |low: u64, median: u64, high: u64| {
        Dist::Quantiles(Box::new([
            (0.0, millis(low)),
            (0.5, millis(median)),
            (1.0, millis(high)),
        ]))
    };
    match (!switches::THOROUGH_CHECKS.on(minor), component) {
        (true, Component::ApiServer) => measured(10, 3260, 9010),
        (true, Component::ControllerManager) => measured(520, 2270, 8010),
        (true, _) => measured(520, 1010, 1570),
        (false, Component::ApiServer) => measured(14_500, 20_500, 23_000),
        (false, _) => Dist::Uniform(millis(100), millis(300)),
    }
}

/// The command for certificates.
#[must_use]
pub const fn certs_command(minor: u32) -> &'static str {
    if switches::CERTS_COMMAND.on(minor) {
        "kubeadm certs"
    } else {
        "kubeadm alpha certs"
    }
}

/// Whether there may be a super-admin.conf, which is renewed as admin.conf is.
#[must_use]
pub const fn has_super_admin(minor: u32) -> bool {
    switches::SUPER_ADMIN.on(minor)
}

/// So many minors may kubelets be older than the target of `kubeadm upgrade apply` (K-8).
#[must_use]
pub const fn kubelet_skew(minor: u32) -> u32 {
    if switches::OLDER_KUBELETS.on(minor) { 3 } else { 1 }
}
