use std::collections::BTreeMap;

use serde_json::Value;
use tidegate_ledger::{Actor, Entry};
use tidegate_units::{ObjectKey, RevisionHash, Timestamp, Weight};

use crate::{
    Cause, Deployment, Point,
    application::{Application, Records},
    change::Notes,
};

/// As many deployments are known at once, about half a kilobyte each: 1,600 a day for a month. A
/// window that begins before the oldest of them is cut there, and says so.
pub const LIMIT: usize = 50_000;

/// All deployments that a ledger tells of, read entry by entry: what is known grows with the deployments
/// and the applications, not with the ledger.
#[derive(Clone, Debug, Default)]
pub struct Deployments {
    position: u64,
    first: Option<Timestamp>,
    /// From when on all of them are known, where the oldest were dropped.
    kept_from: Option<Timestamp>,
    applications: BTreeMap<ObjectKey, Application>,
    /// What the pod templates say that Rollouts take from Deployments.
    workloads: BTreeMap<ObjectKey, Notes>,
    records: Records,
}

impl Deployments {
    /// The sequence number of the last entry that was read. The next one follows it.
    pub const fn position(&self) -> u64 {
        self.position
    }

    /// From when on all deployments are known; none of an empty ledger.
    pub fn known_from(&self) -> Option<Timestamp> {
        self.kept_from.max(self.first)
    }

    /// Every deployment that is known, as of its last entry, the oldest first.
    pub fn all(&self) -> impl DoubleEndedIterator<Item = &Deployment> {
        self.records.values()
    }

    /// The deployment that began at an entry.
    pub fn began_at(&self, sequence: u64) -> Option<&Deployment> {
        self.records.get(&sequence)
    }

    /// Reads the entries of a ledger in their order. One that was read before changes nothing.
    pub fn take(&mut self, entry: &Entry) {
        if entry.sequence <= self.position {
            return;
        }
        self.position = entry.sequence;
        self.first.get_or_insert(entry.draft.at);
        match entry.draft.subject.kind.as_str() {
            "Rollout" => self.take_rollout(entry),
            "Deployment" => self.take_workload(entry),
            _ => {}
        }
        while self.records.len() > LIMIT {
            let Some((_, oldest)) = self.records.pop_first() else { break };
            self.kept_from = Some(oldest.began.at);
        }
    }

    fn take_workload(&mut self, entry: &Entry) {
        let key = &entry.draft.subject.key;
        let Some(manifest) = entry.draft.detail.get("manifest") else {
            self.workloads.remove(key);
            return;
        };
        let notes = Notes::of(manifest);
        if notes.is_silent() {
            self.workloads.remove(key);
        } else {
            self.workloads.insert(key.clone(), notes);
        }
    }

    fn take_rollout(&mut self, entry: &Entry) {
        let (point, key) = (Point::of(entry), &entry.draft.subject.key);
        let detail = &entry.draft.detail;
        if entry.draft.actor != Actor::Controller
            && let Some(manifest) = detail.get("manifest")
        {
            let named = manifest.pointer("/spec/workloadRef/name").and_then(Value::as_str);
            let workload = named.and_then(|name| self.workloads.get(&key.sibling(name)));
            let undo = entry.draft.what == "Undone";
            let notes = Notes { undo, ..Notes::of(manifest).or(workload) };
            self.applications.entry(key.clone()).or_default().ask(point, notes);
            return;
        }
        // What the controller writes down of its own accord; a command of a person has no more to say.
        if entry.draft.actor != Actor::Controller {
            return;
        }
        if entry.draft.what == "Gone" {
            self.applications.remove(key);
            return;
        }
        self.take_event(point, key, &entry.draft.what, detail);
    }

    fn take_event(&mut self, point: Point, key: &ObjectKey, what: &str, detail: &Value) {
        let revision = || detail.get("revision").and_then(Value::as_str).map(RevisionHash::from);
        let weight = |name: &str| detail.get(name).cloned().and_then(weight);
        let records = &mut self.records;
        let application = self.applications.entry(key.clone()).or_default();
        match what {
            "RevisionWanted" => {
                let number = detail.get("number").and_then(Value::as_u64).unwrap_or_default();
                if let Some(revision) = revision() {
                    application.want(point, revision, number, records);
                }
            }
            "WeightSet" => {
                if let (Some(revision), Some(from), Some(to)) =
                    (revision(), weight("from"), weight("to"))
                {
                    application.weigh(point, key, revision, (from, to), records);
                }
            }
            "RoutesSet" => {
                let sends = detail.get("sends").and_then(Value::as_bool).unwrap_or_default();
                application.rule(point, key, sends, records);
            }
            "Promoted" => {
                if let Some(revision) = revision() {
                    application.promote(point, key, revision, records);
                }
            }
            "Aborted" => application.abort(point, cause(detail), records),
            _ => {}
        }
    }
}

fn weight(value: Value) -> Option<Weight> {
    serde_json::from_value(value).ok()
}

/// Why something was taken back, from the reason as the ledger has it.
fn cause(detail: &Value) -> Cause {
    let reason = detail.get("reason");
    let word = reason.and_then(|reason| {
        reason.as_str().or_else(|| reason.as_object()?.keys().next().map(String::as_str))
    });
    match word {
        Some("User") => Cause::Person,
        Some("Deadline") => Cause::Deadline,
        Some("StoreWentBack") => Cause::StoreWentBack,
        _ => Cause::Analysis,
    }
}
