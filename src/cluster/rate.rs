//! How fast controllers send requests: so many a second after a burst, and a careful start.

use super::event::Event as World;
use super::hall::Hall;
use crate::units::{Span, Time};

/// A token bucket.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TokenBucket {
    interval: Span,
    burst: u64,
    /// When the bucket would have been empty for ever, had nobody waited.
    spent_until: Time,
}

impl TokenBucket {
    /// `qps` requests a second, `burst` of them at once.
    pub(crate) const fn new(qps: u32, burst: u32) -> Self {
        Self {
            interval: Span::from_micros(1_000_000 / if qps == 0 { 1 } else { qps as u64 }),
            burst: burst as u64,
            spent_until: Time::ZERO,
        }
    }

    /// When a request that is ready at `at` goes out.
    pub(crate) fn admit(&mut self, at: Time) -> Time {
        self.spent_until = self.spent_until.max(at) + self.interval;
        self.spent_until.before(self.interval * self.burst).max(at)
    }
}

/// Slow start: requests in batches of 1, 2, 4, …, the first after a delay, each other one after the answers to the one
/// before (W-2).
pub(crate) fn slow_start(limiter: &mut TokenBucket, count: u32, mut delay: Span, request: World, hall: &mut Hall<'_>) {
    let (mut sent, mut batch) = (0, 1);
    while sent < count {
        let now = batch.min(count - sent);
        delay += hall.half_call();
        for _ in 0..now {
            let at = limiter.admit(hall.now + delay);
            hall.at(at, request);
        }
        delay += hall.half_call();
        sent += now;
        batch *= 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_at_once_and_the_rest_at_the_rate() {
        let mut bucket = TokenBucket::new(20, 30);
        let at = Time::from_micros(1_000_000);
        let sent: Vec<Span> = (0..33).map(|_| bucket.admit(at).since(at)).collect();
        assert!(sent[..30].iter().all(|&s| s == Span::ZERO), "{sent:?}");
        assert_eq!(sent[32], Span::from_millis(150));
    }
}
