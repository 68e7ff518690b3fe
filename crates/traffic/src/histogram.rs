mod growth;
mod summed;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

pub use growth::Growth;
pub use summed::Summed;

/// Each power of two of microseconds is split into this many buckets of equal width, so a bucket
/// is at most 1/32 = 3.1 % wide: well under the 10 % margin that latency is judged by.
const SPLIT_BITS: u32 = 5;
const SPLIT: u64 = 1 << SPLIT_BITS;
/// The same as a number of buckets.
const OCTAVE: usize = 1 << SPLIT_BITS;
/// Values from 2^36 µs (19 hours) on fall into the last bucket: no request takes longer.
const TOP_BITS: u32 = 36;
/// Buckets in all; bounds what one histogram can hold to 1,024 counts.
const BUCKETS: usize = ((TOP_BITS - SPLIT_BITS + 1) << SPLIT_BITS) as usize;

/// Bounds of the latency buckets that Prometheus is given, in microseconds.
pub const LATENCY_BOUNDS: [u64; 14] = [
    500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000,
    2_500_000, 5_000_000, 10_000_000,
];

/// Counts of durations in log-linear buckets (as in `HdrHistogram`), in microseconds.
///
/// Only the powers of two from the lowest used to the highest used bucket are held, so an empty one
/// costs nothing, and one of answers that all take 10 to 60 ms is half a kilobyte.
#[derive(Debug, Default)]
pub struct Histogram {
    /// The bucket that `counts` begins with: the first of a power of two.
    first: usize,
    counts: Vec<u64>,
}

impl Clone for Histogram {
    fn clone(&self) -> Self {
        Self { first: self.first, counts: self.counts.clone() }
    }

    /// Takes no memory while it has room for as many buckets.
    fn clone_from(&mut self, source: &Self) {
        self.first = source.first;
        self.counts.clone_from(&source.counts);
    }
}

impl PartialEq for Histogram {
    /// Whether both counted the same, whatever buckets they hold.
    fn eq(&self, other: &Self) -> bool {
        self.buckets().eq(other.buckets())
    }
}

impl Eq for Histogram {}

/// A written histogram that cannot be one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("bucket {0} does not exist: buckets are 0 to {last}", last = BUCKETS - 1)]
pub struct HistogramError(pub usize);

impl Histogram {
    /// Counts one duration of `micros` microseconds.
    pub fn record(&mut self, micros: u64) {
        self.record_bucket(Self::bucket(micros), 1);
    }

    /// The bucket that `micros` falls into.
    pub fn bucket(micros: u64) -> usize {
        if micros < SPLIT {
            return usize::try_from(micros).unwrap_or(0);
        }
        let top = micros.ilog2();
        let shift = top - SPLIT_BITS;
        let octave = u64::from(shift) << SPLIT_BITS;
        usize::try_from(octave + (micros >> shift)).unwrap_or(usize::MAX).min(BUCKETS - 1)
    }

    /// The smallest duration of a bucket, in microseconds.
    pub fn lower_bound(bucket: usize) -> u64 {
        let bucket = bucket as u64;
        if bucket < SPLIT {
            return bucket;
        }
        let octave = (bucket >> SPLIT_BITS) - 1;
        (SPLIT + (bucket & (SPLIT - 1))) << octave
    }

    /// The middle of a bucket, in microseconds.
    pub fn middle(bucket: usize) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "bounds are below 2^53")]
        let (low, high) = (Self::lower_bound(bucket) as f64, Self::lower_bound(bucket + 1) as f64);
        f64::midpoint(low, high)
    }

    /// Adds `count` to a bucket; one past the last counts as the last.
    pub fn record_bucket(&mut self, bucket: usize, count: u64) {
        let bucket = bucket.min(BUCKETS - 1);
        if bucket.wrapping_sub(self.first) >= self.counts.len() {
            self.hold(bucket);
        }
        if let Some(slot) = self.counts.get_mut(bucket.wrapping_sub(self.first)) {
            *slot += count;
        }
    }

    /// Makes room for `bucket`.
    #[cold]
    fn hold(&mut self, bucket: usize) {
        let first = bucket & !(OCTAVE - 1);
        if self.counts.is_empty() {
            self.first = first;
        }
        if first < self.first {
            let missing = self.first - first;
            self.counts.splice(0..0, std::iter::repeat_n(0, missing));
            self.first = first;
        }
        if self.counts.len() <= bucket - self.first {
            self.counts.resize(bucket + 1 - self.first, 0);
        }
    }

    /// The buckets that are not empty, lowest first, with their counts.
    pub fn buckets(&self) -> impl Iterator<Item = (usize, u64)> + '_ {
        (self.first..).zip(self.counts.iter().copied()).filter(|&(_, count)| count > 0)
    }

    /// How many durations were counted.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// How many durations of at most `micros` microseconds were counted. A bucket that `micros` lies
    /// in counts whole: it is 3 % wide.
    pub fn count_to(&self, micros: u64) -> u64 {
        let within = |bucket| Self::lower_bound(bucket + 1) <= micros + micros / SPLIT;
        let buckets = self.buckets().take_while(|&(bucket, _)| within(bucket));
        buckets.map(|(_, count)| count).sum()
    }

    /// How many durations were counted in `bucket` and those above it.
    pub fn count_from(&self, bucket: usize) -> u64 {
        self.counts.get(bucket.saturating_sub(self.first)..).map_or(0, |counts| counts.iter().sum())
    }

    /// The duration in microseconds below which a share `p` (0 to 1) of the counted lie: the
    /// middle of the bucket in which that one falls. None when nothing was counted.
    pub fn quantile(&self, p: f64) -> Option<f64> {
        self.summed().quantile(p)
    }

    /// What came since `earlier`.
    pub fn since(&self, earlier: &Self) -> Self {
        let mut more = Self::default();
        for (bucket, now) in self.buckets() {
            let then = bucket.checked_sub(earlier.first).and_then(|at| earlier.counts.get(at));
            let came = now.saturating_sub(then.copied().unwrap_or(0));
            if came > 0 {
                more.record_bucket(bucket, came);
            }
        }
        more
    }

    /// Forgets all counts, and keeps the memory for new ones.
    pub fn clear(&mut self) {
        self.counts.clear();
    }

    /// Adds what `other` counted.
    pub fn add(&mut self, other: &Self) {
        other.growth().add_to(self);
    }
}

