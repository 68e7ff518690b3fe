use std::{cmp::Ordering, collections::BTreeMap, net::SocketAddr, sync::Arc};

use serde::{Deserialize, Serialize};
use tidegate_analysis::{AnalysisTemplate, RunSpec, RunStatus};
use tidegate_resource::Deployment;
use tidegate_rollout::{Report, RolloutResource, RolloutStatus, RunKind};
use tidegate_traffic::{Rule, Service};
use tidegate_units::{
    Generation, ObjectKey, Owner, OwnerKind, RevisionHash, RunName, Timestamp, Weight,
};
use tidegate_workload::{ConfigMap, PodTemplate, Secret};

use crate::{
    Kind, analysis_run::AnalysisRunEntry, authors::AllAuthors, experiment_entry::ExperimentEntry,
    kept::KeptDocuments, manifest_text::ManifestText, runs::Runs, shared_map::SharedMap,
};

/// All that is declared and all that became of it. Copied for each tick: copies share what they have
/// alike.
#[derive(Clone, Default)]
pub(crate) struct World {
    pub(crate) rollouts: SharedMap<ObjectKey, Arc<RolloutEntry>>,
    pub(crate) experiments: SharedMap<ObjectKey, Arc<ExperimentEntry>>,
    pub(crate) analysis_runs: SharedMap<ObjectKey, Arc<AnalysisRunEntry>>,
    pub(crate) templates: SharedMap<ObjectKey, Arc<Declared<AnalysisTemplate>>>,
    pub(crate) cluster_templates: SharedMap<ObjectKey, Arc<Declared<AnalysisTemplate>>>,
    pub(crate) deployments: SharedMap<ObjectKey, Arc<Declared<Deployment>>>,
    pub(crate) services: SharedMap<ObjectKey, Arc<Declared<Service>>>,
    pub(crate) config_maps: SharedMap<ObjectKey, Arc<Declared<ConfigMap>>>,
    pub(crate) secrets: SharedMap<ObjectKey, Arc<Declared<Secret>>>,
    /// Who changed what a revision can be made of.
    pub(crate) authors: AllAuthors,
    /// Where each port of a Service listens.
    pub(crate) addresses: SharedMap<(ObjectKey, u16), SocketAddr>,
    /// What parts of the server keep, which nothing is planned from.
    pub(crate) kept: KeptDocuments,
    /// The highest generation of any rollout or experiment that is gone.
    pub(crate) gone: Generation,
}

/// A resource as it was applied.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Declared<T> {
    pub(crate) value: T,
    pub(crate) manifest: ManifestText,
    pub(crate) created_at: Timestamp,
    pub(crate) changed_at: Timestamp,
}

/// A rollout with all that belongs to it.
#[derive(Clone)]
pub(crate) struct RolloutEntry {
    pub(crate) declared: Arc<Declared<RolloutResource>>,
    pub(crate) deleting: bool,
    pub(crate) status: RolloutStatus,
    pub(crate) revisions: BTreeMap<RevisionHash, Arc<RevisionTemplate>>,
    pub(crate) runs: Runs,
    /// What follows from the last plan. Not stored: the first plan after a start makes it anew.
    pub(crate) latest: Latest,
}

/// What follows from the last plan.
#[derive(Clone, Default)]
pub(crate) struct Latest {
    pub(crate) report: Report,
    pub(crate) wake_at: Option<Timestamp>,
    pub(crate) split: Vec<(RevisionHash, Weight)>,
    /// What goes before that split.
    pub(crate) rules: Vec<Rule>,
    pub(crate) split_generation: Generation,
    /// Rules of safety that the last plan broke; it was not carried out.
    pub(crate) violations: Vec<String>,
}

/// What a revision runs, and how that was written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct RevisionTemplate {
    pub(crate) template: Arc<PodTemplate>,
    /// `spec.template` of the manifest, for undo.
    pub(crate) manifest: ManifestText,
}

