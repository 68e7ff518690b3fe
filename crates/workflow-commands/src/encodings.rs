use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What RFC 3986 leaves as it is; all else is escaped.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// How long a section of a secret must be before it counts as one, in UTF-16 units as GitHub's runner counts.
const SHORTEST_SECTION: usize = 6;

/// How long a secret must be for the text between its quotes to count as one.
const SHORTEST_QUOTED: usize = 9;

/// The forms in which a secret turns up in logs: itself and the eleven that GitHub's runner masks. Some may be the
/// same; none is empty.
pub(crate) fn forms(secret: &str) -> impl Iterator<Item = String> {
    let sections = [inside_quotes(secret), before_ampersand(secret), behind_ampersand(secret)];
    let forms = [
        secret.to_owned(),
        base64_from(secret, 0),
        base64_from(secret, 1),
        base64_from(secret, 2),
        secret.replace('"', "\\\""),
        secret.replace('\'', "''"),
        json(secret),
        utf8_percent_encode(secret, RESERVED).to_string(),
        xml(secret),
    ];
    forms
        .into_iter()
        .chain(sections.into_iter().flatten().map(str::to_owned))
        .filter(|form| !form.is_empty())
}

/// Base64 of what is left of a secret behind some bytes: how its end looks when something else is encoded before it.
fn base64_from(secret: &str, shift: usize) -> String {
    let bytes = secret.as_bytes();
    STANDARD.encode(bytes.get(shift..).filter(|rest| !rest.is_empty()).unwrap_or(bytes))
}

/// Within a JSON string, as Newtonsoft's writer has it.
fn json(secret: &str) -> String {
    let mut out = String::with_capacity(secret.len());
    for character in secret.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\0'..='\u{1f}' | '\u{85}' | '\u{2028}' | '\u{2029}' => {
                // Writing to text does not fail.
                let _ = write!(out, "\\u{:04x}", u32::from(character));
            }
            _ => out.push(character),
        }
    }
    out
}

/// Within XML, where all five that are special are escaped.
fn xml(secret: &str) -> String {
    let mut out = String::with_capacity(secret.len());
    for character in secret.chars() {
        match character {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '&' => out.push_str("&amp;"),
            _ => out.push(character),
        }
    }
    out
}

fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

fn inside_quotes(secret: &str) -> Option<&str> {
    secret.strip_prefix('"')?.strip_suffix('"').filter(|_| units(secret) >= SHORTEST_QUOTED)
}

/// PowerShell tells of a command that failed up to its last `&`, or colours the character behind the first `&+`.
fn before_ampersand(secret: &str) -> Option<&str> {
    let end = secret.find("&+").map(|at| at + 2).or_else(|| secret.rfind('&').map(|at| at + 1))?;
    secret.get(..end).filter(|section| units(section) >= SHORTEST_SECTION)
}

/// The other part of what PowerShell tells apart; the coloured character belongs to neither.
fn behind_ampersand(secret: &str) -> Option<&str> {
    let section = match secret.split_once("&+") {
        Some((_, rest)) => {
            let mut characters = rest.chars();
            characters.next();
            characters.as_str()
        }
        None => secret.rsplit_once('&')?.1,
    };
    Some(section).filter(|section| units(section) >= SHORTEST_SECTION)
}
