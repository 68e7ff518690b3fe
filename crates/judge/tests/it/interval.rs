//! The judge of interval series.

use tidegate_judge::{
    Direction, IntervalEvidence, IntervalReason, IntervalSettings, Pairing, Reading, Sample,
    Verdict, judge_interval, judge_intervals,
};

use crate::world::Random;

/// A series of one row a second from `start`.
fn series(start: f64, rows: usize, mut value: impl FnMut(usize) -> f64) -> Vec<Sample> {
    (0..rows).map(|row| Sample { at: start + row as f64, value: value(row) }).collect()
}

fn noise(random: &mut Random, start: f64, rows: usize, level: f64, swing: f64) -> Vec<Sample> {
    series(start, rows, |_| level * (1.0 + swing * random.normal()))
}

fn rising(canary: &[Sample], stable: &[Sample]) -> IntervalEvidence {
    let settings =
        IntervalSettings { direction: Direction::Increase, ..IntervalSettings::default() };
    judge_interval(canary, stable, &settings)
}

#[test]
fn finds_seven_tenths_more_in_fifty_rows() {
    let mut random = Random::new(1);
    let stable = noise(&mut random, 0.0, 50, 20.0, 0.15);
    for (start, pairing) in [(0.0, Pairing::SeeminglyConcurrent), (50.0, Pairing::Apart)] {
        let evidence = rising(&noise(&mut random, start, 50, 34.0, 0.15), &stable);
        assert_eq!(evidence.verdict, Verdict::Worse, "{evidence}");
        assert_eq!(evidence.reason, IntervalReason::BeyondMargin);
        assert_eq!(evidence.pairing, pairing);
        assert!(evidence.lo > evidence.margin && evidence.hi > 10.0, "{evidence}");
    }
}

#[test]
fn shows_the_same_to_be_no_worse() {
    let shown = (0..20).filter(|seed| {
        let mut random = Random::new(*seed);
        let stable = noise(&mut random, 0.0, 200, 20.0, 0.15);
        let evidence = rising(&noise(&mut random, 200.0, 200, 20.0, 0.15), &stable);
        assert!(evidence.stable_effective > 50.0 || evidence.verdict != Verdict::NoWorse);
        evidence.verdict == Verdict::NoWorse
    });
    // Of independent rows, one series in twenty looks as if it wandered.
    let shown = shown.count();
    assert!(shown >= 17, "{shown} of 20");
}

#[test]
fn one_event_among_zeros_is_no_difference() {
    for at in 0..9 {
        let one = series(1e9, 9, |row| if row == at { 1.0 } else { 0.0 });
        let none = series(1e9, 9, |_| 0.0);
        assert_ne!(rising(&one, &none).verdict, Verdict::Worse, "in row {at}");
        assert_ne!(rising(&none, &one).verdict, Verdict::Worse, "in row {at}");
    }
}

#[test]
fn a_fall_harms_only_what_should_be_high() {
    let mut random = Random::new(3);
    let stable = noise(&mut random, 0.0, 100, 500.0, 0.1);
    let canary = noise(&mut random, 100.0, 100, 250.0, 0.1);
    let of = |name| judge_intervals(&[(name, &canary, &stable)], &IntervalSettings::default());
    assert_eq!(of("throughput_rps").verdict, Verdict::Worse);
    assert_eq!(of("temperature").verdict, Verdict::Worse);
    assert_eq!(of("latency_p90").verdict, Verdict::NoWorse);
}

#[test]
fn a_trend_that_goes_on_is_no_difference() {
    let mut random = Random::new(4);
    let whole = series(0.0, 400, |row| 100.0 + row as f64 + random.normal());
    let (stable, canary) = whole.split_at(200);
    assert_ne!(rising(canary, stable).verdict, Verdict::Worse);
    let zeroed: Vec<Sample> =
        canary.iter().map(|row| Sample { at: row.at - 200.0, ..*row }).collect();
    let evidence = rising(&zeroed, stable);
    assert_ne!(evidence.verdict, Verdict::Worse, "{evidence}");
    assert_eq!(evidence.pairing, Pairing::SeeminglyConcurrent);
}

