use std::ops::Range;
use std::sync::Arc;

use aho_corasick::automaton::StateID;

use crate::masker::{MASK, Masker};
use crate::scan::Scanner;

/// Masks text that comes in pieces, whatever the pieces are: what comes out is the same as of the whole.
///
/// A byte goes out as soon as it can be no part of a secret, and never before. What is held back is shorter than
/// the longest secret. Positions count from the first byte that was fed.
#[derive(Debug)]
pub struct MaskStream {
    scanner: Option<Arc<Scanner>>,
    state: StateID,
    /// What came and did not go out yet.
    held: Vec<u8>,
    /// Where `held` begins.
    from: usize,
    /// The secrets in what is held, apart from each other, in order.
    found: Vec<Range<usize>>,
    /// Where the last mask that went out ends; a secret that touches it goes with it.
    masked_to: Option<usize>,
}

impl MaskStream {
    pub(crate) fn new(scanner: Option<Arc<Scanner>>) -> Self {
        let state = scanner.as_ref().map_or_else(StateID::default, |scanner| scanner.start());
        Self { scanner, state, held: Vec::new(), from: 0, found: Vec::new(), masked_to: None }
    }

    /// Takes a piece, and adds to `out` what is decided by it.
    pub fn feed(&mut self, piece: &[u8], out: &mut Vec<u8>) {
        let Some(scanner) = &self.scanner else {
            self.from += piece.len();
            return out.extend_from_slice(piece);
        };
        let offset = self.from + self.held.len();
        self.state = scanner.read(self.state, piece, offset, &mut self.found);
        let decided = offset + piece.len() - scanner.depth(self.state);
        self.held.extend_from_slice(piece);
        self.release(decided, out);
    }

    /// Nothing more comes: adds to `out` what was held back.
    pub fn finish(mut self, out: &mut Vec<u8>) {
        let end = self.from + self.held.len();
        self.release(end, out);
    }

    /// Masks by these secrets from here on, and in what is held back.
    pub fn renew(&mut self, masker: &Masker) {
        self.scanner = masker.scanner().cloned();
        let Some(scanner) = &self.scanner else { return };
        let mut found = Vec::new();
        self.state = scanner.read(scanner.start(), &self.held, self.from, &mut found);
        self.found = found;
    }

    /// Lets go of all before `decided`, where no secret can begin any more that is not found.
    fn release(&mut self, decided: usize, out: &mut Vec<u8>) {
        let held = std::mem::take(&mut self.held);
        let base = self.from;
        let piece = |range: Range<usize>| {
            held.get(range.start - base..range.end - base).unwrap_or_default()
        };
        let ready = self.found.iter().take_while(|range| range.start <= decided).count();
        for range in self.found.drain(..ready) {
            if self.masked_to.is_none_or(|end| end < range.start) {
                out.extend_from_slice(piece(self.from..range.start.max(self.from)));
                out.extend_from_slice(MASK.as_bytes());
            }
            self.from = range.end;
            self.masked_to = Some(range.end);
        }
        if self.from < decided {
            out.extend_from_slice(piece(self.from..decided));
            self.from = decided;
        }
        self.held = piece(self.from..base + held.len()).to_vec();
    }
}
