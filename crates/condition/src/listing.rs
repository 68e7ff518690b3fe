use std::{collections::BTreeMap, sync::Arc};

use crate::{
    ConditionError, Value,
    budget::{Budget, shallow},
    call::Arguments,
    eval::Evaluated,
    fold_eval::{descending, sorted},
    function::Function,
    number::equal,
    value::{Key, Keys, Map},
};

/// Computes a function that makes a list of lists.
pub(crate) fn listing(given: &Arguments<'_>, budget: &mut Budget) -> Evaluated {
    let items = match given.function {
        Function::Take => take(given)?,
        Function::Reverse => given.list(0)?.iter().rev().cloned().collect(),
        Function::Uniq => uniq(given, budget)?,
        Function::Concat => {
            let mut all = Vec::new();
            for position in 0..given.values.len() {
                all.extend_from_slice(given.list(position)?);
            }
            all
        }
        Function::Flatten => {
            let mut all = Vec::new();
            flatten(given, given.list(0)?, &mut all, budget)?;
            all
        }
        _ => sort(given)?,
    };
    budget.list(items, given.place)
}

fn take(given: &Arguments<'_>) -> Result<Vec<Value>, ConditionError> {
    let Value::Int(wanted) = given.value(1) else {
        return Err(given.refuse(1));
    };
    let wanted =
        usize::try_from(*wanted).map_err(|_| given.fail("the number of elements is negative"))?;
    Ok(given.list(0)?.iter().take(wanted).cloned().collect())
}

fn uniq(given: &Arguments<'_>, budget: &mut Budget) -> Result<Vec<Value>, ConditionError> {
    let mut unique: Vec<Value> = Vec::new();
    'items: for item in given.list(0)? {
        for known in &unique {
            if equal(item, known, budget, given.place)? {
                continue 'items;
            }
        }
        unique.push(item.clone());
    }
    Ok(unique)
}

fn flatten(
    given: &Arguments<'_>,
    items: &[Value],
    all: &mut Vec<Value>,
    budget: &mut Budget,
) -> Result<(), ConditionError> {
    budget.spend(1 + items.len(), given.place)?;
    for item in items {
        match item {
            Value::List(list) => flatten(given, list.items(), all, budget)?,
            other => all.push(other.clone()),
        }
    }
    Ok(())
}

fn sort(given: &Arguments<'_>) -> Result<Vec<Value>, ConditionError> {
    let greatest_first = match given.values.len() {
        1 => false,
        _ => descending(given.value(1), given.place)?,
    };
    let items = given.list(0)?;
    let pairs = items.iter().map(|item| (item.clone(), item.clone())).collect();
    sorted(pairs, greatest_first, given.place)
}

/// A map from a list of lists of two.
pub(crate) fn from_pairs(given: &Arguments<'_>, budget: &mut Budget) -> Evaluated {
    let items = given.list(0)?;
    budget.spend(items.len(), given.place)?;
    let mut entries = BTreeMap::new();
    for item in items {
        let pair = match item {
            Value::List(pair) => pair.items(),
            _ => &[],
        };
        let ([_, value], Some(key)) = (pair, pair.first().and_then(Key::of)) else {
            return Err(given.fail("each element is an array of a key and a value"));
        };
        entries.insert(key, value.clone());
    }
    shallow(Value::Map(Arc::new(Map::new(Keys::Any, entries))), given.place)
}
