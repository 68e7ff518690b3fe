//! Where the texts of an XML document stand. Nothing is expanded, and nothing outside of it is read.

use std::ops::Range;

use crate::error::Wrong;

/// So deep a document may be; people's have some ten.
const DEEPEST: usize = 256;

/// The trimmed text right inside of the first element at this path, from the top; empty text has an empty range.
pub(crate) fn text_at(text: &str, path: &[&str]) -> Result<Option<Range<usize>>, Wrong> {
    let mut open: Vec<&str> = Vec::new();
    let mut at = 0;
    while let Some(found) = text.get(at..).and_then(|left| left.find('<')) {
        let begin = at + found;
        let left = text.get(begin..).unwrap_or_default();
        let (skip, tag) =
            tag_of(left).ok_or_else(|| Wrong::new(begin, "this is no XML: a < without its >"))?;
        at = begin + skip;
        match tag {
            Tag::Other => {}
            Tag::Close(name) => {
                if open.pop() != Some(name) {
                    return Err(Wrong::new(
                        begin,
                        format!("this is no XML: </{name}> closes what is not open"),
                    ));
                }
            }
            Tag::Open(name) => {
                open.push(name);
                if open.len() > DEEPEST {
                    return Err(Wrong::new(begin, "this XML has more nesting than is read"));
                }
                if open == path {
                    let end = text
                        .get(at..)
                        .and_then(|left| left.find('<'))
                        .map_or(text.len(), |end| at + end);
                    return Ok(Some(trimmed(text, at..end)));
                }
            }
        }
    }
    Ok(None)
}

enum Tag<'a> {
    Open(&'a str),
    Close(&'a str),
    /// Comments, instructions, and elements without anything in them.
    Other,
}

/// How long the tag at the begin is, and what it is.
fn tag_of(left: &str) -> Option<(usize, Tag<'_>)> {
    for (begin, end) in [("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>"), ("<!", ">")] {
        if let Some(rest) = left.strip_prefix(begin) {
            return Some((begin.len() + rest.find(end)? + end.len(), Tag::Other));
        }
    }
    let mut quote = None;
    let end = left.char_indices().find_map(|(at, c)| match (quote, c) {
        (Some(open), c) if c == open => {
            quote = None;
            None
        }
        (None, '"' | '\'') => {
            quote = Some(c);
            None
        }
        (None, '>') => Some(at),
        _ => None,
    })?;
    let inside = left.get(1..end)?;
    let name = |text: &'_ str| {
        text.len() - text.trim_start_matches(|c: char| !c.is_whitespace() && c != '/').len()
    };
    let tag = if let Some(closing) = inside.strip_prefix('/') {
        Tag::Close(closing.trim())
    } else if inside.ends_with('/') {
        Tag::Other
    } else {
        Tag::Open(inside.get(..name(inside))?)
    };
    Some((end + 1, tag))
}

fn trimmed(text: &str, at: Range<usize>) -> Range<usize> {
    let inside = text.get(at.clone()).unwrap_or_default();
    let begin = at.start + (inside.len() - inside.trim_start().len());
    let end = begin + inside.trim().len();
    begin..end
}
