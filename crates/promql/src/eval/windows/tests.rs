use super::*;

fn points(values: &[f64]) -> Vec<Point> {
    (0..).step_by(10_000).zip(values).map(|(at, &value)| Point { at, value }).collect()
}

#[track_caller]
fn check(function: WindowFunction, parameters: &[f64], values: &[f64], expect: Option<f64>) {
    let points = points(values);
    let end = points.last().map_or(0, |last| last.at);
    let window = Window { points: &points, start: 0, end, asked: end };
    let found = function.apply(&window, parameters).unwrap();
    let same = found.map(f64::to_bits) == expect.map(f64::to_bits);
    assert!(same, "{function:?} {found:?} {expect:?}");
}

const INFINITE: f64 = f64::INFINITY;

#[test]
fn sums_lose_nothing_to_rounding() {
    check(WindowFunction::Sum, &[], &[1.0, 1e100, 1.0, -1e100], Some(2.0));
    check(WindowFunction::Sum, &[], &[INFINITE, 1.0], Some(INFINITE));
    check(WindowFunction::Avg, &[], &[1e308, 1e308], Some(1e308));
    check(WindowFunction::Avg, &[], &[1.0, INFINITE, 5.0], Some(INFINITE));
    check(WindowFunction::Stdvar, &[], &[1e9 + 4.0, 1e9 + 7.0, 1e9 + 13.0, 1e9 + 16.0], Some(22.5));
}

#[test]
fn nan_is_the_largest_and_smallest_only_alone() {
    check(WindowFunction::Max, &[], &[f64::NAN, 1.0, 2.0], Some(2.0));
    check(WindowFunction::Min, &[], &[f64::NAN, 2.0, 1.0], Some(1.0));
    check(WindowFunction::Changes, &[], &[f64::NAN, f64::NAN, 1.0, 1.0], Some(1.0));
}

#[test]
fn a_counter_goes_back_no_further_than_to_zero() {
    let points = points(&[1.0, 11.0, 21.0]);
    let window = Window { points: &points, start: -9_000, end: 20_000, asked: 20_000 };
    // One second before the first sample it was zero.
    assert_eq!(WindowFunction::Increase.apply(&window, &[]), Ok(Some(21.0)));
    assert_eq!(WindowFunction::Delta.apply(&window, &[]), Ok(Some(29.0)));
}

#[test]
fn one_sample_has_no_slope() {
    for function in [WindowFunction::Rate, WindowFunction::Irate, WindowFunction::Deriv] {
        check(function, &[], &[1.0], None);
    }
    check(WindowFunction::HoltWinters, &[0.5, 0.5], &[1.0], None);
}

#[test]
fn smoothing_follows_the_trend() {
    check(WindowFunction::HoltWinters, &[0.5, 0.5], &[0.0, 10.0, 20.0, 30.0], Some(30.0));
    let points = points(&[0.0, 1.0]);
    let window = Window { points: &points, start: 0, end: 10_000, asked: 10_000 };
    let problem = WindowFunction::HoltWinters.apply(&window, &[1.0, 0.5]).unwrap_err().to_string();
    assert_eq!(problem, "invalid smoothing factor. Expected: 0 < sf < 1, got: 1.000000");
}
