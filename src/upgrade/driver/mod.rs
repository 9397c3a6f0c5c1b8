//! The plan, node by node: kubeadm, drain, kubelet, uncordon; and what happens when one of them fails.

mod blue_green;
mod failure;
mod legs;
mod lost;
mod pools;
mod replace;
mod steps;

use self::blue_green::BlueGreen;
use super::drain::Drains;
use super::kubeadm::{Call, Ended, Kubeadm};
use super::pool::{PoolRun, Slot};
use crate::cluster::event::Event as World;
use crate::cluster::hall::Hall;
use crate::cluster::kubelet;
use crate::ids::NodeId;
use crate::model::{DrainOptions, Gate, OnFailure, Plan};
use crate::rng::{Purpose, Stream};
use crate::trace::{Fact, LifecycleTaint, NodeResult, Phase, PlanStatus, VersionId};
use crate::units::{Span, Time};

/// What the driver waits for. A task is the work on one node, by number.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Event {
    /// The plan starts.
    Start,
    /// A task goes on to its next stage.
    Next(u32),
    /// `kubeadm upgrade node` is done on a task's worker.
    Configured(u32),
    /// The kubelet of a task's node starts again.
    KubeletUp(u32),
    /// Is the gate of a task open?
    Gate(u32),
    /// kubectl sends the uncordon of a task's node.
    Uncordon(u32),
    /// kubectl marks the nodes of the current pool.
    Premark,
    /// The machine that takes the place of a task's node is up.
    Created(u32),
    /// It will not come …
    NotCreated(u32),
    /// … and none ever will.
    NeverCreated(u32),
    /// A machine that was lost is up again.
    Recreated(u32),
    /// The machine of a task's node is gone.
    Gone(u32),
    /// kubectl deletes a task's Node object.
    DeleteNode(u32),
    /// A failed drain is tried again.
    DrainAgain(u32),
    /// The pause between a task's drain and what follows it is over.
    Rested(u32),
    /// A closed gate with a time limit is looked at again.
    GateAgain(u32),
    /// What follows a drain whose time was up has begun by now.
    LimitOver,
    /// A task's node should have been drained by now.
    Alert(u32),
    /// A pause of the pool is over: between batches, after the last node, until a window opens.
    Resume,
    /// Can a node of the pool be begun by now?
    Look,
    /// Somebody wants the old nodes back.
    Rollback,
    /// The pause after a node is over.
    SoakOver(u32),
    /// The pause that a runbook asks for is over.
    SleepOver,
    /// The kubelet of the current step of a runbook starts again.
    StepUp,
    /// The current step of a runbook has been done, as it should or not.
    StepDone(bool),
    /// kubectl sends what the current step of a runbook asks for.
    StepCall,
}

/// Who waits for a drain or for kubeadm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    /// The work on a node.
    Task(u32),
    /// The current step of a runbook.
    Step,
}

/// A stage of the work on a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Kubeadm,
    /// `kubeadm upgrade node` on a worker: it only writes the kubelet's configuration (O-15).
    Configure,
    Drain,
    Kubelet,
    /// A new machine.
    Create,
    /// Is the new node Ready?
    Joined,
    /// The old machine and its Node object go.
    Delete,
    Gate,
    Uncordon,
    /// A pause after the drain.
    Rest,
    /// The others of the pool are waited for.
    Hold,
    /// From here on the task works on the successor.
    Turn,
    Soak,
}

/// The work on one node.
#[derive(Debug)]
struct Task {
    node: NodeId,
    /// The node that takes its place.
    successor: Option<NodeId>,
    slot: Slot,
    /// What is still to do, the next thing last.
    stages: Vec<Stage>,
    options: DrainOptions,
    reboot: bool,
    soak: Span,
    gate: Gate,
    /// Nodes of a lockstep batch wait for each other after each stage; those of no batch have none.
    batch: Option<u32>,
    result: NodeResult,
    control_plane: bool,
    /// An extra node, which nobody asked to upgrade.
    spare: bool,
    /// The node as the plan knows it, also when the task works on its successor.
    origin: NodeId,
    /// Drains that may still be tried after one that failed.
    tries_left: u32,
    draining: bool,
    /// The drain has a limit of time, after which the plan does something else.
    limited: bool,
    /// How often the gate was open in a row, and since when it has been looked at.
    passes: u32,
    /// How often a new machine was asked for.
    creations: u32,
    gate_since: Option<Time>,
    ended: bool,
    /// How often its new machine was lost.
    losses: u32,
}

