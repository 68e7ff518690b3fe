use std::io::{self, BufRead};

/// An object may be this long. It takes what a line may.
const LONGEST: usize = 4 * 1024 * 1024;

/// JSON objects that do not have a line each: those of an array, and those that are written over
/// several lines.
pub(crate) struct Values<R> {
    input: R,
    /// The line that is being read.
    line: u64,
    /// What is open of an object: brackets, and a text with what was escaped in it.
    depth: u32,
    quoted: bool,
    escaped: bool,
}

impl<R: BufRead> Values<R> {
    /// `lines_before` are those before the first byte of `input`.
    pub(crate) fn new(input: R, lines_before: u64) -> Self {
        Self { input, line: lines_before + 1, depth: 0, quoted: false, escaped: false }
    }

    /// Reads the next object into `text`; the line at which it begins, or none at the end.
    pub(crate) fn read(&mut self, text: &mut Vec<u8>) -> io::Result<Option<u64>> {
        (self.depth, self.quoted, self.escaped) = (0, false, false);
        let mut begin = self.line;
        loop {
            let bytes = self.input.fill_buf()?;
            if bytes.is_empty() {
                return Ok((!text.is_empty()).then_some(begin));
            }
            let (mut used, mut whole) = (0, false);
            for byte in bytes {
                used += 1;
                if text.is_empty() && is_between(*byte) {
                    self.line += u64::from(*byte == b'\n');
                    begin = self.line;
                    continue;
                }
                text.push(*byte);
                if is_end(*byte, &mut self.depth, &mut self.quoted, &mut self.escaped) {
                    whole = true;
                    break;
                }
                self.line += u64::from(*byte == b'\n');
            }
            self.input.consume(used);
            if whole {
                return Ok(Some(begin));
            }
            if text.len() > LONGEST {
                let message =
                    format!("an object is longer than {} MiB: this is no table", LONGEST >> 20);
                return Err(io::Error::new(io::ErrorKind::InvalidData, message));
            }
        }
    }
}

/// What stands between objects.
fn is_between(byte: u8) -> bool {
    byte.is_ascii_whitespace() || matches!(byte, b',' | b'[' | b']')
}

/// Whether an object ends with this byte, or what is none with its line.
fn is_end(byte: u8, depth: &mut u32, quoted: &mut bool, escaped: &mut bool) -> bool {
    match byte {
        _ if *escaped => *escaped = false,
        b'\\' if *quoted => *escaped = true,
        b'"' => *quoted = !*quoted,
        _ if *quoted => {}
        b'{' | b'[' => *depth += 1,
        b'}' | b']' => {
            *depth = depth.saturating_sub(1);
            return *depth == 0;
        }
        b'\n' => return *depth == 0,
        _ => {}
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: &[(u64, &str)]) {
        let mut values = Values::new(io::BufReader::with_capacity(3, text.as_bytes()), 0);
        let mut found = Vec::new();
        loop {
            let mut value = Vec::new();
            let Some(line) = values.read(&mut value).unwrap() else { break };
            found.push((line, String::from_utf8(value).unwrap()));
        }
        let found: Vec<_> = found.iter().map(|(line, text)| (*line, text.as_str())).collect();
        assert_eq!(found, expect, "{text}");
    }

    #[test]
    fn objects_are_found_wherever_they_are() {
        check("[{\"a\":1},{\"a\":[2]}]", &[(1, "{\"a\":1}"), (1, "{\"a\":[2]}")]);
        check("[\n{\"a\":\"]}\\\"\"},\n\n{}\n]\n", &[(2, "{\"a\":\"]}\\\"\"}"), (4, "{}")]);
        check("{\n\"a\":\n1\n}\n{\n}", &[(1, "{\n\"a\":\n1\n}"), (5, "{\n}")]);
        check("[1, 2]\n", &[(1, "1, 2]")]);
        check("{\"a\": 1", &[(1, "{\"a\": 1")]);
        check("", &[]);
    }

    #[test]
    fn an_object_without_end_is_given_up() {
        let mut input = Vec::from("{\"a\": \"");
        input.resize(LONGEST + 64 * 1024, b'x');
        let mut values = Values::new(io::BufReader::new(input.as_slice()), 0);
        let error = values.read(&mut Vec::new()).unwrap_err();
        assert!(error.to_string().contains("4 MiB"), "{error}");
    }
}
