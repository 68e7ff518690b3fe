//! What a run makes of a decision.

use std::{collections::BTreeMap, time::Duration};

use serde_json::json;
use tidegate_analysis::{
    Action, DecisionSettings, DecisionView, Metric, MetricView, Outcome, Override, PredictionFrom,
    Provider, ReplicaUse, Rule, RunEvent, RunObservation, RunPhase, RunSpec, RunStatus, RunTraffic,
    Severity, Unit, ValueFrom, plan_run,
};
use tidegate_traffic::{RevisionTally, Tally};
use tidegate_units::Timestamp;

use crate::limits::{metric, run};

const START: i64 = 1_767_225_600_000;

/// A release that is decided on every second, by what is set here.
struct World {
    spec: RunSpec,
    status: RunStatus,
    events: Vec<RunEvent>,
    seen: RunObservation,
    seconds: i64,
}

/// So many requests of each revision in each of 60 seconds; of the canary so many fail, and all take
/// so long.
fn traffic(now: Timestamp, requests: u64, errors: u64, millis: u64) -> RunTraffic {
    let second = |errors: u64, millis: u64| {
        let mut tally = Tally { requests, ..Tally::default() };
        tally.by_class[4] = errors;
        tally.by_class[1] = requests - errors;
        (0..requests).for_each(|_| tally.latency.record(millis * 1_000));
        tally
    };
    let tally = |tally: Tally| RevisionTally {
        seconds: (1..=60)
            .map(|ago| (now.before(Duration::from_secs(ago)), tally.clone()))
            .collect(),
        ..RevisionTally::default()
    };
    let (canary, stable) = (tally(second(errors, millis)), tally(second(0, 20)));
    RunTraffic { at: now, epoch: 1, canary, stable, ..RunTraffic::default() }
}

impl World {
    fn new(settings: DecisionSettings, others: Vec<Metric>) -> Self {
        let decision = Metric::new("decision", Provider::Decision(Box::new(settings)));
        let metrics = others.into_iter().chain([decision]).collect();
        let (status, seen) = (RunStatus::default(), RunObservation::default());
        Self { spec: run(metrics), status, events: Vec::new(), seen, seconds: 0 }
    }

    /// Rules alone, decided on 10 requests a second.
    fn by_rules() -> Self {
        Self::new(DecisionSettings { judge: None, ..DecisionSettings::default() }, Vec::new())
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_millis(START + self.seconds * 1_000)
    }

    /// Lets so many seconds pass in which so many of 10 requests fail and all take so long.
    fn pass(&mut self, seconds: i64, errors: u64, millis: u64) -> &mut Self {
        for _ in 0..seconds {
            self.seconds += 1;
            self.seen.traffic = Some(traffic(self.now(), 10, errors, millis));
            self.look();
        }
        self
    }

    fn look(&mut self) {
        let plan = plan_run(&self.spec, &self.status, &self.seen, self.now());
        let settled = plan_run(&self.spec, &plan.status, &self.seen, self.now());
        assert_eq!(settled.events, [], "planning again changes nothing");
        self.status = plan.status;
        self.events.extend(plan.events);
    }

    fn view(&self) -> &MetricView {
        &self.status.metrics["decision"]
    }

    fn decision(&self) -> &DecisionView {
        self.view().decision.as_ref().unwrap()
    }

    fn check(&self, action: Action, phase: RunPhase) {
        let decision = &self.decision().decision;
        let message = &self.status.message;
        assert_eq!((decision.action, self.status.phase), (action, phase), "{decision}; {message}");
    }

    /// The actions that the ledger is told.
    fn told(&self) -> Vec<Action> {
        let decided = self.events.iter().filter_map(|event| match event {
            RunEvent::Decision { decision, .. } => Some(decision.action),
            _ => None,
        });
        decided.collect()
    }
}

#[test]
fn a_critical_rule_fails_the_run_at_once() {
    let mut world = World::by_rules();
    world.pass(30, 0, 20).check(Action::Continue, RunPhase::Running);
    world.pass(5, 1, 20).check(Action::ImmediateRollback, RunPhase::Failed);
    assert_eq!(
        world.status.message,
        "metric \"decision\": immediate_rollback (confidence 1.00): Critical business rule violations \
         detected; error-rate-threshold: Error rate 10% exceeds critical threshold of 5%: errorRate is 10 % (> 5; 600 requests in 60 s)"
    );
    assert_eq!(world.told(), [Action::Continue, Action::ImmediateRollback]);
}

