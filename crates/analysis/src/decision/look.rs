use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use serde_json::json;
use tidegate_decision::{
    Action, Decision, Evidence, Input, KpiSnapshot, Outcome, PREDICTION, Showing, decide,
};
use tidegate_judge::{JudgeEvidence, Verdict};
use tidegate_units::Timestamp;

use super::{
    measured::measure,
    memory::Memory,
    others::Others,
    settings::DecisionSettings,
    view::{DecisionView, Told},
};
use crate::series::{self, Values};
use crate::{
    MeasurementView, Metric, MetricView, RunEvent, RunObservation, RunPhase, plan::Moment,
};

/// So often is decided anew; the router counts in seconds.
const DECIDE_EVERY: Duration = Duration::from_secs(5);

/// So often while something is wrong.
const DECIDE_CLOSELY: Duration = Duration::from_secs(1);

/// The ledger is told of something milder no sooner than this after what it was told last: values
/// that go to and fro over a bound would fill it.
const TELL_MILDER_AFTER: Duration = Duration::from_secs(10);

/// A metric that is to decide on a revision now.
pub(crate) struct Look<'a> {
    pub(crate) metric: &'a Metric,
    pub(crate) settings: &'a DecisionSettings,
    pub(crate) view: &'a mut MetricView,
    pub(crate) others: &'a Others,
    pub(crate) moment: Moment,
}

impl Look<'_> {
    /// Decides, if that is due or the judge has just shown the revision to be worse. A revision that
    /// has to go fails the metric; one that a person has to look at makes it inconclusive; one with
    /// which all is well makes a measurement at each interval.
    pub(crate) fn take(
        &mut self,
        overridden: &BTreeSet<String>,
        (seen, values): (&RunObservation, Values),
    ) -> Option<RunEvent> {
        let (metric, now) = (self.metric, self.moment.now);
        if self.moment.started.after(metric.initial_delay.unwrap_or_default()) > now {
            return None;
        }
        let crossed = judge(self.settings, self.view, seen, values);
        let due = self.view.decision.as_ref().is_none_or(|known| known.next_at() <= now);
        if !due && !crossed {
            return None;
        }
        let known = self.view.decision.take();
        let mut next = self.decide(known.as_deref(), overridden, seen);
        let event = tell(metric, &mut next, now);
        if let Some(phase) = outcome(&next, metric, self.view, self.moment) {
            self.view.record(metric, measurement(&next.decision, phase, now));
        }
        self.view.decision = Some(Box::new(next));
        event
    }

    fn decide(
        &self,
        known: Option<&DecisionView>,
        overridden: &BTreeSet<String>,
        seen: &RunObservation,
    ) -> DecisionView {
        let (settings, now) = (self.settings, self.moment.now);
        let mut memory = known.map(|known| known.memory.clone()).unwrap_or_default();
        memory.see(&seen.replicas, settings.warm_up, now);
        let kpis = measure(settings, seen.traffic.as_ref(), &seen.replicas, &memory, self.others);
        let prediction = settings.prediction.as_ref().map(|from| self.others.prediction(from));
        let prediction = prediction.as_ref();
        let evidence = self.view.evidence.as_ref().map(|shown| evidence(settings, shown));
        let decision = decide(&Input {
            rules: &settings.rules,
            kpis: &kpis,
            evidence: evidence.as_ref(),
            prediction: prediction.map(|found| found.as_ref().map_err(String::as_str)),
            overridden,
            scheduled_after: settings.scheduled_after,
            monitoring: settings.monitoring,
        });
        let mut next = follow(settings, decision, known, now);
        (next.kpis, next.memory) = (kpis, memory);
        next
    }
}

/// Lets the judge look; whether it has just shown the revision to be worse.
fn judge(
    settings: &DecisionSettings,
    view: &mut MetricView,
    seen: &RunObservation,
    values: Values,
) -> bool {
    let Some(judge) = &settings.judge else { return false };
    let evidence = view.evidence.get_or_insert_default();
    let was = evidence.verdict;
    series::take(evidence, judge, values);
    if let Some(traffic) = &seen.traffic {
        evidence.look(judge, traffic);
    }
    evidence.verdict == Verdict::Worse && was != Verdict::Worse
}

/// All tests as one: the mean of their e-values, each with its share of alpha as its weight, is an
/// e-value too (Vovk & Wang, 2021, Annals of Statistics 49, section 3).
fn evidence(settings: &DecisionSettings, shown: &JudgeEvidence) -> Evidence {
    let alpha = settings.judge.as_ref().map_or(1.0, |judge| judge.alpha);
    let terms = shown.tests.iter().map(|test| test.log_evidence - test.log_bar - alpha.ln());
    let most = terms.clone().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = terms.map(|term| (term - most).exp()).sum();
    let gathered = if most.is_finite() { most + sum.ln() } else { 0.0 };
    // However it was shown, it holds at alpha.
    let shown_at = if shown.verdict == Verdict::Worse { -alpha.ln() } else { f64::NEG_INFINITY };
    let log_e = gathered.max(shown_at);
    let verdict = match shown.verdict {
        Verdict::Worse => Showing::Worse,
        Verdict::NoWorse => Showing::NoWorse,
        Verdict::Inconclusive { .. } if shown.canary.requests == 0 => Showing::Nothing,
        Verdict::Inconclusive { .. } => Showing::Neither,
    };
    Evidence { shows: verdict, log_e, summary: shown.to_string() }
}

