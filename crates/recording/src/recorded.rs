//! Requests as they were sent, to be sent again: HAR 1.2, and `CloudEvents` as JSON lines.

use std::fmt;

use serde_json::Value;

use crate::error::{RecordingError, quoted};

/// The longest recording; browsers write some megabytes for a page.
pub const MOST_RECORDING_BYTES: usize = 128 * 1024 * 1024;

/// Requests of one recording: each is sent twice when it is replayed.
pub const MOST_RECORDED: usize = 100_000;

/// Headers of the connection on which a request was sent, which another connection has its own of.
const OF_THE_CONNECTION: [&str; 8] = [
    "host",
    "content-length",
    "connection",
    "transfer-encoding",
    "keep-alive",
    "te",
    "upgrade",
    "accept-encoding",
];

/// A request that was recorded.
#[derive(Clone, PartialEq, Eq)]
pub struct Recorded {
    /// Its method.
    pub method: String,
    /// Its path and query, as they were sent.
    pub target: String,
    /// Its headers, without those of the connection.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: Vec<u8>,
    /// What it is called where it has a name of its own: the type and id of an event.
    pub label: Option<String>,
}

impl Recorded {
    /// What it is called: without its query and headers, which may bear secrets.
    pub fn name(&self) -> String {
        let path = self.target.split('?').next().unwrap_or_default();
        let label = self.label.as_ref().map(|label| format!(" {label}")).unwrap_or_default();
        format!("{} {path}{label}", self.method)
    }
}

/// No value of a header, query or body: they may be secrets.
impl fmt::Debug for Recorded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorded").field("name", &self.name()).finish_non_exhaustive()
    }
}

/// Reads a recording, and tells by itself whether it is HAR or events.
///
/// # Errors
/// What is wrong, and where.
pub fn recorded(file: &str, bytes: &[u8]) -> Result<Vec<Recorded>, RecordingError> {
    let fail = |line, column, message: String, mend: &str| RecordingError::Malformed {
        file: file.to_owned(),
        line,
        column,
        message,
        mend: mend.to_owned(),
    };
    if bytes.len() > MOST_RECORDING_BYTES {
        let message = format!("the recording is longer than {} MiB", MOST_RECORDING_BYTES >> 20);
        return Err(fail(1, 1, message, "replay it in parts"));
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let all = match serde_json::from_slice::<Value>(bytes) {
        Ok(value) if value.get("log").is_some() => {
            entries(&value).map_err(|(message, mend)| fail(1, 1, message, mend))?
        }
        _ => events(bytes)
            .map_err(|(line, column, message, mend)| fail(line, column, message, mend))?,
    };
    if all.len() > MOST_RECORDED {
        let message = format!("there are more than {MOST_RECORDED} requests");
        return Err(fail(1, 1, message, "replay them in parts"));
    }
    Ok(all)
}

type Wrong = (String, &'static str);

fn entries(har: &Value) -> Result<Vec<Recorded>, Wrong> {
    let entries = har.pointer("/log/entries").and_then(Value::as_array);
    let entries = entries.ok_or(("log.entries is missing".to_owned(), "a HAR file has it"))?;
    let one = |(index, entry): (usize, &Value)| {
        let request = entry.get("request").ok_or_else(|| {
            (format!("log.entries[{index}] has no request"), "an entry of a HAR file has one")
        });
        request.and_then(|request| of_har(index, request))
    };
    entries.iter().enumerate().map(one).collect()
}

fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key).and_then(Value::as_str)
}

fn of_har(index: usize, request: &Value) -> Result<Recorded, Wrong> {
    let wrong = |what: &str, mend| (format!("log.entries[{index}].request.{what}"), mend);
    let method =
        text(request, "method").ok_or_else(|| wrong("method is missing", "such as GET"))?;
    let url = text(request, "url");
    let target = url.and_then(target).ok_or_else(|| {
        let shown = quoted(url.unwrap_or_default());
        wrong(&format!("url is {shown}"), "an address with http:// or https:// is expected")
    })?;
    let empty = Vec::new();
    let headers = request.get("headers").and_then(Value::as_array).unwrap_or(&empty).iter();
    let headers = headers.filter_map(|header| {
        let (name, value) = (text(header, "name")?, text(header, "value")?);
        let of_connection = OF_THE_CONNECTION.iter().any(|it| it.eq_ignore_ascii_case(name));
        // HTTP/2 has its method and address among the headers.
        (!of_connection && !name.starts_with(':')).then(|| (name.to_owned(), value.to_owned()))
    });
    Ok(Recorded {
        method: method.to_owned(),
        target,
        headers: headers.collect(),
        body: posted(request),
        label: None,
    })
}

/// The path and query of an address.
fn target(url: &str) -> Option<String> {
    let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"))?;
    let rest = rest.split('#').next().unwrap_or_default();
    let from = rest.find(['/', '?']).unwrap_or(rest.len());
    let target = rest.get(from..).unwrap_or_default();
    Some(if target.starts_with('/') { target.to_owned() } else { format!("/{target}") })
}

fn posted(request: &Value) -> Vec<u8> {
    let Some(data) = request.get("postData") else { return Vec::new() };
    if let Some(body) = text(data, "text") {
        return body.as_bytes().to_vec();
    }
    let params = data.get("params").and_then(Value::as_array).into_iter().flatten();
    let pairs = params.filter_map(|param| {
        Some(format!("{}={}", text(param, "name")?, text(param, "value").unwrap_or_default()))
    });
    pairs.collect::<Vec<_>>().join("&").into_bytes()
}

type Placed = (u64, u64, String, &'static str);

fn events(bytes: &[u8]) -> Result<Vec<Recorded>, Placed> {
    let mut all = Vec::new();
    for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        if line.trim_ascii().is_empty() {
            continue;
        }
        let number = index as u64 + 1;
        let mend = "a recording is HAR 1.2, or a CloudEvent as JSON on each line";
        let event: Value = serde_json::from_slice(line).map_err(|problem| {
            (number, problem.column() as u64, format!("this is no JSON: {problem}"), mend)
        })?;
        for key in ["specversion", "id", "source", "type"] {
            if text(&event, key).is_none() {
                return Err((number, 1, format!("{key:?} is missing"), mend));
            }
        }
        all.push(of_event(&event));
    }
    if all.is_empty() {
        return Err((
            1,
            1,
            "there is nothing in it".to_owned(),
            "a recording has requests or events",
        ));
    }
    Ok(all)
}

/// An event as it is sent over HTTP in structured mode (`CloudEvents` HTTP binding, section 3.2).
fn of_event(event: &Value) -> Recorded {
    let told = |key| text(event, key).unwrap_or_default();
    let label = format!("{} {}", told("type"), told("id"));
    let kind = ("Content-Type".to_owned(), "application/cloudevents+json".to_owned());
    Recorded {
        method: "POST".to_owned(),
        target: "/".to_owned(),
        headers: vec![kind],
        body: event.to_string().into_bytes(),
        label: Some(label),
    }
}
