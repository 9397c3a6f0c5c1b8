//! The processes of the control plane: etcd, API servers, controller managers and schedulers on each control-plane
//! node; who of them answers, and what stands in front (C-1, E-1 … E-3, K-15b, K-18, K-19).

use super::certificates::{self, Certificates};
use super::election::{self, Elections};
use super::event::Event as World;
use super::gate::Server;
use super::hall::Hall;
use super::kubelet;
use super::static_pod::Break;
use crate::ids::{IdVec, InstanceId, NodeId};
use crate::model::{BreakMode, Component, Etcd, FaultAction, HealthCheck, Model, StopMode, behaviour};
use crate::rng::{Purpose, Stream};
use crate::trace::{Fact, StopReason, VersionId};
use crate::units::{Dist, Span, Time};

/// What the control plane waits for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Event {
    /// A fault (index into the scenario's faults) stops a process.
    Fault(InstanceId, u32),
    /// A process is stopped, and started again when its kubelet has noticed.
    Restart(InstanceId),
    /// kubeadm has moved a new manifest: the static pod is replaced.
    Swap(InstanceId, VersionId),
    /// What keeps a process from coming up is mended.
    Mended(InstanceId),
    /// New versions of a component do not come up from now on (the fault of this number).
    Break(u32),
    /// The certificates of a component on a node are new.
    Renewed(NodeId, Component),
    /// The client certificate in a node's admin.conf is new.
    AdminRenewed(NodeId),
    /// All certificates on a node are new, and its processes start again to use them.
    AllRenewed(NodeId),
    /// The certificates of a process run out now, unless they were renewed.
    Expires(InstanceId),
    /// A process exits (generation).
    Exit(InstanceId, u16, StopReason),
    /// A process starts (generation).
    Start(InstanceId, u16),
    /// A process answers (generation).
    Serve(InstanceId, u16),
    /// The load balancer has checked an API server often enough to change its mind (generation of the server).
    Checked(u32, u16),
    /// etcd has a new leader (generation).
    NewEtcdLeader(u16),
}

/// A process.
#[derive(Clone, Debug)]
pub(crate) struct Instance {
    pub(crate) component: Component,
    /// Its API server, by number; etcd members and API servers share numbers where they share nodes.
    pub(crate) server: usize,
    pub(crate) node: Option<NodeId>,
    /// An extra process that only waits for the lease.
    standby: bool,
    pub(super) up: bool,
    pub(super) serving: bool,
    /// The version in its manifest, and that of the process that runs or ran last.
    pub(super) version: VersionId,
    pub(super) runs: VersionId,
    pub(super) generation: u16,
    crashes: u16,
    last_exit: Time,
    /// Started again so long after it exits.
    pub(super) restart: Option<Span>,
    /// Why it does not come up.
    pub(super) stuck: Option<BreakMode>,
    /// Its certificates have run out.
    pub(super) expired: bool,
}

/// The control plane.
#[derive(Debug)]
pub(crate) struct ControlPlane {
    pub(crate) instances: IdVec<InstanceId, Instance>,
    pub(crate) elections: Elections,
    /// Per API server: since when its watches have been broken, and a generation for the load balancer's checks.
    watches_cut: Vec<Option<Time>>,
    checks: Vec<u16>,
    etcd_leader: usize,
    etcd_leaderless: bool,
    etcd_generation: u16,
    had_quorum: bool,
    was_available: bool,
    pub(super) luck: Stream,
    pub(super) certificates: Certificates,
    /// Components of which new versions do not come up, on one node or on all.
    pub(super) breaks: Vec<Break>,
}

/// A process, before it runs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Member {
    pub(crate) component: Component,
    server: usize,
    pub(crate) node: Option<NodeId>,
    standby: bool,
}

const fn member(component: Component, server: usize, node: Option<NodeId>, standby: bool) -> Member {
    Member {
        component,
        server,
        node,
        standby,
    }
}

/// The processes of a model's control plane, in the order of their ids.
pub(crate) fn members(model: &Model) -> Vec<Member> {
    let nodes: Vec<Option<NodeId>> = match model.control_plane.nodes[..] {
        [] => vec![None],
        ref nodes => nodes.iter().copied().map(Some).collect(),
    };
    let mut members = Vec::new();
    for (server, &node) in nodes.iter().enumerate() {
        if model.control_plane.etcd == Etcd::Stacked || server == 0 {
            let node = if model.control_plane.etcd == Etcd::Stacked {
                node
            } else {
                None
            };
            members.push(member(Component::Etcd, server, node, false));
        }
        for component in [Component::ApiServer, Component::ControllerManager, Component::Scheduler] {
            members.push(member(component, server, node, false));
        }
    }
    for _ in 0..model.control_plane.standbys {
        for component in [Component::ControllerManager, Component::Scheduler] {
            members.push(member(component, 0, None, true));
        }
    }
    members
}

