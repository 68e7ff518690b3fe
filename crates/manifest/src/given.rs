//! A mapping by its table: which of its fields are there to be read, and which are refused.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

use crate::{
    fields::{Status, Table},
    node::{Content, Entry, Node},
    report::Complaint,
    suggest::nearest,
    walk::{Spot, all_of, one_of, shortened},
};

impl<'a> Spot<'a> {
    /// A mapping with the fields of a table. Fields that are unknown or not built are reported.
    pub(crate) fn fields(&self, table: &'static Table) -> Option<Fields<'a>> {
        self.fields_where(table, |_| false)
    }

    /// The same in a format whose own reader ignores what it does not know: such fields are told, and
    /// refused only where one of the table may be meant.
    pub(crate) fn open_fields(&self, table: &'static Table) -> Option<Fields<'a>> {
        let all = || table.fields.iter().map(|field| field.name);
        self.fields_where(table, |entry| {
            table.field(&entry.key).is_none() && nearest(&entry.key, all()).is_none()
        })
    }

    fn fields_where(
        &self,
        table: &'static Table,
        foreign: impl Fn(&Entry) -> bool,
    ) -> Option<Fields<'a>> {
        let Content::Map(entries) = &self.node.content else {
            self.refuse("a mapping");
            return None;
        };
        let mut known = BTreeMap::new();
        for entry in entries {
            let spot = self.entry(entry);
            if foreign(entry) {
                spot.note("nothing here knows this field: it has no effect");
            } else if accept(table, entry, &spot) {
                known.insert(&*entry.key, spot);
            }
        }
        Some(Fields { of: self.clone(), table, known, asked: RefCell::default() })
    }
}

/// The fields of a mapping that are there and are read.
pub(crate) struct Fields<'a> {
    /// The mapping itself.
    pub(crate) of: Spot<'a>,
    table: &'static Table,
    known: BTreeMap<&'a str, Spot<'a>>,
    /// Which of them were asked for, see `drop`.
    asked: RefCell<BTreeSet<&'a str>>,
}

/// In tests: a field that a table calls read has to be asked for, whatever else is wrong. Else it
/// would be accepted and ignored, or its problem told only after the others are mended.
impl Drop for Fields<'_> {
    fn drop(&mut self) {
        if cfg!(debug_assertions) && !std::thread::panicking() {
            let asked = self.asked.borrow();
            for name in self.known.keys() {
                debug_assert!(asked.contains(name), "{}.{name} is ignored", self.of.path);
            }
        }
    }
}

