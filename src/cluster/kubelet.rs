//! Kubelets: they start, stop and restart containers, with or without the API (L-*, C-2, C-3).

use super::event::Event as World;
use super::hall::Hall;
use super::{node_lifecycle, volumes};
use crate::ids::{Id, IdVec, NodeId, PodId};
use crate::model::{RestartPolicy, behaviour};
use crate::rng::Purpose;
use crate::trace::{Fact, StopReason, VersionId};
use crate::units::{Dist, Span, Time};

/// What kubelets wait for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Event {
    /// The kubelet has seen that a pod was bound to its node or is being deleted.
    Sync(PodId),
    /// Containers answer requests, unless they have been stopped meanwhile (generation).
    Serving(PodId, u16),
    /// Containers end by themselves, their work done (generation).
    Finished(PodId, u16),
    /// Containers have stopped in answer to SIGTERM or at the end of the grace period.
    Stopped(PodId, u16),
    /// The wait before restarting crashed containers is over.
    Restart(PodId, u16),
    /// The kubelet writes a pod's status.
    Report(PodId),
    /// The kubelet writes that a pod has succeeded.
    ReportEnd(PodId),
    /// After a restart the kubelet does not know yet whether a container is ready (L-18).
    Forget(PodId),
    /// The kubelet deletes the object of a pod whose containers have stopped.
    Remove(PodId),
    /// A container exits with an error (a fault).
    Crash(PodId),
    /// The kubelet process stops; with the machine, containers stop, too.
    Down { node: NodeId, machine: bool },
    /// The kubelet process starts.
    Up { node: NodeId, version: VersionId },
    /// A machine that crashed is back: its kubelet starts, unless somebody has started it already.
    Boot(NodeId),
    /// The kubelet has listed its pods again.
    Listed { node: NodeId, generation: u16 },
    /// The kubelet posts that its node is ready.
    PostReady { node: NodeId, generation: u16 },
    /// The API answers again.
    ApiBack,
}

/// Where a pod's containers are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Not started.
    Absent,
    /// They run; `true`: they serve.
    Running(bool),
    /// SIGTERM was sent.
    Stopping(bool),
    /// They have exited and wait to be restarted.
    Crashed,
    /// They have exited for good.
    Stopped,
}

/// The containers of a pod.
#[derive(Clone, Copy, Debug)]
struct Containers {
    state: State,
    generation: u16,
    crashes: u16,
    last_crash: Time,
}

impl Containers {
    const ABSENT: Self = Self {
        state: State::Absent,
        generation: 0,
        crashes: 0,
        last_crash: Time::ZERO,
    };

    fn serving(self) -> bool {
        matches!(self.state, State::Running(true))
    }
}

/// A node's kubelet.
#[derive(Clone, Copy, Debug)]
struct Kubelet {
    up: bool,
    machine_up: bool,
    /// It has listed its pods since it started; without, it restarts nothing (C-3).
    informed: bool,
    generation: u16,
}

/// All kubelets.
#[derive(Debug)]
pub(crate) struct Kubelets {
    nodes: IdVec<NodeId, Kubelet>,
    containers: IdVec<PodId, Containers>,
    /// What could not be written because the API was away.
    unwritten: Vec<Event>,
}

impl Kubelets {
    pub(crate) fn new(hall: &Hall<'_>) -> Self {
        let healthy = Kubelet {
            up: true,
            machine_up: true,
            informed: true,
            generation: 0,
        };
        let absent = Kubelet {
            up: false,
            machine_up: false,
            informed: false,
            generation: 0,
        };
        Self {
            nodes: hall
                .model
                .nodes
                .iter()
                .map(|n| if n.planned { absent } else { healthy })
                .collect(),
            containers: IdVec::new(),
            unwritten: Vec::new(),
        }
    }

    /// A pod whose containers run before time starts.
    pub(crate) fn running_at_start(&mut self, pod: PodId, serving: bool, hall: &mut Hall<'_>) {
        self.of(pod).state = State::Running(serving);
        if serving {
            self.works(pod, hall);
        }
    }

