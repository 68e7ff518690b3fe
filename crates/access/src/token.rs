use serde::{Deserialize, Serialize};
use tidegate_ledger::Digest;
use tidegate_units::Timestamp;

use crate::{Name, Scope};

/// What is kept of a token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TokenRecord {
    /// Its name, which is no secret.
    pub id: Name,
    /// SHA-256 of the token.
    pub digest: Digest,
    /// Whose it is.
    pub account: Name,
    /// What it is for, in its owner's words.
    #[serde(default)]
    pub note: String,
    /// What it may be used for.
    #[serde(default)]
    pub scope: Scope,
    /// Since when it is there.
    pub created_at: Timestamp,
    /// Who made it.
    pub created_by: String,
    /// From when on it is worth nothing; none: never.
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
    /// When it was taken back.
    #[serde(default)]
    pub revoked_at: Option<Timestamp>,
}

impl TokenRecord {
    /// Whether it has expired.
    pub fn has_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|at| now >= at)
    }
}
