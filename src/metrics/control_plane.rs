//! When the control plane was away, and what became of pods meanwhile (M-12, M-13).

use crate::ids::{Id, InstanceId};
use crate::model::Component;
use crate::trace::{Fact, Preamble};

use super::outcome::list;
use super::report::{ControlPlaneReport, OutageReport};
use super::seconds;

/// Time that something was away, in microseconds.
#[derive(Clone, Copy, Default)]
struct Away {
    since: Option<u64>,
    total: u64,
}

impl Away {
    fn set(&mut self, at: u64, away: bool) {
        if away {
            self.since.get_or_insert(at);
        } else if let Some(since) = self.since.take() {
            self.total += at.saturating_sub(since);
        }
    }
}

/// A longest interval in which something of the control plane was away. Times are microseconds.
#[derive(Clone)]
struct Outage {
    start: u64,
    end: Option<u64>,
    components: [bool; 4],
    lost: u64,
    restarted: u64,
    during: u64,
    after: u64,
    first_after: Option<u64>,
}

/// Places in tables by component, as in [`Component::ALL`].
const fn place(component: Component) -> usize {
    match component {
        Component::Etcd => 0,
        Component::ApiServer => 1,
        Component::ControllerManager => 2,
        Component::Scheduler => 3,
    }
}

/// The control plane over time.
#[derive(Clone)]
pub(super) struct ControlPlane {
    components: Vec<Component>,
    /// Whether the process runs, by instance.
    runs: Vec<bool>,
    /// Running processes, by component.
    running: [u32; 4],
    api: Away,
    quorum: Away,
    /// Nobody leads, by component.
    leaderless: [Away; 4],
    /// When nobody led: component, start, end.
    gaps: Vec<(Component, u64, u64)>,
    /// What is away now, by component.
    away: [bool; 4],
    outages: Vec<Outage>,
}

impl ControlPlane {
    /// Every process runs until a fact says otherwise.
    pub(super) fn new(preamble: &Preamble) -> Self {
        let components: Vec<Component> = preamble.instances.iter().map(|i| i.component).collect();
        let mut running = [0; 4];
        for &component in &components {
            running[place(component)] += 1;
        }
        Self {
            runs: vec![true; components.len()],
            components,
            running,
            api: Away::default(),
            quorum: Away::default(),
            leaderless: [Away::default(); 4],
            gaps: Vec::new(),
            away: [false; 4],
            outages: Vec::new(),
        }
    }

    pub(super) fn observe(&mut self, at: u64, fact: &Fact) {
        match *fact {
            Fact::ApiUnavailable | Fact::ApiAvailable => {
                let away = matches!(fact, Fact::ApiUnavailable);
                self.api.set(at, away);
                self.set(at, Component::ApiServer, away);
            }
            Fact::QuorumLost | Fact::QuorumRegained => {
                let away = matches!(fact, Fact::QuorumLost);
                self.quorum.set(at, away);
                self.set(at, Component::Etcd, away);
            }
            Fact::LeaderLost { component } => self.leaderless[place(component)].set(at, true),
            Fact::LeaderElected { component, .. } => {
                let clock = &mut self.leaderless[place(component)];
                if let Some(since) = clock.since {
                    self.gaps.push((component, since, at));
                }
                clock.set(at, false);
            }
            Fact::ComponentStopped { instance, .. } => self.process(at, instance, false),
            Fact::ComponentStarted { instance, .. } => self.process(at, instance, true),
            _ => {}
        }
    }

    /// A process stops or starts. Of API servers and etcd, facts tell directly whether they do their work.
    fn process(&mut self, at: u64, instance: InstanceId, runs: bool) {
        let index = instance.index();
        let Some((now, &component)) = self.runs.get_mut(index).zip(self.components.get(index)) else {
            return;
        };
        if *now == runs {
            return;
        }
        *now = runs;
        let count = &mut self.running[place(component)];
        *count = if runs { *count + 1 } else { count.saturating_sub(1) };
        let away = *count == 0;
        if matches!(component, Component::ControllerManager | Component::Scheduler) {
            self.set(at, component, away);
        }
    }

    fn set(&mut self, at: u64, component: Component, away: bool) {
        self.away[place(component)] = away;
        let any = self.away.contains(&true);
        match self.outages.last_mut() {
            // An outage that begins the instant another ends is the same.
            Some(last) if last.end.is_none_or(|end| end == at) => {
                last.end = (!any).then_some(at);
                last.components[place(component)] |= away;
            }
            _ if away => {
                let mut components = [false; 4];
                components[place(component)] = true;
                self.outages.push(Outage {
                    start: at,
                    end: None,
                    components,
                    lost: 0,
                    restarted: 0,
                    during: 0,
                    after: 0,
                    first_after: None,
                });
            }
            _ => {}
        }
    }

