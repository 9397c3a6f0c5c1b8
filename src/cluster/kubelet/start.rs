//! From a bound pod to a ready one (L-1, L-4, L-6 … L-8).
//!
//! Where the input says how long a workload takes from "the kubelet sees the bound pod" to Ready, it takes exactly that,
//! and the API shows the pod as running and ready at the same moment. Otherwise init containers, the sandbox, other pods
//! that start on the node at the same time, the application and its probes each take their part, and the API shows the
//! pod as running as soon as its containers run.

use super::super::event::Event as World;
use super::super::hall::Hall;
use super::super::volumes;
use super::{Event, Kubelets, State, entity, minor};
use crate::ids::PodId;
use crate::model::{Probe, Timings, behaviour};
use crate::rng::Purpose;
use crate::trace::Fact;
use crate::units::{Dist, Span, Time};

impl Kubelets {
    /// Starts a pod's containers; how long that takes depends on the pod alone, not on when or where (common random
    /// numbers), except for other pods that start at the same time.
    pub(super) fn start(&mut self, pod: PodId, hall: &mut Hall<'_>) {
        if !volumes::ready(hall, pod) || self.waits_for_services(pod, hall) {
            return;
        }
        let generation = self.of(pod).renew();
        let mut wait = init(pod, hall);
        if given(pod, hall).is_none() {
            wait += sandbox(pod, hall);
        } else if wait == Span::ZERO {
            return self.run(pod, hall);
        }
        self.turn(pod, State::Starting, hall);
        hall.after(wait, World::Kubelet(Event::Prepared(pod, generation)));
    }

    /// Kubelets start many pods at once more slowly; each waits for all (measured up to 12).
    pub(super) fn prepared(&mut self, pod: PodId, generation: u16, hall: &mut Hall<'_>) {
        if !self.goes_on(pod, generation, hall) {
            return;
        }
        let mut others = 0;
        if given(pod, hall).is_none()
            && let Some(node) = hall.store.pods[pod].node
            && self.nodes[node].starting > 1
        {
            let at_work = |&&p: &&PodId| p != pod && self.containers.get(p).is_some_and(|c| c.state == State::Starting);
            others = hall.store.nodes[node].pods.iter().filter(at_work).count() as u64;
            debug_assert!(others < self.nodes[node].starting.into());
        }
        let wait = behaviour::kubelet::start_beside_another(minor(pod, hall)) * others;
        if wait == Span::ZERO {
            return self.run(pod, hall);
        }
        hall.after(wait, World::Kubelet(Event::Started(pod, generation)));
    }

    pub(super) fn started(&mut self, pod: PodId, generation: u16, hall: &mut Hall<'_>) {
        if self.goes_on(pod, generation, hall) {
            self.run(pod, hall);
        }
    }

    /// Whether a start that was under way still is: a kubelet that has stopped starts nothing, and begins anew later.
    fn goes_on(&mut self, pod: PodId, generation: u16, hall: &Hall<'_>) -> bool {
        let acting = self.acting(pod, hall).is_some();
        let containers = self.of(pod);
        if containers.generation != generation || containers.state != State::Starting {
            return false;
        }
        if !acting {
            self.turn(pod, State::Absent, hall);
        }
        acting
    }

    /// The containers run from now on.
    pub(super) fn run(&mut self, pod: PodId, hall: &mut Hall<'_>) {
        self.turn(pod, State::Running(false), hall);
        self.histories[pod].started = hall.now;
        let containers = self.of(pod);
        containers.ready = false;
        let generation = containers.generation;
        hall.emit_cause(Fact::ContainersStarted { pod });
        let given = given(pod, hall);
        if hall.store.pods[pod].never_ready {
            hall.after(Span::ZERO, World::Kubelet(Event::Report(pod)));
            return;
        }
        let answers = match given {
            Some(dist) => hall.sample(Purpose::Startup, entity(pod, hall), dist),
            None => {
                let report = behaviour::kubelet::running_report(minor(pod, hall));
                let report = hall.sample(Purpose::StatusReport, entity(pod, hall), &report);
                hall.after(report, World::Kubelet(Event::Report(pod)));
                let answers = hall.sample(Purpose::Startup, entity(pod, hall), &Timings::POD_ANSWERS);
                answers - sandbox(pod, hall)
            }
        };
        hall.after(answers, World::Kubelet(Event::Serving(pod, generation)));
    }

