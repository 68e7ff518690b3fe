//! `format('{0} of {1}', ...)`.

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
    let mut values: Vec<Option<Value>> = vec![None; arguments.len()];
    let mut counter = arguments.counter();
    let mut text = String::new();
    for piece in pieces {
        let argument;
        let part = match piece {
            Piece::Text(part) => part,
            Piece::Argument(number, specifiers) => {
                let value = match values.get(number) {
                    Some(Some(value)) => value.clone(),
                    _ => arguments.get(number + 1)?,
                };
                if !specifiers.is_empty() {
                    return Err(arguments.error(std::format!(
                        "The format specifiers '{}' are not valid for objects of type '{}'",
                        specifiers.replace("}}", "}"),
                        value.kind()
                    )));
                }
                argument = value.as_text();
                if let Some(place) = values.get_mut(number) {
                    *place = Some(value);
                }
                &argument
            }
        };
        if !part.is_empty() {
            counter.text(part).map_err(|exceeded| arguments.exceeded(&exceeded))?;
        }
        text.push_str(part);
    }
    Ok(text.into())
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
