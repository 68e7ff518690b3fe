//! `CloudEvents` 1.0 and its binding to HTTP.

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tidegate_units::Timestamp;

/// How an event is put into a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// All of it in the body.
    Structured,
    /// Its attributes as headers, its data as the body.
    #[default]
    Binary,
}

/// An event for programs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CloudEvent {
    /// With `source` that of no other event.
    pub id: String,
    /// Where it happened, a URI reference.
    pub source: String,
    /// What happened.
    #[serde(rename = "type")]
    pub kind: String,
    /// To what.
    pub subject: String,
    /// When.
    pub time: Timestamp,
    /// What there is to say of it, JSON.
    pub data: Value,
}

/// What a value of a header is percent-encoded for (§3.1.3.2): all but the printable signs of ASCII, and of those the
/// blank, the quote and the percent sign.
const HEADER: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'%');

impl CloudEvent {
    /// The media type of a request in structured mode.
    pub const CONTENT_TYPE: &str = "application/cloudevents+json; charset=utf-8";

    /// All of it as one JSON object.
    pub fn structured(&self) -> Value {
        json!({
            "specversion": "1.0",
            "id": self.id,
            "source": self.source,
            "type": self.kind,
            "subject": self.subject,
            "time": self.time,
            "datacontenttype": "application/json",
            "data": self.data,
        })
    }

    /// Its attributes as headers, for binary mode.
    pub fn headers(&self) -> Vec<(String, String)> {
        let encoded = |text: &str| utf8_percent_encode(text, HEADER).to_string();
        [
            ("ce-specversion", "1.0".to_owned()),
            ("ce-id", encoded(&self.id)),
            ("ce-source", encoded(&self.source)),
            ("ce-type", encoded(&self.kind)),
            ("ce-subject", encoded(&self.subject)),
            ("ce-time", self.time.to_string()),
            ("Content-Type", "application/json".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }
}
