//! The world from the documents of the store.

use std::{collections::BTreeMap, net::SocketAddr, num::NonZero, sync::Arc, thread};

use serde::{Deserialize, de::DeserializeOwned};
use tidegate_analysis::{AnalysisRunResource, AnalysisTemplate};
use tidegate_experiment::{ExperimentResource, ExperimentStatus};
use tidegate_planted::{Mistake, makes};
use tidegate_ports::StoredText;
use tidegate_resource::Deployment;
use tidegate_rollout::{RolloutResource, RolloutStatus};
use tidegate_traffic::Service;
use tidegate_units::{Generation, ObjectKey, Timestamp};
use tidegate_workload::{ConfigMap, Secret};

use crate::{
    KeptKind, Kind, Restoration,
    analysis_run::AnalysisRunEntry,
    authors::Authors,
    document::{
        ADDRESS, AUTHORS, DECLARED_RUN, DECLARED_RUN_STATE, EPOCH, EXPERIMENT_RUN,
        EXPERIMENT_STATUS, GONE, REVISION, RUN, STATUS,
    },
    experiment_entry::ExperimentEntry,
    manifest_text::ManifestText,
    world::{Declared, Latest, RevisionTemplate, RolloutEntry, Run, World},
};

/// So many documents are worth a thread: they are read in some milliseconds.
const WORTH_A_THREAD: usize = 512;

/// A stored document that cannot be read back.
#[derive(Debug, thiserror::Error)]
#[error("the stored {kind} {key} cannot be read: {problem}")]
pub struct DocumentError {
    kind: String,
    key: ObjectKey,
    problem: String,
}

/// What is declared and lasts until what it made is gone, as it is stored.
#[derive(Deserialize)]
struct Lasting<T> {
    value: T,
    manifest: ManifestText,
    created_at: Timestamp,
    changed_at: Timestamp,
    deleting: bool,
}

/// A document that was read.
enum Document {
    Rollout(Box<Lasting<RolloutResource>>),
    Status(Box<RolloutStatus>),
    Revision(RevisionTemplate),
    Run(Box<Run>),
    Experiment(Box<Lasting<ExperimentResource>>),
    ExperimentStatus(Box<ExperimentStatus>),
    ExperimentRun(Box<Run>),
    AnalysisRun(Box<Declared<AnalysisRunResource>>),
    AnalysisRunState(Box<Run>),
    AnalysisTemplate(Box<Declared<AnalysisTemplate>>),
    ClusterAnalysisTemplate(Box<Declared<AnalysisTemplate>>),
    Deployment(Box<Declared<Deployment>>),
    Service(Box<Declared<Service>>),
    ConfigMap(Box<Declared<ConfigMap>>),
    Secret(Box<Declared<Secret>>),
    Address(u16, SocketAddr),
    /// The last generation of what is gone.
    Gone(Generation),
    /// Who changed a resource of that kind.
    Authors(Kind, Box<Authors>),
    /// Of a part of the server, which alone reads it: its kind, its text.
    Kept(Arc<str>, Arc<str>),
    /// Nothing of the world.
    Mark,
}

/// The world as it was stored.
pub(crate) fn restore(texts: &[StoredText]) -> Result<World, DocumentError> {
    let mut world = World::default();
    let mut parts = Vec::new();
    for (text, document) in texts.iter().zip(read_all(texts)) {
        if let Some(part) = place(&mut world, &text.key, document?) {
            parts.push((&text.key, part));
        }
    }
    for (key, part) in parts {
        place_part(&mut world, key, part);
    }
    Ok(world)
}

/// Reads each, on all cores where there are many.
fn read_all(texts: &[StoredText]) -> Vec<Result<Document, DocumentError>> {
    if texts.len() <= WORTH_A_THREAD {
        return texts.iter().map(read).collect();
    }
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let share = texts.len().div_ceil(cores).max(WORTH_A_THREAD);
    thread::scope(|scope| {
        let mut shares = texts.chunks(share);
        let own = shares.next().unwrap_or_default();
        let others: Vec<_> = shares
            .map(|share| (share, scope.spawn(|| share.iter().map(read).collect::<Vec<_>>())))
            .collect();
        let mut all: Vec<_> = own.iter().map(read).collect();
        for (share, other) in others {
            // One that panicked is read again here, where the panic is that of whoever asked.
            all.extend(other.join().unwrap_or_else(|_| share.iter().map(read).collect()));
        }
        all
    })
}

fn read(text: &StoredText) -> Result<Document, DocumentError> {
    if let Some(kind) = text.kind.strip_prefix(KeptKind::PREFIX) {
        return Ok(Document::Kept(kind.into(), Arc::clone(&text.body)));
    }
    if let Some((AUTHORS, kind)) = text.kind.split_once('/') {
        let kind = kind.parse().map_err(|problem| broken(text, &problem))?;
        return Ok(Document::Authors(kind, content(text)?));
    }
    let of_another = matches!(
        text.kind.as_str(),
        REVISION | RUN | ADDRESS | EXPERIMENT_RUN | DECLARED_RUN_STATE
    );
    if of_another && part(&text.key).is_none() {
        return Err(broken(text, &"its key names no part"));
    }
    Ok(match text.kind.as_str() {
        EPOCH | Restoration::KIND => Document::Mark,
        GONE => Document::Gone(content(text)?),
        STATUS => Document::Status(content(text)?),
        REVISION => Document::Revision(content(text)?),
        RUN => Document::Run(content(text)?),
        ADDRESS => {
            let (_, number) = part(&text.key).unwrap_or_default();
            let number = number.parse().map_err(|problem| broken(text, &problem))?;
            Document::Address(number, content(text)?)
        }
        EXPERIMENT_STATUS => Document::ExperimentStatus(content(text)?),
        EXPERIMENT_RUN => Document::ExperimentRun(content(text)?),
        DECLARED_RUN => Document::AnalysisRun(content(text)?),
        DECLARED_RUN_STATE => Document::AnalysisRunState(content(text)?),
        _ => read_declared(text)?,
    })
}

