use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Generation, Timestamp};

/// A term of leadership: whoever leads has one, and every later leader a higher one. A port that
/// has taken an order of an epoch refuses those of all before it.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
#[serde(transparent)]
pub struct Epoch(pub u32);

impl Epoch {
    /// The least epoch of whoever takes the lead at a moment: the seconds since 1970, until 2106.
    ///
    /// Epochs count up by themselves. That they do not begin at 1 is for a store that was put back
    /// from a copy, or began anew: what it counts must not fall behind what its ports have taken.
    pub fn at(now: Timestamp) -> Self {
        Self(u32::try_from(now.as_millis().max(0) / 1000).unwrap_or(u32::MAX))
    }

    /// The epoch after this one; none after the last.
    pub const fn next(self) -> Option<Self> {
        match self.0.checked_add(1) {
            Some(next) => Some(Self(next)),
            None => None,
        }
    }

    /// The first generation of what is counted within this epoch: higher than all of earlier ones,
    /// as long as none of them has counted 2^32.
    pub const fn first_generation(self) -> Generation {
        // Of 32 bits each, so nothing is lost; `From` is not const.
        Generation((self.0 as u64) << 32)
    }

    /// In which epoch a generation was counted that began with [`Epoch::first_generation`].
    pub fn of(generation: Generation) -> Self {
        Self(u32::try_from(generation.0 >> 32).unwrap_or(u32::MAX))
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_in_a_later_epoch_is_later() {
        let (early, late) = (Epoch(7), Epoch(8));
        let counted = (0..1000).fold(early.first_generation(), |at, _| at.next());
        assert!(early.first_generation() < counted && counted < late.first_generation());
        assert_eq!((Epoch::of(counted), Epoch::of(late.first_generation())), (early, late));
        assert_eq!(Epoch::of(Epoch(u32::MAX).first_generation().next()), Epoch(u32::MAX));
    }

    #[test]
    fn an_epoch_begins_at_the_second_and_never_wraps() {
        assert_eq!(Epoch::at(Timestamp::from_millis(1_767_225_600_999)), Epoch(1_767_225_600));
        assert_eq!(Epoch::at(Timestamp::from_millis(-5)), Epoch(0));
        assert_eq!(Epoch::at(Timestamp::from_millis(i64::MAX)), Epoch(u32::MAX));
        assert_eq!((Epoch(8).next(), Epoch(u32::MAX).next()), (Some(Epoch(9)), None));
    }
}
