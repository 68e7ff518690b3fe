//! Annotations that say which change a revision carries.

use std::collections::BTreeMap;

use tidegate_units::Timestamp;

use crate::walk::Spot;

const COMMIT: &str = "tidegate.dev/commit";
const COMMITTED_AT: &str = "tidegate.dev/committed-at";
const FIXES: &str = "tidegate.dev/fixes";

/// All of them.
pub(crate) const CHANGE: [&str; 3] = [COMMIT, COMMITTED_AT, FIXES];

/// The longest name of a commit or revision: a SHA-512 in hexadecimal.
const LONGEST: usize = 128;

/// Checks those that are there; whoever reads the ledger makes something of them.
pub(crate) fn check(notes: &BTreeMap<&str, Spot<'_>>) {
    for (name, allowed) in [
        (COMMIT, "the name of a commit in one word, such as its hash"),
        (FIXES, "the number or the hash of the revision that this one mends"),
    ] {
        let Some(note) = notes.get(name) else { continue };
        let is_word = |text: &str| {
            !text.is_empty()
                && text.len() <= LONGEST
                && text.bytes().all(|it| it.is_ascii_graphic())
        };
        if note.text().is_some_and(|text| !is_word(text)) {
            note.complain(note.found().allow(allowed));
        }
    }
    if let Some(note) = notes.get(COMMITTED_AT)
        && note.text().is_some_and(|text| text.parse::<Timestamp>().is_err())
    {
        let allowed = "a moment as RFC 3339 writes it, such as 2026-01-31T12:00:00Z";
        note.complain(note.found().allow(allowed).hint("git log -1 --format=%cI prints it"));
    }
}
