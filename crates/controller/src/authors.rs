//! Who changed what since when: what nobody lets their own change through by.
//!
//! It is written in the transaction that has the ledger entry of the change, and read where a change is let through,
//! in the driver, so that nothing comes between the two.

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};
use tidegate_ledger::Actor;
use tidegate_rollout::RolloutStatus;
use tidegate_units::{ObjectKey, Timestamp};

use crate::{Kind, document, shared_map::SharedMap, stage::Stage, world::RolloutEntry};

/// So many people and programs are remembered of one resource, those who changed it last: more than ever have to do
/// with one, and some ten kilobytes.
const REMEMBERED: usize = 256;

/// Who changed a resource.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Authors {
    /// When each of them last did.
    changed: BTreeMap<String, Timestamp>,
    /// Of a rollout: when its wanted revision last became the stable one. None before the first did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) settled_at: Option<Timestamp>,
}

/// Those of every resource that a revision is made of, by what it is.
pub(crate) type AllAuthors = SharedMap<(Kind, ObjectKey), Arc<Authors>>;

impl Authors {
    /// The names of those who changed it from a moment on, whichever that was where there is none.
    pub(crate) fn since(&self, since: Option<Timestamp>) -> impl Iterator<Item = &str> {
        let counts = move |at: Timestamp| since.is_none_or(|since| at >= since);
        self.changed.iter().filter(move |(_, at)| counts(**at)).map(|(name, _)| name.as_str())
    }

    fn note(&mut self, name: &str, now: Timestamp) {
        self.changed.insert(name.to_owned(), now);
        if self.changed.len() > REMEMBERED {
            let oldest = self.changed.iter().min_by_key(|(_, at)| **at);
            if let Some(oldest) = oldest.map(|(name, _)| name.clone()) {
                self.changed.remove(&oldest);
            }
        }
    }

    /// Who changed it before that has been seen through.
    fn settle(&mut self, now: Timestamp) {
        self.settled_at = Some(now);
        self.changed.retain(|_, at| *at >= now);
    }
}

/// Whether a revision can be made of such a resource.
const fn counts(kind: Kind) -> bool {
    !matches!(kind, Kind::Experiment | Kind::AnalysisRun)
}

/// Whether a revision is on its way.
pub(crate) fn is_moving(status: &RolloutStatus) -> bool {
    status.stable.is_none() || status.stable != status.current
}

impl Stage {
    /// Writes down who changed a resource.
    pub(crate) fn note_author(&mut self, kind: Kind, key: &ObjectKey, who: &Actor) {
        if counts(kind) {
            let now = self.now();
            self.change_authors(kind, key, |authors| authors.note(who.name(), now));
        }
    }

    /// Writes down that the wanted revision of a rollout has become the stable one, if `before` it was not.
    pub(crate) fn note_settled(&mut self, entry: &RolloutEntry, before: &RolloutStatus) {
        if is_moving(&entry.status) {
            return;
        }
        let place = (Kind::Rollout, entry.key().clone());
        let known = self.world.authors.get(&place).is_some_and(|one| one.settled_at.is_some());
        if is_moving(before) || !known {
            let now = self.now();
            self.change_authors(Kind::Rollout, entry.key(), |authors| authors.settle(now));
        }
    }

    /// Forgets who changed what is there no more.
    pub(crate) fn forget_authors(&mut self, kind: Kind, key: &ObjectKey) {
        if self.world.authors.remove(&(kind, key.clone())).is_some() {
            self.write(document::delete_authors(kind, key));
        }
    }

    fn change_authors(&mut self, kind: Kind, key: &ObjectKey, change: impl FnOnce(&mut Authors)) {
        let place = (kind, key.clone());
        let known = self.world.authors.get(&place);
        let mut authors = known.map(|known| Authors::clone(known)).unwrap_or_default();
        change(&mut authors);
        if known.is_none_or(|known| **known != authors) {
            self.batch.writes.push(document::put_authors(kind, key, &authors));
            self.world.authors.insert(place, Arc::new(authors));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn names(authors: &Authors, since: Option<i64>) -> Vec<&str> {
        authors.since(since.map(at)).collect()
    }

    #[test]
    fn who_changed_it_before_it_was_seen_through_does_not_count() {
        let mut authors = Authors::default();
        authors.note("ada", at(10));
        authors.note("bo", at(20));
        authors.note("ada", at(30));
        assert_eq!(names(&authors, None), ["ada", "bo"]);
        assert_eq!(names(&authors, Some(20)), ["ada", "bo"]);
        assert_eq!(names(&authors, Some(21)), ["ada"]);
        // What came in the very moment may not be in what was seen through.
        authors.settle(at(30));
        assert_eq!(names(&authors, authors.settled_at.map(Timestamp::as_millis)), ["ada"]);
        authors.settle(at(31));
        assert!(names(&authors, None).is_empty());
    }

    #[test]
    fn the_newest_are_remembered() {
        let mut authors = Authors::default();
        for number in 0..1_000 {
            authors.note(&format!("a{number}"), at(number));
        }
        assert_eq!(authors.since(None).count(), REMEMBERED);
        assert_eq!(authors.since(Some(at(999))).collect::<Vec<_>>(), ["a999"]);
    }
}
