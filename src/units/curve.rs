//! A log-normal distribution drawn as a curve of polynomials: quick to read off, and whole microseconds as exact as from its
//! formula.

use super::dist::{LogNormal, TAIL};
use super::exp::{self, MOST};

/// Every power of two of the probability, counted from the nearer end, is divided into so many pieces, so that all are as
/// smooth: what makes the distribution bend is at the ends.
const PARTS: u64 = 8;
/// So many powers of two below one half have pieces; what is nearer to an end (0.8 % of samples) has none.
const POWERS: i32 = 7;
/// Two halves.
const PIECES: usize = 2 * PARTS as usize * POWERS as usize;
/// The bits of a number that say which power of two and which part of it, the last of them at the lowest place.
const SHIFT: u32 = f64::MANTISSA_DIGITS - 1 - PARTS.ilog2();
/// These bits of the first piece.
const FIRST: u64 = NEAREST.to_bits() >> SHIFT;
/// The pieces begin here, counted from the nearer end.
const NEAREST: f64 = 0.5 / (1 << POWERS) as f64;

/// A piece is off by less than this, in microseconds: where a whole number and a half is as near, the curve does not say.
const MARGIN: f64 = 1.0 / 128.0;

/// The powers of a piece's polynomial go up to this.
const DEGREE: usize = 4;
/// Where a piece is the distribution: the zeros of the Chebyshev polynomial of [`DEGREE`] + 1, half a piece being 1.
#[expect(clippy::unreadable_literal, reason = "cos((2i + 1)π/10)")]
const NODES: [f64; DEGREE + 1] = [
    0.9510565162951535,
    0.5877852522924731,
    0.0,
    -0.5877852522924731,
    -0.9510565162951535,
];
/// Where such a piece is off most: at the extremes of that polynomial.
#[expect(clippy::unreadable_literal, reason = "cos(iπ/5)")]
const EXTREMES: [f64; DEGREE + 2] = [
    1.0,
    0.8090169943749475,
    0.30901699437494745,
    -0.30901699437494745,
    -0.8090169943749475,
    -1.0,
];

/// The inverse distribution function in microseconds.
#[derive(Clone, Debug)]
pub(super) struct Curve(Box<[Piece; PIECES]>);

/// A polynomial of the distance from the [`middle`] of the piece. 32 bytes, of which two fit a cache line.
#[derive(Clone, Copy, Debug)]
#[repr(align(32))]
struct Piece {
    /// The value in the middle; not a number where the polynomial would not do.
    level: f64,
    slope: f64,
    /// The coefficients of the higher powers, whose parts are so small that few digits will do.
    bends: [f32; DEGREE - 1],
}

impl Curve {
    /// Works out the curve: takes as long as some thousand samples.
    pub(super) fn of(law: LogNormal) -> Self {
        let mut pieces = [Piece::NONE; PIECES];
        for (index, piece) in pieces.iter_mut().enumerate() {
            let edge = |bits: u64| f64::from_bits(bits << SHIFT);
            let bits = FIRST + index as u64 / 2;
            let (low, high) = (edge(bits), edge(bits + 1));
            let upper = index % 2 == 0;
            *piece = Piece::fit((low, high), |tail| law.micros(if upper { 1.0 - tail } else { tail }));
        }
        Self(Box::new(pieces))
    }

    /// What the distribution comes to at `u`, in whole microseconds; `None` where it takes the formula to say.
    #[inline]
    pub(super) fn at(&self, u: f64) -> Option<u64> {
        let side = u - 0.5;
        // What is below zero or not a number has its highest bits set, and so no piece.
        let tail = 0.5 - side.abs();
        let index = (tail.to_bits() >> SHIFT).wrapping_sub(FIRST) << 1 | side.to_bits() >> 63;
        let piece = self.0.get(index as usize)?;
        exp::whole(piece.at(tail - middle(tail)), MARGIN)
    }
}

/// The probability in the middle of the piece: its first one and half of what the bits after those of [`SHIFT`] come to.
#[inline]
fn middle(tail: f64) -> f64 {
    f64::from_bits(tail.to_bits() >> SHIFT << SHIFT | 1 << (SHIFT - 1))
}

impl Piece {
    const NONE: Self = Self {
        level: f64::NAN,
        slope: 0.0,
        bends: [0.0; DEGREE - 1],
    };

    /// The value so far from the middle. In an order that makes the shortest chain, for the next event waits for it.
    #[inline]
    fn at(&self, off: f64) -> f64 {
        let [two, three, four] = self.bends.map(f64::from);
        let square = off * off;
        (self.level + off * self.slope) + square * ((two + off * three) + square * four)
    }

