//! The functions of the language itself.

use crate::{
    Error, Function, MAX_JSON_DEPTH, Value, eval::Arguments, format::format, json,
    json_print::print, text,
};

/// What a function answers. [`Function::Scoped`] is answered elsewhere.
pub(crate) fn call(function: &Function, arguments: &mut Arguments<'_, '_>) -> Result<Value, Error> {
    match function {
        Function::Case => case(arguments),
        Function::Contains => contains(arguments),
        Function::EndsWith => both_texts(arguments, text::ends_with),
        Function::Format => format(arguments),
        Function::FromJson => from_json(arguments),
        Function::Join => join(arguments),
        Function::StartsWith => both_texts(arguments, text::starts_with),
        Function::ToJson => to_json(arguments),
        Function::Scoped(_) => Ok(Value::Null),
    }
}

fn case(arguments: &mut Arguments<'_, '_>) -> Result<Value, Error> {
    let last = arguments.len().saturating_sub(1);
    for place in (0..last).step_by(2) {
        match arguments.get(place)? {
            Value::Bool(true) => return arguments.get(place + 1),
            Value::Bool(false) => {}
            _ => return Err(arguments.error("case predicate must evaluate to a boolean value")),
        }
    }
    arguments.get(last)
}

fn contains(arguments: &mut Arguments<'_, '_>) -> Result<Value, Error> {
    match arguments.get(0)? {
        Value::List(list) if !list.is_empty() => {
            let wanted = arguments.get(1)?;
            Ok(Value::Bool(list.iter().any(|item| wanted.equals(item))))
        }
        Value::List(_) | Value::Object(_) => Ok(Value::Bool(false)),
        _ => both_texts(arguments, text::contains),
    }
}

/// What `ask` says of two texts; `false` when one of them is an array or an object.
fn both_texts(
    arguments: &mut Arguments<'_, '_>,
    ask: fn(&str, &str) -> bool,
) -> Result<Value, Error> {
    let text = arguments.get(0)?;
    if !text.is_primitive() {
        return Ok(Value::Bool(false));
    }
    let part = arguments.get(1)?;
    Ok(Value::Bool(part.is_primitive() && ask(&text.as_text(), &part.as_text())))
}

fn from_json(arguments: &mut Arguments<'_, '_>) -> Result<Value, Error> {
    let text = arguments.get(0)?.as_text();
    let value = json::read(&text, MAX_JSON_DEPTH);
    value.map_err(|why| arguments.error(format!("Error parsing fromJson: {why}")))
}

fn to_json(arguments: &mut Arguments<'_, '_>) -> Result<Value, Error> {
    let value = arguments.get(0)?;
    let mut text = String::new();
    match print(&value, &mut text, &mut arguments.counter()) {
        Ok(()) => Ok(text.into()),
        Err(exceeded) => Err(arguments.exceeded(&exceeded)),
    }
}

fn join(arguments: &mut Arguments<'_, '_>) -> Result<Value, Error> {
    let list = match arguments.get(0)? {
        Value::List(list) => list,
        Value::Object(_) => return Ok("".into()),
        other => return Ok(Value::Text(other.as_text())),
    };
    let given = if arguments.len() > 1 && list.len() > 1 { Some(arguments.get(1)?) } else { None };
    let given = given.filter(Value::is_primitive);
    let separator = given.map_or_else(|| ",".into(), |given| given.as_text());
    let mut text = String::new();
    let mut counter = arguments.counter();
    for (place, item) in list.iter().enumerate() {
        let before = if place == 0 { "" } else { &separator };
        for part in [before, &item.as_text()] {
            counter.text(part).map_err(|exceeded| arguments.exceeded(&exceeded))?;
            text.push_str(part);
        }
    }
    Ok(text.into())
}
