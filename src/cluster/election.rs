//! Leader election of controller manager and scheduler (C-5 … C-8). Renewals are not simulated: a lease matters only
//! when they stop.

use super::event::Event as World;
use super::hall::Hall;
use crate::ids::InstanceId;
use crate::model::Component;
use crate::model::behaviour;
use crate::rng::Stream;
use crate::trace::Fact;
use crate::units::{Span, Time};

/// What leader election waits for. Generations tell whether it still matters.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Event {
    /// A candidate tries to take the lease.
    Poll(InstanceId, u16),
    /// The leader renews again after an outage of its API server.
    Renewed(Component, u16),
    /// The leader has not renewed for too long and gives up.
    GiveUp(Component, u16),
    /// A new leader (`true`), or one whose API is back, has synced its caches and acts.
    Act(InstanceId, u16, bool),
}

/// `leaseDuration` (C-5).
const LEASE: Span = Span::from_secs(15);
/// `retryPeriod`: between two renewals, and at least between two tries.
const RETRY: Span = Span::from_secs(2);
/// `retryPeriod` × 2.2: at most between two tries.
const RETRY_MAX: Span = Span::from_millis(4400);
/// A leader that cannot renew exits so long after its last renewal: `retryPeriod` + `renewDeadline` (C-6).
const GIVE_UP: Span = Span::from_secs(12);

/// The elections.
#[derive(Debug)]
pub(crate) struct Elections {
    races: [Race; 2],
    elect: bool,
    luck: Stream,
}

/// One election: its lease and its candidates.
#[derive(Debug)]
struct Race {
    component: Component,
    /// Whose name the lease bears; `None`: it was released. A process that starts again has a new name, so its
    /// generation belongs to it.
    holder: Option<(InstanceId, u16)>,
    /// The holder renews it every 2 s since then; `None`: it does not any more.
    renewing_since: Option<Time>,
    last_renewal: Time,
    /// Counts the states of the lease that candidates can tell apart.
    record: u32,
    generation: u16,
    candidates: Vec<Candidate>,
}

/// A process that would lead.
#[derive(Debug)]
struct Candidate {
    instance: InstanceId,
    /// Its API server.
    door: usize,
    up: bool,
    generation: u16,
    /// The state of the lease that it saw last, and when it saw it first.
    observed: Option<(u32, Time)>,
    /// It waits for its informers before it enters the election (the scheduler), since then.
    syncing_since: Option<Time>,
    /// It has seen a healthy leader and need not be watched until that one falls silent.
    dormant: bool,
    /// Its certificate has expired: no API server lets it in.
    barred: bool,
}

impl Candidate {
    fn reaches(&self, hall: &Hall<'_>) -> bool {
        !self.barred && hall.reaches(self.door)
    }
}

impl Race {
    /// Whether a candidate's own name is on the lease.
    fn leads(&self, candidate: &Candidate) -> bool {
        candidate.up && self.holder == Some((candidate.instance, candidate.generation))
    }

    /// The candidate that leads, if it is up.
    fn leader(&self) -> Option<&Candidate> {
        self.candidates.iter().find(|c| self.leads(c))
    }

    fn position(&self, instance: InstanceId) -> Option<usize> {
        self.candidates.iter().position(|c| c.instance == instance)
    }

    /// The last renewal at or before a time.
    fn renewal_before(&self, time: Time) -> Time {
        match self.renewing_since {
            None => self.last_renewal,
            // Before its first renewal of the run a leader has renewed at its very start.
            Some(since) if time < since => Time::ZERO,
            Some(since) => {
                let rounds = time.since(since).as_micros() / RETRY.as_micros();
                since + RETRY * rounds
            }
        }
    }
}

/// Whether a candidate may take a lease that bears another's name: it has seen the same state of it for 15 s, by its
/// own clock (C-5).
fn may_take(observed: Option<(u32, Time)>, record: u32, now: Time) -> bool {
    observed.is_some_and(|(seen, at)| seen == record && now >= at + LEASE)
}

/// When a leader that last renewed at `renewal` and has been unable to since gets through again, if its API is back at
/// `back`: at the first of its tries at +2, +4, … +10 s (C-6).
fn next_renewal(renewal: Time, back: Time) -> Option<Time> {
    (1..=5).map(|k| renewal + RETRY * k).find(|&t| t >= back)
}

