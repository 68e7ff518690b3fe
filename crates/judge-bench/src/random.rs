/// `SplitMix64` (Steele, Lea & Flood 2014): small, fast, and the same on every machine. Logarithms
/// and the like are those of `libm`, so that what is drawn with them is the same too.
#[derive(Clone, Debug)]
pub struct Stream {
    state: u64,
    spare_normal: Option<f64>,
}

impl Stream {
    /// The stream of one noun, such as `canary`, in the run number `run`: whatever else draws
    /// numbers, this one draws the same.
    pub fn of(seed: u64, run: u64, noun: &str) -> Self {
        // FNV-1a over the noun.
        let name = noun.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        let mut stream = Self { state: seed ^ name.rotate_left(17), spare_normal: None };
        stream.state = stream.bits() ^ run.wrapping_mul(0xd134_2543_de82_ef95);
        stream.state = stream.bits();
        stream
    }

    /// Another stream, drawn from this one.
    pub fn split(&mut self) -> Self {
        Self { state: self.bits() ^ 0x6a09_e667_f3bc_c909, spare_normal: None }
    }

    /// 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 to 1, 1 left out.
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
    pub fn share(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// From `low` to `high`.
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.share()
    }

    /// A standard normal value (Box & Muller 1958).
    pub fn normal(&mut self) -> f64 {
        if let Some(spare) = self.spare_normal.take() {
            return spare;
        }
        let radius = libm::sqrt(-2.0 * libm::log(1.0 - self.share()));
        let angle = std::f64::consts::TAU * self.share();
        self.spare_normal = Some(radius * libm::sin(angle));
        radius * libm::cos(angle)
    }

    /// A value of the exponential distribution with mean 1.
    pub fn exponential(&mut self) -> f64 {
        -libm::log(1.0 - self.share())
    }

    /// A value of the gamma distribution with a whole `shape` and mean 1: its variance is
    /// `1 / shape`.
    pub fn gamma(&mut self, shape: u32) -> f64 {
        (0..shape).map(|_| self.exponential()).sum::<f64>() / f64::from(shape)
    }

    /// How many there are, from 1 on, until one with the chance `1 / mean` comes: on average `mean`.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "small and positive"
    )]
    pub fn geometric(&mut self, mean: f64) -> u64 {
        if mean <= 1.0 {
            return 1;
        }
        1 + libm::floor(-self.exponential() / libm::log1p(-1.0 / mean)) as u64
    }

    /// How many independent events come when `mean` are expected.
    pub fn poisson(&mut self, mean: f64) -> u64 {
        if mean < 10.0 { self.few(mean) } else { self.many(mean) }
    }

    /// Knuth's product of uniform values.
    fn few(&mut self, mean: f64) -> u64 {
        let bound = libm::exp(-mean);
        let (mut count, mut product) = (0, self.share());
        while product > bound {
            count += 1;
            product *= self.share();
        }
        count
    }

    /// Transformed rejection with squeeze: algorithm PTRS of Hörmann (1993, "The transformed
    /// rejection method for generating Poisson random variables").
    #[expect(clippy::many_single_char_names, reason = "the names of the paper")]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked before")]
    fn many(&mut self, mean: f64) -> u64 {
        let b = 0.931 + 2.53 * libm::sqrt(mean);
        let a = -0.059 + 0.024_83 * b;
        let inverse_alpha = 1.123_9 + 1.132_8 / (b - 3.4);
        let squeeze = 0.927_7 - 3.622_4 / (b - 2.0);
        loop {
            let u = self.share() - 0.5;
            let v = self.share();
            let from_edge = 0.5 - u.abs();
            let k = libm::floor((2.0 * a / from_edge + b) * u + mean + 0.43);
            if from_edge >= 0.07 && v <= squeeze {
                return k as u64;
            }
            if k < 0.0 || (from_edge < 0.013 && v > from_edge) {
                continue;
            }
            let left = libm::log(v * inverse_alpha / (a / (from_edge * from_edge) + b));
            if left <= k * libm::log(mean) - mean - libm::lgamma(k + 1.0) {
                return k as u64;
            }
        }
    }
}

#[cfg(test)]
#[expect(clippy::cast_precision_loss, reason = "small numbers")]
mod tests {
    use super::*;

    /// Mean and variance of 200,000 draws.
    fn moments(mut draw: impl FnMut() -> f64) -> (f64, f64) {
        let values: Vec<f64> = (0..200_000).map(|_| draw()).collect();
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        (mean, values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count)
    }

    fn check(expect: (f64, f64), draw: impl FnMut() -> f64) {
        let found = moments(draw);
        // Six standard errors of a mean and, roughly, of a variance.
        assert!((found.0 - expect.0).abs() < 6.0 * (expect.1 / 2e5).sqrt(), "{found:?}");
        assert!((found.1 / expect.1 - 1.0).abs() < 0.05, "{found:?}");
    }

    #[test]
    fn what_is_drawn_has_the_mean_and_the_variance_that_it_should() {
        let mut stream = Stream::of(1, 2, "test");
        for mean in [0.3, 4.0, 9.9, 10.0, 55.0, 950.0] {
            check((mean, mean), || stream.poisson(mean) as f64);
        }
        check((0.0, 1.0), || stream.normal());
        check((1.0, 0.5), || stream.gamma(2));
        check((5.0, 20.0), || stream.geometric(5.0) as f64);
        check((1.0, 1.0 / 3.0), || stream.between(0.0, 2.0));
    }

    #[test]
    fn each_noun_of_each_run_has_a_stream_of_its_own() {
        let first = |seed, run, noun| Stream::of(seed, run, noun).bits();
        assert_eq!(first(1, 1, "canary"), first(1, 1, "canary"));
        let others = [first(1, 2, "canary"), first(2, 1, "canary"), first(1, 1, "stable")];
        assert!(!others.contains(&first(1, 1, "canary")));
    }
}
