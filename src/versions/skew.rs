//! Which versions may run together (V-3 … V-7): the version skew policy as a pure function.
//!
//! ```
//! use seatrial::versions::skew::{Part, Running, violations};
//!
//! let cluster = [
//!     Running::new(Part::ApiServer, Some("cp-1"), 21),
//!     Running::new(Part::Kubelet, Some("worker-1"), 18),
//! ];
//! let wrong = violations(&cluster);
//! assert_eq!(wrong[0].rule.id(), "V-4");
//! assert_eq!(
//!     wrong[0].words(|host| host.to_string()),
//!     "kubelet 1.18 on worker-1 is 3 minors older than the newest API server (1.21); at most 2 are allowed"
//! );
//! ```

use serde::{Deserialize, Serialize};

/// What has a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// kube-apiserver.
    ApiServer,
    /// kube-controller-manager.
    ControllerManager,
    /// kube-scheduler.
    Scheduler,
    /// cloud-controller-manager.
    CloudControllerManager,
    /// kubelet.
    Kubelet,
    /// kube-proxy.
    Proxy,
    /// kubectl.
    Kubectl,
}

impl Part {
    /// The name of the program.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ApiServer => "kube-apiserver",
            Self::ControllerManager => "kube-controller-manager",
            Self::Scheduler => "kube-scheduler",
            Self::CloudControllerManager => "cloud-controller-manager",
            Self::Kubelet => "kubelet",
            Self::Proxy => "kube-proxy",
            Self::Kubectl => "kubectl",
        }
    }
}

/// A process and its version. `H` is what stands for a machine: a name, an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Running<H> {
    /// What runs.
    pub part: Part,
    /// Where; `None` for what runs outside of the cluster or anywhere in it.
    pub host: Option<H>,
    /// Its minor: skew looks at nothing else (V-2).
    pub minor: u32,
}

impl<H> Running<H> {
    /// A process.
    pub const fn new(part: Part, host: Option<H>, minor: u32) -> Self {
        Self { part, host, minor }
    }
}

/// A rule of the policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Rule {
    /// API servers are at most one minor apart.
    #[serde(rename = "V-3")]
    ApiServers,
    /// A kubelet is not newer than any API server, and not too old for the newest.
    #[serde(rename = "V-4")]
    Kubelet,
    /// The same for kube-proxy.
    #[serde(rename = "V-5")]
    Proxy,
    /// kube-proxy is not too far from the kubelet of its node. A rule of its own, as it begins and ends by itself.
    #[serde(rename = "V-5b")]
    ProxyAndKubelet,
    /// Controller manager, scheduler and cloud controller manager are not newer than their API servers, and at most one
    /// minor older.
    #[serde(rename = "V-6")]
    Controllers,
    /// kubectl is at most one minor away from every API server.
    #[serde(rename = "V-7")]
    Kubectl,
}

impl Rule {
    /// `V-3` and so on.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::ApiServers => "V-3",
            Self::Kubelet => "V-4",
            Self::Proxy | Self::ProxyAndKubelet => "V-5",
            Self::Controllers => "V-6",
            Self::Kubectl => "V-7",
        }
    }
}

/// How a process breaks a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Breach {
    /// It is newer than the oldest API server that it can reach, which has this minor, by more than is allowed.
    TooNew {
        /// The API server's minor.
        than: u32,
        /// So many minors newer are allowed.
        allowed: u32,
    },
    /// It is older than the newest API server that it can reach, which has this minor, by more than is allowed.
    TooOld {
        /// The API server's minor.
        than: u32,
        /// So many minors older are allowed.
        allowed: u32,
    },
    /// kube-proxy is too far from the kubelet of its node.
    FarFromKubelet {
        /// The kubelet's minor.
        kubelet: u32,
        /// So many minors apart are allowed.
        allowed: u32,
    },
}

/// A process that breaks a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Violation<H> {
    /// Which rule.
    pub rule: Rule,
    /// Who.
    pub who: Running<H>,
    /// How.
    pub breach: Breach,
}

impl<H: Copy> Violation<H> {
    /// What stays the same while a violation lasts, though versions change: the rule, who, and where.
    pub const fn key(&self) -> (Rule, Part, Option<H>) {
        (self.rule, self.who.part, self.who.host)
    }

