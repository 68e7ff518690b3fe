//! Where in a text a JSON pointer leads.

/// The line and column, from 1, of the value that a pointer leads to; of the last value on the way where it leads
/// nowhere. The text is JSON.
pub(crate) fn locate(text: &str, pointer: &str) -> (usize, usize) {
    let mut scanner = Scanner { bytes: text.as_bytes(), at: 0 };
    scanner.space();
    for part in pointer.split('/').skip(1) {
        let part = part.replace("~1", "/").replace("~0", "~");
        let before = scanner.at;
        if scanner.enter(&part).is_none() {
            scanner.at = before;
            break;
        }
    }
    line_and_column(text, scanner.at)
}

fn line_and_column(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    let begin = before.rfind('\n').map_or(0, |newline| newline + 1);
    (line, before.get(begin..).unwrap_or_default().chars().count() + 1)
}

struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Scanner<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn space(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    /// To a key's value, or an item, of the value that begins here.
    fn enter(&mut self, part: &str) -> Option<()> {
        let is_object = self.peek()? == b'{';
        if !is_object && self.peek()? != b'[' {
            return None;
        }
        self.at += 1;
        let mut index = 0;
        loop {
            self.space();
            if matches!(self.peek()?, b'}' | b']') {
                return None;
            }
            let is_it = if is_object { self.key()? == part } else { part.parse() == Ok(index) };
            self.space();
            if is_it {
                return Some(());
            }
            self.skip()?;
            self.space();
            if self.peek()? == b',' {
                self.at += 1;
            }
            index += 1;
        }
    }

    /// A key, and the colon after it.
    fn key(&mut self) -> Option<String> {
        let begin = self.at;
        self.skip()?;
        let text = self.bytes.get(begin..self.at)?;
        self.space();
        self.at += 1;
        serde_json::from_slice(text).ok()
    }

    /// Over the value that begins here.
    fn skip(&mut self) -> Option<()> {
        let mut depth = 0usize;
        loop {
            match self.peek()? {
                b'"' => self.string()?,
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                }
                b'}' | b']' => {
                    depth = depth.checked_sub(1)?;
                    self.at += 1;
                }
                b',' | b':' => self.at += 1,
                byte if byte.is_ascii_whitespace() => self.at += 1,
                _ => self.word(),
            }
            if depth == 0 {
                return Some(());
            }
        }
    }

    fn string(&mut self) -> Option<()> {
        self.at += 1;
        loop {
            match self.peek()? {
                b'\\' => self.at += 2,
                b'"' => {
                    self.at += 1;
                    return Some(());
                }
                _ => self.at += 1,
            }
        }
    }

    fn word(&mut self) {
        let ends = |byte: u8| byte.is_ascii_whitespace() || b",:{}[]\"".contains(&byte);
        while self.peek().is_some_and(|byte| !ends(byte)) {
            self.at += 1;
        }
    }
}
