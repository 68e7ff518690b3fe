/// How many bytes a text takes, its quotes included, or why it does not end.
pub(crate) fn text_end(source: &str, quote: char) -> Result<usize, String> {
    let mut letters = source.char_indices().skip(1);
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\u{fffd}' => return Err("invalid UTF-8 rune".to_owned()),
            _ if letter == quote => return Ok(at + quote.len_utf8()),
            '\\' if quote != '`' => {
                let rest = source.get(at + 1..).unwrap_or_default();
                let (_, length) = escape(rest, quote)?;
                for _ in rest.get(..length).unwrap_or_default().chars() {
                    letters.next();
                }
            }
            '\n' if quote != '`' => return Err("unterminated quoted string".to_owned()),
            _ => {}
        }
    }
    Err(if quote == '`' { "unterminated raw string" } else { "unterminated quoted string" }
        .to_owned())
}

/// The text that is written between quotes. Bytes that are no UTF-8 become U+FFFD: no label that
/// this program makes has any.
pub(crate) fn unquote(source: &str) -> String {
    let mut inner = source.chars();
    let quote = inner.next().unwrap_or_default();
    inner.next_back();
    let mut rest = inner.as_str();
    if quote == '`' {
        return rest.to_owned();
    }
    let mut bytes = Vec::new();
    while let Some((plain, escaped)) = rest.split_once('\\') {
        bytes.extend_from_slice(plain.as_bytes());
        // The lexer has taken it, so it can be read.
        let (read, length) = escape(escaped, quote).unwrap_or_default();
        bytes.extend_from_slice(&read);
        rest = escaped.get(length..).unwrap_or_default();
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8_lossy(&bytes).into_owned()
}

/// What an escape stands for and how long it is, both without its backslash.
fn escape(source: &str, quote: char) -> Result<(Vec<u8>, usize), String> {
    let first = source.chars().next().ok_or("escape sequence not terminated")?;
    let plain = match first {
        'a' => 7,
        'b' => 8,
        'f' => 12,
        'n' => b'\n',
        'r' => b'\r',
        't' => b'\t',
        'v' => 11,
        '\\' => b'\\',
        _ if first == quote => u8::try_from(quote).unwrap_or_default(),
        '0'..='7' => return coded(source, 0, 3, 8),
        'x' => return coded(source, 1, 2, 16),
        'u' => return coded(source, 1, 4, 16),
        'U' => return coded(source, 1, 8, 16),
        other => return Err(format!("unknown escape sequence {}", code_point(other))),
    };
    Ok((vec![plain], 1))
}

fn coded(source: &str, skip: usize, digits: usize, base: u32) -> Result<(Vec<u8>, usize), String> {
    let mut code: u64 = 0;
    for index in skip..skip + digits {
        let digit = source.chars().nth(index).ok_or("escape sequence not terminated")?;
        let value = digit.to_digit(base);
        let value = value
            .ok_or_else(|| format!("illegal character {} in escape sequence", code_point(digit)))?;
        code = code * u64::from(base) + u64::from(value);
    }
    let invalid = "escape sequence is an invalid Unicode code point";
    let bytes = if digits < 4 {
        vec![u8::try_from(code).map_err(|_| invalid)?]
    } else {
        let letter = u32::try_from(code).ok().and_then(char::from_u32).ok_or(invalid)?;
        letter.to_string().into_bytes()
    };
    Ok((bytes, skip + digits))
}

/// As Go's `%#U`.
fn code_point(c: char) -> String {
    format!("U+{:04X} '{c}'", u32::from(c))
}

/// A number: decimal, octal after `0`, hexadecimal after `0x`, or with point and exponent.
pub(crate) fn number(text: &str) -> Result<f64, String> {
    let lower = text.to_ascii_lowercase();
    let whole = match (lower.strip_prefix("0x"), lower.strip_prefix('0')) {
        (Some(digits), _) => i64::from_str_radix(digits, 16).ok(),
        (_, Some(digits)) if !digits.is_empty() => i64::from_str_radix(digits, 8).ok(),
        _ => lower.parse().ok(),
    };
    if let Some(whole) = whole {
        #[expect(clippy::cast_precision_loss, reason = "every number is a float here")]
        return Ok(whole as f64);
    }
    let wrong =
        |why: &str| format!("error parsing number: strconv.ParseFloat: parsing {text:?}: {why}");
    let is_word = matches!(lower.as_str(), "inf" | "nan");
    let number: f64 = lower.parse().map_err(|_| wrong("invalid syntax"))?;
    if number.is_infinite() && !is_word { Err(wrong("value out of range")) } else { Ok(number) }
}

/// Units with what each is in milliseconds, in the order in which they may be written.
const UNITS: [(&str, u64); 7] = [
    ("y", 365 * 86_400_000),
    ("w", 7 * 86_400_000),
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// A duration such as `1h30m`, in milliseconds; it may be zero only as `0`.
pub fn duration(text: &str) -> Result<i64, String> {
    let wrong = || format!("not a valid duration string: {text:?}");
    if text.is_empty() {
        return Err("empty duration string".to_owned());
    }
    let mut units = UNITS.iter();
    let mut rest = if text == "0" { "" } else { text };
    let mut sum: u64 = 0;
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (count, after) = rest.split_at(digits);
        let letters =
            after.len() - after.trim_start_matches(|c: char| c.is_ascii_alphabetic()).len();
        let (unit, after) = after.split_at(letters);
        let (_, millis) = units.find(|(name, _)| *name == unit).ok_or_else(wrong)?;
        let count: u64 = match count.parse() {
            Ok(count) => count,
            Err(_) if count.is_empty() => return Err(wrong()),
            Err(_) => return Err("duration out of range".to_owned()),
        };
        let more = count.checked_mul(*millis);
        sum = more.and_then(|more| sum.checked_add(more)).ok_or("duration out of range")?;
        rest = after;
    }
    // Go counts a duration in nanoseconds.
    let longest = i64::MAX.unsigned_abs() / 1_000_000;
    i64::try_from(sum)
        .ok()
        .filter(|_| sum <= longest)
        .ok_or_else(|| "duration out of range".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_unquoted() {
        for (source, expect) in [
            (r#""a\nb\"c\x41\101\u00e9""#, "a\nb\"cAA\u{e9}"),
            (r"'it\'s'", "it's"),
            ("`a\\n\"b`", "a\\n\"b"),
            ("\"\"", ""),
        ] {
            assert_eq!(
                text_end(source, source.chars().next().unwrap()),
                Ok(source.len()),
                "{source}"
            );
            assert_eq!(unquote(source), expect);
        }
    }

    #[test]
    fn texts_that_are_none_are_told() {
        for (source, expect) in [
            (r#""\q""#, "unknown escape sequence U+0071 'q'"),
            (r#""\xg1""#, "illegal character U+0067 'g' in escape sequence"),
            (r#""\ud800""#, "escape sequence is an invalid Unicode code point"),
            (r#""\"#, "escape sequence not terminated"),
            ("\"a\nb\"", "unterminated quoted string"),
            ("`a", "unterminated raw string"),
        ] {
            let quote = source.chars().next().unwrap();
            assert_eq!(text_end(source, quote), Err(expect.to_owned()), "{source}");
        }
    }

    #[test]
    fn numbers_are_read_as_go_reads_them() {
        for (text, expect) in [
            ("12", 12.0),
            ("0x1F", 31.0),
            ("017", 15.0),
            ("08", 8.0),
            ("1.5e3", 1500.0),
            (".5", 0.5),
            ("Inf", f64::INFINITY),
        ] {
            assert_eq!(number(text), Ok(expect), "{text}");
        }
        assert!(number("NaN").unwrap().is_nan());
        let wrong = "error parsing number: strconv.ParseFloat: parsing \"5e\": invalid syntax";
        assert_eq!(number("5e"), Err(wrong.to_owned()));
        assert!(number("1e999").unwrap_err().ends_with("value out of range"));
    }

    #[test]
    fn durations_are_read() {
        for (text, expect) in [
            ("5m", 300_000),
            ("1h30m", 5_400_000),
            ("1y2w3d", 33_004_800_000),
            ("100ms", 100),
            ("1m5ms", 60_005),
            ("0", 0),
        ] {
            assert_eq!(duration(text), Ok(expect), "{text}");
        }
        for text in ["5", "m", "1m1h", "1m1m", "5x", "1h-1m", "5 m"] {
            assert_eq!(duration(text), Err(format!("not a valid duration string: {text:?}")));
        }
        assert_eq!(duration(""), Err("empty duration string".to_owned()));
        assert_eq!(duration("999999999999y"), Err("duration out of range".to_owned()));
        assert_eq!(duration("300y"), Err("duration out of range".to_owned()));
    }
}
