//! Operators between values of different kinds: as JavaScript's abstract equality has it, with the
//! differences that texts are compared without regard to case and that nothing becomes text.

use std::cmp::Ordering;

use crate::{Value, text};

/// What two values are compared as.
enum Pair<'a> {
    Nulls,
    Bools(bool, bool),
    Numbers(f64, f64),
    Texts(&'a str, &'a str),
    /// One of them is an array or an object; whether both are one.
    Collections(bool),
}

fn pair<'a>(left: &'a Value, right: &'a Value) -> Pair<'a> {
    use Value::{Bool, List, Null, Object, Text};
    match (left, right) {
        (Null, Null) => Pair::Nulls,
        (Bool(left), Bool(right)) => Pair::Bools(*left, *right),
        (Text(left), Text(right)) => Pair::Texts(left, right),
        (List(left), List(right)) => Pair::Collections(left.is(right)),
        (Object(left), Object(right)) => Pair::Collections(left.is(right)),
        (List(_) | Object(_), _) | (_, List(_) | Object(_)) => Pair::Collections(false),
        _ => Pair::Numbers(left.as_number(), right.as_number()),
    }
}

/// `==`.
#[expect(clippy::float_cmp, reason = "the language compares doubles as they are")]
pub(crate) fn equals(left: &Value, right: &Value) -> bool {
    match pair(left, right) {
        Pair::Nulls => true,
        Pair::Bools(left, right) => left == right,
        Pair::Numbers(left, right) => left == right,
        Pair::Texts(left, right) => text::is_same(left, right),
        Pair::Collections(same) => same,
    }
}

/// What `<` and `>` ask: nothing where the two have no order.
pub(crate) fn order(left: &Value, right: &Value) -> Option<Ordering> {
    match pair(left, right) {
        Pair::Nulls | Pair::Collections(_) => None,
        Pair::Bools(left, right) => Some(left.cmp(&right)),
        Pair::Numbers(left, right) => left.partial_cmp(&right),
        Pair::Texts(left, right) => Some(text::compare(left, right)),
    }
}
