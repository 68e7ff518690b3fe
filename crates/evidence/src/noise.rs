//! Whether a benchmark changed by more than its noise.

use libm::{exp, log, sqrt};

use crate::{
    BenchmarkSettings, Better, Interval, Measured, Method,
    benchmark::median,
    stats::{count, least_ranks, ranks_above, student_above, student_quantile},
};

/// Values of one side that are compared: pairs of them are sorted.
const MOST_VALUES: usize = 300;

/// So many earlier runs tell the noise between runs.
const LEAST_HISTORY: usize = 5;

/// The spread of runs is taken to be no less, as a share of their median: what never varied would else call the last digit a change.
const LEAST_SPREAD: f64 = 1e-3;

/// A benchmark that was looked at by itself.
pub(crate) struct Judged {
    pub(crate) base: f64,
    pub(crate) head: f64,
    pub(crate) ratio: Option<Interval>,
    pub(crate) method: Method,
    pub(crate) tails: Option<Tails>,
}

/// Probabilities of what was seen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tails {
    /// If it got no worse than the margin.
    pub(crate) worse: f64,
    /// If it got no better than the margin.
    pub(crate) improved: f64,
}

/// Looks at one benchmark: the head against the spread of the base's runs where there are enough, else values against
/// values, or means against means.
pub(crate) fn judge(
    base: &[Measured],
    head: &[Measured],
    better: Better,
    settings: BenchmarkSettings,
) -> Judged {
    let estimates: Vec<f64> = base.iter().map(Measured::estimate).collect();
    let of_head: Vec<f64> = head.iter().map(Measured::estimate).collect();
    if estimates.len() >= LEAST_HISTORY && of_head.len() < LEAST_HISTORY {
        return by_history(&estimates, median(&of_head), better, settings);
    }
    match (pooled(base), pooled(head)) {
        (Measured::Samples(base), Measured::Samples(head)) => {
            by_ranks(&base, &head, better, settings)
        }
        (base, head) => match (Mean::of(&base), Mean::of(&head)) {
            (Some(base), Some(head)) => by_means(base, head, better, settings),
            _ => undecidable(base.estimate(), head.estimate()),
        },
    }
}

fn undecidable(base: f64, head: f64) -> Judged {
    Judged { base, head, ratio: None, method: Method::None, tails: None }
}

/// Several runs as one: their values together; of summaries, a value for each run.
fn pooled(runs: &[Measured]) -> Measured {
    if let [only] = runs {
        return match only {
            Measured::Samples(samples) => Measured::Samples(thinned(samples)),
            other => other.clone(),
        };
    }
    let mut values = Vec::new();
    for run in runs {
        match run {
            Measured::Samples(samples) => values.extend_from_slice(samples),
            other => values.push(other.estimate()),
        }
    }
    Measured::Samples(thinned(&values))
}

/// Evenly, no more than are compared, in the order in which they were measured.
fn thinned(values: &[f64]) -> Vec<f64> {
    let step = values.len().div_ceil(MOST_VALUES).max(1);
    values.iter().copied().step_by(step).collect()
}

/// A mean and its error.
#[derive(Clone, Copy)]
struct Mean {
    estimate: f64,
    error: f64,
    degrees: f64,
}

impl Mean {
    /// Of a summary, and of values by their standard deviation.
    fn of(measured: &Measured) -> Option<Self> {
        match measured {
            Measured::Summary { estimate, standard_error, degrees } => {
                Some(Self { estimate: *estimate, error: *standard_error, degrees: *degrees })
            }
            Measured::Samples(values) if values.len() >= 2 => {
                let n = count(values.len());
                let mean = values.iter().sum::<f64>() / n;
                let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
                let error = sqrt(squares / (n - 1.0) / n);
                Some(Self { estimate: mean, error, degrees: n - 1.0 })
            }
            Measured::Samples(_) | Measured::Single(_) => None,
        }
    }

    fn times(self, factor: f64) -> Self {
        Self { estimate: self.estimate * factor, error: self.error * factor, ..self }
    }

    /// The probability of a difference as large as that of `self` above `other`, by Welch's t (Biometrika 34, 1947) with
    /// Satterthwaite's degrees of freedom (1946).
    fn above(self, other: Self) -> f64 {
        let (a, b) = (self.error * self.error, other.error * other.error);
        let t = (self.estimate - other.estimate) / sqrt(a + b);
        let degrees = (a + b) * (a + b) / (a * a / self.degrees + b * b / other.degrees);
        student_above(t, degrees)
    }
}

/// Both probabilities, when `above(a, b)` is that of `a` above `b` by chance, each side raised by the margin in turn: so that
/// swapping the sides swaps the verdicts.
fn tails<T: Copy>(base: T, head: T, better: Better, above: impl Fn(T, T) -> f64) -> Tails {
    let (up, down) = (above(head, base), above(base, head));
    match better {
        Better::Smaller => Tails { worse: up, improved: down },
        Better::Bigger => Tails { worse: down, improved: up },
    }
}

