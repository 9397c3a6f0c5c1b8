//! Amounts: what is measured and what is expected, in one form that compares exactly.

use crate::units::Span;

/// What a number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Simulated time.
    Seconds,
    /// Things.
    Count,
    /// Things on average, with decimals.
    Number,
    /// A share.
    Percent,
}

/// An amount in millionths of its unit: of a second, a thing, or the whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Amount(u64);

/// Millionths.
const WHOLE: f64 = 1e6;

/// More than this is a slip of the pen; it is exact in 53 bits.
const MOST: f64 = 1e9;

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// Seconds.
    #[must_use]
    pub fn seconds(seconds: f64) -> Self {
        Self::of(seconds)
    }

    /// A count.
    #[must_use]
    pub fn count(count: impl Into<u64>) -> Self {
        Self(count.into().saturating_mul(1_000_000))
    }

    /// A number that is not negative; one that is, is nothing.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "saturating is right, and negative numbers are none"
    )]
    pub fn of(number: f64) -> Self {
        Self(libm::round(number * WHOLE) as u64)
    }

    /// The number.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "amounts are below 2^53")]
    pub fn as_f64(self) -> f64 {
        self.0 as f64 / WHOLE
    }

    /// How far it is from another one.
    pub(super) const fn distance(self, other: Self) -> u64 {
        self.0.abs_diff(other.0)
    }

    /// Reads an amount.
    ///
    /// # Errors
    /// What was expected instead, as a sentence without its end.
    pub fn parse(text: &str, unit: Unit) -> Result<Self, String> {
        let decimal = |text: &str| {
            let plain =
                text.starts_with(|c: char| c.is_ascii_digit()) && text.chars().all(|c| c.is_ascii_digit() || c == '.');
            let number = text.parse::<f64>().ok().filter(|n| plain && *n <= MOST);
            number.map(Self::of)
        };
        let short: String = text.chars().take(60).collect();
        match unit {
            Unit::Seconds => {
                let span: Span = text.parse().map_err(|why| format!("{short:?}: {why}"))?;
                Ok(Self(span.as_micros()))
            }
            Unit::Count => {
                let count = text.parse::<u32>().ok().map(Self::count);
                count.ok_or_else(|| format!("{short:?}: expected a whole number that is not negative"))
            }
            Unit::Number => decimal(text).ok_or_else(|| format!("{short:?}: expected a number that is not negative")),
            Unit::Percent => {
                let number = text.strip_suffix('%').and_then(|number| decimal(number.trim_end()));
                let share = number.filter(|n| *n <= Self::count(100_u32));
                let share = share.map(|n| Self::of(n.as_f64() / 100.0));
                share.ok_or_else(|| format!("{short:?}: expected a percentage such as 99.9%"))
            }
        }
    }

    /// The amount as it is written.
    #[must_use]
    pub fn show(self, unit: Unit) -> String {
        match unit {
            Unit::Seconds => Span::from_micros(self.0).to_string(),
            Unit::Count | Unit::Number => decimals(self.as_f64(), 3),
            Unit::Percent => format!("{}%", decimals(self.as_f64() * 100.0, 4)),
        }
    }
}

/// So many decimals at most.
fn decimals(number: f64, digits: usize) -> String {
    let text = format!("{number:.digits$}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_and_shown() {
        for (text, unit, shown) in [
            ("90s", Unit::Seconds, "1m30s"),
            ("0", Unit::Seconds, "0s"),
            ("3", Unit::Count, "3"),
            ("0", Unit::Count, "0"),
            ("100", Unit::Count, "100"),
            ("1.33", Unit::Number, "1.33"),
            ("99.95%", Unit::Percent, "99.95%"),
            ("100 %", Unit::Percent, "100%"),
        ] {
            assert_eq!(Amount::parse(text, unit).map(|a| a.show(unit)), Ok(shown.to_owned()));
        }
        for (text, unit) in [
            ("3", Unit::Seconds),
            ("1.5", Unit::Count),
            ("-1", Unit::Count),
            ("-1", Unit::Number),
            ("NaN", Unit::Number),
            ("1e3", Unit::Number),
            ("inf", Unit::Number),
            ("99", Unit::Percent),
            ("101%", Unit::Percent),
            ("%", Unit::Percent),
        ] {
            assert!(Amount::parse(text, unit).is_err(), "{text}");
        }
    }

    #[test]
    fn amounts_compare_as_they_are_written() {
        assert_eq!(Amount::seconds(4.219), Amount::parse("4.219s", Unit::Seconds).unwrap());
        assert_eq!(Amount::of(-1.0), Amount::ZERO);
        assert_eq!(Amount::of(f64::NAN), Amount::ZERO);
        assert!(Amount::of(0.9995) >= Amount::parse("99.95%", Unit::Percent).unwrap());
    }
}
