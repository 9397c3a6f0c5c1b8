//! The way from one version to another: hops of the control plane, rounds of the workers (V-11, V-12, V-18 … V-21).

use schemars::JsonSchema;
use serde::Serialize;

use super::kubeadm::{Attempt, Refusal};
use super::releases;
use super::skew::allowed_lag;
use crate::model::behaviour::kubeadm::kubelet_skew;
use crate::units::KubeVersion;

/// A part of the way.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Leg {
    /// Who goes.
    pub who: Goes,
    /// The version to reach.
    pub to: KubeVersion,
}

/// Who goes in a [`Leg`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Goes {
    /// The nodes of the control plane, one by one.
    ControlPlane,
    /// All workers.
    Workers,
}

/// How often workers are upgraded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Rounds {
    /// After every hop of the control plane.
    EveryHop,
    /// As rarely as versions may differ.
    Fewest,
    /// Once, after the last hop.
    Once,
    /// As rarely as versions may differ, and they need not arrive.
    Behind,
    /// As the plan of the scenario says.
    AsPlanned,
}

/// The cluster at the start.
#[derive(Clone, Copy, Debug)]
pub struct Start<'a> {
    /// Names of the control-plane nodes; those without are numbered.
    pub names: &'a [String],
    /// The version of the API servers.
    pub version: &'a KubeVersion,
    /// How kubeadm is called.
    pub flags: Flags<'a>,
    /// Kubelets of control-plane nodes; empty where a cloud runs the control plane.
    pub control_plane: &'a [KubeVersion],
    /// Kubelets of workers.
    pub workers: &'a [KubeVersion],
}

/// How kubeadm is called.
#[derive(Clone, Copy, Debug, Default)]
pub struct Flags<'a> {
    /// The version of its package; `None`: that of each hop.
    pub kubeadm: Option<&'a KubeVersion>,
    /// `--allow-experimental-upgrades`
    pub allow_experimental: bool,
    /// `--allow-release-candidate-upgrades`
    pub allow_candidates: bool,
    /// Whether kubelets of control-plane nodes wait until every API server has been upgraded.
    pub kubelets_last: bool,
}

impl<'a> Flags<'a> {
    /// `kubeadm upgrade apply` with these flags.
    #[must_use]
    pub const fn attempt(
        self,
        target: &'a KubeVersion,
        cluster: &'a KubeVersion,
        kubelets: &'a [KubeVersion],
    ) -> Attempt<'a> {
        Attempt {
            kubeadm: match self.kubeadm {
                Some(own) => Some(own),
                None => Some(target),
            },
            allow_experimental: self.allow_experimental,
            allow_candidates: self.allow_candidates,
            ..Attempt::usual(target, cluster, kubelets)
        }
    }
}

/// What happens in a leg.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passage {
    /// The leg.
    pub leg: Leg,
    /// The version of the control plane before it.
    pub from: KubeVersion,
    /// Kubelets of workers before it.
    pub workers: Vec<KubeVersion>,
    /// What `kubeadm upgrade apply` of the leg's version says.
    pub refusals: Vec<Refusal>,
    /// Who breaks the version skew policy on the way.
    pub skew: Vec<Skew>,
}

/// Somebody who breaks the version skew policy in a leg.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Skew {
    /// The rule: `V-4`.
    pub rule: &'static str,
    /// Who, and how.
    pub words: String,
    /// Whether it is over at the end of the leg.
    pub passes: bool,
    /// Whether kubeadm's documented order brings it about (V-14).
    pub kubeadms_way: bool,
}

/// The hops of the control plane: one minor at a time (V-11), the newest patch of each on the way (V-18).
#[must_use]
pub fn hops(from: &KubeVersion, to: &KubeVersion) -> Vec<KubeVersion> {
    if to <= from {
        return Vec::new();
    }
    let newest = |minor| releases::newest(minor).unwrap_or_else(|| KubeVersion::new(minor, 0));
    let mut hops: Vec<KubeVersion> = (from.minor() + 1..to.minor()).map(newest).collect();
    hops.push(to.clone());
    hops
}

/// The legs of a way. `force`: kubeadm's own check of kubelets (K-8) may be skipped; the policy (V-4) holds all the same,
/// unless workers go once.
#[must_use]
pub fn legs(start: Start<'_>, to: &KubeVersion, rounds: Rounds, force: bool) -> Vec<Leg> {
    let mut way = Way {
        legs: Vec::new(),
        workers: start.workers.to_vec(),
        at: start.version.clone(),
    };
    for hop in hops(start.version, to) {
        let follows = |w: &KubeVersion| hop.minor() <= w.minor() + allowed_lag(w.minor());
        let passes = |w: &KubeVersion| force || hop.minor() <= w.minor() + kubelet_skew(hop.minor());
        if rounds != Rounds::Once && !way.workers.iter().all(|w| follows(w) && passes(w)) {
            way.workers_follow();
        }
        way.legs.push(Leg {
            who: Goes::ControlPlane,
            to: hop.clone(),
        });
        way.at = hop;
        if rounds == Rounds::EveryHop {
            way.workers_follow();
        }
    }
    if rounds != Rounds::Behind {
        way.workers_follow();
    }
    way.legs
}

