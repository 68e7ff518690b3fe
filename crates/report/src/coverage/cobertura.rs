use std::collections::BTreeMap;

use tidegate_evidence::{Coverage, FileCoverage, LONGEST_NAME, Ratio, cut};

use super::Budget;
use crate::{
    error::{Problem, quoted},
    junit::path,
    number::count,
    xml::{Tag, Xml},
};

/// Reads Cobertura's XML behind its root `coverage`, as Cobertura, coverage.py, gcovr, coverlet, Istanbul and others write it.
pub(crate) fn cobertura(xml: &mut Xml<'_>) -> Result<Coverage, Problem> {
    let mut coverage = Coverage::default();
    let mut budget = Budget::default();
    // coverage > packages > package > classes > class, and in some reports package by itself.
    let mut depth = 0;
    loop {
        let Some(tag) = xml.child()? else {
            if depth == 0 {
                return Ok(coverage);
            }
            depth -= 1;
            continue;
        };
        match tag.name.as_str() {
            "packages" | "package" | "classes" => depth += 1,
            "class" => {
                let name = path(tag.need("filename")?);
                let class = class_of(xml, &tag, &mut budget)?;
                merge(coverage.files.entry(name).or_default(), class);
            }
            _ => xml.skip()?,
        }
    }
}

/// Adds a class to its file. Classes within classes tell of some lines again, so that hits do not add up within one report.
fn merge(file: &mut FileCoverage, class: FileCoverage) {
    for (line, hits) in class.lines {
        let own = file.lines.entry(line).or_default();
        *own = (*own).max(hits);
    }
    for (line, branches) in class.branches {
        let own = file.branches.entry(line).or_default();
        if branches.counted.covered >= own.counted.covered {
            *own = branches;
        }
    }
    file.functions.extend(class.functions);
}

fn class_of(xml: &mut Xml<'_>, tag: &Tag, budget: &mut Budget) -> Result<FileCoverage, Problem> {
    let class = tag.get("name").unwrap_or_default();
    let mut file = FileCoverage::default();
    while let Some(child) = xml.child()? {
        match child.name.as_str() {
            "methods" => methods_of(xml, class, &mut file, budget)?,
            "lines" => lines_of(xml, &mut file, budget)?,
            _ => xml.skip()?,
        }
    }
    Ok(file)
}

/// Methods are called as often as their first lines.
fn methods_of(
    xml: &mut Xml<'_>,
    class: &str,
    file: &mut FileCoverage,
    budget: &mut Budget,
) -> Result<(), Problem> {
    while let Some(tag) = xml.child()? {
        if tag.name != "method" {
            xml.skip()?;
            continue;
        }
        let own = tag.get("name").unwrap_or_default();
        let signature = tag.get("signature").unwrap_or_default();
        let mut lines = FileCoverage::default();
        while let Some(child) = xml.child()? {
            match child.name.as_str() {
                "lines" => lines_of(xml, &mut lines, budget)?,
                _ => xml.skip()?,
            }
        }
        let first = lines.lines.first_key_value().map_or((0, 0), |(line, hits)| (*line, *hits));
        budget.take(1, tag.at)?;
        let name = cut(&format!("{class}.{own}{signature}"), LONGEST_NAME);
        file.call(&name, first.0, first.1);
    }
    Ok(())
}

/// The lines of a list. gcovr tells a line once for each function that is on it: it was run as often as the
/// most of them, and has the branches of all.
fn lines_of(
    xml: &mut Xml<'_>,
    file: &mut FileCoverage,
    budget: &mut Budget,
) -> Result<(), Problem> {
    let mut seen: BTreeMap<u32, (u64, Option<Ratio>)> = BTreeMap::new();
    while let Some(tag) = xml.child()? {
        if tag.name == "line" {
            budget.take(1, tag.at)?;
            let (number, hits, counted) = line_of(&tag)?;
            let own = seen.entry(number).or_default();
            own.0 = own.0.max(hits);
            own.1 = match (own.1, counted) {
                (Some(own), Some(more)) => Some(own.plus(more)),
                (own, more) => own.or(more),
            };
        }
        xml.skip()?;
    }
    seen.remove(&0);
    for (line, (hits, counted)) in seen {
        file.lines.insert(line, hits);
        if let Some(counted) = counted {
            file.branches.entry(line).or_default().counted = counted;
        }
    }
    Ok(())
}

fn line_of(tag: &Tag) -> Result<(u32, u64, Option<Ratio>), Problem> {
    tag.need("number")?;
    let number = tag.whole("number")?.unwrap_or_default();
    let hits = tag.need("hits")?;
    let Some(hits) = count(hits) else {
        let message = format!("hits={} is no count", quoted(hits));
        return Err(Problem::new(tag.at, message, "it is how often the line was run"));
    };
    Ok((number, hits, tag.get("condition-coverage").and_then(conditions)))
}

/// The numbers of `50% (1/2)`.
fn conditions(text: &str) -> Option<Ratio> {
    let (_, rest) = text.split_once('(')?;
    let (covered, rest) = rest.split_once('/')?;
    let total = rest.split(')').next()?;
    let ratio = Ratio { covered: covered.trim().parse().ok()?, total: total.trim().parse().ok()? };
    (ratio.covered <= ratio.total).then_some(ratio)
}
