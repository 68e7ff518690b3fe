use super::least_squares::{Fit, Point, TERMS, dot, fit};
use super::line::{count, mean};
use super::persistence::Persistence;

/// How often the weights are drawn anew from the last fit; it settles in three or four.
const ROUNDS: usize = 6;

/// What a term more has to add to twice the logarithm of the likelihood (Akaike 1974).
const PER_TERM: f64 = 2.0;

/// Degrees of freedom of what is learned from the longest blocks alone: only about eight of these show
/// whether a level wanders, however many rows there are.
const LONG_FREEDOM: f64 = 8.0;

/// The least degrees of freedom of what rows keep of the last one.
const SHORT_FREEDOM: f64 = 6.0;

/// How much larger the share that a difference keeps may be than it looks, in `1/n` of it, where
/// two series have nothing in common. Chosen by simulation: with less, levels that wander on their
/// own exceed alpha; with more, the harm to independent rows is found later.
const CAUTION: f64 = 10.0;

/// The variance of a mean over a whole series, and how well it is known.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Noise {
    /// White noise, what levels that return add to it, random walk and drift: what each adds to the
    /// variance of the mean.
    pub(super) parts: [f64; 4],
    /// Degrees of freedom of the variance.
    pub(super) freedom: f64,
}

impl Noise {
    pub(super) fn variance(&self) -> f64 {
        self.parts.iter().sum()
    }

    /// The noise of a mean that lies `gap` lengths of the series away from what it is compared
    /// with: a random walk and a drift go on during the gap.
    pub(super) fn across(mut self, gap: f64) -> Self {
        let growth = [1.0, 1.0, 1.0 + 1.5 * gap, (1.0 + gap).powi(2)];
        for (part, growth) in self.parts.iter_mut().zip(growth) {
            *part *= growth;
        }
        self
    }
}

/// Learns the noise of the mean of a series.
///
/// What rows keep of the last one (an autoregression of the first order) says what the Allan variance
/// (Allan 1966) of blocks of any length should be. What it is beyond that, at block lengths from half
/// of the series downwards by halves, is fitted by flicker, random walk and drift, `b + c T + d T²` as
/// in the usual model of clocks and gyroscopes (IEEE Std 952), none negative, and read off at the
/// whole length.
pub(super) fn noise_of(values: &[f64]) -> Noise {
    learned(values, &Persistence::of(values, 0.0))
}

/// The same for the differences of two series that have nothing in common. Their levels may have
/// wandered apart before the first row, so what is not known to return is taken to wander for
/// longer, and few rows that resemble their neighbours show nothing.
pub(super) fn noise_of_strangers(values: &[f64]) -> Noise {
    let kept = Persistence::of(values, CAUTION);
    let noise = learned(values, &kept);
    Noise { freedom: noise.freedom.min(kept.effective()).max(1.0), ..noise }
}

fn learned(values: &[f64], kept: &Persistence) -> Noise {
    let most = (count(values.len()) - 1.0).max(1.0);
    let short = kept.variance();
    if short <= 0.0 || !short.is_finite() {
        return Noise { parts: [0.0; 4], freedom: most };
    }
    let points = allan(values, kept);
    let Long { terms: [flicker, walk, drift], spread } = Long::of(&points);
    let white = kept.white().min(short);
    let parts = [white, short - white + flicker * short, walk * short, drift * short];
    // As Satterthwaite (1946): the variance of a sum of variances, in units of the short part's square.
    let long = flicker + walk + drift;
    let known = kept.effective().max(SHORT_FREEDOM).min(most);
    let uncertain = 2.0 / known + 2.0 * long.powi(2) / LONG_FREEDOM + spread;
    Noise { parts, freedom: (2.0 * (1.0 + long).powi(2) / uncertain).max(1.0) }
}

/// What the longer blocks show beyond what rows keep of the last: flicker, walk and drift as shares
/// of that, and the variance of their sum by the fit.
struct Long {
    terms: [f64; TERMS],
    spread: f64,
}

impl Long {
    /// The choice of terms with the highest likelihood, each term more weighed against: block
    /// variances from `k` differences are gamma distributed with `k/2` as their shape.
    fn of(points: &[Point]) -> Self {
        let mut best = Self { terms: [0.0; TERMS], spread: 0.0 };
        let mut least = cost(points, &best.terms);
        for choice in 1..(1_u32 << TERMS) {
            let used = std::array::from_fn(|term| choice >> term & 1 == 1);
            let Some(found) = settled(points, used) else { continue };
            let cost = cost(points, &found.terms) + PER_TERM * f64::from(choice.count_ones());
            if cost < least {
                let spread = found.variance_of([1.0; TERMS]).unwrap_or(f64::INFINITY);
                (least, best) = (cost, Self { terms: found.terms, spread });
            }
        }
        best
    }
}

/// Minus twice the logarithm of the likelihood, but for what does not depend on the terms.
fn cost(points: &[Point], terms: &[f64; TERMS]) -> f64 {
    let of = |point: &Point| {
        let expected = point.known + dot(&point.of, terms);
        point.differences * (expected.ln() + point.value / expected)
    };
    points.iter().map(of).sum()
}

/// The likeliest amounts of some terms, by Fisher's scoring: least squares with weights that follow
/// the fit. None if one is negative.
fn settled(points: &[Point], used: [bool; TERMS]) -> Option<Fit> {
    let mut expected: Vec<f64> = points.iter().map(|point| point.value.max(point.known)).collect();
    let mut last = None;
    for _ in 0..ROUNDS {
        let found = fit(points, &expected, used)?;
        let terms = found.terms.map(|term| term.max(0.0));
        expected = points.iter().map(|point| point.known + dot(&point.of, &terms)).collect();
        last = Some(found);
    }
    last.filter(|found| found.terms.iter().all(|term| *term >= 0.0))
}

/// The Allan variance at block lengths from half of the series downwards by halves, in units of the
/// variance of the mean that rows keep of the last.
fn allan(values: &[f64], kept: &Persistence) -> Vec<Point> {
    let (rows, short) = (values.len(), kept.variance());
    let mut points = Vec::new();
    let mut blocks = 2;
    while blocks <= rows {
        let length = rows / blocks;
        // What does not fill a block is left out at both ends alike.
        let first = (rows - length * blocks) / 2;
        let whole = values.get(first..).unwrap_or_default().chunks_exact(length);
        let means: Vec<f64> = whole.take(blocks).map(mean).collect();
        let squares =
            means.iter().zip(means.iter().skip(1)).map(|(one, next)| (next - one).powi(2));
        let (differences, share) = (count(blocks - 1), count(length) / count(rows));
        points.push(Point {
            of: [1.0, share, share.powi(2)],
            known: kept.allan(count(length)) / short,
            value: squares.sum::<f64>() / (2.0 * differences) / short,
            differences,
        });
        blocks *= 2;
    }
    points
}
