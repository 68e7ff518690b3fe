use crate::{error::EvalError, eval::Evaluated, quantile::quantile, series::Point};

/// The samples that a function looks at, oldest first, at least one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window<'a> {
    pub(crate) points: &'a [Point],
    /// Milliseconds since 1970.
    pub(crate) start: i64,
    pub(crate) end: i64,
    /// The moment that is asked about: later than `end` by an offset.
    pub(crate) asked: i64,
}

/// A function that makes one number of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WindowFunction {
    Avg,
    Changes,
    Count,
    Delta,
    Deriv,
    HoltWinters,
    Idelta,
    Increase,
    Irate,
    Last,
    Max,
    Min,
    PredictLinear,
    Present,
    Quantile,
    Rate,
    Resets,
    Stddev,
    Stdvar,
    Sum,
}

/// A sum that keeps what rounding loses (Neumaier's form of Kahan's summation).
#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    sum: f64,
    lost: f64,
}

impl Sum {
    fn add(&mut self, more: f64) {
        let sum = self.sum + more;
        self.lost += if self.sum.abs() >= more.abs() {
            (self.sum - sum) + more
        } else {
            (more - sum) + self.sum
        };
        self.sum = sum;
    }

    fn value(self) -> f64 {
        self.sum + self.lost
    }

    /// An infinite sum lost nothing that counts.
    fn value_or_infinity(self) -> f64 {
        if self.sum.is_infinite() { self.sum } else { self.value() }
    }
}

#[expect(clippy::cast_precision_loss, reason = "times and counts are below 2^53")]
fn seconds(millis: i64) -> f64 {
    millis as f64 / 1000.0
}

impl WindowFunction {
    /// The number, or none when there are too few samples.
    pub(crate) fn apply(self, window: &Window<'_>, parameters: &[f64]) -> Evaluated<Option<f64>> {
        let parameter = |index| parameters.get(index).copied().unwrap_or(f64::NAN);
        let values = || window.points.iter().map(|point| point.value);
        Ok(match self {
            Self::Avg => Some(avg(values())),
            Self::Changes => Some(count_pairs(window, changed)),
            Self::Count => Some(as_number(window.points.len())),
            Self::Delta => extrapolated(window, Kind::Gauge),
            Self::Increase => extrapolated(window, Kind::Counter),
            Self::Rate => extrapolated(window, Kind::Rate),
            Self::Deriv => at_least_two(window).map(|first| regression(window.points, first.at).0),
            Self::PredictLinear => at_least_two(window).map(|_| {
                let (slope, intercept) = regression(window.points, window.asked);
                slope * parameter(0) + intercept
            }),
            Self::HoltWinters => return holt_winters(window, parameter(0), parameter(1)),
            Self::Idelta => last_two(window).map(|(before, now)| now.value - before.value),
            Self::Irate => last_two(window).map(|(before, now)| {
                let reset = now.value < before.value;
                let grown = if reset { now.value } else { now.value - before.value };
                grown / seconds(now.at - before.at)
            }),
            Self::Last => values().next_back(),
            Self::Max => values().reduce(|max, v| if v > max || max.is_nan() { v } else { max }),
            Self::Min => values().reduce(|min, v| if v < min || min.is_nan() { v } else { min }),
            Self::Present => Some(1.0),
            Self::Quantile => Some(quantile(parameter(0), values().collect())),
            Self::Resets => Some(count_pairs(window, |before, now| now < before)),
            Self::Stddev => Some(variance(values()).sqrt()),
            Self::Stdvar => Some(variance(values())),
            Self::Sum => {
                let mut sum = Sum::default();
                values().for_each(|value| sum.add(value));
                Some(sum.value_or_infinity())
            }
        })
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts are below 2^53")]
fn as_number(count: usize) -> f64 {
    count as f64
}

fn count_pairs(window: &Window<'_>, counts: impl Fn(f64, f64) -> bool) -> f64 {
    let pairs = window.points.windows(2);
    as_number(pairs.filter(|pair| matches!(pair, [a, b] if counts(a.value, b.value))).count())
}

#[expect(clippy::float_cmp, reason = "any change counts")]
fn changed(before: f64, now: f64) -> bool {
    before != now && !(before.is_nan() && now.is_nan())
}

fn at_least_two<'a>(window: &Window<'a>) -> Option<&'a Point> {
    window.points.first().filter(|_| window.points.len() > 1)
}

fn last_two<'a>(window: &Window<'a>) -> Option<(&'a Point, &'a Point)> {
    match window.points {
        [.., before, now] => Some((before, now)),
        _ => None,
    }
}

