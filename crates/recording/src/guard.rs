use std::io::{self, Read};

/// A line may be this long. A table of 10,000 columns takes a tenth of it; what is longer is no
/// table, and would be held whole in memory.
const LONGEST_LINE: u64 = 4 * 1024 * 1024;

/// So much of what was read last is kept, to say where in its line a cell is.
const KEPT: usize = 512 * 1024;

/// Bytes on their way to a reader of tables: bounds how long a line can be, and keeps the last of
/// them for the places of errors.
pub(crate) struct Guard<R> {
    input: R,
    /// What was read last.
    tail: Vec<u8>,
    /// How much was read before that.
    dropped: u64,
    /// Bytes since the last end of a line.
    line: u64,
    /// Whether there was an odd number of quotes.
    quoted: bool,
}

impl<R: Read> Guard<R> {
    pub(crate) fn new(input: R) -> Self {
        Self { input, tail: Vec::new(), dropped: 0, line: 0, quoted: false }
    }

    /// Whether a quote was opened and not closed, as far as quotes alone tell.
    pub(crate) fn is_quote_open(&self) -> bool {
        self.quoted
    }

    /// What was kept from the byte `at` on.
    fn since(&self, at: u64) -> Option<&[u8]> {
        self.tail.get(usize::try_from(at.checked_sub(self.dropped)?).ok()?..)
    }

    /// Where the cell `cell` of the record that begins at the byte `start` is: how many lines
    /// further down, and at which character of its line, from 1.
    pub(crate) fn place(&self, start: u64, cell: usize, delimiter: u8) -> (u64, u64) {
        let Some(bytes) = self.since(start) else { return (0, 1) };
        let (mut line, mut column, mut left) = (0, 1, cell);
        let mut quoted = false;
        let mut blank = true;
        for byte in bytes {
            match *byte {
                b'\r' | b'\n' if blank => line += u64::from(*byte == b'\n'),
                _ if left == 0 => break,
                b'"' => quoted = !quoted,
                b'\n' if quoted => (line, column) = (line + 1, 0),
                b'\r' | b'\n' if !quoted => break,
                byte if byte == delimiter && !quoted => left -= 1,
                _ => {}
            }
            if !matches!(*byte, b'\r' | b'\n') {
                blank = false;
            }
            // Of a character in UTF-8 the first byte alone counts.
            if !blank && *byte & 0xc0 != 0x80 {
                column += 1;
            }
        }
        (line, column)
    }

    /// Counts the bytes of the line that is being read.
    fn count(&mut self, read: &[u8]) -> io::Result<()> {
        let after = read.iter().rposition(|byte| *byte == b'\n');
        let length = after.map_or(read.len(), |at| read.len() - at - 1) as u64;
        self.line = if after.is_some() { length } else { self.line + length };
        if self.line <= LONGEST_LINE {
            return Ok(());
        }
        Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!("a line is longer than {} MiB: this is no table", LONGEST_LINE >> 20),
        ))
    }
}

impl<R: Read> Read for Guard<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(buffer)?;
        let read = buffer.get(..count).unwrap_or_default();
        self.count(read)?;
        for byte in read {
            self.quoted ^= *byte == b'"';
        }
        self.tail.extend_from_slice(read);
        if self.tail.len() > 2 * KEPT {
            let excess = self.tail.len() - KEPT;
            self.tail.drain(..excess);
            self.dropped += excess as u64;
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_found_behind_quotes_and_line_ends() {
        let text = "a,b,c\n\"x, \"\"y\"\"\",µ,3\r\n\r\n1,\"two\nlines\",4\n";
        let mut guard = Guard::new(text.as_bytes());
        let mut all = Vec::new();
        guard.read_to_end(&mut all).unwrap();
        let check = |start: u64, cell, expect| {
            assert_eq!(guard.place(start, cell, b','), expect, "{start} {cell}");
        };
        check(0, 0, (0, 1));
        check(0, 2, (0, 5));
        check(6, 1, (0, 12));
        check(6, 2, (0, 14));
        let third = text.find("\r\n\r\n").unwrap() as u64 + 2;
        check(third, 0, (1, 1));
        check(third, 1, (1, 3));
        check(third, 2, (2, 8));
    }

    #[test]
    fn a_line_without_end_is_given_up() {
        let mut guard = Guard::new(io::repeat(b'x'));
        let error = io::copy(&mut guard, &mut io::sink()).unwrap_err();
        assert!(error.to_string().contains("longer than 4 MiB"), "{error}");
        assert!(guard.tail.len() <= 2 * KEPT + 64 * 1024);
    }
}