fn read_declared(text: &StoredText) -> Result<Document, DocumentError> {
    Ok(match text.kind.parse::<Kind>().map_err(|problem| broken(text, &problem))? {
        Kind::Rollout => Document::Rollout(content(text)?),
        Kind::Experiment => Document::Experiment(content(text)?),
        Kind::AnalysisRun => return Err(broken(text, &"it is stored under another name")),
        Kind::AnalysisTemplate => Document::AnalysisTemplate(content(text)?),
        Kind::ClusterAnalysisTemplate => Document::ClusterAnalysisTemplate(content(text)?),
        Kind::Deployment => Document::Deployment(content(text)?),
        Kind::Service => Document::Service(content(text)?),
        Kind::ConfigMap => Document::ConfigMap(content(text)?),
        Kind::Secret => Document::Secret(content(text)?),
    })
}

/// Puts a document where it belongs; gives back what is a part of something else, which may not be
/// there yet.
fn place(world: &mut World, key: &ObjectKey, document: Document) -> Option<Document> {
    let key = key.clone();
    match document {
        Document::Mark => {}
        Document::Gone(generation) => world.gone = generation,
        Document::Kept(kind, body) => drop(world.kept.insert((kind, key), body)),
        Document::Authors(kind, one) => drop(world.authors.insert((kind, key), one.into())),
        Document::Rollout(document) => {
            let deleting = document.deleting && !makes(Mistake::ForgetsDeletionAtStart);
            let entry = RolloutEntry {
                declared: Arc::new(document.declared()),
                deleting,
                status: RolloutStatus::default(),
                revisions: BTreeMap::new(),
                runs: BTreeMap::new(),
                latest: Latest::default(),
            };
            world.rollouts.insert(key, Arc::new(entry));
        }
        Document::Experiment(document) => {
            let deleting = document.deleting;
            let declared = Arc::new(document.declared());
            let mut entry = ExperimentEntry::new(declared, ExperimentStatus::default());
            entry.deleting = deleting;
            world.experiments.insert(key, Arc::new(entry));
        }
        Document::AnalysisRun(declared) => {
            world.analysis_runs.insert(key, Arc::new(AnalysisRunEntry::new(declared.into())));
        }
        Document::AnalysisTemplate(one) => drop(world.templates.insert(key, one.into())),
        Document::ClusterAnalysisTemplate(one) => {
            world.cluster_templates.insert(key, one.into());
        }
        Document::Deployment(one) => drop(world.deployments.insert(key, one.into())),
        Document::Service(one) => drop(world.services.insert(key, one.into())),
        Document::ConfigMap(one) => drop(world.config_maps.insert(key, one.into())),
        Document::Secret(one) => drop(world.secrets.insert(key, one.into())),
        part => return Some(part),
    }
    None
}

impl<T> Lasting<T> {
    fn declared(self) -> Declared<T> {
        let Self { value, manifest, created_at, changed_at, .. } = self;
        Declared { value, manifest, created_at, changed_at }
    }
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

/// A part whose whole is gone was left by nothing that commits whole batches.
fn place_part(world: &mut World, key: &ObjectKey, document: Document) {
    let (owner, name) = part(key).unwrap_or_default();
    let owner = key.sibling(owner);
    match document {
        Document::Status(status) => {
            if let Some(entry) = world.rollouts.get_mut(key) {
                Arc::make_mut(entry).status = forgetful(*status);
            }
        }
        Document::ExperimentStatus(status) => {
            if let Some(entry) = world.experiments.get_mut(key) {
                Arc::make_mut(entry).status = *status;
            }
        }
        Document::Address(number, address) => {
            world.addresses.insert((owner, number), address);
        }
        Document::ExperimentRun(run) => {
            if let Some(entry) = world.experiments.get_mut(&owner) {
                Arc::make_mut(entry).runs.insert(name.into(), run.into());
            }
        }
        Document::AnalysisRunState(run) => {
            if let Some(entry) = world.analysis_runs.get_mut(&owner) {
                Arc::make_mut(entry).runs.insert(name.into(), run.into());
            }
        }
        Document::Revision(template) => {
            if let Some(entry) = world.rollouts.get_mut(&owner) {
                let own = &entry.declared.value.template;
                let template = if template.template == *own {
                    RevisionTemplate { template: Arc::clone(own), ..template }
                } else {
                    template
                };
                Arc::make_mut(entry).revisions.insert(name.into(), Arc::new(template));
            }
        }
        Document::Run(run) => {
            if let Some(entry) = world.rollouts.get_mut(&owner) {
                Arc::make_mut(entry).runs.insert(name.into(), run.into());
            }
        }
        _ => {}
    }
}

/// Whose part something is, and which.
fn part(key: &ObjectKey) -> Option<(&str, &str)> {
    key.name.split_once('/')
}

pub(crate) fn content<T: DeserializeOwned>(text: &StoredText) -> Result<T, DocumentError> {
    serde_json::from_str(&text.body).map_err(|problem| broken(text, &problem))
}

fn broken(text: &StoredText, problem: &impl ToString) -> DocumentError {
    DocumentError { kind: text.kind.clone(), key: text.key.clone(), problem: problem.to_string() }
}
