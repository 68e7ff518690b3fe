//! Documents of parts of the server that keep their own: accounts, tokens, answers to repeated requests.
//!
//! The driver does not interpret them. It writes them in its transactions, in its epoch, with the ledger entries
//! that say what they mean, and shows them once they are written.

use std::{fmt, sync::Arc};

use serde_json::Value;
use tidegate_ledger::{Actor, Draft, Subject};
use tidegate_ports::{StoredText, Write};
use tidegate_units::ObjectKey;

use crate::{ControlPlane, Refused, request::Request, shared_map::SharedMap, stage::Stage};

/// A kind of such documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeptKind(&'static str);

impl KeptKind {
    /// What every one of them begins with in the store, so that none can be taken for what is planned.
    pub(crate) const PREFIX: &str = "Kept/";

    /// The kind of this name, which is the part's own.
    pub const fn new(name: &'static str) -> Self {
        Self(name)
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        self.0
    }

    fn stored(self) -> String {
        format!("{}{}", Self::PREFIX, self.0)
    }
}

impl fmt::Display for KeptKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.0)
    }
}

/// Such a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Whose.
    pub key: ObjectKey,
    /// The text of its JSON.
    pub body: Arc<str>,
}

/// What is to be so, all of it or nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KeptChange {
    /// What these documents have to be for it to happen; none where they must not be there. What differs was
    /// changed by somebody else in the meantime.
    pub expects: Vec<(KeptKind, ObjectKey, Option<Arc<str>>)>,
    /// What they become, in this order; none takes one away.
    pub writes: Vec<(KeptKind, ObjectKey, Option<Arc<str>>)>,
    /// What that means, for the ledger. Never a secret.
    pub entries: Vec<KeptEntry>,
}

/// An entry of the ledger whose time is that at which it is written.
#[derive(Clone, Debug, PartialEq)]
pub struct KeptEntry {
    /// Who decided.
    pub actor: Actor,
    /// About what.
    pub subject: Subject,
    /// What, in one word.
    pub what: String,
    /// The decision with its evidence. Never a secret.
    pub detail: Value,
}

/// All such documents, by kind and key.
pub(crate) type KeptDocuments = SharedMap<(Arc<str>, ObjectKey), Arc<str>>;

impl ControlPlane {
    /// Makes such documents so, and writes down what that means. Once this returns it is durable, and
    /// [`Self::kept`] shows it.
    ///
    /// # Errors
    /// [`Refused::Conflict`] if a document is not what is expected; else what the store says. Nothing is done then.
    pub async fn keep(&self, change: KeptChange) -> Result<(), Refused> {
        self.ask(|reply| Request::Keep { change, reply }).await
    }

    /// All documents of a kind, by their keys.
    pub fn kept(&self, kind: KeptKind) -> Vec<Kept> {
        let snapshot = self.shared.snapshot();
        let first = (Arc::from(kind.name()), ObjectKey::new("", ""));
        let own = snapshot.world.kept.from(&first);
        let own = own.take_while(|((found, _), _)| **found == *kind.name());
        own.map(|((_, key), body)| Kept { key: key.clone(), body: Arc::clone(body) }).collect()
    }

    /// One document.
    pub fn kept_one(&self, kind: KeptKind, key: &ObjectKey) -> Option<Arc<str>> {
        let snapshot = self.shared.snapshot();
        snapshot.world.kept.get(&(Arc::from(kind.name()), key.clone())).cloned()
    }
}

impl Stage {
    /// Makes such documents so, unless one is not what is expected.
    pub(crate) fn keep(&mut self, change: KeptChange) -> Result<(), Refused> {
        let KeptChange { expects, writes, entries } = change;
        let place = |kind: KeptKind, key: ObjectKey| (Arc::<str>::from(kind.name()), key);
        for (kind, key, expected) in expects {
            let found = self.world.kept.get(&place(kind, key.clone()));
            if found != expected.as_ref() {
                return Err(Refused::Conflict {
                    reason: format!("{kind} {key} was changed in the meantime"),
                    hint: Some("look again, and ask again if that is still wanted".to_owned()),
                });
            }
        }
        for (kind, key, body) in writes {
            self.batch.writes.push(match &body {
                Some(body) => {
                    let (key, body) = (key.clone(), Arc::clone(body));
                    Write::Put(StoredText { kind: kind.stored(), key, body })
                }
                None => Write::Delete { kind: kind.stored(), key: key.clone() },
            });
            match body {
                Some(body) => self.world.kept.insert(place(kind, key), body),
                None => self.world.kept.remove(&place(kind, key)),
            };
        }
        let at = self.now();
        let drafts = entries.into_iter().map(|entry| {
            let KeptEntry { actor, subject, what, detail } = entry;
            Draft { at, actor, subject, what, detail }
        });
        self.batch.entries.extend(drafts);
        Ok(())
    }
}
