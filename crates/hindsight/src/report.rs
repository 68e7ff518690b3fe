use serde::{Serialize, Serializer};
use tidegate_judge::{Direction, IntervalEvidence, Season, Verdict};
use tidegate_units::Timestamp;

/// What a comparison of recordings came to.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Over all metrics: worse if one is, no worse if all are.
    pub verdict: Word,
    /// Why, in one sentence.
    pub reason: String,
    /// What the rows were.
    pub shape: Shape,
    /// How the two were set against each other.
    pub comparison: Comparison,
    /// The probability of calling a canary worse that is not, over all metrics and looks.
    pub alpha: f64,
    /// When *worse* was shown, by the recording's clock.
    pub decided_at: Option<Moment>,
    /// About how much more it would take to show that the canary is no worse.
    pub needs: Option<Needs>,
    /// What was judged.
    pub canary: Recorded,
    /// What it was compared with.
    pub stable: Recorded,
    /// Each metric.
    pub metrics: Vec<MetricReport>,
    /// What was left out, or taken for granted.
    pub notes: Vec<String>,
}

/// A verdict in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Word {
    /// Shown to be no worse than the margin.
    NoWorse,
    /// Shown to be worse than the margin.
    Worse,
    /// Neither.
    Inconclusive,
}

/// What a row of a recording was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// A request.
    Requests,
    /// What was measured in an interval.
    Intervals,
}

/// How two recordings were set against each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Comparison {
    /// Second by second, or interval by interval: both ran at the same time.
    Concurrent,
    /// The same, but nothing shows that they did: their clocks begin at zero.
    SeeminglyConcurrent,
    /// As a whole: they did not run at the same time.
    Apart,
    /// Each metric of the canary with its own past.
    History,
}

/// What one recording holds.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Recorded {
    /// Requests, the cancelled left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requests: Option<u64>,
    /// Those of them that failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub errors: Option<u64>,
    /// The first moment that counts.
    pub from: Option<Moment>,
    /// The last.
    pub to: Option<Moment>,
}

/// A moment of a recording in microseconds, written as a time where its clock is one, else as seconds
/// since its zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(pub i64);

/// From here on, in microseconds, a clock is taken for one that shows the time: March 1973. No
/// recording is that long.
const WALL_CLOCK_MICROS: i64 = 100_000_000_000_000;

/// How much more is needed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Needs {
    /// Requests, or rows, of the canary.
    pub of_canary: u64,
    /// In so many seconds, at the pace of late.
    pub seconds: Option<u64>,
}

/// What one metric came to.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MetricReport {
    /// Its name.
    pub name: String,
    /// `share`, `ms`, or none where the recording does not tell.
    pub unit: Option<&'static str>,
    /// Which change counts as harm.
    pub direction: Direction,
    /// What it came to.
    pub verdict: Word,
    /// Why, in one sentence.
    pub reason: String,
    /// The canary's value.
    pub canary: Option<f64>,
    /// The stable revision's, or what the past led to expect.
    pub stable: Option<f64>,
    /// Where the canary's value lies, with the confidence `1 - 1 / bar` at every look; an end is none
    /// where nothing bounds it. None where the values are not what is compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub canary_interval: Option<[Option<f64>; 2]>,
    /// Where the stable revision's lies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stable_interval: Option<[Option<f64>; 2]>,
    /// The canary's requests or rows that count.
    pub canary_count: u64,
    /// The stable revision's.
    pub stable_count: u64,
    /// By how much of the stable revision's value the canary's is larger; none where that is zero.
    pub change: Option<f64>,
    /// Where the change lies, at every look with confidence `1 - 1 / bar`; an end is none where
    /// nothing bounds it.
    pub interval: Option<[Option<f64>; 2]>,
    /// The odds that the canary is worse than the margin; at most 1e300.
    pub evidence: f64,
    /// The odds that it takes: `1 / alpha` of this metric.
    pub bar: f64,
    /// `ln` of the evidence.
    pub log_evidence: f64,
    /// `ln` of the bar.
    pub log_bar: f64,
    /// About how many more requests or rows of the canary would show that it is no worse.
    pub needs: Option<u64>,
    /// The past that it was compared with; none where that was the stable revision.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub past: Option<Past>,
}

