//! Maps. Those that Go changes where they are get changed by whoever calls: see `changes_its_map`.

use serde_json::{Map, Value};

use super::{Called, MANY, map, row, text, value};
use crate::template::{
    function::Row,
    go_text::{is_true, plain},
};

pub(super) const TABLE: &[Row] = &[
    row("dict", 0, MANY, |values| {
        let mut fields = Map::new();
        for pair in values.chunks(2) {
            fields.insert(plain(value(pair, 0)), value(pair, 1).clone());
        }
        Ok(Value::Object(fields))
    }),
    row("get", 2, 2, |values| {
        let found = map(value(values, 0))?.get(text(value(values, 1))?);
        Ok(found.cloned().unwrap_or_else(|| "".into()))
    }),
    row("hasKey", 2, 2, |values| {
        Ok(map(value(values, 0))?.contains_key(text(value(values, 1))?).into())
    }),
    row("keys", 1, MANY, |values| {
        let mut keys: Vec<Value> = Vec::new();
        for one in values {
            keys.extend(map(one)?.keys().map(|key| key.as_str().into()));
        }
        Ok(keys.into())
    }),
    row("values", 1, 1, |values| Ok(map(value(values, 0))?.values().cloned().collect())),
    row("pick", 1, MANY, |values| chosen(values, |named| named)),
    row("omit", 1, MANY, |values| chosen(values, |named| !named)),
    row("dig", 3, MANY, |values| {
        let [path @ .., default, base] = values else { return Err("too few arguments".to_owned()) };
        let mut found = base;
        for key in path {
            match map(found)?.get(text(key)?) {
                Some(next) => found = next,
                None => return Ok(default.clone()),
            }
        }
        Ok(found.clone())
    }),
    row("pluck", 2, MANY, |values| {
        let name = text(value(values, 0))?;
        let found = values.iter().skip(1).filter_map(|one| one.get(name)).cloned();
        Ok(found.collect())
    }),
    row("set", 3, 3, |values| {
        let mut fields = map(value(values, 0))?.clone();
        fields.insert(text(value(values, 1))?.to_owned(), value(values, 2).clone());
        Ok(Value::Object(fields))
    }),
    row("unset", 2, 2, |values| {
        let mut fields = map(value(values, 0))?.clone();
        fields.remove(text(value(values, 1))?);
        Ok(Value::Object(fields))
    }),
    row("merge", 1, MANY, |values| merged(values, |held| !is_true(held))),
    row("mergeOverwrite", 1, MANY, |values| merged(values, |_| true)),
    row("deepCopy", 1, 1, |values| Ok(value(values, 0).clone())),
];

/// The first with what the others have; what it has itself gives way where `yields` says so.
fn merged(values: &[Value], yields: fn(&Value) -> bool) -> Called {
    let mut all = map(value(values, 0))?.clone();
    for other in values.iter().skip(1) {
        merge(&mut all, map(other)?, yields);
    }
    Ok(Value::Object(all))
}

fn merge(into: &mut Map<String, Value>, other: &Map<String, Value>, yields: fn(&Value) -> bool) {
    for (name, value) in other {
        match (into.get_mut(name), value) {
            (Some(Value::Object(held)), Value::Object(given)) => merge(held, given, yields),
            (Some(held), _) if !yields(held) || !is_true(value) => {}
            _ => drop(into.insert(name.clone(), value.clone())),
        }
    }
}

fn chosen(values: &[Value], is_kept: fn(bool) -> bool) -> Called {
    let names = values.get(1..).unwrap_or_default();
    let fields = map(value(values, 0))?.iter();
    let kept = fields
        .filter(|(name, _)| is_kept(names.iter().any(|one| one.as_str() == Some(name.as_str()))));
    Ok(Value::Object(kept.map(|(name, value)| (name.clone(), value.clone())).collect()))
}
