use serde::Deserialize;
use tidegate_evidence::{Benchmark, Benchmarks, Better, Measured};

use super::{MANY, MOST_SAMPLES, benchmark, samples};
use crate::json::List;

#[derive(Deserialize)]
struct Estimates {
    mean: Estimate,
    slope: Option<Estimate>,
}

#[derive(Clone, Copy, Deserialize)]
struct Estimate {
    point_estimate: f64,
    standard_error: f64,
}

/// Reads `estimates.json` of Criterion.rs: the slope over growing numbers of iterations where there is one, as
/// Criterion itself shows, else the mean; with the standard error that it found by resampling.
pub(crate) fn criterion_estimates(text: &str, file: &str) -> Result<Benchmarks, serde_json::Error> {
    let Estimates { mean, slope } = serde_json::from_str(text)?;
    let own = slope.unwrap_or(mean);
    let measured = Measured::Summary {
        estimate: own.point_estimate,
        standard_error: own.standard_error.abs(),
        degrees: MANY,
    };
    Ok(one(file, Some(measured)))
}

#[derive(Deserialize)]
struct Sample {
    iters: List<f64, MOST_SAMPLES>,
    times: List<f64, MOST_SAMPLES>,
}

/// Reads `sample.json` of Criterion.rs: each time divided by its iterations.
pub(crate) fn criterion_sample(text: &str, file: &str) -> Result<Benchmarks, serde_json::Error> {
    let Sample { iters, times } = serde_json::from_str(text)?;
    let values = times.0.iter().zip(&iters.0).map(|(time, iterations)| time / iterations);
    Ok(one(file, samples(values.collect())))
}

fn one(file: &str, measured: Option<Measured>) -> Benchmarks {
    let name = name(file);
    let made = |measured| benchmark(&name, "ns", Better::Smaller, measured);
    let benchmarks: Vec<Benchmark> = measured.map(made).into_iter().collect();
    Benchmarks { benchmarks, failed: Vec::new() }
}

/// The name of a benchmark, which only the path tells: the folders between `criterion` and that of the run, such as `new`
/// or `base`.
fn name(file: &str) -> String {
    let file = file.replace('\\', "/");
    let mut folders: Vec<_> = file.split('/').filter(|part| !part.is_empty()).collect();
    let (_, _) = (folders.pop(), folders.pop());
    let start = folders.iter().rposition(|part| *part == "criterion").map_or(0, |at| at + 1);
    let name = folders.get(start..).unwrap_or_default().join("/");
    if name.is_empty() { file } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_the_path() {
        let check = |file: &str, expect: &str| assert_eq!(name(file), expect);
        check("/x/target/criterion/sort/quick/100/new/estimates.json", "sort/quick/100");
        check("target\\criterion\\sum\\base\\estimates.json", "sum");
        check("sum/new/estimates.json", "sum");
        check("estimates.json", "estimates.json");
    }
}
