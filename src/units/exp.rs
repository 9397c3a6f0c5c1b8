//! A quick e^x for results that are rounded anyway.

use std::f64::consts::LN_2;

/// So many steps to the power of two.
const STEPS: usize = 64;
/// 2^(1/64).
const ROOT: f64 = 1.010_889_286_051_700_5;
/// 2^(i/64).
static POWERS: [f64; STEPS] = {
    let mut powers = [1.0; STEPS];
    let mut i = 1;
    while i < STEPS {
        powers[i] = powers[i - 1] * ROOT;
        i += 1;
    }
    powers
};

/// Exponents up to this are taken, so that the power of two stays in range.
const LARGEST: f64 = 700.0;

/// e^x with a relative error below 10⁻¹², for |x| up to [`LARGEST`]: 2^(n/64) by table for the nearest n, and the rest, at
/// most ln 2 / 128, by its series.
#[inline]
fn nearly(x: f64) -> f64 {
    // Adding and taking away 1.5 · 2^52 rounds to whole numbers, which stand in the lowest bits meanwhile.
    const WHOLE: f64 = 6_755_399_441_055_744.0;
    let shifted = x * (STEPS as f64 / LN_2) + WHOLE;
    let n = shifted.to_bits() as i32;
    let rest = x - (shifted - WHOLE) * (LN_2 / STEPS as f64);
    let series = 1.0 + rest * (1.0 + rest * (1.0 / 2.0 + rest * (1.0 / 6.0 + rest * (1.0 / 24.0))));
    let power = f64::from_bits(u64::from((1023 + n.div_euclid(STEPS as i32)) as u32) << 52);
    POWERS[n.rem_euclid(STEPS as i32) as usize] * power * series
}

/// `scale` · e^x rounded half up, where an error of 10⁻¹² cannot turn the rounding: the very number that `libm` leads to.
/// `None` where it takes `libm` to say.
#[inline]
pub(super) fn rounded(scale: f64, x: f64) -> Option<u64> {
    /// A relative error of 10⁻¹² moves numbers below [`MOST`] by no more.
    const MARGIN: f64 = 1e-3;
    if x.is_nan() || x.abs() > LARGEST {
        return None;
    }
    let exact = scale * nearly(x);
    (0.0..MOST).contains(&exact).then(|| whole(exact, MARGIN)).flatten()
}

/// Numbers below this are rounded here.
pub(super) const MOST: f64 = 1e9;

/// The whole number nearest to a number in `0.0..`[`MOST`], where being off by less than `margin` cannot lead to another.
#[inline]
pub(super) fn whole(number: f64, margin: f64) -> Option<u64> {
    // As in `nearly`; the lowest bits are those of the number itself.
    const WHOLE: f64 = 4_503_599_627_370_496.0;
    let shifted = number + WHOLE;
    let off = (number - (shifted - WHOLE)).abs();
    (off < 0.5 - margin).then_some(u64::from(shifted.to_bits() as u32))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Purpose, Streams};
    use crate::units::Span;

    #[test]
    fn the_error_is_a_thousandth_of_what_rounding_allows_for() {
        for n in -700_000..=700_000 {
            let x = f64::from(n) / 1000.0 + 1e-5;
            if x.abs() <= LARGEST {
                let error = (nearly(x) / libm::exp(x) - 1.0).abs();
                assert!(error < 5e-13, "{x}: {error}");
            }
        }
    }

    #[test]
    fn what_is_rounded_is_what_libm_rounds_to() {
        let mut luck = Streams::new(1, 1).stream(Purpose::Latency, 0);
        let mut taken = 0;
        for _ in 0..2_000_000 {
            let seconds = libm::exp(12.0 * luck.unit() - 9.0);
            let x = 8.0 * luck.unit() - 4.0;
            if let Some(micros) = rounded(seconds * 1e6, x) {
                taken += 1;
                assert_eq!(Span::from_micros(micros), Span::from_secs_f64(seconds * libm::exp(x)));
            }
        }
        assert!(taken > 1_900_000, "{taken}");
    }

    #[test]
    fn what_is_out_of_range_is_left_to_libm() {
        for x in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 700.1, -700.1, 30.0] {
            assert_eq!(rounded(1e3, x), None, "{x}");
        }
        assert_eq!(rounded(0.5, 0.0), None, "a tie");
        assert_eq!(rounded(3.0, 0.0), Some(3));
    }
}