struct Way {
    legs: Vec<Leg>,
    workers: Vec<KubeVersion>,
    at: KubeVersion,
}

impl Way {
    /// Workers go to the version of the control plane, unless they are there.
    fn workers_follow(&mut self) {
        if self.workers.iter().any(|w| *w < self.at) {
            self.legs.push(Leg {
                who: Goes::Workers,
                to: self.at.clone(),
            });
            self.workers.fill(self.at.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::versions::walk::{is_forbidden, walk};

    fn v(text: &str) -> KubeVersion {
        text.parse().unwrap()
    }

    fn way(from: &str, to: &str, rounds: Rounds, force: bool) -> (Vec<String>, Vec<Passage>) {
        let from = v(from);
        let kubelets = [from.clone()];
        let start = Start {
            names: &[],
            flags: Flags::default(),
            version: &from,
            control_plane: &kubelets,
            workers: &kubelets,
        };
        let legs = legs(start, &v(to), rounds, force);
        let short = |leg: &Leg| match leg.who {
            Goes::ControlPlane => format!("cp{}", leg.to.minor()),
            Goes::Workers => format!("w{}", leg.to.minor()),
        };
        (legs.iter().map(short).collect(), walk(start, &legs))
    }

    fn needs_force(passages: &[Passage]) -> Vec<u32> {
        let refused = passages.iter().filter(|p| !p.refusals.is_empty());
        refused.map(|p| p.leg.to.minor()).collect()
    }

    #[test]
    fn o1_v18_hops_are_minor_by_minor_and_end_at_the_target() {
        let hops = hops(&v("v1.18.20"), &v("v1.21.3"));
        assert_eq!(hops, [v("v1.19.16"), v("v1.20.15"), v("v1.21.3")]);
        assert_eq!(super::hops(&v("v1.21.0"), &v("v1.21.14")), [v("v1.21.14")]);
        assert!(super::hops(&v("v1.21.0"), &v("v1.20.0")).is_empty());
    }

    /// The first table of 11.9.
    #[test]
    fn v20_v21_from_1_18_to_1_21() {
        let go = |rounds, force| way("v1.18.20", "v1.21.14", rounds, force);
        let (legs, passages) = go(Rounds::EveryHop, false);
        assert_eq!(legs, ["cp19", "w19", "cp20", "w20", "cp21", "w21"]);
        assert!(needs_force(&passages).is_empty() && !is_forbidden(&passages));
        assert_eq!(go(Rounds::Fewest, false).0, legs, "K-8 allows no lag of two");

        let (legs, passages) = go(Rounds::Fewest, true);
        assert_eq!(legs, ["cp19", "cp20", "w20", "cp21", "w21"]);
        assert_eq!(needs_force(&passages), [20]);
        assert!(!is_forbidden(&passages));

        let (legs, passages) = go(Rounds::Once, true);
        assert_eq!(legs, ["cp19", "cp20", "cp21", "w21"]);
        assert!(is_forbidden(&passages));
        let words = &passages[2].skew.iter().find(|s| s.rule == "V-4").unwrap().words;
        assert!(
            words.contains("3 minors older than the newest API server (1.21)"),
            "{words}"
        );

        let (legs, passages) = go(Rounds::Behind, true);
        assert_eq!(legs, ["cp19", "cp20", "w20", "cp21"]);
        assert!(!is_forbidden(&passages));
    }

    /// The second table of 11.9.
    #[test]
    fn v20_v21_from_1_28_to_1_31() {
        let go = |rounds, force| way("v1.28.15", "v1.31.14", rounds, force);
        let (legs, passages) = go(Rounds::Fewest, false);
        assert_eq!(legs, ["cp29", "cp30", "cp31", "w31"]);
        assert!(needs_force(&passages).is_empty() && !is_forbidden(&passages));
        assert!(passages.iter().all(|p| p.skew.is_empty()), "{passages:?}");
        assert_eq!(go(Rounds::EveryHop, false).0.len(), 6);
        assert_eq!(go(Rounds::Behind, false).0, ["cp29", "cp30", "cp31"]);
    }

    /// Workers at the greatest skew go before the control plane does.
    #[test]
    fn v12_workers_that_lag_already_go_first() {
        let (version, old) = (v("v1.31.0"), [v("v1.28.0")]);
        let control_plane = [version.clone()];
        let start = Start {
            names: &[],
            flags: Flags::default(),
            version: &version,
            control_plane: &control_plane,
            workers: &old,
        };
        let legs = legs(start, &v("v1.32.0"), Rounds::Fewest, false);
        assert_eq!((legs[0].who, legs[0].to.minor()), (Goes::Workers, 31));
        assert_eq!(legs.len(), 3);
    }

    #[test]
    fn v14_kube_proxy_leads_kubelets_before_1_28_only() {
        let skews = |from, to| way(from, to, Rounds::EveryHop, false).1.remove(0).skew;
        let old = skews("v1.20.15", "v1.21.14");
        assert_eq!(
            (old.len(), old[0].rule),
            (2, "V-5"),
            "control plane until its kubelet, workers until theirs"
        );
        assert!(old.iter().all(|s| s.kubeadms_way));
        assert!(skews("v1.30.14", "v1.31.14").is_empty());
    }

    /// Several API servers: kubelets that follow their own API server are newer than the others for a while.
    #[test]
    fn v4_v14_several_control_plane_nodes() {
        let version = v("v1.26.15");
        let control_plane = vec![version.clone(); 3];
        let start = Start {
            names: &[],
            flags: Flags::default(),
            version: &version,
            control_plane: &control_plane,
            workers: &[],
        };
        let legs = legs(start, &v("v1.27.16"), Rounds::Fewest, false);
        assert_eq!(legs.len(), 1, "no workers, no round");
        let skew = &walk(start, &legs)[0].skew;
        let rules: Vec<(&str, bool)> = skew.iter().map(|s| (s.rule, s.passes)).collect();
        assert!(
            rules.contains(&("V-4", true)) && rules.contains(&("V-5", true)),
            "{skew:?}"
        );
        assert!(!is_forbidden(&walk(start, &legs)));
        let patient = Flags {
            kubelets_last: true,
            ..Flags::default()
        };
        let skew = &walk(
            Start {
                flags: patient,
                ..start
            },
            &legs,
        )[0]
        .skew;
        let kubelets: Vec<_> = skew.iter().filter(|s| s.rule == "V-4").collect();
        assert!(kubelets.is_empty(), "all API servers first: {kubelets:?}");
    }

    #[test]
    fn a_managed_control_plane_has_an_api_server() {
        let (version, workers) = (v("v1.30.0"), [v("v1.28.0")]);
        let start = Start {
            names: &[],
            flags: Flags::default(),
            version: &version,
            control_plane: &[],
            workers: &workers,
        };
        let legs = legs(start, &v("v1.32.0"), Rounds::Once, false);
        assert!(is_forbidden(&walk(start, &legs)), "1.28 is four behind");
    }

    /// Whatever the versions and however far workers lag already: the ways that are offered without force need none, are
    /// within the policy at the end of each leg, and arrive; fewer rounds cannot do.
    #[test]
    fn v12_v20_v21_every_way_that_is_offered_can_be_gone() {
        let newest = |minor| releases::newest(minor).unwrap();
        for (from, to) in (17..=36).flat_map(|from| (from + 1..=37).map(move |to| (from, to))) {
            for lag in 0..=allowed_lag(from - 1).min(from - 16) {
                for servers in [1, 3] {
                    let (version, target) = (newest(from), newest(to));
                    let (control_plane, workers) = (vec![version.clone(); servers], [newest(from - lag)]);
                    let start = Start {
                        names: &[],
                        flags: Flags::default(),
                        version: &version,
                        control_plane: &control_plane,
                        workers: &workers,
                    };
                    if lag > allowed_lag(from - lag) {
                        continue;
                    }
                    let rounds = |legs: &[Leg]| legs.iter().filter(|l| l.who == Goes::Workers).count();
                    let every = legs(start, &target, Rounds::EveryHop, false);
                    let fewest = legs(start, &target, Rounds::Fewest, false);
                    for way in [&every, &fewest] {
                        let passages = walk(start, way);
                        let refused = passages.iter().any(|p| !p.refusals.is_empty());
                        assert!(
                            !refused && !is_forbidden(&passages),
                            "1.{from} (-{lag}) -> 1.{to}: {passages:?}"
                        );
                        assert_eq!(way.last().map(|l| (l.who, &l.to)), Some((Goes::Workers, &target)));
                    }
                    assert!(rounds(&fewest) <= rounds(&every), "1.{from} -> 1.{to}");
                    let forced = legs(start, &target, Rounds::Fewest, true);
                    assert!(rounds(&forced) <= rounds(&fewest) && !is_forbidden(&walk(start, &forced)));
                    // Without any one of its rounds but the last the forced way leaves the policy.
                    for left_out in (0..forced.len() - 1).filter(|&i| forced[i].who == Goes::Workers) {
                        let mut shorter = forced.clone();
                        shorter.remove(left_out);
                        assert!(
                            is_forbidden(&walk(start, &shorter)),
                            "1.{from} (-{lag}) -> 1.{to}: round {left_out}"
                        );
                    }
                }
            }
        }
    }
}
