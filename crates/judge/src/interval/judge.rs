use super::bar::Bar;
use super::late;
use super::line::{count, mean, pulled_in, rise, variance};
use super::noise::{Noise, noise_of};
use super::pairs::{Company, Pairs, REACH, by_wall_clock, gap, pairing};
use super::prepare::{Arm, prepare};
use super::{Concurrency, IntervalEvidence, IntervalReason, IntervalSettings, Pairing, Sample};
use crate::evidence::Verdict;

/// Rows below which an arm tells nothing of its own fluctuation.
const FEWEST_ROWS: usize = 4;

/// What metrics usually do between two stretches of a run beside white noise: as a share of their
/// level, as a share of a row's standard deviation; how many degrees of freedom that is worth.
/// Calibrated on the halves of public recordings; see the statistician's page.
const USUAL_DRIFT: f64 = 0.03;
const USUAL_SWING: f64 = 0.1;
const USUAL_FREEDOM: f64 = 12.0;

/// The same where both ran at the same time: two replicas of one revision differ by less.
const USUAL_APART: f64 = 0.02;

/// The shift that is within a metric's ordinary fluctuation, in standard deviations of its rows.
const SWING_MARGIN: f64 = 0.25;

/// How far rows reach for their standard deviation, in spreads: so far that bursts count and one
/// broken row does not.
const SWING_REACH: f64 = 20.0;

/// Compares a canary's series of a metric with the stable revision's.
///
/// Rows may come in any order, with holes, doubles and on different grids; what is not a finite
/// number is missing. It takes `O(n log n)`.
pub fn judge_interval(
    canary: &[Sample],
    stable: &[Sample],
    settings: &IntervalSettings,
) -> IntervalEvidence {
    let (canary, stable, reading) = prepare(canary, stable, settings);
    let mut evidence = IntervalEvidence::without_rows(&canary, &stable, settings);
    evidence.reading = reading;
    if let Some(reason) = too_few(&canary, &stable) {
        evidence.reason = reason;
        return evidence;
    }
    let unit = unit(&canary, &stable);
    let (canary, stable) = (canary.in_units(unit), stable.in_units(unit));
    let comparison = Comparison::of(&canary, &stable, settings.concurrent);
    let share = if comparison.steady { late::SHARE_OF_ALL } else { 0.0 };
    evidence.weigh(&comparison, settings, unit, share);
    let late = late::worse(&evidence, (&canary, &stable), &comparison, settings, unit);
    late.unwrap_or(evidence)
}

fn too_few(canary: &Arm, stable: &Arm) -> Option<IntervalReason> {
    let few = |arm: &Arm| arm.samples.len() < FEWEST_ROWS;
    if canary.samples.is_empty() {
        Some(IntervalReason::CanaryEmpty)
    } else if stable.samples.is_empty() {
        Some(IntervalReason::StableEmpty)
    } else {
        (few(canary) || few(stable)).then_some(IntervalReason::TooFewRows)
    }
}

/// The largest value's size, so that squares neither overflow nor vanish.
fn unit(canary: &Arm, stable: &Arm) -> f64 {
    let values = canary.samples.iter().chain(&stable.samples).map(|sample| sample.value.abs());
    let largest = values.fold(0.0, f64::max);
    if largest > 0.0 { largest } else { 1.0 }
}

impl Arm {
    fn in_units(mut self, unit: f64) -> Self {
        for sample in &mut self.samples {
            sample.value /= unit;
        }
        self
    }
}

/// Two arms brought down to what decides.
pub(super) struct Comparison {
    pairing: Pairing,
    /// Whether both ran at the same time, and what they do not have in common does not wander: by
    /// what cancels, or by the stable revision, whose rows are all but independent.
    pub(super) steady: bool,
    canary_mean: f64,
    stable_mean: f64,
    /// Of the difference of the means.
    noise: Noise,
    /// Rows, as the time of the confidence sequence.
    rows: f64,
    /// A row's standard deviation: the stable revision's, and of both.
    stable_swing: f64,
    swing: f64,
    canary_effective: f64,
    stable_effective: f64,
}