impl Elections {
    pub(crate) fn new(elect: bool, luck: Stream, members: &[(Component, InstanceId, usize)]) -> Self {
        let race = |component: Component| Race {
            component,
            holder: None,
            renewing_since: None,
            last_renewal: Time::ZERO,
            record: 0,
            generation: 0,
            candidates: members
                .iter()
                .filter(|m| m.0 == component)
                .map(|&(_, instance, door)| Candidate {
                    instance,
                    door,
                    up: false,
                    generation: 0,
                    observed: None,
                    syncing_since: None,
                    dormant: false,
                    barred: false,
                })
                .collect(),
        };
        Self {
            races: [race(Component::ControllerManager), race(Component::Scheduler)],
            elect,
            luck,
        }
    }

    fn race(&mut self, component: Component) -> &mut Race {
        &mut self.races[usize::from(component == Component::Scheduler)]
    }

    /// Before time starts everything has been up for long: the first candidate leads.
    pub(crate) fn start(&mut self, hall: &mut Hall<'_>) {
        for component in [Component::ControllerManager, Component::Scheduler] {
            let race = self.race(component);
            for candidate in &mut race.candidates {
                candidate.up = true;
                candidate.dormant = true;
            }
            let first = race.candidates[0].instance;
            let door = race.candidates[0].door;
            race.holder = Some((first, race.candidates[0].generation));
            let phase = self.luck.between(Span::ZERO, RETRY);
            self.race(component).renewing_since = Some(Time::ZERO + phase);
            hall.emit(Fact::LeaderElected {
                component,
                instance: first,
            });
            set_acting(hall, component, Some(first), door);
        }
    }

    /// Who acts, now that this happened: the caller tells the component's rooms to start.
    pub(crate) fn handle(&mut self, event: Event, hall: &mut Hall<'_>, outcome: &mut Outcome) {
        match event {
            Event::Poll(instance, generation) => self.poll(instance, generation, hall),
            Event::Renewed(component, generation) => {
                let race = self.race(component);
                // Its API may have gone away again meanwhile: then it goes on failing until it gives up.
                let reaches = race.leader().is_some_and(|c| c.reaches(hall));
                if race.generation == generation && reaches {
                    race.renewing_since = Some(hall.now);
                    race.record += 1;
                }
            }
            Event::GiveUp(component, generation) => {
                let race = self.race(component);
                if race.generation == generation && race.renewing_since.is_none() {
                    outcome.gives_up = race.leader().map(|c| c.instance);
                }
            }
            Event::Act(instance, generation, fresh) => {
                outcome.fresh = fresh;
                self.act(instance, generation, hall, outcome);
            }
        }
    }

    /// A process of an elected component has started.
    pub(crate) fn process_started(&mut self, component: Component, instance: InstanceId, hall: &mut Hall<'_>) {
        let needs_caches = component == Component::Scheduler;
        let start = self.luck.between(Span::from_millis(150), Span::from_millis(450));
        let race = self.race(component);
        let Some(at) = race.position(instance) else { return };
        let candidate = &mut race.candidates[at];
        candidate.up = true;
        candidate.generation = candidate.generation.wrapping_add(1);
        candidate.observed = None;
        candidate.dormant = false;
        let generation = candidate.generation;
        // The scheduler syncs its informers before it enters the election; the controller manager after it.
        candidate.syncing_since = (needs_caches && !candidate.reaches(hall)).then_some(hall.now);
        if candidate.syncing_since.is_none() {
            hall.after(start, World::Election(Event::Poll(instance, generation)));
        }
    }

    /// A process of an elected component has exited; `released`: it gave the lease back first.
    pub(crate) fn process_stopped(
        &mut self,
        component: Component,
        instance: InstanceId,
        released: bool,
        hall: &mut Hall<'_>,
    ) {
        let now = hall.now;
        let race = self.race(component);
        let led = race.leader().is_some_and(|c| c.instance == instance);
        if let Some(at) = race.position(instance) {
            let candidate = &mut race.candidates[at];
            candidate.up = false;
            candidate.generation = candidate.generation.wrapping_add(1);
            candidate.syncing_since = None;
        }
        if !led {
            return;
        }
        if race.renewing_since.is_some() {
            race.last_renewal = race.renewal_before(now);
            race.renewing_since = None;
            race.record += 1;
        }
        race.generation = race.generation.wrapping_add(1);
        if released {
            race.holder = None;
        }
        hall.emit_cause(Fact::LeaderLost { component });
        set_acting(hall, component, None, 0);
        self.wake(component, hall);
    }

    /// An API server stopped answering: who leads through it cannot renew.
    pub(crate) fn api_lost(&mut self, door: usize, hall: &mut Hall<'_>) {
        for component in [Component::ControllerManager, Component::Scheduler] {
            let leads_here = self.race(component).leader().is_some_and(|c| c.door == door);
            if leads_here {
                self.stops_renewing(component, hall);
            }
        }
    }

