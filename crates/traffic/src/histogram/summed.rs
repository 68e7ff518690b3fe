use super::{BUCKETS, Histogram, OCTAVE};

/// A histogram with the sums that its quantiles are found by.
#[derive(Clone, Debug)]
pub struct Summed<'a> {
    histogram: &'a Histogram,
    /// Of each power of two that the histogram holds.
    octaves: [u64; BUCKETS / OCTAVE],
    count: u64,
}

impl Histogram {
    /// Summed up, for who asks for several quantiles.
    pub fn summed(&self) -> Summed<'_> {
        let mut octaves = [0; BUCKETS / OCTAVE];
        let (whole, rest) = self.counts.as_chunks::<OCTAVE>();
        for (sum, octave) in octaves.iter_mut().zip(whole) {
            *sum = octave.iter().sum();
        }
        if let Some(last) = octaves.get_mut(whole.len()) {
            *last = rest.iter().sum();
        }
        Summed { histogram: self, octaves, count: octaves.iter().sum() }
    }
}

impl Summed<'_> {
    /// How many durations were counted.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// What [`Histogram::count_from`] is.
    pub fn count_from(&self, bucket: usize) -> u64 {
        self.histogram.count_from(bucket)
    }

    /// What [`Histogram::quantile`] is.
    pub fn quantile(&self, p: f64) -> Option<f64> {
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a rank is between 1 and a count far below 2^53"
        )]
        let rank = ((p.clamp(0.0, 1.0) * self.count as f64).ceil() as u64).max(1);
        let (octave, before) = reaches(&self.octaves, rank)?;
        let first = octave * OCTAVE;
        let (within, _) = reaches(self.histogram.counts.get(first..)?, rank - before)?;
        Some(Histogram::middle(self.histogram.first + first + within))
    }
}

/// Counts that are summed up at once on the way to a rank.
const STRIDE: usize = 8;

/// The place at which the sum of the counts reaches `rank`, and the sum before it.
fn reaches(counts: &[u64], rank: u64) -> Option<(usize, u64)> {
    let (strides, _) = counts.as_chunks::<STRIDE>();
    let (mut at, mut before) = (0, 0);
    for stride in strides {
        let sum: u64 = stride.iter().sum();
        if before + sum >= rank {
            break;
        }
        (at, before) = (at + STRIDE, before + sum);
    }
    for count in counts.get(at..)? {
        if before + count >= rank {
            return Some((at, before));
        }
        (at, before) = (at + 1, before + count);
    }
    None
}