    /// Whether kubeadm itself brings this about on its way, without harm (V-14): it rolls kube-proxy before the kubelets
    /// of workers are upgraded, which the policy before 1.28 forbade.
    pub const fn is_kubeadms_way(&self) -> bool {
        matches!(self.breach, Breach::FarFromKubelet { kubelet, .. } if kubelet < self.who.minor)
    }

    /// The violation as a sentence without its end; `name` names a machine.
    pub fn words(&self, name: impl Fn(H) -> String) -> String {
        let place = self.who.host.map_or_else(String::new, |h| format!(" on {}", name(h)));
        let who = format!("{} 1.{}{place}", self.who.part.as_str(), self.who.minor);
        let minors = |n: u32| {
            if n == 1 {
                "1 minor".to_owned()
            } else {
                format!("{n} minors")
            }
        };
        let at_most = |n: u32| match n {
            0 => "none is allowed".to_owned(),
            1 => "at most 1 is allowed".to_owned(),
            n => format!("at most {n} are allowed"),
        };
        match self.breach {
            Breach::TooNew { than, allowed: 0 } => format!("{who} is newer than its oldest API server (1.{than})"),
            Breach::TooNew { than, allowed } => {
                let by = minors(self.who.minor.saturating_sub(than));
                format!(
                    "{who} is {by} newer than the oldest API server (1.{than}); {}",
                    at_most(allowed)
                )
            }
            Breach::TooOld { than, allowed } => {
                let by = minors(than.saturating_sub(self.who.minor));
                format!(
                    "{who} is {by} older than the newest API server (1.{than}); {}",
                    at_most(allowed)
                )
            }
            Breach::FarFromKubelet { kubelet, allowed } => {
                let by = minors(kubelet.abs_diff(self.who.minor));
                format!(
                    "{who} is {by} away from the kubelet of its node (1.{kubelet}); {}",
                    at_most(allowed)
                )
            }
        }
    }
}

/// So many minors may a kubelet or kube-proxy of this minor be older than the newest API server (V-4, V-5): 2 before 1.25,
/// 3 from then on. The same as "2 up to API servers of 1.27, 3 from 1.28 on".
#[must_use]
pub const fn allowed_lag(minor: u32) -> u32 {
    if minor >= 25 { 3 } else { 2 }
}

/// Minors at which kubelets may be while API servers are between `oldest` and `newest` (V-4): the lowest and the highest.
/// The range is empty (the first greater than the second) where API servers are too far apart.
#[must_use]
pub const fn kubelet_window(oldest: u32, newest: u32) -> (u32, u32) {
    let mut low = newest.saturating_sub(3);
    while low < newest && newest - low > allowed_lag(low) {
        low += 1;
    }
    (low, oldest)
}

/// Minors at which kubectl may be (V-7): the lowest and the highest.
#[must_use]
pub const fn kubectl_window(oldest: u32, newest: u32) -> (u32, u32) {
    (newest.saturating_sub(1), oldest + 1)
}

/// Every violation among the processes of a cluster, in the order of the processes. Without an API server there is nothing
/// to compare with, and no violation.
pub fn violations<H: Copy + PartialEq>(cluster: &[Running<H>]) -> Vec<Violation<H>> {
    let mut found = Vec::new();
    for &who in cluster {
        let Some((oldest, newest)) = reachable(who, cluster) else {
            continue;
        };
        let mut wrong = |rule, breach| found.push(Violation { rule, who, breach });
        match who.part {
            Part::ApiServer => {
                // Said of the newest one: the older ones were there first.
                if who.minor == newest && newest - oldest > 1 {
                    wrong(
                        Rule::ApiServers,
                        Breach::TooNew {
                            than: oldest,
                            allowed: 1,
                        },
                    );
                }
            }
            Part::Kubelet => between(
                Rule::Kubelet,
                who,
                (oldest, newest),
                (0, allowed_lag(who.minor)),
                &mut wrong,
            ),
            Part::Proxy => {
                between(
                    Rule::Proxy,
                    who,
                    (oldest, newest),
                    (0, allowed_lag(who.minor)),
                    &mut wrong,
                );
                if let Some(breach) = far_from_kubelet(who, newest, cluster) {
                    wrong(Rule::ProxyAndKubelet, breach);
                }
            }
            Part::ControllerManager | Part::Scheduler | Part::CloudControllerManager => {
                between(Rule::Controllers, who, (oldest, newest), (0, 1), &mut wrong);
            }
            Part::Kubectl => between(Rule::Kubectl, who, (oldest, newest), (1, 1), &mut wrong),
        }
    }
    found
}