    pub(crate) fn handle(&mut self, event: Event, hall: &mut Hall<'_>) {
        match event {
            Event::Sync(pod) => self.sync(pod, hall),
            Event::Serving(pod, generation) => self.serving(pod, generation, hall),
            Event::Finished(pod, generation) => self.finished(pod, generation, hall),
            Event::Stopped(pod, generation) => self.stopped(pod, generation, hall),
            Event::Restart(pod, generation) => self.restart(pod, generation, hall),
            Event::Report(pod) => self.report(pod, hall),
            Event::ReportEnd(pod) => self.report_end(pod, hall),
            Event::Forget(pod) => self.forget(pod, hall),
            Event::Remove(pod) => self.remove(pod, hall),
            Event::Crash(pod) => self.crash(pod, hall),
            Event::Down { node, machine } => self.down(node, machine, hall),
            Event::Up { node, version } => self.up(node, version, hall),
            Event::Boot(node) => self.boot(node, hall),
            Event::Listed { node, generation } => self.listed(node, generation, hall),
            Event::PostReady { node, generation } => self.post_ready(node, generation, hall),
            Event::ApiBack => self.api_back(hall),
        }
    }

    fn of(&mut self, pod: PodId) -> &mut Containers {
        while self.containers.len() <= pod.index() {
            self.containers.push(Containers::ABSENT);
        }
        &mut self.containers[pod]
    }

    /// The kubelet that is responsible for a pod, if it can act on it.
    fn acting(&self, pod: PodId, hall: &Hall<'_>) -> Option<NodeId> {
        let node = hall.store.pods[pod].node?;
        (self.nodes[node].up && self.nodes[node].informed).then_some(node)
    }

    fn sync(&mut self, pod: PodId, hall: &mut Hall<'_>) {
        if self.acting(pod, hall).is_none() {
            return;
        }
        // A pod without an object has no right to run: it was removed by force.
        let terminating = hall.store.pods[pod].terminating || !hall.store.pods[pod].exists;
        match self.of(pod).state {
            State::Absent if !terminating => self.start(pod, hall),
            State::Running(serving) if terminating => self.stop(pod, serving, hall),
            State::Absent | State::Crashed | State::Stopped if terminating => self.finish(pod, hall),
            _ => {}
        }
    }

    /// Starts a pod's containers; how long that takes depends on the pod alone, not on when or where (common random
    /// numbers).
    fn start(&mut self, pod: PodId, hall: &mut Hall<'_>) {
        if !volumes::ready(hall, pod) {
            return;
        }
        let containers = self.of(pod);
        containers.state = State::Running(false);
        containers.generation = containers.generation.wrapping_add(1);
        let generation = containers.generation;
        hall.emit_cause(Fact::ContainersStarted { pod });
        let state = &hall.store.pods[pod];
        if state.never_ready {
            hall.after(Span::ZERO, World::Kubelet(Event::Report(pod)));
            return;
        }
        let dist = hall.model.workloads[state.workload].startup.as_ref();
        let dist = dist.unwrap_or(&hall.model.timings.pod_startup);
        let startup = hall.streams.sample(Purpose::Startup, entity(pod, hall), dist);
        hall.after(startup, World::Kubelet(Event::Serving(pod, generation)));
    }

    fn serving(&mut self, pod: PodId, generation: u16, hall: &mut Hall<'_>) {
        let containers = self.of(pod);
        if containers.generation != generation || containers.state != State::Running(false) {
            return;
        }
        containers.state = State::Running(true);
        hall.emit_cause(Fact::ContainersServing { pod });
        let delay = hall.half_call();
        hall.after(delay, World::Kubelet(Event::Report(pod)));
        self.works(pod, hall);
    }

    /// Containers that serve and have work to do end when it is done.
    fn works(&mut self, pod: PodId, hall: &mut Hall<'_>) {
        let generation = self.of(pod).generation;
        if let Some(dist) = &hall.model.workloads[hall.store.pods[pod].workload].run_for {
            let length = hall.streams.sample(Purpose::RunFor, entity(pod, hall), dist);
            hall.after(length, World::Kubelet(Event::Finished(pod, generation)));
        }
    }

