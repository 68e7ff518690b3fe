use std::cmp::Ordering;

use crate::{
    ConditionError, Value,
    budget::Budget,
    error::Place,
    operator::Binary,
    value::{Key, Map},
};

/// A number as a float; none for anything else.
#[expect(clippy::cast_precision_loss, reason = "as Go converts an int to a float64")]
pub(crate) fn float(value: &Value) -> Option<f64> {
    match value {
        Value::Int(number) => Some(*number as f64),
        Value::Float(number) => Some(*number),
        _ => None,
    }
}

/// A number as an int, cut towards zero; none for anything else.
#[expect(clippy::cast_possible_truncation, reason = "as Go's conversion cuts a float")]
pub(crate) fn int(value: &Value) -> Option<i64> {
    match value {
        Value::Int(number) => Some(*number),
        Value::Float(number) => Some(*number as i64),
        _ => None,
    }
}

/// A count as an int.
pub(crate) fn count(count: usize) -> Value {
    Value::Int(i64::try_from(count).unwrap_or(i64::MAX))
}

/// The outcome of an arithmetic operator.
pub(crate) fn arithmetic(
    operator: Binary,
    left: &Value,
    right: &Value,
    place: Place,
) -> Result<Value, ConditionError> {
    let value = match (operator, left, right) {
        (Binary::Divide | Binary::Power, _, _) => floats(operator, left, right),
        (Binary::Modulo, Value::Int(_), Value::Int(0)) => {
            return Err(place.evaluation("`%` by zero"));
        }
        (_, Value::Int(a), Value::Int(b)) => ints(operator, *a, *b),
        (Binary::Modulo, _, _) => None,
        _ => floats(operator, left, right),
    };
    value.ok_or_else(|| mismatch(operator.sign(), left, right, place))
}

fn ints(operator: Binary, a: i64, b: i64) -> Option<Value> {
    match operator {
        Binary::Add => Some(a.wrapping_add(b)),
        Binary::Subtract => Some(a.wrapping_sub(b)),
        Binary::Multiply => Some(a.wrapping_mul(b)),
        Binary::Modulo => Some(a.wrapping_rem(b)),
        _ => None,
    }
    .map(Value::Int)
}

fn floats(operator: Binary, left: &Value, right: &Value) -> Option<Value> {
    let (a, b) = (float(left)?, float(right)?);
    match operator {
        Binary::Add => Some(a + b),
        Binary::Subtract => Some(a - b),
        Binary::Multiply => Some(a * b),
        Binary::Divide => Some(a / b),
        Binary::Power => Some(a.powf(b)),
        _ => None,
    }
    .map(Value::Float)
}

/// The error of an operator between values that it does not take.
pub(crate) fn mismatch(sign: &str, left: &Value, right: &Value, place: Place) -> ConditionError {
    let (left, right) = (left.kind_name(), right.kind_name());
    place.evaluation(format!("`{sign}` does not go between {left} and {right}"))
}

/// That two values have no order: they are not both numbers, nor both text.
pub(crate) struct Incomparable;

/// The order of two numbers or two texts; none when one is NaN.
pub(crate) fn order(left: &Value, right: &Value) -> Result<Option<Ordering>, Incomparable> {
    match (left, right) {
        (Value::Int(a), Value::Int(b)) => Ok(Some(a.cmp(b))),
        (Value::Text(a), Value::Text(b)) => Ok(Some(a.cmp(b))),
        _ => match (float(left), float(right)) {
            (Some(a), Some(b)) => Ok(a.partial_cmp(&b)),
            _ => Err(Incomparable),
        },
    }
}

/// Whether `==` holds: across kinds of numbers, element by element, `nil` with `nil` only.
pub(crate) fn equal(
    left: &Value,
    right: &Value,
    budget: &mut Budget,
    place: Place,
) -> Result<bool, ConditionError> {
    budget.spend(1, place)?;
    if left.is_nil() && right.is_nil() {
        return Ok(true);
    }
    match (left, right) {
        (Value::List(a), Value::List(b)) => {
            if a.items().len() != b.items().len() {
                return Ok(false);
            }
            for (a, b) in a.items().iter().zip(b.items()) {
                if !equal(a, b, budget, place)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        (Value::Map(a), Value::Map(b)) => maps_identical(a, b, budget, place),
        (Value::Text(a), Value::Text(b)) => {
            budget.spend_text(a.len(), place)?;
            Ok(a == b)
        }
        (Value::Bool(a), Value::Bool(b)) => Ok(a == b),
        _ => Ok(order(left, right).is_ok_and(|order| order == Some(Ordering::Equal))),
    }
}

/// Go compares maps deeply and strictly: inside of them `1` is not `1.0`.
fn maps_identical(
    a: &Map,
    b: &Map,
    budget: &mut Budget,
    place: Place,
) -> Result<bool, ConditionError> {
    if a.keys() != b.keys() || a.entries().len() != b.entries().len() {
        return Ok(false);
    }
    for ((key, value), (other_key, other)) in a.entries().iter().zip(b.entries()) {
        if !Key::eq(key, other_key) || !identical(value, other, budget, place)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn identical(
    a: &Value,
    b: &Value,
    budget: &mut Budget,
    place: Place,
) -> Result<bool, ConditionError> {
    budget.spend(1, place)?;
    match (a, b) {
        (Value::List(a), Value::List(b)) => {
            if a.items().len() != b.items().len() {
                return Ok(false);
            }
            for (a, b) in a.items().iter().zip(b.items()) {
                if !identical(a, b, budget, place)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        (Value::Map(a), Value::Map(b)) => maps_identical(a, b, budget, place),
        _ if a.kind_name() == b.kind_name() => equal(a, b, budget, place),
        _ => Ok(false),
    }
}
