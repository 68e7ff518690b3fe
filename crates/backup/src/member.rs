//! The members of the archive: their names, their order and how large they may be.

/// What the backup says of itself.
pub(crate) const MANIFEST: &str = "manifest.json";
/// What clients show to the server.
pub(crate) const TOKEN: &str = "token";
/// The hash of each member before it.
pub(crate) const SUMS: &str = "SHA256SUMS";

/// The members that hold lines, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Lines {
    Documents,
    Changes,
    Ledger,
}

impl Lines {
    pub(crate) const ALL: [Self; 3] = [Self::Documents, Self::Changes, Self::Ledger];

    const fn folder(self) -> &'static str {
        match self {
            Self::Documents => "documents",
            Self::Changes => "changes",
            Self::Ledger => "ledger",
        }
    }

    /// The name of the member of this number, from 1 on.
    pub(crate) fn member(self, number: u32) -> String {
        format!("{}/{number:06}.jsonl", self.folder())
    }
}

/// A member is closed when it has grown to this, in bytes: it is held in memory until then.
pub(crate) const MEMBER: usize = 1 << 20;

/// The longest line: a document or an entry is at most 4 MiB, and its line names it.
pub(crate) const LONGEST_LINE: usize = (4 << 20) + (64 << 10);

/// No member is longer.
pub(crate) const LONGEST_MEMBER: usize = MEMBER + LONGEST_LINE;

/// The sums may be longer than that: some 90 bytes for each MiB, so enough for a TiB.
pub(crate) const LONGEST_SUMS: usize = 128 << 20;

/// A token has 64 letters.
pub(crate) const LONGEST_TOKEN: usize = 4 << 10;