    /// The containers of a pod that has work to do, and does it once, have done it.
    fn finished(&mut self, pod: PodId, generation: u16, hall: &mut Hall<'_>) {
        let containers = self.of(pod);
        if containers.generation != generation || containers.state != State::Running(true) {
            return;
        }
        containers.state = State::Stopped;
        let why = StopReason::Completed;
        hall.emit_cause(Fact::ContainersStopped { pod, why });
        self.report_end(pod, hall);
    }

    fn report_end(&mut self, pod: PodId, hall: &mut Hall<'_>) {
        if self.acting(pod, hall).is_none() {
            return;
        }
        match hall.admit() {
            Ok(permit) => hall.finish_pod(&permit, pod),
            Err(_) => self.write_later(Event::ReportEnd(pod), hall),
        }
    }

    /// SIGTERM; the containers serve until they exit, at the end of the grace period at the latest (L-10, L-11).
    fn stop(&mut self, pod: PodId, serving: bool, hall: &mut Hall<'_>) {
        let state = &hall.store.pods[pod];
        let grace = state.grace.at_most(hall.model.classes[state.class].grace);
        let dist = hall.model.workloads[state.workload].shutdown.as_ref();
        let dist = dist.unwrap_or(&hall.model.timings.pod_shutdown);
        let shutdown = hall.streams.sample(Purpose::Shutdown, entity(pod, hall), dist);
        let containers = self.of(pod);
        containers.state = State::Stopping(serving);
        containers.generation = containers.generation.wrapping_add(1);
        let generation = containers.generation;
        hall.after(shutdown.at_most(grace), World::Kubelet(Event::Stopped(pod, generation)));
    }

    fn stopped(&mut self, pod: PodId, generation: u16, hall: &mut Hall<'_>) {
        let containers = self.of(pod);
        if containers.generation != generation || !matches!(containers.state, State::Stopping(_)) {
            return;
        }
        containers.state = State::Stopped;
        hall.emit_cause(Fact::ContainersStopped {
            pod,
            why: StopReason::Terminated,
        });
        self.finish(pod, hall);
    }

    /// The containers are gone; the object follows (L-12).
    fn finish(&mut self, pod: PodId, hall: &mut Hall<'_>) {
        self.of(pod).state = State::Stopped;
        let Some(node) = self.acting(pod, hall) else {
            return;
        };
        let minor = hall.store.nodes[node].version.minor();
        let by_version = behaviour::kubelet::pod_removal(minor);
        let dist = hall.model.timings.pod_removal.as_ref().unwrap_or(&by_version);
        let delay = hall.draw(dist);
        hall.after(delay, World::Kubelet(Event::Remove(pod)));
    }

    fn remove(&mut self, pod: PodId, hall: &mut Hall<'_>) {
        if self.acting(pod, hall).is_none() {
            return;
        }
        match hall.admit() {
            Ok(permit) => hall.remove_pod(&permit, pod),
            Err(_) => self.write_later(Event::Remove(pod), hall),
        }
    }

    fn report(&mut self, pod: PodId, hall: &mut Hall<'_>) {
        if !hall.store.pods[pod].exists || self.acting(pod, hall).is_none() {
            return;
        }
        let containers = *self.of(pod);
        let running = containers.state != State::Absent;
        match hall.admit() {
            Ok(permit) => hall.write_pod_status(&permit, pod, running, containers.serving()),
            Err(_) => self.write_later(Event::Report(pod), hall),
        }
    }

    fn forget(&mut self, pod: PodId, hall: &mut Hall<'_>) {
        if !hall.store.pods[pod].exists || !self.of(pod).serving() {
            return;
        }
        let class = &hall.model.classes[hall.store.pods[pod].class];
        let period = class.readiness_period.unwrap_or_default();
        if let Ok(permit) = hall.admit() {
            hall.write_pod_status(&permit, pod, true, false);
        }
        let phase = hall.between(Span::ZERO, period);
        hall.after(phase, World::Kubelet(Event::Report(pod)));
    }

