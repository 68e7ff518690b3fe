use tidegate_hindsight::{
    Comparison, Concurrent, Metric, Settings, Word, judge_series, replay_series,
};
use tidegate_judge::{Direction, Sample};

use crate::made::{Dice, NOON};

fn samples(seed: u64, level: f64, begin: f64) -> Vec<Sample> {
    let mut dice = Dice(seed);
    let row = |nth: u32| Sample {
        at: begin + 15.0 * f64::from(nth),
        value: level * (1.0 + 0.05 * dice.normal()),
    };
    (0..80).map(row).collect()
}

fn metric(name: &str, canary: f64, stable: f64) -> Metric {
    Metric {
        name: name.to_owned(),
        canary: samples(1, canary, NOON),
        stable: samples(2, stable, NOON),
    }
}

#[test]
fn each_metric_is_judged_by_what_its_name_says() {
    let metrics = [
        metric("p99_ms", 300.0, 200.0),
        metric("throughput", 150.0, 100.0),
        metric("cpu", 0.3, 0.4),
    ];
    let report = judge_series(&metrics, &Settings::default());
    let words: Vec<_> = report.metrics.iter().map(|one| (one.direction, one.verdict)).collect();
    assert_eq!(
        words,
        [
            (Direction::Increase, Word::Worse),
            (Direction::Decrease, Word::NoWorse),
            (Direction::Increase, Word::NoWorse),
        ]
    );
    assert_eq!((report.verdict, report.comparison), (Word::Worse, Comparison::Concurrent));
    assert!(report.reason.starts_with("p99_ms: canary 30"), "{}", report.reason);
    let change = report.metrics[0].change.unwrap();
    assert!((change - 0.5).abs() < 0.05, "{change}");
}

#[test]
fn what_is_said_of_a_metric_goes_before_its_name() {
    let metrics = [metric("p99_ms", 300.0, 200.0), metric("signups", 50.0, 100.0)];
    let only = |name: &str, direction| Settings {
        metrics: [(name.to_owned(), direction)].into(),
        ..Settings::default()
    };
    let report = judge_series(&metrics, &only("p99_ms", Some(Direction::Decrease)));
    assert_eq!((report.verdict, report.metrics.len()), (Word::NoWorse, 1));
    assert_eq!(judge_series(&metrics, &only("signups", None)).verdict, Word::Worse);
}

#[test]
fn a_replay_shows_when_it_was_known() {
    let (report, looks) = replay_series(&[metric("p99_ms", 300.0, 200.0)], &Settings::default());
    assert_eq!(report.verdict, Word::Worse);
    let decided = report.decided_at.unwrap();
    assert!(decided > looks[0].at && decided < looks.last().unwrap().at, "{decided}");
    let interval = looks.last().unwrap().metrics[0].difference_interval.unwrap();
    assert!(interval[0].unwrap() > 50.0 && interval[1].unwrap() < 150.0, "{interval:?}");
}

#[test]
fn with_nothing_in_common_nothing_is_shown() {
    let report = judge_series(&[], &Settings::default());
    assert_eq!(report.verdict, Word::Inconclusive);
    assert!(report.reason.contains("nothing was compared"));
}

#[test]
fn a_report_is_json_with_the_words_that_are_promised() {
    let report = judge_series(&[metric("cpu", 0.3, 0.4)], &Settings::default());
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["verdict"], "no_worse");
    let metric = &json["metrics"][0];
    assert_eq!((&metric["name"], &metric["verdict"]), (&"cpu".into(), &"no_worse".into()));
    for key in ["canary", "stable", "change", "interval", "evidence", "bar", "needs"] {
        assert!(metric.get(key).is_some(), "{key}");
    }
    assert_eq!(json["canary"]["from"], "2026-01-31T12:00:00.000Z");
}

#[test]
fn what_is_said_of_when_they_ran_goes_before_the_clock() {
    let of_zero = |rows: &[Sample]| -> Vec<Sample> {
        rows.iter().map(|row| Sample { at: row.at - rows[0].at, ..*row }).collect()
    };
    let dated = metric("p99_ms", 240.0, 200.0);
    let zeroed = Metric {
        name: dated.name.clone(),
        canary: of_zero(&dated.canary),
        stable: of_zero(&dated.stable),
    };
    let of = |metric: &Metric, concurrent| {
        let settings = Settings { concurrent, ..Settings::default() };
        judge_series(std::slice::from_ref(metric), &settings).comparison
    };
    assert_eq!(of(&dated, Concurrent::Unsaid), Comparison::Concurrent);
    assert_eq!(of(&dated, Concurrent::No), Comparison::Apart);
    assert_eq!(of(&zeroed, Concurrent::Yes), Comparison::Concurrent);
}
