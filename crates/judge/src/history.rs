//! A metric against its own past.

mod season;
mod sentence;
mod stretches;

pub use season::Season;

use serde::{Deserialize, Serialize};

use crate::evidence::Verdict;
use crate::interval::{
    Arm, Bar, Direction, IntervalReason, IntervalSettings, Sample, centre_and_spread, count, mean,
    pulled_in,
};
use season::Baseline;
use stretches::Stretches;

/// How far values may lie from what was expected, in spreads, before they are pulled in.
const REACH: f64 = 6.0;

/// A history shorter than this shows no ordinary fluctuation.
const FEWEST_ROWS: usize = 16;

/// What a metric did before, without its season.
///
/// The season is a median for each hour of the week if there are two weeks or more, for each hour of
/// the day if there are three days or more, else one level. Times are taken modulo a week or a day,
/// so what is scored has to be timed by the clock of the history.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct History {
    baseline: Baseline,
    /// What was left of each row, in the order of time, values far out pulled in.
    rests: Vec<f64>,
    /// The sizes of what was left, ordered, as they were.
    sizes: Vec<f64>,
    /// The usual time between two rows.
    spacing: f64,
    /// When the history ended.
    ended_at: f64,
    /// The spread of what was left: 1.4826 times the median absolute deviation.
    spread: f64,
}

/// What a comparison of a revision with a metric's own past has come to.
///
/// The mean over the canary's time, less its season, is set against the mean of the history just
/// before it, and that difference against the same difference at every earlier place of the history:
/// stretches as long as the canary's, each against what came before it. So it takes no model of the
/// noise, only that the history is as restless as the metric is now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HistoryEvidence {
    /// What it comes to. `needs` is none: what limits it is the history.
    pub verdict: Verdict,
    /// Why.
    pub reason: IntervalReason,
    /// The season that was taken out.
    pub season: Season,
    /// Which change counts as harmful.
    pub direction: Direction,
    /// The canary's mean; NaN without a value.
    pub canary_mean: f64,
    /// What the history led to expect over the same time.
    pub expected_mean: f64,
    /// The canary's mean less the expected one.
    pub difference: f64,
    /// The ends of the difference's confidence sequence.
    pub lo: f64,
    /// The upper end.
    pub hi: f64,
    /// The difference that is accepted.
    pub margin: f64,
    /// The canary's rows that have a value.
    pub canary_rows: usize,
    /// Stretches of the history that are as long as the canary's time.
    pub stretches: usize,
    /// `ln` of the evidence against "the difference is within the margin".
    pub log_evidence: f64,
    /// `ln(1 / alpha)`: the evidence that it takes.
    pub log_bar: f64,
}

impl History {
    /// Learns from samples in any order; what is not a finite number is left out. None of fewer than
    /// 16 rows.
    pub fn learn(samples: &[Sample]) -> Option<Self> {
        let arm = Arm::new(samples);
        if arm.samples.len() < FEWEST_ROWS {
            return None;
        }
        let baseline = Baseline::of(&arm);
        let rest = |row: &Sample| row.value - baseline.at(row.at);
        let rests: Vec<f64> = arm.samples.iter().map(rest).collect();
        let mut sizes: Vec<f64> = rests.iter().map(|rest| rest.abs()).collect();
        sizes.sort_by(f64::total_cmp);
        let (_, spread) = centre_and_spread(&rests);
        Some(Self {
            rests: pulled_in(&rests, REACH),
            sizes,
            spacing: arm.spacing(),
            ended_at: arm.span()?.1,
            spread,
            baseline,
        })
    }

    /// The season that was found.
    pub fn season(&self) -> Season {
        self.baseline.season()
    }

    /// How far a value is from what its time of the season leads to expect, in spreads; infinite if
    /// the history never differed and this one does.
    pub fn score(&self, sample: Sample) -> f64 {
        let rest = sample.value - self.baseline.at(sample.at);
        if rest == 0.0 { 0.0 } else { rest / self.spread }
    }

    /// The share of the history that was at least as far out: a conformal p-value (Vovk et al.
    /// 2005), `(1 + those) / (1 + all)`. It is one row's; neighbours are not independent.
    pub fn surprise(&self, sample: Sample) -> f64 {
        let size = (sample.value - self.baseline.at(sample.at)).abs();
        let nearer = self.sizes.partition_point(|other| *other < size);
        (1.0 + count(self.sizes.len() - nearer)) / (1.0 + count(self.sizes.len()))
    }

