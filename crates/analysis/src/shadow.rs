//! What the answers of a shadowed revision differ in, as a metric.

use std::fmt;

use serde_json::json;
use tidegate_condition::Value;
use tidegate_traffic::Compared;

use crate::{
    Answer, FieldEvidence, MeasurementView, Metric, MetricView, RunObservation, RunPhase,
    ShadowSettings, errand::measured, measure::judge_value, plan::Moment, weigh,
};

/// What a comparison of answers has come to.
#[derive(Clone, Debug, PartialEq)]
pub struct ShadowFinding {
    /// In one word.
    pub verdict: ShadowVerdict,
    /// Every field in which any of the answers differed, the one first that is nearest to being shown
    /// to differ by the revision.
    pub fields: Vec<FieldEvidence>,
    /// Requests whose answers were compared.
    pub compared: u64,
    /// How many would have to be.
    pub least: u64,
    /// Whether it began anew with the router: what was compared before is lost.
    pub resumed: bool,
}

/// What a comparison of answers comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShadowVerdict {
    /// The new revision is shown to answer differently.
    Different,
    /// No difference was found in enough comparisons.
    Alike,
    /// Too little was compared.
    Undecided,
}

impl ShadowVerdict {
    /// The word for it in a measurement.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Different => "different",
            Self::Alike => "alike",
            Self::Undecided => "undecided",
        }
    }

    const fn phase(self) -> RunPhase {
        match self {
            Self::Different => RunPhase::Failed,
            Self::Alike => RunPhase::Successful,
            Self::Undecided => RunPhase::Inconclusive,
        }
    }
}

impl ShadowFinding {
    /// What the counts come to.
    pub fn new(compared: &Compared, settings: &ShadowSettings) -> Self {
        let fields = weigh(&compared.counts, settings.alpha);
        let verdict = if fields.iter().any(FieldEvidence::differs) {
            ShadowVerdict::Different
        } else if compared.counts.compared >= settings.least {
            ShadowVerdict::Alike
        } else {
            ShadowVerdict::Undecided
        };
        Self {
            verdict,
            fields,
            compared: compared.counts.compared,
            least: settings.least,
            resumed: compared.resumed,
        }
    }

    /// The fields that are shown to differ.
    pub fn differences(&self) -> impl Iterator<Item = &FieldEvidence> {
        self.fields.iter().filter(|field| field.differs())
    }

    /// The `result` of a condition.
    fn value(&self, compared: &Compared) -> serde_json::Value {
        let millis = |place: usize, p: f64| {
            let histogram = compared.latency.get(place);
            histogram.and_then(|it| it.quantile(p)).map(|micros| micros / 1e3)
        };
        let worst = self.fields.first();
        json!({
            "verdict": self.verdict.word(),
            "compared": self.compared,
            "differing": compared.counts.differing,
            "noisy": compared.counts.noisy,
            "dropped": compared.dropped,
            "differences": self.differences().count(),
            "worst": worst.map_or("", |field| field.field.as_str()),
            // JSON has no larger numbers.
            "eValue": worst.map_or(1.0, |field| field.log_evidence.min(700.0).exp()),
            "p50": millis(0, 0.5),
            "p99": millis(0, 0.99),
            "stableP50": millis(1, 0.5),
            "stableP99": millis(1, 0.99),
            "resumed": self.resumed,
        })
    }
}

/// A result such as conditions are asked about.
pub fn example_finding() -> Value {
    let mut compared = Compared::default();
    for histogram in &mut compared.latency {
        histogram.record(1_000);
    }
    let finding = ShadowFinding::new(&compared, &ShadowSettings::default());
    Value::from(&finding.value(&compared))
}

impl fmt::Display for ShadowFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.verdict, self.fields.first()) {
            (ShadowVerdict::Different, Some(worst)) => {
                write!(f, "{worst}")?;
                let others: Vec<_> =
                    self.differences().skip(1).take(3).map(|it| &*it.field).collect();
                if !others.is_empty() {
                    write!(f, "; also {}", others.join(", "))?;
                }
            }
            (ShadowVerdict::Undecided, _) => {
                let Self { compared, least, .. } = self;
                write!(f, "{compared} requests were compared, {least} are needed")?;
            }
            _ => write!(f, "no difference in {} requests that were compared", self.compared)?,
        }
        if self.resumed {
            f.write_str("; the router was started anew, what was compared before is lost")?;
        }
        Ok(())
    }
}

/// Looks at the comparison. It makes a measurement when one is due, which waits for enough
/// comparisons; and, where no condition is written, at the moment that a difference is shown.
pub(crate) fn look(
    metric: &Metric,
    settings: &ShadowSettings,
    view: &mut MetricView,
    seen: &RunObservation,
    moment: Moment,
) {
    let traffic = seen.traffic.as_ref();
    let compared = traffic.and_then(|traffic| traffic.canary.compared.as_deref());
    let finding = compared.map(|compared| ShadowFinding::new(compared, settings));
    let verdict = finding.as_ref().map_or(ShadowVerdict::Undecided, |finding| finding.verdict);
    let by_verdict = metric.success_condition.is_none() && metric.failure_condition.is_none();
    let shown = by_verdict && verdict == ShadowVerdict::Different && view.failed == 0;
    let due = view.due_at(metric, moment.started).filter(|due| *due <= moment.now);
    let waits = verdict == ShadowVerdict::Undecided
        && due.is_some_and(|due| moment.now < due.after(settings.wait));
    if !shown && (due.is_none() || waits) {
        return;
    }
    let times = (moment.now, moment.now);
    let measurement = match (traffic, compared.zip(finding)) {
        (None, _) => measured(metric, &Err("the router did not answer".to_owned()), times),
        (_, Some((compared, finding))) => measurement(metric, compared, &finding, times),
        (_, None) => {
            let problem = "no answers are compared: a step of the plugin tidegate/shadow begins it";
            let none = measured(metric, &Err(problem.to_owned()), times);
            // Nothing was asked in vain: too little was compared, namely nothing.
            let phase = if by_verdict { RunPhase::Inconclusive } else { none.phase };
            MeasurementView { phase, ..none }
        }
    };
    view.record(metric, measurement);
}

fn measurement(
    metric: &Metric,
    compared: &Compared,
    finding: &ShadowFinding,
    (started_at, finished_at): (tidegate_units::Timestamp, tidegate_units::Timestamp),
) -> MeasurementView {
    let json = finding.value(compared);
    let answer = Answer { value: Value::from(&json), shown: json.to_string(), ..Answer::default() };
    let (phase, problem) = judge_value(metric, &answer.value, finding.verdict.phase());
    let message = if problem.is_empty() { finding.to_string() } else { problem };
    let (value, metadata) = (answer.shown, answer.metadata);
    MeasurementView { phase, message, started_at, finished_at, value, metadata, again: None }
}
