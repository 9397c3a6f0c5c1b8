//! `kubeadm upgrade apply` and `kubeadm upgrade node` on a control-plane node (K-11 … K-18), one phase after another.

use super::driver;
use crate::cluster::control_plane::{self, ControlPlane};
use crate::cluster::event::Event as World;
use crate::cluster::hall::Hall;
use crate::ids::NodeId;
use crate::model::behaviour::{etcd, kubeadm};
use crate::model::{Component, Etcd, WorkloadKind};
use crate::rng::{Purpose, Stream};
use crate::trace::{Fact, Phase, VersionId};
use crate::units::{Dist, Span};

/// What kubeadm waits for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Event {
    /// A phase that only takes time is over.
    PhaseOver,
    /// The new manifest of the current component is moved into place.
    Move,
    /// Is the new process up?
    Look,
    /// kubeadm has seen the component run.
    Seen,
}

/// Time between two looks at a component (K-14).
const POLL: Span = Span::from_millis(100);
/// How long kubeadm waits before it tries again where the API is away at its start.
const API_RETRY: Span = Span::from_secs(1);

/// A run of kubeadm. Nodes are upgraded strictly one after another (O-14), so there is one at a time.
#[derive(Debug)]
pub(crate) struct Kubeadm {
    luck: Stream,
    run: Option<Run>,
}

