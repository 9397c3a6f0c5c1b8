//! Differences between two plans, trial by trial.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::interval::student;

/// How much more one plan has of something than another one, on the same luck.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Difference {
    /// The mean over trials; below zero: less.
    pub mean: f64,
    /// The 95 % confidence interval of the mean, by Student's t of the differences of each trial; null where there are
    /// fewer than two trials.
    pub ci95: Option<[f64; 2]>,
    /// How many trials both plans have a value in.
    pub pairs: u64,
}

impl Difference {
    /// Of pairs in thousandths, each the own value and that of the other plan; `None` where there is none.
    #[expect(clippy::cast_precision_loss, reason = "an average, for output")]
    pub(super) fn of(pairs: impl Iterator<Item = (u64, u64)>) -> Option<Self> {
        let differences: Vec<i128> = pairs.map(|(own, other)| i128::from(own) - i128::from(other)).collect();
        let n = differences.len();
        if n == 0 {
            return None;
        }
        let mean = differences.iter().sum::<i128>() as f64 / n as f64;
        let squares: f64 = differences
            .iter()
            .map(|d| (*d as f64 - mean) * (*d as f64 - mean))
            .sum();
        let margin = (n > 1).then(|| student(n as u64 - 1) * libm::sqrt(squares / (n as f64 - 1.0) / n as f64));
        Some(Self {
            mean: six(mean / 1000.0),
            ci95: margin.map(|margin| [six((mean - margin) / 1000.0), six((mean + margin) / 1000.0)]),
            pairs: n as u64,
        })
    }

    /// How far the confidence interval reaches to each side.
    #[must_use]
    pub fn margin(&self) -> Option<f64> {
        self.ci95.map(|[_, high]| high - self.mean)
    }

    /// Whether it is less for certain (95 %): the whole interval is below zero, or every trial says the same.
    #[must_use]
    pub fn is_less(&self) -> bool {
        self.ci95.is_some_and(|[_, high]| high < 0.0)
    }

    /// Whether it is more for certain.
    #[must_use]
    pub fn is_more(&self) -> bool {
        self.ci95.is_some_and(|[low, _]| low > 0.0)
    }
}

fn six(number: f64) -> f64 {
    libm::round(number * 1e6) / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Differences of 1, 2, 3, 4 and 5 s: mean 3, s² = 2.5, and t for 4 degrees is 2.776445, so the margin is
    /// 2.776445 · √(2.5/5) = 1.963243.
    #[test]
    fn mean_and_interval_by_hand() {
        let pairs = (1..=5).map(|n| (10_000 + n * 1000, 10_000));
        let more = Difference::of(pairs.clone()).unwrap();
        assert_eq!((more.mean, more.pairs), (3.0, 5));
        assert!((more.margin().unwrap() - 1.963_243).abs() < 2e-6);
        assert!(more.is_more() && !more.is_less());
        let less = Difference::of(pairs.map(|(a, b)| (b, a))).unwrap();
        assert_eq!(less.mean, -3.0);
        assert!(less.is_less() && !less.is_more());
    }

    /// Both plans vary by an hour from trial to trial, and one is always 2 s slower: pairing knows it exactly.
    #[test]
    fn what_both_have_in_common_does_not_blur_the_difference() {
        let pairs = (0..20_u64).map(|n| (n * 3_600_000 + 2000, n * 3_600_000));
        let difference = Difference::of(pairs).unwrap();
        assert_eq!((difference.mean, difference.ci95), (2.0, Some([2.0, 2.0])));
        assert!(difference.is_more());
    }

    #[test]
    fn one_pair_has_no_interval_and_none_no_mean() {
        let one = Difference::of([(5, 9)].into_iter()).unwrap();
        assert_eq!((one.mean, one.ci95, one.is_less()), (-0.004, None, false));
        assert!(Difference::of(std::iter::empty()).is_none());
    }
}
