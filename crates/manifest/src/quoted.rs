//! Numbers in the `config` of a plugin, which may stand between quotes.

use crate::{node::Content, walk::Spot};

/// A whole number, also one between quotes: in the `config` of a plugin there is no schema that would
/// make it one.
pub(crate) fn number<T: TryFrom<i64>>(spot: &Spot<'_>, least: i64, most: i64) -> Option<T> {
    let quoted = spot.node.as_text().and_then(|text| text.trim().parse::<i64>().ok());
    match quoted.filter(|number| (least..=most).contains(number)) {
        Some(number) => T::try_from(number).ok(),
        None => spot.number(least, most),
    }
}

/// A number, also one between quotes.
pub(crate) fn fraction(spot: &Spot<'_>, least: f64, most: f64) -> Option<f64> {
    let value = match &spot.node.content {
        Content::Number(number) => Some(number.value.as_f64()),
        Content::Text(text) => text.trim().parse().ok(),
        _ => None,
    };
    let fits = value.filter(|value| (least..=most).contains(value));
    if fits.is_none() {
        spot.refuse(format!("a number from {least} to {most}"));
    }
    fits
}
