//! A contract: what a consumer asks of a provider, and what it counts on.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{content_type::ContentType, generator::Generators, rule::Rules};

/// A contract between a consumer and a provider.
#[derive(Clone, Debug, PartialEq)]
pub struct Pact {
    /// Who asks.
    pub consumer: String,
    /// Who is asked.
    pub provider: String,
    /// The version of the specification that the file is of: `1`, `1.1`, `2`, `3`, `4`.
    pub specification: String,
    /// What is asked, and what has to come of it.
    pub interactions: Vec<Interaction>,
}

/// One thing that is asked, and what has to come of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Interaction {
    /// What it is, in the consumer's words.
    pub description: String,
    /// What has to be so at the provider beforehand.
    pub states: Vec<State>,
    /// Its failure is told and does not fail the verification.
    pub pending: bool,
    /// What the consumer says of it.
    pub comments: Vec<String>,
    /// What is exchanged.
    pub exchange: Exchange,
}

/// What has to be so at a provider: `a user exists`, with its `id`.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// What, in words that both know.
    pub name: String,
    /// With which particulars.
    pub params: BTreeMap<String, Value>,
}

/// What is exchanged.
#[derive(Clone, Debug, PartialEq)]
pub enum Exchange {
    /// A request over HTTP and its answer.
    Http(Box<Request>, Box<Response>),
    /// A message that the provider sends.
    Message(Box<Message>),
    /// A message that the provider gets, and those that it answers with.
    SyncMessage(Box<Message>, Vec<Message>),
}

/// A request.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// Its method.
    pub method: String,
    /// Its path, without a query.
    pub path: String,
    /// Its parameters, decoded, each with its values; one may have none.
    pub query: Vec<(String, Vec<Option<String>>)>,
    /// Its headers and body.
    pub content: Content,
}

/// An answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Response {
    /// Its status.
    pub status: u16,
    /// Its headers and body.
    pub content: Content,
}

/// A message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Message {
    /// What is said beside its contents.
    pub metadata: BTreeMap<String, Value>,
    /// Its contents; it has no headers.
    pub content: Content,
}

/// What requests, answers and messages alike have.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Content {
    /// Headers, each with its values.
    pub headers: Vec<(String, Vec<String>)>,
    /// The body.
    pub body: Body,
    /// What may be otherwise.
    pub rules: Rules,
    /// What is made up anew each time.
    pub generators: Generators,
}

/// A body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Body {
    /// Nothing is said of it.
    #[default]
    Missing,
    /// There is none.
    Null,
    /// It has no bytes.
    Empty,
    /// It has these.
    Present {
        /// Its bytes.
        bytes: Vec<u8>,
        /// Its type, where the contract says it beside the body.
        content_type: Option<ContentType>,
    },
}

impl Body {
    /// What came over a connection.
    pub fn received(bytes: Vec<u8>) -> Self {
        if bytes.is_empty() { Self::Empty } else { Self::Present { bytes, content_type: None } }
    }

    /// Its bytes, if any.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Present { bytes, .. } => bytes,
            _ => &[],
        }
    }
}

impl Content {
    /// The values of a header, with a comma between them.
    pub fn header(&self, name: &str) -> Option<String> {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, values)| values.join(", "))
    }

    /// The type of its body: as the contract says, as the header does, or as it looks.
    pub fn content_type(&self) -> Option<ContentType> {
        if let Body::Present { content_type: Some(known), .. } = &self.body {
            return Some(known.clone());
        }
        let told = self.header("content-type");
        told.and_then(|text| ContentType::parse(&text)).or_else(|| match &self.body {
            Body::Present { bytes, .. } => ContentType::detect(bytes),
            _ => None,
        })
    }
}
