//! What a run makes of what the judge gathers.

use std::time::Duration;

use tidegate_analysis::{
    JudgeSettings, Metric, Provider, RunEvent, RunObservation, RunPhase, RunSpec, RunStatus,
    RunTraffic, Verdict, default_watch_metrics, plan_run,
};
use tidegate_traffic::Tally;
use tidegate_units::Timestamp;

use crate::limits::run;

/// How a revision answers: one of so many requests with an error, and how slowly.
#[derive(Clone, Copy)]
struct Behaviour {
    error_every: u64,
    slower: u64,
}

const GOOD: Behaviour = Behaviour { error_every: u64::MAX, slower: 1 };
const HALF: Behaviour = Behaviour { error_every: 2, slower: 1 };

/// 200 requests a second, of which the canary has its weight; nothing is left to chance.
struct World {
    traffic: RunTraffic,
    canary: Behaviour,
    weight_percent: u64,
    requests: u64,
}

fn world(canary: Behaviour, weight_percent: u64) -> World {
    let at = Timestamp::from_millis(1_767_225_600_000);
    let traffic = RunTraffic { at, epoch: 1, ..RunTraffic::default() };
    let mut world = World { traffic, canary, weight_percent: 0, requests: 0 };
    (0..300).for_each(|_| world.pass());
    world.weight_percent = weight_percent;
    world
}

impl World {
    /// Lets the time of one look pass.
    fn pass(&mut self) {
        self.traffic.at = Timestamp::from_millis(self.traffic.at.as_millis() + 200);
        for _ in 0..40 {
            self.requests += 1;
            // 37 and 100 have no common divisor: the canary's requests are spread evenly.
            let of_canary = self.requests * 37 % 100 < self.weight_percent;
            let (tally, behaviour) = if of_canary {
                (&mut self.traffic.canary.total, self.canary)
            } else {
                (&mut self.traffic.stable.total, GOOD)
            };
            answer(tally, behaviour);
        }
    }
}

/// Latencies from 10 to 60 ms, in an order that repeats after 997 requests of the revision.
fn answer(tally: &mut Tally, behaviour: Behaviour) {
    tally.requests += 1;
    let failed = tally.requests.is_multiple_of(behaviour.error_every);
    tally.by_class[if failed { 4 } else { 1 }] += 1;
    let micros = 10_000 + tally.requests % 997 * 499 % 997 * 50;
    tally.latency.record(micros * behaviour.slower);
}

fn follow(spec: &RunSpec, world: &mut World, looks: u32) -> (RunStatus, Vec<RunEvent>) {
    let (mut status, mut events) = (RunStatus::default(), Vec::new());
    for _ in 0..looks {
        let seen =
            RunObservation { traffic: Some(world.traffic.clone()), ..RunObservation::default() };
        let plan = plan_run(spec, &status, &seen, world.traffic.at);
        let settled = plan_run(spec, &plan.status, &seen, world.traffic.at);
        assert_eq!((&settled.status, settled.events.len()), (&plan.status, 0), "it settles");
        assert_eq!(plan.wake_at.is_none(), plan.status.phase.is_completed());
        status = plan.status;
        events.extend(plan.events);
        world.pass();
    }
    (status, events)
}

#[test]
fn a_canary_that_fails_half_its_requests_fails_the_run_at_once() {
    let metric = default_watch_metrics().remove(0);
    let (status, events) = follow(&run(vec![metric]), &mut world(HALF, 5), 50);
    assert_eq!(status.phase, RunPhase::Failed);
    assert!(status.message.starts_with("metric \"judge\": errors: canary "), "{}", status.message);
    assert!(status.message.ends_with(" (needs 1 : 200)"), "{}", status.message);
    let taken = status.completed_at.unwrap().since(status.started_at.unwrap());
    assert!(taken < Duration::from_secs(3), "{taken:?}");
    let [RunEvent::MetricDecided { view, .. }, RunEvent::RunDecided { .. }] = &events[..] else {
        panic!("{events:?}");
    };
    let evidence = view.evidence.as_ref().unwrap();
    assert!(evidence.tests[0].log_evidence >= evidence.tests[0].log_bar);
    assert_eq!(view.measurements.len(), 1);
}

#[test]
fn a_slower_canary_is_told_with_its_quantile_and_the_rest_is_forgotten() {
    let slow = Behaviour { slower: 2, ..GOOD };
    let metric = default_watch_metrics().remove(0);
    let (status, _) = follow(&run(vec![metric]), &mut world(slow, 25), 100);
    let view = &status.metrics["judge"];
    assert!(view.message.starts_with("p90: canary 7"), "{}", view.message);
    assert!(view.message.contains(" ms of "), "{}", view.message);
    let text = serde_json::to_string(view).unwrap();
    assert!(text.contains(r#""stable":{"requests":0"#), "the router's counts are dropped: {text}");
}

#[test]
fn a_good_canary_is_watched_until_the_run_is_ended() {
    let mut spec = run(vec![default_watch_metrics().remove(0)]);
    let mut world = world(GOOD, 25);
    let (status, events) = follow(&spec, &mut world, 300);
    assert_eq!((status.phase, events.len()), (RunPhase::Running, 0));
    spec.terminate = true;
    let seen = RunObservation { traffic: Some(world.traffic.clone()), ..RunObservation::default() };
    let ended = plan_run(&spec, &status, &seen, world.traffic.at);
    assert_eq!(ended.status.phase, RunPhase::Successful);
    assert_eq!(ended.status.message, "ended on request");
}

#[test]
fn a_count_makes_the_judge_a_gate_that_waits_for_proof() {
    let settings = JudgeSettings { quantiles: vec![0.5, 0.9], ..JudgeSettings::default() };
    let gate = Metric {
        count: Some(1),
        provider: Provider::Judge(settings),
        ..default_watch_metrics().remove(0)
    };
    let (status, _) = follow(&run(vec![gate]), &mut world(GOOD, 50), 700);
    assert_eq!(status.phase, RunPhase::Successful, "{}", status.metrics["judge"].message);
    let evidence = status.metrics["judge"].evidence.as_ref().unwrap();
    assert_eq!(evidence.verdict, Verdict::NoWorse);
    assert!(evidence.canary.requests > 1_000);
}

#[test]
fn an_interval_makes_it_measure_and_unproven_is_inconclusive() {
    let metric = |inconclusive_limit| Metric {
        interval: Some(Duration::from_secs(5)),
        inconclusive_limit: Some(inconclusive_limit),
        ..default_watch_metrics().remove(0)
    };
    let (status, _) = follow(&run(vec![metric(0)]), &mut world(GOOD, 5), 100);
    assert_eq!(status.phase, RunPhase::Inconclusive);
    let taken = status.completed_at.unwrap().since(status.started_at.unwrap());
    assert_eq!(taken, Duration::from_secs(5));
    let (status, _) = follow(&run(vec![metric(100)]), &mut world(GOOD, 5), 101);
    assert_eq!(status.metrics["judge"].inconclusive, 4);
    let stated =
        Metric { success_condition: Some("result.verdict != \"worse\"".to_owned()), ..metric(0) };
    let (status, _) = follow(&run(vec![stated]), &mut world(GOOD, 5), 101);
    assert_eq!(status.metrics["judge"].successful, 4, "{}", status.message);
}