#[test]
fn what_moves_both_alike_is_taken_out() {
    let mut random = Random::new(5);
    let load: Vec<f64> = (0..200)
        .scan(0.0, |level, _| {
            *level += random.normal();
            Some(*level)
        })
        .collect();
    let mut arm = |shift: f64| series(0.0, 200, |row| shift + load[row] + 0.2 * random.normal());
    let (stable, same, worse) = (arm(40.0), arm(40.0), arm(50.0));
    let evidence = rising(&worse, &stable);
    assert_eq!((evidence.verdict, evidence.pairing), (Verdict::Worse, Pairing::Concurrent));
    assert_eq!(rising(&same, &stable).verdict, Verdict::NoWorse);
}

#[test]
fn counters_are_compared_by_their_rates() {
    let mut random = Random::new(6);
    let mut counter = |start: f64, rate: f64| {
        let mut count = 1000.0;
        series(start, 120, |row| {
            count += rate + random.share();
            if row == 60 {
                count = 0.0;
            }
            count
        })
    };
    let (stable, same, worse) = (counter(0.0, 5.0), counter(120.0, 5.0), counter(120.0, 10.0));
    let evidence = rising(&same, &stable);
    assert_eq!((evidence.verdict, evidence.reading), (Verdict::NoWorse, Reading::Counter));
    assert!((evidence.stable_mean - 5.5).abs() < 0.2, "{evidence}");
    assert_eq!(rising(&worse, &stable).verdict, Verdict::Worse);
}

#[test]
fn says_what_is_missing() {
    let rows = series(0.0, 30, |_| 1.0);
    let holes = series(0.0, 30, |_| f64::NAN);
    assert_eq!(rising(&[], &rows).reason, IntervalReason::CanaryEmpty);
    assert_eq!(rising(&rows, &holes).reason, IntervalReason::StableEmpty);
    assert_eq!(rising(&rows[..3], &rows).reason, IntervalReason::TooFewRows);
    assert_eq!(rising(&rows, &holes).missing, 30);
}

#[test]
fn constants_are_compared() {
    let three = series(0.0, 60, |_| 3.0);
    let five = series(60.0, 60, |_| 5.0);
    assert_eq!(rising(&three, &three).verdict, Verdict::NoWorse);
    assert_eq!(rising(&five, &three).verdict, Verdict::Worse);
    let none = series(0.0, 60, |_| 0.0);
    assert_eq!(rising(&none, &none).verdict, Verdict::NoWorse);
}

#[test]
fn order_doubles_and_holes_do_not_matter() {
    let mut random = Random::new(7);
    let stable = noise(&mut random, 0.0, 80, 20.0, 0.2);
    let canary = noise(&mut random, 80.0, 80, 34.0, 0.2);
    let mut shuffled = canary.clone();
    shuffled.reverse();
    shuffled.extend_from_slice(&canary[10..20]);
    shuffled.push(Sample { at: 100.0, value: f64::NAN });
    let (one, other) = (rising(&canary, &stable), rising(&shuffled, &stable));
    assert!((one.difference - other.difference).abs() < 1e-9);
    assert_eq!(other.missing, 1);
    assert_eq!(one.verdict, other.verdict);
}

#[test]
fn the_unit_does_not_matter() {
    let mut random = Random::new(8);
    let stable = noise(&mut random, 0.0, 80, 20.0, 0.2);
    let canary = noise(&mut random, 80.0, 80, 26.0, 0.2);
    let plain = rising(&canary, &stable);
    for unit in [1e-300, 1e-9, 1e9, 1e300] {
        let scaled = |rows: &[Sample]| -> Vec<Sample> {
            rows.iter().map(|row| Sample { value: row.value * unit, ..*row }).collect()
        };
        let evidence = rising(&scaled(&canary), &scaled(&stable));
        assert!((evidence.log_evidence - plain.log_evidence).abs() < 1e-6, "{unit}: {evidence}");
        assert!((evidence.lo / unit - plain.lo).abs() < 1e-6, "{unit}: {evidence}");
    }
}

