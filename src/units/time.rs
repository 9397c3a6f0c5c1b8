//! Simulated time: integer microseconds, so that equality is equality.

use std::fmt;
use std::ops::{Add, AddAssign, Mul, Sub};
use std::str::FromStr;

/// An instant of the simulation, in microseconds since the start of the plan.
///
/// Times before the start of the plan do not exist: what a dump holds is the state at [`Time::ZERO`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(u64);

/// A length of simulated time, in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(u64);

impl Time {
    /// The start of the plan.
    pub const ZERO: Self = Self(0);
    /// Later than every instant that a run can reach.
    pub const MAX: Self = Self(u64::MAX);

    /// The instant `micros` microseconds after the start.
    #[must_use]
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// Microseconds since the start.
    #[must_use]
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// Seconds since the start, for output only.
    #[must_use]
    pub fn as_secs_f64(self) -> f64 {
        self.since(Self::ZERO).as_secs_f64()
    }

    /// The time from `earlier` to `self`; zero where `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }

    /// The instant `span` before this one, not before the start.
    #[must_use]
    pub const fn before(self, span: Span) -> Self {
        Self(self.0.saturating_sub(span.0))
    }
}

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self(0);
    /// The longest span that input may state: about 31 years, so that sums cannot overflow.
    pub const LONGEST: Self = Self(1_000_000_000 * 1_000_000);

    /// A span of whole seconds.
    #[must_use]
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs.saturating_mul(1_000_000))
    }

    /// A span of whole milliseconds.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis.saturating_mul(1_000))
    }

    /// A span of whole microseconds.
    #[must_use]
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// The nearest span to `secs` seconds; zero for negative numbers and NaN, [`Span::LONGEST`] at most.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to 0..=LONGEST, which fits 53 bits"
    )]
    pub fn from_secs_f64(secs: f64) -> Self {
        let micros = secs * 1e6;
        if micros > 0.0 {
            // Half up, as `round` has it, without a call.
            let whole = micros as u64;
            let up = micros - whole as f64 >= 0.5;
            Self(whole.saturating_add(u64::from(up)).min(Self::LONGEST.0))
        } else {
            Self::ZERO
        }
    }

    /// Microseconds.
    #[must_use]
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// Seconds, for output only.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "microseconds below LONGEST fit 53 bits")]
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// The shorter of two spans.
    #[must_use]
    pub fn at_most(self, limit: Self) -> Self {
        self.min(limit)
    }

    /// This span less another; zero where the other is longer.
    #[must_use]
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Add<Span> for Time {
    type Output = Self;
    fn add(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

impl AddAssign<Span> for Time {
    fn add_assign(&mut self, span: Span) {
        *self = *self + span;
    }
}

impl Add for Span {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Span {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sub for Span {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self.saturating_sub(other)
    }
}

impl Mul<u64> for Span {
    type Output = Self;
    fn mul(self, factor: u64) -> Self {
        Self(self.0.saturating_mul(factor))
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1}s", self.as_secs_f64())
    }
}

/// Prints as Go does: `1h2m3.5s`, `250ms`, `0s`.
impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 > 0 && self.0 < 1_000_000 {
            let (whole, rest) = (self.0 / 1_000, self.0 % 1_000);
            return if rest == 0 {
                write!(f, "{whole}ms")
            } else {
                write!(f, "{}us", self.0)
            };
        }
        let (secs, micros) = (self.0 / 1_000_000, self.0 % 1_000_000);
        let (hours, minutes, seconds) = (secs / 3600, secs / 60 % 60, secs % 60);
        if hours > 0 {
            write!(f, "{hours}h")?;
        }
        if hours > 0 || minutes > 0 {
            write!(f, "{minutes}m")?;
        }
        write!(f, "{seconds}")?;
        if micros > 0 {
            let digits = format!("{micros:06}");
            write!(f, ".{}", digits.trim_end_matches('0'))?;
        }
        f.write_str("s")
    }
}

/// Why a text is not a duration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseSpanError {
    /// The text is empty or does not follow `NUMBER UNIT …`.
    #[error("expected a duration such as 90s, 1m30s, 250ms or 2h")]
    Syntax,
    /// A number without a unit.
    #[error("a duration needs a unit: ns, us, ms, s, m or h")]
    MissingUnit,
    /// Longer than [`Span::LONGEST`].
    #[error("longer than the longest duration that is accepted, 31 years")]
    TooLong,
    /// Durations of a plan are never negative.
    #[error("a duration cannot be negative")]
    Negative,
}

/// Reads Go's duration syntax (`1m30s`, `1.5s`, `250ms`; a bare `0` is allowed).
impl FromStr for Span {
    type Err = ParseSpanError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if text == "0" {
            return Ok(Self::ZERO);
        }
        if text.starts_with('-') {
            return Err(ParseSpanError::Negative);
        }
        let mut rest = text.strip_prefix('+').unwrap_or(text);
        if rest.is_empty() {
            return Err(ParseSpanError::Syntax);
        }
        let mut total = 0.0_f64;
        while !rest.is_empty() {
            let digits = rest
                .find(|c: char| !c.is_ascii_digit() && c != '.')
                .unwrap_or(rest.len());
            let number: f64 = rest[..digits].parse().map_err(|_| ParseSpanError::Syntax)?;
            rest = &rest[digits..];
            let letters = rest
                .find(|c: char| c.is_ascii_digit() || c == '.')
                .unwrap_or(rest.len());
            total += number * seconds_of(&rest[..letters])?;
            rest = &rest[letters..];
        }
        if total > Self::LONGEST.as_secs_f64() {
            return Err(ParseSpanError::TooLong);
        }
        Ok(Self::from_secs_f64(total))
    }
}

fn seconds_of(unit: &str) -> Result<f64, ParseSpanError> {
    Ok(match unit {
        "ns" => 1e-9,
        "us" | "µs" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        "" => return Err(ParseSpanError::MissingUnit),
        _ => return Err(ParseSpanError::Syntax),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_in_go_and_print_back() {
        for (text, micros, printed) in [
            ("0", 0, "0s"),
            ("90s", 90_000_000, "1m30s"),
            ("1m30s", 90_000_000, "1m30s"),
            ("6.5s", 6_500_000, "6.5s"),
            ("250ms", 250_000, "250ms"),
            ("1h", 3_600_000_000, "1h0m0s"),
        ] {
            let span: Span = text.parse().unwrap();
            assert_eq!(span.as_micros(), micros, "{text}");
            assert_eq!(span.to_string(), printed);
        }
    }

    #[test]
    fn wrong_durations_say_what_is_wrong() {
        assert_eq!("5".parse::<Span>(), Err(ParseSpanError::MissingUnit));
        assert_eq!("".parse::<Span>(), Err(ParseSpanError::Syntax));
        assert_eq!("-5s".parse::<Span>(), Err(ParseSpanError::Negative));
        assert_eq!("5 parsecs".parse::<Span>(), Err(ParseSpanError::Syntax));
        assert_eq!("1e9h".parse::<Span>(), Err(ParseSpanError::Syntax));
        assert_eq!("99999999999999h".parse::<Span>(), Err(ParseSpanError::TooLong));
    }
}
