//! Versions over time: who broke the version skew policy (V-13), what kubeadm refused (K-1 … K-8), what it put back (K-17),
//! which certificates ran out.

use std::collections::BTreeMap;

use crate::ids::{Id, NodeId};
use crate::model::Component;
use crate::trace::{Check, Fact, Flags, Phase, Preamble, Skew, VersionId};
use crate::units::KubeVersion;
use crate::versions::kubeadm::{Attempt, Refusal, Verdict, message, refusals, verdict};
use crate::versions::skew::{Part, Rule};

use super::report::{CertificateReport, SkewReport};
use super::seconds;

/// Versions of kubelets, by node; `None`: there is no Node object.
#[derive(Clone)]
pub(crate) struct Kubelets(Vec<Option<usize>>);

impl Kubelets {
    pub(crate) fn new(preamble: &Preamble) -> Self {
        let nodes = preamble.nodes.iter();
        Self(nodes.map(|n| (!n.planned).then_some(n.version)).collect())
    }

    pub(crate) fn observe(&mut self, fact: &Fact) {
        let (node, version) = match *fact {
            Fact::KubeletStarted { node, version } => (node, Some(usize::from(version.0))),
            Fact::NodeDeleted { node } => (node, None),
            _ => return,
        };
        if let Some(place) = self.0.get_mut(node.index()) {
            *place = version;
        }
    }

    /// What kubeadm says when it compares versions, and how it decides.
    pub(crate) fn judge(
        &self,
        preamble: &Preamble,
        [target, cluster, kubeadm]: [VersionId; 3],
        flags: Flags,
    ) -> (Vec<Refusal>, Verdict) {
        let version = |at: usize| preamble.versions.get(at)?.parse::<KubeVersion>().ok();
        let of = |id: VersionId| version(usize::from(id.0));
        let kubelets: Vec<KubeVersion> = self.0.iter().filter_map(|at| version((*at)?)).collect();
        let (cluster, kubeadm) = (of(cluster), of(kubeadm));
        let Some(target) = of(target) else {
            return (Vec::new(), Verdict::Accepted);
        };
        let found = refusals(&Attempt {
            target: &target,
            cluster: cluster.as_ref(),
            kubeadm: kubeadm.as_ref(),
            kubelets: Some(&kubelets),
            allow_experimental: flags.experimental,
            allow_candidates: flags.candidates,
        });
        let verdict = verdict(&found, flags.force);
        (found, verdict)
    }
}

/// How a run of kubeadm failed.
#[derive(Clone)]
pub(super) enum Failure {
    /// It compared versions.
    Versions(NodeId, String),
    /// A check failed.
    Check(NodeId, Check),
    /// A component did not come up, and these were put back.
    Phase(NodeId, Phase, Vec<Component>),
}

/// A certificate of a component. Times are microseconds.
#[derive(Clone, Copy, Default)]
struct Certificate {
    expired: Option<u64>,
    renewed: Option<u64>,
}

/// The fold.
#[derive(Clone)]
pub(super) struct Versions {
    kubelets: Kubelets,
    open: BTreeMap<(Rule, Part, Option<NodeId>), usize>,
    skew: Vec<(Skew, u64, Option<u64>)>,
    pub(super) failure: Option<Failure>,
    certificates: BTreeMap<(usize, Component), Certificate>,
    admins: BTreeMap<usize, u64>,
}

impl Versions {
    pub(super) fn new(preamble: &Preamble) -> Self {
        let kept = preamble.certificates_expire.is_some();
        let own = preamble.instances.iter().filter(|_| kept);
        let own = own.filter_map(|i| Some(((i.node?.index(), i.component), Certificate::default())));
        Self {
            kubelets: Kubelets::new(preamble),
            open: BTreeMap::new(),
            skew: Vec::new(),
            failure: None,
            certificates: own.collect(),
            admins: BTreeMap::new(),
        }
    }

