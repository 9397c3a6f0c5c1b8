//! The future event list.

use crate::units::Time;

/// A pending event.
#[derive(Clone, Copy, Debug)]
struct Entry<E> {
    at: Time,
    #[cfg(debug_assertions)]
    seq: u64,
    event: E,
}

/// A future event list: events leave in the order of their times, equal times in the order in which they were
/// scheduled (FIFO).
///
/// A monotone radix queue: an event waits in the bucket of the highest bit in which its time differs from the current
/// one, and is dealt out to lower buckets as time comes near, so that push and pop cost O(1) amortised however many
/// events are pending. Dealing keeps the order within a bucket and a bucket never holds two orders, which is what makes
/// it stable; debug builds number the events and check that.
#[derive(Debug)]
pub struct Queue<E> {
    now: Time,
    #[cfg(debug_assertions)]
    seq: u64,
    len: usize,
    /// Events of the current instant, a queue of its own: `due[next..]` are still to come.
    due: Vec<Entry<E>>,
    next: usize,
    /// `later[b]`: events whose times differ from `now` in bit `b` and in no higher one.
    later: [Vec<Entry<E>>; 64],
    /// Bit `b` is set where `later[b]` is not empty.
    occupied: u64,
}

impl<E: Copy> Default for Queue<E> {
    fn default() -> Self {
        Self::new()
    }
}

impl<E: Copy> Queue<E> {
    /// An empty list at [`Time::ZERO`].
    #[must_use]
    pub fn new() -> Self {
        Self {
            now: Time::ZERO,
            #[cfg(debug_assertions)]
            seq: 0,
            len: 0,
            due: Vec::new(),
            next: 0,
            later: [const { Vec::new() }; 64],
            occupied: 0,
        }
    }

    /// The time of the event that was popped last.
    #[must_use]
    pub fn now(&self) -> Time {
        self.now
    }

    /// How many events are pending.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether nothing is pending.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Schedules an event. An event for the past happens now: time never runs backwards.
    pub fn push(&mut self, at: Time, event: E) {
        debug_assert!(at >= self.now, "an event was scheduled for the past");
        let at = at.max(self.now);
        let entry = Entry {
            at,
            #[cfg(debug_assertions)]
            seq: self.seq,
            event,
        };
        #[cfg(debug_assertions)]
        {
            self.seq += 1;
        }
        self.len += 1;
        self.place(entry);
    }

    /// The next event and its time.
    pub fn pop(&mut self) -> Option<(Time, E)> {
        if self.next == self.due.len() {
            self.advance()?;
        }
        let entry = self.due[self.next];
        debug_assert!(entry.at == self.now);
        #[cfg(debug_assertions)]
        assert!(self.next == 0 || self.due[self.next - 1].seq < entry.seq);
        self.next += 1;
        self.len -= 1;
        Some((entry.at, entry.event))
    }

    /// The pending events with their times, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (Time, &E)> {
        let due = self.due.get(self.next..).unwrap_or_default();
        let later = self.later.iter().flatten();
        due.iter().chain(later).map(|entry| (entry.at, &entry.event))
    }

    fn place(&mut self, entry: Entry<E>) {
        let differing = entry.at.as_micros() ^ self.now.as_micros();
        if differing == 0 {
            self.due.push(entry);
        } else {
            let bucket = differing.ilog2();
            self.later[bucket as usize].push(entry);
            self.occupied |= 1 << bucket;
        }
    }

    /// Moves time to the earliest pending event and deals out its bucket.
    fn advance(&mut self) -> Option<()> {
        self.due.clear();
        self.next = 0;
        if self.occupied == 0 {
            return None;
        }
        let bucket = self.occupied.trailing_zeros() as usize;
        self.occupied &= self.occupied - 1;
        if let [only] = self.later[bucket][..] {
            debug_assert!(only.at > self.now, "time ran backwards");
            self.now = only.at;
            self.later[bucket].clear();
            self.due.push(only);
            return Some(());
        }
        let mut entries = std::mem::take(&mut self.later[bucket]);
        let earliest = entries.iter().map(|e| e.at).min()?;
        debug_assert!(earliest > self.now, "time ran backwards");
        self.now = earliest;
        for entry in entries.drain(..) {
            self.place(entry);
        }
        self.later[bucket] = entries;
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use std::cmp::Reverse;
    use std::collections::BinaryHeap;

    use super::*;

    /// Random pushes and pops, side by side with a plain heap on (time, sequence number).
    #[test]
    fn order_equals_that_of_a_reference_heap() {
        let mut state = 1_u64;
        let mut random = move |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) % below
        };
        let mut queue = Queue::new();
        let mut heap = BinaryHeap::new();
        let mut now = 0;
        for seq in 0..200_000_u64 {
            if random(100) < 52 {
                let at = now + [0, 1, random(10), random(5_000_000)][random(4) as usize];
                queue.push(Time::from_micros(at), seq);
                heap.push(Reverse((at, seq)));
            } else {
                let expected = heap.pop().map(|Reverse((at, seq))| (Time::from_micros(at), seq));
                assert_eq!(queue.pop(), expected);
                now = expected.map_or(now, |(at, _)| at.as_micros());
            }
            assert_eq!(queue.len(), heap.len());
            if seq % 5_000 == 0 {
                let mut pending: Vec<(Time, u64)> = queue.iter().map(|(at, &seq)| (at, seq)).collect();
                pending.sort_unstable();
                let sorted = heap.clone().into_sorted_vec();
                let expected: Vec<(Time, u64)> = sorted
                    .into_iter()
                    .rev()
                    .map(|Reverse((at, seq))| (Time::from_micros(at), seq))
                    .collect();
                assert_eq!(pending, expected);
            }
        }
    }

    #[test]
    fn equal_times_leave_in_the_order_of_scheduling() {
        let mut queue = Queue::new();
        for n in 0..1000 {
            queue.push(Time::from_micros(7), n);
        }
        let order: Vec<i32> = std::iter::from_fn(|| queue.pop().map(|(_, n)| n)).collect();
        assert!(order.is_sorted());
        assert_eq!(queue.now(), Time::from_micros(7));
    }
}
