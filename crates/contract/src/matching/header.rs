//! Headers.

use super::{
    Context, Found,
    list::{self, Comparison, problems},
    text,
};
use crate::{
    mismatch::{Mismatch, Part},
    place::Place,
    rule::Rule,
};

type Headers = [(String, Vec<String>)];

/// Headers whose values have parameters: those that are expected have to be there, in any order.
const WITH_PARAMETERS: [&str; 2] = ["accept", "content-type"];

/// Compares every header that is expected; names have no case, and others may be there.
pub(crate) fn compare(expected: &Headers, actual: &Headers, context: Context<'_>) -> Found {
    let mut found = Found::default();
    let rules = context.rules.lower_case();
    let context = context.with(&rules);
    for (name, values) in expected {
        let there = actual.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        let tell = |actual: &str, problem: &str| {
            Found(vec![Mismatch::new(
                Part::Header(name.clone()),
                values.join(", "),
                actual,
                problem,
            )])
        };
        found.extend(match there {
            None => tell("", "the header is missing"),
            Some((_, others)) if values.is_empty() && !others.is_empty() => {
                tell(&others.join(", "), "the header should be empty")
            }
            Some((_, others)) => all(name, values, others, context, &tell),
        });
    }
    found
}

type Tell<'a> = dyn Fn(&str, &str) -> Found + 'a;

fn all(
    name: &str,
    values: &[String],
    others: &[String],
    context: Context<'_>,
    tell: &Tell<'_>,
) -> Found {
    let place = Place::root().join(name.to_lowercase());
    let mut one = |place: &Place, expected: &String, actual: &String, context: Context<'_>| {
        single(name, place, expected, actual, context, tell)
    };
    if let ([value], [other]) = (values, others) {
        return one(&place.join("0"), value, other, context);
    }
    let whole = others.join(", ");
    if let Some(best) = context.best(&place) {
        let tell = |problem: &str| tell(&whole, problem);
        let mut comparison = Comparison { items: &mut one, tell: &tell };
        return list::compare(&place, best, (values, others), context, &mut comparison);
    }
    let mut found = Found::default();
    for (index, value) in values.iter().enumerate() {
        found.extend(match others.get(index) {
            Some(other) => one(&place.join(index.to_string()), value, other, context),
            None => tell(&whole, &format!("the value {value:?} is missing")),
        });
    }
    for other in others.iter().skip(values.len()) {
        found.extend(tell(&whole, &format!("the value {other:?} is not expected")));
    }
    found
}

fn single(
    name: &str,
    place: &Place,
    expected: &str,
    actual: &str,
    context: Context<'_>,
    tell: &Tell<'_>,
) -> Found {
    let mut found = Found::default();
    for problem in problems_of(name, place, expected.trim(), actual.trim(), context) {
        found.extend(tell(actual, &problem));
    }
    found
}

fn problems_of(
    name: &str,
    place: &Place,
    expected: &str,
    actual: &str,
    context: Context<'_>,
) -> Vec<String> {
    let best = context.best(place);
    if best.is_some() {
        return problems(best, |rule, cascaded| text::check(rule, expected, actual, cascaded));
    }
    let alike = if WITH_PARAMETERS.contains(&name.to_lowercase().as_str()) {
        let (wanted, there): (Vec<_>, Vec<_>) =
            (items(expected).collect(), items(actual).collect());
        wanted.len() == there.len()
            && wanted.iter().zip(there).all(|(wanted, is)| same_with_parameters(wanted, is))
    } else {
        items(expected).eq(items(actual))
    };
    if alike {
        return Vec::new();
    }
    text::check(&Rule::Equality, expected, actual, false).err().into_iter().collect()
}

fn items(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim)
}

/// Whether the first parts are the same, and each parameter that is expected is there.
pub(crate) fn same_with_parameters(expected: &str, actual: &str) -> bool {
    let parts = |text: &'_ str| -> Vec<String> {
        text.split(';').map(str::trim).filter(|it| !it.is_empty()).map(str::to_owned).collect()
    };
    let (expected, actual) = (parts(expected), parts(actual));
    if expected.first() != actual.first() {
        return false;
    }
    let parameter = |part: &String| {
        let (name, value) = part.split_once('=')?;
        Some((name.trim().to_owned(), value.trim().to_ascii_lowercase()))
    };
    let there: Vec<_> = actual.iter().skip(1).filter_map(parameter).collect();
    expected.iter().skip(1).filter_map(parameter).all(|wanted| there.contains(&wanted))
}
