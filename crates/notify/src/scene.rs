use serde_json::{Map, Value, json};
use tidegate_units::Timestamp;

use crate::{Happening, template::time_functions};

/// What is known of a rollout when something happened to it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scene {
    /// Its manifest, with its status in the fields of Argo Rollouts.
    pub rollout: Value,
    /// The analyses of the wanted revision as Argo Rollouts' `AnalysisRun`s, newest first.
    pub analysis_runs: Vec<Value>,
    /// The images of the wanted revision.
    pub images: Vec<String>,
    /// Those of the stable one.
    pub stable_images: Vec<String>,
    /// Whether it never had another revision.
    pub is_first: bool,
    /// Whether the wanted revision is older than another that was wanted since.
    pub is_return: bool,
}

/// The names that conditions see. `time` and `secrets`, which Argo Rollouts has besides, are refused.
pub(crate) const NAMES: &[&str] = &["rollout", "analysisRuns", "event", "context"];

/// A happening with what is known of its rollout: what templates and conditions are written over.
#[derive(Clone, Debug)]
pub struct Told {
    values: Map<String, Value>,
    at: Timestamp,
}

impl Told {
    /// What is told of it, with the settings' `context`.
    pub fn of(happening: &Happening, scene: &Scene, context: &Value) -> Self {
        let mut rollout = scene.rollout.clone();
        // Entries are read when they are written, and the status may be further by then.
        if let (Some(index), Some(status)) = (
            happening.detail.get("index"),
            rollout.get_mut("status").and_then(Value::as_object_mut),
        ) {
            status.insert("currentStepIndex".to_owned(), index.clone());
        }
        let event = json!({
            "reason": happening.reason,
            "at": happening.at,
            "sequence": happening.sequence,
            "detail": happening.detail,
            "why": why(&happening.detail),
        });
        let values = [
            ("rollout", rollout),
            ("analysisRuns", scene.analysis_runs.clone().into()),
            ("event", event),
            ("context", context.clone()),
        ];
        let values = values.map(|(name, value)| (name.to_owned(), value)).into_iter().collect();
        Self { values, at: happening.at }
    }

    /// What templates take for now: when it happened, so that a message that is written again is the same.
    pub(crate) const fn at(&self) -> Timestamp {
        self.at
    }

    /// What conditions see.
    pub(crate) fn values(&self) -> Value {
        Value::Object(self.values.clone())
    }

    /// What a template sees that is written for one recipient.
    pub(crate) fn values_for(&self, service: &str, recipient: &str) -> Value {
        let mut values = self.values.clone();
        values.insert("recipient".to_owned(), recipient.into());
        values.insert("serviceType".to_owned(), service.into());
        values.insert("time".to_owned(), time_functions());
        Value::Object(values)
    }
}

/// The reason that the ledger gives, in words: of `{"Analysis": {"message": ..}}` it is the message.
fn why(detail: &Value) -> String {
    match detail.get("reason") {
        Some(Value::String(word)) => worded(word).to_owned(),
        Some(Value::Object(named)) => {
            let said = named.iter().map(|(name, inner)| told_by(name, inner));
            said.collect::<Vec<_>>().join("; ")
        }
        _ => String::new(),
    }
}

fn told_by(name: &str, inner: &Value) -> String {
    let text = |field: &str| inner.get(field).and_then(Value::as_str).filter(|it| !it.is_empty());
    match (text("message"), text("who"), text("why")) {
        (Some(message), _, _) => message.to_owned(),
        (None, Some(who), Some(why)) => format!("by {who}: {why}"),
        (None, Some(who), None) => format!("by {who}"),
        _ => worded(name).to_owned(),
    }
}

fn worded(word: &str) -> &str {
    match word {
        "Deadline" => "it made no progress within its deadline",
        "StoreWentBack" => "the store lost what it had acknowledged",
        "Step" => "a step holds it",
        "BlueGreen" => "it waits for promotion",
        "Inconclusive" => "an analysis could not tell",
        "InconclusiveExperiment" => "an experiment could not tell",
        "InconclusiveExposure" => "the evidence does not suffice",
        "User" => "somebody holds it",
        other => other,
    }
}
