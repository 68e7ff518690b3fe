//! What other metrics of the run have measured.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use tidegate_decision::{Kpi, Prediction};

use super::settings::{DecisionSettings, PredictionFrom, ValueFrom};
use crate::{MetricView, RunPhase};

/// The last values of the metrics that a decision needs; or in a sentence why there is none.
pub(crate) struct Others(BTreeMap<String, Result<Json, String>>);

impl Others {
    pub(crate) fn of(settings: &DecisionSettings, views: &BTreeMap<String, MetricView>) -> Self {
        let sources = settings.sources().into_iter();
        Self(sources.map(|name| (name.to_owned(), last(name, views.get(name)))).collect())
    }

    fn get(&self, name: &str) -> Result<&Json, String> {
        let found = self.0.get(name).map(Result::as_ref);
        found.unwrap_or(Err(&String::new())).map_err(Clone::clone)
    }

    fn number(&self, name: &str) -> Result<f64, String> {
        let value = self.get(name)?;
        number(value).ok_or_else(|| format!("the last value of metric {name:?} is no number"))
    }

    /// A value, beside its baseline if it has one.
    pub(super) fn kpi(&self, from: &ValueFrom) -> Kpi {
        let note = || format!("metric {:?}", from.metric);
        let current = match self.number(&from.metric) {
            Ok(value) => Kpi::new(value, from.unit, note()),
            Err(why) => return Kpi::missing(from.unit, why),
        };
        match from.baseline.as_deref().map(|baseline| (baseline, self.number(baseline))) {
            None => current,
            Some((baseline, Ok(value))) => {
                let note = format!("{} beside {baseline:?}", note());
                Kpi { note, ..current.against(value) }
            }
            Some((_, Err(why))) => Kpi { note: why, ..current },
        }
    }

    /// What a model predicts, or why that is not known.
    pub(super) fn prediction(&self, from: &PredictionFrom) -> Result<Prediction, String> {
        let value = self.get(&from.metric)?;
        let text = |names: [&str; 2]| {
            let found = names.into_iter().find_map(|name| value.get(name)?.as_str());
            found.unwrap_or_default().to_owned()
        };
        let reasoning = text(["explanation", "reasoning"]);
        let probability = number(value).or_else(|| value.get("probability")?.as_f64());
        let confidence = value.get("confidence").and_then(Json::as_f64);
        let should = value.get("shouldRollback").and_then(Json::as_bool);
        let found = match (probability, confidence, should) {
            (Some(probability), _, _) => Prediction::of_probability(probability, reasoning),
            (None, Some(sure), Some(should)) => Prediction::new(should, sure, reasoning),
            _ => None,
        };
        found.ok_or_else(|| {
            format!("the last value of metric {:?} is no probability from 0 to 1", from.metric)
        })
    }
}

/// A number, or a list of one, as Prometheus answers.
fn number(value: &Json) -> Option<f64> {
    match value.as_array().map(Vec::as_slice) {
        Some([only]) => only.as_f64(),
        Some(_) => None,
        None => value.as_f64(),
    }
}

fn last(name: &str, view: Option<&MetricView>) -> Result<Json, String> {
    let measured = view.and_then(|view| view.measurements.last());
    let measured = measured.ok_or_else(|| format!("metric {name:?} was not measured yet"))?;
    if measured.phase == RunPhase::Error {
        return Err(format!("metric {name:?} could not be measured: {}", measured.message));
    }
    serde_json::from_str(&measured.value)
        .map_err(|_| format!("the last value of metric {name:?} is no JSON"))
}
