//! `format('{0} of {1}', ...)`.

use std::{collections::BTreeMap, sync::Arc};

use crate::{Error, Value, eval::Arguments};

/// A piece of a format.
enum Piece<'a> {
    Text(&'a str),
    /// The argument of this number, behind the format, and what is written behind a colon.
    Argument(usize, &'a str),
}

/// The first argument, with each `{n}` replaced by the argument of that number. All of the format is read before
/// any argument is evaluated.
pub(crate) fn format(arguments: &mut Arguments<'_, '_>) -> Result<Value, Error> {
    let format = arguments.get(0)?.as_text();
    let pieces = pieces(&format, arguments)?;
    let mut known = BTreeMap::new();
    let mut counter = arguments.counter();
    let mut text = String::new();
    for piece in pieces {
        let part = match piece {
            Piece::Text(part) => part.into(),
            Piece::Argument(number, specifiers) => {
                argument(arguments, &mut known, number, specifiers)?
            }
        };
        if !part.is_empty() {
            counter.text(&part).map_err(|exceeded| arguments.exceeded(&exceeded))?;
        }
        text.push_str(&part);
    }
    Ok(text.into())
}

/// An argument as text; each is evaluated once, and no value takes specifiers.
fn argument(
    arguments: &mut Arguments<'_, '_>,
    known: &mut BTreeMap<usize, Arc<str>>,
    number: usize,
    specifiers: &str,
) -> Result<Arc<str>, Error> {
    if let Some(text) = known.get(&number).filter(|_| specifiers.is_empty()) {
        return Ok(text.clone());
    }
    let value = arguments.get(number + 1)?;
    if !specifiers.is_empty() {
        return Err(arguments.error(std::format!(
            "The format specifiers '{}' are not valid for objects of type '{}'",
            specifiers.replace("}}", "}"),
            value.kind()
        )));
    }
    known.insert(number, value.as_text());
    Ok(value.as_text())
}

fn pieces<'a>(format: &'a str, arguments: &Arguments<'_, '_>) -> Result<Vec<Piece<'a>>, Error> {
    let invalid =
        || arguments.error(std::format!("The following format string is invalid: {format}"));
    let mut pieces = Vec::new();
    let mut rest = format;
    while let Some(brace) = rest.find(['{', '}']) {
        let (before, from) = rest.split_at_checked(brace).unwrap_or((rest, ""));
        // A brace that is meant is written twice.
        if from.starts_with("{{") || from.starts_with("}}") {
            pieces.push(Piece::Text(rest.get(..=brace).unwrap_or(before)));
            rest = from.get(2..).unwrap_or_default();
            continue;
        }
        let (number, specifiers, behind) = placeholder(from).ok_or_else(invalid)?;
        if number + 2 > arguments.len() {
            return Err(arguments.error(std::format!(
                "The following format string references more arguments than were supplied: {format}"
            )));
        }
        pieces.extend([Piece::Text(before), Piece::Argument(number, specifiers)]);
        rest = behind;
    }
    pieces.push(Piece::Text(rest));
    Ok(pieces)
}

/// The number in `{0}` or `{0:specifiers}`, the specifiers, and what is behind it.
fn placeholder(text: &str) -> Option<(usize, &str, &str)> {
    let inner = text.strip_prefix('{')?;
    let digits = inner.find(|c: char| !c.is_ascii_digit())?;
    let (number, behind) = inner.split_at_checked(digits)?;
    let number = number.parse::<u8>().ok()?;
    if let Some(behind) = behind.strip_prefix('}') {
        return Some((number.into(), "", behind));
    }
    let behind = behind.strip_prefix(':')?;
    let mut end = 0;
    loop {
        end += behind.get(end..)?.find('}')?;
        if !behind.get(end + 1..)?.starts_with('}') {
            return Some((number.into(), behind.get(..end)?, behind.get(end + 1..)?));
        }
        end += 2;
    }
}
