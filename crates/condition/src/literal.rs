use crate::token::Number;

/// The value of a number as it is written: `1_000`, `0xff`, `0o17`, `0b11`, `.5`, `1e-3`.
pub(crate) fn read_number(text: &str) -> Result<Number, String> {
    let plain = text.replace('_', "").to_ascii_lowercase();
    let radix = match plain.get(..2) {
        Some("0x") => 16,
        Some("0o") => 8,
        Some("0b") => 2,
        _ => 10,
    };
    if radix == 10 && plain.contains(['.', 'e']) {
        return match plain.parse::<f64>() {
            Ok(value) if value.is_finite() => Ok(Number::Float(value)),
            _ => Err(format!("`{text}` is not a number that a float can hold")),
        };
    }
    let digits = if radix == 10 { Some(plain.as_str()) } else { plain.get(2..) };
    digits
        .and_then(|digits| i64::from_str_radix(digits, radix).ok())
        .map(Number::Int)
        .ok_or_else(|| format!("`{text}` is not a whole number of at most 64 bits"))
}

/// The text between two quotes, its escapes undone. Line ends become `\n`.
pub(crate) fn unescape(inside: &str) -> Result<String, String> {
    let mut text = String::with_capacity(inside.len());
    let mut rest = inside.chars();
    while let Some(c) = rest.next() {
        match c {
            '\\' => text.push(escape(&mut rest)?),
            '\r' => text.push('\n'),
            other => text.push(other),
        }
    }
    Ok(text)
}

fn escape(rest: &mut std::str::Chars<'_>) -> Result<char, String> {
    let Some(c) = rest.next() else {
        return Err("a string ends in the middle of an escape".to_owned());
    };
    match c {
        'a' => Ok('\u{7}'),
        'b' => Ok('\u{8}'),
        'f' => Ok('\u{c}'),
        'n' => Ok('\n'),
        'r' => Ok('\r'),
        't' => Ok('\t'),
        'v' => Ok('\u{b}'),
        '\\' | '\'' | '"' => Ok(c),
        'x' => coded(&take(rest, 2), 16, 2),
        'u' if rest.as_str().starts_with('{') => braced(rest),
        'u' => coded(&take(rest, 4), 16, 4),
        'U' => coded(&take(rest, 8), 16, 8),
        '0'..='3' => coded(&format!("{c}{}", take(rest, 2)), 8, 3),
        other => Err(format!(
            "`\\{other}` is no escape; allowed are \\a \\b \\f \\n \\r \\t \\v \\\\ \\' \\\" \\xNN \\uNNNN \\u{{N}} \\UNNNNNNNN \\NNN"
        )),
    }
}

fn take(rest: &mut std::str::Chars<'_>, count: usize) -> String {
    rest.take(count).collect()
}

fn braced(rest: &mut std::str::Chars<'_>) -> Result<char, String> {
    let digits: String = rest.skip(1).take_while(|c| *c != '}').collect();
    let length = digits.len();
    if length == 0 || length > 6 {
        return Err("`\\u{..}` takes one to six hexadecimal digits".to_owned());
    }
    coded(&digits, 16, length)
}

fn coded(digits: &str, radix: u32, length: usize) -> Result<char, String> {
    let all_digits = digits.len() == length && digits.chars().all(|c| c.is_digit(radix));
    let code = u32::from_str_radix(digits, radix).ok().filter(|_| all_digits);
    code.and_then(char::from_u32)
        .ok_or_else(|| format!("`{digits}` in an escape is not the code of a character"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_in_every_notation() {
        for (text, value) in [
            ("0", Number::Int(0)),
            ("1_000", Number::Int(1000)),
            ("012", Number::Int(12)),
            ("0xFF", Number::Int(255)),
            ("0o17", Number::Int(15)),
            ("0b1_01", Number::Int(5)),
            ("9223372036854775807", Number::Int(i64::MAX)),
            (".5", Number::Float(0.5)),
            ("1.", Number::Float(1.0)),
            ("1e3", Number::Float(1000.0)),
            ("2.5E-1", Number::Float(0.25)),
        ] {
            assert_eq!(read_number(text), Ok(value), "{text}");
        }
        for text in ["9223372036854775808", "1e999", "1e", "0x", "0b1e5", "0xffffffffffffffff"] {
            assert!(read_number(text).is_err(), "{text}");
        }
    }

    #[test]
    fn escapes_are_undone() {
        for (inside, text) in [
            (r"a\tb\n", Ok("a\tb\n")),
            (r"\x41\u0042\U00000043\104\u{1F600}", Ok("ABCD\u{1F600}")),
            (r#"\'\"\\"#, Ok("'\"\\")),
            ("a\rb", Ok("a\nb")),
            (r"\q", Err("`\\q` is no escape")),
            (r"\x4", Err("`4` in an escape")),
            (r"\u{}", Err("`\\u{..}` takes")),
            (r"\ud800", Err("`d800` in an escape")),
            (r"\19", Err("`19` in an escape")),
        ] {
            match (unescape(inside), text) {
                (Ok(found), Ok(wanted)) => assert_eq!(found, wanted, "{inside}"),
                (Err(found), Err(start)) => assert!(found.starts_with(start), "{found}"),
                (found, wanted) => panic!("{inside}: {found:?} instead of {wanted:?}"),
            }
        }
    }
}
