//! What is written down in one commit: whether the ledger says what the documents do, and whether
//! anything that was promised is forgotten.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde::Deserialize;
use serde_json::{Value, json};
use tidegate_ledger::{Actor, Entry};
use tidegate_ports::StoredText;
use tidegate_rollout::{AbortReason, Event, PauseReason, RolloutStatus};
use tidegate_units::{Epoch, ObjectKey, Owner, RevisionHash, Timestamp, Weight};

use super::{Rules, steps::Story};

/// What a rollout's status was, what it is, and what the ledger says of the way between.
pub(super) struct Turn<'a> {
    pub(super) key: &'a ObjectKey,
    pub(super) before: RolloutStatus,
    pub(super) after: &'a RolloutStatus,
    /// By the controller.
    pub(super) events: Vec<Event>,
    /// By people, in their words.
    pub(super) asked: Vec<&'a str>,
    /// When it was decided, by whoever did.
    pub(super) at: Timestamp,
}

impl Turn<'_> {
    fn paused(status: &RolloutStatus) -> bool {
        status.pause.is_some_and(|pause| pause.reason == PauseReason::User)
    }

    fn share(route: &[(RevisionHash, Weight)], revision: &RevisionHash) -> Weight {
        let found = route.iter().find(|(it, _)| it == revision);
        found.map_or(Weight::ZERO, |(_, weight)| *weight)
    }
}

/// What people asked for and were told is done, and what the ledger says that they asked for.
#[derive(Default)]
pub(super) struct Answers {
    told: BTreeMap<(ObjectKey, String), u64>,
    written: BTreeMap<(ObjectKey, String), u64>,
}

impl Answers {
    /// A disk has lost what a person did: nobody has to find it any more.
    pub(super) fn lose(&mut self, slot: &(ObjectKey, String)) {
        let Some(written) = self.written.get_mut(slot) else { return };
        *written = written.saturating_sub(1);
        let left = *written;
        if left == 0 {
            self.written.remove(slot);
        }
        if let Some(told) = self.told.get_mut(slot) {
            *told = left.min(*told);
        }
    }
}

/// What is looked at of an analysis run whatever it came to.
#[derive(Deserialize)]
struct Run {
    spec: RunSpec,
    status: RunStatus,
}

#[derive(Deserialize)]
struct RunSpec {
    canary: RevisionHash,
    stable: RevisionHash,
    #[serde(default)]
    terminate: bool,
}

#[derive(Deserialize)]
struct RunStatus {
    phase: String,
}

/// Where the ledger is.
#[derive(Default)]
pub(super) struct Head {
    sequence: u64,
    epoch: Epoch,
    at: Timestamp,
}

impl Head {
    /// A disk has lost the last entries. Whoever writes the next is another.
    pub(super) fn lose(&mut self, entries: u64) {
        self.sequence -= entries;
    }
}

impl Rules {
    /// Something was written down by whoever leads in an epoch: documents and entries.
    pub(crate) fn commit(
        &mut self,
        epoch: Epoch,
        documents: &[StoredText],
        gone: &[ObjectKey],
        entries: &[Entry],
    ) {
        if epoch != self.leads {
            self.breaks(format!("written in epoch {epoch}, while {} is", self.leads));
        }
        self.keep_back(documents, gone, entries);
        for document in documents.iter().filter(|one| one.kind != "Secret") {
            self.read(&document.kind, &document.body);
        }
        for entry in entries {
            self.read("the ledger", &entry.draft.what);
            self.read_value("the ledger", &entry.draft.detail);
            self.follows(epoch, entry);
            self.entry(entry);
        }
        self.specs_of(documents);
        for (at, document) in documents.iter().enumerate() {
            let same = |it: &&StoredText| (&it.kind, &it.key) == (&document.kind, &document.key);
            // What a later document of the same batch overwrites never was.
            if documents.iter().skip(at + 1).any(|it| same(&it)) {
                continue;
            }
            match document.kind.as_str() {
                "RolloutStatus" => self.status_written(document, entries),
                "AnalysisRun" => self.run_written(document),
                _ => {}
            }
        }
        for key in gone {
            self.gone(key);
        }
    }

    /// One entry after the other, none of the same leader's earlier than the one before.
    fn follows(&mut self, epoch: Epoch, entry: &Entry) {
        let Head { sequence, epoch: of, at } = self.head;
        if entry.sequence != sequence + 1 {
            self.breaks(format!("ledger entry {} after {sequence}", entry.sequence));
        }
        if of == epoch && entry.draft.at < at {
            let what = &entry.draft.what;
            self.breaks(format!(
                "ledger entry {} ({what}) is earlier than the one before",
                entry.sequence
            ));
        }
        self.head = Head { sequence: entry.sequence, epoch, at: entry.draft.at };
        if let Actor::Person { .. } = entry.draft.actor {
            let slot = (entry.draft.subject.key.clone(), entry.draft.what.clone());
            *self.answers.written.entry(slot).or_default() += 1;
        }
    }

