//! What a disk may yet lose of what it acknowledged.

use std::collections::VecDeque;

use tidegate_ports::{Batch, Write};

use super::{Inner, Slot, Text};

/// What takes back the last commits, the newest last.
#[derive(Default)]
pub(super) struct Undo {
    /// So many are kept: none where nothing is ever lost.
    pub(super) most: usize,
    commits: VecDeque<Commit>,
}

/// What each document was that a commit changed, and how many entries there were.
struct Commit {
    documents: Vec<(Slot, Option<Text>)>,
    entries: usize,
}

impl Undo {
    pub(super) fn clear(&mut self) {
        self.commits.clear();
    }
}

impl Inner {
    /// Keeps what takes back a batch that is about to be written.
    pub(super) fn keep_back(&mut self, batch: &Batch) {
        if self.undo.most == 0 {
            return;
        }
        let slots = batch.writes.iter().map(|write| match write {
            Write::Put(text) => (text.kind.clone(), text.key.clone()),
            Write::Delete { kind, key } => (kind.clone(), key.clone()),
        });
        let was = |slot: Slot| {
            let text = self.documents.get(&slot).cloned();
            (slot, text)
        };
        let documents = slots.map(was).collect();
        self.undo.commits.push_back(Commit { documents, entries: self.entries.len() });
        if self.undo.commits.len() > self.undo.most {
            self.undo.commits.pop_front();
        }
    }

    /// Takes back so many commits, or as many as there are; says how many those were.
    pub(super) fn take_back(&mut self, commits: usize) -> usize {
        let mut lost = 0;
        while lost < commits
            && let Some(commit) = self.undo.commits.pop_back()
        {
            for (slot, text) in commit.documents.into_iter().rev() {
                match text {
                    Some(text) => self.documents.insert(slot, text),
                    None => self.documents.remove(&slot),
                };
            }
            self.entries.truncate(commit.entries);
            let left = self.entries.last().map_or(0, |last| last.sequence);
            self.turned.retain(|sequence, _| *sequence <= left);
            lost += 1;
        }
        lost
    }
}
