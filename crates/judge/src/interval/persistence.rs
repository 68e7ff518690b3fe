//! What a series keeps of its level from row to row.

use super::line::{count, mean};

/// Fewer rows than this show nothing of it.
const FEWEST: usize = 5;

/// An autoregression of the first order: each row keeps a share of the last one's distance from the
/// level.
#[derive(Clone, Copy, Debug)]
pub(super) struct Persistence {
    /// The share that is kept, from 0 to `1 - 1/n`.
    share: f64,
    /// The variance of the rows about their mean.
    spread: f64,
    /// That of a row about a level which so few rows may not show.
    row: f64,
    rows: f64,
}

impl Persistence {
    /// Learns the share from the correlation `r` of neighbours, which is too small by `(1 + 3 share)/n`
    /// on average (Kendall 1954; Marriott & Pope 1954): that is put back. Then `more/n` of it is
    /// added, as caution. It ends at `1 - 1/n`, from where on so long a series cannot be told from one
    /// that has no level.
    pub(super) fn of(values: &[f64], more: f64) -> Self {
        let (rows, centre) = (count(values.len()), mean(values));
        let away: Vec<f64> = values.iter().map(|value| value - centre).collect();
        let square: f64 = away.iter().map(|away| away * away).sum();
        let spread = square / (rows - 1.0).max(1.0);
        if square <= 0.0 || values.len() < FEWEST {
            return Self { share: 0.0, spread, row: spread, rows };
        }
        let beside: f64 = away.iter().zip(away.iter().skip(1)).map(|(one, next)| one * next).sum();
        let found = beside / square;
        let unbiased = ((rows * found + 1.0) / (rows - 3.0)).max(0.0);
        let share = (unbiased * (1.0 + more / rows)).min(1.0 - 1.0 / rows);
        // What is new in each row is `1 - r²` of what is seen, and `1 - share²` of what there is.
        let hidden = (1.0 - found * found) / (1.0 - share * share);
        Self { share, spread, row: spread * hidden.max(1.0), rows }
    }

    /// The variance of the mean of all rows, if each were independent of the others.
    pub(super) fn white(&self) -> f64 {
        self.spread / self.rows
    }

    /// The variance of the mean of all rows.
    pub(super) fn variance(&self) -> f64 {
        self.of_mean(self.rows)
    }

    /// The Allan variance of blocks of so many rows: the variance of a block's mean less what it has
    /// in common with its neighbour.
    pub(super) fn allan(&self, length: f64) -> f64 {
        let gone = 1.0 - self.share.powf(length);
        let common = self.share * (gone / (length * (1.0 - self.share))).powi(2);
        self.of_mean(length) - self.row * common
    }

    /// How many independent rows would tell as much as all of them.
    pub(super) fn effective(&self) -> f64 {
        self.rows * (1.0 - self.share) / (1.0 + self.share)
    }

    /// `s²/L [(1 + a)/(1 - a) - 2a (1 - a^L)/(L (1 - a)²)]` for a share of `a`.
    fn of_mean(&self, length: f64) -> f64 {
        let (share, left) = (self.share, 1.0 - self.share);
        let gone = 1.0 - share.powf(length);
        let times = (1.0 + share) / left - 2.0 * share * gone / (length * left.powi(2));
        self.row / length * times
    }
}
