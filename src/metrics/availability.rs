//! The three truths about availability: what the API says, what processes do, what clients feel (M-6, M-7, M-9).

use std::collections::BTreeMap;

use crate::ids::{NodeId, PodId};

use super::blame::{Blame, Loss};
use super::entrance::{Backends, Change, Entrance, ShutOut};
use super::missing::Ledger;
use super::report::{Availability, ClientReport};
use super::seconds;

/// How many replicas count as there, over time. Times are microseconds.
#[derive(Clone, Default)]
pub(super) struct Tally {
    desired: u32,
    count: u32,
    /// Whether the clock runs: from the start of the run on.
    running: bool,
    since: u64,
    min: Option<u32>,
    down: u64,
    degraded: u64,
    deficit: u128,
    missing: Ledger,
}

impl Tally {
    pub(super) fn new(desired: u32) -> Self {
        Self {
            desired,
            ..Self::default()
        }
    }

    /// One more is wanted from now on.
    pub(super) fn want_more(&mut self, at: u64, loss: Loss) {
        let at = self.advance(at);
        self.desired = self.desired.saturating_add(1);
        if self.running {
            self.missing.lose(at, loss);
        }
    }

    /// One less is wanted from now on: that of a slot, if it is missing.
    pub(super) fn want_less(&mut self, at: u64, slot: u32) {
        let at = self.advance(at);
        if self.desired > 0 {
            self.desired -= 1;
            if self.running {
                self.missing.find(at, None, slot);
            }
        }
    }

    /// The clock starts.
    pub(super) fn start(&mut self, at: u64) {
        if self.running {
            return;
        }
        self.running = true;
        self.since = at;
        self.missing.start(at, self.desired, self.count);
    }

    /// One more is there from now on.
    pub(super) fn up(&mut self, at: u64, pod: PodId, slot: u32) {
        let at = self.advance(at);
        self.count = self.count.saturating_add(1);
        if self.running {
            self.missing.find(at, Some(pod), slot);
        }
    }

    /// One less is there from now on.
    pub(super) fn down(&mut self, at: u64, loss: Loss) {
        let at = self.advance(at);
        if self.count > 0 {
            self.count -= 1;
            if self.running {
                self.missing.lose(at, loss);
            }
        }
    }

    /// Accounts for the time that has passed, and says how late it is. States that last no time leave no trace.
    fn advance(&mut self, at: u64) -> u64 {
        // In a trace that somebody has tampered with, time may run backwards.
        let at = at.max(self.since);
        let passed = at - self.since;
        if !self.running || passed == 0 {
            return at;
        }
        self.min = Some(self.min.map_or(self.count, |min| min.min(self.count)));
        if self.count < self.desired {
            let missing = u128::from(self.desired - self.count);
            self.deficit += missing * u128::from(passed);
            if self.count > 0 {
                self.degraded += passed;
            } else {
                self.down += passed;
            }
            self.missing.passed(self.since, at, self.count == 0);
        }
        self.since = at;
        at
    }

    /// The clock stops.
    pub(super) fn finish(&mut self, at: u64) {
        let at = self.advance(at);
        self.missing.finish(at);
        debug_assert!(self.adds_up(), "what is to blame for downtime is not all of it");
    }

    /// Whether the sums over what is to blame are those of the workload.
    fn adds_up(&self) -> bool {
        let lacked = || self.missing.lacked().iter().map(|(_, lacked)| lacked);
        lacked().map(|l| l.down).sum::<u64>() == self.down
            && lacked().map(|l| l.degraded).sum::<u64>() == self.degraded
            && lacked().map(|l| u128::from(l.deficit)).sum::<u128>() == self.deficit
    }

    /// What was missing, and why.
    pub(super) const fn missing(&self) -> &Ledger {
        &self.missing
    }

    pub(super) fn report(&self) -> Availability {
        let counted = self.min.unwrap_or(self.count);
        Availability {
            min_ready: counted,
            downtime_seconds: seconds(self.down),
            outages: self
                .missing
                .downs
                .iter()
                .map(|d| [seconds(d.start), seconds(d.end)])
                .collect(),
            degraded_seconds: seconds(self.degraded),
            deficit_pod_seconds: seconds(u64::try_from(self.deficit).unwrap_or(u64::MAX)),
        }
    }
}

/// Where the data plane sends requests for a pod.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Route {
    /// Nowhere.
    #[default]
    None,
    /// To the pod.
    Ready,
    /// To the pod, where no ready one is left (M-3).
    Terminating,
}

/// What clients of a workload feel, over time (M-9). Times are microseconds.
#[derive(Clone, Default)]
pub(super) struct Client {
    /// How many there should be; nobody misses a workload that should have no pods.
    wanted: u32,
    running: bool,
    since: u64,
    pods: Backends,
    /// How clients come in.
    entrance: Entrance,
    /// While nobody could come in though pods answered.
    shut_out: Vec<ShutOut>,
    hard_down: u64,
    /// Error time in 2^-20 microseconds.
    error: u128,
    /// What is to blame for the requests that fail now: what made their share greater.
    blame: usize,
    failed: Vec<(Blame, Failed)>,
    places: BTreeMap<Blame, usize>,
}

