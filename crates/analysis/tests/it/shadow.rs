//! Comparisons of answers: false alarms, power, and what a run makes of them.

use std::time::Duration;

use tidegate_analysis::{
    FieldEvidence, Metric, Provider, RunObservation, RunPhase, RunStatus, RunTraffic,
    ShadowSettings, plan_run, shadow_metrics, weigh,
};
use tidegate_comparison::{Apart, Counts, Difference, Found};
use tidegate_traffic::{Compared, RevisionTally};
use tidegate_units::Timestamp;

use crate::{limits::run, world::Random};

/// Who stands apart in a field, when it is noise in each answer with this probability: two of three
/// values that were not touched are alike, and no two noisy ones are.
fn drawn(random: &mut Random, rates: [f64; 3]) -> Option<Apart> {
    let noisy = rates.map(|rate| random.share() < rate);
    match noisy {
        [true, false, false] => Some(Apart::Candidate),
        [false, true, false] => Some(Apart::First),
        [false, false, true] => Some(Apart::Second),
        [false, false, false] => None,
        _ => Some(Apart::All),
    }
}

fn add(counts: &mut Counts, differences: impl Iterator<Item = (String, Option<Apart>)>) {
    let difference = |(field, apart): (String, Option<Apart>)| {
        Some(Difference { field, apart: apart?, shown: Default::default() })
    };
    let differences = differences.filter_map(difference).collect();
    counts.add(&Found { differences, ..Found::default() }, "GET /", 0);
}

fn is_alarmed(counts: &Counts, alpha: f64) -> bool {
    weigh(counts, alpha).iter().any(FieldEvidence::differs)
}

/// Runs of 2,000 requests, looked at after each of the first 200 and every 20th from there.
fn alarms(runs: u64, alpha: f64, rates: impl Fn(usize) -> [f64; 3], fields: usize) -> usize {
    let mut alarmed = 0;
    for run in 0..runs {
        let mut random = Random::new(run);
        let mut counts = Counts::default();
        let ever = (0..2_000).any(|request| {
            let found = (0..fields)
                .map(|field| (format!("body.f{field:03}"), drawn(&mut random, rates(field))));
            add(&mut counts, found);
            (request < 200 || request % 20 == 0) && is_alarmed(&counts, alpha)
        });
        alarmed += usize::from(ever);
    }
    alarmed
}

#[test]
fn a_replica_like_the_others_is_not_called_different() {
    // Rare noise, common noise, and a field that is another each time.
    let noise = |field: usize| [[0.002, 0.05, 0.3, 1.0][field % 4]; 3];
    assert_eq!(alarms(60, 0.05, noise, 40), 0, "far below the 5 % that are allowed");
}

/// At the very edge of what is accepted, alarms come no more often than is promised, and the promise
/// is not an empty one: a little beyond, they come.
#[test]
fn at_the_edge_of_the_margin_alarms_are_as_rare_as_promised() {
    // The candidate alone as often as the two others together: odds at the margin of 2.
    let edge = |_| [0.02, 0.01, 0.01];
    let (runs, alpha) = (600, 0.05);
    let found = alarms(runs, alpha, edge, 1);
    // Half of alpha is for the first field: 15 are expected at most, and 26 are one in a thousand.
    assert!(found <= 26, "{found} of {runs}");
    let beyond = |_| [0.08, 0.01, 0.01];
    assert!(alarms(20, alpha, beyond, 1) == 20);
}

#[test]
fn a_wrong_field_is_found_soon_among_noisy_ones() {
    let needed = |share: f64| {
        let mut all: Vec<usize> = (0..41)
            .map(|run| {
                let mut random = Random::new(run);
                let mut counts = Counts::default();
                (1..20_000)
                    .find(|_| {
                        let noise = (0..30).map(|field| {
                            (format!("body.f{field:02}"), drawn(&mut random, [0.1; 3]))
                        });
                        let noise: Vec<_> = noise.collect();
                        let wrong = (random.share() < share).then_some(Apart::Candidate);
                        let wrong = ("body.price".to_owned(), wrong);
                        add(&mut counts, noise.into_iter().chain([wrong]));
                        is_alarmed(&counts, 0.01)
                    })
                    .unwrap()
            })
            .collect();
        all.sort_unstable();
        all[all.len() / 2]
    };
    assert!(needed(1.0) <= 20, "every answer is wrong: {}", needed(1.0));
    assert!(needed(0.05) <= 500, "one in twenty is: {}", needed(0.05));
}

