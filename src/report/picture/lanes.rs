//! What nodes and workloads go through, from fact to fact. Times are microseconds.

use crate::report::plot::Mark;

/// Spans of one state after the other.
#[derive(Clone, Debug, Default)]
pub(super) struct Lane {
    now: Option<Mark>,
    since: u64,
    /// Whether time runs.
    running: bool,
    pub(super) spans: Vec<(u64, u64, Mark)>,
}

impl Lane {
    /// Time starts.
    pub(super) const fn start(&mut self, at: u64) {
        self.running = true;
        self.since = at;
    }

    /// It is so from now on; `None`: there is nothing to see.
    pub(super) fn set(&mut self, at: u64, mark: Option<Mark>) {
        if mark == self.now {
            return;
        }
        self.close(at);
        self.now = mark;
    }

    /// Ends the span that is open; states that last no time leave no trace.
    pub(super) fn close(&mut self, at: u64) {
        if let Some(mark) = self.now.filter(|_| self.running && at > self.since) {
            match self.spans.last_mut() {
                Some(last) if last.1 == self.since && last.2 == mark => last.1 = at,
                _ => self.spans.push((self.since, at, mark)),
            }
        }
        self.since = at;
    }

    /// How long it was so.
    pub(super) fn total(&self, mark: Mark) -> u64 {
        let of = |span: &(u64, u64, Mark)| if span.2 == mark { span.1 - span.0 } else { 0 };
        self.spans.iter().map(of).sum()
    }
}

/// A node: what is true of it, and the most telling of it over time.
#[derive(Clone, Debug, Default)]
pub(super) struct NodeLane {
    pub(super) lane: Lane,
    /// Not there: not created yet, or deleted.
    pub(super) missing: bool,
    pub(super) crashed: bool,
    pub(super) not_ready: bool,
    pub(super) kubelet_stopped: bool,
    /// kubeadm is at work on it.
    pub(super) phase: bool,
    pub(super) draining: bool,
    pub(super) cordoned: bool,
    pub(super) upgraded: bool,
}

impl NodeLane {
    /// Looks anew.
    pub(super) fn update(&mut self, at: u64) {
        let mark = if self.missing {
            None
        } else if self.crashed || self.not_ready {
            Some(Mark::Away)
        } else if self.kubelet_stopped || self.phase {
            Some(Mark::Working)
        } else if self.draining {
            Some(Mark::Leaving)
        } else if self.cordoned {
            Some(Mark::Held)
        } else if self.upgraded {
            Some(Mark::Fine)
        } else {
            Some(Mark::Before)
        };
        self.lane.set(at, mark);
    }
}

/// The replicas of a workload that count.
#[derive(Clone, Debug, Default)]
pub(super) struct Strip {
    pub(super) lane: Lane,
    pub(super) desired: u32,
    /// Its pods come while time runs: they are missed once they were there.
    pub(super) later: bool,
    pub(super) count: u32,
}

impl Strip {
    /// One more or one less from now on.
    pub(super) fn change(&mut self, at: u64, up: bool) {
        self.count = if up {
            self.count + 1
        } else {
            self.count.saturating_sub(1)
        };
        self.update(at);
    }

    pub(super) fn update(&mut self, at: u64) {
        let mark = match (self.count, self.later) {
            (0, true) => None,
            (0, false) if self.desired > 0 => Some(Mark::Away),
            (count, false) if count < self.desired => Some(Mark::Reduced),
            _ => Some(Mark::Fine),
        };
        self.lane.set(at, mark);
    }
}
