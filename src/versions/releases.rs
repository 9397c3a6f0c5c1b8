//! The table of releases (`releases.yaml`): dates, images, and what changes at which minor.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::units::KubeVersion;

/// The table of releases.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Table {
    /// Where figures were read, by the key that figures name.
    pub sources: BTreeMap<String, String>,
    /// The releases, oldest first, without gaps.
    pub releases: Vec<Release>,
    /// What a person must know before a hop.
    pub changes: Vec<Change>,
    /// The oldest external etcd that kubeadm accepts (V-9).
    pub min_external_etcd: Vec<ExternalEtcd>,
    /// APIs that are no longer served from a minor on.
    pub removed_apis: Vec<RemovedApi>,
}

/// A minor release.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Release {
    /// 20 for 1.20.
    pub minor: u32,
    /// When 1.MINOR.0 was released.
    pub released: Date,
    /// From when on only critical fixes are made; before 1.19 there was no such time.
    #[serde(default)]
    pub maintenance: Option<Date>,
    /// The end of life as published; for ended branches as it came.
    pub end_of_life: Date,
    /// The newest patch that the table knows.
    pub latest: u32,
    /// What the dates do not say.
    #[serde(default)]
    pub note: Option<String>,
    /// Where each date was read and how sure it is.
    pub dates: BTreeMap<String, (String, Sure)>,
    /// What kubeadm deploys, from which patch on, oldest first.
    pub images: Vec<Images>,
}

/// How sure a figure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Sure {
    /// The project's own files or pages say so.
    Official,
    /// Somebody else's listing says so.
    Secondary,
    /// It follows from the releases around it; nothing confirms it.
    Inferred,
}

/// What kubeadm deploys beside Kubernetes' own images.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Images {
    /// From this patch on.
    pub patch: u32,
    /// etcd, with the image's revision: `3.5.15-0`.
    pub etcd: String,
    /// CoreDNS: `1.11.3`.
    pub core_dns: String,
    /// The pause image: `3.10`.
    pub pause: String,
}

/// Something that changes for an upgrade.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// With the hop to this minor.
    pub minor: u32,
    /// Whom it is about.
    pub who: Who,
    /// What changes.
    pub text: String,
    /// Where that was read.
    pub source: String,
}

/// Whom a change is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Who {
    /// Labels and taints of nodes.
    Node,
    /// APIs.
    Api,
    /// The container runtime and the kubelet's flags.
    Runtime,
    /// Flags of the control plane.
    Components,
    /// What kubeadm does.
    Kubeadm,
    /// etcd.
    Etcd,
}

/// The oldest external etcd that kubeadm accepts.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExternalEtcd {
    /// From this minor of kubeadm on.
    pub minor: u32,
    /// The version.
    pub version: String,
    /// Where that was read.
    pub source: String,
}

/// An API that is no longer served.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RemovedApi {
    /// From this minor on.
    pub minor: u32,
    /// Its group and version.
    pub api: String,
    /// Kinds that it had.
    pub kinds: Vec<String>,
    /// What serves them instead.
    #[serde(rename = "use")]
    pub instead: String,
}

/// Objects, or the manifests that they were made from, in an API that some release stops serving.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiUse {
    /// The API: `policy/v1beta1`.
    pub api: String,
    /// The kind.
    pub kind: String,
    /// The objects, as `namespace/name`, in the order of the input.
    pub names: Vec<String>,
    /// Only what was given to `kubectl apply` says so: the server shows them in another API.
    pub by_manifest: bool,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| read().unwrap_or_default());

fn read() -> Result<Table, serde_saphyr::Error> {
    serde_saphyr::from_str(include_str!("releases.yaml"))
}

/// The table.
#[must_use]
pub fn table() -> &'static Table {
    &TABLE
}

/// A release; `None` for minors that the table does not know.
#[must_use]
pub fn release(minor: u32) -> Option<&'static Release> {
    TABLE.releases.iter().find(|r| r.minor == minor)
}