    /// Somebody was told that what they asked for is done.
    pub(crate) fn answered(&mut self, key: &ObjectKey, what: &str) {
        let slot = (key.clone(), what.to_owned());
        let written = self.answers.written.get(&slot).copied().unwrap_or_default();
        let told = self.answers.told.entry(slot).or_default();
        *told += 1;
        if *told > written {
            self.breaks(format!(
                "{key}: {what} was answered with success and is not in the ledger"
            ));
        }
    }

    /// Somebody was told that a rollout is being deleted: it is then, or was.
    pub(crate) fn deleted(&mut self, key: &ObjectKey) {
        let slot = (key.clone(), "Deleted".to_owned());
        if !self.answers.written.contains_key(&slot) {
            self.breaks(format!(
                "{key}: it was said to be deleted, and the ledger does not say so"
            ));
        }
    }

    /// Whoever starts reads what was written last.
    pub(crate) fn loaded(&mut self, documents: &[StoredText]) {
        let read: BTreeMap<_, _> = documents
            .iter()
            .filter(|one| one.kind == "RolloutStatus")
            .map(|one| (one.key.clone(), Arc::clone(&one.body)))
            .collect();
        let differs = |(key, body): &(&ObjectKey, &Arc<str>)| read.get(*key) != Some(*body);
        let lost: Vec<_> = self.bodies.iter().filter(differs).map(|(key, _)| key.clone()).collect();
        for key in lost {
            self.breaks(format!("{key}: what is read is not what was written last"));
        }
        self.bodies = read;
    }

    /// What a bit has turned over in is read by nobody who is not told.
    pub(crate) fn decayed(&mut self, documents: &[String]) {
        for document in documents {
            self.breaks(format!("{document} was read, and a bit of it has turned over"));
        }
    }

    fn status_written(&mut self, document: &StoredText, entries: &[Entry]) {
        let key = &document.key;
        self.goes_on_from_above(key);
        if self.deleting.contains(key) {
            self.bodies.insert(key.clone(), Arc::clone(&document.body));
            return;
        }
        let after: RolloutStatus = match serde_json::from_str(&document.body) {
            Ok(status) => status,
            Err(problem) => return self.breaks(format!("a status that cannot be read: {problem}")),
        };
        let own = |entry: &&Entry| {
            entry.draft.subject.key == *key && entry.draft.subject.kind == "Rollout"
        };
        let own: Vec<&Entry> = entries.iter().filter(own).collect();
        let by_person = |entry: &&&Entry| matches!(entry.draft.actor, Actor::Person { .. });
        let turn = Turn {
            key,
            before: self.statuses.get(key).cloned().unwrap_or_default(),
            after: &after,
            events: own.iter().filter(|it| !by_person(it)).copied().filter_map(event).collect(),
            asked: own.iter().filter(by_person).map(|it| it.draft.what.as_str()).collect(),
            at: own.last().map(|entry| entry.draft.at).unwrap_or_default(),
        };
        self.check_told(&turn);
        self.check_promises(&turn);
        self.check_steps(&turn);
        self.bodies.insert(key.clone(), Arc::clone(&document.body));
        self.status(key.clone(), &after);
    }

    /// Each share, each count and each promotion is in the ledger; who becomes stable had all requests.
    fn check_told(&mut self, turn: &Turn<'_>) {
        let Turn { key, before, after, events, .. } = turn;
        let Some(spec) = self.specs.get(*key).cloned() else { return };
        let beside = after.stable.as_ref().filter(|stable| **stable != spec.revision);
        let named = before.route.iter().chain(&after.route).map(|(revision, _)| revision);
        for revision in named.collect::<BTreeSet<_>>() {
            let (had, has) =
                (Turn::share(&before.route, revision), Turn::share(&after.route, revision));
            let told = told_of(events, revision, had);
            if told != Some(has) && beside != Some(revision) {
                self.breaks(format!(
                    "{key}: the ledger does not say that {revision} got {has} after {had}"
                ));
            }
        }
        for (revision, record) in &after.revisions {
            let had = before.revisions.get(revision).map_or(0, |record| record.replicas);
            let told = events.iter().any(|event| {
                matches!(event, Event::Scaled { revision: it, to, .. } if it == revision && *to == record.replicas)
            });
            if had != record.replicas && !told {
                let count = record.replicas;
                self.breaks(format!(
                    "{key}: the ledger does not say that {revision} got {count} replicas"
                ));
            }
        }
        let Some(stable) = after.stable.as_ref().filter(|_| after.stable != before.stable) else {
            return;
        };
        let told = events
            .iter()
            .any(|event| matches!(event, Event::Promoted { revision } if revision == stable));
        if !told {
            self.breaks(format!("{key}: the ledger does not say that {stable} became stable"));
        }
        let slot = (Owner::rollout(key), stable.clone());
        let has = self.shares.get(&slot).copied().unwrap_or(Weight::ZERO);
        if before.stable.is_some() && has != Weight::FULL && !self.is_emptied(key) {
            self.breaks(format!("{key}: {stable} became stable with {has} of the requests"));
        }
    }

