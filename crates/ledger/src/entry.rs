use serde::{Deserialize, Serialize};
use tidegate_units::{ObjectKey, Timestamp};

use crate::Digest;

/// Something to be written down.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Draft {
    /// When it was decided.
    pub at: Timestamp,
    /// Who decided.
    pub actor: Actor,
    /// About what.
    pub subject: Subject,
    /// What, in one word such as `WeightSet`.
    pub what: String,
    /// The decision with its evidence. Never a secret.
    pub detail: serde_json::Value,
}

/// Who decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Actor {
    /// The controller, by its rules.
    Controller,
    /// A person, by a command.
    Person {
        /// Their name, as the API knows it.
        name: String,
    },
}

/// About what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// The resource's kind.
    pub kind: String,
    /// Which.
    pub key: ObjectKey,
}

/// A link of the chain. As JSON it is one flat object; see the crate's page for how it is hashed.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// 1 for the first, counting up by one.
    pub sequence: u64,
    /// The hash of the entry before it; zeros for the first.
    pub previous: Digest,
    /// SHA-256 over the canonical JSON of all else in the entry.
    pub hash: Digest,
    /// What was written down.
    pub draft: Draft,
}
