//! `kubeadm upgrade apply` and `kubeadm upgrade node` on control-plane nodes (K-11 … K-18), one phase after another.
//!
//! `checks.rs`: what stops kubeadm before it has changed anything; `swap.rs`: how it replaces a component, waits for it
//! and puts everything back where that fails; here: the order of phases.

mod checks;
mod swap;

use super::driver;
use crate::cluster::control_plane::{self, ControlPlane};
use crate::cluster::event::Event as World;
use crate::cluster::hall::Hall;
use crate::ids::NodeId;
use crate::model::behaviour::kubeadm;
use crate::model::{Command, Component, Etcd, WorkloadKind};
use crate::rng::{Purpose, Stream};
use crate::trace::{Fact, Phase, VersionId};
use crate::units::{Dist, KubeVersion, Span, Time};
use crate::versions::releases;

/// What the kubeadm on a node waits for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Event {
    /// A phase that only takes time is over.
    PhaseOver(NodeId),
    /// Has the Job of the health check completed?
    Job(NodeId),
    /// The new manifest of the current component is moved into place.
    Move(NodeId),
    /// Is the new process up?
    Look(NodeId),
    /// kubeadm has seen the component run.
    Seen(NodeId),
}

impl Event {
    const fn node(self) -> NodeId {
        match self {
            Self::PhaseOver(node) | Self::Job(node) | Self::Move(node) | Self::Look(node) | Self::Seen(node) => node,
        }
    }
}

/// What kubeadm is asked to do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call {
    pub(crate) version: VersionId,
    /// `None`: `apply` unless another node has been upgraded to that version already.
    pub(crate) command: Option<Command>,
}

/// How a run of kubeadm ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// It has done its work.
    Done,
    /// It has changed nothing.
    Refused,
    /// It has put everything back.
    Failed,
}

/// How long kubeadm waits before it tries again where the API is away at its start.
const API_RETRY: Span = Span::from_secs(1);

/// All runs of kubeadm, and what they have written into the cluster.
#[derive(Debug)]
pub(crate) struct Kubeadm {
    luck: Stream,
    /// Runs under way, on different nodes.
    runs: Vec<Run>,
    /// What `kubeadm upgrade apply` has written into the ConfigMap kubeadm-config, which `kubeadm upgrade node` follows
    /// (O-85); `None`: it still names the version of the start.
    config: Option<VersionId>,
    /// The version whose add-ons are deployed.
    add_ons: VersionId,
}

#[derive(Clone, Copy, Debug)]
struct Run {
    node: NodeId,
    owner: driver::Owner,
    version: VersionId,
    /// `apply`, as on the first node of a hop; the others run `node`.
    applies: bool,
    phase: Phase,
    started: Time,
    /// When the manifest of the current component was moved, and when its new hash was seen.
    moved: Time,
    hash_seen: Option<Time>,
    /// What each component that was swapped ran before, in the order of [`Component::ALL`].
    before: [Option<VersionId>; 4],
}

/// Phases of `kubeadm upgrade apply` in order (2.2).
const APPLY: [Phase; 9] = [
    Phase::Preflight,
    Phase::HealthCheck,
    Phase::Prepull,
    Phase::EtcdBackup,
    Phase::Etcd,
    Phase::ApiServer,
    Phase::ControllerManager,
    Phase::Scheduler,
    Phase::PostUpgrade,
];

impl Kubeadm {
    pub(crate) fn new(hall: &Hall<'_>) -> Self {
        Self {
            luck: hall.streams.stream(Purpose::Kubeadm, 0),
            runs: Vec::new(),
            config: None,
            add_ons: VersionId(0),
        }
    }

    /// Starts kubeadm on a node. The first that goes to a version runs `apply`; the others run `node`, which follows what
    /// `apply` has written down.
    pub(crate) fn start(&mut self, node: NodeId, owner: driver::Owner, call: Call, hall: &mut Hall<'_>) {
        let applies = call.command.unwrap_or(if self.config == Some(call.version) {
            Command::Node
        } else {
            Command::Apply
        }) == Command::Apply;
        let run = Run {
            node,
            owner,
            version: if applies {
                call.version
            } else {
                self.config.unwrap_or(VersionId(0))
            },
            applies,
            phase: Phase::Preflight,
            started: hall.now,
            moved: hall.now,
            hash_seen: None,
            before: [None; 4],
        };
        self.runs.push(run);
        hall.emit_cause(Fact::PhaseStarted {
            node,
            phase: Phase::Preflight,
        });
        let length = self.length(run, hall);
        hall.after(length, World::Kubeadm(Event::PhaseOver(node)));
    }

