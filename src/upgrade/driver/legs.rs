//! The way, leg by leg: the control plane makes a hop, node by node, or the pools are upgraded, one after another.

use super::{Driver, Progress, Stage, Task};
use crate::cluster::hall::Hall;
use crate::ids::NodeId;
use crate::model::{DrainVia, Leg, Part, Plan, Premark};
use crate::trace::{Fact, PlanStatus};
use crate::units::Span;
use crate::upgrade::order::control_plane_order;

impl Driver {
    /// Goes on with a leg, if there is one and nothing has gone wrong.
    pub(super) fn begin_leg(&mut self, at: usize, plan: &Plan, hall: &mut Hall<'_>) {
        let going_on = !matches!(self.status, PlanStatus::Aborted | PlanStatus::Refused);
        let Some(leg) = plan.legs.get(at).filter(|_| going_on) else {
            return self.end(hall);
        };
        self.leg = at;
        self.round = earlier(plan, at, Part::Workers);
        self.hop = earlier(plan, at, Part::ControlPlane);
        if leg.part == Part::ControlPlane && self.hop > 0 {
            // Whoever upgraded the control plane has the kubectl of that version.
            hall.kubectl = self.target.map_or(hall.kubectl, |v| hall.minor(v));
        }
        self.target = leg.version.as_ref().map(|v| hall.version_id(v));
        if let Some(version) = self.target.filter(|_| plan.hops().count() > 1) {
            let workers = leg.part == Part::Workers;
            hall.emit_cause(Fact::HopStarted { version, workers });
        }
        match leg.part {
            Part::ControlPlane => {
                self.progress = Progress::ControlPlane(0);
                self.next_control_plane(plan, hall);
            }
            Part::Workers => {
                self.progress = Progress::Pool(0);
                self.next_pool(plan, hall);
            }
        }
    }

    /// The next node of the control plane; where kubelets come last, all nodes pass twice.
    fn next_control_plane(&mut self, plan: &Plan, hall: &mut Hall<'_>) {
        let Progress::ControlPlane(at) = self.progress else {
            return;
        };
        let nodes = control_plane_order(hall.model);
        let passes = if plan.control_plane.kubelets_last { 2 } else { 1 };
        let going_on = !matches!(self.status, PlanStatus::Aborted | PlanStatus::Refused);
        if !going_on || at >= nodes.len() * passes {
            return self.begin_leg(self.leg + 1, plan, hall);
        }
        let node = nodes[at % nodes.len()];
        let stages = match (passes, at / nodes.len()) {
            (1, _) => control_plane_stages(plan, true, true),
            (_, 0) => control_plane_stages(plan, true, false),
            _ => control_plane_stages(plan, false, true),
        };
        let soak = plan.pools.first().map_or(Span::ZERO, |p| p.strategy.soak);
        let mut task = Task::new(node, stages, plan);
        task.soak = soak;
        task.control_plane = true;
        self.begin_task(task, hall);
    }

    pub(super) fn soak_over(&mut self, number: u32, plan: &Plan, hall: &mut Hall<'_>) {
        if self.tasks[number as usize].control_plane {
            if let Progress::ControlPlane(at) = self.progress {
                self.progress = Progress::ControlPlane(at + 1);
            }
            return self.next_control_plane(plan, hall);
        }
        self.pool_goes_on(number, plan, hall);
    }

    /// The random stream of one thing that happens to a node in the current leg: what happens in the first does not
    /// depend on how many follow.
    pub(super) fn entity(&self, node: NodeId, what: u64) -> u64 {
        let control_plane = self.progress_is_control_plane();
        let times = if control_plane { self.hop } else { self.round };
        crate::ids::Id::index(node) as u64 | what << 40 | (times as u64) << 48
    }

    const fn progress_is_control_plane(&self) -> bool {
        matches!(self.progress, Progress::ControlPlane(_))
    }
}

/// How many legs before this one are of that part.
fn earlier(plan: &Plan, at: usize, part: Part) -> usize {
    let before = |leg: &&Leg| leg.part == part;
    plan.legs[..at].iter().filter(before).count()
}

/// What is still to do on a control-plane node, the next thing last: kubeadm, the kubelet, or both.
fn control_plane_stages(plan: &Plan, kubeadm: bool, kubelet: bool) -> Vec<Stage> {
    let mut stages = vec![Stage::Soak];
    let drains = kubelet && plan.control_plane.drain && plan.drain.via != DrainVia::None;
    stages.extend(drains.then_some(Stage::Uncordon));
    stages.push(Stage::Gate);
    stages.extend(kubelet.then_some(Stage::Kubelet));
    let early = plan.control_plane.drain_before_apply;
    stages.extend((kubeadm && early).then_some(Stage::Kubeadm));
    stages.extend(drains.then_some(Stage::Drain));
    stages.extend((kubeadm && !early).then_some(Stage::Kubeadm));
    stages
}

/// What is still to do on a node that stays, the next thing last.
pub(super) fn in_place(plan: &Plan, premark: Premark, hall: &Hall<'_>) -> Vec<Stage> {
    let mut stages = vec![Stage::Soak];
    if plan.drain.via == DrainVia::None {
        stages.extend((premark != Premark::None).then_some(Stage::Uncordon));
        stages.extend([Stage::Gate, Stage::Kubelet]);
    } else {
        stages.extend([Stage::Uncordon, Stage::Gate, Stage::Kubelet, Stage::Drain]);
    }
    let configures = plan.target.is_some() && hall.model.timings.kubeadm.upgrade_node.is_some();
    stages.extend(configures.then_some(Stage::Configure));
    stages
}
