//! Parameters of a query or a form.

use std::collections::BTreeMap;

use super::{
    Context, Found,
    list::{self, Comparison, problems},
    text,
};
use crate::{
    mismatch::{Mismatch, Part},
    place::Place,
};

/// Parameters by name, each with its values.
pub(crate) type Parameters = BTreeMap<String, Vec<String>>;

/// Compares all parameters: none may be there that is not expected.
pub(crate) fn compare(expected: &Parameters, actual: &Parameters, context: Context<'_>) -> Found {
    let mut found = Found::default();
    for (name, values) in expected {
        match actual.get(name) {
            Some(others) => found.extend(parameter(name, values, others, context)),
            None => found.extend(told(name, values, &[], "the parameter is missing")),
        }
    }
    for (name, others) in actual.iter().filter(|(name, _)| !expected.contains_key(*name)) {
        found.extend(told(name, &[], others, "the parameter is not expected"));
    }
    found
}

fn told(name: &str, expected: &[String], actual: &[String], problem: &str) -> Found {
    let [expected, actual] = [expected, actual].map(|values| values.join(", "));
    Found(vec![Mismatch::new(Part::Query(name.to_owned()), expected, actual, problem)])
}

fn parameter(name: &str, values: &[String], others: &[String], context: Context<'_>) -> Found {
    let place = Place::root().join(name);
    let tell = |problem: &str| told(name, values, others, problem);
    let mut one = |place: &Place, expected: &String, actual: &String, context: Context<'_>| {
        let check = |rule: &_, cascaded| text::check(rule, expected, actual, cascaded);
        let mut found = Found::default();
        for problem in problems(context.best(place), check) {
            found.extend(tell(&problem));
        }
        found
    };
    if let Some(best) = context.best(&place) {
        let mut comparison = Comparison { items: &mut one, tell: &tell };
        return list::compare(&place, best, (values, others), context, &mut comparison);
    }
    let mut found = Found::default();
    for (index, (value, other)) in values.iter().zip(others).enumerate() {
        found.extend(one(&place.join(index.to_string()), value, other, context));
    }
    if values.len() != others.len() {
        found.extend(tell(&format!("there are {} values, not {}", others.len(), values.len())));
    }
    found
}
