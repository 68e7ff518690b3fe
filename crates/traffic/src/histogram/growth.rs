use super::Histogram;

/// What came between two readings of the same counts, which need not be made into a histogram of its
/// own: loops over whole slices, of which the processor does several steps at once.
#[derive(Clone, Copy, Debug)]
pub struct Growth<'a> {
    now: &'a Histogram,
    /// What the buckets of `now` had before; none beyond its end.
    before: &'a [u64],
}

impl Histogram {
    /// What came since `earlier`; none if it is no earlier reading of the same counts, as some
    /// bucket has fewer now, or if it began with another bucket than now. [`Histogram::since`] tells
    /// what came then.
    pub fn growth_since<'a>(&'a self, earlier: &'a Self) -> Option<Growth<'a>> {
        let before = earlier.counts.as_slice();
        if before.is_empty() {
            return Some(self.growth());
        }
        // Counts are far below 2^63, so that only a difference below 0 has the highest bit.
        let signs = self
            .counts
            .iter()
            .zip(before)
            .fold(0, |signs, (now, then)| signs | now.wrapping_sub(*then));
        let is_later =
            self.first == earlier.first && before.len() <= self.counts.len() && signs >> 63 == 0;
        is_later.then_some(Growth { now: self, before })
    }

    /// All of it, as what came since there was nothing.
    pub fn growth(&self) -> Growth<'_> {
        Growth { now: self, before: &[] }
    }

    /// Makes room for all buckets that `other` has room for.
    fn hold_all(&mut self, other: &Self) {
        if let Some(last) = other.counts.len().checked_sub(1) {
            for bucket in [other.first, other.first + last] {
                if bucket.wrapping_sub(self.first) >= self.counts.len() {
                    self.hold(bucket);
                }
            }
        }
    }
}

impl Growth<'_> {
    /// How many durations came.
    pub fn count(&self) -> u64 {
        self.count_from(0)
    }

    /// How many of them are in `bucket` and those above it.
    pub fn count_from(&self, bucket: usize) -> u64 {
        let at = bucket.saturating_sub(self.now.first);
        let sum = |counts: &[u64]| counts.get(at..).map_or(0, |above| above.iter().sum::<u64>());
        sum(&self.now.counts) - sum(self.before)
    }

    /// Adds them to `sum`. Takes no memory while that has room for as many buckets.
    pub fn add_to(&self, sum: &mut Histogram) {
        sum.hold_all(self.now);
        let offset = self.now.first.saturating_sub(sum.first);
        let Some(slots) = sum.counts.get_mut(offset..) else { return };
        let (old, new) = self.now.counts.split_at(self.before.len());
        for ((slot, now), then) in slots.iter_mut().zip(old).zip(self.before) {
            *slot += now - then;
        }
        for (slot, now) in slots.iter_mut().skip(old.len()).zip(new) {
            *slot += now;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{super::OCTAVE, *};

    fn of(micros: &[u64]) -> Histogram {
        let mut histogram = Histogram::default();
        for micros in micros {
            histogram.record(*micros);
        }
        histogram
    }

    proptest! {
        #[test]
        fn it_is_what_came_since(
            before in prop::collection::vec(0_u64..100_000, 0..20),
            more in prop::collection::vec(0_u64..1_000_000, 0..20),
            others in prop::collection::vec(0_u64..1_000_000, 0..20),
            bucket in 0_usize..700,
        ) {
            let earlier = of(&before);
            let mut now = earlier.clone();
            for micros in &more {
                now.record(*micros);
            }
            let came = now.since(&earlier);
            let growth = now.growth_since(&earlier).unwrap_or(came.growth());
            prop_assert_eq!(growth.count(), more.len() as u64);
            prop_assert_eq!(growth.count_from(bucket), came.count_from(bucket));
            let (mut sum, mut expected) = (of(&others), of(&others));
            growth.add_to(&mut sum);
            expected.add(&came);
            prop_assert_eq!(&sum, &expected);
            prop_assert_eq!(sum.first % OCTAVE, 0);
        }
    }

    #[test]
    fn counts_that_fell_did_not_grow() {
        let (one, two) = (of(&[5_000]), of(&[5_000, 5_000]));
        assert!(one.growth_since(&two).is_none());
        assert!(of(&[70]).growth_since(&one).is_none(), "it begins elsewhere");
        assert!(one.growth_since(&of(&[5_000, 9_000])).is_none(), "it held more");
        assert_eq!(two.growth_since(&one).map(|growth| growth.count()), Some(1));
        assert_eq!(one.growth_since(&Histogram::default()).map(|growth| growth.count()), Some(1));
    }
}