impl<'a> Fields<'a> {
    /// A field, unless it is absent or null.
    pub(crate) fn get(&self, name: &str) -> Option<&Spot<'a>> {
        debug_assert!(
            self.table.field(name).is_some_and(|field| field.status == Status::Read),
            "{name} is not a field that {} reads",
            self.table.place
        );
        let (name, spot) = self.known.get_key_value(name)?;
        self.asked.borrow_mut().insert(name);
        Some(spot)
    }

    /// Counts `apiVersion` and `kind` as read: whoever chose the reader of this kind has done so.
    pub(crate) fn pass_head(&self) {
        let _ = (self.get("apiVersion"), self.get("kind"));
    }

    /// A field that has to be there; its absence is reported.
    pub(crate) fn need(&self, name: &str) -> Option<&Spot<'a>> {
        let found = self.get(name);
        if found.is_none() {
            let about = self.table.field(name).map_or("", |field| field.about);
            let about = about.trim_end_matches("; required");
            let complaint = Complaint::new(format!("\"{name}\" is missing"));
            self.of.complain(complaint.hint(format!("{name}: {about}")));
        }
        found
    }

    /// Of several fields, the one that is there. None or several are reported.
    pub(crate) fn exactly_one(&self, names: &[&'static str]) -> Option<(&'static str, &Spot<'a>)> {
        let mut given = names.iter().filter_map(|name| self.get(name).map(|spot| (*name, spot)));
        let first = given.next();
        let rest: Vec<_> = given.map(|(name, _)| name).collect();
        let complaint = match (first, rest.is_empty()) {
            (Some(_), true) => return first,
            (Some((name, _)), false) => {
                let all = std::iter::once(name).chain(rest);
                Complaint::new(format!("found {} together", all_of(all)))
            }
            // What is there may have been refused by name already.
            (None, _) if self.has_refused() => return None,
            (None, _) => Complaint::new("none is given"),
        };
        let allowed = format!("exactly one of {}", one_of(names.iter().copied()));
        self.of.complain(complaint.allow(allowed));
        None
    }

    /// Of several fields, those that are there, in the order of `names`. None, or several of
    /// `alone`, are reported.
    pub(crate) fn some_of(
        &self,
        names: &[&'static str],
        alone: &[&'static str],
    ) -> Vec<(&'static str, &Spot<'a>)> {
        let given: Vec<_> =
            names.iter().filter_map(|name| self.get(name).map(|spot| (*name, spot))).collect();
        let rivals = given.iter().map(|(name, _)| *name).filter(|name| alone.contains(name));
        if given.is_empty() && !self.has_refused() {
            let allowed = format!("one of {}", one_of(names.iter().copied()));
            self.of.complain(Complaint::new("none is given").allow(allowed));
        } else if rivals.clone().count() > 1 {
            let complaint = Complaint::new(format!("found {} together", all_of(rivals)));
            let allowed = format!("one of {}", one_of(alone.iter().copied()));
            self.of.complain(complaint.allow(allowed).hint("write a step for each"));
        }
        given
    }

    /// Whether the mapping has entries that were reported when it was opened.
    pub(crate) fn has_refused(&self) -> bool {
        match &self.of.node.content {
            Content::Map(entries) => entries.iter().any(|entry| {
                let field = self.table.field(&entry.key);
                let refused = |status| matches!(status, Status::NotYet | Status::Empty);
                field.is_none_or(|field| refused(field.status))
            }),
            _ => false,
        }
    }

    /// Reads a field with a default.
    pub(crate) fn or<T>(
        &self,
        name: &str,
        default: T,
        reader: impl FnOnce(&Spot<'a>) -> Option<T>,
    ) -> T {
        self.get(name).and_then(reader).unwrap_or(default)
    }
}

impl Spot<'_> {
    /// Whether it is null, false or empty.
    pub(crate) fn says_nothing(&self) -> bool {
        says_nothing(self.node)
    }
}

/// Whether a field is one to be read; one that is refused is reported.
fn accept(table: &'static Table, entry: &Entry, spot: &Spot<'_>) -> bool {
    let at_key = |complaint| spot.reports.add_at(entry.key_place, &spot.path, complaint);
    let Some(field) = table.field(&entry.key) else {
        let names = table.names();
        let all = table.fields.iter().map(|field| field.name);
        at_key(
            Complaint::new(format!("unknown field {:?}", shortened(&entry.key)))
                .allow(one_of(names))
                .suggest(nearest(&entry.key, all)),
        );
        return false;
    };
    if spot.is_null() || field.or_empty && spot.node.as_text() == Some("") {
        return false;
    }
    match field.status {
        Status::Read => true,
        Status::Harmless => false,
        Status::Empty if says_nothing(spot.node) => false,
        Status::Empty | Status::NotYet => {
            let complaint = Complaint::new(format!("\"{}\" is not supported yet", field.name));
            at_key(if field.about.is_empty() { complaint } else { complaint.hint(field.about) });
            false
        }
    }
}

fn says_nothing(node: &Node) -> bool {
    match &node.content {
        Content::Null | Content::Refused | Content::Bool(false) => true,
        Content::Text(text) => text.is_empty(),
        Content::List(items) => items.is_empty(),
        Content::Map(entries) => entries.is_empty(),
        Content::Bool(true) | Content::Number(_) => false,
    }
}
