//! Confidence intervals: Student's for means, Wilson's for shares. All at 95 %.

/// The 97.5 % quantile of the normal distribution.
const Z: f64 = 1.959_963_984_540_054;

/// The 97.5 % quantiles of Student's t for 1 … 10 degrees of freedom, as statistical tables print them.
const STUDENT: [f64; 10] = [
    12.706_205, 4.302_653, 3.182_446, 2.776_445, 2.570_582, 2.446_912, 2.364_624, 2.306_004, 2.262_157, 2.228_139,
];

/// The 97.5 % quantile of Student's t: from the table, and beyond it by the expansion of Cornish and Fisher (Abramowitz
/// and Stegun 26.7.5), which is right to four decimals there.
#[expect(clippy::cast_precision_loss, reason = "a number of trials")]
pub(crate) fn student(degrees: u64) -> f64 {
    let index = degrees.saturating_sub(1);
    if let Some(value) = usize::try_from(index).ok().and_then(|i| STUDENT.get(i)) {
        return *value;
    }
    let (n, z2) = (degrees as f64, Z * Z);
    let terms = [
        Z * (z2 + 1.0) / 4.0,
        Z * ((5.0 * z2 + 16.0) * z2 + 3.0) / 96.0,
        Z * (((3.0 * z2 + 19.0) * z2 + 17.0) * z2 - 15.0) / 384.0,
        Z * ((((79.0 * z2 + 776.0) * z2 + 1482.0) * z2 - 1920.0) * z2 - 945.0) / 92_160.0,
    ];
    // Horner's scheme in 1/n.
    Z + terms.iter().rev().fold(0.0, |sum, term| (sum + term) / n)
}

/// Wilson's score interval of a share: `count` of `of`; everything is possible where there is nothing.
#[expect(clippy::cast_precision_loss, reason = "a number of trials")]
pub(super) fn wilson(count: u64, of: u64) -> [f64; 2] {
    if of == 0 {
        return [0.0, 1.0];
    }
    let n = of as f64;
    let share = count as f64 / n;
    let z2 = Z * Z;
    let middle = share + z2 / (2.0 * n);
    let half = Z * libm::sqrt(share * (1.0 - share) / n + z2 / (4.0 * n * n));
    let whole = 1.0 + z2 / n;
    // At the ends the interval reaches 0 and 1 exactly, which rounding would hide.
    let low = if count == 0 { 0.0 } else { (middle - half) / whole };
    let high = if count >= of { 1.0 } else { (middle + half) / whole };
    [low.max(0.0), high.min(1.0)]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of printed tables.
    #[test]
    fn students_quantiles_are_those_of_the_tables() {
        for (degrees, value) in [
            (1, 12.7062),
            (2, 4.3027),
            (5, 2.5706),
            (10, 2.2281),
            (11, 2.2010),
            (15, 2.1314),
            (20, 2.0860),
            (30, 2.0423),
            (60, 2.0003),
            (120, 1.9799),
            (1_000_000, 1.9600),
        ] {
            assert!(
                (student(degrees) - value).abs() < 6e-5,
                "{degrees}: {}",
                student(degrees)
            );
        }
    }

    #[test]
    fn students_quantiles_fall_without_a_jump_where_the_table_ends() {
        for degrees in 1..1000 {
            assert!(student(degrees) > student(degrees + 1), "{degrees}");
        }
    }

    /// Values of Newcombe (1998), table I, method 3.
    #[test]
    fn wilsons_intervals_are_those_that_were_published() {
        for (count, of, low, high) in [
            (81, 263, 0.2553, 0.3662),
            (15, 148, 0.0624, 0.1605),
            (0, 20, 0.0, 0.1611),
            (1, 29, 0.0061, 0.1718),
        ] {
            let [a, b] = wilson(count, of);
            assert!(
                (a - low).abs() < 6e-5 && (b - high).abs() < 6e-5,
                "{count}/{of}: {a} {b}"
            );
        }
        assert_eq!(wilson(7, 7)[1], 1.0);
        assert_eq!(wilson(0, 0), [0.0, 1.0]);
    }
}
