//! How many nodes of a pool go at a time: what the figures of a strategy come to.

use super::{Mode, Rounding, Strategy};
use crate::units::IntOrPercent;

/// How many nodes of a pool go at a time.
#[derive(Clone, Debug)]
pub struct Pace {
    surge: usize,
    unavailable: usize,
    /// A batch starts only when the one before is done.
    barrier: bool,
    /// Sizes of the batches; empty: as many as there is room for.
    ramp: Vec<usize>,
    /// Nothing else starts until the first node is done.
    first_alone: bool,
    /// Old nodes that are drained at a time ([`Mode::BlueGreen`]).
    drained: Option<usize>,
}

impl Pace {
    /// The pace of a pool of so many nodes.
    #[must_use]
    pub fn of(strategy: &Strategy, size: usize) -> Self {
        let total = u32::try_from(size).unwrap_or(u32::MAX);
        let up = |share: IntOrPercent| share.round_up(total) as usize;
        let unavailable = match strategy.rounding {
            Rounding::Up => strategy.max_unavailable.round_up(total),
            Rounding::Down => strategy.max_unavailable.round_down(total),
        } as usize;
        let surge = match strategy.mode {
            Mode::Replace => up(strategy.max_surge),
            // All new nodes come at once; batches are another matter.
            Mode::BlueGreen => size,
            Mode::InPlace => 0,
        };
        let most = strategy.max_at_once.map_or(usize::MAX, |most| most as usize);
        let unavailable = match (strategy.mode, surge) {
            (Mode::BlueGreen, _) => 0,
            (_, 0) => unavailable.max(1),
            _ => unavailable,
        };
        let surge_most = if strategy.mode == Mode::BlueGreen { size } else { most };
        let surge = surge.min(surge_most);
        let ramp = match strategy.mode {
            Mode::BlueGreen => Vec::new(),
            _ => strategy.ramp.iter().map(|&s| up(s).clamp(1, most)).collect(),
        };
        Self {
            surge,
            unavailable: unavailable.min(most - surge.min(most)),
            barrier: strategy.barrier || strategy.lockstep || !ramp.is_empty(),
            ramp,
            first_alone: strategy.first_alone,
            drained: (strategy.mode == Mode::BlueGreen).then(|| {
                let share = strategy.max_unavailable.round_up(total).max(1) as usize;
                share.min(most.max(1))
            }),
        }
    }

    /// Whether a batch starts only when the one before is done.
    #[must_use]
    pub const fn barrier(&self) -> bool {
        self.barrier
    }

    /// Whether nothing else starts until the first node is done.
    #[must_use]
    pub const fn first_alone(&self) -> bool {
        self.first_alone
    }

    /// So many nodes of the batch with this number (from 0) get their successor first, and so many are missing meanwhile.
    #[must_use]
    pub fn slots(&self, batch: usize) -> (usize, usize) {
        match self.ramp.get(batch).or(self.ramp.last()) {
            None => (self.surge, self.unavailable),
            Some(&size) if self.surge > 0 => (size, 0),
            Some(&size) => (0, size),
        }
    }

    /// The sizes of the batches of a pool of so many nodes, if all nodes of a batch were done at the same time.
    #[must_use]
    pub fn batches(&self, size: usize) -> Vec<usize> {
        let mut sizes = Vec::new();
        let mut left = size;
        while left > 0 {
            let number = sizes.len();
            let (surge, unavailable) = self.slots(number);
            let alone = self.first_alone && number == 0;
            let batch = match self.drained {
                Some(drained) => drained,
                None if alone => 1,
                None => surge.saturating_add(unavailable),
            };
            sizes.push(batch.clamp(1, left));
            left -= batch.clamp(1, left);
        }
        sizes
    }

    /// So many old nodes are drained at a time ([`Mode::BlueGreen`]), one at least; all of them in other modes.
    #[must_use]
    pub fn drained_together(&self) -> usize {
        self.drained.unwrap_or(usize::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batches(strategy: &Strategy, size: usize) -> Vec<usize> {
        Pace::of(strategy, size).batches(size)
    }

    #[test]
    fn batches_know_every_figure() {
        let percent = |share: &str| share.parse::<IntOrPercent>().unwrap();
        let plain = Strategy::default();
        assert_eq!(batches(&plain, 3), [1, 1, 1]);
        let surge = Strategy {
            mode: Mode::Replace,
            max_unavailable: percent("0"),
            max_surge: percent("33%"),
            ..Strategy::default()
        };
        assert_eq!(batches(&surge, 10), [4, 4, 2]);
        let capped = Strategy {
            max_at_once: Some(3),
            first_alone: true,
            ..surge.clone()
        };
        assert_eq!(batches(&capped, 10), [1, 3, 3, 3]);
        let down = Strategy {
            max_unavailable: percent("33%"),
            rounding: Rounding::Down,
            ..Strategy::default()
        };
        assert_eq!(batches(&down, 10), [3, 3, 3, 1]);
        let green = Strategy {
            mode: Mode::BlueGreen,
            max_unavailable: percent("25%"),
            ..surge
        };
        assert_eq!(batches(&green, 10), [3, 3, 3, 1]);
        assert!(batches(&plain, 0).is_empty());
    }
}