    /// A container exits with an error: restarted on the spot after a back-off, without the API (C-2a, L-14).
    fn crash(&mut self, pod: PodId, hall: &mut Hall<'_>) {
        let now = hall.now;
        let containers = self.of(pod);
        if !matches!(containers.state, State::Running(_)) {
            return;
        }
        if now.since(containers.last_crash) > Span::from_secs(600) {
            containers.crashes = 0;
        }
        let crashes = containers.crashes;
        containers.state = State::Crashed;
        containers.generation = containers.generation.wrapping_add(1);
        containers.crashes = crashes.saturating_add(1);
        containers.last_crash = now;
        let generation = containers.generation;
        hall.emit_cause(Fact::ContainersStopped {
            pod,
            why: StopReason::Crashed,
        });
        let delay = hall.half_call();
        hall.after(delay, World::Kubelet(Event::Report(pod)));
        let restart = hall.model.classes[hall.store.pods[pod].class].restart;
        if restart != RestartPolicy::Never {
            let requeue = behaviour::kubelet::crash_requeue(u32::from(crashes));
            let wait = behaviour::kubelet::crash_backoff(u32::from(crashes)) + hall.draw(&requeue);
            hall.after(wait, World::Kubelet(Event::Restart(pod, generation)));
        }
    }

    fn restart(&mut self, pod: PodId, generation: u16, hall: &mut Hall<'_>) {
        let containers = *self.of(pod);
        let waiting = containers.generation == generation && containers.state == State::Crashed;
        if waiting && self.acting(pod, hall).is_some() && !hall.store.pods[pod].terminating {
            self.start(pod, hall);
        }
    }

    fn down(&mut self, node: NodeId, machine: bool, hall: &mut Hall<'_>) {
        let kubelet = &mut self.nodes[node];
        kubelet.generation = kubelet.generation.wrapping_add(1);
        if kubelet.up {
            hall.unlisted -= u32::from(!kubelet.informed);
            kubelet.up = false;
            kubelet.informed = false;
            if !machine {
                hall.emit_cause(Fact::KubeletStopped { node });
            }
            hall.after(Span::ZERO, World::NodeLifecycle(node_lifecycle::Event::Silent(node)));
        }
        if !machine || !self.nodes[node].machine_up {
            return;
        }
        self.nodes[node].machine_up = false;
        hall.emit_cause(Fact::NodeCrashed { node });
        for pod in hall.store.nodes[node].pods.clone() {
            let containers = self.of(pod);
            let ran = !matches!(containers.state, State::Absent | State::Stopped | State::Crashed);
            let finished = matches!(containers.state, State::Stopping(_) | State::Stopped);
            containers.generation = containers.generation.wrapping_add(1);
            containers.state = if finished { State::Stopped } else { State::Absent };
            if ran {
                let why = StopReason::NodeDown;
                hall.emit(Fact::ContainersStopped { pod, why });
            }
        }
    }

    fn boot(&mut self, node: NodeId, hall: &mut Hall<'_>) {
        if self.nodes[node].up {
            return;
        }
        let installed = &hall.store.nodes[node].version;
        let at = hall.versions.iter().position(|v| v == installed).unwrap_or(0);
        self.up(node, VersionId(u16::try_from(at).unwrap_or(0)), hall);
    }

    fn up(&mut self, node: NodeId, version: VersionId, hall: &mut Hall<'_>) {
        if self.nodes[node].up {
            if hall.store.nodes[node].version == hall.versions[version.0 as usize] {
                return;
            }
            self.down(node, false, hall);
        }
        let kubelet = &mut self.nodes[node];
        hall.unlisted += 1;
        kubelet.up = true;
        kubelet.generation = kubelet.generation.wrapping_add(1);
        let generation = kubelet.generation;
        if !std::mem::replace(&mut kubelet.machine_up, true) {
            let new = hall.model.nodes[node].planned && generation == 1;
            hall.emit_cause(if new {
                Fact::NodeCreated { node }
            } else {
                Fact::NodeBooted { node }
            });
        }
        hall.emit_cause(Fact::KubeletStarted { node, version });
        hall.store.nodes[node].version = hall.versions[version.0 as usize].clone();
        hall.after(Span::ZERO, World::NodeLifecycle(node_lifecycle::Event::Heard(node)));
        hall.after(Span::ZERO, World::Kubelet(Event::PostReady { node, generation }));
        if hall.store.gate.available() {
            let delay = hall.draw(&hall.model.timings.kubelet_reaction);
            hall.after(delay, World::Kubelet(Event::Listed { node, generation }));
        }
        self.forget_readiness(node, hall);
    }

