use std::{fmt, time::Duration};

use crate::JudgeSettings;
use crate::design::Planned;
use crate::errors::ACCEPTED_RATE;
use crate::evidence::{ArmSum, JudgeEvidence, TestEvidence, TestUnit, Verdict};
use crate::interval::Short;
use crate::needs;

/// Where what was recorded is judged to its end, evidence of so many bars stays whatever comes after.
const STAYS: f64 = 3.0;

/// Brings what is shown, and the verdicts, up to what was scored.
pub(crate) fn settle(evidence: &mut JudgeEvidence, settings: &JudgeSettings) {
    let JudgeEvidence { tests, canary, stable, progress, .. } = evidence;
    let of_canary = share(canary.requests, canary.requests + stable.requests).unwrap_or(0.5);
    let mut tests = tests.iter_mut();
    if let Some(test) = tests.next() {
        (test.canary_count, test.stable_count) = (canary.requests, stable.requests);
        test.canary = share(canary.errors, canary.requests);
        test.stable = share(stable.errors, stable.requests);
        test.decide(error_gain(canary, stable, settings.error_odds_margin));
    }
    let (of_canary_latency, of_stable_latency) = (canary.latency.summed(), stable.latency.summed());
    let counts = (of_canary_latency.count(), of_stable_latency.count());
    let aims = settings.quantiles.iter().zip(&progress.thresholds);
    for (test, (p, threshold)) in tests.zip(aims) {
        (test.canary_count, test.stable_count) = counts;
        test.canary = of_canary_latency.quantile(*p).map(|micros| micros / 1e3);
        test.stable = of_stable_latency.quantile(*p).map(|micros| micros / 1e3);
        let gain = threshold.as_ref().map_or(0.0, |threshold| threshold.gain);
        test.decide((1.0 - of_canary) * gain);
    }
    evidence.verdict = Verdict::of_all(evidence.tests.iter().map(|test| test.verdict));
}

/// What a request of the canary brings to the proof that it has no more errors, in nats, if it is
/// as good as the stable revision.
fn error_gain(canary: &ArmSum, stable: &ArmSum, margin: f64) -> f64 {
    let all = canary.requests + stable.requests;
    let of_canary = share(canary.requests, all).unwrap_or(0.5);
    let failing = share(canary.errors + stable.errors, all).unwrap_or(0.0);
    let bet = margin * of_canary / (1.0 - of_canary + margin * of_canary);
    let by_odds = failing / of_canary * needs::divergence(of_canary, bet);
    let by_rate =
        if failing < ACCEPTED_RATE { needs::divergence(failing, ACCEPTED_RATE) } else { 0.0 };
    by_odds.max(by_rate)
}

impl TestEvidence {
    /// A value of the test with its unit, such as `1.4 %`, `12.5 ms` or `0.0412`.
    pub fn shown(&self, value: Option<f64>) -> String {
        Value(value, self.unit).to_string()
    }

    /// The verdict from the evidence; `gain` is what a request of the canary brings, in nats, to
    /// the proof that it is no worse.
    fn decide(&mut self, gain: f64) {
        self.log_evidence = self.worse.log_evidence();
        self.log_no_worse = self.no_worse.log_evidence();
        self.peak = self.peak.max(self.log_evidence);
        if self.peak >= STAYS * self.log_bar {
            self.log_evidence = self.peak;
        }
        let planned = self.planned.as_deref();
        let shown = |side: fn(&Planned) -> bool| planned.is_some_and(side);
        self.verdict = if self.log_evidence >= self.log_bar || shown(Planned::shows_worse) {
            Verdict::Worse
        } else if self.log_no_worse >= self.log_bar || shown(Planned::shows_no_worse) {
            Verdict::NoWorse
        } else {
            let gain = gain * self.dispersion.exponent();
            let needs = needs::requests(self.log_bar - self.log_no_worse, gain);
            let left = planned.map(Planned::left).filter(|left| *left > 0);
            Verdict::Inconclusive { needs: left.into_iter().chain(needs).min() }
        };
    }
}

