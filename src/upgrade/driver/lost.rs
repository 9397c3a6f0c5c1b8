//! Nodes that the cluster autoscaler takes away from the plan, and those that the plan keeps it from.

use super::replace::creation;
use super::{Driver, Event, Progress, Stage};
use crate::cluster::hall::Hall;
use crate::ids::NodeId;
use crate::model::Gate;
use crate::trace::{Fact, NodeResult};

/// A machine that is lost is asked for so many times more for one node; then the plan goes on without it. An assumption: by
/// then, hours have passed, and most tools have given up.
const MOST_AGAIN: u32 = 10;

impl Driver {
    /// Whether any pool's nodes are annotated so that the autoscaler leaves them alone.
    pub(crate) fn disables_scale_down(&self, hall: &Hall<'_>) -> bool {
        let plan = hall.model.plan.as_ref();
        plan.is_some_and(|p| p.pools.iter().any(|pool| pool.strategy.scale_down_disabled))
    }

    /// Whether a node is annotated so that the autoscaler leaves it alone: one of the pool that is worked on, or one that
    /// comes for it.
    pub(crate) fn keeps(&self, node: NodeId, hall: &Hall<'_>) -> bool {
        let (Progress::Pool(at), Some(plan)) = (&self.progress, &hall.model.plan) else {
            return false;
        };
        let Some(pool) = plan.pools.get(*at).filter(|p| p.strategy.scale_down_disabled) else {
            return false;
        };
        let mut coming = pool.successors.iter().chain(&pool.spares).flatten();
        pool.nodes.contains(&node) || coming.any(|&n| n == node)
    }

    /// The autoscaler has removed a node.
    pub(crate) fn lost(&mut self, node: NodeId, hall: &mut Hall<'_>) {
        if let Some(run) = &mut self.pool {
            run.forget(node);
        }
        self.machines = self.machines.saturating_sub(1);
        for number in 0..self.tasks.len() {
            let task = &mut self.tasks[number];
            if task.ended || task.stages.contains(&Stage::Create) {
                continue;
            }
            if task.successor == Some(node) && task.result != NodeResult::Skipped {
                // An extra node that is on its way out is not missed.
                if !(task.spare && task.draining) {
                    self.ask_again(number, node, hall);
                }
            } else if task.node == node && task.successor.is_none() {
                // Nothing is left to be done on it.
                (task.gate, task.stages) = (Gate::None, vec![Stage::Soak]);
            }
        }
    }

    /// The plan needs the new machine that is gone, and asks for another one of the same name.
    fn ask_again(&mut self, number: usize, node: NodeId, hall: &mut Hall<'_>) {
        let task = &mut self.tasks[number];
        if task.losses == MOST_AGAIN {
            task.stages.retain(|&s| s != Stage::Joined);
            task.gate = Gate::None;
            return;
        }
        task.losses += 1;
        // Before the old node is deleted the new one has to be there again.
        if task.draining && task.stages.last() != Some(&Stage::Joined) {
            task.stages.push(Stage::Joined);
        }
        let (origin, luck) = (task.origin, 3 + u64::from(task.losses));
        self.machines += 1;
        hall.emit_cause(Fact::SuccessorLost { node: origin });
        let time = creation(self.entity(node, luck), hall);
        let number = u32::try_from(number).unwrap_or(u32::MAX);
        self.wake_after(time, Event::Recreated(number), hall);
    }

    /// A machine that was asked for again is up.
    pub(super) fn recreated(&self, number: u32, hall: &mut Hall<'_>) {
        if let Some(node) = self.tasks[number as usize].successor {
            self.join(node, hall);
        }
    }
}
