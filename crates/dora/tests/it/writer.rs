//! Writes a ledger as the controller does.

use std::time::Duration;

use serde_json::{Value, json};
use tidegate_dora::{Deployments, Query, Report};
use tidegate_ledger::{Actor, Draft, Entry, Head, Subject, link};
use tidegate_units::{ObjectKey, Timestamp};

/// 2026-01-01T00:00:00Z.
pub(crate) const BEGIN: i64 = 1_767_225_600_000;

pub(crate) struct Writer {
    pub(crate) entries: Vec<Entry>,
    pub(crate) now: Timestamp,
    pub(crate) key: ObjectKey,
}

impl Writer {
    pub(crate) fn new() -> Self {
        Self {
            entries: Vec::new(),
            now: Timestamp::from_millis(BEGIN),
            key: ObjectKey::new("default", "web"),
        }
    }

    pub(crate) fn wait(&mut self, span: Duration) {
        self.now = self.now.after(span);
    }

    pub(crate) fn hours(&mut self, hours: u64) {
        self.wait(Duration::from_hours(hours));
    }

    pub(crate) fn write(&mut self, actor: Actor, what: &str, detail: Value) -> u64 {
        self.write_of("Rollout", actor, what, detail)
    }

    pub(crate) fn write_of(&mut self, kind: &str, actor: Actor, what: &str, detail: Value) -> u64 {
        let head = self.entries.last().map_or(Head::default(), Entry::head);
        let draft = Draft {
            at: self.now,
            actor,
            subject: Subject { kind: kind.to_owned(), key: self.key.clone() },
            what: what.to_owned(),
            detail,
        };
        self.entries.push(link(head, draft));
        head.sequence + 1
    }

    pub(crate) fn event(&mut self, what: &str, detail: Value) -> u64 {
        self.write(Actor::Controller, what, detail)
    }

    /// Somebody applies a manifest with these annotations.
    pub(crate) fn apply(&mut self, annotations: &Value) -> u64 {
        let manifest = json!({"metadata": {"annotations": annotations}, "spec": {}});
        let detail = json!({"outcome": "configured", "manifest": manifest});
        self.write(Actor::Person { name: "ada".to_owned() }, "Applied", detail)
    }

    pub(crate) fn want(&mut self, revision: &str, number: u64) {
        self.event("RevisionWanted", json!({"revision": revision, "number": number}));
    }

    pub(crate) fn weigh(&mut self, revision: &str, from: u8, to: u8) -> u64 {
        self.event("WeightSet", json!({"revision": revision, "from": from, "to": to}))
    }

    pub(crate) fn promote(&mut self, revision: &str) -> u64 {
        self.event("Promoted", json!({"revision": revision}))
    }

    pub(crate) fn abort(&mut self) -> u64 {
        let reason = json!({"Analysis": {"run": "web-1", "message": "errors"}});
        self.event("Aborted", json!({"reason": reason, "evidence": {}}))
    }

    /// A revision that is applied now, gets users after a minute and all of them an hour later.
    pub(crate) fn release(&mut self, revision: &str, number: u64, annotations: &Value) -> u64 {
        self.apply(annotations);
        self.want(revision, number);
        self.wait(Duration::from_mins(1));
        let began = self.weigh(revision, 0, 25);
        self.hours(1);
        self.weigh(revision, 25, 100);
        self.promote(revision);
        began
    }

    pub(crate) fn known(&self) -> Deployments {
        let mut known = Deployments::default();
        for entry in &self.entries {
            known.take(entry);
        }
        known
    }

    pub(crate) fn report(&self) -> Report {
        self.known().report(&Query::new(self.now), |_| true)
    }
}