impl Comparison {
    pub(super) fn of(canary: &Arm, stable: &Arm, concurrent: Concurrency) -> Self {
        let wall_clock = concurrent == Concurrency::Yes || by_wall_clock(canary, stable);
        let (apart, noises) = Self::apart(canary, stable);
        let pairs = Pairs::of(canary, stable).filter(|_| concurrent != Concurrency::No);
        let Some(pairs) = pairs.map(Pairs::pulled_in) else {
            return Self { steady: false, ..apart };
        };
        let company = pairs.company();
        // Whether the two have something in common that cancels.
        let shared = company != Company::None || wall_clock && pairs.have_a_course_in_common();
        let mut noise = pairs.noise_of(&pairs.differences());
        if company == Company::Some && !wall_clock {
            // Halves of one run that were set to zero again and share a season move together too.
            // What a trend makes of the time between them is then no difference of revisions.
            let trend = rise(&pairs.canary).midpoint(rise(&pairs.stable)).powi(2);
            noise.parts = add(noise.parts, [0.0, 0.0, 0.0, trend]);
        } else if !shared && noise.variance() < noises.variance() {
            noise = noises;
        }
        let stable_mean = mean(&pairs.stable);
        let mut canary_mean = mean(&pairs.canary);
        if let Some((in_proportion, scaled)) = pairs.in_proportion(stable_mean, canary_mean)
            && wall_clock
            && shared
            && scaled.variance() < noise.variance()
        {
            (canary_mean, noise) = (in_proportion, scaled);
        }
        let pairing = pairing(wall_clock, company);
        Self {
            pairing,
            steady: pairing == Pairing::Concurrent && (shared || wall_clock && apart.steady),
            canary_mean,
            stable_mean,
            noise,
            rows: count(pairs.canary.len()),
            ..apart
        }
    }

    /// Each arm on its own, and the noise of the difference without what a gap adds to it.
    fn apart(canary: &Arm, stable: &Arm) -> (Self, Noise) {
        let (all_ours, all_theirs) = (canary.values(), stable.values());
        let (ours, theirs) = (pulled_in(&all_ours, REACH), pulled_in(&all_theirs, REACH));
        let (our_noise, their_noise) = (noise_of(&ours), noise_of(&theirs));
        let gap = gap(canary, stable);
        let swing = |values: &[f64]| variance(&pulled_in(values, SWING_REACH));
        let (our_swing, their_swing) = (swing(&all_ours), swing(&all_theirs));
        let comparison = Self {
            pairing: Pairing::Apart,
            steady: 2.0 * white(their_noise) >= their_noise.variance(),
            canary_mean: mean(&ours),
            stable_mean: mean(&theirs),
            noise: of_both(our_noise.across(gap), their_noise.across(gap)),
            rows: 2.0 / (1.0 / count(ours.len()) + 1.0 / count(theirs.len())),
            stable_swing: their_swing.sqrt(),
            swing: our_swing.midpoint(their_swing).sqrt(),
            canary_effective: effective(&ours, our_noise),
            stable_effective: effective(&theirs, their_noise),
        };
        (comparison, of_both(our_noise, their_noise))
    }

    /// The standard error and its degrees of freedom, steadied by what metrics usually do: the
    /// variances are averaged by their degrees of freedom (Smyth 2004, eq. 3.2). For a metric that
    /// is more restless than usual, what others do counts for as much less.
    fn standard_error(&self) -> (f64, f64) {
        let level = self.canary_mean.abs().midpoint(self.stable_mean.abs());
        let usual = if self.pairing == Pairing::Concurrent {
            (USUAL_APART * level).powi(2)
        } else {
            (USUAL_DRIFT * level).powi(2)
                + self.swing.powi(2) * (USUAL_SWING.powi(2) + 2.0 / self.rows)
        };
        let own = self.noise.variance();
        let trust = if own > usual { USUAL_FREEDOM * (usual / own).sqrt() } else { USUAL_FREEDOM };
        let freedom = self.noise.freedom + trust;
        (((self.noise.freedom * own + trust * usual) / freedom).sqrt(), freedom)
    }

    fn margin(&self, settings: &IntervalSettings, unit: f64) -> f64 {
        let share = match self.pairing {
            Pairing::Concurrent => settings.margin,
            Pairing::SeeminglyConcurrent | Pairing::Apart => settings.margin_apart,
        };
        (share * self.stable_mean.abs())
            .max(SWING_MARGIN * self.stable_swing)
            .max(settings.absolute_margin.unwrap_or(0.0) / unit)
    }
}

fn add<const N: usize>(one: [f64; N], other: [f64; N]) -> [f64; N] {
    let mut sum = one;
    for (sum, other) in sum.iter_mut().zip(other) {
        *sum += other;
    }
    sum
}

