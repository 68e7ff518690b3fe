use std::borrow::Cow;

use crate::{
    error::{Problem, ReadError},
    limits::MOST_BYTES,
};

/// The text of a file, and what it was named.
pub(crate) struct Source<'a> {
    pub(crate) file: &'a str,
    pub(crate) text: Cow<'a, str>,
}

impl<'a> Source<'a> {
    /// The text that `bytes` are. UTF-8, and UTF-16 with its mark at the beginning, which .NET writes.
    /// What a program under test wrote to its output is in reports as it was, so bytes that are no
    /// text are replaced, not refused; XML that says that it is in Latin-1 is read as that.
    pub(crate) fn new(file: &'a str, bytes: &'a [u8]) -> Result<Self, ReadError> {
        if bytes.len() > MOST_BYTES {
            return Err(ReadError::Unknown {
                file: file.to_owned(),
                message: format!("it has more than {} MiB", MOST_BYTES >> 20),
                mend: "write a report for each part of what ran".to_owned(),
            });
        }
        let text = match bytes {
            [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest),
            [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes).into(),
            [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes).into(),
            _ if says_latin1(bytes) => bytes.iter().map(|byte| char::from(*byte)).collect(),
            _ => String::from_utf8_lossy(bytes),
        };
        Ok(Self { file, text })
    }

    /// A problem with its place as people count: lines and characters from 1.
    pub(crate) fn place(&self, problem: Problem) -> ReadError {
        let (line, column) = place(&self.text, problem.at);
        ReadError::Malformed {
            file: self.file.to_owned(),
            line,
            column,
            message: problem.message,
            mend: problem.mend,
        }
    }

    /// What `serde_json` says, with its place.
    pub(crate) fn json(&self, error: &serde_json::Error, mend: &str) -> ReadError {
        let mut message = error.to_string();
        if let Some(end) = message.rfind(" at line ") {
            message.truncate(end);
        }
        let line = error.line().max(1);
        // Its columns are bytes.
        let text = self.text.lines().nth(line - 1).unwrap_or_default();
        let before = text.as_bytes().get(..error.column().saturating_sub(1)).unwrap_or_default();
        let column = String::from_utf8_lossy(before).chars().count() + 1;
        ReadError::Malformed {
            file: self.file.to_owned(),
            line,
            column,
            message,
            mend: mend.to_owned(),
        }
    }
}

fn utf16(bytes: &[u8], from: fn([u8; 2]) -> u16) -> String {
    let (pairs, _) = bytes.as_chunks::<2>();
    char::decode_utf16(pairs.iter().map(|pair| from(*pair)))
        .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect()
}

/// Whether it is XML that declares one of the old encodings in which a byte is a character.
fn says_latin1(bytes: &[u8]) -> bool {
    let start = bytes.get(..bytes.len().min(200)).unwrap_or_default();
    let Some(end) = start.windows(2).position(|pair| pair == b"?>") else { return false };
    let declaration = String::from_utf8_lossy(start.get(..end).unwrap_or_default());
    let declaration = declaration.to_ascii_lowercase();
    declaration.starts_with("<?xml")
        && (declaration.contains("iso-8859-1") || declaration.contains("windows-1252"))
}

/// The line and the character of it, from 1, of the byte `at`.
fn place(text: &str, at: usize) -> (usize, usize) {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    let before = text.get(..at).unwrap_or_default();
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    let start = before.rfind('\n').map_or(0, |end| end + 1);
    let column = before.get(start..).unwrap_or_default().chars().count() + 1;
    (line, column)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &[u8]) -> String {
        Source::new("a", bytes).unwrap().text.into_owned()
    }

    #[test]
    fn texts_of_several_encodings_are_read() {
        assert_eq!(text("\u{feff}aµ".as_bytes()), "aµ");
        assert_eq!(text(b"\xff\xfea\0\xb5\0"), "aµ");
        assert_eq!(text(b"\xfe\xff\0a\0\xb5"), "aµ");
        assert_eq!(text(b"a\xb5"), "a\u{fffd}");
        assert_eq!(
            text(b"<?xml version='1.0' encoding='ISO-8859-1'?>\xb5"),
            "<?xml version='1.0' encoding='ISO-8859-1'?>µ"
        );
    }

    #[test]
    fn places_are_counted_in_lines_and_characters() {
        let text = "aµb\nc";
        let check = |at, expect| assert_eq!(place(text, at), expect, "{at}");
        check(0, (1, 1));
        check(2, (1, 2));
        check(3, (1, 3));
        check(5, (2, 1));
        check(99, (2, 2));
        assert_eq!(place("", 0), (1, 1));
    }

    #[test]
    fn a_file_without_end_is_refused() {
        let bytes = vec![b' '; MOST_BYTES + 1];
        let error = Source::new("big", &bytes).err().map(|error| error.to_string());
        assert_eq!(
            error.as_deref(),
            Some("big: it has more than 128 MiB; write a report for each part of what ran")
        );
    }
}
