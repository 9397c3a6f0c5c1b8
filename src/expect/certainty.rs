//! How sure trials make one of a share: exact binomial tails, which are order-statistic bounds of quantiles at the same time.
//!
//! That a share of at least `p` of all trials is good is certain enough when so many good ones among those that were made
//! would be luck, less likely than [`DOUBT`], were the share smaller; it is refuted when so few would be luck. This is the
//! one-sided interval of Clopper and Pearson, without having to invert it.

/// The doubt that is left: decisions are made with a confidence of 95 %, each way.
pub(super) const DOUBT: f64 = 0.05;

/// What trials say of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Certainty {
    /// It is so.
    Sure,
    /// It is not so.
    Refuted,
    /// Too few trials to tell.
    Open,
}

/// What `good` of `of` trials say of the claim that at least a share `p` (between 0 and 1) of all is good.
pub(super) fn at_least(good: u64, of: u64, p: f64) -> Certainty {
    if of == 0 {
        Certainty::Open
    } else if at_most(of - good, of, 1.0 - p) <= DOUBT {
        Certainty::Sure
    } else if at_most(good, of, p) <= DOUBT {
        Certainty::Refuted
    } else {
        Certainty::Open
    }
}

/// The fewest trials that make one sure of a share of at least `p`, if all of them are good.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the share is between 0 and 1, and the number small"
)]
pub(super) fn least_trials(p: f64) -> u64 {
    let trials = libm::ceil(libm::log(DOUBT) / libm::log(p) - 1e-9);
    (trials as u64).max(1)
}

/// A share of which `good` of `of` trials make one sure that it is not smaller; zero where none is good.
pub(super) fn surely(good: u64, of: u64) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    if good == 0 {
        return 0.0;
    }
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if at_most(of - good, of, 1.0 - middle) <= DOUBT {
            low = middle;
        } else {
            high = middle;
        }
    }
    low
}

/// How likely at most `k` of `n` are, each with probability `p`.
#[expect(clippy::cast_precision_loss, reason = "a number of trials")]
fn at_most(k: u64, n: u64, p: f64) -> f64 {
    if k >= n {
        return 1.0;
    }
    if p <= 0.0 {
        return 1.0;
    }
    if p >= 1.0 {
        return 0.0;
    }
    let (n, odds) = (n as f64, libm::log(p) - libm::log1p(-p));
    let base = n * libm::log1p(-p) + libm::lgamma(n + 1.0);
    let terms = (0..=k).map(|i| {
        let i = i as f64;
        libm::exp(base + i * odds - libm::lgamma(i + 1.0) - libm::lgamma(n - i + 1.0))
    });
    terms.sum::<f64>().min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sums of fractions: 11/1024 for at most one of ten coins; 0.95^59 for none of 59.
    #[test]
    fn tails_by_hand() {
        assert!((at_most(1, 10, 0.5) - 11.0 / 1024.0).abs() < 1e-12);
        assert!((at_most(0, 59, 0.05) - 0.95_f64.powi(59)).abs() < 1e-12);
        assert_eq!(at_most(5, 5, 0.3), 1.0);
        assert_eq!((at_most(3, 5, 0.0), at_most(3, 5, 1.0)), (1.0, 0.0));
    }

    /// 59 for the 95 % quantile and 299 for the 99 % one are in every table of order statistics (Wilks).
    #[test]
    fn the_fewest_trials_are_those_of_wilks() {
        assert_eq!(
            (least_trials(0.95), least_trials(0.99), least_trials(0.5)),
            (59, 299, 5)
        );
        assert_eq!(at_least(59, 59, 0.95), Certainty::Sure);
        assert_eq!(at_least(58, 58, 0.95), Certainty::Open);
        assert_eq!(at_least(299, 299, 0.99), Certainty::Sure);
    }

    /// Wilks' second order: 93 trials with one bad one.
    #[test]
    fn one_bad_trial_costs_more_trials() {
        assert_eq!(at_least(91, 92, 0.95), Certainty::Open);
        assert_eq!(at_least(92, 93, 0.95), Certainty::Sure);
    }

    #[test]
    fn what_is_hardly_ever_good_is_refuted() {
        assert_eq!(at_least(0, 2, 0.95), Certainty::Refuted);
        assert_eq!(at_least(50, 100, 0.95), Certainty::Refuted);
        assert_eq!(at_least(95, 100, 0.95), Certainty::Open);
        assert_eq!(at_least(0, 0, 0.95), Certainty::Open);
    }

    /// The lower ends of one-sided intervals: 0.05^(1/n) where all are good.
    #[test]
    fn shares_that_are_certain() {
        assert!((surely(20, 20) - 0.05_f64.powf(0.05)).abs() < 1e-9);
        assert_eq!(surely(0, 20), 0.0);
        assert!(surely(19, 20) < surely(20, 20));
    }
}
