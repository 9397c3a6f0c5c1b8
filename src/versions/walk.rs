//! Goes a way on paper: kubeadm and the version skew policy are asked at every change of a version (V-13).

use super::kubeadm::{self, Severity};
use super::path::{Flags, Goes, Leg, Passage, Skew, Start};
use super::skew::{self, Part, Running};
use crate::model::behaviour::kubeadm::{local_kubelets, postpones_addons};
use crate::units::KubeVersion;

/// Goes the way on paper, and asks kubeadm and the version skew policy at every change of a version (V-13).
#[must_use]
pub fn walk(start: Start<'_>, legs: &[Leg]) -> Vec<Passage> {
    let mut cluster = Cluster::new(start);
    legs.iter().map(|leg| cluster.pass(leg)).collect()
}

/// Whether kubeadm refuses for good, or somebody who is not on kubeadm's own way is left outside of the policy.
#[must_use]
pub fn is_forbidden(passages: &[Passage]) -> bool {
    let refused = |p: &Passage| p.refusals.iter().any(|r| r.severity == Severity::Mandatory);
    let breaks = |p: &Passage| p.skew.iter().any(|s| !s.kubeadms_way && !s.passes);
    passages.iter().any(|p| refused(p) || breaks(p))
}

/// A node of the cluster on paper: the first ones run the control plane.
type Host = usize;

struct Cluster<'a> {
    names: &'a [String],
    flags: Flags<'a>,
    version: KubeVersion,
    servers: usize,
    kubelets: Vec<KubeVersion>,
    running: Vec<Running<Host>>,
}

impl<'a> Cluster<'a> {
    fn new(start: Start<'a>) -> Self {
        let minor = start.version.minor();
        // A control plane that a cloud runs has an API server, too.
        let servers = start.control_plane.len();
        let mut running = Vec::new();
        for host in 0..servers {
            for part in [Part::ApiServer, Part::ControllerManager, Part::Scheduler] {
                running.push(Running::new(part, Some(host), minor));
            }
        }
        if servers == 0 {
            running.push(Running::new(Part::ApiServer, None, minor));
        }
        let kubelets: Vec<KubeVersion> = start.control_plane.iter().chain(start.workers).cloned().collect();
        for (host, kubelet) in kubelets.iter().enumerate() {
            running.push(Running::new(Part::Kubelet, Some(host), kubelet.minor()));
            // kubeadm rolls kube-proxy with the control plane, whatever kubelets are at (V-14).
            running.push(Running::new(Part::Proxy, Some(host), minor));
        }
        running.push(Running::new(Part::Kubectl, None, minor));
        Self {
            names: start.names,
            flags: start.flags,
            version: start.version.clone(),
            servers,
            kubelets,
            running,
        }
    }

    fn pass(&mut self, leg: &Leg) -> Passage {
        let (from, minor) = (self.version.clone(), leg.to.minor());
        // What is wrong before the leg is not the leg's doing.
        let mut seen = Seen {
            before: self.violations(),
            found: Vec::new(),
        };
        let refusals = match leg.who {
            Goes::Workers => Vec::new(),
            // A cloud does not run kubeadm.
            Goes::ControlPlane if self.servers == 0 => Vec::new(),
            Goes::ControlPlane => kubeadm::refusals(&self.flags.attempt(&leg.to, &from, &self.kubelets)),
        };
        let workers = self.kubelets[self.servers..].to_vec();
        match leg.who {
            Goes::ControlPlane if self.servers == 0 => {
                self.set(Part::ApiServer, None, minor, &mut seen);
                self.everywhere(Part::Proxy, minor, &mut seen);
                self.set(Part::Kubectl, None, minor, &mut seen);
            }
            Goes::ControlPlane => {
                for host in 0..self.servers {
                    self.control_plane_node(host, leg, &mut seen);
                    if !self.flags.kubelets_last {
                        self.kubelet_of_server(host, leg, &mut seen);
                    }
                }
                let waiting = if self.flags.kubelets_last { self.servers } else { 0 };
                for host in 0..waiting {
                    self.kubelet_of_server(host, leg, &mut seen);
                }
            }
            Goes::Workers => {
                for host in self.servers..self.kubelets.len() {
                    self.kubelet(host, &leg.to, &mut seen);
                }
            }
        }
        if leg.who == Goes::ControlPlane {
            self.version = leg.to.clone();
        }
        let after = self.violations();
        Passage {
            leg: leg.clone(),
            from,
            workers,
            refusals,
            skew: seen.told(&after, self.servers, self.names),
        }
    }