    /// An abort and a pause hold until somebody says otherwise.
    fn check_promises(&mut self, turn: &Turn<'_>) {
        let Turn { key, before, after, events, asked, .. } = turn;
        let aborts = events.iter().find_map(|event| match event {
            Event::Aborted { reason } => Some(reason),
            _ => None,
        });
        let (was, is) = (before.abort.is_some(), after.abort.is_some());
        // Whoever applies another revision after it wants that.
        if asked.last() == Some(&"Abort") && !is {
            self.breaks(format!("{key}: an abort was taken, and is not written down"));
        }
        if is && !was && !asked.contains(&"Abort") && aborts.is_none() {
            self.breaks(format!("{key}: the ledger does not say that it was aborted"));
        }
        let story = self.stories.entry((*key).clone()).or_default();
        let asked_again = story.asked_since_abort(was, asked);
        let (paused, stays) = (Turn::paused(before), Turn::paused(after));
        if was && !is && !asked_again {
            self.breaks(format!("{key}: an abort was forgotten"));
        }
        if paused && !stays && asked.is_empty() {
            self.breaks(format!("{key}: a person's pause was forgotten"));
        }
        if paused && matches!(aborts, Some(AbortReason::Deadline)) {
            self.breaks(format!("{key}: taken back by its deadline while a person had paused it"));
        }
        let same = before.current == after.current && before.stable == after.stable;
        let current = after.current.as_ref().filter(|_| paused && stays && same && !was && !is);
        // Whoever goes back to the stable one is not kept from it.
        let Some(current) = current.filter(|current| after.stable.as_ref() != Some(*current))
        else {
            return;
        };
        let (had, has) = (Turn::share(&before.route, current), Turn::share(&after.route, current));
        let had = self.held_at(key, current, had);
        if has > had && after.stable.is_some() && !self.is_emptied(key) {
            self.breaks(format!(
                "{key}: {current} got {has} after {had} while a person had paused it"
            ));
        }
        if after.step_index > before.step_index {
            self.breaks(format!("{key}: a step was taken while a person had paused it"));
        }
    }

    /// A success rests on something that was measured, of the revision that is judged.
    fn run_written(&mut self, document: &StoredText) {
        let name = &document.key.name;
        let run: Run = match serde_json::from_str(&document.body) {
            Ok(run) => run,
            Err(problem) => return self.breaks(format!("a run that cannot be read: {problem}")),
        };
        if run.spec.canary == run.spec.stable {
            self.breaks(format!("{name}: a revision is judged against itself"));
        }
        if run.status.phase != "Successful" {
            return;
        }
        let ended = run.spec.terminate;
        let body: Value = serde_json::from_str(&document.body).unwrap_or_default();
        let metrics = body.pointer("/status/metrics").and_then(Value::as_object);
        for (metric, view) in metrics.into_iter().flatten() {
            let successes =
                view.get("measurements").and_then(Value::as_array).into_iter().flatten();
            let successes: Vec<_> =
                successes.filter(|one| one.get("phase") == Some(&json!("Successful"))).collect();
            let said_nothing = |one: &&Value| {
                let value = one.get("value").and_then(Value::as_str).unwrap_or_default();
                value.is_empty() || value == "NaN"
            };
            let judged = view.get("evidence").is_some_and(|evidence| !evidence.is_null());
            if (successes.is_empty() && !judged && !ended) || successes.iter().any(said_nothing) {
                self.breaks(format!("{name}: {metric} is successful, and nothing was measured"));
            }
        }
    }
}

/// What share a revision has that had one, by what the controller says: each of its turns begins where the
/// one before has ended.
fn told_of(events: &[Event], revision: &RevisionHash, had: Weight) -> Option<Weight> {
    let turns = events.iter().filter_map(|event| match event {
        Event::WeightSet { revision: it, from, to } if it == revision => Some((*from, *to)),
        _ => None,
    });
    turns.into_iter().try_fold(had, |had, (from, to)| (from == had).then_some(to))
}

/// What the controller says that it did, if it is of a rollout's plan.
fn event(entry: &Entry) -> Option<Event> {
    let (what, detail) = (&entry.draft.what, &entry.draft.detail);
    let tagged = || serde_json::from_value(json!({ what.as_str(): detail }));
    tagged().or_else(|_| serde_json::from_value(json!(what))).ok()
}

impl Story {
    /// Whether somebody asked for anything since it was taken back.
    fn asked_since_abort(&mut self, was: bool, asked: &[&str]) -> bool {
        self.asked = (was && self.asked) || asked.iter().any(|what| *what != "Abort");
        self.asked
    }
}
