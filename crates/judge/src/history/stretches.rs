use crate::interval::{count, mean, pulled_in};

/// With fewer stretches of a history, what it does over so long a time is not known.
pub(super) const FEWEST: usize = 4;

/// How many times as long as a stretch is what it is set against. Longer would be calmer where
/// nothing wanders, shorter would follow a level that does.
const BEFORE: usize = 4;

/// Fewer rows make no level.
const FEWEST_BEFORE: usize = 8;

/// What stretches of a history differed by from what came before each.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Stretches {
    /// How many stretches do not overlap.
    pub(super) number: usize,
    /// The mean square of the differences.
    pub(super) square: f64,
    /// The degrees of freedom of that: as many as there are differences, fewer if a few of these make
    /// most of it.
    pub(super) freedom: f64,
    /// The mean of the history's last rows: what the next stretch is set against.
    pub(super) before: f64,
}

impl Stretches {
    /// Of stretches of `length` rows, each `gap` rows after what it is set against. A gap that takes
    /// more than a third of the history is cut to that.
    pub(super) fn of(rests: &[f64], length: usize, gap: usize) -> Self {
        let gap = gap.min(rests.len() / 3);
        let before = (BEFORE * length).max(FEWEST_BEFORE).min(rests.len() / 3).max(1);
        let last = rests.get(rests.len() - before..).unwrap_or_default();
        let differences: Vec<f64> = (0..)
            .map(|stretch| before + gap + stretch * length)
            .map_while(|start| difference(rests, start, length, gap, before))
            .collect();
        let number = differences.len();
        let sizes: Vec<f64> = differences.iter().map(|difference| difference.powi(2)).collect();
        // So far that only what never returned is pulled in.
        let sizes = pulled_in(&sizes, 100.0);
        let square = if number == 0 { 0.0 } else { mean(&sizes) };
        Self { number, square, freedom: freedom(&sizes, square), before: mean(last) }
    }
}

/// By matching the variance of the mean square, from the scatter of the squares, with that of a chi
/// square.
fn freedom(squares: &[f64], mean_square: f64) -> f64 {
    let number = count(squares.len());
    let fourth = mean(&squares.iter().map(|square| square.powi(2)).collect::<Vec<_>>());
    let scatter = fourth / mean_square.powi(2) - 1.0;
    if scatter > 2.0 { (2.0 * number / scatter).max(1.0) } else { number }
}

/// The mean of the stretch from `start` on, less that of the rows before its gap.
fn difference(
    rests: &[f64],
    start: usize,
    length: usize,
    gap: usize,
    before: usize,
) -> Option<f64> {
    let stretch = rests.get(start..start + length)?;
    let earlier = rests.get(start - gap - before..start - gap)?;
    Some(mean(stretch) - mean(earlier))
}