impl ControlPlane {
    pub(crate) fn new(hall: &Hall<'_>, version: VersionId) -> Self {
        let instance = |member: Member| Instance {
            component: member.component,
            server: member.server,
            node: member.node,
            standby: member.standby,
            up: true,
            serving: true,
            version,
            runs: version,
            generation: 0,
            crashes: 0,
            last_exit: Time::ZERO,
            restart: None,
            stuck: None,
            expired: false,
        };
        let instances: IdVec<InstanceId, Instance> = members(hall.model).into_iter().map(instance).collect();
        let elected = |(id, i): (InstanceId, &Instance)| (i.component, id, i.server);
        let members: Vec<_> = instances.iter_ids().map(elected).collect();
        let servers = instances.iter().filter(|i| i.component == Component::ApiServer).count();
        let luck = hall.streams.stream(Purpose::Election, 0);
        Self {
            elections: Elections::new(hall.model.control_plane.leader_election, luck, &members),
            instances,
            watches_cut: vec![None; servers],
            checks: vec![0; servers],
            etcd_leader: 0,
            etcd_leaderless: false,
            etcd_generation: 0,
            had_quorum: true,
            was_available: true,
            luck: hall.streams.stream(Purpose::ControlPlane, 0),
            certificates: Certificates::new(hall.model),
            breaks: Vec::new(),
        }
    }

    /// Before time starts everything is up.
    pub(crate) fn start(&mut self, hall: &mut Hall<'_>) {
        let up = Server {
            works: true,
            listed: true,
            version: VersionId(0),
        };
        hall.store.gate.servers = vec![up; self.checks.len()];
        let several = self.checks.len() > 1;
        hall.store.gate.holder = (several && hall.model.control_plane.load_balancer.virtual_ip).then_some(0);
        self.tell_versions(hall);
        self.schedule_expiry(hall);
        self.elections.start(hall);
    }

    pub(crate) fn handle(&mut self, event: Event, hall: &mut Hall<'_>) {
        match event {
            Event::Fault(id, number) => self.fault(id, number, hall),
            Event::Restart(id) => self.stop(id, StopMode::Terminate, Some(certificates::RESTART), hall),
            Event::Swap(id, version) => self.swap(id, version, hall),
            Event::Mended(id) => self.mended(id, hall),
            Event::Break(number) => self.breaks.extend(Break::of(number, hall)),
            Event::Renewed(node, component) => self.renewed(node, component, hall),
            Event::AdminRenewed(node) => self.certificates.renew_admin(node, hall.now),
            Event::AllRenewed(node) => self.all_renewed(node, hall),
            Event::Expires(id) => self.expires(id, hall),
            Event::Exit(id, generation, why) => {
                if self.instances[id].generation == generation {
                    self.exit(id, why, hall);
                }
            }
            Event::Start(id, generation) => self.process_start(id, generation, hall),
            Event::Serve(id, generation) => self.serve(id, generation, hall),
            Event::Checked(server, generation) => self.checked(server as usize, generation, hall),
            Event::NewEtcdLeader(generation) => {
                if self.etcd_generation == generation {
                    self.etcd_leaderless = false;
                    self.reconsider(hall);
                }
            }
        }
    }

    /// The process that a component has on a node.
    pub(crate) fn on_node(&self, component: Component, node: NodeId) -> Option<InstanceId> {
        let same = |(_, i): &(InstanceId, &Instance)| i.component == component && i.node == Some(node);
        self.instances.iter_ids().find(same).map(|(id, _)| id)
    }

    /// Whether a process runs the version that a swap was to bring, and answers as far as it answers anybody; or starts
    /// and crashes, which kubeadm takes for running.
    pub(crate) fn counts_as_running(&self, id: InstanceId) -> bool {
        let instance = &self.instances[id];
        let crashes = instance.stuck == Some(BreakMode::Crashes) && !instance.up;
        crashes || instance.up && instance.restart.is_none() && (instance.serving || !answers(instance.component))
    }

