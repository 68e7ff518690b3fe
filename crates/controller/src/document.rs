//! The world as documents of the store, and back.

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use tidegate_experiment::{ExperimentResource, ExperimentStatus};
use tidegate_planted::{Mistake, makes};
use tidegate_ports::{StoredObject, Write};
use tidegate_rollout::{RolloutResource, RolloutStatus};
use tidegate_units::{Epoch, Generation, ObjectKey, Owner, OwnerKind, RevisionHash, RunName};

use crate::{
    Kind, Restoration,
    analysis_run::AnalysisRunEntry,
    experiment_entry::ExperimentEntry,
    world::{Declared, Latest, RevisionTemplate, RolloutEntry, Run, World},
};

const STATUS: &str = "RolloutStatus";
const REVISION: &str = "Revision";
const RUN: &str = "AnalysisRun";
const ADDRESS: &str = "ServiceAddress";
const EXPERIMENT_STATUS: &str = "ExperimentStatus";
const EXPERIMENT_RUN: &str = "ExperimentAnalysisRun";
/// What was declared; under the name of its kind are the runs of rollouts.
const DECLARED_RUN: &str = "DeclaredAnalysisRun";
const DECLARED_RUN_STATE: &str = "DeclaredAnalysisRunState";
const EPOCH: &str = "ControllerEpoch";

/// A stored document that cannot be read back.
#[derive(Debug, thiserror::Error)]
#[error("the stored {kind} {key} cannot be read: {problem}")]
pub struct DocumentError {
    kind: String,
    key: ObjectKey,
    problem: String,
}

#[derive(Serialize, Deserialize)]
struct ExperimentDocument {
    #[serde(flatten)]
    declared: Declared<ExperimentResource>,
    deleting: bool,
}

#[derive(Serialize, Deserialize)]
struct RolloutDocument {
    #[serde(flatten)]
    declared: Declared<RolloutResource>,
    deleting: bool,
}

