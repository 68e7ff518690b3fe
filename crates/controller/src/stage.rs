//! A change of the world that is being prepared: it becomes real when the store has taken it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde::Serialize;
use serde_json::{Value, json};
use tidegate_analysis::Ask;
use tidegate_ledger::{Actor, Draft, Subject};
use tidegate_planted::{Mistake, makes};
use tidegate_ports::{Batch, Write};
use tidegate_rollout::{Command, RolloutResource, RolloutStatus, apply_command};
use tidegate_units::{Generation, ObjectKey, Owner, Timestamp};
use tidegate_workload::Secret;

use crate::{
    Applied, Kind, Outcome, Refused, Resource,
    act::Scale,
    asking::Asker,
    document,
    index::Index,
    manifest_text::ManifestText,
    own_change::{may_apply, may_approve},
    settled::Settled,
    shared_map::SharedMap,
    world::{Declared, Latest, RevisionTemplate, RolloutEntry, World},
};

/// The world as it will be, what must be written for that, and what must be done after it.
pub(crate) struct Stage {
    pub(crate) world: World,
    pub(crate) batch: Batch,
    /// What is to be planned.
    pub(crate) dirty: BTreeSet<Owner>,
    /// What the plans ask for.
    pub(crate) scales: Vec<Scale>,
    /// What the runs ask of the network.
    pub(crate) asks: Vec<(Asker, Ask)>,
    /// Rollouts whose entry is ahead of what subscribers have seen.
    pub(crate) changed: bool,
    /// What follows from the world, as of the last [`Stage::follow`].
    pub(crate) index: Index,
    /// Rollouts that need no plan as long as they are as they were.
    pub(crate) settled: Settled,
    /// The evidence of so many more may be written down that decides nothing yet. After a start all of it is due.
    pub(crate) saves_left: usize,
    now: Timestamp,
}

/// Bounds the evidence in one transaction to about a megabyte. At five ticks a second it is six times what
/// comes to be due.
const SAVES_A_TICK: usize = 256;

impl Stage {
    pub(crate) fn new(world: World, index: Index, now: Timestamp) -> Self {
        Self {
            world,
            index,
            batch: Batch::default(),
            dirty: BTreeSet::new(),
            scales: Vec::new(),
            asks: Vec::new(),
            changed: false,
            settled: Settled::default(),
            saves_left: SAVES_A_TICK,
            now,
        }
    }

    /// Brings the index up to date. Rollouts before which the first Service came, or from which the
    /// last one went, are planned again.
    pub(crate) fn follow(&mut self) {
        let before = self.index.selection().before().clone();
        self.index.follow(&self.world);
        let differing = self.index.selection().before().since(&before);
        let turned = differing.iter().filter(|one| one.before.is_some() != one.after.is_some());
        self.dirty.extend(turned.map(|one| Owner::rollout(one.key)));
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.now
    }

    pub(crate) fn write(&mut self, write: Write) {
        self.batch.writes.push(write);
        self.changed = true;
    }

    pub(crate) fn note(
        &mut self,
        actor: Actor,
        kind: &str,
        key: &ObjectKey,
        what: &str,
        detail: Value,
    ) {
        self.batch.entries.push(Draft {
            at: self.now,
            actor,
            subject: Subject { kind: kind.to_owned(), key: key.clone() },
            what: what.to_owned(),
            detail,
        });
    }

    /// Makes a resource so.
    pub(crate) fn apply(
        &mut self,
        resource: Resource,
        manifest: Value,
        who: &Actor,
        intent: &str,
    ) -> Result<Applied, Refused> {
        let (kind, key) = (resource.kind(), resource.key().clone());
        let text = ManifestText::of(&manifest);
        let place = Place { kind, key: &key, manifest: &text, now: self.now };
        let outcome = match resource {
            Resource::Rollout(rollout) => self.apply_rollout(rollout, &manifest, text, who)?,
            Resource::Experiment(experiment) => self.apply_experiment(experiment, text)?,
            Resource::AnalysisRun(run) => self.apply_analysis_run(run, text)?,
            Resource::AnalysisTemplate(value) => {
                declare(&mut self.world.templates, value, &place, &mut self.batch)
            }
            Resource::ClusterAnalysisTemplate(value) => {
                declare(&mut self.world.cluster_templates, value, &place, &mut self.batch)
            }
            Resource::Deployment(value) => {
                declare(&mut self.world.deployments, value, &place, &mut self.batch)
            }
            Resource::Service(value) => {
                declare(&mut self.world.services, value, &place, &mut self.batch)
            }
            Resource::ConfigMap(value) => {
                declare(&mut self.world.config_maps, value, &place, &mut self.batch)
            }
            Resource::Secret(value) => {
                declare(&mut self.world.secrets, value, &place, &mut self.batch)
            }
        };
        if outcome != Outcome::Unchanged {
            self.changed = true;
            self.touch(kind, &key);
            self.note_author(kind, &key, who);
            let detail = json!({ "outcome": outcome, "manifest": redacted(kind, manifest) });
            self.note(who.clone(), kind.as_str(), &key, intent, detail);
        }
        Ok(Applied { kind, key, outcome })
    }