impl Serialize for Histogram {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.buckets())
    }
}

impl<'de> Deserialize<'de> for Histogram {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut histogram = Self::default();
        for (bucket, count) in Vec::<(usize, u64)>::deserialize(deserializer)? {
            if bucket >= BUCKETS {
                return Err(D::Error::custom(HistogramError(bucket)));
            }
            histogram.record_bucket(bucket, count);
        }
        Ok(histogram)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_meet_without_gap_and_are_at_most_one_part_in_32_wide() {
        for bucket in 0..BUCKETS - 1 {
            let (low, next) = (Histogram::lower_bound(bucket), Histogram::lower_bound(bucket + 1));
            assert!(low < next);
            assert_eq!(Histogram::bucket(low), bucket);
            assert_eq!(Histogram::bucket(next - 1), bucket);
            assert!(next - low == 1 || (next - low) * SPLIT <= low);
        }
        assert_eq!(Histogram::bucket(u64::MAX), BUCKETS - 1);
    }

    #[test]
    fn a_quantile_is_within_a_bucket_of_the_true_one() {
        let mut histogram = Histogram::default();
        for micros in 1..=10_000 {
            histogram.record(micros);
        }
        for (p, truth) in [(0.5, 5_000.0), (0.9, 9_000.0), (0.99, 9_900.0)] {
            let found = histogram.quantile(p).unwrap();
            assert!((found - truth).abs() / truth < 0.032, "{p}: {found}");
        }
        assert_eq!(Histogram::default().quantile(0.5), None);
    }

    #[test]
    fn the_upper_part_of_a_histogram_is_counted() {
        let mut histogram = Histogram::default();
        for micros in [3, 5, 5, 9] {
            histogram.record(micros);
        }
        for (bucket, count) in [(0, 4), (4, 3), (6, 1), (10, 0), (usize::MAX, 0)] {
            assert_eq!(histogram.count_from(bucket), count, "from {bucket}");
        }
    }

    #[test]
    fn the_difference_of_two_readings_is_what_came_between() {
        let mut before = Histogram::default();
        before.record(100);
        let mut after = before.clone();
        after.record(7_000);
        let mut expected = Histogram::default();
        expected.record(7_000);
        assert_eq!(after.since(&before), expected);
        assert_eq!(before.since(&before), Histogram::default());
    }

    #[test]
    fn what_is_held_makes_no_difference() {
        let (mut upwards, mut downwards) = (Histogram::default(), Histogram::default());
        let micros = [1, 40, 3_000, 90_000, 20_000_000, u64::MAX];
        let record = |histogram: &mut Histogram, micros: &[u64]| {
            for micros in micros {
                histogram.record(*micros);
            }
        };
        record(&mut upwards, &micros);
        micros.iter().rev().for_each(|one| record(&mut downwards, &[*one]));
        assert_eq!(upwards, downwards);
        assert_eq!(upwards.counts.len(), downwards.counts.len());
        let mut lower = Histogram::default();
        record(&mut lower, &micros[..3]);
        let upper = upwards.since(&lower);
        let buckets: Vec<_> = upper.buckets().map(|(bucket, _)| bucket).collect();
        assert_eq!(buckets[0], Histogram::bucket(90_000));
        assert_eq!([0, buckets[0], buckets[0] + 1].map(|from| upper.count_from(from)), [3, 3, 2]);
        for (p, bucket) in [(0.0, buckets[0]), (0.34, buckets[1]), (1.0, buckets[2])] {
            assert_eq!(upper.quantile(p), Some(Histogram::middle(bucket)), "{p}");
        }
        lower.clone_from(&upper);
        assert_eq!(lower, upper);
    }

    #[test]
    fn what_is_written_is_read_back_and_a_stray_bucket_is_refused() {
        let mut histogram = Histogram::default();
        histogram.record(3);
        histogram.record(90_000);
        let text = serde_json::to_string(&histogram).unwrap();
        assert_eq!(serde_json::from_str::<Histogram>(&text).unwrap(), histogram);
        assert!(serde_json::from_str::<Histogram>("[[99999,1]]").is_err());
    }
}
