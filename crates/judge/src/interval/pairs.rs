use super::Pairing;
use super::line::{count, mean, pulled_in};
use super::noise::{Noise, noise_of, noise_of_strangers};
use super::prepare::{Arm, WALL_CLOCK};

/// How far rows may lie from their median, in spreads, before they are pulled in.
pub(super) const REACH: f64 = 6.0;

/// Fewer pairs than this show neither a fluctuation nor that two series move together.
const FEWEST: usize = 4;

/// The standard errors from which on two series are taken to move together. Chance does that to
/// one pair of series in 740.
const TOGETHER: f64 = 3.0;

/// The correlation of two levels from which on they follow one course, however slow it is.
const ONE_COURSE: f64 = 0.9;

/// The correlation from which on they are one time beyond doubt.
const BEYOND_DOUBT: f64 = 0.5;

/// The means may be in a proportion that differs from that of the rows by so much of the stable
/// revision's level: well under the margin.
const SAME_PROPORTION: f64 = 0.02;

/// Whether two series move together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Company {
    None,
    Some,
    Close,
}

/// The values of both arms over the same short times.
pub(super) struct Pairs {
    pub(super) canary: Vec<f64>,
    pub(super) stable: Vec<f64>,
}

impl Pairs {
    /// Puts both arms on the coarser grid of the two, means within; none if they meet in less than
    /// half of it.
    pub(super) fn of(canary: &Arm, stable: &Arm) -> Option<Self> {
        let width = canary.spacing().max(stable.spacing());
        let start = canary.span()?.0.max(stable.span()?.0);
        if width <= 0.0 {
            return None;
        }
        // Three quarters before the first: neither rows of one grid nor alternate rows lie at an edge.
        let cells = |arm: &Arm| cells(arm, start - 0.75 * width, width);
        let (ours, theirs) = (cells(canary), cells(stable));
        let shortest = ours.len().min(theirs.len());
        let mut others = theirs.iter().peekable();
        let mut pairs = Self { canary: Vec::new(), stable: Vec::new() };
        for (cell, value) in ours {
            while others.next_if(|(other, _)| *other < cell).is_some() {}
            if let Some((_, other)) = others.next_if(|(other, _)| other.total_cmp(&cell).is_eq()) {
                pairs.canary.push(value);
                pairs.stable.push(*other);
            }
        }
        (pairs.canary.len() >= FEWEST && 2 * pairs.canary.len() >= shortest).then_some(pairs)
    }

    /// Whether the two move together from row to row, which only series of one time do, or of one
    /// phase of a season. Their changes are compared, not their levels: that both rise is no sign.
    pub(super) fn company(&self) -> Company {
        let (ours, theirs) = (changes(&self.canary), changes(&self.stable));
        let product = |one: &[f64], other: &[f64]| -> f64 {
            one.iter().zip(other).map(|(one, other)| one * other).sum()
        };
        let both = product(&ours, &ours).sqrt() * product(&theirs, &theirs).sqrt();
        let correlation = product(&ours, &theirs) / both;
        let sure = self.canary.len() > 2 * FEWEST;
        if !sure || correlation.is_nan() || correlation * count(ours.len()).sqrt() < TOGETHER {
            Company::None
        } else if correlation < BEYOND_DOUBT {
            Company::Some
        } else {
            Company::Close
        }
    }

    /// The noise of the mean of what is between the two, row by row.
    pub(super) fn noise_of(&self, between: &[f64]) -> Noise {
        match self.company() {
            Company::None => noise_of_strangers(between),
            Company::Some | Company::Close => noise_of(between),
        }
    }

    pub(super) fn differences(&self) -> Vec<f64> {
        self.canary.iter().zip(&self.stable).map(|(canary, stable)| canary - stable).collect()
    }

