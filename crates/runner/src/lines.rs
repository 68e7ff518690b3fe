/// How long a line of a log may be; the rest of one is left out. Longer ones are minified files and data that
/// was not meant to be read, and each is in memory as a whole.
pub const MOST_LINE_BYTES: usize = 1024 * 1024;

/// Finds the lines in what comes in pieces. `\n`, `\r\n` and `\r` end a line, as in GitHub's runner.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    /// The begin of a line whose end has not come.
    begun: Vec<u8>,
    /// Whether the line has more than was kept.
    cut: bool,
    /// Whether the last byte was `\r`, so that a `\n` ends nothing.
    carriage_returned: bool,
}

/// A line as it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Line<'a> {
    pub(crate) bytes: &'a [u8],
    /// Whether more of it was left out.
    pub(crate) cut: bool,
}

impl Lines {
    /// Takes a piece, and gives the lines that it ends.
    pub(crate) fn feed(&mut self, mut piece: &[u8], mut take: impl FnMut(Line<'_>)) {
        while let Some(at) = piece.iter().position(|byte| matches!(byte, b'\n' | b'\r')) {
            let (line, rest) = piece.split_at(at);
            let (end, behind) = rest.split_at(1);
            if end == b"\n" && self.carriage_returned && at == 0 {
                self.carriage_returned = false;
            } else {
                self.carriage_returned = end == b"\r";
                self.end(line, &mut take);
            }
            piece = behind;
        }
        if !piece.is_empty() {
            self.carriage_returned = false;
            self.keep(piece);
        }
    }

    /// Gives what stands behind the last line's end.
    pub(crate) fn finish(&mut self, mut take: impl FnMut(Line<'_>)) {
        if !self.begun.is_empty() {
            self.end(&[], &mut take);
        }
    }

    fn end(&mut self, line: &[u8], take: &mut impl FnMut(Line<'_>)) {
        if self.begun.is_empty() && line.len() <= MOST_LINE_BYTES {
            return take(Line { bytes: line, cut: false });
        }
        self.keep(line);
        take(Line { bytes: &self.begun, cut: self.cut });
        self.begun.clear();
        self.cut = false;
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = MOST_LINE_BYTES - self.begun.len();
        self.cut |= bytes.len() > room;
        self.begun.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pieces: &[&[u8]], expect: &[&str]) {
        let mut lines = Lines::default();
        let mut told = Vec::new();
        for piece in pieces {
            lines.feed(piece, |line| told.push(String::from_utf8(line.bytes.to_vec()).unwrap()));
        }
        lines.finish(|line| told.push(String::from_utf8(line.bytes.to_vec()).unwrap()));
        assert_eq!(told, expect);
    }

    #[test]
    fn any_end_ends_a_line() {
        check(&[b"a\nb\r\nc\rd"], &["a", "b", "c", "d"]);
        check(&[b"\n\n\r\r"], &["", "", "", ""]);
        check(&[b"a\n"], &["a"]);
        check(&[b""], &[]);
    }

    #[test]
    fn lines_come_in_any_pieces() {
        check(&[b"a", b"b\r", b"\nc", b"\n", b"d"], &["ab", "c", "d"]);
        check(&[b"a\r", b"\n", b"\nb"], &["a", "", "b"]);
        check(&[b"a\r", b"b\n"], &["a", "b"]);
    }

    #[test]
    fn the_rest_of_a_long_line_is_left_out() {
        let mut lines = Lines::default();
        let mut told = Vec::new();
        let long = vec![b'x'; MOST_LINE_BYTES + 1];
        for piece in [long.as_slice(), b"y\nshort\n", &long, b"\n"] {
            lines.feed(piece, |line| told.push((line.bytes.len(), line.cut)));
        }
        assert_eq!(told, [(MOST_LINE_BYTES, true), (5, false), (MOST_LINE_BYTES, true)]);
    }
}