#[derive(Clone, Copy, Debug)]
struct Run {
    node: NodeId,
    task: driver::Owner,
    version: VersionId,
    /// The first node runs `apply`, the others `node`.
    first: bool,
    last: bool,
    phase: Phase,
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
            run: None,
        }
    }

    /// Starts kubeadm on a node. False: a control-plane node is not Ready, and kubeadm refuses (2.2 #3, O-19).
    pub(crate) fn start(&mut self, node: NodeId, task: driver::Owner, version: VersionId, hall: &mut Hall<'_>) -> bool {
        let nodes = &hall.model.control_plane.nodes;
        if nodes.iter().any(|&n| !hall.store.nodes[n].ready) {
            return false;
        }
        self.run = Some(Run {
            node,
            task,
            version,
            first: nodes.first() == Some(&node),
            last: nodes.last() == Some(&node),
            phase: Phase::Preflight,
        });
        self.begin(Phase::Preflight, hall);
        true
    }

    /// The driver's task when kubeadm is done.
    pub(crate) fn handle(
        &mut self,
        event: Event,
        control_plane: &ControlPlane,
        hall: &mut Hall<'_>,
    ) -> Option<driver::Owner> {
        let run = self.run?;
        match event {
            Event::PhaseOver if run.phase == Phase::Preflight && hall.admit().is_err() => {
                hall.after(API_RETRY, World::Kubeadm(Event::PhaseOver));
            }
            Event::PhaseOver | Event::Seen => return self.next(hall),
            Event::Move => self.swap(run, control_plane, hall),
            Event::Look => self.look(run, control_plane, hall),
        }
        None
    }

    fn begin(&mut self, phase: Phase, hall: &mut Hall<'_>) {
        let Some(run) = &mut self.run else { return };
        run.phase = phase;
        let run = *run;
        hall.emit_cause(Fact::PhaseStarted { node: run.node, phase });
        match component(phase) {
            None => {
                let length = self.length(run, hall);
                hall.after(length, World::Kubeadm(Event::PhaseOver));
            }
            Some(Component::Etcd) if !self.restarts_etcd(run, hall) => {
                hall.after(Span::ZERO, World::Kubeadm(Event::PhaseOver));
            }
            Some(component) => {
                let prepare = self.certificates(run, component, hall);
                hall.after(prepare, World::Kubeadm(Event::Move));
            }
        }
    }

    fn next(&mut self, hall: &mut Hall<'_>) -> Option<driver::Owner> {
        let run = self.run?;
        hall.emit_cause(Fact::PhaseEnded {
            node: run.node,
            phase: run.phase,
        });
        if run.phase == Phase::PostUpgrade {
            self.add_ons(run, hall);
            self.run = None;
            return Some(run.task);
        }
        let at = APPLY.iter().position(|&p| p == run.phase)?;
        let skipped = |p: &Phase| !run.first && *p == Phase::HealthCheck;
        if let Some(&phase) = APPLY[at + 1..].iter().find(|p| !skipped(p)) {
            self.begin(phase, hall);
        }
        None
    }

    /// How long a phase that swaps nothing takes. A plan that gives `settle` times the swaps itself: then only the
    /// phases that it gives a time take any.
    fn length(&mut self, run: Run, hall: &Hall<'_>) -> Span {
        let given = &hall.model.timings.kubeadm;
        let minor = hall.versions[run.version.0 as usize].minor();
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
        let renew = hall
            .model
            .plan
            .as_ref()
            .is_none_or(|p| p.control_plane.renew_certificates);
        if !renew {
            return Span::ZERO;
        }
        hall.emit(Fact::CertificatesRenewed {
            node: run.node,
            component,
        });
        let minor = hall.versions[run.version.0 as usize].minor();
        let default = kubeadm::certificates(minor, component == Component::ApiServer);
        let given = hall.model.timings.kubeadm.certificates.as_ref();
        self.given_or(given, &default, hall)
    }

    /// Stacked etcd is restarted when its version changes, always by later kubeadms (K-13), or because the plan says how
    /// long it is down.
    fn restarts_etcd(&self, run: Run, hall: &Hall<'_>) -> bool {
        let to = hall.versions[run.version.0 as usize].minor();
        let from = hall.model.version.minor();
        let stacked = hall.model.control_plane.etcd == Etcd::Stacked;
        let changes = etcd::version(from) != etcd::version(to) || kubeadm::always_restarts_etcd(to);
        stacked && (changes || hall.model.timings.etcd.down.is_some())
    }

    fn swap(&mut self, run: Run, control_plane: &ControlPlane, hall: &mut Hall<'_>) {
        let Some(instance) = component(run.phase).and_then(|c| control_plane.on_node(c, run.node)) else {
            return hall.after(Span::ZERO, World::Kubeadm(Event::Seen));
        };
        let event = control_plane::Event::Swap(instance, run.version);
        hall.after(Span::ZERO, World::ControlPlane(event));
        hall.after(POLL, World::Kubeadm(Event::Look));
    }

    /// Waits for the process, then for the mirror pod's new hash, then for phase Running (K-14, K-15).
    fn look(&mut self, run: Run, control_plane: &ControlPlane, hall: &mut Hall<'_>) {
        let Some(component) = component(run.phase) else { return };
        let up = control_plane
            .on_node(component, run.node)
            .is_none_or(|id| control_plane.is_up(id));
        if !up || !hall.store.gate.available() {
            return hall.after(POLL, World::Kubeadm(Event::Look));
        }
        let minor = hall.versions[run.version.0 as usize].minor();
        let wait = match &hall.model.timings.settle {
            Some(settle) => self.luck.sample(settle),
            None if component == Component::Etcd => Span::from_millis(30),
            None => {
                let api_server = component == Component::ApiServer;
                let hash = if api_server {
                    kubeadm::api_server_hash(minor)
                } else {
                    kubeadm::hash()
                };
                self.luck.sample(&hash) + self.luck.sample(&kubeadm::running(minor, component))
            }
        };
        hall.after(wait, World::Kubeadm(Event::Seen));
    }

    /// CoreDNS and kube-proxy follow: with the first node up to 1.27, with the last one since 1.28 (K-16).
    fn add_ons(&self, run: Run, hall: &mut Hall<'_>) {
        let to = hall.versions[run.version.0 as usize].minor();
        let due = if kubeadm::postpones_addons(to) {
            run.last
        } else {
            run.first
        };
        if !due {
            return;
        }
        let Ok(permit) = hall.admit() else { return };
        let dns = kubeadm::coredns(to) != kubeadm::coredns(hall.model.version.minor());
        for (id, workload) in hall.model.workloads.iter_ids() {
            let dns_changes = dns && workload.name == "coredns" && workload.kind == WorkloadKind::Deployment;
            let proxy = workload.name == "kube-proxy" && workload.kind == WorkloadKind::DaemonSet;
            if workload.namespace == "kube-system" && (dns_changes || proxy) {
                crate::cluster::deployment::start_rollout(&permit, id, hall);
            }
        }
    }
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
