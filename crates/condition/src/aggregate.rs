use std::cmp::Ordering;

use crate::{
    ConditionError, Value,
    budget::Budget,
    call::Arguments,
    eval::Evaluated,
    function::Function,
    number::{float, order},
};

/// `min`, `max`, `mean` and `median` of numbers and of the numbers in lists.
pub(crate) fn aggregate(given: &Arguments<'_>, budget: &mut Budget) -> Evaluated {
    let extreme = matches!(given.function, Function::Max | Function::Min);
    if let ([single], true) = (given.values, extreme) {
        // expr-lang gives anything else back as it is.
        if float(single).is_none() && !matches!(single, Value::List(_)) {
            return Ok(single.clone());
        }
    }
    let mut numbers = Vec::new();
    collect(given, given.values, &mut numbers, budget)?;
    Ok(match given.function {
        Function::Max => best(numbers, Ordering::Less),
        Function::Min => best(numbers, Ordering::Greater),
        Function::Mean => Value::Float(mean(&numbers)),
        _ => Value::Float(median(&numbers)),
    })
}

fn collect(
    given: &Arguments<'_>,
    values: &[Value],
    numbers: &mut Vec<Value>,
    budget: &mut Budget,
) -> Result<(), ConditionError> {
    budget.spend(values.len(), given.place)?;
    for value in values {
        match value {
            Value::Int(_) | Value::Float(_) => numbers.push(value.clone()),
            Value::List(list) => collect(given, list.items(), numbers, budget)?,
            other => {
                let found = other.kind_name();
                return Err(given.fail(&format!("takes numbers and arrays of them, found {found}")));
            }
        }
    }
    Ok(())
}

/// The number that no other beats; nil when there are none.
fn best(numbers: Vec<Value>, beaten: Ordering) -> Value {
    let first = numbers.first().cloned().unwrap_or_default();
    numbers.into_iter().fold(first, |best, number| {
        if order(&best, &number).is_ok_and(|order| order == Some(beaten)) { number } else { best }
    })
}

#[expect(clippy::cast_precision_loss, reason = "a list has far fewer than 2^53 elements")]
fn mean(numbers: &[Value]) -> f64 {
    if numbers.is_empty() {
        return 0.0;
    }
    numbers.iter().filter_map(float).sum::<f64>() / numbers.len() as f64
}

fn median(numbers: &[Value]) -> f64 {
    let mut sorted: Vec<f64> = numbers.iter().filter_map(float).collect();
    // Go sorts NaN before all others.
    sorted.sort_by(|a, b| b.is_nan().cmp(&a.is_nan()).then(a.total_cmp(b)));
    let middle = sorted.len() / 2;
    let at = |index: usize| sorted.get(index).copied().unwrap_or(0.0);
    match sorted.len() {
        0 => 0.0,
        odd if odd % 2 == 1 => at(middle),
        _ => f64::midpoint(at(middle - 1), at(middle)),
    }
}
