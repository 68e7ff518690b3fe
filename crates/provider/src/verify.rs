//! Every interaction of a contract, played to a running provider.

use std::collections::BTreeMap;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use futures_util::{StreamExt as _, stream};
use jiff::{Timestamp, tz::TimeZone};
use serde::Serialize;
use serde_json::{Value, json};
use tidegate_contract::{
    Body, Content, Exchange, Interaction, Message, Mismatch, Pact, Request, Response, Source,
    generate, match_message, match_response,
};
use tidegate_http_client::Url;

use crate::{
    ask::Asking,
    states::{Action, change},
};

/// Interactions that are played at once: beyond that a provider under test is put under load.
pub const MOST_AT_ONCE: usize = 32;

/// How a provider is held to a contract.
pub struct Settings {
    /// Where it is.
    pub provider: Url,
    /// Where it is told of states; without one, they are taken to be so already.
    pub states: Option<Url>,
    /// Whether it is told that a state ends.
    pub teardown: bool,
    /// Where it is asked for messages; the provider's own address without one.
    pub messages: Option<Url>,
    /// How it is asked.
    pub asking: Asking,
    /// How many interactions are played at once, up to [`MOST_AT_ONCE`]. With states it is one: they are of the
    /// provider as a whole.
    pub at_once: usize,
}

/// What came of an interaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Outcome {
    /// The provider keeps it.
    Kept,
    /// It does not.
    Broken {
        /// In what.
        mismatches: Vec<Mismatch>,
    },
    /// It could not be asked.
    Unasked {
        /// Why.
        problem: String,
    },
}

/// What came of an interaction, and which it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// What it is, in the consumer's words.
    pub description: String,
    /// What had to be so at the provider.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub states: Vec<String>,
    /// Its failure is told and fails nothing.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub pending: bool,
    /// What came of it.
    #[serde(flatten)]
    pub outcome: Outcome,
}

impl Verdict {
    /// Whether it fails the verification.
    pub fn fails(&self) -> bool {
        !self.pending && self.outcome != Outcome::Kept
    }
}

/// Plays every interaction of a contract; a verdict for each, in the order of the contract.
pub async fn verify(pact: &Pact, settings: &Settings) -> Vec<Verdict> {
    let has_states = pact.interactions.iter().any(|it| !it.states.is_empty());
    let at_once = match &settings.states {
        Some(_) if has_states => 1,
        _ => settings.at_once.clamp(1, MOST_AT_ONCE),
    };
    let played = pact.interactions.iter().map(|interaction| async {
        Verdict {
            description: interaction.description.clone(),
            states: interaction.states.iter().map(|state| state.name.clone()).collect(),
            pending: interaction.pending,
            outcome: play(pact, interaction, settings).await,
        }
    });
    stream::iter(played).buffered(at_once).collect().await
}

async fn play(pact: &Pact, interaction: &Interaction, settings: &Settings) -> Outcome {
    let told = tell(pact, interaction, settings, Action::Setup).await;
    let outcome = match told {
        Ok(told) => match ask(interaction, settings, &told).await {
            Ok(mismatches) if mismatches.is_empty() => Outcome::Kept,
            Ok(mismatches) => Outcome::Broken { mismatches },
            Err(problem) => Outcome::Unasked { problem },
        },
        Err(problem) => Outcome::Unasked { problem },
    };
    if !settings.teardown {
        return outcome;
    }
    match (outcome, tell(pact, interaction, settings, Action::Teardown).await) {
        (Outcome::Kept, Err(problem)) => Outcome::Unasked { problem },
        (outcome, _) => outcome,
    }
}

/// Tells the provider of every state; what it answers to any of them.
async fn tell(
    pact: &Pact,
    interaction: &Interaction,
    settings: &Settings,
    action: Action,
) -> Result<BTreeMap<String, Value>, String> {
    let mut told = BTreeMap::new();
    let Some(url) = &settings.states else { return Ok(told) };
    for state in &interaction.states {
        told.extend(state.params.clone());
        told.extend(change(&settings.asking, url, &pact.consumer, state, action).await?);
    }
    Ok(told)
}

async fn ask(
    interaction: &Interaction,
    settings: &Settings,
    told: &BTreeMap<String, Value>,
) -> Result<Vec<Mismatch>, String> {
    match &interaction.exchange {
        Exchange::Http(request, response) => http(request, response, settings, told).await,
        Exchange::Message(expected) => {
            let body = json!({
                "description": interaction.description,
                "providerStates": states(interaction),
            });
            message(&body, expected, settings).await
        }
        Exchange::SyncMessage(request, responses) => {
            let contents = String::from_utf8_lossy(request.content.body.bytes()).into_owned();
            let body = json!({
                "description": interaction.description,
                "providerStates": states(interaction),
                "request": { "contents": { "content": contents }, "metadata": request.metadata },
            });
            match responses.first() {
                Some(expected) => message(&body, expected, settings).await,
                None => Err("the contract expects no answer to the message".to_owned()),
            }
        }
    }
}

fn states(interaction: &Interaction) -> Value {
    let states = interaction.states.iter();
    states.map(|state| json!({ "name": state.name, "params": state.params })).collect()
}

async fn http(
    request: &Request,
    expected: &Response,
    settings: &Settings,
    told: &BTreeMap<String, Value>,
) -> Result<Vec<Mismatch>, String> {
    let now = Timestamp::now().to_zoned(TimeZone::UTC);
    let mut random = || getrandom::u64().unwrap_or_default();
    let request = generate(request, &mut Source { now, states: told, random: &mut random })?;
    let follows = !(300..400).contains(&expected.status);
    let actual = settings.asking.request(&settings.provider, &request, follows).await?;
    Ok(match_response(expected, &actual))
}

/// A message is asked for by what the contract says of it, and told with its metadata as a header.
async fn message(
    body: &Value,
    expected: &Message,
    settings: &Settings,
) -> Result<Vec<Mismatch>, String> {
    let url = settings.messages.as_ref().unwrap_or(&settings.provider);
    let reply = settings.asking.post(url, body).await?;
    if !reply.status.is_success() {
        return Err(format!("{url}: {}", reply.refusal()));
    }
    let mut metadata = BTreeMap::new();
    let header = |name: &str| {
        let value = reply.headers.get(name)?;
        Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    if let Some(kind) = header("content-type") {
        metadata.insert("contentType".to_owned(), Value::String(kind));
    }
    if let Some(text) = header("pact-message-metadata") {
        metadata.extend(told_metadata(&text)?);
    }
    let body = Body::received(reply.body.to_vec());
    let actual = Message { metadata, content: Content { body, ..Content::default() } };
    Ok(match_message(expected, &actual))
}

fn told_metadata(text: &str) -> Result<BTreeMap<String, Value>, String> {
    let bytes = BASE64_STANDARD.decode(text).ok();
    let told = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    told.ok_or_else(|| "the header Pact-Message-Metadata is no JSON object in base64".to_owned())
}
