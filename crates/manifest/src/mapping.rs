//! A mapping while it is read: its keys are unique, and merge keys are filled in.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    load::key_text,
    node::{Content, Entry, Node, Place},
    report::Complaint,
};

/// A key whose value has not come yet.
pub(crate) enum Key {
    /// An ordinary one.
    Named(Arc<str>, Place),
    /// `<<`: the entries of its value are taken over where they are not given.
    Merge(Place),
    /// One that was reported; its value is dropped.
    Refused,
}

/// A mapping that is not complete yet.
pub(crate) struct MapFrame {
    pub(crate) place: Place,
    pub(crate) anchor: usize,
    pub(crate) pending: Option<Key>,
    entries: Vec<Entry>,
    seen: BTreeMap<Arc<str>, Place>,
    merged: Vec<Entry>,
    /// Whether a key was no text.
    refused: bool,
}

impl MapFrame {
    pub(crate) fn new(place: Place, anchor: usize) -> Self {
        Self {
            place,
            anchor,
            pending: None,
            entries: Vec::new(),
            seen: BTreeMap::new(),
            merged: Vec::new(),
            refused: false,
        }
    }

    /// Takes the next key or value.
    pub(crate) fn take(&mut self, node: Node) -> Result<(), (Place, Complaint)> {
        match self.pending.take() {
            None => self.key(&node),
            Some(Key::Refused) => Ok(()),
            Some(Key::Merge(place)) => self.merge(place, node),
            Some(Key::Named(key, key_place)) => {
                self.entries.push(Entry { key, key_place, value: node });
                Ok(())
            }
        }
    }

    fn key(&mut self, node: &Node) -> Result<(), (Place, Complaint)> {
        self.pending = Some(Key::Refused);
        let Some(key) = key_text(node) else {
            self.refused = true;
            let complaint = Complaint::new("a key that is no text").allow("a text as the key");
            let template = matches!(&node.content, Content::Map(_));
            return Err((
                node.place,
                if template {
                    complaint.hint("{{ ... }} of a template has to be filled in first")
                } else {
                    complaint
                },
            ));
        };
        if let Some(first) = self.seen.get(&key) {
            let message = format!("\"{key}\" is given twice, first in line {}", first.line);
            let complaint = Complaint::new(message).hint("keep one of the two");
            return Err((node.place, complaint));
        }
        self.seen.insert(Arc::clone(&key), node.place);
        self.pending = Some(Key::Named(key, node.place));
        Ok(())
    }

    /// Takes `<<` without quotes: as a merge key where a key is due.
    pub(crate) fn start_merge(&mut self, node: Node) -> Result<(), (Place, Complaint)> {
        let place = node.place;
        let is_key = self.pending.is_none();
        self.take(node)?;
        if is_key {
            self.pending = Some(Key::Merge(place));
        }
        Ok(())
    }

    /// `<<: *a` or `<<: [*a, *b]`, the earlier ones first.
    fn merge(&mut self, place: Place, value: Node) -> Result<(), (Place, Complaint)> {
        let sources = match value.content {
            Content::List(items) => items,
            _ => vec![value],
        };
        for source in sources {
            let Content::Map(entries) = source.content else {
                let complaint = Complaint::new("a merge key whose value is no mapping")
                    .allow("an alias of a mapping, or a list of such aliases");
                return Err((place, complaint));
            };
            self.merged.extend(entries);
        }
        Ok(())
    }

    /// The mapping, complete: what is given in it wins over what is merged into it.
    pub(crate) fn finish(self) -> Node {
        let Self { place, mut entries, mut seen, merged, refused, .. } = self;
        for entry in merged {
            if !seen.contains_key(&entry.key) {
                seen.insert(Arc::clone(&entry.key), entry.key_place);
                entries.push(entry);
            }
        }
        let content =
            if refused && entries.is_empty() { Content::Refused } else { Content::Map(entries) };
        Node { place, content }
    }
}
