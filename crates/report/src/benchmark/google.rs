use std::collections::BTreeMap;

use serde::Deserialize;
use tidegate_evidence::{Benchmarks, Better, LONGEST_TEXT, cut};

use super::{MOST_BENCHMARKS, benchmark, samples, summary};
use crate::json::List;

#[derive(Deserialize)]
struct Output {
    benchmarks: List<Entry, MOST_BENCHMARKS>,
}

#[derive(Deserialize)]
struct Entry {
    name: String,
    run_name: Option<String>,
    run_type: Option<String>,
    aggregate_name: Option<String>,
    repetitions: Option<f64>,
    iterations: Option<f64>,
    real_time: Option<f64>,
    #[serde(default)]
    time_unit: String,
    #[serde(default)]
    error_occurred: bool,
    error_message: Option<String>,
}

/// What is known of one benchmark.
#[derive(Default)]
struct Gathered {
    unit: String,
    values: Vec<f64>,
    mean: Option<f64>,
    deviation: Option<f64>,
    count: f64,
}

/// Reads the JSON of Google Benchmark: real times, of each repetition where those are listed, else of their mean and
/// deviation. Complexities (`BigO`, `RMS`) are no times.
pub(crate) fn google(text: &str) -> Result<Benchmarks, serde_json::Error> {
    let Output { benchmarks: List(entries) } = serde_json::from_str(text)?;
    let mut order = Vec::new();
    let mut gathered: BTreeMap<String, Gathered> = BTreeMap::new();
    let mut failed = Vec::new();
    for entry in entries {
        let name = entry.run_name.as_deref().unwrap_or(&entry.name).to_owned();
        if entry.error_occurred {
            let why = entry.error_message.as_deref().unwrap_or("it failed");
            failed.push(cut(&format!("{name}: {why}"), LONGEST_TEXT));
            continue;
        }
        if !gathered.contains_key(&name) {
            order.push(name.clone());
        }
        gathered.entry(name).or_default().take(&entry);
    }
    let benchmarks = order.iter().filter_map(|name| {
        let own = gathered.remove(name)?;
        let measured = samples(own.values)
            .or_else(|| summary(own.mean?, own.deviation.unwrap_or(f64::NAN), own.count))?;
        Some(benchmark(name, &own.unit, Better::Smaller, measured))
    });
    Ok(Benchmarks { benchmarks: benchmarks.collect(), failed })
}

impl Gathered {
    fn take(&mut self, entry: &Entry) {
        let Some(time) = entry.real_time else { return };
        if entry.run_type.as_deref() != Some("aggregate") {
            entry.time_unit.clone_into(&mut self.unit);
            self.values.push(time);
            return;
        }
        match entry.aggregate_name.as_deref() {
            Some("mean") => {
                entry.time_unit.clone_into(&mut self.unit);
                self.mean = Some(time);
                self.count = entry.iterations.or(entry.repetitions).unwrap_or(0.0);
            }
            Some("stddev") => self.deviation = Some(time),
            _ => {}
        }
    }
}
