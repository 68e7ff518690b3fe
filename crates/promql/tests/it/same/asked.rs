//! A question to both, and whether their answers are the same.

use std::{
    fmt::Write as _,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use serde_json::Value as Json;
use tidegate_promql::{Engine, EvalError, Limits, Span, answer_text, parse};

use super::data::Data;

/// Numbers that differ by less, in proportion to the larger, are the same: libraries round the
/// last digit of a logarithm differently, and sums depend on their order.
const CLOSE: f64 = 1e-12;

/// A query and the moments that it is about.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) query: String,
    pub(super) span: Span,
    pub(super) kind: AskedKind,
}

/// Of which of the API's two paths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AskedKind {
    Instant,
    Range,
}

/// An answer: the API's data, or the error's type and message.
pub(super) type Told = Result<Json, (String, String)>;

impl Asked {
    /// What our engine answers.
    pub(super) fn of_ours(&self, data: &Data) -> Told {
        let bad = |problem: String| ("bad_data".to_owned(), problem);
        let wrong = |problem: String| match self.kind {
            AskedKind::Instant => bad(format!("invalid parameter \"query\": {problem}")),
            AskedKind::Range => bad(problem),
        };
        let expr = parse(&self.query).map_err(|problem| wrong(problem.to_string()))?;
        let engine = Engine { source: data, limits: Limits::prometheus() };
        let value = match self.kind {
            AskedKind::Instant => engine.instant(&expr, self.span.start),
            AskedKind::Range => engine.range(&expr, self.span),
        };
        match value {
            Ok(value) => Ok(serde_json::from_str(&answer_text(&value)).unwrap()),
            Err(EvalError::Type(problem)) => Err(bad(problem)),
            Err(problem) => Err(("execution".to_owned(), problem.to_string())),
        }
    }

    /// What Prometheus answers.
    pub(super) fn of_prometheus(&self, address: SocketAddr) -> Told {
        let Span { start, end, step } = self.span;
        let query = encoded(&self.query);
        let [start, end, step] =
            [start, end, step].map(|it| format!("{}.{:03}", it / 1000, it % 1000));
        let (path, form) = match self.kind {
            AskedKind::Instant => ("query", format!("query={query}&time={start}")),
            AskedKind::Range => {
                ("query_range", format!("query={query}&start={start}&end={end}&step={step}"))
            }
        };
        let reply: Json = serde_json::from_str(&post(address, path, &form)).unwrap();
        let text = |field: &str| reply[field].as_str().unwrap_or_default().to_owned();
        match text("status").as_str() {
            "success" => Ok(reply["data"].clone()),
            _ => Err((text("errorType"), text("error"))),
        }
    }
}

fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        write!(encoded, "%{byte:02X}").unwrap();
        encoded
    })
}

fn post(address: SocketAddr, path: &str, form: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let length = form.len();
    let head = format!(
        "POST /api/v1/{path} HTTP/1.0\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {length}\r\n\r\n"
    );
    stream.write_all((head + form).as_bytes()).unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    reply.split_once("\r\n\r\n").unwrap().1.to_owned()
}

/// Where Prometheus 2.42 does not do what its documentation says: `timestamp()` of a selector with
/// `@` forgets the selector's offset, and an aggregation's parameter its `@ start()` or `@ end()`.
fn is_known_fault(query: &str) -> bool {
    let has = |parts: &[&str]| parts.iter().all(|part| query.contains(part));
    has(&["timestamp(", "@", "offset"])
        || (has(&["quantile ", "scalar("]) && (has(&["@ start()"]) || has(&["@ end()"])))
}

/// Where two answers differ, if they do.
pub(super) fn difference(asked: &Asked, ours: &Told, theirs: &Told) -> Option<String> {
    if is_known_fault(&asked.query) {
        return None;
    }
    let differ = |what: String| Some(format!("{asked:?}: {what}"));
    match (ours, theirs) {
        (Err(ours), Err(theirs)) => {
            let same = ours.0 == theirs.0 && told(&ours.1) == told(&theirs.1);
            if same { None } else { differ(format!("{ours:?} for {theirs:?}")) }
        }
        (Ok(ours), Ok(theirs)) => {
            let mut both = [ours, theirs].map(sorted);
            let picks = ["topk", "bottomk"].iter().any(|it| asked.query.contains(it));
            if picks {
                // Of equal values, either may be picked.
                both = both.map(without_labels);
            }
            let [ours, theirs] = both;
            let what = unlike(&ours, &theirs)?;
            differ(format!("{what}\n  ours   {ours}\n  theirs {theirs}"))
        }
        (Ok(ours), Err(theirs)) => differ(format!("ours {ours} for {theirs:?}")),
        (Err(ours), Ok(theirs)) => differ(format!("{ours:?} for theirs {theirs}")),
    }
}

/// What is the same in a message each time: of several series that are too many, any two may be
/// named, each library has its words for a wrong pattern, and Go numbers a token without a name.
fn told(message: &str) -> String {
    let open = [" for the match group", "error parsing regexp: ", "unexpected \"@\"", "\"<Item "];
    let end = open.iter().filter_map(|it| message.find(it)).min().unwrap_or(message.len());
    message[..end].trim_end_matches("unexpected ").to_owned()
}

/// Series in the order of their labels: where the query sorts by value, a test of its own looks.
fn sorted(data: &Json) -> Json {
    let mut data = data.clone();
    if matches!(data["resultType"].as_str(), Some("vector" | "matrix"))
        && let Some(series) = data["result"].as_array_mut()
    {
        // `absent_over_time` of a subquery without a moment is a series without a sample.
        series.retain(|one| one.get("value").is_some() || one.get("values").is_some());
        series.sort_by_key(|one| one["metric"].to_string());
    }
    data
}

fn without_labels(mut data: Json) -> Json {
    if let Some(series) = data["result"].as_array_mut() {
        let mut values: Vec<Json> = series
            .iter()
            .flat_map(|one| {
                let many = one["values"].as_array().cloned().unwrap_or_default();
                many.into_iter().chain(one.get("value").cloned())
            })
            .collect();
        values.sort_by_key(ToString::to_string);
        *series = values;
    }
    data
}

fn unlike(ours: &Json, theirs: &Json) -> Option<String> {
    match (ours, theirs) {
        (Json::Array(ours), Json::Array(theirs)) if ours.len() == theirs.len() => {
            ours.iter().zip(theirs).find_map(|(ours, theirs)| unlike(ours, theirs))
        }
        (Json::Object(ours), Json::Object(theirs)) if ours.keys().eq(theirs.keys()) => {
            ours.values().zip(theirs.values()).find_map(|(ours, theirs)| unlike(ours, theirs))
        }
        (Json::String(ours), Json::String(theirs)) if close(ours, theirs) => None,
        (Json::Number(ours), Json::Number(theirs)) if ours.as_f64() == theirs.as_f64() => None,
        _ if ours == theirs => None,
        _ => Some(format!("{ours} for {theirs}")),
    }
}

fn close(ours: &str, theirs: &str) -> bool {
    let numbers = (ours.parse::<f64>(), theirs.parse::<f64>());
    let (Ok(one), Ok(other)) = numbers else { return ours == theirs };
    let near = (one - other).abs() <= CLOSE * one.abs().max(other.abs());
    ours == theirs || near
}