    pub(super) fn serving(&mut self, pod: PodId, generation: u16, hall: &mut Hall<'_>) {
        let containers = self.of(pod);
        if containers.generation != generation || containers.state != State::Running(false) {
            return;
        }
        containers.state = State::Running(true);
        let started = self.histories[pod].started;
        hall.emit_cause(Fact::ContainersServing { pod });
        let class = hall.template_of(pod);
        if given(pod, hall).is_some() || class.readiness.is_none() && class.startup_probe.is_none() {
            self.of(pod).ready = true;
            let delay = hall.half_call();
            hall.after(delay, World::Kubelet(Event::Report(pod)));
        } else {
            let at = ready_at(pod, started, hall);
            hall.at(at, World::Kubelet(Event::Probed(pod, generation)));
        }
        self.works(pod, hall);
    }

    pub(super) fn probed(&mut self, pod: PodId, generation: u16, hall: &mut Hall<'_>) {
        let acting = self.acting(pod, hall).is_some();
        let containers = self.of(pod);
        if !acting || containers.generation != generation || !containers.serving() || containers.forgetting {
            return;
        }
        containers.ready = true;
        let delay = hall.half_call();
        hall.after(delay, World::Kubelet(Event::Report(pod)));
    }
}

/// What the input says about "bound to Ready" of a pod's workload.
fn given<'m>(pod: PodId, hall: &Hall<'m>) -> Option<&'m Dist> {
    let workload = hall.manner(hall.store.pods[pod].workload);
    workload.startup.as_ref().or(hall.model.timings.pod_startup.as_ref())
}

/// How long the init containers of a pod take together.
fn init(pod: PodId, hall: &mut Hall<'_>) -> Span {
    let state = &hall.store.pods[pod];
    let count = hall.template(state.class).init_containers;
    if count == 0 {
        return Span::ZERO;
    }
    let workload = hall.manner(state.workload);
    match workload.init.as_ref().or(hall.model.timings.pod_init.as_ref()) {
        Some(dist) => hall.sample(Purpose::Init, entity(pod, hall), dist),
        None if given(pod, hall).is_none() => Timings::INIT_CONTAINER * u64::from(count),
        None => Span::ZERO,
    }
}

/// Sandbox, network, and the start of containers whose images are there.
fn sandbox(pod: PodId, hall: &mut Hall<'_>) -> Span {
    let dist = behaviour::kubelet::container_start(minor(pod, hall));
    hall.sample(Purpose::Sandbox, entity(pod, hall), &dist)
}

/// When the probes of containers that answer from now on have succeeded (L-6 … L-8). A worker probes at a phase after
/// the start and then once a period; what falls before the initial delay is left out.
fn ready_at(pod: PodId, started: Time, hall: &Hall<'_>) -> Time {
    let class = hall.template_of(pod);
    let at_once = behaviour::kubelet::probes_at_once(minor(pod, hall));
    let mut luck = hall.streams.stream(Purpose::Probe, entity(pod, hall));
    let mut success = |probe: Probe, first: Time, from: Time| {
        let latest = if at_once {
            probe.period.at_most(Span::from_secs(1))
        } else {
            probe.period
        };
        let phase = luck.between(Span::ZERO, latest);
        let from = from.max(started + probe.initial_delay);
        next_tick(first + phase, probe.period, from) + probe.period * u64::from(probe.successes.max(1) - 1)
    };
    let mut up = hall.now;
    let mut first = started;
    if let Some(probe) = class.startup_probe {
        up = success(probe, started, up);
        if at_once {
            first = up;
        }
    }
    class.readiness.map_or(up, |probe| success(probe, first, up))
}

/// The first tick at or after a time.
fn next_tick(first: Time, period: Span, from: Time) -> Time {
    let periods = from.since(first).as_micros().div_ceil(period.as_micros().max(1));
    first + period * periods
}
