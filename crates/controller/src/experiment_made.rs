//! The experiments that steps of rollouts make.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde_json::json;
use tidegate_analysis::RunPhase;
use tidegate_experiment::{
    Analysis, ExperimentResource, ExperimentSpec, MadeBy, Template, TemplateResource,
};
use tidegate_ledger::Actor;
use tidegate_rollout::{
    ArgValue, ExperimentSeen, RevisionRole, StepExperiment, StepTemplate, TemplateOf, TemplateSeen,
    TemplateService,
};
use tidegate_traffic::Reach;
use tidegate_units::{ObjectKey, Owner, RevisionHash, Timestamp};
use tidegate_workload::PodTemplate;

use crate::{
    Kind, document,
    experiment_entry::ExperimentEntry,
    experiment_manifest::manifest,
    field_path::field,
    manifest_text::ManifestText,
    routes,
    sight::Sight,
    stage::Stage,
    world::{Declared, RolloutEntry, World},
};

/// The annotation that says where images are found.
const IMAGE_MAP: &str = "tidegate.dev/image-map";

/// The revisions that an experiment of a step is made of.
#[derive(Clone, Copy)]
pub(crate) struct Sides<'a> {
    pub(crate) canary: &'a RevisionHash,
    pub(crate) stable: &'a RevisionHash,
}

impl Sides<'_> {
    /// The revision that a template runs, and what it is to users.
    pub(crate) fn of(&self, template: &StepTemplate) -> (&RevisionHash, RevisionRole) {
        match template.of {
            TemplateOf::Stable => (self.stable, RevisionRole::Stable),
            TemplateOf::Canary => (self.canary, RevisionRole::Canary),
        }
    }
}

impl World {
    /// The experiments whose names begin like those that a rollout gives.
    fn experiments_near(&self, rollout: &ObjectKey) -> impl Iterator<Item = &Arc<ExperimentEntry>> {
        let prefix = format!("{}-", rollout.name);
        let beside = self.experiments.from(&rollout.sibling(&prefix));
        let near = move |key: &ObjectKey| {
            key.namespace == rollout.namespace && key.name.starts_with(&prefix)
        };
        beside.take_while(move |(key, _)| near(key)).map(|(_, entry)| entry)
    }

    /// The experiments that steps of a rollout made.
    pub(crate) fn experiments_of(
        &self,
        rollout: &ObjectKey,
    ) -> impl Iterator<Item = &Arc<ExperimentEntry>> {
        self.experiments_near(rollout).filter(|entry| is_made_by(entry, rollout))
    }

    /// What a rollout's planner is shown of its experiments, and the names that it cannot have.
    pub(crate) fn experiments_seen(
        &self,
        rollout: &RolloutEntry,
        sight: &Sight,
        now: Timestamp,
    ) -> (BTreeMap<String, ExperimentSeen>, BTreeSet<String>) {
        let (mut own, mut taken) = (BTreeMap::new(), BTreeSet::new());
        for entry in self.experiments_near(rollout.key()) {
            let name = entry.key().name.to_string();
            if is_made_by(entry, rollout.key()) && !entry.deleting {
                own.insert(name, self.experiment_seen(rollout, entry, sight, now));
            } else {
                taken.insert(name);
            }
        }
        (own, taken)
    }

    fn experiment_seen(
        &self,
        rollout: &RolloutEntry,
        entry: &ExperimentEntry,
        sight: &Sight,
        now: Timestamp,
    ) -> ExperimentSeen {
        let spec = &entry.declared.value.spec;
        let replicas = sight.for_experiment(entry, now).revisions;
        let templates = spec.templates.iter().map(|template| {
            let available = replicas.get(&template.revision).map_or(0, |seen| seen.available);
            let revision = template.revision.clone();
            let selected = self.selects_too(rollout, entry, template);
            (template.name.clone(), TemplateSeen { revision, available, selected })
        });
        ExperimentSeen {
            phase: entry.status.phase,
            message: entry.status.message.clone(),
            ending: spec.terminate || entry.status.phase.is_completed(),
            templates: templates.collect(),
        }
    }

