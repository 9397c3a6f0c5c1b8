//! How long something takes: a constant or a distribution.

use super::Span;
use super::exp;

/// A latency model of non-negative durations.
#[derive(Clone, Debug, PartialEq)]
pub enum Dist {
    /// Always the same.
    Constant(Span),
    /// Every value between the two is equally likely.
    Uniform(Span, Span),
    /// The normal distribution with this mean and standard deviation, cut off at zero.
    Normal {
        /// The mean.
        mean: Span,
        /// The standard deviation.
        sd: Span,
    },
    /// The log-normal distribution, given by two quantiles that people measure.
    LogNormal {
        /// Half of the values lie below.
        median: Span,
        /// 95 % of the values lie below; at least the median.
        p95: Span,
    },
    /// The exponential distribution with this mean.
    Exponential(Span),
    /// The inverse distribution function at ascending probabilities in 0..=1, linear in between.
    Quantiles(Box<[(f64, Span)]>),
    /// One of these measured values, each equally likely.
    Empirical(Box<[Span]>),
}

/// 95 % quantile of the standard normal distribution.
const Z95: f64 = 1.644_853_626_951_472;

impl Dist {
    /// Nothing: a constant of zero.
    pub const ZERO: Self = Self::Constant(Span::ZERO);

    /// A constant of whole milliseconds.
    #[must_use]
    pub const fn millis(millis: u64) -> Self {
        Self::Constant(Span::from_millis(millis))
    }

    /// The inverse distribution function at `u` in `[0, 1)`: one uniform number makes one sample, so that two runs
    /// that share a stream stay on the same luck even where their distributions differ.
    #[must_use]
    pub fn at(&self, u: f64) -> Span {
        match self {
            Self::Constant(span) => *span,
            Self::Uniform(low, high) => Span::from_secs_f64(lerp(low.as_secs_f64(), high.as_secs_f64(), u)),
            Self::Normal { mean, sd } => {
                Span::from_secs_f64(mean.as_secs_f64() + sd.as_secs_f64() * normal_quantile(u))
            }
            Self::LogNormal { median, p95 } => log_normal(*median, *p95, u),
            Self::Exponential(mean) => Span::from_secs_f64(-mean.as_secs_f64() * libm::log1p(-u)),
            Self::Quantiles(points) => between(points, u),
            Self::Empirical(values) => values[index(u, values.len())],
        }
    }

    /// The value that half of the samples stay below.
    #[must_use]
    pub fn median(&self) -> Span {
        self.at(0.5)
    }
}

fn log_normal(median: Span, p95: Span, u: f64) -> Span {
    if median == Span::ZERO {
        return Span::ZERO;
    }
    LogNormal::new(median, p95).at(u)
}

/// What a log-normal distribution comes down to.
#[derive(Clone, Copy, Debug)]
pub(super) struct LogNormal {
    /// In seconds.
    median: f64,
    /// In microseconds.
    micros: f64,
    sigma: f64,
}

impl LogNormal {
    /// Always nothing.
    pub(super) const NONE: Self = Self {
        median: 0.0,
        micros: 0.0,
        sigma: 0.0,
    };

    pub(super) fn new(median: Span, p95: Span) -> Self {
        Self {
            median: median.as_secs_f64(),
            micros: median.as_secs_f64() * 1e6,
            sigma: libm::log(p95.as_secs_f64() / median.as_secs_f64()) / Z95,
        }
    }

    /// At a probability, as [`Dist::at`] gives it.
    pub(super) fn at(self, u: f64) -> Span {
        let exponent = self.sigma * normal_quantile(u);
        exp::rounded(self.micros, exponent).map_or_else(
            || Span::from_secs_f64(self.median * libm::exp(exponent)),
            Span::from_micros,
        )
    }

    /// In microseconds, before they are rounded to whole ones.
    pub(super) fn micros(self, u: f64) -> f64 {
        self.micros * libm::exp(self.sigma * normal_quantile(u))
    }
}

