//! Which strategies no other one beats.

/// Marks the points that are not dominated: no other point is at least as good in every objective and better in one. Less
/// is better in each.
pub(super) fn front<const N: usize>(points: &[[f64; N]]) -> Vec<bool> {
    let dominates = |a: &[f64; N], b: &[f64; N]| {
        let pairs = || a.iter().zip(b);
        pairs().all(|(a, b)| a <= b) && pairs().any(|(a, b)| a < b)
    };
    let beaten = |point: &[f64; N]| points.iter().any(|other| dominates(other, point));
    points.iter().map(|point| !beaten(point)).collect()
}

#[cfg(test)]
mod tests {
    use super::front;

    /// Makespan, downtime, churn: fast and rough; slow and gentle; between both; beaten by the third in all; beaten in one
    /// and equal in the others; a twin of the first.
    #[test]
    fn fronts_by_hand() {
        let points = [
            [100.0, 60.0, 1.5],
            [900.0, 0.0, 1.0],
            [400.0, 10.0, 1.2],
            [500.0, 20.0, 1.3],
            [900.0, 0.0, 1.1],
            [100.0, 60.0, 1.5],
        ];
        assert_eq!(front(&points), [true, true, true, false, false, true]);
        assert_eq!(front::<3>(&[]), [false; 0]);
        assert_eq!(front(&[[7.0, 7.0, 7.0]]), [true]);
    }
}
