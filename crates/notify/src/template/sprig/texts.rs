//! Texts.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use tidegate_ledger::Digest;

use super::{Called, MANY, row, text, value};
use crate::template::{
    function::Row,
    go_text::{plain, whole},
};

/// What Go's `url.QueryEscape` leaves as it is.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// What is repeated or indented is a line, not a page.
const MOST_REPEATED: usize = 64 * 1024;

pub(super) const TABLE: &[Row] = &[
    row("upper", 1, 1, |values| Ok(text(value(values, 0))?.to_uppercase().into())),
    row("lower", 1, 1, |values| Ok(text(value(values, 0))?.to_lowercase().into())),
    row("title", 1, 1, |values| Ok(words(text(value(values, 0))?, char::to_uppercase).into())),
    row("untitle", 1, 1, |values| Ok(words(text(value(values, 0))?, char::to_lowercase).into())),
    row("trim", 1, 1, |values| Ok(text(value(values, 0))?.trim().into())),
    row("trimAll", 2, 2, trimmed),
    row("trimPrefix", 2, 2, |values| {
        let (prefix, text) = two(values)?;
        Ok(text.strip_prefix(prefix).unwrap_or(text).into())
    }),
    row("trimSuffix", 2, 2, |values| {
        let (suffix, text) = two(values)?;
        Ok(text.strip_suffix(suffix).unwrap_or(text).into())
    }),
    row("hasPrefix", 2, 2, |values| two(values).map(|(part, text)| text.starts_with(part).into())),
    row("hasSuffix", 2, 2, |values| two(values).map(|(part, text)| text.ends_with(part).into())),
    row("contains", 2, 2, |values| two(values).map(|(part, text)| text.contains(part).into())),
    row("replace", 3, 3, |values| {
        let (old, new) = two(values)?;
        Ok(text(value(values, 2))?.replace(old, new).into())
    }),
    row("repeat", 2, 2, |values| {
        let text = text(value(values, 1))?;
        let times = count(value(values, 0));
        bounded(text.len().saturating_mul(times))?;
        Ok(text.repeat(times).into())
    }),
    row("trunc", 2, 2, |values| Ok(truncated(value(values, 0), text(value(values, 1))?).into())),
    row("abbrev", 2, 2, |values| {
        let (width, text) = (count(value(values, 0)), text(value(values, 1))?);
        if width < 4 || text.len() <= width {
            return Ok(text.into());
        }
        let short: String = text.chars().take(width - 3).collect();
        Ok(format!("{short}...").into())
    }),
    row("substr", 3, 3, |values| {
        let from = count(value(values, 0));
        let to = usize::try_from(whole(value(values, 1)).unwrap_or(-1)).unwrap_or(usize::MAX);
        let part: String =
            text(value(values, 2))?.chars().skip(from).take(to.saturating_sub(from)).collect();
        Ok(part.into())
    }),
    row("nospace", 1, 1, |values| {
        Ok(text(value(values, 0))?.split_whitespace().collect::<String>().into())
    }),
    row("indent", 2, 2, |values| indented(values, "")),
    row("nindent", 2, 2, |values| indented(values, "\n")),
    row("quote", 0, MANY, |values| Ok(quoted(values, |text| Value::from(text).to_string()))),
    row("squote", 0, MANY, |values| Ok(quoted(values, |text| format!("'{text}'")))),
    row("cat", 0, MANY, |values| {
        let words: Vec<_> = values.iter().filter(|value| !value.is_null()).map(plain).collect();
        Ok(words.join(" ").into())
    }),
    row("toString", 1, 1, |values| Ok(plain(value(values, 0)).into())),
    row("plural", 3, 3, |values| {
        Ok(value(values, usize::from(count(value(values, 2)) != 1)).clone())
    }),
    row("b64enc", 1, 1, |values| Ok(BASE64_STANDARD.encode(text(value(values, 0))?).into())),
    row("b64dec", 1, 1, |values| {
        let bytes = BASE64_STANDARD.decode(text(value(values, 0))?);
        let bytes = bytes.map_err(|problem| problem.to_string())?;
        Ok(String::from_utf8_lossy(&bytes).into())
    }),
    row("sha256sum", 1, 1, |values| {
        Ok(Digest::of(text(value(values, 0))?.as_bytes()).to_string().into())
    }),
    row("urlquery", 0, MANY, |values| {
        let all: String = values.iter().map(plain).collect();
        Ok(utf8_percent_encode(&all, QUERY).to_string().replace("%20", "+").into())
    }),
    row("html", 0, MANY, |values| {
        Ok(escaped(values, |sign| match sign {
            '<' => Some("&lt;"),
            '>' => Some("&gt;"),
            '&' => Some("&amp;"),
            '"' => Some("&#34;"),
            '\'' => Some("&#39;"),
            _ => None,
        }))
    }),
    row("js", 0, MANY, |values| {
        Ok(escaped(values, |sign| match sign {
            '<' => Some(r"\u003C"),
            '>' => Some(r"\u003E"),
            '&' => Some(r"\u0026"),
            '=' => Some(r"\u003D"),
            '"' => Some("\\\""),
            '\'' => Some(r"\'"),
            '\\' => Some(r"\\"),
            '\n' => Some(r"\u000A"),
            '\r' => Some(r"\u000D"),
            '\t' => Some(r"\u0009"),
            _ => None,
        }))
    }),
];

