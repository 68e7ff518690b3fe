//! Where the plain values of a YAML document stand.

use std::ops::Range;

use saphyr_parser::{Event, Parser, ScalarStyle};

use crate::error::Wrong;

/// So deep a document may be; people's have some ten.
const DEEPEST: usize = 128;

/// A plain value, its keys from the top, and its bytes with their quotes.
pub(crate) struct Leaf {
    pub(crate) keys: Vec<String>,
    pub(crate) said: String,
    pub(crate) at: Range<usize>,
}

/// A collection that is open, and where in it the next value is.
enum Open {
    Map(Option<String>),
    List(usize),
}

/// Every plain value of the first document.
pub(crate) fn leaves(text: &str) -> Result<Vec<Leaf>, Wrong> {
    let bytes = byte_of_each_char(text);
    let byte = |index: usize| bytes.get(index).copied().unwrap_or(text.len());
    let mut open: Vec<Open> = Vec::new();
    let mut leaves = Vec::new();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| {
            Wrong::new(byte(error.marker().index()), format!("this is no YAML: {}", error.info()))
        })?;
        match event {
            Event::MappingStart(..) => open.push(Open::Map(None)),
            Event::SequenceStart(..) => open.push(Open::List(0)),
            Event::MappingEnd | Event::SequenceEnd => {
                open.pop();
                advance(&mut open);
            }
            Event::Scalar(said, style, ..) => {
                if let Some(Open::Map(key @ None)) = open.last_mut() {
                    *key = Some(said.into_owned());
                    continue;
                }
                let at = byte(span.start.index())..byte(span.end.index());
                if style == ScalarStyle::Plain
                    || style == ScalarStyle::DoubleQuoted
                    || style == ScalarStyle::SingleQuoted
                {
                    leaves.push(Leaf {
                        keys: keys(&open),
                        said: said.into_owned(),
                        at: unquoted(text, at),
                    });
                }
                advance(&mut open);
            }
            Event::Alias(_) => advance(&mut open),
            Event::DocumentEnd => break,
            _ => {}
        }
        if open.len() > DEEPEST {
            return Err(Wrong::new(
                byte(span.start.index()),
                "this YAML has more nesting than is read",
            ));
        }
    }
    Ok(leaves)
}

/// After a value: the next key, or the next index.
fn advance(open: &mut [Open]) {
    match open.last_mut() {
        Some(Open::Map(key)) => *key = None,
        Some(Open::List(index)) => *index += 1,
        None => {}
    }
}

fn keys(open: &[Open]) -> Vec<String> {
    let key = |open: &Open| match open {
        Open::Map(key) => key.clone().unwrap_or_default(),
        Open::List(index) => index.to_string(),
    };
    open.iter().map(key).collect()
}

/// Between its quotes, or without the white space after it. The parser's end of what is quoted may be behind a comment.
fn unquoted(text: &str, at: Range<usize>) -> Range<usize> {
    let raw = text.get(at.clone()).unwrap_or_default();
    let Some(quote) = raw.chars().next().filter(|c| matches!(c, '"' | '\'')) else {
        return at.start..at.start + raw.trim_end().len();
    };
    let mut inside = text.get(at.start + 1..).unwrap_or_default().char_indices().peekable();
    while let Some((here, c)) = inside.next() {
        let doubled = quote == '\'' && inside.peek().is_some_and(|(_, next)| *next == quote);
        if c == '\\' && quote == '"' || c == quote && doubled {
            inside.next();
        } else if c == quote {
            return at.start + 1..at.start + 1 + here;
        }
    }
    at
}

/// The parser counts characters.
fn byte_of_each_char(text: &str) -> Vec<usize> {
    text.char_indices().map(|(at, _)| at).collect()
}
