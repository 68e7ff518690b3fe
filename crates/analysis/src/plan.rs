use std::{collections::BTreeMap, time::Duration};

use serde_json::json;
use tidegate_condition::Value;
use tidegate_units::Timestamp;

use crate::assess::assess;
use crate::decision::{self, Others};
use crate::errand::{errand, measured, terminated};
use crate::measure::{judge_value, router_value};
use crate::series::{self, Values};
use crate::shadow;
use crate::{
    Answer, Ask, Asked, DecisionSettings, JudgeSettings, MeasurementView, Metric, MetricView,
    Provider, RunEvent, RunObservation, RunPhase, RunPlan, RunSpec, RunStatus, RunSummary, Verdict,
    check_metrics,
};

/// A measurement that was an error is tried again after this (Argo's `DefaultErrorRetryInterval`).
const ERROR_RETRY: Duration = Duration::from_secs(10);

/// So many measurements of a metric are kept (Argo's `DefaultMeasurementHistoryLimit`).
const KEPT_MEASUREMENTS: usize = 10;

/// So many are kept at most, whatever `measurementRetention` says: each is written down with every
/// measurement that follows, and this many are a day of minutes.
const MOST_MEASUREMENTS: usize = 1_000;

/// Plans the next step of an analysis run: takes the measurements that are due, lets the judge
/// look, and decides each metric and the run.
///
/// A run that is decided stays as it is. One metric that fails, errs or is inconclusive ends the
/// run, and the others with it, in the same step; the run is then the worst of its metrics.
pub fn plan_run(
    spec: &RunSpec,
    status: &RunStatus,
    observation: &RunObservation,
    now: Timestamp,
) -> RunPlan {
    let status = status.clone();
    let mut step =
        Step { spec, status, seen: observation, events: Vec::new(), asks: Vec::new(), now };
    if step.status.phase.is_completed() {
        return step.into_plan(None);
    }
    let started = *step.status.started_at.get_or_insert(now);
    if let Err(problem) = check_metrics(&spec.metrics) {
        step.decide(RunPhase::Error, problem.to_string());
        return step.into_plan(None);
    }
    if !step.is_ending() {
        // What a judge compares and what a decision speaks of is measured before either looks.
        let (judges, others): (Vec<_>, Vec<_>) =
            spec.metrics.iter().partition(|metric| metric.is_judge() || metric.is_decision());
        for metric in others.into_iter().chain(judges) {
            let values = series::values(metric, &step.status.metrics);
            if let Some(settings) = metric.decision() {
                step.decide_on(metric, settings, values, Moment { started, now });
                continue;
            }
            let view = step.status.metrics.entry(metric.name.clone()).or_default();
            view.dry_run = metric.dry_run;
            if !view.phase.is_completed() {
                let moment = Moment { started, now };
                step.asks.extend(measure(spec, metric, view, (observation, values), moment));
            }
        }
    }
    step.assess();
    step.drop_asks();
    let wake_at = step.wake_at(started);
    step.into_plan(wake_at)
}

/// A run in the middle of a plan.
struct Step<'a> {
    spec: &'a RunSpec,
    status: RunStatus,
    seen: &'a RunObservation,
    events: Vec<RunEvent>,
    asks: Vec<Ask>,
    now: Timestamp,
}

/// When a run began, and now.
#[derive(Clone, Copy)]
pub(crate) struct Moment {
    pub(crate) started: Timestamp,
    pub(crate) now: Timestamp,
}

