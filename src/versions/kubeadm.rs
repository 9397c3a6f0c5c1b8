//! What `kubeadm upgrade apply` refuses (K-1 … K-8): `EnforceVersionPolicies`, in kubeadm's own words.
//!
//! `kubeadm upgrade node` checks no versions: it follows what `apply` has written down.

use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::behaviour::kubeadm::kubelet_skew;
use crate::units::KubeVersion;

/// A run of `kubeadm upgrade apply`. What kubeadm could not find out is `None`.
#[derive(Clone, Debug)]
pub struct Attempt<'a> {
    /// The argument.
    pub target: &'a KubeVersion,
    /// What the API server says that it is.
    pub cluster: Option<&'a KubeVersion>,
    /// The version of kubeadm itself.
    pub kubeadm: Option<&'a KubeVersion>,
    /// Versions of all kubelets, those of control-plane nodes among them.
    pub kubelets: Option<&'a [KubeVersion]>,
    /// `--allow-experimental-upgrades`
    pub allow_experimental: bool,
    /// `--allow-release-candidate-upgrades`
    pub allow_candidates: bool,
}

impl<'a> Attempt<'a> {
    /// The usual run: kubeadm of the target's version, no flags.
    #[must_use]
    pub const fn usual(target: &'a KubeVersion, cluster: &'a KubeVersion, kubelets: &'a [KubeVersion]) -> Self {
        Self {
            target,
            cluster: Some(cluster),
            kubeadm: Some(target),
            kubelets: Some(kubelets),
            allow_experimental: false,
            allow_candidates: false,
        }
    }
}

/// Why kubeadm refuses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Refusal {
    /// The rule: `K-3`.
    pub rule: &'static str,
    /// Whether `--force` helps.
    pub severity: Severity,
    /// kubeadm's words.
    pub words: String,
}

/// Whether `--force` helps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub enum Severity {
    /// Nothing helps.
    Mandatory,
    /// `--force` skips it.
    Skippable,
}

/// How kubeadm decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It goes on.
    Accepted,
    /// It goes on because of `--force`.
    Forced,
    /// It stops; `--force` would help.
    NeedsForce,
    /// It stops, and nothing helps.
    Refused,
}

/// What kubeadm says about an attempt; nothing: it goes on.
#[must_use]
pub fn refusals(attempt: &Attempt<'_>) -> Vec<Refusal> {
    let target = attempt.target;
    let lookup = |rule, what: &str| {
        let words = format!("Unable to fetch {what} version");
        Refusal {
            rule,
            severity: Severity::Mandatory,
            words,
        }
    };
    let Some(cluster) = attempt.cluster else {
        return vec![lookup("K-1", "cluster")];
    };
    let Some(kubeadm) = attempt.kubeadm else {
        return vec![lookup("K-1", "kubeadm")];
    };
    if let Some(refusal) = too_old_for_kubeadm(target, kubeadm) {
        return vec![refusal];
    }
    let mut found = Vec::new();
    if attempt.kubelets.is_none() {
        let severity = Severity::Skippable;
        found.push(Refusal {
            severity,
            ..lookup("K-1b", "kubelet")
        });
    }
    found.extend(minors_apart(target, cluster));
    found.extend(wrong_kubeadm(target, kubeadm));
    found.extend(unstable(attempt));
    found.extend(old_kubelets(target, kubeadm, attempt.kubelets.unwrap_or_default()));
    found
}

/// kubeadm's decision: a mandatory error always stops it, a skippable one unless it is forced.
#[must_use]
pub fn verdict(refusals: &[Refusal], force: bool) -> Verdict {
    let mandatory = refusals.iter().any(|r| r.severity == Severity::Mandatory);
    match (refusals.is_empty(), mandatory, force) {
        (true, _, _) => Verdict::Accepted,
        (_, true, _) => Verdict::Refused,
        (_, _, true) => Verdict::Forced,
        (_, _, false) => Verdict::NeedsForce,
    }
}

/// What kubeadm prints when it stops: mandatory errors, or if there are none the skippable ones.
#[must_use]
pub fn message(refusals: &[Refusal]) -> Option<String> {
    let worst = refusals.iter().map(|r| r.severity).min()?;
    let shown = refusals.iter().filter(|r| r.severity == worst);
    Some(shown.map(|r| r.words.as_str()).collect::<Vec<_>>().join("\n"))
}

