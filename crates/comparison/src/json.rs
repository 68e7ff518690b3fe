//! What three JSON values differ in, field by field.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::{apart::Pairs, compare::Noting, path::push_key};

/// Three values at one place, each of which may be missing.
type Three<'a> = [Option<&'a Value>; 3];

/// Notes every field below `path` in which the three are not all alike.
///
/// Arrays are compared item by item, and the items of one array are one field (`items[].price`): it
/// is alike in two answers when it is in each of their items.
pub(crate) fn walk(path: &mut String, three: Three<'_>, noting: &mut Noting<'_>) {
    let pairs = Pairs::of(three.each_ref());
    if pairs.apart().is_none() || !noting.looks_at(path) {
        return;
    }
    if let [Some(Value::Object(a)), Some(Value::Object(b)), Some(Value::Object(c))] = three {
        walk_objects(path, [a, b, c], noting);
    } else if let [Some(Value::Array(a)), Some(Value::Array(b)), Some(Value::Array(c))] = three {
        walk_arrays(path, [a, b, c], noting);
    } else {
        noting.note(path, pairs, || three.map(shown));
    }
}

fn walk_objects(path: &mut String, three: [&Map<String, Value>; 3], noting: &mut Noting<'_>) {
    let keys: BTreeSet<&String> = three.iter().flat_map(|object| object.keys()).collect();
    for key in keys {
        let before = push_key(path, key);
        walk(path, three.map(|object| object.get(key)), noting);
        path.truncate(before);
    }
}

fn walk_arrays(path: &mut String, three: [&Vec<Value>; 3], noting: &mut Noting<'_>) {
    let lengths = three.map(Vec::len);
    let pairs = Pairs::of(lengths.each_ref());
    if pairs.apart().is_some() {
        noting.note(path, pairs, || lengths.map(|length| format!("[{length} items]")));
    }
    let before = path.len();
    path.push_str("[]");
    // What one array has beyond the others is told by their lengths.
    let least = lengths.into_iter().min().unwrap_or(0);
    for index in 0..least {
        walk(path, three.map(|array| array.get(index)), noting);
    }
    path.truncate(before);
}

fn shown(value: Option<&Value>) -> String {
    match value {
        None => "(missing)".to_owned(),
        Some(Value::Object(fields)) => format!("{{{} fields}}", fields.len()),
        Some(Value::Array(items)) => format!("[{} items]", items.len()),
        Some(other) => other.to_string(),
    }
}