/// Time for which something is to blame.
#[derive(Clone, Copy, Default)]
pub(super) struct Failed {
    pub(super) hard_down: u64,
    /// In 2^-20 microseconds.
    pub(super) error: u128,
}

impl Failed {
    /// Both together.
    pub(super) const fn add(&mut self, other: &Self) {
        self.hard_down += other.hard_down;
        self.error += other.error;
    }

    pub(super) fn report(&self) -> ClientReport {
        let error = (self.error + (1 << (FRACTION - 1))) >> FRACTION;
        ClientReport {
            hard_downtime_seconds: seconds(self.hard_down),
            error_seconds: seconds(u64::try_from(error).unwrap_or(u64::MAX)),
            shut_out_seconds: None,
        }
    }
}

/// Error time is summed in fractions of a microsecond, for thirds and sevenths do not add up otherwise.
const FRACTION: u32 = 20;

impl Client {
    pub(super) fn new(desired: u32, entrance: Entrance) -> Self {
        Self {
            wanted: desired,
            entrance,
            ..Self::default()
        }
    }

    /// The clock starts.
    pub(super) fn start(&mut self, at: u64) {
        self.running = true;
        self.since = at;
        if self.failing().0 > 0 {
            self.accuse(Blame::START);
        }
    }

    /// One more or one less is wanted from now on.
    pub(super) fn want(&mut self, at: u64, more: bool, blame: Blame) {
        self.advance(at);
        let before = self.failing();
        self.wanted = if more {
            self.wanted.saturating_add(1)
        } else {
            self.wanted.saturating_sub(1)
        };
        self.judge(before, blame);
    }

    /// A pod's route or its containers change.
    pub(super) fn change(
        &mut self,
        at: u64,
        node: Option<NodeId>,
        from: (Route, bool),
        to: (Route, bool),
        blame: Blame,
    ) {
        self.advance(at);
        let before = self.failing();
        self.pods.change(from, to);
        self.entrance.change(node, from, to);
        self.judge(before, blame);
    }

    /// A load balancer sends to other nodes, or one of its nodes goes down or comes up.
    pub(super) fn enter(&mut self, at: u64, change: &Change, blame: Blame) {
        self.advance(at);
        let before = self.failing();
        change.apply(&mut self.entrance);
        self.judge(before, blame);
    }

    /// Whatever makes more requests fail is to blame for it.
    fn judge(&mut self, before: (u64, u64), blame: Blame) {
        let now = self.failing();
        let more = u128::from(now.0) * u128::from(before.1) > u128::from(before.0) * u128::from(now.1);
        if more {
            self.accuse(blame);
        }
    }

    fn accuse(&mut self, blame: Blame) {
        let next = self.failed.len();
        self.blame = *self.places.entry(blame).or_insert(next);
        if self.blame == next {
            self.failed.push((blame, Failed::default()));
        }
    }

    /// How many requests fail, of how many.
    fn failing(&self) -> (u64, u64) {
        if self.wanted == 0 {
            return (0, 1);
        }
        self.entrance.failing(&self.pods)
    }

    /// Accounts for the time that has passed.
    pub(super) fn advance(&mut self, at: u64) {
        let passed = at.saturating_sub(self.since);
        if !self.running || passed == 0 {
            return;
        }
        let since = std::mem::replace(&mut self.since, at);
        let (failing, of) = self.failing();
        if failing == 0 {
            return;
        }
        if failing == of && self.pods.used().1 > 0 {
            let blame = self.failed.get(self.blame).map_or(Blame::START, |(blame, _)| *blame);
            match self.shut_out.last_mut() {
                Some(last) if last.end == since => last.end = at,
                _ => self.shut_out.push(ShutOut {
                    start: since,
                    end: at,
                    blame,
                }),
            }
        }
        let error = (u128::from(passed) << FRACTION) * u128::from(failing) / u128::from(of);
        let hard = if failing == of { passed } else { 0 };
        self.error += error;
        self.hard_down += hard;
        if let Some((_, failed)) = self.failed.get_mut(self.blame) {
            failed.error += error;
            failed.hard_down += hard;
        }
    }

    /// The clock stops.
    pub(super) fn finish(&mut self, at: u64) {
        self.advance(at);
        let failed = || self.failed.iter().map(|(_, failed)| failed);
        debug_assert!(
            failed().map(|f| f.hard_down).sum::<u64>() == self.hard_down
                && failed().map(|f| f.error).sum::<u128>() == self.error,
            "what is to blame for failed requests is not all of it"
        );
    }

    /// What is to blame for how much.
    pub(super) fn failed(&self) -> &[(Blame, Failed)] {
        &self.failed
    }

    /// When nobody could come in though pods answered.
    pub(super) fn shut_out(&self) -> &[ShutOut] {
        &self.shut_out
    }

    pub(super) fn report(&self) -> ClientReport {
        let all = Failed {
            hard_down: self.hard_down,
            error: self.error,
        };
        let shut_out = self.shut_out.iter().map(|s| s.end - s.start).sum();
        ClientReport {
            shut_out_seconds: (!self.entrance.is_open()).then(|| seconds(shut_out)),
            ..all.report()
        }
    }
}