impl Task {
    fn new(node: NodeId, stages: Vec<Stage>, plan: &Plan) -> Self {
        Self {
            node,
            successor: None,
            slot: Slot::Unavailable,
            stages,
            options: plan.drain.clone(),
            reboot: false,
            soak: Span::ZERO,
            gate: Gate::Ready,
            batch: None,
            result: NodeResult::Upgraded,
            control_plane: false,
            spare: false,
            origin: node,
            tries_left: plan.drain.tries.saturating_sub(1),
            draining: false,
            limited: false,
            passes: 0,
            creations: 0,
            gate_since: None,
            ended: false,
            losses: 0,
        }
    }
}

/// Where the plan is in its current leg.
#[derive(Debug, PartialEq, Eq)]
enum Progress {
    NotStarted,
    ControlPlane(usize),
    Pool(usize),
    Step(usize),
    Ended,
}

/// The driver.
#[derive(Debug)]
pub(crate) struct Driver {
    progress: Progress,
    pool: Option<PoolRun>,
    /// How many nodes the pool had at its start, and how many machines it has now.
    pool_size: u32,
    machines: usize,
    blue: BlueGreen,
    tasks: Vec<Task>,
    batches: u32,
    /// Tasks of a lockstep batch that have reached the next stage, per batch.
    arrived: Vec<Vec<u32>>,
    status: PlanStatus,
    /// The leg, and how many of its part came before it: hops of the control plane, rounds of the workers.
    leg: usize,
    hop: usize,
    round: usize,
    /// The version of the leg.
    target: Option<VersionId>,
    /// Runs of kubeadm that the current step of a runbook waits for, and whether all of them went well so far.
    step_runs: (usize, bool),
    /// kubeadm refused in the current step of a runbook.
    refused: bool,
    /// Things under way that take a known time: while there are any, the plan is not stuck.
    timers: u32,
    /// When the last of them was over.
    woken_at: Time,
    /// Drains that have a limit of time, after which the plan does something else.
    limits: u32,
    luck: Stream,
}

/// How long a person or script waits before it repeats a command that failed because the API was away, and how often
/// it looks at a gate.
const AGAIN: Span = Span::from_secs(1);

impl Driver {
    pub(crate) fn new(hall: &Hall<'_>, target: Option<VersionId>) -> Self {
        Self {
            progress: Progress::NotStarted,
            pool: None,
            pool_size: 0,
            machines: 0,
            blue: BlueGreen::default(),
            tasks: Vec::new(),
            batches: 0,
            arrived: Vec::new(),
            status: PlanStatus::Completed,
            leg: 0,
            hop: 0,
            round: 0,
            target,
            step_runs: (0, true),
            refused: false,
            timers: u32::from(hall.model.plan.is_some()),
            woken_at: Time::ZERO,
            limits: 0,
            luck: hall.streams.stream(Purpose::NodeUpgrade, u64::MAX >> 24),
        }
    }

    /// Whether the plan has ended, or there is none.
    #[inline]
    pub(crate) fn ended(&self, hall: &Hall<'_>) -> bool {
        hall.model.plan.is_none() || self.progress == Progress::Ended
    }