    /// Who waited for kubeadm, and how it ended, when it has.
    pub(crate) fn handle(
        &mut self,
        event: Event,
        control_plane: &ControlPlane,
        hall: &mut Hall<'_>,
    ) -> Option<(driver::Owner, Ended)> {
        let run = *self.run(event.node())?;
        match event {
            Event::PhaseOver(node) if run.phase == Phase::Preflight => {
                if checks::admin_expired(run, control_plane, hall) {
                    return self.refuse(node, hall);
                }
                if hall.admit().is_err() {
                    hall.after(API_RETRY, World::Kubeadm(Event::PhaseOver(node)));
                    return None;
                }
                self.over(node, control_plane, hall)
            }
            Event::PhaseOver(node) | Event::Seen(node) => self.over(node, control_plane, hall),
            Event::Job(node) => self.job(node, control_plane, hall),
            Event::Move(node) => {
                self.swap(node, control_plane, hall);
                None
            }
            Event::Look(node) => self.look(node, control_plane, hall),
        }
    }

    fn run(&mut self, node: NodeId) -> Option<&mut Run> {
        self.runs.iter_mut().find(|run| run.node == node)
    }

    fn begin(&mut self, node: NodeId, phase: Phase, control_plane: &ControlPlane, hall: &mut Hall<'_>) {
        let Some(run) = self.run(node) else { return };
        run.phase = phase;
        run.started = hall.now;
        let run = *run;
        hall.emit_cause(Fact::PhaseStarted { node, phase });
        match component(phase) {
            None if phase == Phase::HealthCheck && !checks::job_runs(hall) => {
                hall.after(Span::ZERO, World::Kubeadm(Event::Job(node)));
            }
            None => {
                if phase == Phase::PostUpgrade {
                    self.upload(run, hall);
                }
                let length = self.length(run, hall);
                hall.after(length, World::Kubeadm(Event::PhaseOver(node)));
            }
            Some(component) if !replaces(run, component, control_plane, hall) => {
                hall.after(Span::ZERO, World::Kubeadm(Event::PhaseOver(node)));
            }
            Some(component) => {
                let prepare = self.certificates(run, component, hall);
                hall.after(prepare, World::Kubeadm(Event::Move(node)));
            }
        }
    }

    /// A phase is over; the next one begins unless a check says no.
    fn over(
        &mut self,
        node: NodeId,
        control_plane: &ControlPlane,
        hall: &mut Hall<'_>,
    ) -> Option<(driver::Owner, Ended)> {
        let run = *self.run(node)?;
        if self.objects(run, control_plane, hall) {
            return self.refuse(node, hall);
        }
        hall.emit_cause(Fact::PhaseEnded { node, phase: run.phase });
        if run.phase == Phase::PostUpgrade {
            self.add_ons(run, hall);
            return self.end(node, Ended::Done);
        }
        let at = APPLY.iter().position(|&p| p == run.phase)?;
        let skipped = |p: &Phase| !run.applies && *p == Phase::HealthCheck;
        if let Some(&phase) = APPLY[at + 1..].iter().find(|p| !skipped(p)) {
            self.begin(node, phase, control_plane, hall);
        }
        None
    }

    fn end(&mut self, node: NodeId, ended: Ended) -> Option<(driver::Owner, Ended)> {
        let owner = self.run(node)?.owner;
        self.runs.retain(|run| run.node != node);
        Some((owner, ended))
    }

    fn refuse(&mut self, node: NodeId, hall: &mut Hall<'_>) -> Option<(driver::Owner, Ended)> {
        let phase = self.run(node)?.phase;
        hall.emit_cause(Fact::PhaseEnded { node, phase });
        self.end(node, Ended::Refused)
    }

    /// How long a phase that swaps nothing takes. A plan that gives `settle` times the swaps itself: then only the
    /// phases that it gives a time take any.
    fn length(&mut self, run: Run, hall: &Hall<'_>) -> Span {
        let given = &hall.model.timings.kubeadm;
        let minor = hall.minor(run.version);
        let (value, default) = match run.phase {
            Phase::Preflight => (&given.preflight, kubeadm::preflight(minor)),
            Phase::HealthCheck => (&given.health_check, kubeadm::health_check(minor)),
            Phase::Prepull => (&given.prepull, kubeadm::prepull(minor)),
            Phase::EtcdBackup => (&given.etcd_backup, kubeadm::etcd_backup()),
            _ => (&given.post_upgrade, kubeadm::post_upgrade(minor)),
        };
        self.given_or(value.as_ref(), &default, hall)
    }

