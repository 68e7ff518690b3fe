use super::least_squares::{Fit, Point, TERMS, dot, fit};
use super::line::{count, mean};

/// How often the weights are drawn anew from the last fit; it settles in three or four.
const ROUNDS: usize = 8;

/// Blocks of up to this share of a series always count.
const ALWAYS: f64 = 8.0;

/// The variance of a mean over a whole series, and how well it is known.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Noise {
    /// White noise, flicker, random walk and drift: what each adds to the variance of the mean.
    pub(super) parts: [f64; TERMS],
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

/// One point of the Allan variance: the length of a block as a share of the series, half the mean
/// square of the differences of neighbours, their number.
struct AllanPoint {
    share: f64,
    variance: f64,
    differences: f64,
}

/// Learns the noise of a series from its Allan variance (Allan 1966) at block lengths from half of
/// it downwards by halves, and reads it off at the whole length: there the difference of two such
/// series that follow each other has twice this variance, whatever the colour of the noise.
///
/// The parts are those of the usual model of clocks and gyroscopes (IEEE Std 952): `a/T + b + c T +
/// d T²`, fitted by weighted least squares with none negative; a point from `k` differences has the
/// relative variance `2/k`.
pub(super) fn noise_of(values: &[f64]) -> Noise {
    let points = beyond_peak(allan(values));
    let scale = points.iter().map(|point| point.variance).fold(0.0, f64::max);
    if scale <= 0.0 || !scale.is_finite() {
        return Noise { parts: [0.0; TERMS], freedom: count(values.len().saturating_sub(1)) };
    }
    let mut expected: Vec<f64> =
        points.iter().map(|point| (point.variance / scale).max(1e-6)).collect();
    let mut last = None;
    for _ in 0..ROUNDS {
        let weighted = weighted(&points, &expected, scale);
        let Some(found) = fit(&weighted) else { break };
        expected = weighted.iter().map(|p| dot(&p.of, &found.terms).max(1e-9)).collect();
        last = Some(found);
    }
    match last {
        Some(found) => read_off(&found, &points, scale),
        None => Noise { parts: [scale, 0.0, 0.0, 0.0], freedom: 1.0 },
    }
}

fn weighted(points: &[AllanPoint], expected: &[f64], scale: f64) -> Vec<Point> {
    let point = |(point, expected): (&AllanPoint, &f64)| Point {
        of: [1.0 / point.share, 1.0, point.share, point.share.powi(2)],
        value: point.variance / scale,
        weight: point.differences / (2.0 * expected.powi(2)),
    };
    points.iter().zip(expected).map(point).collect()
}

/// The parts at the whole length, where each term counts once; the freedom by matching the relative
/// variance of their sum with that of a chi square, `2 / freedom`.
fn read_off(found: &Fit, points: &[AllanPoint], scale: f64) -> Noise {
    let variance: f64 = found.terms.iter().sum();
    let most: f64 = points.iter().map(|point| point.differences).sum();
    let spread = found.variance_of([1.0; TERMS]).unwrap_or(f64::INFINITY);
    let freedom = (2.0 * variance.powi(2) / spread).clamp(1.0, most.max(1.0));
    Noise { parts: found.terms.map(|term| term * scale), freedom }
}

/// Leaves out the block lengths below the one at which the variance is the largest.
///
/// A series that returns to its level after a while, or repeats each value until it is scraped
/// anew, wanders at short times only: there its Allan variance rises, then it falls. The rise says
/// nothing of long times, and the model, which can only turn upwards, would go on with it.
fn beyond_peak(mut points: Vec<AllanPoint>) -> Vec<AllanPoint> {
    let peak = points.iter().max_by(|one, other| one.variance.total_cmp(&other.variance));
    let last = peak.map_or(ALWAYS, |peak| (1.0 / peak.share).max(ALWAYS));
    points.retain(|point| 1.0 / point.share <= last);
    points
}

fn allan(values: &[f64]) -> Vec<AllanPoint> {
    let mut points = Vec::new();
    let mut blocks = 2;
    while blocks <= values.len() {
        let length = values.len() / blocks;
        // What does not fill a block is left out at both ends alike.
        let first = (values.len() - length * blocks) / 2;
        let means: Vec<f64> = values
            .iter()
            .as_slice()
            .get(first..)
            .unwrap_or_default()
            .chunks_exact(length)
            .take(blocks)
            .map(mean)
            .collect();
        let squares =
            means.iter().zip(means.iter().skip(1)).map(|(one, next)| (next - one).powi(2));
        let differences = count(blocks - 1);
        points.push(AllanPoint {
            share: 1.0 / count(blocks),
            variance: squares.sum::<f64>() / (2.0 * differences),
            differences,
        });
        blocks *= 2;
    }
    points
}
