use tidegate_evidence::{Benchmark, Benchmarks, Better, Measured, Report};
use tidegate_report::{Format, Hint, read};

use crate::{file, reading};

fn benchmarks(text: &[u8], format: Format) -> Benchmarks {
    let reading = reading(text);
    assert_eq!(reading.format, format);
    match reading.report {
        Report::Benchmarks(all) => all,
        other => panic!("{other:?} is of other things"),
    }
}

/// The name, the unit, how many values (none of a summary) and the one that stands for them.
type Brief<'a> = (&'a str, &'a str, usize, f64);

fn brief(own: &Benchmark) -> Brief<'_> {
    let count = match &own.measured {
        Measured::Samples(samples) => samples.len(),
        Measured::Summary { .. } => 0,
        Measured::Single(_) => 1,
    };
    (&own.name, &own.unit, count, own.measured.estimate())
}

#[track_caller]
fn check(text: &[u8], format: Format, expect: &[Brief<'_>]) {
    let all = benchmarks(text, format);
    let found: Vec<_> = all.benchmarks.iter().map(brief).collect();
    let close = |(a, b): (&Brief<'_>, &Brief<'_>)| {
        (a.0, a.1, a.2) == (b.0, b.1, b.2) && (a.3 - b.3).abs() <= 1e-3 * b.3.abs()
    };
    assert!(found.len() == expect.len() && found.iter().zip(expect).all(close), "{found:?}");
}

#[test]
fn benchmarks_of_go_are_read_with_all_that_they_measure() {
    let all = [
        ("example.com/shapes.Sum", "ns/op", 6, 1287.5),
        ("example.com/shapes.Sum (B/op)", "B/op", 6, 0.0),
        ("example.com/shapes.Sum (allocs/op)", "allocs/op", 6, 0.0),
        ("example.com/shapes.Copy", "ns/op", 6, 163.65),
        ("example.com/shapes.Copy (MB/s)", "MB/s", 6, 25030.275),
        ("example.com/shapes.Copy (widgets/op)", "widgets/op", 6, 3.5),
    ];
    check(&file("go-bench.txt"), Format::GoBench, &all);
    let better: Vec<_> = benchmarks(&file("go-bench.txt"), Format::GoBench)
        .benchmarks
        .iter()
        .map(|own| own.better)
        .collect();
    assert_eq!(better.iter().filter(|own| **own == Better::Bigger).count(), 1, "MB/s alone");
}

#[test]
fn repetitions_of_google_benchmark_are_its_values() {
    let all = [("Copy/64/repeats:5", "ns", 5, 31.5898), ("Copy/4096", "ns", 1, 231.885)];
    check(&file("google-benchmark.json"), Format::GoogleBenchmark, &all);
    let name = "google-benchmark-aggregates.json";
    let all = [("Copy/64/repeats:5", "ns", 0, 56.0747), ("Copy/4096", "ns", 1, 167.536)];
    check(&file(name), Format::GoogleBenchmark, &all);
    let read = benchmarks(&file(name), Format::GoogleBenchmark);
    let Measured::Summary { standard_error, degrees, .. } = read.benchmarks[0].measured else {
        panic!("{read:?}");
    };
    assert!((standard_error - 18.184_446_7 / 5_f64.sqrt()).abs() < 1e-6);
    assert!((degrees - 4.0).abs() < 1e-12);
    assert_eq!(read.failed, ["Bad: no file"]);
}

#[test]
fn runs_of_hyperfine_and_rounds_of_pytest_are_values() {
    let all = [("true", "s", 12, 0.000_938_198_5), ("sleep 0.002", "s", 12, 0.003_441_752)];
    check(&file("hyperfine.json"), Format::Hyperfine, &all);
    let all = [("bench_shapes.py::test_area", "s", 15, 8.112e-8)];
    check(&file("pytest-benchmark.json"), Format::PytestBenchmark, &all);
    let saved = br#"{"machine_info":{},"benchmarks":[{"name":"a","stats":{"mean":2.0,"stddev":0.5,"rounds":25}}]}"#;
    check(saved, Format::PytestBenchmark, &[("a", "s", 0, 2.0)]);
    let named = br#"{"results":[{"command":"build","mean":1,"parameters":{"jobs":"4"}},
        {"command":"make -j 4","times":[1,3],"parameters":{"jobs":"4"}}]}"#;
    let all = [("build (jobs=4)", "s", 1, 1.0), ("make -j 4", "s", 2, 2.0)];
    check(named, Format::Hyperfine, &all);
}

#[test]
fn scores_of_jmh_are_read_in_each_mode() {
    let text = br#"[
      {"jmhVersion":"1.37","benchmark":"com.x.Sum.fast","mode":"thrpt","params":{"n":"10"},"primaryMetric":{
        "score":105.0,"scoreError":3.0,"scoreUnit":"ops/ms","rawData":[[100.0,110.0],[105.0]]}},
      {"benchmark":"com.x.Sum.slow","mode":"sample","primaryMetric":{
        "score":2.0,"scoreError":0.329,"scoreUnit":"us/op","rawDataHistogram":[[[[1.0,2]]]]}},
      {"benchmark":"com.x.Sum.once","mode":"ss","primaryMetric":{
        "score":7.0,"scoreError":"NaN","scoreUnit":"ms/op","rawData":[[7.0]]}}]"#;
    let all = [
        ("com.x.Sum.fast (n=10)", "ops/ms", 3, 105.0),
        ("com.x.Sum.slow", "us/op", 0, 2.0),
        ("com.x.Sum.once", "ms/op", 1, 7.0),
    ];
    check(text, Format::Jmh, &all);
    let read = benchmarks(text, Format::Jmh);
    assert_eq!(read.benchmarks[0].better, Better::Bigger);
    assert_eq!(read.benchmarks[1].better, Better::Smaller);
}

#[test]
fn lists_of_any_quantity_are_read_as_their_unit_or_their_reader_says() {
    let text = br#"[{"name":"latency","unit":"ms","value":7,"range":"3"},{"name":"rate","unit":"req/s","value":9}]"#;
    let all = [("latency", "ms", 1, 7.0), ("rate", "req/s", 1, 9.0)];
    check(text, Format::CustomSmallerIsBetter, &all);
    let better = |format| {
        let reading = read(text, Hint { name: "f", format }).unwrap();
        let Report::Benchmarks(all) = reading.report else { panic!("no benchmarks") };
        all.benchmarks.iter().map(|own| own.better).collect::<Vec<_>>()
    };
    assert_eq!(better(None), [Better::Smaller, Better::Bigger]);
    assert_eq!(better(Some(Format::CustomBiggerIsBetter)), [Better::Bigger; 2]);
}

#[test]
fn benchmarks_of_rust_are_read() {
    let name = "target/criterion/sort/sum/10/new/estimates.json";
    let reading = read(&file("criterion-estimates.json"), Hint { name, format: None }).unwrap();
    assert_eq!(reading.format, Format::Criterion);
    let Report::Benchmarks(all) = reading.report else { panic!("no benchmarks") };
    let Measured::Summary { estimate, standard_error, .. } = all.benchmarks[0].measured else {
        panic!("{all:?}");
    };
    assert_eq!(all.benchmarks[0].name, "sort/sum/10");
    assert!((estimate - 21.004_703).abs() < 1e-5 && (standard_error - 2.434_541).abs() < 1e-5);
    check(&file("criterion-sample.json"), Format::CriterionSample, &[("a", "ns", 20, 21.519)]);
    check(&file("cargo-bench.txt"), Format::CargoBench, &[("xor", "ns/iter", 0, 2749.0)]);
}