fn by_means(base: Mean, head: Mean, better: Better, settings: BenchmarkSettings) -> Judged {
    let seen = base.error > 0.0 || head.error > 0.0;
    let factor = 1.0 + settings.margin;
    let above = |high: Mean, low: Mean| high.above(low.times(factor));
    Judged {
        base: base.estimate,
        head: head.estimate,
        ratio: ratio_of_means(base, head, settings.alpha).filter(|_| seen),
        method: if seen { Method::Means } else { Method::None },
        tails: seen.then(|| tails(base, head, better, above)),
    }
}

/// The ratio of two means, its interval by the error of the difference of their logarithms (the delta method).
fn ratio_of_means(base: Mean, head: Mean, alpha: f64) -> Option<Interval> {
    if base.estimate <= 0.0 || head.estimate <= 0.0 {
        return None;
    }
    let (a, b) = (base.error / base.estimate, head.error / head.estimate);
    let difference = log(head.estimate / base.estimate);
    let half = student_quantile(alpha / 2.0, base.degrees.min(head.degrees)) * sqrt(a * a + b * b);
    Some(Interval {
        estimate: exp(difference),
        low: exp(difference - half),
        high: exp(difference + half),
    })
}

fn by_ranks(base: &[f64], head: &[f64], better: Better, settings: BenchmarkSettings) -> Judged {
    let factor = 1.0 + settings.margin;
    let above = |high: &[f64], low: &[f64]| {
        let raised: Vec<f64> = low.iter().map(|value| value * factor).collect();
        ranks_above(high, &raised)
    };
    // Where even the clearest order may be chance, nothing can be shown.
    let can_tell = least_ranks(base.len(), head.len()) <= settings.alpha;
    Judged {
        base: median(base),
        head: median(head),
        ratio: ratio_of_values(base, head, settings.alpha),
        method: if can_tell { Method::Ranks } else { Method::None },
        tails: can_tell.then(|| tails(base, head, better, above)),
    }
}

/// The median of all ratios of a value of one side and one of the other (Hodges and Lehmann, 1963, of logarithms), with
/// the interval of shifts that a test of ranks does not refuse (Hollander and Wolfe, 4.3).
fn ratio_of_values(base: &[f64], head: &[f64], alpha: f64) -> Option<Interval> {
    if base.iter().chain(head).any(|value| *value <= 0.0) {
        return None;
    }
    let mut ratios: Vec<f64> =
        head.iter().flat_map(|head| base.iter().map(move |base| head / base)).collect();
    ratios.sort_by(f64::total_cmp);
    let (m, n) = (count(base.len()), count(head.len()));
    let z = student_quantile(alpha / 2.0, 1e9);
    let inward = (m * n / 2.0 - z * sqrt(m * n * (m + n + 1.0) / 12.0)).floor().max(0.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is an index")]
    let inward = inward as usize;
    let low = ratios.get(inward).or(ratios.first())?;
    let high = ratios.iter().rev().nth(inward).or(ratios.last())?;
    Some(Interval { estimate: median(&ratios), low: *low, high: *high })
}

/// The median absolute deviation of normal values is so much of their standard deviation: 1 / quantile(0.75).
const MAD: f64 = 1.482_602_218_5;

/// Of so many values as the median absolute deviation uses of a standard deviation's, 37 %, its degrees of freedom are
/// (Rousseeuw and Croux, 1993).
const EFFICIENCY: f64 = 0.37;

/// A run against the runs before it: by how many of their spreads it is off their middle. The spread is the median absolute
/// deviation, for few values enlarged by n / (n - 0.8) (Croux and Rousseeuw, 1992), with that of the middle itself, whose variance
/// is pi / 2n of the values'; what one outlier of the past does to it is bounded. Logarithms, so that a share is a
/// share both ways.
fn by_history(runs: &[f64], head: f64, better: Better, settings: BenchmarkSettings) -> Judged {
    let middle = median(runs);
    if head <= 0.0 || runs.iter().any(|value| *value <= 0.0) {
        return undecidable(middle, head);
    }
    let logs: Vec<f64> = runs.iter().map(|value| log(*value)).collect();
    let center = median(&logs);
    let off: Vec<f64> = logs.iter().map(|value| (value - center).abs()).collect();
    let n = count(runs.len());
    let spread = (MAD * median(&off) * n / (n - 0.8)).max(LEAST_SPREAD);
    let error = spread * sqrt(1.0 + std::f64::consts::PI / (2.0 * n));
    let degrees = (EFFICIENCY * (n - 1.0)).max(1.0);
    let (difference, margin) = (log(head) - center, log(1.0 + settings.margin));
    let above = |high: f64, low: f64| student_above((high - low - margin) / error, degrees);
    let half = student_quantile(settings.alpha / 2.0, degrees) * error;
    Judged {
        base: middle,
        head,
        ratio: Some(Interval {
            estimate: exp(difference),
            low: exp(difference - half),
            high: exp(difference + half),
        }),
        method: Method::History,
        tails: Some(tails(center, log(head), better, above)),
    }
}