    pub(crate) fn handle(&mut self, event: Event, drains: &mut Drains, kubeadm: &mut Kubeadm, hall: &mut Hall<'_>) {
        let Some(plan) = &hall.model.plan else { return };
        match event {
            Event::Start
            | Event::SleepOver
            | Event::StepUp
            | Event::Configured(_)
            | Event::KubeletUp(_)
            | Event::Created(_)
            | Event::NotCreated(_)
            | Event::Recreated(_)
            | Event::Gone(_)
            | Event::Rested(_)
            | Event::GateAgain(_)
            | Event::Alert(_)
            | Event::Resume
            | Event::Rollback
            | Event::SoakOver(_) => {
                self.timers -= 1;
                // Looking at a gate again is no progress.
                if !matches!(event, Event::GateAgain(_)) {
                    self.woken_at = hall.now;
                }
                self.woken(event, plan, drains, kubeadm, hall);
            }
            Event::Next(task) => self.stage(task, plan, drains, kubeadm, hall),
            Event::NeverCreated(task) => self.not_created(task, hall),
            Event::Look => self.look(plan, hall),
            Event::LimitOver => self.limits -= 1,
            Event::Gate(task) => self.gate(task, hall),
            Event::Uncordon(task) => self.uncordon(task, hall),
            Event::Premark => self.premark(plan, hall),
            Event::DeleteNode(task) => self.delete_node(task, hall),
            Event::DrainAgain(task) => {
                let task_ref = &self.tasks[task as usize];
                drains.start(&[task_ref.node], task_ref.options.clone(), Owner::Task(task), hall);
            }
            Event::StepCall => self.step_call(plan, hall),
            Event::StepDone(ok) => self.step_done(ok, plan, drains, kubeadm, hall),
        }
    }

    /// Something that takes a known time is over.
    fn woken(&mut self, event: Event, plan: &Plan, drains: &mut Drains, kubeadm: &mut Kubeadm, hall: &mut Hall<'_>) {
        match event {
            Event::Start => {
                hall.emit_cause(Fact::PlanStarted);
                if plan.steps.is_empty() {
                    self.begin_leg(0, plan, hall);
                } else {
                    self.begin_step(0, plan, drains, kubeadm, hall);
                }
            }
            Event::Configured(task) => {
                let node = self.tasks[task as usize].node;
                let phase = Phase::UpgradeNode;
                hall.emit_cause(Fact::PhaseEnded { node, phase });
                self.stage_done(task, hall);
            }
            Event::KubeletUp(task) => self.kubelet_up(task, hall),
            Event::Created(task) => self.created(task, hall),
            Event::NotCreated(task) => self.not_created(task, hall),
            Event::Recreated(task) => self.recreated(task, hall),
            Event::Gone(task) => {
                self.machines = self.machines.saturating_sub(1);
                let start = self.kubectl(hall);
                hall.after(start, World::Driver(Event::DeleteNode(task)));
            }
            Event::SoakOver(task) => self.soak_over(task, plan, hall),
            Event::Rested(task) => self.stage_done(task, hall),
            Event::GateAgain(task) => self.gate(task, hall),
            Event::Alert(task) => self.alert(task, hall),
            Event::Resume => self.resume(plan, hall),
            Event::Rollback => self.rollback(plan, hall),
            Event::SleepOver => self.step_done(true, plan, drains, kubeadm, hall),
            _ => self.step_call(plan, hall),
        }
    }

    fn wake_after(&mut self, delay: Span, event: Event, hall: &mut Hall<'_>) {
        self.timers += 1;
        hall.after(delay, World::Driver(event));
    }

    /// Whether something else will happen when the time of a drain is up.
    pub(crate) const fn has_limits(&self) -> bool {
        self.limits > 0
    }

    /// When something that takes a known time was over last: a pause of hours is no standstill.
    pub(crate) const fn woken_at(&self) -> Time {
        self.woken_at
    }

    /// Whether the plan waits for nothing that takes a known time.
    pub(crate) fn only_repeats(&self) -> bool {
        self.timers == 0
    }

    /// The run ends before the plan.
    pub(crate) fn close(&mut self, status: PlanStatus, hall: &mut Hall<'_>) {
        if !self.ended(hall) {
            self.status = status;
            self.end(hall);
        }
    }

    fn end(&mut self, hall: &mut Hall<'_>) {
        self.progress = Progress::Ended;
        hall.emit_cause(Fact::PlanEnded { status: self.status });
    }

    fn begin_task(&mut self, task: Task, hall: &mut Hall<'_>) {
        let number = u32::try_from(self.tasks.len()).unwrap_or(u32::MAX);
        let cause = hall.cause;
        if !task.spare {
            hall.emit_cause(Fact::NodeUpgradeStarted { node: task.node });
        }
        self.tasks.push(task);
        hall.after(Span::ZERO, World::Driver(Event::Next(number)));
        hall.cause = cause;
    }

