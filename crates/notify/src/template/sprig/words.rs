//! Words, and regular expressions.

use serde_json::Value;

use super::{row, text, texts::two, value};
use crate::template::{function::Row, go_text::whole, regexes};

pub(super) const TABLE: &[Row] = &[
    row("camelcase", 1, 1, |values| Ok(camel(text(value(values, 0))?).into())),
    row("snakecase", 1, 1, |values| Ok(parted(text(value(values, 0))?, '_').into())),
    row("kebabcase", 1, 1, |values| Ok(parted(text(value(values, 0))?, '-').into())),
    row("initials", 1, 1, |values| {
        let words = text(value(values, 0))?.split_whitespace();
        Ok(words.filter_map(|word| word.chars().next()).collect::<String>().into())
    }),
    row("swapcase", 1, 1, |values| {
        let signs = text(value(values, 0))?.chars().flat_map(swapped);
        Ok(signs.collect::<String>().into())
    }),
    row("wrap", 2, 2, |values| Ok(wrapped(value(values, 0), "\n", text(value(values, 1))?).into())),
    row("wrapWith", 3, 3, |values| {
        Ok(wrapped(value(values, 0), text(value(values, 1))?, text(value(values, 2))?).into())
    }),
    row("hello", 0, 0, |_| Ok("Hello!".into())),
    row("regexMatch", 2, 2, |values| {
        two(values).and_then(|(regex, text)| regexes::matches(regex, text))
    }),
    row("mustRegexMatch", 2, 2, |values| {
        two(values).and_then(|(regex, text)| regexes::matches(regex, text))
    }),
    row("regexFind", 2, 2, |values| {
        two(values).and_then(|(regex, text)| regexes::find(regex, text))
    }),
    row("mustRegexFind", 2, 2, |values| {
        two(values).and_then(|(regex, text)| regexes::find(regex, text))
    }),
    row("regexFindAll", 3, 3, |values| {
        two(values).and_then(|(regex, text)| regexes::find_all(regex, text, most(value(values, 2))))
    }),
    row("regexReplaceAll", 3, 3, |values| {
        let (regex, found) = two(values)?;
        regexes::replace(regex, found, text(value(values, 2))?)
    }),
    row("mustRegexReplaceAll", 3, 3, |values| {
        let (regex, found) = two(values)?;
        regexes::replace(regex, found, text(value(values, 2))?)
    }),
    row("regexReplaceAllLiteral", 3, 3, |values| {
        let (regex, found) = two(values)?;
        regexes::replace_literally(regex, found, text(value(values, 2))?)
    }),
    row("regexSplit", 3, 3, |values| {
        two(values).and_then(|(regex, text)| regexes::split(regex, text, most(value(values, 2))))
    }),
    row("regexQuoteMeta", 1, 1, |values| Ok(regexes::quoted(text(value(values, 0))?).into())),
];

/// How many at most; below 0 all.
fn most(value: &Value) -> usize {
    whole(value).and_then(|most| usize::try_from(most).ok()).unwrap_or(usize::MAX)
}

fn swapped(sign: char) -> Vec<char> {
    if sign.is_uppercase() { sign.to_lowercase().collect() } else { sign.to_uppercase().collect() }
}

/// `first_name` as `FirstName`.
fn camel(text: &str) -> String {
    let words = text.split(|sign: char| sign == '_' || sign == '-' || sign.is_whitespace());
    let mut out = String::new();
    for word in words {
        let mut signs = word.chars();
        out.extend(signs.next().into_iter().flat_map(char::to_uppercase));
        out.push_str(signs.as_str());
    }
    out
}

/// `FirstName` as `first_name`: parted where a word begins.
fn parted(text: &str, by: char) -> String {
    let signs: Vec<char> = text.chars().collect();
    let mut out = String::new();
    for (at, sign) in signs.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|before| signs.get(before));
        let is_after_small = before.is_some_and(|one| one.is_lowercase() || one.is_ascii_digit());
        let is_before_small = signs.get(at + 1).is_some_and(|one| one.is_lowercase());
        let is_in_capitals = before.is_some_and(|one| one.is_uppercase());
        if sign.is_uppercase() && (is_after_small || (is_in_capitals && is_before_small)) {
            out.push(by);
        }
        match sign {
            '_' | '-' | ' ' => out.push(by),
            sign => out.extend(sign.to_lowercase()),
        }
    }
    out
}

/// Lines of so many letters at most, but for words that are longer.
fn wrapped(width: &Value, by: &str, text: &str) -> String {
    let width = most(width).max(1);
    let (mut out, mut length) = (String::new(), 0);
    for word in text.split(' ') {
        let own = word.chars().count();
        if length > 0 && length + 1 + own > width {
            out.push_str(by);
            length = 0;
        } else if length > 0 {
            out.push(' ');
            length += 1;
        }
        out.push_str(word);
        length += own;
    }
    out
}
