//! Sampling again and again from the same distributions.

use super::dist::LogNormal;
use super::{Dist, Span, exp};

/// Samples distributions and remembers what it has worked out for them: the same values as [`Dist::at`], sooner.
#[derive(Clone, Debug)]
pub struct Sampler {
    /// Each in one of the two places that its parameters point to, so that two distributions that meet in a place get along.
    known: [[Known; 2]; 32],
}

/// A log-normal distribution.
#[derive(Clone, Debug)]
struct Known {
    median: Span,
    p95: Span,
    log_normal: LogNormal,
    samples: u32,
    curve: Option<Box<Curve>>,
}

/// A curve pays after so many samples.
const MANY: u32 = 20_000;

impl Default for Sampler {
    fn default() -> Self {
        let second = Span::from_secs(1);
        Self {
            known: std::array::from_fn(|_| [Known::new(second, second), Known::new(second, second)]),
        }
    }
}

impl Sampler {
    /// As [`Dist::at`].
    #[must_use]
    pub fn at(&mut self, dist: &Dist, u: f64) -> Span {
        match *dist {
            Dist::LogNormal { median, p95 } if median > Span::ZERO => self.known(median, p95).at(u),
            _ => dist.at(u),
        }
    }

    #[inline]
    fn known(&mut self, median: Span, p95: Span) -> &mut Known {
        let mixed = median.as_micros().wrapping_mul(31) ^ p95.as_micros();
        let places = &mut self.known[(mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 59) as usize];
        let is = |known: &Known| (known.median, known.p95) == (median, p95);
        let place = usize::from(!is(&places[0]));
        if place == 1 && !is(&places[1]) {
            places[1] = Known::new(median, p95);
            // Whoever was here longer goes next.
            places.swap(0, 1);
            return &mut places[0];
        }
        &mut places[place]
    }
}

impl Known {
    fn new(median: Span, p95: Span) -> Self {
        Self {
            median,
            p95,
            log_normal: LogNormal::new(median, p95),
            samples: 0,
            curve: None,
        }
    }

    #[inline]
    fn at(&mut self, u: f64) -> Span {
        match self.curve.as_ref().and_then(|curve| curve.at(u)) {
            Some(micros) => Span::from_micros(micros),
            None => self.plainly(u),
        }
    }

    fn plainly(&mut self, u: f64) -> Span {
        self.samples += 1;
        if self.samples == MANY {
            self.curve = Some(Box::new(Curve::of(|u| self.log_normal.micros_at(u))));
        }
        self.log_normal.at(u)
    }
}

/// A smooth function of `u`, nearly: pieces of polynomials of degree 4 that meet it in five points each.
#[derive(Clone, Debug)]
struct Curve {
    /// Coefficients by Newton's divided differences; not a number where a piece strays too far.
    pieces: [[f64; POINTS]; PIECES],
}

/// So many pieces, over the middle of 0..1: towards its ends functions are steep.
const PIECES: usize = 256;
/// Where the middle begins, and ends on the other side.
const FROM: f64 = 1.0 / 32.0;
/// So many points.
const POINTS: usize = 5;
/// Where in a piece of length 1 the points are: the zeros of Chebyshev's polynomial.
const AT: [f64; POINTS] = [
    0.024_471_741_852_423_22,
    0.206_107_373_853_763_43,
    0.5,
    0.793_892_626_146_236_6,
    0.975_528_258_147_576_8,
];

/// From `u` to pieces.
const SCALE: f64 = PIECES as f64 / (1.0 - 2.0 * FROM);

impl Curve {
    fn of(f: impl Fn(f64) -> f64) -> Self {
        let mut pieces = [[f64::NAN; POINTS]; PIECES];
        let mut start = 0.0;
        for piece in &mut pieces {
            let f = |at: f64| f(FROM + (start + at) / SCALE);
            let found = differences(&f);
            // A tenth of what rounding allows for, for between the points that are looked at nothing strays twice as far.
            let strays = |n: u32| {
                let at = f64::from(n) / 16.0;
                libm::fabs(value(&found, at) - f(at)) > exp::MARGIN / 10.0
            };
            if !(0..=16).any(strays) {
                *piece = found;
            }
            start += 1.0;
        }
        Self { pieces }
    }

    /// The value at `u`, rounded half up; `None` where the curve cannot say.
    #[inline]
    fn at(&self, u: f64) -> Option<u64> {
        let along = (u - FROM) * SCALE;
        // Below 0 too: as whole numbers without a sign such are above all others.
        let number = along as i32 as u32;
        let piece = self.pieces.get(number as usize).filter(|_| along >= 0.0)?;
        exp::half_up(value(piece, along - f64::from(number)))
    }
}

/// The coefficients of the polynomial that meets a function.
fn differences(f: &impl Fn(f64) -> f64) -> [f64; POINTS] {
    let mut found = AT.map(f);
    for order in 1..POINTS {
        for i in (order..POINTS).rev() {
            found[i] = (found[i] - found[i - 1]) / (AT[i] - AT[i - order]);
        }
    }
    found
}

/// The value of such a polynomial.
#[inline]
fn value([a, b, c, d, e]: &[f64; POINTS], at: f64) -> f64 {
    a + (at - AT[0]) * (b + (at - AT[1]) * (c + (at - AT[2]) * (d + (at - AT[3]) * e)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Purpose, Streams};

    fn secs(s: f64) -> Span {
        Span::from_secs_f64(s)
    }

    #[test]
    fn a_sampler_samples_the_same() {
        let mut sampler = Sampler::default();
        for n in 0..1000 {
            let u = f64::from(n) / 1000.0;
            let dist = Dist::LogNormal {
                median: secs(f64::from(n % 40)),
                p95: secs(f64::from(n % 40 + n % 3)),
            };
            assert_eq!(sampler.at(&dist, u), dist.at(u));
        }
        assert_eq!(
            sampler.at(&Dist::Exponential(secs(2.0)), 0.5),
            Dist::Exponential(secs(2.0)).at(0.5)
        );
    }

    #[test]
    fn samples_by_curve_are_the_same() {
        let mut luck = Streams::new(5, 1).stream(Purpose::Latency, 0);
        let mut sampler = Sampler::default();
        let dists = [
            (0.0004, 0.002),
            (0.01, 0.03),
            (0.09, 0.1),
            (0.5, 9.0),
            (40.0, 41.0),
            (3.0, 3.0),
        ];
        for (median, p95) in dists.map(|(median, p95)| (secs(median), secs(p95))) {
            let dist = Dist::LogNormal { median, p95 };
            for _ in 0..MANY + 100_000 {
                let u = luck.unit();
                assert_eq!(sampler.at(&dist, u), dist.at(u), "{u}");
            }
            let edges = [0.0, FROM, 1.0 - FROM]
                .into_iter()
                .flat_map(|u| [u - 1e-9, u, u + 1e-9]);
            for u in edges.filter(|u| (0.0..1.0).contains(u)) {
                assert_eq!(sampler.at(&dist, u), dist.at(u), "{u}");
            }
            let known = sampler.known(median, p95);
            let pieces = known
                .curve
                .as_ref()
                .map(|c| c.pieces.iter().filter(|p| !p[0].is_nan()).count());
            assert!(median > secs(0.1) || pieces > Some(200), "{dist:?}: {pieces:?} pieces");
        }
    }
}