    pub(super) fn observe(&mut self, at: u64, fact: &Fact, preamble: &Preamble) {
        self.kubelets.observe(fact);
        match *fact {
            Fact::SkewBegan { skew } => {
                self.open.insert((skew.rule, skew.part, skew.node), self.skew.len());
                self.skew.push((skew, at, None));
            }
            Fact::SkewEnded { rule, part, node } => {
                let open = self.open.remove(&(rule, part, node));
                if let Some(interval) = open.and_then(|i| self.skew.get_mut(i)) {
                    interval.2 = Some(at);
                }
            }
            Fact::CheckFailed { node, check } => self.failure = Some(Failure::Check(node, check)),
            Fact::VersionsChecked {
                node,
                target,
                cluster,
                kubeadm,
                flags,
            } => {
                let (found, verdict) = self.kubelets.judge(preamble, [target, cluster, kubeadm], flags);
                if let Some(words) = refusal_words(&found, verdict) {
                    self.failure = Some(Failure::Versions(node, words));
                }
            }
            Fact::PhaseFailed { node, phase } => self.failure = Some(Failure::Phase(node, phase, Vec::new())),
            Fact::ManifestRestored { component, .. } => {
                if let Some(Failure::Phase(_, _, restored)) = &mut self.failure {
                    restored.push(component);
                }
            }
            Fact::CertificatesRenewed { node, component } => {
                if let Some(certificate) = self.certificates.get_mut(&(node.index(), component)) {
                    certificate.renewed = Some(at);
                }
            }
            Fact::CertificateExpired { node, component } => {
                if let Some(certificate) = self.certificates.get_mut(&(node.index(), component)) {
                    certificate.expired = Some(at);
                }
            }
            Fact::AdminConfRenewed { node } => {
                self.admins.insert(node.index(), at);
            }
            _ => {}
        }
    }

    pub(super) fn skew(&self, preamble: &Preamble) -> Vec<SkewReport> {
        let name = |id: NodeId| {
            preamble
                .nodes
                .get(id.index())
                .map_or_else(String::new, |n| n.name.clone())
        };
        let report = |(skew, from, to): &(Skew, u64, Option<u64>)| {
            let violation = skew.violation();
            SkewReport {
                rule: skew.rule.id().into(),
                component: skew.part.as_str().into(),
                node: skew.node.map(name),
                words: violation.words(name),
                from: seconds(*from),
                to: to.map(seconds),
                kubeadms_way: violation.is_kubeadms_way(),
            }
        };
        self.skew.iter().map(report).collect()
    }

    pub(super) fn certificates(&self, preamble: &Preamble) -> Vec<CertificateReport> {
        let Some(expires) = preamble.certificates_expire else {
            return Vec::new();
        };
        let name = |node: usize| preamble.nodes.get(node).map_or_else(String::new, |n| n.name.clone());
        let own = self
            .certificates
            .iter()
            .map(|(&(node, component), state)| CertificateReport {
                node: name(node),
                owner: component.as_str().into(),
                expires: seconds(expires),
                renewed_at: state.renewed.map(seconds),
                expired_at: state.expired.map(seconds),
            });
        let nodes: std::collections::BTreeSet<usize> = self.certificates.keys().map(|k| k.0).collect();
        let admins = nodes.into_iter().map(|node| CertificateReport {
            node: name(node),
            owner: "admin.conf".into(),
            expires: seconds(expires),
            renewed_at: self.admins.get(&node).copied().map(seconds),
            expired_at: None,
        });
        own.chain(admins).collect()
    }
}

/// kubeadm's own words when it stops, and whether `--force` helps; `None`: it goes on.
pub(crate) fn refusal_words(found: &[Refusal], verdict: Verdict) -> Option<String> {
    let words = message(found)?.replace('\n', "; ");
    match verdict {
        Verdict::Accepted | Verdict::Forced => None,
        Verdict::NeedsForce => Some(format!("{words} (skippable: `force: true` goes on)")),
        Verdict::Refused => Some(format!("{words} (mandatory: --force does not help)")),
    }
}

/// What a failed check says.
pub(crate) const fn check_words(check: Check) -> &'static str {
    match check {
        Check::ControlPlaneNodesReady => "not every control-plane node is Ready (ControlPlaneNodesReady)",
        Check::CreateJob => "the Job of its health check did not complete in time (CreateJob)",
        Check::EtcdHealth => "etcd is not healthy: not enough of its members answer",
        Check::AdminCertificate => {
            "the client certificate in admin.conf has expired: `kubeadm certs renew all` has to come first"
        }
    }
}
