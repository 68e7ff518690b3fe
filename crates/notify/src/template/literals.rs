//! Numbers and strings as Go writes them.

use serde_json::Number;

/// `5`, `-1.5`, `1e3`, `1_000`, `0x1F`, `0b1`, `0o17` or `017`.
pub(crate) fn number(text: &str) -> Option<Number> {
    let bare = text.replace('_', "");
    let (negative, digits) = match bare.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, bare.strip_prefix('+').unwrap_or(&bare)),
    };
    if let Some(whole) = whole(&digits.to_ascii_lowercase()) {
        return Some(Number::from(if negative { -whole } else { whole }));
    }
    let float: f64 = digits.parse().ok()?;
    Number::from_f64(if negative { -float } else { float })
}

fn whole(digits: &str) -> Option<i64> {
    if !digits.starts_with(|sign: char| sign.is_ascii_digit()) {
        return None;
    }
    let based = |prefix: &str, radix| i64::from_str_radix(digits.strip_prefix(prefix)?, radix).ok();
    let named = based("0x", 16).or_else(|| based("0b", 2)).or_else(|| based("0o", 8));
    named.or_else(|| based("0", 8)).or_else(|| digits.parse().ok())
}

/// A string without its escapes.
pub(crate) fn unescaped(text: &str) -> Option<String> {
    let (mut out, mut signs) = (String::new(), text.chars());
    while let Some(sign) = signs.next() {
        if sign == '\n' {
            return None;
        }
        if sign != '\\' {
            out.push(sign);
            continue;
        }
        out.push(match signs.next()? {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            'a' => '\x07',
            'b' => '\x08',
            'f' => '\x0c',
            'v' => '\x0b',
            same @ ('\\' | '"' | '\'') => same,
            'x' => coded(&mut signs, "", 2, 16)?,
            'u' => coded(&mut signs, "", 4, 16)?,
            'U' => coded(&mut signs, "", 8, 16)?,
            digit @ '0'..='3' => coded(&mut signs, &digit.to_string(), 2, 8)?,
            _ => return None,
        });
    }
    Some(out)
}

/// A letter by its number, of which some digits were read.
fn coded(signs: &mut std::str::Chars<'_>, begin: &str, count: usize, radix: u32) -> Option<char> {
    let digits: String = signs.by_ref().take(count).collect();
    let is_whole = digits.len() == count;
    let number = u32::from_str_radix(&format!("{begin}{digits}"), radix).ok();
    number.filter(|_| is_whole).and_then(char::from_u32)
}
