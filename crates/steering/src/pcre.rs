use std::fmt::Write as _;

use regex_syntax::{
    ParserBuilder,
    hir::{Class, Hir, HirKind, Look, Repetition},
};

/// A regular expression that cannot be written for another program.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the expression {pattern:?} {why}")]
pub struct Untranslatable {
    /// The expression.
    pub pattern: String,
    /// What is the matter with it.
    pub why: String,
}

/// Writes a regular expression of Rust's `regex` for PCRE, which nginx and `HAProxy` read.
///
/// It is printed from what was parsed, so that what means something else there (`&&` in a class,
/// `(?x)`, `\z`) is written by what it means. PCRE compares bytes: a class matches one byte, which
/// for a text in ASCII is the same, and letters outside of ASCII are in a class only when all of
/// them are.
pub fn pcre(pattern: &str) -> Result<String, Untranslatable> {
    let refused = |why: &str| Untranslatable { pattern: pattern.to_owned(), why: why.to_owned() };
    let parsed = ParserBuilder::new()
        .utf8(false)
        .build()
        .parse(pattern)
        .map_err(|_| refused("is no regular expression"))?;
    let mut text = String::new();
    print(&parsed, &mut text).map_err(refused)?;
    Ok(text)
}

/// Writes a text so that PCRE takes each byte of it for itself, in whatever file it stands.
pub fn literal(text: &[u8]) -> String {
    let mut written = String::with_capacity(text.len());
    for &byte in text {
        if byte.is_ascii_alphanumeric() || b"_/-".contains(&byte) {
            written.push(char::from(byte));
        } else {
            hex(byte, &mut written);
        }
    }
    written
}

fn hex(byte: u8, text: &mut String) {
    // Writing into a string cannot fail.
    let _ = write!(text, "\\x{byte:02x}");
}

fn print(hir: &Hir, text: &mut String) -> Result<(), &'static str> {
    match hir.kind() {
        HirKind::Empty => {}
        HirKind::Literal(bytes) => text.push_str(&literal(&bytes.0)),
        HirKind::Class(class) => print_class(class, text),
        HirKind::Look(look) => text.push_str(look_of(*look)?),
        HirKind::Repetition(repetition) => return print_repetition(repetition, text),
        HirKind::Capture(capture) => return group(&capture.sub, text),
        HirKind::Concat(parts) => {
            for part in parts {
                group(part, text)?;
            }
        }
        HirKind::Alternation(parts) => {
            for (index, part) in parts.iter().enumerate() {
                if index > 0 {
                    text.push('|');
                }
                print(part, text)?;
            }
        }
    }
    Ok(())
}

/// One that stands together, whatever is around it.
fn group(hir: &Hir, text: &mut String) -> Result<(), &'static str> {
    if !matches!(hir.kind(), HirKind::Concat(_) | HirKind::Alternation(_) | HirKind::Empty) {
        return print(hir, text);
    }
    text.push_str("(?:");
    print(hir, text)?;
    text.push(')');
    Ok(())
}

fn print_repetition(repetition: &Repetition, text: &mut String) -> Result<(), &'static str> {
    /// PCRE's own limit.
    const MOST: u32 = 65_535;
    if let HirKind::Class(_) = repetition.sub.kind() {
        print(&repetition.sub, text)?;
    } else {
        text.push_str("(?:");
        print(&repetition.sub, text)?;
        text.push(')');
    }
    if repetition.min > MOST || repetition.max.is_some_and(|max| max > MOST) {
        return Err("repeats something too often");
    }
    let _ = match (repetition.min, repetition.max) {
        (min, None) => write!(text, "{{{min},}}"),
        (min, Some(max)) => write!(text, "{{{min},{max}}}"),
    };
    if !repetition.greedy {
        text.push('?');
    }
    Ok(())
}

fn look_of(look: Look) -> Result<&'static str, &'static str> {
    Ok(match look {
        Look::Start => "\\A",
        Look::End => "\\z",
        Look::StartLF => "(?m:^)",
        Look::EndLF => "(?m:$)",
        Look::WordAscii | Look::WordUnicode => "\\b",
        Look::WordAsciiNegate | Look::WordUnicodeNegate => "\\B",
        _ => return Err("looks around in a way that nginx and HAProxy do not know"),
    })
}

fn print_class(class: &Class, text: &mut String) {
    let (ranges, beyond) = match class {
        Class::Bytes(class) => {
            let ranges = class.ranges().iter().map(|range| (range.start(), range.end()));
            (ranges.collect::<Vec<_>>(), false)
        }
        Class::Unicode(class) => {
            let ascii = class.ranges().iter().filter(|range| range.start() <= '\x7f');
            let byte = |char: char| u8::try_from(char).unwrap_or(0x7f).min(0x7f);
            let ranges = ascii.map(|range| (byte(range.start()), byte(range.end()))).collect();
            let last = class.ranges().last();
            // Such as `.` and `[^a]`, which end with the last letter that there is, in one range.
            let beyond = last.is_some_and(|it| it.start() <= '\u{80}' && it.end() == char::MAX);
            (ranges, beyond)
        }
    };
    if ranges.is_empty() && !beyond {
        // It matches nothing.
        text.push_str("(?!)");
        return;
    }
    text.push('[');
    for (start, end) in ranges {
        hex(start, text);
        text.push('-');
        hex(end, text);
    }
    if beyond {
        text.push_str("\\x80-\\xff");
    }
    text.push(']');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(pattern: &str, expect: &str) {
        assert_eq!(pcre(pattern).as_deref(), Ok(expect), "{pattern}");
    }

    #[test]
    fn what_is_printed_means_the_same_elsewhere() {
        check("abc", "abc");
        check("a.b", r"a[\x00-\x09\x0b-\x7f\x80-\xff]b");
        check("Mozilla(.*)", r"Mozilla[\x00-\x09\x0b-\x7f\x80-\xff]{0,}");
        check("[a-z&&[^b]]", r"[\x61-\x61\x63-\x7a]");
        check("(?x) a # not this", "a");
        check("(?i)a", r"[\x41-\x41\x61-\x61]");
        check("a+?|b{2,3}", "(?:a){1,}?|(?:b){2,3}");
        check("^a$", r"\Aa\z");
        check("[^\\x00-\\x{10FFFF}]", "(?!)");
        check("a b\"c", r"a\x20b\x22c");
    }

    #[test]
    fn what_cannot_be_written_is_refused_by_name() {
        let error = pcre(r"\b{start}a").unwrap_err();
        assert!(error.to_string().starts_with(r#"the expression "\\b{start}a" looks around"#));
        assert!(pcre("(").is_err());
    }

    proptest! {
        /// The language that is printed is a subset of Rust's own, so it can be asked there.
        #[test]
        fn printing_changes_no_match(value in "[abc \\-]{0,6}", pattern in "[abc|*.?()\\[\\]^ -]{0,8}") {
            let Ok(own) = regex::bytes::Regex::new(&format!("^(?:{pattern})$")) else { return Ok(()) };
            let Ok(printed) = pcre(&pattern) else { return Ok(()) };
            if printed.contains("(?!)") {
                return Ok(());
            }
            let printed = regex::bytes::RegexBuilder::new(&format!("^(?:{printed})$"))
                .unicode(false)
                .build()
                .unwrap();
            prop_assert_eq!(own.is_match(value.as_bytes()), printed.is_match(value.as_bytes()));
        }
    }
}
