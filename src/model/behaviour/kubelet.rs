//! The kubelet.

use super::{Dist, Span, log_normal, millis, secs, switches};

/// Whether a replaced static pod starts only after the old one is gone (K-15b).
#[must_use]
pub const fn static_pods_wait(minor: u32) -> bool {
    switches::STATIC_PODS_WAIT.on(minor)
}

/// The kubelet sees the bound pod, until its containers start, where images are there and nothing else starts.
/// Measured from binding: 0.62 s (p95 0.64 s, n=6) in 1.20, 0.75 s (1.00 s, n=6) in 1.36; less what the watch takes.
#[must_use]
pub const fn container_start(minor: u32) -> Dist {
    if switches::QUICK_CONTAINERS.on(minor) {
        log_normal(690, 940)
    } else {
        log_normal(560, 580)
    }
}

/// What each pod that starts on the node at the same time adds to that. Measured with 8 and 12 pods at once.
#[must_use]
pub const fn start_beside_another(minor: u32) -> Span {
    if switches::QUICK_CONTAINERS.on(minor) {
        millis(240)
    } else {
        millis(130)
    }
}

/// Containers have started, until the API shows the pod as running. Measured: 0.74 s (p95 0.94 s) in 1.20, 0.04 s
/// (0.17 s) in 1.36.
#[must_use]
pub const fn running_report(minor: u32) -> Dist {
    if switches::QUICK_CONTAINERS.on(minor) {
        log_normal(40, 170)
    } else {
        log_normal(740, 940)
    }
}

/// Containers stopped until the pod's object is gone, where the kubelet stops one pod at a time. Measured: 3.8…12.1 s
/// in 1.20 (the 10 s status batch), 0.78 s (p95 1.00 s, n=6) in 1.36.
#[must_use]
pub const fn pod_removal(minor: u32) -> Dist {
    if switches::QUICK_REMOVAL.on(minor) {
        log_normal(780, 1000)
    } else {
        Dist::Uniform(millis(3500), millis(12_000))
    }
}

/// What each other pod that goes from the node at the same time adds to that, and what they add at most. Measured: 2.26 s
/// with 12 pods and 2.10 s with 8 in 1.36; in 1.20 the status batch hides it.
#[must_use]
pub const fn removal_beside_another(minor: u32) -> (Span, Span) {
    if switches::QUICK_REMOVAL.on(minor) {
        (millis(150), millis(1500))
    } else {
        (Span::ZERO, Span::ZERO)
    }
}

/// Whether objects of pods that go at the same time may wait for the collection of sandboxes once a minute (L-12).
#[must_use]
pub const fn collects_sandboxes_late(minor: u32) -> bool {
    !switches::QUICK_REMOVAL.on(minor)
}

/// Whether a kubelet of the first minor starts pods once it has reached an API server of the second: since 1.31 it
/// lists Services with a field selector that older API servers do not know, and waits until that succeeds once.
#[must_use]
pub const fn reads_services_from(minor: u32, api_server: u32) -> bool {
    !switches::ASKS_FOR_CLUSTER_IPS.on(minor) || switches::ASKS_FOR_CLUSTER_IPS.on(api_server)
}

/// Whether readiness of running containers survives a restart of the kubelet (L-18).
#[must_use]
pub const fn keeps_readiness(minor: u32) -> bool {
    switches::KEEPS_READINESS.on(minor)
}

/// Start until the first node status. Measured: 9.6…10.0 s in 1.20 (n=3), 0.6…1.0 s in 1.36.
#[must_use]
pub const fn first_status(minor: u32) -> Dist {
    if switches::QUICK_STATUS.on(minor) {
        Dist::Uniform(millis(600), millis(1000))
    } else {
        Dist::Uniform(millis(9600), millis(10_000))
    }
}

/// Whether the first node status says not ready for [`blip`] (L-17). Measured in three of three restarts.
#[must_use]
pub const fn unready_at_start(minor: u32) -> bool {
    !switches::QUICK_STATUS.on(minor)
}

/// How long a kubelet that has just started calls its node not ready. Measured: 0.24, 0.28 and 0.41 s.
#[must_use]
pub const fn blip() -> Dist {
    Dist::Uniform(millis(240), millis(410))
}

/// Whether a crash that is over is published after an outage of the API all the same (C-4). Measured in three runs.
#[must_use]
pub const fn reports_crash_late(minor: u32) -> bool {
    !switches::TELLS_NO_OLD_CRASHES.on(minor)
}

/// Whether a readiness probe runs at once instead of at a random phase of its period (L-8).
#[must_use]
pub const fn probes_at_once(minor: u32) -> bool {
    switches::PROBES_AT_ONCE.on(minor)
}

/// The nominal wait before the `n`-th restart of a crashed container, counted from 0 (L-14).
#[must_use]
pub fn crash_backoff(n: u32) -> Span {
    match n {
        0 => Span::ZERO,
        1..=5 => Span::from_secs(10 << (n - 1)),
        _ => secs(300),
    }
}

/// What a pod worker adds to the nominal wait, as it looks again only every 10 s × U(1, 1.5): measured 1.9…10.1 s in
/// 1.20 and 1…14 s in 1.36. The first restart comes 0.35…1.2 s after the exit in 1.20, 0.56…0.85 s in 1.36.
#[must_use]
pub const fn crash_requeue(minor: u32, n: u32) -> Dist {
    match (switches::QUICK_CONTAINERS.on(minor), n) {
        (false, 0) => log_normal(1000, 1200),
        (true, 0) => log_normal(650, 850),
        (false, _) => Dist::Uniform(secs(1), secs(10)),
        (true, _) => Dist::Uniform(secs(1), secs(14)),
    }
}
