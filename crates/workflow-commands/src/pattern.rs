use std::fmt::Write as _;

use fancy_regex::{Regex, RegexBuilder};

/// How many steps a pattern may take on one line before it is given up: a second's work, the time that GitHub's
/// runner gives it. Only patterns that look around or back take steps; all others are linear in the line.
const MOST_STEPS: usize = 1_000_000;

/// How much memory one compiled pattern may take.
const MOST_PATTERN_MEMORY: usize = 4 * 1024 * 1024;

/// What a line's end and a word are to .NET with `ECMAScript`: ASCII alone.
const DIGIT: &str = "0-9";
const WORD: &str = "a-zA-Z0-9_";
const SPACE: &str = r" \f\n\r\t\x0B";

/// Compiles a pattern of a problem matcher, which is written for .NET's `RegexOptions.ECMAScript`.
pub(crate) fn compile(pattern: &str) -> Result<Regex, fancy_regex::Error> {
    let pattern = translate(pattern);
    RegexBuilder::new(&pattern)
        .backtrack_limit(MOST_STEPS)
        .delegate_size_limit(MOST_PATTERN_MEMORY)
        .build()
}

/// The same pattern for an engine to which `\d` is any digit of Unicode, `[` opens a class also in a class, and a
/// lone brace is an error.
fn translate(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 16);
    let mut rest = pattern;
    let mut in_class = false;
    // A set of characters is no end of a range, and the hyphen beside one is a hyphen.
    let mut behind_set = false;
    while let Some(character) = rest.chars().next() {
        let was_behind_set = std::mem::replace(&mut behind_set, in_class && is_set(rest));
        let taken = match character {
            '\\' => escape(rest, in_class, &mut out),
            '[' if in_class => literal(&mut out, "\\["),
            '[' => {
                in_class = true;
                open_class(rest, &mut out)
            }
            ']' if in_class => {
                in_class = false;
                literal(&mut out, "]")
            }
            '&' | '~' if in_class => {
                out.push('\\');
                literal(&mut out, if character == '&' { "&" } else { "~" })
            }
            '-' if in_class
                && (was_behind_set
                    || rest.starts_with("--")
                    || is_set(rest.get(1..).unwrap_or_default())) =>
            {
                literal(&mut out, "\\-")
            }
            '{' if !in_class && !is_counted(rest) => literal(&mut out, "\\{"),
            _ => {
                out.push(character);
                character.len_utf8()
            }
        };
        rest = rest.get(taken..).unwrap_or_default();
    }
    out
}

/// Whether an escape that means several characters stands first.
fn is_set(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next() == Some(b'\\') && bytes.next().is_some_and(|byte| b"dDwWsS".contains(&byte))
}

fn literal(out: &mut String, text: &str) -> usize {
    out.push_str(text);
    1
}

/// A `]` right behind the begin of a class is of it, as .NET reads it.
fn open_class(rest: &str, out: &mut String) -> usize {
    let begin = if rest.starts_with("[^") { "[^" } else { "[" };
    out.push_str(begin);
    if rest.get(begin.len()..).is_some_and(|rest| rest.starts_with(']')) {
        out.push_str("\\]");
        return begin.len() + 1;
    }
    begin.len()
}

/// Whether a brace begins `{n}`, `{n,}` or `{n,m}`.
fn is_counted(rest: &str) -> bool {
    let Some((inside, _)) = rest.strip_prefix('{').and_then(|rest| rest.split_once('}')) else {
        return false;
    };
    let (least, most) = inside.split_once(',').unwrap_or((inside, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    !least.is_empty() && digits(least) && digits(most)
}

/// Reads an escape and gives the bytes that it takes.
fn escape(rest: &str, in_class: bool, out: &mut String) -> usize {
    let Some(escaped) = rest.chars().nth(1) else { return literal(out, "\\\\") };
    let set = |positive: &str, negative: bool| match (in_class, negative) {
        (true, false) => positive.to_owned(),
        (_, true) => format!("[^{positive}]"),
        (false, false) => format!("[{positive}]"),
    };
    match escaped {
        'd' | 'D' => out.push_str(&set(DIGIT, escaped == 'D')),
        'w' | 'W' => out.push_str(&set(WORD, escaped == 'W')),
        's' | 'S' => out.push_str(&set(SPACE, escaped == 'S')),
        'b' if in_class => out.push_str("\\x08"),
        'p' | 'P' => return property(rest, out),
        '0' => return octal(rest, out),
        'e' => out.push_str("\\x1B"),
        'c' => return control(rest, out),
        'u' => return unicode(rest, out),
        '1'..='9' | 'b' | 'B' | 'x' | 'f' | 'n' | 'r' | 't' | 'v' | 'a' | 'k' | 'A' | 'z' | 'Z' => {
            out.push('\\');
            out.push(escaped);
        }
        _ if escaped.is_ascii_punctuation() => {
            out.push('\\');
            out.push(escaped);
        }
        _ => out.push(escaped),
    }
    1 + escaped.len_utf8()
}

fn property(rest: &str, out: &mut String) -> usize {
    let end = rest.find('}').map_or(2, |end| end + 1);
    out.push_str(rest.get(..end).unwrap_or_default());
    end
}

fn octal(rest: &str, out: &mut String) -> usize {
    let digits =
        rest.bytes().skip(1).take(3).take_while(|byte| (b'0'..=b'7').contains(byte)).count();
    let value =
        rest.get(1..=digits).and_then(|digits| u32::from_str_radix(digits, 8).ok()).unwrap_or(0);
    hex(value, out);
    1 + digits
}

fn control(rest: &str, out: &mut String) -> usize {
    let Some(letter) = rest.chars().nth(2).filter(char::is_ascii_alphabetic) else {
        out.push('c');
        return 2;
    };
    hex(u32::from(letter.to_ascii_uppercase()) - 64, out);
    3
}

fn unicode(rest: &str, out: &mut String) -> usize {
    let Some(value) = rest.get(2..6).and_then(|digits| u32::from_str_radix(digits, 16).ok()) else {
        out.push('u');
        return 2;
    };
    hex(value, out);
    6
}

fn hex(value: u32, out: &mut String) {
    // Writing to text does not fail.
    let _ = write!(out, "\\x{{{value:x}}}");
}
