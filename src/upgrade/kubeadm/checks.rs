//! What stops kubeadm before it has changed anything: its preflight checks and its version policy (K-1 … K-8, K-11, 2.2).

use super::{Ended, Event};
use super::{Kubeadm, Run, driver};
use crate::cluster::control_plane::ControlPlane;
use crate::cluster::event::Event as World;
use crate::cluster::hall::Hall;
use crate::ids::NodeId;
use crate::model::behaviour::kubeadm;
use crate::model::{Component, Etcd, TaintEffect};
use crate::trace::{Check, Fact, Flags, LifecycleTaint, Phase, VersionId};
use crate::units::{KubeVersion, Span};
use crate::versions::kubeadm::{Attempt, Verdict, refusals, verdict};

/// How often kubeadm looks whether its Job has completed.
const JOB_POLL: Span = Span::from_secs(1);

/// Taints that the Job of the health check tolerates.
const TOLERATED: [&str; 2] = [
    "node-role.kubernetes.io/master",
    "node-role.kubernetes.io/control-plane",
];

impl Kubeadm {
    /// Whether a check at the end of a phase stops kubeadm.
    pub(super) fn objects(&self, run: Run, control_plane: &ControlPlane, hall: &mut Hall<'_>) -> bool {
        let node = run.node;
        if run.applies && matches!(run.phase, Phase::Preflight | Phase::HealthCheck) && versions_refused(run, hall) {
            return true;
        }
        let failed = match run.phase {
            // `kubeadm upgrade node` does not look at other nodes.
            Phase::Preflight if run.applies => control_plane_not_ready(hall).then_some(Check::ControlPlaneNodesReady),
            Phase::EtcdBackup => etcd_unhealthy(run, control_plane, hall).then_some(Check::EtcdHealth),
            _ => None,
        };
        if let Some(check) = failed {
            hall.emit_cause(Fact::CheckFailed { node, check });
        }
        failed.is_some()
    }

    /// The Job has not completed yet: it is looked for until the time is up. Until 1.29 that is no error (K-11).
    pub(super) fn job(
        &mut self,
        node: NodeId,
        control_plane: &ControlPlane,
        hall: &mut Hall<'_>,
    ) -> Option<(driver::Owner, Ended)> {
        let run = *self.run(node)?;
        let minor = hall.minor(run.version);
        if job_runs(hall) {
            let length = self.length(run, hall);
            hall.after(length, World::Kubeadm(Event::PhaseOver(node)));
            return None;
        }
        let skips = kubeadm::needs_schedulable_node(minor) && !hall.store.nodes.ids().any(|n| takes_job(n, hall));
        let late = hall.now.since(run.started) >= kubeadm::health_check_limit(minor);
        if skips || late && kubeadm::ignores_job(minor) {
            return self.over(node, control_plane, hall);
        }
        if late {
            hall.emit_cause(Fact::CheckFailed {
                node,
                check: Check::CreateJob,
            });
            return self.refuse(node, hall);
        }
        hall.after(JOB_POLL, World::Kubeadm(Event::Job(node)));
        None
    }
}

/// Whether the version policy stops `kubeadm upgrade apply` (K-2 … K-8): a target that is too old for kubeadm when it loads
/// its configuration, everything else after the health checks.
fn versions_refused(run: Run, hall: &mut Hall<'_>) -> bool {
    let plan = hall.model.plan.as_ref();
    let options = plan.map(|p| p.kubeadm.clone()).unwrap_or_default();
    let servers = &hall.store.gate.servers;
    let answering = servers.iter().find(|s| s.works).or(servers.first());
    let cluster = answering.map_or(VersionId(0), |s| s.version);
    let own = options.version.as_ref().map_or(run.version, |v| hall.version_id(v));
    let nodes = hall.store.nodes.iter().filter(|n| n.exists);
    let kubelets: Vec<KubeVersion> = nodes.map(|n| hall.version(n.version).clone()).collect();
    let refusals = refusals(&Attempt {
        target: hall.version(run.version),
        cluster: Some(hall.version(cluster)),
        kubeadm: Some(hall.version(own)),
        kubelets: Some(&kubelets),
        allow_experimental: options.allow_experimental,
        allow_candidates: options.allow_release_candidates,
    });
    let at_loading = refusals.iter().any(|r| r.rule == "K-2");
    if refusals.is_empty() || at_loading != (run.phase == Phase::Preflight) {
        return false;
    }
    hall.emit_cause(Fact::VersionsChecked {
        node: run.node,
        target: run.version,
        cluster,
        kubeadm: own,
        flags: Flags {
            force: options.force,
            experimental: options.allow_experimental,
            candidates: options.allow_release_candidates,
        },
    });
    matches!(
        verdict(&refusals, options.force),
        Verdict::Refused | Verdict::NeedsForce
    )
}

/// kubeadm's own client certificate has expired: no request of its gets through.
pub(super) fn admin_expired(run: Run, control_plane: &ControlPlane, hall: &mut Hall<'_>) -> bool {
    let expired = control_plane.admin_expired(run.node, hall.now);
    if expired {
        hall.emit_cause(Fact::CheckFailed {
            node: run.node,
            check: Check::AdminCertificate,
        });
    }
    expired
}

/// Whether the Job of the health check would complete now: somebody creates its pod, somebody binds it, and a node takes it.
pub(super) fn job_runs(hall: &Hall<'_>) -> bool {
    let gate = &hall.store.gate;
    gate.admit_controllers().is_ok()
        && gate.admit_scheduler().is_ok()
        && hall.store.nodes.ids().any(|node| takes_job(node, hall))
}

fn takes_job(node: NodeId, hall: &Hall<'_>) -> bool {
    let state = &hall.store.nodes[node];
    let keeps_off = |taint: &crate::model::Taint| {
        taint.effect != TaintEffect::PreferNoSchedule && !TOLERATED.contains(&taint.key.as_str())
    };
    let mut marks = state.taints;
    marks.set(LifecycleTaint::UpgradePending, false);
    marks.set(LifecycleTaint::DeletionCandidate, false);
    state.exists
        && state.ready
        && !state.unschedulable
        && marks.is_empty()
        && !hall.model.nodes[node].taints.iter().any(keeps_off)
}

fn control_plane_not_ready(hall: &Hall<'_>) -> bool {
    let nodes = &hall.model.control_plane.nodes;
    nodes.iter().any(|&n| !hall.store.nodes[n].ready)
}

/// K-13.2: every member of stacked etcd must answer; since 1.36 a quorum is enough.
fn etcd_unhealthy(run: Run, control_plane: &ControlPlane, hall: &Hall<'_>) -> bool {
    if hall.model.control_plane.etcd != Etcd::Stacked {
        return false;
    }
    let members = control_plane.processes(Component::Etcd, None);
    let up = members.iter().filter(|&&id| control_plane.answers(id)).count();
    if kubeadm::quorum_is_healthy(hall.minor(run.version)) {
        up <= members.len() / 2
    } else {
        up < members.len()
    }
}
