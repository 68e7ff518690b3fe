//! The outputs of a container as the engine sends them: frames of a kind and a length.

use bytes::{Buf as _, Bytes, BytesMut};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;

/// A frame begins with its kind, three zeros, and its length as a big-endian number.
const HEADER: usize = 8;

/// A time and the blank after it, at the beginning of a frame, are never longer.
const HEAD: usize = 64;

/// A piece of a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    /// Whether the frame begins with it; then at least `HEAD` bytes of it are here, or all.
    pub(crate) begins: bool,
    pub(crate) bytes: Bytes,
}

/// Takes frames apart. Holds no more than the engine sent at once.
#[derive(Debug, Default)]
pub(crate) struct Splitter {
    buffer: BytesMut,
    /// How much of the current frame is to come.
    left: usize,
    begins: bool,
}

impl Splitter {
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next piece, if enough of it is here.
    pub(crate) fn next(&mut self) -> Option<Piece> {
        while self.left == 0 {
            let header = self.buffer.get(..HEADER)?;
            let length = header.get(4..)?.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
            self.buffer.advance(HEADER);
            self.left = length;
            self.begins = true;
        }
        let here = self.buffer.len().min(self.left);
        if here == 0 || (self.begins && here < self.left.min(HEAD)) {
            return None;
        }
        self.left -= here;
        let begins = std::mem::take(&mut self.begins);
        Some(Piece { begins, bytes: self.buffer.split_to(here).freeze() })
    }
}

/// What an answer sends next; nothing when it has ended or broke off.
pub(crate) async fn chunk(body: &mut Incoming) -> Option<Bytes> {
    loop {
        if let Ok(bytes) = body.frame().await?.ok()?.into_data() {
            return Some(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(text: &str) -> Vec<u8> {
        let length = u32::try_from(text.len()).unwrap().to_be_bytes();
        [&[1, 0, 0, 0], length.as_slice(), text.as_bytes()].concat()
    }

    #[test]
    fn frames_are_put_together_however_they_arrive() {
        let long = "x".repeat(200);
        let stream = [frame("one\n"), frame(""), frame(&long), frame("end")].concat();
        for step in [1, 3, 7, 64, 1000] {
            let mut splitter = Splitter::default();
            let mut frames: Vec<String> = Vec::new();
            for part in stream.chunks(step) {
                splitter.push(part);
                while let Some(piece) = splitter.next() {
                    let text = std::str::from_utf8(&piece.bytes).unwrap();
                    if piece.begins {
                        assert!(text.len() >= HEAD || text.len() < 10, "{step}: {text}");
                        frames.push(String::new());
                    }
                    frames.last_mut().unwrap().push_str(text);
                }
            }
            assert_eq!(frames, ["one\n", &long, "end"], "{step}");
        }
    }
}
