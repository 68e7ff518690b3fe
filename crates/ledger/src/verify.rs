use std::cmp::Ordering;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{Digest, Entry, Head, canonical, flat};

/// Checks that `entries` are one unbroken chain from the first on, and that they reach
/// `expected`, the head that someone kept elsewhere.
///
/// Stops at the first break. When an entry seems missing, the rest is searched for it, so that
/// a swap is told from a loss.
pub fn verify<I>(entries: I, expected: Option<Head>) -> Result<Summary, Broken>
where
    I: IntoIterator<Item = Entry>,
{
    let mut verifier = Verifier::new(Head::default(), expected);
    let mut entries = entries.into_iter();
    while let Some(entry) = entries.next() {
        match verifier.take(&entry) {
            Ok(()) => {}
            Err(Broken::Missing { expected, found }) => {
                return Err(if entries.any(|later| later.sequence == expected) {
                    Broken::Reordered { expected, found }
                } else {
                    Broken::Missing { expected, found }
                });
            }
            Err(broken) => return Err(broken),
        }
    }
    verifier.finish()
}

/// What an unbroken chain amounts to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Summary {
    /// How many entries were read.
    pub entries: u64,
    /// Where the chain ends. Keep it elsewhere to notice later that entries were cut off.
    pub head: Head,
}

/// Where a chain breaks, and how.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// What is written in an entry is not what its hash was taken over.
    #[error(
        "entry {sequence} was altered: its content has the hash {computed}, it says {recorded}"
    )]
    Altered {
        /// The entry.
        sequence: u64,
        /// The hash of what is there.
        computed: Digest,
        /// The hash that it bears.
        recorded: Digest,
    },
    /// An entry follows another one than that which stands before it.
    #[error(
        "entry {sequence} does not follow the entry before it: it was written after {found}, \
         but before it stands {expected}; entries were rewritten"
    )]
    Unlinked {
        /// The entry.
        sequence: u64,
        /// The hash of the entry that stands before it.
        expected: Digest,
        /// The hash that it names.
        found: Digest,
    },
    /// Entries are gone.
    #[error("entry {expected} is missing: {found} comes in its place")]
    Missing {
        /// The sequence number whose turn it was.
        expected: u64,
        /// The one that came.
        found: u64,
    },
    /// Entries are not in their order, or one is there twice.
    #[error("entry {found} comes where {expected} should: entries were reordered or inserted")]
    Reordered {
        /// The sequence number whose turn it was.
        expected: u64,
        /// The one that came.
        found: u64,
    },
    /// The chain ends before the head that is expected.
    #[error("the ledger ends at entry {}, but it once reached {}: its end was cut off", found.sequence, expected.sequence)]
    Truncated {
        /// The head that is expected.
        expected: Head,
        /// Where the chain ends.
        found: Head,
    },
    /// Where the expected head was, there is another entry.
    #[error(
        "entry {} should have the hash {}, but it has {}: the ledger was rewritten",
        expected.sequence, expected.hash, found
    )]
    Rewritten {
        /// The head that is expected.
        expected: Head,
        /// The hash of the entry at its place.
        found: Digest,
    },
    /// The bytes kept for an entry are not one.
    #[error("entry {sequence} cannot be read: {why}")]
    Unreadable {
        /// The sequence number whose turn it was.
        sequence: u64,
        /// What the reader says.
        why: String,
    },
}

/// Checks a chain entry by entry, so that it need not be held in memory.
#[derive(Debug, Default)]
pub struct Verifier {
    summary: Summary,
    expected: Option<Head>,
    buffer: Vec<u8>,
}

fn unwrap_line(line: &str) -> Result<(String, Digest), String> {
    let mut members: Map<String, Value> =
        serde_json::from_str(line).map_err(|error| error.to_string())?;
    let hash = members.remove("hash").ok_or("it has no hash")?;
    let hash = serde_json::from_value(hash).map_err(|error| error.to_string())?;
    Ok((canonical(&Value::Object(members)), hash))
}

/// The members of an entry that make the chain; the others are skipped, not read.
#[derive(Deserialize)]
struct Links {
    previous: Digest,
    sequence: u64,
}

impl Verifier {
    /// Begins after `begin` (the default for a whole chain) and holds the chain to `expected`.
    pub fn new(begin: Head, expected: Option<Head>) -> Self {
        Self { summary: Summary { entries: 0, head: begin }, expected, buffer: Vec::new() }
    }

    /// Checks the next entry.
    pub fn take(&mut self, entry: &Entry) -> Result<(), Broken> {
        self.buffer.clear();
        flat::write_body(&mut self.buffer, entry.sequence, entry.previous, &entry.draft);
        let computed = Digest::of(&self.buffer);
        self.follow(entry.sequence, entry.previous, computed, entry.hash)
    }

    /// Checks the next entry as it is kept: its [`body`](crate::body) and, beside it, its hash.
    /// A body that says the same in other bytes is altered too.
    pub fn take_body(&mut self, body: &[u8], recorded: Digest) -> Result<(), Broken> {
        let links: Links = serde_json::from_slice(body).map_err(|error| Broken::Unreadable {
            sequence: self.next(),
            why: error.to_string(),
        })?;
        self.follow(links.sequence, links.previous, Digest::of(body), recorded)
    }

    /// Checks the next line of an export, by the recipe on the crate's page: whatever the line
    /// holds besides its hash is under the hash, in whichever order and spacing it is written.
    pub fn take_line(&mut self, line: &str) -> Result<(), Broken> {
        let (body, recorded) =
            unwrap_line(line).map_err(|why| Broken::Unreadable { sequence: self.next(), why })?;
        self.take_body(body.as_bytes(), recorded)
    }

    /// What was read and holds, up to here.
    pub fn so_far(&self) -> Summary {
        self.summary
    }

    /// What was read, once it is known that nothing more comes.
    pub fn finish(self) -> Result<Summary, Broken> {
        match self.expected {
            Some(expected) if self.summary.head.sequence < expected.sequence => {
                Err(Broken::Truncated { expected, found: self.summary.head })
            }
            _ => Ok(self.summary),
        }
    }

    fn next(&self) -> u64 {
        self.summary.head.sequence.saturating_add(1)
    }

    fn follow(
        &mut self,
        sequence: u64,
        previous: Digest,
        computed: Digest,
        recorded: Digest,
    ) -> Result<(), Broken> {
        self.check_place(sequence)?;
        if computed != recorded {
            return Err(Broken::Altered { sequence, computed, recorded });
        }
        if previous != self.summary.head.hash {
            return Err(Broken::Unlinked {
                sequence,
                expected: self.summary.head.hash,
                found: previous,
            });
        }
        self.check_expected(sequence, recorded)?;
        self.summary.entries += 1;
        self.summary.head = Head { sequence, hash: recorded };
        Ok(())
    }

    fn check_place(&self, found: u64) -> Result<(), Broken> {
        let expected = self.next();
        match found.cmp(&expected) {
            Ordering::Equal => Ok(()),
            Ordering::Greater => Err(Broken::Missing { expected, found }),
            Ordering::Less => Err(Broken::Reordered { expected, found }),
        }
    }

    fn check_expected(&self, sequence: u64, hash: Digest) -> Result<(), Broken> {
        match self.expected {
            Some(expected) if expected.sequence == sequence && expected.hash != hash => {
                Err(Broken::Rewritten { expected, found: hash })
            }
            _ => Ok(()),
        }
    }
}
