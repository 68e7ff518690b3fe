use serde::{Deserialize, Serialize};

use crate::evidence::Verdict;
use crate::mixture::Mixture;
use crate::needs;

/// Events of one stretch of time in both arms, such as restarts or error lines of a log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EventCounts {
    /// Events of the canary.
    pub canary: u64,
    /// Events of the stable revision.
    pub stable: u64,
    /// What the canary's events came from: seconds, replica-seconds or requests.
    pub canary_exposure: f64,
    /// The stable revision's, in the same unit.
    pub stable_exposure: f64,
}

/// How rates of events are compared.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RateSettings {
    /// P(ever a false alarm). Default 0.01.
    pub alpha: f64,
    /// The ratio of the canary's rate to the stable revision's that is still accepted. Default 1.25.
    pub margin: f64,
}

impl Default for RateSettings {
    fn default() -> Self {
        Self { alpha: 0.01, margin: 1.25 }
    }
}

/// What the comparison of two streams of events has come to.
///
/// Given that an event happened in a stretch, it was the canary's with the probability
/// `rho = m x_c / (x_s + m x_c)`, for exposures `x` and a ratio of the rates `m`, however the rate
/// of both changes in time (Lindon & Malek 2022, "Anytime-valid inference for multinomial count
/// data"). The evidence against a ratio of at most the margin is the mixture over ratios `theta`
/// times the margin of `prod theta^y / (1 + rho (theta - 1))^k`, for `y` of `k` events; that for
/// *no worse* is the same with the null and the alternative exchanged.
///
/// Restarts come in loops and error lines in bursts. Each factor is raised to `1 / d`, where `d >= 1`
/// is how much more the canary's part of the events has scattered so far than independent events
/// would, or the stable revision's events from one stretch to the next, whichever is more. The
/// stretch itself counts, so that a first burst is no evidence of anything but bursts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RateEvidence {
    settings: RateSettings,
    /// What it comes to. `needs` counts events of both arms.
    pub verdict: Verdict,
    /// Events and exposure so far.
    pub sum: EventCounts,
    /// `ln` of the e-value against "the rate is at most the margin times the stable one".
    pub log_evidence: f64,
    /// `ln` of the e-value against "it is more".
    pub log_no_worse: f64,
    /// `ln(1 / alpha)`.
    pub log_bar: f64,
    /// How many times as much as independent events the canary's part scatters, 1 or more.
    pub dispersion: f64,
    worse: Mixture,
    no_worse: Mixture,
    /// Sums over stretches of squared residuals and of what independent events would make of them.
    squares: f64,
    variances: f64,
    /// The canary's events at equal rates.
    expected: f64,
    /// The same of what the stable revision's events differ by from one stretch to the next.
    steps: f64,
    step_variances: f64,
    /// The stable revision's events and exposure in the last stretch.
    last: Option<(f64, f64)>,
}

/// Ratios beyond the margin that are bet on, alike.
const RATIOS: [f64; 8] = [1.3, 1.7, 2.2, 3.0, 5.0, 10.0, 30.0, 100.0];

/// Events of the canary that count as seen, at equal rates: a first clump makes no ratio.
const EQUAL: f64 = 5.0;

/// Variance that counts as seen, as independent as it should be, before any stretch is over.
const PRIOR: f64 = 1.0;

impl RateEvidence {
    /// Nothing seen yet.
    pub fn new(settings: RateSettings) -> Self {
        let weights = [1.0 / f64::from(u32::try_from(RATIOS.len()).unwrap_or(1)); RATIOS.len()];
        let mut evidence = Self {
            settings,
            verdict: Verdict::default(),
            sum: EventCounts::default(),
            log_evidence: 0.0,
            log_no_worse: 0.0,
            log_bar: -settings.alpha.ln(),
            dispersion: 1.0,
            worse: Mixture::default(),
            no_worse: Mixture::default(),
            squares: 0.0,
            variances: 0.0,
            expected: 0.0,
            steps: 0.0,
            step_variances: 0.0,
            last: None,
        };
        evidence.worse.bet(1.0, weights.into_iter());
        evidence.no_worse.bet(1.0, weights.into_iter());
        evidence
    }

    /// Takes a stretch into account and judges anew. A stretch in which an arm had no exposure
    /// compares nothing; an exposure that is not a number counts as none.
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
    pub fn add(&mut self, stretch: &EventCounts) {
        let (ours, theirs) = (exposure(stretch.canary_exposure), exposure(stretch.stable_exposure));
        if ours == 0.0 || theirs == 0.0 {
            return;
        }
        let (hits, events) = (stretch.canary as f64, (stretch.canary + stretch.stable) as f64);
        let at_margin = self.settings.margin * ours / (theirs + self.settings.margin * ours);
        self.count(stretch, ours, theirs);
        self.scatter(hits, events, ours / theirs);
        self.step(events - hits, theirs);
        let temper = 1.0 / self.dispersion;
        let factor = |theta: f64| {
            temper * (hits * theta.ln() - events * (at_margin * (theta - 1.0)).ln_1p())
        };
        self.worse.multiply(RATIOS.iter().map(|theta| factor(*theta)));
        self.no_worse.multiply(RATIOS.iter().map(|theta| factor(theta.recip())));
        self.decide(at_margin);
    }

    fn count(&mut self, stretch: &EventCounts, ours: f64, theirs: f64) {
        self.sum.canary += stretch.canary;
        self.sum.stable += stretch.stable;
        self.sum.canary_exposure += ours;
        self.sum.stable_exposure += theirs;
    }

    /// Learns how the canary's part of the events scatters about the ratio seen so far.
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
    fn scatter(&mut self, hits: f64, events: f64, exposures: f64) {
        self.expected += events * exposures / (1.0 + exposures);
        let ratio = (self.sum.canary as f64 + EQUAL) / (self.expected + EQUAL);
        let share = ratio * exposures / (1.0 + ratio * exposures);
        self.squares += (hits - events * share).powi(2);
        self.variances += events * share * (1.0 - share);
    }

    /// Learns how the stable revision's events differ from those of the stretch before, at a rate
    /// that changes slowly (von Neumann 1941).
    fn step(&mut self, events: f64, exposure: f64) {
        if let Some((before, exposed)) = self.last.replace((events, exposure)) {
            let share = exposure / (exposure + exposed);
            self.steps += (events - (events + before) * share).powi(2);
            self.step_variances += (events + before) * share * (1.0 - share);
        }
        let effect = |squares: f64, variances: f64| (squares + PRIOR) / (variances + PRIOR);
        let own = effect(self.squares, self.variances);
        self.dispersion = own.max(effect(self.steps, self.step_variances)).max(1.0);
    }

    fn decide(&mut self, at_margin: f64) {
        self.log_evidence = self.worse.log_evidence();
        self.log_no_worse = self.no_worse.log_evidence();
        self.verdict = if self.log_evidence >= self.log_bar {
            Verdict::Worse
        } else if self.log_no_worse >= self.log_bar {
            Verdict::NoWorse
        } else {
            let margin = self.settings.margin;
            let equal = at_margin / (at_margin + (1.0 - at_margin) * margin);
            let gain = needs::divergence(equal, at_margin) / self.dispersion;
            Verdict::Inconclusive { needs: needs::requests(self.log_bar - self.log_no_worse, gain) }
        };
    }
}

fn exposure(told: f64) -> f64 {
    if told.is_finite() { told.max(0.0) } else { 0.0 }
}
