//! The few statistics that comparisons need, each with its source. The same input gives the same bits on every machine.

use libm::{erfc, exp, lgamma, log, sqrt};

/// The probability that a standard normal value is above `z`.
pub(crate) fn normal_above(z: f64) -> f64 {
    0.5 * erfc(z / std::f64::consts::SQRT_2)
}

/// The probability that Student's t with `degrees` of freedom is above `t`: half of the regularised incomplete beta
/// function I(v / (v + t^2); v / 2, 1 / 2) (Abramowitz and Stegun, 26.7.1).
pub(crate) fn student_above(t: f64, degrees: f64) -> f64 {
    if !t.is_finite() {
        return if t > 0.0 { 0.0 } else { 1.0 };
    }
    // Beyond so many the two do not differ in what is looked at.
    if degrees > 1e5 {
        return normal_above(t);
    }
    let tail = 0.5 * beta(degrees / (degrees + t * t), degrees / 2.0, 0.5);
    if t >= 0.0 { tail } else { 1.0 - tail }
}

/// The t that is exceeded with the probability `tail`, below 0.5, by bisection.
pub(crate) fn student_quantile(tail: f64, degrees: f64) -> f64 {
    let (mut low, mut high) = (0.0, 1e6);
    for _ in 0..100 {
        let middle = f64::midpoint(low, high);
        if student_above(middle, degrees) > tail { low = middle } else { high = middle }
    }
    f64::midpoint(low, high)
}

/// The regularised incomplete beta function, by its continued fraction (Abramowitz and Stegun, 26.5.8) on the side where
/// that converges fast.
fn beta(x: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return if x <= 0.0 { 0.0 } else { 1.0 };
    }
    let front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log(1.0 - x));
    if x < (a + 1.0) / (a + b + 2.0) {
        front * fraction(x, a, b) / a
    } else {
        1.0 - front * fraction(1.0 - x, b, a) / b
    }
}

/// The continued fraction by Lentz's method, as Thompson and Barnett put it (1986).
#[expect(clippy::many_single_char_names, reason = "they are those of the source")]
fn fraction(x: f64, a: f64, b: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let away = |value: f64| if value.abs() < TINY { TINY } else { value };
    let mut c = 1.0;
    let mut d = 1.0 / away(1.0 - (a + b) * x / (a + 1.0));
    let mut whole = d;
    for step in 1..500 {
        let m = f64::from(step);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        for term in [even, odd] {
            d = 1.0 / away(1.0 + term * d);
            c = away(1.0 + term / c);
            whole *= d * c;
        }
        if (d * c - 1.0).abs() < 1e-14 {
            break;
        }
    }
    whole
}

/// Up to so many values together the distribution of ranks is counted out.
const MOST_COUNTED: usize = 24;

/// The probability of ranks as high as those of `x` among `x` and `y`, when all orders are equally likely (Mann and
/// Whitney, 1947; Wilcoxon's sum of ranks). Counted out for up to 24 values, ties with their mean ranks; beyond that by the normal
/// distribution, its variance corrected for ties and half a rank for continuity (Hollander and Wolfe, *Nonparametric
/// Statistical Methods*, 4.1).
pub(crate) fn ranks_above(x: &[f64], y: &[f64]) -> f64 {
    let (ranks, ties) = doubled_ranks(x, y);
    let of_x: u64 = ranks.iter().take(x.len()).sum();
    if x.len() + y.len() <= MOST_COUNTED {
        return counted_above(&ranks, x.len(), of_x);
    }
    let (m, n) = (count(x.len()), count(y.len()));
    #[expect(clippy::cast_precision_loss, reason = "far fewer values than 2^53")]
    let excess = of_x as f64 / 2.0 - m * (m + n + 1.0) / 2.0;
    let spread = (m + n + 1.0) - ties / ((m + n) * (m + n - 1.0));
    let sigma = sqrt(m * n / 12.0 * spread);
    if sigma > 0.0 { normal_above((excess - 0.5) / sigma) } else { 1.0 }
}

/// The least probability that [`ranks_above`] can come to with so many values.
pub(crate) fn least_ranks(x: usize, y: usize) -> f64 {
    let (m, n) = (count(x), count(y));
    exp(lgamma(m + 1.0) + lgamma(n + 1.0) - lgamma(m + n + 1.0))
}

/// Twice the rank of each value, those of `x` first, and the sum over ties of t^3 - t.
fn doubled_ranks(x: &[f64], y: &[f64]) -> (Vec<u64>, f64) {
    let mut order: Vec<(f64, usize)> =
        x.iter().chain(y).copied().enumerate().map(|(at, value)| (value, at)).collect();
    order.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut ranks = vec![0; order.len()];
    let mut ties = 0.0;
    let mut before = 0_u64;
    for same in order.chunk_by(|a, b| a.0.total_cmp(&b.0).is_eq()) {
        let many = same.len() as u64;
        for (_, at) in same {
            if let Some(rank) = ranks.get_mut(*at) {
                *rank = 2 * before + many + 1;
            }
        }
        let many = count(same.len());
        ties += many * many * many - many;
        before += same.len() as u64;
    }
    (ranks, ties)
}

