use semver::Version;

use crate::{Release, entry, keep};

/// How a changelog is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// As conventional-changelog and release-please write it.
    Conventional,
    /// As keepachangelog.com has it.
    KeepAChangelog,
}

const TITLE: &str = "# Changelog\n";

/// The style of a changelog, by what is in it.
pub fn style_of(text: &str) -> Style {
    let kept = text.contains("keepachangelog.com")
        || text.lines().any(|line| is_unreleased(line) && line.contains('['));
    if kept { Style::KeepAChangelog } else { Style::Conventional }
}

/// A changelog with a release in it, before all that is in it already. Nothing that is there is changed, but for what was
/// written for the same version: it is replaced, so that writing twice is writing once.
pub fn write(existing: &str, release: &Release<'_>, style: Style) -> String {
    let crlf = existing.contains("\r\n");
    let text = existing.replace("\r\n", "\n");
    let written = match style {
        Style::KeepAChangelog => keep::write(&text, release),
        Style::Conventional => conventional(&text, release),
    };
    if crlf { written.replace('\n', "\r\n") } else { written }
}

fn conventional(text: &str, release: &Release<'_>) -> String {
    let entry = entry(release, Style::Conventional);
    let text = if text.trim().is_empty() { TITLE } else { text };
    let at = first(text);
    let (begin, end) = place_of(text, release.version).unwrap_or((at, at));
    let (before, rest) = (text.get(..begin), text.get(end..));
    join(before.unwrap_or_default(), &entry, rest.unwrap_or_default())
}

/// Pieces with one empty line between them, and a line end at the end.
pub(crate) fn join(before: &str, entry: &str, rest: &str) -> String {
    let mut text = before.trim_end().to_owned();
    for piece in [entry.trim(), rest.trim_start_matches('\n')] {
        if piece.trim().is_empty() {
            continue;
        }
        if !text.is_empty() {
            text.push_str("\n\n");
        }
        text.push_str(piece);
    }
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

/// From where to where a version is told of.
pub(crate) fn place_of(text: &str, version: &Version) -> Option<(usize, usize)> {
    let mut heads = heads(text);
    let (begin, level) = heads.by_ref().find_map(|(at, level, line)| {
        (version_of(line).as_ref() == Some(version)).then_some((at, level))
    })?;
    let end = heads.find(|(_, other, line)| {
        *other <= level && *other <= 2 || version_of(line).is_some() || is_unreleased(line)
    });
    let end = end.map_or(text.len(), |(at, ..)| at);
    Some((begin, end.min(links_at(text).max(begin))))
}

/// Where the first version is told of; the end where there is none.
pub(crate) fn first(text: &str) -> usize {
    let mut heads = heads(text);
    let found = heads.find(|(_, _, line)| version_of(line).is_some() || is_unreleased(line));
    found.map_or_else(|| links_at(text), |(at, ..)| at)
}

/// Where the references at the end begin: `[1.0.0]: https://…`.
pub(crate) fn links_at(text: &str) -> usize {
    let mut at = text.len();
    let mut end = text.len();
    for line in text.split_inclusive('\n').rev() {
        end -= line.len();
        let trimmed = line.trim();
        if trimmed.starts_with('[') && trimmed.contains("]: ") {
            at = end;
        } else if !trimmed.is_empty() {
            break;
        }
    }
    at
}

/// The headings outside of fenced code: where, how deep, and the line.
fn heads(text: &str) -> impl Iterator<Item = (usize, usize, &str)> {
    let mut at = 0;
    let mut fenced = false;
    text.split_inclusive('\n').filter_map(move |line| {
        let here = at;
        at += line.len();
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        }
        let level = line.bytes().take_while(|byte| *byte == b'#').count();
        let is_head = !fenced && (1..=6).contains(&level) && line.get(level..)?.starts_with(' ');
        is_head.then_some((here, level, line))
    })
}

/// The version that a heading names first: `## [1.2.3](…) (2026-01-01)`, `# v1.2.3`, `## 1.2.3 - 2026-01-01`.
pub(crate) fn version_of(line: &str) -> Option<Version> {
    let text = line.trim_start_matches('#').trim().trim_start_matches('[');
    let end = text.find([']', ' ', '(']).unwrap_or(text.len());
    let word = text.get(..end)?.trim();
    // A component's heading may have its name before it.
    let digits = word.trim_start_matches('v');
    Version::parse(digits).ok()
}

/// Whether a heading is that of what is not released yet.
pub(crate) fn is_unreleased(line: &str) -> bool {
    let text = line.trim_start_matches('#').trim();
    line.starts_with('#')
        && text
            .trim_start_matches('[')
            .get(..10)
            .is_some_and(|word| word.eq_ignore_ascii_case("unreleased"))
}

/// `## [1.2.3](compare) (2026-01-31)`.
pub(crate) fn heading(release: &Release<'_>) -> String {
    let version = release.version;
    match (release.links, release.previous_tag) {
        (Some(links), Some(previous)) => {
            format!("## [{version}]({}) ({})", links.compare(previous, release.tag), release.day)
        }
        _ => format!("## {version} ({})", release.day),
    }
}