/// An analysis run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Run {
    /// What it was started for, if it is a rollout's; none for an analysis of an experiment.
    pub(crate) kind: Option<RunKind>,
    pub(crate) created_at: Timestamp,
    /// Shared by all that the run has been.
    pub(crate) spec: Arc<RunSpec>,
    pub(crate) status: RunStatus,
    /// When it was last written down. Evidence that was not is gathered again from the router's
    /// counts, which only grow.
    #[serde(skip)]
    pub(crate) saved_at: Timestamp,
}

impl World {
    /// Everything that is planned.
    pub(crate) fn owners(&self) -> impl Iterator<Item = Owner> {
        let experiments = self.experiments.keys().map(Owner::experiment);
        let runs = self.analysis_runs.keys().map(Owner::analysis_run);
        self.rollouts.keys().map(Owner::rollout).chain(experiments).chain(runs)
    }

    /// The same, from an owner on: rollouts, then experiments, then runs.
    pub(crate) fn owners_from(&self, from: &Owner) -> impl Iterator<Item = Owner> {
        let start = |kind: OwnerKind| match from.kind.cmp(&kind) {
            Ordering::Less => Some(ObjectKey::new("", "")),
            Ordering::Equal => Some(from.key()),
            Ordering::Greater => None,
        };
        let rollouts = start(OwnerKind::Rollout).map(|key| self.rollouts.from(&key));
        let experiments = start(OwnerKind::Experiment).map(|key| self.experiments.from(&key));
        let runs = start(OwnerKind::AnalysisRun).map(|key| self.analysis_runs.from(&key));
        let rollouts = rollouts.into_iter().flatten().map(|(key, _)| Owner::rollout(key));
        let experiments = experiments.into_iter().flatten().map(|(key, _)| Owner::experiment(key));
        let runs = runs.into_iter().flatten().map(|(key, _)| Owner::analysis_run(key));
        rollouts.chain(experiments).chain(runs)
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.rollouts.len() + self.experiments.len() + self.analysis_runs.len()
    }

    /// Whether it is there.
    pub(crate) fn has(&self, owner: &Owner) -> bool {
        match owner.kind {
            OwnerKind::Rollout => self.rollouts.contains_key(&owner.key()),
            OwnerKind::Experiment => self.experiments.contains_key(&owner.key()),
            OwnerKind::AnalysisRun => self.analysis_runs.contains_key(&owner.key()),
        }
    }

    /// That of the last plan of a rollout or an experiment that is there.
    pub(crate) fn generation(&self, owner: &Owner) -> Option<Generation> {
        let key = owner.key();
        match owner.kind {
            OwnerKind::Rollout => self.rollouts.get(&key).map(|it| it.status.generation),
            OwnerKind::Experiment => self.experiments.get(&key).map(|it| it.status.generation),
            OwnerKind::AnalysisRun => None,
        }
    }

    /// What the next replicas of a revision of an owner run.
    pub(crate) fn template(
        &self,
        owner: &Owner,
        revision: &RevisionHash,
    ) -> Option<Arc<PodTemplate>> {
        let key = owner.key();
        match owner.kind {
            OwnerKind::Rollout => self.rollouts.get(&key)?.template(revision),
            OwnerKind::Experiment => self.experiments.get(&key)?.pods.get(revision).map(Arc::clone),
            OwnerKind::AnalysisRun => None,
        }
    }

    /// A run of an owner that is there to stay.
    pub(crate) fn run(&self, owner: &Owner, name: &RunName) -> Option<&Run> {
        let key = owner.key();
        let (runs, deleting) = match owner.kind {
            OwnerKind::Rollout => {
                let entry = self.rollouts.get(&key)?;
                (&entry.runs, entry.deleting)
            }
            OwnerKind::Experiment => {
                let entry = self.experiments.get(&key)?;
                (&entry.runs, entry.deleting)
            }
            OwnerKind::AnalysisRun => (&self.analysis_runs.get(&key)?.runs, false),
        };
        runs.get(name).filter(|_| !deleting).map(|run| &**run)
    }

