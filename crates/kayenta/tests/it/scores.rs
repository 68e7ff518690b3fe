//! Scores of canaries.

use tidegate_kayenta::{
    CanaryConfig, Class, EffectSize, Metric, MetricSettings, Pair, ScoreClass, Thresholds,
    UnknownMetric, judge,
};

const BASE: [f64; 10] = [10.0, 9.0, 12.0, 11.0, 8.0, 10.0, 13.0, 9.0, 11.0, 10.0];

/// A metric by the verdict that it is to have, its groups, and its settings.
struct Case(Class, &'static [&'static str], MetricSettings);

fn plain(class: Class, groups: &'static [&'static str]) -> Case {
    Case(class, groups, MetricSettings::default())
}

fn config(cases: &[Case], weights: &[(&str, f64)]) -> CanaryConfig {
    let metric = |(index, Case(_, groups, settings)): (usize, &Case)| Metric {
        name: format!("m{index}"),
        groups: groups.iter().map(|&group| group.to_owned()).collect(),
        settings: *settings,
        scope: String::new(),
        query: None,
    };
    CanaryConfig {
        metrics: cases.iter().enumerate().map(metric).collect(),
        group_weights: weights.iter().map(|&(name, weight)| (name.to_owned(), weight)).collect(),
        thresholds: Some(Thresholds { pass: 90.0, marginal: 50.0 }),
        ..CanaryConfig::default()
    }
}

fn pairs(cases: &[Case]) -> Vec<Pair> {
    let pair = |(index, Case(class, ..)): (usize, &Case)| {
        let experiment = match class {
            Class::Pass => BASE.to_vec(),
            Class::High => BASE.map(|value| value * 3.0).to_vec(),
            Class::Low => BASE.map(|value| value / 3.0).to_vec(),
            _ => Vec::new(),
        };
        let name = format!("m{index}");
        Pair { name, experiment, control: BASE.to_vec(), ..Pair::default() }
    };
    cases.iter().enumerate().map(pair).collect()
}

fn check(cases: &[Case], weights: &[(&str, f64)], score: f64, class: ScoreClass) -> Option<String> {
    let found = judge(&config(cases, weights), None, &pairs(cases)).unwrap();
    for (Case(expect, ..), result) in cases.iter().zip(&found.results) {
        assert_eq!(result.verdict.class, *expect);
    }
    assert!((found.score.score - score).abs() < 1e-9, "{:?}", found.score);
    assert_eq!(found.score.class, Some(class));
    assert_eq!(found.kayenta_reason().is_some(), found.score.reason.is_some());
    found.score.reason
}

/// What Kayenta says of the whole, and of the last metric.
fn words(cases: &[Case]) -> (Option<String>, Option<String>) {
    let found = judge(&config(cases, &[]), None, &pairs(cases)).unwrap();
    (found.kayenta_reason(), found.results.last().unwrap().kayenta_reason())
}

#[test]
fn reasons_have_kayentas_words() {
    let critical = MetricSettings { critical: true, ..MetricSettings::default() };
    let muted = MetricSettings { muted: true, ..critical };
    let must = MetricSettings { must_have_data: true, ..MetricSettings::default() };
    let large = EffectSize { critical_increase: 99.0, ..EffectSize::default() };
    let spared = MetricSettings { effect: large, ..critical };
    let lost = "Missing data for m2";
    for (class, settings, whole, each) in [
        (Class::High, MetricSettings::default(), None, "m2 was classified as High"),
        (Class::Low, MetricSettings::default(), None, "m2 was classified as Low"),
        (Class::High, spared, None, "m2 was classified as High"),
        (Class::High, muted, None, "The metric m2 was classified as High (Critical)"),
        (
            Class::Low,
            critical,
            Some("Canary Failed: The metric m2 was classified as Low (Critical)"),
            "The metric m2 was classified as Low (Critical)",
        ),
        (Class::Nodata, MetricSettings::default(), None, lost),
        (Class::Nodata, critical, Some("Canary Failed: Missing data for m2"), lost),
        (Class::NodataFailMetric, must, None, lost),
    ] {
        let all = || plain(Class::Pass, &["a"]);
        let found = words(&[all(), all(), Case(class, &["a"], settings)]);
        assert_eq!((found.0.as_deref(), found.1.as_deref()), (whole, Some(each)), "{class:?}");
    }
    let half = words(&[plain(Class::Pass, &["a"]), plain(Class::Nodata, &["a"])]).0;
    assert_eq!(half.as_deref(), Some("Canary Failed: 50% or more metrics returned NODATA"));
}