    /// Whether a Service that stands for a whole rollout selects the replicas of a template too.
    fn selects_too(
        &self,
        rollout: &RolloutEntry,
        entry: &ExperimentEntry,
        template: &Template,
    ) -> bool {
        let Some(labels) = entry.labels(template) else { return false };
        let services = self.services.values().map(|one| &one.value);
        services
            .filter(|service| service.selects(entry.key(), labels))
            .any(|service| routes::reach(rollout, service) == Some(Reach::All))
    }

    /// Whose the revisions of a rollout's split are that are not its own.
    pub(crate) fn guests_of(&self, rollout: &RolloutEntry) -> BTreeMap<RevisionHash, Owner> {
        let split = rollout.latest.split.iter().map(|(revision, _)| revision);
        let others: BTreeSet<_> =
            split.filter(|revision| !rollout.revisions.contains_key(*revision)).collect();
        if others.is_empty() {
            return BTreeMap::new();
        }
        let guests = self.experiments_of(rollout.key()).flat_map(|entry| {
            let templates = entry.declared.value.spec.templates.iter();
            templates.map(|template| (template.revision.clone(), entry.owner()))
        });
        guests.filter(|(revision, _)| others.contains(revision)).collect()
    }
}

fn is_made_by(entry: &ExperimentEntry, rollout: &ObjectKey) -> bool {
    let made_by = entry.declared.value.made_by.as_ref();
    made_by.is_some_and(|made_by| *made_by.rollout == *rollout.name)
}

impl Stage {
    /// Makes the experiment of a step, unless one of that name is there.
    pub(crate) fn make_experiment(
        &mut self,
        rollout: &RolloutEntry,
        name: &str,
        what: &StepExperiment,
        sides: Sides<'_>,
    ) {
        let key = rollout.key().sibling(name);
        if self.world.experiments.contains_key(&key) {
            return;
        }
        let Some(value) = resource(rollout, &key, what, sides) else {
            tracing::error!(rollout = %rollout.key(), experiment = %key, "a revision of it is not known");
            return;
        };
        let manifest = manifest(rollout, &value, what, sides);
        let detail = json!({ "rollout": rollout.key(), "manifest": &manifest });
        let manifest = ManifestText::of(&manifest);
        let (created_at, changed_at) = (self.now(), self.now());
        let declared = Arc::new(Declared { value, manifest, created_at, changed_at });
        let entry = ExperimentEntry::new(declared, self.first_status());
        self.write(document::put_experiment(&entry));
        self.write(document::put_experiment_status(&entry));
        self.world.experiments.insert(key.clone(), Arc::new(entry));
        self.dirty.insert(Owner::experiment(&key));
        self.note(Actor::Controller, Kind::Experiment.as_str(), &key, "Created", detail);
    }

    /// Forgets the oldest ended experiments of a rollout, beyond as many as `spec.analysis` keeps of
    /// each outcome, and those of revisions that are forgotten: the same as Argo Rollouts.
    pub(crate) fn prune_experiments(&mut self, rollout: &RolloutEntry) {
        let kept = rollout.declared.value.run_history;
        let waited_for = rollout.status.experiment.as_ref().map(|known| &*known.name);
        let ended = self.world.experiments_of(rollout.key()).filter(|entry| {
            let over = entry.status.phase.is_completed() && !entry.deleting;
            over && waited_for != Some(&*entry.key().name)
        });
        let mut ended: Vec<_> = ended.collect();
        ended.sort_by_key(|entry| std::cmp::Reverse((entry.declared.created_at, entry.key())));
        let (mut good, mut bad) = (kept.successful, kept.unsuccessful);
        let surplus = ended.into_iter().filter(|entry| {
            let known = entry.declared.value.made_by.as_ref();
            let known = known.is_some_and(|it| rollout.revisions.contains_key(&it.revision));
            let success = entry.status.phase == RunPhase::Successful;
            let left = if success { &mut good } else { &mut bad };
            let stays = known && *left > 0;
            *left = left.saturating_sub(u32::from(known));
            !stays
        });
        let surplus: Vec<_> = surplus.map(|entry| entry.key().clone()).collect();
        for key in surplus {
            self.forget_experiment(&key, Actor::Controller);
        }
    }
}