#[test]
fn while_all_is_well_a_measurement_succeeds_every_ten_seconds() {
    let mut world = World::by_rules();
    world.pass(65, 0, 20).check(Action::Continue, RunPhase::Running);
    assert_eq!((world.view().successful, world.view().count), (6, 6));
    let decided = &world.view().decision.as_ref().unwrap().decision;
    let unknown: Vec<_> =
        decided.rules.iter().filter(|rule| rule.outcome == Outcome::Unknown).collect();
    assert_eq!(unknown.len(), 2, "conversion and memory are not known: {decided:?}");
}

#[test]
fn a_major_rule_waits_for_a_person() {
    let mut world = World::by_rules();
    world.pass(1, 0, 40).check(Action::AlertHuman, RunPhase::Inconclusive);
    assert_eq!(world.view().inconclusive, 1);
}

#[test]
fn with_too_few_requests_nothing_is_known_and_nothing_succeeds() {
    let settings = DecisionSettings { judge: None, least: 601, ..DecisionSettings::default() };
    let mut world = World::new(settings, Vec::new());
    world.pass(60, 10, 500).check(Action::Continue, RunPhase::Running);
    assert_eq!(world.view().count, 0);
    let rule = &world.decision().decision.rules[0];
    let expect = "errorRate is not known: 600 requests in 60 s, at least 601 are needed";
    assert_eq!((rule.outcome, rule.message.as_str()), (Outcome::Unknown, expect));
}

/// p95 may be 50 % higher for 20 s.
fn patient() -> World {
    let mut settings = DecisionSettings { judge: None, ..DecisionSettings::default() };
    let wait = |rule: Rule| match rule.name.as_str() {
        "response-time-degradation" => {
            Rule { rollback_after: Some(Duration::from_secs(20)), ..rule }
        }
        _ => rule,
    };
    settings.rules = settings.rules.into_iter().map(wait).collect();
    World::new(settings, Vec::new())
}

#[test]
fn a_scheduled_rollback_happens_in_its_time() {
    let mut world = patient();
    world.pass(1, 0, 40).check(Action::ScheduledRollback, RunPhase::Running);
    assert_eq!(world.decision().rollback_at, Some(world.now().after(Duration::from_secs(20))));
    world.pass(19, 0, 40).check(Action::ScheduledRollback, RunPhase::Running);
    assert_eq!(world.decision().decision.time_to_rollback, Some(Duration::from_secs(1)));
    assert_eq!(world.view().count, 0, "it neither succeeds nor fails meanwhile");
    // What is written down is all that it needs.
    let kept = serde_json::to_string(&world.status).unwrap();
    world.status = serde_json::from_str(&kept).unwrap();
    world.pass(1, 0, 40).check(Action::ScheduledRollback, RunPhase::Failed);
}

#[test]
fn a_scheduled_rollback_is_off_when_its_reason_is() {
    let mut world = patient();
    world.pass(15, 0, 40).check(Action::ScheduledRollback, RunPhase::Running);
    world.pass(15, 0, 20).check(Action::Continue, RunPhase::Running);
    assert_eq!(world.decision().rollback_at, None);
    world.pass(19, 0, 40).check(Action::ScheduledRollback, RunPhase::Running);
    let scheduled = [Action::ScheduledRollback, Action::Continue, Action::ScheduledRollback];
    assert_eq!(world.told(), scheduled);
}

#[test]
fn what_goes_to_and_fro_does_not_fill_the_ledger() {
    let mut world = patient();
    for _ in 0..30 {
        world.pass(1, 0, 40).pass(1, 0, 20);
    }
    assert!(world.told().len() <= 12, "{:?}", world.told());
}

#[test]
fn an_overridden_rule_does_not_count() {
    let mut world = World::by_rules();
    let by = |reason: &str| Override {
        by: "ada".to_owned(),
        reason: reason.to_owned(),
        at: world.now(),
    };
    let known = by("a known slow start");
    world.spec.overrides.insert("response-time-degradation".to_owned(), known);
    world.pass(20, 0, 40).check(Action::Continue, RunPhase::Running);
    let rule = &world.decision().decision.rules[1];
    assert_eq!(rule.outcome, Outcome::Overridden);
    // It is no pardon for others.
    world.pass(2, 1, 40).check(Action::ImmediateRollback, RunPhase::Failed);
}

