//! What a hop does to etcd, add-ons and certificates, and what is known of support.

use jiff::civil::Date;

use super::itinerary::{Certificates, EndingApi, Etcd, Support, SupportStatus, Swap, Upcoming};
use crate::model::Etcd as Where;
use crate::model::behaviour::kubeadm::{always_restarts_etcd, has_super_admin};
use crate::units::KubeVersion;
use crate::versions::releases::{self, ApiUse, Sure};

/// What becomes of stacked etcd (K-13). `now` is its version before.
pub(super) fn etcd(now: &str, to: &KubeVersion) -> Etcd {
    let after = releases::etcd_after(now, to).to_owned();
    let wanted = releases::images(to).map_or(now, |i| i.etcd.as_str());
    let always = always_restarts_etcd(to.minor());
    let why = match (after != now, after != wanted, always) {
        (true, _, _) => "a new version",
        (false, true, true) => "kubeadm does not go back to an older etcd; restarted for its certificates",
        (false, true, false) => "kubeadm does not go back to an older etcd",
        (false, false, true) => "restarted for its certificates",
        (false, false, false) => "the same version: kubeadm leaves it alone, its certificates too",
    };
    Etcd {
        from: now.to_owned(),
        restarts: after != now || always,
        to: after,
        why: why.to_owned(),
    }
}

/// CoreDNS and the pause image before and after.
pub(super) fn add_ons(from: &KubeVersion, to: &KubeVersion) -> Option<(Swap, Swap)> {
    let (old, new) = (releases::images(from)?, releases::images(to)?);
    let swap = |from: &str, to: &str| Swap {
        from: from.to_owned(),
        to: to.to_owned(),
    };
    Some((swap(&old.core_dns, &new.core_dns), swap(&old.pause, &new.pause)))
}

/// Which certificates of a control-plane node are renewed (X-2 … X-4).
pub(super) fn certificates(to: &KubeVersion, place: Where, etcd: Option<&Etcd>, renew: bool) -> Certificates {
    let mut leaves = vec!["apiserver", "apiserver-kubelet-client", "front-proxy-client"];
    if place == Where::Stacked {
        leaves.push("apiserver-etcd-client");
    }
    leaves.extend(["controller-manager.conf", "scheduler.conf", "admin.conf"]);
    if has_super_admin(to.minor()) {
        leaves.push("super-admin.conf (if it is there)");
    }
    let of_etcd = "etcd-server, etcd-peer, etcd-healthcheck-client";
    let mut renewed: Vec<String> = leaves.into_iter().map(str::to_owned).collect();
    let mut not_renewed = Vec::new();
    match etcd {
        Some(e) if e.restarts => renewed.push(of_etcd.to_owned()),
        Some(_) => not_renewed.push(format!("{of_etcd}: etcd does not change")),
        None => not_renewed.push("those of external etcd: kubeadm does not touch it".to_owned()),
    }
    if !renew {
        let all = renewed.join(", ");
        not_renewed.insert(0, format!("{all}: --certificate-renewal=false"));
        renewed.clear();
    }
    not_renewed.push("the CAs (ca, etcd-ca, front-proxy-ca) and the service account key: they are kept".to_owned());
    not_renewed.push("kubelets' client certificates: kubelets rotate them themselves".to_owned());
    Certificates { renewed, not_renewed }
}

/// What changes with a hop.
pub(super) fn changes(from: &KubeVersion, to: &KubeVersion) -> Vec<Upcoming> {
    let told = |c: &releases::Change| Upcoming {
        minor: c.minor,
        who: c.who,
        text: c.text.clone(),
        source: releases::table().sources.get(&c.source).unwrap_or(&c.source).clone(),
    };
    releases::changes(from.minor(), to.minor()).map(told).collect()
}

/// Support of a version at a date (V-15, V-16).
pub(super) fn support(version: &KubeVersion, date: Date) -> Support {
    let minor = version.minor();
    let support = releases::support(minor, date);
    let (status, until) = match support {
        None => (None, None),
        Some(releases::Support::Unreleased { until }) => (Some(SupportStatus::Unreleased), Some(until)),
        Some(releases::Support::Full { until }) => (Some(SupportStatus::Full), Some(until)),
        Some(releases::Support::Maintenance { until }) => (Some(SupportStatus::Maintenance), Some(until)),
        Some(releases::Support::Ended { since }) => (Some(SupportStatus::Ended), Some(since)),
    };
    let dates = releases::release(minor).map(|r| r.dates.values().map(|(_, sure)| *sure));
    let rank = |sure: &Sure| match sure {
        Sure::Official => 0,
        Sure::Secondary => 1,
        Sure::Inferred => 2,
    };
    Support {
        version: version.to_string(),
        status,
        date: until.map(|d| d.to_string()),
        in_newest_three: (!releases::is_beyond(date)).then(|| releases::newest_three(date).contains(&minor)),
        sure: dates.and_then(|d| d.max_by_key(rank)),
    }
}

/// Objects in APIs that end on the way.
pub(super) fn ending_apis(found: &[ApiUse], from: &KubeVersion, to: &KubeVersion) -> Vec<EndingApi> {
    let told = |found: &ApiUse| {
        let removal = releases::removal(&found.api, &found.kind)?;
        (removal.minor > from.minor() && removal.minor <= to.minor()).then(|| EndingApi {
            api: found.api.clone(),
            kind: found.kind.clone(),
            minor: removal.minor,
            instead: removal.instead.clone(),
            objects: found.names.clone(),
            by_manifest: found.by_manifest,
        })
    };
    let mut ending: Vec<EndingApi> = found.iter().filter_map(told).collect();
    ending.sort_by(|a, b| (a.minor, &a.api, &a.kind).cmp(&(b.minor, &b.api, &b.kind)));
    ending
}
