//! What was recorded, sent to two revisions, and what their answers differ in.

use serde::Serialize;
use tidegate_comparison::{Answer, Body, Settings, compare};
use tidegate_contract::{Body as Sent, Content, Request, Response};
use tidegate_http_client::Url;
use tidegate_recording::Recorded;

use crate::ask::Asking;

/// The two revisions that are compared.
pub struct Revisions {
    /// The one that everybody knows.
    pub base: Url,
    /// The one that is to replace it.
    pub head: Url,
    /// How both are asked.
    pub asking: Asking,
    /// Fields that are not compared, by the names that a report gives them: `body.items[].seen`, `header.etag`.
    pub ignored: Vec<String>,
}

/// A field in which two answers differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Divergence {
    /// Its name: `status`, `header.etag`, `body.items[].price`.
    pub field: String,
    /// What it is at the base.
    pub base: String,
    /// What it is at the head.
    pub head: String,
}

/// A recorded request whose answers differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Replayed {
    /// Which one, from 1.
    pub number: usize,
    /// What was asked, with no query: it may bear secrets.
    pub request: String,
    /// In what its answers differ.
    pub differences: Vec<Divergence>,
    /// The first event in which they differ, from 1, where both answers are streams of events.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<usize>,
}

/// What a replay came to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// How many requests were sent to both.
    pub sent: usize,
    /// Those whose answers differ, in the order of the recording: the first is the first divergence.
    pub divergent: Vec<Replayed>,
}

/// Sends every recorded request to both, one after the other, and compares the answers.
///
/// # Errors
/// Which server does not answer, and to what.
pub async fn replay(recorded: &[Recorded], revisions: &Revisions) -> Result<Report, String> {
    let mut report = Report::default();
    for (index, one) in recorded.iter().enumerate() {
        let request = request(one);
        let ask = async |url: &Url| {
            let told = |problem| format!("request {} ({}): {problem}", index + 1, one.name());
            revisions.asking.request(url, &request, false).await.map_err(told)
        };
        let (base, head) = (ask(&revisions.base).await?, ask(&revisions.head).await?);
        report.sent += 1;
        let differences = differences(&base, &head, &revisions.ignored);
        if !differences.is_empty() {
            let event = first_event(&base, &head, &revisions.ignored);
            let request = one.name();
            report.divergent.push(Replayed { number: index + 1, request, differences, event });
        }
    }
    Ok(report)
}

fn request(recorded: &Recorded) -> Request {
    let (path, query) = recorded.target.split_once('?').unwrap_or((&recorded.target, ""));
    let decoded = |text: &str| {
        percent_encoding::percent_decode_str(&text.replace('+', " "))
            .decode_utf8_lossy()
            .into_owned()
    };
    let pairs = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = match pair.split_once('=') {
            Some((name, value)) => (name, Some(decoded(value))),
            None => (pair, None),
        };
        (decoded(name), vec![value])
    });
    let headers = recorded.headers.iter().map(|(name, value)| (name.clone(), vec![value.clone()]));
    let content = Content {
        headers: headers.collect(),
        body: Sent::received(recorded.body.clone()),
        ..Content::default()
    };
    Request {
        method: recorded.method.clone(),
        path: path.to_owned(),
        query: pairs.collect(),
        content,
    }
}

fn answer(response: &Response) -> Answer {
    let fields = response.content.headers.iter();
    Answer {
        status: response.status,
        fields: fields.map(|(name, values)| (name.to_lowercase(), values.join(", "))).collect(),
        body: Body::Whole(response.content.body.bytes().to_vec()),
        micros: 0,
    }
}

fn differences(base: &Response, head: &Response, ignored: &[String]) -> Vec<Divergence> {
    let settings =
        Settings { ignored: ignored.to_vec(), most_body: u32::MAX, ..Settings::default() };
    // The comparison is of three; where two of them are one answer, the third is apart or nobody is.
    let (base, head) = (answer(base), answer(head));
    let found = compare(&settings, [Some(&head), Some(&base), Some(&base)]);
    let told = found.differences.into_iter().map(|difference| {
        let [head, base, _] = difference.shown;
        Divergence { field: difference.field, base, head }
    });
    told.collect()
}

/// The events of an answer that is a stream of them: `text/event-stream`, or JSON lines.
fn events(response: &Response) -> Option<Vec<String>> {
    let kind = response.content.header("content-type")?;
    let text = String::from_utf8_lossy(response.content.body.bytes()).replace("\r\n", "\n");
    let separator = match kind.split(';').next().unwrap_or_default().trim() {
        "text/event-stream" => "\n\n",
        "application/x-ndjson" | "application/jsonl" | "application/json-lines" => "\n",
        _ => return None,
    };
    let events = text.split(separator).filter(|event| !event.trim().is_empty());
    Some(events.map(data).collect())
}

/// What an event says: the lines of `data`, or all of it.
fn data(event: &str) -> String {
    let lines: Vec<&str> = event.lines().filter_map(|line| line.strip_prefix("data:")).collect();
    if lines.is_empty() { event.trim().to_owned() } else { lines.join("\n").trim().to_owned() }
}

fn first_event(base: &Response, head: &Response, ignored: &[String]) -> Option<usize> {
    let (ours, theirs) = (events(base)?, events(head)?);
    let as_answer = |text: Option<&String>| {
        let headers = vec![("content-type".to_owned(), vec!["application/json".to_owned()])];
        let body = Sent::received(text.cloned().unwrap_or_default().into_bytes());
        Response { status: 200, content: Content { headers, body, ..Content::default() } }
    };
    let differs = |index: &usize| {
        let (ours, theirs) = (ours.get(*index), theirs.get(*index));
        let missing = ours.is_none() || theirs.is_none();
        missing || !differences(&as_answer(ours), &as_answer(theirs), ignored).is_empty()
    };
    (0..ours.len().max(theirs.len())).find(differs).map(|index| index + 1)
}
