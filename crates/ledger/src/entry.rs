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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Actor {
    /// The controller, by its rules.
    Controller,
    /// A person, by a command, as whoever has the server's own token names them.
    Person {
        /// Their name, as the API knows it.
        name: String,
    },
    /// A person who has an account, which they have shown.
    User {
        /// The account's name.
        name: String,
    },
    /// A program that has an account, which it has shown.
    #[serde(rename = "serviceAccount")]
    ServiceAccount {
        /// The account's name.
        name: String,
    },
}

impl Actor {
    /// What the controller is called.
    pub const CONTROLLER: &str = "controller";

    /// What they are called.
    pub fn name(&self) -> &str {
        match self {
            Self::Controller => Self::CONTROLLER,
            Self::Person { name } | Self::User { name } | Self::ServiceAccount { name } => name,
        }
    }
}

/// A person of that name, without an account.
impl From<&str> for Actor {
    fn from(name: &str) -> Self {
        Self::Person { name: name.to_owned() }
    }
}

/// About what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
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
