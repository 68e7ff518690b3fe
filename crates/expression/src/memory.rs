//! How much memory an expression takes, counted as GitHub counts it.

use crate::{Value, text};

/// Bytes for an expression where GitHub's language sets no other limit: 1 MiB.
pub const MEMORY: usize = 1024 * 1024;
/// Bytes for an expression of a job that runs: the runner lets its templates have 10 MiB, and the events that
/// people print with `toJSON(github)` can be larger than [`MEMORY`].
pub const JOB_MEMORY: usize = 10 * MEMORY;

/// What a value costs that is not text: GitHub's figure for a small object of .NET.
const OBJECT: usize = 24;
/// What a text costs beside its characters, of two bytes each.
const TEXT: usize = 26;
/// What an item of an array costs beside what it holds.
pub(crate) const ITEM: usize = 8;

/// Memory that is used at each level of an expression while it is evaluated.
pub(crate) struct Memory {
    most: usize,
    total: usize,
    levels: Vec<usize>,
}

/// More was needed than is allowed.
pub(crate) struct Exceeded;

impl Memory {
    pub(crate) fn new(most: usize) -> Self {
        Self { most, total: 0, levels: Vec::new() }
    }

    /// Takes what `value`, the result of a part at that level, costs. What its parts needed is free again when it
    /// cannot hold on to any of it.
    pub(crate) fn take(&mut self, level: usize, value: &Value, own: usize) -> Result<(), Exceeded> {
        let keep = if value.is_primitive() { level + 1 } else { self.levels.len() };
        while self.levels.len() > keep {
            self.total -= self.levels.pop().unwrap_or_default();
        }
        if self.levels.len() <= level {
            self.levels.resize(level + 1, 0);
        }
        let bytes = own + cost(value);
        if let Some(used) = self.levels.get_mut(level) {
            *used += bytes;
        }
        self.total += bytes;
        if self.total > self.most { Err(Exceeded) } else { Ok(()) }
    }

    /// A counter for what a function makes.
    pub(crate) fn counter(&self) -> Counter {
        Counter { left: self.most }
    }
}

fn cost(value: &Value) -> usize {
    match value {
        Value::Text(text) => TEXT + 2 * text::length(text),
        _ => OBJECT,
    }
}

/// Memory that a single result may take.
#[derive(Clone, Copy)]
pub(crate) struct Counter {
    left: usize,
}

impl Counter {
    pub(crate) fn endless() -> Self {
        Self { left: usize::MAX }
    }

    pub(crate) fn text(&mut self, text: &str) -> Result<(), Exceeded> {
        self.bytes(TEXT + 2 * text::length(text))
    }

    pub(crate) fn bytes(&mut self, bytes: usize) -> Result<(), Exceeded> {
        self.left = self.left.checked_sub(bytes).ok_or(Exceeded)?;
        Ok(())
    }
}