    fn apply_rollout(
        &mut self,
        rollout: RolloutResource,
        manifest: &Value,
        text: ManifestText,
        who: &Actor,
    ) -> Result<Outcome, Refused> {
        let key = rollout.key.clone();
        let known = self.world.rollouts.get(&key).cloned();
        if let Some(entry) = &known {
            if entry.deleting {
                return Err(Refused::Conflict {
                    reason: format!("Rollout {key} is being deleted"),
                    hint: Some("apply it again once its replicas are gone".to_owned()),
                });
            }
            if entry.declared.manifest == text && entry.declared.value == rollout {
                return Ok(Outcome::Unchanged);
            }
        }
        may_apply(&self.world, &self.index, &key, manifest, who)?;
        let outcome = if known.is_some() { Outcome::Configured } else { Outcome::Created };
        let hash = rollout.spec.revision.clone();
        let template = self.revision_template(&rollout, manifest, known.as_deref());
        let declared = Arc::new(Declared {
            created_at: known.as_ref().map_or(self.now, |entry| entry.declared.created_at),
            changed_at: self.now,
            manifest: text,
            value: rollout,
        });
        let mut entry = known.map_or_else(|| self.new_entry(&declared), |entry| (*entry).clone());
        entry.declared = declared;
        if let Some(template) = template {
            self.batch.writes.push(document::put_revision(&key, &hash, &template));
            entry.revisions.insert(hash, template);
        }
        self.batch.writes.push(document::put_rollout(&entry));
        self.world.rollouts.insert(key, Arc::new(entry));
        Ok(outcome)
    }

    /// What the wanted revision runs; none before the Deployment is there that says so. Its manifest
    /// is that of the Deployment, or, when that is gone, what it was.
    fn revision_template(
        &self,
        rollout: &RolloutResource,
        manifest: &Value,
        known: Option<&RolloutEntry>,
    ) -> Option<Arc<RevisionTemplate>> {
        if rollout.template.containers.is_empty() {
            return None;
        }
        let named = manifest.pointer("/spec/workloadRef/name").and_then(Value::as_str);
        let deployment =
            named.and_then(|name| self.world.deployments.get(&rollout.key.sibling(name)));
        let deployed = deployment.map(|deployment| deployment.manifest.value());
        let written = deployed.as_ref().unwrap_or(manifest).pointer("/spec/template");
        if written.is_none()
            && let Some(kept) = known.and_then(|it| it.revisions.get(&rollout.spec.revision))
        {
            return Some(Arc::clone(kept));
        }
        Some(Arc::new(RevisionTemplate {
            template: Arc::clone(&rollout.template),
            manifest: ManifestText::of(written.unwrap_or(&Value::Null)),
        }))
    }

    fn new_entry(&self, declared: &Arc<Declared<RolloutResource>>) -> RolloutEntry {
        let anew = makes(Mistake::CountsAnewAfterDelete);
        let begin = if anew { Generation::default() } else { self.first_generation() };
        RolloutEntry {
            declared: Arc::clone(declared),
            deleting: false,
            status: RolloutStatus { generation: begin, ..RolloutStatus::default() },
            revisions: BTreeMap::new(),
            runs: BTreeMap::new(),
            latest: Latest::default(),
        }
    }

    /// Where the generations of something new begin. Runtimes remember the last one of each revision,
    /// even of an owner of the same name that was deleted: they begin above all that are gone, and at
    /// the time, for owners that went before that was written down.
    pub(crate) fn first_generation(&self) -> Generation {
        let millis = u64::try_from(self.now.as_millis()).unwrap_or(0);
        Generation(millis).max(self.world.gone.next())
    }

    /// Remembers the last generation of what is gone.
    pub(crate) fn outlive(&mut self, generation: Generation) {
        if generation > self.world.gone {
            self.world.gone = generation;
            self.write(document::put_gone(generation));
        }
    }

    /// Takes a resource away; a rollout is only marked, and goes once its replicas are gone.
    pub(crate) fn delete(
        &mut self,
        kind: Kind,
        key: &ObjectKey,
        who: &Actor,
    ) -> Result<(), Refused> {
        let found = match kind {
            Kind::Rollout => return self.begin_delete(key, who),
            Kind::Experiment => return self.begin_experiment_delete(key, who),
            Kind::AnalysisRun => self.delete_analysis_run(key),
            Kind::AnalysisTemplate => self.world.templates.remove(key).is_some(),
            Kind::ClusterAnalysisTemplate => self.world.cluster_templates.remove(key).is_some(),
            Kind::Deployment => self.world.deployments.remove(key).is_some(),
            Kind::Service => self.world.services.remove(key).is_some(),
            Kind::ConfigMap => self.world.config_maps.remove(key).is_some(),
            Kind::Secret => self.world.secrets.remove(key).is_some(),
        };
        if !found {
            return Err(Refused::NotFound { kind, key: key.clone() });
        }
        if kind != Kind::AnalysisRun {
            self.write(document::delete(kind, key));
            self.touch(kind, key);
            self.forget_authors(kind, key);
        }
        self.note(who.clone(), kind.as_str(), key, "Deleted", json!({}));
        Ok(())
    }