    /// A node of the control plane: API server, then controller manager, then scheduler (K-14), the add-ons when they are
    /// due (K-16).
    fn control_plane_node(&mut self, host: Host, leg: &Leg, seen: &mut Seen) {
        let minor = leg.to.minor();
        for part in [Part::ApiServer, Part::ControllerManager, Part::Scheduler] {
            self.set(part, Some(host), minor, seen);
        }
        let due = if postpones_addons(minor) { self.servers - 1 } else { 0 };
        if host == due {
            self.everywhere(Part::Proxy, minor, seen);
        }
    }

    /// The kubelet of a control-plane node; with the first one goes kubectl.
    fn kubelet_of_server(&mut self, host: Host, leg: &Leg, seen: &mut Seen) {
        self.kubelet(host, &leg.to, seen);
        if host == 0 {
            self.set(Part::Kubectl, None, leg.to.minor(), seen);
        }
    }

    fn kubelet(&mut self, host: Host, to: &KubeVersion, seen: &mut Seen) {
        self.kubelets[host] = to.clone();
        self.set(Part::Kubelet, Some(host), to.minor(), seen);
    }

    /// Violations now. Kubelets of control-plane nodes that kubeadm of 1.33 or later has upgraded reach their own API server
    /// only (K-19).
    fn violations(&self) -> Vec<skew::Violation<Host>> {
        let local = |host| {
            let own = self
                .running
                .iter()
                .find(|r| r.part == Part::ApiServer && r.host == host);
            own.map(|r| r.minor).filter(|&minor| local_kubelets(minor))
        };
        let excused = |v: &skew::Violation<Host>| {
            v.rule == skew::Rule::Kubelet && v.who.host.is_some() && local(v.who.host).is_some_and(|m| v.who.minor <= m)
        };
        let mut all = skew::violations(&self.running);
        all.retain(|v| !excused(v));
        all
    }

    fn set(&mut self, part: Part, host: Option<Host>, minor: u32, seen: &mut Seen) {
        for running in &mut self.running {
            if running.part == part && running.host == host {
                running.minor = minor;
            }
        }
        seen.look(self.violations());
    }

    fn everywhere(&mut self, part: Part, minor: u32, seen: &mut Seen) {
        for running in self.running.iter_mut().filter(|r| r.part == part) {
            running.minor = minor;
        }
        seen.look(self.violations());
    }
}

/// Violations of a leg, each once.
struct Seen {
    before: Vec<skew::Violation<Host>>,
    found: Vec<skew::Violation<Host>>,
}

impl Seen {
    fn look(&mut self, now: Vec<skew::Violation<Host>>) {
        for violation in now {
            let same = |v: &skew::Violation<Host>| v.key() == violation.key();
            if !self.found.iter().any(same) && !self.before.contains(&violation) {
                self.found.push(violation);
            }
        }
    }

    /// In words; workers that do the same are told once.
    fn told(&self, after: &[skew::Violation<Host>], servers: usize, names: &[String]) -> Vec<Skew> {
        let name = |host: Host| match names.get(host) {
            _ if host >= servers => "workers".to_owned(),
            Some(name) => name.clone(),
            None => format!("control-plane node {}", host + 1),
        };
        let mut told: Vec<Skew> = Vec::new();
        for violation in &self.found {
            let skew = Skew {
                rule: violation.rule.id(),
                words: violation.words(name),
                passes: !after.iter().any(|v| v.key() == violation.key()),
                kubeadms_way: violation.is_kubeadms_way(),
            };
            if !told.contains(&skew) {
                told.push(skew);
            }
        }
        told
    }
}