    /// L-18: until 1.34 a restarted kubelet takes a container with a readiness probe for unready until it has probed.
    fn forget_readiness(&mut self, node: NodeId, hall: &mut Hall<'_>) {
        let minor = hall.store.nodes[node].version.minor();
        if behaviour::kubelet::keeps_readiness(minor) {
            return;
        }
        let delay = hall.draw(&behaviour::kubelet::first_status(minor));
        for pod in hall.store.nodes[node].pods.clone() {
            let probed = hall.model.classes[hall.store.pods[pod].class]
                .readiness_period
                .is_some();
            if probed && self.of(pod).serving() {
                hall.after(delay, World::Kubelet(Event::Forget(pod)));
            }
        }
    }

    /// The kubelet knows its pods: it starts what should run, stops what should not, and reports.
    fn listed(&mut self, node: NodeId, generation: u16, hall: &mut Hall<'_>) {
        let kubelet = &mut self.nodes[node];
        if kubelet.generation != generation || !kubelet.up {
            return;
        }
        hall.unlisted -= u32::from(!kubelet.informed);
        kubelet.informed = true;
        for pod in hall.store.nodes[node].pods.clone() {
            if self.of(pod).state == State::Crashed && !hall.store.pods[pod].terminating {
                self.start(pod, hall);
            }
            self.sync(pod, hall);
            self.report(pod, hall);
        }
    }

    fn post_ready(&mut self, node: NodeId, generation: u16, hall: &mut Hall<'_>) {
        if self.nodes[node].generation != generation {
            return;
        }
        match hall.admit() {
            Ok(permit) => {
                hall.register_node(&permit, node);
                hall.write_node_ready(&permit, node, true);
                hall.after(Span::ZERO, World::NodeLifecycle(node_lifecycle::Event::Heard(node)));
            }
            Err(_) => self.write_later(Event::PostReady { node, generation }, hall),
        }
    }

    /// A request failed: tried again in a moment where only the API server that the load balancer picked is away, and
    /// otherwise when the API is back.
    fn write_later(&mut self, event: Event, hall: &mut Hall<'_>) {
        if hall.store.gate.available() {
            let delay = hall.between(Span::from_millis(200), Span::from_secs(1));
            hall.after(delay, World::Kubelet(event));
        } else {
            self.unwritten.push(event);
        }
    }

    /// Kubelets write what waited, each after a moment; those that started meanwhile list their pods when their
    /// reflector tries again (C-9: at most 30 s × U(1, 2); measured 34 … 43 s).
    fn api_back(&mut self, hall: &mut Hall<'_>) {
        for event in std::mem::take(&mut self.unwritten) {
            let delay = hall.between(Span::from_millis(20), Span::from_millis(800));
            hall.after(delay, World::Kubelet(event));
        }
        for (node, kubelet) in self.nodes.iter_ids() {
            if kubelet.up && !kubelet.informed {
                let generation = kubelet.generation;
                let delay = hall.draw(&Dist::Uniform(Span::from_secs(1), Span::from_secs(40)));
                hall.after(delay, World::Kubelet(Event::Listed { node, generation }));
            }
        }
    }
}

/// The random stream of a pod: that of the n-th pod of its workload.
fn entity(pod: PodId, hall: &Hall<'_>) -> u64 {
    let state = &hall.store.pods[pod];
    (state.workload.index() as u64) << 24 | u64::from(state.ordinal)
}
