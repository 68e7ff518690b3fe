//! Noise for sides that have one value throughout.

use libm::{cos, log};

/// How large the noise is, as a share of the value.
const SCALE: f64 = 1e-5;

/// Which side's noise it is: each has a stream of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stream {
    Experiment = 1,
    Control = 2,
}

/// The values with normal noise of a standard deviation of 1e-5 of the first of them, the same
/// for the same values.
pub(crate) fn with_noise(values: &[f64], stream: Stream) -> Vec<f64> {
    let scale = values.first().copied().unwrap_or_default() * SCALE;
    let mut state = stream as u64;
    values.iter().map(|value| value + scale * normal(&mut state)).collect()
}

/// A standard normal draw (Box and Muller, *A Note on the Generation of Random Normal Deviates*,
/// 1958).
fn normal(state: &mut u64) -> f64 {
    let (radius, angle) = (1.0 - uniform(state), uniform(state));
    (-2.0 * log(radius)).sqrt() * cos(std::f64::consts::TAU * angle)
}

/// A draw from 0 to below 1: 53 bits of `SplitMix64` (Steele, Lea and Flood, *Fast Splittable
/// Pseudorandom Number Generators*, 2014).
fn uniform(state: &mut u64) -> f64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^= mixed >> 31;
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
    let bits = (mixed >> 11) as f64;
    bits / 9_007_199_254_740_992.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Summary;

    #[test]
    fn noise_has_the_size_it_is_said_to_have_and_no_chance_in_it() {
        let values = vec![200.0; 4000];
        let noisy = with_noise(&values, Stream::Experiment);
        let found = Summary::of(&noisy);
        assert!((found.mean - 200.0).abs() < 2e-4, "{found:?}");
        assert!((found.std - 2e-3).abs() < 2e-4, "{found:?}");
        assert_eq!(noisy, with_noise(&values, Stream::Experiment));
        assert_ne!(noisy, with_noise(&values, Stream::Control));
        assert_eq!(with_noise(&[0.0, 0.0], Stream::Control), [0.0, 0.0]);
    }
}
