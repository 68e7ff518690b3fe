//! Whether what is secret is where nobody should find it.

use serde_json::{Value, json};
use tidegate_controller::Kind;

use super::Rules;
use crate::{
    apps::{HUSH, key},
    life::World,
    script::App,
};

impl Rules {
    /// Somebody can read a text.
    pub(crate) fn read(&mut self, place: &str, text: &str) {
        if text.contains(HUSH) {
            self.breaks(format!("what is secret is in {place}"));
        }
    }

    /// Somebody can read all of this.
    pub(crate) fn read_value(&mut self, place: &str, value: &Value) {
        if is_told(value) {
            self.breaks(format!("what is secret is in {place}"));
        }
    }
}

fn is_told(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains(HUSH),
        Value::Array(all) => all.iter().any(is_told),
        Value::Object(fields) => {
            fields.iter().any(|(name, value)| name.contains(HUSH) || is_told(value))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

impl World {
    /// People look at all that they can see: each rollout with its runs and replicas, and what is declared.
    pub(crate) fn read_all(&self) {
        let Some(plane) = self.plane() else { return };
        let mut shown = Vec::new();
        for app in App::ALL {
            shown.push(json!(plane.rollout(&key(app))));
            shown.push(json!(plane.history(&key(app))));
        }
        for kind in [Kind::Secret, Kind::AnalysisTemplate] {
            shown.push(json!(plane.list(kind, None)));
        }
        let mut state = self.machine.state();
        for one in &shown {
            state.rules.read_value("what people are shown", one);
        }
    }
}
