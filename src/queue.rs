//! The future event list.

use crate::units::{Span, Time};

/// When a pending event is due, and where it is kept.
#[derive(Clone, Copy, Debug)]
struct Entry {
    at: Time,
    slot: u32,
}

/// Buckets with so many events at most are sorted when their time comes; larger ones are dealt out to finer ones. Measured
/// on upgrades of 1,000 and of 5,000 workers, whole runs: up to 5 % slower with 8 and 16, up to 3 % with 32 and 64.
const FEW: usize = 16;

/// The sorted events grow to so many at most; then those that are due last go back to buckets.
const MOST: usize = 32;

/// So many events are put where they wait at a time at most.
const FRESH: usize = 64;

/// A future event list: events leave in the order of their times, equal times in the order in which they were
/// scheduled (FIFO).
///
/// A monotone radix queue with a short sorted list in front. An event waits in the bucket of the highest bit in which its
/// time differs from `base`. When the first bucket's time comes it becomes the sorted list, unless it is large: then it is
/// dealt out to lower buckets. So push and pop cost O(1) amortised however many events are pending. Dealing keeps the order
/// within a bucket, sorting is stable, and a bucket never holds two orders, which is what makes the queue stable; debug builds
/// number the events and check that.
///
/// An event stays where it was put when it was scheduled; what goes from bucket to bucket is its time and its place. Slots
/// that no event has had yet hold `E::default()`, which never leaves.
#[derive(Debug)]
pub struct Queue<E> {
    now: Time,
    #[cfg(debug_assertions)]
    order: Order,
    /// Each event in a slot of its own.
    events: Vec<E>,
    /// Slots whose events have left.
    free: Vec<u32>,
    /// The events that were scheduled last, in that order.
    fresh: Vec<Entry>,
    /// Events that were scheduled for the current instant when it had begun: `due[next..]` are still to come.
    due: Vec<u32>,
    next: usize,
    /// Events from now on until `through`, the earliest last; of equal times the one that was scheduled first is last.
    near: Near,
    /// Events up to here, this microsecond included, are in `due` or `near`, later ones in `later`.
    through: Time,
    /// No later than any pending event.
    base: Time,
    /// `later[b]`: events whose times differ from `base` in bit `b` and in no higher one.
    later: [Vec<Entry>; 64],
    /// Bit `b` is set where `later[b]` is not empty.
    occupied: u64,
}

/// A sorted list of [`MOST`] events at most, times and slots apart: so each is written and read as a whole.
#[derive(Debug, Default)]
struct Near {
    times: [Time; MOST],
    slots: [u32; MOST],
    len: usize,
}

/// The numbers of events in the order in which they were scheduled.
#[cfg(debug_assertions)]
#[derive(Debug, Default)]
struct Order {
    next: u64,
    /// Of the event in each slot.
    of: Vec<u64>,
    /// When the event that was popped last was due, and its number.
    popped: Option<(Time, u64)>,
}

impl<E: Copy + Default> Default for Queue<E> {
    fn default() -> Self {
        Self::new()
    }
}

impl<E: Copy + Default> Queue<E> {
    /// An empty list at [`Time::ZERO`].
    #[must_use]
    pub fn new() -> Self {
        Self {
            now: Time::ZERO,
            #[cfg(debug_assertions)]
            order: Order::default(),
            events: Vec::new(),
            free: Vec::new(),
            fresh: Vec::with_capacity(FRESH),
            due: Vec::new(),
            next: 0,
            near: Near::default(),
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
        self.events.len() - self.free.len()
    }

    /// Whether nothing is pending.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Schedules an event. An event for the past happens now: time never runs backwards.
    // The caller writes the event where it stays. Were it handed over, it would be written in parts and at once read as a
    // whole, for which a processor has to wait until the parts, and all that was written before them, have left for the cache.
    #[inline(always)]
    pub fn push(&mut self, at: Time, event: E) {
        *self.slot(at) = event;
    }

    /// The next event and its time.
    #[inline]
    pub fn pop(&mut self) -> Option<(Time, E)> {
        self.take_in();
        let (at, slot) = if self.next == self.due.len() {
            self.take_near()?
        } else {
            self.take_due()
        };
        debug_assert!(at >= self.now, "time ran backwards");
        #[cfg(debug_assertions)]
        {
            let popped = Some((at, self.order.of[slot as usize]));
            assert!(self.order.popped < popped, "out of order");
            self.order.popped = popped;
        }
        self.now = at;
        self.free.push(slot);
        Some((at, self.events[slot as usize]))
    }

    /// The pending events with their times, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (Time, &E)> {
        let due = self.due.get(self.next..).unwrap_or_default();
        let due = due.iter().map(|&slot| (self.now, slot));
        let near = self.near.times.into_iter().zip(self.near.slots).take(self.near.len);
        let later = self.later.iter().flatten().chain(&self.fresh);
        let later = later.map(|entry| (entry.at, entry.slot));
        let all = due.chain(near).chain(later);
        all.map(|(at, slot)| (at, &self.events[slot as usize]))
    }

    /// Where an event for this time goes.
    #[inline(never)]
    fn slot(&mut self, at: Time) -> &mut E {
        debug_assert!(at >= self.now, "an event was scheduled for the past");
        let at = at.max(self.now);
        let slot = self.free.pop().unwrap_or_else(|| self.grow());
        #[cfg(debug_assertions)]
        {
            self.order.of.resize(self.events.len(), 0);
            self.order.of[slot as usize] = self.order.next;
            self.order.next += 1;
        }
        if self.fresh.len() == FRESH {
            self.take_in();
        }
        self.fresh.push(Entry { at, slot });
        &mut self.events[slot as usize]
    }

