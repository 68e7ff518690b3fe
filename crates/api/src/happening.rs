use std::fmt::Write as _;

use axum::body::Bytes;
use tidegate_ledger::Entry;
use tidegate_units::ObjectKey;

use crate::{hub_task::Row, position::Position};

/// Something that happened, written as server-sent events: once for all who may see all of it, and
/// in parts of the same bytes for who may not.
pub(crate) struct Happening {
    /// Where whoever reads it comes from.
    from: Position,
    /// The last ledger entry after it.
    sequence: u64,
    whole: Bytes,
    entries: Vec<Part>,
    /// What begins the event about rollouts, if there is one.
    rows: Vec<Part>,
    gone: Vec<ObjectKey>,
}

/// A part that is about one resource.
struct Part {
    key: ObjectKey,
    /// The last ledger entry with it.
    sequence: u64,
    bytes: Bytes,
}

impl Happening {
    /// Ledger entries that follow `from`, and what came of them and of all else.
    pub(crate) fn new(from: Position, entries: &[Entry], rows: &[Row]) -> Self {
        let mut text = String::with_capacity(1024 * (entries.len() + rows.len()));
        let mut sequence = from.sequence;
        let mut places = Vec::with_capacity(entries.len());
        for entry in entries {
            let begin = text.len();
            sequence = entry.sequence;
            write_entry(&mut text, Position { sequence, ..from }, entry);
            places.push((entry.draft.subject.key.clone(), sequence, begin..text.len()));
        }
        let position = Position { version: from.version + 1, sequence, ..from };
        let mut items = Vec::with_capacity(rows.len());
        let mut gone = Vec::new();
        if !rows.is_empty() {
            open_rows(&mut text, position);
            for row in rows {
                let Row::There { key, json } = row else { continue };
                separate(&mut text, items.is_empty());
                let begin = text.len();
                text.push_str(json);
                items.push((key.clone(), sequence, begin..text.len()));
            }
            let missing = rows.iter().filter_map(|row| match row {
                Row::Gone(key) => Some(key.clone()),
                Row::There { .. } => None,
            });
            gone = missing.collect();
            close_rows(&mut text, gone.iter());
        }
        let whole = Bytes::from(text);
        let part = |(key, sequence, place): (ObjectKey, u64, std::ops::Range<usize>)| Part {
            key,
            sequence,
            bytes: whole.slice(place),
        };
        let entries = places.into_iter().map(part).collect();
        let rows = items.into_iter().map(part).collect();
        Self { from, sequence, whole, entries, rows, gone }
    }

    /// Where whoever has read it is.
    pub(crate) const fn position(&self) -> Position {
        Position { version: self.from.version + 1, sequence: self.sequence, ..self.from }
    }

    /// The last ledger entry before it.
    pub(crate) const fn after(&self) -> u64 {
        self.from.sequence
    }

    /// The last ledger entry after it.
    pub(crate) const fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Bytes that it keeps.
    pub(crate) fn len(&self) -> usize {
        self.whole.len()
    }

    /// All of it.
    pub(crate) fn whole(&self) -> Bytes {
        self.whole.clone()
    }

    /// What of it is about what `shows` says, and of its ledger entries only those after `told`; nothing
    /// when that is none of it.
    pub(crate) fn part(&self, told: u64, shows: impl Fn(&ObjectKey) -> bool) -> Option<Bytes> {
        let mut text = Vec::new();
        let new = self.entries.iter().filter(|entry| entry.sequence > told);
        for entry in new.filter(|entry| shows(&entry.key)) {
            text.extend_from_slice(&entry.bytes);
        }
        let mut rows = self.rows.iter().filter(|row| shows(&row.key)).peekable();
        let mut gone = self.gone.iter().filter(|key| shows(key)).peekable();
        if rows.peek().is_some() || gone.peek().is_some() {
            let mut frame = String::new();
            open_rows(&mut frame, self.position());
            text.extend_from_slice(frame.as_bytes());
            for (index, row) in rows.enumerate() {
                if index > 0 {
                    text.push(b',');
                }
                text.extend_from_slice(&row.bytes);
            }
            frame.clear();
            close_rows(&mut frame, gone);
            text.extend_from_slice(frame.as_bytes());
        }
        (!text.is_empty()).then(|| text.into())
    }
}

/// An entry of the ledger as an event.
pub(crate) fn write_entry(text: &mut String, id: impl std::fmt::Display, entry: &Entry) {
    let json = serde_json::to_string(entry).unwrap_or_else(|error| {
        tracing::error!(%error, sequence = entry.sequence, "an entry cannot be written as JSON");
        "null".to_owned()
    });
    // Writing to a string cannot fail.
    let _ = write!(text, "id: {id}\nevent: ledger\ndata: {json}\n\n");
}

/// That the list has to be read anew.
pub(crate) fn reset(position: Position) -> Bytes {
    let json = serde_json::json!({"position": position.to_string()});
    format!("id: {position}\nevent: reset\ndata: {json}\n\n").into()
}

fn open_rows(text: &mut String, position: Position) {
    let _ = write!(text, "id: {position}\nevent: rollouts\ndata: {{\"items\":[");
}

fn separate(text: &mut String, first: bool) {
    if !first {
        text.push(',');
    }
}

fn close_rows<'a>(text: &mut String, gone: impl Iterator<Item = &'a ObjectKey>) {
    text.push_str("],\"gone\":[");
    for (index, key) in gone.enumerate() {
        separate(text, index == 0);
        let name = serde_json::json!({"namespace": key.namespace, "name": key.name});
        let _ = write!(text, "{name}");
    }
    text.push_str("]}\n\n");
}
