//! Samples of distributions, sooner than by their formulas.

use super::curve::Curve;
use super::dist::LogNormal;
use super::{Dist, Span, exp};

/// Samples distributions and remembers what it has worked out for them: the same values as [`Dist::at`], sooner.
#[derive(Clone, Debug)]
pub struct Sampler {
    /// Each in one of the [`WAYS`] places from where its parameters point to.
    known: [Known; PLACES + WAYS],
}

const PLACES: usize = 64;
const WAYS: usize = 4;

/// So many samples are worth a curve.
const WORTH: u32 = 3_000;

/// A log-normal distribution, in a cache line of its own.
#[derive(Clone, Debug)]
#[repr(align(64))]
struct Known {
    median: Span,
    p95: Span,
    curve: Option<Curve>,
    law: LogNormal,
    /// How many samples there were until it had a curve.
    samples: u32,
}

impl Default for Sampler {
    fn default() -> Self {
        Self {
            known: [const { Known::NOBODY }; PLACES + WAYS],
        }
    }
}

impl Sampler {
    /// As [`Dist::at`].
    #[must_use]
    pub fn at(&mut self, dist: &Dist, u: f64) -> Span {
        match *dist {
            Dist::LogNormal { median, p95 } => self.log_normal(median, p95, u),
            Dist::Uniform(low, high) => uniform(low, high, u).unwrap_or_else(|| dist.at(u)),
            _ => dist.at(u),
        }
    }

    fn log_normal(&mut self, median: Span, p95: Span, u: f64) -> Span {
        let place = place(median, p95);
        for known in &mut self.known[place..place + WAYS] {
            if (known.median, known.p95) == (median, p95) {
                let micros = known.curve.as_ref().and_then(|curve| curve.at(u));
                return micros.map_or_else(|| known.by_formula(u), Span::from_micros);
            }
        }
        self.meet(median, p95, u)
    }

    /// The first sample of a distribution, which is remembered if one of its places is free.
    #[cold]
    fn meet(&mut self, median: Span, p95: Span, u: f64) -> Span {
        let place = place(median, p95);
        let ways = &mut self.known[place..place + WAYS];
        if let Some(known) = ways.iter_mut().find(|known| known.median == Span::ZERO)
            && median > Span::ZERO
        {
            *known = Known {
                median,
                p95,
                law: LogNormal::new(median, p95),
                ..Known::NOBODY
            };
        }
        Dist::LogNormal { median, p95 }.at(u)
    }
}

impl Known {
    /// A free place: always zero, as the distribution that it stands for.
    const NOBODY: Self = Self {
        median: Span::ZERO,
        p95: Span::ZERO,
        curve: None,
        law: LogNormal::NONE,
        samples: 0,
    };

    /// What no curve says.
    #[cold]
    fn by_formula(&mut self, u: f64) -> Span {
        self.samples = self.samples.saturating_add(1);
        if self.samples == WORTH {
            self.curve = Some(Curve::of(self.law));
        }
        self.law.at(u)
    }
}

/// Where to look for a distribution.
#[inline]
fn place(median: Span, p95: Span) -> usize {
    let mixed = median.as_micros().wrapping_add(p95.as_micros());
    (mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (u64::BITS - PLACES.ilog2())) as usize
}

/// What [`Dist::Uniform`] comes to at `u`; `None` where it takes the formula to say.
#[inline]
fn uniform(low: Span, high: Span, u: f64) -> Option<Span> {
    /// The formula counts in seconds, whose few roundings move numbers of 31 bits by no more.
    const MARGIN: f64 = 1e-3;
    let (low, high) = (low.as_micros(), high.as_micros());
    if (low | high) >> 31 > 0 {
        return None;
    }
    let [low, high] = [low, high].map(|micros| f64::from(micros as u32));
    exp::whole(low + (high - low) * u, MARGIN).map(Span::from_micros)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Purpose, Stream, Streams};

    fn luck() -> Stream {
        Streams::new(1, 1).stream(Purpose::Latency, 0)
    }

    fn millis(median: u64, p95: u64) -> Dist {
        Dist::LogNormal {
            median: Span::from_millis(median),
            p95: Span::from_millis(p95),
        }
    }

    /// Enough samples for a curve and for its every piece, and the places where a piece ends.
    fn agrees(sampler: &mut Sampler, dist: &Dist, luck: &mut Stream) {
        let borders = (0..=8).flat_map(|power| (8..=16).map(move |part| f64::from(part) / f64::from(16 << power)));
        let near = borders.flat_map(|u| [u.next_down(), u, u.next_up()]);
        let inside = near
            .flat_map(|u| [u, 1.0 - u])
            .chain([0.0, 1e-16, 0.02425, 1.0 - 0.02425]);
        let samples: Vec<f64> = (0..40_000).map(|_| luck.unit()).chain(inside).collect();
        for u in samples.into_iter().filter(|u| (0.0..1.0).contains(u)) {
            assert_eq!(sampler.at(dist, u), dist.at(u), "{dist:?} at {u}");
        }
    }

    #[test]
    fn a_sampler_samples_the_same() {
        let (mut sampler, mut luck) = (Sampler::default(), luck());
        for (median, p95) in [
            (8, 30),
            (8, 45),
            (15, 60),
            (20, 200),
            (50, 300),
            (690, 940),
            (3_000, 8_000),
            (24_000, 72_000),
        ] {
            agrees(&mut sampler, &millis(median, p95), &mut luck);
        }
        // From a microsecond to weeks, and from no spread at all to one of a thousand times.
        for _ in 0..100 {
            let median = libm::exp(25.0 * luck.unit());
            let spread = libm::exp(7.0 * luck.unit() * luck.unit());
            let [median, p95] = [median, median * spread].map(|micros| Span::from_secs_f64(micros / 1e6));
            agrees(&mut Sampler::default(), &Dist::LogNormal { median, p95 }, &mut luck);
        }
        for _ in 0..20 {
            let [low, high] = [0; 2].map(|_| Span::from_secs_f64(libm::exp(25.0 * luck.unit()) / 1e6));
            agrees(&mut sampler, &Dist::Uniform(low, high), &mut luck);
            agrees(&mut sampler, &Dist::Exponential(high), &mut luck);
        }
        agrees(&mut sampler, &millis(0, 1), &mut luck);
        agrees(&mut sampler, &millis(5, 5), &mut luck);
    }

    #[test]
    fn more_distributions_than_there_are_places_are_sampled_by_formula() {
        let (mut sampler, mut luck) = (Sampler::default(), luck());
        for n in 0..5_000 {
            let (dist, u) = (millis(1 + n % 500, 1000), luck.unit());
            assert_eq!(sampler.at(&dist, u), dist.at(u));
        }
        agrees(&mut sampler, &millis(501, 1000), &mut luck);
    }
}
