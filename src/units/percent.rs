//! A count or a percentage, as Kubernetes' `IntOrString` fields hold it.

use std::fmt;
use std::str::FromStr;

/// An absolute number or a percentage of some total; which way a percentage rounds depends on the field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntOrPercent {
    /// An absolute number.
    Int(u32),
    /// A percentage of a total that the field defines.
    Percent(u32),
}

impl IntOrPercent {
    /// The count for `total`, percentages rounded up (budgets, `maxSurge`; semantics P-9, 16.1).
    #[must_use]
    pub fn round_up(self, total: u32) -> u32 {
        self.of(total, 99)
    }

    /// The count for `total`, percentages rounded down (a Deployment's `maxUnavailable`; W-10).
    #[must_use]
    pub fn round_down(self, total: u32) -> u32 {
        self.of(total, 0)
    }

    fn of(self, total: u32, bias: u64) -> u32 {
        match self {
            Self::Int(count) => count,
            Self::Percent(percent) => {
                let scaled = (u64::from(total) * u64::from(percent) + bias) / 100;
                u32::try_from(scaled).unwrap_or(u32::MAX)
            }
        }
    }
}

impl fmt::Display for IntOrPercent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(count) => write!(f, "{count}"),
            Self::Percent(percent) => write!(f, "{percent}%"),
        }
    }
}

/// The text is neither a whole number nor a percentage.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a whole number such as 1 or a percentage such as 25%")]
pub struct ParseIntOrPercentError;

impl FromStr for IntOrPercent {
    type Err = ParseIntOrPercentError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        match text.strip_suffix('%') {
            Some(number) => number.parse().map(Self::Percent),
            None => text.parse().map(Self::Int),
        }
        .map_err(|_| ParseIntOrPercentError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p9_w10_percentages_round_up_for_budgets_and_down_for_rollouts() {
        let quarter: IntOrPercent = "25%".parse().unwrap();
        assert_eq!((quarter.round_up(10), quarter.round_down(10)), (3, 2));
        assert_eq!((quarter.round_up(4), quarter.round_down(4)), (1, 1));
        assert_eq!(IntOrPercent::Int(7).round_up(3), 7);
        assert_eq!("0%".parse::<IntOrPercent>().unwrap().round_up(9), 0);
        assert!("-1".parse::<IntOrPercent>().is_err());
        assert!("a%".parse::<IntOrPercent>().is_err());
    }
}
