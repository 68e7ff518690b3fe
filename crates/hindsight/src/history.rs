//! Metrics against their own past.

use std::collections::BTreeMap;

use tidegate_judge::{
    History, HistoryEvidence, IntervalSettings, Reading, Sample, Season, as_levels,
};

use crate::{
    look::{Look, MetricLook},
    report::{MetricReport, Moment, Past, Word, finite, odds},
    series::{self, Metric},
};

/// A metric of the canary, and what its past has taught.
pub(crate) struct Remembered {
    name: String,
    unit: Option<&'static str>,
    canary: Vec<Sample>,
    /// The rows before the canary's first, and those that are not.
    rows: usize,
    left_out: usize,
    is_counter: bool,
    /// What was learned, or why nothing was.
    history: Result<History, String>,
    settings: IntervalSettings,
}

/// Fewer rows than this are no past; [`History::learn`] says so too.
const FEWEST_ROWS: usize = 16;

impl Remembered {
    /// Learns from the rows of `metric.stable` that are before the canary's first.
    pub(crate) fn of(
        metric: &Metric,
        unit: Option<&'static str>,
        settings: IntervalSettings,
    ) -> Self {
        let begin = metric.canary.iter().map(|row| row.at).fold(f64::INFINITY, f64::min);
        let (before, others): (Vec<Sample>, Vec<Sample>) =
            metric.stable.iter().partition(|row| row.at < begin);
        let ([canary, past], reading) = as_levels(&metric.canary, &before, settings.reading);
        Self {
            name: metric.name.clone(),
            unit,
            rows: past.len(),
            left_out: others.len(),
            is_counter: reading == Reading::Counter,
            history: learn(&past, begin, others.len()),
            canary,
            settings,
        }
    }

    fn evidence(&self, canary: &[Sample]) -> Option<HistoryEvidence> {
        Some(self.history.as_ref().ok()?.verdict(canary, &self.settings))
    }

    fn past(&self, evidence: Option<&HistoryEvidence>) -> Past {
        Past {
            season: self.history.as_ref().map_or(Season::None, History::season),
            rows: self.rows as u64,
            stretches: evidence.map_or(0, |evidence| evidence.stretches) as u64,
        }
    }

    /// What it came to.
    pub(crate) fn report(&self) -> MetricReport {
        let evidence = self.evidence(&self.canary);
        let past = self.past(evidence.as_ref());
        let reason = match (&evidence, &self.history) {
            (Some(evidence), _) => evidence.to_string(),
            (None, Err(why)) => why.clone(),
            (None, Ok(_)) => String::new(),
        };
        let known = evidence.as_ref();
        let expected = known.and_then(|known| finite(known.expected_mean));
        let relative = |difference: f64| {
            let level = expected.filter(|expected| *expected != 0.0)?;
            finite(difference / level.abs())
        };
        let interval = known.map(|known| [relative(known.lo), relative(known.hi)]);
        let log_evidence = known.map_or(0.0, |known| known.log_evidence.min(1e6));
        let log_bar = -self.settings.alpha.ln();
        MetricReport {
            name: self.name.clone(),
            unit: self.unit,
            direction: self.settings.direction,
            verdict: word(known),
            reason,
            canary: known.and_then(|known| finite(known.canary_mean)),
            stable: expected,
            canary_count: known.map_or(self.canary.len(), |known| known.canary_rows) as u64,
            stable_count: self.rows as u64,
            change: known.and_then(|known| relative(known.difference)),
            interval: interval.filter(|ends| ends.iter().any(Option::is_some)),
            evidence: odds(log_evidence),
            bar: odds(log_bar),
            log_evidence,
            log_bar,
            needs: None,
            past: Some(past),
            canary_interval: None,
            stable_interval: None,
        }
    }

    fn look(&self, at: Moment) -> MetricLook {
        let until: Vec<Sample> =
            self.canary.iter().filter(|row| series::moment(row.at) <= at).copied().collect();
        let evidence = self.evidence(&until);
        let known = evidence.as_ref();
        let interval = known.map(|known| [finite(known.lo), finite(known.hi)]);
        MetricLook {
            name: self.name.clone(),
            verdict: word(known),
            canary: known.and_then(|known| finite(known.canary_mean)),
            canary_interval: None,
            stable: known.and_then(|known| finite(known.expected_mean)),
            stable_interval: None,
            difference: known.and_then(|known| finite(known.difference)),
            difference_interval: interval.filter(|ends| ends.iter().any(Option::is_some)),
            log_evidence: known.map_or(0.0, |known| known.log_evidence.min(1e6)),
            log_no_worse: None,
            log_bar: -self.settings.alpha.ln(),
        }
    }
}

fn word(evidence: Option<&HistoryEvidence>) -> Word {
    evidence.map_or(Word::Inconclusive, |evidence| Word::of(evidence.verdict))
}

/// Learns, where the past and the canary can be laid on one axis of time.
fn learn(past: &[Sample], begin: f64, left_out: usize) -> Result<History, String> {
    if past.is_empty() && left_out > 0 {
        return Err("no row of the history is before the canary's first".to_owned());
    }
    let is_dated = |at: f64| series::moment(at).is_of_wall_clock();
    if begin.is_finite() && past.iter().any(|row| is_dated(row.at) != is_dated(begin)) {
        return Err(
            "one recording has dates and the other begins at zero: what came before is not known"
                .to_owned(),
        );
    }
    History::learn(past).ok_or_else(|| {
        format!("the past is too short: it has {} rows, it takes {FEWEST_ROWS}", past.len())
    })
}

/// What was known at each look.
pub(crate) fn looks(all: &[Remembered]) -> Vec<Look> {
    let canary = all.iter().flat_map(|one| &one.canary);
    let at = series::look_times(canary).into_iter();
    at.map(|at| {
        let metrics: Vec<_> = all.iter().map(|one| one.look(at)).collect();
        let verdict = Word::of_all(metrics.iter().map(|metric| metric.verdict));
        Look { at, verdict, metrics }
    })
    .collect()
}

/// How much past there was, and what else is to be told of it.
pub(crate) fn notes(all: &[Remembered], reports: &[MetricReport]) -> Vec<String> {
    let mut told: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for one in all {
        let past = reports.iter().find(|report| report.name == one.name).and_then(|it| it.past);
        if let Some(Past { season, rows, stretches }) = past {
            let how_much = format!(
                "{rows} rows of the past, taken {season}, with {stretches} stretches as long as the canary's time"
            );
            told.entry(how_much).or_default().push(&one.name);
        }
        if one.left_out > 0 {
            let rows = one.left_out;
            let others =
                format!("{rows} rows of the history are not before the canary's first: left out");
            told.entry(others).or_default().push(&one.name);
        }
        if one.is_counter {
            let counter = "a counter, compared by how fast it rises a second".to_owned();
            told.entry(counter).or_default().push(&one.name);
        }
    }
    told.into_iter().map(|(note, names)| format!("{}: {note}", names.join(", "))).collect()
}