impl Step<'_> {
    fn is_ending(&self) -> bool {
        let counted = self.status.metrics.values().filter(|view| !view.dry_run);
        self.spec.terminate || counted.into_iter().any(|view| view.phase.is_bad())
    }

    /// Lets a metric decide on the revision, by what the others have measured among other things.
    fn decide_on(
        &mut self,
        metric: &Metric,
        settings: &DecisionSettings,
        values: Values,
        moment: Moment,
    ) {
        let others = Others::of(settings, &self.status.metrics);
        let overridden = self.spec.overrides.keys().cloned().collect();
        let view = self.status.metrics.entry(metric.name.clone()).or_default();
        view.dry_run = metric.dry_run;
        if !view.phase.is_completed() {
            let mut look = decision::Look { metric, settings, view, others: &others, moment };
            self.events.extend(look.take(&overridden, (self.seen, values)));
        }
    }

    /// Decides what can be decided; when that ends the run, the rest too.
    fn assess(&mut self) {
        let ending = self.is_ending();
        self.assess_metrics();
        if !ending && self.is_ending() {
            self.assess_metrics();
        }
        self.sum_up();
        if !self.views().all(|(_, view)| view.phase.is_completed()) {
            self.status.phase = RunPhase::Running;
            return;
        }
        let (phase, message) = self.outcome();
        self.decide(phase, message);
    }

    /// The worst of the metrics that count; without any, there is nothing against it.
    fn outcome(&self) -> (RunPhase, String) {
        let counted = self.views().filter(|(_, view)| !view.dry_run);
        let worst = counted.reduce(|worst, next| {
            if next.1.phase.badness() > worst.1.phase.badness() { next } else { worst }
        });
        match worst {
            Some((metric, view)) if view.phase != RunPhase::Successful => {
                (view.phase, format!("metric {:?}: {}", metric.name, view.message))
            }
            _ if self.spec.terminate => (RunPhase::Successful, "ended on request".to_owned()),
            Some(_) => (RunPhase::Successful, "all metrics succeeded".to_owned()),
            None => (RunPhase::Successful, "no metric counts: all are dry runs".to_owned()),
        }
    }

    fn sum_up(&mut self) {
        let (mut counted, mut dry) = (RunSummary::default(), RunSummary::default());
        for (_, view) in self.views() {
            if view.dry_run { dry.add(view.phase) } else { counted.add(view.phase) }
        }
        (self.status.run_summary, self.status.dry_run_summary) = (counted, dry);
    }

    /// The metrics in the order of the run's specification.
    fn views(&self) -> impl Iterator<Item = (&Metric, &MetricView)> {
        let views = &self.status.metrics;
        self.spec.metrics.iter().filter_map(|metric| Some((metric, views.get(&metric.name)?)))
    }

    fn assess_metrics(&mut self) {
        let ending = self.is_ending();
        for metric in &self.spec.metrics {
            let view = self.status.metrics.entry(metric.name.clone()).or_default();
            view.dry_run = metric.dry_run;
            if view.phase.is_completed() {
                continue;
            }
            if ending {
                let started = self.status.started_at.unwrap_or(self.now);
                terminated(self.spec, metric, view, self.seen, (started, self.now));
            }
            let (phase, reason) = assess(metric, view, ending);
            view.phase = phase;
            view.message = message(view, reason);
            if phase.is_completed() {
                if let Some(evidence) = &mut view.evidence {
                    evidence.close();
                }
                if let Some(decision) = &mut view.decision {
                    decision.close();
                }
                self.events.push(RunEvent::MetricDecided {
                    metric: metric.name.clone(),
                    view: Box::new(view.clone()),
                });
            }
        }
    }

    fn decide(&mut self, phase: RunPhase, message: String) {
        self.status.phase = phase;
        self.status.message.clone_from(&message);
        self.status.completed_at = Some(self.now);
        self.events.push(RunEvent::RunDecided { phase, message });
    }

    /// What was decided meanwhile, by another metric's failure, is not asked for any more.
    fn drop_asks(&mut self) {
        let views = &self.status.metrics;
        self.asks
            .retain(|ask| views.get(&ask.metric).is_some_and(|view| !view.phase.is_completed()));
    }

    /// An answer wakes whoever waits for it; until then there is nothing to do.
    fn wake_at(&self, started: Timestamp) -> Option<Timestamp> {
        let moment = Moment { started, now: self.now };
        let waits = |name: &str| {
            self.asks.iter().any(|ask| ask.metric == name)
                || matches!(self.seen.asked.get(name), Some(Asked::Waiting))
        };
        let views = self.views().filter(|(metric, _)| !waits(&metric.name));
        views.filter_map(|(metric, view)| view.wake_at(metric, moment, self.seen.next_look)).min()
    }

    fn into_plan(self, wake_at: Option<Timestamp>) -> RunPlan {
        RunPlan { status: self.status, events: self.events, asks: self.asks, wake_at }
    }
}

/// Why a metric is where it is: the limit or count that decided it, and the measurement or the
/// evidence behind that. Evidence of harm needs no limit beside it.
fn message(view: &MetricView, reason: String) -> String {
    if let Some(known) = &view.decision {
        return known.decision.to_string();
    }
    let detail = match (&view.evidence, view.measurements.last()) {
        (Some(evidence), _) if evidence.verdict == Verdict::Worse => return evidence.to_string(),
        (Some(evidence), _) => evidence.to_string(),
        (None, Some(last)) if !last.message.is_empty() => last.message.clone(),
        (None, Some(last)) => format!("the last value was {}", last.value),
        (None, None) => String::new(),
    };
    match (reason.is_empty(), detail.is_empty()) {
        (true, _) => detail,
        (false, true) => reason,
        (false, false) => format!("{detail} ({reason})"),
    }
}

/// Takes the measurement of a metric if it is due, and, if it is a judge, what it compares; returns what has to be asked for it.
fn measure(
    spec: &RunSpec,
    metric: &Metric,
    view: &mut MetricView,
    (seen, values): (&RunObservation, Values),
    moment: Moment,
) -> Option<Ask> {
    match &metric.provider {
        Provider::Judge(settings) => {
            look(metric, settings, view, (seen, values), moment);
            return None;
        }
        Provider::Shadow(settings) => {
            shadow::look(metric, settings, view, seen, moment);
            return None;
        }
        Provider::Query(query) => view.metadata = query.metadata(),
        Provider::Router(_) | Provider::Job(_) | Provider::Decision(_) => {}
    }
    if view.due_at(metric, moment.started).is_none_or(|due| due > moment.now) {
        return None;
    }
    if let Provider::Router(measure) = &metric.provider {
        let value = router_value(measure, seen.traffic.as_ref());
        let answer = value.map(|value| Answer {
            value: Value::Float(value),
            shown: json!(value).to_string(),
            ..Answer::default()
        });
        view.record(metric, measured(metric, &answer, (moment.now, moment.now)));
        return None;
    }
    errand(spec, metric, view, seen, moment.started)
}

