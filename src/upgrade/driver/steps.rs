//! An explicit runbook: one command a step, each as its author expects it to end.

use super::replace::{creation, fails};
use super::{Driver, Event, Owner, Progress};
use crate::cluster::control_plane;
use crate::cluster::event::Event as World;
use crate::cluster::hall::Hall;
use crate::cluster::kubelet;
use crate::model::{Expectation, Plan, Step};
use crate::trace::{Fact, PlanStatus, VersionId};
use crate::units::{KubeVersion, Span};
use crate::upgrade::drain::Drains;
use crate::upgrade::fault;
use crate::upgrade::kubeadm::{Call, Kubeadm};

/// How long people wait after `kubeadm certs renew all` until the static pods are back (an assumption).
const AFTER_RENEWAL: Span = Span::from_secs(60);

impl Driver {
    pub(super) fn begin_step(
        &mut self,
        at: usize,
        plan: &Plan,
        drains: &mut Drains,
        kubeadm: &mut Kubeadm,
        hall: &mut Hall<'_>,
    ) {
        self.progress = Progress::Step(at);
        let Some(step) = plan.steps.get(at) else {
            return self.end(hall);
        };
        let number = u32::try_from(at).unwrap_or(u32::MAX);
        hall.emit_cause(Fact::StepStarted { step: number });
        match step {
            Step::Drain { nodes, options, .. } => drains.start(nodes, options.clone(), Owner::Step, hall),
            Step::Sleep(span) => self.wake_after(*span, Event::SleepOver, hall),
            Step::UpgradeNode { node, reboot, version } => {
                let (node, machine) = (*node, *reboot);
                self.step_version(version.as_ref(), hall);
                let away = self.time_away(node, machine, hall);
                hall.after(Span::ZERO, World::Kubelet(kubelet::Event::Down { node, machine }));
                self.wake_after(away, Event::StepUp, hall);
            }
            Step::CreateNode(node) => {
                let time = creation(self.entity(*node, 2), hall);
                if fails(self.entity(*node, 2), 0, hall) {
                    hall.emit_cause(Fact::CreationFailed { node: *node });
                    return hall.after(time, World::Driver(Event::StepDone(false)));
                }
                self.wake_after(time, Event::StepUp, hall);
            }
            Step::RenewCertificates(node) => {
                let event = control_plane::Event::AllRenewed(*node);
                hall.after(Span::ZERO, World::ControlPlane(event));
                self.wake_after(AFTER_RENEWAL, Event::SleepOver, hall);
            }
            Step::Cordon(_) | Step::Uncordon(_) | Step::DeletePod(_) | Step::DeleteNode(_) => {
                let start = self.kubectl(hall);
                hall.after(start, World::Driver(Event::StepCall));
            }
            Step::UpgradeControlPlane {
                nodes,
                version,
                command,
                ..
            } => {
                self.step_version(version.as_ref(), hall);
                self.step_runs = (nodes.len(), true);
                let version = self.target.unwrap_or(VersionId(0));
                let command = *command;
                for &node in nodes {
                    kubeadm.start(node, Owner::Step, Call { version, command }, hall);
                }
            }
        }
    }

    /// The version of a step: its own, that of a step before it, or the plan's.
    fn step_version(&mut self, given: Option<&KubeVersion>, hall: &Hall<'_>) {
        if let Some(version) = given {
            self.target = Some(hall.version_id(version));
        }
    }

    pub(super) fn step_call(&mut self, plan: &Plan, hall: &mut Hall<'_>) {
        let Progress::Step(at) = self.progress else { return };
        let done = match (&plan.steps[at], hall.admit()) {
            (Step::UpgradeNode { node, .. }, _) => {
                let (node, version) = (*node, self.target.unwrap_or(hall.store.nodes[*node].version));
                hall.after(Span::ZERO, World::Kubelet(kubelet::Event::Up { node, version }));
                true
            }
            (Step::CreateNode(node), _) => {
                self.join(*node, hall);
                true
            }
            (Step::Cordon(node), Ok(permit)) => {
                hall.write_unschedulable(&permit, *node, true);
                true
            }
            (Step::Uncordon(node), Ok(permit)) => {
                hall.write_unschedulable(&permit, *node, false);
                true
            }
            (Step::DeleteNode(node), Ok(permit)) => hall.delete_node(&permit, *node),
            (Step::DeletePod(workload), Ok(permit)) => fault::delete_one(*workload, &permit, &mut self.luck, hall),
            _ => false,
        };
        hall.after(Span::from_millis(10), World::Driver(Event::StepDone(done)));
    }

    pub(super) fn step_done(
        &mut self,
        done: bool,
        plan: &Plan,
        drains: &mut Drains,
        kubeadm: &mut Kubeadm,
        hall: &mut Hall<'_>,
    ) {
        let Progress::Step(at) = self.progress else { return };
        let refused = std::mem::take(&mut self.refused);
        let ok = match &plan.steps[at] {
            Step::Drain { expect, .. } | Step::UpgradeControlPlane { expect, .. } => match expect {
                Expectation::Success => done,
                Expectation::Failure => !done,
                Expectation::Any => true,
            },
            _ => done,
        };
        let step = u32::try_from(at).unwrap_or(u32::MAX);
        hall.emit_cause(Fact::StepEnded { step, ok });
        if ok {
            return self.begin_step(at + 1, plan, drains, kubeadm, hall);
        }
        self.status = if refused {
            PlanStatus::Refused
        } else {
            PlanStatus::Aborted
        };
        self.end(hall);
    }
}
