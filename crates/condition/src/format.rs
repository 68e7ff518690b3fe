use std::fmt::Write as _;

use crate::{
    ConditionError, Value,
    budget::Budget,
    error::Place,
    value::{Key, Keys, Map},
};

/// A value as Go's `%v` writes it, which is what `string` gives.
pub(crate) fn display(
    value: &Value,
    budget: &mut Budget,
    place: Place,
) -> Result<String, ConditionError> {
    let mut text = String::new();
    write_display(value, &mut text, budget, place)?;
    Ok(text)
}

fn write_display(
    value: &Value,
    text: &mut String,
    budget: &mut Budget,
    place: Place,
) -> Result<(), ConditionError> {
    budget.spend(1, place)?;
    match value {
        Value::Nil => text.push_str("<nil>"),
        Value::Bool(flag) => text.push_str(if *flag { "true" } else { "false" }),
        Value::Int(number) => text.push_str(&number.to_string()),
        Value::Float(number) => text.push_str(&go_float(*number)),
        Value::Text(inside) => {
            budget.spend_text(inside.len(), place)?;
            text.push_str(inside);
        }
        Value::List(list) => {
            text.push('[');
            for (at, item) in list.items().iter().enumerate() {
                text.push_str(if at > 0 { " " } else { "" });
                write_display(item, text, budget, place)?;
            }
            text.push(']');
        }
        Value::Map(map) => {
            text.push_str("map[");
            for (at, (key, item)) in map.entries().iter().enumerate() {
                text.push_str(if at > 0 { " " } else { "" });
                write_display(&key.value(), text, budget, place)?;
                text.push(':');
                write_display(item, text, budget, place)?;
            }
            text.push(']');
        }
    }
    Ok(())
}

/// The shortest text that reads back as `number`, with an exponent below 1e-4 and from 1e6 on:
/// what `%v` makes of a float64.
fn go_float(number: f64) -> String {
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let size = number.abs();
    if number == 0.0 || (1e-4..1e6).contains(&size) {
        return format!("{number}");
    }
    with_exponent(number, 2)
}

/// `1e+21`, with at least `digits` digits in the exponent.
fn with_exponent(number: f64, digits: usize) -> String {
    let plain = format!("{number:e}");
    let (mantissa, exponent) = plain.split_once('e').unwrap_or((&plain, "0"));
    let (sign, size) = match exponent.strip_prefix('-') {
        Some(size) => ('-', size),
        None => ('+', exponent),
    };
    format!("{mantissa}e{sign}{size:0>digits$}")
}

/// A value as JSON, indented by two blanks, as Go writes it.
pub(crate) fn json(
    value: &Value,
    budget: &mut Budget,
    place: Place,
) -> Result<String, ConditionError> {
    let mut text = String::new();
    write_json(value, 0, &mut text, budget, place)?;
    Ok(text)
}

fn write_json(
    value: &Value,
    level: usize,
    text: &mut String,
    budget: &mut Budget,
    place: Place,
) -> Result<(), ConditionError> {
    budget.spend(1 + level / 8, place)?;
    match value {
        Value::Nil => text.push_str("null"),
        Value::Bool(_) | Value::Int(_) => write_display(value, text, budget, place)?,
        Value::Float(number) => text.push_str(&json_float(*number, place)?),
        Value::Text(inside) => {
            budget.spend_text(inside.len(), place)?;
            write_json_text(inside, text);
        }
        Value::List(list) => {
            text.push('[');
            for (at, item) in list.items().iter().enumerate() {
                next_line(text, at > 0, level + 1);
                write_json(item, level + 1, text, budget, place)?;
            }
            close(text, ']', list.items().is_empty(), level);
        }
        Value::Map(map) => write_json_map(map, level, text, budget, place)?,
    }
    Ok(())
}

fn write_json_map(
    map: &Map,
    level: usize,
    text: &mut String,
    budget: &mut Budget,
    place: Place,
) -> Result<(), ConditionError> {
    if map.keys() != Keys::Text {
        return Err(place.evaluation("`toJSON` cannot write a map whose keys may be of any kind"));
    }
    text.push('{');
    for (at, (key, item)) in map.entries().iter().enumerate() {
        next_line(text, at > 0, level + 1);
        if let Key::Text(name) = key {
            budget.spend_text(name.len(), place)?;
            write_json_text(name, text);
        }
        text.push_str(": ");
        write_json(item, level + 1, text, budget, place)?;
    }
    close(text, '}', map.entries().is_empty(), level);
    Ok(())
}

fn next_line(text: &mut String, comma: bool, level: usize) {
    text.push_str(if comma { ",\n" } else { "\n" });
    text.push_str(&"  ".repeat(level));
}

fn close(text: &mut String, bracket: char, empty: bool, level: usize) {
    if !empty {
        next_line(text, false, level);
    }
    text.push(bracket);
}

fn json_float(number: f64, place: Place) -> Result<String, ConditionError> {
    if !number.is_finite() {
        return Err(place.evaluation(format!("JSON has no {}", go_float(number))));
    }
    let size = number.abs();
    if number == 0.0 || (1e-6..1e21).contains(&size) {
        return Ok(format!("{number}"));
    }
    Ok(with_exponent(number, 1))
}

/// Go escapes what could end a script in a web page as well.
fn write_json_text(inside: &str, text: &mut String) {
    text.push('"');
    for c in inside.chars() {
        match c {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\u{8}' => text.push_str("\\b"),
            '\u{c}' => text.push_str("\\f"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' => {
                // Writing into a String cannot fail.
                let _ = write!(text, "\\u{:04x}", u32::from(c));
            }
            other => text.push(other),
        }
    }
    text.push('"');
}
