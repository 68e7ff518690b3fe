use crate::{
    ConditionError, Value,
    budget::Budget,
    error::Place,
    number::{equal, int},
    value::{Key, Keys, Map},
};

/// `base[key]` and `base.key`. A field that a map does not have is `nil`.
pub(crate) fn fetch(base: &Value, key: &Value, place: Place) -> Result<Value, ConditionError> {
    match base {
        Value::List(list) => {
            let length = list.items().len();
            let index = index(key, length, place)?;
            let item = index.and_then(|index| list.items().get(index));
            item.cloned().ok_or_else(|| out_of_range(key, length, place))
        }
        Value::Text(text) => {
            let index = index(key, text.len(), place)?;
            let byte = index.and_then(|index| text.as_bytes().get(index));
            let byte = byte.map(|byte| Value::Int(i64::from(*byte)));
            byte.ok_or_else(|| out_of_range(key, text.len(), place))
        }
        Value::Map(map) => Ok(match entry(map, key, place)? {
            Some(value) => value.clone(),
            None if map.keys() == Keys::Groups => Value::absent_group(),
            None => Value::Nil,
        }),
        other => Err(place.evaluation(match key {
            Value::Text(name) => format!("{} has no field `{name}`", other.kind_name()),
            _ => format!("{} has no elements", other.kind_name()),
        })),
    }
}

/// Where `key` points to; a negative one counts from the end. None when it is out of range.
fn index(key: &Value, length: usize, place: Place) -> Result<Option<usize>, ConditionError> {
    let Some(number) = int(key) else {
        let found = key.kind_name();
        return Err(place.evaluation(format!("an element is chosen by an int, found {found}")));
    };
    Ok(from_start(number, length))
}

fn from_start(number: i64, length: usize) -> Option<usize> {
    let length = i64::try_from(length).unwrap_or(i64::MAX);
    let number = if number < 0 { length.saturating_add(number) } else { number };
    usize::try_from(number).ok()
}

fn out_of_range(key: &Value, length: usize, place: Place) -> ConditionError {
    let key = int(key).unwrap_or_default();
    place.evaluation(format!("index {key} is out of range: the length is {length}"))
}

fn entry<'a>(map: &'a Map, key: &Value, place: Place) -> Result<Option<&'a Value>, ConditionError> {
    let key = match (map.keys(), key) {
        (Keys::Text, Value::Nil) => Some(Key::Text("".into())),
        (Keys::Text, Value::Text(_)) | (Keys::Any | Keys::Groups, _) => Key::of(key),
        (Keys::Text, _) => None,
    };
    match key {
        Some(key) => Ok(map.entries().get(&key)),
        None => Err(place.evaluation("a field of a map is chosen by a string")),
    }
}

/// `get(base, key)`: like [`fetch`], but what is not there is `nil`.
pub(crate) fn get(base: &Value, key: &Value, place: Place) -> Result<Value, ConditionError> {
    match base {
        Value::List(_) | Value::Text(_) => {
            index(key, 0, place)?;
            Ok(fetch(base, key, place).unwrap_or_default())
        }
        Value::Map(map) => Ok(entry(map, key, place)?.cloned().unwrap_or_default()),
        _ => Ok(Value::Nil),
    }
}

/// `base[from:to]`; bounds are cut to what there is, negative ones count from the end.
pub(crate) fn slice(
    base: &Value,
    from: Option<&Value>,
    to: Option<&Value>,
    budget: &mut Budget,
    place: Place,
) -> Result<Value, ConditionError> {
    let bound = |value: Option<&Value>, missing: usize, length: usize| match value.map(int) {
        None => Ok(missing),
        Some(Some(number)) => Ok(from_start(number, length).unwrap_or(0).min(length)),
        Some(None) => Err(place.evaluation("the bounds of a slice are ints")),
    };
    match base {
        Value::List(list) => {
            let length = list.items().len();
            let (from, to) = (bound(from, 0, length)?, bound(to, length, length)?);
            let items = list.items().get(from.min(to)..to).unwrap_or_default();
            budget.list(items.to_vec(), place)
        }
        Value::Text(text) => {
            let (from, to) = (bound(from, 0, text.len())?, bound(to, text.len(), text.len())?);
            match text.get(from.min(to)..to) {
                Some(part) => budget.text(part.to_owned(), place),
                None => {
                    Err(place.evaluation("the slice, which counts bytes, cuts a character in two"))
                }
            }
        }
        other => {
            let found = other.kind_name();
            Err(place.evaluation(format!("a slice takes an array or a string, found {found}")))
        }
    }
}

/// `needle in container`
pub(crate) fn contains(
    needle: &Value,
    container: &Value,
    budget: &mut Budget,
    place: Place,
) -> Result<bool, ConditionError> {
    match container {
        nothing if nothing.is_nil() => Ok(false),
        Value::List(list) => {
            for item in list.items() {
                if equal(item, needle, budget, place)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        Value::Map(map) => Ok(entry(map, needle, place)?.is_some()),
        other => {
            let found = other.kind_name();
            Err(place.evaluation(format!("`in` looks into an array or a map, found {found}")))
        }
    }
}
