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

    /// Where `needle` begins for the `count`-th time (from 0) within `span`.
    pub(crate) fn find(&self, span: Span, needle: &str, count: usize) -> Option<Place> {
        let mut left = count;
        for line in span.start.line..=span.end.line {
            let text = self.line(line);
            let skip = if line == span.start.line { span.start.column as usize - 1 } else { 0 };
            let from = text.char_indices().nth(skip).map_or(text.len(), |(index, _)| index);
            let searched = text.get(from..).unwrap_or_default();
            for (index, _) in searched.match_indices(needle) {
                if left == 0 {
                    let before = text.get(..from + index).unwrap_or_default();
                    return Some(Place { line, column: small(before.chars().count() + 1) });
                }
                left -= 1;
            }
        }
        None
    }

    /// The place that is `count` characters after `start`, on one line or, beyond its end, at its end.
    pub(crate) fn after(&self, start: Place, count: usize) -> Place {
        let longest = small(self.line(start.line).chars().count() + 1);
        let column = start.column.saturating_add(small(count));
        Place { column: column.min(longest.max(start.column)), ..start }
    }
}

/// A number of lines or columns: files of at most 1 MiB have fewer than 2^32.
pub(crate) fn small(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