/// The share of all choices of `size` of the `ranks` whose sum is `least` or more.
fn counted_above(ranks: &[u64], size: usize, least: u64) -> f64 {
    let most = usize::try_from(ranks.iter().sum::<u64>()).unwrap_or(0);
    // How many choices of so many of the ranks up to now have such a sum.
    let mut ways = vec![vec![0.0; most + 1]; size + 1];
    if let Some(none) = ways.first_mut().and_then(|own| own.first_mut()) {
        *none = 1.0;
    }
    for rank in ranks {
        let rank = usize::try_from(*rank).unwrap_or(0);
        for chosen in (0..size).rev() {
            let Some((fewer, more)) = ways.split_at_mut_checked(chosen + 1) else { continue };
            let (Some(from), Some(to)) = (fewer.last(), more.first_mut()) else { continue };
            for (sum, count) in from.iter().enumerate().filter(|(_, count)| **count > 0.0) {
                if let Some(own) = to.get_mut(sum + rank) {
                    *own += count;
                }
            }
        }
    }
    let Some(chosen) = ways.get(size) else { return 1.0 };
    let least = usize::try_from(least).unwrap_or(usize::MAX);
    let above: f64 = chosen.iter().skip(least).sum();
    above / chosen.iter().sum::<f64>()
}

/// Probabilities adjusted so that of those at or below a level no larger share than that is false on average (Benjamini and
/// Hochberg, 1995), in the order of `values`.
pub(crate) fn adjusted(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<(f64, usize)> =
        values.iter().copied().enumerate().map(|(at, value)| (value, at)).collect();
    order.sort_by(|a, b| a.0.total_cmp(&b.0));
    let all = count(values.len());
    let mut adjusted = vec![1.0; values.len()];
    let mut least: f64 = 1.0;
    for (rank, (value, at)) in order.iter().enumerate().rev() {
        least = least.min(value * all / count(rank + 1));
        if let Some(own) = adjusted.get_mut(*at) {
            *own = least;
        }
    }
    adjusted
}

/// The interval of 95 % for the share of which `hits` of `all` were seen (Wilson, 1927), which holds for few of them
/// too (Brown, Cai and `DasGupta`, 2001).
pub(crate) fn wilson(hits: u64, all: u64) -> (f64, f64) {
    const Z: f64 = 1.959_963_985;
    #[expect(clippy::cast_precision_loss, reason = "far fewer runs than 2^53")]
    let (hits, all) = (hits as f64, all as f64);
    if all <= 0.0 {
        return (0.0, 1.0);
    }
    let share = hits / all;
    let scale = 1.0 + Z * Z / all;
    let middle = share + Z * Z / (2.0 * all);
    let half = Z * sqrt(share * (1.0 - share) / all + Z * Z / (4.0 * all * all));
    (((middle - half) / scale).max(0.0), ((middle + half) / scale).min(1.0))
}

/// A number of values, to reckon with.
#[expect(clippy::cast_precision_loss, reason = "far fewer values than 2^53")]
pub(crate) const fn count(values: usize) -> f64 {
    values as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn close(found: f64, expect: f64, within: f64) {
        assert!((found - expect).abs() <= within, "{found} is not {expect}");
    }

    #[test]
    fn tails_are_those_of_tables() {
        close(normal_above(1.959_963_985), 0.025, 1e-9);
        // Of R: pt(2, 5, lower.tail = FALSE) and others.
        close(student_above(2.0, 5.0), 0.050_969_739_4, 1e-9);
        close(student_above(-1.0, 3.0), 0.804_498_890_5, 1e-9);
        close(student_above(12.706_204_74, 1.0), 0.025, 1e-9);
        close(student_above(1.959_963_985, 1e6), 0.025, 1e-6);
        close(student_above(f64::INFINITY, 3.0), 0.0, 0.0);
        close(student_quantile(0.025, 10.0), 2.228_138_852, 1e-6);
    }

    #[test]
    fn ranks_are_counted_out() {
        // Three above three: one of 20 orders.
        close(ranks_above(&[4.0, 5.0, 6.0], &[1.0, 2.0, 3.0]), 0.05, 1e-12);
        close(ranks_above(&[1.0, 2.0, 3.0], &[4.0, 5.0, 6.0]), 1.0, 1e-12);
        close(ranks_above(&[1.0, 1.0], &[1.0, 1.0]), 1.0, 1e-12);
        close(least_ranks(3, 3), 0.05, 1e-12);
        // R: wilcox.test(c(1.1,2.2,3.3,4.4), c(0.9,1.0,1.5,2.0), alternative = "greater"): W = 14.
        close(ranks_above(&[1.1, 2.2, 3.3, 4.4], &[0.9, 1.0, 1.5, 2.0]), 4.0 / 70.0, 1e-12);
    }

    #[test]
    fn counting_and_the_normal_distribution_agree_where_they_meet() {
        let x: Vec<f64> = (0..13).map(|n| f64::from(n) * 1.3 + 4.0).collect();
        let y: Vec<f64> = (0..11).map(|n| f64::from(n) * 1.7).collect();
        let mut more = y.clone();
        more.push(8.4);
        close(ranks_above(&x, &y), ranks_above(&x, &more), 0.03);
    }

    #[test]
    fn many_tests_are_adjusted_together() {
        let found = adjusted(&[0.01, 0.04, 0.03, 0.005]);
        for (found, expect) in found.iter().zip([0.02, 0.04, 0.04, 0.02]) {
            close(*found, expect, 1e-12);
        }
        assert_eq!(adjusted(&[]), Vec::<f64>::new());
    }

    #[test]
    fn shares_have_intervals() {
        let (low, high) = wilson(1, 10);
        close(low, 0.017_88, 1e-5);
        close(high, 0.404_15, 1e-5);
        let (low, high) = wilson(0, 10);
        close(low, 0.0, 1e-12);
        close(high, 0.277_53, 1e-5);
        assert_eq!(wilson(0, 0), (0.0, 1.0));
    }
}