#[test]
fn groups_count_by_their_weights_and_the_others_share_the_rest() {
    use Class::{High, Low, Pass};
    use ScoreClass::{Fail, Marginal};
    let case = plain;
    let all = ScoreClass::Pass;
    check(&[case(Pass, &["a"])], &[], 100.0, all);
    check(&[case(High, &["a"])], &[("a", 100.0)], 0.0, Fail);
    check(&[case(Pass, &["a"]), case(Low, &["a"]), case(High, &["a"])], &[], 33.33, Fail);
    check(&[case(Pass, &["a"]), case(Low, &["a"]), case(Pass, &["b"])], &[], 75.0, Marginal);
    let split = [case(Pass, &["a"]), case(High, &["b"])];
    check(&split, &[("a", 70.0), ("b", 30.0)], 70.0, Marginal);
    check(&split, &[("a", 70.0)], 70.0, Marginal);
    check(&split, &[("b", 5.0)], 95.0, all);
    // A group that no metric is in takes its weight with it.
    check(&split, &[("a", 50.0), ("b", 25.0), ("c", 25.0)], 50.0, Marginal);
    check(&[case(Pass, &["a", "b"]), case(High, &["b"])], &[], 75.0, Marginal);
}

#[test]
fn what_has_no_data_does_not_count_unless_it_is_much() {
    use Class::{High, Nodata, NodataFailMetric, Pass};
    let case = plain;
    let some = [case(Pass, &["a"]), case(High, &["a"]), case(Nodata, &["a"])];
    check(&some, &[], 50.0, ScoreClass::Marginal);
    let group = [case(Pass, &["a"]), case(High, &["a"]), case(Nodata, &["b"])];
    check(&group, &[], 75.0, ScoreClass::Marginal);
    let half = [case(Pass, &["a"]), case(Nodata, &["b"])];
    let reason = check(&half, &[], 0.0, ScoreClass::Fail);
    assert_eq!(reason.as_deref(), Some("1 of 2 metrics have no data"));
    let must = MetricSettings { must_have_data: true, ..MetricSettings::default() };
    let wanted = [case(Pass, &["a"]), Case(NodataFailMetric, &["a"], must)];
    check(&wanted, &[], 50.0, ScoreClass::Marginal);
}

#[test]
fn a_critical_failure_decides_alone() {
    let critical = MetricSettings { critical: true, ..MetricSettings::default() };
    let many = || plain(Class::Pass, &["a"]);
    let cases = [many(), many(), many(), Case(Class::High, &["a"], critical)];
    let reason = check(&cases, &[], 0.0, ScoreClass::Fail).unwrap();
    assert!(reason.starts_with("the critical metric m3 is High: the canary's values"), "{reason}");
    let cases = [many(), many(), many(), Case(Class::Nodata, &["a"], critical)];
    let reason = check(&cases, &[], 0.0, ScoreClass::Fail).unwrap();
    assert_eq!(reason, "the critical metric m3 is Nodata: the canary has no values");
    let cases = [Case(Class::Pass, &["a"], critical), plain(Class::Low, &["a"])];
    assert_eq!(check(&cases, &[], 50.0, ScoreClass::Marginal), None);
}

#[test]
fn a_muted_metric_is_told_and_does_not_count() {
    let muted = MetricSettings { muted: true, critical: true, ..MetricSettings::default() };
    let cases = [plain(Class::Pass, &["a"]), Case(Class::High, &["a"], muted)];
    check(&cases, &[], 100.0, ScoreClass::Pass);
    let found = judge(&config(&cases, &[]), None, &pairs(&cases)).unwrap();
    assert!(found.results[1].muted);
    let cases = [plain(Class::Pass, &["a"]), Case(Class::Nodata, &["b"], muted)];
    check(&cases, &[], 100.0, ScoreClass::Pass);
}

#[test]
fn thresholds_that_are_given_come_before_those_of_the_configuration() {
    let cases = [plain(Class::Pass, &["a"]), plain(Class::High, &["a"])];
    let mut config = config(&cases, &[]);
    let class =
        |config: &CanaryConfig, given| judge(config, given, &pairs(&cases)).unwrap().score.class;
    assert_eq!(class(&config, None), Some(ScoreClass::Marginal));
    let given = Thresholds { pass: 50.0, marginal: 10.0 };
    assert_eq!(class(&config, Some(given)), Some(ScoreClass::Pass));
    config.thresholds = None;
    assert_eq!(class(&config, None), None);
}

#[test]
fn values_of_a_metric_that_is_not_configured_are_refused() {
    let unknown = Pair { name: "x".to_owned(), ..Pair::default() };
    let refused = judge(&CanaryConfig::default(), None, &[unknown]);
    assert_eq!(refused, Err(UnknownMetric("x".to_owned())));
}

#[test]
fn with_no_metric_the_score_is_zero_with_no_sign() {
    let judged = judge(&config(&[], &[]), None, &[]).unwrap();
    assert_eq!(judged.score.score.to_string(), "0");
}

#[test]
fn a_configuration_with_no_metric_has_no_score() {
    let found = judge(&config(&[], &[]), None, &[]).unwrap();
    assert_eq!((found.score.score, found.score.class), (0.0, Some(ScoreClass::Fail)));
}
