//! Kubelets: they start, stop and restart containers, with or without the API (L-*, C-2, C-3).
//!
//! `start.rs`: from a bound pod to a ready one; `stop.rs`: from SIGTERM to the end of the object; `process.rs`: kubelets
//! that stop, start and list their pods; here: what they write, and containers that crash.

mod process;
mod services;
mod start;
mod stop;

pub(super) use services::local_server;

use self::services::Connection;
use super::event::Event as World;
use super::hall::Hall;
use crate::ids::{Id, IdVec, NodeId, PodId};
use crate::model::{RestartPolicy, behaviour};
use crate::trace::{Fact, StopReason, VersionId};
use crate::units::{Span, Time};

/// What kubelets wait for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Event {
    /// The kubelet has seen that a pod was bound to its node or is being deleted.
    Sync(PodId),
    /// Init containers have ended and the containers would start now, were the pod alone (generation).
    Prepared(PodId, u16),
    /// Containers start (generation).
    Started(PodId, u16),
    /// Containers answer requests, unless they have been stopped meanwhile (generation).
    Serving(PodId, u16),
    /// Containers end by themselves, their work done (generation).
    Finished(PodId, u16),
    /// Probes have succeeded often enough (generation).
    Probed(PodId, u16),
    /// Containers have stopped in answer to SIGTERM or at the end of the grace period.
    Stopped(PodId, u16),
    /// The wait before restarting crashed containers is over.
    Restart(PodId, u16),
    /// The kubelet writes a pod's status.
    Report(PodId),
    /// The kubelet writes that a pod has succeeded or failed.
    ReportEnd(PodId),
    /// After a restart the kubelet does not know yet whether a container is ready (L-18).
    Forget(PodId),
    /// The kubelet deletes the object of a pod whose containers have stopped.
    Remove(PodId),
    /// A container exits with an error (a fault).
    Crash(PodId),
    /// The kubelet process stops; with the machine, containers stop, too.
    Down { node: NodeId, machine: bool },
    /// A machine breaks: it stays down until somebody boots it, whatever a plan does to its kubelet.
    Lost(NodeId),
    /// A machine is deleted: nobody can boot it again.
    Deleted(NodeId),
    /// The kubelet process starts.
    Up { node: NodeId, version: VersionId },
    /// A machine that broke is back: its kubelet starts, unless somebody has started it already.
    Boot(NodeId),
    /// The kubelet has listed its pods again.
    Listed { node: NodeId, generation: u16 },
    /// The kubelet posts its first node status.
    PostReady { node: NodeId, generation: u16 },
    /// A kubelet that posted that its node is not ready posts that it is (L-17).
    Steady { node: NodeId, generation: u16 },
    /// An API server has gone away or come back.
    Reconnect(u32),
    /// The API answers again.
    ApiBack,
}

/// Where a pod's containers are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Not started.
    Absent,
    /// Their sandbox is made, or init containers run.
    Starting,
    /// They run; `true`: they serve.
    Running(bool),
    /// They were asked to stop.
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
    /// What the kubelet takes them for.
    ready: bool,
    /// A restarted kubelet will say that they are not ready before it has probed them (L-18).
    forgetting: bool,
    /// They crashed while the API was away, and nobody was told.
    untold: bool,
    /// SIGKILL ends them.
    killed: bool,
    /// They ended with an error, for good: the pod fails.
    failed: bool,
    generation: u16,
    crashes: u16,
}

/// What is rarely asked about the containers of a pod, apart from the rest, which lies the closer together.
#[derive(Clone, Copy, Debug, Default)]
struct History {
    started: Time,
    last_crash: Time,
}

impl Containers {
    const ABSENT: Self = Self {
        state: State::Absent,
        ready: false,
        forgetting: false,
        untold: false,
        killed: false,
        failed: false,
        generation: 0,
        crashes: 0,
    };

    fn serving(self) -> bool {
        self.state == State::Running(true)
    }

    /// Whether their processes exist.
    const fn run(self) -> bool {
        matches!(self.state, State::Running(_) | State::Stopping(_))
    }

    /// What was to come of them does not happen any more.
    const fn renew(&mut self) -> u16 {
        self.generation = self.generation.wrapping_add(1);
        self.generation
    }
}

/// A node's kubelet.
#[derive(Clone, Copy, Debug)]
struct Kubelet {
    up: bool,
    machine_up: bool,
    /// A fault keeps the machine down.
    broken: bool,
    /// There is no machine any more.
    deleted: bool,
    /// What starts when a broken machine is back.
    wanted: Option<VersionId>,
    /// It has listed its pods since it started; without, it restarts nothing (C-3).
    informed: bool,
    /// It has posted that its node is ready since it started.
    posted: bool,
    generation: u16,
    /// Pods whose containers are [`State::Starting`].
    starting: u32,
    started: Time,
    connection: Connection,
}

