//! What `value[index]` and `value.*` are.

use crate::{
    List, Value,
    memory::{Counter, Exceeded, ITEM},
};

/// What stands in the brackets, or behind the dot.
pub(crate) enum Index {
    /// `*`.
    Every,
    /// Anything else.
    One(Value),
}

impl Index {
    /// As the index of an item: rounded down, and none where it is negative or no number.
    fn number(&self) -> Option<usize> {
        let Self::One(value) = self else { return None };
        let number = value.as_number().floor();
        let is_one = (0.0..=f64::from(i32::MAX)).contains(&number);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it is whole and not negative"
        )]
        is_one.then_some(number as usize)
    }

    /// As the name of a member: none where it is an array or an object.
    fn find<'a>(&self, object: &'a crate::Object) -> Option<&'a Value> {
        match self {
            Self::One(value) if value.is_primitive() => object.get(&value.as_text()),
            _ => None,
        }
    }
}

/// What `index` finds in `value`.
pub(crate) fn pick(value: &Value, index: &Index, counter: Counter) -> Result<Value, Exceeded> {
    let found = match (value, index) {
        (Value::List(list), _) if list.is_filtered() => {
            return pick_from_each(list, index, counter);
        }
        (Value::List(list), Index::Every) => return collect(list.iter(), counter),
        (Value::Object(object), Index::Every) => {
            return collect(object.iter().map(|(_, value)| value), counter);
        }
        (_, Index::Every) => return collect([].iter(), counter),
        (Value::List(list), _) => index.number().and_then(|place| list.get(place)),
        (Value::Object(object), _) => index.find(object),
        _ => None,
    };
    Ok(found.cloned().unwrap_or_default())
}

/// What is found in each of the items that a filter found before; what has nothing there is left out.
fn pick_from_each(list: &List, index: &Index, counter: Counter) -> Result<Value, Exceeded> {
    let found = list.iter().flat_map(|item| -> Box<dyn Iterator<Item = &Value>> {
        match (item, index) {
            (Value::List(list), Index::Every) => Box::new(list.iter()),
            (Value::Object(object), Index::Every) => {
                Box::new(object.iter().map(|(_, value)| value))
            }
            (Value::List(list), _) => {
                Box::new(index.number().and_then(|place| list.get(place)).into_iter())
            }
            (Value::Object(object), _) => Box::new(index.find(object).into_iter()),
            _ => Box::new([].iter()),
        }
    });
    collect(found, counter)
}

fn collect<'a>(
    found: impl Iterator<Item = &'a Value>,
    mut counter: Counter,
) -> Result<Value, Exceeded> {
    let mut items = Vec::new();
    for item in found {
        counter.bytes(ITEM)?;
        items.push(item.clone());
    }
    Ok(Value::List(List::filtered(items)))
}
