//! Changelogs as keepachangelog.com has them.

use std::fmt::Write as _;

use crate::{
    Change, Release,
    changelog::{first, is_unreleased, join, links_at, place_of},
    notes::{is_told, line, section_of},
};

const TITLE: &str = "# Changelog

All notable changes to this project will be documented in this file.

The format is based on [Keep a Changelog](https://keepachangelog.com/en/1.1.0/),
and this project adheres to [Semantic Versioning](https://semver.org/spec/v2.0.0.html).

## [Unreleased]
";

/// The headings that there are, in their order.
const HEADINGS: [&str; 6] = ["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"];

/// `## [1.2.3] - 2026-01-31`.
pub(crate) fn heading(release: &Release<'_>) -> String {
    format!("## [{}] - {}", release.version, release.day)
}

/// The changes under the headings that there are.
pub(crate) fn notes(release: &Release<'_>) -> String {
    let parts = parts(release);
    let parts =
        parts.iter().map(|(heading, lines)| format!("### {heading}\n\n{}", lines.join("\n")));
    parts.collect::<Vec<_>>().join("\n\n")
}

fn parts(release: &Release<'_>) -> Vec<(&'static str, Vec<String>)> {
    let told = |change: &&Change| match section_of(release, change) {
        Some(section) => is_told(section, change),
        None => change.breaking.is_some(),
    };
    let mut parts = Vec::new();
    for heading in HEADINGS {
        let own =
            release.changes.iter().filter(told).filter(|change| heading_of(change) == heading);
        let mut lines: Vec<_> = own.map(|change| bullet(release, change)).collect();
        if heading == "Changed" {
            let on = release.dependencies.iter();
            lines.extend(
                on.map(|(name, version)| format!("- {} to {version}", crate::escape::text(name))),
            );
        }
        if !lines.is_empty() {
            parts.push((heading, lines));
        }
    }
    parts
}

fn bullet(release: &Release<'_>, change: &Change) -> String {
    let mut text = String::from("- ");
    if change.breaking.is_some() {
        text.push_str("**Breaking:** ");
    }
    text.push_str(&line(release, change));
    if let Some(broken) = change.breaking.as_ref().filter(|text| **text != change.description) {
        let _ = write!(text, ". {}", crate::escape::text(broken));
    }
    text
}

fn heading_of(change: &Change) -> &'static str {
    match change.kind.as_str() {
        "feat" | "feature" => "Added",
        "fix" if change.scope.as_deref() == Some("security") => "Security",
        "fix" => "Fixed",
        "revert" => "Removed",
        "deprecate" | "deprecated" => "Deprecated",
        "security" => "Security",
        _ => "Changed",
    }
}

/// What people wrote as unreleased becomes part of the release, before what is told by its commits.
pub(crate) fn write(text: &str, release: &Release<'_>) -> String {
    let text = if text.trim().is_empty() { TITLE } else { text };
    let (body, links) = text.split_at(links_at(text));
    let body = with_release(body, release);
    let links = with_links(links, release);
    if links.is_empty() { body } else { join(&body, &links, "") }
}

fn with_release(body: &str, release: &Release<'_>) -> String {
    if let Some((begin, end)) = place_of(body, release.version) {
        // What was written by hand is there from the first time; what is told of commits is told once.
        let (before, rest) =
            (body.get(..begin).unwrap_or_default(), body.get(end..).unwrap_or_default());
        let there = body.get(begin..end).unwrap_or_default();
        let there = there.split_once('\n').map_or("", |(_, there)| there);
        return join(before, &format!("{}\n\n{}", heading(release), merged(there, release)), rest);
    }
    let Some((begin, end)) = unreleased(body) else {
        let at = first(body);
        let entry = format!("{}\n\n{}", heading(release), notes(release));
        return join(
            body.get(..at).unwrap_or_default(),
            &entry,
            body.get(at..).unwrap_or_default(),
        );
    };
    let (before, by_hand) =
        (body.get(..begin).unwrap_or_default(), body.get(begin..end).unwrap_or_default());
    let entry = format!("{}\n\n{}", heading(release), merged(by_hand, release));
    join(before, &entry, body.get(end..).unwrap_or_default())
}

/// From behind the heading of what is unreleased to the next version.
fn unreleased(body: &str) -> Option<(usize, usize)> {
    let mut at = 0;
    let mut begin = None;
    for line in body.split_inclusive('\n') {
        if let Some(begin) = begin
            && line.starts_with("## ")
        {
            return Some((begin, at));
        }
        at += line.len();
        if is_unreleased(line) {
            begin = Some(at);
        }
    }
    begin.map(|begin| (begin, body.len()))
}

/// What is written by hand, with each line of the commits at the end of its part.
fn merged(by_hand: &str, release: &Release<'_>) -> String {
    let mut blocks: Vec<String> = Vec::new();
    for line in by_hand.trim().lines() {
        match blocks.last_mut() {
            Some(last) if !line.starts_with("### ") => {
                last.push('\n');
                last.push_str(line);
            }
            _ => blocks.push(line.to_owned()),
        }
    }
    for (heading, lines) in parts(release) {
        let head = format!("### {heading}");
        let block =
            blocks.iter_mut().find(|block| block.lines().next().map(str::trim) == Some(&head));
        match block {
            Some(block) => {
                let missing: Vec<_> =
                    lines.iter().filter(|line| !block.contains(line.as_str())).cloned().collect();
                let more = if missing.is_empty() {
                    String::new()
                } else {
                    format!("\n{}", missing.join("\n"))
                };
                *block = format!("{}{more}", block.trim_end());
            }
            None => blocks.push(format!("{head}\n\n{}", lines.join("\n"))),
        }
    }
    let blocks: Vec<_> = blocks.iter().map(|block| block.trim_end().to_owned()).collect();
    blocks.join("\n\n")
}

/// The references at the end: that of what is unreleased goes on from here, and this version has its own.
fn with_links(links: &str, release: &Release<'_>) -> String {
    let Some(at) = release.links else { return links.trim().to_owned() };
    let own = format!("[{}]: ", release.version);
    let target = match release.previous_tag {
        Some(previous) => at.compare(previous, release.tag),
        None => at.tag(release.tag),
    };
    let mut kept: Vec<String> =
        links.lines().map(str::to_owned).filter(|line| !line.starts_with(&own)).collect();
    let head = kept.iter().position(|line| line.to_ascii_lowercase().starts_with("[unreleased]: "));
    let open = format!("[Unreleased]: {}", at.compare(release.tag, "HEAD"));
    let place = match head.and_then(|place| Some((place, kept.get_mut(place)?))) {
        Some((place, line)) => {
            *line = open;
            place + 1
        }
        None => 0,
    };
    kept.insert(place, format!("{own}{target}"));
    kept.join("\n").trim().to_owned()
}