impl Kubelet {
    /// Whether a run waits for it.
    const fn begins(&self) -> bool {
        self.up && !(self.informed && self.posted)
    }
}

/// All kubelets.
#[derive(Debug)]
pub(crate) struct Kubelets {
    nodes: IdVec<NodeId, Kubelet>,
    containers: IdVec<PodId, Containers>,
    histories: IdVec<PodId, History>,
    /// What could not be written because the API was away.
    unwritten: Vec<Event>,
}

impl Kubelets {
    pub(crate) fn new(hall: &Hall<'_>) -> Self {
        let healthy = Kubelet {
            up: true,
            machine_up: true,
            broken: false,
            deleted: false,
            wanted: None,
            informed: true,
            posted: true,
            generation: 0,
            starting: 0,
            started: Time::ZERO,
            connection: Connection::default(),
        };
        let absent = Kubelet {
            up: false,
            machine_up: false,
            informed: false,
            posted: false,
            ..healthy
        };
        let nodes = hall.model.nodes.iter();
        Self {
            nodes: nodes.map(|n| if n.planned { absent } else { healthy }).collect(),
            containers: IdVec::new(),
            histories: IdVec::new(),
            unwritten: Vec::new(),
        }
    }

    /// A pod whose containers run before time starts.
    pub(crate) fn running_at_start(&mut self, pod: PodId, serving: bool, hall: &mut Hall<'_>) {
        let containers = self.of(pod);
        containers.state = State::Running(serving);
        containers.ready = serving;
        if serving {
            self.works(pod, hall);
        }
    }

    pub(crate) fn handle(&mut self, event: Event, hall: &mut Hall<'_>) {
        match event {
            Event::Sync(pod) => self.sync(pod, hall),
            Event::Prepared(pod, generation) => self.prepared(pod, generation, hall),
            Event::Started(pod, generation) => self.started(pod, generation, hall),
            Event::Serving(pod, generation) => self.serving(pod, generation, hall),
            Event::Finished(pod, generation) => self.finished(pod, generation, hall),
            Event::Probed(pod, generation) => self.probed(pod, generation, hall),
            Event::Stopped(pod, generation) => self.stopped(pod, generation, hall),
            Event::Restart(pod, generation) => self.restart(pod, generation, hall),
            Event::Report(pod) => self.report(pod, hall),
            Event::ReportEnd(pod) => self.report_end(pod, hall),
            Event::Forget(pod) => self.forget(pod, hall),
            Event::Remove(pod) => self.remove(pod, hall),
            Event::Crash(pod) => self.crash(pod, hall),
            Event::Down { node, machine } => self.down(node, machine, hall),
            Event::Lost(node) => self.lost(node, hall),
            Event::Deleted(node) => self.deleted(node, hall),
            Event::Up { node, version } => self.up(node, version, hall),
            Event::Boot(node) => self.boot(node, hall),
            Event::Listed { node, generation } => self.listed(node, generation, hall),
            Event::PostReady { node, generation } => self.post_ready(node, generation, hall),
            Event::Steady { node, generation } => self.steady(node, generation, hall),
            Event::Reconnect(server) => self.reconnect(server as usize, hall),
            Event::ApiBack => self.api_back(hall),
        }
    }

    /// Something of a pod, for whoever reads ahead.
    pub(super) fn glance(&self, pod: PodId) -> u16 {
        self.containers.get(pod).map_or(0, |c| c.generation)
    }

    /// Something of a node's kubelet, for whoever reads ahead.
    pub(super) fn glance_at(&self, node: NodeId) -> bool {
        self.nodes[node].up
    }

    fn of(&mut self, pod: PodId) -> &mut Containers {
        while self.containers.len() <= pod.index() {
            self.containers.push(Containers::ABSENT);
            self.histories.push(History::default());
        }
        &mut self.containers[pod]
    }

