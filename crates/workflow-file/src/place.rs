use serde::Serialize;

/// A place in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Place {
    /// The line, from 1.
    pub line: u32,
    /// The column in characters, from 1.
    pub column: u32,
}

impl Place {
    /// Where a file begins.
    pub const START: Self = Self { line: 1, column: 1 };
}

/// From a place up to another, which is not part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Span {
    /// Where it begins.
    pub start: Place,
    /// Where it has ended.
    pub end: Place,
}

impl Span {
    /// A span of one character.
    pub fn at(start: Place) -> Self {
        Self { start, end: Place { column: start.column.saturating_add(1), ..start } }
    }
}

/// The lines of a text, to find places in them.
pub(crate) struct Lines<'t> {
    lines: Vec<&'t str>,
}

impl<'t> Lines<'t> {
    pub(crate) fn of(text: &'t str) -> Self {
        let lines = text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line)).collect();
        Self { lines }
    }

    /// A line, from 1; empty where there is none.
    pub(crate) fn line(&self, number: u32) -> &'t str {
        (number as usize)
            .checked_sub(1)
            .and_then(|index| self.lines.get(index))
            .copied()
            .unwrap_or_default()
    }

    /// Where `needle` begins within `span`, each time, in the order of the file.
    pub(crate) fn all(&self, span: Span, needle: &str) -> Vec<Place> {
        let mut found = Vec::new();
        for line in span.start.line..=span.end.line {
            let text = self.line(line);
            let skip = if line == span.start.line { span.start.column as usize - 1 } else { 0 };
            let from = text.char_indices().nth(skip).map_or(text.len(), |(index, _)| index);
            let (mut column, mut counted) = (skip + 1, from);
            for (index, _) in text.get(from..).unwrap_or_default().match_indices(needle) {
                // Only what is between two of them is counted: a line may have very many.
                column += text.get(counted..from + index).unwrap_or_default().chars().count();
                counted = from + index;
                found.push(Place { line, column: small(column) });
            }
        }
        found
    }
}

impl Place {
    /// The place that is `count` characters further on the same line.
    pub(crate) fn after(self, count: usize) -> Self {
        Self { column: self.column.saturating_add(small(count)), ..self }
    }
}

/// A number of lines or columns: files of at most 1 MiB have fewer than 2^32.
pub(crate) fn small(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
