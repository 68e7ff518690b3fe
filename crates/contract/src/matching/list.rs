//! Lists compared by rules: arrays of JSON, the values of a header or a parameter.

use super::{Context, Found, holds};
use crate::{
    path::{Path, Token},
    place::Place,
    rule::{Best, Category, Combine, Rule, Variant},
};

/// Whether there are so many items.
pub(crate) fn check_size(
    size: usize,
    (min, max): (Option<usize>, Option<usize>),
) -> Result<(), String> {
    match (min, max) {
        (Some(min), _) if size < min => Err(format!("there are {size} items, and no {min}")),
        (_, Some(max)) if size > max => Err(format!("there are {size} items, more than {max}")),
        _ => Ok(()),
    }
}

/// Whether a list as a whole is as the rule has it.
pub(crate) fn check<T: PartialEq>(
    rule: &Rule,
    expected: &[T],
    actual: &[T],
    cascaded: bool,
) -> Result<(), String> {
    match rule {
        Rule::Type { min, max } if !cascaded => check_size(actual.len(), (*min, *max)),
        Rule::Equality if expected != actual => Err("the items are not the same".to_owned()),
        Rule::NotEmpty if actual.is_empty() => Err("there are no items".to_owned()),
        Rule::Null | Rule::StatusCode(_) => Err("an array can never be that".to_owned()),
        _ => Ok(()),
    }
}

/// How two items are compared, and what is told of them.
pub(crate) struct Comparison<'a, T> {
    /// Compares two items at a place.
    pub(crate) items: &'a mut dyn FnMut(&Place, &T, &T, Context<'_>) -> Found,
    /// Tells a problem of the whole list.
    pub(crate) tell: &'a dyn Fn(&str) -> Found,
}

/// Compares two lists by the rules of their place.
pub(crate) fn compare<T: Clone + PartialEq>(
    place: &Place,
    best: Best<'_>,
    (expected, actual): (&[T], &[T]),
    context: Context<'_>,
    comparison: &mut Comparison<'_, T>,
) -> Found {
    if expected.is_empty() {
        return Found::default();
    }
    // The items are the same for all rules that are about the whole alone: they are compared once.
    let mut plain: Option<Vec<Found>> = None;
    let mut results = Vec::new();
    for rule in &best.list.rules {
        let result = match rule {
            Rule::ArrayContains(variants) => {
                contains(variants, (expected, actual), context, comparison)
            }
            Rule::EachValue(_) if best.cascaded => Found::default(),
            Rule::EachValue(rules) => {
                let rules = Category::of(Path::at(place, Token::Star), rules.clone());
                items(place, (expected, actual), context.with(&rules), comparison)
            }
            _ => {
                if plain.is_none() {
                    plain = Some(vec![items(place, (expected, actual), context, comparison)]);
                }
                match check(rule, expected, actual, best.cascaded) {
                    Ok(()) => Found::default(),
                    Err(problem) => (comparison.tell)(&problem),
                }
            }
        };
        results.push(result);
    }
    let own = combined(best.list.combine, results);
    let mut found = plain.into_iter().flatten().next().unwrap_or_default();
    found.extend(own);
    found
}

fn combined(combine: Combine, results: Vec<Found>) -> Found {
    let enough = combine == Combine::Or && results.iter().any(Found::is_empty);
    let mut found = Found::default();
    if !enough {
        for result in results {
            found.extend(result);
        }
    }
    found
}

/// Every item beside its expected one; those beyond are compared with the first.
fn items<T>(
    place: &Place,
    (expected, actual): (&[T], &[T]),
    context: Context<'_>,
    comparison: &mut Comparison<'_, T>,
) -> Found {
    let mut found = Found::default();
    for (index, item) in actual.iter().enumerate() {
        if let Some(example) = expected.get(index).or_else(|| expected.first()) {
            found.extend((comparison.items)(
                &place.join(index.to_string()),
                example,
                item,
                context,
            ));
        }
    }
    for index in actual.len()..expected.len() {
        if !context.rules.is_defined(&place.join(index.to_string())) {
            found.extend((comparison.tell)(&format!("item {index} is missing")));
        }
    }
    found
}

/// Whether each variant is like one of the items.
fn contains<T>(
    variants: &[Variant],
    (expected, actual): (&[T], &[T]),
    context: Context<'_>,
    comparison: &mut Comparison<'_, T>,
) -> Found {
    let equality = Category::of(Path::empty(), vec![Rule::Equality]);
    let every: Vec<(usize, &Category)> = if variants.is_empty() {
        (0..expected.len()).map(|index| (index, &equality)).collect()
    } else {
        variants.iter().map(|variant| (variant.index, &variant.rules)).collect()
    };
    let mut found = Found::default();
    for (index, rules) in every {
        let context = context.with(rules);
        let is_there = expected.get(index).is_some_and(|example| {
            let fits = |item| (comparison.items)(&Place::root(), example, item, context).is_empty();
            actual.iter().any(fits)
        });
        if !is_there {
            found.extend((comparison.tell)(&format!("no item is like variant {index}")));
        }
    }
    found
}

/// Whether a text or value is as its place's rules have it; its equality where there are none.
pub(crate) fn problems(
    best: Option<Best<'_>>,
    mut check: impl FnMut(&Rule, bool) -> Result<(), String>,
) -> Vec<String> {
    match best {
        Some(best) => holds(best, check).err().unwrap_or_default(),
        None => check(&Rule::Equality, false).err().into_iter().collect(),
    }
}
