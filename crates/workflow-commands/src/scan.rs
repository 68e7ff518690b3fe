use std::ops::Range;

use aho_corasick::automaton::{Automaton, StateID};
use aho_corasick::nfa::contiguous::NFA;
use aho_corasick::{Anchored, BuildError, MatchKind};

/// All patterns at once, byte by byte: which of them end here, and how much of one may have begun.
#[derive(Debug)]
pub(crate) struct Scanner {
    machine: NFA,
    start: StateID,
    /// By state: how many of the last bytes may be the begin of a pattern.
    depths: Vec<u32>,
    /// By byte: whether a pattern begins with it.
    begins: [bool; 256],
}

impl Scanner {
    pub(crate) fn new<'a>(
        patterns: impl Iterator<Item = &'a str> + Clone,
    ) -> Result<Self, BuildError> {
        let machine = NFA::builder()
            .match_kind(MatchKind::Standard)
            .prefilter(false)
            .build(patterns.clone())?;
        let start = machine.start_state(Anchored::No).unwrap_or_default();
        let mut scanner = Self { machine, start, depths: Vec::new(), begins: [false; 256] };
        patterns.for_each(|pattern| scanner.measure(pattern));
        Ok(scanner)
    }

    /// A pattern's own bytes lead from the start to the states of its beginnings, in turn.
    fn measure(&mut self, pattern: &str) {
        let mut state = self.start;
        for (before, byte) in (1..).zip(pattern.bytes()) {
            state = self.step(state, byte);
            let at = state.as_usize();
            if self.depths.len() <= at {
                self.depths.resize(at + 1, 0);
            }
            if let Some(depth) = self.depths.get_mut(at) {
                *depth = before;
            }
        }
        if let Some(begin) =
            pattern.bytes().next().and_then(|byte| self.begins.get_mut(usize::from(byte)))
        {
            *begin = true;
        }
    }

    pub(crate) fn start(&self) -> StateID {
        self.start
    }

    fn step(&self, state: StateID, byte: u8) -> StateID {
        self.machine.next_state(Anchored::No, state, byte)
    }

    /// How many of the bytes read last may be the begin of a pattern.
    pub(crate) fn depth(&self, state: StateID) -> usize {
        self.depths.get(state.as_usize()).map_or(0, |depth| *depth as usize)
    }

    /// Reads bytes, the first of which is at `offset`, and adds the ranges of all patterns that end in them.
    pub(crate) fn read(
        &self,
        mut state: StateID,
        bytes: &[u8],
        offset: usize,
        found: &mut Vec<Range<usize>>,
    ) -> StateID {
        for (end, byte) in (offset + 1..).zip(bytes) {
            if state == self.start
                && !self.begins.get(usize::from(*byte)).is_some_and(|begins| *begins)
            {
                continue;
            }
            state = self.step(state, *byte);
            if self.machine.is_match(state) {
                add(found, end - self.longest(state)..end);
            }
        }
        state
    }

    fn longest(&self, state: StateID) -> usize {
        let lengths = (0..self.machine.match_len(state))
            .map(|index| self.machine.pattern_len(self.machine.match_pattern(state, index)));
        lengths.max().unwrap_or(0)
    }
}

/// Ranges come in the order of their ends; one that touches those before it becomes one with them.
fn add(found: &mut Vec<Range<usize>>, mut range: Range<usize>) {
    while let Some(last) = found.pop_if(|last| last.end >= range.start) {
        range.start = range.start.min(last.start);
    }
    found.push(range);
}