fn resource(
    rollout: &RolloutEntry,
    key: &ObjectKey,
    what: &StepExperiment,
    sides: Sides<'_>,
) -> Option<ExperimentResource> {
    let declared = &rollout.declared.value;
    let mut templates = Vec::new();
    let mut pods = BTreeMap::new();
    for one in &what.templates {
        let (template, pod) = template(rollout, key, one, sides)?;
        pods.insert(template.name.clone(), pod);
        templates.push(template);
    }
    let mut labels = declared.labels.clone();
    labels.insert("rollouts-pod-template-hash".to_owned(), sides.canary.to_string());
    Some(ExperimentResource {
        key: key.clone(),
        spec: ExperimentSpec {
            name: key.name.to_string(),
            templates,
            duration: what.duration,
            progress_deadline: declared.spec.progress_deadline,
            terminate: false,
            analyses: analyses(rollout, what, sides),
            scale_down_delay: what.scale_down_delay,
        },
        templates: pods,
        labels,
        annotations: annotations(rollout, sides),
        made_by: Some(MadeBy {
            rollout: rollout.key().name.to_string(),
            revision: sides.canary.clone(),
        }),
    })
}

/// The number of the revision, as Argo Rollouts writes it, and where its images are found.
fn annotations(rollout: &RolloutEntry, sides: Sides<'_>) -> BTreeMap<String, String> {
    let number = rollout.status.revisions.get(sides.canary).map_or(0, |record| record.number);
    let revision = ("rollout.argoproj.io/revision".to_owned(), number.to_string());
    let images = rollout.declared.value.annotations.get(IMAGE_MAP);
    let images = images.map(|images| (IMAGE_MAP.to_owned(), images.clone()));
    [revision].into_iter().chain(images).collect()
}

fn template(
    rollout: &RolloutEntry,
    key: &ObjectKey,
    what: &StepTemplate,
    sides: Sides<'_>,
) -> Option<(Template, TemplateResource)> {
    let declared = &rollout.declared.value;
    let pod = pod(rollout, what, sides)?;
    let set_name = format!("{}-{}", key.name, what.name);
    let template = Template {
        name: what.name.clone(),
        revision: pod.revision_as(&set_name),
        replicas: what.replicas,
        min_ready: declared.spec.min_ready,
        service: match &what.service {
            TemplateService::None => None,
            TemplateService::Own => Some(set_name),
            TemplateService::Named(name) => Some(name.clone()),
        },
    };
    let given = Some(&what.selector).filter(|selector| !selector.is_empty());
    let mut selector = given.unwrap_or(&declared.selector).clone();
    selector.extend(what.meta.labels.clone());
    Some((template, TemplateResource { template: pod, selector }))
}

/// What the replicas of a template run: a revision, with the labels and annotations of what it is to
/// users and with those of the template.
fn pod(rollout: &RolloutEntry, template: &StepTemplate, sides: Sides<'_>) -> Option<PodTemplate> {
    let (revision, role) = sides.of(template);
    let pod = &rollout.revisions.get(revision)?.template;
    let mut meta = rollout.declared.value.meta_in(pod, role);
    meta.labels.extend(template.meta.labels.clone());
    meta.annotations.extend(template.meta.annotations.clone());
    Some(PodTemplate { meta, ..PodTemplate::clone(pod) })
}

/// The analyses, with the arguments that are about the rollout filled in. One that cannot be stays
/// as it is, so that its run says why.
fn analyses(rollout: &RolloutEntry, what: &StepExperiment, sides: Sides<'_>) -> Vec<Analysis> {
    let filled = |value: &ArgValue| match value {
        ArgValue::StableHash => ArgValue::Literal(sides.stable.to_string()),
        ArgValue::LatestHash => ArgValue::Literal(sides.canary.to_string()),
        ArgValue::Field(path) => field(rollout.key(), &rollout.declared.manifest.value(), path)
            .map_or_else(|_| value.clone(), ArgValue::Literal),
        ArgValue::Literal(_) | ArgValue::Secret { .. } => value.clone(),
    };
    let mut analyses = what.analyses.clone();
    for (_, value) in analyses.iter_mut().flat_map(|one| &mut one.analysis.args) {
        *value = filled(value);
    }
    analyses
}
