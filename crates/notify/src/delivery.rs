use serde::{Deserialize, Serialize};
use tidegate_ledger::Digest;
use tidegate_units::{ObjectKey, Timestamp};

use crate::{CloudEvent, Message};

/// To whom something is told: a service of the settings, and whom it is to tell.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema,
)]
#[schema(as = NotificationDestination)]
pub struct Destination {
    /// The service by its name in the settings.
    pub service: String,
    /// A channel, addresses of e-mail, or what else the service tells; empty where it needs none.
    pub recipient: String,
}

/// What is told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Content {
    /// A message of templates.
    Message(Message),
    /// An event for programs.
    Event(CloudEvent),
    /// Nothing that could be sent, and why.
    Unwritten(String),
}

/// Something that is told to one recipient, until it is told or given up. There is no secret in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Delivery {
    /// The same however often it is tried, so that whoever gets it twice can tell.
    pub id: String,
    /// What set it off.
    pub trigger: String,
    /// To whom.
    pub destination: Destination,
    /// Of which rollout.
    pub rollout: ObjectKey,
    /// Of which entry of the ledger.
    pub sequence: u64,
    /// What.
    pub content: Content,
    /// When it was decided to tell it.
    pub created_at: Timestamp,
    /// How often it was tried in vain.
    pub tries: u32,
    /// Not to be tried before.
    pub next_at: Timestamp,
    /// What went wrong the last time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

impl Delivery {
    /// The identity of what an entry makes a destination be told: the hash of an entry is that of no other.
    pub(crate) fn id(entry: &Digest, parts: &[&str]) -> String {
        let all = format!("{entry}\n{}", parts.join("\n"));
        Digest::of(all.as_bytes()).to_string().chars().take(32).collect()
    }
}

/// What was given up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeadLetter {
    /// What was to be told.
    pub delivery: Delivery,
    /// Why it was given up, without secrets.
    pub reason: String,
    /// The begin of what the receiver said last, without secrets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
    /// When.
    pub at: Timestamp,
}
