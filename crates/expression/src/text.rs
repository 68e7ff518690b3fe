//! Texts whose letters' case does not matter, as .NET compares them (`StringComparison.OrdinalIgnoreCase`):
//! each character by the one upper-case character that Unicode's simple mapping has for it, and those by
//! their UTF-16 units.

use std::cmp::Ordering;

/// The text in capitals, as far as they are one character each.
pub(crate) fn fold(text: &str) -> String {
    if text.is_ascii() { text.to_ascii_uppercase() } else { text.chars().map(capital).collect() }
}

/// `text`, folded, against what is folded already.
pub(crate) fn compare_folded(text: &str, folded: &str) -> Ordering {
    text.chars().map(capital).cmp(folded.chars())
}

/// Whether two texts are the same but for the case of their letters.
pub(crate) fn is_same(left: &str, right: &str) -> bool {
    left.chars().map(capital).eq(right.chars().map(capital))
}

/// Which of two texts comes first.
pub(crate) fn compare(left: &str, right: &str) -> Ordering {
    units(left).cmp(units(right))
}

fn units(text: &str) -> impl Iterator<Item = u16> + '_ {
    let mut buffer = [0; 2];
    text.chars().flat_map(move |c| {
        let length = capital(c).encode_utf16(&mut buffer).len();
        buffer.into_iter().take(length)
    })
}

pub(crate) fn contains(text: &str, part: &str) -> bool {
    fold(text).contains(&fold(part))
}

pub(crate) fn starts_with(text: &str, start: &str) -> bool {
    let mut text = text.chars().map(capital);
    start.chars().map(capital).all(|c| text.next() == Some(c))
}

pub(crate) fn ends_with(text: &str, end: &str) -> bool {
    let mut text = text.chars().rev().map(capital);
    end.chars().rev().map(capital).all(|c| text.next() == Some(c))
}

/// How long a text is in UTF-16 units, which limits, places and memory are counted in.
pub(crate) fn length(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.encode_utf16().count() }
}

fn capital(c: char) -> char {
    if c.is_ascii() {
        return c.to_ascii_uppercase();
    }
    match c {
        // Equal to no Latin letter, so that nothing depends on Turkish.
        'ı' | 'ſ' => c,
        // Their full mapping is two characters long, their simple one has the iota beside the letter.
        '\u{1f80}'..='\u{1f87}' | '\u{1f90}'..='\u{1f97}' | '\u{1fa0}'..='\u{1fa7}' => above(c, 8),
        '\u{1fb3}' | '\u{1fc3}' | '\u{1ff3}' => above(c, 9),
        _ => {
            let mut capitals = c.to_uppercase();
            match (capitals.next(), capitals.next()) {
                (Some(capital), None) => capital,
                _ => c,
            }
        }
    }
}

fn above(c: char, distance: u32) -> char {
    char::from_u32(u32::from(c) + distance).unwrap_or(c)
}