#[test]
fn directions_are_guessed_from_names() {
    use Direction::{Decrease, Either, Increase};
    for (name, direction) in [
        ("carts_lat_90", Increase),
        ("http_requests_failed_total", Increase),
        ("cpuUsage", Increase),
        ("container_memory_working_set_bytes", Increase),
        ("memory_free_bytes", Decrease),
        ("success_ratio", Decrease),
        ("success_latency_ms", Increase),
        ("cache_hit_ratio", Decrease),
        ("cache_misses", Increase),
        ("unavailable_replicas", Increase),
        ("conversion", Decrease),
        ("PodSuccessRate(%)", Decrease),
        ("restarts", Increase),
        ("temperature", Either),
        ("", Either),
        // A service's name is not what is measured of it.
        ("orders_cpu", Increase),
        ("orders-db_mem", Increase),
        ("orders_total", Decrease),
        ("ts-wait-order-service_workload", Decrease),
        ("cartservice_latency-90", Increase),
        ("checkoutservice_load", Either),
        ("currency-conversion_cpu", Increase),
        ("start_up_seconds", Increase),
        ("up", Decrease),
        ("p99", Increase),
        ("throughput_p99", Decrease),
        ("free_memory", Decrease),
        ("system.mem.usable", Decrease),
        ("CPUUtilization", Increase),
        ("CPUCreditBalance", Decrease),
        ("HTTPCode_Target_5XX_Count", Increase),
        ("TargetResponseTime", Increase),
        ("HealthyHostCount", Decrease),
        ("UnHealthyHostCount", Increase),
        ("pods_not_ready", Increase),
        ("error_budget_remaining", Decrease),
        ("error_budget_burn_rate", Increase),
        ("crash_free_sessions", Decrease),
        ("node_memory_MemAvailable_bytes", Decrease),
        ("node_cpu_seconds_total{mode=\"idle\"}", Decrease),
        ("rate(http_requests_total{code=~\"5..\"}[5m])", Increase),
        ("envoy_cluster_upstream_rq_2xx", Decrease),
        ("ApproximateAgeOfOldestMessage", Increase),
        ("PodServerLatencyP95(s)", Increase),
    ] {
        assert_eq!(Direction::of_metric(name), direction, "{name}");
    }
}

/// From 2017 on by the clock: a canary whose level doubles from a row on, beside one that does not.
fn breaks_at(seed: u64, rows: usize, row: usize) -> (Vec<Sample>, Vec<Sample>) {
    let mut random = Random::new(seed);
    let stable = noise(&mut random, 1.5e9, rows, 20.0, 0.1);
    let mut canary = noise(&mut random, 1.5e9, rows, 20.0, 0.1);
    canary.iter_mut().skip(row).for_each(|sample| sample.value *= 2.0);
    (canary, stable)
}

#[test]
fn harm_that_begins_midway_is_found_and_its_rows_are_told() {
    let found = (0..40).filter_map(|seed| {
        let (canary, stable) = breaks_at(seed, 120, 60);
        let evidence = rising(&canary, &stable);
        (evidence.verdict == Verdict::Worse).then_some(evidence)
    });
    let found: Vec<_> = found.collect();
    assert!(found.len() >= 30, "{} of 40", found.len());
    for evidence in found {
        assert!(matches!(evidence.last_rows, Some(30 | 60)), "{evidence}");
        assert!(evidence.to_string().starts_with("in its last "), "{evidence}");
        assert_eq!(Some(evidence.canary_rows), evidence.last_rows);
    }
}

#[test]
fn harm_that_is_over_is_not_told_of_the_last_rows() {
    for seed in 0..20 {
        let (mut canary, stable) = breaks_at(seed, 120, 0);
        canary.iter_mut().skip(40).for_each(|sample| sample.value /= 2.0);
        let evidence = rising(&canary, &stable);
        assert_eq!(evidence.last_rows, None, "{evidence}");
    }
}