    /// The leader cannot renew from now on.
    fn stops_renewing(&mut self, component: Component, hall: &mut Hall<'_>) {
        let (now, elect) = (hall.now, self.elect);
        let race = self.race(component);
        if !elect || race.renewing_since.is_none() {
            return;
        }
        race.last_renewal = race.renewal_before(now);
        race.renewing_since = None;
        race.generation = race.generation.wrapping_add(1);
        race.record += 1;
        let at = race.last_renewal + GIVE_UP;
        hall.at(at, World::Election(Event::GiveUp(component, race.generation)));
        self.wake(component, hall);
    }

    /// A process's certificate has expired, or it has read a new one.
    pub(super) fn bar(&mut self, instance: InstanceId, barred: bool, hall: &mut Hall<'_>) {
        for component in [Component::ControllerManager, Component::Scheduler] {
            let race = self.race(component);
            let Some(at) = race.position(instance) else { continue };
            race.candidates[at].barred = barred;
            if barred && race.leads(&race.candidates[at]) {
                self.stops_renewing(component, hall);
                set_acting(hall, component, None, 0);
            }
        }
    }

    /// An API server answers again. `cut`: watches were broken, since then, and informers list again when their back-off
    /// lets them (C-9).
    pub(crate) fn api_back(&mut self, door: usize, cut: Option<Time>, hall: &mut Hall<'_>) {
        for component in [Component::ControllerManager, Component::Scheduler] {
            self.resume_renewal(component, door, hall);
            self.resume_informers(component, door, cut, hall);
        }
    }

    fn resume_renewal(&mut self, component: Component, door: usize, hall: &mut Hall<'_>) {
        let now = hall.now;
        let race = self.race(component);
        let fails = race.renewing_since.is_none() && race.leader().is_some_and(|c| c.door == door);
        if let Some(at) = next_renewal(race.last_renewal, now).filter(|_| fails) {
            hall.at(at, World::Election(Event::Renewed(component, race.generation)));
        }
    }

    fn resume_informers(&mut self, component: Component, door: usize, cut: Option<Time>, hall: &mut Hall<'_>) {
        let now = hall.now;
        let index = usize::from(component == Component::Scheduler);
        for at in 0..self.races[index].candidates.len() {
            let candidate = &mut self.races[index].candidates[at];
            if !candidate.up || candidate.door != door {
                continue;
            }
            let (instance, generation) = (candidate.instance, candidate.generation);
            let syncing = candidate.syncing_since.take();
            let leads = self.races[index].leader().is_some_and(|c| c.instance == instance);
            if let Some(since) = syncing {
                let wait = reflector_wait(since, now, &mut self.luck);
                hall.after(wait, World::Election(Event::Poll(instance, generation)));
            } else if leads {
                let wait = match cut {
                    Some(since) => reflector_wait(since, now, &mut self.luck),
                    None => hall.reaction(),
                };
                hall.after(wait, World::Election(Event::Act(instance, generation, false)));
            }
        }
    }

    /// The lease has lost its keeper: candidates that slept are watched again, each at its own phase.
    fn wake(&mut self, component: Component, hall: &mut Hall<'_>) {
        let now = hall.now;
        let index = usize::from(component == Component::Scheduler);
        let (record, renewal, holder) = {
            let race = &self.races[index];
            (race.record, race.last_renewal, race.holder)
        };
        for candidate in &mut self.races[index].candidates {
            if !candidate.up || !candidate.dormant || Some((candidate.instance, candidate.generation)) == holder {
                continue;
            }
            candidate.dormant = false;
            let gap = self.luck.between(RETRY, RETRY_MAX);
            let ago = self.luck.between(Span::ZERO, gap);
            let last_poll = now.before(ago);
            candidate.observed = (last_poll >= renewal).then_some((record, last_poll));
            let event = Event::Poll(candidate.instance, candidate.generation);
            hall.after(gap.saturating_sub(ago), World::Election(event));
        }
    }

    fn poll(&mut self, instance: InstanceId, generation: u16, hall: &mut Hall<'_>) {
        let elect = self.elect;
        for index in 0..2 {
            let race = &mut self.races[index];
            let Some(at) = race.position(instance) else { continue };
            let leads = race.leads(&race.candidates[at]);
            let candidate = &mut race.candidates[at];
            if !candidate.up || candidate.generation != generation || leads {
                return;
            }
            if candidate.reaches(hall) {
                let free = race.holder.is_none() || !elect;
                if free || may_take(candidate.observed, race.record, hall.now) {
                    return self.acquire(index, at, hall);
                }
                if race.renewing_since.is_some() {
                    candidate.dormant = true;
                    return;
                }
                if candidate.observed.is_none_or(|(seen, _)| seen != race.record) {
                    candidate.observed = Some((race.record, hall.now));
                }
            }
            let gap = self.luck.between(RETRY, RETRY_MAX);
            hall.after(gap, World::Election(Event::Poll(instance, generation)));
            return;
        }
    }

