//! Arithmetic. As in sprig, what is a text counts as the number in it, and as 0 if there is none.

use serde_json::{Number, Value};

use super::{Called, MANY, row, value};
use crate::template::{
    function::Row,
    go_text::{plain, whole},
};

pub(super) const TABLE: &[Row] = &[
    row("add", 1, MANY, |values| fold(values, i64::checked_add)),
    row("add1", 1, 1, |values| fold(&[value(values, 0).clone(), 1.into()], i64::checked_add)),
    row("sub", 2, 2, |values| fold(values, i64::checked_sub)),
    row("mul", 1, MANY, |values| fold(values, i64::checked_mul)),
    row("div", 2, 2, |values| fold(values, i64::checked_div)),
    row("mod", 2, 2, |values| fold(values, i64::checked_rem)),
    row("max", 1, MANY, |values| fold(values, |one, other| Some(one.max(other)))),
    row("min", 1, MANY, |values| fold(values, |one, other| Some(one.min(other)))),
    row("int", 1, 1, |values| Ok(integer(value(values, 0)).into())),
    row("int64", 1, 1, |values| Ok(integer(value(values, 0)).into())),
    row("atoi", 1, 1, |values| Ok(integer(value(values, 0)).into())),
    row("float64", 1, 1, |values| real(float(value(values, 0)))),
    row("addf", 1, MANY, |values| fold_floats(values, |one, other| one + other)),
    row("subf", 1, MANY, |values| fold_floats(values, |one, other| one - other)),
    row("mulf", 1, MANY, |values| fold_floats(values, |one, other| one * other)),
    row("divf", 1, MANY, |values| fold_floats(values, |one, other| one / other)),
    row("maxf", 1, MANY, |values| fold_floats(values, f64::max)),
    row("minf", 1, MANY, |values| fold_floats(values, f64::min)),
    row("toDecimal", 1, 1, |values| {
        Ok(i64::from_str_radix(&plain(value(values, 0)), 8).unwrap_or_default().into())
    }),
    row("ceil", 1, 1, |values| real(float(value(values, 0)).ceil())),
    row("floor", 1, 1, |values| real(float(value(values, 0)).floor())),
    row("round", 2, 3, |values| {
        let places = u32::try_from(integer(value(values, 1))).unwrap_or_default().min(15);
        let scale = 10_f64.powi(places.cast_signed());
        real((float(value(values, 0)) * scale).round() / scale)
    }),
];

fn integer(value: &Value) -> i64 {
    whole(value).unwrap_or_default()
}

fn float(value: &Value) -> f64 {
    match value {
        Value::Number(number) => number.as_f64().unwrap_or_default(),
        Value::String(text) => text.trim().parse().unwrap_or_default(),
        _ => 0.0,
    }
}

fn real(number: f64) -> Called {
    let number = Number::from_f64(number).ok_or("the result is no number")?;
    Ok(number.into())
}

fn fold(values: &[Value], operate: fn(i64, i64) -> Option<i64>) -> Called {
    let mut result = integer(value(values, 0));
    for other in values.iter().skip(1) {
        result = operate(result, integer(other))
            .ok_or_else(|| format!("{result} and {} have no result", plain(other)))?;
    }
    Ok(result.into())
}

fn fold_floats(values: &[Value], operate: fn(f64, f64) -> f64) -> Called {
    let others = values.iter().skip(1).map(float);
    real(others.fold(float(value(values, 0)), operate))
}
