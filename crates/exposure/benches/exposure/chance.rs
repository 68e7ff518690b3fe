//! Chance by a seed: the same on every machine.

/// A stream of random numbers: `SplitMix64` (Steele, Lea & Flood 2014).
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number above 0, at most 1.
    #[expect(clippy::cast_precision_loss, reason = "53 bits")]
    fn share(&mut self) -> f64 {
        ((self.next() >> 11) + 1) as f64 / (1_u64 << 53) as f64
    }

    /// How many of `trials` meet what each meets with probability `p`, by the gaps between them.
    pub(crate) fn of(&mut self, trials: u64, p: f64) -> u64 {
        if p >= 1.0 || p <= 0.0 {
            return if p >= 1.0 { trials } else { 0 };
        }
        if p > 0.5 {
            return trials - self.of(trials, 1.0 - p);
        }
        let (mut place, mut hits) = (0, 0);
        loop {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a gap is positive, and the cast saturates"
            )]
            let gap = (self.share().ln() / (-p).ln_1p()) as u64;
            place = gap.saturating_add(place).saturating_add(1);
            if place > trials {
                return hits;
            }
            hits += 1;
        }
    }

    /// How many come where `mean` are expected (Poisson): by the gaps between them, and where they are
    /// many, by the normal distribution that this comes to.
    pub(crate) fn arrivals(&mut self, mean: f64) -> u64 {
        if mean > 100.0 {
            let (radius, turn) = ((-2.0 * self.share().ln()).sqrt(), self.share());
            let many = mean + mean.sqrt() * radius * (std::f64::consts::TAU * turn).cos();
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "positive"
            )]
            return many.max(0.0).round() as u64;
        }
        let (mut left, mut count) = (mean, 0);
        loop {
            left += self.share().ln();
            if left < 0.0 {
                return count;
            }
            count += 1;
        }
    }
}
