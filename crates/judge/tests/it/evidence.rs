//! What the judge gathers, tells and keeps.

use tidegate_judge::{JudgeEvidence, JudgeSettings, RunTraffic, Verdict};
use tidegate_traffic::Tally;
use tidegate_units::Timestamp;

use crate::world::{Behaviour, GOOD, World};

const HALF: Behaviour = Behaviour { error_rate: 0.5, ..GOOD };

fn world(canary: Behaviour, weight: f64) -> World {
    World::new(7, 200.0, weight, canary, GOOD)
}

fn gathered(world: &mut World, looks: u32) -> JudgeEvidence {
    let mut evidence = JudgeEvidence::default();
    let settings = JudgeSettings::default();
    evidence.look(&settings, &world.traffic);
    for _ in 0..looks {
        world.pass();
        evidence.look(&settings, &world.traffic);
    }
    evidence
}

fn count(tally: &mut Tally, requests: u64, errors: u64) {
    tally.requests += requests;
    tally.by_class[1] += requests - errors;
    tally.by_class[4] += errors;
}

/// Evidence after one batch with the given canary and stable `(requests, errors)`.
fn one_batch(canary: (u64, u64), stable: (u64, u64)) -> JudgeEvidence {
    let (mut evidence, mut traffic) = (JudgeEvidence::default(), RunTraffic::default());
    evidence.look(&JudgeSettings::default(), &traffic);
    count(&mut traffic.canary.total, canary.0, canary.1);
    count(&mut traffic.stable.total, stable.0, stable.1);
    traffic.at = Timestamp::from_millis(5_000);
    evidence.look(&JudgeSettings::default(), &traffic);
    evidence
}

#[test]
fn the_verdict_is_told_in_one_sentence() {
    let check = |canary, stable, expect: &str| {
        assert_eq!(one_batch(canary, stable).to_string(), expect);
    };
    check(
        (104, 50),
        (1_976, 0),
        "errors: canary 48.1 % of 104, stable 0.0 % of 1976; evidence 1 : 10^59 (needs 1 : 200)",
    );
    check(
        (10, 3),
        (190, 0),
        "errors: canary 30.0 % of 10, stable 0.0 % of 190; evidence 1 : 1500 (needs 1 : 200)",
    );
    check(
        (10, 1),
        (190, 0),
        "errors: canary 10.0 % of 10, stable 0.0 % of 190; evidence 1 : 8 (needs 1 : 200)",
    );
    check(
        (0, 0),
        (500, 0),
        "no request of the canary beside one of the stable revision was seen yet",
    );
    assert_eq!(JudgeEvidence::default().to_string(), "nothing was seen yet");
}

#[test]
fn three_errors_at_five_percent_are_enough_and_two_are_not() {
    assert_eq!(one_batch((5, 3), (95, 0)).verdict, Verdict::Worse);
    assert_ne!(one_batch((5, 2), (95, 0)).verdict, Verdict::Worse);
    assert_ne!(one_batch((5, 3), (95, 40)).verdict, Verdict::Worse);
}

#[test]
fn alpha_is_shared_over_the_tests() {
    let bars = |quantiles: &[f64]| -> Vec<(String, f64)> {
        let settings = JudgeSettings { quantiles: quantiles.to_vec(), ..JudgeSettings::default() };
        let mut evidence = JudgeEvidence::default();
        evidence.look(&settings, &RunTraffic::default());
        let bar = |log: f64| log.exp().round();
        evidence.tests.into_iter().map(|test| (test.name, bar(test.log_bar))).collect()
    };
    let named = |name: &str, bar: f64| (name.to_owned(), bar);
    assert_eq!(bars(&[]), [named("errors", 100.0)]);
    assert_eq!(bars(&[0.95]), [named("errors", 200.0), named("p95", 200.0)]);
    let two = [named("errors", 200.0), named("p50", 400.0), named("p99.9", 400.0)];
    assert_eq!(bars(&[0.5, 0.999]), two);
}