/// A mean that is built up step by step, so that no sum overflows.
fn avg(values: impl Iterator<Item = f64>) -> f64 {
    let mut mean = Sum::default();
    let mut count = 0.0;
    for value in values {
        count += 1.0;
        // What is infinite stays so, unless the other infinity or a NaN comes.
        if mean.sum.is_infinite() {
            let same = value.is_infinite() && (mean.sum > 0.0) == (value > 0.0);
            if same || value.is_finite() {
                continue;
            }
        }
        mean.add(value / count - mean.sum / count);
    }
    mean.value_or_infinity()
}

/// Welford's way, with both of its sums kept from rounding.
fn variance(values: impl Iterator<Item = f64>) -> f64 {
    let (mut count, mut mean, mut squares) = (0.0, Sum::default(), Sum::default());
    for value in values {
        count += 1.0;
        let delta = value - mean.value();
        mean.add(delta / count);
        squares.add(delta * (value - mean.value()));
    }
    squares.value() / count
}

/// What a difference is taken of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Gauge,
    /// It never falls, but for beginning anew at zero.
    Counter,
    /// A counter, of which the growth per second is wanted.
    Rate,
}

/// The difference of the last and first sample, as it would be over the whole window.
///
/// The samples do not reach to the window's ends. Where they come within 1.1 of their distance of
/// an end, they are taken to go on to it, else for half a distance. A counter goes back no further
/// than to where it would be zero.
fn extrapolated(window: &Window<'_>, kind: Kind) -> Option<f64> {
    let first = at_least_two(window)?;
    let last = window.points.last()?;
    let mut grown = last.value - first.value;
    if kind != Kind::Gauge {
        for pair in window.points.windows(2) {
            if let [before, now] = pair
                && now.value < before.value
            {
                grown += before.value;
            }
        }
    }
    let sampled = seconds(last.at - first.at);
    let distance = sampled / as_number(window.points.len() - 1);
    let mut to_start = seconds(first.at - window.start);
    let to_end = seconds(window.end - last.at);
    if kind != Kind::Gauge && grown > 0.0 && first.value >= 0.0 {
        let to_zero = sampled * (first.value / grown);
        if to_zero < to_start {
            to_start = to_zero;
        }
    }
    let threshold = distance * 1.1;
    let reach = |to_edge: f64| if to_edge < threshold { to_edge } else { distance / 2.0 };
    let mut factor = (sampled + reach(to_start) + reach(to_end)) / sampled;
    if kind == Kind::Rate {
        factor /= seconds(window.end - window.start);
    }
    Some(grown * factor)
}

/// Slope per second and value at `origin` (in milliseconds) of the line with the least squares.
fn regression(points: &[Point], origin: i64) -> (f64, f64) {
    let first = points.first().map_or(f64::NAN, |point| point.value);
    #[expect(clippy::float_cmp, reason = "a line through equal values is flat, and only then")]
    let flat = points.iter().skip(1).all(|point| point.value == first);
    if flat {
        return if first.is_infinite() { (f64::NAN, f64::NAN) } else { (0.0, first) };
    }
    let mut sums = [Sum::default(); 4];
    for point in points {
        let (x, y) = (seconds(point.at - origin), point.value);
        for (sum, more) in sums.iter_mut().zip([x, y, x * y, x * x]) {
            sum.add(more);
        }
    }
    let count = as_number(points.len());
    let [x, y, xy, xx] = sums.map(Sum::value);
    let slope = (xy - x * y / count) / (xx - x * x / count);
    (slope, y / count - slope * x / count)
}

fn holt_winters(window: &Window<'_>, smoothing: f64, trend: f64) -> Evaluated<Option<f64>> {
    for (factor, name, short) in [(smoothing, "smoothing", "sf"), (trend, "trend", "tf")] {
        if factor <= 0.0 || factor >= 1.0 {
            return Err(EvalError::execution(format!(
                "invalid {name} factor. Expected: 0 < {short} < 1, got: {factor:.6}"
            )));
        }
    }
    let [first, second, ..] = window.points else {
        return Ok(None);
    };
    let (mut before, mut smoothed) = (0.0, first.value);
    let mut slope = second.value - first.value;
    for (index, point) in window.points.iter().skip(1).enumerate() {
        if index > 0 {
            slope = trend * (smoothed - before) + (1.0 - trend) * slope;
        }
        let next = smoothing * point.value + (1.0 - smoothing) * (smoothed + slope);
        (before, smoothed) = (smoothed, next);
    }
    Ok(Some(smoothed))
}

#[cfg(test)]
mod tests;
