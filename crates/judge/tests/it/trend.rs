//! Rises and falls, and series that only look like one.

use tidegate_judge::{Trend, trend};

use crate::world::Random;

fn of(values: &[f64]) -> Trend {
    let series: Vec<_> = values.iter().enumerate().map(|(at, value)| (at as f64, *value)).collect();
    trend(&series).unwrap()
}

fn check(found: f64, expect: f64) {
    assert!((found - expect).abs() < 1e-9, "{found}, expected {expect}");
}

/// S is 45 - 2 * 4 and its variance 10 * 9 * 25 / 18; the slope is scipy's `theilslopes`.
#[test]
fn a_rise_is_told_by_kendalls_s_and_the_median_slope() {
    let found = of(&[1.0, 3.0, 2.0, 5.0, 4.0, 7.0, 6.0, 9.0, 8.0, 10.0]);
    check(found.slope, 1.0);
    check(found.rise, 9.0);
    check(found.level, 5.5);
    check(found.z, 36.0 / 125.0_f64.sqrt());
    check(found.effective, 10.0);
    assert!(found.interval.0 > 0.0 && found.interval.0 < 1.0 && found.interval.1 > 1.0);
    assert!(found.p_rise() < 0.001 && found.p_fall() > 0.999, "{found:?}");
}

/// The same series turned round, moved and stretched is the same trend turned round.
#[test]
fn it_follows_the_values_and_not_their_size() {
    let values = [4.0, 4.5, 4.1, 5.0, 5.6, 5.2, 6.1, 6.0, 6.6, 7.0, 6.9, 7.3];
    let found = of(&values);
    for (by, plus) in [(-1.0, 0.0), (1e9, 5e9), (1e-9, 0.0)] {
        let other = of(&values.map(|value| value * by + plus));
        check(other.slope / (found.slope * by), 1.0);
        check(other.z, found.z * by.signum());
    }
}

#[test]
fn one_wild_value_moves_it_little() {
    let mut values: Vec<f64> = (0..40).map(|at| 100.0 + f64::from(at)).collect();
    let calm = of(&values);
    values[39] = -1e12;
    values[3] = 1e12;
    let wild = of(&values);
    assert!((wild.slope - calm.slope).abs() < 0.05, "{wild:?}");
    assert!(wild.p_rise() < 1e-6, "{wild:?}");
}

#[test]
fn what_never_changes_has_no_trend() {
    let found = of(&[7.0; 20]);
    assert_eq!((found.slope, found.z, found.rise), (0.0, 0.0, 0.0));
    assert!(found.p_rise() >= 0.5);
}

#[test]
fn too_little_says_nothing() {
    assert_eq!(trend(&[]), None);
    let few: Vec<_> = (0..7).map(|at| (f64::from(at), f64::from(at))).collect();
    assert_eq!(trend(&few), None);
    assert_eq!(trend(&[(1.0, 2.0); 20]), None, "all of one moment");
    let mut holes: Vec<_> = (0..9).map(|at| (f64::from(at), f64::from(at))).collect();
    holes[4].1 = f64::NAN;
    assert_eq!(trend(&holes).unwrap().points, 8);
}

#[test]
fn a_long_series_is_put_together_and_says_the_same() {
    let mut dice = Random::new(4);
    let values: Vec<f64> =
        (0..20_000).map(|at| f64::from(at) * 0.01 + 30.0 * dice.normal()).collect();
    let found = of(&values);
    assert!(found.points <= 512, "{found:?}");
    assert!((found.slope - 0.01).abs() < 0.001 && found.p_rise() < 1e-9, "{found:?}");
}

/// The share of series that are said to rise at a level of 0.1 %.
fn alarms(points: usize, make: impl Fn(&mut Random, usize) -> Vec<f64>) -> f64 {
    let mut dice = Random::new(11);
    let found = (0..150).filter(|_| of(&make(&mut dice, points)).p_rise() < 0.001);
    found.count() as f64 / 150.0
}

/// A first-order process whose neighbours correlate by `phi`.
fn noise(dice: &mut Random, points: usize, phi: f64) -> Vec<f64> {
    let mut last = 0.0;
    let steps = std::iter::repeat_with(|| {
        last = phi * last + dice.normal();
        last
    });
    steps.skip(50).take(points).collect()
}

#[test]
fn neighbours_that_resemble_each_other_are_no_trend() {
    let share = |phi: f64| alarms(96, |dice, points| noise(dice, points, phi));
    for (phi, most) in [(0.0, 0.01), (0.5, 0.02), (0.8, 0.03), (0.95, 0.05)] {
        let found = share(phi);
        println!("phi {phi}: {found}");
        assert!(found <= most, "phi {phi}: {found}");
    }
}

/// What a garbage collector makes of memory: it fills up and falls back.
fn teeth(dice: &mut Random, points: usize, length: f64, slope: f64) -> Vec<f64> {
    let from = dice.between(0.0, length);
    let tooth = |at: f64| (at + from) % length / length * 10.0 + slope * at;
    (0..points).map(|at| tooth(at as f64) + 0.5 * dice.normal()).collect()
}

#[test]
fn a_saw_is_no_trend_but_one_that_climbs_is() {
    for length in [5.0, 17.0, 30.0] {
        let found = alarms(96, |dice, points| teeth(dice, points, length, 0.0));
        assert!(found <= 0.005, "teeth of {length}: {found}");
    }
    let found = alarms(96, |dice, points| teeth(dice, points, 17.0, 0.2));
    assert!(found >= 0.99, "{found}");
}
