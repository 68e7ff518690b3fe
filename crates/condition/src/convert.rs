use crate::{
    ConditionError, Value, base64,
    budget::{Budget, shallow},
    call::Arguments,
    eval::Evaluated,
    function::Function,
    number::{float, int},
};

/// `asInt`, `asFloat`, `int` and `float`: a number from a number or from text.
pub(crate) fn number(given: &Arguments<'_>) -> Evaluated {
    let whole = matches!(given.function, Function::AsInt | Function::Int);
    let value = match given.value(0) {
        Value::Text(text) if whole => text.parse().ok().map(Value::Int),
        Value::Text(text) => read_float(text).map(Value::Float),
        other if whole => int(other).map(Value::Int),
        other => float(other).map(Value::Float),
    };
    value.ok_or_else(|| match given.value(0) {
        Value::Text(text) => given.fail(&format!("{text:?} is not a number")),
        _ => given.refuse(0),
    })
}

/// A float as Go reads it: an overflow is an error, `inf` and `nan` are values.
fn read_float(text: &str) -> Option<f64> {
    let value: f64 = text.parse().ok()?;
    let overflow = value.is_infinite() && text.contains(|c: char| c.is_ascii_digit());
    (!overflow).then_some(value)
}

/// `abs`, `ceil`, `floor` and `round`, of which the last three give a float.
pub(crate) fn rounded(given: &Arguments<'_>) -> Evaluated {
    let value = given.value(0);
    if let (Function::Abs, Value::Int(number)) = (given.function, value) {
        return Ok(Value::Int(number.wrapping_abs()));
    }
    let number = float(value).ok_or_else(|| given.refuse(0))?;
    Ok(Value::Float(match given.function {
        Function::Abs => number.abs(),
        Function::Ceil => number.ceil(),
        Function::Floor => number.floor(),
        _ => number.round(),
    }))
}

/// `fromJSON`, `toBase64` and `fromBase64`.
pub(crate) fn encoded(given: &Arguments<'_>, budget: &mut Budget) -> Evaluated {
    let text = given.text(0)?;
    match given.function {
        Function::ToBase64 => budget.text(base64::encode(text.as_bytes()), given.place),
        Function::FromBase64 => match base64::decode(text).map(String::from_utf8) {
            Some(Ok(decoded)) => budget.text(decoded, given.place),
            _ => Err(given.fail("this is not text in base64")),
        },
        _ => {
            // Each value costs more than its text: at most one value for two characters.
            budget.spend(1 + text.len() / 2, given.place)?;
            let json: serde_json::Value = serde_json::from_str(text)
                .map_err(|error| given.fail(&format!("this is not JSON: {error}")))?;
            shallow(Value::from(&json), given.place)
        }
    }
}

/// The functions of bits. They take ints only.
pub(crate) fn bits(given: &Arguments<'_>) -> Evaluated {
    let whole = |position| match given.value(position) {
        Value::Int(number) => Ok(*number),
        _ => Err(given.refuse(position)),
    };
    let x = whole(0)?;
    if given.function == Function::BitNot {
        return Ok(Value::Int(!x));
    }
    let y = whole(1)?;
    Ok(Value::Int(match given.function {
        Function::BitAnd => x & y,
        Function::BitOr => x | y,
        Function::BitXor => x ^ y,
        Function::BitNand => x & !y,
        _ => shifted(given, x, y)?,
    }))
}

/// Shifts by any number of bits, as Go does: beyond 64 nothing but the sign is left.
fn shifted(given: &Arguments<'_>, x: i64, y: i64) -> Result<i64, ConditionError> {
    let by = u32::try_from(y.min(64)).map_err(|_| given.fail("the shift is negative"))?;
    Ok(match given.function {
        Function::BitShl => x.checked_shl(by).unwrap_or(0),
        Function::BitShr => x >> by.min(63),
        _ => x.cast_unsigned().checked_shr(by).unwrap_or(0).cast_signed(),
    })
}