/// What a decision means beside the one before it: since when what schedules a rollback has held,
/// and when that makes it happen.
fn follow(
    settings: &DecisionSettings,
    mut decision: Decision,
    known: Option<&DecisionView>,
    now: Timestamp,
) -> DecisionView {
    let mut rollback_at = None;
    let mut since = BTreeMap::new();
    if decision.action == Action::ScheduledRollback {
        for (name, after) in pending(settings, &decision) {
            let began = known.and_then(|known| known.since.get(&name)).copied().unwrap_or(now);
            let at: Timestamp = began.after(after);
            rollback_at = Some(rollback_at.map_or(at, |other: Timestamp| other.min(at)));
            since.insert(name, began);
        }
        decision.time_to_rollback = rollback_at.map(|at| at.since(now));
    }
    let watched =
        (decision.action == Action::MonitorClosely).then(|| now.after(settings.monitoring));
    DecisionView {
        decision,
        kpis: KpiSnapshot::default(),
        decided_at: now,
        rollback_at,
        watched_until: watched.or_else(|| known?.watched_until.filter(|until| *until > now)),
        since,
        told: known.and_then(|known| known.told.clone()),
        memory: Memory::default(),
    }
}

/// What schedules a rollback, and how long after it began: the prediction, where no rule was named,
/// and each violated rule that may wait.
fn pending(settings: &DecisionSettings, decision: &Decision) -> Vec<(String, Duration)> {
    let predicted = decision.violations.is_empty();
    let predicted = predicted.then(|| (PREDICTION.to_owned(), settings.scheduled_after));
    let after = |name: &str| settings.rules.iter().find(|rule| rule.name == name)?.rollback_after;
    let violated = decision.rules.iter().filter(|found| found.outcome == Outcome::Violated);
    let rules = violated.filter_map(|found| Some((found.rule.clone(), after(&found.rule)?)));
    rules.chain(predicted).collect()
}

/// What the ledger is told: another action, or other rules that decide.
fn tell(metric: &Metric, next: &mut DecisionView, now: Timestamp) -> Option<RunEvent> {
    let rules = next.decision.violations.iter().map(|violation| violation.rule.clone()).collect();
    let told = Told { action: next.decision.action, rules, at: now };
    if let Some(last) = &next.told {
        let same = (last.action, &last.rules) == (told.action, &told.rules);
        let milder = told.action <= last.action;
        if same || milder && now.since(last.at) < TELL_MILDER_AFTER {
            return None;
        }
    }
    next.told = Some(told);
    let (metric, decision) = (metric.name.clone(), Box::new(next.decision.clone()));
    Some(RunEvent::Decision { metric, decision, rollback_at: next.rollback_at })
}

/// What a measurement would come to, if there is one to be made.
fn outcome(
    next: &DecisionView,
    metric: &Metric,
    view: &MetricView,
    moment: Moment,
) -> Option<RunPhase> {
    match next.decision.action {
        Action::ImmediateRollback => Some(RunPhase::Failed),
        Action::ScheduledRollback => {
            next.rollback_at.filter(|at| *at <= moment.now).map(|_| RunPhase::Failed)
        }
        Action::AlertHuman => Some(RunPhase::Inconclusive),
        Action::MonitorClosely => None,
        Action::Continue => {
            let due = view.due_at(metric, moment.started).is_some_and(|due| due <= moment.now);
            // Where too little is known, nothing speaks for it either.
            (due && next.decision.known).then_some(RunPhase::Successful)
        }
    }
}

fn measurement(decision: &Decision, phase: RunPhase, now: Timestamp) -> MeasurementView {
    let rules: Vec<_> = decision.violations.iter().map(|violation| &violation.rule).collect();
    let value = json!({
        "action": decision.action,
        "confidence": decision.confidence,
        "violations": rules,
    });
    MeasurementView {
        phase,
        message: decision.to_string(),
        started_at: now,
        finished_at: now,
        value: value.to_string(),
        metadata: BTreeMap::new(),
        again: None,
    }
}

impl DecisionView {
    /// When it is decided anew.
    fn next_at(&self) -> Timestamp {
        let closely = self.decision.action > Action::Continue
            || self.watched_until.is_some_and(|until| until > self.decided_at);
        let every = if closely { DECIDE_CLOSELY } else { DECIDE_EVERY };
        self.decided_at.after(every)
    }
}
