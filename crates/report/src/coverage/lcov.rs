use std::collections::BTreeMap;

use tidegate_evidence::{Coverage, FileCoverage, LONGEST_NAME, cut};

use super::Budget;
use crate::{
    error::{Problem, quoted},
    junit::path,
    number::count,
};

/// Reads a tracefile of LCOV, versions 1 and 2.
pub(crate) fn lcov(text: &str) -> Result<Coverage, Problem> {
    let mut coverage = Coverage::default();
    let mut open: Option<Record> = None;
    let mut budget = Budget::default();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if line == "end_of_record" {
            close(&mut coverage, open.take());
            continue;
        }
        let Some((key, value)) = line.split_once(':') else {
            let message = format!("{} is no record of LCOV", quoted(line));
            return Err(Problem::new(start, message, "records are written KEY:VALUE"));
        };
        if key == "SF" {
            close(&mut coverage, open.take());
            open = Some(Record::of(value));
            continue;
        }
        let Some(record) = open.as_mut() else {
            // Before the first file there is the name of a test, and whatever a version adds.
            continue;
        };
        if record.read(key, value).is_none() {
            let message = format!("{} is no {key} of LCOV", quoted(value));
            return Err(Problem::new(start + key.len() + 1, message, shape(key)));
        }
        budget.take(1, start)?;
    }
    if open.is_some() {
        let mend = "the tool did not get to the end: run it again";
        return Err(Problem::new(at, "the last file has no end_of_record", mend));
    }
    Ok(coverage)
}

fn close(coverage: &mut Coverage, record: Option<Record>) {
    if let Some(record) = record {
        coverage.files.entry(record.path).or_default().merge(&record.file);
    }
}

/// How a record is written.
fn shape(key: &str) -> &'static str {
    match key {
        "DA" => "write DA:LINE,HITS",
        "FN" => "write FN:LINE,NAME or FN:LINE,LAST,NAME",
        "FNDA" => "write FNDA:HITS,NAME",
        "FNL" => "write FNL:INDEX,LINE",
        "FNA" => "write FNA:INDEX,HITS,NAME",
        _ => "write BRDA:LINE,BLOCK,BRANCH,HITS",
    }
}

/// A file that is being read.
struct Record {
    path: String,
    file: FileCoverage,
    /// The lines of functions by their index, in LCOV 2.
    indexed: BTreeMap<String, u32>,
}

impl Record {
    fn of(text: &str) -> Self {
        Self { path: path(text), file: FileCoverage::default(), indexed: BTreeMap::new() }
    }

    /// Reads a record of the file; nothing when its value makes no sense. Sums (`LF`, `LH` and the like) are made
    /// anew, and records that LCOV does not have yet are left alone.
    fn read(&mut self, key: &str, value: &str) -> Option<()> {
        match key {
            "DA" => self.line(value),
            "BRDA" => self.branch(value),
            "FN" => {
                let (line, rest) = value.split_once(',')?;
                self.file.call(&name(behind_end(rest)), line.trim().parse().ok()?, 0);
                Some(())
            }
            "FNDA" => {
                let (hits, function) = value.split_once(',')?;
                self.file.call(&name(function), 0, count(hits)?);
                Some(())
            }
            "FNL" => {
                let mut parts = value.split(',');
                let index = parts.next()?.trim().to_owned();
                self.indexed.insert(index, parts.next()?.trim().parse().ok()?);
                Some(())
            }
            "FNA" => {
                let mut parts = value.splitn(3, ',');
                let line = self.indexed.get(parts.next()?.trim()).copied().unwrap_or(0);
                let hits = count(parts.next()?)?;
                self.file.call(&name(parts.next()?), line, hits);
                Some(())
            }
            _ => Some(()),
        }
    }

    fn line(&mut self, value: &str) -> Option<()> {
        let mut parts = value.split(',');
        let line: u32 = parts.next()?.trim().parse().ok()?;
        let hits = count(parts.next()?)?;
        // gcov has a line 0 for what the compiler made up.
        if line > 0 {
            self.file.hit(line, hits);
        }
        Some(())
    }

    fn branch(&mut self, value: &str) -> Option<()> {
        let (line, rest) = value.split_once(',')?;
        let (named, hits) = rest.rsplit_once(',')?;
        let line: u32 = line.trim().parse().ok()?;
        // A dash is a branch of what never ran.
        let hits = if hits.trim() == "-" { 0 } else { count(hits)? };
        let taken = &mut self.file.branches.entry(line).or_default().taken;
        let sum = taken.entry(name(named)).or_default();
        *sum = sum.saturating_add(hits);
        Some(())
    }
}

/// The name behind the number of a last line, which LCOV 2 has before it.
fn behind_end(rest: &str) -> &str {
    match rest.split_once(',') {
        Some((last, name))
            if !last.is_empty() && last.bytes().all(|byte| byte.is_ascii_digit()) =>
        {
            name
        }
        _ => rest,
    }
}

fn name(text: &str) -> String {
    cut(text.trim(), LONGEST_NAME)
}
