//! The boundaries of group-sequential tests.

use std::f64::consts::{E, PI, SQRT_2};

use crate::Spending;

/// Points of the grid on which densities are integrated by Simpson's rule; odd. With 201 the
/// boundaries of five looks are right to four digits.
const POINTS: usize = 201;

/// A boundary that nothing reaches: where no alpha is left to spend.
const NEVER: f64 = 40.0;

/// How much of the one-sided `alpha` is spent once the share `t` of the information is there: for
/// O'Brien & Fleming `2 - 2 Phi(z_(alpha/2) / sqrt t)`, for Pocock `alpha ln(1 + (e - 1) t)`.
pub(crate) fn spent(spending: Spending, t: f64, alpha: f64) -> f64 {
    if t <= 0.0 {
        return 0.0;
    }
    match spending {
        Spending::ObrienFleming => 2.0 * upper_tail(normal_quantile(alpha / 2.0) / t.sqrt()),
        Spending::Pocock => alpha * (1.0 + (E - 1.0) * t).ln(),
    }
}

/// For each look, of `(information, alpha to spend at it)`, the value that the standardised score has
/// to reach, so that under the null it does so for the first time there with just that probability.
///
/// The density of the score among those that reached none before is carried from look to look by
/// numerical integration (Armitage, `McPherson` & Rowe 1969).
pub(crate) fn boundaries(looks: &[(f64, f64)]) -> Vec<f64> {
    let mut bounds: Vec<f64> = Vec::with_capacity(looks.len());
    let mut density: Option<Density> = None;
    for (index, (information, alpha)) in looks.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|before| looks.get(before));
        let step = (information - before.map_or(0.0, |before| before.0)).max(f64::MIN_POSITIVE);
        let scale = information.sqrt();
        let reach = |z: f64| match &density {
            None => upper_tail(z),
            Some(density) => density.beyond(z * scale, step),
        };
        let bound = solve(*alpha, reach);
        density = Some(match &density {
            None => Density::new(scale, bound, |x| normal_density(x, *information)),
            Some(last) => Density::new(scale, bound, |x| last.carried(x, step)),
        });
        bounds.push(bound);
    }
    bounds
}

/// The `z` at which a falling probability is `alpha`.
fn solve(alpha: f64, probability: impl Fn(f64) -> f64) -> f64 {
    if alpha <= 1e-300 {
        return NEVER;
    }
    let (mut low, mut high) = (-8.0, NEVER);
    for _ in 0..50 {
        let middle = f64::midpoint(low, high);
        if probability(middle) > alpha {
            low = middle;
        } else {
            high = middle;
        }
    }
    high
}

/// The density of the score below a boundary, on a grid.
struct Density {
    points: Vec<(f64, f64)>,
}

impl Density {
    /// On the grid from `-8` to `bound` standard deviations, with the weights of Simpson's rule.
    fn new(scale: f64, bound: f64, density: impl Fn(f64) -> f64) -> Self {
        let (low, high) = (-8.0 * scale, bound.min(8.0) * scale);
        #[expect(clippy::cast_precision_loss, reason = "a few hundred points")]
        let width = (high - low) / (POINTS - 1) as f64;
        #[expect(clippy::cast_precision_loss, reason = "a few hundred points")]
        let points = (0..POINTS).map(|point| {
            let x = low + width * point as f64;
            let weight = match point {
                0 => 1.0,
                last if last == POINTS - 1 => 1.0,
                odd if odd % 2 == 1 => 4.0,
                _ => 2.0,
            };
            (x, density(x) * weight * width / 3.0)
        });
        Self { points: points.collect() }
    }

    /// The density at `x` after a step of the variance `step`.
    fn carried(&self, x: f64, step: f64) -> f64 {
        self.points.iter().map(|(from, mass)| mass * normal_density(x - from, step)).sum()
    }

    /// The probability to be at `x` or beyond after a step of the variance `step`.
    fn beyond(&self, x: f64, step: f64) -> f64 {
        let scale = step.sqrt();
        self.points.iter().map(|(from, mass)| mass * upper_tail((x - from) / scale)).sum()
    }
}

/// `1 - Phi(z)`.
pub(crate) fn upper_tail(z: f64) -> f64 {
    0.5 * libm::erfc(z / SQRT_2)
}

fn normal_density(x: f64, variance: f64) -> f64 {
    (-0.5 * x * x / variance).exp() / (2.0 * PI * variance).sqrt()
}

/// The `z` with `1 - Phi(z) = tail`.
pub(crate) fn normal_quantile(tail: f64) -> f64 {
    solve(tail, upper_tail)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bounds(spending: Spending, alpha: f64, times: &[f64]) -> Vec<f64> {
        let mut before = 0.0;
        let looks = times.iter().map(|t| {
            let more = spent(spending, *t, alpha) - before;
            before += more;
            (*t * 50.0, more)
        });
        boundaries(&looks.collect::<Vec<_>>())
    }

    /// Five even looks at a one-sided alpha of 2.5 %, as tabulated by Reboussin et al. (2000,
    /// "Computations for group sequential boundaries using the Lan-DeMets spending function method").
    #[test]
    fn boundaries_are_those_of_the_tables() {
        let check = |spending, expect: [f64; 5]| {
            let found = bounds(spending, 0.025, &[0.2, 0.4, 0.6, 0.8, 1.0]);
            for (found, expect) in found.iter().zip(expect) {
                assert!((found - expect).abs() < 2e-3, "{spending:?}: {found} {expect}");
            }
        };
        check(Spending::ObrienFleming, [4.8769, 3.3569, 2.6803, 2.2898, 2.0310]);
        check(Spending::Pocock, [2.4380, 2.4268, 2.4101, 2.3966, 2.3859]);
    }

    /// Where little comes after much, the boundary falls to that of the whole, not below.
    #[test]
    fn boundaries_hold_where_information_hardly_grows() {
        let looks: Vec<_> = (0..10).map(|look| (1_000.0 * 1.01_f64.powi(look), 0.0004)).collect();
        let found = boundaries(&looks);
        assert!(found.iter().all(|bound| (2.0..3.5).contains(bound)), "{found:?}");
    }

    #[test]
    fn one_look_is_the_fixed_test() {
        for spending in [Spending::ObrienFleming, Spending::Pocock] {
            let found = bounds(spending, 0.025, &[1.0]);
            assert!((found[0] - 1.959_964).abs() < 1e-4, "{found:?}");
        }
    }

    #[test]
    fn all_of_alpha_is_spent_at_the_end_and_nothing_at_the_start() {
        for spending in [Spending::ObrienFleming, Spending::Pocock] {
            assert!((spent(spending, 1.0, 0.005) - 0.005).abs() < 1e-9);
            assert!(spent(spending, 0.0, 0.005).abs() < f64::EPSILON);
            let rising = (0..100).map(|t| spent(spending, f64::from(t) / 100.0, 0.005));
            assert!(rising.clone().zip(rising.skip(1)).all(|(a, b)| a <= b));
        }
        assert!(bounds(Spending::ObrienFleming, 0.01, &[1e-4, 1.0])[0] > 30.0);
    }
}
