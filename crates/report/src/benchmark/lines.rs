use std::collections::BTreeMap;

use tidegate_evidence::{Benchmarks, Better, Measured};

use super::{MOST_BENCHMARKS, benchmark, by_unit, samples};
use crate::error::{Problem, quoted};

/// How many standard deviations lie between the ends of libtest's 50 values, of which those outside of the 5th and the
/// 95th percentile were put onto these: twice the 95 % quantile of the normal distribution.
const RANGE: f64 = 3.289_707_253;

/// The median of 50 values has so many times the standard deviation as its error: sqrt(pi / 2 / 50).
const MEDIAN_OF_50: f64 = 0.177_245_385;

/// Whether `line` tells of a benchmark as libtest does.
pub(crate) fn is_libtest(line: &str) -> bool {
    line.starts_with("test ") && line.contains("... bench:")
}

/// Reads what `cargo bench` writes with libtest's or bencher's harness. All other lines are let be: the output of a
/// whole run is a report.
pub(crate) fn libtest(text: &str) -> Result<Benchmarks, Problem> {
    let mut all = Benchmarks::default();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        let line = line.trim();
        if !is_libtest(line) {
            continue;
        }
        let (name, measured) = libtest_line(line).ok_or_else(|| {
            let message = format!("{} is no benchmark of libtest", quoted(line));
            Problem::new(start, message, "write test NAME ... bench: 1,234 ns/iter (+/- 56)")
        })?;
        if all.benchmarks.len() >= MOST_BENCHMARKS {
            return Err(Problem::too_many(start, MOST_BENCHMARKS, "benchmarks"));
        }
        all.benchmarks.push(benchmark(name, "ns/iter", Better::Smaller, measured));
    }
    Ok(all)
}

/// The median, and from the distance of its extremes the error of it.
fn libtest_line(line: &str) -> Option<(&str, Measured)> {
    let (name, rest) = line.strip_prefix("test ")?.split_once("... bench:")?;
    let (median, rest) = rest.split_once("ns/iter")?;
    let (_, rest) = rest.split_once("(+/-")?;
    let (range, _) = rest.split_once(')')?;
    let (estimate, range) = (number(median)?, number(range)?);
    let standard_error = range / RANGE * MEDIAN_OF_50;
    Some((name.trim(), Measured::Summary { estimate, standard_error, degrees: 49.0 }))
}

/// A number with its thousands told apart.
fn number(text: &str) -> Option<f64> {
    let number = text.trim().replace(',', "").parse().ok();
    number.filter(|number: &f64| number.is_finite() && *number >= 0.0)
}

/// Whether `line` tells of a benchmark as `go test -bench` does.
pub(crate) fn is_go_bench(line: &str) -> bool {
    go_line(line).is_some()
}

/// Reads what `go test -bench` writes, by its published format (golang.org/design/14313-benchmark-format). Lines of one
/// benchmark, of `-count`, are its values. All other lines are let be.
pub(crate) fn go_bench(text: &str) -> Result<Benchmarks, Problem> {
    let mut order: Vec<(String, String)> = Vec::new();
    let mut values: BTreeMap<(String, String), Vec<f64>> = BTreeMap::new();
    let mut package = "";
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        let line = line.trim();
        if let Some(name) = line.strip_prefix("pkg:") {
            package = name.trim();
            continue;
        }
        let Some((name, metrics)) = go_line(line) else { continue };
        let name = if package.is_empty() { name.to_owned() } else { format!("{package}.{name}") };
        for (value, unit) in metrics {
            let key = (name.clone(), unit.to_owned());
            let own = values.entry(key.clone()).or_default();
            if own.is_empty() {
                order.push(key);
            }
            own.push(value);
        }
        if order.len() > MOST_BENCHMARKS {
            return Err(Problem::too_many(start, MOST_BENCHMARKS, "benchmarks"));
        }
    }
    let mut all = Benchmarks::default();
    for key in order {
        let Some(measured) = values.remove(&key).and_then(samples) else { continue };
        let (name, unit) = key;
        // A benchmark measures several things; the time is the one that is meant by its name alone.
        let shown = if unit == "ns/op" { name } else { format!("{name} ({unit})") };
        all.benchmarks.push(benchmark(&shown, &unit, by_unit(&unit), measured));
    }
    Ok(all)
}

/// The name, and each value with its unit, of `BenchmarkSum-8  1000  123 ns/op  0 B/op`. The number of processors is no
/// part of the name: machines differ.
fn go_line(line: &str) -> Option<(&str, Vec<(f64, &str)>)> {
    let mut parts = line.split_whitespace();
    let name = parts.next()?.strip_prefix("Benchmark")?;
    let _iterations: u64 = parts.next()?.parse().ok()?;
    let mut metrics = Vec::new();
    while let (Some(value), Some(unit)) = (parts.next(), parts.next()) {
        metrics.push((value.parse().ok().filter(|value: &f64| value.is_finite())?, unit));
    }
    let name = match name.rsplit_once('-') {
        Some((own, count))
            if !count.is_empty() && count.bytes().all(|byte| byte.is_ascii_digit()) =>
        {
            own
        }
        _ => name,
    };
    (!metrics.is_empty()).then_some((name, metrics))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_libtest_are_told() {
        let line = "test sort::quick ... bench:       1,234.50 ns/iter (+/- 32.89) = 80 MB/s";
        let (name, measured) = libtest_line(line).unwrap();
        assert_eq!(name, "sort::quick");
        let Measured::Summary { estimate, standard_error, .. } = measured else { panic!() };
        assert!((estimate - 1234.5).abs() < 1e-9 && (standard_error - 1.772).abs() < 0.001);
        assert!(libtest_line("test a ... bench: x ns/iter (+/- 1)").is_none());
        assert!(!is_libtest("test a ... ok"));
    }

    #[test]
    fn lines_of_go_are_told() {
        let (name, metrics) =
            go_line("BenchmarkSum/n-10-8 \t 85461\t 1355 ns/op\t 0 B/op").unwrap();
        assert_eq!((name, metrics), ("Sum/n-10", vec![(1355.0, "ns/op"), (0.0, "B/op")]));
        assert!(go_line("BenchmarkSum").is_none());
        assert!(go_line("BenchmarkSum-8 100").is_none());
        assert!(go_line("Benchmarks are fun 1 2").is_none());
    }
}
