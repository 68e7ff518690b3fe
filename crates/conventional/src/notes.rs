use std::fmt::Write as _;

use semver::Version;

use crate::{Change, Links, Section, Style, changelog, escape, keep};

/// What a release is told by.
#[derive(Clone, Copy, Debug)]
pub struct Release<'a> {
    /// Its version.
    pub version: &'a Version,
    /// Its tag.
    pub tag: &'a str,
    /// The tag before it.
    pub previous_tag: Option<&'a str>,
    /// The day, as `2026-01-31`.
    pub day: &'a str,
    /// What changed.
    pub changes: &'a [Change],
    /// The parts, in their order.
    pub sections: &'a [Section],
    /// Components that it is made of and that have new versions, by name.
    pub dependencies: &'a [(String, Version)],
    /// Where things are to be seen.
    pub links: Option<&'a Links>,
    /// Whether to tell who wrote each.
    pub authors: bool,
}

/// The heading of a release and its notes, as they stand in a changelog of a style.
pub fn entry(release: &Release<'_>, style: Style) -> String {
    match style {
        Style::Conventional => format!("{}\n\n{}", changelog::heading(release), notes(release)),
        Style::KeepAChangelog => format!("{}\n\n{}", keep::heading(release), keep::notes(release)),
    }
}

/// What people are told of a release, as Markdown without its heading: what breaks first, then part by part.
pub fn notes(release: &Release<'_>) -> String {
    let mut parts = Vec::new();
    let breaking: Vec<_> =
        release.changes.iter().filter_map(|change| broken(release, change)).collect();
    if !breaking.is_empty() {
        parts.push(part("⚠ BREAKING CHANGES", &breaking));
    }
    for section in titles(release.sections) {
        let lines = lines_of(release, section);
        if !lines.is_empty() {
            parts.push(part(section, &lines));
        }
    }
    let rest: Vec<_> =
        release.changes.iter().filter(|change| is_unlisted(release, change)).collect();
    if !rest.is_empty() {
        let lines: Vec<_> = rest.into_iter().map(|change| line(release, change)).collect();
        parts.push(part("Other Changes", &lines));
    }
    if !release.dependencies.is_empty() {
        let line =
            |(name, version): &(String, Version)| format!("{} to {version}", escape::text(name));
        let lines: Vec<_> = release.dependencies.iter().map(line).collect();
        parts.push(part("Dependencies", &lines));
    }
    parts.join("\n\n")
}

/// Titles in their order, each once: types may share one.
fn titles(sections: &[Section]) -> Vec<&str> {
    let mut titles: Vec<&str> = Vec::new();
    for section in sections {
        if !titles.contains(&section.title.as_str()) {
            titles.push(&section.title);
        }
    }
    titles
}

fn part(title: &str, lines: &[String]) -> String {
    let mut text = format!("### {}\n", escape::text(title));
    for line in lines {
        let _ = write!(text, "\n* {line}");
    }
    text
}

/// The changes of the types whose title this is.
fn lines_of(release: &Release<'_>, title: &str) -> Vec<String> {
    let told = |change: &&Change| {
        section_of(release, change)
            .is_some_and(|section| section.title == title && is_told(section, change))
    };
    let mut changes: Vec<_> = release.changes.iter().filter(told).collect();
    // By scope, those without one first, and each scope in its order.
    changes.sort_by(|one, other| one.scope.cmp(&other.scope));
    changes.into_iter().map(|change| line(release, change)).collect()
}

pub(crate) fn section_of<'a>(release: &Release<'a>, change: &Change) -> Option<&'a Section> {
    let kind = if change.kind == "feature" { "feat" } else { &change.kind };
    release.sections.iter().find(|section| section.kind == kind)
}

/// What is hidden is told if it breaks something.
pub(crate) fn is_told(section: &Section, change: &Change) -> bool {
    !section.hidden || change.breaking.is_some()
}

/// What breaks something is told whatever its type is.
fn is_unlisted(release: &Release<'_>, change: &Change) -> bool {
    change.breaking.is_some() && section_of(release, change).is_none()
}

/// What a change breaks.
fn broken(release: &Release<'_>, change: &Change) -> Option<String> {
    let text = described(release, change.breaking.as_deref()?);
    Some(format!("{}{text}", scope(change)))
}

fn scope(change: &Change) -> String {
    change.scope.as_ref().map(|scope| format!("**{}:** ", escape::text(scope))).unwrap_or_default()
}

/// A change as a line: scope, description, commit, issues, author.
pub(crate) fn line(release: &Release<'_>, change: &Change) -> String {
    let mut text = format!("{}{}", scope(change), described(release, &change.description));
    let short = change.commit.get(..7).unwrap_or(&change.commit);
    match release.links {
        Some(links) => {
            let _ = write!(text, " ([{short}]({}))", links.commit(&change.commit));
        }
        None if !short.is_empty() => {
            let _ = write!(text, " ({short})");
        }
        None => {}
    }
    let issues: Vec<_> = change
        .references
        .iter()
        .map(|reference| match release.links {
            Some(links) => format!("[#{0}]({1})", reference.number, links.issue(reference.number)),
            None => format!("#{}", reference.number),
        })
        .collect();
    if !issues.is_empty() {
        let _ = write!(text, ", closes {}", issues.join(" "));
    }
    if release.authors && !change.author.is_empty() {
        let _ = write!(text, " by {}", escape::text(&change.author));
    }
    text
}

fn described(release: &Release<'_>, text: &str) -> String {
    let link =
        |number: u64| release.links.map(|links| format!("[#{number}]({})", links.issue(number)));
    escape::linked(&escape::text(text), link)
}
