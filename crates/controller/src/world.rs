use std::{collections::BTreeMap, net::SocketAddr, sync::Arc};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tidegate_analysis::{AnalysisTemplate, RunSpec, RunStatus};
use tidegate_rollout::{Report, RolloutResource, RolloutStatus, RunKind};
use tidegate_traffic::{Rule, Service};
use tidegate_units::{Generation, ObjectKey, Owner, RevisionHash, RunName, Timestamp, Weight};
use tidegate_workload::{ConfigMap, PodTemplate, Secret};

/// All that is declared and all that became of it. Cloned for each tick: what is large is shared.
#[derive(Clone, Default)]
pub(crate) struct World {
    pub(crate) rollouts: BTreeMap<ObjectKey, Arc<RolloutEntry>>,
    pub(crate) templates: BTreeMap<ObjectKey, Arc<Declared<AnalysisTemplate>>>,
    pub(crate) cluster_templates: BTreeMap<ObjectKey, Arc<Declared<AnalysisTemplate>>>,
    pub(crate) services: BTreeMap<ObjectKey, Arc<Declared<Service>>>,
    pub(crate) config_maps: BTreeMap<ObjectKey, Arc<Declared<ConfigMap>>>,
    pub(crate) secrets: BTreeMap<ObjectKey, Arc<Declared<Secret>>>,
    /// Where each port of a Service listens.
    pub(crate) addresses: BTreeMap<(ObjectKey, u16), SocketAddr>,
}

/// A resource as it was applied.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Declared<T> {
    pub(crate) value: T,
    pub(crate) manifest: Arc<Value>,
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
    pub(crate) runs: BTreeMap<RunName, Arc<Run>>,
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
    pub(crate) manifest: Value,
}

/// An analysis run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Run {
    pub(crate) kind: RunKind,
    pub(crate) created_at: Timestamp,
    pub(crate) spec: RunSpec,
    pub(crate) status: RunStatus,
    /// When it was last written down. Evidence that was not is gathered again from the router's
    /// counts, which only grow.
    #[serde(skip)]
    pub(crate) saved_at: Timestamp,
}

impl World {
    /// Everything that is planned.
    pub(crate) fn owners(&self) -> impl Iterator<Item = Owner> {
        self.rollouts.keys().map(Owner::rollout)
    }

    /// Whether it is there.
    pub(crate) fn has(&self, owner: &Owner) -> bool {
        owner.as_rollout().is_some_and(|key| self.rollouts.contains_key(&key))
    }

    /// Everything whose plan is due by now.
    pub(crate) fn due(&self, now: Timestamp) -> impl Iterator<Item = Owner> {
        let wakes = self.rollouts.values().map(|entry| (entry.owner(), entry.latest.wake_at));
        wakes.filter(move |(_, wake)| wake.is_some_and(|at| at <= now)).map(|(owner, _)| owner)
    }

    /// The next moment at which any plan is due.
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        self.rollouts.values().filter_map(|entry| entry.latest.wake_at).min()
    }

    /// Everything that has open runs.
    pub(crate) fn judging(&self) -> impl Iterator<Item = Owner> {
        self.rollouts.values().filter(|entry| entry.judging()).map(|entry| entry.owner())
    }

    /// What the next replicas of a revision of an owner run, with the labels and annotations of
    /// what the revision is to users now.
    pub(crate) fn template(
        &self,
        owner: &Owner,
        revision: &RevisionHash,
    ) -> Option<Arc<PodTemplate>> {
        let entry = self.rollouts.get(&owner.as_rollout()?)?;
        let template = &entry.revisions.get(revision)?.template;
        let meta = entry.declared.value.meta_in(template, entry.status.role_of(revision));
        if meta == template.meta {
            return Some(Arc::clone(template));
        }
        Some(Arc::new(PodTemplate { meta, ..PodTemplate::clone(template) }))
    }

    /// A run of an owner that is there to stay.
    pub(crate) fn run(&self, owner: &Owner, name: &RunName) -> Option<&Run> {
        let entry = self.rollouts.get(&owner.as_rollout()?)?;
        entry.runs.get(name).filter(|_| !entry.deleting).map(|run| &**run)
    }

    /// The newest moment that was written down.
    pub(crate) fn newest(&self) -> Timestamp {
        self.rollouts.values().map(|entry| entry.newest()).max().unwrap_or_default()
    }
}

impl Run {
    fn newest(&self) -> Option<Timestamp> {
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

    pub(crate) fn judging(&self) -> bool {
        self.runs.values().any(|run| !run.ended())
    }
}
