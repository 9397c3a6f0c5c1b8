//! Nodes that give way to new ones, and marks for those whose turn has not come.

use super::pools::ASK_AGAIN;
use super::{AGAIN, Driver, Event, Progress, Slot, Stage};
use crate::cluster::event::Event as World;
use crate::cluster::hall::Hall;
use crate::cluster::kubelet;
use crate::ids::NodeId;
use crate::model::{DrainVia, Mode, OnCreateFailure, Plan, Premark};
use crate::rng::Purpose;
use crate::trace::{Fact, LifecycleTaint, NodeResult};
use crate::units::Span;

/// What is still to do on a node that is replaced, the next thing last.
pub(super) fn stages(slot: Slot, via: DrainVia) -> Vec<Stage> {
    let drain = (via != DrainVia::None).then_some(Stage::Drain);
    let mut stages = vec![Stage::Soak, Stage::Gate];
    match slot {
        Slot::Surge => {
            stages.push(Stage::Delete);
            stages.extend(drain);
            stages.extend([Stage::Joined, Stage::Create]);
        }
        Slot::Unavailable => {
            stages.extend([Stage::Joined, Stage::Create, Stage::Delete]);
            stages.extend(drain);
        }
    }
    stages
}

impl Driver {
    /// Marks every node of the pool, then starts with the first ones.
    pub(super) fn premark(&mut self, plan: &Plan, hall: &mut Hall<'_>) {
        let Progress::Pool(at) = self.progress else { return };
        let pool = &plan.pools[at];
        let before = self.round.checked_sub(1).and_then(|r| pool.successors.get(r));
        for &node in before.unwrap_or(&pool.nodes) {
            let Ok(permit) = hall.admit() else {
                return Self::premark_again(hall);
            };
            let mark = match pool.strategy.mode {
                Mode::BlueGreen => Premark::Cordon,
                _ => pool.strategy.premark,
            };
            match mark {
                Premark::None => {}
                Premark::PreferNoSchedule => hall.write_taint(&permit, node, LifecycleTaint::UpgradePending, true),
                Premark::Cordon => {
                    hall.write_unschedulable(&permit, node, true);
                    if plan.drain.exclude_from_balancers {
                        hall.write_excluded(&permit, node, true);
                    }
                }
            }
        }
        if pool.strategy.mode == Mode::BlueGreen {
            return self.blue_is_cordoned(plan, hall);
        }
        self.admit(plan, hall);
    }

    /// A new machine is asked for.
    pub(super) fn create(&mut self, number: u32, hall: &mut Hall<'_>) {
        let successor = self.tasks[number as usize].successor;
        match successor {
            Some(_) if self.refused_by_quota(number, hall) => {}
            Some(successor) => {
                let entity = self.entity(successor, 2);
                let time = creation(entity, hall);
                let attempt = self.tasks[number as usize].creations;
                self.tasks[number as usize].creations += 1;
                if !fails(entity, attempt, hall) {
                    return self.wake_after(time, Event::Created(number), hall);
                }
                let notice = self.strategy(hall).and_then(|s| s.create_timeout).unwrap_or(time);
                if hall.model.creation_failure < 1000 {
                    self.wake_after(notice, Event::NotCreated(number), hall);
                } else {
                    // Where none ever comes, time that passes is no progress.
                    hall.after(notice, World::Driver(Event::NeverCreated(number)));
                }
            }
            None => self.stage_done(number, hall),
        }
    }

    /// A new machine did not come.
    pub(super) fn not_created(&mut self, number: u32, hall: &mut Hall<'_>) {
        self.machines = self.machines.saturating_sub(1);
        let task = &self.tasks[number as usize];
        let node = task.successor.unwrap_or(task.node);
        hall.emit_cause(Fact::CreationFailed { node });
        match self.strategy(hall).map(|s| s.on_create_failure) {
            Some(OnCreateFailure::Retry) => {
                self.tasks[number as usize].stages.push(Stage::Create);
                hall.after(ASK_AGAIN, World::Driver(Event::Next(number)));
            }
            _ => self.abort(number, hall),
        }
    }

    pub(super) fn created(&mut self, number: u32, hall: &mut Hall<'_>) {
        if let Some(node) = self.tasks[number as usize].successor {
            self.join(node, hall);
        }
        self.stage_done(number, hall);
    }

    /// A new machine's kubelet starts and registers its node, at the target version.
    pub(super) fn join(&self, node: NodeId, hall: &mut Hall<'_>) {
        let version = self.target.unwrap_or(hall.store.nodes[node].version);
        hall.after(Span::ZERO, World::Kubelet(kubelet::Event::Up { node, version }));
    }

    /// The old machine goes, and its containers with it; its Node object follows.
    pub(super) fn delete(&mut self, number: u32, hall: &mut Hall<'_>) {
        let node = self.tasks[number as usize].node;
        hall.after(Span::ZERO, World::Kubelet(kubelet::Event::Deleted(node)));
        let dist = &hall.model.timings.node_delete;
        let time = hall.streams.sample(Purpose::NodeUpgrade, self.entity(node, 3), dist);
        self.wake_after(time, Event::Gone(number), hall);
    }

    pub(super) fn delete_node(&mut self, number: u32, hall: &mut Hall<'_>) {
        let node = self.tasks[number as usize].node;
        let Ok(permit) = hall.admit() else {
            return hall.after(AGAIN, World::Driver(Event::DeleteNode(number)));
        };
        hall.delete_node(&permit, node);
        let task = &mut self.tasks[number as usize];
        // After a rollback it is the new node that goes.
        if task.node == task.origin {
            task.result = NodeResult::Replaced;
        }
        self.stage_done(number, hall);
    }
}

/// How long a new machine takes.
pub(super) fn creation(entity: u64, hall: &Hall<'_>) -> Span {
    let dist = &hall.model.timings.node_create;
    hall.streams.sample(Purpose::NodeUpgrade, entity, dist)
}

/// Whether a new machine does not come, the n-th time that it is asked for.
pub(super) fn fails(entity: u64, attempt: u32, hall: &Hall<'_>) -> bool {
    if hall.model.creation_failure == 0 {
        return false;
    }
    let mut luck = hall.streams.stream(Purpose::NodeCreation, entity);
    for _ in 0..attempt {
        luck.below(1000);
    }
    luck.below(1000) < hall.model.creation_failure
}
