//! What is still to be held to when a disk has lost what it acknowledged: all that it has kept.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
};

use tidegate_ledger::{Actor, Entry};
use tidegate_ports::{ReplicaSeen, ReplicaState, Runtime as _, StoredText};
use tidegate_rollout::{RolloutSpec, RolloutStatus};
use tidegate_testkit::FakeRuntime;
use tidegate_traffic::{Destination, Listener};
use tidegate_units::{ObjectKey, Owner, RevisionHash, Timestamp, Weight};

use super::{Rules, steps::Story};

/// What a disk may lose, and has lost.
#[derive(Default)]
pub(super) struct Loss {
    /// So many of the last commits it may lose: none in most lives.
    most: usize,
    /// What was known before each of those, the newest last.
    commits: VecDeque<Commit>,
    /// Whether whoever led is gone with the commits that were lost, and nobody has followed.
    orphaned: bool,
    /// Rollouts of which the runtime has taken later orders than are known: that has to be told.
    untold: BTreeSet<ObjectKey>,
    /// Rollouts of which anything was ever lost.
    lost: BTreeSet<ObjectKey>,
    /// Those of which nobody was told since where requests go.
    unrouted: BTreeSet<ObjectKey>,
}

/// What was known before a commit of each rollout in it, and what people did that it told of.
struct Commit {
    known: Vec<(ObjectKey, Known)>,
    asked: Vec<(ObjectKey, String)>,
    entries: u64,
}

/// What was known of a rollout.
struct Known {
    spec: Option<RolloutSpec>,
    status: Option<RolloutStatus>,
    body: Option<Arc<str>>,
    story: Option<Story>,
    routes_before: Option<Vec<(RevisionHash, Weight)>>,
    taken_back: Option<(RevisionHash, Weight)>,
    deleting: bool,
}

impl Loss {
    /// Somebody takes the lead: from then on nothing of before is lost any more.
    pub(super) fn begins(&mut self) {
        self.commits.clear();
        self.orphaned = false;
    }

    /// A rollout is there no more.
    pub(super) fn gone(&mut self, key: &ObjectKey) {
        self.untold.remove(key);
        self.unrouted.remove(key);
    }

    pub(super) const fn is_orphaned(&self) -> bool {
        self.orphaned
    }
}

impl Rules {
    /// The disk of this life may lose so many commits.
    pub(crate) fn may_lose(&mut self, commits: usize) {
        self.loss.most = commits;
    }

    /// Keeps what is known before a commit.
    pub(super) fn keep_back(
        &mut self,
        documents: &[StoredText],
        gone: &[ObjectKey],
        entries: &[Entry],
    ) {
        if self.loss.most == 0 {
            return;
        }
        let of_rollout = |one: &&StoredText| ["Rollout", "RolloutStatus"].contains(&&*one.kind);
        let written = documents.iter().filter(of_rollout).map(|one| &one.key);
        let said = entries.iter().map(|entry| &entry.draft.subject.key);
        let keys: BTreeSet<&ObjectKey> = written.chain(gone).chain(said).collect();
        let known = keys.into_iter().map(|key| (key.clone(), self.known(key))).collect();
        let by_person = |entry: &&Entry| matches!(entry.draft.actor, Actor::Person { .. });
        let asked = entries.iter().filter(by_person);
        let asked = asked.map(|one| (one.draft.subject.key.clone(), one.draft.what.clone()));
        let entries = u64::try_from(entries.len()).unwrap_or(0);
        self.loss.commits.push_back(Commit { known, asked: asked.collect(), entries });
        if self.loss.commits.len() > self.loss.most {
            self.loss.commits.pop_front();
        }
    }

    fn known(&self, key: &ObjectKey) -> Known {
        Known {
            spec: self.specs.get(key).cloned(),
            status: self.statuses.get(key).cloned(),
            body: self.bodies.get(key).cloned(),
            story: self.stories.get(key).cloned(),
            routes_before: self.routes_before.get(key).cloned(),
            taken_back: self.taken_back.get(key).cloned(),
            deleting: self.deleting.contains(key),
        }
    }

    /// The disk has lost so many commits. What was known before the first of them is known again: nobody
    /// can keep what nobody knows any more, and all of the rest is held to.
    pub(crate) fn went_back(&mut self, commits: usize, runtime: &FakeRuntime) {
        let mut lost = BTreeSet::new();
        self.loss.orphaned = true;
        for _ in 0..commits {
            let Some(commit) = self.loss.commits.pop_back() else { break };
            self.head.lose(commit.entries);
            for slot in &commit.asked {
                self.answers.lose(slot);
            }
            for (key, known) in commit.known {
                lost.insert(key.clone());
                self.knows_again(key, known);
            }
        }
        let is_later = |key: &ObjectKey, taken| {
            self.statuses.get(key).is_some_and(|status| status.generation < taken)
        };
        let later = runtime.taken().into_iter().map(|(owner, taken)| (owner.key(), taken));
        self.loss.untold =
            later.filter(|(key, taken)| is_later(key, *taken)).map(|it| it.0).collect();
        for key in lost {
            self.loss.lost.insert(key.clone());
            self.loss.unrouted.insert(key);
        }
    }

