//! Kubelets stop, start and list their pods; machines go down and come back (L-15 … L-18, L-21, C-3, C-9).

use super::super::balancer;
use super::super::event::Event as World;
use super::super::gate::Permit;
use super::super::hall::Hall;
use super::super::node_lifecycle;
use super::{Event, Kubelets, State, probe_period};
use crate::ids::{Id, NodeId};
use crate::model::{RestartPolicy, behaviour::kubelet as behaviour};
use crate::rng::Purpose;
use crate::trace::{Fact, StopReason, VersionId};
use crate::units::{Span, Time};

impl Kubelets {
    pub(super) fn down(&mut self, node: NodeId, machine: bool, hall: &mut Hall<'_>) {
        let kubelet = &mut self.nodes[node];
        kubelet.generation = kubelet.generation.wrapping_add(1);
        if kubelet.up {
            hall.unlisted -= u32::from(kubelet.begins());
            kubelet.up = false;
            self.disconnect(node, hall);
            let kubelet = &mut self.nodes[node];
            (kubelet.informed, kubelet.posted) = (false, false);
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
        balancer::proxy_answers(node, false, hall);
        for pod in hall.store.nodes[node].pods.clone() {
            let restart = hall.template_of(pod).restart;
            let containers = self.of(pod);
            let ran = containers.run();
            containers.failed |= ran && restart == RestartPolicy::Never;
            let finished = match containers.state {
                State::Stopping(_) | State::Stopped => true,
                _ => ran && restart == RestartPolicy::Never,
            };
            containers.renew();
            containers.ready = false;
            containers.crashes = 0;
            self.turn(pod, if finished { State::Stopped } else { State::Absent }, hall);
            if ran {
                let why = StopReason::NodeDown;
                hall.emit(Fact::ContainersStopped { pod, why });
            }
        }
    }

    /// A machine breaks: a plan that upgrades its node cannot start its kubelet.
    pub(super) fn lost(&mut self, node: NodeId, hall: &mut Hall<'_>) {
        self.nodes[node].broken = true;
        self.down(node, true, hall);
    }

    /// A machine is deleted, broken or not.
    pub(super) fn deleted(&mut self, node: NodeId, hall: &mut Hall<'_>) {
        self.nodes[node].deleted = true;
        self.down(node, true, hall);
    }

    pub(super) fn boot(&mut self, node: NodeId, hall: &mut Hall<'_>) {
        self.nodes[node].broken = false;
        let wanted = self.nodes[node].wanted.take();
        if self.nodes[node].up || self.nodes[node].deleted {
            return;
        }
        let installed = hall.store.nodes[node].version;
        self.up(node, wanted.unwrap_or(installed), hall);
    }

    pub(super) fn up(&mut self, node: NodeId, version: VersionId, hall: &mut Hall<'_>) {
        // A new machine may get the name of one that was deleted.
        if self.nodes[node].deleted && !hall.model.nodes[node].planned {
            return;
        }
        if self.nodes[node].broken {
            self.nodes[node].wanted = Some(version);
            return;
        }
        if self.nodes[node].up {
            if hall.store.nodes[node].version == version {
                return;
            }
            self.down(node, false, hall);
        }
        let kubelet = &mut self.nodes[node];
        hall.unlisted += 1;
        kubelet.up = true;
        kubelet.started = hall.now;
        kubelet.generation = kubelet.generation.wrapping_add(1);
        let generation = kubelet.generation;
        if !std::mem::replace(&mut kubelet.machine_up, true) {
            let new = hall.model.nodes[node].planned && (generation == 1 || kubelet.deleted);
            kubelet.deleted = false;
            hall.emit_cause(if new {
                Fact::NodeCreated { node }
            } else {
                Fact::NodeBooted { node }
            });
        }
        hall.emit_cause(Fact::KubeletStarted { node, version });
        hall.store.nodes[node].version = version;
        self.connect(node, hall);
        let status = first_status(node, generation, hall);
        hall.after(status, World::Kubelet(Event::PostReady { node, generation }));
        if hall.store.gate.available() {
            let delay = hall.draw(&hall.model.timings.kubelet_reaction);
            hall.after(delay, World::Kubelet(Event::Listed { node, generation }));
        }
        self.forget_readiness(node, status, hall);
    }

    /// L-18: until 1.34 a restarted kubelet takes a container with a readiness probe for unready until it has probed.
    fn forget_readiness(&mut self, node: NodeId, status: Span, hall: &mut Hall<'_>) {
        let keeps = behaviour::keeps_readiness(hall.minor(hall.store.nodes[node].version));
        for pod in hall.store.nodes[node].pods.clone() {
            let containers = self.of(pod);
            containers.forgetting = false;
            if !keeps && containers.serving() && probe_period(pod, hall).is_some() {
                containers.ready = false;
                containers.forgetting = true;
                hall.after(status, World::Kubelet(Event::Forget(pod)));
            }
        }
    }

    /// The kubelet knows its pods: it starts what should run, stops what should not, and reports.
    pub(super) fn listed(&mut self, node: NodeId, generation: u16, hall: &mut Hall<'_>) {
        let kubelet = &mut self.nodes[node];
        // Without the API it tries again, as `api_back` says.
        if kubelet.generation != generation || !kubelet.up || kubelet.informed || !hall.store.gate.available() {
            return;
        }
        kubelet.informed = true;
        hall.unlisted -= u32::from(!kubelet.begins());
        for pod in hall.store.nodes[node].pods.clone() {
            let containers = self.of(pod);
            let forgetting = containers.forgetting;
            if containers.state == State::Crashed && !hall.store.pods[pod].terminating {
                // The back-off was in the memory of the process that is gone: this is a first restart.
                containers.crashes = 1;
                let generation = containers.renew();
                let requeue = behaviour::crash_requeue(hall.minor(hall.store.nodes[node].version), 0);
                let wait = hall.draw(&requeue);
                hall.after(wait, World::Kubelet(Event::Restart(pod, generation)));
            } else if containers.serving() && !containers.ready && !forgetting {
                self.probe_again(pod, hall);
            }
            self.sync(pod, hall);
            if self.of(pod).state == State::Stopped {
                // They ended while no kubelet looked.
                self.report_end(pod, hall);
            } else if !forgetting {
                self.report(pod, hall);
            }
        }
    }

    /// The first node status. Kubelets of 1.20 post that the node is not ready, for they have not looked at their runtime
    /// yet, and put that right a moment later (L-17).
    pub(super) fn post_ready(&mut self, node: NodeId, generation: u16, hall: &mut Hall<'_>) {
        if self.nodes[node].generation != generation || !self.nodes[node].up {
            return;
        }
        let Ok(permit) = hall.admit() else {
            return self.write_later(Event::PostReady { node, generation }, hall);
        };
        hall.register_node(&permit, node);
        let minor = hall.minor(hall.store.nodes[node].version);
        let late = hall.now.since(self.nodes[node].started) > first_status(node, generation, hall);
        if behaviour::unready_at_start(minor) && hall.model.timings.kubelet_start.is_none() && !late {
            let blip = hall
                .streams
                .sample(Purpose::KubeletStart, blip_entity(node, generation), &behaviour::blip());
            hall.write_node_ready(&permit, node, false);
            let reaction = hall.reaction();
            hall.after(
                reaction,
                World::NodeLifecycle(node_lifecycle::Event::SelfReported(node)),
            );
            hall.after(blip, World::Kubelet(Event::Steady { node, generation }));
            hall.after(Span::ZERO, World::NodeLifecycle(node_lifecycle::Event::Heard(node)));
        } else {
            self.posts(node, &permit, hall);
        }
    }

    /// The node is ready. Where it was given up meanwhile, its pods were called unready, and the kubelet puts that right.
    fn posts(&mut self, node: NodeId, permit: &Permit, hall: &mut Hall<'_>) {
        if !hall.store.nodes[node].ready {
            for pod in hall.store.nodes[node].pods.clone() {
                if !self.of(pod).forgetting {
                    hall.after(Span::ZERO, World::Kubelet(Event::Report(pod)));
                }
            }
        }
        let kubelet = &mut self.nodes[node];
        let began = kubelet.begins();
        kubelet.posted = true;
        hall.unlisted -= u32::from(began && !kubelet.begins());
        hall.write_node_ready(permit, node, true);
        balancer::proxy_answers(node, true, hall);
        hall.after(Span::ZERO, World::NodeLifecycle(node_lifecycle::Event::Heard(node)));
    }

    pub(super) fn steady(&mut self, node: NodeId, generation: u16, hall: &mut Hall<'_>) {
        if self.nodes[node].generation != generation || !self.nodes[node].up {
            return;
        }
        match hall.admit() {
            Ok(permit) => self.posts(node, &permit, hall),
            Err(_) => self.write_later(Event::Steady { node, generation }, hall),
        }
    }

    /// Kubelets write what waited, each after a moment; those that started meanwhile list their pods when their reflector
    /// tries again (C-9; measured 34 … 43 s after the API was back).
    pub(super) fn api_back(&mut self, hall: &mut Hall<'_>) {
        for event in std::mem::take(&mut self.unwritten) {
            let delay = hall.between(Span::from_millis(20), Span::from_millis(800));
            hall.after(delay, World::Kubelet(event));
        }
        for (node, kubelet) in self.nodes.iter_ids() {
            if kubelet.up && !kubelet.informed {
                let generation = kubelet.generation;
                let at = next_list(node, generation, kubelet.started, hall);
                hall.at(at, World::Kubelet(Event::Listed { node, generation }));
            }
        }
    }
}

/// How long a kubelet that has started takes to post its first node status.
fn first_status(node: NodeId, generation: u16, hall: &Hall<'_>) -> Span {
    let by_version = behaviour::first_status(hall.minor(hall.store.nodes[node].version));
    let dist = hall.model.timings.kubelet_start.as_ref().unwrap_or(&by_version);
    hall.streams
        .sample(Purpose::KubeletStart, start_entity(node, generation), dist)
}

fn start_entity(node: NodeId, generation: u16) -> u64 {
    (node.index() as u64) << 16 | u64::from(generation)
}

fn blip_entity(node: NodeId, generation: u16) -> u64 {
    1 << 47 | start_entity(node, generation)
}

/// When a reflector that has failed since its kubelet started tries again: after 0.8 s, 1.6 s … 30 s, each times U(1, 2).
fn next_list(node: NodeId, generation: u16, started: Time, hall: &Hall<'_>) -> Time {
    const LONGEST: Span = Span::from_secs(30);
    let mut luck = hall.streams.stream(Purpose::Reflector, start_entity(node, generation));
    let mut delay = Span::from_millis(800);
    let mut at = started;
    // What was tried in a long outage before its last minutes does not matter any more.
    let recent = hall.now.before(Span::from_secs(600));
    if at < recent {
        (at, delay) = (recent, LONGEST);
    }
    while at <= hall.now {
        at += luck.between(delay, delay * 2);
        delay = (delay * 2).at_most(LONGEST);
    }
    at
}