    /// Judges a canary that ran after the history, at any number of looks.
    pub fn verdict(&self, canary: &[Sample], settings: &IntervalSettings) -> HistoryEvidence {
        let canary = Arm::new(canary).without_first(settings.warm_up_s);
        let mut evidence = HistoryEvidence::nothing(&canary, self.season(), settings);
        let (Some(span), true) = (canary.span(), canary.samples.len() > 1) else {
            return evidence;
        };
        let rest = |row: &Sample| row.value - self.baseline.at(row.at);
        let rests: Vec<f64> = canary.samples.iter().map(rest).collect();
        let expected = mean(&canary.values()) - mean(&rests);
        let length = self.rows_of(span.1 - span.0 + canary.spacing());
        let gap = self.rows_of(span.0 - self.ended_at - self.spacing);
        let stretches = Stretches::of(&self.rests, length.max(1), gap);
        let settled = self.baseline.out_of_sample();
        evidence.weigh(&Weighed {
            rest: mean(&pulled_in(&rests, REACH)),
            expected,
            swing: self.spread,
            settled,
            stretches,
            margin_share: settings.margin_apart,
            absolute: settings.absolute_margin.unwrap_or(0.0),
        });
        evidence
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "no less than zero, and no more than the rows of the history"
    )]
    fn rows_of(&self, seconds: f64) -> usize {
        if self.spacing <= 0.0 {
            return 0;
        }
        (seconds / self.spacing).round().clamp(0.0, count(self.rests.len())) as usize
    }
}

/// What decides.
struct Weighed {
    /// The canary's mean without its season.
    rest: f64,
    /// The mean of its season.
    expected: f64,
    /// The ordinary fluctuation of a row.
    swing: f64,
    /// How much more variance a new season's row has than one that the season was learned from.
    settled: f64,
    stretches: Stretches,
    margin_share: f64,
    absolute: f64,
}

/// What metrics usually do from one time to the next, as a share of their level, and how many
/// degrees of freedom that knowledge is worth.
const USUAL_DRIFT: f64 = 0.03;
const USUAL_FREEDOM: f64 = 6.0;

/// The shift that is within a metric's ordinary fluctuation, in spreads of its rows.
const SWING_MARGIN: f64 = 0.25;

impl HistoryEvidence {
    fn nothing(canary: &Arm, season: Season, settings: &IntervalSettings) -> Self {
        let empty = canary.samples.is_empty();
        Self {
            verdict: Verdict::default(),
            reason: if empty { IntervalReason::CanaryEmpty } else { IntervalReason::TooFewRows },
            season,
            direction: settings.direction,
            canary_mean: if empty { f64::NAN } else { mean(&canary.values()) },
            expected_mean: f64::NAN,
            difference: f64::NAN,
            lo: f64::NEG_INFINITY,
            hi: f64::INFINITY,
            margin: 0.0,
            canary_rows: canary.samples.len(),
            stretches: 0,
            log_evidence: 0.0,
            log_bar: -settings.alpha.ln(),
        }
    }

    fn weigh(&mut self, weighed: &Weighed) {
        let stretches = &weighed.stretches;
        self.stretches = stretches.number;
        let expected = weighed.expected + stretches.before;
        self.expected_mean = expected;
        self.canary_mean = weighed.expected + weighed.rest;
        self.difference = self.canary_mean - expected;
        self.margin = (weighed.margin_share * expected.abs())
            .max(SWING_MARGIN * weighed.swing)
            .max(weighed.absolute);
        let known = stretches.freedom;
        let freedom = known + USUAL_FREEDOM;
        let usual = (USUAL_DRIFT * expected).powi(2);
        let variance = known * stretches.square * weighed.settled + USUAL_FREEDOM * usual;
        let error = (variance / freedom).sqrt();
        // The rows of the confidence sequence: it may be looked at after each.
        let bar = Bar { rows: count(self.canary_rows), freedom };
        let half = if error > 0.0 { bar.reach(self.log_bar) * error } else { 0.0 };
        (self.lo, self.hi) = (self.difference - half, self.difference + half);
        let excess = self.direction.harm(self.difference) - self.margin;
        if excess > 0.0 {
            self.log_evidence = bar.log_evidence(excess / error);
        }
        self.decide(half);
    }

    fn decide(&mut self, half: f64) {
        if self.stretches < stretches::FEWEST {
            self.reason = IntervalReason::TooFewRows;
        } else if self.log_evidence >= self.log_bar {
            (self.verdict, self.reason) = (Verdict::Worse, IntervalReason::BeyondMargin);
        } else if self.direction.harm(self.difference) + half <= self.margin {
            (self.verdict, self.reason) = (Verdict::NoWorse, IntervalReason::WithinMargin);
        } else {
            self.reason = IntervalReason::Drift;
        }
    }
}