    /// Whether anything was ever lost of a rollout.
    pub(super) fn has_lost(&self, key: &ObjectKey) -> bool {
        self.loss.lost.contains(key)
    }

    fn knows_again(&mut self, key: ObjectKey, known: Known) {
        fn put<T>(map: &mut BTreeMap<ObjectKey, T>, key: &ObjectKey, value: Option<T>) {
            match value {
                Some(value) => map.insert(key.clone(), value),
                None => map.remove(key),
            };
        }
        let Known { spec, status, body, story, routes_before, taken_back, deleting } = known;
        // What it has now it was given by what was lost.
        let has = |revision: &RevisionHash| self.told_of(&key, revision);
        let taken_back = taken_back.map(|(revision, most)| {
            let most = most.max(has(&revision));
            (revision, most)
        });
        put(&mut self.specs, &key, spec);
        put(&mut self.statuses, &key, status);
        put(&mut self.bodies, &key, body);
        put(&mut self.stories, &key, story);
        put(&mut self.routes_before, &key, routes_before);
        put(&mut self.taken_back, &key, taken_back);
        if deleting {
            self.deleting.insert(key);
        } else {
            self.deleting.remove(&key);
        }
    }

    /// What the router was told last to give a revision.
    pub(super) fn told_of(&self, key: &ObjectKey, revision: &RevisionHash) -> Weight {
        let slot = (Owner::rollout(key), revision.clone());
        self.shares.get(&slot).copied().unwrap_or(Weight::ZERO)
    }

    /// What a revision may have that somebody holds where it is: as much as is written down; where that
    /// was lost, also what it is given.
    pub(super) fn held_at(&self, key: &ObjectKey, revision: &RevisionHash, had: Weight) -> Weight {
        let lost = self.loss.unrouted.contains(key);
        if lost { had.max(self.told_of(key, revision)) } else { had }
    }

    /// The ledger says of a rollout that the store went back.
    pub(super) fn says_that_it_went_back(&mut self, key: &ObjectKey) {
        let untold = self.loss.untold.remove(key);
        if !untold && !self.loss.lost.contains(key) {
            self.breaks(format!(
                "{key}: the runtime has taken orders that the store does not know"
            ));
        }
    }

    /// Nothing is planned anew for what the runtime has overtaken before that is told.
    pub(super) fn goes_on_from_above(&mut self, key: &ObjectKey) {
        if self.loss.untold.remove(key) {
            self.breaks(format!(
                "{key}: the store went back, and goes on below what the runtime has taken"
            ));
        }
    }

    /// It is in the ledger of each rollout that the runtime had overtaken.
    pub(crate) fn check_loss(&mut self) {
        for key in std::mem::take(&mut self.loss.untold) {
            self.breaks(format!("{key}: the store went back, and the ledger does not say so"));
        }
    }

    /// Where commits were lost, whoever serves has requests until another one can take them.
    pub(super) fn who_serves_goes_on(
        &mut self,
        listener: &Listener,
        replicas: &[ReplicaSeen],
        now: Timestamp,
    ) {
        let key = listener.owner.key();
        if !self.loss.unrouted.contains(&key) || self.is_emptied(&key) {
            return;
        }
        let had = |revision: &RevisionHash| self.told_of(&key, revision);
        let share = |revision: &RevisionHash| {
            let own = listener.destinations.iter().find(|it| it.revision == *revision);
            own.map_or(Weight::ZERO, |it| it.weight)
        };
        let nowhere = |one: &&Destination| one.endpoints.is_empty() && one.weight > Weight::ZERO;
        let mut nowhere = listener.destinations.iter().filter(nowhere).peekable();
        if nowhere.peek().is_none() {
            self.loss.unrouted.remove(&key);
            return;
        }
        let Some(nowhere) = nowhere.find(|one| one.weight > had(&one.revision)) else { return };
        let serves = replicas.iter().find(|one| {
            one.owner == listener.owner
                && one.state == ReplicaState::Ready
                && one.ready_since.is_some_and(|since| now.since(since) > self.lag())
                && share(&one.revision) < had(&one.revision)
        });
        if let Some(serves) = serves {
            let (weight, to, from) = (nowhere.weight, &nowhere.revision, &serves.revision);
            self.breaks(format!(
                "{key}: {weight} for {to}, of which nothing runs, and {from} serves"
            ));
        }
    }
}