    /// Whether an API server or a member of etcd answers.
    pub(crate) fn answers(&self, id: InstanceId) -> bool {
        self.instances[id].serving && !self.instances[id].expired
    }

    /// The version in the manifest of a component on a node.
    pub(crate) fn installed(&self, component: Component, node: NodeId) -> Option<VersionId> {
        self.on_node(component, node).map(|id| self.instances[id].version)
    }

    /// A process starts again so long after its exit as the fault says, if at all.
    fn fault(&mut self, id: InstanceId, number: u32, hall: &mut Hall<'_>) {
        let (mode, restart) = match hall.model.faults[number as usize].action {
            FaultAction::ComponentDown { mode, duration, .. } => (mode, duration),
            FaultAction::NodeCrash { duration, .. } => (StopMode::Kill, duration),
            FaultAction::ComponentBreaks { .. }
            | FaultAction::PodDelete(_)
            | FaultAction::ContainerCrash(_)
            | FaultAction::Rollout(_) => return,
        };
        self.stop(id, mode, restart, hall);
    }

    fn stop(&mut self, id: InstanceId, mode: StopMode, restart: Option<Span>, hall: &mut Hall<'_>) {
        if !self.instances[id].up {
            return;
        }
        self.instances[id].restart = restart;
        match mode {
            StopMode::Kill => self.exit(id, StopReason::Killed, hall),
            StopMode::Terminate => self.terminate(id, hall),
        }
    }

    /// SIGTERM. An API server refuses new connections at once but lives on while somebody watches (K-18b).
    pub(super) fn terminate(&mut self, id: InstanceId, hall: &mut Hall<'_>) {
        let instance = &mut self.instances[id];
        instance.generation = instance.generation.wrapping_add(1);
        let (component, generation) = (instance.component, instance.generation);
        hall.emit_cause(Fact::ComponentStopping { instance: id });
        let default = match component {
            Component::Etcd => behaviour::etcd::stop(),
            Component::ApiServer => behaviour::api_server::stop(),
            Component::ControllerManager => behaviour::controller_manager::stop(),
            Component::Scheduler => behaviour::scheduler::stop(),
        };
        let stop = self
            .luck
            .sample(hall.timings_of(component).stop.as_ref().unwrap_or(&default));
        let grace = Span::from_secs(30);
        let why = if stop >= grace {
            StopReason::Killed
        } else {
            StopReason::Terminated
        };
        hall.after(
            stop.at_most(grace),
            World::ControlPlane(Event::Exit(id, generation, why)),
        );
        if component == Component::ApiServer {
            self.refuse(id, hall);
        }
    }

    pub(super) fn refuse(&mut self, id: InstanceId, hall: &mut Hall<'_>) {
        if std::mem::replace(&mut self.instances[id].serving, false) {
            hall.emit_cause(Fact::ComponentUnavailable { instance: id });
            self.reconsider(hall);
        }
    }

    pub(super) fn exit(&mut self, id: InstanceId, why: StopReason, hall: &mut Hall<'_>) {
        let now = hall.now;
        let instance = &mut self.instances[id];
        instance.up = false;
        instance.generation = instance.generation.wrapping_add(1);
        instance.last_exit = now;
        let (component, server, generation) = (instance.component, instance.server, instance.generation);
        let restart = instance.restart.take();
        hall.emit_cause(Fact::ComponentStopped { instance: id, why });
        if let Some(delay) = restart {
            hall.expected += 1;
            hall.after(delay, World::ControlPlane(Event::Start(id, generation)));
        }
        if component == Component::ApiServer {
            self.watches_cut[server].get_or_insert(now);
            self.lose_caches(server, hall);
        }
        match component {
            Component::Etcd | Component::ApiServer => self.refuse(id, hall),
            Component::ControllerManager | Component::Scheduler => {
                let minor = hall.versions[self.instances[id].version.0 as usize].minor();
                let graceful = why == StopReason::Terminated && component == Component::Scheduler;
                let released = graceful && behaviour::scheduler::releases_lease(minor) && hall.reaches(server);
                self.elections.process_stopped(component, id, released, hall);
            }
        }
    }

    /// Who acts through a dead API server acts no more until its informers have listed again.
    fn lose_caches(&mut self, server: usize, hall: &mut Hall<'_>) {
        let gate = &hall.store.gate;
        let (manager, scheduler) = (gate.controller_manager_door == server, gate.scheduler_door == server);
        if manager {
            election::set_acting(hall, Component::ControllerManager, None, server);
        }
        if scheduler {
            election::set_acting(hall, Component::Scheduler, None, server);
        }
    }

