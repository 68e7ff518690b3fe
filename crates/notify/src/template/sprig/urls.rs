//! Addresses, paths and kinds of values.

use serde_json::{Value, json};

use super::{kind, map, row, text, value};
use crate::template::{function::Row, go_text::plain};

pub(super) const TABLE: &[Row] = &[
    row("urlParse", 1, 1, |values| Ok(parsed(text(value(values, 0))?))),
    row("urlJoin", 1, 1, |values| Ok(joined(map(value(values, 0))?).into())),
    row("base", 1, 1, |values| {
        let path = text(value(values, 0))?;
        let name = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        Ok(match (path, name) {
            ("", _) => ".",
            (_, "") => "/",
            (_, name) => name,
        }
        .into())
    }),
    row("dir", 1, 1, |values| {
        let parent = text(value(values, 0))?.rsplit_once('/').map(|(parent, _)| parent);
        Ok(parent.map_or_else(|| ".".to_owned(), |parent| cleaned(&format!("{parent}/"))).into())
    }),
    row("ext", 1, 1, |values| {
        let name = text(value(values, 0))?.rsplit('/').next().unwrap_or_default();
        Ok(name.rfind('.').and_then(|at| name.get(at..)).unwrap_or_default().into())
    }),
    row("clean", 1, 1, |values| Ok(cleaned(text(value(values, 0))?).into())),
    row("isAbs", 1, 1, |values| Ok(text(value(values, 0))?.starts_with('/').into())),
    row("adler32sum", 1, 1, |values| Ok(adler32(text(value(values, 0))?).to_string().into())),
    row("typeIs", 2, 2, |values| Ok((text(value(values, 0))? == kind(value(values, 1))).into())),
    row("typeIsLike", 2, 2, |values| {
        let wanted = text(value(values, 0))?.trim_start_matches('*');
        Ok((wanted == kind(value(values, 1))).into())
    }),
    row("deepEqual", 2, 2, |values| Ok((value(values, 0) == value(values, 1)).into())),
];

fn parsed(text: &str) -> Value {
    let (rest, fragment) = text.split_once('#').unwrap_or((text, ""));
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (scheme, rest) = rest.split_once("://").unwrap_or(("", rest));
    let (authority, path) = match rest.find('/') {
        _ if scheme.is_empty() => ("", rest),
        Some(at) => rest.split_at(at),
        None => (rest, ""),
    };
    let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    json!({
        "scheme": scheme,
        "userinfo": user,
        "host": host,
        "hostname": host.split(':').next().unwrap_or_default(),
        "path": path,
        "query": query,
        "opaque": "",
        "fragment": fragment,
    })
}

fn joined(fields: &serde_json::Map<String, Value>) -> String {
    let of = |name: &str, before: &str, after: &str| match fields.get(name).map(plain) {
        Some(text) if !text.is_empty() => format!("{before}{text}{after}"),
        _ => String::new(),
    };
    let authority = format!("{}{}", of("userinfo", "", "@"), of("host", "", ""));
    let slashes = if authority.is_empty() { "" } else { "//" };
    let (path, query) = (of("path", "", ""), of("query", "?", ""));
    format!("{}{slashes}{authority}{path}{query}{}", of("scheme", "", ":"), of("fragment", "#", ""))
}

/// A path without what means nothing in it.
fn cleaned(path: &str) -> String {
    let is_absolute = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => drop(parts.pop()),
            ".." if is_absolute => {}
            part => parts.push(part),
        }
    }
    match (is_absolute, parts.join("/")) {
        (true, path) => format!("/{path}"),
        (false, path) if path.is_empty() => ".".to_owned(),
        (false, path) => path,
    }
}

/// RFC 1950.
fn adler32(text: &str) -> u32 {
    const MODULUS: u32 = 65_521;
    let (low, high) = text.bytes().fold((1, 0), |(low, high), byte| {
        let low = (low + u32::from(byte)) % MODULUS;
        (low, (high + low) % MODULUS)
    });
    (high << 16) | low
}