/// The canary's error rate, as a number that nobody judges.
fn measured(name: &str) -> Metric {
    let (success_condition, failure_condition) = (None, None);
    let interval = Some(Duration::from_secs(1));
    Metric { success_condition, failure_condition, interval, ..metric(name) }
}

#[test]
fn values_come_from_other_metrics() {
    let from =
        ValueFrom { metric: "now".into(), baseline: Some("then".into()), unit: Unit::Percent };
    let mut settings = DecisionSettings { judge: None, ..DecisionSettings::default() };
    settings.values.insert("conversionRate".to_owned(), from);
    let metrics = vec![measured("now"), measured("then")];
    let mut world = World::new(settings.clone(), metrics);
    world.pass(2, 0, 20).check(Action::Continue, RunPhase::Running);
    let conversion = &world.decision().decision.rules[2];
    assert_eq!((conversion.outcome, conversion.parts[0].value), (Outcome::Kept, Some(0.0)));
    let mut lost = World::new(settings, vec![measured("now")]);
    lost.look();
    let expect = "metric \"decision\".provider: no metric of this run that measures anything is called \
                  \"then\": add it, or correct the name";
    assert_eq!((lost.status.phase, lost.status.message.as_str()), (RunPhase::Error, expect));
}

#[test]
fn a_prediction_comes_from_another_metric() {
    let prediction = Some(PredictionFrom { metric: "model".into(), overriders: Vec::new() });
    let settings = DecisionSettings {
        judge: None,
        prediction,
        rules: Vec::new(),
        scheduled_after: Duration::from_secs(5),
        ..DecisionSettings::default()
    };
    let mut world = World::new(settings, vec![measured("model")]);
    // The model's word is the canary's error rate here.
    world.pass(10, 7, 20).check(Action::MonitorClosely, RunPhase::Running);
    assert!(world.decision().watched_until.is_some());
    world.pass(1, 10, 20).check(Action::ScheduledRollback, RunPhase::Running);
    world.pass(7, 10, 20).check(Action::ScheduledRollback, RunPhase::Failed);
}

/// A replica with a limit of 100 MiB.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a memory of some megabytes"
)]
fn replica(canary: bool, mebibytes: f64) -> ReplicaUse {
    let id = if canary { "new" } else { "old" };
    ReplicaUse {
        id: id.into(),
        canary,
        ready_since: Some(Timestamp::from_millis(START)),
        restarts: 0,
        memory_bytes: Some((mebibytes * 1_048_576.0) as u64),
        memory_limit: Some(100 * 1_048_576),
        cpu_millis: Some(100),
        cpu_limit: Some(200),
    }
}

/// Ten minutes in which the canary's and the stable revision's replica use so much, by the minute.
fn memory(canary: fn(f64) -> f64, stable: fn(f64) -> f64) -> World {
    let mut world = World::by_rules();
    for second in 0..600 {
        let minute = f64::from(second) / 60.0;
        // What a collector does: it fills up and falls back every 25 s.
        let tooth = f64::from(second % 25) / 10.0;
        world.seen.replicas =
            vec![replica(true, canary(minute) + tooth), replica(false, stable(minute) + tooth)];
        world.seconds += 1;
        world.look();
        if world.status.phase.is_completed() {
            break;
        }
    }
    world
}

#[test]
fn memory_that_leaks_is_told_from_memory_that_is_full() {
    let leaks = memory(|minute| 60.0 + 4.0 * minute, |_| 60.0);
    leaks.check(Action::ImmediateRollback, RunPhase::Failed);
    let broken = &leaks.decision().decision.violations[0];
    assert_eq!(broken.rule, "memory-leak-detection", "{broken:?}");
    assert!(broken.message.contains("memoryLeak: yes (it rises and goes on rising: "), "{broken}");
    for (canary, stable, why) in [
        // Full, and no leak.
        ((|_| 90.0) as fn(f64) -> f64, (|_| 60.0) as fn(f64) -> f64, "no clear rise"),
        // A cache that fills up.
        (|minute| 60.0 + 2.5 * minute.min(7.5), |_| 60.0, "the rise does not go on"),
        // What the hour does, both revisions do.
        (|minute| 60.0 + 4.0 * minute, |minute| 50.0 + 4.0 * minute, "the stable revision's rises"),
        // A leak that leaves room.
        (|minute| 30.0 + 4.0 * minute, |_| 60.0, "it rises and goes on rising"),
    ] {
        let world = memory(canary, stable);
        world.check(Action::Continue, RunPhase::Running);
        let parts = &world.decision().decision.rules[3].parts;
        assert!(parts[1].note.starts_with(why), "{why}: {parts:?}");
    }
}

