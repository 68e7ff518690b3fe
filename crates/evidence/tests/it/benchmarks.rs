use std::slice::from_ref;

use proptest::prelude::*;
use tidegate_evidence::{
    Benchmark, BenchmarkComparison, Benchmarks, Better, Change, Measured, Method, Report, compare,
};

use crate::{evidence, settings};

pub(crate) fn benchmark(name: &str, better: Better, measured: Measured) -> Benchmark {
    Benchmark { name: name.to_owned(), unit: "ns".to_owned(), better, measured }
}

pub(crate) fn report(benchmarks: Vec<Benchmark>) -> Report {
    Report::Benchmarks(Benchmarks { benchmarks, failed: Vec::new() })
}

/// Compares runs of benchmarks, each a report.
pub(crate) fn changed(
    base: Vec<Vec<Benchmark>>,
    head: Vec<Vec<Benchmark>>,
    margin: f64,
) -> BenchmarkComparison {
    let (base, head) = (base.into_iter().map(report), head.into_iter().map(report));
    compare(&evidence(base), &evidence(head), &settings(margin)).benchmarks.unwrap()
}

fn one(base: &[Measured], head: &[Measured], better: Better) -> (Change, Method) {
    let runs = |all: &[Measured]| {
        all.iter().map(|own| vec![benchmark("a", better, own.clone())]).collect()
    };
    let changed = changed(runs(base), runs(head), 0.05);
    (changed.changes[0].verdict, changed.changes[0].method)
}

fn samples(values: &[f64]) -> Measured {
    Measured::Samples(values.to_vec())
}

fn summary(estimate: f64, standard_error: f64) -> Measured {
    Measured::Summary { estimate, standard_error, degrees: 20.0 }
}

#[test]
fn values_are_held_against_values() {
    let (low, high) = (samples(&[1.0, 1.1, 1.2, 1.15]), samples(&[1.5, 1.6, 1.7, 1.65]));
    let check = |base: &Measured, head: &Measured, better, expect| {
        assert_eq!(one(from_ref(base), from_ref(head), better), expect);
    };
    check(&low, &high, Better::Smaller, (Change::Regressed, Method::Ranks));
    check(&high, &low, Better::Smaller, (Change::Improved, Method::Ranks));
    check(&low, &high, Better::Bigger, (Change::Improved, Method::Ranks));
    check(&low, &low, Better::Smaller, (Change::Unchanged, Method::Ranks));
    // Beyond the noise, and within the margin.
    let near = samples(&[1.03, 1.133, 1.236, 1.1845]);
    check(&low, &near, Better::Smaller, (Change::Unchanged, Method::Ranks));
    // Two against two: the clearest order is chance in one of six.
    let few = |from: f64| samples(&[from, from + 0.1]);
    check(&few(1.0), &few(9.0), Better::Smaller, (Change::Undecidable, Method::None));
}

#[test]
fn means_are_held_against_means_by_their_errors() {
    let check = |base: Measured, head: Measured, expect| {
        assert_eq!(one(&[base], &[head], Better::Smaller).0, expect);
    };
    check(summary(100.0, 1.0), summary(120.0, 1.0), Change::Regressed);
    check(summary(120.0, 1.0), summary(100.0, 1.0), Change::Improved);
    check(summary(100.0, 1.0), summary(106.0, 1.0), Change::Unchanged);
    check(summary(100.0, 20.0), summary(120.0, 20.0), Change::Unchanged);
    check(samples(&[99.0, 100.0, 101.0]), summary(120.0, 1.0), Change::Regressed);
    check(Measured::Single(1.0), Measured::Single(9.0), Change::Undecidable);
    check(summary(1.0, 0.0), summary(9.0, 0.0), Change::Undecidable);
}

#[test]
fn a_run_is_held_against_the_runs_before_it() {
    let runs: Vec<_> = [100.0, 103.0, 98.0, 101.0, 99.0, 102.0, 97.0, 250.0, 100.0, 101.0]
        .map(Measured::Single)
        .to_vec();
    let check = |head: f64, better, expect| {
        assert_eq!(one(&runs, &[Measured::Single(head)], better), (expect, Method::History));
    };
    check(101.0, Better::Smaller, Change::Unchanged);
    check(104.0, Better::Smaller, Change::Unchanged);
    // The one outlier of the past hides nothing.
    check(140.0, Better::Smaller, Change::Regressed);
    check(60.0, Better::Smaller, Change::Improved);
    check(140.0, Better::Bigger, Change::Improved);
    let still = vec![Measured::Single(7.0); 20];
    assert_eq!(one(&still, &[Measured::Single(7.0)], Better::Smaller).0, Change::Unchanged);
    assert_eq!(one(&still, &[Measured::Single(8.0)], Better::Smaller).0, Change::Regressed);
    let zeros = vec![Measured::Single(0.0); 20];
    assert_eq!(one(&zeros, &[Measured::Single(8.0)], Better::Smaller).0, Change::Undecidable);
}

#[test]
fn what_only_one_side_has_is_told() {
    let named = |name| vec![benchmark(name, Better::Smaller, Measured::Single(1.0))];
    let changed = changed(vec![named("a")], vec![named("b")], 0.05);
    assert_eq!((changed.added, changed.removed), (vec!["b".to_owned()], vec!["a".to_owned()]));
}

#[test]
fn the_ratio_has_its_interval() {
    let base: Vec<f64> = (0..20).map(|n| 100.0 + f64::from(n)).collect();
    let head: Vec<f64> = base.iter().map(|value| value * 1.5).collect();
    let of = |values: &[f64]| vec![benchmark("a", Better::Smaller, samples(values))];
    let changed = changed(vec![of(&base)], vec![of(&head)], 0.05);
    let ratio = changed.changes[0].ratio.unwrap();
    assert!((ratio.estimate - 1.5).abs() < 0.01, "{ratio:?}");
    assert!(
        ratio.low < 1.5 && ratio.low > 1.4 && ratio.high > 1.5 && ratio.high < 1.6,
        "{ratio:?}"
    );
}

fn measured() -> impl Strategy<Value = Measured> {
    prop_oneof![
        prop::collection::vec(1.0..4.0_f64, 2..12).prop_map(Measured::Samples),
        (1.0..4.0_f64, 0.0..0.5_f64).prop_map(|(estimate, error)| summary(estimate, error)),
        (1.0..4.0_f64).prop_map(Measured::Single),
        Just(Measured::Single(0.0)),
        Just(Measured::Samples(vec![0.0, 0.0, 5.0, -1.0])),
    ]
}

const fn swapped(change: Change) -> Change {
    match change {
        Change::Regressed => Change::Improved,
        Change::Improved => Change::Regressed,
        other => other,
    }
}

proptest! {
    #[test]
    fn sides_that_are_swapped_swap_the_verdict(base in measured(), head in measured(), up in any::<bool>()) {
        let better = if up { Better::Bigger } else { Better::Smaller };
        let (base, head) = ([base], [head]);
        let (there, back) = (one(&base, &head, better), one(&head, &base, better));
        prop_assert_eq!(there.0, swapped(back.0));
        prop_assert_eq!(there.1, back.1);
    }
}
