//! Measurements that wait for the world outside: questions and jobs.

use std::collections::BTreeMap;

use tidegate_planted::{Mistake, makes};
use tidegate_units::Timestamp;

use crate::job::job_name;
use crate::measure::judge_value;
use crate::metric::STEP_AGAIN;
use crate::{
    Answer, Ask, Asked, Errand, JobEnd, MeasurementView, Metric, MetricView, Provider,
    RunObservation, RunPhase, RunSpec, STEP_STATUS,
};

/// So many characters of a value and of a message are kept with a measurement: enough to see what
/// was answered, little enough for a document that is written with each measurement.
const MOST_SHOWN: usize = 1_000;

/// So many facts are kept beside it; the most that any server but a plugin tells is two.
const MOST_FACTS: usize = 16;

/// So many characters of each: a hundred groups of Datadog's, with names of the usual length.
const MOST_OF_A_FACT: usize = 8_000;

/// Asks for the measurement that is due, or takes what came of it. An answer to a question of
/// before the last measurement was taken already.
pub(crate) fn errand(
    spec: &RunSpec,
    metric: &Metric,
    view: &mut MetricView,
    seen: &RunObservation,
    started: Timestamp,
) -> Option<Ask> {
    let last = view.measurements.last().map(|last| last.started_at);
    let is_new = |asked_at: &Timestamp| last.is_none_or(|last| last < *asked_at);
    let name = job_name(spec, started, metric, view);
    match seen.asked.get(&metric.name) {
        Some(Asked::Waiting) => return None,
        Some(Asked::Answered { asked_at, answered_at, answer }) if is_new(asked_at) => {
            let mut made = measured(metric, answer, (*asked_at, *answered_at));
            // What a program says of its step is bounded where it is read, and kept whole.
            let status = made.metadata.remove(STEP_STATUS).filter(|_| metric.is_step());
            made = bounded(made);
            made.metadata.extend(status.map(|status| (STEP_STATUS.to_owned(), status)));
            if metric.is_step() && made.phase == RunPhase::Error {
                carry_on(&mut made, view.measurements.last());
            }
            view.record(metric, made);
            return None;
        }
        Some(Asked::Ended { asked_at, ended_at, end }) if is_new(asked_at) => {
            let (phase, message) = match end {
                Ok(JobEnd::Complete) => (RunPhase::Successful, String::new()),
                Ok(JobEnd::Failed(why)) => (RunPhase::Failed, why.clone()),
                Ok(JobEnd::NoImage(why)) => (RunPhase::Inconclusive, why.clone()),
                Err(problem) => (RunPhase::Error, problem.clone()),
            };
            let times = (*asked_at, *ended_at);
            view.record(metric, bounded(of_job(spec, &name, phase, message, times)));
            return None;
        }
        _ => {}
    }
    let errand = match &metric.provider {
        Provider::Query(query) => {
            Errand::Ask(query.in_run(spec, started, metric.interval, view.measurements.last()))
        }
        Provider::Job(job) => Errand::Run { name, job: Box::new(job.clone()) },
        Provider::Router(_) | Provider::Judge(_) | Provider::Shadow(_) | Provider::Decision(_) => {
            return None;
        }
    };
    Some(Ask { metric: metric.name.clone(), errand })
}

/// A step that could not be asked about is asked about again later, from where it was.
fn carry_on(made: &mut MeasurementView, last: Option<&MeasurementView>) {
    made.again = Some(STEP_AGAIN);
    let status = last.and_then(|last| last.metadata.get(STEP_STATUS));
    made.metadata.extend(status.map(|status| (STEP_STATUS.to_owned(), status.clone())));
}

/// A job that runs while its run ends is stopped, and was a measurement all the same, as Argo
/// Rollouts counts it: one that shows neither.
pub(crate) fn terminated(
    spec: &RunSpec,
    metric: &Metric,
    view: &mut MetricView,
    seen: &RunObservation,
    (started, now): (Timestamp, Timestamp),
) {
    let last = view.measurements.last().map(|last| last.started_at);
    let in_flight = match seen.asked.get(&metric.name) {
        Some(Asked::Waiting) => true,
        Some(Asked::Ended { asked_at, .. }) => last.is_none_or(|last| last < *asked_at),
        _ => false,
    };
    if !metric.is_job() || !in_flight {
        return;
    }
    let name = job_name(spec, started, metric, view);
    let message = "Metric Terminated".to_owned();
    view.record(metric, of_job(spec, &name, RunPhase::Inconclusive, message, (now, now)));
}

fn of_job(
    spec: &RunSpec,
    name: &str,
    phase: RunPhase,
    message: String,
    (started_at, finished_at): (Timestamp, Timestamp),
) -> MeasurementView {
    let metadata = BTreeMap::from([
        ("job-name".to_owned(), name.to_owned()),
        ("job-namespace".to_owned(), spec.owner.namespace.to_string()),
    ]);
    let value = String::new();
    MeasurementView { phase, message, started_at, finished_at, value, metadata, again: None }
}

/// What an answer comes to.
pub(crate) fn measured(
    metric: &Metric,
    answer: &Result<Answer, String>,
    (started_at, finished_at): (Timestamp, Timestamp),
) -> MeasurementView {
    match answer {
        Ok(answer) => {
            let verdict = metric.provider.query().and_then(|query| query.verdict(answer));
            let (phase, message) = match verdict {
                Some(phase) => (phase, String::new()),
                None => judge_value(metric, &answer.value, RunPhase::Successful),
            };
            let message = answer.redaction.of(&message);
            let (value, metadata) = (answer.shown.clone(), answer.metadata.clone());
            let again = answer.again;
            MeasurementView { phase, message, started_at, finished_at, value, metadata, again }
        }
        Err(problem) => MeasurementView {
            phase: of_error(),
            message: problem.clone(),
            started_at,
            finished_at,
            value: String::new(),
            metadata: BTreeMap::new(),
            again: None,
        },
    }
}

/// A measurement that got no answer is an error, but for a mistake that is planted.
fn of_error() -> RunPhase {
    if makes(Mistake::ErrorsAreSuccess) { RunPhase::Successful } else { RunPhase::Error }
}

/// What is kept of it: a server may answer with megabytes, in whichever field.
fn bounded(mut measurement: MeasurementView) -> MeasurementView {
    measurement.message = shortened(&measurement.message, MOST_SHOWN);
    measurement.value = shortened(&measurement.value, MOST_SHOWN);
    let facts = measurement.metadata.iter().take(MOST_FACTS);
    measurement.metadata = facts
        .map(|(name, fact)| (shortened(name, MOST_SHOWN), shortened(fact, MOST_OF_A_FACT)))
        .collect();
    measurement
}

fn shortened(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