    /// A stage is done; in lockstep the next one waits for all of the batch.
    fn stage_done(&mut self, task: u32, hall: &mut Hall<'_>) {
        let Some(batch) = self.tasks[task as usize].batch else {
            return hall.after(Span::ZERO, World::Driver(Event::Next(task)));
        };
        self.arrived[batch as usize].push(task);
        self.release(batch, hall);
    }

    /// A task leaves its lockstep batch, which no longer waits for it.
    fn leave_batch(&mut self, task: u32, hall: &mut Hall<'_>) {
        if let Some(batch) = self.tasks[task as usize].batch.take() {
            self.release(batch, hall);
        }
    }

    fn release(&mut self, batch: u32, hall: &mut Hall<'_>) {
        let members = self.tasks.iter().filter(|t| t.batch == Some(batch)).count();
        if self.arrived[batch as usize].len() == members {
            for task in std::mem::take(&mut self.arrived[batch as usize]) {
                hall.after(Span::ZERO, World::Driver(Event::Next(task)));
            }
        }
    }

    fn stage(&mut self, number: u32, plan: &Plan, drains: &mut Drains, kubeadm: &mut Kubeadm, hall: &mut Hall<'_>) {
        if self.goes_no_further(number, hall) {
            return;
        }
        let task = &mut self.tasks[number as usize];
        let node = task.node;
        match task.stages.pop() {
            None => {}
            Some(Stage::Kubeadm) => {
                let version = self.target.unwrap_or(VersionId(0));
                let call = Call { version, command: None };
                kubeadm.start(node, Owner::Task(number), call, hall);
            }
            Some(Stage::Configure) => {
                let phase = Phase::UpgradeNode;
                hall.emit_cause(Fact::PhaseStarted { node, phase });
                let length = hall
                    .model
                    .timings
                    .kubeadm
                    .upgrade_node
                    .as_ref()
                    .map(|d| self.luck.sample(d));
                self.wake_after(length.unwrap_or_default(), Event::Configured(number), hall);
            }
            Some(Stage::Drain) => {
                task.draining = true;
                task.limited = task.options.timeout.is_some() && task.options.on_failure != OnFailure::Retry;
                self.limits += u32::from(task.limited);
                let (options, alert) = (task.options.clone(), task.options.alert_after);
                drains.start(&[node], options, Owner::Task(number), hall);
                if let Some(after) = alert {
                    self.wake_after(after, Event::Alert(number), hall);
                }
            }
            Some(Stage::Kubelet) => {
                let machine = task.reboot;
                let away = self.time_away(node, machine, hall);
                hall.after(Span::ZERO, World::Kubelet(kubelet::Event::Down { node, machine }));
                self.wake_after(away, Event::KubeletUp(number), hall);
            }
            Some(Stage::Create) => self.create(number, hall),
            Some(Stage::Delete) => self.delete(number, hall),
            Some(Stage::Joined | Stage::Gate) => hall.after(Span::ZERO, World::Driver(Event::Gate(number))),
            Some(Stage::Uncordon) => {
                let start = self.kubectl(hall);
                hall.after(start, World::Driver(Event::Uncordon(number)));
            }
            Some(Stage::Rest) => {
                let pause = self.strategy(hall).map_or(Span::ZERO, |s| s.post_drain_delay);
                self.wake_after(pause, Event::Rested(number), hall);
            }
            Some(Stage::Hold) => self.hold(number, plan, hall),
            Some(Stage::Turn) => self.turn(number, hall),
            Some(Stage::Soak) => self.soak(number, hall),
        }
    }

    /// The node is done, in whatever way: a pause follows one that went well.
    fn soak(&mut self, number: u32, hall: &mut Hall<'_>) {
        let task = &mut self.tasks[number as usize];
        let (node, result) = (task.origin, task.result);
        let soak = if matches!(result, NodeResult::Upgraded | NodeResult::Replaced) {
            task.soak
        } else {
            Span::ZERO
        };
        task.ended = true;
        if !task.spare {
            hall.emit_cause(Fact::NodeUpgradeEnded { node, result });
        }
        self.wake_after(soak, Event::SoakOver(number), hall);
    }

    /// How long a node's kubelet is away: the upgrade, and what a reboot adds to it.
    fn time_away(&self, node: NodeId, machine: bool, hall: &Hall<'_>) -> Span {
        let timings = &hall.model.timings;
        let upgrade = hall
            .streams
            .sample(Purpose::NodeUpgrade, self.entity(node, 0), &timings.node_upgrade);
        if machine {
            upgrade
                + hall
                    .streams
                    .sample(Purpose::NodeUpgrade, self.entity(node, 1), &timings.node_reboot)
        } else {
            upgrade
        }
    }

