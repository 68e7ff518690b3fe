use std::collections::BTreeSet;

use tidegate_judge::{IntervalEvidence, IntervalSettings, Pairing, Sample, judge_interval};

use crate::{
    history::{self, Remembered},
    look::{Look, MetricLook},
    report::{Comparison, MetricReport, Moment, Recorded, Report, Shape, Word, finite},
    settings::Settings,
};

/// A metric that both recordings have, with a value in each interval.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Metric {
    /// Its name.
    pub name: String,
    /// The canary's values.
    pub canary: Vec<Sample>,
    /// The stable revision's.
    pub stable: Vec<Sample>,
}

/// Judges metrics with a value in each interval. Alpha is shared over those that change at all.
pub fn judge_series(metrics: &[Metric], settings: &Settings) -> Report {
    let metrics: Vec<_> = metrics.iter().filter(|one| settings.wants(&one.name)).collect();
    let each = of_each(&metrics, settings);
    if settings.history {
        return by_history(&metrics, &remembered(&metrics, &each), settings);
    }
    let weighed: Vec<_> = metrics
        .iter()
        .map(|one| (one.name.clone(), judge_interval(&one.canary, &one.stable, &each(&one.name))))
        .collect();
    let comparison = comparison(&weighed);
    let reports = weighed
        .into_iter()
        .map(|(name, evidence)| MetricReport::of_interval(name, None, &evidence))
        .collect();
    let mut report = Report::of(Shape::Intervals, comparison, settings.interval.alpha, reports);
    report.canary = recorded(metrics.iter().flat_map(|one| &one.canary));
    report.stable = recorded(metrics.iter().flat_map(|one| &one.stable));
    match comparison {
        Comparison::Apart => report.notes.push(
            "the two did not run at the same time: what else has changed since is in the difference too"
                .to_owned(),
        ),
        Comparison::SeeminglyConcurrent => report.notes.push(
            "nothing shows that the two ran at the same time: they begin at zero and do not move together; --concurrent yes or no says which"
                .to_owned(),
        ),
        Comparison::Concurrent | Comparison::History => {}
    }
    report
}

fn remembered(metrics: &[&Metric], each: &impl Fn(&str) -> IntervalSettings) -> Vec<Remembered> {
    metrics.iter().map(|one| Remembered::of(one, None, each(&one.name))).collect()
}

fn by_history(metrics: &[&Metric], all: &[Remembered], settings: &Settings) -> Report {
    let reports: Vec<_> = all.iter().map(Remembered::report).collect();
    let notes = history::notes(all, &reports);
    let alpha = settings.interval.alpha;
    let mut report = Report::of(Shape::Intervals, Comparison::History, alpha, reports);
    report.canary = recorded(metrics.iter().flat_map(|one| &one.canary));
    report.stable = recorded(metrics.iter().flat_map(|one| &one.stable));
    report.notes.extend(notes);
    report
}

/// The settings of each metric, with its share of alpha and its direction.
fn of_each<'a>(
    metrics: &[&Metric],
    settings: &'a Settings,
) -> impl Fn(&str) -> IntervalSettings + use<'a> {
    let varied = metrics.iter().filter(|one| varies(one)).count();
    #[expect(clippy::cast_precision_loss, reason = "metrics are far fewer than 2^53")]
    let alpha = settings.interval.alpha / varied.max(1) as f64;
    move |name: &str| IntervalSettings {
        alpha,
        direction: settings.direction(name),
        warm_up_s: settings.warm_up.as_secs_f64(),
        ..settings.of_intervals()
    }
}

/// Whether a metric changes at all: one that does not cannot be called worse.
fn varies(metric: &Metric) -> bool {
    let mut values = metric.canary.iter().chain(&metric.stable).map(|row| row.value.to_bits());
    let first = values.next();
    values.any(|value| Some(value) != first)
}

/// How most metrics were compared: what one of them shows of the clocks holds for all.
fn comparison(weighed: &[(String, IntervalEvidence)]) -> Comparison {
    let is = |pairing| weighed.iter().any(|(_, evidence)| evidence.pairing == pairing);
    if is(Pairing::Concurrent) {
        Comparison::Concurrent
    } else if is(Pairing::SeeminglyConcurrent) {
        Comparison::SeeminglyConcurrent
    } else {
        Comparison::Apart
    }
}