#[test]
fn a_full_replica_and_another_that_leaks_are_no_leak_that_fills_the_memory() {
    let mut world = World::by_rules();
    let named = |id: &str, used| ReplicaUse { id: id.into(), ..replica(true, used) };
    let tooth = |at: i32| f64::from(at % 25) / 10.0;
    let second = |world: &mut World, at: i32| {
        let leaking = 20.0 + f64::from(at) / 15.0 + tooth(at);
        world.seen.replicas = vec![named("full", 90.0 + tooth(at)), named("leaking", leaking)];
        world.seconds += 1;
        world.look();
    };
    (0..400).for_each(|at| second(&mut world, at));
    world.check(Action::Continue, RunPhase::Running);
    let rule = world.decision().decision.rules[3].clone();
    assert_eq!(rule.outcome, Outcome::Kept, "{rule:?}");
    // Each value by itself is that of any replica.
    let values: BTreeMap<_, _> = world.decision().kpis.iter().collect();
    assert!(values["memoryUsage"].current > Some(85.0), "{values:?}");
    assert_eq!(values["memoryLeak"].current, Some(1.0));
    for at in 400..1100 {
        second(&mut world, at);
        if world.status.phase.is_completed() {
            break;
        }
    }
    world.check(Action::ImmediateRollback, RunPhase::Failed);
    let message = &world.decision().decision.violations[0].message;
    assert!(message.contains("(> 85; of the limit, leaking), memoryLeak: yes"), "{message}");
}

/// After how many seconds a leak is found where the first of several replicas uses this much.
fn leaking(replicas: usize, used: impl Fn(f64) -> f64) -> Option<i64> {
    let mut world = World::by_rules();
    let ids = ["one", "two", "three", "four"];
    for second in 0..400_i64 {
        world.seconds = second;
        #[expect(clippy::cast_precision_loss, reason = "some minutes")]
        let used = used(second as f64);
        let all = ids.iter().take(replicas);
        // Only the first one's memory moves.
        world.seen.replicas = all
            .map(|id| ReplicaUse {
                id: (*id).into(),
                ..replica(true, if *id == "one" { used } else { 60.0 })
            })
            .collect();
        world.look();
        let kpis = &world.decision().kpis;
        if kpis.iter().any(|(name, kpi)| name == "memoryLeak" && kpi.current == Some(1.0)) {
            return Some(second);
        }
    }
    None
}

#[test]
fn of_several_replicas_a_rise_has_to_be_clearer() {
    // It rises in a noise that makes it clear only after a while.
    for (slope, noise) in [(6.0, 2.0), (3.0, 2.0), (3.0, 8.0), (2.0, 4.0)] {
        let used = |second: f64| 20.0 + slope * second / 60.0 + noise * (second * second).sin();
        let (alone, among) = (leaking(1, used), leaking(4, used));
        assert!(alone.is_some() && among > alone, "{slope} {noise}: {alone:?} {among:?}");
    }
}

#[test]
fn a_replica_that_is_started_anew_is_looked_at_anew() {
    let mut world = World::by_rules();
    for second in 0..300 {
        let used = 60.0 + f64::from(second) / 15.0;
        let restarts = u32::from(second >= 290);
        world.seen.replicas = vec![ReplicaUse { restarts, ..replica(true, used) }];
        world.seconds += 1;
        world.look();
    }
    let leak = &world.decision().decision.rules[3].parts[1];
    assert_eq!(leak.value, None, "{leak:?}");
}