    fn acquire(&mut self, index: usize, at: usize, hall: &mut Hall<'_>) {
        let race = &mut self.races[index];
        let (instance, generation) = (race.candidates[at].instance, race.candidates[at].generation);
        let component = race.component;
        race.holder = Some((instance, generation));
        race.renewing_since = Some(hall.now);
        race.record += 1;
        race.generation = race.generation.wrapping_add(1);
        hall.emit_cause(Fact::LeaderElected { component, instance });
        let default = match component {
            Component::Scheduler => behaviour::scheduler::start(),
            _ => behaviour::controller_manager::start(),
        };
        let start = self
            .luck
            .sample(hall.timings_of(component).start.as_ref().unwrap_or(&default));
        hall.after(start, World::Election(Event::Act(instance, generation, true)));
    }

    fn act(&mut self, instance: InstanceId, generation: u16, hall: &mut Hall<'_>, outcome: &mut Outcome) {
        for race in &self.races {
            let Some(at) = race.position(instance) else { continue };
            let candidate = &race.candidates[at];
            let leads = race.leads(candidate) && candidate.generation == generation;
            if leads && candidate.reaches(hall) {
                set_acting(hall, race.component, Some(instance), candidate.door);
                outcome.acts = Some(race.component);
            }
        }
    }
}

/// What an election event means for the rest of the control plane.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// This process exits because it lost its lease.
    pub(crate) gives_up: Option<InstanceId>,
    /// This component begins to act.
    pub(crate) acts: Option<Component>,
    /// It is a new leader.
    pub(crate) fresh: bool,
}

/// Tells the gate who acts.
pub(crate) fn set_acting(hall: &mut Hall<'_>, component: Component, instance: Option<InstanceId>, door: usize) {
    let gate = &mut hall.store.gate;
    match component {
        Component::ControllerManager => {
            gate.controller_manager = instance;
            gate.controller_manager_door = door;
        }
        Component::Scheduler => {
            gate.scheduler = instance;
            gate.scheduler_door = door;
        }
        Component::Etcd | Component::ApiServer => {}
    }
}

/// How long after `back` a reflector that began to fail at `since` tries again: its waits are 0.8 s × 2ⁿ up to 30 s,
/// each × U(1, 2) (C-9).
fn reflector_wait(since: Time, back: Time, luck: &mut Stream) -> Span {
    let mut at = since;
    let mut delay = Span::from_millis(800);
    while at < back {
        at += luck.between(delay, delay * 2);
        delay = (delay * 2).at_most(Span::from_secs(30));
    }
    at.since(back) + Span::from_millis(30)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: f64) -> Time {
        Time::ZERO + Span::from_secs_f64(secs)
    }

    /// Golden example B (semantics 16.4): a restarted controller manager sees the old lease at 5 and polls every 3 s
    /// (or every 4 s); it leads at 20 (or 21).
    #[test]
    fn golden_b_c7_a_restarted_process_waits_for_the_lease_it_first_saw() {
        let first_success = |gap: f64| {
            let observed = Some((7, at(5.0)));
            (1..10)
                .map(|k| at(5.0 + gap * f64::from(k)))
                .find(|&t| may_take(observed, 7, t))
        };
        assert_eq!(first_success(3.0), Some(at(20.0)));
        assert_eq!(first_success(4.0), Some(at(21.0)));
    }

    /// Golden example C (16.5): last renewal at 100, API away from 101; back at 107 the try at 108 gets through; the
    /// process would have exited at 112.
    #[test]
    fn golden_c_c6_a_leader_survives_what_ends_before_its_last_try() {
        assert_eq!(next_renewal(at(100.0), at(107.0)), Some(at(108.0)));
        assert_eq!(next_renewal(at(100.0), at(110.0)), Some(at(110.0)));
        assert_eq!(next_renewal(at(100.0), at(110.5)), None);
        assert_eq!(at(100.0) + GIVE_UP, at(112.0));
    }

    #[test]
    fn c9_reflectors_try_again_within_a_minute() {
        let mut luck = crate::rng::Streams::new(1, 0).stream(crate::rng::Purpose::Election, 0);
        for outage in [1.0, 5.0, 40.0, 600.0] {
            for _ in 0..100 {
                let wait = reflector_wait(at(0.0), at(outage), &mut luck);
                assert!(wait <= Span::from_secs(61), "{wait}");
            }
        }
    }
}