    /// A polynomial that is a function but for an error that is bounded here and stays below [`MARGIN`]; none if that takes
    /// more.
    ///
    /// Between two nodes the error is the product of the distances from all nodes, which is largest at the extremes, and a
    /// divided difference of the function that changes little from there to the nodes, for a piece spans at most an eighth
    /// of the way to what makes the function bend. Twice what is found at the extremes is therefore more than the error
    /// anywhere. On top come the digits that the bends do not have, and those of the function itself.
    fn fit((low, high): (f64, f64), function: impl Fn(f64) -> f64) -> Self {
        let (center, half) = (middle(low), (high - low) / 2.0);
        let [level, slope, two, three, four] = through(NODES.map(|x| function(center + half * x)));
        let piece = Self {
            level,
            slope: slope / half,
            bends: [
                (two / half.powi(2)) as f32,
                (three / half.powi(3)) as f32,
                (four / half.powi(4)) as f32,
            ],
        };
        let at_extremes = EXTREMES.map(|x| {
            let tail = center + half * x;
            (function(tail), piece.at(tail - center))
        });
        let off = at_extremes.iter().map(|(exact, near)| (exact - near).abs());
        let rounded =
            (two.abs() + three.abs() + four.abs()) * 8.0 * f64::from(f32::EPSILON) + MOST * 32.0 * f64::EPSILON;
        let error = 2.0 * off.fold(0.0, f64::max) + rounded;
        let known =
            !(low..=high).contains(&TAIL) && at_extremes.iter().all(|(exact, _)| (1.0..MOST / 2.0).contains(exact));
        if known && error < MARGIN { piece } else { Self::NONE }
    }
}

/// The polynomial that has these values at the [`NODES`], the coefficient of the lowest power first (Newton).
fn through(values: [f64; DEGREE + 1]) -> [f64; DEGREE + 1] {
    let mut differences = values;
    for order in 1..=DEGREE {
        for i in (order..=DEGREE).rev() {
            differences[i] = (differences[i] - differences[i - 1]) / (NODES[i] - NODES[i - order]);
        }
    }
    let mut powers = [0.0; DEGREE + 1];
    for i in (0..=DEGREE).rev() {
        for power in (1..=DEGREE).rev() {
            powers[power] = powers[power - 1] - NODES[i] * powers[power];
        }
        powers[0] = differences[i] - NODES[i] * powers[0];
    }
    powers
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Purpose, Streams};
    use crate::units::Span;

    #[test]
    fn no_piece_is_off_by_more_than_it_may_be() {
        let mut luck = Streams::new(1, 1).stream(Purpose::Latency, 0);
        let (mut pieces, mut most) = (0, 0.0_f64);
        for _ in 0..300 {
            let median = libm::exp(20.0 * luck.unit());
            let spread = libm::exp(8.0 * luck.unit() * luck.unit());
            let [median, p95] = [median, median * spread].map(|micros| Span::from_secs_f64(micros / 1e6));
            let law = LogNormal::new(median.max(Span::from_micros(1)), p95);
            let curve = Curve::of(law);
            for (index, piece) in curve.0.iter().enumerate().filter(|(_, piece)| !piece.level.is_nan()) {
                let low = f64::from_bits((FIRST + index as u64 / 2) << SHIFT);
                let half = middle(low) - low;
                let off = (-50..=50).map(|n| {
                    let off = half * f64::from(n) / 50.0;
                    let tail = middle(low) + off;
                    let u = if index % 2 == 0 { 1.0 - tail } else { tail };
                    (law.micros(u) - piece.at(off)).abs()
                });
                most = off.fold(most, f64::max);
                pieces += 1;
            }
        }
        assert!(most < MARGIN, "{most}");
        assert!(pieces > 20_000, "{pieces}");
    }

    #[test]
    fn curves_say_nearly_everything() {
        let mut luck = Streams::new(1, 1).stream(Purpose::Latency, 0);
        for (median, p95) in [(5, 25), (8, 30), (8, 45), (20, 200), (50, 300), (690, 940)] {
            let curve = Curve::of(LogNormal::new(Span::from_millis(median), Span::from_millis(p95)));
            let silent = (0..20_000).filter(|_| curve.at(luck.unit()).is_none()).count();
            assert!(silent < 800, "{median} {p95}: {silent}");
        }
    }

    #[test]
    fn curves_say_nothing_where_there_are_none() {
        let curve = Curve::of(LogNormal::new(Span::from_millis(8), Span::from_millis(30)));
        for u in [
            f64::NAN,
            f64::INFINITY,
            -1.0,
            -1e-300,
            0.0,
            1e-9,
            TAIL,
            0.5,
            1.0 - 1e-9,
            1.0,
            2.0,
        ] {
            assert_eq!(curve.at(u), None, "{u}");
        }
    }
}
