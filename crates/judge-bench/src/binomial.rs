/// The interval that contains the true share with probability `1 - alpha` or more when `hits` of
/// `trials` were hits (Clopper & Pearson 1934).
#[expect(clippy::cast_precision_loss, reason = "counts of runs")]
pub fn clopper_pearson(hits: u64, trials: u64, alpha: f64) -> (f64, f64) {
    let (k, n) = (hits as f64, trials as f64);
    let low = if hits == 0 { 0.0 } else { beta_quantile(k, n - k + 1.0, alpha / 2.0) };
    let high = if hits >= trials { 1.0 } else { beta_quantile(k + 1.0, n - k, 1.0 - alpha / 2.0) };
    (low, high)
}

/// The value below which a beta-distributed one lies with probability `p`, by halving.
fn beta_quantile(a: f64, b: f64, p: f64) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..80 {
        let middle = f64::midpoint(low, high);
        if incomplete_beta(a, b, middle) < p { low = middle } else { high = middle }
    }
    f64::midpoint(low, high)
}

/// The regularised incomplete beta function `I_x(a, b)`, by its continued fraction (DLMF 8.17.22)
/// with Lentz's method.
fn incomplete_beta(a: f64, b: f64, x: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return x.clamp(0.0, 1.0);
    }
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - incomplete_beta(b, a, 1.0 - x);
    }
    let front = libm::lgamma(a + b) - libm::lgamma(a) - libm::lgamma(b)
        + a * libm::log(x)
        + b * libm::log1p(-x);
    libm::exp(front) / a * continued_fraction(a, b, x)
}

#[expect(clippy::many_single_char_names, reason = "the names of the formula")]
fn continued_fraction(a: f64, b: f64, x: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let safe = |value: f64| if value.abs() < TINY { TINY } else { value };
    let (mut c, mut d) = (1.0, 1.0 / safe(1.0 - (a + b) * x / (a + 1.0)));
    let mut fraction = d;
    for step in 1..1_000 {
        let m = f64::from(step);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        let before = fraction;
        for coefficient in [even, odd] {
            d = 1.0 / safe(1.0 + coefficient * d);
            c = safe(1.0 + coefficient / c);
            fraction *= c * d;
        }
        if (fraction / before - 1.0).abs() < 1e-15 {
            break;
        }
    }
    fraction
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(hits: u64, trials: u64, expect: (f64, f64)) {
        let found = clopper_pearson(hits, trials, 0.05);
        let near = |one: f64, other: f64| (one - other).abs() < 1e-6;
        assert!(near(found.0, expect.0) && near(found.1, expect.1), "{hits}/{trials}: {found:?}");
    }

    #[test]
    fn the_interval_is_the_exact_one() {
        // With no hits the upper end is 1 - (alpha / 2)^(1 / n), with all the lower its mirror image.
        check(0, 10, (0.0, 0.308_497_1));
        check(10, 10, (0.691_502_9, 1.0));
        // The binomial probabilities of 2 or more, and of 2 or fewer, of 10 at these shares are 2.5 %.
        check(2, 10, (0.025_210_7, 0.556_095_5));
        check(50, 20_000, (0.001_856_2, 0.003_294_6));
    }
}
