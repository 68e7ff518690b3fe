//! What a disk does that is not as good as it says.

use std::time::Duration;

use super::{Act, Deed, Place};
use crate::chance::Chance;

/// So many of the last commits a disk loses at the most: about those of a release.
pub(crate) const MOST_LOST: usize = 40;

/// It keeps less than it says: in one life of eight, some times.
pub(super) fn losses(seed: u64, lasts: Duration) -> Vec<Act> {
    let mut chance = Chance::of(seed, "disk");
    if !chance.one_in(8) {
        return Vec::new();
    }
    let end = lasts.as_secs().max(1);
    let times = chance.from(1, 9);
    let mut loss = || {
        let commits = chance.pick(&[1, 2, 3, 5, 8, 12, 20, MOST_LOST]);
        let at = Duration::from_secs(chance.from(0, end));
        Act { at, deed: Deed::LostFsync { commits, away: chance.seconds(600) } }
    };
    (0..times).map(|_| loss()).collect()
}

/// Bits of it turn over: in one life of eight, some times.
pub(super) fn flips(seed: u64, lasts: Duration) -> Vec<Act> {
    let mut chance = Chance::of(seed, "bits");
    if !chance.one_in(8) {
        return Vec::new();
    }
    let end = lasts.as_secs().max(1);
    let times = chance.from(1, 9);
    let mut flip = || {
        let mut any = || usize::try_from(chance.from(0, 1_000_000)).unwrap_or(0);
        let (nth, bit) = (any(), any());
        let place = chance.pick(&[
            Place::Document { nth, bit },
            Place::Document { nth, bit },
            Place::Entry { nth, bit },
        ]);
        Act { at: Duration::from_secs(chance.from(0, end)), deed: Deed::BitFlip(place) }
    };
    (0..times).map(|_| flip()).collect()
}
