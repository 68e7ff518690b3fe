//! Where the values of a JSON document stand.

use std::ops::Range;

use crate::error::Wrong;

/// So deep a document may be: people's have some ten, and each level is a call.
const DEEPEST: usize = 128;

/// A string or another plain value, and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Leaf {
    /// The keys from the top; indices of lists as numbers.
    pub(crate) keys: Vec<String>,
    /// From its first byte to behind its last, without quotes.
    pub(crate) at: Range<usize>,
    /// Whether it is in quotes.
    pub(crate) text: bool,
}

impl Leaf {
    pub(crate) fn is(&self, keys: &[&str]) -> bool {
        self.keys.iter().map(String::as_str).eq(keys.iter().copied())
    }
}

/// Every plain value of a document.
pub(crate) fn leaves(text: &str) -> Result<Vec<Leaf>, Wrong> {
    let start = if text.starts_with('\u{feff}') { 3 } else { 0 };
    let mut reader = Reader { text, at: start, keys: Vec::new(), leaves: Vec::new() };
    reader.value()?;
    reader.space();
    if reader.at < text.len() {
        Err(reader.wrong("something after the end"))
    } else {
        Ok(reader.leaves)
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    keys: Vec<String>,
    leaves: Vec<Leaf>,
}

impl Reader<'_> {
    fn wrong(&self, what: &str) -> Wrong {
        Wrong::new(self.at, format!("this is no JSON: there is {what}"))
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    fn value(&mut self) -> Result<(), Wrong> {
        if self.keys.len() > DEEPEST {
            return Err(self.wrong("more nesting than is read"));
        }
        self.space();
        match self.peek() {
            Some(b'{') => self.all(b'}'),
            Some(b'[') => self.all(b']'),
            Some(b'"') => {
                let at = self.quoted()?;
                self.leaf(at, true);
                Ok(())
            }
            Some(byte) if byte == b'-' || byte.is_ascii_alphanumeric() => {
                let begin = self.at;
                while self
                    .peek()
                    .is_some_and(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
                {
                    self.at += 1;
                }
                self.leaf(begin..self.at, false);
                Ok(())
            }
            _ => Err(self.wrong("no value")),
        }
    }

    fn leaf(&mut self, at: Range<usize>, text: bool) {
        self.leaves.push(Leaf { keys: self.keys.clone(), at, text });
    }

    /// What is between braces or brackets.
    fn all(&mut self, end: u8) -> Result<(), Wrong> {
        self.at += 1;
        let mut index = 0_usize;
        loop {
            self.space();
            if self.peek() == Some(end) && index == 0 {
                break;
            }
            let key = if end == b'}' { self.key()? } else { index.to_string() };
            self.keys.push(key);
            self.value()?;
            self.keys.pop();
            index += 1;
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(byte) if byte == end => break,
                _ => return Err(self.wrong("neither a comma nor an end")),
            }
        }
        self.at += 1;
        Ok(())
    }

    fn key(&mut self) -> Result<String, Wrong> {
        if self.peek() != Some(b'"') {
            return Err(self.wrong("no key"));
        }
        let at = self.quoted()?;
        let key = self.text.get(at).unwrap_or_default().to_owned();
        self.space();
        if self.peek() != Some(b':') {
            return Err(self.wrong("no colon after a key"));
        }
        self.at += 1;
        Ok(key)
    }

    /// What is between quotes.
    fn quoted(&mut self) -> Result<Range<usize>, Wrong> {
        self.at += 1;
        let begin = self.at;
        loop {
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => self.at += 2,
                Some(_) => self.at += 1,
                None => {
                    return Err(Wrong::new(
                        begin,
                        "this is no JSON: there is a text without its end",
                    ));
                }
            }
        }
        self.at += 1;
        Ok(begin..self.at - 1)
    }
}