    fn given_or(&mut self, given: Option<&Dist>, default: &Dist, hall: &Hall<'_>) -> Span {
        match given {
            Some(dist) => self.luck.sample(dist),
            None if hall.model.timings.settle.is_some() => Span::ZERO,
            None => self.luck.sample(default),
        }
    }

    /// Certificates are renewed just before their component is swapped, and only then.
    fn certificates(&mut self, run: Run, component: Component, hall: &mut Hall<'_>) -> Span {
        if !renews(hall) {
            return Span::ZERO;
        }
        hall.emit(Fact::CertificatesRenewed {
            node: run.node,
            component,
        });
        let event = control_plane::Event::Renewed(run.node, component);
        hall.after(Span::ZERO, World::ControlPlane(event));
        let minor = hall.minor(run.version);
        let default = kubeadm::certificates(minor, component == Component::ApiServer);
        let given = hall.model.timings.kubeadm.certificates.as_ref();
        self.given_or(given, &default, hall)
    }

    /// The client certificate in admin.conf, and the ConfigMap that the other nodes follow (2.2 #10, #11).
    fn upload(&mut self, run: Run, hall: &mut Hall<'_>) {
        self.config = Some(run.version);
        if renews(hall) {
            hall.emit(Fact::AdminConfRenewed { node: run.node });
            let event = control_plane::Event::AdminRenewed(run.node);
            hall.after(Span::ZERO, World::ControlPlane(event));
        }
    }

    /// CoreDNS and kube-proxy follow: with the first node up to 1.27; since 1.28 once no API server of another version
    /// is left, which is with the last node, or never where the last ones run at the same time (K-16).
    fn add_ons(&mut self, run: Run, hall: &mut Hall<'_>) {
        let to = hall.minor(run.version);
        let due = if kubeadm::postpones_addons(to) {
            hall.store.gate.servers.iter().all(|s| s.version == run.version)
        } else {
            run.applies
        };
        if !due || self.add_ons == run.version {
            return;
        }
        let Ok(permit) = hall.admit() else { return };
        let from = std::mem::replace(&mut self.add_ons, run.version);
        let dns_of = |v| releases::images(hall.version(v)).map(|i| i.core_dns.as_str());
        let dns = dns_of(run.version) != dns_of(from);
        for (id, workload) in hall.model.workloads.iter_ids() {
            let dns_changes = dns && workload.name == "coredns" && workload.kind == WorkloadKind::Deployment;
            let proxy = Some(id) == hall.store.kube_proxy;
            if workload.namespace == "kube-system" && (dns_changes || proxy) {
                crate::cluster::deployment::start_rollout(&permit, id, hall);
                if proxy {
                    hall.store
                        .proxies
                        .push((hall.store.workloads[id].revision, run.version));
                }
            }
        }
    }
}

/// Whether kubeadm of a version replaces the etcd that came with another one; it never goes back to an older etcd (K-13.4).
fn brings_etcd(from: &KubeVersion, to: &KubeVersion) -> bool {
    releases::images(from).is_some_and(|now| releases::etcd_after(&now.etcd, to) != now.etcd)
}

/// Whether the manifest of a component changes with this run (K-14.1), or the plan says how long it is down. Stacked etcd
/// is replaced when its own version changes, and always by later kubeadms, together with the API server (K-13).
fn replaces(run: Run, component: Component, control_plane: &ControlPlane, hall: &Hall<'_>) -> bool {
    let stacked = hall.model.control_plane.etcd == Etcd::Stacked;
    if component == Component::Etcd && !stacked {
        return false;
    }
    let installed = |component| control_plane.installed(component, run.node);
    let differs = |component| installed(component) != Some(run.version);
    let to = hall.minor(run.version);
    let changes = match component {
        Component::Etcd => {
            let again = kubeadm::always_restarts_etcd(to) && differs(Component::ApiServer);
            again || installed(component).is_some_and(|from| brings_etcd(hall.version(from), hall.version(run.version)))
        }
        _ => differs(component),
    };
    changes || hall.timings_of(component).down.is_some()
}

/// `--certificate-renewal`
fn renews(hall: &Hall<'_>) -> bool {
    let plan = hall.model.plan.as_ref();
    plan.is_none_or(|p| p.control_plane.renew_certificates)
}

/// The component that a phase swaps.
const fn component(phase: Phase) -> Option<Component> {
    match phase {
        Phase::Etcd => Some(Component::Etcd),
        Phase::ApiServer => Some(Component::ApiServer),
        Phase::ControllerManager => Some(Component::ControllerManager),
        Phase::Scheduler => Some(Component::Scheduler),
        _ => None,
    }
}