    /// Puts the events that were scheduled last where they wait. Not at once: where that is depends on their times, which are
    /// sampled, so a processor guesses wrong, and what it did meanwhile is lost. When the handler is done, little is.
    fn take_in(&mut self) {
        for n in 0..self.fresh.len() {
            let Entry { at, slot } = self.fresh[n];
            if at <= self.through && self.near.len == MOST {
                self.spill();
            }
            if at > self.through {
                self.put_off(Entry { at, slot });
            } else if at == self.now {
                self.due.push(slot);
            } else {
                self.near.insert(at, slot);
            }
        }
        self.fresh.clear();
    }

    /// A slot more.
    #[cold]
    fn grow(&mut self) -> u32 {
        self.events.push(E::default());
        self.events.len() as u32 - 1
    }

    /// Puts an event after `through` into its bucket.
    #[inline]
    fn put_off(&mut self, entry: Entry) {
        let bucket = (entry.at.as_micros() ^ self.base.as_micros()).ilog2();
        self.later[bucket as usize].push(entry);
        self.occupied |= 1 << bucket;
    }

    /// Puts the later half of the sorted list off, and all that are due together with the first of it; what is due now stays.
    #[cold]
    fn spill(&mut self) {
        let middle = self.near.times[self.near.len / 2];
        self.through = self.now.max(middle.before(Span::from_micros(1)));
        let spilt = self.near.times[..self.near.len].partition_point(|&at| at > self.through);
        for place in (0..spilt).rev() {
            let (at, slot) = (self.near.times[place], self.near.slots[place]);
            self.put_off(Entry { at, slot });
        }
        self.near.times.copy_within(spilt.., 0);
        self.near.slots.copy_within(spilt.., 0);
        self.near.len -= spilt;
    }

    /// The first event of the sorted list, filled anew where it is empty.
    #[inline]
    fn take_near(&mut self) -> Option<(Time, u32)> {
        if self.near.len == 0 {
            self.fill()?;
            if self.next < self.due.len() {
                return Some(self.take_due());
            }
        }
        self.near.pop()
    }

    /// The next event of the current instant: those of the sorted list were scheduled before the instant began.
    fn take_due(&mut self) -> (Time, u32) {
        if self.near.first() == Some(self.now)
            && let Some(first) = self.near.pop()
        {
            return first;
        }
        let slot = self.due[self.next];
        self.next += 1;
        if self.next == self.due.len() {
            self.due.clear();
            self.next = 0;
        }
        (self.now, slot)
    }

    /// Opens buckets until there are events in front; `None` where nothing is pending.
    #[cold]
    fn fill(&mut self) -> Option<()> {
        while self.near.len == 0 && self.due.is_empty() {
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
            for entry in self.later[bucket].drain(..) {
                self.near.insert(entry.at, entry.slot);
            }
            self.base = self.near.first()?;
            let below = !(u64::MAX << bucket << 1);
            self.through = Time::from_micros(self.base.as_micros() | below);
            return Some(());
        }
        let earliest = self.later[bucket].iter().map(|e| e.at).min()?;
        self.base = earliest;
        self.through = earliest;
        self.now = earliest;
        let mut entries = std::mem::take(&mut self.later[bucket]);
        for entry in entries.drain(..) {
            if entry.at == earliest {
                self.due.push(entry.slot);
            } else {
                self.put_off(entry);
            }
        }
        self.later[bucket] = entries;
        Some(())
    }
}

impl Near {
    /// Puts an event behind all that are not later, from the end: most are due soon. There has to be room.
    #[inline]
    fn insert(&mut self, at: Time, slot: u32) {
        debug_assert!(self.len < MOST, "the sorted list is full");
        let mut place = self.len;
        while let Some(before) = place.checked_sub(1)
            && self.times[before % MOST] <= at
        {
            self.times[place % MOST] = self.times[before % MOST];
            self.slots[place % MOST] = self.slots[before % MOST];
            place = before;
        }
        self.times[place % MOST] = at;
        self.slots[place % MOST] = slot;
        self.len += 1;
    }

    /// When the earliest is due.
    #[inline]
    fn first(&self) -> Option<Time> {
        Some(self.times[self.len.checked_sub(1)? % MOST])
    }

    /// The earliest.
    #[inline]
    fn pop(&mut self) -> Option<(Time, u32)> {
        self.len = self.len.checked_sub(1)?;
        Some((self.times[self.len % MOST], self.slots[self.len % MOST]))
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

    /// Where many are due together, those that follow at once find the sorted list full, of what is due now or sooner.
    #[test]
    fn a_full_sorted_list_makes_room() {
        for many in 1..4 * MOST as u64 {
            let mut queue = Queue::new();
            queue.push(Time::from_micros(1000), 0);
            assert_eq!(queue.pop(), Some((Time::from_micros(1000), 0)));
            let first = (1..=many).map(|seq| (1010, seq));
            first
                .clone()
                .for_each(|(at, seq)| queue.push(Time::from_micros(at), seq));
            let mut popped = vec![queue.pop()];
            let next = (many + 1..many + 90).map(|seq| (1010 + seq % 7, seq));
            next.clone()
                .for_each(|(at, seq)| queue.push(Time::from_micros(at), seq));
            popped.extend(std::iter::from_fn(|| Some(queue.pop())).take_while(Option::is_some));
            let mut expected: Vec<(u64, u64)> = first.chain(next).collect();
            expected.sort_unstable();
            let found: Vec<(u64, u64)> = popped
                .into_iter()
                .flatten()
                .map(|(at, seq)| (at.as_micros(), seq))
                .collect();
            assert_eq!(found, expected, "{many} at a time");
        }
    }
}
