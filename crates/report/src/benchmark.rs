//! What was measured, as tools for benchmarks write it.

mod criterion;
mod custom;
mod google;
mod jmh;
mod lines;
mod timed;

pub(crate) use criterion::{criterion_estimates, criterion_sample};
pub(crate) use custom::custom;
pub(crate) use google::google;
pub(crate) use jmh::jmh;
pub(crate) use lines::{go_bench, is_go_bench, is_libtest, libtest};
pub(crate) use timed::{hyperfine, pytest_benchmark};

use tidegate_evidence::{Benchmark, Better, LONGEST_NAME, Measured, cut};

/// Benchmarks of one report. Large projects have some thousands.
const MOST_BENCHMARKS: usize = 100_000;

/// Values of one benchmark. Tools that keep each take 10 to 1,000, pytest-benchmark some 100,000.
const MOST_SAMPLES: usize = 1_000_000;

/// Degrees of freedom of an error that was found by resampling, or whose number of values is not told: it is taken as
/// known.
const MANY: f64 = 1e6;

fn benchmark(name: &str, unit: &str, better: Better, measured: Measured) -> Benchmark {
    Benchmark {
        name: cut(name.trim(), LONGEST_NAME),
        unit: cut(unit.trim(), LONGEST_NAME),
        better,
        measured,
    }
}

/// Values as what was measured; nothing where none is a number.
fn samples(values: Vec<f64>) -> Option<Measured> {
    let mut values: Vec<_> = values.into_iter().filter(|value| value.is_finite()).collect();
    match values.len() {
        0 => None,
        1 => values.pop().map(Measured::Single),
        _ => Some(Measured::Samples(values)),
    }
}

/// A mean of `count` values with their standard deviation.
fn summary(mean: f64, deviation: f64, count: f64) -> Option<Measured> {
    if !mean.is_finite() {
        return None;
    }
    if !(deviation.is_finite() && deviation >= 0.0 && count >= 2.0) {
        return Some(Measured::Single(mean));
    }
    let (standard_error, degrees) = (deviation / count.sqrt(), count - 1.0);
    Some(Measured::Summary { estimate: mean, standard_error, degrees })
}

/// Which way is good, by the unit: of rates it is up.
fn by_unit(unit: &str) -> Better {
    let unit = unit.to_ascii_lowercase();
    let is_rate = ["/s", "/sec", "/second", "/min", "ops", "fps", "qps", "rps", "bps"]
        .iter()
        .any(|end| unit.ends_with(end))
        || unit.contains("per sec")
        || unit.starts_with("ops/");
    if is_rate { Better::Bigger } else { Better::Smaller }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_told_by_their_units() {
        let check = |unit: &str, expect| assert_eq!(by_unit(unit), expect, "{unit}");
        check("ns/op", Better::Smaller);
        check("MB/s", Better::Bigger);
        check("ops/sec", Better::Bigger);
        check("ops/ms", Better::Bigger);
        check("Requests per second", Better::Bigger);
        check("s", Better::Smaller);
        check("KiB", Better::Smaller);
        check("allocs/op", Better::Smaller);
    }

    #[test]
    fn noise_that_is_not_known_is_not_made_up() {
        assert_eq!(samples(vec![f64::NAN]), None);
        assert_eq!(samples(vec![1.0, f64::INFINITY]), Some(Measured::Single(1.0)));
        assert_eq!(summary(1.0, f64::NAN, 5.0), Some(Measured::Single(1.0)));
        assert_eq!(summary(1.0, 2.0, 1.0), Some(Measured::Single(1.0)));
        assert_eq!(summary(f64::NAN, 2.0, 4.0), None);
        let expect = Measured::Summary { estimate: 1.0, standard_error: 1.0, degrees: 3.0 };
        assert_eq!(summary(1.0, 2.0, 4.0), Some(expect));
    }
}
