//! What Prometheus answers to a query over a range of time.

use std::{
    collections::BTreeMap,
    io::{BufReader, Read},
};

use serde_json::Value;

use crate::{
    error::{Problem, RecordingError},
    exposition::Scraped,
    gather::MOST_POINTS,
    scrape::{self, Key},
    series::{Point, Series},
    settings::ReadSettings,
    sniff::Sniffed,
};

/// An answer may be this long: it is held whole, and 10,000,000 values take some 30 bytes each.
const LONGEST: u64 = 512 * 1024 * 1024;

/// An answer that is still to be read.
pub(crate) struct Matrix<'a> {
    file: String,
    input: Box<dyn Read + 'a>,
    lines_before: u64,
}

impl<'a> Matrix<'a> {
    pub(crate) fn new(file: &str, sniffed: Sniffed<'a>) -> Self {
        let Sniffed { input, lines_before, .. } = sniffed;
        Self { file: file.to_owned(), input, lines_before }
    }

    /// Reads everything, and makes of it what can be compared.
    pub(crate) fn series(
        &mut self,
        settings: &ReadSettings,
    ) -> Result<(Vec<Series>, Vec<String>), RecordingError> {
        let input = BufReader::new((&mut self.input).take(LONGEST));
        let answer: Value = serde_json::from_reader(input).map_err(|error| {
            let place = |number: usize| u64::try_from(number.max(1)).unwrap_or(1);
            let why = error.to_string();
            let why = why.split(" at line ").next().unwrap_or_default().to_owned();
            let problem = Problem::new(
                0,
                format!("the answer of Prometheus is cut off or broken ({why})"),
                "save what /api/v1/query_range answers, whole",
            );
            problem.at(&self.file, self.lines_before + place(error.line()), place(error.column()))
        })?;
        let scraped = scraped(&answer);
        scraped
            .and_then(|scraped| scrape::derive(scraped, settings))
            .map_err(|problem| problem.at(&self.file, self.lines_before + 1, 1))
    }
}

fn scraped(answer: &Value) -> Result<Scraped, Problem> {
    if let Some(why) = answer.get("error").and_then(Value::as_str) {
        let message = format!("Prometheus answered with an error: {why}");
        return Err(Problem::new(0, message, "save what it answers when it succeeds"));
    }
    let data = answer.get("data").unwrap_or(answer);
    let kind = data.get("resultType").and_then(Value::as_str).unwrap_or("nothing");
    if kind != "matrix" {
        return Err(Problem::new(
            0,
            format!("the answer of Prometheus is a {kind}, with no values over time"),
            "ask /api/v1/query_range",
        ));
    }
    let mut all = Scraped::default();
    let mut points = 0;
    for series in data.get("result").and_then(Value::as_array).into_iter().flatten() {
        let values: Vec<_> = series
            .get("values")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(point)
            .collect();
        points += values.len();
        if points > MOST_POINTS {
            let message = format!("there are more than {MOST_POINTS} values");
            return Err(Problem::new(0, message, "ask for longer steps or fewer series"));
        }
        all.samples.entry(key(series)).or_default().extend(values);
    }
    Ok(all)
}

/// What a series is called. What a function made of others has no name.
fn key(series: &Value) -> Key {
    let labels = series.get("metric").and_then(Value::as_object).into_iter().flatten();
    let mut labels: BTreeMap<String, String> = labels
        .map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned()))
        .collect();
    let name = labels.remove("__name__").unwrap_or_else(|| "value".to_owned());
    Key { name, labels }
}

/// A value with its moment; none for what is no number, as a division by zero gives.
fn point(pair: &Value) -> Option<Point> {
    let (at, value) = (pair.get(0)?.as_f64()?, pair.get(1)?);
    let value = value.as_f64().or_else(|| value.as_str()?.parse().ok())?;
    let at_micros = (at * 1e6).round();
    #[expect(clippy::cast_possible_truncation, reason = "a float beyond the range becomes its end")]
    (value.is_finite() && at_micros.abs() < 4.6e18)
        .then_some(Point { at_micros: at_micros as i64, value })
}
