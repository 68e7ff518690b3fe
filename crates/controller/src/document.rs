//! The world as documents of the store. The way back is in `restore`.

use serde::Serialize;
use tidegate_ports::{StoredText, Write};
use tidegate_units::{Epoch, Generation, ObjectKey, Owner, OwnerKind, RevisionHash, RunName};

use crate::{
    Kind,
    analysis_run::AnalysisRunEntry,
    authors::Authors,
    experiment_entry::ExperimentEntry,
    world::{Declared, RevisionTemplate, RolloutEntry, Run},
};

pub(crate) const STATUS: &str = "RolloutStatus";
pub(crate) const REVISION: &str = "Revision";
pub(crate) const RUN: &str = "AnalysisRun";
pub(crate) const ADDRESS: &str = "ServiceAddress";
pub(crate) const EXPERIMENT_STATUS: &str = "ExperimentStatus";
pub(crate) const EXPERIMENT_RUN: &str = "ExperimentAnalysisRun";
/// What was declared; under the name of its kind are the runs of rollouts.
pub(crate) const DECLARED_RUN: &str = "DeclaredAnalysisRun";
pub(crate) const DECLARED_RUN_STATE: &str = "DeclaredAnalysisRunState";
pub(crate) const EPOCH: &str = "ControllerEpoch";
/// Who changed a resource: this, `/` and its kind.
pub(crate) const AUTHORS: &str = "Authors";
pub(crate) const GONE: &str = "GoneGeneration";

/// What is declared and lasts until what it made is gone.
#[derive(Serialize)]
struct Lasting<'a, T> {
    #[serde(flatten)]
    declared: &'a Declared<T>,
    deleting: bool,
}

fn put(kind: &str, key: ObjectKey, content: &impl Serialize) -> Write {
    // Only maps with keys that are no text or number and failing `Serialize` implementations can fail here;
    // the domain types have neither, which the round-trip test of each kind holds.
    let body = serde_json::to_string(content).unwrap_or_else(|_| "null".to_owned());
    Write::Put(StoredText { kind: kind.to_owned(), key, body: body.into() })
}

fn part_key(owner: &ObjectKey, part: &str) -> ObjectKey {
    owner.sibling(&format!("{}/{part}", owner.name))
}

pub(crate) fn put_declared<T: Serialize>(
    kind: Kind,
    key: &ObjectKey,
    declared: &Declared<T>,
) -> Write {
    put(kind.as_str(), key.clone(), declared)
}

pub(crate) fn put_rollout(entry: &RolloutEntry) -> Write {
    let document = Lasting { declared: &*entry.declared, deleting: entry.deleting };
    put(Kind::Rollout.as_str(), entry.key().clone(), &document)
}

pub(crate) fn put_status(entry: &RolloutEntry) -> Write {
    put(STATUS, entry.key().clone(), &entry.status)
}

pub(crate) fn put_revision(
    key: &ObjectKey,
    hash: &RevisionHash,
    template: &RevisionTemplate,
) -> Write {
    put(REVISION, part_key(key, hash.as_str()), template)
}

pub(crate) fn put_run(owner: &Owner, run: &Run) -> Write {
    put(kind_of_runs(owner), part_key(&owner.key(), run.spec.name.as_str()), run)
}

const fn kind_of_runs(owner: &Owner) -> &'static str {
    match owner.kind {
        OwnerKind::Rollout => RUN,
        OwnerKind::Experiment => EXPERIMENT_RUN,
        OwnerKind::AnalysisRun => DECLARED_RUN_STATE,
    }
}

pub(crate) fn put_experiment(entry: &ExperimentEntry) -> Write {
    let document = Lasting { declared: &*entry.declared, deleting: entry.deleting };
    put(Kind::Experiment.as_str(), entry.key().clone(), &document)
}

pub(crate) fn put_experiment_status(entry: &ExperimentEntry) -> Write {
    put(EXPERIMENT_STATUS, entry.key().clone(), &entry.status)
}

pub(crate) fn put_analysis_run(entry: &AnalysisRunEntry) -> Write {
    put(DECLARED_RUN, entry.key().clone(), &*entry.declared)
}

/// Everything that is stored of a declared run.
pub(crate) fn delete_analysis_run(entry: &AnalysisRunEntry) -> Vec<Write> {
    let declared = Write::Delete { kind: DECLARED_RUN.to_owned(), key: entry.key().clone() };
    let runs = entry.runs.keys().map(|run| delete_run(&entry.owner(), run));
    std::iter::once(declared).chain(runs).collect()
}

/// Everything that is stored of an experiment.
pub(crate) fn delete_experiment(entry: &ExperimentEntry) -> Vec<Write> {
    let key = entry.key();
    let mut writes = vec![
        delete(Kind::Experiment, key),
        Write::Delete { kind: EXPERIMENT_STATUS.to_owned(), key: key.clone() },
    ];
    writes.extend(entry.runs.keys().map(|run| delete_run(&entry.owner(), run)));
    writes
}

pub(crate) fn put_address(slot: &(ObjectKey, u16), address: std::net::SocketAddr) -> Write {
    put(ADDRESS, part_key(&slot.0, &slot.1.to_string()), &address)
}

/// A mark of each start, which is never deleted: a store without any document has lost them.
pub(crate) fn put_epoch(epoch: Epoch) -> Write {
    put(EPOCH, epoch_key(), &epoch)
}

/// The last generation of what is gone: see [`World::gone`](crate::world::World::gone).
pub(crate) fn put_gone(generation: Generation) -> Write {
    put(GONE, epoch_key(), &generation)
}

pub(crate) fn delete(kind: Kind, key: &ObjectKey) -> Write {
    Write::Delete { kind: kind.as_str().to_owned(), key: key.clone() }
}

pub(crate) fn delete_address(slot: &(ObjectKey, u16)) -> Write {
    Write::Delete { kind: ADDRESS.to_owned(), key: part_key(&slot.0, &slot.1.to_string()) }
}

pub(crate) fn delete_revision(key: &ObjectKey, hash: &RevisionHash) -> Write {
    Write::Delete { kind: REVISION.to_owned(), key: part_key(key, hash.as_str()) }
}

pub(crate) fn delete_run(owner: &Owner, run: &RunName) -> Write {
    let key = part_key(&owner.key(), run.as_str());
    Write::Delete { kind: kind_of_runs(owner).to_owned(), key }
}

fn kind_of_authors(kind: Kind) -> String {
    format!("{AUTHORS}/{kind}")
}

pub(crate) fn put_authors(kind: Kind, key: &ObjectKey, authors: &Authors) -> Write {
    put(&kind_of_authors(kind), key.clone(), authors)
}

pub(crate) fn delete_authors(kind: Kind, key: &ObjectKey) -> Write {
    Write::Delete { kind: kind_of_authors(kind), key: key.clone() }
}

/// Everything that is stored of a rollout.
pub(crate) fn delete_rollout(entry: &RolloutEntry) -> Vec<Write> {
    let key = entry.key();
    let mut writes = vec![
        delete(Kind::Rollout, key),
        Write::Delete { kind: STATUS.to_owned(), key: key.clone() },
    ];
    writes.extend(entry.revisions.keys().map(|hash| delete_revision(key, hash)));
    writes.extend(entry.runs.keys().map(|run| delete_run(&entry.owner(), run)));
    writes
}

fn epoch_key() -> ObjectKey {
    ObjectKey::new("tidegate", "controller")
}