    fn kubelet_up(&mut self, number: u32, hall: &mut Hall<'_>) {
        let node = self.tasks[number as usize].node;
        let version = self.target.unwrap_or(hall.store.nodes[node].version);
        hall.after(Span::ZERO, World::Kubelet(kubelet::Event::Up { node, version }));
        self.stage_done(number, hall);
    }

    fn gate(&mut self, number: u32, hall: &mut Hall<'_>) {
        let strategy = self
            .strategy(hall)
            .filter(|_| !self.tasks[number as usize].control_plane);
        let checks = strategy.map_or(1, |s| s.gate_checks);
        let between = strategy.map_or(AGAIN, |s| s.gate_interval);
        let task = &mut self.tasks[number as usize];
        let since = *task.gate_since.get_or_insert(hall.now);
        let open = is_open(task, hall);
        task.passes = if open { task.passes + 1 } else { 0 };
        if open && (task.passes >= checks || task.gate == Gate::None) {
            task.gate_since = None;
            task.passes = 0;
            return self.stage_done(number, hall);
        }
        match strategy.and_then(|s| s.gate_timeout) {
            Some(limit) if hall.now.since(since) >= limit => {
                let node = task.origin;
                hall.emit_cause(Fact::GateTimedOut { node });
                self.leave_batch(number, hall);
                self.abort(number, hall);
            }
            Some(_) => self.wake_after(between, Event::GateAgain(number), hall),
            None => hall.after(between, World::Driver(Event::Gate(number))),
        }
    }

    fn uncordon(&mut self, number: u32, hall: &mut Hall<'_>) {
        let node = self.tasks[number as usize].node;
        match hall.admit() {
            Ok(permit) => {
                hall.write_unschedulable(&permit, node, false);
                if self.tasks[number as usize].options.exclude_from_balancers {
                    hall.write_excluded(&permit, node, false);
                }
                hall.write_taint(&permit, node, LifecycleTaint::UpgradePending, false);
                let exit = hall.half_call() + Span::from_millis(10);
                let batch = self.tasks[number as usize].batch;
                if batch.is_some() {
                    return self.stage_done(number, hall);
                }
                hall.after(exit, World::Driver(Event::Next(number)));
            }
            Err(_) => hall.after(AGAIN, World::Driver(Event::Uncordon(number))),
        }
    }

    fn kubectl(&mut self, hall: &Hall<'_>) -> Span {
        let start = self.luck.sample(&hall.model.timings.kubectl_start);
        Span::from_micros(start.as_micros() * 3 / 4)
    }

    /// kubeadm has ended on the node of a task or step.
    pub(crate) fn kubeadm_done(&mut self, owner: Owner, ended: Ended, hall: &mut Hall<'_>) {
        let failure = match ended {
            Ended::Done => None,
            Ended::Refused => Some(PlanStatus::Refused),
            Ended::Failed => Some(PlanStatus::Aborted),
        };
        match (owner, failure) {
            (Owner::Task(task), None) => self.stage_done(task, hall),
            (Owner::Task(task), Some(status)) => {
                self.status = status;
                self.give_up(task, NodeResult::Failed, hall);
            }
            (Owner::Step, _) => {
                let (left, ok) = &mut self.step_runs;
                *left = left.saturating_sub(1);
                *ok &= failure.is_none();
                if *left == 0 {
                    let ok = *ok;
                    self.refused |= ended == Ended::Refused;
                    hall.after(Span::ZERO, World::Driver(Event::StepDone(ok)));
                }
            }
        }
    }
}

/// Whether what must hold before a task's node counts as done holds now.
fn is_open(task: &Task, hall: &Hall<'_>) -> bool {
    let ready = hall.store.nodes[task.successor.unwrap_or(task.node)].ready;
    match task.gate {
        Gate::None => true,
        Gate::Ready => ready && hall.store.gate.available(),
        Gate::WorkloadsHealthy => ready && hall.store.gate.available() && hall.store.missing == 0,
    }
}