/// Tells when a process is too new for the oldest API server, or too old for the newest.
fn between<H: Copy>(
    rule: Rule,
    who: Running<H>,
    (oldest, newest): (u32, u32),
    (newer, older): (u32, u32),
    wrong: &mut impl FnMut(Rule, Breach),
) {
    if who.minor > oldest + newer {
        wrong(
            rule,
            Breach::TooNew {
                than: oldest,
                allowed: newer,
            },
        );
    }
    if who.minor + older < newest {
        wrong(
            rule,
            Breach::TooOld {
                than: newest,
                allowed: older,
            },
        );
    }
}

/// The oldest and the newest API server that a process can reach. kubeadm points controller manager and scheduler at the
/// API server of their own node (K-19); everybody else goes through the load balancer.
fn reachable<H: Copy + PartialEq>(who: Running<H>, cluster: &[Running<H>]) -> Option<(u32, u32)> {
    let servers = || cluster.iter().filter(|r| r.part == Part::ApiServer);
    if matches!(who.part, Part::ControllerManager | Part::Scheduler)
        && let Some(local) = servers().find(|r| r.host.is_some() && r.host == who.host)
    {
        return Some((local.minor, local.minor));
    }
    Some((servers().map(|r| r.minor).min()?, servers().map(|r| r.minor).max()?))
}

