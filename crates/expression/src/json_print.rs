//! Values as JSON, as `toJSON` has them.

use std::{fmt::Write as _, sync::Arc};

use crate::{
    Value,
    memory::{Counter, Exceeded},
    number,
};

/// Appends `value` to `text`. It recurses as deep as a value is.
pub(crate) fn print(
    value: &Value,
    text: &mut String,
    counter: &mut Counter,
) -> Result<(), Exceeded> {
    Printer { text, counter, level: 0 }.value(value)
}

struct Printer<'a> {
    text: &'a mut String,
    counter: &'a mut Counter,
    level: usize,
}

impl Printer<'_> {
    fn push(&mut self, part: &str) -> Result<(), Exceeded> {
        self.counter.text(part)?;
        self.text.push_str(part);
        Ok(())
    }

    fn value(&mut self, value: &Value) -> Result<(), Exceeded> {
        match value {
            Value::Null => self.push("null"),
            Value::Bool(_) => self.push(&value.as_text()),
            Value::Number(value) => self.push(&number::print(*value)),
            Value::Text(text) => self.push(&quoted(text)),
            Value::List(list) if list.is_empty() => self.push("[]"),
            Value::Object(object) if object.is_empty() => self.push("{}"),
            Value::List(list) => {
                self.push("[")?;
                self.items(list.iter().map(|item| (None, item)))?;
                self.push("]")
            }
            Value::Object(object) => {
                self.push("{")?;
                self.items(object.iter().map(|(name, value)| (Some(name.as_ref()), value)))?;
                self.push("}")
            }
        }
    }

    fn items<'a>(
        &mut self,
        items: impl Iterator<Item = (Option<&'a str>, &'a Value)>,
    ) -> Result<(), Exceeded> {
        self.level += 1;
        for (place, (name, value)) in items.enumerate() {
            self.line(if place == 0 { "" } else { "," })?;
            if let Some(name) = name {
                self.push(&quoted(name))?;
                self.push(": ")?;
            }
            self.value(value)?;
        }
        self.level -= 1;
        self.line("")
    }

    fn line(&mut self, before: &str) -> Result<(), Exceeded> {
        self.push(&format!("{before}\n{:width$}", "", width = 2 * self.level))
    }
}

/// The value as JSON, whatever its size.
pub(crate) fn pretty(value: &Value) -> String {
    let mut text = String::new();
    // Without a limit there is nothing to exceed.
    let _ = print(value, &mut text, &mut Counter::endless());
    text
}

/// The value on one line, so that nothing of it is lost. It recurses as deep as a value is.
pub(crate) fn exact(value: &Value) -> String {
    match value {
        Value::Number(value) => number::print_exactly(*value),
        Value::Text(text) => quoted(text),
        Value::List(list) => {
            let items: Vec<String> = list.iter().map(exact).collect();
            format!("[{}]", items.join(","))
        }
        Value::Object(object) => {
            let member =
                |(name, value): (&Arc<str>, _)| format!("{}:{}", quoted(name), exact(value));
            let members: Vec<String> = object.iter().map(member).collect();
            format!("{{{}}}", members.join(","))
        }
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
    }
}

/// A text in quotes, with what JSON or JavaScript cannot have in them escaped.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\u{8}' => quoted.push_str("\\b"),
            '\t' => quoted.push_str("\\t"),
            '\n' => quoted.push_str("\\n"),
            '\u{c}' => quoted.push_str("\\f"),
            '\r' => quoted.push_str("\\r"),
            '\0'..'\u{20}' | '\u{85}' | '\u{2028}' | '\u{2029}' => {
                let _ = write!(quoted, "\\u{:04x}", u32::from(c));
            }
            _ => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
