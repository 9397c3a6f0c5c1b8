//! The future event list.

use std::cmp::Reverse;

use crate::units::{Span, Time};

/// A pending event.
#[derive(Clone, Copy, Debug)]
struct Entry<E> {
    at: Time,
    #[cfg(debug_assertions)]
    seq: u64,
    event: E,
}

/// Buckets with so many events at most are sorted when their time comes; larger ones are dealt out to finer ones. Measured
/// on the events of an upgrade of 1,000 workers, of which 2,800 are pending on average: 36 ns an event, 37 with 12 and 24 or with 32 and 64, 38 to 42 with 8 and 16.
const FEW: usize = 16;
/// The sorted events grow to so many at most; then those that are due last go back to buckets.
const MOST: usize = 32;

/// A future event list: events leave in the order of their times, equal times in the order in which they were
/// scheduled (FIFO).
///
/// A monotone radix queue with a short sorted list in front. An event waits in the bucket of the highest bit in which its
/// time differs from `base`. When the first bucket's time comes it becomes the sorted list, unless it is large: then it is
/// dealt out to lower buckets. So push and pop cost O(1) amortised however many events are pending. Dealing keeps the order
/// within a bucket, sorting is stable, and a bucket never holds two orders, which is what makes the queue stable; debug builds
/// number the events and check that.
#[derive(Debug)]
pub struct Queue<E> {
    now: Time,
    #[cfg(debug_assertions)]
    seq: u64,
    /// The number of the event that was popped last.
    #[cfg(debug_assertions)]
    popped: Option<u64>,
    len: usize,
    /// Events that were scheduled for the current instant when it had begun: `due[next..]` are still to come.
    due: Vec<Entry<E>>,
    next: usize,
    /// Events from now on until `through`, the earliest last; of equal times the one that was scheduled first is last.
    near: Vec<Entry<E>>,
    /// Events up to here, this microsecond included, are in `due` or `near`, later ones in `later`.
    through: Time,
    /// No later than any pending event.
    base: Time,
    /// `later[b]`: events whose times differ from `base` in bit `b` and in no higher one.
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
            #[cfg(debug_assertions)]
            popped: None,
            len: 0,
            due: Vec::new(),
            next: 0,
            near: Vec::with_capacity(MOST + 1),
            through: Time::ZERO,
            base: Time::ZERO,
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
    #[inline]
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
        if at > self.through {
            self.put_off(entry);
        } else if at == self.now {
            self.due.push(entry);
        } else {
            self.insert(entry);
        }
    }

    /// The next event and its time.
    #[inline]
    pub fn pop(&mut self) -> Option<(Time, E)> {
        let entry = if self.next == self.due.len() {
            self.take_near()?
        } else {
            self.take_due()
        };
        debug_assert!(entry.at >= self.now, "time ran backwards");
        #[cfg(debug_assertions)]
        {
            assert!(entry.at > self.now || self.popped.is_none_or(|seq| seq < entry.seq));
            self.popped = Some(entry.seq);
        }
        self.now = entry.at;
        self.len -= 1;
        Some((entry.at, entry.event))
    }

    /// The pending events with their times, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (Time, &E)> {
        let due = self.due.get(self.next..).unwrap_or_default();
        let later = self.later.iter().flatten();
        let all = due.iter().chain(&self.near).chain(later);
        all.map(|entry| (entry.at, &entry.event))
    }

    /// Puts an event after `through` into its bucket.
    #[inline]
    fn put_off(&mut self, entry: Entry<E>) {
        let bucket = (entry.at.as_micros() ^ self.base.as_micros()).ilog2();
        self.later[bucket as usize].push(entry);
        self.occupied |= 1 << bucket;
    }

    /// Puts an event up to `through` into the sorted list, from its end: most are due soon.
    #[inline]
    fn insert(&mut self, entry: Entry<E>) {
        let mut place = self.near.len();
        self.near.push(entry);
        while place > 0 && self.near[place - 1].at <= entry.at {
            self.near[place] = self.near[place - 1];
            place -= 1;
        }
        self.near[place] = entry;
        if self.near.len() > MOST {
            self.spill();
        }
    }

    /// Puts the later half of the sorted list off, and all that are due together with the first of it; what is due now stays.
    #[cold]
    fn spill(&mut self) {
        let middle = self.near[self.near.len() / 2].at;
        self.through = self.now.max(middle.before(Span::from_micros(1)));
        let spilt = self.near.partition_point(|e| e.at > self.through);
        let mut near = std::mem::take(&mut self.near);
        for entry in near.drain(..spilt).rev() {
            self.put_off(entry);
        }
        self.near = near;
    }

    /// The first event of the sorted list, filled anew where it is empty.
    #[inline]
    fn take_near(&mut self) -> Option<Entry<E>> {
        if self.near.is_empty() {
            self.fill()?;
            if self.next < self.due.len() {
                return Some(self.take_due());
            }
        }
        self.near.pop()
    }

    /// The next event of the current instant: those of the sorted list were scheduled before the instant began.
    fn take_due(&mut self) -> Entry<E> {
        if let Some(entry) = self.near.pop_if(|e| e.at == self.now) {
            return entry;
        }
        let entry = self.due[self.next];
        self.next += 1;
        if self.next == self.due.len() {
            self.due.clear();
            self.next = 0;
        }
        entry
    }

    /// Opens buckets until there are events in front; `None` where nothing is pending.
    #[cold]
    fn fill(&mut self) -> Option<()> {
        while self.near.is_empty() && self.due.is_empty() {
            self.open()?;
        }
        Some(())
    }

    /// Makes the first bucket the sorted list, or deals it out: then the earliest of its events are due.
    fn open(&mut self) -> Option<()> {
        if self.occupied == 0 {
            return None;
        }
        let bucket = self.occupied.trailing_zeros() as usize;
        self.occupied &= self.occupied - 1;
        if self.later[bucket].len() <= FEW {
            // Sorting is stable, and of equal times the first comes last.
            self.near.extend(self.later[bucket].drain(..).rev());
            self.near.sort_by_key(|e| Reverse(e.at));
            self.base = self.near.last()?.at;
            let below = !(u64::MAX << bucket << 1);
            self.through = Time::from_micros(self.base.as_micros() | below);
            return Some(());
        }
        let earliest = self.later[bucket].iter().map(|e| e.at).min()?;
        self.base = earliest;
        self.through = earliest;
        let mut entries = std::mem::take(&mut self.later[bucket]);
        for entry in entries.drain(..) {
            if entry.at == earliest {
                self.due.push(entry);
            } else {
                self.put_off(entry);
            }
        }
        self.later[bucket] = entries;
        Some(())
    }
}

#[cfg(test)]
mod tests {
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
        for seq in 0..400_000_u64 {
            // More and more are pending, then fewer, so that the queue is short at times and long at others.
            let pushes = if seq / 10_000 % 2 == 0 { 70 } else { 35 };
            if random(100) < pushes {
                let far = 1 << (10 * random(6));
                let at =
                    now + [0, 1, random(10), random(50) * 1000, random(5_000_000), random(far)][random(6) as usize];
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
