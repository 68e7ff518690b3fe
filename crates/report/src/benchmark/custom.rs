use serde::Deserialize;
use tidegate_evidence::{Benchmarks, Better, Measured};

use super::{MOST_BENCHMARKS, benchmark, by_unit};
use crate::json::List;

#[derive(Deserialize)]
struct Entry {
    name: String,
    #[serde(default)]
    unit: String,
    value: f64,
}

/// Reads the lists that github-action-benchmark takes as `customSmallerIsBetter` and `customBiggerIsBetter`. Which of them it
/// is, the file does not say: `better` does, or else each unit. What stands as `range` is of any meaning, so that no
/// noise is known.
pub(crate) fn custom(text: &str, better: Option<Better>) -> Result<Benchmarks, serde_json::Error> {
    let List(all): List<Entry, MOST_BENCHMARKS> = serde_json::from_str(text)?;
    let benchmarks = all.iter().map(|own| {
        let better = better.unwrap_or_else(|| by_unit(&own.unit));
        benchmark(&own.name, &own.unit, better, Measured::Single(own.value))
    });
    Ok(Benchmarks { benchmarks: benchmarks.collect(), failed: Vec::new() })
}
