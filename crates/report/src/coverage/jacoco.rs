use tidegate_evidence::{Coverage, FileCoverage, LONGEST_NAME, Ratio, cut};

use super::Budget;
use crate::{
    error::Problem,
    junit::path,
    xml::{Tag, Xml},
};

/// Reads `JaCoCo`'s XML behind its root `report`. It does not count how often a line was run: 1 stands for at least
/// once.
pub(crate) fn jacoco(xml: &mut Xml<'_>) -> Result<Coverage, Problem> {
    let mut coverage = Coverage::default();
    let mut budget = Budget::default();
    let mut groups = 0;
    loop {
        let Some(tag) = xml.child()? else {
            if groups == 0 {
                return Ok(coverage);
            }
            groups -= 1;
            continue;
        };
        match tag.name.as_str() {
            "group" => groups += 1,
            "package" => package_of(xml, &tag, &mut coverage, &mut budget)?,
            _ => xml.skip()?,
        }
    }
}

fn package_of(
    xml: &mut Xml<'_>,
    package: &Tag,
    coverage: &mut Coverage,
    budget: &mut Budget,
) -> Result<(), Problem> {
    let folder = package.get("name").unwrap_or_default();
    let within = |file: &str| {
        if folder.is_empty() { path(file) } else { path(&format!("{folder}/{file}")) }
    };
    while let Some(tag) = xml.child()? {
        match tag.name.as_str() {
            "class" => {
                let Some(source) = tag.get("sourcefilename") else {
                    xml.skip()?;
                    continue;
                };
                let file = coverage.files.entry(within(source)).or_default();
                methods_of(xml, &tag, file, budget)?;
            }
            "sourcefile" => {
                let file = coverage.files.entry(within(tag.need("name")?)).or_default();
                lines_of(xml, file, budget)?;
            }
            _ => xml.skip()?,
        }
    }
    Ok(())
}

fn methods_of(
    xml: &mut Xml<'_>,
    class: &Tag,
    file: &mut FileCoverage,
    budget: &mut Budget,
) -> Result<(), Problem> {
    let class = class.get("name").unwrap_or_default();
    while let Some(tag) = xml.child()? {
        if tag.name != "method" {
            xml.skip()?;
            continue;
        }
        let own = tag.get("name").unwrap_or_default();
        let descriptor = tag.get("desc").unwrap_or_default();
        let line = tag.whole("line")?.unwrap_or(0);
        let mut called = 0;
        while let Some(counter) = xml.child()? {
            if counter.get("type") == Some("METHOD") {
                called = counter.whole("covered")?.unwrap_or(0);
            }
            xml.skip()?;
        }
        budget.take(1, tag.at)?;
        file.call(&cut(&format!("{class}.{own}{descriptor}"), LONGEST_NAME), line, called);
    }
    Ok(())
}

fn lines_of(
    xml: &mut Xml<'_>,
    file: &mut FileCoverage,
    budget: &mut Budget,
) -> Result<(), Problem> {
    while let Some(tag) = xml.child()? {
        if tag.name == "line" {
            tag.need("nr")?;
            budget.take(1, tag.at)?;
            line_of(&tag, file)?;
        }
        xml.skip()?;
    }
    Ok(())
}

fn line_of(tag: &Tag, file: &mut FileCoverage) -> Result<(), Problem> {
    let number = tag.whole("nr")?.unwrap_or(0);
    let count = |name| tag.whole::<u64>(name).map(Option::unwrap_or_default);
    let (instructions, missed, covered) = (count("ci")?, count("mb")?, count("cb")?);
    if number == 0 {
        return Ok(());
    }
    file.hit(number, u64::from(instructions > 0));
    if missed > 0 || covered > 0 {
        let total = missed.saturating_add(covered);
        file.branches.entry(number).or_default().counted = Ratio { covered, total };
    }
    Ok(())
}