fn recorded<'a>(samples: impl Iterator<Item = &'a Sample>) -> Recorded {
    let (mut from, mut to) = (f64::INFINITY, f64::NEG_INFINITY);
    for sample in samples {
        (from, to) = (from.min(sample.at), to.max(sample.at));
    }
    let moment = |at: f64| at.is_finite().then(|| moment(at));
    Recorded { requests: None, errors: None, from: moment(from), to: moment(to) }
}

#[expect(clippy::cast_possible_truncation, reason = "a float beyond the range becomes its end")]
pub(crate) fn moment(seconds: f64) -> Moment {
    Moment((seconds * 1e6).round() as i64)
}

/// The same, with what was known at each look.
pub fn replay_series(metrics: &[Metric], settings: &Settings) -> (Report, Vec<Look>) {
    let mut report = judge_series(metrics, settings);
    let metrics: Vec<_> = metrics.iter().filter(|one| settings.wants(&one.name)).collect();
    let each = of_each(&metrics, settings);
    let looks = if settings.history {
        history::looks(&remembered(&metrics, &each))
    } else {
        looks(&metrics, &each)
    };
    report.decided_at = decided_at(&report, &looks);
    (report, looks)
}

/// So many looks are taken of series: each weighs all rows up to it anew.
const LOOKS: usize = 200;

/// What was known at each look: each takes some more rows of the canary, and what the stable revision
/// had until then, which is all of it where that ran before.
pub(crate) fn looks(metrics: &[&Metric], each: &impl Fn(&str) -> IntervalSettings) -> Vec<Look> {
    let at = look_times(metrics.iter().flat_map(|one| &one.canary)).into_iter();
    at.map(|at| {
        let metrics: Vec<_> = metrics.iter().map(|one| look(one, at, &each(&one.name))).collect();
        let verdict = Word::of_all(metrics.iter().map(|metric| metric.verdict));
        Look { at, verdict, metrics }
    })
    .collect()
}

/// When looks are taken: at the last of the canary's rows, and at evenly many before it.
pub(crate) fn look_times<'a>(rows: impl Iterator<Item = &'a Sample>) -> Vec<Moment> {
    let times: BTreeSet<Moment> = rows.map(|row| moment(row.at)).collect();
    let stride = times.len().div_ceil(LOOKS).max(1);
    let due = |nth: usize| (nth + 1).is_multiple_of(stride) || nth + 1 == times.len();
    times.iter().enumerate().filter(|(nth, _)| due(*nth)).map(|(_, at)| *at).collect()
}

/// The look from which on *worse* was shown, if it is the verdict. What was shown once and then no longer,
/// as more rows came, decided nothing.
pub(crate) fn decided_at(report: &Report, looks: &[Look]) -> Option<Moment> {
    let before = looks.iter().rposition(|look| look.verdict != Word::Worse);
    let first = looks.get(before.map_or(0, |at| at + 1))?;
    (report.verdict == Word::Worse).then_some(first.at)
}

fn look(metric: &Metric, at: Moment, settings: &IntervalSettings) -> MetricLook {
    let until = |rows: &[Sample]| -> Vec<Sample> {
        rows.iter().filter(|row| moment(row.at) <= at).copied().collect()
    };
    let evidence = judge_interval(&until(&metric.canary), &until(&metric.stable), settings);
    let interval = [finite(evidence.lo), finite(evidence.hi)];
    MetricLook {
        name: metric.name.clone(),
        verdict: Word::of(evidence.verdict),
        canary: finite(evidence.canary_mean),
        canary_interval: None,
        stable: finite(evidence.stable_mean),
        stable_interval: None,
        difference_interval: interval.iter().any(Option::is_some).then_some(interval),
        difference: finite(evidence.difference),
        log_evidence: evidence.log_evidence.min(1e6),
        log_no_worse: None,
        log_bar: evidence.log_bar,
    }
}
