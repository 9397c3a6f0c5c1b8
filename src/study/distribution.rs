//! All values that one number took over many trials, exactly.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::interval::{student, wilson};

/// The values of one number, each with how many trials had it.
///
/// Reports know seconds to the millisecond and means to three decimals, so values are whole thousandths, and many trials
/// share one. Nothing is lost and no order is kept: distributions that were gathered apart, in any order, merge into the
/// same one, and what grows with the number of trials is only the number of different values.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Distribution {
    /// Thousandths, and how often.
    counts: BTreeMap<u64, u64>,
}

/// What a number was like over many trials.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Spread {
    /// The mean.
    pub mean: f64,
    /// The 95 % confidence interval of the mean, by Student's t, not below zero; null where there are fewer than two
    /// trials.
    pub ci95: Option<[f64; 2]>,
    /// The least value that at least 5 % of the trials do not exceed (a value that occurred: nearest rank).
    pub p5: f64,
    /// The same for 50 %: the median.
    pub p50: f64,
    /// The same for 95 %.
    pub p95: f64,
    /// The least.
    pub min: f64,
    /// The greatest.
    pub max: f64,
}

/// In how many trials something was so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Share {
    /// So many trials.
    pub count: u64,
    /// The same as a share of all trials, 0 to 1.
    pub share: f64,
    /// Its 95 % confidence interval, by Wilson's score.
    pub ci95: [f64; 2],
}

impl Share {
    /// `count` of `of` trials.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a number of trials")]
    pub fn new(count: u64, of: u64) -> Self {
        Self {
            count,
            share: six(if of == 0 { 0.0 } else { count as f64 / of as f64 }),
            ci95: wilson(count, of).map(six),
        }
    }
}

impl Spread {
    /// How far the confidence interval reaches to each side of the mean; `None` where there are fewer than two trials.
    #[must_use]
    pub fn margin(&self) -> Option<f64> {
        // The upper end, for the lower one is cut off at zero.
        self.ci95.map(|[_, high]| high - self.mean)
    }
}

impl Distribution {
    /// One more trial.
    pub(super) fn add(&mut self, thousandths: u64) {
        let count = self.counts.entry(thousandths).or_default();
        *count = count.saturating_add(1);
    }

    /// The trials of another one.
    pub(super) fn merge(&mut self, other: Self) {
        for (value, more) in other.counts {
            let count = self.counts.entry(value).or_default();
            *count = count.saturating_add(more);
        }
    }

    /// The values in ascending order, in units, each with how often it occurred.
    pub(super) fn values(&self) -> Vec<(f64, u64)> {
        self.counts
            .iter()
            .map(|(value, count)| (units(*value), *count))
            .collect()
    }

    /// How many trials there are.
    pub(super) fn len(&self) -> u64 {
        self.counts.values().fold(0, |sum: u64, n| sum.saturating_add(*n))
    }

    /// What it is like; `None` where there is no trial.
    pub(super) fn spread(&self) -> Option<Spread> {
        let (min, max) = (self.counts.keys().next()?, self.counts.keys().next_back()?);
        let (mean, margin) = self.mean()?;
        Some(Spread {
            mean: six(mean),
            ci95: margin.map(|margin| [six((mean - margin).max(0.0)), six(mean + margin)]),
            p5: self.quantile(5),
            p50: self.quantile(50),
            p95: self.quantile(95),
            min: units(*min),
            max: units(*max),
        })
    }

    /// The mean, and how far its confidence interval reaches to each side, which two trials are needed for. Sums are
    /// made in the order of values, not of trials.
    #[expect(clippy::cast_precision_loss, reason = "an average, for output")]
    pub(super) fn mean(&self) -> Option<(f64, Option<f64>)> {
        let trials = self.len();
        if trials == 0 {
            return None;
        }
        let sum: u128 = self.counts.iter().fold(0, |sum: u128, (value, count)| {
            sum.saturating_add(u128::from(*value).saturating_mul(u128::from(*count)))
        });
        let n = trials as f64;
        let mean = sum as f64 / n;
        let squares: f64 = self.counts.iter().fold(0.0, |sum, (value, count)| {
            let away = *value as f64 - mean;
            sum + away * away * *count as f64
        });
        let margin = (trials > 1).then(|| student(trials - 1) * libm::sqrt(squares / (n - 1.0) / n) / 1000.0);
        Some((mean / 1000.0, margin))
    }

