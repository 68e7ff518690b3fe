use std::collections::BTreeMap;

use serde::Deserialize;
use tidegate_evidence::{Benchmark, Benchmarks, Better, Measured};

use super::{MANY, MOST_BENCHMARKS, MOST_SAMPLES, benchmark, samples};
use crate::json::{List, Number};

/// Half of JMH's interval, of 99.9 %, is so many standard errors where there are many values.
const HALF_INTERVAL: f64 = 3.290_526_731;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    benchmark: String,
    #[serde(default)]
    mode: String,
    #[serde(default)]
    params: BTreeMap<String, String>,
    primary_metric: Metric,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metric {
    score: Number,
    score_error: Option<Number>,
    score_unit: String,
    /// A list for each fork.
    #[serde(default)]
    raw_data: List<List<f64, MOST_SAMPLES>, 1_000>,
}

/// Reads the JSON of JMH: each iteration of each fork, or of sampled times the score and its error.
pub(crate) fn jmh(text: &str) -> Result<Benchmarks, serde_json::Error> {
    let List(entries): List<Entry, MOST_BENCHMARKS> = serde_json::from_str(text)?;
    let benchmarks = entries.into_iter().filter_map(one).collect();
    Ok(Benchmarks { benchmarks, failed: Vec::new() })
}

fn one(entry: Entry) -> Option<Benchmark> {
    let params: Vec<_> = entry.params.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let mut name = entry.benchmark;
    if !params.is_empty() {
        name = format!("{name} ({})", params.join(", "));
    }
    let better = if entry.mode == "thrpt" { Better::Bigger } else { Better::Smaller };
    let metric = entry.primary_metric;
    let values = metric.raw_data.0.into_iter().flat_map(|fork| fork.0).collect();
    let Number(score) = metric.score;
    let told = || {
        let error = metric.score_error.map(|error| error.0).filter(|error| error.is_finite());
        match error {
            _ if !score.is_finite() => None,
            None => Some(Measured::Single(score)),
            Some(error) => Some(Measured::Summary {
                estimate: score,
                standard_error: error.abs() / HALF_INTERVAL,
                degrees: MANY,
            }),
        }
    };
    let measured = samples(values).or_else(told)?;
    Some(benchmark(&name, &metric.score_unit, better, measured))
}