/// Where [`normal_quantile`] passes from its middle to its tails: at this probability and as far from the other end.
pub(super) const TAIL: f64 = 0.02425;

fn lerp(low: f64, high: f64, u: f64) -> f64 {
    low + (high - low) * u
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "u lies in [0, 1) and the list is short"
)]
fn index(u: f64, len: usize) -> usize {
    ((u * len as f64) as usize).min(len.saturating_sub(1))
}

fn between(points: &[(f64, Span)], u: f64) -> Span {
    let after = points.partition_point(|&(p, _)| p <= u);
    match (after.checked_sub(1).map(|i| points[i]), points.get(after)) {
        (Some((p0, v0)), Some(&(p1, v1))) => {
            Span::from_secs_f64(lerp(v0.as_secs_f64(), v1.as_secs_f64(), (u - p0) / (p1 - p0)))
        }
        (None, Some(&(_, v))) | (Some((_, v)), None) => v,
        (None, None) => Span::ZERO,
    }
}

/// Inverse of the standard normal distribution function (P. J. Acklam's rational approximation, relative error
/// below 1.2e-9): one uniform number in, one normal number out.
#[expect(clippy::unreadable_literal, reason = "published coefficients")]
fn normal_quantile(u: f64) -> f64 {
    const A: [f64; 6] = [
        -39.696_830_286_653_76,
        220.9460984245205,
        -275.9285104469687,
        138.357_751_867_269,
        -30.66479806614716,
        2.506628277459239,
    ];
    const B: [f64; 6] = [
        -54.47609879822406,
        161.5858368580409,
        -155.6989798598866,
        66.80131188771972,
        -13.28068155288572,
        1.0,
    ];
    const C: [f64; 6] = [
        -0.007784894002430293,
        -0.3223964580411365,
        -2.400758277161838,
        -2.549732539343734,
        4.374664141464968,
        2.938163982698783,
    ];
    const D: [f64; 5] = [
        0.007784695709041462,
        0.3224671290700398,
        2.445134137142996,
        3.754408661907416,
        1.0,
    ];
    if (TAIL..=1.0 - TAIL).contains(&u) {
        let q = u - 0.5;
        let r = q * q;
        return q * horner(&A, r) / horner(&B, r);
    }
    let u = u.clamp(1e-12, 1.0 - 1e-12);
    if u > 1.0 - TAIL {
        -normal_quantile(1.0 - u)
    } else {
        let q = libm::sqrt(-2.0 * libm::log(u));
        horner(&C, q) / horner(&D, q)
    }
}

/// A polynomial, the coefficient of the highest power first.
#[inline]
fn horner<const N: usize>(coefficients: &[f64; N], x: f64) -> f64 {
    let (first, rest) = coefficients
        .split_first()
        .map_or((0.0, &[][..]), |(&first, rest)| (first, rest));
    rest.iter().fold(first, |sum, c| sum * x + c)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secs(s: f64) -> Span {
        Span::from_secs_f64(s)
    }

    #[test]
    fn quantiles_of_a_lognormal_are_the_ones_given() {
        let dist = Dist::LogNormal {
            median: secs(3.0),
            p95: secs(8.0),
        };
        assert_eq!(dist.median(), secs(3.0));
        assert!((dist.at(0.95).as_secs_f64() - 8.0).abs() < 1e-5);
    }

    #[test]
    fn every_distribution_ascends_in_u() {
        let dists = [
            Dist::Uniform(secs(1.0), secs(2.0)),
            Dist::Normal {
                mean: secs(1.0),
                sd: secs(1.0),
            },
            Dist::Exponential(secs(1.0)),
            Dist::Quantiles(Box::new([(0.0, secs(1.0)), (0.5, secs(2.0)), (1.0, secs(9.0))])),
            Dist::Empirical(Box::new([secs(1.0), secs(3.0)])),
        ];
        for dist in dists {
            let samples: Vec<Span> = (0..100).map(|i| dist.at(f64::from(i) / 100.0)).collect();
            assert!(samples.is_sorted(), "{dist:?}");
        }
    }
}
