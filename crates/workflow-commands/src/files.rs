use std::borrow::Cow;

/// The variable that no step may set for those after it: Node would run what it says in every action.
pub const BLOCKED_VARIABLE: &str = "NODE_OPTIONS";

/// How long a step's summary may be, as on GitHub.
pub const MOST_SUMMARY_BYTES: usize = 1024 * 1024;

/// The bytes of a file that a step wrote, as text: UTF-8, or what a byte order mark says. What is no text
/// becomes U+FFFD.
pub fn text(bytes: &[u8]) -> Cow<'_, str> {
    match bytes {
        [0xEF, 0xBB, 0xBF, rest @ ..] => String::from_utf8_lossy(rest),
        [0xFF, 0xFE, rest @ ..] => Cow::Owned(utf16(rest, u16::from_le_bytes)),
        [0xFE, 0xFF, rest @ ..] => Cow::Owned(utf16(rest, u16::from_be_bytes)),
        _ => String::from_utf8_lossy(bytes),
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> String {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let units = pairs.iter().map(|pair| unit(*pair));
    let mut text: String = char::decode_utf16(units)
        .map(|found| found.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect();
    if !rest.is_empty() {
        text.push(char::REPLACEMENT_CHARACTER);
    }
    text
}

/// A name and its value, as `GITHUB_OUTPUT`, `GITHUB_ENV` and `GITHUB_STATE` hold them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pair<'a> {
    /// Never empty.
    pub name: &'a str,
    /// All between the name and the end of the line or the delimiter.
    pub value: &'a str,
}

/// What is wrong with a file that a step wrote. Lines count from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// A line that sets nothing.
    #[error(
        "line {line}: Invalid format '{text}': write name=value, or name<<DELIMITER, the value and the delimiter on lines of their own"
    )]
    Format {
        /// Where it is.
        line: usize,
        /// The line.
        text: String,
    },
    /// Nothing is named.
    #[error("line {line}: Invalid format '{text}'. Name must not be empty")]
    EmptyName {
        /// Where it is.
        line: usize,
        /// The line.
        text: String,
    },
    /// A value of several lines without its name or its delimiter.
    #[error(
        "line {line}: Invalid format '{text}'. Name must not be empty and delimiter must not be empty"
    )]
    EmptyDelimiter {
        /// Where it is.
        line: usize,
        /// The line.
        text: String,
    },
    /// The file ends before the delimiter.
    #[error(
        "line {line}: Invalid value. Matching delimiter not found '{delimiter}': it has to stand alone on a line, without blanks"
    )]
    NoDelimiter {
        /// Where the value begins.
        line: usize,
        /// What was looked for.
        delimiter: String,
    },
    /// The last line of a value is not ended.
    #[error(
        "line {line}: Invalid value. EOF marker missing new line: end the value with a line break before '{delimiter}'"
    )]
    NoLineEnd {
        /// Where the value begins.
        line: usize,
        /// What was looked for.
        delimiter: String,
    },
    /// A variable that steps must not set.
    #[error("Can't store {BLOCKED_VARIABLE} output parameter using '$GITHUB_ENV' command.")]
    Blocked,
}

/// The pairs of a file in order. Those before an error count; none comes after it.
pub fn pairs(text: &str) -> impl Iterator<Item = Result<Pair<'_>, FileError>> {
    let mut reader = Lines { rest: text, line: 0 };
    std::iter::from_fn(move || {
        let read = reader.pair();
        if let Some(Err(_)) = read {
            reader.rest = "";
        }
        read
    })
}

/// Only the variable that would change every action is refused, in any case, as by GitHub's runner. `GITHUB_*` and
/// `RUNNER_*` can be set and do nothing: those of the runner come after them.
pub fn check_variable(name: &str) -> Result<(), FileError> {
    if name.eq_ignore_ascii_case(BLOCKED_VARIABLE) { Err(FileError::Blocked) } else { Ok(()) }
}

/// The folders that `GITHUB_PATH` holds, in order; the last comes first in `PATH`.
pub fn paths(text: &str) -> impl Iterator<Item = &str> {
    text.split(['\r', '\n']).filter(|line| !line.is_empty())
}

/// A summary was longer than [`MOST_SUMMARY_BYTES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "$GITHUB_STEP_SUMMARY upload aborted, supports content up to a size of {}k, got {}k",
    MOST_SUMMARY_BYTES / 1024,
    .0 / 1024
)]
pub struct SummaryTooLarge(pub u64);

/// Whether a summary of so many bytes is taken.
pub fn check_summary(bytes: u64) -> Result<(), SummaryTooLarge> {
    if bytes > MOST_SUMMARY_BYTES as u64 { Err(SummaryTooLarge(bytes)) } else { Ok(()) }
}

/// Only `\n` ends a line here: a `\r` before it is of the line, as in GitHub's runner on Linux.
struct Lines<'a> {
    rest: &'a str,
    line: usize,
}

impl<'a> Lines<'a> {
    /// The next line and whether a line break ended it.
    fn next(&mut self) -> Option<(&'a str, bool)> {
        if self.rest.is_empty() {
            return None;
        }
        self.line += 1;
        let (line, rest, ended) = self
            .rest
            .split_once('\n')
            .map_or((self.rest, "", false), |(line, rest)| (line, rest, true));
        self.rest = rest;
        Some((line, ended))
    }

    fn pair(&mut self) -> Option<Result<Pair<'a>, FileError>> {
        let line = loop {
            let (line, _) = self.next()?;
            if !line.is_empty() {
                break line;
            }
        };
        Some(self.pair_of(line))
    }

    fn pair_of(&mut self, text: &'a str) -> Result<Pair<'a>, FileError> {
        let line = self.line;
        match (text.find('='), text.find("<<")) {
            (None, None) => Err(FileError::Format { line, text: text.to_owned() }),
            (None, Some(at)) => self.several_lines(text, at),
            (Some(equals), Some(at)) if at < equals => self.several_lines(text, at),
            (Some(0), _) => Err(FileError::EmptyName { line, text: text.to_owned() }),
            (Some(_), _) => {
                let (name, value) = text.split_once('=').unwrap_or((text, ""));
                Ok(Pair { name, value })
            }
        }
    }

    fn several_lines(&mut self, text: &'a str, at: usize) -> Result<Pair<'a>, FileError> {
        let line = self.line;
        let (name, delimiter) =
            (text.get(..at).unwrap_or_default(), text.get(at + 2..).unwrap_or_default());
        if name.is_empty() || delimiter.is_empty() {
            return Err(FileError::EmptyDelimiter { line, text: text.to_owned() });
        }
        let (value, mut length) = (self.rest, 0);
        while let Some((found, ended)) = self.next() {
            if found == delimiter {
                // The line break before the delimiter is not of the value.
                return Ok(Pair {
                    name,
                    value: value.get(..length.max(1) - 1).unwrap_or_default(),
                });
            }
            if !ended {
                return Err(FileError::NoLineEnd { line, delimiter: delimiter.to_owned() });
            }
            length += found.len() + 1;
        }
        Err(FileError::NoDelimiter { line, delimiter: delimiter.to_owned() })
    }
}