/// V-5: up to API servers of 1.27, kube-proxy has the minor of its kubelet; from 1.28 on it may lag or lead as far as it
/// may lag behind API servers.
fn far_from_kubelet<H: Copy + PartialEq>(who: Running<H>, newest: u32, cluster: &[Running<H>]) -> Option<Breach> {
    let of_node = |r: &&Running<H>| r.part == Part::Kubelet && r.host.is_some() && r.host == who.host;
    let kubelet = cluster.iter().find(of_node)?.minor;
    let allowed = if newest >= 28 { allowed_lag(who.minor) } else { 0 };
    (kubelet.abs_diff(who.minor) > allowed).then_some(Breach::FarFromKubelet { kubelet, allowed })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn servers(minors: &[u32]) -> Vec<Running<u32>> {
        let host = |i: usize| u32::try_from(i).ok();
        let server = |(i, &minor)| Running::new(Part::ApiServer, host(i), minor);
        minors.iter().enumerate().map(server).collect()
    }

    /// The rules that one more process breaks beside these API servers.
    fn breaks(api: &[u32], part: Part, minor: u32) -> Vec<&'static str> {
        let mut cluster = servers(api);
        cluster.push(Running::new(part, Some(100), minor));
        violations(&cluster).iter().map(|v| v.rule.id()).collect()
    }

    #[test]
    fn o5_v4_how_old_kubelets_may_be() {
        for (api, kubelet, fine) in [
            (21, 19, true),
            (21, 18, false),
            (21, 22, false),
            (28, 25, true),
            (28, 24, false),
            (27, 24, false),
            (27, 25, true),
            (31, 28, true),
            (31, 27, false),
        ] {
            assert_eq!(
                breaks(&[api], Part::Kubelet, kubelet).is_empty(),
                fine,
                "{api} {kubelet}"
            );
            let (low, high) = kubelet_window(api, api);
            assert_eq!((low..=high).contains(&kubelet), fine, "window {api} {kubelet}");
        }
    }

    /// "2 up to API servers of 1.27, 3 from 1.28 on" is the same rule.
    #[test]
    fn v4_both_wordings_agree() {
        for api in 4..60 {
            let lag = if api >= 28 { 3 } else { 2 };
            assert_eq!(kubelet_window(api, api).0, api - lag, "{api}");
        }
    }

    #[test]
    fn o6_v4_v7_two_versions_of_api_servers_narrow_the_window() {
        let apart = [20, 21];
        assert_eq!(breaks(&apart, Part::Kubelet, 21), ["V-4"]);
        for fine in [20, 19] {
            assert!(breaks(&apart, Part::Kubelet, fine).is_empty());
        }
        assert_eq!(breaks(&apart, Part::Kubelet, 18), ["V-4"]);
        assert_eq!(kubelet_window(20, 21), (19, 20));
        let allowed = |api: &[u32]| {
            (17..25)
                .filter(|&m| breaks(api, Part::Kubectl, m).is_empty())
                .collect::<Vec<_>>()
        };
        assert_eq!(allowed(&apart), [20, 21]);
        assert_eq!(allowed(&[21]), [20, 21, 22]);
        assert_eq!((kubectl_window(20, 21), kubectl_window(21, 21)), ((20, 21), (20, 22)));
    }

    #[test]
    fn o7_v3_api_servers_two_minors_apart() {
        let found = violations(&servers(&[19, 21]));
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].rule.id(), found[0].who.host), ("V-3", Some(1)));
        assert!(violations(&servers(&[20, 21, 20])).is_empty());
        let words = found[0].words(|h| format!("cp-{h}"));
        assert_eq!(
            words,
            "kube-apiserver 1.21 on cp-1 is 2 minors newer than the oldest API server (1.19); at most 1 is allowed"
        );
    }

    #[test]
    fn o8_v6_controllers_look_at_their_own_api_server() {
        for part in [Part::ControllerManager, Part::Scheduler, Part::CloudControllerManager] {
            assert_eq!(breaks(&[20], part, 21), ["V-6"]);
            assert!(breaks(&[21], part, 20).is_empty());
            assert_eq!(breaks(&[22], part, 20), ["V-6"]);
        }
        // K-19: the local API server counts, not the other ones.
        let mut cluster = servers(&[21, 20]);
        cluster.push(Running::new(Part::ControllerManager, Some(0), 21));
        cluster.push(Running::new(Part::Scheduler, Some(1), 20));
        assert!(violations(&cluster).is_empty());
        cluster[3].minor = 21;
        assert_eq!(violations(&cluster)[0].who.part, Part::Scheduler);
    }

    /// During a hop of kubeadm API server, controller manager and scheduler of a node change one after another (K-14):
    /// nobody is ever newer than its API server.
    #[test]
    fn o8_v10_kubeadms_order_breaks_nothing() {
        let mut cluster = servers(&[20]);
        for part in [Part::ControllerManager, Part::Scheduler] {
            cluster.push(Running::new(part, Some(0), 20));
        }
        cluster.push(Running::new(Part::Kubelet, Some(0), 20));
        for at in 0..4 {
            cluster[at].minor = 21;
            assert!(violations(&cluster).is_empty(), "{at}");
        }
        // The wrong order: kubelet first.
        cluster[0].minor = 20;
        cluster[1].minor = 20;
        cluster[2].minor = 20;
        assert_eq!(violations(&cluster)[0].rule, Rule::Kubelet);
    }

    #[test]
    fn v5_v14_kube_proxy_and_the_kubelet_of_its_node() {
        let cluster = |api, proxy, kubelet| {
            let mut all = servers(&[api]);
            all.push(Running::new(Part::Proxy, Some(7), proxy));
            all.push(Running::new(Part::Kubelet, Some(7), kubelet));
            violations(&all)
        };
        // kubeadm's own way: proxies are rolled with the control plane, kubelets follow.
        let found = cluster(21, 21, 20);
        assert_eq!(
            (found.len(), found[0].rule.id(), found[0].is_kubeadms_way()),
            (1, "V-5", true)
        );
        assert!(cluster(28, 28, 27).is_empty(), "the wording from 1.28 on allows it");
        assert!(cluster(31, 31, 28).is_empty());
        // A proxy older than its kubelet, and one newer than an API server.
        assert!(!cluster(21, 20, 21)[0].is_kubeadms_way());
        assert_eq!(breaks(&[20, 21], Part::Proxy, 21), ["V-5"]);
        assert_eq!(breaks(&[21], Part::Proxy, 18), ["V-5"]);
    }

    #[test]
    fn v2_no_api_server_no_violation_and_words_name_everybody() {
        let alone = [Running::new(Part::Kubelet, Some("w"), 3)];
        assert!(violations(&alone).is_empty());
        let cluster = [
            Running::new(Part::ApiServer, Some("cp-1"), 21),
            Running::new(Part::Kubelet, Some("w-1"), 22),
            Running::new(Part::Kubectl, None, 19),
        ];
        let words: Vec<String> = violations(&cluster)
            .iter()
            .map(|v| v.words(|h: &str| h.to_owned()))
            .collect();
        assert_eq!(
            words,
            [
                "kubelet 1.22 on w-1 is newer than its oldest API server (1.21)",
                "kubectl 1.19 is 2 minors older than the newest API server (1.21); at most 1 is allowed",
            ]
        );
    }
}
