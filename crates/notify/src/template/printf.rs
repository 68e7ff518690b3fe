//! `printf`, for the verbs that make sense of such values.

use serde_json::Value;

use crate::template::go_text::{float_text, plain, whole};

/// A text by a format. What does not fit is written as Go writes it, `%!d(string=x)`: the message is better than none.
pub(crate) fn sprintf(format: &str, values: &[Value]) -> Result<String, String> {
    let (mut out, mut values) = (String::new(), values.iter());
    let mut signs = format.chars();
    while let Some(sign) = signs.next() {
        if sign != '%' {
            out.push(sign);
            continue;
        }
        let mut flags = String::new();
        let verb = loop {
            match signs.next() {
                Some(flag) if flag.is_ascii_digit() || "-+ .0#".contains(flag) => flags.push(flag),
                Some(verb) => break verb,
                None => return Ok(out + "%!(NOVERB)"),
            }
        };
        if verb == '%' {
            out.push('%');
            continue;
        }
        match values.next() {
            Some(value) => out.push_str(&padded(&flags, formatted(verb, &flags, value)?)),
            None => out.extend(["%!", &verb.to_string(), "(MISSING)"]),
        }
    }
    let extra: Vec<_> = values.map(|value| format!("{}={}", kind(value), plain(value))).collect();
    if !extra.is_empty() {
        out = format!("{out}%!(EXTRA {})", extra.join(", "));
    }
    Ok(out)
}

fn formatted(verb: char, flags: &str, value: &Value) -> Result<String, String> {
    let precision = flags.split_once('.').and_then(|(_, digits)| digits.parse::<usize>().ok());
    let whole = || whole(value).filter(|_| value.is_number());
    let signed = |text: String| {
        if flags.contains('+') && !text.starts_with('-') { format!("+{text}") } else { text }
    };
    let made = match verb {
        'v' => Some(plain(value)),
        's' => Some(match precision {
            Some(most) => plain(value).chars().take(most).collect(),
            None => plain(value),
        }),
        'q' => Some(quoted(&plain(value))),
        't' => value.as_bool().map(|flag| flag.to_string()),
        'T' => Some(kind(value).to_owned()),
        'd' => whole().map(|number| signed(number.to_string())),
        'f' | 'F' => {
            let places = precision.unwrap_or(6).min(20);
            value.as_f64().map(|number| signed(format!("{number:.places$}")))
        }
        'g' => value.as_f64().map(float_text).map(signed),
        'e' => value.as_f64().map(|number| scientific(number, precision.unwrap_or(6))),
        'c' => whole().and_then(letter).map(String::from),
        'U' => whole().map(|number| format!("U+{number:04X}")),
        'b' => whole().map(|number| format!("{number:b}")),
        'o' => whole().map(|number| format!("{number:o}")),
        'x' => hexadecimal(value),
        'X' => hexadecimal(value).map(|text| text.to_uppercase()),
        _ => return Err(format!("`printf`: there is no `%{verb}`")),
    };
    Ok(made.unwrap_or_else(|| format!("%!{verb}({}={})", kind(value), plain(value))))
}

fn hexadecimal(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => {
            Some(text.bytes().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat())
        }
        _ => value.as_i64().map(|number| format!("{number:x}")),
    }
}

fn letter(number: i64) -> Option<char> {
    u32::try_from(number).ok().and_then(char::from_u32)
}

fn scientific(number: f64, places: usize) -> String {
    let text = format!("{number:.*e}", places.min(20));
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    format!("{digits}e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs())
}

/// A text in quotes with the escapes of Go.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for sign in text.chars() {
        match sign {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            '\x07' => out.push_str("\\a"),
            '\x08' => out.push_str("\\b"),
            '\x0b' => out.push_str("\\v"),
            '\x0c' => out.push_str("\\f"),
            sign if sign.is_ascii_control() => {
                out.push_str(&escaped(sign));
            }
            sign => out.push(sign),
        }
    }
    out.push('"');
    out
}

fn escaped(sign: char) -> String {
    format!("\\x{:02x}", u32::from(sign))
}

/// As `%T` calls it. What came of JSON is a float in Go, where whole numbers are so here.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "<nil>",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float64",
        Value::Number(_) => "int",
        Value::String(_) => "string",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
    }
}

fn padded(flags: &str, text: String) -> String {
    let width = flags.split('.').next().unwrap_or_default();
    let (left, width) = (width.contains('-'), width.trim_start_matches(['-', '+', ' ', '#']));
    let zeros = width.starts_with('0') && !left;
    // Wider than any line: a width is no way to make a message long.
    let Ok(width) = width.parse::<usize>().map(|width| width.min(200)) else { return text };
    match (left, zeros) {
        (true, _) => format!("{text:<width$}"),
        (false, true) => {
            let (sign, digits) = text.split_at(usize::from(text.starts_with(['-', '+'])));
            let width = width.saturating_sub(sign.len());
            format!("{sign}{digits:0>width$}")
        }
        (false, false) => format!("{text:>width$}"),
    }
}