/// What kubeadm deploys with a version. For minors beyond the table the nearest one, as kubeadm itself does for etcd
/// (semantics 2.7); [`release`] tells whether the minor is known.
#[must_use]
pub fn images(version: &KubeVersion) -> Option<&'static Images> {
    let minor = version.minor();
    let nearest = |r: &&Release| r.minor.abs_diff(minor);
    let release = TABLE.releases.iter().min_by_key(nearest)?;
    let patch = match release.minor.cmp(&minor) {
        std::cmp::Ordering::Equal => version.patch(),
        std::cmp::Ordering::Less => u32::MAX,
        std::cmp::Ordering::Greater => 0,
    };
    release.images.iter().rev().find(|i| i.patch <= patch)
}

/// The version of stacked etcd after `kubeadm upgrade` to a version: kubeadm leaves a newer one alone (K-13.4).
/// `now` is as in [`Images::etcd`].
#[must_use]
pub fn etcd_after<'a>(now: &'a str, target: &KubeVersion) -> &'a str {
    let Some(wanted) = images(target) else { return now };
    match (semver::Version::parse(now), semver::Version::parse(&wanted.etcd)) {
        (Ok(old), Ok(new)) if new < old => now,
        _ => &wanted.etcd,
    }
}

/// What changes with hops to minors above `from`, up to `to`.
pub fn changes(from: u32, to: u32) -> impl Iterator<Item = &'static Change> {
    TABLE.changes.iter().filter(move |c| c.minor > from && c.minor <= to)
}

/// The oldest external etcd that kubeadm of a minor accepts (V-9), as far as it is known.
#[must_use]
pub fn min_external_etcd(minor: u32) -> Option<&'static ExternalEtcd> {
    TABLE.min_external_etcd.iter().rev().find(|e| e.minor <= minor)
}

/// When an API with this kind is no longer served.
#[must_use]
pub fn removal(api: &str, kind: &str) -> Option<&'static RemovedApi> {
    let all = &TABLE.removed_apis;
    all.iter().find(|r| r.api == api && r.kinds.iter().any(|k| k == kind))
}

/// The newest version of a minor that the table knows.
#[must_use]
pub fn newest(minor: u32) -> Option<KubeVersion> {
    release(minor).map(|r| KubeVersion::new(minor, r.latest))
}

/// Whether a branch gets fixes at a date, by its published end of life (V-16).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Support {
    /// It is not released yet.
    Unreleased {
        /// When it will be.
        until: Date,
    },
    /// It gets fixes.
    Full {
        /// Until its maintenance mode or end of life.
        until: Date,
    },
    /// It gets critical fixes only.
    Maintenance {
        /// Until its end of life.
        until: Date,
    },
    /// It gets no fixes any more.
    Ended {
        /// Since its end of life.
        since: Date,
    },
}

impl Support {
    /// Whether it gets fixes: the predicate `not_eol` of V-16.
    #[must_use]
    pub const fn lives(self) -> bool {
        matches!(self, Self::Full { .. } | Self::Maintenance { .. })
    }
}

/// Support of a minor at a date by its published end of life; `None` for minors that the table does not know.
#[must_use]
pub fn support(minor: u32, date: Date) -> Option<Support> {
    let r = release(minor)?;
    Some(if date < r.released {
        Support::Unreleased { until: r.released }
    } else if date > r.end_of_life {
        Support::Ended { since: r.end_of_life }
    } else {
        match r.maintenance {
            Some(from) if date >= from => Support::Maintenance { until: r.end_of_life },
            Some(until) => Support::Full { until },
            None => Support::Full { until: r.end_of_life },
        }
    })
}

/// The three newest minors at a date, newest first: the other predicate of V-16. Both differ for some weeks around every
/// release.
#[must_use]
pub fn newest_three(date: Date) -> Vec<u32> {
    let out = TABLE.releases.iter().rev().filter(|r| r.released <= date);
    out.take(3).map(|r| r.minor).collect()
}

