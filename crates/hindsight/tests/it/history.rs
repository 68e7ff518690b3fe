use tidegate_hindsight::{
    Comparison, Metric, Settings, Word, judge_requests, judge_series, replay_series,
};
use tidegate_judge::{Direction, Sample, Season};

use crate::made::{Dice, Made, NOON, SAME, hits, traffic};

const HOUR: f64 = 3_600.0;

/// The midnight that ends the past.
const MIDNIGHT: f64 = NOON + 12.0 * HOUR;

/// A row each five minutes from `begin` on: 100 at night, 300 in the early afternoon, times `level`.
fn days(seed: u64, begin: f64, hours: u32, level: f64) -> Vec<Sample> {
    let mut dice = Dice(seed);
    let row = |nth: u32| {
        let at = begin + 300.0 * f64::from(nth);
        let day = (std::f64::consts::TAU * (at / (24.0 * HOUR) - 14.0 / 24.0)).cos();
        Sample { at, value: level * (200.0 + 100.0 * day + 5.0 * dice.normal()) }
    };
    (0..12 * hours).map(row).collect()
}

fn against(canary: Vec<Sample>, past_days: u32) -> Vec<Metric> {
    let begin = MIDNIGHT - 24.0 * HOUR * f64::from(past_days);
    let stable = days(1, begin, 24 * past_days, 1.0);
    vec![Metric { name: "p99_ms".to_owned(), canary, stable }]
}

fn settings() -> Settings {
    Settings { history: true, ..Settings::default() }
}

#[test]
fn the_usual_peak_is_no_harm_and_the_same_height_at_night_is() {
    let peak = days(2, MIDNIGHT + 13.0 * HOUR, 2, 1.0);
    let night: Vec<_> =
        peak.iter().map(|row| Sample { at: row.at - 11.0 * HOUR, ..*row }).collect();
    for (past, season) in [(7, Season::HourOfDay), (14, Season::HourOfWeek)] {
        let usual = judge_series(&against(peak.clone(), past), &settings());
        assert_eq!((usual.verdict, usual.comparison), (Word::NoWorse, Comparison::History));
        let known = usual.metrics[0].past.unwrap();
        assert_eq!((known.season, known.rows), (season, 288 * u64::from(past)));
        assert!(usual.metrics[0].stable.unwrap() > 280.0, "{:?}", usual.metrics);

        let harm = judge_series(&against(night.clone(), past), &settings());
        assert_eq!(harm.verdict, Word::Worse, "{}", harm.reason);
        assert!(harm.reason.contains(&season.to_string()), "{}", harm.reason);
        assert!(harm.metrics[0].stable.unwrap() < 130.0, "{:?}", harm.metrics);
    }
}

#[test]
fn a_fall_harms_where_that_was_said() {
    let metrics = against(days(2, MIDNIGHT + 13.0 * HOUR, 2, 0.4), 7);
    assert_eq!(judge_series(&metrics, &settings()).verdict, Word::NoWorse);
    let said = [("p99_ms".to_owned(), Some(Direction::Decrease))].into();
    let fall = judge_series(&metrics, &Settings { metrics: said, ..settings() });
    assert_eq!(fall.verdict, Word::Worse, "{}", fall.reason);
}

#[test]
fn alpha_is_shared_over_the_metrics() {
    let mut metrics = against(days(2, MIDNIGHT, 2, 1.0), 7);
    metrics.push(Metric { name: "cpu".to_owned(), ..metrics[0].clone() });
    let report = judge_series(&metrics, &settings());
    assert!(report.metrics.iter().all(|one| (one.bar - 200.0).abs() < 1e-6), "{report:?}");
}

#[test]
fn a_past_that_is_too_short_shows_nothing_and_that_is_told() {
    let canary = days(2, MIDNIGHT, 12, 3.0);
    let check = |metrics: &[Metric], told: &str| {
        let report = judge_series(metrics, &settings());
        assert_eq!(report.verdict, Word::Inconclusive, "{}", report.reason);
        assert!(report.reason.contains(told), "{}", report.reason);
    };
    check(&against(canary.clone(), 1), "the past is too short: it has 1 stretches");
    let mut few = against(canary.clone(), 1);
    few[0].stable.truncate(15);
    check(&few, "the past is too short: it has 15 rows, it takes 16");
    let mut later = against(canary, 7);
    later[0].canary.iter_mut().for_each(|row| row.at -= 30.0 * 24.0 * HOUR);
    check(&later, "no row of the history is before the canary's first");
    later[0].stable.iter_mut().for_each(|row| row.at -= MIDNIGHT - 7.0 * 24.0 * HOUR);
    check(&later, "one recording has dates and the other begins at zero");
}

#[test]
fn what_is_not_past_does_not_count() {
    let canary = days(2, MIDNIGHT + HOUR, 2, 3.0);
    let mut metrics = against(canary.clone(), 7);
    let rows = metrics[0].stable.len() as u64;
    metrics[0].stable.extend(canary);
    let report = judge_series(&metrics, &settings());
    assert_eq!((report.verdict, report.metrics[0].past.unwrap().rows), (Word::Worse, rows));
    assert!(report.notes.iter().any(|note| note.contains("24 rows")), "{:?}", report.notes);
}

#[test]
fn a_counter_is_compared_by_how_fast_it_rises() {
    let count = |rows: &[Sample], from: f64| -> Vec<Sample> {
        let mut sum = from;
        rows.iter()
            .map(|row| {
                sum += row.value;
                Sample { value: sum, ..*row }
            })
            .collect()
    };
    let mut metrics = against(days(2, MIDNIGHT + 2.0 * HOUR, 2, 1.0), 7);
    metrics[0].stable = count(&metrics[0].stable, 0.0);
    metrics[0].canary = count(&metrics[0].canary, 1e6);
    let report = judge_series(&metrics, &settings());
    assert_eq!(report.verdict, Word::NoWorse, "{}", report.reason);
    assert!(report.notes.iter().any(|note| note.contains("a counter")), "{:?}", report.notes);
}

#[test]
fn a_replay_shows_when_it_was_known() {
    let metrics = against(days(2, MIDNIGHT + HOUR, 6, 3.0), 7);
    let (report, looks) = replay_series(&metrics, &settings());
    assert_eq!(report.verdict, Word::Worse);
    let decided = report.decided_at.unwrap();
    assert!(decided > looks[0].at && decided < looks.last().unwrap().at, "{decided}");
}

#[test]
fn requests_are_compared_with_those_before_them() {
    let past = Made { requests: 12_000, per_second: 5.0, ..SAME };
    let canary = |errors, slower| {
        hits(Made { begin: NOON + 2_600.0, requests: 1_500, errors, slower, seed: 2, ..past })
    };
    let same = judge_requests(&traffic(&canary(0.01, 1.0), &hits(past)), &settings());
    assert_ne!(same.verdict, Word::Worse, "{}", same.reason);
    assert_eq!((same.metrics.len(), same.comparison), (4, Comparison::History));
    for (errors, slower, name) in [(0.3, 1.0, "errors"), (0.01, 3.0, "p50")] {
        let bad = judge_requests(&traffic(&canary(errors, slower), &hits(past)), &settings());
        let metric = bad.metrics.iter().find(|metric| metric.name == name).unwrap();
        assert_eq!(metric.verdict, Word::Worse, "{}", metric.reason);
    }
}
