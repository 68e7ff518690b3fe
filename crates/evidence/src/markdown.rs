//! Markdown in which outsiders' texts stay texts.

use std::fmt::Write as _;

/// A text of outsiders in a cell of a table may be this long, in characters.
const LONGEST_CELL: usize = 200;

/// `text` as Markdown that shows it and does nothing else, on one line: whatever could begin a link, markup, HTML, a cell, a
/// mention, a reference to an issue or an emoji is written as an entity, and what could not be seen or turns the direction of
/// writing is replaced.
pub(crate) fn plain(text: &str) -> String {
    let mut safe = String::new();
    for (count, char) in text.chars().enumerate() {
        if count >= LONGEST_CELL {
            safe.push_str("...");
            break;
        }
        match char {
            ' ' | ',' | '(' | ')' | '/' | '%' | '=' | '?' | ';' => safe.push(char),
            '\n' | '\t' => safe.push(' '),
            char if char.is_ascii_alphanumeric() => safe.push(char),
            char if char.is_ascii_punctuation() => {
                // To a string nothing fails to be written.
                let _ = write!(safe, "&#{};", u32::from(char));
            }
            char if is_hidden(char) => safe.push(char::REPLACEMENT_CHARACTER),
            char => safe.push(char),
        }
    }
    safe
}

/// Controls, and what has no width or turns the direction of writing.
fn is_hidden(char: char) -> bool {
    char.is_control()
        || matches!(
            char,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
        )
}

/// A table with at most `most` rows, and a line on how many more there are.
pub(crate) fn table(
    page: &mut String,
    header: &[&str],
    rows: impl IntoIterator<Item = Vec<String>>,
    most: usize,
) {
    let mut rows = rows.into_iter();
    let shown: Vec<_> = rows.by_ref().take(most).collect();
    if shown.is_empty() {
        return;
    }
    let _ = writeln!(page, "\n| {} |\n|{}", header.join(" | "), "---|".repeat(header.len()));
    for row in &shown {
        let _ = writeln!(page, "| {} |", row.join(" | "));
    }
    let more = rows.count();
    if more > 0 {
        let _ = writeln!(page, "\nand {more} more");
    }
}

/// Bytes as people read them.
#[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
pub(crate) fn size(bytes: Option<u64>) -> String {
    match bytes {
        None => "-".to_owned(),
        Some(bytes) if bytes < 1024 => format!("{bytes} B"),
        Some(bytes) if bytes < 1024 * 1024 => format!("{:.1} KiB", bytes as f64 / 1024.0),
        Some(bytes) => format!("{:.2} MiB", bytes as f64 / (1024.0 * 1024.0)),
    }
}

/// A share as people read it.
pub(crate) fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| "-".to_owned(), |share| format!("{:.2} %", share * 100.0))
}

/// A number with four digits that count.
pub(crate) fn number(value: f64) -> String {
    if !value.is_finite() {
        return "-".to_owned();
    }
    let digits = if value == 0.0 { 0.0 } else { value.abs().log10().floor() };
    if !(-4.0..9.0).contains(&digits) {
        return format!("{value:.3e}");
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 7")]
    let places = (3.0 - digits).max(0.0) as usize;
    format!("{value:.places$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_stay_texts() {
        let check = |text: &str, expect: &str| assert_eq!(plain(text), expect);
        check("a b, (c)", "a b, (c)");
        check("<img src=x>", "&#60;img src=x&#62;");
        check("a|b\nc", "a&#124;b c");
        check("@all #1 :tada:", "&#64;all &#35;1 &#58;tada&#58;");
        check("a\u{202e}b\u{1b}[31m", "a\u{fffd}b\u{fffd}&#91;31m");
        check("äµ", "äµ");
        assert!(plain(&"x".repeat(10_000)).len() <= LONGEST_CELL + 3);
    }

    #[test]
    fn numbers_are_short() {
        let check = |value, expect: &str| assert_eq!(number(value), expect);
        check(0.0, "0.000");
        check(1234.567, "1235");
        check(0.012_345, "0.01235");
        check(1e-9, "1.000e-9");
        check(f64::NAN, "-");
        assert_eq!(size(Some(2048)), "2.0 KiB");
        assert_eq!(percent(Some(0.5)), "50.00 %");
    }
}