/// The noise of a difference of two stretches of one run: twice that of the more restless one.
///
/// If both do the same, each has half of it. If one was quiet and the other was not, then the metric
/// has quiet times and others, and which of them an arm met is noise of its own, that neither shows.
fn of_both(one: Noise, other: Noise) -> Noise {
    let larger = if one.variance() > other.variance() { one } else { other };
    Noise { parts: larger.parts.map(|part| 2.0 * part), ..larger }
}

fn effective(values: &[f64], noise: Noise) -> f64 {
    let rows = count(values.len());
    let effective = variance(values) / noise.variance();
    if effective.is_finite() { effective.clamp(1.0, rows) } else { rows }
}

impl IntervalEvidence {
    fn without_rows(canary: &Arm, stable: &Arm, settings: &IntervalSettings) -> Self {
        let mean_of = |arm: &Arm| match arm.samples.len() {
            0 => f64::NAN,
            _ => mean(&arm.values()),
        };
        let (canary_mean, stable_mean) = (mean_of(canary), mean_of(stable));
        Self {
            verdict: Verdict::Inconclusive { needs: None },
            reason: IntervalReason::TooFewRows,
            pairing: Pairing::Apart,
            direction: settings.direction,
            reading: settings.reading,
            canary_mean,
            stable_mean,
            difference: canary_mean - stable_mean,
            lo: f64::NEG_INFINITY,
            hi: f64::INFINITY,
            margin: 0.0,
            canary_rows: canary.samples.len(),
            stable_rows: stable.samples.len(),
            canary_effective: count(canary.samples.len()),
            stable_effective: count(stable.samples.len()),
            missing: canary.missing + stable.missing,
            log_evidence: 0.0,
            log_bar: -settings.alpha.ln(),
            last_rows: None,
        }
    }

    /// Weighs rows that have a share of alpha: `ln` of its inverse.
    pub(super) fn weigh(
        &mut self,
        comparison: &Comparison,
        settings: &IntervalSettings,
        unit: f64,
        share: f64,
    ) {
        let (error, freedom) = comparison.standard_error();
        let margin = comparison.margin(settings, unit);
        let difference = comparison.canary_mean - comparison.stable_mean;
        let bar = Bar { rows: comparison.rows, freedom };
        let half = if error > 0.0 { bar.reach(self.log_bar + share) * error } else { 0.0 };
        let excess = (settings.direction.harm(difference) - margin).max(0.0);
        self.pairing = comparison.pairing;
        self.canary_mean = comparison.canary_mean * unit;
        self.stable_mean = comparison.stable_mean * unit;
        self.difference = difference * unit;
        self.lo = (difference - half) * unit;
        self.hi = (difference + half) * unit;
        self.margin = margin * unit;
        self.canary_effective = comparison.canary_effective;
        self.stable_effective = comparison.stable_effective;
        let found = if excess > 0.0 { bar.log_evidence(excess / error) - share } else { 0.0 };
        self.log_evidence = found.max(0.0);
        self.decide(half * unit, comparison.noise);
    }

    /// The verdict, given half of the confidence sequence's width.
    fn decide(&mut self, half: f64, noise: Noise) {
        let harm = self.direction.harm(self.difference);
        (self.verdict, self.reason) = if self.log_evidence >= self.log_bar {
            (Verdict::Worse, IntervalReason::BeyondMargin)
        } else if harm + half <= self.margin {
            (Verdict::NoWorse, IntervalReason::WithinMargin)
        } else if 2.0 * white(noise) < noise.variance() {
            (Verdict::Inconclusive { needs: None }, IntervalReason::Drift)
        } else {
            let needs = self.rows_needed(half / (self.margin - harm));
            (Verdict::Inconclusive { needs }, IntervalReason::TooFewYet)
        };
    }

    /// More rows of the canary until the width has shrunk to what is left to the margin: it shrinks
    /// with the root of the rows.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "bounded by the condition"
    )]
    fn rows_needed(&self, times: f64) -> Option<u64> {
        let rows = (count(self.canary_rows) * (times.powi(2) - 1.0)).ceil();
        (times > 1.0 && rows < 1e15).then_some(rows as u64)
    }
}

fn white(noise: Noise) -> f64 {
    let [white, ..] = noise.parts;
    white
}
