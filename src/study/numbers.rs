//! Which trials have been made.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A set of trial numbers, kept as ranges.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<[u64; 2]>", into = "Vec<[u64; 2]>")]
pub(super) struct Numbers {
    /// From the first number of a range to its last.
    ranges: BTreeMap<u64, u64>,
}

impl Numbers {
    /// Adds a range, both ends included; false, and nothing is added, where some of it is there already.
    pub(super) fn add(&mut self, first: u64, last: u64) -> bool {
        let before = self
            .ranges
            .range(..=last)
            .next_back()
            .map(|(start, end)| (*start, *end));
        if first > last || before.is_some_and(|(_, end)| end >= first) {
            return false;
        }
        let mut range = (first, last);
        if let Some((start, end)) = before
            && end.checked_add(1) == Some(first)
        {
            self.ranges.remove(&start);
            range.0 = start;
        }
        if let Some(next) = last.checked_add(1)
            && let Some(end) = self.ranges.remove(&next)
        {
            range.1 = end;
        }
        self.ranges.insert(range.0, range.1);
        true
    }

    /// Adds all of another set; false where they overlap.
    pub(super) fn merge(&mut self, other: &Self) -> bool {
        other.ranges.iter().all(|(first, last)| self.add(*first, *last))
    }

    /// How many there are.
    pub(super) fn len(&self) -> u64 {
        let lengths = self.ranges.iter().map(|(first, last)| (last - first).saturating_add(1));
        lengths.fold(0, u64::saturating_add)
    }

    /// The ranges, both ends included, in order.
    pub(super) fn ranges(&self) -> Vec<[u64; 2]> {
        self.ranges.iter().map(|(first, last)| [*first, *last]).collect()
    }
}

impl From<Numbers> for Vec<[u64; 2]> {
    fn from(numbers: Numbers) -> Self {
        numbers.ranges()
    }
}

impl TryFrom<Vec<[u64; 2]>> for Numbers {
    type Error = &'static str;

    fn try_from(ranges: Vec<[u64; 2]>) -> Result<Self, Self::Error> {
        let mut numbers = Self::default();
        let sound = ranges.iter().all(|[first, last]| numbers.add(*first, *last));
        sound
            .then_some(numbers)
            .ok_or("ranges of trials that do not overlap, each with its first and last number")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_become_one_range_in_any_order() {
        let mut numbers = Numbers::default();
        for n in [3, 0, 2, 9, 1] {
            assert!(numbers.add(n, n));
        }
        assert_eq!(numbers.ranges(), [[0, 3], [9, 9]]);
        assert_eq!(numbers.len(), 5);
        assert!(numbers.add(4, 8));
        assert_eq!(numbers.ranges(), [[0, 9]]);
    }

    #[test]
    fn nothing_is_counted_twice() {
        let mut numbers = Numbers::default();
        assert!(numbers.add(10, 20));
        for (first, last) in [(10, 10), (15, 25), (5, 10), (0, 30), (12, 13), (9, 8)] {
            assert!(!numbers.add(first, last), "{first}..={last}");
        }
        assert_eq!(numbers.ranges(), [[10, 20]]);
        assert!(numbers.add(u64::MAX, u64::MAX));
        assert!(Numbers::try_from(vec![[0, 5], [5, 6]]).is_err());
    }
}
