//! By how much the values of one side are shifted against those of the other.

use crate::brent::{End, root};

/// By how much one side's values are higher than the other's, in their unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shift {
    /// The low end of the interval.
    pub low: f64,
    /// The estimate by Hodges and Lehmann: the median of all differences of a value of one side and
    /// one of the other, to 1e-4, with the continuity correction that the interval has too.
    pub estimate: f64,
    /// The high end of the interval.
    pub high: f64,
}

/// At some shift all values are the same, so that nothing can be said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AllTied;

/// By how much the values of `x` are higher than those of `y`, with an interval of `quantile` normal
/// deviations to each side (2.326 for 98 %).
///
/// The interval holds the shifts that a Mann-Whitney test with the normal approximation, its
/// variance corrected for ties and half a rank for continuity, does not refuse (Hollander and Wolfe,
/// *Nonparametric Statistical Methods*, 4.1 to 4.3; R's `wilcox.test` with `exact = FALSE`). Each end
/// is looked for between the least and the greatest difference of two values, which are the answer
/// where there are too few values for another.
///
/// Both sides have at least one value, none of which is not a number.
pub fn shift(x: &[f64], y: &[f64], quantile: f64) -> Result<Shift, AllTied> {
    let sides = Sides::new(x, y);
    let low = sides.end(quantile)?;
    let high = sides.end(-quantile)?;
    let (least, greatest) = sides.bracket(0.0)?;
    let estimate = root(least, greatest, |by| sides.deviation(by))?;
    Ok(Shift { low, estimate, high })
}

/// Both sides, sorted.
struct Sides {
    x: Vec<f64>,
    y: Vec<f64>,
}

impl Sides {
    fn new(x: &[f64], y: &[f64]) -> Self {
        let sorted = |values: &[f64]| {
            let mut values = values.to_vec();
            values.sort_by(f64::total_cmp);
            values
        };
        Self { x: sorted(x), y: sorted(y) }
    }

    /// Where the deviation of the ranks from what is expected comes to `quantile`.
    fn end(&self, quantile: f64) -> Result<f64, AllTied> {
        let (least, greatest) = self.bracket(quantile)?;
        if least.value <= 0.0 {
            return Ok(least.at);
        }
        if greatest.value >= 0.0 {
            return Ok(greatest.at);
        }
        root(least, greatest, |by| Ok(self.deviation(by)? - quantile))
    }

    /// The least and the greatest shift there can be.
    fn bracket(&self, quantile: f64) -> Result<(End, End), AllTied> {
        let first = |side: &[f64]| side.first().copied().ok_or(AllTied);
        let last = |side: &[f64]| side.last().copied().ok_or(AllTied);
        let at = |at: f64| Ok(End { at, value: self.deviation(at)? - quantile });
        Ok((at(first(&self.x)? - last(&self.y)?)?, at(last(&self.x)? - first(&self.y)?)?))
    }

    /// By how many standard deviations the ranks of `x`, shifted back, are higher than by chance.
    #[expect(clippy::cast_precision_loss, reason = "far fewer values than 2^53")]
    fn deviation(&self, by: f64) -> Result<f64, AllTied> {
        let Ranks { of_x, ties } = self.ranks(by);
        let (m, n) = (self.x.len() as f64, self.y.len() as f64);
        let excess = of_x - m * (m + 1.0) / 2.0 - m * n / 2.0;
        let correction = if excess == 0.0 { 0.0 } else { 0.5_f64.copysign(excess) };
        let spread = (m + n + 1.0) - ties / ((m + n) * (m + n - 1.0));
        let sigma = (m * n / 12.0 * spread).sqrt();
        if sigma == 0.0 { Err(AllTied) } else { Ok((excess - correction) / sigma) }
    }

    /// The ranks of all values together, `x` shifted back: one walk over both sides.
    #[expect(clippy::cast_precision_loss, reason = "far fewer values than 2^53")]
    fn ranks(&self, by: f64) -> Ranks {
        // What cannot be told (infinity less infinity) ranks highest.
        let back = |value: &f64| Some(value - by).filter(|back| !back.is_nan());
        let mut x = self.x.iter().map(|value| back(value).unwrap_or(f64::INFINITY)).peekable();
        let mut y = self.y.iter().copied().peekable();
        let mut ranks = Ranks { of_x: 0.0, ties: 0.0 };
        let mut before = 0.0;
        loop {
            let value = match (x.peek(), y.peek()) {
                (Some(a), Some(b)) => {
                    if a.total_cmp(b).is_le() {
                        *a
                    } else {
                        *b
                    }
                }
                (Some(only), None) | (None, Some(only)) => *only,
                (None, None) => return ranks,
            };
            let same = |next: &f64| next.total_cmp(&value).is_eq();
            let (mut of_x, mut of_y) = (0_usize, 0_usize);
            while x.next_if(same).is_some() {
                of_x += 1;
            }
            while y.next_if(same).is_some() {
                of_y += 1;
            }
            let tied = (of_x + of_y) as f64;
            ranks.of_x += of_x as f64 * (before + f64::midpoint(tied, 1.0));
            ranks.ties += tied * tied * tied - tied;
            before += tied;
        }
    }
}

/// Ranks from 1, each the mean of those that are tied with it.
struct Ranks {
    /// The sum of those of `x`.
    of_x: f64,
    /// The sum over all ties of t^3 - t.
    ties: f64,
}

/// The share of all pairs in which the value of `x` is higher than that of `y`, ties counted half
/// (Vargha and Delaney, *A Critique and Improvement of the CL Common Language Effect Size
/// Statistics*, 2000).
#[expect(clippy::cast_precision_loss, reason = "far fewer values than 2^53")]
pub(crate) fn share_above(x: &[f64], y: &[f64]) -> f64 {
    let sides = Sides::new(x, y);
    let (m, n) = (x.len() as f64, y.len() as f64);
    (2.0 * sides.ranks(0.0).of_x - m * (m + 1.0)) / (2.0 * n * m)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_shared_by_what_is_tied() {
        let sides = Sides::new(&[3.0, 1.0, 2.0], &[2.0, 2.0, 5.0]);
        // 1 has rank 1; three twos share 2, 3 and 4; 3 has 5; 5 has 6.
        let ranks = sides.ranks(0.0);
        assert!((ranks.of_x - (5.0 + 1.0 + 3.0)).abs() < f64::EPSILON);
        assert!((ranks.ties - 24.0).abs() < f64::EPSILON);
    }

    #[test]
    fn shares_of_pairs_are_counted() {
        assert!((share_above(&[2.0, 4.0], &[1.0, 2.0]) - 3.5 / 4.0).abs() < 1e-12);
        assert!((share_above(&[1.0], &[1.0]) - 0.5).abs() < 1e-12);
    }

    #[test]
    fn one_value_against_the_same_shift_says_nothing() {
        assert_eq!(shift(&[5.0], &[5.0], 2.3), Err(AllTied));
        assert_eq!(shift(&[], &[5.0], 2.3), Err(AllTied));
    }
}