/// So many comparisons, in so many of which the price was wrong.
fn compared(requests: u64, wrong: u64) -> Compared {
    let mut compared = Compared::default();
    for request in 0..requests {
        let price = (request < wrong).then_some(Apart::Candidate);
        let id = ("body.id".to_owned(), Some(Apart::All));
        add(&mut compared.counts, [id, ("body.price".to_owned(), price)].into_iter());
    }
    compared
}

/// The phase and the message of a metric after looks at these seconds.
fn looked(metric: Metric, looks: &[(i64, Option<Compared>)]) -> (RunPhase, String) {
    let spec = run(vec![metric]);
    let mut status = RunStatus::default();
    for (second, compared) in looks {
        let now = Timestamp::from_millis(second * 1_000);
        let compared = compared.clone().map(Box::new);
        let canary = RevisionTally { compared, ..RevisionTally::default() };
        let traffic = RunTraffic { at: now, canary, ..RunTraffic::default() };
        let seen = RunObservation { traffic: Some(traffic), ..RunObservation::default() };
        let plan = plan_run(&spec, &status, &seen, now);
        assert!(plan.status.phase.is_completed() || plan.wake_at.is_some());
        status = plan.status;
    }
    let view = status.metrics.values().next().unwrap();
    (view.phase, view.message.clone())
}

fn step() -> Metric {
    shadow_metrics(Duration::from_mins(1), 100).remove(0)
}

fn metric(success: Option<&str>) -> Metric {
    let success_condition = success.map(str::to_owned);
    let settings = ShadowSettings::default();
    Metric { success_condition, ..Metric::new("shadow", Provider::Shadow(settings)) }
}

#[test]
fn a_step_waits_for_its_end_unless_a_difference_is_shown() {
    let (phase, _) = looked(step(), &[(0, None), (59, Some(compared(500, 0)))]);
    assert_eq!(phase, RunPhase::Pending);
    let (phase, message) = looked(step(), &[(0, None), (60, Some(compared(500, 0)))]);
    let (phase_shown, message_shown) = looked(step(), &[(0, None), (7, Some(compared(40, 20)))]);
    assert_eq!(phase, RunPhase::Successful);
    assert!(message.starts_with("no difference in 500 requests that were compared"), "{message}");
    assert_eq!(phase_shown, RunPhase::Failed);
    let expect = "body.price: 20 times the new revision alone, 0 times one of the stable replicas \
                  alone; evidence 1 : ";
    assert!(message_shown.starts_with(expect), "{message_shown}");
}

#[test]
fn too_little_is_no_success() {
    for seen in [None, Some(compared(0, 0)), Some(compared(99, 3))] {
        let (phase, message) = looked(step(), &[(0, None), (60, seen.clone())]);
        assert_eq!(phase, RunPhase::Inconclusive, "{message}");
        let expect = if seen.is_some() { "100 are needed" } else { "no answers are compared" };
        assert!(message.contains(expect), "{message}");
    }
}

#[test]
fn what_a_restart_of_the_router_has_lost_is_told() {
    let resumed = |requests| Compared { resumed: true, ..compared(requests, 0) };
    for (requests, phase) in [(30, RunPhase::Inconclusive), (300, RunPhase::Successful)] {
        let looks = [(0, Some(compared(90, 0))), (60, Some(resumed(requests)))];
        let (found, message) = looked(step(), &looks);
        assert_eq!(found, phase);
        assert!(message.contains("what was compared before is lost"), "{message}");
    }
}

#[test]
fn a_metric_waits_for_enough_comparisons_and_no_longer_than_it_says() {
    let looks =
        |seconds, requests| [(0, Some(compared(10, 0))), (seconds, Some(compared(requests, 0)))];
    assert_eq!(looked(metric(None), &looks(299, 99)).0, RunPhase::Pending);
    assert_eq!(looked(metric(None), &looks(299, 100)).0, RunPhase::Successful);
    assert_eq!(looked(metric(None), &looks(300, 99)).0, RunPhase::Inconclusive);
}

#[test]
fn conditions_come_before_the_verdict() {
    let check = |condition: &str, expect: RunPhase| {
        let seen = [(0, Some(compared(200, 30)))];
        assert_eq!(looked(metric(Some(condition)), &seen).0, expect, "{condition}");
    };
    check("result.compared >= 200 && result.differing < 40", RunPhase::Successful);
    check("result.verdict == 'alike'", RunPhase::Failed);
    check("result.worst == 'body.price' && result.eValue > 1000", RunPhase::Successful);
    check("result.differences == 1 && result.noisy == 0", RunPhase::Successful);
}