impl Verdict {
    /// Of all tests: worse if one is, no worse if all are, else the longest wait.
    pub(crate) fn of_all(verdicts: impl Iterator<Item = Self>) -> Self {
        let mut all = Self::NoWorse;
        for verdict in verdicts {
            all = match (all, verdict) {
                (Self::Worse, _) | (_, Self::Worse) => Self::Worse,
                (Self::NoWorse, other) | (other, Self::NoWorse) => other,
                (Self::Inconclusive { needs: one }, Self::Inconclusive { needs: other }) => {
                    let needs = one.zip(other).map(|(one, other)| one.max(other));
                    Self::Inconclusive { needs }
                }
            };
        }
        all
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
fn share(part: u64, of: u64) -> Option<f64> {
    (of > 0).then(|| part as f64 / of as f64)
}

impl fmt::Display for JudgeEvidence {
    /// The tests that decided, or the one that is nearest to it, in one sentence.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let distance = |test: &TestEvidence| test.log_bar - test.log_evidence;
        let seen = self.tests.iter().filter(|test| test.canary_count > 0);
        let nearest = seen.min_by(|one, other| distance(one).total_cmp(&distance(other)));
        match (nearest, self.verdict) {
            (None, _) if self.looked_at.is_none() => f.write_str("nothing was seen yet"),
            (Some(test), Verdict::Worse) => test.fmt(f),
            (None, _) => f.write_str(
                "no request of the canary beside one of the stable revision was seen yet",
            ),
            (Some(_), Verdict::NoWorse) => write!(
                f,
                "no worse than the margin in {} requests of the canary",
                self.canary.requests
            ),
            (Some(test), Verdict::Inconclusive { needs }) => {
                test.fmt(f)?;
                match needs {
                    Some(needs) => write!(
                        f,
                        "; about {needs} more requests{} show it to be no worse",
                        Wait(self.wait())
                    ),
                    None => Ok(()),
                }
            }
        }?;
        if self.split.is_mismatch() { write!(f, "; {}", self.split) } else { Ok(()) }
    }
}

/// From here on the canary gets too few requests to be judged by.
const TOO_LONG: Duration = Duration::from_hours(24);

/// How long it is until so many requests have come.
struct Wait(Option<Duration>);

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(wait) = self.0 else { return Ok(()) };
        let seconds = wait.as_secs_f64();
        match seconds {
            ..=90.0 => write!(f, " ({seconds:.0} s at this weight)"),
            ..=5_400.0 => write!(f, " ({:.0} min at this weight)", seconds / 60.0),
            _ if wait < TOO_LONG => write!(f, " ({:.0} h at this weight)", seconds / 3_600.0),
            _ => write!(
                f,
                " ({:.0} days at this weight: it gets too few to be judged by)",
                seconds / 86_400.0
            ),
        }
    }
}

impl fmt::Display for TestEvidence {
    /// Such as `errors: canary 48.1 % of 104, stable 0.0 % of 1976; evidence 1 : 81000 (needs
    /// 1 : 200)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: canary {} of {}, stable {} of {}; evidence {} (needs {})",
            self.name,
            Value(self.canary, self.unit),
            self.canary_count,
            Value(self.stable, self.unit),
            self.stable_count,
            Odds(self.log_evidence),
            Odds(self.log_bar),
        )?;
        self.planned.as_ref().map_or(Ok(()), |planned| planned.fmt(f))
    }
}

/// A test's value with its unit.
struct Value(Option<f64>, TestUnit);

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self(None, _) => f.write_str("unknown"),
            Self(Some(share), TestUnit::Share) if *share > 0.0 && *share < 0.001 => {
                write!(f, "{:.3} %", share * 100.0)
            }
            Self(Some(share), TestUnit::Share) => write!(f, "{:.1} %", share * 100.0),
            Self(Some(ms), TestUnit::Milliseconds) if *ms < 10.0 => write!(f, "{ms:.2} ms"),
            Self(Some(ms), TestUnit::Milliseconds) => write!(f, "{ms:.1} ms"),
            Self(Some(value), TestUnit::Value) => Short(*value).fmt(f),
        }
    }
}

/// Evidence as odds, from its natural logarithm; two digits, and a power of ten from a million on.
pub(crate) struct Odds(pub(crate) f64);

impl fmt::Display for Odds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let power = self.0 / std::f64::consts::LN_10;
        if power >= 6.0 {
            return write!(f, "1 : 10^{}", power.floor());
        }
        let odds = self.0.exp();
        if odds < 1.0 {
            return f.write_str("none");
        }
        let step = 10_f64.powf((power.floor() - 1.0).max(0.0));
        write!(f, "1 : {}", (odds / step).round() * step)
    }
}
