//! What a number must be like, in every trial or in so many of them: `< 5s`, `2s..4s`, `p95 < 5s`, `mean <= 1.2`,
//! `probability(> 0s) < 1%`.

use std::fmt;

use super::amount::{Amount, Unit};

/// How a number is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `<`
    Below,
    /// `<=`
    AtMost,
    /// `=`
    Exactly,
    /// `>=`
    AtLeast,
    /// `>`
    Above,
}

/// A comparison with an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bound {
    /// How.
    pub comparison: Comparison,
    /// With what.
    pub amount: Amount,
}

/// In which trials, or for which number over all of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scope {
    /// In every one.
    Every,
    /// For this quantile of the trials, a share between 0 and 1.
    Quantile(f64),
    /// For the mean over the trials.
    Mean,
    /// In a share of the trials.
    Share {
        /// How the share of trials is compared: below or above.
        below: bool,
        /// With what, between 0 and 1.
        of: f64,
        /// Whether the share itself will do.
        inclusive: bool,
    },
}

/// What a number must be like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Condition {
    /// Where it counts.
    pub scope: Scope,
    /// What counts.
    pub bound: Bound,
}

/// The signs, longest first.
const SIGNS: [(&str, Comparison); 6] = [
    ("<=", Comparison::AtMost),
    (">=", Comparison::AtLeast),
    ("==", Comparison::Exactly),
    ("<", Comparison::Below),
    (">", Comparison::Above),
    ("=", Comparison::Exactly),
];

impl Bound {
    /// Whether an amount is as it must be.
    #[must_use]
    pub fn holds(&self, amount: Amount) -> bool {
        let (left, right) = (amount, self.amount);
        match self.comparison {
            Comparison::Below => left < right,
            Comparison::AtMost => left <= right,
            Comparison::Exactly => left == right,
            Comparison::AtLeast => left >= right,
            Comparison::Above => left > right,
        }
    }

    /// Whether small amounts are good and great ones bad; `None` where both are bad.
    pub(super) const fn wants_small(&self) -> Option<bool> {
        match self.comparison {
            Comparison::Below | Comparison::AtMost => Some(true),
            Comparison::AtLeast | Comparison::Above => Some(false),
            Comparison::Exactly => None,
        }
    }

    fn parse(text: &str, unit: Unit) -> Result<Self, String> {
        let text = text.trim();
        let found = SIGNS.iter().find_map(|(sign, c)| Some((*c, text.strip_prefix(sign)?)));
        let (comparison, amount) = found.unwrap_or((Comparison::Exactly, text));
        Ok(Self {
            comparison,
            amount: Amount::parse(amount.trim(), unit)?,
        })
    }
}

impl Condition {
    /// A bound that must hold in every trial.
    #[must_use]
    pub const fn every(comparison: Comparison, amount: Amount) -> Self {
        Self {
            scope: Scope::Every,
            bound: Bound { comparison, amount },
        }
    }

    /// Whether trials are needed to decide it.
    #[must_use]
    pub const fn is_statistical(&self) -> bool {
        !matches!(self.scope, Scope::Every)
    }

    /// Reads a condition on a number of this unit and name; a range is two conditions.
    ///
    /// # Errors
    /// What was expected instead, as a sentence without its end.
    pub fn parse(text: &str, unit: Unit, name: &str) -> Result<Vec<Self>, String> {
        let text = text.trim();
        if let Some(rest) = text.strip_prefix("probability") {
            return Ok(vec![Self::share(rest.trim_start(), unit, name)?]);
        }
        let (scope, bound) = match scope(text) {
            Some((scope, rest)) => (scope?, named(rest, name)?),
            None => (Scope::Every, text),
        };
        if let Some((low, high)) = bound.split_once("..") {
            let [low, high] = [Amount::parse(low.trim(), unit)?, Amount::parse(high.trim(), unit)?];
            if low > high {
                return Err(format!("the range `{bound}` ends before it begins"));
            }
            let of = |comparison, amount| Self {
                scope,
                bound: Bound { comparison, amount },
            };
            return Ok(vec![of(Comparison::AtLeast, low), of(Comparison::AtMost, high)]);
        }
        let bound = Bound::parse(bound, unit)?;
        if scope != Scope::Every && bound.comparison == Comparison::Exactly {
            return Err(format!("`{text}` compares with one of <, <=, >=, >, or with a range"));
        }
        Ok(vec![Self { scope, bound }])
    }

    /// `(> 0s) < 1%`
    fn share(text: &str, unit: Unit, name: &str) -> Result<Self, String> {
        let wrong = || "expected a probability such as `probability(> 0s) < 1%`".to_owned();
        let (inner, rest) = text
            .strip_prefix('(')
            .and_then(|t| t.split_once(')'))
            .ok_or_else(wrong)?;
        let outer = Bound::parse(rest, Unit::Percent)?;
        let inner = inner.trim();
        let bound = Bound::parse(inner.strip_prefix(name).unwrap_or(inner), unit).map_err(|why| {
            let word: String = inner.chars().take_while(|c| c.is_alphanumeric()).collect();
            if word.chars().any(char::is_alphabetic) && !word.starts_with(|c: char| c.is_ascii_digit()) {
                format!("`{word}` is not what this is about: leave it out, or write `{name}`")
            } else {
                why
            }
        })?;
        let below = outer.wants_small().ok_or_else(wrong)?;
        let of = outer.amount.as_f64();
        if of <= 0.0 || of >= 1.0 {
            return Err(
                "a probability is compared with more than 0% and less than 100%; what must always be so is \
                        written without `probability`"
                    .into(),
            );
        }
        let inclusive = matches!(outer.comparison, Comparison::AtMost | Comparison::AtLeast);
        Ok(Self {
            scope: Scope::Share { below, of, inclusive },
            bound,
        })
    }