/// Whether minors that the table does not know may be out at a date: releases are about four months apart (V-16).
#[must_use]
pub fn is_beyond(date: Date) -> bool {
    let newest = TABLE.releases.last();
    newest.is_none_or(|r| date.since(r.released).is_ok_and(|span| span.get_days() > 120))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> Date {
        text.parse().unwrap()
    }

    #[test]
    fn the_table_reads_and_is_in_order() {
        let table = read().unwrap();
        let minors: Vec<u32> = table.releases.iter().map(|r| r.minor).collect();
        assert_eq!(minors, (16..=37).collect::<Vec<_>>());
        for r in &table.releases {
            assert!(r.released < r.end_of_life, "1.{}", r.minor);
            assert!(r.maintenance.is_none_or(|m| r.released < m && m <= r.end_of_life));
            assert_eq!(r.images[0].patch, 0);
            assert!(r.images.is_sorted_by_key(|i| i.patch) && r.images.iter().all(|i| i.patch <= r.latest));
            for image in &r.images {
                assert!(semver::Version::parse(&image.etcd).is_ok(), "{}", image.etcd);
            }
            let told: Vec<&str> = r.dates.keys().map(String::as_str).collect();
            let mut dates = vec!["endOfLife", "released"];
            dates.extend(r.maintenance.map(|_| "maintenance"));
            dates.sort_unstable();
            assert_eq!(told, dates, "1.{}: each date has a source", r.minor);
            assert!(r.dates.values().all(|(source, _)| table.sources.contains_key(source)));
        }
        assert!(table.releases.is_sorted_by_key(|r| r.released));
        assert!(table.changes.is_sorted_by_key(|c| c.minor));
        assert!(table.removed_apis.is_sorted_by_key(|a| a.minor));
        assert!(table.changes.iter().all(|c| !c.source.is_empty() && !c.text.is_empty()));
    }

    #[test]
    fn images_depend_on_the_patch() {
        let etcd = |minor, patch| images(&KubeVersion::new(minor, patch)).unwrap().etcd.as_str();
        assert_eq!(
            (etcd(19, 0), etcd(19, 1), etcd(19, 16)),
            ("3.4.9-1", "3.4.13-0", "3.4.13-0")
        );
        assert_eq!((etcd(28, 0), etcd(28, 15)), ("3.5.9-0", "3.5.15-0"));
        // Beyond the table: the nearest, as kubeadm does.
        assert_eq!((etcd(10, 3), etcd(50, 0)), ("3.3.15-0", "3.7.0-0"));
    }

    #[test]
    fn v9_external_etcd_must_be_new_enough() {
        let oldest = |minor| min_external_etcd(minor).unwrap().version.as_str();
        assert_eq!((oldest(20), oldest(36)), ("3.2.18", "3.5.24"));
    }

    #[test]
    fn apis_end() {
        assert_eq!(removal("policy/v1beta1", "PodDisruptionBudget").unwrap().minor, 25);
        assert_eq!(removal("extensions/v1beta1", "Ingress").unwrap().minor, 22);
        assert_eq!(removal("extensions/v1beta1", "Deployment").unwrap().minor, 16);
        assert!(removal("apps/v1", "Deployment").is_none());
    }

    /// K-13.4: 1.29.15 brings a newer etcd than 1.30.14.
    #[test]
    fn k13_a_newer_etcd_stays() {
        assert_eq!(etcd_after("3.5.16-0", &KubeVersion::new(30, 14)), "3.5.16-0");
        assert_eq!(etcd_after("3.5.16-0", &KubeVersion::new(31, 14)), "3.5.24-0");
    }

    #[test]
    fn o21_v16_both_predicates_of_support() {
        let december = date("2021-12-02");
        assert!(!support(18, december).unwrap().lives());
        assert!(support(20, december).unwrap().lives());
        assert_eq!(newest_three(december), [22, 21, 20]);
        let may = date("2021-05-01");
        assert_eq!(newest_three(may), [21, 20, 19]);
        assert!(
            support(18, may).unwrap().lives(),
            "left the newest three, and is not ended"
        );
        assert_eq!(support(50, may), None);
    }

    #[test]
    fn v15_support_goes_from_full_to_maintenance_to_none() {
        let at = |text| support(20, date(text)).unwrap();
        assert_eq!(
            at("2020-12-07"),
            Support::Unreleased {
                until: date("2020-12-08")
            }
        );
        assert_eq!(
            at("2020-12-08"),
            Support::Full {
                until: date("2021-12-28")
            }
        );
        assert_eq!(
            at("2021-12-28"),
            Support::Maintenance {
                until: date("2022-02-28")
            }
        );
        assert_eq!(
            at("2022-02-28"),
            Support::Maintenance {
                until: date("2022-02-28")
            }
        );
        assert_eq!(
            at("2022-03-01"),
            Support::Ended {
                since: date("2022-02-28")
            }
        );
        assert!(!is_beyond(date("2026-09-30")) && is_beyond(date("2027-02-01")));
    }
}
