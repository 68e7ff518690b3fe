use std::time::Duration;

/// What is left to chance. Each source of it has a stream of its own, so that what one draws moves
/// nothing of the others.
pub(crate) struct Chance(fastrand::Rng);

impl Chance {
    /// The stream of a seed that is named so. FNV-1a tells the names apart.
    pub(crate) fn of(seed: u64, name: &str) -> Self {
        let mix = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325, mix);
        Self(fastrand::Rng::with_seed(seed ^ hash))
    }

    /// A whole number from `least` up to below `end`.
    pub(crate) fn from(&mut self, least: u64, end: u64) -> u64 {
        self.0.u64(least..end)
    }

    /// True in one of so many.
    pub(crate) fn one_in(&mut self, count: u64) -> bool {
        self.from(0, count) == 0
    }

    /// One of these.
    #[expect(clippy::indexing_slicing, reason = "what is drawn is below the length")]
    pub(crate) fn pick<T: Clone, const N: usize>(&mut self, all: &[T; N]) -> T {
        all[self.0.usize(0..N)].clone()
    }

    /// From one second up to so many, the shorter the likelier: evenly on a scale of logarithms.
    pub(crate) fn seconds(&mut self, most: u64) -> Duration {
        let scale = self.from(0, u64::from(most.ilog2()) + 1);
        let least = 1 << scale;
        Duration::from_secs(self.from(least, (2 * least).min(most) + 1))
    }
}
