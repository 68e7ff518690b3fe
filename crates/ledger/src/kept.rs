use serde::Deserialize;
use serde_json::Value;
use tidegate_units::Timestamp;

use crate::{Actor, Broken, Digest, Draft, Entry, Head, Subject, Verifier};

/// An entry as a store keeps it: the very bytes that its hash was taken over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The number in whose place it stands.
    pub sequence: u64,
    /// The hash that it bears.
    pub hash: Digest,
    /// Canonical JSON.
    pub body: Vec<u8>,
}

/// The bytes kept for an entry are not one, or not that entry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unread {
    /// They are no entry.
    #[error("entry {sequence}: {why}")]
    NotAnEntry {
        /// In whose place it stands.
        sequence: u64,
        /// What the reader says.
        why: String,
    },
    /// They are another one.
    #[error("in the place of {sequence} stands {found}")]
    Another {
        /// In whose place it stands.
        sequence: u64,
        /// The number that it bears.
        found: u64,
    },
}

/// An entry without its hash, as its body says it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    actor: Actor,
    at: Timestamp,
    detail: Value,
    previous: Digest,
    sequence: u64,
    subject: Subject,
    what: String,
}

impl Kept {
    /// The entry, not verified.
    pub fn read(&self) -> Result<Entry, Unread> {
        let sequence = self.sequence;
        let body: Body = serde_json::from_slice(&self.body)
            .map_err(|error| Unread::NotAnEntry { sequence, why: error.to_string() })?;
        // Whoever reads page after page goes on from the entry's own number, for ever if it lies.
        if body.sequence != sequence {
            return Err(Unread::Another { sequence, found: body.sequence });
        }
        Ok(Entry {
            sequence,
            previous: body.previous,
            hash: self.hash,
            draft: Draft {
                at: body.at,
                actor: body.actor,
                subject: body.subject,
                what: body.what,
                detail: body.detail,
            },
        })
    }
}

impl Verifier {
    /// Checks the next entry: by itself, that it stands where it says, and that where the store noted
    /// its ledger to end, `noted`, it is that one.
    pub fn take_kept(&mut self, kept: &Kept, noted: Head) -> Result<(), Broken> {
        self.take_body(&kept.body, kept.hash)?;
        let at = self.so_far().head;
        if at.sequence != kept.sequence {
            return Err(Broken::Reordered { expected: at.sequence, found: kept.sequence });
        }
        if at.sequence == noted.sequence && at != noted {
            return Err(Broken::Rewritten { expected: noted, found: at.hash });
        }
        Ok(())
    }
}