    /// A pod's containers come to another state; their kubelet counts those that start, so whatever begins or ends
    /// [`State::Starting`] goes through here.
    fn turn(&mut self, pod: PodId, state: State, hall: &Hall<'_>) {
        let was = std::mem::replace(&mut self.of(pod).state, state);
        let (before, after) = (was == State::Starting, state == State::Starting);
        if before != after
            && let Some(node) = hall.store.pods[pod].node
        {
            let starting = &mut self.nodes[node].starting;
            *starting = *starting + u32::from(after) - u32::from(before);
        }
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
            State::Absent | State::Starting | State::Crashed | State::Stopped if terminating => {
                self.finish(pod, hall);
            }
            _ => {}
        }
    }

    fn report(&mut self, pod: PodId, hall: &mut Hall<'_>) {
        if !hall.store.pods[pod].exists || self.acting(pod, hall).is_none() {
            return;
        }
        let Ok(permit) = hall.admit() else {
            return self.write_later(Event::Report(pod), hall);
        };
        if std::mem::take(&mut self.of(pod).untold) {
            self.doubt(pod, hall);
        }
        let containers = *self.of(pod);
        let running = !matches!(containers.state, State::Absent | State::Starting);
        let ready = containers.ready && containers.serving();
        hall.write_pod_status(&permit, pod, running, ready);
    }

    /// A container that crashed and serves again since the API went away: an old kubelet publishes the crash first, though
    /// it is over, and the next probe mends it (E2 of the kubeadm recordings: taken out after it worked again).
    fn doubt(&mut self, pod: PodId, hall: &mut Hall<'_>) {
        let late = behaviour::kubelet::reports_crash_late(minor(pod, hall));
        if late && probe_period(pod, hall).is_some() && self.of(pod).serving() {
            self.probe_again(pod, hall);
        }
    }

    /// The kubelet takes a serving container for unready until its next probe.
    fn probe_again(&mut self, pod: PodId, hall: &mut Hall<'_>) {
        let period = probe_period(pod, hall).unwrap_or_default();
        let phase = hall.between(Span::ZERO, period);
        let containers = self.of(pod);
        containers.ready = false;
        let generation = containers.generation;
        hall.after(phase, World::Kubelet(Event::Probed(pod, generation)));
    }

    fn forget(&mut self, pod: PodId, hall: &mut Hall<'_>) {
        let pending = std::mem::take(&mut self.of(pod).forgetting);
        let known = hall.store.pods[pod].exists && self.acting(pod, hall).is_some();
        if !pending || !known || !self.of(pod).serving() {
            return;
        }
        if let Ok(permit) = hall.admit() {
            hall.write_pod_status(&permit, pod, true, false);
        }
        self.probe_again(pod, hall);
    }

    /// A container exits with an error: restarted on the spot after a back-off, without the API (C-2a, L-14).
    fn crash(&mut self, pod: PodId, hall: &mut Hall<'_>) {
        let now = hall.now;
        let untold = !hall.store.gate.available();
        let again = hall.template_of(pod).restart != RestartPolicy::Never;
        let containers = self.of(pod);
        if !matches!(containers.state, State::Running(_)) {
            return;
        }
        let last_crash = std::mem::replace(&mut self.histories[pod].last_crash, now);
        let containers = &mut self.containers[pod];
        if now.since(last_crash) > Span::from_secs(600) {
            containers.crashes = 0;
        }
        let crashes = containers.crashes;
        containers.state = if again { State::Crashed } else { State::Stopped };
        (containers.ready, containers.failed) = (false, !again);
        containers.untold |= untold;
        containers.crashes = crashes.saturating_add(1);
        let generation = containers.renew();
        hall.emit_cause(Fact::ContainersStopped {
            pod,
            why: StopReason::Crashed,
        });
        let delay = hall.half_call();
        if !again {
            return hall.after(delay, World::Kubelet(Event::ReportEnd(pod)));
        }
        hall.after(delay, World::Kubelet(Event::Report(pod)));
        let requeue = behaviour::kubelet::crash_requeue(minor(pod, hall), u32::from(crashes));
        let wait = behaviour::kubelet::crash_backoff(u32::from(crashes)) + hall.draw(&requeue);
        hall.after(wait, World::Kubelet(Event::Restart(pod, generation)));
    }

    fn restart(&mut self, pod: PodId, generation: u16, hall: &mut Hall<'_>) {
        let containers = *self.of(pod);
        let waiting = containers.generation == generation && containers.state == State::Crashed;
        if waiting && self.waits_for_services(pod, hall) {
            return hall.after(services::AGAIN, World::Kubelet(Event::Restart(pod, generation)));
        }
        if waiting && self.acting(pod, hall).is_some() && !hall.store.pods[pod].terminating {
            self.of(pod).renew();
            self.run(pod, hall);
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
}

/// The random stream of a pod: that of the n-th pod of its workload.
fn entity(pod: PodId, hall: &Hall<'_>) -> u64 {
    let state = &hall.store.pods[pod];
    (state.workload.index() as u64) << 24 | u64::from(state.ordinal)
}

/// The minor of the kubelet of a pod's node.
fn minor(pod: PodId, hall: &Hall<'_>) -> u32 {
    let node = hall.store.pods[pod].node;
    node.map_or(hall.model.version.minor(), |node| {
        hall.minor(hall.store.nodes[node].version)
    })
}

/// How often a pod is probed for readiness, if it is.
fn probe_period(pod: PodId, hall: &Hall<'_>) -> Option<Span> {
    let class = hall.template_of(pod);
    class.readiness.map(|probe| probe.period)
}