fn put(kind: &str, key: ObjectKey, content: &impl Serialize) -> Write {
    // Only maps with keys that are no text and failing `Serialize` implementations can fail here;
    // the domain types have neither, which the round-trip test of each kind holds.
    let body = serde_json::to_value(content).unwrap_or(Value::Null);
    Write::Put(StoredObject { kind: kind.to_owned(), key, body })
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
    let document =
        RolloutDocument { declared: Declared::clone(&entry.declared), deleting: entry.deleting };
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
    let declared = Declared::clone(&entry.declared);
    let document = ExperimentDocument { declared, deleting: entry.deleting };
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

/// The world as it was stored.
pub(crate) fn restore(objects: Vec<StoredObject>) -> Result<World, DocumentError> {
    let mut world = World::default();
    let mut parts = Vec::new();
    for object in objects {
        match object.kind.as_str() {
            EPOCH | Restoration::KIND => {}
            STATUS | REVISION | RUN | ADDRESS | EXPERIMENT_STATUS | EXPERIMENT_RUN
            | DECLARED_RUN_STATE => parts.push(object),
            DECLARED_RUN => {
                let key = object.key.clone();
                let entry = AnalysisRunEntry::new(Arc::new(read(object)?));
                world.analysis_runs.insert(key, Arc::new(entry));
            }
            _ => restore_declared(&mut world, object)?,
        }
    }
    for part in parts {
        restore_part(&mut world, part)?;
    }
    Ok(world)
}

fn restore_declared(world: &mut World, object: StoredObject) -> Result<(), DocumentError> {
    let key = object.key.clone();
    match object.kind.parse::<Kind>() {
        Ok(Kind::Rollout) => {
            let document: RolloutDocument = read(object)?;
            let entry = RolloutEntry {
                declared: Arc::new(document.declared),
                deleting: document.deleting && !makes(Mistake::ForgetsDeletionAtStart),
                status: RolloutStatus::default(),
                revisions: BTreeMap::new(),
                runs: BTreeMap::new(),
                latest: Latest::default(),
            };
            world.rollouts.insert(key, Arc::new(entry));
        }
        Ok(Kind::Experiment) => {
            let document: ExperimentDocument = read(object)?;
            let status = ExperimentStatus::default();
            let mut entry = ExperimentEntry::new(Arc::new(document.declared), status);
            entry.deleting = document.deleting;
            world.experiments.insert(key, Arc::new(entry));
        }
        Ok(Kind::AnalysisRun) => return Err(broken(&object, &"it is stored under another name")),
        Ok(Kind::AnalysisTemplate) => {
            world.templates.insert(key, Arc::new(read(object)?));
        }
        Ok(Kind::ClusterAnalysisTemplate) => {
            world.cluster_templates.insert(key, Arc::new(read(object)?));
        }
        Ok(Kind::Deployment) => {
            world.deployments.insert(key, Arc::new(read(object)?));
        }
        Ok(Kind::Service) => {
            world.services.insert(key, Arc::new(read(object)?));
        }
        Ok(Kind::ConfigMap) => {
            world.config_maps.insert(key, Arc::new(read(object)?));
        }
        Ok(Kind::Secret) => {
            world.secrets.insert(key, Arc::new(read(object)?));
        }
        Err(problem) => return Err(broken(&object, &problem)),
    }
    Ok(())
}

/// What is read back: all of it, but for mistakes that are planted.
fn forgetful(mut status: RolloutStatus) -> RolloutStatus {
    if makes(Mistake::ForgetsAbortAtStart) {
        status.abort = None;
    }
    if makes(Mistake::ForgetsPauseAtStart) {
        status.pause = None;
    }
    if makes(Mistake::CountsAnewAtStart) {
        status.generation = Generation::default();
        status.route_generation = Generation::default();
    }
    status
}

fn restore_part(world: &mut World, object: StoredObject) -> Result<(), DocumentError> {
    let key = object.key.clone();
    if object.kind == STATUS {
        if let Some(entry) = world.rollouts.get_mut(&key) {
            Arc::make_mut(entry).status = forgetful(read(object)?);
        }
        return Ok(());
    }
    if object.kind == EXPERIMENT_STATUS {
        if let Some(entry) = world.experiments.get_mut(&key) {
            Arc::make_mut(entry).status = read(object)?;
        }
        return Ok(());
    }
    let Some((owner, part)) = key.name.split_once('/') else {
        return Err(broken(&object, &"its key names no part"));
    };
    let owner = key.sibling(owner);
    if object.kind == ADDRESS {
        let number = part.parse().map_err(|problem| broken(&object, &problem))?;
        world.addresses.insert((owner, number), read(object)?);
        return Ok(());
    }
    if object.kind == EXPERIMENT_RUN {
        if let Some(entry) = world.experiments.get_mut(&owner) {
            Arc::make_mut(entry).runs.insert(part.into(), Arc::new(read(object)?));
        }
        return Ok(());
    }
    if object.kind == DECLARED_RUN_STATE {
        if let Some(entry) = world.analysis_runs.get_mut(&owner) {
            Arc::make_mut(entry).runs.insert(part.into(), Arc::new(read(object)?));
        }
        return Ok(());
    }
    // A part whose rollout is gone was left by nothing that commits whole batches.
    if let Some(entry) = world.rollouts.get_mut(&owner) {
        let entry = Arc::make_mut(entry);
        if object.kind == REVISION {
            entry.revisions.insert(part.into(), Arc::new(read(object)?));
        } else {
            entry.runs.insert(part.into(), Arc::new(read(object)?));
        }
    }
    Ok(())
}

pub(crate) fn read<T: DeserializeOwned>(object: StoredObject) -> Result<T, DocumentError> {
    let StoredObject { kind, key, body } = object;
    serde_json::from_value(body).map_err(|problem| DocumentError {
        kind,
        key,
        problem: problem.to_string(),
    })
}

fn broken(object: &StoredObject, problem: &impl ToString) -> DocumentError {
    DocumentError {
        kind: object.kind.clone(),
        key: object.key.clone(),
        problem: problem.to_string(),
    }
}
