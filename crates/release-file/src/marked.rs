//! Lines that bear one of release-please's marks, in files of any kind.

use std::ops::Range;

use crate::{NewVersions, edit::Edit};

/// What a mark stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mark {
    Version,
    Major,
    Minor,
    Patch,
    Date,
    VersionDate,
}

/// As they stand behind `x-release-please-`: the longer before those that they begin with.
const MARKS: [(&str, Mark); 6] = [
    ("version-date", Mark::VersionDate),
    ("version", Mark::Version),
    ("major", Mark::Major),
    ("minor", Mark::Minor),
    ("patch", Mark::Patch),
    ("date", Mark::Date),
];
const PREFIX: &str = "x-release-please-";

/// Whether a file has a mark at all.
pub(crate) fn is_marked(text: &str) -> bool {
    text.contains(PREFIX)
}

/// The first version in a marked line.
pub(crate) fn version(text: &str) -> Option<Range<usize>> {
    places(text).into_iter().find_map(|(mark, at)| {
        let here = matches!(mark, Mark::Version | Mark::VersionDate);
        here.then(|| number_in(text, at)).flatten()
    })
}

/// What stands in each marked line.
pub(crate) fn edits(text: &str, new: &NewVersions<'_>) -> Vec<Edit> {
    places(text).into_iter().flat_map(|(mark, at)| edits_in(text, mark, &at, new)).collect()
}

fn edits_in(text: &str, mark: Mark, line: &Range<usize>, new: &NewVersions<'_>) -> Vec<Edit> {
    let Some(version) = new.version else { return Vec::new() };
    let number =
        |at: Option<Range<usize>>, number: u64| at.map(|at| Edit::new(at, number.to_string()));
    let whole = || number_in(text, line.clone()).map(|at| Edit::new(at, version.to_string()));
    let day = || day_in(text, line.clone()).map(|at| Edit::new(at, new.day));
    let edits = match mark {
        Mark::Version => [whole(), None],
        Mark::Major => [number(digits_in(text, line.clone()), version.major), None],
        Mark::Minor => [number(digits_in(text, line.clone()), version.minor), None],
        Mark::Patch => [number(digits_in(text, line.clone()), version.patch), None],
        Mark::Date => [day(), None],
        Mark::VersionDate => [whole(), day()],
    };
    edits.into_iter().flatten().collect()
}

/// The lines that bear a mark or are in a block of one, and which.
fn places(text: &str) -> Vec<(Mark, Range<usize>)> {
    let mut found = Vec::new();
    let mut block = None;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let range = at..at + line.len();
        at = range.end;
        let marks: Vec<_> = line.split(PREFIX).skip(1).collect();
        if let Some(mark) = marks.iter().find_map(|rest| mark_of(rest)) {
            found.push((mark, range));
        } else if let Some(mark) = block {
            found.push((mark, range));
            if marks.iter().any(|rest| rest.starts_with("end")) {
                block = None;
            }
        } else {
            block = marks.iter().find_map(|rest| mark_of(rest.strip_prefix("start-")?));
        }
    }
    found
}

fn mark_of(text: &str) -> Option<Mark> {
    MARKS.iter().find(|(name, _)| text.starts_with(name)).map(|(_, mark)| *mark)
}

/// The first `1.2.3` of a piece, with what may follow it.
fn number_in(text: &str, at: Range<usize>) -> Option<Range<usize>> {
    let piece = text.get(at.clone())?;
    let starts = piece.char_indices().filter(|(here, c)| {
        let before = piece.get(..*here).and_then(|before| before.chars().last());
        c.is_ascii_digit() && before.is_none_or(|c| !c.is_ascii_digit() && c != '.')
    });
    starts.map(|(here, _)| here).find_map(|here| {
        let rest = piece.get(here..)?;
        let end = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || "+-._".contains(c)))
            .unwrap_or(rest.len());
        // The longest piece that is a version: a dot or dash after it belongs to the sentence.
        (5..=end)
            .rev()
            .find(|end| rest.get(..*end).is_some_and(|word| semver::Version::parse(word).is_ok()))
            .map(|end| at.start + here..at.start + here + end)
    })
}

/// The first number of a piece that is no part of a word.
fn digits_in(text: &str, at: Range<usize>) -> Option<Range<usize>> {
    let piece = text.get(at.clone())?;
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut from = 0;
    while let Some(found) = piece.get(from..)?.find(|c: char| c.is_ascii_digit()) {
        let begin = from + found;
        let rest = piece.get(begin..)?;
        let end = begin + rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let before = piece.get(..begin)?.chars().last();
        let after = piece.get(end..)?.chars().next();
        if !before.is_some_and(is_word) && !after.is_some_and(is_word) {
            return Some(at.start + begin..at.start + end);
        }
        from = end;
    }
    None
}

/// The first `2026-01-31` of a piece.
fn day_in(text: &str, at: Range<usize>) -> Option<Range<usize>> {
    let piece = text.get(at.clone())?;
    let fits = |word: &str| {
        word.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        })
    };
    let starts = piece.char_indices().map(|(here, _)| here);
    let found = starts.filter(|here| piece.get(*here..here + 10).is_some_and(fits)).min()?;
    Some(at.start + found..at.start + found + 10)
}
