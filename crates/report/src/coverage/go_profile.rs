use tidegate_evidence::{Coverage, FileCoverage};

use super::Budget;
use crate::{
    error::{Problem, quoted},
    junit::path,
    number::count,
};

/// A block of a Go profile may have so many lines: the longest functions that people write by hand have
/// a thousand or two; those of generated tables some ten thousands.
const LONGEST_BLOCK: u32 = 100_000;

/// Reads what `go test -coverprofile` writes: statements in blocks. A line counts as often as the most that a block on
/// it was run.
pub(crate) fn go_profile(text: &str) -> Result<Coverage, Problem> {
    let mut coverage = Coverage::default();
    let mut budget = Budget::default();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        let line = line.trim();
        // Profiles are put together by writing one behind the other.
        if line.is_empty() || line.starts_with("mode:") {
            continue;
        }
        let Some((file, (first, last), hits)) = block(line) else {
            let message = format!("{} is no block of a Go profile", quoted(line));
            return Err(Problem::new(
                start,
                message,
                "write FILE:LINE.COLUMN,LINE.COLUMN STATEMENTS HITS",
            ));
        };
        budget.take((last - first) as usize + 1, start)?;
        take(coverage.files.entry(path(file)).or_default(), first, last, hits);
    }
    Ok(coverage)
}

fn take(file: &mut FileCoverage, first: u32, last: u32, hits: u64) {
    for line in first..=last {
        let own = file.lines.entry(line).or_default();
        *own = (*own).max(hits);
    }
}

/// The file, the lines and the count of `a/b.go:1.2,3.4 5 6`. A block that ends at a first column ends on the line
/// before.
fn block(line: &str) -> Option<(&str, (u32, u32), u64)> {
    let (file, rest) = line.rsplit_once(':')?;
    let mut parts = rest.split(' ');
    let (from, to) = parts.next()?.split_once(',')?;
    let _statements: u64 = parts.next()?.parse().ok()?;
    let hits = count(parts.next()?)?;
    let (first, _) = from.split_once('.')?;
    let (last, _) = to.split_once('.')?;
    let (first, last): (u32, u32) = (first.parse().ok()?, last.parse().ok()?);
    let fits = first > 0 && first <= last && last - first < LONGEST_BLOCK;
    fits.then_some((file, (first, last), hits))
}