    fn begin_delete(&mut self, key: &ObjectKey, who: &Actor) -> Result<(), Refused> {
        let kind = Kind::Rollout;
        let entry = self.world.rollouts.get_mut(key);
        let entry = entry.ok_or_else(|| Refused::NotFound { kind, key: key.clone() })?;
        if entry.deleting {
            return Ok(());
        }
        let entry = Arc::make_mut(entry);
        entry.deleting = true;
        entry.status.generation = entry.status.generation.next();
        entry.latest.split.clear();
        entry.latest.rules.clear();
        let writes = [document::put_rollout(entry), document::put_status(entry)];
        for write in writes {
            self.write(write);
        }
        self.dirty.insert(Owner::rollout(key));
        let made: Vec<_> = self.world.experiments_of(key).map(|made| made.key().clone()).collect();
        for made in made {
            self.forget_experiment(&made, who.clone());
        }
        self.note(who.clone(), kind.as_str(), key, "Deleted", json!({}));
        Ok(())
    }

    /// Does what a person asks of a rollout.
    pub(crate) fn command(
        &mut self,
        key: &ObjectKey,
        command: &Command,
        who: &Actor,
    ) -> Result<(), Refused> {
        let kind = Kind::Rollout;
        if matches!(command, Command::Promote | Command::PromoteFull | Command::Resume) {
            may_approve(&self.world, &self.index, key, who)?;
        }
        let entry = self.world.rollouts.get_mut(key).filter(|entry| !entry.deleting);
        let entry = entry.ok_or_else(|| Refused::NotFound { kind, key: key.clone() })?;
        let spec = &entry.declared.value.spec;
        let status = apply_command(spec, &entry.status, command, who.name(), self.now)
            .map_err(|refused| Refused::Conflict { reason: refused.reason, hint: refused.hint })?;
        let entry = Arc::make_mut(entry);
        entry.status = status;
        let write = document::put_status(entry);
        self.write(write);
        self.dirty.insert(Owner::rollout(key));
        let (what, detail) = tagged(command);
        self.note(who.clone(), kind.as_str(), key, &what, detail);
        Ok(())
    }
}

/// A variant's name and its fields, as serde writes an externally tagged enum.
pub(crate) fn tagged(variant: &impl Serialize) -> (String, Value) {
    match serde_json::to_value(variant) {
        Ok(Value::String(name)) => (name, json!({})),
        Ok(Value::Object(map)) => map.into_iter().next().unwrap_or_default(),
        _ => (String::new(), Value::Null),
    }
}

/// A manifest as it may be shown: without the values of a Secret.
pub(crate) fn redacted(kind: Kind, manifest: Value) -> Value {
    let mut shown = manifest;
    if kind == Kind::Secret && !makes(Mistake::ShowsSecrets) {
        for field in ["data", "stringData"] {
            if let Some(Value::Object(entries)) = shown.get_mut(field) {
                for value in entries.values_mut() {
                    *value = Value::String(Secret::HIDDEN.to_owned());
                }
            }
        }
        // kubectl keeps a whole copy of what was applied here.
        if let Some(Value::Object(annotations)) = shown.pointer_mut("/metadata/annotations") {
            annotations.remove("kubectl.kubernetes.io/last-applied-configuration");
        }
    }
    shown
}

/// Where and when something is declared, and by which manifest.
struct Place<'a> {
    kind: Kind,
    key: &'a ObjectKey,
    manifest: &'a ManifestText,
    now: Timestamp,
}

fn declare<T: Serialize + PartialEq>(
    map: &mut SharedMap<ObjectKey, Arc<Declared<T>>>,
    value: T,
    place: &Place<'_>,
    batch: &mut Batch,
) -> Outcome {
    let Place { kind, key, manifest, now } = *place;
    let known = map.get(key);
    if known.is_some_and(|known| known.manifest == *manifest && known.value == value) {
        return Outcome::Unchanged;
    }
    let outcome = if known.is_some() { Outcome::Configured } else { Outcome::Created };
    let created_at = known.map_or(now, |known| known.created_at);
    let declared =
        Arc::new(Declared { value, manifest: manifest.clone(), created_at, changed_at: now });
    batch.writes.push(document::put_declared(kind, key, &declared));
    map.insert(key.clone(), declared);
    outcome
}
