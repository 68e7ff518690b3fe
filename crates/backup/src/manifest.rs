use serde::{Deserialize, Serialize};
use serde_json::Value;
use tidegate_ledger::Head;
use tidegate_units::{ObjectKey, Timestamp};

/// The version of the format that this crate writes, and the last that it reads.
pub const FORMAT: u32 = 1;

/// What a backup says of itself. It is the first thing in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Manifest {
    /// The version of the format.
    pub format: u32,
    /// The version of Tidegate that made it.
    pub made_by: String,
    /// The schema of the store that it was made of.
    pub schema: u32,
    /// When.
    pub taken_at: Timestamp,
    /// Where the ledger ended then.
    pub head: Head,
    /// The documents can be had as they were at any position of the ledger from this one on, a
    /// sequence number.
    pub reaches_back_to: u64,
    /// How much is in it.
    pub counts: Counts,
}

/// How many lines of each kind are in a backup.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Counts {
    /// Documents.
    pub documents: u64,
    /// What documents were before.
    pub changes: u64,
    /// Entries of the ledger.
    pub entries: u64,
}

/// What a document was before it was changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// Up to this position of the ledger it was so...
    pub before: u64,
    /// ...and from this one on no longer. The entries between were written as one with the change.
    pub after: u64,
    /// What it is, such as `Rollout`.
    pub kind: String,
    /// Whose.
    pub key: ObjectKey,
    /// What it was; `null` where it was not there.
    pub body: Option<Value>,
}
