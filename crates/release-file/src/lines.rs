//! Files whose version stands in a line of its own.

use std::ops::Range;

/// The value of `key = value` in a section of an INI file.
pub(crate) fn ini(text: &str, section: &str, key: &str) -> Option<Range<usize>> {
    let mut inside = false;
    each(text).find_map(|(at, line)| {
        if let Some(head) = line.trim().strip_prefix('[') {
            inside = head.trim_end_matches(']') == section;
        }
        inside.then(|| assigned(line, key, &['=', ':'])).flatten().map(|range| moved(range, at))
    })
}

/// The value of `key=value` in a file of properties.
pub(crate) fn property(text: &str, key: &str) -> Option<Range<usize>> {
    each(text).find_map(|(at, line)| Some(moved(assigned(line, key, &['=', ':'])?, at)))
}

/// The whole text, without white space and a `v` around it.
pub(crate) fn plain(text: &str) -> Option<Range<usize>> {
    let bare = text.trim_start_matches('\u{feff}');
    let begin = text.len() - bare.trim_start().len();
    let word = bare.trim();
    let v = usize::from(word.starts_with('v'));
    (!word.is_empty() && !word.contains(char::is_whitespace)).then(|| begin + v..begin + word.len())
}

/// What is in quotes after one of `begins` at the begin of a line, with white space, `=`, `:` or `(` between.
pub(crate) fn quoted(text: &str, begins: &[&str]) -> Option<Range<usize>> {
    each(text).find_map(|(at, line)| {
        let trimmed = line.trim_start();
        let rest = begins.iter().find_map(|begin| trimmed.strip_prefix(begin))?;
        let value = rest.trim_start_matches([' ', '\t', '=', ':', '(']);
        let apart = value.len() < rest.len() || value.starts_with(['"', '\'']);
        let quote = value.chars().next().filter(|c| matches!(c, '"' | '\'')).filter(|_| apart)?;
        let end = value.get(1..)?.find(quote)?;
        let begin = at + line.len() - value.len() + 1;
        Some(begin..begin + end)
    })
}

/// The same outside of every brace: what stands in a block belongs to something else.
pub(crate) fn quoted_at_top(text: &str, begins: &[&str]) -> Option<Range<usize>> {
    let mut depth = 0_i64;
    each(text).find_map(|(at, line)| {
        let here = depth;
        let code = line.split("//").next().unwrap_or(line);
        let count = |c: char| i64::try_from(code.matches(c).count()).unwrap_or(0);
        depth += count('{') - count('}');
        let found = quoted(line, begins).filter(|_| here == 0)?;
        Some(moved(found, at))
    })
}

/// Each line without its end, and where it begins.
fn each(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    text.split_inclusive('\n').map(move |line| {
        let here = at;
        at += line.len();
        (here, line.trim_end_matches(['\n', '\r']))
    })
}

fn assigned(line: &str, key: &str, signs: &[char]) -> Option<Range<usize>> {
    let rest = line.trim_start().strip_prefix(key)?.trim_start();
    let value = rest.strip_prefix(signs)?.trim_start();
    let begin = line.len() - value.len();
    let end = value.find([' ', '\t', '#', ';']).unwrap_or(value.len());
    (end > 0).then_some(begin..begin + end)
}

fn moved(range: Range<usize>, by: usize) -> Range<usize> {
    range.start + by..range.end + by
}