    /// Whether the levels of the two follow one course, by more than chance makes of series whose rows
    /// resemble their neighbours: `1/n (1 + ab)/(1 - ab)` is the variance of a correlation, with `a`
    /// and `b` those of neighbours (Bartlett 1935).
    pub(super) fn have_a_course_in_common(&self) -> bool {
        let centred = |values: &[f64]| -> Vec<f64> {
            let centre = mean(values);
            values.iter().map(|value| value - centre).collect()
        };
        let (ours, theirs) = (centred(&self.canary), centred(&self.stable));
        let shift = |values: &[f64]| correlation(values, values.get(1..).unwrap_or_default());
        let kept = (shift(&ours) * shift(&theirs)).clamp(0.0, 0.99);
        let error = ((1.0 + kept) / (1.0 - kept) / count(ours.len())).sqrt();
        let found = correlation(&ours, &theirs);
        ours.len() > 2 * FEWEST && (found >= TOGETHER * error || found >= ONE_COURSE)
    }

    /// What the canary's mean is if it has its proportion to the stable revision's at all times, and
    /// the noise of that: of the logarithm of the proportion. What both have in common, as a season
    /// or a trend, is in the differences of two levels that are apart, but not in their proportion.
    /// None where a value is not above zero, or the means themselves are in another proportion.
    pub(super) fn in_proportion(&self, stable: f64, canary: f64) -> Option<(f64, Noise)> {
        let values = self.canary.iter().zip(&self.stable);
        let logs: Vec<f64> = values.map(|(canary, stable)| (canary / stable).ln()).collect();
        let above = |values: &[f64]| values.iter().all(|value| *value > 0.0);
        if !above(&self.canary) || !above(&self.stable) {
            return None;
        }
        let level = stable * mean(&logs).exp();
        let scaled: Vec<f64> = logs.iter().map(|log| log * level).collect();
        let agree = (level - canary).abs() <= SAME_PROPORTION * stable;
        agree.then(|| (level, self.noise_of(&scaled)))
    }

    pub(super) fn pulled_in(self) -> Self {
        Self { canary: pulled_in(&self.canary, REACH), stable: pulled_in(&self.stable, REACH) }
    }
}

/// Of two series about their means.
fn correlation(one: &[f64], other: &[f64]) -> f64 {
    let product = |one: &[f64], other: &[f64]| -> f64 {
        one.iter().zip(other).map(|(one, other)| one * other).sum()
    };
    let found = product(one, other) / (product(one, one) * product(other, other)).sqrt();
    if found.is_nan() { 0.0 } else { found }
}

/// The changes from row to row about their mean, so that a trend is no sign either.
fn changes(values: &[f64]) -> Vec<f64> {
    let pairs = values.iter().zip(values.iter().skip(1));
    let steps = pulled_in(&pairs.map(|(one, next)| next - one).collect::<Vec<_>>(), REACH);
    let centre = mean(&steps);
    steps.iter().map(|step| step - centre).collect()
}

/// The means by cell of a grid, cells without a row left out.
fn cells(arm: &Arm, origin: f64, width: f64) -> Vec<(f64, f64)> {
    let cell = |at: f64| ((at - origin) / width).floor();
    let rows = arm.samples.chunk_by(|one, next| cell(one.at).total_cmp(&cell(next.at)).is_eq());
    let of = |rows: &[super::Sample]| {
        let values: Vec<f64> = rows.iter().map(|row| row.value).collect();
        Some((cell(rows.first()?.at), mean(&values)))
    };
    rows.filter_map(of).collect()
}

/// Whether both arms are timed by a wall clock, so that times that overlap did so.
pub(super) fn by_wall_clock(canary: &Arm, stable: &Arm) -> bool {
    [canary, stable].iter().all(|arm| arm.span().is_some_and(|(start, _)| start >= WALL_CLOCK))
}

/// What the clock and the series themselves say of when they ran.
pub(super) fn pairing(wall_clock: bool, company: Company) -> Pairing {
    if wall_clock || company != Company::None {
        Pairing::Concurrent
    } else {
        Pairing::SeeminglyConcurrent
    }
}

/// How long neither arm ran between the two, in lengths of the mean arm.
pub(super) fn gap(canary: &Arm, stable: &Arm) -> f64 {
    let (Some(ours), Some(theirs)) = (canary.span(), stable.span()) else { return 0.0 };
    let length = (ours.1 - ours.0).midpoint(theirs.1 - theirs.0);
    let between = ours.0.max(theirs.0) - ours.1.min(theirs.1);
    let between = between - canary.spacing().max(stable.spacing());
    if length > 0.0 { (between / length).clamp(0.0, 1e3) } else { 0.0 }
}
