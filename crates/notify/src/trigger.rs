use serde::Deserialize;
use serde_json::Value;
use tidegate_condition::{Expression, Value as Operand};

use crate::{Told, scene::NAMES};

/// What sets messages off.
#[derive(Clone, Debug, Default)]
pub struct Trigger {
    /// Each by itself.
    pub conditions: Vec<Condition>,
}

/// A condition of a trigger, and what is written when it holds.
#[derive(Clone, Debug)]
pub struct Condition {
    /// None holds whenever what the trigger is named after happens.
    pub when: Option<Expression>,
    /// Where it gives the same as before, nothing is written again.
    pub once_per: Option<Expression>,
    /// The templates, each of which adds to one message.
    pub send: Vec<String>,
    /// What it is for.
    pub description: String,
}

impl Condition {
    /// Whether it holds, and for which value of `oncePer`, of what is told.
    pub fn holds(&self, told: &Told) -> (bool, Option<String>) {
        self.result(&operand(&told.values()))
    }

    /// What cannot be computed yet, such as a field that is not there, does not hold.
    pub(crate) fn result(&self, values: &Operand) -> (bool, Option<String>) {
        let holds = self.when.as_ref().is_some_and(|when| when.holds(values).unwrap_or(false));
        let once = self.once_per.as_ref().filter(|_| holds);
        (holds, once.and_then(|once| once.value(values).ok()).map(|value| text_of(&value)))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Raw {
    #[serde(default)]
    once_per: String,
    #[serde(default)]
    when: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    send: Vec<String>,
}

impl Trigger {
    /// One that always sends a template.
    pub(crate) fn sending(template: &str, description: &str) -> Self {
        let (send, description) = (vec![template.to_owned()], description.to_owned());
        Self { conditions: vec![Condition { when: None, once_per: None, send, description }] }
    }

    pub(crate) fn read(value: Value) -> Result<Self, String> {
        let raw: Vec<Raw> = serde_json::from_value(value).map_err(|problem| problem.to_string())?;
        let read = raw.into_iter().map(|raw| {
            Ok(Condition {
                when: expression("when", &raw.when)?,
                once_per: expression("oncePer", &raw.once_per)?,
                send: raw.send,
                description: raw.description,
            })
        });
        Ok(Self { conditions: read.collect::<Result<_, String>>()? })
    }
}

fn expression(field: &str, text: &str) -> Result<Option<Expression>, String> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    let read = Expression::parse(text, NAMES);
    read.map(Some).map_err(|problem| format!("`{field}`: {problem}"))
}

/// JSON as expressions see it: whole numbers stay whole.
pub(crate) fn operand(value: &Value) -> Operand {
    match value {
        Value::Number(number) => match number.as_i64() {
            Some(whole) => Operand::Int(whole),
            None => Operand::from(value),
        },
        Value::Array(items) => Operand::list(items.iter().map(operand)),
        Value::Object(fields) => {
            Operand::map(fields.iter().map(|(name, value)| (name.as_str(), operand(value))))
        }
        other => Operand::from(other),
    }
}

/// What an expression gives, as a text that tells it from others.
fn text_of(value: &Operand) -> String {
    match value {
        Operand::Text(text) => text.to_string(),
        Operand::Int(number) => number.to_string(),
        other => format!("{other:?}"),
    }
}
