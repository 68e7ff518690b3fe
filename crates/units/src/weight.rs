use std::fmt;

use serde::{Deserialize, Serialize, Serializer};

/// A share of the traffic: nothing, all of it, or any part between that people write.
///
/// It is kept in parts of [`Weight::PARTS`], so that whole percents, hundredths of them, a third and
/// one of 1024 are exact alike, and sums come out even. In JSON it is its percent, a plain number:
/// `25`, `0.1`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "f64")]
pub struct Weight(u64);

/// A number that is no share of the traffic.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("a weight is 0 to 100 percent, not {0}")]
pub struct WeightError(pub f64);

/// Parts in a percent.
const PERCENT: u64 = Weight::PARTS / 100;

/// Thirteen decimals of a percent in JSON: with the two digits before them as many as every reader of
/// a double gives back unchanged, and enough to tell two weights apart.
const DECIMALS: f64 = 1e13;

impl Weight {
    /// In how many parts everything is divided: `10^10 * 9 * 7 * 11 * 13`. Every whole up to 16
    /// divides it, every power of ten up to 10^10, and of two up to 1024; and a double holds it.
    pub const PARTS: u64 = 90_090_000_000_000;
    /// No traffic.
    pub const ZERO: Self = Self(0);
    /// All of the traffic.
    pub const FULL: Self = Self(Self::PARTS);

    /// A weight of `percent`, 0 to 100.
    pub const fn new(percent: u8) -> Result<Self, WeightError> {
        if percent <= 100 {
            Ok(Self(percent as u64 * PERCENT))
        } else {
            Err(WeightError(percent as f64))
        }
    }

    /// `part` of `whole`. None where that is more than everything, or cannot be said exactly.
    pub fn of(part: u32, whole: u32) -> Option<Self> {
        let parts = u128::from(part) * u128::from(Self::PARTS);
        let whole = u128::from(whole);
        let exact = parts.checked_rem(whole)? == 0;
        u64::try_from(parts / whole).ok().filter(|parts| exact && *parts <= Self::PARTS).map(Self)
    }

    /// `part` of `whole`, or the next that is less; everything where `part` is no less than `whole`.
    pub fn at_most(part: u64, whole: u64) -> Self {
        let parts = (u128::from(part) * u128::from(Self::PARTS)).checked_div(u128::from(whole));
        let parts = parts.and_then(|parts| u64::try_from(parts).ok()).unwrap_or(Self::PARTS);
        Self(parts.min(Self::PARTS))
    }

    /// So many of [`Weight::PARTS`].
    pub const fn parts(self) -> u64 {
        self.0
    }

    /// The weight in percent, to be shown or drawn.
    #[expect(clippy::cast_precision_loss, reason = "both are below 2^53")]
    pub fn percent(self) -> f64 {
        (self.0 as f64 / PERCENT as f64 * DECIMALS).round() / DECIMALS
    }

    /// The nearest whole number of `whole` that it is, a half rounded up.
    pub fn out_of(self, whole: u32) -> u32 {
        let doubled = self.times(u64::from(whole) * 2);
        let nearest = (doubled + u128::from(Self::PARTS)) / (u128::from(Self::PARTS) * 2);
        u32::try_from(nearest).unwrap_or(whole)
    }

    /// How many of `count` it is, rounded up.
    pub fn rounded_up(self, count: u32) -> u32 {
        let exact = self.times(u64::from(count)).div_ceil(u128::from(Self::PARTS));
        u32::try_from(exact).unwrap_or(count)
    }

    /// How many of `count` it is, rounded down.
    pub fn rounded_down(self, count: u32) -> u32 {
        u32::try_from(self.times(u64::from(count)) / u128::from(Self::PARTS)).unwrap_or(count)
    }

    fn times(self, count: u64) -> u128 {
        u128::from(self.0) * u128::from(count)
    }

    /// What is left for the others.
    pub const fn rest(self) -> Self {
        Self(Self::PARTS - self.0)
    }

    /// Both together, but no more than everything.
    pub fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0).min(Self::PARTS))
    }

    /// What is left without `other`, if that is anything.
    pub const fn minus(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// How far apart two are.
    pub const fn abs_diff(self, other: Self) -> Self {
        Self(self.0.abs_diff(other.0))
    }
}

impl TryFrom<f64> for Weight {
    type Error = WeightError;

    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a percent from 0 to 100 is at most `PARTS`, which is below 2^53"
    )]
    fn try_from(percent: f64) -> Result<Self, Self::Error> {
        if (0.0..=100.0).contains(&percent) {
            Ok(Self((percent * PERCENT as f64).round() as u64))
        } else {
            Err(WeightError(percent))
        }
    }
}

impl Serialize for Weight {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.is_multiple_of(PERCENT) {
            serializer.serialize_u64(self.0 / PERCENT)
        } else {
            serializer.serialize_f64(self.percent())
        }
    }
}

