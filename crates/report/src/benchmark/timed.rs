use std::collections::BTreeMap;

use serde::Deserialize;
use tidegate_evidence::{Benchmarks, Better};

use super::{MOST_BENCHMARKS, MOST_SAMPLES, benchmark, samples, summary};
use crate::json::List;

#[derive(Deserialize)]
struct Hyperfine {
    results: List<Timed, 10_000>,
}

#[derive(Deserialize)]
struct Timed {
    command: String,
    mean: Option<f64>,
    stddev: Option<f64>,
    #[serde(default)]
    times: List<f64, MOST_SAMPLES>,
    #[serde(default)]
    parameters: BTreeMap<String, serde_json::Value>,
}

/// Reads what `hyperfine --export-json` writes: each run's time.
pub(crate) fn hyperfine(text: &str) -> Result<Benchmarks, serde_json::Error> {
    let Hyperfine { results: List(all) } = serde_json::from_str(text)?;
    let benchmarks = all.into_iter().filter_map(|own| {
        let told = || summary(own.mean?, own.stddev.unwrap_or(f64::NAN), 0.0);
        let measured = samples(own.times.0).or_else(told)?;
        let parameters: Vec<_> = own
            .parameters
            .iter()
            .map(|(key, value)| {
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                format!("{key}={text}")
            })
            .collect();
        // A command that was named does not show its parameters.
        let is_shown = own.parameters.is_empty()
            || own.parameters.values().all(|value| {
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                own.command.contains(&text)
            });
        let name = if is_shown {
            own.command
        } else {
            format!("{} ({})", own.command, parameters.join(", "))
        };
        Some(benchmark(&name, "s", Better::Smaller, measured))
    });
    Ok(Benchmarks { benchmarks: benchmarks.collect(), failed: Vec::new() })
}

#[derive(Deserialize)]
struct PytestBenchmark {
    benchmarks: List<Test, MOST_BENCHMARKS>,
}

#[derive(Deserialize)]
struct Test {
    name: String,
    fullname: Option<String>,
    stats: Stats,
}

#[derive(Deserialize)]
struct Stats {
    mean: f64,
    #[serde(default)]
    stddev: f64,
    #[serde(default)]
    rounds: f64,
    /// Each round, where `--benchmark-save-data` was said.
    #[serde(default)]
    data: List<f64, MOST_SAMPLES>,
}

/// Reads what `pytest --benchmark-json` writes: seconds of one call.
pub(crate) fn pytest_benchmark(text: &str) -> Result<Benchmarks, serde_json::Error> {
    let PytestBenchmark { benchmarks: List(all) } = serde_json::from_str(text)?;
    let benchmarks = all.into_iter().filter_map(|own| {
        let Stats { mean, stddev, rounds, data } = own.stats;
        let measured = samples(data.0).or_else(|| summary(mean, stddev, rounds))?;
        let name = own.fullname.unwrap_or(own.name);
        Some(benchmark(&name, "s", Better::Smaller, measured))
    });
    Ok(Benchmarks { benchmarks: benchmarks.collect(), failed: Vec::new() })
}