    /// The `ConfigMap`s in the namespace of an owner, by name.
    pub(crate) fn config_maps_of(&self, owner: &Owner) -> Arc<BTreeMap<String, ConfigMap>> {
        Arc::new(beside(owner, &self.config_maps))
    }

    /// The Secrets in the namespace of an owner, by name.
    pub(crate) fn secrets_of(&self, owner: &Owner) -> Arc<BTreeMap<String, Secret>> {
        Arc::new(beside(owner, &self.secrets))
    }

    /// The newest moment that was written down.
    pub(crate) fn newest(&self) -> Timestamp {
        let rollouts = self.rollouts.values().map(|entry| entry.newest());
        let experiments = self.experiments.values().map(|entry| entry.newest());
        let runs = self.analysis_runs.values().map(|entry| entry.newest());
        rollouts.chain(experiments).chain(runs).max().unwrap_or_default()
    }
}

/// The kind of resource that an owner is.
pub(crate) const fn kind_of(owner: &Owner) -> Kind {
    match owner.kind {
        OwnerKind::Rollout => Kind::Rollout,
        OwnerKind::Experiment => Kind::Experiment,
        OwnerKind::AnalysisRun => Kind::AnalysisRun,
    }
}

fn beside<T: Clone>(
    owner: &Owner,
    all: &SharedMap<ObjectKey, Arc<Declared<T>>>,
) -> BTreeMap<String, T> {
    all.from(&owner.key().sibling(""))
        .take_while(|(key, _)| key.namespace == owner.namespace)
        .map(|(key, one)| (key.name.to_string(), one.value.clone()))
        .collect()
}

impl Run {
    /// How many measurements of jobs there have been.
    pub(crate) fn jobs_done(&self) -> u64 {
        let jobs = self.spec.metrics.iter().filter(|metric| metric.is_job());
        let views = jobs.filter_map(|metric| self.status.metrics.get(&metric.name));
        views.map(|view| u64::from(view.count) + u64::from(view.errors)).sum()
    }

    pub(crate) fn newest(&self) -> Option<Timestamp> {
        let measured = self.status.metrics.values().filter_map(|view| view.measurements.last());
        let measured = measured.map(|last| last.finished_at);
        measured.chain(self.status.completed_at).chain([self.created_at]).max()
    }

    pub(crate) fn ended(&self) -> bool {
        self.status.completed_at.is_some()
    }
}

impl RolloutEntry {
    pub(crate) fn key(&self) -> &ObjectKey {
        &self.declared.value.key
    }

    pub(crate) fn owner(&self) -> Owner {
        Owner::rollout(self.key())
    }

    /// What the next replicas of a revision run, with the labels and annotations of what the revision
    /// is to users now.
    fn template(&self, revision: &RevisionHash) -> Option<Arc<PodTemplate>> {
        let template = &self.revisions.get(revision)?.template;
        let meta = self.declared.value.meta_in(template, self.status.role_of(revision));
        if meta == template.meta {
            return Some(Arc::clone(template));
        }
        Some(Arc::new(PodTemplate { meta, ..PodTemplate::clone(template) }))
    }

    pub(crate) fn images(template: &PodTemplate) -> Vec<String> {
        template.containers.iter().map(|container| container.image.clone()).collect()
    }

    fn newest(&self) -> Timestamp {
        let status = &self.status;
        let conditions = status.conditions.iter().map(|one| one.since);
        let rest = [
            status.step_started,
            status.progressed_at,
            status.started_at,
            status.pause.as_ref().map(|pause| pause.started),
            status.abort.as_ref().map(|abort| abort.at),
            Some(self.declared.changed_at),
        ];
        let runs = self.runs.values().filter_map(|run| run.newest());
        conditions.chain(rest.into_iter().flatten()).chain(runs).max().unwrap_or_default()
    }
}