impl fmt::Display for Weight {
    /// In percent, with as many decimals as it needs, six at most.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{:.6}", self.percent());
        let text = text.trim_end_matches('0').trim_end_matches('.');
        f.pad(&format!("{text}%"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_weight_is_a_percentage() {
        assert_eq!(Weight::new(101), Err(WeightError(101.0)));
        assert_eq!(Weight::new(25).map(Weight::rest), Weight::new(75));
        let json = |weight| serde_json::to_string(&weight).unwrap();
        assert_eq!(json(Weight::FULL), "100");
        assert_eq!(json(Weight::new(7).unwrap()), "7");
        assert_eq!(json(Weight::of(1, 1000).unwrap()), "0.1");
        assert_eq!(json(Weight::of(1, 3).unwrap()), "33.3333333333333");
        for refused in ["101", "100.01", "-1", "-0.5", "null", "\"5\""] {
            assert!(serde_json::from_str::<Weight>(refused).is_err(), "{refused}");
        }
    }

    #[test]
    fn it_is_shown_with_the_decimals_that_it_needs() {
        for (part, whole, text) in [
            (0, 1, "0%"),
            (1, 1, "100%"),
            (10, 100, "10%"),
            (1, 1000, "0.1%"),
            (999, 1000, "99.9%"),
            (1, 10_000, "0.01%"),
            (1, 3, "33.333333%"),
            (1, 1024, "0.097656%"),
        ] {
            assert_eq!(Weight::of(part, whole).unwrap().to_string(), text);
        }
        assert_eq!(format!("{:>6}", Weight::of(1, 1000).unwrap()), "  0.1%");
    }

    #[test]
    fn what_cannot_be_said_exactly_is_none() {
        assert_eq!(Weight::of(1, 17), None);
        assert_eq!(Weight::of(17, 17), Some(Weight::FULL));
        assert_eq!(Weight::of(0, 17), Some(Weight::ZERO));
        assert_eq!(Weight::of(4, 3), None);
        assert_eq!(Weight::of(0, 0), None);
        assert_eq!(Weight::at_most(4, 3), Weight::FULL);
        assert_eq!(Weight::at_most(0, 0), Weight::FULL);
        assert!(Weight::at_most(1, 17).rest() > Weight::at_most(16, 17));
        assert!(Weight::of(u32::MAX, u32::MAX).is_some() && Weight::of(u32::MAX, 1).is_none());
    }

    /// The wholes of which every part is exact: those that people write, and many that they do not.
    fn wholes() -> impl Strategy<Value = u32> {
        let decimal = (0_u32..10).prop_map(|power| 10_u32.pow(power));
        prop_oneof![decimal, 1_u32..=16, (0_u32..=10).prop_map(|power| 1 << power), Just(720_720)]
    }

    fn written() -> impl Strategy<Value = (u32, u32)> {
        wholes().prop_flat_map(|whole| (0..=whole, Just(whole)))
    }

    proptest! {
        #[test]
        fn a_part_of_a_whole_is_kept_exactly((part, whole) in written(), count in any::<u32>()) {
            let weight = Weight::of(part, whole).unwrap();
            prop_assert_eq!(weight.out_of(whole), part);
            prop_assert_eq!(weight.rest().out_of(whole), whole - part);
            prop_assert_eq!(weight.plus(weight.rest()), Weight::FULL);
            prop_assert_eq!(weight.rest().minus(weight).plus(weight.minus(weight.rest())), weight.abs_diff(weight.rest()));
            let share = u64::from(count) * u64::from(part);
            prop_assert_eq!(u64::from(weight.rounded_up(count)), share.div_ceil(u64::from(whole)));
            prop_assert_eq!(u64::from(weight.rounded_down(count)), share / u64::from(whole));
            prop_assert_eq!(Weight::at_most(part.into(), whole.into()), weight);
        }

        #[test]
        fn json_gives_back_every_weight(parts in 0..=Weight::PARTS) {
            let weight = Weight(parts);
            let text = serde_json::to_string(&weight).unwrap();
            prop_assert_eq!(serde_json::from_str::<Weight>(&text).unwrap(), weight);
            let value = serde_json::to_value(weight).unwrap();
            prop_assert_eq!(serde_json::from_value::<Weight>(value).unwrap(), weight);
            // Whoever reads and writes it again, such as the ledger, changes nothing.
            let again: serde_json::Value = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(again.to_string(), text);
        }

        #[test]
        fn old_whole_percents_are_read_as_they_were(percent in 0_u8..=100) {
            let weight: Weight = serde_json::from_str(&percent.to_string()).unwrap();
            prop_assert_eq!(Ok(weight), Weight::new(percent));
            prop_assert_eq!(serde_json::to_string(&weight).unwrap(), percent.to_string());
        }
    }
}