    /// A leader could not renew in time: it exits, and its kubelet restarts it (C-6).
    pub(crate) fn lost_lease(&mut self, id: InstanceId, hall: &mut Hall<'_>) {
        let now = hall.now;
        let instance = &mut self.instances[id];
        if now.since(instance.last_exit) > Span::from_secs(600) {
            instance.crashes = 0;
        }
        let crashes = u32::from(instance.crashes);
        instance.crashes += 1;
        let requeue = Dist::Uniform(Span::from_millis(600), Span::from_millis(1100));
        instance.restart = Some(behaviour::kubelet::crash_backoff(crashes) + self.luck.sample(&requeue));
        self.exit(id, StopReason::LostLease, hall);
    }

    fn process_start(&mut self, id: InstanceId, generation: u16, hall: &mut Hall<'_>) {
        hall.expected = hall.expected.saturating_sub(1);
        if self.instances[id].generation != generation {
            return;
        }
        let instance = &mut self.instances[id];
        instance.up = true;
        instance.generation = instance.generation.wrapping_add(1);
        instance.runs = instance.version;
        let (component, version, generation) = (instance.component, instance.version, instance.generation);
        hall.emit_cause(Fact::ComponentStarted { instance: id, version });
        self.tell_versions(hall);
        self.reads_certificates(id, hall);
        if self.instances[id].stuck == Some(BreakMode::Crashes) {
            return self.exit(id, StopReason::Crashed, hall);
        }
        if answers(component) {
            let minor = hall.versions[version.0 as usize].minor();
            let default = match component {
                Component::Etcd => behaviour::etcd::start(),
                _ => behaviour::api_server::start(minor),
            };
            let start = self
                .luck
                .sample(hall.timings_of(component).start.as_ref().unwrap_or(&default));
            hall.after(start, World::ControlPlane(Event::Serve(id, generation)));
        } else {
            self.elections.process_started(component, id, hall);
        }
    }

    fn serve(&mut self, id: InstanceId, generation: u16, hall: &mut Hall<'_>) {
        if self.instances[id].generation != generation {
            return;
        }
        self.instances[id].serving = true;
        hall.emit_cause(Fact::ComponentServing { instance: id });
        self.reconsider(hall);
    }

    /// Recomputes who answers, and tells everybody who has to know.
    pub(super) fn reconsider(&mut self, hall: &mut Hall<'_>) {
        let quorum = self.quorum(hall);
        if quorum != self.had_quorum {
            self.had_quorum = quorum;
            hall.emit_cause(if quorum { Fact::QuorumRegained } else { Fact::QuorumLost });
        }
        let etcd_works = quorum && !self.etcd_leaderless;
        let before: Vec<bool> = hall.store.gate.servers.iter().map(|s| s.works).collect();
        for server in 0..before.len() {
            hall.store.gate.servers[server].works = etcd_works && self.server_works(server, hall.model);
        }
        let available = hall.store.gate.available();
        if available != self.was_available {
            self.was_available = available;
            hall.emit_cause(if available {
                Fact::ApiAvailable
            } else {
                Fact::ApiUnavailable
            });
        }
        for (server, &worked) in before.iter().enumerate() {
            self.tell(server, worked, hall);
        }
        if available && before.iter().all(|&worked| !worked) {
            hall.after(Span::ZERO, World::Kubelet(kubelet::Event::ApiBack));
        }
        if !available && before.iter().any(|&worked| worked) {
            hall.after(Span::ZERO, World::Drain(crate::upgrade::drain::Event::ApiLost));
        }
    }

    fn tell(&mut self, server: usize, worked: bool, hall: &mut Hall<'_>) {
        let works = hall.store.gate.servers[server].works;
        if works == worked {
            return;
        }
        if works {
            let cut = self.watches_cut[server].take();
            self.elections.api_back(server, cut, hall);
        } else {
            self.elections.api_lost(server, hall);
        }
        self.schedule_check(server, works, hall);
        hall.store.gate.breaks += 1;
        if hall.store.blind > 0 {
            hall.after(Span::ZERO, World::Kubelet(kubelet::Event::Reconnect(server as u32)));
        }
    }

