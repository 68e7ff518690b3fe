/// Digits of a chunk's size: 2^60 bytes are more than any answer has.
const SIZE_DIGITS: u8 = 15;
/// Bytes of chunk extensions in one line, and of all trailers: as much as nginx takes for a line.
const LINE_BYTES: u32 = 8 * 1024;

/// Finds the end of a body in chunks (RFC 9112, section 7.1) without changing or holding a byte.
///
/// Strict, so that router and receiver cannot disagree on where the body ends: lines end with
/// CRLF, sizes are hexadecimal digits only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Chunks {
    at: At,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    /// In a size of which so many digits were read.
    Size { size: u64, digits: u8 },
    /// In the blanks after a size, which no other digit may follow.
    Space { size: u64, read: u32 },
    /// In what follows a size in its line.
    Extension { size: u64, read: u32 },
    /// After the CR of a size's line.
    SizeEnd { size: u64 },
    /// In data of which so many bytes are left.
    Data { left: u64 },
    /// After the data of a chunk.
    DataEnd,
    /// After the CR that follows the data.
    DataEndLine,
    /// At the start of a line after the last chunk.
    TrailerStart { read: u32 },
    /// Within such a line.
    Trailer { read: u32 },
    /// After the CR of such a line.
    TrailerLine { read: u32 },
    /// After the CR of the empty line.
    Last,
    /// After everything.
    End,
}

/// Bytes that are no body in chunks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the body is not in chunks as it says")]
pub(crate) struct NotChunked;

impl Chunks {
    /// Before the first byte of the body.
    pub(crate) const fn new() -> Self {
        Self { at: At::Size { size: 0, digits: 0 } }
    }

    /// Whether the body has ended.
    pub(crate) fn is_at_end(self) -> bool {
        self.at == At::End
    }

    /// Goes on through `bytes`. Says how many of them belong to the body: all of them, unless it
    /// ends within.
    pub(crate) fn scan(&mut self, bytes: &[u8]) -> Result<usize, NotChunked> {
        let mut index = 0;
        while let Some(&byte) = bytes.get(index) {
            self.at = match self.at {
                At::Data { left } => {
                    let here = left.min((bytes.len() - index) as u64);
                    index += usize::try_from(here).unwrap_or(usize::MAX);
                    self.at = data(left - here);
                    continue;
                }
                At::End => return Ok(index),
                at => at.step(byte).ok_or(NotChunked)?,
            };
            index += 1;
        }
        Ok(index)
    }
}

fn data(left: u64) -> At {
    if left == 0 { At::DataEnd } else { At::Data { left } }
}

impl At {
    fn step(self, byte: u8) -> Option<Self> {
        match (self, byte) {
            (
                Self::Size { digits: 1.., size }
                | Self::Space { size, .. }
                | Self::Extension { size, .. },
                b'\r',
            ) => Some(Self::SizeEnd { size }),
            (Self::Size { digits: 1.., size }, b' ' | b'\t') => Some(Self::Space { size, read: 0 }),
            (Self::Space { size, read }, b' ' | b'\t') if read < LINE_BYTES => {
                Some(Self::Space { size, read: read + 1 })
            }
            (Self::Size { digits: 1.., size } | Self::Space { size, .. }, b';') => {
                Some(Self::Extension { size, read: 0 })
            }
            (Self::Size { size, digits }, _) if digits < SIZE_DIGITS => {
                let digit = char::from(byte).to_digit(16)?;
                let size = size * 16 + u64::from(digit);
                Some(Self::Size { size, digits: digits + 1 })
            }
            (Self::Extension { size, read }, 9 | 32..=126 | 128..) if read < LINE_BYTES => {
                Some(Self::Extension { size, read: read + 1 })
            }
            (Self::SizeEnd { size: 0 }, b'\n') => Some(Self::TrailerStart { read: 0 }),
            (Self::SizeEnd { size }, b'\n') => Some(Self::Data { left: size }),
            (Self::DataEnd, b'\r') => Some(Self::DataEndLine),
            (Self::DataEndLine, b'\n') => Some(Self::Size { size: 0, digits: 0 }),
            (Self::TrailerStart { .. }, b'\r') => Some(Self::Last),
            (Self::Trailer { read }, b'\r') => Some(Self::TrailerLine { read }),
            (Self::TrailerStart { read } | Self::Trailer { read }, 9 | 32..=126 | 128..)
                if read < LINE_BYTES =>
            {
                Some(Self::Trailer { read: read + 1 })
            }
            (Self::TrailerLine { read }, b'\n') => Some(Self::TrailerStart { read }),
            (Self::Last, b'\n') => Some(Self::End),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many bytes belong to the body, however the bytes are split; none when it has no end.
    fn check(text: &str, expect: Result<Option<usize>, NotChunked>) {
        for split in 0..=text.len() {
            let mut chunks = Chunks::new();
            let (first, second) = text.as_bytes().split_at(split);
            let found = chunks.scan(first).and_then(|one| {
                if chunks.is_at_end() { Ok(one) } else { chunks.scan(second).map(|two| one + two) }
            });
            let found = found.map(|length| chunks.is_at_end().then_some(length));
            assert_eq!(found, expect, "{text:?} split at {split}");
        }
    }

    #[test]
    fn the_end_is_found_wherever_the_bytes_are_split() {
        check("0\r\n\r\n", Ok(Some(5)));
        check("5\r\nhello\r\n0\r\n\r\n", Ok(Some(15)));
        check("1\r\na\r\nA;name=value\r\n0123456789\r\n0\r\n\r\nGET /", Ok(Some(37)));
        check("0\r\nx-sum: 1\r\nb: 2\r\n\r\n", Ok(Some(21)));
        check("000\r\n\r\n", Ok(Some(7)));
        check("5 \r\nhello\r\n0\r\n\r\n", Ok(Some(16)));
        check("5\r\nhello\r\n0\r\n", Ok(None));
    }

    #[test]
    fn what_is_not_strictly_chunks_is_refused() {
        for text in [
            "\r\n",
            "x\r\n",
            "+5\r\nhello\r\n0\r\n\r\n",
            "0x5\r\nhello\r\n",
            "5\nhello\r\n",
            "5\r\nhelloX",
            "5\r\nhello\n0",
            "5;a\nb\r\nhello",
            "5 5\r\nhello",
            "1234567890abcdef0\r\n",
            "0\r\na: b\n",
        ] {
            check(text, Err(NotChunked));
        }
        check(&format!("5;{}\r\n", "a".repeat(8200)), Err(NotChunked));
    }
}
