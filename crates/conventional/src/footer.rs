use semver::Version;

use crate::Reference;

/// What is said of a breaking change, wherever a line of the message says so: people write it before other text and
/// footers, too.
pub(crate) fn breaking(message: &str) -> Option<String> {
    let mut lines = message.lines().skip(1);
    let first = lines.by_ref().find_map(|line| {
        ["BREAKING CHANGE:", "BREAKING-CHANGE:", "BREAKING CHANGE #", "BREAKING-CHANGE #"]
            .iter()
            .find_map(|mark| line.strip_prefix(mark))
    })?;
    let mut text = first.trim().to_owned();
    for line in lines {
        if line.trim().is_empty() && !text.is_empty() || is_footer(line) {
            break;
        }
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(line.trim());
    }
    Some(text)
}

/// Whether a line is `Token: value` or `Token #value`.
pub(crate) fn is_footer(line: &str) -> bool {
    let end = line.find(|c: char| !c.is_ascii_alphanumeric() && c != '-').unwrap_or(line.len());
    let (token, rest) = line.split_at(end);
    !token.is_empty() && (rest.starts_with(": ") || rest.starts_with(" #"))
}

/// The version that a `Release-As` footer asks for.
pub(crate) fn release_as(message: &str) -> Option<Version> {
    let lines = message.lines().skip(1);
    let said = lines.filter_map(|line| {
        let (token, value) = line.split_once(':')?;
        token.trim().eq_ignore_ascii_case("release-as").then_some(value)
    });
    said.filter_map(|value| Version::parse(value.trim().trim_start_matches('v')).ok()).last()
}

/// What issues a footer of the kinds that close or name one speaks of.
pub(crate) fn references(token: &str, value: &str) -> Vec<Reference> {
    let action = token.to_ascii_lowercase();
    let speaks = matches!(
        action.as_str(),
        "close"
            | "closes"
            | "closed"
            | "fix"
            | "fixes"
            | "fixed"
            | "resolve"
            | "resolves"
            | "resolved"
            | "refs"
            | "ref"
            | "issue"
    );
    if !speaks {
        return Vec::new();
    }
    let numbers = value.split([',', ' ', '\n']).map(|word| word.trim_start_matches('#'));
    numbers
        .filter_map(|word| word.parse().ok())
        .map(|number| Reference { action: action.clone(), number })
        .collect()
}

/// The commits that a message says it reverts, as digits.
pub(crate) fn reverted(message: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in message.lines().skip(1) {
        let line = line.trim();
        let lower = line.to_ascii_lowercase();
        let says = lower.starts_with("this reverts commit")
            || lower.starts_with("refs:")
            || lower.starts_with("refs ");
        if !says {
            continue;
        }
        let words = line.split(|c: char| !c.is_ascii_hexdigit());
        found.extend(words.filter(|word| is_name(word)).map(str::to_ascii_lowercase));
    }
    found
}

/// Seven digits or more name a commit; an issue has fewer, and letters are among those of nearly every name.
fn is_name(word: &str) -> bool {
    (7..=64).contains(&word.len()) && word.chars().all(|c| c.is_ascii_hexdigit())
}
