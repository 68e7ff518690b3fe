//! What the functions do. Names, orders of arguments and results are those of Go's `text/template` and of sprig.

mod lists;
mod maps;
mod numbers;
mod texts;
mod times;
mod urls;
mod words;

use serde_json::Value;

use crate::template::{
    function::Row,
    go_text::{is_true, order, plain, same},
    moment,
    printf::sprintf,
};

/// Any number of arguments.
const MANY: usize = usize::MAX;

type Called = Result<Value, String>;

/// All functions.
pub(crate) fn tables() -> impl Iterator<Item = &'static [Row]> {
    [
        LOGIC,
        numbers::TABLE,
        texts::TABLE,
        words::TABLE,
        lists::TABLE,
        maps::TABLE,
        times::TABLE,
        urls::TABLE,
    ]
    .into_iter()
}

const fn row(name: &'static str, least: usize, most: usize, call: fn(&[Value]) -> Called) -> Row {
    Row { name, least, most, call }
}

/// What compares, chooses and writes.
const LOGIC: &[Row] = &[
    row("and", 1, MANY, |values| Ok(first_that(values, |value| !is_true(value)))),
    row("or", 1, MANY, |values| Ok(first_that(values, is_true))),
    row("not", 1, 1, |values| Ok((!is_true(value(values, 0))).into())),
    row("eq", 2, MANY, |values| {
        Ok(values.iter().skip(1).any(|other| same(value(values, 0), other)).into())
    }),
    row("ne", 2, 2, |values| Ok((!same(value(values, 0), value(values, 1))).into())),
    row("lt", 2, 2, |values| Ok(ordered(values)?.is_lt().into())),
    row("le", 2, 2, |values| Ok(ordered(values)?.is_le().into())),
    row("gt", 2, 2, |values| Ok(ordered(values)?.is_gt().into())),
    row("ge", 2, 2, |values| Ok(ordered(values)?.is_ge().into())),
    row("len", 1, 1, |values| length(value(values, 0))),
    row("index", 1, MANY, index),
    row("slice", 1, 3, lists::slice),
    row("print", 0, MANY, |values| Ok(print(values).into())),
    row("println", 0, MANY, |values| {
        let words: Vec<_> = values.iter().map(plain).collect();
        Ok(format!("{}\n", words.join(" ")).into())
    }),
    row("printf", 1, MANY, |values| {
        Ok(sprintf(text(value(values, 0))?, values.get(1..).unwrap_or_default())?.into())
    }),
    row("default", 1, 2, |values| {
        let given = values.get(1).filter(|given| is_true(given));
        Ok(given.unwrap_or_else(|| value(values, 0)).clone())
    }),
    row("empty", 1, 1, |values| Ok((!is_true(value(values, 0))).into())),
    row("coalesce", 0, MANY, |values| {
        Ok(values.iter().find(|value| is_true(value)).cloned().unwrap_or_default())
    }),
    row("ternary", 3, 3, |values| {
        let chosen = value(values, 2).as_bool().ok_or("the last argument is true or false")?;
        Ok(value(values, usize::from(!chosen)).clone())
    }),
    row("all", 0, MANY, |values| Ok(values.iter().all(is_true).into())),
    row("any", 0, MANY, |values| Ok(values.iter().any(is_true).into())),
    row("fail", 1, 1, |values| Err(plain(value(values, 0)))),
    row("kindOf", 1, 1, |values| Ok(kind(value(values, 0)).into())),
    row("typeOf", 1, 1, |values| Ok(kind(value(values, 0)).into())),
    row("kindIs", 2, 2, |values| Ok((text(value(values, 0))? == kind(value(values, 1))).into())),
    row("toJson", 1, 1, |values| Ok(json(value(values, 0)).into())),
    row("mustToJson", 1, 1, |values| Ok(value(values, 0).to_string().into())),
    row("toRawJson", 1, 1, |values| Ok(value(values, 0).to_string().into())),
    row("toPrettyJson", 1, 1, |values| {
        let pretty = serde_json::to_string_pretty(value(values, 0));
        Ok(pretty.map_err(|problem| problem.to_string())?.into())
    }),
    row("fromJson", 1, 1, |values| {
        Ok(serde_json::from_str(text(value(values, 0))?).unwrap_or_default())
    }),
    row("mustFromJson", 1, 1, |values| {
        serde_json::from_str(text(value(values, 0))?).map_err(|problem| problem.to_string())
    }),
];

/// JSON, in which a time is a text of RFC 3339.
fn json(value: &Value) -> String {
    let is_time = value.as_object().is_some_and(|fields| moment::text(fields).is_some());
    match moment::Moment::of(value).filter(|_| is_time) {
        Some(moment) => {
            Value::from(moment::formatted(moment, "2006-01-02T15:04:05Z07:00")).to_string()
        }
        None => value.to_string(),
    }
}

/// The argument at a place; how many there are was checked.
fn value(values: &[Value], at: usize) -> &Value {
    values.get(at).unwrap_or(&Value::Null)
}

fn text(value: &Value) -> Result<&str, String> {
    value.as_str().ok_or_else(|| format!("a text is expected, found {}", plain(value)))
}

fn list(value: &Value) -> Result<&[Value], String> {
    match value {
        Value::Array(items) => Ok(items),
        Value::Null => Ok(&[]),
        other => Err(format!("a list is expected, found {}", plain(other))),
    }
}

fn map(value: &Value) -> Result<&serde_json::Map<String, Value>, String> {
    value.as_object().ok_or_else(|| format!("a map is expected, found {}", plain(value)))
}

/// The first that is so, else the last.
fn first_that(values: &[Value], is_so: impl Fn(&Value) -> bool) -> Value {
    let found = values.iter().find(|value| is_so(value)).or_else(|| values.last());
    found.cloned().unwrap_or_default()
}

fn ordered(values: &[Value]) -> Result<std::cmp::Ordering, String> {
    let (one, other) = (value(values, 0), value(values, 1));
    order(one, other).ok_or_else(|| format!("{} and {} have no order", plain(one), plain(other)))
}

fn length(value: &Value) -> Called {
    let length = match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.len(),
        Value::Object(fields) => fields.len(),
        other => return Err(format!("{} has no length", plain(other))),
    };
    Ok(length.into())
}

fn index(values: &[Value]) -> Called {
    let mut found = value(values, 0);
    for key in values.iter().skip(1) {
        found = match found {
            Value::Object(fields) => fields.get(text(key)?).unwrap_or(&Value::Null),
            Value::Array(items) => {
                let at = key.as_u64().and_then(|at| usize::try_from(at).ok());
                let item = at.and_then(|at| items.get(at));
                item.ok_or_else(|| {
                    format!("there is no element {} of {}", plain(key), items.len())
                })?
            }
            other => return Err(format!("{} has no elements", plain(other))),
        };
    }
    Ok(found.clone())
}

/// With blanks between two that are no texts, as Go's `Sprint` has it.
fn print(values: &[Value]) -> String {
    let mut out = String::new();
    let mut last_is_text = true;
    for (at, value) in values.iter().enumerate() {
        if at > 0 && !value.is_string() && !last_is_text {
            out.push(' ');
        }
        last_is_text = value.is_string();
        out.push_str(&plain(value));
    }
    out
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "invalid",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float64",
        Value::Number(_) => "int",
        Value::String(_) => "string",
        Value::Array(_) => "slice",
        Value::Object(_) => "map",
    }
}
