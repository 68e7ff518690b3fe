//! Bodies that are neither text nor anything that is known.

use super::{Context, Found, holds};
use crate::{
    content_type::ContentType,
    mismatch::{Mismatch, Part},
    pact::Body,
    place::Place,
    rule::Rule,
};

/// Beginnings of files by which their type is told, as file(1) has them.
const BEGINNINGS: [(&[u8], &str); 15] = [
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"BM", "image/bmp"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"%PDF", "application/pdf"),
    (b"PK\x03\x04", "application/zip"),
    (b"\x1f\x8b", "application/gzip"),
    (b"BZh", "application/x-bzip2"),
    (b"OggS", "audio/ogg"),
    (b"ID3", "audio/mpeg"),
    (b"\0asm", "application/wasm"),
    (b"\x7fELF", "application/x-executable"),
];

/// The type of bytes, by how they begin.
fn type_of(bytes: &[u8]) -> Option<String> {
    let within = |at: usize, what: &[u8]| bytes.get(at..at + what.len()) == Some(what);
    if within(0, b"RIFF") && within(8, b"WEBP") {
        return Some("image/webp".to_owned());
    }
    if within(0, b"RIFF") && within(8, b"WAVE") {
        return Some("audio/x-wav".to_owned());
    }
    if within(4, b"ftyp") {
        return Some("video/mp4".to_owned());
    }
    let known = BEGINNINGS.iter().find(|(begin, _)| bytes.starts_with(begin));
    known
        .map(|(_, name)| (*name).to_owned())
        .or_else(|| ContentType::detect(bytes).map(|known| known.essence()))
}

/// Whether bytes are of a type, by how they begin.
pub(crate) fn check_type(bytes: &[u8], expected: &str) -> Result<(), String> {
    let is = type_of(bytes);
    if is.as_deref() == Some(expected) || (is.is_none() && expected == "application/octet-stream") {
        return Ok(());
    }
    let is = is.unwrap_or_else(|| "of no type that is known".to_owned());
    Err(format!("by how it begins it is {is}, not {expected}"))
}

/// Compares two bodies byte by byte, or by rules about the whole.
pub(crate) fn compare(expected: &Body, actual: &Body, context: Context<'_>) -> Found {
    let (expected, actual) = (expected.bytes(), actual.bytes());
    let problems = match context.best(&Place::root()) {
        Some(best) => {
            holds(best, |rule, _| check(rule, expected, actual)).err().unwrap_or_default()
        }
        None => check(&Rule::Equality, expected, actual).err().into_iter().collect(),
    };
    let mut found = Found::default();
    for problem in problems {
        let part = Part::Body(Place::root().to_string());
        let [expected, actual] = [expected, actual].map(|it| format!("{} bytes", it.len()));
        found.add(Mismatch::new(part, expected, actual, problem));
    }
    found
}

fn check(rule: &Rule, expected: &[u8], actual: &[u8]) -> Result<(), String> {
    let text = || std::str::from_utf8(actual).map_err(|_| "it is no text".to_owned());
    let holds = match rule {
        Rule::ContentType(name) => return check_type(actual, name),
        Rule::Equality => expected == actual,
        Rule::Type { .. } => true,
        Rule::NotEmpty => !actual.is_empty(),
        Rule::Regex(pattern) => pattern.fits(text()?),
        Rule::Include(part) => text()?.contains(part.as_str()),
        _ => return Err("a rule for JSON cannot hold for bytes".to_owned()),
    };
    if holds { Ok(()) } else { Err("the bytes are not as they should be".to_owned()) }
}
