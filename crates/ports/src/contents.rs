use tidegate_ledger::Head;
use tidegate_units::ObjectKey;

/// What a document was before it was changed, as a store keeps it.
#[derive(Clone, Debug, PartialEq)]
pub struct Changed {
    /// Up to this position of the ledger it was so.
    pub before: u64,
    /// From this one on no longer.
    pub after: u64,
    /// What it is.
    pub kind: String,
    /// Whose.
    pub key: ObjectKey,
    /// What it was; none where it was not there.
    pub body: Option<serde_json::Value>,
}

/// How much a store holds at one moment, and where its ledger ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The version of the schema.
    pub schema: u32,
    /// Where the ledger ends, as it was noted.
    pub head: Head,
    /// How many documents there are.
    pub documents: u64,
    /// How often it is known what one was before.
    pub changes: u64,
    /// The documents can be had as they were at any position from this one on.
    pub reaches_back_to: u64,
}