/// Lets the judge look. It makes a measurement at each interval, if the metric has one; without
/// one, when it has shown the canary to be no worse, if the metric has a count; and in any case at
/// the moment that it has shown it to be worse.
fn look(
    metric: &Metric,
    settings: &JudgeSettings,
    view: &mut MetricView,
    (seen, values): (&RunObservation, Values),
    moment: Moment,
) {
    if moment.started.after(metric.initial_delay.unwrap_or_default()) > moment.now {
        return;
    }
    let due = view.due_at(metric, moment.started).is_some_and(|due| due <= moment.now);
    let evidence = view.evidence.get_or_insert_default();
    let was = evidence.verdict;
    series::take(evidence, settings, values);
    if let Some(traffic) = &seen.traffic {
        evidence.look(settings, traffic);
    }
    let verdict = evidence.verdict;
    let crossed = verdict == Verdict::Worse && was != Verdict::Worse;
    let proven = metric.effective_count().is_some() && verdict == Verdict::NoWorse;
    if !(crossed || due && (proven || metric.interval.is_some())) {
        return;
    }
    let (word, phase) = match verdict {
        Verdict::Worse => ("worse", RunPhase::Failed),
        Verdict::NoWorse => ("no worse", RunPhase::Successful),
        Verdict::Inconclusive { .. } => ("inconclusive", RunPhase::Inconclusive),
    };
    let message = evidence.to_string();
    let value = json!({
        "verdict": word,
        "canaryRequests": evidence.canary.requests,
        "stableRequests": evidence.stable.requests,
        "needsSeconds": evidence.wait().map(|wait| wait.as_secs()),
        "splitAsAsked": !evidence.split.is_mismatch(),
    });
    let (phase, problem) = if crossed {
        (phase, String::new())
    } else {
        judge_value(metric, &Value::from(&value), phase)
    };
    let measurement = MeasurementView {
        phase,
        message: if problem.is_empty() { message } else { problem },
        started_at: moment.now,
        finished_at: moment.now,
        value: value.to_string(),
        metadata: BTreeMap::new(),
        again: None,
    };
    view.record(metric, measurement);
}

impl MetricView {
    /// When the next measurement is due; none when there is none to come.
    pub(crate) fn due_at(&self, metric: &Metric, started: Timestamp) -> Option<Timestamp> {
        if self.phase.is_completed() {
            return None;
        }
        let Some(last) = self.measurements.last() else {
            let delay = metric.initial_delay.unwrap_or_default();
            let first = match &metric.provider {
                Provider::Judge(_) => metric.interval,
                Provider::Decision(_) => Some(metric.interval.unwrap_or(ERROR_RETRY)),
                _ => None,
            };
            return Some(started.after(delay).after(first.unwrap_or_default()));
        };
        if metric.effective_count().is_some_and(|count| self.count >= count) {
            return None;
        }
        let pause = last.again.unwrap_or(match last.phase {
            RunPhase::Error => ERROR_RETRY,
            _ => metric.interval.unwrap_or(ERROR_RETRY),
        });
        Some(last.finished_at.after(pause))
    }

    /// When the metric should be planned again.
    fn wake_at(&self, metric: &Metric, moment: Moment, next_look: Duration) -> Option<Timestamp> {
        if self.phase.is_completed() {
            return None;
        }
        if !metric.is_watched() {
            return self.due_at(metric, moment.started);
        }
        let next = moment.now.after(next_look);
        if !metric.is_judge() && !metric.is_decision() {
            return Some(next);
        }
        Some(next.max(moment.started.after(metric.initial_delay.unwrap_or_default())))
    }

    /// Adds a measurement and counts it; an error counts apart (as in Argo Rollouts).
    pub(crate) fn record(&mut self, metric: &Metric, measurement: MeasurementView) {
        self.consecutive_errors = match measurement.phase {
            RunPhase::Error => self.consecutive_errors + 1,
            _ => 0,
        };
        self.consecutive_successes = match measurement.phase {
            RunPhase::Successful => self.consecutive_successes + 1,
            _ => 0,
        };
        match measurement.phase {
            RunPhase::Successful => self.successful += 1,
            RunPhase::Failed => self.failed += 1,
            RunPhase::Error => self.errors += 1,
            _ => self.inconclusive += 1,
        }
        self.count = self.successful + self.failed + self.inconclusive;
        self.measurements.push(measurement);
        let kept = metric.kept.map_or(KEPT_MEASUREMENTS, |kept| kept as usize);
        let excess = self.measurements.len().saturating_sub(kept.min(MOST_MEASUREMENTS));
        self.measurements.drain(..excess);
    }
}
