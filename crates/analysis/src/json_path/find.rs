//! Following a path.

use std::cmp::Ordering;

use serde_json::Value;

use super::{Filter, Group, JsonPathError, Operand, Operator, Part};

/// The first value that the groups come to, each beginning at `here`.
pub(super) fn first<'a>(
    groups: &'a [Group],
    root: &'a Value,
    here: &'a Value,
) -> Result<Option<&'a Value>, JsonPathError> {
    for group in groups {
        let found = match group {
            Group::Text(text) => Some(text),
            Group::Path(path) => follow(path, root, vec![here])?.into_iter().next(),
            Group::Range(path, inside) => {
                let mut each = follow(path, root, vec![here])?.into_iter();
                each.find_map(|here| first(inside, root, here).transpose()).transpose()?
            }
        };
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

/// All that is at the end of `path`, which begins at each of `here`.
pub(super) fn follow<'a>(
    path: &[Part],
    root: &'a Value,
    here: Vec<&'a Value>,
) -> Result<Vec<&'a Value>, JsonPathError> {
    path.iter().try_fold(here, |here, part| step(part, root, &here))
}

fn step<'a>(
    part: &Part,
    root: &'a Value,
    here: &[&'a Value],
) -> Result<Vec<&'a Value>, JsonPathError> {
    match part {
        Part::Root => Ok(vec![root]),
        Part::Here => Ok(here.to_vec()),
        Part::Names(names) => named(names, here),
        Part::Indexes(indexes) => {
            let each = here.iter().map(|value| indexed(indexes, value));
            Ok(each.collect::<Result<Vec<_>, _>>()?.concat())
        }
        Part::Slice { from, to, step } => {
            let each = here.iter().map(|value| slice((*from, *to, *step), value));
            Ok(each.collect::<Result<Vec<_>, _>>()?.concat())
        }
        Part::All => Ok(here.iter().flat_map(|value| children(value)).collect()),
        Part::Deep => {
            let mut all = Vec::new();
            for value in here {
                gather(value, &mut all);
            }
            Ok(all)
        }
        Part::Filter(filter) => {
            let mut kept = Vec::new();
            for value in here {
                for item in items(value)? {
                    if holds(filter, root, item)? {
                        kept.push(item);
                    }
                }
            }
            Ok(kept)
        }
    }
}

/// That a name is found nowhere is an error; where it is found somewhere, the rest is passed over.
fn named<'a>(names: &[String], here: &[&'a Value]) -> Result<Vec<&'a Value>, JsonPathError> {
    let mut found = Vec::new();
    for name in names {
        let before = found.len();
        found.extend(here.iter().filter_map(|value| value.as_object()?.get(name)));
        if found.len() == before && !here.is_empty() {
            return Err(JsonPathError::new(format!("{name} is not found")));
        }
    }
    Ok(found)
}

fn items(value: &Value) -> Result<&[Value], JsonPathError> {
    let items = value.as_array().map(Vec::as_slice);
    items.ok_or_else(|| JsonPathError::new(format!("{} is no list", short(value))))
}

fn indexed<'a>(indexes: &[i64], value: &'a Value) -> Result<Vec<&'a Value>, JsonPathError> {
    let items = items(value)?;
    let pick = |index: &i64| {
        let found = absolute(*index, items.len()).and_then(|at| items.get(at));
        found.ok_or_else(|| {
            let length = items.len();
            JsonPathError::new(format!("index {index} is outside of a list of {length}"))
        })
    };
    indexes.iter().map(pick).collect()
}

/// An index from the front; negative ones count from the end.
fn absolute(index: i64, length: usize) -> Option<usize> {
    if index < 0 {
        length.checked_sub(usize::try_from(index.unsigned_abs()).ok()?)
    } else {
        usize::try_from(index).ok()
    }
}

fn slice(
    (from, to, step): (Option<i64>, Option<i64>, Option<i64>),
    value: &Value,
) -> Result<Vec<&Value>, JsonPathError> {
    let items = items(value)?;
    let clamp = |index: i64| match absolute(index, items.len()) {
        Some(at) => at.min(items.len()),
        None => 0,
    };
    let (from, to) = (clamp(from.unwrap_or(0)), to.map_or(items.len(), clamp));
    let step = usize::try_from(step.unwrap_or(1)).ok().filter(|step| *step > 0);
    let step = step.ok_or_else(|| JsonPathError::new("the step of a slice is 1 or more"))?;
    Ok(items.get(from..to.max(from)).unwrap_or_default().iter().step_by(step).collect())
}

fn children(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().collect(),
        Value::Object(entries) => entries.values().collect(),
        _ => Vec::new(),
    }
}

fn gather<'a>(value: &'a Value, all: &mut Vec<&'a Value>) {
    all.push(value);
    for child in children(value) {
        gather(child, all);
    }
}

fn holds(filter: &Filter, root: &Value, item: &Value) -> Result<bool, JsonPathError> {
    match filter {
        // What leads nowhere is not there.
        Filter::Exists(path) => {
            Ok(follow(path, root, vec![item]).is_ok_and(|found| !found.is_empty()))
        }
        Filter::Compare { left, operator, right } => {
            let (Some(left), Some(right)) =
                (operand(left, root, item)?, operand(right, root, item)?)
            else {
                return Ok(false);
            };
            compare(left, *operator, right)
        }
    }
}

fn operand<'a>(
    operand: &'a Operand,
    root: &'a Value,
    item: &'a Value,
) -> Result<Option<&'a Value>, JsonPathError> {
    match operand {
        Operand::Literal(value) => Ok(Some(value)),
        Operand::Path(path) => match follow(path, root, vec![item])?.as_slice() {
            [] => Ok(None),
            [one] => Ok(Some(*one)),
            _ => Err(JsonPathError::new("a filter compares one value with one other")),
        },
    }
}

fn compare(left: &Value, operator: Operator, right: &Value) -> Result<bool, JsonPathError> {
    let order = match (left, right) {
        (Value::Number(a), Value::Number(b)) => a.as_f64().partial_cmp(&b.as_f64()),
        (Value::String(a), Value::String(b)) => Some(a.cmp(b)),
        (Value::Bool(a), Value::Bool(b)) if a == b => Some(Ordering::Equal),
        (Value::Bool(_), Value::Bool(_)) => None,
        _ => {
            let (left, right) = (short(left), short(right));
            return Err(JsonPathError::new(format!("{left} and {right} cannot be compared")));
        }
    };
    Ok(match operator {
        Operator::Equal => order == Some(Ordering::Equal),
        Operator::NotEqual => order != Some(Ordering::Equal),
        Operator::Less => order == Some(Ordering::Less),
        Operator::LessOrEqual => matches!(order, Some(Ordering::Less | Ordering::Equal)),
        Operator::Greater => order == Some(Ordering::Greater),
        Operator::GreaterOrEqual => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
    })
}

/// A value for a sentence.
fn short(value: &Value) -> String {
    match value {
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "a mapping".to_owned(),
        Value::String(text) if text.chars().count() > 40 => "a long text".to_owned(),
        plain => plain.to_string(),
    }
}