    /// The outage that is going on.
    pub(super) fn current(&self) -> Option<u32> {
        let last = self.outages.last().filter(|o| o.end.is_none())?;
        let _ = last;
        u32::try_from(self.outages.len() - 1).ok()
    }

    /// Whether no controller can create a pod: without the API, the quorum, or any controller manager.
    fn paralysed(&self) -> bool {
        self.away[..3].contains(&true)
    }

    fn outage(&mut self, index: Option<u32>) -> Option<&mut Outage> {
        self.outages.get_mut(index? as usize)
    }

    /// A pod of a controller is lost; the outage that it is lost in.
    pub(super) fn lost(&mut self) -> Option<u32> {
        let current = self.current();
        self.outage(current)?.lost += 1;
        current
    }

    /// A pod that was taken for lost has come back.
    pub(super) fn found(&mut self, outage: Option<u32>) {
        if let Some(outage) = self.outage(outage) {
            outage.lost = outage.lost.saturating_sub(1);
        }
    }

    /// A kubelet started a container again that crashed in an outage.
    pub(super) fn restarted(&mut self, crashed_in: u32) {
        if self.current() == Some(crashed_in)
            && let Some(outage) = self.outage(Some(crashed_in))
        {
            outage.restarted += 1;
        }
    }

    /// A controller created a pod, perhaps in the place of one that was lost in an outage.
    pub(super) fn recreated(&mut self, at: u64, lost_in: Option<u32>) {
        if self.paralysed() {
            let current = self.current();
            if let Some(outage) = self.outage(current) {
                outage.during += 1;
            }
        } else if let Some(outage) = self.outage(lost_in) {
            outage.after += 1;
            outage.first_after.get_or_insert(at);
        }
    }

    /// What kept a component from acting between two instants, and until when: an outage, or that nobody led.
    pub(super) fn idle_between(&self, component: Component, from: u64, to: u64) -> Option<(String, u64)> {
        let outage = self.outages.iter().rev().find(|o| {
            let concerns = o.components[1] || o.components[0] || o.components[place(component)];
            concerns && o.start < to && o.end.is_none_or(|end| end > from)
        });
        let outage = outage.map(|o| {
            let names: Vec<&str> = o.names().collect();
            let verb = if names.len() == 1 { "was" } else { "were" };
            let text = format!("{} {verb} away", list(&names));
            (text, o.end.unwrap_or(to).min(to))
        });
        let gap = self
            .gaps
            .iter()
            .rev()
            .find(|g| g.0 == component && g.1 < to && g.2 > from);
        let gap = gap.map(|g| (format!("no {} led", component.as_str()), g.2.min(to)));
        // Whichever lasted longer; an outage without a gap counts, too.
        match (outage, gap) {
            (Some(a), Some(b)) => Some(if b.1 > a.1 { b } else { a }),
            (a, b) => a.or(b),
        }
    }

    pub(super) fn report(mut self, end: u64) -> ControlPlaneReport {
        self.api.set(end, false);
        self.quorum.set(end, false);
        for clock in &mut self.leaderless {
            clock.set(end, false);
        }
        let leaderless = |c: Component| seconds(self.leaderless[place(c)].total);
        ControlPlaneReport {
            api_down_seconds: seconds(self.api.total),
            etcd_no_quorum_seconds: seconds(self.quorum.total),
            controller_manager_leaderless_seconds: leaderless(Component::ControllerManager),
            scheduler_leaderless_seconds: leaderless(Component::Scheduler),
            outages: self
                .outages
                .iter()
                .filter(|o| o.end.unwrap_or(end) > o.start)
                .map(|o| o.report(end))
                .collect(),
            certificates: Vec::new(),
        }
    }
}

impl Outage {
    fn names(&self) -> impl Iterator<Item = &'static str> {
        let all = Component::ALL.into_iter();
        all.filter(|&c| self.components[place(c)]).map(Component::as_str)
    }

    fn report(&self, run_end: u64) -> OutageReport {
        let end = self.end.unwrap_or(run_end);
        OutageReport {
            start: seconds(self.start),
            end: seconds(end),
            components: self.names().map(str::to_owned).collect(),
            pods_lost: self.lost,
            restarted_locally: self.restarted,
            recreated_during: self.during,
            recreated_after: self.after,
            first_recreate_delay_seconds: self.first_after.map(|at| seconds(at.saturating_sub(end))),
        }
    }
}
