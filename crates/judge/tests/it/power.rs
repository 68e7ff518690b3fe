//! How soon a bad revision is found, at the default settings.

use tidegate_judge::JudgeSettings;

use crate::world::{Behaviour, Caught, GOOD, World, median_and_p99};

const WORLDS: u64 = 60;

/// What is told of a canary that is not found in a minute and a half.
const NEVER: f64 = 90.0;

fn caught(canary: Behaviour, per_second: f64, weight: f64) -> impl Iterator<Item = Option<Caught>> {
    (0..WORLDS).map(move |seed| {
        World::new(seed, per_second, weight, canary, GOOD).watch(
            &JudgeSettings::default(),
            450,
            |_, _| (),
        )
    })
}

/// The canary at `weight` percent of `per_second` requests is found by the test `by` in most
/// worlds, in `seconds` (median, 99th percentile) at most.
fn check(canary: Behaviour, per_second: f64, weight: f64, by: &[&str], seconds: (f64, f64)) {
    let found: Vec<_> = caught(canary, per_second, weight / 100.0).collect();
    let took = found.iter().map(|one| one.as_ref().map_or(NEVER, |one| one.seconds));
    let (median, p99) = median_and_p99(took.collect());
    println!("{per_second} a second, {weight} %: median {median} s, p99 {p99} s");
    assert!(median <= seconds.0, "median {median} s");
    assert!(p99 <= seconds.1, "p99 {p99} s");
    let by_those = found.iter().flatten().filter(|one| by.contains(&one.by.as_str()));
    assert!(by_those.count() as u64 > WORLDS / 2, "found by other tests");
}

const ERRORS: &[&str] = &["errors"];
const LATENCY: &[&str] = &["p50", "p90", "p99"];

fn failing(error_rate: f64) -> Behaviour {
    Behaviour { error_rate, ..GOOD }
}

/// Every answer takes so many times as long.
fn slower(times: f64) -> Behaviour {
    let median_ms = GOOD.median_ms * times;
    Behaviour { median_ms, ..GOOD }
}

/// The median is the same, the 90th percentile so many times as large.
fn slower_tail(times: f64) -> Behaviour {
    let z90 = 1.281_551_565_5;
    let sigma = GOOD.sigma + times.ln() / z90;
    Behaviour { sigma, ..GOOD }
}

#[test]
fn a_canary_that_fails_half_its_requests_is_found_within_two_seconds() {
    check(failing(0.5), 200.0, 5.0, ERRORS, (0.8, 2.0));
    check(failing(1.0), 200.0, 5.0, ERRORS, (0.6, 1.2));
    check(failing(0.5), 20.0, 5.0, ERRORS, (9.0, 20.0));
}

#[test]
fn three_errors_find_it_when_the_stable_revision_has_none() {
    let errors = caught(failing(0.5), 200.0, 0.05).map(|one| one.unwrap().errors as f64);
    let (median, p99) = median_and_p99(errors.collect());
    assert!(median <= 3.0 && p99 <= 8.0, "median {median}, p99 {p99}");
}

#[test]
fn a_canary_that_fails_one_in_twenty_is_found_within_seconds() {
    check(failing(0.05), 200.0, 5.0, ERRORS, (8.0, 25.0));
    check(failing(0.05), 200.0, 25.0, ERRORS, (4.0, 10.0));
}

#[test]
fn a_canary_that_is_slower_is_found_within_seconds() {
    check(slower(1.4), 200.0, 5.0, LATENCY, (15.0, 40.0));
    check(slower(1.4), 200.0, 25.0, LATENCY, (7.0, 12.0));
    check(slower(2.0), 200.0, 5.0, LATENCY, (6.0, 10.0));
}

#[test]
fn a_slower_tail_alone_is_found_within_seconds() {
    check(slower_tail(1.4), 200.0, 5.0, LATENCY, (30.0, 80.0));
    check(slower_tail(1.4), 200.0, 25.0, LATENCY, (12.0, 22.0));
}