#[test]
fn a_revision_that_nobody_has_asked_anything_does_not_succeed() {
    let mut world = World::new(DecisionSettings::default(), Vec::new());
    for _ in 0..60 {
        world.seconds += 1;
        world.seen.replicas = vec![replica(true, 40.0)];
        world.seen.traffic = Some(traffic(world.now(), 0, 0, 0));
        world.look();
    }
    world.check(Action::Continue, RunPhase::Running);
    assert_eq!((world.view().count, world.decision().decision.known), (0, false));
    // One request is no answer either: no rule is known by it, and the judge shows nothing.
    for _ in 0..30 {
        world.seconds += 1;
        let mut seen = traffic(world.now(), 10, 0, 20);
        seen.canary.seconds = seen.canary.seconds.into_iter().take(1).collect();
        seen.canary.seconds.iter_mut().for_each(|(_, tally)| {
            (tally.requests, tally.by_class[1]) = (1, 1);
        });
        world.seen.traffic = Some(seen);
        world.look();
    }
    world.check(Action::Continue, RunPhase::Running);
    assert_eq!((world.view().count, world.decision().decision.known), (0, false));
}

/// What a run comes to whose model says this and nothing else speaks.
fn told_by(model: &serde_json::Value) -> World {
    let prediction = Some(PredictionFrom { metric: "model".into(), overriders: Vec::new() });
    let rules = Vec::new();
    let settings =
        DecisionSettings { judge: None, prediction, rules, ..DecisionSettings::default() };
    let mut world = World::new(
        settings,
        vec![Metric { interval: Some(Duration::from_hours(1)), ..measured("model") }],
    );
    world.pass(2, 0, 20);
    let view = world.status.metrics.get_mut("model").unwrap();
    view.measurements.last_mut().unwrap().value = model.to_string();
    for _ in 0..12 {
        world.seconds += 1;
        world.look();
    }
    world
}

#[test]
fn a_model_that_is_sure_of_either_is_taken_at_its_word() {
    let says = |sure: f64| told_by(&json!({"shouldRollback": false, "confidence": sure}));
    for (sure, expect) in [(1.0, 1.0), (0.75, 0.75), (0.25, 0.75)] {
        let well = says(sure);
        well.check(Action::Continue, RunPhase::Running);
        assert!((well.decision().decision.confidence - expect).abs() < 1e-9);
        assert!(well.view().successful > 0);
    }
    let word = json!({"shouldRollback": true, "confidence": 0.7, "reasoning": "as last time"});
    told_by(&word).check(Action::MonitorClosely, RunPhase::Running);
}

#[test]
fn what_is_no_probability_predicts_nothing_and_is_told() {
    let why = "the last value of metric \"model\" is no probability from 0 to 1";
    for word in [
        json!(1.7),
        json!(-0.1),
        json!({"probability": 95}),
        json!({"shouldRollback": true, "confidence": 2}),
        json!("no"),
    ] {
        let world = told_by(&word);
        let decided = &world.decision().decision;
        let found = (&decided.prediction, decided.no_prediction.as_deref(), decided.known);
        assert_eq!(found, (&None, Some(why), false), "{word}");
        assert!(decided.to_string().ends_with(&format!("; no prediction: {why}")), "{decided}");
    }
}

#[test]
fn a_lasting_minor_rule_makes_no_measurement() {
    let mut settings = DecisionSettings { judge: None, ..DecisionSettings::default() };
    settings.rules.truncate(1);
    settings.rules[0].severity = Severity::Minor;
    let mut world = World::new(settings, Vec::new());
    world.pass(60, 1, 20).check(Action::MonitorClosely, RunPhase::Running);
    assert_eq!(world.view().count, 0);
}

/// A line that rises by so many bytes in each of the two minutes after the warm-up, over which it
/// rises by 10 % and no more.
#[test]
fn a_leak_rises_by_more_than_ten_percent() {
    let mut world = World::by_rules();
    for second in 0..=180_u64 {
        let used = 40_000 * (1_150 + second.saturating_sub(60));
        world.seen.replicas = vec![ReplicaUse { memory_bytes: Some(used), ..replica(true, 0.0) }];
        world.seconds = i64::try_from(second).unwrap();
        world.look();
        let leak = &world.decision().decision.rules[3].parts[1];
        if leak.value.is_some() && second < 180 {
            assert_eq!(leak.value, Some(0.0), "{second} {leak:?}");
            assert!(leak.note.starts_with("it rises by no more than 10 %"), "{leak:?}");
        }
    }
    let leak = &world.decision().decision.rules[3].parts[1];
    assert_eq!(leak.value, Some(1.0), "{leak:?}");
}
