//! Verdicts on one metric.

use tidegate_kayenta::{
    Class, Direction, EffectSize, Measure, MetricSettings, NanStrategy, Outliers, Verdict, classify,
};

const BASE: [f64; 10] = [10.0, 9.0, 12.0, 11.0, 8.0, 10.0, 13.0, 9.0, 11.0, 10.0];
const HIGHER: [f64; 10] = [22.0, 24.0, 21.0, 25.0, 23.0, 26.0, 22.0, 24.0, 27.0, 23.0];
const SLIGHTLY: [f64; 10] = [10.0, 9.5, 12.0, 11.0, 8.5, 10.0, 13.0, 9.0, 11.5, 10.0];

fn plain() -> MetricSettings {
    MetricSettings::default()
}

fn check(settings: MetricSettings, experiment: &[f64], control: &[f64], expect: Class) -> Verdict {
    let found = classify(&settings, experiment, control);
    assert_eq!(found.class, expect, "{found:?}");
    found
}

#[test]
fn a_shift_is_a_failure_in_the_directions_that_count() {
    for (direction, up, down) in [
        (Direction::Either, Class::High, Class::Low),
        (Direction::Increase, Class::High, Class::Pass),
        (Direction::Decrease, Class::Pass, Class::Low),
    ] {
        let settings = MetricSettings { direction, ..plain() };
        check(settings, &HIGHER, &BASE, up);
        check(settings, &BASE, &HIGHER, down);
        check(settings, &SLIGHTLY, &BASE, Class::Pass);
    }
}

#[test]
fn a_verdict_says_how_much_it_is() {
    let found = check(plain(), &HIGHER, &BASE, Class::High);
    assert_eq!(
        found.reason.as_deref(),
        Some("the canary's values are higher by 13 (98 % interval 11 to 16, 2.301 times the mean)")
    );
    assert!((found.ratio.unwrap() - 23.7 / 10.3).abs() < 1e-12);
    assert_eq!((found.experiment.count, found.control.max), (10, 13.0));
    let found = check(plain(), &BASE, &HIGHER, Class::Low);
    assert!(found.reason.unwrap().starts_with("the canary's values are lower by 13 (98 %"));
}

#[test]
fn an_effect_smaller_than_allowed_is_none() {
    let limits = |measure, allowed_increase, allowed_decrease| MetricSettings {
        effect: EffectSize { allowed_increase, allowed_decrease, ..EffectSize::any(measure) },
        ..plain()
    };
    // The ratio is 2.301 one way and 0.435 the other; all pairs point one way.
    for (settings, up, down) in [
        (limits(Measure::MeanRatio, 2.3, 0.44), Class::High, Class::Low),
        (limits(Measure::MeanRatio, 2.31, 0.43), Class::Pass, Class::Pass),
        (limits(Measure::Cles, 1.0, 0.0), Class::High, Class::Low),
        (limits(Measure::Cles, 1.01, -0.01), Class::Pass, Class::Pass),
    ] {
        check(settings, &HIGHER, &BASE, up);
        check(settings, &BASE, &HIGHER, down);
    }
}

#[test]
fn an_effect_that_cannot_be_told_is_large_enough() {
    let settings = MetricSettings {
        critical: true,
        effect: EffectSize {
            allowed_increase: 9.0,
            critical_increase: 99.0,
            ..EffectSize::default()
        },
        ..plain()
    };
    let found = check(settings, &HIGHER, &[0.0; 10], Class::High);
    assert!(found.critical && found.ratio.unwrap().is_nan(), "{found:?}");
}

#[test]
fn only_what_is_beyond_the_critical_limit_is_critical() {
    for (critical_increase, expect) in [(1.0, true), (2.3, true), (2.31, false)] {
        let effect = EffectSize { critical_increase, ..EffectSize::default() };
        let settings = MetricSettings { critical: true, effect, ..plain() };
        assert_eq!(check(settings, &HIGHER, &BASE, Class::High).critical, expect);
        let settings = MetricSettings { critical: false, ..settings };
        assert!(!check(settings, &HIGHER, &BASE, Class::High).critical);
    }
    let settings = MetricSettings { critical: true, ..plain() };
    assert!(!check(settings, &SLIGHTLY, &BASE, Class::Pass).critical);
}

#[test]
fn a_side_without_values_has_no_data_unless_it_means_nought() {
    let nothing = [f64::NAN, f64::NAN];
    for (critical, must_have_data, class, is_critical) in [
        (false, false, Class::Nodata, false),
        (true, false, Class::Nodata, true),
        (false, true, Class::NodataFailMetric, false),
        (true, true, Class::Nodata, true),
    ] {
        let settings = MetricSettings { critical, must_have_data, ..plain() };
        for (a, b) in [(&nothing[..], &BASE[..]), (&BASE, &nothing), (&[], &[])] {
            assert_eq!(check(settings, a, b, class).critical, is_critical);
        }
        let settings = MetricSettings { nan: NanStrategy::Replace, ..settings };
        check(settings, &[], &BASE, Class::Pass);
        check(settings, &[f64::NAN; 10], &BASE, Class::Low);
    }
}

#[test]
fn the_same_values_pass_before_anything_is_compared() {
    let mut turned = BASE;
    turned.reverse();
    let found = check(plain(), &turned, &BASE, Class::Pass);
    assert_eq!(found.reason.as_deref(), Some("both sides have the same values"));
    assert_eq!(check(plain(), &[5.0; 3], &[5.0; 4], Class::Pass).reason, None);
}

#[test]
fn outliers_are_left_out_where_that_is_asked_for() {
    let noisy: Vec<f64> = (0..120).map(|i| if i % 2 == 0 { 10.0 } else { 11.0 }).collect();
    let mut wild = noisy.clone();
    wild.push(1e6);
    let outliers = Outliers::Remove { factor: Outliers::FACTOR };
    let found = check(MetricSettings { outliers, ..plain() }, &wild, &noisy, Class::Pass);
    assert_eq!((found.experiment.count, found.experiment.max), (120, 11.0));
    assert_eq!(check(plain(), &wild, &noisy, Class::Pass).experiment.count, 121);
}

#[test]
fn sides_of_one_value_each_are_compared_with_a_noise_that_is_always_the_same() {
    for n in [2, 3, 10, 60] {
        let (high, low) = (vec![5.0; n], vec![3.0; n]);
        let found = check(plain(), &high, &low, Class::High);
        assert_eq!(found, classify(&plain(), &high, &low));
        assert!((found.ratio.unwrap() - 5.0 / 3.0).abs() < 1e-3);
        assert_eq!(found.experiment.std.to_bits(), 0.0_f64.to_bits(), "told without the noise");
        check(plain(), &low, &high, Class::Low);
        check(plain(), &high, &vec![0.0; n], Class::High);
        check(plain(), &vec![0.0; n], &high, Class::Low);
    }
}

#[test]
fn one_value_on_each_side_cannot_be_ranked() {
    let found = check(plain(), &[5.0], &[4.0], Class::Error);
    assert_eq!((found.ratio, found.critical), (None, false));
    check(plain(), &[5.0], &[0.0], Class::Error);
    check(plain(), &[5.0], &[5.0], Class::Pass);
    for (a, b) in [(1.0, 1.5), (1.5, 1.0), (0.07, 0.11), (310.0, 170.0)] {
        check(plain(), &[a], &[b], Class::Error);
    }
}

#[test]
fn one_value_on_each_side_is_ranked_where_the_difference_is_rounded() {
    check(plain(), &[100.0], &[1.0], Class::High);
    check(plain(), &[1.0], &[100.0], Class::Error);
}