pub(super) fn two(values: &[Value]) -> Result<(&str, &str), String> {
    Ok((text(value(values, 0))?, text(value(values, 1))?))
}

fn count(value: &Value) -> usize {
    whole(value).and_then(|number| usize::try_from(number).ok()).unwrap_or_default()
}

fn bounded(length: usize) -> Result<(), String> {
    if length > MOST_REPEATED {
        return Err(format!("the text would be longer than {} KiB", MOST_REPEATED >> 10));
    }
    Ok(())
}

fn trimmed(values: &[Value]) -> Called {
    let (signs, text) = two(values)?;
    Ok(text.trim_matches(|sign| signs.contains(sign)).into())
}

fn truncated(width: &Value, text: &str) -> String {
    let width = whole(width).unwrap_or_default();
    let most = usize::try_from(width.unsigned_abs()).unwrap_or(usize::MAX);
    let skipped = if width < 0 { text.chars().count().saturating_sub(most) } else { 0 };
    text.chars().skip(skipped).take(most).collect()
}

fn words<I: Iterator<Item = char>>(text: &str, change: fn(char) -> I) -> String {
    let (mut out, mut begins) = (String::with_capacity(text.len()), true);
    for sign in text.chars() {
        if begins {
            out.extend(change(sign));
        } else {
            out.push(sign);
        }
        begins = !(sign.is_alphanumeric() || sign == '_' || sign == '\'');
    }
    out
}

fn indented(values: &[Value], before: &str) -> Called {
    let (width, text) = (count(value(values, 0)), text(value(values, 1))?);
    bounded(width.saturating_mul(1 + text.matches('\n').count()))?;
    let pad = " ".repeat(width);
    Ok(format!("{before}{pad}{}", text.replace('\n', &format!("\n{pad}"))).into())
}

fn quoted(values: &[Value], quote: impl Fn(String) -> String) -> Value {
    let told = values.iter().filter(|value| !value.is_null());
    let words: Vec<_> = told.map(|value| quote(plain(value))).collect();
    words.join(" ").into()
}

fn escaped(values: &[Value], escape: fn(char) -> Option<&'static str>) -> Value {
    let mut out = String::new();
    for sign in values.iter().map(plain).collect::<String>().chars() {
        match escape(sign) {
            Some(instead) => out.push_str(instead),
            None => out.push(sign),
        }
    }
    out.into()
}
