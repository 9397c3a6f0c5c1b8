//! The three truths about availability: what the API says, what processes do, what clients feel (M-6, M-7, M-9).

use super::entrance::{Backends, Change, Entrance};
use super::report::{Availability, ClientReport};
use super::seconds;
use crate::ids::NodeId;

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
    outages: Vec<(u64, u64)>,
}

impl Tally {
    pub(super) fn new(desired: u32) -> Self {
        Self {
            desired,
            ..Self::default()
        }
    }

    /// How many there should be now.
    pub(super) const fn desired(&self) -> u32 {
        self.desired
    }

    /// One more or one less is wanted from now on.
    pub(super) fn want(&mut self, at: u64, more: bool) {
        self.advance(at);
        self.desired = if more {
            self.desired.saturating_add(1)
        } else {
            self.desired.saturating_sub(1)
        };
    }

    /// How many there are now.
    pub(super) const fn count(&self) -> u32 {
        self.count
    }

    /// The clock starts.
    pub(super) const fn start(&mut self, at: u64) {
        self.running = true;
        self.since = at;
    }

    /// One more or one less from now on.
    pub(super) fn change(&mut self, at: u64, up: bool) {
        self.advance(at);
        self.count = if up {
            self.count.saturating_add(1)
        } else {
            self.count.saturating_sub(1)
        };
    }

    /// Accounts for the time that has passed. States that last no time leave no trace.
    fn advance(&mut self, at: u64) {
        let passed = at.saturating_sub(self.since);
        if !self.running || passed == 0 {
            return;
        }
        self.min = Some(self.min.map_or(self.count, |min| min.min(self.count)));
        if self.count < self.desired {
            let missing = u128::from(self.desired - self.count);
            self.deficit += missing * u128::from(passed);
            if self.count > 0 {
                self.degraded += passed;
            } else {
                self.down += passed;
                match self.outages.last_mut() {
                    Some((_, end)) if *end == self.since => *end = at,
                    _ => self.outages.push((self.since, at)),
                }
            }
        }
        self.since = at;
    }

    /// The clock stops.
    pub(super) fn finish(&mut self, at: u64) {
        self.advance(at);
    }

    /// Longest intervals without any, in microseconds.
    pub(super) fn outages(&self) -> &[(u64, u64)] {
        &self.outages
    }

    pub(super) fn report(&self) -> Availability {
        let counted = self.min.unwrap_or(self.count);
        Availability {
            min_ready: counted,
            downtime_seconds: seconds(self.down),
            outages: self.outages.iter().map(|&(a, b)| [seconds(a), seconds(b)]).collect(),
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
    hard_down: u64,
    /// Error time in 2^-20 microseconds.
    error: u128,
    /// While nobody could come in though pods answered.
    shut_out: Vec<(u64, u64)>,
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
    pub(super) const fn start(&mut self, at: u64) {
        self.running = true;
        self.since = at;
    }

    /// One more or one less is wanted from now on.
    pub(super) fn want(&mut self, at: u64, more: bool) {
        self.advance(at);
        self.wanted = if more {
            self.wanted.saturating_add(1)
        } else {
            self.wanted.saturating_sub(1)
        };
    }

    /// A pod's route or its containers change.
    pub(super) fn change(&mut self, at: u64, node: Option<NodeId>, from: (Route, bool), to: (Route, bool)) {
        self.advance(at);
        self.pods.change(from, to);
        self.entrance.change(node, from, to);
    }

    /// A load balancer sends to other nodes.
    pub(super) fn enter(&mut self, at: u64, change: &Change) {
        self.advance(at);
        change.apply(&mut self.entrance);
    }

    /// Accounts for the time that has passed.
    pub(super) fn advance(&mut self, at: u64) {
        let passed = at.saturating_sub(self.since);
        if !self.running || passed == 0 {
            return;
        }
        let since = std::mem::replace(&mut self.since, at);
        if self.wanted == 0 {
            return;
        }
        let sent = u128::from(passed) << FRACTION;
        let failing = self.entrance.failing(sent, &self.pods);
        self.error += failing;
        if failing < sent {
            return;
        }
        self.hard_down += passed;
        if self.pods.used().1 > 0 {
            match self.shut_out.last_mut() {
                Some((_, end)) if *end == since => *end = at,
                _ => self.shut_out.push((since, at)),
            }
        }
    }

    /// When nobody could come in though pods answered: start and end.
    pub(super) fn shut_out(&self) -> &[(u64, u64)] {
        &self.shut_out
    }

    pub(super) fn report(&self) -> ClientReport {
        let error = (self.error + (1 << (FRACTION - 1))) >> FRACTION;
        let shut_out = self.shut_out.iter().map(|(start, end)| end - start).sum();
        ClientReport {
            hard_downtime_seconds: seconds(self.hard_down),
            error_seconds: seconds(u64::try_from(error).unwrap_or(u64::MAX)),
            shut_out_seconds: (!self.entrance.is_open()).then(|| seconds(shut_out)),
        }
    }
}