    /// The load balancer needs `threshold` failed checks to take a server out, and one good one to take it back.
    fn schedule_check(&mut self, server: usize, works: bool, hall: &mut Hall<'_>) {
        let balancer = &hall.model.control_plane.load_balancer;
        self.checks[server] = self.checks[server].wrapping_add(1);
        let first = self.luck.between(Span::ZERO, balancer.interval);
        let more = if works { 0 } else { balancer.threshold.saturating_sub(1) };
        let delay = first + balancer.interval * u64::from(more);
        if self.checks.len() > 1 {
            let generation = self.checks[server];
            hall.after(delay, World::ControlPlane(Event::Checked(server as u32, generation)));
        }
    }

    fn checked(&mut self, server: usize, generation: u16, hall: &mut Hall<'_>) {
        if self.checks[server] == generation {
            let listens = self.api_server(server).is_some_and(|i| i.serving);
            let healthy = match hall.model.control_plane.load_balancer.check {
                HealthCheck::Readyz => hall.store.gate.servers[server].works,
                HealthCheck::Tcp => listens,
            };
            hall.store.gate.servers[server].listed = healthy;
            hall.store.gate.move_on();
        }
    }

    fn api_server(&self, server: usize) -> Option<&Instance> {
        let same = |i: &&Instance| i.component == Component::ApiServer && i.server == server;
        self.instances.iter().find(same)
    }

    /// An API server works while it listens and its own etcd member is up (kubeadm gives it no other one).
    fn server_works(&self, server: usize, model: &Model) -> bool {
        let stacked = model.control_plane.etcd == Etcd::Stacked;
        let serves = |i: &Instance| i.serving && !i.expired;
        let member_down =
            |i: &Instance| i.component == Component::Etcd && (i.server == server || !stacked) && !serves(i);
        self.api_server(server).is_some_and(serves) && !self.instances.iter().any(member_down)
    }

    /// More than half of the members are up (E-1); when the leader goes, the others need 1 … 2 s for a new one (E-3).
    fn quorum(&mut self, hall: &mut Hall<'_>) -> bool {
        let members: Vec<(usize, bool)> = self
            .instances
            .iter()
            .filter(|i| i.component == Component::Etcd)
            .map(|i| (i.server, i.serving && !i.expired))
            .collect();
        let up = members.iter().filter(|m| m.1).count();
        let quorum = up > members.len() / 2;
        let leader_up = members.contains(&(self.etcd_leader, true));
        if quorum && !leader_up {
            let successor = members.iter().find(|m| m.1).map_or(0, |m| m.0);
            self.etcd_leader = successor;
            if members.len() > 1 {
                self.etcd_leaderless = true;
                self.etcd_generation = self.etcd_generation.wrapping_add(1);
                let gap = self.luck.between(Span::from_secs(1), Span::from_secs(2));
                hall.after(gap, World::ControlPlane(Event::NewEtcdLeader(self.etcd_generation)));
            }
        }
        quorum
    }

    /// Behaviour follows the version of who acts: the API server that most requests meet, and the leaders.
    pub(crate) fn tell_versions(&self, hall: &mut Hall<'_>) {
        let minor = |component: Component, id: Option<InstanceId>| {
            let version = id.map(|id| self.instances[id].runs);
            let first = || self.instances.iter().find(|i| i.component == component).map(|i| i.runs);
            version
                .or_else(first)
                .map_or(0, |v| hall.versions[v.0 as usize].minor())
        };
        let minors = super::gate::Minors {
            api_server: minor(Component::ApiServer, None),
            controller_manager: minor(Component::ControllerManager, hall.store.gate.controller_manager),
            scheduler: minor(Component::Scheduler, hall.store.gate.scheduler),
        };
        hall.store.gate.minors = minors;
        for instance in self.instances.iter().filter(|i| i.component == Component::ApiServer) {
            hall.store.gate.servers[instance.server].version = instance.runs;
        }
    }

    /// The processes of a component, on one node or on all; extra standbys are nobody's target.
    pub(crate) fn processes(&self, component: Component, node: Option<NodeId>) -> Vec<InstanceId> {
        let wanted = |(_, i): &(InstanceId, &Instance)| {
            i.component == component && !i.standby && (node.is_none() || i.node == node)
        };
        self.instances.iter_ids().filter(wanted).map(|(id, _)| id).collect()
    }
}

/// Whether a component answers requests, as opposed to being elected.
pub(super) const fn answers(component: Component) -> bool {
    matches!(component, Component::Etcd | Component::ApiServer)
}