/// Of released versions nothing may be skipped; pre-releases may be forced.
fn severity(target: &KubeVersion) -> Severity {
    if target.is_pre_release() {
        Severity::Skippable
    } else {
        Severity::Mandatory
    }
}

/// K-2, which kubeadm checks when it loads its configuration, before anything else (measured with 1.20 and 1.36).
fn too_old_for_kubeadm(target: &KubeVersion, kubeadm: &KubeVersion) -> Option<Refusal> {
    let least = KubeVersion::new(kubeadm.minor().saturating_sub(1), 0);
    (*target < least).then(|| Refusal {
        rule: "K-2",
        severity: Severity::Mandatory,
        words: format!(
            "this version of kubeadm only supports deploying clusters with the control plane version >= {}. Current \
             version: {target}",
            Plain(&least)
        ),
    })
}

/// K-3 and K-4: one minor at a time, up or down.
fn minors_apart(target: &KubeVersion, cluster: &KubeVersion) -> Option<Refusal> {
    let refusal = |rule, words| Refusal {
        rule,
        severity: severity(target),
        words,
    };
    if target.minor() > cluster.minor() + 1 {
        Some(refusal(
            "K-3",
            format!(
                "Specified version to upgrade to \"{target}\" is too high; kubeadm can upgrade only 1 minor version at a \
                 time"
            ),
        ))
    } else if target.minor() + 1 < cluster.minor() {
        Some(refusal(
            "K-4",
            format!(
                "Specified version to downgrade to \"{target}\" is too low; kubeadm can downgrade only 1 minor version at \
                 a time"
            ),
        ))
    } else {
        None
    }
}

/// K-5 and K-6: kubeadm is as new as the target, and of its minor.
fn wrong_kubeadm(target: &KubeVersion, kubeadm: &KubeVersion) -> Option<Refusal> {
    let (wanted, own) = (target.minor(), kubeadm.minor());
    if wanted > own {
        Some(Refusal {
            rule: "K-5a",
            severity: severity(target),
            words: format!(
                "Specified version to upgrade to \"{target}\" is at least one minor release higher than the kubeadm minor \
                 release ({wanted} > {own}). Such an upgrade is not supported"
            ),
        })
    } else if target > kubeadm {
        Some(Refusal {
            rule: "K-5b",
            severity: Severity::Skippable,
            words: format!(
                "Specified version to upgrade to \"{target}\" is higher than the kubeadm version \"{kubeadm}\". Upgrade \
                 kubeadm first using the tool you used to install kubeadm"
            ),
        })
    } else if own > wanted {
        Some(Refusal {
            rule: "K-6",
            severity: Severity::Skippable,
            words: format!("Kubeadm version {kubeadm} can only be used to upgrade to Kubernetes version 1.{own}"),
        })
    } else {
        None
    }
}

/// K-7.
fn unstable(attempt: &Attempt<'_>) -> Option<Refusal> {
    let target = attempt.target;
    let allowed = attempt.allow_experimental || (target.is_candidate() && attempt.allow_candidates);
    (target.is_pre_release() && !allowed).then(|| Refusal {
        rule: "K-7",
        severity: Severity::Skippable,
        words: format!(
            "Specified version to upgrade to \"{target}\" is an unstable version and such upgrades weren't allowed via \
             setting the --allow-*-upgrades flags"
        ),
    })
}

/// K-8. kubeadm lists the versions in the random order of a map; here they are sorted.
fn old_kubelets(target: &KubeVersion, kubeadm: &KubeVersion, kubelets: &[KubeVersion]) -> Option<Refusal> {
    let skew = kubelet_skew(kubeadm.minor());
    let mut old: Vec<&KubeVersion> = kubelets.iter().filter(|k| target.minor() > k.minor() + skew).collect();
    old.sort_unstable();
    old.dedup();
    let list: Vec<String> = old.iter().map(ToString::to_string).collect();
    (!old.is_empty()).then(|| Refusal {
        rule: "K-8",
        severity: Severity::Skippable,
        words: format!(
            "There are kubelets in this cluster that are too old that have these versions [{}]",
            list.join(" ")
        ),
    })
}

