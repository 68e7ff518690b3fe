use std::fmt;

use serde::{Deserialize, Serialize};

/// A share of the traffic in whole percent, 0 to 100.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(try_from = "u8", into = "u8")]
pub struct Weight(u8);

/// A number that is no share of the traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a weight is 0 to 100 percent, not {0}")]
pub struct WeightError(pub u8);

impl Weight {
    /// No traffic.
    pub const ZERO: Self = Self(0);
    /// All of the traffic.
    pub const FULL: Self = Self(100);

    /// A weight of `percent`, 0 to 100.
    pub const fn new(percent: u8) -> Result<Self, WeightError> {
        if percent <= 100 { Ok(Self(percent)) } else { Err(WeightError(percent)) }
    }

    /// The weight in percent.
    pub const fn percent(self) -> u8 {
        self.0
    }

    /// What is left for the others.
    pub const fn rest(self) -> Self {
        Self(100 - self.0)
    }
}

impl TryFrom<u8> for Weight {
    type Error = WeightError;

    fn try_from(percent: u8) -> Result<Self, Self::Error> {
        Self::new(percent)
    }
}

impl From<Weight> for u8 {
    fn from(weight: Weight) -> Self {
        weight.0
    }
}

impl fmt::Display for Weight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}%", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weight_is_a_percentage() {
        assert_eq!(Weight::new(101), Err(WeightError(101)));
        assert_eq!(Weight::new(25).map(Weight::rest).map(Weight::percent), Ok(75));
        assert_eq!(serde_json::to_string(&Weight::FULL).unwrap(), "100");
        assert!(serde_json::from_str::<Weight>("101").is_err());
    }
}