    /// The least value that at least so many percent of the trials do not exceed.
    fn quantile(&self, percent: u64) -> f64 {
        let rank = (u128::from(self.len()) * u128::from(percent)).div_ceil(100);
        let mut seen = 0;
        for (value, count) in &self.counts {
            seen += u128::from(*count);
            if seen >= rank {
                return units(*value);
            }
        }
        0.0
    }
}

/// Thousandths as units.
#[expect(clippy::cast_precision_loss, reason = "values come from numbers of 53 bits")]
pub(super) fn units(thousandths: u64) -> f64 {
    thousandths as f64 / 1000.0
}

/// A number with six decimals: more would be noise, and fewer would hide what is rare.
fn six(number: f64) -> f64 {
    libm::round(number * 1e6) / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[u64]) -> Distribution {
        let mut distribution = Distribution::default();
        for value in values {
            distribution.add(*value);
        }
        distribution
    }

    /// 2, 4, 4, 4, 5, 5, 7, 9: mean 5, sum of squares 32, so s² = 32/7, and t for 7 degrees is 2.364624.
    #[test]
    fn mean_and_interval_by_hand() {
        let spread = of(&[2000, 4000, 4000, 4000, 5000, 5000, 7000, 9000]).spread().unwrap();
        assert_eq!(spread.mean, 5.0);
        let margin = 2.364_624 * (32.0_f64 / 7.0 / 8.0).sqrt();
        let [low, high] = spread.ci95.unwrap();
        assert!((low - (5.0 - margin)).abs() < 1e-6 && (high - (5.0 + margin)).abs() < 1e-6);
        assert!((spread.margin().unwrap() - margin).abs() < 2e-6);
        assert_eq!((spread.min, spread.max), (2.0, 9.0));
    }

    /// Nearest rank: of 1 … 20 the first, the tenth and the nineteenth; of few values the ends.
    #[test]
    fn quantiles_by_hand() {
        let twenty: Vec<u64> = (1..=20).map(|n| n * 1000).collect();
        let spread = of(&twenty).spread().unwrap();
        assert_eq!((spread.p5, spread.p50, spread.p95), (1.0, 10.0, 19.0));
        let spread = of(&[3000, 1000, 2000]).spread().unwrap();
        assert_eq!((spread.p5, spread.p50, spread.p95), (1.0, 2.0, 3.0));
        let spread = of(&[1000, 2000]).spread().unwrap();
        assert_eq!((spread.p5, spread.p50, spread.p95), (1.0, 1.0, 2.0));
    }

    #[test]
    fn one_trial_has_no_interval_and_none_no_mean() {
        let spread = of(&[1500]).spread().unwrap();
        assert_eq!((spread.mean, spread.ci95, spread.p95), (1.5, None, 1.5));
        assert_eq!(of(&[]).spread(), None);
        assert_eq!(of(&[4000; 9]).spread().unwrap().ci95, Some([4.0, 4.0]));
    }

    #[test]
    fn an_interval_does_not_go_below_zero() {
        let spread = of(&[0, 0, 0, 9000]).spread().unwrap();
        assert_eq!(spread.ci95.unwrap()[0], 0.0);
        assert!(spread.margin().unwrap() > spread.mean);
    }

    #[test]
    fn order_and_split_leave_no_trace() {
        let (mut left, right) = (of(&[5, 3, 3]), of(&[8, 3]));
        left.merge(right);
        assert_eq!(left, of(&[3, 3, 3, 5, 8]));
        assert_eq!(left.len(), 5);
    }

    #[test]
    fn absurd_values_do_not_overflow() {
        let mut distribution = of(&[u64::MAX, u64::MAX - 1]);
        distribution.merge(Distribution {
            counts: [(u64::MAX, u64::MAX)].into(),
        });
        assert!(distribution.spread().is_some_and(|s| s.mean > 1e15));
    }

    #[test]
    fn shares_by_hand() {
        let share = Share::new(1, 29);
        assert_eq!((share.count, share.share), (1, 0.034_483));
        assert_eq!(share.ci95, [0.006_113, 0.171_755]);
    }
}