/// How much was known of a metric's past.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Past {
    /// What of it returns, and was taken out.
    pub season: Season,
    /// Its rows before the canary's first.
    pub rows: u64,
    /// Stretches of it that are as long as the canary's time; with fewer than four nothing is shown.
    pub stretches: u64,
}

impl MetricReport {
    /// Of a metric with a value in each interval.
    pub(crate) fn of_interval(
        name: String,
        unit: Option<&'static str>,
        evidence: &IntervalEvidence,
    ) -> Self {
        let stable = finite(evidence.stable_mean);
        let relative = |difference: f64| {
            stable
                .filter(|stable| *stable != 0.0)
                .and_then(|stable| finite(difference / stable.abs()))
        };
        let interval = [relative(evidence.lo), relative(evidence.hi)];
        let needs = match evidence.verdict {
            Verdict::Inconclusive { needs } => needs,
            Verdict::Worse | Verdict::NoWorse => None,
        };
        Self {
            name,
            unit,
            direction: evidence.direction,
            verdict: Word::of(evidence.verdict),
            reason: evidence.to_string(),
            canary: finite(evidence.canary_mean),
            stable,
            canary_count: evidence.canary_rows as u64,
            stable_count: evidence.stable_rows as u64,
            change: relative(evidence.difference),
            interval: interval.iter().any(Option::is_some).then_some(interval),
            evidence: odds(evidence.log_evidence),
            bar: odds(evidence.log_bar),
            log_evidence: evidence.log_evidence.min(1e6),
            log_bar: evidence.log_bar,
            needs,
            past: None,
            canary_interval: None,
            stable_interval: None,
        }
    }
}

impl Word {
    /// The word of a verdict.
    pub fn of(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Worse => Self::Worse,
            Verdict::NoWorse => Self::NoWorse,
            Verdict::Inconclusive { .. } => Self::Inconclusive,
        }
    }

    /// Worse if one is, no worse if all are, inconclusive if there is none.
    pub(crate) fn of_all(words: impl Iterator<Item = Self>) -> Self {
        let mut all = None;
        for word in words {
            all = Some(match (all, word) {
                (Some(Self::Worse), _) | (_, Self::Worse) => Self::Worse,
                (None | Some(Self::NoWorse), Self::NoWorse) => Self::NoWorse,
                _ => Self::Inconclusive,
            });
        }
        all.unwrap_or(Self::Inconclusive)
    }

    /// The words for people.
    pub fn words(self) -> &'static str {
        match self {
            Self::NoWorse => "no worse",
            Self::Worse => "worse",
            Self::Inconclusive => "inconclusive",
        }
    }
}

impl Moment {
    /// Whether it is of a clock that shows the time.
    pub fn is_of_wall_clock(self) -> bool {
        self.0 >= WALL_CLOCK_MICROS
    }

    /// Seconds since the epoch, or the recording's zero.
    #[expect(clippy::cast_precision_loss, reason = "microseconds are plenty")]
    pub fn seconds(self) -> f64 {
        self.0 as f64 / 1e6
    }
}

impl std::fmt::Display for Moment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.is_of_wall_clock() {
            return Timestamp::from_millis(self.0.div_euclid(1_000)).fmt(f);
        }
        write!(f, "{} s", self.seconds())
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.is_of_wall_clock() {
            return serializer.collect_str(self);
        }
        serializer.serialize_f64(self.seconds())
    }
}

/// Odds from their natural logarithm, as large as a number of JSON can well be.
pub(crate) fn odds(log: f64) -> f64 {
    log.exp().min(1e300)
}

/// A number that JSON can hold.
pub(crate) fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}
