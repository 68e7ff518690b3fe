use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::{Coverage, Ratio, Totals};

/// The lines that a change added or wrote anew, by file, from the root of the repository.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChangedLines {
    /// The lines of each file, from 1.
    pub files: BTreeMap<String, BTreeSet<u32>>,
}

/// What changed between what two runs covered.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CoverageComparison {
    /// The sums of the base; nothing where there is no base.
    pub base: Option<Totals>,
    /// Those of the head.
    pub head: Totals,
    /// Files whose share of covered lines fell, those with the most lines lost first.
    pub fell: Vec<FileChange>,
    /// What is covered of the changed lines; nothing where no change was given.
    pub changed: Option<ChangedCoverage>,
}

/// A file of which less is covered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FileChange {
    /// Its path, as the head has it.
    pub file: String,
    /// Its lines in the base.
    pub base: Ratio,
    /// Its lines in the head.
    pub head: Ratio,
}

/// What is covered of the lines that a change added or wrote anew.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChangedCoverage {
    /// Of those that can be run.
    pub lines: Ratio,
    /// Those that nothing ran, by file.
    pub missed: BTreeMap<String, Vec<LineRange>>,
    /// Files of the change of which the report says nothing, though it does of others of their kind.
    pub unknown: Vec<String>,
}

/// Lines one below the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LineRange {
    /// The first.
    pub first: u32,
    /// The last.
    pub last: u32,
}

/// By how many percentage points a share grew; nothing where one of them is of nothing.
pub fn points(base: Ratio, head: Ratio) -> Option<f64> {
    Some((head.share()? - base.share()?) * 100.0)
}

/// Compares what two runs covered.
pub(crate) fn compare_coverage(
    base: Option<&Coverage>,
    head: &Coverage,
    changed: Option<&ChangedLines>,
) -> CoverageComparison {
    CoverageComparison {
        base: base.map(Coverage::totals),
        head: head.totals(),
        fell: base.map(|base| fell(base, head)).unwrap_or_default(),
        changed: changed.map(|changed| covered(head, changed)),
    }
}

fn fell(base: &Coverage, head: &Coverage) -> Vec<FileChange> {
    let mut fell: Vec<_> = head
        .files
        .iter()
        .filter_map(|(file, own)| {
            // The very same path: a file found by its end alone may be another one.
            let base = base.files.get(file)?.totals().lines;
            let head = own.totals().lines;
            (points(base, head)? < 0.0).then(|| FileChange { file: file.clone(), base, head })
        })
        .collect();
    let lost = |own: &FileChange| {
        let missed = |ratio: Ratio| ratio.total - ratio.covered;
        missed(own.head).saturating_sub(missed(own.base))
    };
    fell.sort_by(|a, b| lost(b).cmp(&lost(a)).then_with(|| a.file.cmp(&b.file)));
    fell
}

fn covered(head: &Coverage, changed: &ChangedLines) -> ChangedCoverage {
    let mut all = ChangedCoverage::default();
    let languages: BTreeSet<_> = head.files.keys().map(|path| extension(path)).collect();
    for (path, lines) in &changed.files {
        let Some(file) = head.file(path) else {
            // Of a README no tool says anything.
            if languages.contains(extension(path)) {
                all.unknown.push(path.clone());
            }
            continue;
        };
        let mut missed = Vec::new();
        for line in lines {
            let Some(hits) = file.lines.get(line) else { continue };
            all.lines.count(*hits > 0);
            if *hits == 0 {
                extend(&mut missed, *line);
            }
        }
        if !missed.is_empty() {
            all.missed.insert(path.clone(), missed);
        }
    }
    all
}

fn extension(path: &str) -> &str {
    path.rsplit_once('.').map_or("", |(_, extension)| extension)
}

fn extend(ranges: &mut Vec<LineRange>, line: u32) {
    match ranges.last_mut() {
        Some(last) if last.last.checked_add(1) == Some(line) => last.last = line,
        _ => ranges.push(LineRange { first: line, last: line }),
    }
}
