//! A metric against its own past.

use tidegate_judge::{
    Direction, History, IntervalReason, IntervalSettings, Sample, Season, Verdict,
};

use crate::world::Random;

const HOUR: f64 = 3600.0;
/// A Monday in 2025.
const START: f64 = 1_736_121_600.0;

/// Rows every half hour; by day twice as high as by night, on weekends half.
fn hours(random: &mut Random, from: usize, rows: usize) -> Vec<Sample> {
    let row = |row: usize| {
        let at = START + 0.5 * HOUR * (from + row) as f64;
        let (hour, day) = (at / HOUR % 24.0, (at - START) / HOUR / 24.0 % 7.0);
        let by_day = if (8.0..20.0).contains(&hour) { 2.0 } else { 1.0 };
        let weekend = if day >= 5.0 { 0.5 } else { 1.0 };
        Sample { at, value: 100.0 * by_day * weekend * (1.0 + 0.05 * random.normal()) }
    };
    (0..rows).map(row).collect()
}

fn rising() -> IntervalSettings {
    IntervalSettings { direction: Direction::Increase, ..IntervalSettings::default() }
}

#[test]
fn the_season_is_the_longest_that_was_seen_often_enough() {
    let mut random = Random::new(1);
    let mut season = |days: usize| {
        History::learn(&hours(&mut random, 0, 48 * days)).map(|history| history.season())
    };
    assert_eq!(season(21), Some(Season::HourOfWeek));
    assert_eq!(season(5), Some(Season::HourOfDay));
    assert_eq!(season(1), Some(Season::None));
    assert!(History::learn(&[]).is_none());
}

#[test]
fn a_busy_morning_is_no_anomaly_and_a_rise_is() {
    let mut random = Random::new(2);
    let history = History::learn(&hours(&mut random, 0, 48 * 21)).unwrap();
    // From Monday at seven, through the rise at eight.
    let morning = hours(&mut random, 48 * 21 + 14, 12);
    let usual = history.verdict(&morning, &rising());
    assert_eq!(usual.verdict, Verdict::NoWorse, "{usual:?}");
    let raised: Vec<Sample> =
        morning.iter().map(|row| Sample { value: 1.6 * row.value, ..*row }).collect();
    let worse = history.verdict(&raised, &rising());
    assert_eq!(worse.verdict, Verdict::Worse, "{worse:?}");
    assert!(worse.stretches > 50, "{worse:?}");
    assert!(history.score(raised[0]) > 5.0 && history.score(morning[0]).abs() < 5.0);
    assert!(history.surprise(raised[0]) < 0.01, "{}", history.surprise(raised[0]));
}

#[test]
fn a_level_that_wanders_is_no_anomaly() {
    let mut random = Random::new(3);
    let mut worse = 0;
    for _ in 0..100 {
        let mut level = 50.0;
        let rows: Vec<Sample> = (0..400)
            .map(|row| {
                level += random.normal();
                Sample { at: f64::from(row), value: level }
            })
            .collect();
        let history = History::learn(&rows[..360]).unwrap();
        let ever = (2..=8).any(|look| {
            let seen = history.verdict(&rows[360..360 + 5 * look], &IntervalSettings::default());
            seen.verdict == Verdict::Worse
        });
        worse += usize::from(ever);
    }
    assert!(worse <= 4, "{worse} of 100");
}

#[test]
fn a_canary_as_long_as_its_history_is_not_judged() {
    let mut random = Random::new(4);
    let history = History::learn(&hours(&mut random, 0, 40)).unwrap();
    let seen = history.verdict(&hours(&mut random, 40, 40), &rising());
    assert_eq!(seen.reason, IntervalReason::TooFewRows);
    assert_eq!(seen.verdict, Verdict::Inconclusive { needs: None });
    assert_eq!(history.verdict(&[], &rising()).reason, IntervalReason::CanaryEmpty);
}

#[test]
fn an_event_that_is_rare_is_no_anomaly() {
    let mut random = Random::new(9);
    let mut rows = |from: usize, rows: usize, often: f64| -> Vec<Sample> {
        let mut value = || if random.share() < often { 1.0 + 5.0 * random.share() } else { 0.0 };
        (from..from + rows)
            .map(|row| Sample { at: START + 300.0 * row as f64, value: value() })
            .collect()
    };
    let worse = (0..60).filter(|_| {
        let history = History::learn(&rows(0, 288, 0.02)).unwrap();
        let mut canary = rows(288, 2, 0.0);
        canary[1].value = 5.0;
        history.verdict(&canary, &rising()).verdict == Verdict::Worse
    });
    // Some 130 stretches of two rows hold about five such events.
    assert!(worse.count() <= 6);
}