#[test]
fn nothing_is_lost_when_looks_are_missed_or_the_evidence_is_read_back() {
    let (mut one, mut other) = (world(GOOD, 0.25), world(GOOD, 0.25));
    let settings = JudgeSettings::default();
    let often = gathered(&mut one, 100);
    let (mut seldom, mut read) = (JudgeEvidence::default(), JudgeEvidence::default());
    seldom.look(&settings, &other.traffic);
    read.look(&settings, &other.traffic);
    for look in 1..=100 {
        other.pass();
        if look % 10 == 0 {
            seldom.look(&settings, &other.traffic);
            read.look(&settings, &other.traffic);
            let text = serde_json::to_string(&read).unwrap();
            assert!(text.len() < 12_000, "{} bytes", text.len());
            read = serde_json::from_str(&text).unwrap();
        }
    }
    for (one, other) in read.tests.iter().zip(&seldom.tests) {
        assert!((one.log_evidence - other.log_evidence).abs() < 1e-9, "{one:?}");
        assert_eq!((one.canary, one.canary_count), (other.canary, other.canary_count));
    }
    assert_eq!(often.canary.requests, seldom.canary.requests);
    assert_eq!(often.stable.errors, seldom.stable.errors);
    assert_eq!(seldom.canary.requests, other.traffic.canary.total.requests);
}

#[test]
fn a_new_router_counts_from_zero_and_the_evidence_stays() {
    let mut world = world(GOOD, 0.25);
    let mut evidence = gathered(&mut world, 50);
    let before = evidence.clone();
    world.traffic.epoch += 1;
    (world.traffic.canary, world.traffic.stable) = Default::default();
    (0..5).for_each(|_| world.pass());
    let came = world.traffic.canary.total.requests;
    evidence.look(&JudgeSettings::default(), &world.traffic);
    assert_eq!(evidence.canary.requests, before.canary.requests + came);
    let moved = evidence.tests[0].log_no_worse - before.tests[0].log_no_worse;
    assert!(moved.abs() < 0.1, "{moved}");
}

#[test]
fn a_revision_that_breaks_after_ten_good_minutes_is_found_within_seconds() {
    let mut world = World::new(
        3,
        100.0,
        0.05,
        Behaviour { error_rate: 0.01, ..GOOD },
        Behaviour { error_rate: 0.01, ..GOOD },
    );
    let broken = 3_000;
    let caught = world
        .watch(&JudgeSettings::default(), broken + 100, |world, look| {
            if look == broken {
                world.canary = HALF;
            }
        })
        .unwrap();
    assert!((600.0..610.0).contains(&caught.seconds), "{}", caught.seconds);
}

#[test]
fn a_revision_alone_is_no_evidence_and_its_stale_counts_are_dropped() {
    let mut world = world(HALF, 1.0);
    let evidence = gathered(&mut world, 400);
    assert_eq!((evidence.canary.requests, evidence.verdict), (0, Verdict::default()));
    world.weight = 0.5;
    world.canary = GOOD;
    let (alone, mut late) = (world.traffic.canary.total.requests, evidence);
    for _ in 0..10 {
        world.pass();
        late.look(&JudgeSettings::default(), &world.traffic);
    }
    assert!(late.canary.requests > 0 && late.canary.requests < alone);
}

#[test]
fn what_is_still_needed_falls_to_nothing_as_a_good_canary_is_seen() {
    let mut world = world(GOOD, 0.5);
    let mut last = u64::MAX;
    let mut evidence = gathered(&mut world, 50);
    for _ in 0..8 {
        let Verdict::Inconclusive { needs: Some(needs) } = evidence.tests[2].verdict else { break };
        assert!(needs < last.saturating_mul(2), "{needs} after {last}");
        last = needs;
        for _ in 0..50 {
            world.pass();
            evidence.look(&JudgeSettings::default(), &world.traffic);
        }
    }
    assert!(last < 20_000, "{last}");
    assert_eq!(evidence.tests[2].name, "p90");
    assert_eq!(evidence.tests[2].verdict, Verdict::NoWorse);
}
