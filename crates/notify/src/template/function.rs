//! The functions of a template: those of Go's `text/template`, and of sprig those that need no chance, no environment and
//! no network.

use serde_json::Value;

use crate::template::{go_text::is_true, sprig};

/// A function by its place in the table.
#[derive(Clone, Copy)]
pub(crate) struct Function(&'static Row);

/// What a function is called, how many arguments it takes, and what it does with them.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) least: usize,
    pub(crate) most: usize,
    pub(crate) call: fn(&[Value]) -> Result<Value, String>,
}

impl std::fmt::Debug for Function {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0.name)
    }
}

impl Function {
    /// The function of this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        sprig::tables().flatten().find(|row| row.name == name).map(Self)
    }

    /// What it makes of these.
    pub(crate) fn call(self, values: &[Value]) -> Result<Value, String> {
        let Row { name, least, most, call } = *self.0;
        if values.len() < least || values.len() > most {
            let wanted = match most {
                usize::MAX => format!("at least {least}"),
                _ if least == most => least.to_string(),
                _ => format!("{least} to {most}"),
            };
            return Err(format!("`{name}` takes {wanted} arguments, found {}", values.len()));
        }
        call(values).map_err(|problem| format!("`{name}`: {problem}"))
    }

    /// Whether its last argument is the time.
    pub(crate) fn asks_the_time(self) -> bool {
        matches!(self.0.name, "now" | "ago" | "call")
    }

    /// Whether it changes the map that is its first argument.
    pub(crate) fn changes_its_map(self) -> bool {
        matches!(self.0.name, "set" | "unset" | "merge" | "mergeOverwrite")
    }

    /// Whether it gives this argument whatever the others are: `and` and `or` look no further.
    pub(crate) fn is_decided_by(self, value: &Value) -> bool {
        match self.0.name {
            "and" => !is_true(value),
            "or" => is_true(value),
            _ => false,
        }
    }
}

/// Why there is no function of this name.
pub(crate) fn refusal(name: &str) -> String {
    let why = match name {
        "toDate" | "mustToDate" => "write `call .time.Parse`, which reads RFC 3339",
        "env" | "expandenv" => "templates do not see the environment",
        "randAlpha" | "randAlphaNum" | "randNumeric" | "randAscii" | "randInt" | "uuidv4"
        | "shuffle" => "a message that is written again must be the same",
        "getHostByName" => "templates do not ask the network",
        _ => "it is none of Go's `text/template`, nor of the part of sprig that is built",
    };
    format!("there is no function `{name}`: {why}")
}