    /// The condition in words, for a number of this unit.
    #[must_use]
    pub fn words(&self, subject: &str, unit: Unit) -> String {
        let bound = self.bound.words(unit);
        match self.scope {
            Scope::Every => format!("{subject} {bound}"),
            Scope::Quantile(q) => format!("p{} of {subject} {bound}", Percent(q)),
            Scope::Mean => format!("mean {subject} {bound}"),
            Scope::Share { below, of, inclusive } => {
                let how = match (below, inclusive) {
                    (true, true) => "at most",
                    (true, false) => "less than",
                    (false, true) => "at least",
                    (false, false) => "more than",
                };
                format!("{subject} {bound} in {how} {}% of trials", Percent(of))
            }
        }
    }
}

impl Bound {
    /// `at most 5s`
    #[must_use]
    pub fn words(&self, unit: Unit) -> String {
        let amount = self.amount.show(unit);
        match self.comparison {
            Comparison::Below => format!("less than {amount}"),
            Comparison::AtMost => format!("at most {amount}"),
            Comparison::Exactly => format!("exactly {amount}"),
            Comparison::AtLeast => format!("at least {amount}"),
            Comparison::Above => format!("more than {amount}"),
        }
    }
}

/// A share as a percentage without needless digits.
pub(super) struct Percent(pub(super) f64);

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{:.4}", self.0 * 100.0);
        f.write_str(text.trim_end_matches('0').trim_end_matches('.'))
    }
}

/// `p95 …` or `mean …`, and what follows.
fn scope(text: &str) -> Option<(Result<Scope, String>, &str)> {
    if let Some(rest) = text.strip_prefix("mean") {
        return Some((Ok(Scope::Mean), rest));
    }
    let rest = text.strip_prefix('p')?;
    let digits = rest
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(rest.len());
    let (number, rest) = rest.split_at(digits);
    let quantile = number.parse::<f64>().ok().filter(|n| *n > 0.0 && *n < 100.0);
    let quantile = quantile.ok_or_else(|| format!("`p{number}` is not a quantile between p0 and p100"));
    Some((quantile.map(|n| Scope::Quantile(n / 100.0)), rest))
}

/// Leaves out the name of the number, as in `p95(downtime) < 5s`.
fn named<'t>(text: &'t str, name: &str) -> Result<&'t str, String> {
    let text = text.trim_start();
    let Some((inner, rest)) = text.strip_prefix('(').and_then(|t| t.split_once(')')) else {
        return Ok(text);
    };
    if inner.trim() == name {
        Ok(rest.trim_start())
    } else {
        let inner: String = inner.trim().chars().take(60).collect();
        Err(format!(
            "`{inner}` is not what this is about: leave it out, or write `{name}`"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<String> {
        Condition::parse(text, Unit::Seconds, "downtime")
            .unwrap()
            .iter()
            .map(|c| c.words("downtime", Unit::Seconds))
            .collect()
    }

    #[test]
    fn conditions_are_read_and_said() {
        for (text, said) in [
            ("< 5s", "downtime less than 5s"),
            ("<=1m30s", "downtime at most 1m30s"),
            ("0s", "downtime exactly 0s"),
            ("= 250ms", "downtime exactly 250ms"),
            ("> 0", "downtime more than 0s"),
            ("p95 < 5s", "p95 of downtime less than 5s"),
            ("p99.9(downtime) >= 2s", "p99.9 of downtime at least 2s"),
            ("mean <= 1.5s", "mean downtime at most 1.5s"),
            (
                "probability(downtime > 0) < 1%",
                "downtime more than 0s in less than 1% of trials",
            ),
            (
                "probability(>0s) >= 99.5%",
                "downtime more than 0s in at least 99.5% of trials",
            ),
        ] {
            assert_eq!(read(text), [said], "{text}");
        }
        assert_eq!(read("4s..5s"), ["downtime at least 4s", "downtime at most 5s"]);
        assert_eq!(read("p50 4s..5s").len(), 2);
    }

    #[test]
    fn what_is_no_condition_says_what_is_expected() {
        for (text, why) in [
            ("", "duration"),
            ("5", "unit"),
            ("< five", "duration"),
            ("p95", "duration"),
            ("p0 < 5s", "quantile"),
            ("p100 < 5s", "quantile"),
            ("p95 5s", "compares"),
            ("p95(errors) < 5s", "leave it out, or write `downtime`"),
            ("5s..4s", "ends before"),
            ("probability", "such as"),
            ("probability(> 0s)", "percentage"),
            ("probability(> 0s) < 1", "percentage"),
            ("probability(> 0s) = 1%", "such as"),
            ("probability(> 0s) < 0%", "without `probability`"),
            ("probability(errors > 0s) < 1%", "leave it out"),
        ] {
            let error = Condition::parse(text, Unit::Seconds, "downtime").unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }

    #[test]
    fn bounds_are_exact() {
        let of = |text| Condition::parse(text, Unit::Seconds, "downtime").unwrap()[0].bound;
        let amount = Amount::seconds(4.219);
        assert!(of("4.219s").holds(amount) && of("<= 4.219s").holds(amount) && !of("< 4.219s").holds(amount));
        assert!(of("> 4.218s").holds(amount) && !of(">= 4.22s").holds(amount));
    }
}