/// A version without its `v`.
struct Plain<'a>(&'a KubeVersion);

impl fmt::Display for Plain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.to_string().trim_start_matches('v'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn v(text: &str) -> KubeVersion {
        text.parse().unwrap()
    }

    /// The rules that refuse a target, `!` after those that nothing skips.
    fn rules(kubeadm: &str, cluster: &str, kubelet: &str, target: &str) -> Vec<String> {
        let mark = |r: &Refusal| match r.severity {
            Severity::Mandatory => format!("{}!", r.rule),
            Severity::Skippable => r.rule.to_owned(),
        };
        said(kubeadm, cluster, kubelet, target).iter().map(mark).collect()
    }

    fn said(kubeadm: &str, cluster: &str, kubelet: &str, target: &str) -> Vec<Refusal> {
        let (target, cluster, kubeadm) = (v(target), v(cluster), v(kubeadm));
        let kubelets = [v(kubelet)];
        let attempt = Attempt {
            kubeadm: Some(&kubeadm),
            ..Attempt::usual(&target, &cluster, &kubelets)
        };
        refusals(&attempt)
    }

    #[test]
    fn o1_k3_one_minor_at_a_time() {
        let found = said("v1.21.0", "v1.18.20", "v1.18.20", "v1.21.0");
        assert_eq!(verdict(&found, true), Verdict::Refused);
        assert!(
            message(&found)
                .unwrap()
                .contains("kubeadm can upgrade only 1 minor version at a time")
        );
        let path = ["v1.18.20", "v1.19.16", "v1.20.15", "v1.21.14"];
        for hop in path.windows(2) {
            assert!(rules(hop[1], hop[0], hop[0], hop[1]).is_empty(), "{hop:?}");
        }
    }

    #[test]
    fn o2_k3_k7_pre_releases_may_be_forced() {
        let found = said("v1.22.0", "v1.20.3", "v1.21.0", "v1.22.0-alpha.1");
        assert_eq!(
            rules("v1.22.0", "v1.20.3", "v1.21.0", "v1.22.0-alpha.1"),
            ["K-3", "K-7"]
        );
        assert_eq!(
            (verdict(&found, false), verdict(&found, true)),
            (Verdict::NeedsForce, Verdict::Forced)
        );
        let (target, cluster, kubelets) = (v("v1.21.0-rc.0"), v("v1.20.3"), [v("v1.20.2")]);
        let mut attempt = Attempt::usual(&target, &cluster, &kubelets);
        assert_eq!(refusals(&attempt)[0].rule, "K-7");
        attempt.allow_candidates = true;
        assert!(refusals(&attempt).is_empty());
        let alpha = v("v1.21.0-alpha.1");
        attempt.target = &alpha;
        attempt.kubeadm = Some(&alpha);
        assert_eq!(refusals(&attempt)[0].rule, "K-7", "an alpha is no candidate");
        attempt.allow_experimental = true;
        assert!(refusals(&attempt).is_empty());
    }

    #[test]
    fn o3_k5_k6_kubeadm_and_its_target() {
        assert_eq!(rules("v1.20.3", "v1.20.3", "v1.20.3", "v1.21.0"), ["K-5a!"]);
        assert_eq!(rules("v1.21.0", "v1.20.3", "v1.20.3", "v1.21.3"), ["K-5b"]);
        assert_eq!(rules("v1.21.0", "v1.20.3", "v1.20.2", "v1.20.4"), ["K-6"]);
    }

    #[test]
    fn o4_k8_kubelets_that_are_too_old() {
        assert_eq!(rules("v1.20.2", "v1.19.0", "v1.18.0", "v1.20.2"), ["K-8"]);
        assert!(rules("v1.30.0", "v1.29.0", "v1.27.0", "v1.30.0").is_empty());
        assert_eq!(rules("v1.30.0", "v1.29.0", "v1.26.0", "v1.30.0"), ["K-8"]);
        assert_eq!(
            rules("v1.28.0", "v1.27.0", "v1.26.0", "v1.28.0"),
            ["K-8"],
            "three from kubeadm 1.29 on"
        );
    }

    #[test]
    fn k1_k2_k4_what_nothing_skips() {
        let (target, kubelets) = (v("v1.21.0"), [v("v1.20.0")]);
        let cluster = v("v1.20.0");
        let usual = Attempt::usual(&target, &cluster, &kubelets);
        let blind = Attempt {
            cluster: None,
            ..usual.clone()
        };
        assert_eq!(
            (refusals(&blind)[0].rule, refusals(&blind)[0].severity),
            ("K-1", Severity::Mandatory)
        );
        let nameless = Attempt {
            kubeadm: None,
            ..usual.clone()
        };
        assert_eq!(verdict(&refusals(&nameless), true), Verdict::Refused);
        let unlisted = Attempt {
            kubelets: None,
            ..usual
        };
        assert_eq!(
            (refusals(&unlisted)[0].rule, verdict(&refusals(&unlisted), true)),
            ("K-1b", Verdict::Forced)
        );
        assert_eq!(rules("v1.20.3", "v1.20.3", "v1.20.3", "v1.18.9"), ["K-2!"]);
        // With a kubeadm of the target's own minor K-2 is silent and K-4 speaks.
        assert_eq!(rules("v1.18.9", "v1.20.3", "v1.18.0", "v1.18.9"), ["K-4!"]);
        assert!(
            rules("v1.20.4", "v1.21.0", "v1.20.3", "v1.20.4").is_empty(),
            "one minor down passes"
        );
    }

    /// What kubeadm 1.20 … 1.22 and 1.36 said to real clusters: kubeadm, cluster, kubelet, target; rules; words.
    #[test]
    fn k3_k8_the_words_of_recorded_refusals() {
        let high = "Specified version to upgrade to \"v1.22.0\" is too high; kubeadm can upgrade only 1 minor version at a \
                    time";
        let newer = "Specified version to upgrade to \"v1.22.0\" is at least one minor release higher than the kubeadm \
                     minor release (22 > 21). Such an upgrade is not supported";
        let cases: [([&str; 4], &[&str]); 8] = [
            (["v1.21.0", "v1.20.3", "v1.20.2", "v1.22.0"], &[high, newer]),
            (["v1.22.0", "v1.20.3", "v1.20.2", "v1.22.0"], &[high]),
            (
                ["v1.20.3", "v1.20.3", "v1.20.2", "v1.20.4"],
                &[
                    "Specified version to upgrade to \"v1.20.4\" is higher than the kubeadm version \"v1.20.3\". Upgrade \
                   kubeadm first using the tool you used to install kubeadm",
                ],
            ),
            (
                ["v1.21.0", "v1.20.3", "v1.20.2", "v1.20.4"],
                &["Kubeadm version v1.21.0 can only be used to upgrade to Kubernetes version 1.21"],
            ),
            (
                ["v1.20.3", "v1.20.3", "v1.20.2", "v1.18.9"],
                &[
                    "this version of kubeadm only supports deploying clusters with the control plane version >= 1.19.0. \
                   Current version: v1.18.9",
                ],
            ),
            (
                ["v1.22.0", "v1.21.0", "v1.20.3", "v1.22.0"],
                &["There are kubelets in this cluster that are too old that have these versions [v1.20.3]"],
            ),
            (
                ["v1.36.3", "v1.36.3", "v1.36.3", "v1.36.3-rc.1"],
                &[
                    "Specified version to upgrade to \"v1.36.3-rc.1\" is an unstable version and such upgrades weren't \
                   allowed via setting the --allow-*-upgrades flags",
                ],
            ),
            (["v1.20.3", "v1.20.3", "v1.20.2", "v1.20.2"], &[]),
        ];
        for ([kubeadm, cluster, kubelet, target], words) in cases {
            let found = message(&said(kubeadm, cluster, kubelet, target)).unwrap_or_default();
            assert_eq!(found, words.join("\n"), "{kubeadm} {cluster} {target}");
        }
        let four = ["K-3", "K-5a", "K-7", "K-8"];
        assert_eq!(rules("v1.21.0", "v1.20.3", "v1.20.2", "v1.22.0-alpha.1"), four);
    }
}
